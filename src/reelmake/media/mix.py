"""Voices and music together, a second at a time: the music is ducked while somebody speaks.

Sound is an array of (channels, samples) at 48 kHz, float32, full scale 1. There is one channel while all of it is
voices, which are heard the same from both sides.
"""

from __future__ import annotations

import math
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.voice import FULL_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sound = NDArray[np.float32]


_STEREO_BYTES = 4  # of a sample of both sides
_FADE_SECONDS = 2.0
_HOP_SAMPLES = SAMPLE_RATE // 2000  # how often it is decided how far the music is ducked
_THRESHOLD = 0.0283  # what is louder than this (RMS) ducks ...
_RATIO = 10.0  # ... by nine tenths of the decibels that it is louder
_KNEE = math.log(2.83)  # around the threshold, where it begins slowly; in nepers
_ATTACK_SECONDS, _RELEASE_SECONDS = 0.002, 0.0875  # how fast the voice's loudness is followed up, and down


class Seconds(Protocol):
    """Sound in seconds, of which the last may be shorter."""

    def seconds(self) -> Iterator[Sound]:
        """Make each second, (channels, samples), one after the other; it may be done several times."""


@dataclass(frozen=True, slots=True)
class Music:
    """Music that goes round and round: a stereo WAV file of 16 bits, and how much louder it is to be."""

    tune: wave.Wave_read
    gain_db: float


@dataclass(frozen=True, slots=True)
class Mix:
    """The voices of a WAV file (mono, 16 bit), with music under them that fades out at the end.

    The sound of clips, a WAV file of the same length (stereo, 16 bit), is heard beside the voices, and ducks no music.
    """

    bed: wave.Wave_read
    music: Music | None
    clips: wave.Wave_read | None = None

    def seconds(self) -> Iterator[Sound]:
        """Make each second, (channels, samples), one after the other."""
        total, ducker = self.bed.getnframes(), _Ducker()
        for start in range(0, total, SAMPLE_RATE):
            self.bed.setpos(start)
            voices = np.frombuffer(self.bed.readframes(SAMPLE_RATE), "<i2").astype(np.float32)
            voices *= np.float32(1 / FULL_SCALE)
            heard = voices[None]
            if self.clips:
                self.clips.setpos(start)
                both = np.frombuffer(self.clips.readframes(SAMPLE_RATE), "<i2").reshape(-1, 2)
                heard = heard + both.T.astype(np.float32, order="C") * np.float32(1 / FULL_SCALE)
            if self.music:
                yield _played(self.music, start, total, ducker.follow(voices)) + heard
            else:
                yield heard


def _played(music: Music, start: int, total: int, ducked: Sound) -> Sound:
    """Return the music of some samples, turned down by a factor for each, as it fades out at the end of all of them."""
    played = np.frombuffer(_looped(music.tune, start, len(ducked)), "<i2").reshape(-1, 2)
    left = total - np.arange(start, start + len(ducked))
    fade = np.clip(left / min(_FADE_SECONDS * SAMPLE_RATE, total / 2), 0, 1).astype(np.float32)
    louder = np.float32(10 ** (music.gain_db / 20) / FULL_SCALE)
    heard: Sound = played.T.astype(np.float32, order="C") * (ducked * fade * louder)
    return heard


class _Ducker:
    """Follows how loud the voices are, one part of the sound after the other."""

    def __init__(self) -> None:
        self._power, self._gain = 0.0, np.float32(1)

    def follow(self, voices: Sound) -> Sound:
        """Return by which factor music is turned down at each sample of the next part: whole hops, but for the last."""
        gains = np.append(self._gain, self._gains(voices))
        self._gain = gains[-1]
        return ramps(gains[:-1], gains[1:], _HOP_SAMPLES)[: len(voices)]

    def _gains(self, voices: Sound) -> Sound:
        """Return how far music is turned down at the end of each hop."""
        hops = np.pad(voices, (0, -len(voices) % _HOP_SAMPLES)).reshape(-1, _HOP_SAMPLES)
        up, down = (
            -math.expm1(-_HOP_SAMPLES / SAMPLE_RATE / seconds) for seconds in (_ATTACK_SECONDS, _RELEASE_SECONDS)
        )
        powers, power = [], self._power
        for loud in np.square(hops, dtype=np.float64).mean(axis=1).tolist():
            power += (loud - power) * (up if loud > power else down)
            powers.append(power)
        self._power = power
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
