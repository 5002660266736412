"""Small backgrounds and music, for projects that need some."""

from __future__ import annotations

import functools
import subprocess
import tempfile
import wave
from pathlib import Path

import imageio_ffmpeg
import numpy as np

RATE = 48_000


def small_video(path: Path, seconds: float = 3, size: str = "128x128") -> Path:
    """Make a background that moves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_moving(seconds, size))
    return path


@functools.cache
def _moving(seconds: float, size: str) -> bytes:
    source = f"testsrc2=size={size}:rate=30:duration={seconds}"
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "moving.mp4")
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, str(path)]
        subprocess.run(command, check=True)
        return path.read_bytes()


def hum(path: Path, seconds: float = 2) -> Path:
    """Make music: a low tone."""
    times = np.arange(round(RATE * seconds)) / RATE
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes((0.2 * np.sin(2 * np.pi * 110 * times) * 32767).astype("<i2").tobytes())
    return path
