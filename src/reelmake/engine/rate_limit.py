"""Turns: how many requests a pool makes at a time and in a minute, and when it makes none.

What a vendor says to one worker holds for all of them: when it asks for a pause, the whole pool pauses, and when
there are too many requests at once, the whole pool sends fewer. A gate is the only place that knows how many: the
runner reads it, so that no more threads are started than may send one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from reelmake.core.errors import BuildError, BusyError
from reelmake.engine.chain import Asker, RequestContext
from reelmake.providers.base import Answer

DEFAULT_LIMIT: Final = 4  # of a provider's pool, when neither the settings nor the vendor give one
MINUTE_SECONDS: Final = 60.0


class Gate:
    """The turns of one pool. Any thread may use it.

    Without a limit of its own it begins with a few requests at a time, and takes what the vendor says it takes.
    """

    def __init__(
        self, limit: int | None = None, per_minute: int | None = None, stopped: threading.Event | None = None
    ) -> None:
        self._stopped = stopped or threading.Event()
        self._limit = limit
        self._most = limit or DEFAULT_LIMIT
        self._room = float(self._most)
        self._per_minute = per_minute
        self._started: deque[float] = deque(maxlen=per_minute or 0)
        self._running = 0
        self._paused_until = 0.0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """Return how many requests may run at a time just now."""
        return max(1, int(self._room))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until a request may be made, and hold its place while it runs; raises BuildError when all stops."""
        with self._changed:
            while not self._stopped.is_set() and ((wait := self._seconds_to_wait()) is None or wait > 0):
                self._changed.wait(wait)
            if self._stopped.is_set():
                raise BuildError("it was not asked for: the build is stopping", "run doit again")
            self._running += 1
            self._started.append(time.monotonic())
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Let no request through for so long, as the vendor requires."""
        with self._changed:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def narrow(self) -> None:
        """Let fewer requests run at a time: there were too many for the vendor."""
        with self._changed:
            self._room = max(1.0, min(self._room, self._running) / 2)

    def widen(self, most_at_once: int | None) -> None:
        """Let a few more requests run at a time after an answer, up to `most_at_once` where the vendor says it."""
        with self._changed:
            if most_at_once and most_at_once > 0:
                most = min(self._limit or most_at_once, most_at_once)
                if self._limit is None and most > self._most:
                    self._room = max(self._room, float(most))
                self._most = most
            self._room = min(float(self._most), self._room + 1 / self._room)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let all waiting threads check again whether they may go on."""
        with self._changed:
            self._changed.notify_all()

    def _seconds_to_wait(self) -> float | None:
        """Return how long to wait; 0 for a turn now, None for until something changes."""
        now = time.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        if self._running >= self.limit:
            return None
        if self._per_minute and len(self._started) == self._per_minute:
            return max(0.0, self._started[0] + MINUTE_SECONDS - now)
        return 0.0


class Gates(Mapping[str, int]):
    """The gates of all pools, and how many steps each of them may run just now.

    pools       pool -> its limit, None to follow its vendor
    per_minute  pool -> how many requests it makes a minute at most
    """

    def __init__(
        self, pools: Mapping[str, int | None] | None = None, per_minute: Mapping[str, int] | None = None
    ) -> None:
        self._pools, self._per_minute = pools or {}, per_minute or {}
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def gate(self, pool: str) -> Gate:
        """Return the gate of a pool."""
        with self._lock:
            if pool not in self._gates:
                self._gates[pool] = Gate(self._pools.get(pool), self._per_minute.get(pool), self._stopped)
            return self._gates[pool]

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until all stops."""
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """Give no more turns: requests that are sent go on, those that wait to be sent (again) are not."""
        self._stopped.set()
        with self._lock:
            gates = list(self._gates.values())
        for gate in gates:
            gate.wake()

    def __getitem__(self, pool: str) -> int:
        if pool not in self._pools:
            raise KeyError(pool)
        return self.gate(pool).limit

    def __iter__(self) -> Iterator[str]:
        return iter(self._pools)

    def __len__(self) -> int:
        return len(self._pools)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Takes a turn for each request, and adapts the limit of its pool to the vendor's answers."""

    inner: Asker
    gates: Gates

    def ask(self, context: RequestContext) -> Answer:
        """Ask in turn."""
        with self._turn(context) as gate:
            answer = self.inner.ask(context)
            gate.widen(answer.most_at_once)
            return answer

    def recover(self, context: RequestContext) -> Answer | None:
        """Look for an answer in turn."""
        with self._turn(context) as gate:
            found = self.inner.recover(context)
            if found:
                gate.widen(found.most_at_once)
            return found

    @contextmanager
    def _turn(self, context: RequestContext) -> Iterator[Gate]:
        gate = self.gates.gate(context.performer.pool)
        with gate.turn():
            try:
                yield gate
            except BusyError as error:
                if error.retry_after_seconds is not None:
                    gate.pause(error.retry_after_seconds)
                if error.too_many:
                    gate.narrow()
                raise
