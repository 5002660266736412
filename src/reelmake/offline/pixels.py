"""What treatments do to pixels, in whole numbers only.

Noise comes from SHAKE-256, so that it is the same with every version of every library.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reelmake.offline.drawing import Palette, Rgb, between

if TYPE_CHECKING:
    from PIL.Image import Image


TILE = 256
WOBBLES = 44  # along the long side


def noise(size: tuple[int, int], seed: bytes, cells: int, octaves: int = 3) -> Image:
    """Return smooth noise as a grey picture of a size: `cells` bumps along the long side, then twice as many, ..."""
    from PIL import Image as Images  # noqa: PLC0415

    half = (-(-size[0] // 2), -(-size[1] // 2))  # no bump is smaller than a few pixels
    total = Images.new("L", half, 128)
    for octave in range(octaves):
        count = cells * 2**octave
        across, down = (max(4, count * side // max(size)) for side in size)
        dots = hashlib.shake_256(seed + bytes([octave, cells % 256])).digest(across * down)
        bumps = Images.frombytes("L", (across, down), dots).resize(half, Images.Resampling.BICUBIC)
        total = bumps if octave == 0 else Images.blend(total, bumps, 0.32)
    return total.resize(size, Images.Resampling.BILINEAR)


def sky(size: tuple[int, int], seed: bytes, palette: Palette) -> Image:
    """Return the ground of a picture: a gradient from top to bottom, a soft light somewhere in it, a hint of haze."""
    from PIL import Image as Images  # noqa: PLC0415

    steps = 48
    strip = Images.new("RGB", (1, steps))
    for row in range(steps):
        share = min(1.0, row / (0.75 * steps))
        strip.putpixel((0, row), between(palette.sky_top, palette.sky_low, share))
    ground = strip.resize(size, Images.Resampling.BICUBIC)
    light = Images.radial_gradient("L").point(
        [max(0, 150 * (178 - value) // 178) for value in range(256)]
    )  # 181 at the middle of a side
    wide, high = size[0] * 6 // 5, size[1] * 6 // 5
    spread = Images.new("L", size)
    spread.paste(
        light.resize((wide, high)),
        (size[0] * seed[0] // 425 - wide // 2 + size[0] // 5, size[1] * seed[1] // 640 - high // 2 + size[1] // 4),
    )
    ground.paste(palette.glow, mask=spread)
    haze = noise(size, seed + b"haze", 4, 3).point([max(0, value - 128) * 2 // 5 for value in range(256)])
    ground.paste(palette.glow, mask=haze)
    return ground


def soft_light(image: Image, share: float) -> Image:
    """Mix in the picture lit by its own blurred self: gentle contrast and glow."""
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops  # noqa: PLC0415

    return Images.blend(image, ImageChops.soft_light(image, _blurred(image, 0.02)), share)


def bloom(image: Image, share: float) -> Image:
    """Add light around what is bright."""
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops  # noqa: PLC0415

    bright = _blurred(image.point([max(0, value - 110) * 255 // 145 for value in range(256)] * 3), 0.018)
    return Images.blend(image, ImageChops.screen(image, bright), share)


def graded(image: Image) -> Image:
    """Deepen shadows towards teal and warm the lights, as films do."""
    curve = [value * value * (765 - 2 * value) // 65025 for value in range(256)]  # smoothstep
    shaped = [(2 * value * 9 // 10 + 3 * curve[value]) // 5 for value in range(256)]
    red = [max(0, value - (255 - value) * 14 // 255 + value * 4 // 255) for value in shaped]
    blue = [min(255, max(0, value + (255 - value) * 12 // 255 - value * 22 // 255)) for value in shaped]
    return image.point([*(min(255, value) for value in red), *shaped, *blue])


def vignette(image: Image, share: float) -> Image:
    """Darken the corners by up to `share`."""
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops  # noqa: PLC0415

    falls = [255 - round(share * 255 * (max(0, value - 90) / 165) ** 2) for value in range(256)]
    shade = Images.radial_gradient("L").point(falls).resize(image.size, Images.Resampling.BICUBIC)
    return ImageChops.multiply(image, Images.merge("RGB", (shade, shade, shade)))


def grain(image: Image, seed: bytes, swing: int) -> Image:
    """Add fine noise of up to `swing` steps up or down, the same in all channels."""
    return _added(image, _tiled(image.size, seed, swing, soft=False), swing)


def paper_grain(image: Image, seed: bytes, swing: int) -> Image:
    """Add the tooth of paper: noise of about two pixels."""
    return _added(image, _tiled(image.size, seed, swing, soft=True), swing)


def mottle(image: Image, seed: bytes, depth: float) -> Image:
    """Make the picture unevenly lighter: up to `depth` of the way to white, as pigment that ran dry."""
    from PIL import Image as Images  # noqa: PLC0415

    thin = noise(image.size, seed + b"mottle", 9, 4).point(
        [round(depth * min(255, max(0, 3 * (value - 96)))) for value in range(256)]
    )
    return Images.composite(Images.new("RGB", image.size, (255, 255, 255)), image, thin)


def dark_rims(image: Image) -> Image:
    """Darken edges, where wet paint leaves its pigment."""
    from PIL import ImageChops, ImageFilter  # noqa: PLC0415

    small = image.reduce(2)
    rims = ImageChops.difference(small, small.filter(ImageFilter.BoxBlur(max(1, max(small.size) // 180))))
    return ImageChops.subtract(image, rims.resize(image.size), scale=1, offset=0)


def wobble(image: Image, seed: bytes, share: float) -> Image:
    """Move the picture a little along smooth noise: by up to `share` of the long side."""
    from PIL import Image as Images  # noqa: PLC0415

    width, height = image.size
    across, down = (max(1, WOBBLES * side // max(image.size)) for side in image.size)
    grid = hashlib.shake_256(seed + b"wobble").digest(2 * (across + 1) * (down + 1))
    reach = share * max(image.size) / 128

    def corner(column: int, row: int) -> tuple[float, float]:
        at = 2 * (row * (across + 1) + column)
        return width * column / across + (grid[at] - 128) * reach, height * row / down + (grid[at + 1] - 128) * reach

    mesh = []
    for row in range(down):
        for column in range(across):
            box = (
                width * column // across,
                height * row // down,
                width * (column + 1) // across,
                height * (row + 1) // down,
            )
            if box[0] == box[2] or box[1] == box[3]:
                continue  # a picture of fewer pixels than wobbles
            corners = (
                corner(column, row),
                corner(column, row + 1),
                corner(column + 1, row + 1),
                corner(column + 1, row),
            )
            mesh.append((box, tuple(part for point in corners for part in point)))
    moved = image.transform(image.size, Images.Transform.MESH, mesh, Images.Resampling.BILINEAR)
    # What was fetched from outside the picture is black: keep the old pixels there.
    inside = Images.new("L", image.size, 255).transform(image.size, Images.Transform.MESH, mesh)
    return Images.composite(moved, image, inside)


def paper_border(image: Image, seed: bytes, paper: Rgb) -> Image:
    """Leave bare paper around the picture, with an uneven edge."""
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops  # noqa: PLC0415

    size = (min(image.width, 240), min(image.height, 240 * image.height // image.width or 1))
    size = (max(8, size[0]), max(8, size[1]))
    across, down = (Images.linear_gradient("L").resize(size), Images.linear_gradient("L").rotate(90).resize(size))
    near = [min(255, 14 * min(value, 255 - value)) for value in range(256)]
    inside = ImageChops.multiply(across.point(near), down.point(near))
    torn = ImageChops.add(inside, noise(size, seed + b"edge", 14, 3), scale=1, offset=-128)
    mask = torn.point([min(255, max(0, (value - 70) * 5)) for value in range(256)]).resize(
        image.size, Images.Resampling.BICUBIC
    )
    return Images.composite(image, Images.new("RGB", image.size, paper), mask)


def pencil(image: Image, seed: bytes, paper: Rgb) -> Image:
    """Redraw with lines along edges and hatching in the dark, over a faint colour."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops, ImageFilter  # noqa: PLC0415

    grey = image.convert("L")
    blurred = grey.filter(ImageFilter.GaussianBlur(max(1.0, max(image.size) / 400)))
    lines = ImageChops.subtract(blurred, grey, scale=0.16)
    lines = ImageChops.lighter(lines, ImageChops.subtract(grey, blurred, scale=0.3)).filter(ImageFilter.BoxBlur(0.5))
    rows, columns = (axis.astype(np.int16) for axis in np.ogrid[: image.height, : image.width])
    step = max(5, max(image.size) // 120)
    hand = np.asarray(noise(image.size, seed + b"hand", 20, 1), dtype=np.int16) * np.int16(step) // 60
    phase = (rows + columns + hand) % step * (255 // step)
    other = (2 * rows - columns + hand) % (2 * step) * (255 // (2 * step))
    tone = np.asarray(grey, dtype=np.int16)
    strokes = np.where(phase > tone + 75, 72, 0) + np.where(other > tone + 130, 60, 0)
    shading = Images.fromarray(strokes.astype(np.uint8)).filter(ImageFilter.BoxBlur(0.7))
    dark = ImageChops.add(lines, shading).point([min(225, value) for value in range(256)])
    sheet = Images.blend(Images.new("RGB", image.size, paper), image, 0.46)
    return Images.composite(Images.new("RGB", image.size, (46, 44, 54)), sheet, dark)


def halftone(image: Image) -> Image:
    """Print shadows as rows of dots."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops  # noqa: PLC0415

    step = max(6, max(image.size) // 96)
    rows, columns = np.ogrid[: image.height, : image.width]
    u, v = (rows + columns) % step * 2 - step, (rows - columns) % step * 2 - step
    away = (u * u + v * v) * 255 // (2 * step * step)
    tone = np.asarray(_blurred(image, 0.004).convert("L"), dtype=np.int32)
    ink = np.where(away * 2 < 165 - tone, 196, 255).astype(np.uint8)
    dots = Images.fromarray(ink)
    return ImageChops.multiply(image, Images.merge("RGB", (dots, dots, dots)))


def blocks(image: Image, across: int, colours: int) -> Image:
    """Reduce to `across` pixels along the long side and a few colours, then enlarge without smoothing."""
    from PIL import Image as Images  # noqa: PLC0415

    small = tuple(max(1, across * side // max(image.size)) for side in image.size)
    few = image.resize((small[0], small[1]), Images.Resampling.BOX).quantize(
        colours, Images.Quantize.MEDIANCUT, dither=Images.Dither.NONE
    )
    return few.convert("RGB").resize(image.size, Images.Resampling.NEAREST)


def _blurred(image: Image, share: float) -> Image:
    """Blur by a share of the long side, on a picture of an eighth of the size."""
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageFilter  # noqa: PLC0415

    factor = max(1, min(8, min(image.size) // 16))
    small = image.reduce(factor)
    return small.filter(ImageFilter.GaussianBlur(share * max(small.size))).resize(image.size, Images.Resampling.BICUBIC)


def _tiled(size: tuple[int, int], seed: bytes, swing: int, *, soft: bool) -> Image:
    """Return noise around `swing`, repeated from a tile: nobody sees the repetition, and it is cheap."""
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops  # noqa: PLC0415

    tile = Images.frombytes("L", (TILE, TILE), hashlib.shake_256(seed + b"grain").digest(TILE * TILE))
    if soft:
        shifted = (ImageChops.offset(tile, 1, 0), ImageChops.offset(tile, 0, 1), ImageChops.offset(tile, 1, 1))
        near, far = Images.blend(tile, shifted[0], 0.5), Images.blend(shifted[1], shifted[2], 0.5)
        tile = Images.blend(near, far, 0.5)
    tile = tile.point([value * 2 * swing // 255 for value in range(256)])
    sheet = Images.new("L", size)
    for left in range(0, size[0], TILE):
        for top in range(0, size[1], TILE):
            sheet.paste(tile, (left, top))
    return sheet


def _added(image: Image, sheet: Image, swing: int) -> Image:
    from PIL import Image as Images  # noqa: PLC0415
    from PIL import ImageChops  # noqa: PLC0415

    return ImageChops.add(image, Images.merge("RGB", (sheet, sheet, sheet)), scale=1, offset=-swing)
