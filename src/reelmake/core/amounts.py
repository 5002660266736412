"""Amounts: how those that somebody else wrote are read, and how money and time are shown, everywhere in one form.

What vendors and authors write is bounded here, where it is read: money, and what vendors count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import ROUND_UP, Decimal, localcontext
from typing import Final

MOST: Final = 10**9  # dollars, characters, tokens: nobody bills more for one request
LEAST: Final = Decimal("1e-12")  # but for nothing
CENT: Final = Decimal("0.01")
UNPRICED: Final = "unpriced"
MINUTE, HOUR = 60, 3600
FEW_SECONDS: Final = 10  # so many have a decimal


def amount_of(written: object) -> Decimal | None:
    """Return an amount from 0 to 1e9, or None for anything else: sums and ratios of amounts never fail."""
    try:
        amount = Decimal(str(written))
    except (ArithmeticError, ValueError):  # a ValueError: an int of more digits than Python writes
        return None
    return amount if amount.is_finite() and (amount == 0 or LEAST <= amount <= MOST) else None


def dollars(usd: Decimal | None) -> str:
    """Return an amount as it is shown: `$0.0548`, `$2.50`, `$0`; `unpriced` for one that nobody knows."""
    if usd is None:
        return UNPRICED
    if usd == 0:
        return "$0"
    with localcontext(prec=100):
        whole, _, decimals = f"{usd.normalize():f}".partition(".")
    return f"${whole}.{decimals:0<2}"


def headline(usd: Decimal) -> str:
    """Return an amount for a title: whole cents, never less than it is; below a cent, all of it."""
    return dollars(usd if usd < CENT else usd.quantize(CENT, ROUND_UP))


def with_unpriced(shown: str, unpriced: int) -> str:
    """Return a sum as it is shown, with how many amounts it lacks; nothing but those is never `$0`."""
    if not unpriced:
        return shown
    return f"{unpriced} {UNPRICED}" if shown == "$0" else f"{shown} and {unpriced} {UNPRICED}"


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of amounts; None when nobody knows one of them, since a part is not the sum."""
    usd = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        usd += amount
    return usd


def as_json(usd: Decimal | None) -> str | None:
    """Return an amount for JSON: text, so that no cent is lost; null for one that nobody knows."""
    return None if usd is None else f"{usd:f}"


def duration(seconds: float) -> str:
    """Return a time as it is shown: `0.4 s`, `12 s`, `1 min 05 s`, `2 h 07 min`; an int has no decimal."""
    if isinstance(seconds, float) and round(seconds, 1) < FEW_SECONDS:
        return f"{seconds:.1f} s"
    whole = math.ceil(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
