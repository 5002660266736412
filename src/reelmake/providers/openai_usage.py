"""What a request of OpenAI's is billed: before it is sent, at most; afterwards, by the tokens that the answer tells."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import ceil
from typing import Any, Final

from reelmake.prices import Price

# Tokens are made of bytes: no text has more of them than bytes. What is around messages, the name of the schema and
# the sentence that asks for JSON come on top.
OVERHEAD_TOKENS: Final = 300
CACHE_WRITE: Final = Decimal("0.25")  # what is written to the vendor's cache costs so much more (OpenAI, 2026-11)


def most_input_tokens(text: str) -> int:
    """Return how many tokens a text is billed as at most."""
    return ceil((len(text.encode()) + OVERHEAD_TOKENS) * (1 + CACHE_WRITE))


def bill(told: Any, price: Price | None, most: Decimal | None) -> tuple[dict[str, int], Decimal | None]:
    """Return the units of a completion or picture and its cost, by its `usage`; without one, `most` is its cost.

    The units are `input_tokens` (with the cached ones), `output_tokens`, `cached_tokens`; they are left out when the
    server does not count. The cost is None when nobody knows the price.
    """
    usage = told.get("usage") if isinstance(told, dict) else None
    asked, made = _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")
    if asked is None or made is None:
        return {}, most
    details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
    cached = min(_count(details, "cached_tokens") or 0, asked)
    written = min(_count(details, "cache_write_tokens") or 0, asked - cached)
    units = {"input_tokens": asked, "output_tokens": made, "cached_tokens": cached}
    return units, price.tokens(asked + ceil(written * CACHE_WRITE), made, cached) if price else None


def _count(usage: Any, *names: str) -> int | None:
    """Return the first of these numbers that a server tells."""
    found: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    return next((found[name] for name in names if type(found.get(name)) is int and found[name] >= 0), None)
