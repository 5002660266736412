"""Two sprites for a character that nobody has drawn yet: a friendly somebody, in colours that follow from its name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

WIDTH, HEIGHT = 720, 900  # of a sprite, in pixels
INK = "#2b2340"
OUTLINE = 9
AHEAD = 7  # how far pupils look to the side that a face is turned to
OPEN_PALM = ((-62, 62), (-24, 78), (-2, 84), (20, 78), (42, 64))  # what `hand` holds up: degrees and lengths of fingers
Point = tuple[float, float]


def framed(drawn: str, *, mirrored: bool) -> str:
    """Return the SVG of a sprite, from a drawing that faces right; mirrored, it faces left."""
    if mirrored:
        drawn = f'<g transform="translate({WIDTH} 0) scale(-1 1)">{drawn}</g>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{drawn}</svg>'


@dataclass(frozen=True)
class Face:
    """Where a face is and what it does: the middle of the eyes, how far apart they are, and whether it speaks."""

    x: float
    y: float
    apart: float
    telling: bool


def shape(path: str, fill: str, *, width: float = OUTLINE, extra: str = "") -> str:
    """Return a filled path with the outline of all our drawings."""
    line = f'stroke="{INK}" stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round"'
    return f'<path d="{path}" fill="{fill}" {line} {extra}/>'


def tone(path: str, fill: str, opacity: float = 1.0) -> str:
    """Return a filled path without outline: shading, or a mark on a shape."""
    return f'<path d="{path}" fill="{fill}" fill-opacity="{opacity}"/>'


def line(path: str, colour: str = INK, width: float = OUTLINE) -> str:
    """Return a stroke with round ends."""
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" {ends}/>'


def oval(x: float, y: float, across: float, down: float | None = None) -> str:
    """Return an ellipse as a path."""
    down = across if down is None else down
    return f"M{x - across} {y}a{across} {down} 0 1 1 {2 * across} 0a{across} {down} 0 1 1 {-2 * across} 0Z"


def clipped(name: str, path: str, content: str) -> str:
    """Return content that shows only inside a path."""
    return f'<clipPath id="{name}"><path d="{path}"/></clipPath><g clip-path="url(#{name})">{content}</g>'


def limb(points: Sequence[Point], width: float, colour: str) -> str:
    """Return an arm: a thick bent line with an outline."""
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    if len(points) == 3:  # noqa: PLR2004 (shoulder, elbow, wrist)
        (sx, sy), (ex, ey), (wx, wy) = points
        path = f"M{sx} {sy}Q{ex} {ey} {wx} {wy}"
    return line(path, INK, width + 2 * OUTLINE) + line(path, colour, width)


def hand(at: Point, turn: float, colour: str, fingers: Sequence[tuple[float, float]], size: float = 1.0) -> str:
    """Return a hand: `fingers` are (angle in degrees, length), the thumb first.

    All outlines are drawn before all fillings, so that it is one shape.
    """
    width = 27.0
    parts = [f'<g transform="rotate({angle})"><path d="M0 -14V{-length}" STROKE/></g>' for angle, length in fingers]
    strokes = "".join(parts)
    round_ends = 'fill="none" stroke-linecap="round"'
    behind = strokes.replace("STROKE", f'{round_ends} stroke="{INK}" stroke-width="{width + 2 * OUTLINE / size}"')
    front = strokes.replace("STROKE", f'{round_ends} stroke="{colour}" stroke-width="{width}"')
    palm = oval(0, 0, 38, 40)
    faint = f'stroke="{INK}" stroke-width="5" stroke-opacity="0.45"'
    gaps = "".join(
        f'<g transform="rotate({(one + other) / 2})"><path d="M0 -30V-46" {round_ends} {faint}/></g>'
        for (one, _), (other, _) in pairwise(fingers[1:])
    )
    return (
        f'<g transform="translate({at[0]} {at[1]}) rotate({turn}) scale({size})">{behind}'
        f"{shape(palm, colour, width=2 * OUTLINE / size)}{tone(palm, colour)}{front}{gaps}</g>"
    )


def eyes(face: Face, iris: str, lid: str, *, size: float = 1.0, lashes: bool = False) -> str:
    """Return two eyes that look ahead; the far one, on the side that the face is turned to, is a little smaller."""
    drawn = ""
    for side in (-1, 1):
        x, scale = face.x + side * face.apart, size * (1.0 if side < 0 else 0.93)
        wide, high = 40 * scale, (50 if face.telling else 46) * scale
        white = oval(x, face.y, wide, high)
        pupil = (
            tone(oval(x + AHEAD, face.y, 27 * scale), iris)
            + tone(oval(x + AHEAD, face.y, 17 * scale), "#1b1630")
            + tone(oval(x + AHEAD + 9 * scale, face.y - 11 * scale, 9 * scale), "#fff")
            + tone(oval(x + AHEAD - 8 * scale, face.y + 10 * scale, 4.5 * scale), "#fff", 0.8)
        )
        shade = f"M{x - 60} {face.y - 70}h120v{30}q-60 -16 -120 0Z"
        name = f"eye{'l' if side < 0 else 'r'}"
        drawn += tone(white, "#fff") + clipped(name, white, pupil + tone(shade, lid, 0.35))
        drawn += f'<path d="{white}" fill="none" stroke="{INK}" stroke-width="7"/>'
        drawn += line(
            f"M{x - wide - 3} {face.y - high * 0.42}Q{x} {face.y - high * 1.42} {x + wide + 3} {face.y - high * 0.42}",
            INK,
            12,
        )
        if lashes:
            for reach in (0, 15):
                start = (x + side * (wide - 2 - reach * 0.3), face.y - high * (0.5 + reach * 0.018))
                drawn += line(f"M{start[0]} {start[1]}l{side * 17} {-10 - reach * 0.4}", INK, 7)
    return drawn


def brows(face: Face, colour: str, *, lift: float, size: float = 1.0) -> str:
    """Return two brows; a telling face raises them, the far one more."""
    drawn = ""
    for side in (-1, 1):
        x = face.x + side * face.apart
        up = face.y - lift - ((34 if side > 0 else 22) if face.telling else 8)
        outer, inner = (8, 0) if not face.telling else (12, -8 if side > 0 else 2)
        left, right = (outer, inner) if side < 0 else (inner, outer)
        drawn += line(f"M{x - 36 * size} {up + left}Q{x} {up - 26} {x + 36 * size} {up + right}", colour, 15)
    return drawn


def mouth_open(x: float, y: float, size: float = 1.0, tongue: str = "#f0707a") -> str:
    """Return a mouth in the middle of a word."""
    wide, high = 56 * size, 74 * size
    upper = f"M{x - wide} {y}Q{x} {y + 16 * size} {x + wide} {y - 6 * size}"
    path = f"{upper}Q{x + wide * 0.8} {y + high} {x} {y + high}Q{x - wide * 0.85} {y + high} {x - wide} {y}Z"
    inside = tone(
        f"M{x - 70 * size} {y - 20 * size}h{140 * size}v{36 * size}q{-70 * size} {16 * size} {-140 * size} 0Z", "#fff"
    )
    inside += tone(oval(x + 2, y + high * 1.02, 40 * size, 30 * size), tongue)
    return (
        tone(path, "#5b1f3a")
        + clipped("mouth", path, inside)
        + f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="8" stroke-linejoin="round"/>'
    )


def mouth_smile(x: float, y: float, wide: float = 50, tilt: float = 0) -> str:
    """Return a closed, friendly mouth; tilt raises its right end."""
    curve = line(f"M{x - wide} {y}Q{x} {y + 42} {x + wide} {y - 4 - tilt}", INK, 9)
    return (
        curve
        + line(f"M{x + wide - 6} {y - 12 - tilt}q12 2 13 15", INK, 8)
        + line(f"M{x - wide + 6} {y - 9}q-11 2 -12 15", INK, 8)
    )


def cheeks(face: Face, colour: str, down: float = 74) -> str:
    """Return a blush on both cheeks."""
    return "".join(
        tone(oval(face.x + side * (face.apart + 44), face.y + down, 36, 22), colour, 0.55) for side in (-1, 1)
    )


HEAD = "M176 350Q172 170 360 166Q548 170 544 350Q542 470 474 526Q424 560 360 560Q296 560 246 526Q178 470 176 350Z"
BODY = "M150 920Q160 700 262 640Q360 600 458 640Q560 700 570 920Z"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one somebody, as `#RRGGBB`: its skin with a darker tone, hair, shirt, eyes, and its words."""

    skin: str
    shadow: str
    hair: str
    shirt: str
    iris: str
    words: str


