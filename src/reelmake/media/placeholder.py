"""Two sprites for a character that nobody has drawn yet: a friendly somebody, in colours that follow from its name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reelmake.media.art_parts import (
    HEIGHT,
    OPEN_PALM,
    WIDTH,
    Face,
    brows,
    cheeks,
    clipped,
    eyes,
    framed,
    hand,
    limb,
    line,
    mouth_open,
    mouth_smile,
    oval,
    shape,
    tone,
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
