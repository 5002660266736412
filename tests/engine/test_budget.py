"""The cap, with many threads at it: what is spent never goes over it, and nobody waits for ever."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from contract_receipts import receipt_for
from far import bucket_at, layered
from s3_faults import Door
from seaweed import Seaweed

from reelmake.core.errors import CapError
from reelmake.engine.budget import Budget
from reelmake.engine.costs import Ledger, period
from reelmake.project.settings import Allowance
from reelmake.store.base import Store
from reelmake.store.local import LocalStore
from reelmake.store.memory import MemoryStore

LONG_SECONDS = 20.0  # nothing here takes so long, unless it hangs


def at_once(count: int, work: Callable[[int], object]) -> None:
    """Run work in many threads; fails when one does not end."""
    errors: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + LONG_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    assert errors == []


class Bill:
    """What a vendor bills, and the most that was ever open and billed together."""

    def __init__(self) -> None:
        self.billed = self.open = self.most = Decimal(0)
        self.lock = threading.Lock()

    def begin(self, usd: Decimal) -> None:
        with self.lock:
            self.open += usd
            self.most = max(self.most, self.open + self.billed)

    def end(self, reserved: Decimal, usd: Decimal) -> None:
        with self.lock:
            self.open -= reserved
            self.billed += usd


@pytest.mark.parametrize("seed", range(4))
def test_many_threads_never_spend_more_than_the_cap(seed: int) -> None:
    """Whatever each costs, and however much less than was reserved; and they come close to the cap."""
    dice = random.Random(seed)
    costs = [[Decimal(dice.randint(1, 900)) / 1000 for _ in range(12)] for _ in range(24)]
    parts = [Decimal(dice.choice(["0", "0.3", "0.9", "1"])) for _ in range(24)]
    budget, bill, refused = Budget(Decimal(30)), Bill(), threading.Event()

    def buy(number: int) -> None:
        for usd in costs[number]:
            try:
                budget.reserve(usd, "a picture")
            except CapError:
                refused.set()
                return
            bill.begin(usd)
            time.sleep(0.0005)
            paid = usd * parts[number]
            bill.end(usd, paid)
            budget.settle(usd, paid)

    at_once(24, buy)
    assert bill.most <= 30
    assert budget.spent_usd == bill.billed <= 30
    assert refused.is_set()
    assert bill.billed > 29, "it stopped long before the cap"


def test_a_request_waits_for_others_that_may_turn_out_cheaper() -> None:
    budget = Budget(Decimal(1))
    budget.reserve(Decimal("0.9"), "one")
    begun, done = threading.Event(), threading.Event()

    def second() -> None:
        begun.set()
        budget.reserve(Decimal("0.5"), "two")
        done.set()

    threading.Thread(target=second, daemon=True).start()
    assert begun.wait(LONG_SECONDS)
    assert not done.wait(0.1)
    budget.settle(Decimal("0.9"), Decimal("0.4"))
    assert done.wait(LONG_SECONDS)
    budget.settle(Decimal("0.5"), Decimal("0.5"))
    assert budget.spent_usd == Decimal("0.9")


def test_a_request_that_cannot_fit_whatever_the_others_cost_does_not_wait_for_them() -> None:
    budget = Budget(Decimal(1))
    budget.reserve(Decimal("0.4"), "one")

    def second(_: int) -> None:
        with pytest.raises(CapError):
            budget.reserve(Decimal("1.01"), "two")

    at_once(1, second)


def test_after_a_refusal_nothing_more_is_bought_not_even_what_would_fit() -> None:
    budget = Budget(Decimal(1))
    with pytest.raises(
        CapError,
        match=r"the cap of \$1.00 is reached: \$0 is spent, and a picture costs \$2.00; no build .* raise cap_usd",
    ):
        budget.reserve(Decimal(2), "a picture")
    with pytest.raises(CapError) as refused:
        budget.reserve(Decimal("0.01"), "a word")
    assert refused.value.usd == Decimal("0.01")
    budget.reserve(Decimal(0), "a free one")


def test_all_who_wait_are_refused_when_one_is() -> None:
    budget = Budget(Decimal(1))
    budget.reserve(Decimal(1), "the first")
    refused = threading.Semaphore(0)

    def late(_: int) -> None:
        try:
            budget.reserve(Decimal("0.5"), "late")
        except CapError:
            refused.release()

    def settle() -> None:
        time.sleep(0.05)
        budget.settle(Decimal(1), Decimal(1))

    threading.Thread(target=settle, daemon=True).start()
    at_once(12, late)
    assert all(refused.acquire(blocking=False) for _ in range(12))


def test_what_nobody_knows_counts_as_all_that_was_reserved() -> None:
    budget = Budget(Decimal(1))
    budget.reserve(Decimal("0.7"), "a picture")
    budget.settle(Decimal("0.7"), None)
    assert budget.spent_usd == Decimal("0.7")
    with pytest.raises(CapError):
        budget.reserve(Decimal("0.4"), "another")


def test_a_free_request_waits_for_nobody() -> None:
    """Also when a vendor billed more than it was expected to, so that the cap is behind us."""
    budget = Budget(Decimal(1))
    budget.reserve(Decimal("0.5"), "a picture")
    budget.settle(Decimal("0.5"), Decimal(2))
    budget._reserved_usd += 1  # of somebody who is still at it
    at_once(1, lambda _: budget.reserve(Decimal(0), "a free one"))


def test_without_a_price_nothing_is_bought_under_a_cap_and_anything_without_one() -> None:
    capped, free = Budget(Decimal(1)), Budget()
    with pytest.raises(CapError, match=r"a picture has no price, and there is a cap of \$1.00") as refused:
        capped.reserve(None, "a picture")
    assert refused.value.usd is None
    capped.reserve(Decimal("0.5"), "what has a price still goes")
    free.reserve(None, "a picture")
    free.settle(None, None)
    free.reserve(None, "a picture")
    free.settle(None, Decimal("0.3"))
    free.reserve(Decimal(10**6), "a palace")
    free.settle(Decimal(10**6), Decimal(5))
    assert free.spent_usd == Decimal("5.3")
    assert free._reserved_usd == 0


def test_a_cap_of_nothing_buys_nothing() -> None:
    budget = Budget(Decimal(0))
    budget.reserve(Decimal(0), "a free one")
    with pytest.raises(CapError):
        budget.reserve(Decimal("0.000001"), "a word")


# -- bills that are higher than their quotes ----------------------------------------------------------------------


def test_a_bill_over_the_cap_closes_it_and_fails_the_build() -> None:
    budget = Budget(Decimal(1))
    budget.reserve(Decimal("0.4"), "one")
    budget.reserve(Decimal("0.4"), "under way")
    budget.settle(Decimal("0.4"), Decimal("1.3"))
    assert budget.passed.startswith("the bills are over a cap of $1.00: $1.30 is spent, more than was quoted")
    for usd in ("0.4", "0.000001"):
        with pytest.raises(CapError, match=r"the cap of \$1.00 is reached: \$1.30 is spent"):
            budget.reserve(Decimal(usd), "another")
    with pytest.raises(CapError):
        budget.check(MemoryStore(), "set aside, and not sent yet", Decimal("0.4"), Decimal("0.4"))
    budget.settle(Decimal("0.4"), Decimal("0.4"))
    budget.reserve(Decimal(0), "a free one")
    assert (budget.spent_usd, budget.closed_by) == (Decimal("1.7"), "cap")


@pytest.mark.parametrize(("cap", "bill"), [("1", "1"), ("1", "0.5"), (None, "9")])
def test_a_bill_that_fits_passes_nothing(cap: str | None, bill: str) -> None:
    budget = Budget(None if cap is None else Decimal(cap))
    budget.reserve(Decimal("0.4"), "one")
    budget.settle(Decimal("0.4"), Decimal(bill))
    assert not budget.passed


def test_a_message_says_to_raise_a_limit_only_where_nothing_else_helps() -> None:
    budget = Budget(Decimal(1))
    budget.reserve(Decimal("0.9"), "one")
    budget.settle(Decimal("0.9"), Decimal("0.9"))
    with pytest.raises(CapError) as refused:
        budget.reserve(Decimal("0.2"), "two")
    assert refused.value.fix == "a cap is for one build, and starts again with the next: run doit again to go on"
    with pytest.raises(CapError) as refused:
        budget.reserve(Decimal("1.01"), "three")
    assert "raise cap_usd or REELMAKE_CAP_USD" in refused.value.fix


# -- a budget beside the cap --------------------------------------------------------------------------------------

NOON = datetime(2026, 12, 2, 12, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("per", "now", "since", "until"),
    [
        ("day", "2026-12-02T12:00:00+00:00", "2026-12-02", "2026-12-03"),
        ("week", "2026-12-02T12:00:00+00:00", "2026-11-30", "2026-12-07"),
        ("month", "2026-12-02T12:00:00+00:00", "2026-12-01", "2027-01-01"),
        ("month", "2028-02-29T23:59:59+00:00", "2028-02-01", "2028-03-01"),
        ("week", "2026-11-30T00:00:00+00:00", "2026-11-30", "2026-12-07"),
        ("week", "2026-12-06T23:59:59+00:00", "2026-11-30", "2026-12-07"),
        ("day", "2026-12-02T00:30:00+02:00", "2026-12-01", "2026-12-02"),
        ("month", "2026-12-31T20:00:00-05:00", "2027-01-01", "2027-02-01"),
    ],
)
def test_a_period_begins_at_midnight_in_utc_and_a_week_on_monday(per: str, now: str, since: str, until: str) -> None:
    assert [f"{at:%Y-%m-%d}" for at in period(per, datetime.fromisoformat(now))] == [since, until]


class Clock:
    """The time, which a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def a_ledger(usd: str = "10", per: Literal["day", "week", "month"] = "month", clock: Clock | None = None) -> Ledger:
    return Ledger(Allowance(usd=Decimal(usd), per=per), clock or Clock())


