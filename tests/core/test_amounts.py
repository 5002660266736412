"""Whatever somebody writes as an amount, what is read of it can be added, divided and rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reelmake.core.amounts import LEAST, MOST, amount_of, dollars, duration, headline, total, with_unpriced
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


@pytest.mark.parametrize(
    ("usd", "single", "title"),
    [
        ("0", "$0", "$0"),
        ("0E-6", "$0", "$0"),
        ("0.000001", "$0.000001", "$0.000001"),
        ("0.0099", "$0.0099", "$0.0099"),
        ("0.01", "$0.01", "$0.01"),
        ("0.05480", "$0.0548", "$0.06"),
        ("0.5", "$0.50", "$0.50"),
        ("2", "$2.00", "$2.00"),
        ("2.001", "$2.001", "$2.01"),
        ("1E+2", "$100.00", "$100.00"),
        ("1E+9", "$1000000000.00", "$1000000000.00"),
        ("999999999.999999", "$999999999.999999", "$1000000000.00"),
    ],
)
def test_money_is_shown_in_one_form_and_in_cents_in_a_title(usd: str, single: str, title: str) -> None:
    assert (dollars(Decimal(usd)), headline(Decimal(usd))) == (single, title)


def test_what_has_no_price_is_never_shown_as_nothing() -> None:
    assert dollars(None) == "unpriced"
    assert with_unpriced(dollars(Decimal(0)), 2) == "2 unpriced"
    assert with_unpriced(dollars(Decimal("0.02")), 1) == "$0.02 and 1 unpriced"
    assert with_unpriced(dollars(Decimal(0)), 0) == "$0"
    assert total([Decimal(1), None]) is None
    assert total([Decimal(1), Decimal(2)]) == 3
    assert total([]) == 0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (7, "7 s"),
        (59.0, "59 s"),
        (59.2, "1 min 00 s"),
        (65.0, "1 min 05 s"),
        (3599.5, "1 h 00 min"),
        (7620.0, "2 h 07 min"),
    ],
)
def test_time_is_shown_in_one_form(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
