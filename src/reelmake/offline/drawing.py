"""What a picture is drawn with: colours, paths of simple shapes, and the layers of a scene.

A mood comes from words, then a few related colours in OKLab, where equal steps look equal. Everything is computed in
plain floats; colours are rounded to bytes once and coordinates as they are written, so that every machine paints the
same. Coordinates are in units of which the short side of the picture has 1,000, so that a scene does not depend on its
size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

Rgb = tuple[int, int, int]

# What words do to the mood. hue: degrees in OKLab; light: of the sky, 0 to 1; chroma: colourfulness, 0.1 is plain;
# tint: the hue that all colours lean to.
MOOD_WORDS = """
warm cosy autumn: tint 60
golden vintage retro: tint 80 chroma 0.09
cool cold: tint 245
winter snow snowy ice: hue 235 light 0.9
night moon dark star rocket: hue 275 light 0.29
space midnight planet astronaut galaxy saturn: hue 288 light 0.21
spooky jellyfish: hue 300 light 0.32
dream music: hue 315 light 0.74
sunset: hue 35 light 0.66 chroma 0.15
dusk evening: hue 330 light 0.5
dawn sunrise: hue 30 light 0.81
sky sun: hue 232 light 0.83
sunlight sunny: hue 80 light 0.9
ocean sea wave: hue 228 light 0.74
water ship boat: hue 222 light 0.8
underwater octopus fish whale shark: hue 218 light 0.54
forest jungle: hue 150 light 0.78
tree garden leaf plant: hue 137 light 0.86
desert sand camel dune: hue 68 light 0.86
fire lava volcano: hue 32 light 0.36 chroma 0.16
heart love: hue 5 light 0.81
brain flower: hue 347 light 0.83
honey bee: hue 85 light 0.87
coffee wood chocolate: hue 55 light 0.78 chroma 0.07
storm stormy rain: hue 250 light 0.5 chroma 0.05
city computer: hue 262 light 0.7
money: hue 155 light 0.83
robot: hue 215 light 0.75
pastel: chroma 0.06 light 0.9
soft muted sepia: chroma 0.075
vivid bold bright: chroma 0.15
monochrome grey: chroma 0.013
red: hue 25
orange: hue 55
yellow: hue 95
green: hue 145
teal: hue 195
blue: hue 250
purple: hue 305
pink: hue 355
"""

TINT_STRENGTH = 0.035
DARK_SKY_LIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Mood:
    """What decides the colours: the leading hue and how far its partner is (degrees), sky lightness, chroma, a tint."""

    hue: float
    partner: float
    light: float
    chroma: float
    tint: float | None = None

    @property
    def dark(self) -> bool:
        """Whether it is night, space or deep water: then lights glow."""
        return self.light < DARK_SKY_LIGHT


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a scene; `ground` runs from the farthest layer to the nearest."""

    sky_top: Rgb
    sky_low: Rgb
    glow: Rgb
    ground: tuple[Rgb, ...]
    accent: Rgb
    ink: Rgb
    paper: Rgb
    dark: bool


def mood_of(subject: Iterable[str], style: Iterable[str], dice: Random) -> Mood:
    """Roll a mood, then let the words of the subject change it, and those of the style after them."""
    partner = dice.choice((-1, 1)) * dice.choice((28, 40, 55, 150))
    mood = Mood(hue=dice.randrange(360), partner=partner, light=dice.choice((0.8, 0.86, 0.9)), chroma=0.105)
    moods = _moods()
    # The darkest word has the last say: a city at night is a night.
    named = sorted((moods[word] for word in subject if word in moods), key=lambda change: -change.get("light", 1.0))
    for change in [*named, *(moods[word] for word in style if word in moods)]:
        mood = replace(mood, **change)
    # Two lines about the same thing should still be two pictures.
    return replace(mood, hue=(mood.hue + dice.uniform(-9, 9)) % 360, light=mood.light + dice.uniform(-0.025, 0.025))


