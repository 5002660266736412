"""Everything of a line that stands still, composed once: the framed picture, the cast, a shade behind the captions.

A plate is straight RGBA, `width * height * 4` bytes, which is laid over the moving background. What lines have in
common (frames, shades, sprites in their sizes) is painted once per process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from reelmake.core.errors import MediaError
from reelmake.layout.frame import BASE_WIDTH, Box, Layout, frame_of
from reelmake.layout.shots import Fit, Focus, views

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


# for a video 1080 pixels wide, as all lengths here
_SHADOW_SINK, _SHADOW_BLUR, _SHADOW_ALPHA = 14, 26, 130
_SHADE_BLUR, _SHADE_ALPHA = 44, 70
_GLOW_BLUR, _GLOW_ALPHA = 16, 0.75

GROUND = (24, 24, 34)  # what is seen where a picture is transparent, or does not reach
_DIM = 0.78  # how bright a listener is
_SOFT = 4  # what is to be blurred is painted this much smaller
_TAPS = 2  # pixels on each side that a pixel between them is made of


@dataclass(frozen=True, slots=True)
class Still:
    """A picture that stands still in its window: how it fills it, and which point of it is kept in view."""

    path: Path
    fit: Fit = "cover"
    focus: Focus = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A character on a plate.

    sprite    a picture with transparency, or None: the character is not shown
    speaking  it is drawn full, with a glow of its colour; the others are smaller and dimmer
    box       which of the layout's sprite boxes it stands in
    color     its caption colour, `#RRGGBB`
    """

    sprite: Path | None
    speaking: bool
    box: int
    color: str


def plate(
    layout: Layout, picture: Still | None, cast: Sequence[Portrait], *, shaded: bool = True, is_open: bool = False
) -> bytes:
    """Compose a line's plate; raises MediaError, naming the file, for what cannot be read as a picture.

    Args:
        layout: of the episode; when it has no panel, no picture is shown.
        picture: of the line, fitted into the panel; without one there is no panel.
        cast: the characters in any order; who listens is drawn in the layout's, who speaks before them.
        shaded: whether there is a shade for captions to stand on.
        is_open: whether the panel is left open for pictures that move below the plate: only its shadow is drawn.
    """
    panel = layout.panel if picture or is_open else None
    canvas = _ground(layout.width, layout.height, layout.captions if shaded else None, panel, is_open=is_open).copy()
    if picture and panel:
        inner, mask = _window(panel, layout.width)
        canvas.paste(window_picture(picture, inner.width, inner.height), (inner.x, inner.y), mask)
    for portrait in sorted(cast, key=lambda one: (one.speaking, layout.back_to_front.index(one.box))):
        if portrait.sprite:
            box = layout.figure(portrait.box, speaking=portrait.speaking)
            blur = max(1, round(_GLOW_BLUR * layout.width / BASE_WIDTH))
            color = portrait.color if portrait.speaking else ""
            figure = _figure(portrait.sprite, _identity(portrait.sprite), box.width, box.height, color, blur)
            _stand(canvas, figure, box)
    return canvas.tobytes()


def backdrop(width: int, height: int, colors: Sequence[str]) -> bytes:
    """Paint a still background, opaque RGBA: soft clouds of these colours (`#RRGGBB`, one or more) on a dark ground."""
    import numpy as np  # noqa: PLC0415
    from numpy.random import PCG64, Generator  # noqa: PLC0415

    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width, y / height
    tones = np.array([_rgb(color) for color in colors], np.float32) / 255
    ground = tones.mean(axis=0) * 0.42 * (1 - 0.45 * y[..., None]) + 0.03
    for number, tone in enumerate(tones):
        angle = 0.9 + 2.4 * number  # successive clouds lie on different sides of the middle
        middle_x, middle_y = 0.5 + 0.42 * np.cos(angle), 0.42 + 0.36 * np.sin(angle)
        cloud = np.exp(-(((x - middle_x) / 0.55) ** 2) - ((y - middle_y) / 0.38) ** 2)[..., None]
        ground += (tone * 0.85 - ground) * cloud * 0.75
    grain = Generator(PCG64(7)).random((height, width, 1), np.float32)  # or the shades show steps
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = np.clip(ground * 255 + grain, 0, 255)
    return rgba.tobytes()


