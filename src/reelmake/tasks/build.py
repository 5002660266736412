"""From episodes to doit's tasks, each with its files, its pool and what it does.

When the lines of an episode are known, all of its tasks are there when doit loads. When its script has yet to be
written, the tasks of its lines are made as soon as it is, while other episodes go on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from doit.task import DelayedLoader, Task

from reelmake.core.errors import AccountError, BuildError, InputError, ProviderError, SetupError
from reelmake.core.files import sweep
from reelmake.core.keys import canonical_json, key, manifest
from reelmake.engine.budget import Budget
from reelmake.engine.calls import Caller
from reelmake.engine.costs import Ledger
from reelmake.engine.engine import Context, key_of, perform, script_of, stand_in, with_source
from reelmake.engine.provenance import decided_by, write_provenance
from reelmake.engine.provenance import reads as provenance_reads
from reelmake.engine.rate_limit import Gates
from reelmake.engine.translation_memory import remember_translations, reuse_translations
from reelmake.plan.decide import Facts, decide
from reelmake.plan.episode import Production, Step, choice_place, is_paid
from reelmake.plan.kinds import CPU, KINDS, PUBLISH
from reelmake.plan.steps import after, plan
from reelmake.project.load import Project, open_store
from reelmake.project.settings import variables
from reelmake.project.validate import line_problem
from reelmake.providers.prices import Prices
from reelmake.spec.model import Line
from reelmake.tasks.job import Outcome, StepTask, Terms
from reelmake.tasks.outputs import StoredOutputs
from reelmake.tasks.publishing import ABOUT, Publishing
from reelmake.tasks.records import Records


def caller_of(project: Project) -> Caller:
    """Return what asks the providers of a project, within its limits and its cap."""
    settings = project.settings
    pools = {choice.pool for show in project.productions.values() for choice in show.choices.values()} - {CPU}
    pools |= {PUBLISH}
    limits = {CPU: settings.limits.get(CPU, os.cpu_count() or 1), **{pool: settings.limits.get(pool) for pool in pools}}
    return Caller(
        prices=Prices(settings.prices),
        budget=Budget(settings.cap_usd, Ledger(settings.budget) if settings.budget else None),
        gates=Gates(limits, settings.per_minute),
        variable=variables(project.root),
        proxy=settings.proxy,
        timeout_seconds=settings.timeout_seconds,
        retry_seconds=settings.retry_seconds,
    )


class Build:
    """The tasks of a project.

    Args:
        project: what is to be built.
        records: doit's memory; what it remembers of lines that are gone is removed, with their files.
        may_delay: whether tasks may be made while others run. Commands that only look want all that is known now.
        read_only: whether nothing may change on the disk: then nothing can be built.
    """

    def __init__(self, project: Project, records: Records, *, may_delay: bool, read_only: bool = False) -> None:
        self.project = project
        self.records = records
        self.may_delay = may_delay
        store = open_store(Path(), project.settings, variables(project.root), read_only=read_only)
        self.lazy_outputs = StoredOutputs(store, records.digests, self._perform)
        self.context = Context(
            root=Path(),
            store=store,
            ffmpeg=project.ffmpeg,
            digest=records.digests.digest,
            place=records.digests.place,
            caller=caller_of(project),
            lazy_outputs=self.lazy_outputs,
        )
        self.publishing = Publishing(self.context, records, self._lines)
        self.unpriced: set[str] = set()  # episodes with a step whose price is not known, under a limit
        if not read_only:
            self.context.work.mkdir(parents=True, exist_ok=True)
            sweep(self.context.work)

    def tasks(self) -> Iterator[Task]:
        """Return the tasks of all episodes, and a group for each kind."""
        shows = list(self.project.productions.values())
        for name, kind in KINDS.items():
            having = [show for show in shows if not kind.source or getattr(show.episode, kind.source)]
            members = [f"{name}:{show.name}" for show in having]
            yield Task(name, None, task_dep=members, has_subtask=True, doc=kind.makes)
        yield self.publishing.all([f"{PUBLISH}:{show.name}" for show in shows])
        if self.may_delay:
            self.context.store.begin()
        planned = {show.name: self.steps(show) for show in shows}
        if self.may_delay:
            try:
                self.context.store.bring(self.new_keys(step for steps in planned.values() for step in steps))
                self._refuse_unpriced(step for show in shows for step in planned[show.name] or self.early(show))
            except BaseException:
                self.stop()  # nothing will be built
                raise
        for show in shows:
            if steps := planned[show.name]:
                yield from self._tasks(show, steps)
            else:
                yield from self._unwritten(show)

    def stop(self) -> None:
        """Ask no provider for anything more, and transfer nothing more that has not begun."""
        self.context.caller.gates.stop()
        self.context.store.stop()

    def finish(self) -> bool:
        """Wait until all transfers are over; says whether the build has failed, although all of its steps may be made.

        It has, when bills have passed a limit.
        """
        self.context.store.finish()
        return bool(self.context.caller.budget.passed)

    def new_keys(self, steps: Iterable[Step]) -> Iterator[str]:
        """Return the keys of steps that read no files and were not built here as they are."""
        for step in steps:
            name = "" if step.action.inputs else key(manifest(step.action, {}))
            if name and self.records.recorded_key(step.name) != name:
                yield name

    def _refuse_unpriced(self, steps: Iterable[Step]) -> None:
        """Raise SetupError under a cap or budget when the price of a step is not known: it could not be kept."""
        caller = self.context.caller
        if not caller.budget.limits:
            return
        unknown: dict[str, Step] = {}
        for step in filter(is_paid, steps):
            if caller.price(step.action) is not None:
                continue
            self.unpriced.add(step.episode)
            receipt = self.context.store.find(key_of(step.action, self.context))
            if decide(step.action, Facts(has_receipt=receipt is not None)).verdict == "make":
                request = step.action.request
                unknown.setdefault(str(request.get("model") or request["provider"]), step)
        if unknown:
            names = ", ".join(f"{model} ({step.name})" for model, step in unknown.items())
            fix = f"set usd_per_... under [tool.reelmake.prices.{next(iter(unknown))!r}], or take the limit away"
            raise SetupError(f"there is {caller.budget.limits}, and no price for {names}", fix)

    def steps(self, show: Production) -> list[Step]:
        """Return all steps of an episode, or none while there is no script that they could be made of."""
        if show.episode.script is not None:
            return plan(show, show.episode.script)
        show = with_source(show, self.context)
        try:
            return plan(show, lines) if (lines := self._lines(show)) else []
        except (OSError, InputError, SetupError):
            raise
        except Exception:  # noqa: BLE001
            # The stored script is of no use, for any reason. The step that writes the script will say so;
            # here, no command may fail because of it.
            return []

    def early(self, show: Production) -> list[Step]:
        """Return the steps of an episode that need no script: for a translation, without it while there is none."""
        return plan(with_source(show, self.context), [])

    def _lines(self, show: Production) -> list[Line] | None:
        """Return the lines of a script that was written for an episode; raises BuildError when they cannot be used."""
        lines = script_of(show, self.context)
        for line in lines or []:
            voice = show.choices[choice_place("voice", line)].provider if line.character in show.characters else ""
            if voice and (wrong := line_problem(line.text, show.episode.language, voice)):
                raise BuildError(
                    f"the script of {show.name} has a line that cannot be used, {line.text!r}: {wrong[0]}",
                    "bump the episode's take: for another one, or write the script: yourself",
                )
        return lines

    def _unwritten(self, show: Production) -> Iterator[Task]:
        """Return the tasks of an episode before its script is there: placeholders stand for those of its lines."""
        early = self.early(show)
        yield from (self._task(show, step, []) for step in early)
        there = {step.name for step in early}
        late = [name for name, kind in KINDS.items() if not kind.is_early]
        names = [f"{name}:{show.name}" for name in (*late, PUBLISH)]
        translation = f"script:{show.name}"
        if translation not in there:  # there is nothing yet that could be translated
            names.insert(0, translation)
        if not self.may_delay:
            yield from self._looked_at(show, names, [step.name for step in early])
            return
        made = [*names, *(f"{kind}:{show.name}:" for kind in _per_line()), show.path("")]
        later = DelayedLoader(partial(self._written, show), executed=translation, creates=made)
        for name in names:
            loader = later
            if name == translation:
                creator = partial(self._translated, show)
                loader = DelayedLoader(creator, executed=f"script:{show.spec}", creates=[name])
            yield Task(name, None, loader=loader, subtask_of=name.partition(":")[0])

    def _translated(self, show: Production) -> Iterator[Task]:
        """Return the task of a translation, once the script is there that it is made of."""
        yield from (self._task(show, step, []) for step in self.early(show) if step.kind == "script")

    def _looked_at(self, show: Production, names: list[str], early: list[str]) -> Iterator[Task]:
        """Return what a command that only looks finds under the names of steps that need the script.

        They do nothing, and hold what was made of an earlier script: `doit clean` removes it.
        """
        for name in names:
            kind = name.partition(":")[0]
            left = [path for made in self._made_by(show, kind).values() for path in made]
            needed = [*early, *(other for other in names if other != name)] if kind == "video" else []
            doc = f"{KINDS[kind].makes if kind in KINDS else ABOUT} ({show.episode.title}), once its script is written"
            yield Task(name, None, targets=left, task_dep=needed, clean=True, subtask_of=kind, doc=doc)

    def _written(self, show: Production) -> Iterator[Task]:
        """Return the tasks of an episode whose script was just written, but for those that were there before it."""
        lines = self._lines(show)
        if not lines:
            raise BuildError(
                f"the script of {show.name} holds no lines that could be read",
                "bump the episode's take: for another one, or write the script: yourself",
            )
        yield from self._tasks(show, plan(with_source(show, self.context), lines), leave_out_early=True)

    def _tasks(self, show: Production, steps: list[Step], *, leave_out_early: bool = False) -> Iterator[Task]:
        for kind in _per_line():
            members = [step.name for step in steps if step.kind == kind]
            yield Task(f"{kind}:{show.name}", None, task_dep=members, has_subtask=True, subtask_of=kind)
        steps_and_after = [*steps, *after(show)]
        for step in steps_and_after:
            if not (leave_out_early and KINDS[step.kind].is_early):
                yield self._task(show, step, steps)
        yield self.publishing.task(show)
        if self.may_delay:
            self._sweep(show, steps_and_after)

    def _task(self, show: Production, step: Step, steps: list[Step]) -> Task:
        self.lazy_outputs.may_leave(step)
        work: Callable[[], Outcome] = partial(self._perform, step)
        task_dep = []
        if step.kind == "script" and show.original:
            work = partial(self._translate, show, step)
        if step.kind == "video":
            work = partial(self._finish, show, step, steps)
            task_dep = [f"script:{show.name}", f"subtitles:{show.name}"]
        doc = f"{KINDS[step.kind].makes} ({show.episode.title})" if not step.line else ""
        return StepTask(step, terms_of(show, step, steps), work, task_dep, doc)

    def _perform(self, step: Step) -> Outcome:
        """Perform a step; a picture that cannot be had is replaced by a card that says so, and tried for again."""
        try:
            done = perform(step.action, self.context, step.name)
            return Outcome(done, key=key_of(step.action, self.context))
        except BuildError as error:
            if step.where:
                error.what = f"{step.where}: {error.what}"
            can_degrade = KINDS[step.kind].can_degrade and not isinstance(error, AccountError)
            if not can_degrade or not isinstance(error, ProviderError):
                raise
            stand_in(step.action, self.context)
            return Outcome("degraded", str(error), is_final=False)

    def _translate(self, show: Production, step: Step) -> Outcome:
        """Translate the lines of a script that were not translated before."""
        show = with_source(show, self.context)
        reuse_translations(show, self.context)
        outcome = self._perform(step)
        if outcome.note == "made":
            remember_translations(show, self.context)
        return outcome

    def _finish(self, show: Production, step: Step, steps: list[Step]) -> Outcome:
        """Join the video, and write down what it was made of."""
        outcome = self._perform(step)
        write_provenance(show, steps, self.context)
        return outcome

    def _sweep(self, show: Production, steps: list[Step]) -> None:
        """Remove what steps that are gone have made: a build after any edits holds what a clean build holds.

        Only files that are recorded, and still as they were made: files that an author has put there since stay.
        """
        names = {step.name for step in steps}
        live = {path for step in steps for path in (*step.action.outputs.values(), *step.action.inputs.values())}
        live.add(show.path("video.json"))
        for kind in KINDS:
            for name, made in self._made_by(show, kind).items():
                for path in made.keys() - live:
                    with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                        if self.context.digest(Path(path)) == made[path]:
                            Path(path).unlink()
                if name not in names:
                    self.records.remove(name)

    def _made_by(self, show: Production, kind: str) -> dict[str, dict[str, str]]:
        """Return what recorded steps of an episode made: name -> {path: sha256}."""
        found = self.records.made_by(f"{kind}:{show.name}")
        return {name: made for name, made in found.items() if name.split(":")[1] == show.name}


def _per_line() -> list[str]:
    return [name for name, kind in KINDS.items() if kind.is_per_line]


def terms_of(show: Production, step: Step, steps: Sequence[Step]) -> Terms:
    """Return what a step is compared by with its record; `steps` are all of its episode.

    A video also writes down what it was made of, and does so again when only that has changed: the video itself is
    then found in the store and left as it is.
    """
    action = step.action
    request = {"recipe": action.recipe, "reading": action.reading, "request": action.request, "inputs": action.inputs}
    reads, writes = list(action.inputs.values()), list(action.outputs.values())
    if step.kind == "video":
        reads = provenance_reads(show, steps)
        writes.append(show.path("video.json"))
        request["told"] = decided_by(show, steps)
    return Terms(canonical_json(request), reads, writes)
