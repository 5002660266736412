"""What may go from a store, and what has to stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from contract_receipts import receipt_for

from reelmake.core.keys import key
from reelmake.store.base import Blob, Receipt
from reelmake.store.prune import FREE_DAYS, PAID_DAYS, Rule, Waste, waste

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def made(text: str, days_ago: float, usd: str | None = "0", content: bytes = b"") -> Receipt:
    manifest: dict[str, Any] = {"kind": "voice", "recipe": 1, "request": {"text": text}, "inputs": {}}
    return receipt_for(
        content or text.encode(),
        manifest=manifest,
        key=key(manifest),
        made_at=(NOW - timedelta(days=days_ago)).isoformat(),
        usd=None if usd is None else Decimal(usd),
    )


def kept(receipt: Receipt, days_ago: float) -> Blob:
    return Blob(receipt.blob, 10, (NOW - timedelta(days=days_ago)).timestamp())


def chosen(
    *receipts: Receipt, needed: tuple[Receipt, ...] = (), put_days_ago: float = 400, paid_days: int = 90
) -> Waste:
    blobs = {receipt.blob: kept(receipt, put_days_ago) for receipt in receipts}
    return waste(receipts, blobs.values(), Rule({one.key for one in needed}, NOW, paid_days))


@pytest.mark.parametrize(
    ("usd", "days", "goes"),
    [
        ("0", FREE_DAYS + 1, True),
        ("0", FREE_DAYS - 1, False),
        ("0.01", PAID_DAYS + 1, True),
        ("0.01", PAID_DAYS - 1, False),
        (None, PAID_DAYS - 1, False),
        (None, PAID_DAYS + 1, True),
    ],
)
def test_what_nobody_needs_goes_when_it_is_old_and_what_was_paid_for_later(
    usd: str | None, days: int, goes: bool
) -> None:
    assert bool(chosen(made("a", days, usd)).blobs) == goes


def test_what_is_needed_stays_at_any_age() -> None:
    receipt = made("a", 4000, "1")
    assert chosen(receipt, needed=(receipt,)) == Waste((), (), ())


def test_a_blob_stays_while_anything_that_stays_is_it() -> None:
    old, new = made("a", 400, content=b"same"), made("b", 1, content=b"same")
    found = chosen(old, new)
    assert found.blobs == ()
    assert found.receipts == (old,)


def test_receipts_of_paid_content_stay_and_are_reported_once() -> None:
    receipt = made("a", 400, "0.25")
    found = chosen(receipt)
    assert (found.receipts, found.paid, found.usd, found.size_bytes) == ((), (receipt,), Decimal("0.25"), 10)
    assert waste([receipt], [], Rule((), NOW)) == Waste((), (), ())


def test_what_was_put_there_again_of_late_stays() -> None:
    assert chosen(made("a", 400), put_days_ago=FREE_DAYS - 1).blobs == ()


def test_what_no_receipt_names_goes_when_it_is_old() -> None:
    orphan = kept(made("a", 0), FREE_DAYS + 1)
    assert waste([], [orphan], Rule((), NOW)).blobs == (orphan,)


@pytest.mark.parametrize("made_at", ["", "yesterday", "2020-01-01T00:00:00"])
def test_what_does_not_say_when_it_was_made_stays(made_at: str) -> None:
    receipt = made("a", 400)
    undated = receipt_for(b"a", manifest=receipt.manifest, key=receipt.key, made_at=made_at, usd=Decimal(0))
    assert chosen(undated).receipts == ()
