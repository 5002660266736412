"""Run steps of a project from a program: the same tasks, runner and records that plain `doit` uses."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from doit.exceptions import BaseFail
from doit.task import Stream, Task

from reelmake.core.files import STATE
from reelmake.project.load import Project
from reelmake.tasks.build import Build
from reelmake.tasks.progress import Progress
from reelmake.tasks.records import Records
from reelmake.tasks.runner import PoolRunner
from reelmake.tasks.selection import Control

Finished = Callable[[Task, BaseFail | None, float | None], None]


class Listener(Progress):
    """Progress that also tells a program what became of each task.

    finished  called with a task, how it failed (None when it did not), and how many seconds it ran (None when it had
              nothing to do), by the thread that called `run`
    """

    def __init__(self, limits: Mapping[str, int], budget: object, finished: Finished) -> None:
        super().__init__(sys.stdout, {"limits": limits, "budget": budget})
        self._finished = finished
        self._began: dict[str, float] = {}

    def execute_task(self, task: Task) -> None:
        """A task starts."""
        super().execute_task(task)
        self._began[task.name] = time.monotonic()

    def add_success(self, task: Task) -> None:
        """A task succeeded."""
        super().add_success(task)
        self._finished(task, None, self._seconds(task))

    def skip_uptodate(self, task: Task) -> None:
        """A task has nothing to do."""
        super().skip_uptodate(task)
        self._finished(task, None, None)

    def add_failure(self, task: Task, fail: BaseFail) -> None:
        """A task failed, or needs one that did."""
        super().add_failure(task, fail)
        self._finished(task, fail, self._seconds(task))

    def _seconds(self, task: Task) -> float:
        return time.monotonic() - self._began.get(task.name, time.monotonic())


def run(project: Project, names: Iterable[str], finished: Finished, opened: Callable[[Build], None]) -> int:
    """Run tasks and all that they need, in the current folder; returns doit's exit code, or 130 when interrupted.

    `opened` is given what is about to be run, with its store.
    Raises ReelmakeError when nothing could be started.
    """
    Path(STATE).mkdir(exist_ok=True)
    records = Records(f"{STATE}/doit.db")
    try:
        build = Build(project, records, may_delay=True)
        opened(build)
        control = Control(list(build.tasks()), [])
        control.process(list(names))
        gates = build.context.caller.gates
        reporter = Listener(gates, build.context.caller.budget, finished)
        runner = PoolRunner(records, reporter, Stream(0), limits=gates, on_stop=build.stop, at_end=build.finish)
        return runner.run_all(control.task_dispatcher())
    finally:
        records.close()
