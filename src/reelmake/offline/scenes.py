"""Scenes: places such as hills, the sea or a city, and patterns behind a subject that belongs to no place.

Each is a function from a stage to a scene, and words and icons of a prompt name one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from reelmake.offline.drawing import (
    Layer,
    Rgb,
    Scene,
    Stage,
    below,
    between,
    cloud,
    disc,
    fir,
    lozenge,
    polygon,
    ridge,
    scallops,
    smooth,
    weed,
)

# The subject stands within this share of the width, left and right of the middle: nothing tall grows there.
MIDDLE = 0.2
CRATERS = ((-0.3, -0.25, 0.22), (0.35, 0.1, 0.28), (-0.15, 0.45, 0.16), (0.2, -0.55, 0.12))


def sky(stage: Stage) -> list[Layer]:
    """Return stars for a dark sky, clouds for a light one."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers = []
    if palette.dark:
        for _ in range(70):
            x, y = dice.uniform(0, width), dice.uniform(0, height * 0.75)
            size = dice.choice((1.2, 1.6, 2.2, 3.2))
            layers.append(Layer(disc(x, y, size), palette.glow, solid=False, opacity=dice.choice((0.5, 0.8, 1.0))))
        return layers
    for number in range(dice.choice((2, 3, 4))):
        x, y, size = dice.uniform(0, width), height * (0.1 + 0.1 * number), dice.uniform(34, 74)
        layers.append(Layer(cloud(x, y, size, dice), (255, 255, 255), solid=False, opacity=0.55))
    return layers


def hills(stage: Stage) -> Scene:
    """Return rolling hills with a few round trees."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers = []
    for step, fill in enumerate(palette.ground):
        base = height * (0.6 + 0.09 * step)
        points = ridge(width, base, 62 - 6 * step, dice.uniform(0.7, 1.5), dice)
        if step in (1, 2):
            layers += [_tree(*dice.choice(points), dice.uniform(20, 34), palette.ground[step + 1]) for _ in range(4)]
        layers.append(Layer(below(smooth(points), width, height), fill, front=step == len(palette.ground) - 1))
    return Scene(layers, height * 0.9)


def dunes(stage: Stage) -> Scene:
    """Return crests of sand, each with a side in the shade."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers = []
    for step, fill in enumerate(palette.ground):
        base, crest = height * (0.66 + 0.08 * step), width * dice.uniform(0.15, 0.85)
        rise = dice.uniform(90, 150) - 14 * step
        left = [(-40.0, base + 30), (crest * 0.5, base - rise * 0.35), (crest, base - rise)]
        right = [(crest, base - rise), (crest + (width - crest) * 0.45, base - rise * 0.1), (width + 40, base + 40)]
        front = step == len(palette.ground) - 1
        layers.append(Layer(below(smooth(left) + smooth(right, move=False), width, height), fill, front=front))
        shade = [
            (crest, base - rise),
            (crest + 70, base - rise * 0.3),
            (crest - 10, base + 60),
            (crest + 50, height + 20),
        ]
        side = smooth(shade) + f"L{width + 40:.1f} {height + 20:.1f}" + smooth(right[::-1], move=False) + "Z"
        layers.append(Layer(side, palette.ink, solid=False, front=front, opacity=0.1))
    return Scene(layers, height * 0.9)


def waves(stage: Stage) -> Scene:
    """Return the sea to the horizon, with rows of waves."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    top = height * 0.58
    layers = [Layer(polygon([(-20, top), (width + 20, top), (width + 20, height), (-20, height)]), palette.ground[0])]
    for step, fill in enumerate(palette.ground[1:], 1):
        base, length = top + height * (0.085 * step - 0.03), 90.0 + 46 * step
        front, shift = step == len(palette.ground) - 1, dice.uniform(0, length)
        foam = scallops(width, height, base - 6 - 2 * step, length, shift)
        layers.append(Layer(foam, palette.glow, solid=False, front=front, opacity=0.35))
        layers.append(Layer(scallops(width, height, base, length, shift), fill, front=front))
    return Scene(layers, height * 0.97, "🌊💧🏖🏝")


def deep(stage: Stage) -> Scene:
    """Return the inside of the sea: shafts of light, weed, a floor of sand, bubbles."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers = []
    for _ in range(5):
        top, reach = dice.uniform(0, width), dice.uniform(-260, 260)
        shaft = [(top - 25, -10), (top + 25, -10), (top + reach + 120, height * 0.9), (top + reach - 120, height * 0.9)]
        layers.append(Layer(polygon(shaft), palette.glow, solid=False, opacity=0.09))
    for step, fill in enumerate(palette.ground[1:]):
        points = ridge(width, height * (0.74 + 0.07 * step), 40, dice.uniform(0.8, 1.6), dice)
        front = step == len(palette.ground) - 2
        for x, y in dice.sample(points, 4):
            layers.append(
                Layer(
                    weed(x, y + 30, dice.uniform(110, 240), dice), fill, front=front and abs(x / width - 0.5) > MIDDLE
                )
            )
        layers.append(Layer(below(smooth(points), width, height), fill, front=front))
    layers += _floating(stage, 16, (4, 15), palette.glow, 0.3)
    return Scene(layers, None, "🌊💧", open_air=False)


