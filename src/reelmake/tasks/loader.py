"""What doit loads: dodo.py with a project's own tasks, and beside them ours, for the episodes that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import doit.loader
from doit.cmd_base import DodoTaskLoader
from doit.exceptions import InvalidDodoFile
from doit.task import Task

from reelmake.core.errors import ReelmakeError
from reelmake.core.folders import STATE, episode_names
from reelmake.core.logging import redact
from reelmake.core.process import computes_alone, ends_soon, prints_anything
from reelmake.engine.budget import Budget
from reelmake.plan.kinds import BUILD, PUBLISH, VIDEO
from reelmake.project.load import load_project
from reelmake.tasks.build import Build
from reelmake.tasks.job import told_by


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
        ends_soon()
        computes_alone()
        prints_anything()
        super().setup(opt_values)

    def load_doit_config(self) -> dict[str, Any]:
        """Return doit's settings: ours, unless the project's dodo.py says otherwise."""
        try:
            Path(STATE).mkdir(exist_ok=True)
        except OSError as error:
            raise InvalidDodoFile(f"nothing was built\n{told_by(error) or error}") from None
        ours = {"dep_file": f"{STATE}/doit.db", "default_tasks": [VIDEO]}
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
                    build.publishing.targets(project.productions.values())
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
