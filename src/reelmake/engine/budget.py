"""The cap: what one build may spend at most; and the budget: what all builds may, in a day, a week or a month.

Money is reserved before a request is made, at what it costs at most, and settled afterwards at what it did cost. So
requests that run at the same time cannot go over either together. For a request without a known limit, all that is
left is set aside. When the bill stays unknown (the answer was lost), the reserved amount counts as spent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal

from reelmake.core.amounts import amount_of, dollars
from reelmake.core.errors import CapError
from reelmake.core.logging import log
from reelmake.engine.billing_factor import BillingFactors
from reelmake.engine.chain import Asker, RequestContext
from reelmake.engine.costs import Ledger
from reelmake.providers.base import Answer
from reelmake.store.base import Store


class Budget:
    """What is spent and reserved, of what may be. Any thread may use it.

    Once a request has been refused nothing more is bought, not even what would still fit: a build that stops at its
    cap should stop, and not go on with the requests that are cheap enough.

    cap_usd  what this build may spend, None for any amount
    ledger   what all builds may spend, and have spent, in a day, week or month; None where that is not limited
    """

    def __init__(self, cap_usd: Decimal | None = None, ledger: Ledger | None = None) -> None:
        self.cap_usd, self.ledger = cap_usd, ledger
        self.spent_usd = Decimal(0)
        self.unpriced = 0  # requests of which nobody knows what they cost, not in `spent_usd`
        self.passed = ""  # why the build has failed although all may be there: bills were higher than their quotes
        self.closed_by = ""  # "cap" or "budget", once a request was refused, or bills have passed it
        self._reserved_usd = Decimal(0)
        self._changed = threading.Condition()

    @property
    def limits(self) -> str:
        """Return what limits the build, for a message; empty when nothing does."""
        cap = [] if self.cap_usd is None else [f"a cap of {dollars(self.cap_usd)}"]
        allowance = self.ledger and self.ledger.allowance
        return " and ".join([*cap, *([f"a budget of {dollars(allowance.usd)} a {allowance.per}"] if allowance else [])])

    def reserve(self, usd: Decimal | None, what: str, why: str = "") -> None:
        """Set money aside for a request, or raise CapError; `usd` is its price at most, None when that is not known.

        `why` says why it costs so much, where that is more than its quote.

        While requests that run might yet turn out cheaper than was set aside for them, it waits. What is free is let
        through at once, whatever is spent.
        """
        if not self.limits or usd == 0:
            with self._changed:
                self._reserved_usd += usd or 0
            return
        if usd is None:
            raise CapError(
                f"{what} has no price, and there is {self.limits}",
                "set its model's price under [tool.reelmake.prices], choose another model, or take the limit away",
                usd,
            )
        with self._changed:
            self._admit(usd, what, why)
            self._reserved_usd += usd

    def reserve_rest(self, usd: Decimal, what: str) -> Decimal:
        """Set all that is left aside, for a request that costs at least `usd`; returns how much it is.

        No other request is sent until it is settled: its bill shows what further requests of its kind cost.
        """
        with self._changed:
            self._admit(usd, what)
            rest = self._left_usd()
            self._reserved_usd += rest
            return rest

    def _admit(self, usd: Decimal, what: str, why: str = "") -> None:
        """Wait until an amount fits; raises CapError when it never will. Holds the lock."""
        while not self.closed_by and self._left_usd() < usd <= self._left_usd() + self._reserved_usd:
            self._changed.wait()
        if self.closed_by or usd > self._left_usd():
            self._close()
            raise self._refusal(usd, f"{what} costs {dollars(usd)}" + (f" ({why})" if why else ""))

    def check(self, store: Store, what: str, reserved_usd: Decimal | None, usd: Decimal | None) -> None:
        """Raise CapError when a request for `usd`, that has money set aside, must not be sent after all.

        Its note is on the disk by now, as are those of other processes: two of them never spend the same rest.
        """
        if not usd or reserved_usd is None:
            return
        if self.ledger:
            self.ledger.refresh(store)
        with self._changed:
            if self.passed or (self.ledger and self._left_usd() + reserved_usd < usd):
                self._close()
                raise self._refusal(usd, f"{what} costs {dollars(usd)}")

    def _refusal(self, usd: Decimal, cost: str) -> CapError:
        """Return the error for a request that is not sent."""
        if self.closed_by == "budget" and self.ledger:
            reached = "cannot be counted" if self.ledger.unread else "is reached"
            return CapError(f"the budget {reached}: {self.ledger}, and {cost}", self._next_step(usd), usd)
        assert self.cap_usd is not None
        what = f"the cap of {dollars(self.cap_usd)} is reached: {dollars(self.spent_usd)} is spent, and {cost}"
        return CapError(what, self._next_step(usd), usd)

    def _next_step(self, usd: Decimal) -> str:
        """Return what to do about a refused request: to raise a limit only helps where it alone is too much for it."""
        if self.cap_usd is not None and usd > self.cap_usd:
            return "no build under this cap can buy it: raise cap_usd or REELMAKE_CAP_USD, then run doit again"
        if self.ledger and self.ledger.unread:
            return "have the shared store answer, or take the budget away for one build: REELMAKE_BUDGET="
        if self.ledger and usd > self.ledger.allowance.usd:
            return "nothing under this budget can buy it: raise budget in [tool.reelmake], then run doit again"
        if self.ledger and usd > self.ledger.left_usd:
            return f"run doit again from {self.ledger.until:%Y-%m-%d} (UTC) on, or raise budget in [tool.reelmake]"
        if self.closed_by == "budget":
            return "run doit again to buy what still fits"
        return "a cap is for one build, and starts again with the next: run doit again to go on"

    def settle(self, reserved_usd: Decimal | None, spent_usd: Decimal | None) -> None:
        """Replace a reserved amount by the spent one; None (an unknown bill) counts as all that was reserved."""
        with self._changed:
            self._reserved_usd -= reserved_usd or 0
            self.unpriced += reserved_usd is None and spent_usd is None
            usd = (reserved_usd or Decimal(0)) if spent_usd is None else spent_usd
            self.spent_usd += usd
            if self.ledger:
                self.ledger.add(usd)
            if usd > (reserved_usd or 0) and not self.passed and self._left_usd() + self._reserved_usd < 0:
                billed = f"{dollars(self.spent_usd)} is spent, more than was quoted"
                self.passed = f"the bills are over {self.limits}: {billed}; nothing more is sent"
                self._close()
                log().error(f"OVER THE {self.closed_by.upper()}: {self.passed}")
            self._changed.notify_all()

    def _close(self) -> None:
        is_budget = self._left_usd() < self._left_of_cap()
        self.closed_by = self.closed_by or ("budget" if is_budget else "cap")
        self._changed.notify_all()

    def _left_of_cap(self) -> Decimal:
        return Decimal("Infinity") if self.cap_usd is None else self.cap_usd - self.spent_usd - self._reserved_usd

    def _left_usd(self) -> Decimal:
        """Return what is neither spent nor set aside: of the cap or of the budget, whatever is less."""
        if not self.ledger:
            return self._left_of_cap()
        left = Decimal(0) if self.ledger.unread else self.ledger.left_usd
        return min(self._left_of_cap(), left - self._reserved_usd)


@dataclass(frozen=True, slots=True)
class Capped:
    """Sets money aside for each request, has that looked at once more before it is sent, and settles it by the bill."""

    inner: Asker
    budget: Budget
    factors: BillingFactors

    def ask(self, context: RequestContext) -> Answer:
        """Ask within the cap and the budget; raises CapError."""
        note, step = context.note, context.step or context.action.kind
        self._look(context)
        try:
            with self._set_aside(context) as (reserved_usd, likely_usd):
                context.check = lambda: self.budget.check(note.store, step, reserved_usd, likely_usd)
                context.may_be_billed, answer = False, None
                try:
                    answer = self.inner.ask(context)
                    return answer
                finally:
                    self.budget.settle(reserved_usd, self._spent(context, answer, likely_usd))
        except CapError as error:
            error.key = context.note.key
            raise

    def recover(self, context: RequestContext) -> Answer | None:
        """Look for an answer; the bill of one that is found replaces the amount that was counted for it."""
        self._look(context)
        found = self.inner.recover(context)
        if found:
            usd = self._billed(context, found)
            if self.budget.ledger and not context.counted_usd:
                self.budget.ledger.find(context.note.key)
            self.budget.settle(Decimal(0), Decimal(0) if usd is None else usd - context.counted_usd)
        return found

    def _look(self, context: RequestContext) -> None:
        """Look at what others have spent of the budget, before this request counts as one of this build."""
        if (ledger := self.budget.ledger) and context.quoted_usd:
            ledger.refresh(context.note.store)
            ledger.ask(context.note.key)

    @contextmanager
    def _set_aside(self, context: RequestContext) -> Iterator[tuple[Decimal | None, Decimal | None]]:
        """Set money aside for the request; yields how much, and how much of that is likely to be billed.

        The most that a vendor with a meter may bill for a model and voice is not known before its first bills. Until
        then, all that is left is set aside; others for the same model and voice wait for the bill.
        """
        quoted_usd, step = context.quoted_usd, context.step or context.action.kind
        if not quoted_usd or not self.budget.limits:
            self.budget.reserve(quoted_usd, step)
            yield quoted_usd, quoted_usd
            return
        performer, request, store = context.performer, context.request, context.note.store
        with self.factors.first(request, store) if performer.is_metered else nullcontext():
            expected = self.factors.expected(performer, request, quoted_usd, store)
            if not expected.is_known:
                yield self.budget.reserve_rest(quoted_usd, step), quoted_usd
                return
        self.budget.reserve(expected.usd, step, expected.why)
        yield expected.usd, expected.usd

    def _spent(self, context: RequestContext, answer: Answer | None, likely_usd: Decimal | None) -> Decimal | None:
        """Return what counts as spent for a request: an answer that did not arrive counts, if it may be billed."""
        if answer:
            usd = self._billed(context, answer)
            return likely_usd if usd is None else usd
        if not context.may_be_billed:
            return Decimal(0)
        context.counted_usd = likely_usd or Decimal(0)
        return likely_usd

    def _billed(self, context: RequestContext, answer: Answer) -> Decimal | None:
        usd = amount_of(answer.usd)
        if context.performer.is_metered:
            self.factors.learn(context.request, context.note.key, context.quoted_usd, usd)
        return usd
