"""The only place that calls a provider: within the cap, in turn, as often as is safe, and never without a trace.

A request passes a chain of parts with one interface (`chain`); `Caller._chain` puts them together. Before
a request is sent, a note of it is on the disk. Its answer is stored (the blob, then the receipt) by the engine, which
removes the note after that. So after a kill or a cut line in between, the next process that wants the same
thing knows that it may be there already, and has the provider look for it before the request is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from reelmake.core.amounts import amount_of
from reelmake.core.errors import ProviderError
from reelmake.core.keys import Action
from reelmake.engine.billing_factor import BillingFactors
from reelmake.engine.budget import Budget, Capped
from reelmake.engine.chain import Asker, Journaled, Logged, RequestContext, Retried, Vendor
from reelmake.engine.rate_limit import Gates, RateLimited
from reelmake.engine.request_note import RequestNote
from reelmake.plan.bounds import most_usd
from reelmake.providers import provider
from reelmake.providers.base import Answer, Provider
from reelmake.providers.prices import Prices
from reelmake.store.base import Store


@dataclass(frozen=True, slots=True)
class Bought:
    """An answer, its quote, and the answers that were lost before it (see `Receipt.earlier`)."""

    answer: Answer
    quoted_usd: Decimal | None
    earlier: tuple[Mapping[str, Any], ...]

    @property
    def content(self) -> bytes:
        """Return the content to store: a plugin's provider that returns text must not lose it."""
        body: object = self.answer.body
        return body if isinstance(body, bytes) else str(body).encode()


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends requests to providers.

    variable         looks up variables, for the keys of vendors
    timeout_seconds  pool -> how long a request may take, where that is not what the provider says
    retry_seconds    how long to wait before the next request to a busy vendor; doubles each time
    """

    prices: Prices = field(default_factory=Prices)
    budget: Budget = field(default_factory=Budget)
    gates: Gates = field(default_factory=Gates)
    variable: Callable[[str], str | None] = lambda _: None
    proxy: str | None = None
    timeout_seconds: Mapping[str, float] = field(default_factory=dict)
    retry_seconds: float = 1.0
    failed: dict[str, ProviderError] = field(default_factory=dict)  # key -> why this build cannot have it
    factors: BillingFactors = field(default_factory=BillingFactors)

    def price(self, action: Action) -> Decimal | None:
        """Return the price of an action at most: 0 unless a provider performs it, None when it is not known."""
        usd = performer_of(action).price(action.request, self.prices)
        return None if usd is None else amount_of(usd)

    def expected_usd(self, action: Action, store: Store) -> Decimal | None:
        """Return the price of an action at most, by its quote and the vendor's bills; None when it is not known."""
        return self.factors.expected(performer_of(action), action.request, self.price(action), store).usd

    def most_usd(self, action: Action, store: Store) -> Decimal | None:
        """Return what an action may cost in all, with a request that mends a script; None when it is not known."""
        return most_usd(action, self.expected_usd(action, store), self.prices)

    def perform(self, action: Action, key: str, step: str, store: Store) -> Bought:
        """Have a request performed. The caller holds the lock of the key, and has looked in the store.

        Raises BuildError; at once for a key that has failed in this build.
        """
        if error := self.failed.get(key):
            raise copy(error)
        performer = performer_of(action)
        quoted_usd = self.price(action)
        about = {"kind": action.kind, "provider": action.request["provider"], "step": step}
        note = RequestNote(store, key, about, quoted_usd)
        try:
            answer = self._chain().ask(RequestContext(performer, action, step, quoted_usd, note))
        except ProviderError as error:
            self.failed[key] = copy(error)
            raise
        return Bought(answer, quoted_usd, tuple(note.lost))

    def _chain(self) -> Asker:
        """Return all that a request passes. It goes through the parts from the last line up, its answer back down."""
        asker: Asker = Vendor(self.prices, self.variable, self.proxy, self.timeout_seconds)
        asker = Journaled(asker)  # a note, the request, its answer
        asker = Logged(asker)
        asker = RateLimited(asker, self.gates)
        asker = Capped(asker, self.budget, self.factors)
        return Retried(asker, self.retry_seconds, self.gates.sleep)


def performer_of(action: Action) -> Provider:
    """Return the provider that performs an action."""
    found: Provider = provider(action.kind, action.request["provider"])
    return found
