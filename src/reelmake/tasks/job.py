"""What a task of ours does: one function, run in a thread of the runner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from doit.action import BaseAction
from doit.exceptions import BaseFail, TaskError, TaskFailed
from doit.task import Task

from reelmake.errors import ReelmakeError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step went, in one word for the display, which counts the words: made, restored, kept, ..."""

    note: str


class Job(BaseAction):  # type: ignore[misc]  # doit is not typed
    """The single action of a task: it calls `work` and keeps its outcome.

    It leaves sys.stdout and sys.stderr alone: they belong to the whole process, and jobs run in many threads at once.
    """

    def __init__(self, work: Callable[[], Outcome]) -> None:
        self.work = work
        self.outcome: Outcome | None = None
        # What doit reads from an action: there is no captured output, no result and no values to save.
        self.task: Task | None = None
        self.out = self.err = self.result = None
        self.values: dict[str, Any] = {}

    def execute(self, _out: object = None, _err: object = None) -> BaseFail | None:
        """Work; a failure is returned, as doit wants it."""
        try:
            self.outcome = self.work()
        except Exception as error:  # noqa: BLE001 - whatever happens in a step fails this step, not the build
            return failure(error)
        return None

    def __repr__(self) -> str:
        return f"Job({getattr(self.work, '__qualname__', self.work)})"


def failure(error: BaseException) -> BaseFail:
    """Turn an exception, inside its `except`, into doit's failure: one line for an author, a traceback for our bugs."""
    if isinstance(error, ReelmakeError):
        return TaskFailed(str(error))
    return TaskError(f"This is a mistake in reelmake, not in your files: {type(error).__name__}: {error}", error)


def note_of(task: Task) -> str:
    """Return the word for how a task that succeeded went; a task that is not a job of ours was simply `made`."""
    outcome = getattr(task.actions[-1], "outcome", None) if task.actions else None
    return outcome.note if outcome else "made"
