"""Paint a picture for a prompt: a mood, a place, what the words name, and the treatment that the style asks for.

The same request gives the same bytes: the dice are seeded by the request, colours and coordinates are rounded before
they are drawn, and pixels are worked on in whole numbers (Pillow's and ours). A treatment draws the edges of shapes and
icons (as SVG) in its own way, and finishes the pixels in its own way.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from reelmake.core.keys import canonical_json
from reelmake.offline import pixels
from reelmake.offline.drawing import Layer, Palette, Rgb, Stage, disc, mood_of, names_mood, palette_of
from reelmake.offline.icons import Icon, icons_for, singular, words_of
from reelmake.offline.scenes import SCENES, focus, names_place, place_of, sky
from reelmake.providers.base import Request

if TYPE_CHECKING:
    from PIL.Image import Image


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
    air = sky(stage) if scene.open_air else []
    light = [] if shown else focus(stage)
    behind = [*air, *light, *(layer for layer in scene.layers if not layer.front)]
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


# How an icon's shadow fades: copies of it, each grown by so many units of its 36 and each this opaque.
SHADOW_STEPS = ((3.6, 0.03), (2.6, 0.035), (1.7, 0.04), (0.9, 0.05), (0.2, 0.06))


@dataclass(frozen=True, slots=True)
class Treatment:
    """One way of making a picture; `words` of a style choose it.

    chroma (a factor) and light (the sky's) change the mood before colours are mixed.
    """

    words: str
    layer: Callable[[Layer, Palette], str]
    icon: Callable[[str, Palette], str]
    finish: Callable[[Image, bytes, Palette], Image]
    chroma: float = 1.0
    light: float | None = None


def knows_subject(text: str) -> bool:
    """Say whether a text names anything that can be painted: a thing that has an icon, or a place."""
    return bool(icons_for(text)) or names_place(singular(word) for word in words_of(text))


def knows_style(style: str) -> bool:
    """Say whether any word of a style changes the picture."""
    words = {singular(word) for word in words_of(style)}
    return any(words.intersection(treatment.words.split()) for treatment in TREATMENTS.values()) or names_mood(words)


def treatment_for(style: Iterable[str]) -> Treatment:
    """Return the treatment that the first telling word of a style names; the poster when none does."""
    named = {word: treatment for treatment in TREATMENTS.values() for word in treatment.words.split()}
    return next((named[word] for word in style if word in named), TREATMENTS["poster"])


def hex_of(colour: Rgb) -> str:
    """Return a colour as SVG writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def flat(layer: Layer, palette: Palette) -> str:  # noqa: ARG001 treatments share one signature
    """Draw a layer as it is."""
    return f'<path d="{layer.path}" fill="{hex_of(layer.fill)}" fill-opacity="{layer.opacity}"/>'


def washed(layer: Layer, palette: Palette) -> str:
    """Draw a layer as a wash: see-through, with a darker rim where pigment gathers."""
    if not layer.solid:
        return flat(layer, palette)
    colour = hex_of(layer.fill)
    rim = f'stroke="{colour}" stroke-width="5" stroke-opacity="0.4"'
    return f'<path d="{layer.path}" fill="{colour}" fill-opacity="0.74" {rim}/>'


def cut(layer: Layer, palette: Palette) -> str:
    """Draw a layer as a sheet of paper: a shadow on what lies behind it, a pale rim."""
    if not layer.solid:
        return flat(layer, palette)
    dim, rim = 'stroke="#000" stroke-opacity="0.07"', 'stroke="#fff" stroke-opacity="0.35" stroke-width="2.5"'
    shadow = "".join(
        f'<path d="{layer.path}" transform="translate(5 -3)" fill="none" {dim} stroke-width="{wide}"/>'
        for wide in (8, 16, 26, 38)
    )
    return f'{shadow}<path d="{layer.path}" fill="{hex_of(layer.fill)}" {rim}/>'


def inked(layer: Layer, palette: Palette) -> str:
    """Draw a layer with a black outline."""
    if not layer.solid:
        return flat(layer, palette)
    line = f'stroke="{hex_of(palette.ink)}" stroke-width="5" stroke-linejoin="round"'
    return f'<path d="{layer.path}" fill="{hex_of(layer.fill)}" {line}/>'


def glowing(layer: Layer, palette: Palette) -> str:
    """Draw a layer as a dark shape with a tube of light along its edge."""
    if not layer.solid:
        return flat(layer, palette)
    tube = hex_of(palette.accent if layer.front else palette.glow)
    strokes = "".join(
        f'<path d="{layer.path}" fill="none" stroke="{tube}" stroke-width="{wide}" stroke-opacity="{seen}"/>'
        for wide, seen in ((14, 0.12), (7, 0.22), (2.4, 0.9))
    )
    return f'<path d="{layer.path}" fill="{hex_of(layer.fill)}"/>{strokes}'


def plain_icon(svg: str, palette: Palette) -> str:
    """Draw an icon with a soft shadow, or a soft light around it in the dark."""
    around = palette.glow if palette.dark else palette.ink
    return _grown(svg, around, SHADOW_STEPS, 0.0 if palette.dark else 1.1) + svg


def sticker(svg: str, palette: Palette) -> str:
    """Draw an icon as a paper sticker."""
    return (
        _grown(svg, (0, 0, 0), ((5.2, 0.06), (4.2, 0.08), (3.2, 0.1)), 1.2)
        + _grown(svg, palette.paper, ((2.2, 1.0),))
        + svg
    )


def inked_icon(svg: str, palette: Palette) -> str:
    """Draw an icon inside a heavy outline."""
    return _grown(svg, palette.paper, ((3.4, 1.0),)) + _grown(svg, palette.ink, ((1.7, 1.0),)) + svg


def neon_icon(svg: str, palette: Palette) -> str:
    """Draw an icon as a sign of bent tubes: its outlines in lightened colours on darkened glass."""

    def tube(match: re.Match[str]) -> str:
        return f'fill="none" stroke="{_lightened(match[1])}"'

    tubes = re.sub(r'fill="(#[0-9A-Fa-f]{3,6})"', tube, svg)
    halo = "".join(
        f'<g stroke-width="{wide}" stroke-opacity="{seen}">{tubes}</g>' for wide, seen in ((2.4, 0.16), (1.3, 0.3))
    )
    glass = _grown(svg, palette.ink, ((0.6, 0.6),))
    return f'{glass}<g fill-opacity="0.22">{svg}</g>{halo}<g stroke-width="0.55" stroke-linejoin="round">{tubes}</g>'


def _grown(svg: str, colour: Rgb, steps: Sequence[tuple[float, float]], drop: float = 0.0) -> str:
    """Return copies of an icon in one colour, each grown by a stroke.

    The opacity is that of each shape, not of the copy as a group: groups cost several times as much to draw.
    """
    name = hex_of(colour)
    shape = re.sub(r'(fill|stroke)="(?!none)[^"]*"', rf'\1="{name}"', svg)
    return "".join(
        f'<g transform="translate(0 {drop})" fill="{name}" stroke="{name}" stroke-linejoin="round"'
        f' stroke-width="{wide}" fill-opacity="{seen}" stroke-opacity="{seen}">{shape}</g>'
        for wide, seen in steps
    )


def _lightened(colour: str) -> str:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])  # noqa: PLR2004 #rrggbb
    parts = [int(digits[at : at + 2], 16) for at in (0, 2, 4)]
    top = max(parts)
    if top < 40:  # noqa: PLR2004 a black line becomes white light
        return "#dfe8ff"
    return "#{:02x}{:02x}{:02x}".format(*(min(255, part * 255 // top + 40) for part in parts))


def finish_poster(image: Image, seed: bytes, palette: Palette) -> Image:
    """Soften the light, darken the corners, add a little grain."""
    image = pixels.soft_light(image, 0.35)
    image = pixels.vignette(image, 0.28 if palette.dark else 0.18)
    return pixels.grain(image, seed, 5)


def finish_film(image: Image, seed: bytes, palette: Palette) -> Image:  # noqa: ARG001 treatments share one signature
    """Grade for contrast, let lights bloom, darken the corners, add grain."""
    image = pixels.bloom(pixels.graded(image), 0.35)
    return pixels.grain(pixels.vignette(image, 0.5), seed, 12)


def finish_watercolour(image: Image, seed: bytes, palette: Palette) -> Image:
    """Let edges wander, pigment gather and paper show."""
    image = pixels.wobble(image, seed, share=0.006)
    image = pixels.dark_rims(image)
    image = pixels.mottle(image, seed, 0.30)
    image = pixels.paper_border(image, seed, palette.paper)
    return pixels.paper_grain(image, seed, 16)


def finish_neon(image: Image, seed: bytes, palette: Palette) -> Image:  # noqa: ARG001 treatments share one signature
    """Let the tubes shine."""
    return pixels.vignette(pixels.bloom(image, 0.75), 0.4)


def finish_paper(image: Image, seed: bytes, palette: Palette) -> Image:  # noqa: ARG001 treatments share one signature
    """Give all sheets a fine tooth."""
    return pixels.paper_grain(pixels.mottle(image, seed, 0.07), seed, 15)


def finish_pencil(image: Image, seed: bytes, palette: Palette) -> Image:
    """Keep the lines, hatch the dark, rub in some of the colour."""
    return pixels.paper_grain(pixels.pencil(pixels.wobble(image, seed, share=0.0025), seed, palette.paper), seed, 14)


def finish_comic(image: Image, seed: bytes, palette: Palette) -> Image:  # noqa: ARG001 treatments share one signature
    """Print with dots."""
    return pixels.halftone(image)


def finish_pixel(image: Image, seed: bytes, palette: Palette) -> Image:  # noqa: ARG001 treatments share one signature
    """Draw with few, large pixels and few colours."""
    return pixels.blocks(image, across=112, colours=28)


TREATMENTS: dict[str, Treatment] = {
    "poster": Treatment("poster flat vector illustration minimal gradient", flat, plain_icon, finish_poster),
    "watercolour": Treatment(
        "watercolour watercolor aquarelle wash gouache painted", washed, plain_icon, finish_watercolour, 0.95
    ),
    "neon": Treatment("neon cyberpunk synthwave vaporwave glow glowing", glowing, neon_icon, finish_neon, 1.25, 0.2),
    "paper": Treatment("paper cut cutout collage papercut origami felt", cut, sticker, finish_paper, 1.15),
    "pencil": Treatment("pencil sketch drawn drawing charcoal hand crayon", flat, plain_icon, finish_pencil),
    "comic": Treatment("comic cartoon manga anime ink pop popart", inked, inked_icon, finish_comic, 1.25),
    "pixel": Treatment("pixel 8bit 16bit arcade", flat, plain_icon, finish_pixel, 1.25),
    "film": Treatment(
        "cinematic film photo photograph photorealistic realistic dramatic moody", flat, plain_icon, finish_film, 1.1
    ),
}