def names_mood(words: Iterable[str]) -> bool:
    """Say whether any of these words changes a mood."""
    return not _moods().keys().isdisjoint(words)


@cache
def _moods() -> dict[str, dict[str, float]]:
    """Read MOOD_WORDS: word -> what it changes."""
    moods = {}
    for row in MOOD_WORDS.strip().splitlines():
        words, change = row.split(": ")
        parts = change.split()
        values = dict(zip(parts[::2], map(float, parts[1::2]), strict=True))
        moods.update(dict.fromkeys(words.split(), values))
    return moods


def palette_of(mood: Mood, layers: int = 5) -> Palette:
    """Mix the colours of a mood, for a scene of so many layers of ground."""
    partner = mood.hue + mood.partner

    def mix(light: float, chroma: float, hue: float) -> Rgb:
        return rgb_of(light, chroma, hue, mood.tint)

    if mood.dark:
        top = mix(mood.light - 0.06, mood.chroma, mood.hue)
        low = mix(mood.light + 0.2, mood.chroma * 1.1, partner)
        glow = mix(0.86, 0.07, partner)
        lights = [mood.light + 0.12 - 0.25 * step / (layers - 1) for step in range(layers)]
    else:
        top = mix(mood.light - 0.09, mood.chroma, mood.hue)
        low = mix(min(0.965, mood.light + 0.09), mood.chroma * 0.5, partner)
        glow = mix(0.97, 0.045, partner)
        lights = [mood.light - 0.1 - 0.38 * step / (layers - 1) for step in range(layers)]
    ground = tuple(
        mix(light, mood.chroma * (0.75 + 0.35 * step / layers), mood.hue + mood.partner * 0.35 * (1 - step / layers))
        for step, light in enumerate(lights)
    )
    return Palette(
        sky_top=top,
        sky_low=low,
        glow=glow,
        ground=ground,
        accent=mix(0.78, 0.15, mood.hue + 180),
        ink=mix(0.2, 0.03, mood.hue),
        paper=mix(0.965, 0.012, 80),
        dark=mood.dark,
    )


def rgb_of(light: float, chroma: float, hue: float, tint: float | None = None) -> Rgb:
    """Return the sRGB colour of an OKLab lightness, chroma and hue (degrees), pulled a little towards a tint's hue.

    Colours that a screen cannot show lose chroma until it can.
    """
    light = min(1.0, max(0.0, light))
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    if tint is not None:
        a += TINT_STRENGTH * math.cos(math.radians(tint))
        b += TINT_STRENGTH * math.sin(math.radians(tint))
    for _ in range(24):
        linear = _linear_srgb(light, a, b)
        if all(-1e-4 <= value <= 1.0001 for value in linear):  # noqa: PLR2004
            break
        a, b = a * 0.9, b * 0.9
    red, green, blue = (round(255 * _gamma(min(1.0, max(0.0, value)))) for value in linear)
    return red, green, blue


def between(one: Rgb, other: Rgb, share: float) -> Rgb:
    """Return the colour that lies `share` of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _linear_srgb(light: float, a: float, b: float) -> tuple[float, float, float]:
    """Convert OKLab to linear sRGB (the matrices are Björn Ottosson's)."""
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055  # noqa: PLR2004


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


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scene is painted with: the size of the picture in its units, the dice and the colours."""

    width: float
    height: float
    dice: Random
    palette: Palette


@dataclass(frozen=True, slots=True)
class Layer:
    """A shape: an SVG path, its colour, and what it is.

    solid: a thing with edges (a hill, a house) that a treatment may outline, wobble or give a shadow;
    otherwise light or a mark on a thing. front: in front of the subject.
    """

    path: str
    fill: Rgb
    solid: bool = True
    front: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Layers from back to front, and the height at which things stand; none where they float.

    shows: first characters of icons that the layers already draw. open_air: whether there is a sky above.
    """

    layers: Sequence[Layer]
    floor: float | None
    shows: str = ""
    open_air: bool = True
