"""Pictures by OpenAI's image models."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from reelmake.core.errors import ProviderError
from reelmake.providers import wire
from reelmake.providers.base import Answer, Call, ImageProvider, Options, Request, as_png
from reelmake.providers.openai.client import (
    KEY,
    bill,
    client,
    common_problem,
    is_wrong_request,
    last_day,
    vendor,
    wrapped_error,
)
from reelmake.providers.prices import PRICES, Price, Prices
from reelmake.providers.wire import Exchange

MODELS: Final = tuple(name.partition("/")[2] for name in PRICES if name.startswith("openai/gpt-image-"))

# A size for each ratio. Both sides have to be divisible by 16, and all of it at least 655,360 pixels.
SIZES: Final = (
    (1024, 1024),
    (1024, 1280),
    (1280, 1024),
    (1008, 1344),
    (1344, 1008),
    (1024, 1536),
    (1536, 1024),
    (1008, 1792),
    (1792, 1008),
)

QUALITIES: Final = ("low", "medium", "high", "xhigh", "max")
# Tokens of a picture of 1024x1024, which takes the most for its area, by quality.
# 2.5: from the prices per picture that LiteLLM lists (November 2026), at $30 for a million tokens.
# 2: those of OpenAI's model page for 1024x1536 (167, 1400, 5500), and 1.282 times as many, as it is with 2.5.
# 2.6: four times those of 2.5 for low and medium (they were measured as three to four), the same from high on.
SQUARE_TOKENS: Final[Mapping[str, tuple[int, ...]]] = {
    "gpt-image-2": (215, 1795, 7051),
    "gpt-image-2.5": (197, 440, 1757, 3123, 7023),
    "gpt-image-2.6": (788, 1760, 1757, 3123, 7023),
}
SQUARE_PIXELS: Final = 1024 * 1024
PROMPT_TOKENS: Final = 64  # what a prompt may be put into, on top of its bytes

_FAMILY = re.compile(r"(gpt-image-[\d.]*\d)(?:-flare|-sunburst)?")
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_REFUSALS: Final = ("moderation_blocked", "content_policy_violation", "content_filter", "safety_violation")
ANOTHER_PICTURE: Final = "change image: of the line"


class OpenAIImageOptions(Options):
    """What can be chosen of a model that draws; all of it asks for other pictures."""

    model: str = Field("gpt-image-2.5-flare", min_length=1, max_length=200, description="Which model draws.")
    quality: Literal["low", "medium", "high", "xhigh", "max"] = Field(
        "medium", description="How carefully it draws, and for how much: `xhigh` and `max` take gpt-image-2.5 or later."
    )
    moderation: Literal["auto", "low"] = Field("auto", description="How strictly prompts are looked at.")


class OpenAIImage(ImageProvider):
    """Draws a picture with one request.

    Request: `{"provider", "model", "prompt", "size": "WIDTHxHEIGHT", "quality", "moderation", "take"}`. The size is the
    one of SIZES with the ratio that comes closest: video is made of it at any size. The stored answer is the vendor's
    JSON, with the picture in base64. Units: `input_tokens`, `cached_tokens`, `output_tokens`.
    """

    pool: ClassVar[str] = "openai-image"
    options: ClassVar[type[Options]] = OpenAIImageOptions
    timeout_seconds: ClassVar[float] = 360.0
    secrets: ClassVar[tuple[str, ...]] = (KEY,)

    def shape(self, generic: Request) -> Request:
        """Return what is sent; the size only by its ratio, so that another resolution of the video costs nothing."""
        options = OpenAIImageOptions.model_validate(generic.get("options", {}))
        ratio = math.log(generic["width"] / generic["height"])
        width, height = min(SIZES, key=lambda size: abs(math.log(size[0] / size[1]) - ratio))
        return {
            "provider": generic["provider"],
            "model": options.model,
            "prompt": generic["prompt"],
            "size": f"{width}x{height}",
            "quality": options.quality,
            "moderation": options.moderation,
            "take": generic["take"],
        }

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        """Return what a picture costs at most: its tokens by quality and size, and a token for each byte sent."""
        price = _price_of(request["model"], prices)
        if price is None:
            return None
        made = most_output_tokens(request["model"], request["quality"], request["size"])
        if made is None and price.usd_per_million_output_tokens:
            return None
        width, height = (int(side) for side in request["size"].split("x"))
        per_picture = price.images(1, Decimal(math.ceil(width * height / 1_000_000)))
        return per_picture + price.tokens(len(request["prompt"].encode()) + PROMPT_TOKENS, made or 0)

    def ask(self, request: Request, call: Call) -> Answer:
        """Have the picture drawn. A refusal is a ProviderError: the same picture would be refused again."""
        who = vendor(call)

        def error_of(response: Exchange, code: str, message: str) -> ProviderError | None:
            if code in _REFUSALS or (is_wrong_request(response) and "safety system" in message):
                return ProviderError(f"{who} refused to draw this: {message} ({code})", ANOTHER_PICTURE)
            models = ", ".join(MODELS)
            return common_problem(who, response, code, message, models)

        images = client(call).images.with_raw_response
        sent = {name: request[name] for name in ("model", "prompt", "size", "quality", "moderation")}
        response = wire.exchange(partial(images.generate, **sent), who, error_of)
        if failed := wrapped_error(response, "data"):
            raise wire.problem(failed, who, error_of) or ProviderError(f"{who}: an error came in place of a picture")
        price, most = _price_of(request["model"], call.prices), self.price(request, call.prices)
        units, usd = bill(response.json(), price, most)
        if price and (price.usd_per_image or price.usd_per_megapixel):
            usd = most  # it is not paid by what `usage` counts, or not only
        return Answer(response.body, {"images": 1, **units}, usd)

    def ends_on(self, options: Mapping[str, Any], call: Call) -> str | None:
        """Return the model's last day, when it is known."""
        return last_day(str(options["model"]), call)

    def read(self, body: bytes, request: Request) -> bytes:  # noqa: ARG002 the picture says all there is
        """Return the picture as a PNG; raises ProviderError when there is none."""
        return as_png(_drawn(body))


def most_output_tokens(model: str, quality: str, size: str) -> int | None:
    """Return how many tokens a picture takes at most, None when nobody knows.

    Only some sizes are published; they take fewer tokens for their area than a square does.
    """
    family = _FAMILY.fullmatch(_DATE.sub("", model))
    by_quality = SQUARE_TOKENS.get(family[1], ()) if family else ()
    level = QUALITIES.index(quality)
    if level >= len(by_quality):
        return None
    width, height = (int(side) for side in size.split("x"))
    return math.ceil(by_quality[level] * max(1.0, width * height / SQUARE_PIXELS))


def _price_of(model: str, prices: Prices) -> Price | None:
    """Return the price of a model, or of the one that a dated snapshot is of."""
    return prices.of("openai", model) or prices.of("openai", _DATE.sub("", model))


def _drawn(body: bytes) -> bytes:
    try:
        document: Any = json.loads(body)
        encoded = document["data"][0]["b64_json"]
        return base64.b64decode(encoded, validate=True)
    except (ValueError, LookupError, TypeError, RecursionError, binascii.Error) as error:
        what = f"there is no picture in the answer ({type(error).__name__})"
        raise ProviderError(what, "bump the line's take: for another one") from None
