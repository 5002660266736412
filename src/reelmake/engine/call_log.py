"""One event in the log for each request that is sent to a vendor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from reelmake.core.errors import AccountError, BusyError, LostError, OversizedError, ProviderError
from reelmake.core.logging import log, log_for_programs
from reelmake.engine.asker import Asker, RequestContext
from reelmake.plan.kinds import CPU
from reelmake.providers.base import Answer

OUTCOMES: Final = {
    BusyError: "busy",
    LostError: "lost",
    OversizedError: "lost",
    AccountError: "no account",
}  # others were refused


@dataclass(frozen=True, slots=True)
class Logged:
    """Logs duration, outcome and cost of each request. Failures are warnings."""

    inner: Asker

    def ask(self, context: RequestContext) -> Answer:
        """Ask, and log it."""
        began = time.monotonic()
        with _failures_logged(context, began):
            answer = self.inner.ask(context)
        _log_answer(context, "asked", began, answer)
        return answer

    def recover(self, context: RequestContext) -> Answer | None:
        """Look for an answer, and log one that is found."""
        began = time.monotonic()
        with _failures_logged(context, began):
            found = self.inner.recover(context)
        if found:
            _log_answer(context, "recovered", began, found)
        return found


@contextmanager
def _failures_logged(context: RequestContext, began: float) -> Iterator[None]:
    try:
        yield
    except ProviderError as error:
        if context.performer.pool != CPU:
            outcome = OUTCOMES.get(type(error), "refused")
            log().warning("call", **_facts(context, outcome, began), reason=error.what)
        raise


def _log_answer(context: RequestContext, outcome: str, began: float, answer: Answer) -> None:
    if context.performer.pool == CPU:
        return  # no vendor was called
    units = " ".join(f"{unit}={count}" for unit, count in answer.units.items())
    usd = None if answer.usd is None else str(answer.usd)
    log_for_programs("call", **_facts(context, outcome, began), usd=usd, units=units)


def _facts(context: RequestContext, outcome: str, began: float) -> dict[str, object]:
    request = context.request
    return {
        "step": context.step,
        "provider": request["provider"],
        "model": request.get("model"),
        "attempt": context.attempt,
        "outcome": outcome,
        "seconds": round(time.monotonic() - began, 3),
    }
