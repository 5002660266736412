"""The interface of each part of the chain between a step and a vendor; `calls` composes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from reelmake.core.keys import Action
from reelmake.engine.request_note import RequestNote
from reelmake.providers.base import Answer, Provider, Request


@dataclass(slots=True)
class RequestContext:
    """One request on its way to a vendor, with its state so far.

    step           the step that pays
    quoted_usd     its price at most, None when that is not known
    note           its note in the store
    attempt        counts from 1
    may_be_billed  whether it was sent, and nothing says that it was not performed
    counted_usd    what this build has counted as spent for the last answer that did not arrive
    check          raises CapError when it must not be sent any more; called when its note is on the disk
    """

    performer: Provider
    action: Action
    step: str
    quoted_usd: Decimal | None
    note: RequestNote
    attempt: int = 1
    may_be_billed: bool = False
    counted_usd: Decimal = Decimal(0)
    check: Callable[[], None] = lambda: None

    @property
    def request(self) -> Request:
        """Return the request itself."""
        return self.action.request


class Asker(Protocol):
    """Gets answers. Each part does one thing, and hands the request to the next part."""

    def ask(self, context: RequestContext) -> Answer:
        """Have the request performed, once. Raises BuildError."""
        ...

    def recover(self, context: RequestContext) -> Answer | None:
        """Look for an answer that did not arrive; None when it is not there. This is never billed. As `ask` raises."""
        ...
