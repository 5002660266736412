"""From episodes to doit's tasks. A project's own tasks, from its dodo.py, stand beside them.

When the lines of an episode are known, all of its tasks are there when doit loads. When its script has yet to be
written, the tasks of its lines are made as soon as it is, while other episodes go on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import doit.loader
from doit.cmd_base import DodoTaskLoader
from doit.exceptions import InvalidDodoFile
from doit.task import DelayedLoader, Task
from doit.tools import config_changed

from reelmake.action import canonical_json, key, manifest
from reelmake.budget import Budget
from reelmake.calls import Caller
from reelmake.errors import AccountError, BuildError, InputError, ProviderError, ReelmakeError, SetupError
from reelmake.folders import STATE, episode_names
from reelmake.gate import Gates
from reelmake.logs import log, redact
from reelmake.plan import BUILD, CPU, RECIPES, Production, Step, choice_place, is_paid, plan
from reelmake.prices import Prices
from reelmake.project import Project, line_problem, load_project
from reelmake.provenance import decided_by, reads, write_provenance
from reelmake.providers import provider
from reelmake.release import after
from reelmake.run import key_of, run_action, script_of, stand_in, with_source
from reelmake.settings import variables
from reelmake.spec import Line
from reelmake.store.local import sweep
from reelmake.store.opened import open_store
from reelmake.tasks.job import Job, Outcome, told_by
from reelmake.tasks.left import Left
from reelmake.tasks.records import Records
from reelmake.workshop import Workshop

PER_LINE: Final = ("voice", "image", "segment")
PUBLISH: Final = "publish"  # no action: what it does is asked of the target each time
KINDS: Final = (*RECIPES, PUBLISH)
EARLY: Final = ("script", "background", "music")  # what can be made before the lines are known
ABOUT: Final = {
    "script": "the dialogue of an episode",
    "voice": "the sound of each line",
    "image": "the picture of each line",
    "background": "the background in the video's format",
    "music": "the music at one loudness",
    "timeline": "when everything happens",
    "subtitles": "captions as .ass, .srt and .vtt",
    "segment": "the encoded pictures of each line",
    "soundtrack": "voices and music, mixed",
    "video": "the finished video (what plain doit builds)",
    "inspection": "what the finished video is, measured",
    "cover": "the picture that stands for the video",
    "storyboard": "a picture of each line",
    "publish": "the finished video, where others find it",
}


class EpisodeLoader(DodoTaskLoader):  # type: ignore[misc]  # doit is not typed
    """Loads dodo.py, and the episodes that are asked for."""

    pools: Mapping[str, int]
    budget: Budget
    stop: Callable[[], None]
    finish: Callable[[], None]
    in_force: ClassVar[bool] = False

    def setup(self, opt_values: Mapping[str, Any]) -> None:
        """Import dodo.py, which asks by `require_project` whether we are here."""
        EpisodeLoader.in_force = True
        super().setup(opt_values)

    def load_doit_config(self) -> dict[str, Any]:
        """Return doit's settings: ours, unless the project's dodo.py says otherwise."""
        try:
            Path(STATE).mkdir(exist_ok=True)
        except OSError as error:
            raise InvalidDodoFile(f"nothing was built\n{told_by(error) or error}") from None
        ours = {"dep_file": f"{STATE}/doit.db", "default_tasks": ["video"]}
        return {**ours, **super().load_doit_config()}

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Task]:
        """Return all tasks that a command needs; raises InvalidDodoFile with every mistake in the specs."""
        own = super().load_tasks(cmd, pos_args)
        names = episode_names(Path())
        try:
            project = load_project(Path(), asked_for(pos_args, names))
            build = Build(project, cmd.dep_manager, may_delay=cmd.execute_tasks)
            tasks = [*own, *build.tasks()]
            if cmd.execute_tasks:
                build.left.ask_for([*pos_args, *(path for task in own for path in task.file_dep)])
                if any(word.partition(":")[0] == PUBLISH for word in pos_args):
                    build.check_targets()
        except ReelmakeError as error:
            raise InvalidDodoFile(redact(f"nothing was built\n{error}")) from None
        except OSError as error:
            raise InvalidDodoFile(f"nothing was built\n{told_by(error) or error}") from None
        self.pools = build.shop.caller.gates
        self.budget = build.shop.caller.budget
        self.stop = build.stop
        self.finish = build.shop.store.finish
        return tasks


def require_project() -> None:
    """Refuse to go on, when doit runs a project's dodo.py without us: it would find nothing to do, and succeed.

    doit reads the pyproject.toml of the folder in which it is started, and no other.
    """
    if not EpisodeLoader.in_force:
        raise InvalidDodoFile(
            f"nothing was built\n{doit.loader.initial_workdir} has no pyproject.toml that names reelmake's loader; "
            "run doit in the project's own folder, without -f or -k"
        )


def asked_for(arguments: Iterable[str], names: list[str]) -> list[str] | None:
    """Return the episodes that doit's arguments name, or None when they may mean any."""
    asked = set()
    for argument in arguments:
        if argument.startswith("-"):
            continue  # an option of a task
        path = Path(argument).parts
        name = path[1] if path[:1] == (BUILD,) and len(path) > 1 else argument.partition(":")[2].partition(":")[0]
        name = name.partition(".")[0]  # moths.ja is moths, in another language
        if name not in names:
            return None
        asked.add(name)
    return sorted(asked) or None


