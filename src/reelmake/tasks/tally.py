"""How far the build is: what has been done in each pool, what runs, and how long the rest will take at least."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from doit.task import Task

from reelmake.core.files import STATE, publish, unfinished

LAST_BUILD = f"{STATE}/last-build.json"
TIME_SCHEMA = "reelmake/time@1"
OURS = "reelmake"  # who performs what no provider does


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
        self.times: defaultdict[tuple[str, str], list[float]] = defaultdict(list)  # of each kind and provider
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
            step = getattr(task, "step", None)
            provider = step.action.request.get("provider", "") if step else ""
            self.times[_place(task)[1], str(provider or OURS)].append(seconds)
            return seconds

    def keep_times(self) -> None:
        """Write down where the time of this build went, unless nothing ran, for `reelmake cost --time`."""
        if not self.times or not Path(STATE).is_dir():
            return
        seconds = time.monotonic() - self.began
        parts = [
            {"kind": kind, "provider": provider, "steps": len(each), "seconds": round(sum(each), 3)}
            for (kind, provider), each in sorted(self.times.items(), key=lambda item: -sum(item[1]))
        ]
        began_at = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds")
        text = json.dumps({"schema": TIME_SCHEMA, "began_at": began_at, "seconds": round(seconds, 3), "parts": parts})
        with suppress(OSError):  # a full disk has been reported
            with unfinished(Path(STATE)) as part:
                part.write(text.encode())
            publish(Path(part.name), Path(LAST_BUILD))

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
