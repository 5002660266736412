"""Sound that tests make, and soundtracks as files that they can look into."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reelmake.core.keys import digest_of
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.pieces import Pieces
from reelmake.media.soundtrack import Score, soundtrack


class Given:
    """Sound as it was given, (channels, samples), as that which is mixed and mastered."""

    def __init__(self, samples: NDArray[np.generic]) -> None:
        self._given, self.samples = samples, samples.shape[1]

    @property
    def names(self) -> Sequence[str]:
        """Return the name of each second: its content."""
        return [digest_of(self._second(second).tobytes()) for second in range(-(-self.samples // SAMPLE_RATE))]

    def sound(self, second: int) -> NDArray[np.float32]:
        """Return a second of what was given in float32."""
        return self._second(second).astype(np.float32)

    def pcm(self, second: int) -> bytes:
        """Return a second of what was given in 16 bit."""
        return self._second(second).T.astype("<i2").tobytes()

    def _second(self, second: int) -> NDArray[np.generic]:
        return self._given[:, second * SAMPLE_RATE : (second + 1) * SAMPLE_RATE]


def write_soundtrack(score: Score, out: Path, pieces: str = "pieces") -> float:
    """Write an episode's sound as a WAV file, 48 kHz, stereo, 16 bit; return its loudness in LUFS.

    `pieces` is the file of those that were made before, in the same folder.
    """
    with (
        Pieces(out.with_name(pieces), "test") as kept,
        soundtrack(score, workdir=out.parent, pieces=kept) as heard,
        wave.open(str(out), "wb") as file,
    ):
        file.setparams((2, 2, SAMPLE_RATE, 0, "NONE", ""))
        for second in range(len(heard.names)):
            file.writeframes(heard.pcm(second))
        return heard.master.lufs
