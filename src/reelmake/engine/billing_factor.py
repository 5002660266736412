"""The ratio of billed to quoted price: a voice of a library may cost more than its model's price says."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from reelmake.core.amounts import dollars
from reelmake.providers.base import Provider, Request
from reelmake.providers.prices import rounded
from reelmake.store.base import Store

_FACTS: Final = ("provider", "model", "voice_id")  # the ratio depends on these
_ENOUGH: Final = 2  # receipts: one may be a mistake of the vendor's, and must not block a model

Facts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a request costs at most.

    usd       None when no price is known
    is_known  whether it is a limit: a vendor with a meter may bill more, until it has billed for this model and voice
    why       why it is more than the quote, or empty
    """

    usd: Decimal | None
    is_known: bool = True
    why: str = ""


class BillingFactors:
    """Highest ratio of billed to quoted price, for each model and voice. Any thread may use it."""

    def __init__(self) -> None:
        self._highest: dict[Facts, dict[str, Decimal]] = {}  # key of a receipt -> its ratio, for two of them
        self._lock = threading.Lock()
        self._firsts: defaultdict[Facts, threading.Lock] = defaultdict(threading.Lock)
        self._has_read = False

    def expected(self, performer: Provider, request: Request, quoted_usd: Decimal | None, store: Store) -> Expected:
        """Return what a request costs at most: a plan says so, and a build sets it aside.

        It is the quote, times the highest ratio that two receipts show where the vendor has a meter.
        """
        if not quoted_usd or not performer.is_metered:
            return Expected(quoted_usd)
        known = self._known(request, store)
        if len(known) < _ENOUGH:
            return Expected(quoted_usd, is_known=False)
        key, ratio = min(known.items(), key=lambda item: item[1])
        if ratio <= 1:
            return Expected(quoted_usd)
        usd = rounded(quoted_usd * ratio)
        return Expected(
            usd, why=f"it is quoted at {dollars(quoted_usd)}, and {key} was billed at {ratio:.4g} times its quote"
        )

    def learn(self, request: Request, key: str, quoted_usd: Decimal | None, usd: Decimal | None) -> None:
        """Remember the bill of a request."""
        with self._lock:
            self._learn(request, key, quoted_usd, usd)

    @contextmanager
    def first(self, request: Request, store: Store) -> Iterator[None]:
        """Go on alone while too few bills for a model and voice are known; at once when they are."""
        with self._lock:
            alone = self._firsts[_facts(request)]
        with alone if len(self._known(request, store)) < _ENOUGH else nullcontext():
            yield

    def _known(self, request: Request, store: Store) -> Mapping[str, Decimal]:
        with self._lock:
            if not self._has_read:
                self._has_read = True
                for receipt in store.known():  # local receipts, and those looked up in the shared store
                    self._learn(receipt.manifest.get("request"), receipt.key, receipt.quoted_usd, receipt.usd)
            return self._highest.get(_facts(request), {})

    def _learn(self, request: object, key: str, quoted_usd: Decimal | None, usd: Decimal | None) -> None:
        if isinstance(request, Mapping) and quoted_usd and usd is not None:
            known = {**self._highest.get(_facts(request), {}), key: usd / quoted_usd}
            highest = sorted(known.items(), key=lambda item: item[1], reverse=True)
            self._highest[_facts(request)] = dict(highest[:_ENOUGH])


def _facts(request: Request) -> Facts:
    return tuple(str(request.get(fact)) for fact in _FACTS)