def keep(store: Store, text: str, usd: str | None, made_at: datetime = NOON, **more: Any) -> str:
    amount = None if usd is None else Decimal(usd)
    wanted = {"kind": "voice", "recipe": 1, "request": {"text": text}, "inputs": {}}
    receipt = receipt_for(text.encode(), text, manifest=wanted, usd=amount, made_at=made_at.isoformat(), **more)
    store.put(receipt, text.encode())
    return receipt.key


def test_what_is_left_is_counted_from_the_receipts_of_the_period_and_from_notes() -> None:
    store, ledger = MemoryStore(), a_ledger(per="day")
    lost = {"asked_at": NOON.isoformat(), "usd": "0.20", "why": "cut off"}
    key = keep(store, "today", "1", earlier=(lost, {**lost, "asked_at": "2026-12-01T10:00:00+00:00"}))
    keep(store, "yesterday", "2", NOON - timedelta(days=1))
    keep(store, "free", "0")
    keep(store, "by another provider", "4", provider="acme")
    store.put(receipt_for(b"dateless", "dateless", usd=Decimal(5), made_at="soon"), b"dateless")
    store.write_note("r1:a", {"asked_at": NOON.isoformat(), "usd": "0.5", "lost": [lost]})
    store.write_note("r1:b", {"asked_at": "2026-11-01T00:00:00+00:00", "usd": "0.5", "lost": []})
    store.write_note("r1:c", {"asked_at": "", "ticket": {"id": 1}, "usd": "0.05", "lost": []})
    store.write_note(key, {"asked_at": NOON.replace(microsecond=7).isoformat(), "usd": "1", "lost": []})
    ledger.refresh(store)
    assert ledger.spent_usd == Decimal("1.20") + 4 + Decimal("0.70") + Decimal("0.05")
    assert ledger.left_usd == 10 - ledger.spent_usd
    assert str(ledger) == "$4.05 of $10.00 a day is left until 2026-12-03 (UTC)"
    assert ledger.to_json() == {
        "usd": "10", "per": "day", "since": "2026-12-02T00:00:00+00:00", "until": "2026-12-03T00:00:00+00:00",
        "spent_usd": "5.95", "left_usd": "4.05", "unpriced": 0, "store_not_asked": None,
    }  # fmt: skip


