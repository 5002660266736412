"""A script that cannot be used is requested once more, and never a third time: by the vendor's requests and bills.

All of it runs in this process, against the stand-in of the vendor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from scripts import PROVIDER, request_for
from vendors.server import Vendors

from reelmake.core.errors import CapError, UnusableError
from reelmake.core.keys import Action, digest_of, key, manifest
from reelmake.engine.budget import Budget
from reelmake.engine.calls import Caller
from reelmake.engine.engine import Context, perform
from reelmake.engine.scripts import STANDS_FOR, due, equivalent_of, follow_up_of, paid_after, repair_of, stands_for
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.providers.prices import Prices
from reelmake.store.base import Receipt
from reelmake.store.local import LocalStore

ACTION = Action("script", 1, request_for(), {}, {"script": "build/sky/script.json"})


@pytest.fixture
def v() -> Iterator[Vendors]:
    with Vendors() as vendors:
        yield vendors
        assert vendors.violations == []


def a_context(root: Path, v: Vendors, cap_usd: Decimal | None = None) -> Context:
    (root / "work").mkdir(exist_ok=True, parents=True)
    (root / ".reelmake/work").mkdir(exist_ok=True, parents=True)
    caller = Caller(budget=Budget(cap_usd), variable=v.env().get, retry_seconds=0)
    return Context(root, LocalStore(root / "store"), Ffmpeg(), lambda _: "", caller)


def lines(root: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((root / "build/sky/script.json").read_text("utf-8"))["lines"]
    return found


@pytest.mark.slow
def test_a_script_is_mended_by_one_more_request_which_is_bought_once(tmp_path: Path, v: Vendors) -> None:
    v.fail("openai/script", "miscount", times=1)
    context = a_context(tmp_path, v)
    assert perform(ACTION, context, "script:sky") == "made"
    assert len(lines(tmp_path)) == 4
    assert v.count("openai", "script") == v.billed_count("openai", "script") == 2
    first, second = v.hits
    assert isinstance(first.body, dict)
    assert isinstance(second.body, dict)
    assert second.body["messages"][: len(first.body["messages"])] == first.body["messages"]
    answered, repair = second.body["messages"][-2:]
    assert answered["role"] == "assistant"
    assert len(json.loads(answered["content"])["lines"]) == 3
    assert "it has 3 lines instead of 4" in repair["content"]
    (tmp_path / "build/sky/script.json").unlink()
    assert perform(ACTION, a_context(tmp_path, v), "script:sky") == "restored"
    assert len(lines(tmp_path)) == 4
    assert v.count("openai", "script") == 2, "both answers are in the store"
    receipts = list(context.store.receipts())
    assert sum(receipt.usd or 0 for receipt in receipts) - v.spent() < Decimal("0.00001")
    assert {receipt.step for receipt in receipts} == {"script:sky"}
    assert list(context.store.notes()) == []
    bought = context.store.find(key(manifest(ACTION, {})))
    assert bought
    (again,) = paid_after(bought, context.store)
    assert {bought.key, again.key} == {receipt.key for receipt in receipts}


@pytest.mark.parametrize("body", [b"", b"{", b'"', b'{"request": 7}', b'{"request": {"a": 1}}', b"[" * 100_000])
def test_what_only_looks_like_an_equivalent_is_none(tmp_path: Path, v: Vendors, body: bytes) -> None:
    context, wanted = a_context(tmp_path, v), manifest(ACTION, {})
    name = f'{{"schema": "{STANDS_FOR}"'.encode()
    body = body.replace(b"{", name + b", ", 1) if b": " in body else name + body
    made_at = "2026-11-01T00:00:00+00:00"
    context.store.put(Receipt("script", key(wanted), wanted, digest_of(body), Decimal(0), {}, "store", made_at), body)
    assert equivalent_of(ACTION, context.store) is ACTION


@pytest.mark.slow
def test_what_stands_for_a_request_is_asked_in_its_place_and_once_more(tmp_path: Path, v: Vendors) -> None:
    context = a_context(tmp_path, v)
    other = request_for(topic="a shorter one")
    wanted, body = manifest(ACTION, {}), stands_for(other)
    made_at = "2026-11-01T00:00:00+00:00"
    context.store.put(Receipt("script", key(wanted), wanted, digest_of(body), Decimal(0), {}, "store", made_at), body)
    assert (due(ACTION, context.store), equivalent_of(ACTION, context.store).request) == (
        replace(ACTION, request=other),
        other,
    )
    v.fail("openai/script", "miscount", times=1)
    assert perform(ACTION, context, "script:sky") == "made"
    assert v.billed_count("openai", "script") == 2
    assert all("a shorter one" in str(hit.body) for hit in v.hits)
    assert perform(ACTION, a_context(tmp_path, v), "script:sky") == "restored"
    bought = context.store.find(key(wanted))
    assert bought
    paid = sum(receipt.usd or 0 for receipt in paid_after(bought, context.store))
    assert 0 <= paid - v.spent() < Decimal("0.00001"), "each is rounded up"


@pytest.mark.slow
def test_there_is_no_third_request_whatever_comes(tmp_path: Path, v: Vendors) -> None:
    v.fail("openai/script", "miscount", times=None)
    for _ in range(2):
        with pytest.raises(UnusableError, match=r"it has 3 lines instead of 4 \(the request said what was wrong"):
            perform(ACTION, a_context(tmp_path, v), "script:sky")
    assert v.count("openai", "script") == 2


@pytest.mark.slow
def test_the_cap_counts_both_and_a_later_build_buys_only_what_is_due(tmp_path: Path, v: Vendors) -> None:
    v.fail("openai/script", "miscount", times=1)
    quote = PROVIDER.price(ACTION.request, Prices())
    more = PROVIDER.repair_price(ACTION.request, Prices())
    assert quote
    assert more
    context = a_context(tmp_path, v, quote)
    with pytest.raises(CapError, match="the cap of"):
        perform(ACTION, context, "script:sky")
    assert v.count("openai", "script") == 1
    again = due(ACTION, context.store)
    assert again
    assert 0 < (PROVIDER.price(again.request, Prices()) or 0) <= more, "what a plan tells before is enough"
    assert perform(ACTION, a_context(tmp_path, v, quote + more), "script:sky") == "made"
    assert due(ACTION, context.store) is None
    assert v.count("openai", "script") == 2


def test_what_the_model_did_not_write_is_not_asked_for_again(tmp_path: Path, v: Vendors) -> None:
    v.fail("openai/script", "length", times=1)
    with pytest.raises(UnusableError, match="ran out of tokens"):
        perform(ACTION, a_context(tmp_path, v), "script:sky")
    assert v.count("openai", "script") == 1


def test_an_authors_own_script_and_what_is_no_script_are_never_asked_for() -> None:
    own = Action("script", 1, {"provider": "spec", "lines": []})
    assert repair_of(own, b"nonsense") is None
    assert repair_of(replace(ACTION, kind="voice"), b"nonsense") is None
    assert repair_of(ACTION, b"nonsense") is None


def test_what_is_asked_for_again_is_known_from_the_first_answer(tmp_path: Path, v: Vendors) -> None:
    """So that nothing that was paid for looks as if nobody needed it."""
    v.fail("openai/script", "miscount", times=1)
    context = a_context(tmp_path, v)
    assert follow_up_of(ACTION, context.store) is None
    perform(ACTION, context, "script:sky")
    again = follow_up_of(ACTION, context.store)
    assert again
    assert {receipt.key for receipt in context.store.receipts()} == {key(manifest(one, {})) for one in (ACTION, again)}
