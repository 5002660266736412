"""The cap: what one build may spend at most.

Money is reserved before a request is made, at what it costs at most, and settled afterwards at what it did cost. So
requests that run at the same time cannot go over the cap together. For a request without a known limit, all that is
left is set aside. When the bill stays unknown (the answer was lost), the reserved amount counts as spent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal

from reelmake.core.amounts import amount_of
from reelmake.core.errors import CapError
from reelmake.engine.asker import Asker, RequestContext
from reelmake.engine.billing_factor import BillingFactors
from reelmake.providers.base import Answer


class Budget:
    """What is spent and reserved, of what may be. Any thread may use it.

    Once a request has been refused nothing more is bought, not even what would still fit: a build that stops at its
    cap should stop, and not go on with the requests that are cheap enough.
    """

    def __init__(self, cap_usd: Decimal | None = None) -> None:
        self.cap_usd = cap_usd
        self.spent_usd = Decimal(0)
        self._reserved_usd = Decimal(0)
        self._is_closed = False
        self._changed = threading.Condition()

    def reserve(self, usd: Decimal | None, what: str, why: str = "") -> None:
        """Set money aside for a request, or raise CapError; `usd` is its price at most, None when that is not known.

        `why` says why it costs so much, where that is more than its quote.

        While requests that run might yet turn out cheaper than was set aside for them, it waits. What is free is let
        through at once, whatever is spent.
        """
        if self.cap_usd is None or usd == 0:
            with self._changed:
                self._reserved_usd += usd or 0
            return
        if usd is None:
            raise CapError(
                f"{what} has no price, and there is a cap of ${self.cap_usd}",
                "set its model's price under [tool.reelmake.prices], choose another model, or take the cap away",
                usd,
            )
        with self._changed:
            self._admit(usd, what, why)
            self._reserved_usd += usd

    def reserve_rest(self, usd: Decimal, what: str) -> Decimal:
        """Set all that is left under the cap aside, for a request that costs at least `usd`; returns how much it is.

        No other request is sent until it is settled: its bill shows what further requests of its kind cost.
        """
        assert self.cap_usd is not None
        with self._changed:
            self._admit(usd, what)
            rest = self.cap_usd - self.spent_usd - self._reserved_usd
            self._reserved_usd += rest
            return rest

    def _admit(self, usd: Decimal, what: str, why: str = "") -> None:
        """Wait until an amount fits under the cap; raises CapError when it never will. Holds the lock."""
        while not self._is_closed and self._over(usd) and not self._over(usd - self._reserved_usd):
            self._changed.wait()
        if self._is_closed or self._over(usd):
            self._is_closed = True
            self._changed.notify_all()
            cost = f"{what} costs ${usd}" + (f" ({why})" if why else "")
            text = f"the cap of ${self.cap_usd} is reached: ${self.spent_usd} is spent, and {cost}"
            raise CapError(text, "raise cap_usd or REELMAKE_CAP_USD, then run doit again", usd)

    def settle(self, reserved_usd: Decimal | None, spent_usd: Decimal | None) -> None:
        """Replace a reserved amount by the spent one; None (an unknown bill) counts as all that was reserved."""
        with self._changed:
            self._reserved_usd -= reserved_usd or 0
            self.spent_usd += (reserved_usd or Decimal(0)) if spent_usd is None else spent_usd
            self._changed.notify_all()

    def _over(self, usd: Decimal) -> bool:
        assert self.cap_usd is not None
        return self.spent_usd + self._reserved_usd + usd > self.cap_usd


@dataclass(frozen=True, slots=True)
class Capped:
    """Sets money aside for each request, and settles it by the bill."""

    inner: Asker
    budget: Budget
    factors: BillingFactors

    def ask(self, context: RequestContext) -> Answer:
        """Ask within the cap; raises CapError."""
        try:
            with self._set_aside(context) as (reserved_usd, likely_usd):
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
        found = self.inner.recover(context)
        if found:
            usd = self._billed(context, found)
            self.budget.settle(Decimal(0), Decimal(0) if usd is None else usd - context.counted_usd)
        return found

    @contextmanager
    def _set_aside(self, context: RequestContext) -> Iterator[tuple[Decimal | None, Decimal | None]]:
        """Set money aside for the request; yields how much, and how much of that is likely to be billed.

        The most that a vendor with a meter may bill for a model and voice is not known before its first bills. Until
        then, all that is left under the cap is set aside; others for the same model and voice wait for the bill.
        """
        quoted_usd, step = context.quoted_usd, context.step or context.action.kind
        if not quoted_usd or self.budget.cap_usd is None:
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
