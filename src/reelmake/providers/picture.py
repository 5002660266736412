"""Pictures that vendors send, as the PNG that a build uses."""

from __future__ import annotations

import io
from typing import Final

from reelmake.errors import ProviderError

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")


def as_png(picture: bytes) -> bytes:
    """Return a picture as a PNG: one that is a PNG already as it is, when all of it is there.

    Raises ProviderError for whatever cannot be decoded.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
            image.load()
            if image.format == "PNG":
                return picture
            png = io.BytesIO()
            image.convert("RGBA" if image.has_transparency_data else "RGB").save(png, "PNG")
            return png.getvalue()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        what = f"the picture that was drawn cannot be read: {error}"
        raise ProviderError(what, "bump the line's take: for another one") from error
