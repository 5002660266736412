"""Ways of making a picture look: what an episode's style turns into.

A treatment draws the edges of shapes and icons (as SVG) in its own way, and finishes the pixels in its own way. All
work on pixels is in whole numbers (Pillow's and ours), so that it gives the same bytes on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelmake.offline import pixels
from reelmake.offline.layers import Layer
from reelmake.offline.palette import Palette, Rgb

if TYPE_CHECKING:
    from PIL.Image import Image


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
