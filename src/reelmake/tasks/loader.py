"""From episodes to doit's tasks. A project's own tasks, from its dodo.py, stand beside them.

When the lines of an episode are known, all of its tasks are there when doit loads. When its script has yet to be
written, the tasks of its lines are made as soon as it is, while other episodes go on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from doit.cmd_base import DodoTaskLoader
from doit.exceptions import InvalidDodoFile
from doit.task import DelayedLoader, Task
from doit.tools import config_changed

from reelmake.action import canonical_json
from reelmake.errors import ReelmakeError
from reelmake.plan import BUILD, CPU, RECIPES, Production, Step, background, music, plan, script
from reelmake.project import STATE, Project, episode_names, load_project
from reelmake.provenance import write_provenance
from reelmake.run import run_action, script_of
from reelmake.store import LocalStore
from reelmake.store.local import sweep
from reelmake.tasks.job import Job, Outcome
from reelmake.tasks.records import Records
from reelmake.workshop import Workshop

DEFAULT_LIMIT: Final = 4  # of a provider's pool, when the settings do not say
PER_LINE: Final = ("voice", "image", "segment")
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
}


class EpisodeLoader(DodoTaskLoader):  # type: ignore[misc]  # doit is not typed
    """Loads dodo.py, and the episodes that are asked for."""

    pools: dict[str, int]

    def load_doit_config(self) -> dict[str, Any]:
        """Return doit's settings: ours, unless the project's dodo.py says otherwise."""
        Path(STATE).mkdir(exist_ok=True)
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
        except ReelmakeError as error:
            raise InvalidDodoFile(f"nothing was built\n{error}") from None
        self.pools = {CPU: os.cpu_count() or 1, **project.settings.limits}
        for show in project.productions.values():
            for pool in show.kit.pools.values():
                self.pools.setdefault(pool, DEFAULT_LIMIT)
        return tasks


def asked_for(arguments: Iterable[str], names: list[str]) -> list[str] | None:
    """Return the episodes that doit's arguments name, or None when they may mean any."""
    asked = set()
    for argument in arguments:
        path = Path(argument).parts
        name = path[1] if path[:1] == (BUILD,) and len(path) > 1 else argument.partition(":")[2].partition(":")[0]
        if name not in names:
            return None
        asked.add(name)
    return sorted(asked) or None


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
        self.shop = Workshop(
            root=Path(),
            store=LocalStore(Path(project.settings.store)),
            ffmpeg=project.ffmpeg,
            digest=records.digests.digest,
        )
        self.shop.work.mkdir(parents=True, exist_ok=True)
        sweep(self.shop.work)

    def tasks(self) -> Iterator[Task]:
        """Return the tasks of all episodes, and a group for each kind."""
        shows = list(self.project.productions.values())
        for kind in RECIPES:
            members = [f"{kind}:{show.name}" for show in shows if _has(show, kind)]
            yield Task(kind, None, task_dep=members, has_subtask=True, doc=ABOUT[kind])
        for show in shows:
            lines = script_of(show, self.shop)
            if lines is None:
                yield from self._unwritten(show)
            else:
                yield from self._tasks(show, plan(show, lines))

    def _unwritten(self, show: Production) -> Iterator[Task]:
        """Return the tasks of an episode before its script is there: placeholders stand for those of its lines."""
        for action in filter(None, (script(show), background(show), music(show))):
            yield self._task(show, show.step(action), [])
        if self.may_delay:
            names = [f"{kind}:{show.name}" for kind in RECIPES if kind not in EARLY]
            made = [*names, *(f"{kind}:{show.name}:" for kind in PER_LINE), show.path("")]
            later = DelayedLoader(partial(self._written, show), executed=f"script:{show.name}", creates=made)
            for name in names:
                yield Task(name, None, loader=later, subtask_of=name.partition(":")[0])

    def _written(self, show: Production) -> Iterator[Task]:
        """Return the tasks of an episode whose script was just written, but for those that were there before it."""
        yield from self._tasks(show, plan(show, script_of(show, self.shop) or []), leave_out=EARLY)

    def _tasks(self, show: Production, steps: list[Step], leave_out: Collection[str] = ()) -> Iterator[Task]:
        for kind in PER_LINE:
            members = [step.name for step in steps if step.kind == kind]
            yield Task(f"{kind}:{show.name}", None, task_dep=members, has_subtask=True, subtask_of=kind)
        yield from (self._task(show, step, steps) for step in steps if step.kind not in leave_out)
        if self.may_delay:
            self._sweep(show, steps)

    def _task(self, show: Production, step: Step, steps: list[Step]) -> Task:
        action = step.action
        asked = {"recipe": action.recipe, "reading": action.reading, "request": action.request, "inputs": action.inputs}
        work: Callable[[], Outcome] = partial(self._perform, step)
        targets = list(action.outputs.values())
        task_dep = []
        if step.kind == "video":
            work = partial(self._finish, show, step, steps)
            targets.append(show.path("video.json"))
            task_dep = [f"script:{show.name}", f"subtitles:{show.name}"]
        return Task(
            step.name,
            [Job(work)],
            file_dep=list(action.inputs.values()),
            targets=targets,
            task_dep=task_dep,
            uptodate=[config_changed(canonical_json(asked))],
            clean=True,
            subtask_of=f"{step.kind}:{show.name}" if step.line else step.kind,
            doc=f"{ABOUT[step.kind]} ({show.episode.title})" if not step.line else None,
            meta={"pool": step.pool, "label": step.name},
        )

    def _perform(self, step: Step) -> Outcome:
        return Outcome(run_action(step.action, self.shop))

    def _finish(self, show: Production, step: Step, steps: list[Step]) -> Outcome:
        """Join the video, and write down what it was made of."""
        outcome = self._perform(step)
        write_provenance(show, steps, self.shop)
        return outcome

    def _sweep(self, show: Production, steps: list[Step]) -> None:
        """Remove the files of lines that are gone: a build after any edits holds what a clean build holds."""
        names = {step.name for step in steps}
        live = {path for step in steps for path in step.action.outputs.values()}
        for kind in (*PER_LINE, "timeline"):
            for name, made in self.records.made_by(f"{kind}:{show.name}").items():
                gone = [path for path in made if path not in live]
                if name.split(":")[1] == show.name and (gone or name not in names):
                    for path in gone:
                        Path(path).unlink(missing_ok=True)
                    if name not in names:
                        self.records.remove(name)


def _has(show: Production, kind: str) -> bool:
    wanted = {"background": show.episode.background, "music": show.episode.music}
    return bool(wanted.get(kind, True))
