"""The cap: what one build may spend at most.

Money is reserved before a request is made, at what it costs at most, and settled afterwards at what it did cost. So
requests that run at the same time cannot go over the cap together. For what nobody knows the most of, all that is left
is set aside. What nobody knows in the end (the answer was lost) counts as spent.
"""

from __future__ import annotations

import threading
from decimal import Decimal

from reelmake.core.errors import CapError


class Budget:
    """What is spent and reserved, of what may be. Any thread may use it.

    Once a request has been refused nothing more is bought, not even what would still fit: a build that stops at its
    cap should stop, and not go on with whatever happens to be cheap.
    """

    def __init__(self, cap_usd: Decimal | None = None) -> None:
        self.cap_usd = cap_usd
        self.spent_usd = Decimal(0)
        self._reserved_usd = Decimal(0)
        self._is_closed = False
        self._changed = threading.Condition()

    def reserve(self, usd: Decimal | None, what: str) -> None:
        """Set money aside for a request, or raise CapError; `usd` is what it costs at most, None when nobody knows.

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
            self._admit(usd, what)
            self._reserved_usd += usd

    def reserve_rest(self, usd: Decimal, what: str) -> Decimal:
        """Set all that is left under the cap aside, for a request that costs at least `usd`; returns how much it is.

        Nothing else is asked for until it is settled: that is what has to be waited for, to know what its like costs.
        """
        assert self.cap_usd is not None
        with self._changed:
            self._admit(usd, what)
            rest = self.cap_usd - self.spent_usd - self._reserved_usd
            self._reserved_usd += rest
            return rest

    def _admit(self, usd: Decimal, what: str) -> None:
        """Wait until an amount fits under the cap; raises CapError when it never will. Holds the lock."""
        while not self._is_closed and self._over(usd) and not self._over(usd - self._reserved_usd):
            self._changed.wait()
        if self._is_closed or self._over(usd):
            self._is_closed = True
            self._changed.notify_all()
            told = f"the cap of ${self.cap_usd} is reached: ${self.spent_usd} is spent, and {what} costs ${usd}"
            raise CapError(told, "raise cap_usd or REELMAKE_CAP_USD, then run doit again", usd)

    def settle(self, reserved_usd: Decimal | None, spent_usd: Decimal | None) -> None:
        """Replace what was set aside by what was spent; what nobody knows counts as all of it."""
        with self._changed:
            self._reserved_usd -= reserved_usd or 0
            self.spent_usd += (reserved_usd or Decimal(0)) if spent_usd is None else spent_usd
            self._changed.notify_all()

    def _over(self, usd: Decimal) -> bool:
        assert self.cap_usd is not None
        return self.spent_usd + self._reserved_usd + usd > self.cap_usd
