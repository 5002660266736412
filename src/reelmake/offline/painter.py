"""Paint a picture for a prompt: a mood, a place, what the words name, and the treatment that the style asks for.

The same request gives the same bytes: the dice are seeded by the request, colours and coordinates are rounded before
they are drawn, and pixels are worked on in whole numbers.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from reelmake.core.keys import canonical_json
from reelmake.offline import patterns, pixels, places
from reelmake.offline.icons import Icon, icons_for, singular, words_of
from reelmake.offline.layers import Layer, Stage
from reelmake.offline.palette import Palette, mood_of, palette_of
from reelmake.offline.scenes import SCENES, place_of
from reelmake.offline.shapes import disc
from reelmake.offline.treatments import Treatment, treatment_for
from reelmake.providers.base import Request

ICON_UNITS = 36
COMPRESS_LEVEL = 1  # of zlib: higher levels take twice as long and save a few per cent


def paint(request: Request) -> bytes:
    """Return the PNG for a request of an ImageProvider (see `providers.base`); `width` and `height` are in pixels."""
    import resvg_py  # noqa: PLC0415
    from PIL import Image as Images  # noqa: PLC0415

    seed = hashlib.sha256(canonical_json(dict(request)).encode()).digest()
    width, height = request["width"], request["height"]
    style = [singular(word) for word in words_of(request["style"])]
    svg, palette = draw(request["subject"] or request["prompt"], style, width / height, Random(seed))  # noqa: S311 dice of a picture
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, skip_system_fonts=True)
    image = pixels.sky((width, height), seed, palette)
    with Images.open(io.BytesIO(drawn)) as shapes:
        image.paste(shapes, mask=shapes.getchannel("A"))
    finished = treatment_for(style).finish(image, seed, palette)
    png = io.BytesIO()
    finished.save(png, "PNG", compress_level=COMPRESS_LEVEL)
    return png.getvalue()


def draw(text: str, style: list[str], aspect: float, dice: Random) -> tuple[str, Palette]:
    """Return the picture as SVG, before its pixels are finished, and the colours that it uses."""
    width, height = 1000.0 * max(1.0, aspect), 1000.0 * max(1.0, 1 / aspect)
    words, icons = [singular(word) for word in words_of(text)], icons_for(text)
    treatment, mood = treatment_for(style), mood_of(words, style, dice)
    mood = replace(mood, chroma=mood.chroma * treatment.chroma, light=treatment.light or mood.light)
    stage = Stage(width, height, dice, palette_of(mood))
    place = place_of(words, [icon.char for icon in icons], dice)
    scene = SCENES[place](stage)
    shown = [icon for icon in icons if icon.char[0] not in scene.shows]
    air = places.sky(stage) if scene.open_air else []
    focus = [] if shown else patterns.focus(stage)
    behind = [*air, *focus, *(layer for layer in scene.layers if not layer.front)]
    parts = [
        *(treatment.layer(layer, stage.palette) for layer in behind),
        _subject(shown, scene.floor, stage, treatment),
        *(treatment.layer(layer, stage.palette) for layer in scene.layers if layer.front),
    ]
    box = f'viewBox="0 0 {width:.1f} {height:.1f}" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{"".join(parts)}</svg>', stage.palette


def _subject(icons: Sequence[Icon], floor: float | None, stage: Stage, treatment: Treatment) -> str:
    """Return the icons: the first one large, where the eye goes, the others small beside it."""
    if not icons:
        return ""
    dice, palette = stage.dice, stage.palette
    side, in_sky = dice.choice((-1, 1)), icons[0].in_sky
    large = dice.uniform(450, 520) if len(icons) > 1 else dice.uniform(500, 580)
    x = stage.width * (0.5 - side * (0.1 if len(icons) > 1 or in_sky else 0.0))
    y = stage.height * 0.52 if floor is None or icons[0].airborne else floor - large * 0.5
    if in_sky and floor is not None:
        large, y = large * 0.7, stage.height * 0.33
    seen = 0.16 if palette.dark else 0.4
    halos = dice.choice((((0.66, seen),), ((0.78, seen / 2), (0.6, seen * 0.7)), ((0.62, seen), (0.86, seen / 3)), ()))
    discs = [Layer(disc(x, y, large * far), palette.glow, solid=False, opacity=round(much, 2)) for far, much in halos]
    svg = "".join(treatment.layer(halo, palette) for halo in discs)
    for number, icon in enumerate(icons[1:]):
        small = dice.uniform(180, 230)
        over = x + side * (large * 0.5 + small * 0.35) if number == 0 else x - side * large * 0.58
        up = y - large * (0.52 - 0.04 * number) if icon.airborne or number else y + large * 0.5 - small * 0.42
        inside = min(stage.width - small * 0.55, max(small * 0.55, over))
        svg += _placed(treatment.icon(icon.svg, palette), (inside, up), small, dice.uniform(-8, 8))
    return svg + _placed(treatment.icon(icons[0].svg, palette), (x, y), large, dice.uniform(-5, 5))


def _placed(svg: str, middle: tuple[float, float], size: float, tilt: float) -> str:
    """Move an icon to its place; tilt is in degrees."""
    half = ICON_UNITS / 2
    place = f"translate({middle[0]:.1f} {middle[1]:.1f}) rotate({tilt:.1f}) scale({size / ICON_UNITS:.3f})"
    return f'<g transform="{place} translate({-half} {-half})">{svg}</g>'