PALETTES = (
    Palette("#8fd3c7", "#5ea79a", "#2f6f76", "#ff9f5a", "#b5483a", "#8FE3D4"),
    Palette("#f2b8a2", "#cf8d78", "#7a3b4e", "#5c7cfa", "#3f7f5f", "#FFB39A"),
    Palette("#b9a7ee", "#8d78cc", "#463a78", "#ffd166", "#c06a1a", "#C9B8FF"),
    Palette("#a9d27c", "#7ea754", "#4d6b2d", "#ef6f8e", "#7a3fb0", "#BDE68E"),
    Palette("#f4cf7c", "#cda552", "#8a5a2b", "#4fb0c6", "#2f5fa8", "#FFE08A"),
    Palette("#9cc4f0", "#6f9acb", "#31518a", "#f5f3fa", "#a8482f", "#A9D2FF"),
)


def palette(name: str) -> Palette:
    """Return the colours of a name: always the same."""
    return PALETTES[hashlib.sha256(name.encode()).digest()[0] % len(PALETTES)]


def sprite(name: str, *, telling: bool, mirrored: bool = False) -> bytes:
    """Draw a character as a PNG of 720x900 with a transparent background; it looks to the right, or mirrored left."""
    import resvg_py  # noqa: PLC0415 (slow to import)

    svg = framed(_figure(palette(name), Face(370, 366, 80, telling)), mirrored=mirrored)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=WIDTH, height=HEIGHT, skip_system_fonts=True))


