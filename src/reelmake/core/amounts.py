"""Amounts that somebody else wrote: money, and what vendors count. They are bounded here, where they are read."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

MOST: Final = 10**9  # dollars, characters, tokens: nobody bills more for one request
LEAST: Final = Decimal("1e-12")  # but for nothing


def amount_of(written: object) -> Decimal | None:
    """Return an amount from 0 to 1e9, or None for anything else: sums and ratios of amounts never fail."""
    try:
        amount = Decimal(str(written))
    except (ArithmeticError, ValueError):  # a ValueError: an int of more digits than Python writes
        return None
    return amount if amount.is_finite() and (amount == 0 or LEAST <= amount <= MOST) else None
