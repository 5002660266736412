"""The sample background: soft lights that drift over a deep blue and come back to where they were."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

FRAMES, FPS = 240, 30
WIDTH, HEIGHT = 1080, 1920
SHRINK = 5  # the lights are soft: a fifth of the size holds all there is to see
TAU = 2 * np.pi

Plane = NDArray[np.float64]


def main(path: Path) -> None:
    """Render and encode the loop."""
    wide, high = WIDTH // SHRINK, HEIGHT // SHRINK
    colour = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"]
    scale = f"scale={WIDTH}:{HEIGHT}:flags=bicubic:out_color_matrix=bt709:out_range=tv,format=yuv420p"
    tags = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb48le",
        "-s", f"{wide}x{high}", "-r", str(FPS), "-i", "-", "-vf", f"{scale},{tags}",
        "-c:v", "libx264", "-preset", "slow", "-crf", "19.5", "-profile:v", "high",
        "-x264-params", "aq-mode=3:chroma-qp-offset=-4:keyint=240:threads=2",
        *colour, "-an", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", str(path),
    ]  # fmt: skip
    scene = Lights(wide, high)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin
        for frame in range(FRAMES):
            encoder.stdin.write((scene.at(frame / FRAMES) * 65535 + 0.5).astype("<u2").tobytes())
        encoder.stdin.close()
        if encoder.wait():
            raise SystemExit("ffmpeg failed")


class Lights:
    """All lights of the loop. Everything moves on closed curves, a whole number of times per loop."""

    # Colour (linear light), place and reach in parts of the picture's width, how far it wanders, turns per loop.
    GLOWS = (
        ((0.020, 0.060, 0.190), 0.15, 0.30, 0.62, 0.16, 1),
        ((0.050, 0.030, 0.170), 0.85, 0.55, 0.58, 0.18, -1),
        ((0.005, 0.075, 0.110), 0.30, 1.05, 0.60, 0.20, -1),
        ((0.150, 0.050, 0.030), 0.95, 1.50, 0.46, 0.14, 1),
        ((0.110, 0.045, 0.018), 0.05, 1.62, 0.40, 0.12, -1),
        ((0.030, 0.020, 0.130), 0.60, 0.10, 0.55, 0.15, 1),
        ((0.090, 0.018, 0.055), 0.70, 1.05, 0.34, 0.16, 1),
    )

    def __init__(self, wide: int, high: int) -> None:
        dice = np.random.default_rng(8)
        self.down, self.across = np.mgrid[0:high, 0:wide] / wide
        self.base = np.array([0.0045, 0.007, 0.022]) * (1.25 - 0.5 * self.down[..., None] / (high / wide))
        self.discs = [
            (
                dice.uniform(0, 1),
                dice.uniform(0, high / wide),
                dice.uniform(0.02, 0.075),
                *dice.uniform(0, TAU, 2),
                dice.uniform(0.02, 0.06),
                warm,
            )
            for warm in dice.random(26) < 0.4
        ]

    def at(self, turn: float) -> Plane:
        """Return the picture at a moment of the loop (0 to 1): height x width x 3, gamma-encoded, 0 to 1."""
        light = self.base.copy()
        for number, (colour, x, y, reach, wander, turns) in enumerate(self.GLOWS):
            angle = TAU * turns * turn + number * 1.7
            u = self.across - x - wander * np.cos(angle)
            v = self.down - y - wander * 1.3 * np.sin(angle + number)
            pulse = 1 + 0.12 * np.sin(TAU * turn + number * 2.1)
            light += np.exp(-2.2 * (u * u + v * v) / reach**2)[..., None] * np.array(colour) * pulse
        for x, y, size, start, other, wander, warm in self.discs:
            u = self.across - x - wander * np.cos(TAU * turn + start)
            v = self.down - y - wander * np.sin(TAU * turn + other)
            away = np.sqrt(u * u + v * v) / size
            seen = np.clip((1.12 - away) / 0.3, 0, 1) * (0.55 + 0.45 * np.clip(away, 0, 1) ** 3)
            bright = 0.028 * (0.55 + 0.45 * np.sin(TAU * turn + start * 3))
            light += seen[..., None] * np.array((1.0, 0.5, 0.22) if warm else (0.25, 0.5, 1.0)) * bright
        shown: Plane = np.clip(light, 0, 1) ** (1 / 2.2)
        return shown