def test_what_has_no_price_is_told_and_counts_its_quote_where_there_is_one() -> None:
    store, ledger = MemoryStore(), a_ledger()
    keep(store, "quoted", None, quoted_usd=Decimal(2))
    keep(store, "nobody knows", None, quoted_usd=None)
    store.write_note("r1:a", {"asked_at": NOON.isoformat(), "usd": None, "lost": []})
    ledger.refresh(store)
    assert (ledger.spent_usd, ledger.unpriced) == (Decimal(2), 2)
    assert str(ledger).endswith(", and 2 unpriced requests are not counted")


def test_what_others_spend_meanwhile_counts_and_what_this_build_asks_for_counts_once() -> None:
    store, ledger = MemoryStore(), a_ledger()
    ledger.refresh(store)
    own = keep(store, "own", "1")
    ledger.ask(own)
    ledger.add(Decimal(1))
    store.write_note(own, {"asked_at": NOON.isoformat(), "usd": "1", "lost": []})
    keep(store, "another", "3")
    ledger.refresh(store)
    assert ledger.spent_usd == 4


def test_an_answer_of_an_earlier_build_that_is_found_counts_once() -> None:
    store, ledger = MemoryStore(), a_ledger()
    store.write_note("r1:a", {"asked_at": NOON.isoformat(), "usd": "2", "lost": []})
    ledger.refresh(store)
    ledger.ask("r1:a")
    assert ledger.spent_usd == 2
    ledger.find("r1:a")
    ledger.add(Decimal("1.5"))
    assert ledger.spent_usd == Decimal("1.5")


