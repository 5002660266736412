"""As often as is safe: what may be asked for again, how often, and after how long.

BusyError    was not done: asked again, after a while
LostError    may have been done: looked for, and asked again once
others       are raised as they are: the same request would fail again
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from reelmake.core.errors import BusyError, LostError
from reelmake.engine.asker import Asker, RequestContext
from reelmake.providers.base import Answer

MOST_BUSY: Final = 6  # so often a busy vendor is asked
MOST_LOST: Final = 2  # so often a request is sent whose answer gets lost: once again, and no more
LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Retried:
    """Asks until there is an answer, or no point in asking. An answer that was lost is looked for first, each time.

    first_seconds  how long to wait before a busy vendor is asked again; doubles each time
    sleep          waits, or less long when the build stops
    """

    inner: Asker
    first_seconds: float
    sleep: Callable[[float], None]

    def ask(self, context: RequestContext) -> Answer:
        """Return the answer; raises BuildError."""
        first = self.first_seconds
        wait = wait_exponential_jitter(multiplier=first, max=LONGEST_WAIT_SECONDS, jitter=first)
        retrying = Retrying(
            retry=retry_if_exception_type((BusyError, LostError)),
            stop=_Enough(),
            sleep=self.sleep,
            wait=lambda state: 0 if _is_told_how_long(state) else wait(state),
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                context.attempt = attempt.retry_state.attempt_number
                return self.recover(context) or self.inner.ask(context)
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


def _is_told_how_long(state: RetryCallState) -> bool:
    """Whether the vendor says how long to wait: then its gate waits. "At once" is no such answer."""
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, BusyError) and bool(error.retry_after_seconds)
