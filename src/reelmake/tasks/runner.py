"""The runner: takes tasks from doit's dispatcher as they become ready and runs them in pools.

The main thread drives the dispatcher, checks what is up to date, writes records and reports; other threads only run
the tasks' actions. A task that fails fails what depends on it and nothing else, and no record is erased by a failure:
what a record says was made is compared with the files themselves, so it stays true.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, TypeVar

from doit.control import ExecNode
from doit.exceptions import BaseFail, InvalidTask, SetupError, TaskFailed, UnmetDependency
from doit.runner import ERROR, FAILURE, SUCCESS, Runner
from doit.task import Stream, Task

from reelmake.media.ffmpeg import kill_all
from reelmake.tasks.job import Job, failure, without_secrets
from reelmake.tasks.records import Records
from reelmake.tasks.selection import Dispatcher

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


INTERRUPTED = 130
DEFAULT_POOL = "cpu"
# doit's own actions replace sys.stdout while they run, which only one thread at a time can bear.
ONE_AT_A_TIME = "one at a time"


def pool_of(task: Task, limits: Mapping[str, int]) -> str:
    """Return the pool in which a task runs: the one it names, if that exists."""
    if not all(isinstance(action, Job) for action in task.actions):
        return ONE_AT_A_TIME
    name = (task.meta or {}).get("pool", DEFAULT_POOL)
    return name if name in limits else DEFAULT_POOL


class PoolRunner(Runner):  # type: ignore[misc]  # doit is not typed
    """doit's runner with pools.

    The first SIGINT or SIGTERM stops starting tasks and lets the running ones finish, which are recorded; the second
    one leaves at once, and still loses no record. Either way the exit code is 130.

    on_stop  is called when no more tasks are started, or when all are over and it is to end soon
    at_end   is called when all tasks are over; says whether the build has failed although no task has
    """

    def __init__(  # noqa: PLR0913 - these are the runner's settings, by name
        self,
        records: Records,
        reporter: Any,
        stream: Stream,
        *,
        limits: Mapping[str, int],
        always_execute: bool = False,
        keep_going: bool = True,
        on_stop: Callable[[], None] = lambda: None,
        at_end: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(records, reporter, keep_going, always_execute, stream)
        self._limits = limits
        self._pools: Pools[ExecNode, BaseFail | None] = Pools(limits)
        self._processed: deque[ExecNode] = deque()
        self._signals = 0
        self._on_stop = on_stop
        self._at_end = at_end
        self._is_over = False

    def run_all(self, task_dispatcher: Dispatcher) -> int:
        """Run everything and return doit's exit code, or 130 after an interruption."""
        with self._handling_signals():
            super().run_all(task_dispatcher)
            self._is_over = True
            has_failed = self._at_end()
        return INTERRUPTED if self._signals else int(self.final_result) or (FAILURE if has_failed else SUCCESS)

    def run_tasks(self, task_dispatcher: Dispatcher) -> None:
        """Run all tasks that the dispatcher gives."""
        more, stopping = True, False
        try:
            while True:
                if not stopping and (self._signals or self._stop_running):
                    stopping = True
                    self._stop()
                nothing_new = True
                if more and not stopping:
                    more, nothing_new = self._take(task_dispatcher)
                for node in self._pools.start():
                    self._report_start(node.task)
                to_hand_back = more and not stopping and self._processed
                asleep = nothing_new and not to_hand_back
                if asleep and not self._pools.running.total():
                    break
                if finished := self._pools.next(wait=bool(asleep)):
                    self.process_task_result(finished.token, finished.result)
                    self._processed.append(finished.token)
            if more and not stopping:
                raise InvalidTask("The tasks that are left wait for each other.")
        finally:
            self._pools.close()
        if not stopping:
            for wanted, message in task_dispatcher.not_found():
                self._handle_task_error(ExecNode(wanted, None), TaskFailed(message))

    def _take(self, dispatcher: Dispatcher) -> tuple[bool, bool]:
        """Take one task from the dispatcher, hand a processed one back; returns (there are more, there is none now)."""
        try:
            node = dispatcher.generator.send(self._processed.popleft() if self._processed else None)
        except StopIteration:
            return False, True
        if node == "hold on":
            return True, True
        task = node.task
        if (broken := dispatcher.broken.get(task.name)) and node.run_status is None:
            self._handle_task_error(node, broken)
            self._processed.append(node)
        elif not self.select_task(node, dispatcher.tasks):
            self._processed.append(node)
        elif task.actions:
            self._pools.add(pool_of(task, self._limits), node, lambda: self._perform(task))
        else:
            self.reporter.execute_task(task)
            self.process_task_result(node, None)
            self._processed.append(node)
        return True, False

    def _report_start(self, task: Task) -> None:
        if task.teardown:
            self.teardown_list.append(task)
        self.reporter.execute_task(task)

    def _perform(self, task: Task) -> BaseFail | None:
        """Run a task, in a thread of a pool. It must always answer: the main thread waits for it."""
        try:
            failed = task.execute(self.stream)
            if failed is None:
                self.dep_manager.seal(task)
        except FileNotFoundError as error:
            return TaskFailed(f"it was to make {error.filename}, which is not there")
        except BaseException as error:  # noqa: BLE001
            return failure(error)
        return failed if isinstance(failed, BaseFail) else None

    def process_task_result(self, node: ExecNode, base_fail: BaseFail | None) -> None:
        """Record a task that is finished, or tell that it failed; a record that cannot be written is a failure too."""
        try:
            super().process_task_result(node, base_fail)
        except (sqlite3.OperationalError, OSError) as error:
            problem = f"what it made is kept, but cannot be recorded in {self.dep_manager.name}: {error}"
            self._handle_task_error(node, TaskFailed(f"{problem}; is the disk full? make room, then run doit again"))

    def _handle_task_error(self, node: ExecNode, base_fail: BaseFail) -> None:
        node.run_status = "failure"
        self.reporter.add_failure(node.task, without_secrets(base_fail))
        if isinstance(base_fail, UnmetDependency):
            return  # reported, but counted where it broke
        if not isinstance(base_fail, TaskFailed):
            self.final_result = ERROR
        elif self.final_result != ERROR:
            self.final_result = FAILURE
        if not self.continue_:
            self._stop_running = True

    def teardown(self) -> None:
        """Run what tasks of a project's own do at the end."""
        for task in reversed(self.teardown_list):
            self.reporter.teardown_task(task)
            if failed := task.execute_teardown(self.stream):
                problem = SetupError(f"ERROR: task '{task.name}' teardown action", failed)
                self.reporter.cleanup_error(without_secrets(problem))

    def _stop(self) -> None:
        self._pools.drop_waiting()
        self._on_stop()
        if self._signals and hasattr(self.reporter, "interrupted"):
            self.reporter.interrupted()

    @contextlib.contextmanager
    def _handling_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: object) -> None:
        self._signals += 1
        if self._signals > 1:
            # Locks may be held by the interrupted code: only write and go.
            leaving = getattr(self.reporter, "leaving", "")
            with contextlib.suppress(OSError):
                os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, leaving.encode())
            kill_all()
            os._exit(INTERRUPTED)
        if self._is_over:
            self._on_stop()
        self._pools.wake()