def _figure(colours: Palette, face: Face) -> str:
    tuft = "".join(shape(oval(x, y, r), colours.hair) for x, y, r in ((286, 160, 66), (360, 128, 78), (436, 162, 64)))
    ears = "".join(
        shape(oval(x, 378, 32, 44), colours.skin) + tone(oval(x, 380, 14, 24), colours.shadow, 0.6) for x in (176, 544)
    )
    band = tone("M170 300Q180 190 360 200Q540 190 550 300Q500 226 360 236Q220 226 170 300Z", colours.hair)
    dark = tone("M150 300Q170 540 380 566Q250 430 262 250Q196 220 150 300Z", colours.shadow, 0.35)
    shade = clipped("head", HEAD, dark + band)
    body = shape(BODY, colours.shirt) + clipped("body", BODY, tone("M120 720Q220 720 236 940H100Z", "#2b2340", 0.12))
    collar = shape("M286 632Q360 700 434 632Q420 600 360 606Q300 600 286 632Z", colours.skin)
    neck = shape("M310 536V640Q360 686 410 640V536Z", colours.skin) + clipped(
        "neck", "M310 536V640Q360 686 410 640V536Z", tone(oval(360, 550, 96, 52), colours.shadow, 0.7)
    )
    buttons = "".join(shape(oval(360, y, 12), "#ffffff", width=6) for y in (760, 826))
    mouth = mouth_open(372, 462, 0.9) if face.telling else mouth_smile(372, 476, 46)
    arms, raised = shape("M160 730Q96 790 96 920H222Z", colours.shirt), ""
    if face.telling:
        raised = limb(((500, 742), (676, 812), (640, 690)), 74, colours.shirt)
        raised += hand((636, 640), -2, colours.skin, OPEN_PALM, 1.0)
    else:
        arms += shape("M560 730Q624 790 624 920H498Z", colours.shirt)
    features = (
        cheeks(face, "#ff8fa3", 72)
        + eyes(face, colours.iris, colours.shadow)
        + brows(face, colours.hair, lift=50, size=0.85)
        + line("M368 402q14 22 -6 30", colours.shadow, 9)
        + mouth
    )
    return tuft + ears + raised + body + buttons + arms + collar + neck + shape(HEAD, colours.skin) + shade + features
