"""OpenAI's image generation: what may be asked, how many tokens it takes, what comes back."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from vendors.openai_errors import invalid
from vendors.pictures import PILLOW, colour_of, picture
from vendors.records import Answer

MODELS = (
    "gpt-image-2",
    "gpt-image-2.5-flare",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.6-flare",
    "gpt-image-2.6-sunburst",
)
SNAPSHOTS = ("gpt-image-2-2026-04-21", "gpt-image-2.5-flare-2026-09-08", "gpt-image-2.5-sunburst-2026-09-08")
QUALITIES = ("low", "medium", "high", "xhigh", "max")
TOKENS: dict[str, dict[str, tuple[int, ...]]] = {  # of one picture, by quality
    "gpt-image-2": {"1024x1536": (167, 1400, 5500)},
    "gpt-image-2.5": {
        "1024x1536": (158, 343, 1372, 2459, 5488),
        "1920x1080": (147, 343, 1320, 2347, 5280),
        "1024x1024": (197, 440, 1757, 3123, 7023),
    },
}
TEXT_USD, PICTURE_USD = Decimal(5) / 1_000_000, Decimal(30) / 1_000_000
SIZE = re.compile(r"(\d+)x(\d+)")
USUAL = "1024x1024"
LEAST_PIXELS, LONGEST_SIDE, SHORTEST_SIDE = 655_360, 3840, 2160


def wrong_image(body: dict[str, Any]) -> Iterator[Answer]:
    """Yield what is said to a request that cannot be met, the first complaint first."""
    model, prompt = str(body.get("model")), body.get("prompt")
    if not prompt or not isinstance(prompt, str):
        yield invalid("Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter")
    if model not in (*MODELS, *SNAPSHOTS):
        known = ", ".join(f"'{name}'" for name in MODELS)
        yield invalid(f"Invalid value: '{model}'. Supported values are: {known}.", "model")
    for name in ("response_format", "seed"):
        if name in body:
            yield invalid(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if body.get("quality", "auto") not in ("auto", *QUALITIES[: len(_row(model, USUAL))]):
        yield invalid(f"Invalid value: '{body['quality']}' is not a quality of this model.", "quality")
    if body.get("output_format", "png") not in PILLOW:
        yield invalid(f"Invalid value: '{body['output_format']}'.", "output_format")
    if not 1 <= (body.get("n") or 1) <= 10:
        yield invalid("Invalid 'n': expected a value between 1 and 10.", "n", "integer_out_of_range")
    yield from _wrong_size(str(body.get("size") or "auto"))


def _wrong_size(size: str) -> Iterator[Answer]:
    found = SIZE.fullmatch(USUAL if size == "auto" else size)
    if not found:
        yield invalid(f"Invalid size '{size}'.", "size")
        return
    width, height = int(found[1]), int(found[2])
    short, long = sorted((width, height))
    if width % 16 or height % 16:
        yield invalid(f"Invalid size '{size}'. Width and height must both be divisible by 16.", "size")
    if long > 3 * short:
        yield invalid(f"Invalid size '{size}'. The ratio must be between 1:3 and 3:1.", "size")
    if long > LONGEST_SIDE or short > SHORTEST_SIDE or width * height < LEAST_PIXELS:
        yield invalid(f"Invalid size '{size}'. Sizes go from {LEAST_PIXELS} pixels to 3840x2160.", "size")


def paint(body: dict[str, Any]) -> tuple[dict[str, Any], Decimal, int]:
    """Return the answer's body, what it costs, and its tokens."""
    size = body.get("size") or "auto"
    size = USUAL if size == "auto" else size
    quality = body.get("quality") or "auto"
    quality = "medium" if quality == "auto" else quality
    form, count, prompt = body.get("output_format") or "png", body.get("n") or 1, body["prompt"]
    width, height = (int(side) for side in size.split("x"))
    painted = picture(colour_of(prompt), (width, height), form)
    asked, made = len(prompt) // 4 + 1, count * tokens(body["model"], size, quality)
    answer = {
        "created": int(time.time()),
        "background": "opaque",
        "data": [{"b64_json": base64.b64encode(painted).decode()} for _ in range(count)],
        "output_format": form,
        "quality": quality,
        "size": size,
        "usage": {
            "input_tokens": asked,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": asked},
            "output_tokens": made,
            "output_tokens_details": {"image_tokens": made, "text_tokens": 0},
            "total_tokens": asked + made,
        },
    }
    return answer, asked * TEXT_USD + made * PICTURE_USD, asked + made


def tokens(model: str, size: str, quality: str) -> int:
    """Return how many tokens a picture takes; sizes that nobody published go by their area."""
    level = QUALITIES.index(quality)
    width, height = (int(side) for side in size.split("x"))
    row = _row(model, size) or _row(model, f"{height}x{width}")
    count = row[level] if row else round(_row(model, "1024x1536")[level] * width * height / (1024 * 1536))
    return count * 3 if "2.6" in model and quality in ("low", "medium") else count


def _row(model: str, size: str) -> tuple[int, ...]:
    family = "gpt-image-2.5" if model.startswith(("gpt-image-2.5", "gpt-image-2.6")) else "gpt-image-2"
    rows = TOKENS[family]
    return rows.get(size) or (rows["1024x1536"] if size == USUAL else ())
