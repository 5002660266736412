"""Pictures with no keys and no network: a painter draws what the words of a prompt name, in the style asked for."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from reelmake.core.errors import ProviderError
from reelmake.providers.base import Answer, Call, ImageProvider, Request
from reelmake.providers.prices import Prices

LARGEST_SIDE_PIXELS = 2048


class OfflineImage(ImageProvider):
    """Paints a picture from a request; the same request gives the same bytes.

    A request is that of `ImageProvider`. The subject (or the prompt, where there is none) is read for places, moods and
    things that have an icon; the style for a treatment, such as watercolour or neon; each take is another composition.
    """

    pool: ClassVar[str] = "cpu"

    def price(self, request: Request, prices: Prices) -> Decimal:  # noqa: ARG002 it works on this machine
        """Return nothing: it is free."""
        return Decimal(0)

    def remarks(self, request: Request) -> Mapping[str, tuple[str, str]]:
        """Say that it has no picture for a subject, or that a style changes nothing."""
        from reelmake.offline.painter import knows_style, knows_subject  # noqa: PLC0415

        found = {}
        if not knows_subject(request["subject"] or request["prompt"]):
            what = "the offline painter knows none of these things, and paints a pattern"
            found["subject"] = (what, "name a thing or a place, such as `a lighthouse by the sea`")
        if not knows_style(request["style"]):
            what = "the offline painter ignores this style: it knows no word of it"
            found["style"] = (
                what,
                "name one such as watercolour, neon, paper or flat, or choose another image provider",
            )
        return found

    def ask(self, request: Request, call: Call) -> Answer:  # noqa: ARG002 it needs no vendor
        """Paint; raises ProviderError when the size is not one that can be painted."""
        from reelmake.offline.painter import paint  # noqa: PLC0415

        size = (request["width"], request["height"])
        if not all(isinstance(side, int) and 1 <= side <= LARGEST_SIDE_PIXELS for side in size):
            raise ProviderError(
                f"the offline painter cannot paint {size[0]}x{size[1]} pixels",
                f"ask for 1 to {LARGEST_SIDE_PIXELS} pixels a side",
            )
        return Answer(paint(request), {"images": 1})

    def read(self, body: bytes, request: Request) -> bytes:  # noqa: ARG002 the picture says all there is
        """Return the picture; raises ProviderError when it is not a whole PNG."""
        from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

        try:
            with Image.open(io.BytesIO(body), formats=["PNG"]) as image:
                image.load()
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            raise ProviderError(
                f"the stored picture is not a PNG: {error}", "delete it from the store and build again"
            ) from error
        return body
