"""The loader for doit: the tasks of dodo.py, and beside them ours, for the requested episodes.

Of all that plain doit is to build, an episode whose fingerprint holds is left out: it is built already.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import doit.loader
from doit.cmd_base import DodoTaskLoader
from doit.control import ExecNode
from doit.exceptions import InvalidDodoFile
from doit.task import Task

from reelmake.core.errors import ReelmakeError
from reelmake.core.files import STATE, TICK_NS, episode_names
from reelmake.core.logging import ends_soon, prints_anything, redact
from reelmake.engine.budget import Budget
from reelmake.engine.engine import key_of, with_source
from reelmake.engine.scripts import with_follow_ups
from reelmake.plan.episode import Production
from reelmake.plan.kinds import BUILD, KINDS, PUBLISH, VIDEO
from reelmake.plan.steps import script
from reelmake.project.load import Project, load_project
from reelmake.store.local import place_of
from reelmake.tasks.build import Build
from reelmake.tasks.fingerprint import BUILT, Fingerprints, Known
from reelmake.tasks.job import error_of_system, outcome_of
from reelmake.tasks.records import TARGETS, Records

STEPS: Final = frozenset(name for name, kind in KINDS.items() if not kind.is_after)  # kinds of what a video takes
FINISHED: Final = ("up-to-date", "successful")


class EpisodeLoader(DodoTaskLoader):  # type: ignore[misc]  # doit is not typed
    """Loads dodo.py, and the requested episodes."""

    pools: Mapping[str, int]
    budget: Budget
    stop: Callable[[], None]
    finish: Callable[[], bool]
    in_force: ClassVar[bool] = False

    def setup(self, opt_values: Mapping[str, Any]) -> None:
        """Import dodo.py, which asks by `require_project` whether we are here."""
        EpisodeLoader.in_force = True
        ends_soon()
        prints_anything()
        super().setup(opt_values)

    def load_doit_config(self) -> dict[str, Any]:
        """Return doit's settings: ours, unless the project's dodo.py says otherwise."""
        try:
            Path(STATE).mkdir(exist_ok=True)
        except OSError as error:
            raise InvalidDodoFile(f"nothing was built\n{error_of_system(error) or error}") from None
        ours = {"dep_file": f"{STATE}/doit.db", "default_tasks": [VIDEO]}
        return {**ours, **super().load_doit_config()}

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Task]:
        """Return all tasks that a command needs; raises InvalidDodoFile with every mistake in the specs."""
        own = super().load_tasks(cmd, pos_args)
        names = episode_names(Path())
        try:
            prints = Fingerprints(cmd.dep_manager.name)
            left_out = self._left_out(cmd, own, names, prints)
            project = _load(names, requested_episodes(pos_args, names), left_out)
            current: Counter[tuple[str, str]] = Counter()
            for known in (left_out[name] for name in left_out if name not in project.productions):
                for steps in known.values():
                    current.update({(pool, kind): count for pool, kind, count in steps})
            self.current = current
            build = Build(project, cmd.dep_manager, may_delay=cmd.execute_tasks)
            tasks = [*own, *build.tasks()]
            if cmd.execute_tasks:
                build.lazy_outputs.bring_requested([*pos_args, *(path for task in own for path in task.file_dep)])
                if any(word.partition(":")[0] == PUBLISH for word in pos_args):
                    build.publishing.targets(project.productions.values())
        except ReelmakeError as error:
            raise InvalidDodoFile(redact(f"nothing was built\n{error}")) from None
        except OSError as error:
            raise InvalidDodoFile(f"nothing was built\n{error_of_system(error) or error}") from None
        self.pools = build.context.caller.gates
        self.budget = build.context.caller.budget
        self.stop = build.stop
        self.finish = build.finish
        self.keep_fingerprints = partial(keep_built, build, prints)
        return tasks

    @staticmethod
    def _left_out(cmd: Any, own: list[Task], names: list[str], prints: Fingerprints) -> dict[str, Any]:
        """Return the episodes that are left out, with their facts: plain doit would find them up to date.

        A project's own tasks may need tasks of an episode, or make files that it reads: it is not left out then.
        """
        mine = {task.name for task in own}
        is_plain = VIDEO in (cmd.sel_tasks or ()) and {*cmd.sel_tasks} <= {VIDEO, *mine}
        if not (is_plain and getattr(cmd, "may_leave_out", False)):
            return {}
        if any(task.loader or task.calc_dep for task in own):  # what they will need is not known yet
            return {}
        words = {word for task in own for word in (*task.task_dep, *task.setup_tasks, *task.wild_dep)} - mine - {VIDEO}
        words |= {path for task in own for path in task.file_dep if not os.path.exists(path)}  # noqa: PTH110
        needed = requested_episodes(sorted(words), names) if words else []
        if needed is None:
            return {}
        found = prints.current(BUILT, (name for name in names if name not in needed))
        if made := {path for task in own for path in task.targets}:
            reads = prints.reads(BUILT)
            found = {name: known for name, known in found.items() if made.isdisjoint(reads[name])}
        return found


def _load(names: list[str], requested: list[str] | None, left_out: Collection[str]) -> Project:
    """Load the requested episodes, but for those that are left out.

    An episode may read what another one makes; then it is not known what needs what, and all are loaded.
    """
    if not left_out:
        return load_project(Path(), requested)
    project = load_project(Path(), [name for name in names if name not in left_out])
    if any(_is_built(path) for show in project.productions.values() for path in show.files):
        return load_project(Path())
    return project


def _is_built(path: str) -> bool:
    return Path(os.path.normpath(path)).parts[:1] == (BUILD,)


def keep_built(build: Build, prints: Fingerprints, nodes: Mapping[str, ExecNode]) -> None:
    """Keep a fingerprint of each episode of a build that is built by now, in all of its languages."""
    tasks: dict[str, dict[str, Task]] = {}
    for name, node in nodes.items():
        kind, _, rest = name.partition(":")
        if kind in STEPS and rest and node.task.actions:
            tasks.setdefault(rest.partition(":")[0], {})[name] = node.task
    shows: dict[str, list[Production]] = {}
    for show in build.project.productions.values():
        shows.setdefault(show.spec, []).append(show)
    found = {}
    for episode, versions in shows.items():
        made = {show.name: tasks.get(show.name, {}) for show in versions}
        if all(_is_finished(show, made[show.name], nodes) for show in versions):
            files = _files(versions, build)
            if files is not None and build.unpriced.isdisjoint(made):
                records = {name: build.records.backend.record(name) for each in made.values() for name in each}
                counts = {name: _counted(each.values()) for name, each in made.items()}
                found[episode] = Known(counts, files, records)
    _remember_new_files(found.values(), build.records)
    prints.keep(BUILT, found)


def _remember_new_files(episodes: Iterable[Known], records: Records) -> None:
    """Look again at files that were too new for their states to be kept: they are settled an instant later."""
    paths = {path for known in episodes for record in known.records.values() for path in record[TARGETS]}
    if new := [path for path in paths if records.backend.digest(path) is None]:
        time.sleep(TICK_NS / 1e9)
        for path in new:
            with suppress(OSError):
                records.digests.digest(path)
        records.backend.dump()


def _is_finished(show: Production, tasks: Mapping[str, Task], nodes: Mapping[str, ExecNode]) -> bool:
    """Say whether all steps of a video are there and up to date, and none reads what another episode makes."""
    if not {f"{kind}:{show.name}" for kind in (VIDEO, "script", "subtitles")} <= tasks.keys():
        return False
    if any(nodes[name].run_status not in FINISHED or not outcome_of(task).is_final for name, task in tasks.items()):
        return False
    made = {path for task in tasks.values() for path in task.targets}
    return all(path in made or not _is_built(path) for task in tasks.values() for path in task.file_dep)


def _files(versions: Iterable[Production], build: Build) -> list[str] | None:
    """Return what else decides what the steps of an episode are; None when it is elsewhere, where no change shows."""
    files = [str(build.project.ffmpeg.path)]
    near = build.project.settings.store
    for show in (with_source(show, build.context) for show in versions):
        if show.episode.script is not None:
            continue
        for action in with_follow_ups(script(show), build.context.store):
            receipt = build.context.store.find(key_of(action, build.context))
            stored = [place_of("actions", key_of(action, build.context))]
            stored += [place_of("blobs", receipt.blob)] if receipt else []
            if receipt and not all(Path(near, place).is_file() for place in stored):
                return None
            files += [f"{near}/{place}" for place in stored]
    return files


def _counted(tasks: Iterable[Task]) -> list[tuple[str, str, int]]:
    counts = Counter((str((task.meta or {}).get("pool")), task.name.partition(":")[0]) for task in tasks)
    return [(pool, kind, count) for (pool, kind), count in counts.items()]


def require_project() -> None:
    """Refuse to go on, when doit runs a project's dodo.py without us: it would find nothing to do, and succeed.

    doit reads the pyproject.toml of the folder in which it is started, and no other.
    """
    if not EpisodeLoader.in_force:
        raise InvalidDodoFile(
            f"nothing was built\n{doit.loader.initial_workdir} has no pyproject.toml that names reelmake's loader; "
            "run doit in the project's own folder, without -f or -k"
        )


def requested_episodes(arguments: Iterable[str], names: list[str]) -> list[str] | None:
    """Return the episodes that doit's arguments name, or None when they may mean any."""
    requested = set()
    for argument in arguments:
        if argument.startswith("-"):
            continue  # an option of a task
        path = Path(argument).parts
        name = path[1] if path[:1] == (BUILD,) and len(path) > 1 else argument.partition(":")[2].partition(":")[0]
        name = name.partition(".")[0]  # moths.ja is moths, in another language
        if name not in names:
            return None
        requested.add(name)
    return sorted(requested) or None