def forest(stage: Stage) -> Scene:
    """Return rows of firs, the farther the paler."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers = []
    for step, fill in enumerate(palette.ground):
        points = ridge(width, height * (0.62 + 0.085 * step), 26, 1.2, dice)
        path, x = below(smooth(points), width, height), dice.uniform(-60, 0)
        tall = 110 + 42 * step
        while x < width + 60 and step < len(palette.ground) - 1:
            y = points[min(len(points) - 1, max(0, round(x / width * (len(points) - 1))))][1]
            clearing = step > 1 and abs(x / width - 0.5) < MIDDLE
            if not clearing:
                path += fir(x, y + 24, tall * dice.uniform(0.65, 1.1))
            x += tall * dice.uniform(0.3, 0.6)
        layers.append(Layer(path, fill, front=step == len(palette.ground) - 1))
    return Scene(layers, height * 0.92, "🌲🌳🌴🌿🍃")


def city(stage: Stage) -> Scene:
    """Return streets of towers with lit windows."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers = []
    for step, fill in enumerate(palette.ground[:3]):
        x, blocks, windows = -20.0, "", ""
        while x < width:
            wide, top = dice.uniform(70, 140), height * (0.34 + 0.13 * step + dice.uniform(0, 0.16))
            blocks += polygon([(x, height), (x, top), (x + wide, top), (x + wide, height)])
            for row in range(int((height - top) // 34)):
                for column in range(int(wide // 26) - 1):
                    if dice.random() < (0.16, 0.22, 0.34)[step]:
                        windows += f"M{x + 16 + 26 * column:.1f} {top + 18 + 34 * row:.1f}h11v16h-11z"
            x += wide + dice.choice((0, 0, 14))
        layers += [Layer(blocks, fill), Layer(windows, palette.glow, solid=False, opacity=0.75)]
    layers.append(Layer(below(smooth(ridge(width, height * 0.86, 10, 1, dice)), width, height), palette.ground[3]))
    layers.append(
        Layer(below(smooth(ridge(width, height * 0.95, 8, 1, dice)), width, height), palette.ground[4], front=True)
    )
    return Scene(layers, height * 0.93)


def peaks(stage: Stage) -> Scene:
    """Return mountains with snow on them, hills before them."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    layers = []
    for step, fill in enumerate(palette.ground[:2]):
        x = dice.uniform(-200, -60)
        while x < width + 100:
            wide, top, foot = dice.uniform(230, 380), height * (0.3 + 0.14 * step + dice.uniform(0, 0.1)), height * 0.85
            layers.append(Layer(polygon([(x - wide, foot), (x, top), (x + wide, foot)]), fill))
            drop, slope = (foot - top) * 0.24, wide / (foot - top)
            cap = [(0.0, 0.0), (1, 1), (0.55, 0.75), (0.2, 1.15), (-0.2, 0.8), (-0.6, 1.2), (-1, 1)]
            layers.append(
                Layer(
                    polygon([(x + u * drop * slope, top + v * drop) for u, v in cap]),
                    (255, 255, 255),
                    solid=False,
                    opacity=0.8,
                )
            )
            x += wide * dice.uniform(0.8, 1.2)
    near = hills(replace(stage, height=height * 1.06))
    return Scene([*layers, *near.layers[-3:]], height * 0.92, "⛰🏔")


def space(stage: Stage) -> Scene:
    """Return the curve of a world below, a moon or a ringed planet above."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    side = dice.choice((0.18, 0.84))
    x, y, size = width * side, height * dice.uniform(0.16, 0.26), dice.uniform(60, 100)
    layers = [Layer(disc(x, y, size), palette.ground[0])]
    layers += [
        Layer(disc(x + size * u, y + size * v, size * r), palette.ground[1], solid=False, opacity=0.7)
        for u, v, r in CRATERS
    ]
    big = max(width, height) * 1.1
    for step, fill in enumerate(palette.ground[1:4]):
        middle = width * (0.5 + dice.uniform(-0.25, 0.25))
        layers.append(Layer(disc(middle, height * (0.84 + 0.06 * step) + big, big), fill))
    return Scene(layers, None, "🌌⭐✨")


def snow(stage: Stage) -> Scene:
    """Return white hills, firs and falling flakes."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    whiter = tuple(between(fill, (246, 250, 255), 0.72 - 0.1 * step) for step, fill in enumerate(palette.ground[::-1]))
    layers = []
    for step, fill in enumerate(whiter[::-1]):
        points = ridge(width, height * (0.62 + 0.085 * step), 46, 1.1, dice)
        if step in (1, 2):
            layers += [
                Layer(fir(x, y + 20, dice.uniform(90, 170)), palette.ground[3])
                for x, y in dice.sample(points, 5)
                if abs(x / width - 0.5) > MIDDLE
            ]
        layers.append(Layer(below(smooth(points), width, height), fill, front=step == len(whiter) - 1))
    layers += _floating(stage, 46, (2, 6), (255, 255, 255), 0.85)
    return Scene(layers, height * 0.9, "❄")


def room(stage: Stage) -> Scene:
    """Return a wall with a window and a table top."""
    width, height, dice, palette = stage.width, stage.height, stage.dice, stage.palette
    x, wide, top, foot = width * dice.choice((0.24, 0.5, 0.76)), 130, height * 0.12, height * 0.52
    arch = f"M{x - wide:.1f} {foot:.1f}V{top + wide:.1f}a{wide} {wide} 0 0 1 {2 * wide} 0V{foot:.1f}Z"
    bars = f"M{x - 5:.1f} {top:.1f}h10V{foot:.1f}h-10ZM{x - wide:.1f} {(top + foot) / 2:.1f}h{2 * wide}v10h{-2 * wide}Z"
    table = [(-20, height * 0.76), (width + 20, height * 0.76), (width + 20, height + 20), (-20, height + 20)]
    edge = [(-20, height * 0.76), (width + 20, height * 0.76), (width + 20, height * 0.785), (-20, height * 0.785)]
    wall = [(-20, -20), (width + 20, -20), (width + 20, height), (-20, height)]
    stripes = "".join(
        polygon([(u, -20), (u + 44, -20), (u + 44, height), (u, height)]) for u in range(0, int(width), 88)
    )
    return Scene(
        [
            Layer(polygon(wall), palette.ground[0], solid=False, opacity=0.8),
            Layer(stripes, palette.ground[1], solid=False, opacity=0.16),
            Layer(arch, palette.glow),
            Layer(bars, palette.ground[2], solid=False),
            Layer(polygon(table), palette.ground[3]),
            Layer(polygon(edge), palette.ground[2], solid=False),
        ],
        height * 0.88,
        open_air=False,
    )


def _floating(stage: Stage, count: int, sizes: tuple[float, float], fill: Rgb, opacity: float) -> list[Layer]:
    """Return small discs all over the picture, every other one in front of the subject."""
    dice, layers = stage.dice, []
    for number in range(count):
        spot = disc(dice.uniform(0, stage.width), dice.uniform(0, stage.height), dice.uniform(*sizes))
        layers.append(Layer(spot, fill, solid=False, front=number % 2 == 0, opacity=opacity))
    return layers


def _tree(x: float, y: float, size: float, fill: Rgb) -> Layer:
    trunk = polygon(
        [(x - size * 0.12, y + 24), (x - size * 0.12, y - size), (x + size * 0.12, y - size), (x + size * 0.12, y + 24)]
    )
    return Layer(disc(x, y - size * 1.4, size) + trunk, fill)


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


# Words, then the characters of icons, that put a picture into a place; where several are named the upper one wins.
PLACES = {
    "space": "space galaxy planet star astronaut rocket orbit universe cosmo comet meteor saturn 🪐🚀🛸👽🛰☄⭐",
    "snow": "snow snowy winter ice frozen frost penguin arctic polar christmas ⛄🐧❄🎄🛷",
    "deep": "underwater octopus fish shark whale dolphin squid jellyfish coral reef crab 🐙🐟🐠🦈🐬🐳🐋🦑🪼🦀🐡🪸🐢",
    "waves": "ocean sea wave boat ship sail surf tide island beach 🌊⛵🚢🏄🏝🏖🚤🛥⛴",
    "dunes": "desert dune sand camel cactus sahara pyramid 🐪🐫🌵🦂",
    "peaks": "mountain summit peak alp cliff volcano eagle goat 🏔⛰🌋🦅🐐🗻",
    "room": "room table kitchen desk indoor cafe coffee tea food library ☕🍵🫖🍞🍕🍲📚🕯🛋🍽🎂🍯🫙",
    "city": "city skyline town street downtown building car bus taxi traffic office 🚗🚕🚌🚲🏢🚦",
    "forest": "forest wood jungle tree bear owl deer fox wolf 🌲🌳🐻🦉🦌🦊🐺🍄🦝🦔🌴",
    "hills": "field meadow farm garden grass park village cow sheep bee flower butterfly sky 🐝🦋🐄🐑🌻🌸🌈🏡🐎🚜🐇☀",
}  # fmt: skip

PATTERNS = ("rays", "rings", "ribbons", "confetti", "hills")
SCENES: dict[str, Callable[[Stage], Scene]] = {
    scene.__name__: scene
    for scene in (space, snow, deep, waves, dunes, peaks, room, city, forest, hills, rays, rings, ribbons, confetti)
}


def names_place(words: Iterable[str]) -> bool:
    """Say whether any of these words asks for a scene."""
    return not {word for text in PLACES.values() for word in text.split()}.isdisjoint(words)


def place_of(words: Iterable[str], chars: Iterable[str], dice: Random) -> str:
    """Return the name of the scene that words and icons ask for; by dice, a pattern, when none does."""
    named, first = set(words), {char[0] for char in chars}
    for place, text in PLACES.items():
        if named.intersection(text.split()):
            return place
    for place, text in PLACES.items():
        if first.intersection(text.split()[-1]):
            return place
    return dice.choice(PATTERNS)