def test_a_build_that_goes_on_after_midnight_has_the_next_days_budget() -> None:
    clock, store = Clock(), MemoryStore()
    ledger = a_ledger("1", "day", clock)
    keep(store, "today", "0.8")
    ledger.refresh(store)
    ledger.add(Decimal("0.2"))
    assert ledger.left_usd == 0
    clock.now = NOON + timedelta(days=1)
    ledger.refresh(store)
    assert (ledger.left_usd, ledger.since.day) == (Decimal(1), 3)


def test_a_budget_refuses_what_is_over_it_and_says_when_it_starts_again() -> None:
    store, ledger = MemoryStore(), a_ledger("1")
    keep(store, "earlier", "0.7")
    ledger.refresh(store)
    budget = Budget(Decimal(5), ledger)
    with pytest.raises(CapError) as refused:
        budget.reserve(Decimal("0.4"), "a picture")
    assert str(refused.value) == (
        "the budget is reached: $0.30 of $1.00 a month is left until 2027-01-01 (UTC), and a picture costs $0.40; "
        "run doit again from 2027-01-01 (UTC) on, or raise budget in [tool.reelmake]"
    )
    with pytest.raises(CapError, match="nothing under this budget can buy it"):
        budget.reserve(Decimal("1.1"), "a palace")
    assert (budget.closed_by, budget.passed) == ("budget", "")
    with pytest.raises(CapError, match=r"there is a cap of \$5.00 and a budget of \$1.00 a month"):
        budget.reserve(None, "a picture")


