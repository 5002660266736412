"""The action of our tasks: one function, run in a thread of the runner."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from doit.action import BaseAction
from doit.exceptions import BaseFail, TaskError, TaskFailed
from doit.task import Task

from reelmake.core.errors import BuildError, ReelmakeError, SetupError
from reelmake.core.logging import redact
from reelmake.plan.episode import Step

TERMS: Final = "_config_changed"  # the name under which a record keeps the request of a step

# What the machine may refuse us, and what an author can do about it.
ROOM = ("there is no room left for {}", "make room, then run doit again: what is finished is kept")
RIGHT = ("{} cannot be read or written: {}", "give yourself the right to, then run doit again")
IN_THE_WAY = ("{} is in the way: {}", "move it away, then run doit again")
REFUSED: Final[Mapping[int, tuple[str, str]]] = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: ROOM,
    errno.EROFS: RIGHT,
    errno.EACCES: RIGHT,
    errno.EPERM: RIGHT,
    errno.ENOTDIR: IN_THE_WAY,
    errno.EISDIR: IN_THE_WAY,
    errno.EEXIST: IN_THE_WAY,
    errno.EIO: ("{} cannot be read or written: {}", "look after the disk, then run doit again"),
    errno.EMFILE: ("{} cannot be opened: {}", "allow more open files (ulimit -n), then run doit again"),
    errno.ENFILE: ("{} cannot be opened: {}", "close other programs, then run doit again"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step went, in one word for the display, which counts the words: made, restored, kept, ...

    remark    printed after the word, with the reason or a warning; empty for none
    answer    what goes to stdout, at the end
    key       under which the answer is in the store
    is_final  whether it need not be tried again; a step that is not final runs in the next build, too
    """

    note: str
    remark: str = ""
    key: str = ""
    is_final: bool = True
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the record of a step is compared with: its request as canonical JSON, the files it reads and writes."""

    request_json: str
    reads: Sequence[str]
    writes: Sequence[str]


class StepTask(Task):  # type: ignore[misc]  # doit is not typed
    """The task of a step: `plan.decide` says whether it is up to date, and not doit."""

    def __init__(
        self, step: Step, terms: Terms, work: Callable[[], Outcome], task_dep: Sequence[str], doc: str
    ) -> None:
        super().__init__(
            step.name,
            [Job(work)],
            file_dep=list(terms.reads),
            targets=list(terms.writes),
            task_dep=list(task_dep),
            clean=True,
            subtask_of=f"{step.kind}:{step.episode}" if step.line else step.kind,
            doc=doc or None,
            meta={"pool": step.pool, "label": step.name},
        )
        self.step, self.terms = step, terms
        self.value_savers.append(lambda: {TERMS: terms.request_json})


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
            self.values = {"key": self.outcome.key} if self.outcome.key else {}
        except Exception as error:  # noqa: BLE001 - any error in a step fails this step, not the build
            return failure(error)
        return None

    def __repr__(self) -> str:
        return f"Job({getattr(self.work, '__qualname__', self.work)})"


def failure(error: BaseException, whose: str = "") -> BaseFail:
    """Turn an exception, inside its `except`, into doit's failure: one line for an author, a traceback for bugs.

    `whose` names code of an author's, when it is not ours that failed.
    """
    if isinstance(error, OSError):
        error = error_of_system(error) or error
    if isinstance(error, ReelmakeError):
        failed = TaskFailed(str(error))
        failed.cause = error
        return failed
    blame = f"{whose} failed" if whose else "This is a mistake in reelmake, not in your files"
    return TaskError(f"{blame}: {type(error).__name__}: {error}", error)


def without_secrets(failed: BaseFail) -> BaseFail:
    """Return a failure as any reporter may show it: doit's own write all that was raised."""
    failed.message = redact(str(failed.message))
    failed.traceback = [redact("".join(failed.traceback))] if failed.traceback else ""
    return failed


def error_of_system(error: OSError) -> BuildError | None:
    """Return the error for an author: what the system refused, and the remedy; None when it may be a bug of ours."""
    if (known := REFUSED.get(error.errno or 0)) is None:
        return None
    what, fix = known
    where = Path(os.fsdecode(error.filename2 or error.filename or Path.cwd()))  # a full disk does not say where it is
    if known is IN_THE_WAY:
        where = next((path for path in (where, *where.parents) if os.path.lexists(path)), where)
        kinds = ("file", "folder") if where.is_dir() else ("folder", "file")
        return BuildError(what.format(where, "a {} has to be there, and it is a {}".format(*kinds)), fix)
    return BuildError(what.format(where, error.strerror), fix)


def error_of_command(error: Exception) -> ReelmakeError:
    """Return the error of a command that the operating system, or doit, refused to run."""
    refused = error_of_system(error) if isinstance(error, OSError) else None
    return SetupError(refused.what, refused.fix) if refused else SetupError(str(error), "look after it, then try again")


def outcome_of(task: Task) -> Outcome:
    """Return how a task that succeeded went; a task that is not a job of ours was simply `made`."""
    outcome = getattr(task.actions[-1], "outcome", None) if task.actions else None
    return outcome if isinstance(outcome, Outcome) else Outcome("made")
