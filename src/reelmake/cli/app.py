"""What all commands share: the application, their options, and how a project is opened."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Collection, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reelmake.core.errors import NoStoreError, ReelmakeError, SetupError
from reelmake.core.files import EPISODES, STATE, episode_names, is_project
from reelmake.core.logging import write_json

if TYPE_CHECKING:
    from reelmake.tasks.build import Build


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
Episodes = Annotated[list[str] | None, typer.Argument(help="Names of episodes; by default, all.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


class UsageError(ReelmakeError):
    """A command was called wrongly, or for something that does not exist."""

    exit_code = 2


@app.callback()
def root(
    log_json: Annotated[bool, typer.Option("--log-json", help="Write logs as lines of JSON.")] = False,
) -> None:
    """Choose how logs are written."""
    if log_json:
        write_json()


def answer(document: object) -> None:
    """Print JSON: with its own escapes for all but ASCII, where stdout is not UTF-8."""
    is_unicode = (
        (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    )  # there is none when it is closed
    print(json.dumps(document, indent=1, ensure_ascii=not is_unicode))


def refuse_elsewhere(project: Path) -> None:
    """Raise UsageError in a folder that is no project, before anything is written there."""
    if is_project(project):
        return
    here = project.resolve()
    above = next((str(folder) for folder in here.parents if (folder / EPISODES).is_dir()), "")
    fix = f"type `cd {shlex.quote(above)}` first" if above else "`cd` into one, or make one: `reelmake init DIR`"
    raise UsageError(f"{here} is no project: there is no {EPISODES}/ in it", fix)


def known_episodes(project: Path, requested: list[str] | None) -> list[str] | None:
    """Return the names of the requested episodes, None for all; raises UsageError for an unknown one."""
    refuse_elsewhere(project)
    known = episode_names(project)
    names = [name.partition(".")[0] for name in requested or []]  # moths.ja is moths, in another language
    if unknown := [name for name in names if name not in known]:
        fix = f"choose one of {', '.join(known)}" if known else "add one: `reelmake new NAME --topic ...`"
        raise UsageError(f"there is no episode {unknown[0]!r}", fix)
    return list(dict.fromkeys(names)) or None


@contextmanager
def opened(
    project: Path, episodes: list[str] | None, but_for: Collection[str] = (), *, read_only: bool = False
) -> Iterator[Build]:
    """Open a project as a build would, to look at it: some of its episodes, or all but some.

    With `read_only`, nothing in it changes, and no lock is taken.

    Raises SetupError when a shared store that is required does not answer: nothing was begun, and nothing was spent.
    """
    from reelmake.project.load import load_project  # noqa: PLC0415
    from reelmake.tasks.build import Build  # noqa: PLC0415
    from reelmake.tasks.records import Records  # noqa: PLC0415

    with chdir(project):  # names of files are from there
        names = known_episodes(Path(), episodes)
        if but_for:
            names = [name for name in names or episode_names(Path()) if name not in but_for]
        if not read_only:
            Path(STATE).mkdir(exist_ok=True)
        loaded = load_project(Path(), names, read_only=read_only)
        if unknown := [name for name in episodes or () if name not in {*loaded.productions, *but_for}]:
            raise UsageError(f"there is no episode {unknown[0]!r}", f"choose one of {', '.join(loaded.productions)}")
        records = Records(f"{STATE}/doit.db", read_only=read_only)
        try:
            yield Build(loaded, records, may_delay=False, read_only=read_only)
        except NoStoreError as error:
            raise SetupError(error.what, error.fix) from None
        finally:
            records.close()
