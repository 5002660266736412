"""Whatever somebody writes as an amount, what is read of it can be added, divided and rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reelmake.core.amounts import LEAST, MOST, amount_of
from reelmake.providers.prices import rounded


@pytest.mark.parametrize("written", ["0", 0, "0.10", " 7 ", 12, Decimal("0.000001"), LEAST, MOST, "1e9", "0E+999999"])
def test_an_amount_is_read_as_it_is(written: object) -> None:
    amount = amount_of(written)
    assert amount == Decimal(str(written))
    assert rounded(amount + amount) >= 0


HOSTILE: list[object] = [
    "",
    "none",
    None,
    True,
    "-1",
    "NaN",
    "sNaN",
    "Infinity",
    "1E+999999",
    "1E-999999",
    "9" * 201,
    10**120,
]
HOSTILE += [10**9 + 1, 10**5000, "1E+999999999999999999999", float("inf"), -0.5, [], {}]


@pytest.mark.parametrize("written", HOSTILE, ids=lambda written: str(type(written)))
def test_anything_else_is_none(written: object) -> None:
    assert amount_of(written) is None
