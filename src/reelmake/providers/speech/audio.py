"""The sound of a vendor's answer: a WAV whose header may be wrong, or what only ffmpeg reads."""

from __future__ import annotations

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
_BYTES_A_SAMPLE: Final = 2


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
        if np.mean(hops**2, axis=1).max() < 10 ** (voice.SILENT_DBFS / 10):
            raise MediaError("there is nothing but silence in it")
        return Heard(self.seconds, tuple(dsp.heard(samples).tolist()))


def read_sound(audio: bytes) -> VoiceSound:
    """Read sound in any container that vendors use; raises MediaError."""
    found = voice.read_wav(audio) if voice.is_wav(audio) else None
    if found is None or not found.is_plain:
        return VoiceSound(voice.decode(audio, Ffmpeg()), SAMPLE_RATE)
    pcm = found.data
    if found.channels > 1:
        frames = np.frombuffer(pcm, "<i2").reshape(-1, found.channels)
        pcm = np.rint(frames.mean(axis=1)).astype("<i2").tobytes()
    return VoiceSound(pcm, found.rate)
