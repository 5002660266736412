"""Voices and music together, a second at a time: the music is ducked while somebody speaks.

Sound is an array of (channels, samples) at 48 kHz, float32, full scale 1. There is one channel while all of it is
voices, which are heard the same from both sides.
"""

from __future__ import annotations

import math
import wave
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from reelmake.errors import MediaError
from reelmake.media.sound import FULL_SCALE
from reelmake.timeline import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sound = NDArray[np.float32]

CHUNK_SAMPLES = SAMPLE_RATE  # whole numbers of all the shorter pieces
_FADE_SECONDS = 2.0
_HOP_SAMPLES = SAMPLE_RATE // 2000  # how often it is decided how far the music is ducked
_THRESHOLD = 0.0283  # what is louder than this (RMS) ducks ...
_RATIO = 10.0  # ... by nine tenths of the decibels that it is louder
_KNEE = math.log(2.83)  # around the threshold, where it begins slowly; in nepers
_ATTACK_SECONDS, _RELEASE_SECONDS = 0.002, 0.0875  # how fast the voice's loudness is followed up, and down


@dataclass(frozen=True, slots=True)
class Music:
    """Music that goes round and round: a stereo WAV file of 16 bits, and how much louder it is to be."""

    tune: Path
    gain_db: float


def mixed(bed: Path, music: Music | None) -> Iterator[Sound]:
    """Yield the voices of a WAV file (mono, 16 bit) with music under them, which fades out at the end."""
    with wave.open(str(bed), "rb") as file, wave.open(str(music.tune), "rb") if music else nullcontext() as tune:
        total = file.getnframes()
        louder = np.float32(10 ** (music.gain_db / 20) / FULL_SCALE) if music else np.float32(0)
        ducker = _Ducker()
        fading = min(_FADE_SECONDS * SAMPLE_RATE, total / 2)
        for start in range(0, total, CHUNK_SAMPLES):
            voices = np.frombuffer(file.readframes(CHUNK_SAMPLES), "<i2").astype(np.float32)
            voices *= np.float32(1 / FULL_SCALE)
            if tune is None:
                yield voices[None]
                continue
            played = _looped(tune, start, len(voices)).T.astype(np.float32, order="C")
            played *= ducker.gains(voices) * louder
            if start + len(voices) > total - fading:
                left = total - np.arange(start, start + len(voices))
                played *= np.clip(left / fading, 0, 1).astype(np.float32)
            yield played + voices


def _looped(tune: wave.Wave_read, start: int, count: int) -> NDArray[np.int16]:
    """Return so many samples, (count, 2), of music that goes round and round; raises MediaError if it was cut off."""
    length, parts = tune.getnframes(), []
    while count:
        tune.setpos(start % length)
        part = np.frombuffer(tune.readframes(min(count, length - start % length)), "<i2").reshape(-1, 2)
        if not len(part):
            raise MediaError("the music that was prepared is cut off", "nothing is wrong: run doit again")
        parts.append(part)
        start, count = start + len(part), count - len(part)
    return np.concatenate(parts)


def written(chunks: Iterable[Sound], file: BinaryIO) -> Iterator[Sound]:
    """Pass chunks on, and write them into a file, from which `read_chunks` reads them again."""
    for chunk in chunks:
        file.write(chunk.tobytes())
        yield chunk


def read_chunks(file: BinaryIO, channels: int) -> Iterator[Sound]:
    """Yield the chunks that `written` wrote."""
    while content := file.read(4 * channels * CHUNK_SAMPLES):
        yield np.frombuffer(content, np.float32).reshape(channels, -1)


class _Ducker:
    """Says how far music is turned down under a voice, and remembers from chunk to chunk how loud the voice was."""

    def __init__(self) -> None:
        self._power = 0.0
        self._gain = np.float32(1)

    def gains(self, voice: Sound) -> Sound:
        """Return a factor for each sample of a voice."""
        hops = np.pad(voice, (0, -len(voice) % _HOP_SAMPLES)).reshape(-1, _HOP_SAMPLES)
        up, down = (
            -math.expm1(-_HOP_SAMPLES / SAMPLE_RATE / seconds) for seconds in (_ATTACK_SECONDS, _RELEASE_SECONDS)
        )
        power = self._power
        heard = np.square(hops, dtype=np.float64).mean(axis=1).tolist()
        powers = [power := power + (loud - power) * (up if loud > power else down) for loud in heard]
        self._power = power
        over = np.log(np.maximum(powers, 1e-12)) / 2 - math.log(_THRESHOLD)
        knee = np.square(np.clip(over + _KNEE / 2, 0, _KNEE)) / (2 * _KNEE)
        reached = np.exp((1 / _RATIO - 1) * (knee + np.maximum(over - _KNEE / 2, 0))).astype(np.float32)
        before = np.concatenate([[self._gain], reached[:-1]])
        self._gain = reached[-1]
        return ramps(before, reached, _HOP_SAMPLES)[: len(voice)]


def ramps(start: Sound, end: Sound, samples: int) -> Sound:
    """Return straight lines from each start to its end, one after the other, each of so many samples."""
    rise = np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples)
    return (start[:, None] + (end - start)[:, None] * rise).reshape(-1)
