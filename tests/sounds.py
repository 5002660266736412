"""Sound that tests make."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reelmake.layout.timeline import SAMPLE_RATE


class Given:
    """Sound as it was given, (channels, samples), as that which is mixed and mastered."""

    def __init__(self, samples: NDArray[np.generic]) -> None:
        self._given = samples

    def seconds(self) -> Iterator[NDArray[np.float32]]:
        """Return each second in float32."""
        for start in range(0, self._given.shape[1], SAMPLE_RATE):
            yield self._given[:, start : start + SAMPLE_RATE].astype(np.float32)
