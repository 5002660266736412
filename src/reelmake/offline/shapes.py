"""SVG paths from points: coordinates are rounded, so that the last bits of a sine draw nothing different."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

Point = tuple[float, float]


def polygon(points: Sequence[Point]) -> str:
    """Return a closed path with straight sides."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def disc(x: float, y: float, radius: float) -> str:
    """Return a circle as a path."""
    far, arc = 2 * radius, f"a{radius:.1f} {radius:.1f} 0 1 1"
    return f"M{x - radius:.1f} {y:.1f}{arc} {far:.1f} 0{arc} {-far:.1f} 0Z"


def smooth(points: Sequence[Point], *, move: bool = True) -> str:
    """Return a curve through all points (Catmull-Rom); without `move` it goes on from where the path is."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}" if move else f"L{points[0][0]:.1f} {points[0][1]:.1f}"
    padded = [points[0], *points, points[-1]]
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        leave = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        arrive = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        path += "C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in (leave, arrive, end))
    return path


def below(line: str, width: float, height: float) -> str:
    """Close a line from left to right into everything below it; the edges lie outside the picture."""
    return f"{line}V{height + 40:.1f}H{-0.1 * width - 40:.1f}Z"


def ridge(width: float, base: float, swell: float, bumps: float, dice: Random) -> list[tuple[float, float]]:
    """Return points along an uneven line from side to side."""
    one, two = dice.uniform(0, math.tau), dice.uniform(0, math.tau)
    count = 14
    return [
        (
            width * (step / count * 1.2 - 0.1),
            base
            - swell
            * (
                0.62 * math.sin(one + bumps * math.tau * step / count)
                + 0.38 * math.sin(two + 2.3 * bumps * math.tau * step / count)
            ),
        )
        for step in range(count + 1)
    ]


def scallops(width: float, height: float, base: float, length: float, shift: float) -> str:
    """Return a row of waves from beyond the left side to beyond the right one, closed below the picture."""
    count = math.ceil((width + shift) / length) + 2
    arcs = f"q{length * 0.5:.1f} {length * 0.36:.1f} {length:.1f} 0" * count
    return f"M{-length - shift:.1f} {base:.1f}{arcs}V{height + 40:.1f}H{-length - shift:.1f}Z"


def cloud(x: float, y: float, size: float, dice: Random) -> str:
    """Return a cloud with a flat foot, about four sizes wide."""
    parts = [(-1.5, 0.0, 0.62), (-0.7, -0.35, 0.85), (0.25, -0.5, 1.0), (1.15, -0.15, 0.75), (1.8, 0.05, 0.5)]
    puffs = "".join(disc(x + size * u, y + size * v, size * r * dice.uniform(0.9, 1.1)) for u, v, r in parts)
    return puffs + polygon(
        [(x - size * 1.5, y), (x + size * 1.8, y), (x + size * 1.8, y + size * 0.55), (x - size * 1.5, y + size * 0.55)]
    )


def fir(x: float, y: float, tall: float) -> str:
    """Return a fir of three tiers that stands at a place."""
    tiers = ((0.0, 0.26, 1.0), (0.28, 0.21, 0.72), (0.54, 0.15, 0.46))
    return "".join(
        polygon(
            [(x - tall * half, y - tall * up), (x, y - tall * (up + high * 0.62)), (x + tall * half, y - tall * up)]
        )
        for up, half, high in tiers
    )


def weed(x: float, y: float, tall: float, dice: Random) -> str:
    """Return a swaying blade that grows from a place."""
    bend, wide = dice.choice((-1, 1)) * tall * 0.16, 11
    rise = [(x + bend * math.sin(step * 1.3), y - tall * step / 5) for step in range(6)]
    there = [(u - wide * (1 - step / 6), v) for step, (u, v) in enumerate(rise)]
    back = [(u + wide * (1 - step / 6), v) for step, (u, v) in enumerate(rise)][::-1]
    return smooth(there) + f"L{back[0][0]:.1f} {back[0][1]:.1f}" + smooth(back, move=False) + "Z"


def lozenge(x: float, y: float, size: float) -> str:
    """Return a square on its point, a little slim."""
    return polygon([(x, y - size), (x + size * 0.7, y), (x, y + size), (x - size * 0.7, y)])
