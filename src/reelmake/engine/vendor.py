"""The last part of a call: the provider itself; secrets are removed from its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from reelmake.core.errors import ProviderError
from reelmake.core.logging import redact
from reelmake.engine.asker import RequestContext
from reelmake.providers.base import Answer, Call
from reelmake.providers.prices import Prices


@dataclass(frozen=True, slots=True)
class Vendor:
    """Calls the provider of a request.

    variable         looks up variables, for the keys of vendors
    timeout_seconds  pool -> how long a request may take, where that is not what the provider says
    """

    prices: Prices
    variable: Callable[[str], str | None]
    proxy: str | None
    timeout_seconds: Mapping[str, float]

    def ask(self, context: RequestContext) -> Answer:
        """Have the request performed."""
        with _redacted_errors():
            return context.performer.ask(context.request, self._call(context))

    def recover(self, context: RequestContext) -> Answer | None:
        """Have the provider look for an answer."""
        with _redacted_errors():
            return context.performer.recover(context.request, self._call(context))

    def _call(self, context: RequestContext) -> Call:
        performer, note = context.performer, context.note
        return Call(
            prices=self.prices,
            timeout_seconds=self.timeout_seconds.get(performer.pool, performer.timeout_seconds),
            proxy=self.proxy,
            variable=self.variable,
            asked_at=note.asked_at,
            ticket=note.ticket,
            keep_ticket=note.keep_ticket,
            used_ids=note.used_ids,
        )


@contextmanager
def _redacted_errors() -> Iterator[None]:
    """Take secrets out of errors: these go to disks and screens, and vendors quote keys in them."""
    try:
        yield
    except ProviderError as error:
        # and half a character in them must not keep us from writing a note
        what, fix = (redact(text).encode("utf-8", "replace").decode() for text in (error.what, error.fix))
        error.what, error.fix = error.args = what, fix
        raise
