"""How far the build is: a live display in a terminal, plain lines elsewhere. All on stderr; stdout is for answers."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, TextIO

from doit.exceptions import BaseFail, UnmetDependency
from doit.task import Task
from rich import progress as bars
from rich.console import Console, RenderableType
from rich.table import Column
from rich.text import Text

from reelmake.core.errors import CapError
from reelmake.core.logging import redact
from reelmake.tasks.job import outcome_of

BAR_WIDTH = 20
LABELS = 3
REFRESH_PER_SECOND = 4
MINUTE = 60


class Running(bars.ProgressColumn):
    """The column of running steps in a pool; it gets the room that the other columns leave."""

    def render(self, task: bars.Task) -> Text:
        """Return the first of the names, and how many more there are."""
        names = task.fields["running"]
        more = len(names) - LABELS
        text = ", ".join(names[:LABELS])
        return Text(f"{text} and {more} more" if more > 0 else text, "dim", no_wrap=True, overflow="ellipsis")


class Display(bars.Progress):
    """A bar for each pool and the time, until it is stopped; then nothing of it is left on the screen."""

    restore = "\r\x1b[J\x1b[?25h"  # clears what is drawn below the cursor, shows the cursor

    def __init__(self, tally: Tally, console: Console | None = None) -> None:
        self._tally = tally
        self._pools: dict[str, bars.TaskID] = {}
        super().__init__(
            bars.TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            bars.BarColumn(BAR_WIDTH, table_column=Column(no_wrap=True)),
            bars.MofNCompleteColumn(table_column=Column(no_wrap=True)),
            # Not `no_wrap`: rich takes room only from columns that may wrap, as long as there are any.
            Running(table_column=Column()),
            console=console or Console(stderr=True),
            transient=True,
            refresh_per_second=REFRESH_PER_SECOND,
            # What anyone prints meanwhile goes above the display; a stdout that is a pipe is not on this screen.
            redirect_stdout=sys.stdout.isatty(),
        )
        self.show()

    def show(self) -> None:
        """Take over from the tally how far each pool is."""
        for row in self._tally.rows():
            if row.pool not in self._pools:
                self._pools[row.pool] = self.add_task(row.pool, running=())
            self.update(self._pools[row.pool], total=row.total, completed=row.done, running=row.running)

    def get_renderables(self) -> Iterator[RenderableType]:
        """Return the renderable: the bars, and the time below them."""
        yield from super().get_renderables()
        yield Text(_time(self._tally))

    def say(self, text: str) -> None:
        """Print above the display."""
        self.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)


def _time(tally: Tally) -> str:
    estimate = tally.estimate()
    elapsed = f"{_duration(time.monotonic() - tally.began)} so far"
    if estimate is None or estimate.seconds == 0:  # what runs takes longer than others of its kind
        return elapsed
    return f"{elapsed}, {'about' if estimate.is_whole else 'at least'} {_duration(estimate.seconds)} left"


def _duration(seconds: float) -> str:
    whole = math.ceil(seconds)
    return f"{whole // MINUTE} min {whole % MINUTE} s" if whole >= MINUTE else f"{whole} s"


@dataclass(frozen=True, slots=True)
class Row:
    """How far one pool is."""

    pool: str
    done: int
    total: int
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Time left; `is_whole` is false while nothing is known of some kinds of step, and it can only be more."""

    seconds: float
    is_whole: bool


