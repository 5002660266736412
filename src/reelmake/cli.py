"""`reelmake`: everything that is not a build. The build itself is `doit`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from reelmake.errors import InputError, ReelmakeError
from reelmake.plan import plan
from reelmake.project import episode_names, find_ffmpeg, load_project
from reelmake.settings import load_settings

app = typer.Typer(
    name="reelmake",
    help="Make for short vertical videos. `doit` builds; this is everything else.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ProjectDir = Annotated[
    Path, typer.Option("--project", "-p", help="The project's folder.", exists=True, file_okay=False, resolve_path=True)
]


@app.callback()
def _root() -> None:
    """Make a command group even of a single command."""


@app.command()
def check(
    episodes: Annotated[list[str] | None, typer.Argument(help="Names of episodes; by default, all.")] = None,
    project: ProjectDir = Path(),
) -> None:
    """Report every mistake in every spec, with file and line. Spends nothing, builds nothing."""
    known = episode_names(project)
    if unknown := [name for name in episodes or [] if name not in known]:
        raise UsageError(f"there is no episode {unknown[0]!r}", f"choose one of {', '.join(known)}")
    found = load_project(project, episodes or None)
    for show in found.productions.values():
        plan(show, show.episode.script or [])  # a mistake in a prompt template shows when a prompt is made
    count = len(found.productions)
    print(f"{count} episode{'s' * (count != 1)} checked: no mistakes", file=sys.stderr)


@app.command()
def doctor(project: ProjectDir = Path()) -> None:
    """Say what is installed, what is in force, and what is missing."""
    settings = load_settings(project)
    ffmpeg = find_ffmpeg(project, settings)
    ffmpeg.check()
    rows = {
        "python": sys.version.split()[0],
        "ffmpeg": f"{ffmpeg.identity()} (has libass, libx264, aac and what else is needed)",
        **{f"{kind} provider": name for kind, name in settings.providers.model_dump().items()},
        "store": settings.store,
        "episodes": ", ".join(episode_names(project)) or "none",
    }
    for name, value in rows.items():
        print(f"{name + ':':18}{value}")


class UsageError(ReelmakeError):
    """A command was asked for something that is not there."""

    exit_code = 2


def main() -> None:
    """Run the command line; whatever an author can cause ends without a traceback."""
    try:
        app()
    except InputError as error:
        for problem in error.problems:
            print(problem)
        print(f"{len(error.problems)} mistake{'s' * (len(error.problems) != 1)} found", file=sys.stderr)
        sys.exit(error.exit_code)
    except ReelmakeError as error:
        print(f"reelmake: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
