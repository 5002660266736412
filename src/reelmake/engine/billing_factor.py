"""What vendors' own meters count against what was expected: a voice of a library may be dearer than its model."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from typing import Final

from reelmake.providers.base import Request
from reelmake.store.base import Store

_FACTS: Final = ("provider", "model", "voice_id")  # on which it depends what a vendor bills for its like

Like = tuple[str, ...]


class Meters:
    """How many times its quote a request was billed, by its like. Any thread may use it."""

    def __init__(self) -> None:
        self._times: dict[Like, Decimal] = {}
        self._lock = threading.Lock()
        self._firsts: defaultdict[Like, threading.Lock] = defaultdict(threading.Lock)
        self._has_read = False

    def times(self, request: Request, store: Store) -> Decimal | None:
        """Return how many times its quote its like was billed at most, or None when nobody has ever been billed."""
        with self._lock:
            if not self._has_read:
                self._has_read = True
                for receipt in store.known():  # here, or looked up for what is asked for
                    self._learn(receipt.manifest.get("request"), receipt.quoted_usd, receipt.usd)
            return self._times.get(_like(request))

    def learn(self, request: Request, quoted_usd: Decimal | None, usd: Decimal | None) -> None:
        """Remember what was billed for a request."""
        with self._lock:
            self._learn(request, quoted_usd, usd)

    @contextmanager
    def first(self, request: Request, store: Store) -> Iterator[None]:
        """Go on alone while nobody has ever been billed for the like of a request; at once when somebody has."""
        with self._lock:
            alone = self._firsts[_like(request)]
        with alone if self.times(request, store) is None else nullcontext():
            yield

    def _learn(self, request: object, quoted_usd: Decimal | None, usd: Decimal | None) -> None:
        if isinstance(request, Mapping) and quoted_usd and usd is not None:
            like = _like(request)
            self._times[like] = max(self._times.get(like, Decimal(1)), usd / quoted_usd)


def _like(request: Request) -> Like:
    return tuple(str(request.get(fact)) for fact in _FACTS)