class Tally:
    """Steps (tasks that do something) by pool and kind. Written by the main thread, read by the display's.

    The kind of a step is the first part of its name: `voice` of `voice:moths:ada-why`.
    """

    def __init__(self, limits: Mapping[str, int], current: Mapping[tuple[str, str], int] | None = None) -> None:
        self.began = time.monotonic()
        self.outcomes: dict[str, str] = {}
        self._limits = limits
        self._lock = threading.Lock()
        self._tasks: Mapping[str, Task] = {}
        self._tasks_known = 0
        self._to_visit: deque[str] = deque()
        self._visited: set[str] = set()
        self._counted: set[str] = set()
        self._totals: Counter[tuple[str, str]] = Counter(current or {})
        self._done: Counter[tuple[str, str]] = Counter(current or {})
        self._started: dict[str, float] = {}
        self._seconds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def follow(self, tasks: Mapping[str, Task], selected: list[str]) -> None:
        """Count the requested steps and all that they need; `tasks` grows as delayed creators run."""
        self._tasks, self._to_visit = tasks, deque(selected)
        self._discover()

    def start(self, task: Task) -> None:
        """A step starts."""
        with self._lock:
            self._started[task.name] = time.monotonic()

    def finish(self, task: Task, outcome: str) -> float:
        """A step is over, whether it ran or not; returns how many seconds it ran.

        What is not in the totals has an outcome, but does not count as done: a placeholder that could not be filled.
        """
        self._discover()
        with self._lock:
            self.outcomes[task.name] = outcome
            self._done[_place(task)] += task.name in self._counted
            began = self._started.pop(task.name, None)
            if began is None:
                return 0.0
            seconds = time.monotonic() - began
            self._seconds[_place(task)].append(seconds)
            return seconds

    def running(self) -> list[str]:
        """Return the names of the steps that run."""
        return list(self._started)

    def left(self) -> int:
        """Return how many steps have no outcome yet, as far as they are known."""
        return self._totals.total() - self._done.total()

    def rows(self) -> list[Row]:
        """Return how far each pool is."""
        with self._lock:
            pools = dict.fromkeys(pool for pool, _ in self._totals)
            labels: defaultdict[str, list[str]] = defaultdict(list)
            for task in map(self._tasks.__getitem__, self._started):
                labels[_place(task)[0]].append((task.meta or {}).get("label") or task.name)
            done, total = (
                {pool: sum(n for (at, _), n in counts.items() if at == pool) for pool in pools}
                for counts in (self._done, self._totals)
            )
            return [Row(pool, done[pool], total[pool], tuple(labels[pool])) for pool in pools]

    def estimate(self) -> Estimate | None:
        """Return how long the rest will take: the pool that needs longest at its limit; None when nothing is known.

        The elapsed time of running steps is subtracted.
        """
        now = time.monotonic()
        with self._lock:
            waiting = Counter({place: total - self._done[place] for place, total in self._totals.items()})
            mean = {place: sum(seconds) / len(seconds) for place, seconds in self._seconds.items()}
            running = [(_place(self._tasks[name]), now - began) for name, began in self._started.items()]
        is_whole = all(place in mean for place, n in waiting.items() if n > 0)
        left: defaultdict[str, list[float]] = defaultdict(list)  # by pool, of each step
        for place, seconds in running:
            waiting[place] -= 1
            if place in mean:
                left[place[0]].append(max(0.0, mean[place] - seconds))
        for place, n in waiting.items():
            if n > 0 and place in mean:
                left[place[0]] += [mean[place]] * n
        if not left:
            return None
        longest = max(map(max, left.values()))
        pools = (sum(seconds) / max(1, self._limits.get(pool, 1)) for pool, seconds in left.items())
        return Estimate(max(longest, *pools), is_whole)

    def _discover(self) -> None:
        """Visit tasks that have come into being; placeholders of delayed tasks are visited again."""
        if len(self._tasks) == self._tasks_known:
            return
        self._tasks_known = len(self._tasks)
        queue, self._to_visit = self._to_visit, deque()
        with self._lock:
            while queue:
                name = queue.popleft()
                task = self._tasks[name]
                if name in self._visited:
                    continue
                if task.loader:
                    self._to_visit.append(name)
                else:
                    self._visited.add(name)
                    if task.actions:
                        self._counted.add(name)
                        self._totals[_place(task)] += 1
                        self._done[_place(task)] += name in self.outcomes
                queue.extend(task.task_dep)
                queue.extend(task.setup_tasks)


def _place(task: Task) -> tuple[str, str]:
    """Return the pool and the kind of a task."""
    kind = task.name.partition(":")[0]
    return (task.meta or {}).get("pool", kind), kind


UP_TO_DATE, IGNORED, FAILED, BLOCKED = "up to date", "ignored", "failed", "waiting for them"
LAST = (UP_TO_DATE, IGNORED, FAILED, BLOCKED)  # in the sum, after the notes of steps that ran
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
            self._say(f"{task.name} {outcome.note} {seconds:.1f}s{f': {outcome.remark}' if outcome.remark else ''}")

    def add_failure(self, task: Task, fail: BaseFail) -> None:
        """A task failed, or cannot run because one that it needs failed."""
        if isinstance(fail, UnmetDependency):
            if task.actions:
                self._finish(task, BLOCKED)
            return
        self._finish(task, FAILED)
        if isinstance(cause := getattr(fail, "cause", None), CapError):
            self._refused.append((task, cause))
            return
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
        self._say(f"{_steps(counts.total())}: {sums} in {time.monotonic() - self._tally.began:.1f}s")
        self._tell_money()
        for answer in self._answers:
            print(answer)
        if self._is_interrupted:
            self._say(f"interrupted: {_steps(self._tally.left())} left; the same command goes on from here")

    def _tell_money(self) -> None:
        """Print the money spent, and the steps that were not bought because of the cap."""
        spent_usd = getattr(self._budget, "spent_usd", 0)
        cap_usd = getattr(self._budget, "cap_usd", None)
        if spent_usd:
            self._say(f"spent ${spent_usd}{f' of a cap of ${cap_usd}' if cap_usd is not None else ''}")
        if not self._refused:
            return
        kinds = Counter(task.name.partition(":")[0] for task, _ in self._refused)
        prices = {refused.key or task.name: refused.usd for task, refused in self._refused}.values()
        missing = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        usd = sum((usd for usd in prices if usd is not None), Decimal(0))
        more = " and what has no price" if None in prices else ""
        more += ", and the lines of what is not written" if kinds["script"] else ""
        self._say(f"{self._refused[0][1]}")
        self._say(f"missing because of the cap: {missing}, for ${usd}{more}: {', '.join(_names(self._refused))}")

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