def on_backdrop(plate: bytes, backdrop: bytes, width: int, height: int) -> bytes:
    """Lay a plate over a still background; both are RGBA, the result is opaque."""
    from PIL import Image  # noqa: PLC0415

    below, above = (Image.frombytes("RGBA", (width, height), pixels) for pixels in (backdrop, plate))
    return Image.alpha_composite(below, above).tobytes()


@lru_cache(maxsize=8)
def _ground(width: int, height: int, captions: Box | None, panel: Box | None, *, is_open: bool) -> Picture:
    """Paint what lines have in common: the shade behind the captions, the shadow and the frame of the panel."""
    from PIL import Image, ImageChops  # noqa: PLC0415

    unit = width / BASE_WIDTH
    alpha = Image.new("L", (width, height), 0)
    if captions:
        shade, at = _soft_box(width, height, captions, _SHADE_BLUR * unit, captions.height / 3)
        alpha.paste(shade.point(lambda value: value * _SHADE_ALPHA // 255), at)
    if panel:
        sunk = Box(panel.x, panel.y + round(_SHADOW_SINK * unit), panel.width, panel.height)
        shadow, at = _soft_box(width, height, sunk, _SHADOW_BLUR * unit, frame_of(width)[1])
        alpha.paste(_SHADOW_ALPHA, at, shadow)
    if panel and is_open:
        frame = ImageChops.invert(round_mask(panel.width, panel.height, frame_of(width)[1]))
        place = (panel.x, panel.y, panel.right, panel.bottom)
        alpha.paste(ImageChops.multiply(alpha.crop(place), frame), place)
    ground = Image.new("RGBA", (width, height), (8, 8, 16, 0))
    ground.putalpha(alpha)
    if panel and not is_open:
        frame = round_mask(panel.width, panel.height, frame_of(width)[1])
        ground.paste((255, 255, 255, 255), (panel.x, panel.y, panel.right, panel.bottom), frame)
    return ground


@lru_cache(maxsize=8)
def _window(panel: Box, width: int) -> tuple[Box, Picture]:
    """Return the part of a panel that is inside its border, and its mask, concentric with the frame."""
    border, radius = frame_of(width)
    inner = Box(panel.x + border, panel.y + border, panel.width - 2 * border, panel.height - 2 * border)
    return inner, round_mask(inner.width, inner.height, radius - border)


def round_mask(width: int, height: int, radius: int) -> Picture:
    """Return a mask with round corners, which are painted in twice their size so that they are smooth."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    side = radius * 2 + 2
    large = Image.new("L", (side * 2, side * 2), 0)
    ImageDraw.Draw(large).rounded_rectangle((0, 0, side * 2 - 1, side * 2 - 1), radius * 2, fill=255)
    corners = large.resize((side, side), Image.Resampling.BOX)
    mask = Image.new("L", (width, height), 255)
    for x, left in ((0, 0), (side - radius, width - radius)):
        for y, top in ((0, 0), (side - radius, height - radius)):
            mask.paste(corners.crop((x, y, x + radius, y + radius)), (left, top))
    return mask


def _soft_box(
    width: int, height: int, box: Box, blur: float, radius: float
) -> tuple[Picture, tuple[int, int, int, int]]:
    """Return a mask with a soft box in it, and which part of the video it is for: beyond it nothing is to be seen."""
    from PIL import Image, ImageDraw, ImageFilter  # noqa: PLC0415

    small = Image.new("L", (-(-width // _SOFT), -(-height // _SOFT)), 0)
    corners = [value / _SOFT for value in (box.x, box.y, box.right, box.bottom)]
    ImageDraw.Draw(small).rounded_rectangle(corners, radius / _SOFT, fill=255)
    small = small.filter(ImageFilter.GaussianBlur(blur / _SOFT))
    if width % _SOFT or height % _SOFT:  # no part of it is a whole number of pixels
        return small.resize((width, height), Image.Resampling.BICUBIC), (0, 0, width, height)
    reach = ceil(3 * blur / _SOFT) + 4  # of the blur, and of the pixels that lie between those that were painted
    left, top = (max(0, int(edge) - reach) for edge in corners[:2])
    right, bottom = (min(most, ceil(edge) + reach) for edge, most in zip(corners[2:], small.size, strict=True))
    place = (left * _SOFT, top * _SOFT, right * _SOFT, bottom * _SOFT)
    size = (place[2] - place[0], place[3] - place[1])
    # First wider and then higher, as for a whole picture: of a part, Pillow would choose what is quicker, and round
    # otherwise.
    above, below = max(0, top - _TAPS), min(small.height, bottom + _TAPS)
    wide = small.resize((size[0], below - above), Image.Resampling.BICUBIC, box=(left, above, right, below))
    return wide.resize(size, Image.Resampling.BICUBIC, box=(0, top - above, size[0], bottom - above)), place


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _opened(path: Path, mode: str, around: tuple[int, int]) -> Picture:
    """Read a picture upright and in a mode (RGB or RGBA), in any size of at least `around` when that saves work.

    Raises MediaError for a file that is missing, no picture, or cut off.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415

    try:
        with Image.open(path) as file:
            file.draft("RGB", around)  # a large JPEG is decoded at a fraction of its size; nothing for other formats
            picture = ImageOps.exif_transpose(file)
            if picture.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would clip
                picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
            return picture.convert(mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MediaError(
            f"{path}: it cannot be read as a picture ({error})",
            "save it again as a PNG or JPEG, or name another file",
        ) from error


def window_picture(still: Still, width: int, height: int) -> Picture:
    """Return a picture in a window of this size, opaque."""
    from PIL import Image  # noqa: PLC0415

    picture = opaque_picture(still, width, height)
    shown, _ = views("none", picture.size, (width, height), still.focus)
    crop = (shown.x, shown.y, shown.x + shown.width, shown.y + shown.height)
    return picture.resize((width, height), Image.Resampling.BICUBIC, box=crop, reducing_gap=2.0)


def opaque_picture(still: Still, width: int, height: int) -> Picture:
    """Read a picture for a window of this size: what is transparent, or beside one that is contained, is dark."""
    from PIL import Image  # noqa: PLC0415

    side = max(width, height)  # whichever way it is turned
    picture = _opened(still.path, "RGBA", (side, side))
    if picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    else:
        ground = Image.new("RGB", picture.size, GROUND)
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    if still.fit == "cover":
        return picture
    wide = max(picture.width, round(picture.height * width / height))
    high = max(picture.height, round(picture.width * height / width))
    around = Image.new("RGB", (wide, high), GROUND)
    left, top = (wide - picture.width) * still.focus[0], (high - picture.height) * still.focus[1]
    around.paste(picture, (round(left), round(top)))
    return around


def _identity(path: Path) -> tuple[int, int, int]:
    """Return what tells whether a file has changed since it was painted."""
    try:
        found = path.stat()
    except OSError as error:
        raise MediaError(f"{path}: there is no such sprite", "draw it, or take it out of the character") from error
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=32)
def _figure(path: Path, _: tuple[int, int, int], width: int, height: int, color: str, blur: int) -> tuple[Picture, int]:
    """Return a sprite fitted into a size, and the width of the margin around it that its glow needs.

    It speaks when there is a colour, in which it glows; otherwise it is dimmed.
    """
    from PIL import Image, ImageEnhance, ImageFilter  # noqa: PLC0415

    sprite = _opened(path, "RGBA", (width, height))
    scale = min(width / sprite.width, height / sprite.height)
    size = (max(1, round(sprite.width * scale)), max(1, round(sprite.height * scale)))
    # with premultiplied colours, or what is hidden under transparent pixels shows at the edges
    sprite = sprite.convert("RGBa").resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).convert("RGBA")
    if not color:
        return ImageEnhance.Brightness(sprite).enhance(_DIM), 0
    margin = blur * 3
    outline = Image.new("L", (size[0] + 2 * margin, size[1] + 2 * margin), 0)
    outline.paste(sprite.getchannel("A"), (margin, margin))
    small = outline.resize((-(-outline.width // _SOFT), -(-outline.height // _SOFT)), Image.Resampling.BOX)
    glow = small.filter(ImageFilter.GaussianBlur(blur / _SOFT)).resize(outline.size, Image.Resampling.BICUBIC)
    figure = Image.new("RGBA", outline.size, (*_rgb(color), 0))
    figure.putalpha(glow.point(lambda value: round(value * _GLOW_ALPHA)))
    figure.alpha_composite(sprite, (margin, margin))
    return figure, margin


def _stand(canvas: Picture, figure: tuple[Picture, int], box: Box) -> None:
    """Lay a figure over the canvas, in the middle of its box and on its lower edge."""
    picture, margin = figure
    x = box.x + (box.width - picture.width) // 2
    y = box.bottom - picture.height + margin
    hidden_x, hidden_y = max(0, -x), max(0, -y)
    canvas.alpha_composite(picture, (x + hidden_x, y + hidden_y), (hidden_x, hidden_y))
