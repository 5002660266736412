"""Garbage collection: the keys and outputs that specs still need, and the files of episodes that are gone."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from reelmake.engine.engine import with_source
from reelmake.engine.translation_memory import needed
from reelmake.plan.kinds import BUILD, KINDS
from reelmake.project.load import Project
from reelmake.store.prune import FREE_DAYS
from reelmake.tasks.build import Build
from reelmake.tasks.forecast import paid_steps

DAY_SECONDS: Final = 24 * 3600


def needed_keys(build: Build, others: Iterable[Project]) -> set[str]:
    """Return the keys of what the specs of a project, and of others that share its store, ask for.

    The keys of paid steps are known from the specs alone; of steps made here, those of the last build.
    """
    projects = (build.project, *others)
    keys = {name for project in projects for name in paid_steps(project, build.context)}
    shows = [with_source(show, build.context) for project in projects for show in project.productions.values()]
    keys |= {name for show in shows if show.original for name in needed(show, build.context)}
    recorded = (build.records.recorded_key(name) for name in build.records.made_by() if not _is_gone(name, build))
    return keys | set(filter(None, recorded))


def left_over(build: Build, days: int = FREE_DAYS) -> dict[str, list[str]]:
    """Return the steps of episodes that are gone, with the files that they made at least so many days ago.

    Only files that are as they were made: files that an author has put there since stay.
    """
    before = time.time() - days * DAY_SECONDS
    gone = {name: made for name, made in build.records.made_by().items() if _is_gone(name, build)}
    found = {name: [path for path in made if _is_old(path, made[path], before, build)] for name, made in gone.items()}
    return {name: files for name, files in found.items() if files}


def _is_old(path: str, sha256: str, before: float, build: Build) -> bool:
    """Say whether a file is as it was made, before a time."""
    try:
        return Path(path).stat().st_mtime < before and build.context.digest(Path(path)) == sha256
    except OSError:  # it is gone, or was replaced by something that is not a file
        return False


def remove_files(build: Build, found: dict[str, list[str]]) -> None:
    """Remove what `left_over` found, with folders that it leaves empty."""
    for name, files in found.items():
        for path in map(Path, files):
            path.unlink(missing_ok=True)
            with suppress(OSError):  # something else is in there
                for folder in path.parents:
                    if folder in (Path(BUILD), Path()):
                        break
                    folder.rmdir()
        build.records.remove(name)


def _is_gone(task: str, build: Build) -> bool:
    """Say whether a task is one of an episode that is gone; a project's own tasks are none of ours."""
    kind, _, rest = task.partition(":")
    return kind in KINDS and rest.partition(":")[0] not in build.project.productions
