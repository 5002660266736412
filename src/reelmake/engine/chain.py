"""The chain between a step and a vendor: the interface of its parts, and the short ones; `calls` puts them together.

Retried     repeats a request while that is of use
Logged      logs an event for each request that is sent
Journaled   keeps a note of it on the disk before it is sent, and until its answer is stored
Vendor      is the last part: the provider itself
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from reelmake.core.errors import AccountError, BusyError, CapError, LostError, OversizedError, ProviderError
from reelmake.core.keys import Action
from reelmake.core.logging import log, log_for_programs, redact
from reelmake.engine.request_note import RequestNote
from reelmake.plan.kinds import CPU
from reelmake.providers.base import Answer, Call, Provider, Request
from reelmake.providers.prices import Prices


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


MOST_BUSY: Final = 6  # requests to a busy vendor at most
MOST_LOST: Final = 2  # requests whose answer gets lost at most: one more than the first
LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Retried:
    """Repeats a request while that is of use. Before each attempt, an answer that was lost is looked for.

    BusyError    not performed: sent again, after a while
    LostError    may have been performed: looked for, and sent again once (an OversizedError is looked for, never sent)
    others       raised as they are: the same request would fail again

    first_seconds  how long to wait before the next request to a busy vendor; doubles each time
    sleep          waits, or less long when the build stops
    """

    inner: Asker
    first_seconds: float
    sleep: Callable[[float], None]

    def ask(self, context: RequestContext) -> Answer:
        """Return the answer; raises BuildError: an OversizedError for one that an earlier request ended in, too."""
        first = self.first_seconds
        wait = wait_exponential_jitter(multiplier=first, max=LONGEST_WAIT_SECONDS, jitter=first)
        retrying = Retrying(
            retry=retry_if_exception_type((BusyError, LostError)),
            stop=_Enough(),
            sleep=self.sleep,
            wait=lambda state: 0 if _vendor_sets_wait(state) else wait(state),
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                context.attempt = attempt.retry_state.attempt_number
                if found := self.recover(context):
                    return found
                context.note.check_may_be_sent()
                return self.inner.ask(context)
        raise AssertionError("an attempt ends with an answer or an error")

    def recover(self, context: RequestContext) -> Answer | None:
        """Look for an answer where one may be waiting."""
        return self.inner.recover(context) if context.note.may_be_there else None


class _Enough:
    """Says when a request has failed too often; busy and lost are counted apart."""

    def __init__(self) -> None:
        self._left = {BusyError: MOST_BUSY, LostError: MOST_LOST}

    def __call__(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        for kind in self._left:
            self._left[kind] -= isinstance(error, kind)
        return min(self._left.values()) <= 0


def _vendor_sets_wait(state: RetryCallState) -> bool:
    """Say whether the vendor gives a time to wait: then its gate waits. 0 seconds is no such time."""
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, BusyError) and bool(error.retry_after_seconds)


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


@dataclass(frozen=True, slots=True)
class Journaled:
    """Notes each request and its outcome. The engine removes the note once the receipt is kept."""

    inner: Asker

    def ask(self, context: RequestContext) -> Answer:
        """Ask with a note on the disk. Free requests leave none, for they can be made again."""
        note = context.note
        ticket = note.ticket
        if context.quoted_usd != 0:
            note.open()
            try:
                context.check()
            except CapError:
                note.close()
                raise
        context.may_be_billed = True
        try:
            return self.inner.ask(context)
        except LostError as error:
            note.lose(error)
            raise
        except ProviderError:
            context.may_be_billed = note.ticket is not None and note.ticket != ticket  # it was accepted
            note.close()
            raise

    def recover(self, context: RequestContext) -> Answer | None:
        """Look for an answer; after an error, only answers that are still missing stay noted."""
        note = context.note
        had_ticket = note.ticket is not None
        try:
            found = self.inner.recover(context)
        except ProviderError as error:
            if isinstance(error, LostError) and had_ticket and note.ticket is None and not note.lost:
                note.lose(error)  # it was accepted and billed, and cannot be fetched any more
            else:
                note.close()
            raise
        if found:
            note.find()
        return found


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
