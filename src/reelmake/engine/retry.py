"""Retries: which errors allow another request, how often, and after how long.

BusyError    not performed: sent again, after a while
LostError    may have been performed: looked for, and sent again once (an OversizedError is looked for, never sent)
others       raised as they are: the same request would fail again
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from reelmake.core.errors import BusyError, LostError
from reelmake.engine.asker import Asker, RequestContext
from reelmake.providers.base import Answer

MOST_BUSY: Final = 6  # requests to a busy vendor at most
MOST_LOST: Final = 2  # requests whose answer gets lost at most: one more than the first
LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Retried:
    """Repeats a request while that is of use. Before each attempt, an answer that was lost is looked for.

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
