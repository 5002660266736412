"""Work in threads, never more of it at once than each pool allows.

One thread, the main one, decides what starts and counts what runs; the others only work. So no limit can be exceeded
by two threads that look at the same time, and nothing here needs a lock. Nothing is polled either: the main thread
sleeps until a piece of work is finished or a signal wakes it.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Generic, NamedTuple, TypeVar

Token = TypeVar("Token")
Result = TypeVar("Result")


class Finished(NamedTuple, Generic[Token, Result]):
    """A piece of work that was done: whose it was, in which pool, and what came of it."""

    token: Token
    pool: str
    result: Result


class Pools(Generic[Token, Result]):
    """Queues of work, one per pool, first come first served. Used by one thread, except `wake`.

    `limits` is read again whenever something could start, so it may change during a run; a limit below 1 counts as 1.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.running: Counter[str] = Counter()
        self._limits = limits
        self._waiting: dict[str, deque[tuple[Token, Callable[[], Result]]]] = {}
        self._work: SimpleQueue[tuple[str, Token, Callable[[], Result]] | None] = SimpleQueue()
        # A SimpleQueue may be put to from a signal handler; a Queue would wait for its own lock.
        self._done: SimpleQueue[Finished[Token, Result] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def add(self, pool: str, token: Token, work: Callable[[], Result]) -> None:
        """Queue work, which must return and not raise."""
        self._waiting.setdefault(pool, deque()).append((token, work))

    def start(self) -> list[Token]:
        """Start all that the limits allow; returns whose work it was."""
        started = []
        for pool, waiting in self._waiting.items():
            while waiting and self.running[pool] < max(1, self._limits.get(pool, 1)):
                token, work = waiting.popleft()
                self.running[pool] += 1
                if self.running.total() > len(self._threads):
                    thread = threading.Thread(target=self._serve, name=f"pool-{len(self._threads)}", daemon=True)
                    self._threads.append(thread)
                    thread.start()
                self._work.put((pool, token, work))
                started.append(token)
        return started

    def next(self, *, wait: bool) -> Finished[Token, Result] | None:
        """Return the next finished work; None when it was woken instead, or nothing is finished and `wait` is false."""
        if not wait and self._done.empty():
            return None
        finished = self._done.get()
        if finished:
            self.running[finished.pool] -= 1
        return finished

    def wake(self) -> None:
        """Make `next` return None. Any thread may call it, and a signal handler too."""
        self._done.put(None)

    def drop_waiting(self) -> None:
        """Forget the work that has not started."""
        self._waiting.clear()

    def close(self) -> None:
        """Drop what waits, let what runs finish, end the threads."""
        self.drop_waiting()
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while item := self._work.get():
            pool, token, work = item
            self._done.put(Finished(token, pool, work()))