def caller_of(project: Project) -> Caller:
    """Return what asks the providers of a project, within its limits and its cap."""
    settings = project.settings
    pools = {choice.pool for show in project.productions.values() for choice in show.choices.values()} - {CPU}
    pools |= {PUBLISH}
    limits = {CPU: settings.limits.get(CPU, os.cpu_count() or 1), **{pool: settings.limits.get(pool) for pool in pools}}
    return Caller(
        prices=Prices(settings.prices),
        budget=Budget(settings.cap_usd),
        gates=Gates(limits, settings.per_minute),
        variable=variables(project.root),
        proxy=settings.proxy,
        timeout_seconds=settings.timeout_seconds,
        retry_seconds=settings.retry_seconds,
    )


def prepare_while_waiting(shows: Iterable[Production]) -> None:
    """Have what all vendors take loaded as soon as the first of them is at work: nothing is loaded for nothing."""
    asked = {
        (place[0], choice.provider) for show in shows for place, choice in show.choices.items() if choice.pool != CPU
    }
    if asked:
        from reelmake.providers import wire  # noqa: PLC0415

        wire.while_waiting(partial(_prepare, sorted(asked, reverse=True)))  # voices are there first


def _prepare(choices: Iterable[tuple[str, str]]) -> None:
    """Load what the steps to come take: vendors' SDKs, the log, and what draws and encodes."""
    log()
    for kind, name in choices:
        if not threading.main_thread().is_alive():
            return  # the build has ended
        with suppress(Exception):  # who needs it will say what is wrong with it
            provider(kind, name).prepare()
    from reelmake import make, read  # noqa: F401, PLC0415


