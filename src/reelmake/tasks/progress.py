"""How far the build is: a live display in a terminal, plain lines elsewhere. All on stderr; stdout is for answers."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

from doit.exceptions import BaseFail, UnmetDependency
from doit.task import Task

from reelmake.core.amounts import dollars, duration, with_unpriced
from reelmake.core.errors import CapError
from reelmake.core.logging import redact
from reelmake.tasks.job import outcome_of
from reelmake.tasks.tally import Tally

if TYPE_CHECKING:
    from reelmake.tasks.display import Display


UP_TO_DATE, IGNORED, FAILED = "up to date", "ignored", "failed"
REFUSED, BLOCKED = "not bought", "not started"  # for money, and because what they need is missing
LAST = (UP_TO_DATE, IGNORED, FAILED, REFUSED, BLOCKED)  # in the sum, after the notes of steps that ran
ALWAYS = (UP_TO_DATE, FAILED)


class Progress:
    """doit's reporter: a line for each step (a task that does something) that ran, failures, and a sum at the end.

    `options["limits"]` maps each pool to its limit, for the estimate of the time left; `options["budget"]` says what is
    spent, and of which cap; `options["current"]` counts steps, by pool and kind, that are up to date and not loaded.
    """

    desc: ClassVar[str] = "live display in a terminal, one line per step elsewhere; on stderr"

    def __init__(self, outstream: TextIO, options: Mapping[str, Any]) -> None:
        # doit's default is stdout; only a file that was requested takes the place of stderr.
        self._file = None if outstream is sys.stdout else outstream
        self._current: Mapping[tuple[str, str], int] = options.get("current", {})
        self._tally = Tally(options.get("limits", {}), self._current)
        self._failures: list[tuple[Task, BaseFail]] = []
        self._errors: list[str] = []
        self._remarks: list[str] = []
        self._answers: list[str] = []
        self._refused: list[tuple[Task, CapError]] = []
        self._budget = options.get("budget")
        self._is_interrupted = False
        self._display: Display | None = None

    @property
    def leaving(self) -> str:
        """The text to write to the terminal when the process leaves at once."""
        return f"{self._display.restore if self._display else ''}reelmake: left at once; what is finished is kept\n"

    def initialize(self, tasks: Mapping[str, Task], selected: list[str]) -> None:
        """Get the table of all tasks, which grows during the run, and the selected names."""
        self._tally.follow(tasks, selected)

    def get_status(self, task: Task) -> None:
        """A task is looked at."""

    def execute_task(self, task: Task) -> None:
        """A task starts."""
        if not task.actions:
            return
        self._tally.start(task)
        if self._display:
            self._display.show()
        elif self._file is None and _in_terminal():
            from reelmake.tasks.display import Display  # noqa: PLC0415 (only a terminal needs rich)

            self._display = Display(self._tally)
            self._display.start()

    def add_success(self, task: Task) -> None:
        """A task succeeded."""
        if not task.actions:
            return
        outcome = outcome_of(task)
        seconds = self._finish(task, outcome.note)
        if outcome.answer:
            self._answers.append(outcome.answer)
        if outcome.remark:
            self._remarks.append(f"{task.name} {outcome.note}: {outcome.remark}")
        if outcome.remark or not self._display:
            more = f": {outcome.remark}" if outcome.remark else ""
            self._say(f"{task.name} {outcome.note} {duration(seconds)}{more}")

    def add_failure(self, task: Task, fail: BaseFail) -> None:
        """A task failed, or cannot run because one that it needs failed."""
        if isinstance(fail, UnmetDependency):
            if task.actions:
                self._finish(task, BLOCKED)
            return
        if isinstance(cause := getattr(fail, "cause", None), CapError):
            self._finish(task, REFUSED)
            self._refused.append((task, cause))
            return
        self._finish(task, FAILED)
        self._failures.append((task, fail))
        self._say(f"{task.name} {FAILED}: {fail.message}")

    def skip_uptodate(self, task: Task) -> None:
        """A task has nothing to do."""
        if task.actions:
            self._finish(task, UP_TO_DATE)

    def skip_ignore(self, task: Task) -> None:
        """A task is left out, because of `doit ignore`."""
        if task.actions:
            self._finish(task, IGNORED)

    def teardown_task(self, task: Task) -> None:
        """A task's teardown starts."""

    def cleanup_error(self, exception: BaseFail) -> None:
        """A task's teardown failed."""
        self._errors.append(exception.get_msg())

    def runtime_error(self, msg: str) -> None:
        """The run itself could not go on."""
        self._errors.append(msg)

    def interrupted(self) -> None:
        """Ctrl-C or SIGTERM came: nothing more is started."""
        self._is_interrupted = True
        running = self._tally.running()
        if running:
            self._say(f"stopping: waiting for {_steps(len(running))}: {', '.join(running)} (once more: leave at once)")

    def complete_run(self) -> None:
        """Everything is over: report failures and sum up."""
        if self._display:
            self._display.stop()
            self._display = None
        if len(self._failures) > 1 or any(fail.traceback for _, fail in self._failures):
            self._say("")
            for task, fail in sorted(self._failures, key=lambda failed: failed[0].name):
                self._say(f"{task.name} {FAILED}: {fail.message}\n{''.join(fail.traceback)}".rstrip())
        for remark in self._remarks:
            self._say(remark)
        for error in self._errors:
            self._say(error)
        counts = Counter(self._tally.outcomes.values())
        counts[UP_TO_DATE] += sum(self._current.values())
        notes = [note for note in sorted(counts) if note not in LAST]
        sums = ", ".join(f"{counts[note]} {note}" for note in [*notes, *LAST] if counts[note] or note in ALWAYS)
        self._say(f"{_steps(counts.total())}: {sums} in {duration(time.monotonic() - self._tally.began)}")
        self._tell_money()
        self._tally.keep_times()
        for answer in self._answers:
            print(answer)
        if self._is_interrupted:
            self._say(f"interrupted: {_steps(self._tally.left())} left; the same command goes on from here")

    def _tell_money(self) -> None:
        """Print the money spent, and the steps that were not bought because of the cap or the budget."""
        if (budget := self._budget) is None:
            return
        if budget.spent_usd or budget.unpriced:
            cap = "" if budget.cap_usd is None else f" of a cap of {dollars(budget.cap_usd)}"
            self._say(f"spent {with_unpriced(dollars(budget.spent_usd), budget.unpriced)}{cap}")
            if budget.ledger:
                self._say(f"budget: {budget.ledger}")
        if budget.passed:
            self._say(f"OVER THE {budget.closed_by.upper()}: {budget.passed}; what is there is kept, look at the bills")
        if not self._refused:
            return
        kinds = Counter(task.name.partition(":")[0] for task, _ in self._refused)
        prices = {refused.key or task.name: refused.usd for task, refused in self._refused}.values()
        missing = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        usd = sum((usd for usd in prices if usd is not None), Decimal(0))
        price = with_unpriced(dollars(usd), list(prices).count(None))
        more = ", and the lines of what is not written" if kinds["script"] else ""
        self._say(f"{self._refused[0][1]}")
        limit, names = budget.closed_by or "cap", ", ".join(_names(self._refused))
        self._say(f"missing because of the {limit}: {missing}, for {price}{more}: {names}")

    def _finish(self, task: Task, outcome: str) -> float:
        """Count a task that is over; returns how many seconds it ran."""
        seconds = self._tally.finish(task, outcome)
        if self._display:
            self._display.show()
        return seconds

    def _say(self, text: str) -> None:
        if self._display:
            self._display.say(redact(text))
        else:
            out = self._file or sys.stderr
            out.write(f"{redact(text)}\n")  # in one piece: a log line of a thread may come at any moment
            out.flush()


def _names(refused: Sequence[tuple[Task, CapError]]) -> list[str]:
    names = [task.name for task, _ in refused]
    return names if len(names) <= _SHOWN_NAMES else [*names[:_SHOWN_NAMES], f"and {len(names) - _SHOWN_NAMES} more"]


_SHOWN_NAMES = 6


def _in_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("CI")


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
