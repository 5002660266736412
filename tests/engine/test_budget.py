"""The cap, with many threads at it: what is spent never goes over it, and nobody waits for ever."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from reelmake.core.errors import CapError
from reelmake.engine.budget import Budget

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
        CapError, match=r"the cap of \$1 is reached: \$0 is spent, and a picture costs \$2; raise cap_usd"
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
    with pytest.raises(CapError, match=r"a picture has no price, and there is a cap of \$1") as refused:
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