class Build:
    """The tasks of a project.

    Args:
        project: what is to be built.
        records: doit's memory; what it remembers of lines that are gone is removed, with their files.
        may_delay: whether tasks may be made while others run. Commands that only look want all that is known now.
    """

    def __init__(self, project: Project, records: Records, *, may_delay: bool) -> None:
        self.project = project
        self.records = records
        self.may_delay = may_delay
        self._groups: dict[str, Task] = {}
        store = open_store(Path(), project.settings, variables(project.root))
        self.left = Left(store, records.digests, self._perform)
        self.shop = Workshop(
            root=Path(),
            store=store,
            ffmpeg=project.ffmpeg,
            digest=records.digests.digest,
            caller=caller_of(project),
            aside=self.left,
        )
        self.shop.work.mkdir(parents=True, exist_ok=True)
        sweep(self.shop.work)

    def tasks(self) -> Iterator[Task]:
        """Return the tasks of all episodes, and a group for each kind."""
        shows = list(self.project.productions.values())
        for kind in KINDS:
            members = [f"{kind}:{show.name}" for show in shows if _has(show, kind)]
            group = Task(kind, None, task_dep=members, has_subtask=True, doc=ABOUT[kind], params=_params(kind))
            self._groups[kind] = group
            yield group
        if self.may_delay:
            self.shop.store.begin()
        planned = {show.name: self.steps(show) for show in shows}
        if self.may_delay:
            try:
                self.shop.store.bring(self.new_keys(step for steps in planned.values() for step in steps))
                self._refuse_unpriced(step for show in shows for step in planned[show.name] or self.early(show))
            except BaseException:
                self.stop()  # nothing will be built
                raise
            prepare_while_waiting(shows)
        for show in shows:
            if steps := planned[show.name]:
                yield from self._tasks(show, steps)
            else:
                yield from self._unwritten(show)

    def stop(self) -> None:
        """Ask no provider for anything more, and transfer nothing more that has not begun."""
        self.shop.caller.gates.stop()
        self.shop.store.stop()

    def new_keys(self, steps: Iterable[Step]) -> Iterator[str]:
        """Return the keys of steps that read no files and were not built here as they are."""
        for step in steps:
            name = "" if step.action.inputs else key(manifest(step.action, {}))
            if name and self.records.recorded_key(step.name) != name:
                yield name

    def _refuse_unpriced(self, steps: Iterable[Step]) -> None:
        """Raise SetupError under a cap when the price of a step is not known: a build could not keep to it."""
        caller = self.shop.caller
        if caller.budget.cap_usd is None:
            return
        unknown: dict[str, Step] = {}
        for step in filter(is_paid, steps):
            if caller.price(step.action) is None and self.shop.store.find(key_of(step.action, self.shop)) is None:
                request = step.action.request
                unknown.setdefault(str(request.get("model") or request["provider"]), step)
        if unknown:
            told = ", ".join(f"{model} ({step.name})" for model, step in unknown.items())
            fix = f"set usd_per_... under [tool.reelmake.prices.{next(iter(unknown))!r}], or take the cap away"
            raise SetupError(f"there is a cap of ${caller.budget.cap_usd}, and no price for {told}", fix)

    def steps(self, show: Production) -> list[Step]:
        """Return all steps of an episode, or none while there is no script that they could be made of."""
        if show.episode.script is not None:
            return plan(show, show.episode.script)
        show = with_source(show, self.shop)
        try:
            return plan(show, lines) if (lines := self._lines(show)) else []
        except (OSError, InputError, SetupError):
            raise
        except Exception:  # noqa: BLE001
            # What is stored is of no use, whatever is wrong with it. The step that writes the script will say so;
            # here, no command may fail because of it.
            return []

    def early(self, show: Production) -> list[Step]:
        """Return the steps of an episode that need no script: for a translation, without it while there is none."""
        return plan(with_source(show, self.shop), [])

    def _lines(self, show: Production) -> list[Line] | None:
        """Return the lines of a script that was written for an episode; raises BuildError when they cannot be used."""
        lines = script_of(show, self.shop)
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
        names = [f"{kind}:{show.name}" for kind in KINDS if kind not in EARLY]
        translation = f"script:{show.name}"
        if translation not in there:  # there is nothing yet that could be translated
            names.insert(0, translation)
        if not self.may_delay:
            yield from self._looked_at(show, names, [step.name for step in early])
            return
        made = [*names, *(f"{kind}:{show.name}:" for kind in PER_LINE), show.path("")]
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
            doc = f"{ABOUT[kind]} ({show.episode.title}), once its script is written"
            yield Task(name, None, targets=left, task_dep=needed, clean=True, subtask_of=kind, doc=doc)

    def _written(self, show: Production) -> Iterator[Task]:
        """Return the tasks of an episode whose script was just written, but for those that were there before it."""
        lines = self._lines(show)
        if not lines:
            raise BuildError(
                f"the script of {show.name} holds no lines that could be read",
                "bump the episode's take: for another one, or write the script: yourself",
            )
        yield from self._tasks(show, plan(with_source(show, self.shop), lines), leave_out=EARLY)

    def _tasks(self, show: Production, steps: list[Step], leave_out: Collection[str] = ()) -> Iterator[Task]:
        for kind in PER_LINE:
            members = [step.name for step in steps if step.kind == kind]
            yield Task(f"{kind}:{show.name}", None, task_dep=members, has_subtask=True, subtask_of=kind)
        steps_and_after = [*steps, *after(show)]
        yield from (self._task(show, step, steps) for step in steps_and_after if step.kind not in leave_out)
        yield self._publishing(show)
        if self.may_delay:
            self._sweep(show, steps_and_after)

    def _task(self, show: Production, step: Step, steps: list[Step]) -> Task:
        action = step.action
        self.left.may_leave(step)
        asked = {"recipe": action.recipe, "reading": action.reading, "request": action.request, "inputs": action.inputs}
        work: Callable[[], Outcome] = partial(self._perform, step)
        file_dep, targets = list(action.inputs.values()), list(action.outputs.values())
        task_dep = []
        if step.kind == "video":
            # It also writes down what it was made of, and does so again when only that has changed: the video itself
            # is then found in the store and left as it is.
            work = partial(self._finish, show, step, steps)
            targets.append(show.path("video.json"))
            file_dep = reads(show, steps)
            asked["told"] = decided_by(show, steps)
            task_dep = [f"script:{show.name}", f"subtitles:{show.name}"]
        return Task(
            step.name,
            [Job(work)],
            file_dep=file_dep,
            targets=targets,
            task_dep=task_dep,
            uptodate=[config_changed(canonical_json(asked))],
            clean=True,
            subtask_of=f"{step.kind}:{show.name}" if step.line else step.kind,
            doc=f"{ABOUT[step.kind]} ({show.episode.title})" if not step.line else None,
            meta={"pool": step.pool, "label": step.name},
        )

    def _publishing(self, show: Production) -> Task:
        """Return the task that publishes an episode. It is never up to date: the target is asked what it has."""
        task = Task(
            f"{PUBLISH}:{show.name}",
            [Job(lambda: self._publish(show, task))],
            task_dep=[f"{kind}:{show.name}" for kind in ("video", "inspection", "cover")],
            subtask_of=PUBLISH,
            doc=f"{ABOUT[PUBLISH]} ({show.episode.title})",
            params=_params(PUBLISH),
            meta={"pool": PUBLISH, "label": f"{PUBLISH}:{show.name}"},
        )
        return task

    def _publish(self, show: Production, task: Task) -> Outcome:
        from reelmake.publish import publish  # noqa: PLC0415 (what it takes is slow to import)

        def progress(sent: int, total: int) -> None:
            task.meta["label"] = f"{task.name} {sent / 1e6:.1f} of {total / 1e6:.1f} MB"
            log().info("sending", step=task.name, bytes=sent, of=total)

        if not show.publish.to:
            return Outcome("left out", "publish: names no target")
        allowed = any((one.options or {}).get("allow_degraded") for one in (task, self._groups[PUBLISH]))
        done = publish(show, self.shop, self._lines(show) or [], progress, allow_degraded=allowed)
        self.records.changed(f"video:{show.name}", show.path("video.json"))
        return Outcome("published" if done.sent_bytes else "was published", answer="\n".join(done.urls))

    def check_targets(self) -> None:
        """Raise SetupError when a target cannot be used, before anything is built for it."""
        from reelmake.publish import places  # noqa: PLC0415

        for show in self.project.productions.values():
            places(show, self.shop)

    def _perform(self, step: Step) -> Outcome:
        """Perform a step; a picture that cannot be had is replaced by a card that says so, and tried for again."""
        try:
            done = run_action(step.action, self.shop, step.name)
            return Outcome(done, key=key_of(step.action, self.shop))
        except BuildError as error:
            if step.where:
                error.what = f"{step.where}: {error.what}"
            if step.kind != "image" or not isinstance(error, ProviderError) or isinstance(error, AccountError):
                raise
            stand_in(step.action, self.shop)
            return Outcome("degraded", str(error), is_final=False)

    def _finish(self, show: Production, step: Step, steps: list[Step]) -> Outcome:
        """Join the video, and write down what it was made of."""
        outcome = self._perform(step)
        write_provenance(show, steps, self.shop)
        return outcome

    def _sweep(self, show: Production, steps: list[Step]) -> None:
        """Remove what steps that are gone have made: a build after any edits holds what a clean build holds.

        Only files that are recorded, and still as they were made: whatever an author has put there since is not ours.
        """
        names = {step.name for step in steps}
        live = {path for step in steps for path in (*step.action.outputs.values(), *step.action.inputs.values())}
        live.add(show.path("video.json"))
        for kind in RECIPES:
            for name, made in self._made_by(show, kind).items():
                for path in made.keys() - live:
                    with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                        if self.shop.digest(Path(path)) == made[path]:
                            Path(path).unlink()
                if name not in names:
                    self.records.remove(name)

    def _made_by(self, show: Production, kind: str) -> dict[str, dict[str, str]]:
        """Return what recorded steps of an episode made: name -> {path: sha256}."""
        found = self.records.made_by(f"{kind}:{show.name}")
        return {name: made for name, made in found.items() if name.split(":")[1] == show.name}


def _params(kind: str) -> list[dict[str, Any]]:
    """Return the options that a task has on the command line."""
    told = "publish also what a card stands in for"
    option = {"name": "allow_degraded", "long": "allow-degraded", "type": bool, "default": False, "help": told}
    return [option] if kind == PUBLISH else []


def _has(show: Production, kind: str) -> bool:
    wanted = {"background": show.episode.background, "music": show.episode.music}
    return bool(wanted.get(kind, True))
