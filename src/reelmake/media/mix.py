"""Voices and music together, a second at a time: the music is ducked while somebody speaks.

A second has a name before it is made, by all that it depends on: what was made of it before is found by that.

Sound is an array of (channels, samples) at 48 kHz, float32, full scale 1. There is one channel while all of it is
voices, which are heard the same from both sides.
"""

from __future__ import annotations

import hashlib
import math
import wave
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.voice import FULL_SCALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Sound = NDArray[np.float32]


_STEREO_BYTES = 4  # of a sample of both sides
_FADE_SECONDS = 2.0
_HOP_SAMPLES = SAMPLE_RATE // 2000  # how often it is decided how far the music is ducked
_THRESHOLD = 0.0283  # what is louder than this (RMS) ducks ...
_RATIO = 10.0  # ... by nine tenths of the decibels that it is louder
_KNEE = math.log(2.83)  # around the threshold, where it begins slowly; in nepers
_ATTACK_SECONDS, _RELEASE_SECONDS = 0.002, 0.0875  # how fast the voice's loudness is followed up, and down
_REMEMBERED_SAMPLES = SAMPLE_RATE // 2  # after which what was said does not matter any more


class Seconds(Protocol):
    """Sound in seconds, of which the last may be shorter; `names` are theirs, and what has one name is the same."""

    samples: int

    @property
    def names(self) -> Sequence[str]:
        """Return the name of each second."""

    def sound(self, second: int) -> Sound:
        """Make a second, (channels, samples)."""


@dataclass(frozen=True, slots=True)
class Music:
    """Music that goes round and round: a stereo WAV file of 16 bits, and how much louder it is to be."""

    tune: wave.Wave_read
    gain_db: float


class Mix:
    """The voices of a WAV file (mono, 16 bit), with music under them that fades out at the end."""

    def __init__(self, bed: wave.Wave_read, music: Music | None) -> None:
        self._bed, self._music = bed, music
        self.samples = bed.getnframes()
        self._fading = min(_FADE_SECONDS * SAMPLE_RATE, self.samples / 2)
        self._ducked: dict[int, Sound] = {}

    @cached_property
    def names(self) -> Sequence[str]:
        """Return the name of each second."""
        return [self._name(start) for start in range(0, self.samples, SAMPLE_RATE)]

    def _name(self, start: int) -> str:
        if not self._music:
            return hashlib.sha256(b"voices\0" + self._voices(start)).hexdigest()
        fade = f"{self.samples - start} {self._fading}" if self._fades(start) else ""
        digest = hashlib.sha256(f"mix {self._music.gain_db} {fade}\0".encode())
        digest.update(self._voices(start, _REMEMBERED_SAMPLES))
        digest.update(_looped(self._music.tune, start, self._count(start)))
        return digest.hexdigest()

    def sound(self, second: int) -> Sound:
        """Make a second, (channels, samples)."""
        start = second * SAMPLE_RATE
        voices = np.frombuffer(self._voices(start), "<i2").astype(np.float32)
        voices *= np.float32(1 / FULL_SCALE)
        if not self._music:
            return voices[None]
        played = np.frombuffer(_looped(self._music.tune, start, len(voices)), "<i2").reshape(-1, 2)
        music = played.T.astype(np.float32, order="C")
        louder = np.float32(10 ** (self._music.gain_db / 20) / FULL_SCALE)
        music *= ramps(*self._duck(start), _HOP_SAMPLES)[: len(voices)] * louder
        if self._fades(start):
            left = self.samples - np.arange(start, start + len(voices))
            music *= np.clip(left / self._fading, 0, 1).astype(np.float32)
        return music + voices

    def _count(self, start: int) -> int:
        return min(SAMPLE_RATE, self.samples - start)

    def _fades(self, start: int) -> bool:
        return start + self._count(start) > self.samples - self._fading

    def _voices(self, start: int, before: int = 0) -> bytes:
        """Return the voices of a second, and so many samples in front of it, if there are any."""
        first = max(0, start - before)
        self._bed.setpos(first)
        return self._bed.readframes(start + self._count(start) - first)

    def _duck(self, start: int) -> tuple[Sound, Sound]:
        """Return how far the music is turned down at the beginning of each hop, and at its end."""
        if start not in self._ducked:  # a second is heard, and then mastered
            voices = np.frombuffer(self._voices(start, _REMEMBERED_SAMPLES), "<i2").astype(np.float32)
            gains = _gains(voices * np.float32(1 / FULL_SCALE))
            hops = -(-self._count(start) // _HOP_SAMPLES)
            self._ducked[start] = np.concatenate([np.ones(1, np.float32), gains])[-hops - 1 :]
        gains = self._ducked[start]
        return gains[:-1], gains[1:]


def _gains(voice: Sound) -> Sound:
    """Return how far music is turned down under a voice that begins after silence: a factor at the end of each hop."""
    hops = np.pad(voice, (0, -len(voice) % _HOP_SAMPLES)).reshape(-1, _HOP_SAMPLES)
    up, down = (-math.expm1(-_HOP_SAMPLES / SAMPLE_RATE / seconds) for seconds in (_ATTACK_SECONDS, _RELEASE_SECONDS))
    power = 0.0
    heard = np.square(hops, dtype=np.float64).mean(axis=1).tolist()
    powers = [power := power + (loud - power) * (up if loud > power else down) for loud in heard]
    over = np.log(np.maximum(powers, 1e-12)) / 2 - math.log(_THRESHOLD)
    knee = np.square(np.clip(over + _KNEE / 2, 0, _KNEE)) / (2 * _KNEE)
    gains: Sound = np.exp((1 / _RATIO - 1) * (knee + np.maximum(over - _KNEE / 2, 0))).astype(np.float32)
    return gains


def _looped(tune: wave.Wave_read, start: int, count: int) -> bytes:
    """Return so many samples of music that goes round and round; raises MediaError if it was cut off."""
    length, parts = tune.getnframes(), []
    while count:
        tune.setpos(start % length)
        samples = min(count, length - start % length)
        part = tune.readframes(samples)
        if len(part) < samples * _STEREO_BYTES:
            raise MediaError("the music that was prepared is cut off", "nothing is wrong: run doit again")
        parts.append(part)
        start, count = start + samples, count - samples
    return b"".join(parts)


def ramps(start: Sound, end: Sound, samples: int) -> Sound:
    """Return straight lines from each start to its end, one after the other, each of so many samples."""
    rise = np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples)
    return (start[:, None] + (end - start)[:, None] * rise).reshape(-1)
