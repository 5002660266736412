"""The sound of a vendor's answer: a WAV whose header may be wrong, raw samples, or what only ffmpeg reads."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media import voice
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.providers.speech import dsp
from reelmake.providers.speech.alignment import Heard

if TYPE_CHECKING:
    from numpy.typing import NDArray


LEAST_SECONDS: Final = 0.05
LEAST_DBFS: Final = -60.0  # of the loudest 10 ms: what is softer is silence
_PLAIN, _EXTENSIBLE, _BYTES_A_SAMPLE = 1, 0xFFFE, 2
_FORMAT_BYTES: Final = 16
_OTHER_CONTAINERS: Final = (b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2")


@dataclass(frozen=True, slots=True)
class VoiceSound:
    """A voice: mono, signed 16 bit samples as bytes, so many (`rate`) a second."""

    pcm: bytes
    rate: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / _BYTES_A_SAMPLE / self.rate

    def wav(self) -> bytes:
        """Return it as the content of a WAV file."""
        return voice.wav(self.pcm, self.rate)

    def samples(self, rate: int) -> NDArray[np.float64]:
        """Return its samples, from -1 to 1, at another rate."""
        samples = np.frombuffer(self.pcm, "<i2") / 32768
        return samples if rate == self.rate else dsp.resample(samples, round(len(samples) * rate / self.rate))

    def heard(self) -> Heard:
        """Return when a voice is heard; raises MediaError for silence."""
        if self.seconds < LEAST_SECONDS:
            raise MediaError("there is no sound in it")
        samples = self.samples(dsp.RATE)
        hops = samples[: len(samples) // dsp.LEVEL_HOP * dsp.LEVEL_HOP].reshape(-1, dsp.LEVEL_HOP)
        if np.mean(hops**2, axis=1).max() < 10 ** (LEAST_DBFS / 10):
            raise MediaError("there is nothing but silence in it")
        return Heard(self.seconds, tuple(dsp.heard(samples).tolist()))


def read_sound(audio: bytes, raw_rate: int) -> VoiceSound:
    """Read sound; what is in no container is samples, `raw_rate` a second. Raises MediaError."""
    if audio[:4] == b"RIFF" and audio[8:12] == b"WAVE":
        if plain := _read_wav(audio):
            return plain
    elif not audio.startswith(_OTHER_CONTAINERS):
        return VoiceSound(audio[: len(audio) // _BYTES_A_SAMPLE * _BYTES_A_SAMPLE], raw_rate)
    return VoiceSound(voice.decode(audio, Ffmpeg()), SAMPLE_RATE)


def _read_wav(audio: bytes) -> VoiceSound | None:
    """Read a WAV of 16 bit samples, or return None for another one.

    A vendor that begins to send before it knows the length writes zero or the largest number for it: the samples end
    where the file does.
    """
    chunks = dict(_chunks(audio))
    form, data = chunks.get(b"fmt ", b""), chunks.get(b"data", b"")
    if len(form) < _FORMAT_BYTES:
        return None
    tag, channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", form[:_FORMAT_BYTES])
    if tag not in (_PLAIN, _EXTENSIBLE) or bits != 8 * _BYTES_A_SAMPLE or not channels or not rate:
        return None
    pcm = data[: len(data) // frame_bytes * frame_bytes]
    if channels > 1:
        frames = np.frombuffer(pcm, "<i2").reshape(-1, channels)
        pcm = np.rint(frames.mean(axis=1)).astype("<i2").tobytes()
    return VoiceSound(pcm, rate)


def _chunks(audio: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(audio):
        name, size = audio[at : at + 4], int.from_bytes(audio[at + 4 : at + 8], "little")
        if name == b"data" and size == 0:
            size = len(audio)
        yield name, audio[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
