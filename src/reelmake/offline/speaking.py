"""From a text to one sound with the time of each word: sentence by sentence, then joined and leveled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import default_rng

from reelmake.core.errors import ProviderError
from reelmake.offline.engines import Engine, engine
from reelmake.providers.base import SpokenWord
from reelmake.providers.english.spoken import Said, say
from reelmake.providers.speech.dsp import LEVEL_HOP, RATE, faded, heard, leveled, resample, shift_formants, wav
from reelmake.providers.speech.phonemes import Sound, sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reelmake.providers.speech.dsp import Samples


PAUSE_SECONDS, BREATH_SECONDS = 0.28, 0.1  # after a sentence; where one was too long to be said at once
BEFORE_SECONDS, AFTER_SECONDS = 0.02, 0.06  # kept around what is heard: soft starts and dying ends
PACE_VARIATION = 0.03


@dataclass(frozen=True, slots=True)
class Manner:
    """How a voice speaks: factors on its own pitch, formants (the size of the speaker) and speed."""

    voice: str
    pitch: float
    formant: float
    speed: float


@dataclass(frozen=True, slots=True)
class _Part:
    samples: Samples
    words: Sequence[tuple[int, int, int]]  # word, first and last sample
    pause_seconds: float


def speak(text: str, manner: Manner, take: int) -> tuple[bytes, tuple[SpokenWord, ...]]:
    """Return a WAV and its words; raises ProviderError when the text has none."""
    said = say(text)
    voice = engine(manner.voice)
    parts = [_part(voice, sounds, manner, take) for sounds in sentences(said)]
    if not parts:
        raise ProviderError(f"the voice found no word in {text!r}", "change the text")
    pieces: list[Samples] = []
    times: dict[int, tuple[int, int]] = {}
    at = 0
    for index, part in enumerate(parts):
        times |= {word: (at + start, at + end) for word, start, end in part.words}
        pause = round(part.pause_seconds * RATE) if index + 1 < len(parts) else 0
        pieces += [part.samples, np.zeros(pause)]
        at += len(part.samples) + pause
    return wav(leveled(np.concatenate(pieces))), _words(said, times)


def _part(voice: Engine, sounds: Sequence[Sound], manner: Manner, take: int) -> _Part:
    """Say one sentence, without the silence around it."""
    spelled = "".join(symbol for symbol, _ in sounds)
    seed = hashlib.sha256(f"{take}:{spelled}".encode()).digest()
    random = default_rng(int.from_bytes(seed[:8]))
    pace = manner.speed * random.uniform(1 - PACE_VARIATION, 1 + PACE_VARIATION)
    # Played faster by `pitch`, so it is said slower by as much; that moves the formants too, which are then put right.
    spoken = voice.speak(sounds, pace / manner.pitch, random)
    length = round(len(spoken.samples) * RATE / spoken.rate / manner.pitch)
    samples = resample(spoken.samples, length)
    if manner.formant != manner.pitch:
        samples = shift_formants(samples, manner.formant / manner.pitch)
    scale = length / len(spoken.samples) * spoken.rate
    mask = heard(samples)
    words = [(word, *_heard(mask, round(start * scale), round(end * scale))) for word, start, end in spoken.spans]
    return _trimmed(samples, words, ends=any(symbol in ".!?…" for symbol in spelled.rstrip(' ”")')[-1:]))


def _heard(mask: NDArray[np.bool_], start: int, end: int) -> tuple[int, int]:
    """Return a word's first and last sample without the silence that its model gave to its last phoneme."""
    first, last = max(0, start) // LEVEL_HOP, -(-end // LEVEL_HOP)
    loud = np.flatnonzero(mask[first:last])
    return (start, min(end, (first + int(loud[-1]) + 1) * LEVEL_HOP)) if len(loud) else (start, end)


def _trimmed(samples: Samples, words: Sequence[tuple[int, int, int]], *, ends: bool) -> _Part:
    """Cut the silence around a sentence, but none of its words."""
    loud = np.flatnonzero(heard(samples)) * LEVEL_HOP
    begin = max(0, min(int(loud[0]) - round(BEFORE_SECONDS * RATE), words[0][1]))
    after = round(AFTER_SECONDS * RATE) + LEVEL_HOP
    stop = min(len(samples), max(int(loud[-1]) + after, words[-1][2]))
    inside = [(word, max(start, begin) - begin, min(end, stop) - begin) for word, start, end in words]
    return _Part(faded(samples[begin:stop]), inside, PAUSE_SECONDS if ends else BREATH_SECONDS)


def _words(said: Sequence[Said], times: dict[int, tuple[int, int]]) -> tuple[SpokenWord, ...]:
    """Give each shown word its time; one that the voice had no sound for is shown with the word before it."""
    words: list[SpokenWord] = []
    waiting: list[str] = []
    for index, word in enumerate(said):
        if index in times:
            start, end = times[index]
            shown = " ".join([*waiting, word.shown])
            waiting = []
            words.append(SpokenWord(shown, round(start / RATE, 6), round(end / RATE, 6)))
        elif words:
            last = words[-1]
            words[-1] = SpokenWord(f"{last.text} {word.shown}", last.start_seconds, last.end_seconds)
        else:
            waiting.append(word.shown)
    return tuple(words)