def test_bills_over_the_budget_fail_the_build_and_those_of_others_do_not() -> None:
    store, ledger = MemoryStore(), a_ledger("1")
    budget = Budget(None, ledger)
    ledger.refresh(store)
    budget.reserve(Decimal("0.5"), "one")
    keep(store, "of another machine", "0.9")
    ledger.refresh(store)
    budget.settle(Decimal("0.5"), Decimal("0.5"))
    assert not budget.passed
    other = Budget(None, a_ledger("1"))
    other.reserve(Decimal("0.5"), "one")
    other.settle(Decimal("0.5"), Decimal("1.5"))
    assert other.passed.startswith("the bills are over a budget of $1.00 a month: $1.50 is spent")


@pytest.mark.parametrize("seed", range(3))
def test_many_threads_never_spend_more_than_the_budget(seed: int) -> None:
    dice = random.Random(seed)
    store = MemoryStore()
    keep(store, "earlier", "4")
    ledger = a_ledger("10")
    ledger.refresh(store)
    budget, bill = Budget(None, ledger), Bill()

    def buy(number: int) -> None:
        for _ in range(20):
            usd = Decimal(1 + number % 7) / 10
            try:
                budget.reserve(usd, "a picture")
            except CapError:
                return
            bill.begin(usd)
            paid = usd * Decimal(dice.choice(["0", "0.5", "1"]))
            bill.end(usd, paid)
            budget.settle(usd, paid)

    at_once(12, buy)
    assert 5 < bill.billed <= bill.most <= 6
    assert ledger.spent_usd == 4 + bill.billed


def test_a_folder_is_read_once_and_after_that_only_what_is_new(tmp_path: Path) -> None:
    store, now = LocalStore(tmp_path), datetime.now(UTC)
    ledger = Ledger(Allowance(usd=Decimal(10), per="month"))
    for number in range(40):
        keep(store, f"earlier {number}", "0.1", now)
    read: list[str] = []
    find = store.find

    def counted(key: str) -> Any:
        read.append(key)
        return find(key)

    store.find = counted  # type: ignore[method-assign]
    ledger.refresh(store)
    assert (len(read), ledger.spent_usd) == (40, Decimal(4))
    read.clear()
    ledger._looked_at = now + timedelta(minutes=1)  # as if all were a minute old
    ledger.refresh(store)
    assert read == []
    ledger._looked_at = now
    keep(store, "new", "1", now)
    ledger.refresh(store)
    assert ledger.spent_usd == 5


def test_a_shared_store_is_listed_once_and_counts_what_other_machines_have_spent(
    tmp_path: Path, door: Door, seaweed: Seaweed
) -> None:
    bucket, now = bucket_at(door.url, seaweed.bucket()), datetime.now(UTC)
    one, other = layered(tmp_path / "one", bucket), layered(tmp_path / "other", bucket)
    keep(other, "of the other machine", "3", now)
    ledger = Ledger(Allowance(usd=Decimal(10), per="day"))
    ledger.refresh(one)
    assert ledger.spent_usd == 3
    asked = len(door.asked)
    for _ in range(5):
        ledger.refresh(one)
    assert len(door.asked) == asked
    keep(one, "of this machine", "1", now)
    ledger.refresh(one)
    assert ledger.spent_usd == 4


def test_nothing_is_bought_while_a_shared_store_cannot_be_read(tmp_path: Path, door: Door, seaweed: Seaweed) -> None:
    """Others may have spent all of the budget."""
    store = layered(tmp_path / "one", bucket_at(door.url, seaweed.bucket()))
    door.fault = lambda _method, _path: "reset"
    ledger = Ledger(Allowance(usd=Decimal(10), per="day"))
    ledger.refresh(store)
    budget = Budget(None, ledger)
    with pytest.raises(CapError, match=r"the budget cannot be counted: .*, and a picture .*; have the shared"):
        budget.reserve(Decimal("0.1"), "a picture")
    budget.reserve(Decimal(0), "a free one")
    assert ledger.to_json()["store_not_asked"]
