"""Patterns behind a subject that belongs to no place, and the disc of light where there is no subject either."""

from __future__ import annotations

import math

from reelmake.offline.layers import Layer, Scene, Stage
from reelmake.offline.palette import between
from reelmake.offline.shapes import below, disc, lozenge, polygon, ridge, smooth


def focus(stage: Stage) -> list[Layer]:
    """Return a large disc of light, for a picture without a subject."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    x, y, size = width * dice.uniform(0.35, 0.65), height * dice.uniform(0.34, 0.46), dice.uniform(120, 190)
    inner = palette.glow if palette.dark else palette.accent
    return [
        Layer(disc(x, y, size * 1.8), palette.glow, solid=False, opacity=0.18),
        Layer(disc(x, y, size * 1.4), palette.glow, solid=False, opacity=0.25),
        Layer(disc(x, y, size), inner, opacity=0.95),
    ]


def rays(stage: Stage) -> Scene:
    """Return a sunburst behind the middle."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    count, turn = dice.choice((10, 12, 16)), dice.uniform(0, 1)
    x, y, far = width / 2, height * 0.52, max(width, height) * 1.5
    path = ""
    for number in range(count):
        angles = [(number + turn + part) * math.tau / count for part in (0, 0.5)]
        path += polygon([(x, y), *((x + far * math.cos(angle), y + far * math.sin(angle)) for angle in angles)])
    return Scene([Layer(path, palette.glow, solid=False, opacity=0.32), *_ground(stage)], None)


def rings(stage: Stage) -> Scene:
    """Return discs inside discs."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    x, y = width * dice.uniform(0.4, 0.6), height * dice.uniform(0.42, 0.56)
    sizes = [760, 600, 455, 325]
    far = math.hypot(width, height) / math.hypot(1000, 1000)
    discs = [Layer(disc(x, y, size * far), fill) for size, fill in zip(sizes, palette.ground, strict=False)]
    if palette.dark:
        return Scene(discs, None)
    return Scene([Layer(layer.path, between(layer.fill, palette.glow, 0.45)) for layer in discs], None)


def ribbons(stage: Stage) -> Scene:
    """Return wavy bands from side to side."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers, tilt = [], dice.choice((-1, 1)) * dice.uniform(60, 200)
    for step, fill in enumerate(palette.ground):
        base = height * (0.3 + 0.16 * step)
        points = ridge(width, base, 80, dice.uniform(0.6, 1.0), dice)
        tilted = [(x, y + tilt * (x / width - 0.5)) for x, y in points]
        layers.append(Layer(below(smooth(tilted), width, height), between(fill, palette.glow, 0.25)))
    return Scene(layers, None)


def confetti(stage: Stage) -> Scene:
    """Return large soft discs and small marks around an empty middle."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    colours = [*palette.ground[:4], palette.accent, palette.glow]
    layers = []
    for number in range(26):
        angle, away = number * 2.39996, 0.34 + 0.36 * (number % 7) / 6
        x, y = width * (0.5 + away * math.cos(angle)), height * (0.5 + away * math.sin(angle))
        size = dice.choice((12, 18, 30, 58, 96))
        shape = disc(x, y, size) if dice.random() < 0.7 else lozenge(x, y, size)  # noqa: PLR2004
        layers.append(Layer(shape, dice.choice(colours), opacity=0.8))
    return Scene([*layers, *_ground(stage)], None)


def _ground(stage: Stage) -> list[Layer]:
    """Return the curve of a floor."""
    big = max(stage.width, stage.height) * 1.2
    return [
        Layer(disc(stage.width / 2, stage.height * (0.86 + 0.06 * step) + big, big), stage.palette.ground[2 + step])
        for step in range(2)
    ]
