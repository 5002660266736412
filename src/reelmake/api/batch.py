"""Running the episodes of a batch, and answering each request as soon as its own is over."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from doit.exceptions import BaseFail, UnmetDependency
from doit.task import Task

from reelmake.api.jsonl import DONE, FAILED, INTERRUPTED, Answers, error_document
from reelmake.core.errors import BuildError, ReelmakeError
from reelmake.engine.scripts import paid_after
from reelmake.plan.kinds import PAID, PUBLISH, SPEC
from reelmake.project.load import Project
from reelmake.spec.documents import Cost, Document
from reelmake.store.base import Store
from reelmake.tasks import host
from reelmake.tasks.build import Build
from reelmake.tasks.job import Outcome, outcome_of

UP_TO_DATE = "up to date"


class Report:
    """Listens to a run. `done` is called with the name of an episode when its last task, of a kind, is over."""

    def __init__(self, last: Mapping[str, str], done: Callable[[str], None], kind: str) -> None:
        self.kind = kind
        self.began = time.monotonic()
        self._last = {task: episode for episode, task in last.items()}
        self._done = done
        self._outcomes: defaultdict[str, dict[str, Outcome]] = defaultdict(dict)
        self._failures: defaultdict[str, list[ReelmakeError]] = defaultdict(list)
        self._seconds: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))

    def finished(self, task: Task, fail: BaseFail | None, seconds: float | None) -> None:
        """Note the outcome of a task; `seconds` is None for one that had nothing to do."""
        kind, _, rest = task.name.partition(":")
        episode = rest.partition(":")[0]
        if fail is not None and not isinstance(fail, UnmetDependency):
            cause = getattr(fail, "cause", None)
            self._failures[episode].append(cause if isinstance(cause, ReelmakeError) else BuildError(fail.message))
        elif fail is None and task.actions:
            self._outcomes[episode][task.name] = Outcome(UP_TO_DATE) if seconds is None else outcome_of(task)
            self._seconds[episode][kind] += seconds or 0.0
        if task.name in self._last:
            self._done(self._last[task.name])

    @property
    def failed(self) -> set[str]:
        """Return the episodes of which a step failed."""
        return set(self._failures)

    def failure(self, episode: str) -> ReelmakeError:
        """Return why an episode has no result."""
        failures = self._failures[episode]
        if len(failures) == 1:
            return failures[0]
        return BuildError("\n".join(map(str, failures)) or "it was not built")

    def counts(self, episode: str) -> tuple[dict[str, int], dict[str, int]]:
        """Return how many steps of each kind were made, and how many were there already."""
        made: Counter[str] = Counter()
        restored: Counter[str] = Counter()
        for name, outcome in self._outcomes[episode].items():
            counter = made if outcome.note == "made" else restored if outcome.is_final else None
            if counter is not None:
                counter[name.partition(":")[0]] += 1
        return dict(made), dict(restored)

    def cost(self, episode: str, recorded_key: Callable[[str], str | None], store: Store) -> Cost:
        """Return the amounts (USD) that an episode paid and saved in this run; `recorded_key` is the key of a step."""
        paid: defaultdict[str, list[Decimal | None]] = defaultdict(list)
        saved: list[Decimal | None] = []
        for name, outcome in self._outcomes[episode].items():
            kind = name.partition(":")[0]
            key = outcome.key or recorded_key(name)
            receipt = store.find(key) if key and kind in PAID else None
            if receipt is None or receipt.provider == SPEC:
                continue
            amounts = paid[kind] if outcome.note == "made" else saved
            amounts += [receipt.usd, *(after.usd for after in paid_after(receipt, store))]
        return Cost(
            usd=_sum([usd for part in paid.values() for usd in part]),
            by_kind={kind: _sum(paid[kind]) for kind in sorted(paid)},
            saved_usd=_sum(saved),
        )

    def timings(self, episode: str) -> dict[str, float]:
        """Return the seconds since the run began, and those of all steps of each kind."""
        kinds = {kind: round(seconds, 3) for kind, seconds in sorted(self._seconds[episode].items())}
        return {"total": round(time.monotonic() - self.began, 3), **kinds}


def _sum(amounts: list[Decimal | None]) -> str | None:
    known = [amount for amount in amounts if amount is not None]
    return str(sum(known, Decimal(0))) if len(known) == len(amounts) else None


Result = Callable[[str, Build, Report], Document]


def run_batch(  # noqa: PLR0913, PLR0917 (what is run, for whom, and what is made of it)
    project: Project, kind: str, episodes: Iterable[str], names: Sequence[str], answers: Answers, result: Result
) -> int:
    """Run the step of a kind of all episodes; returns the exit code.

    Request `at` is about the episode `names[at]`. Its answer is what `result` returns, or the error that it raises.
    """
    builds: list[Build] = []
    steps = {name: f"{kind}:{name}" for name in episodes}

    def answer(name: str, document: Document) -> None:
        for at, of in enumerate(names):
            if of == name and not answers.is_given(at):
                answers.give(at, document)

    def done(name: str) -> None:
        try:
            answer(name, result(name, builds[0], report))
        except ReelmakeError as error:
            answer(name, error_document(error, name))

    def opened(build: Build) -> None:
        if kind == PUBLISH:
            build.publishing.targets(project.productions.values())
        builds.append(build)

    report = Report(steps, done, kind)
    code = host.run(project, steps.values(), report.finished, opened)
    for name in steps:
        answer(name, error_document(report.failure(name), name))
    return INTERRUPTED if code == INTERRUPTED else FAILED if answers.failed or code else DONE
