"""`init`, `new` and `new-character`: what an author goes on from. Nothing that is there is ever overwritten."""

from __future__ import annotations

import shlex
from pathlib import Path
from shutil import which
from typing import Annotated

import typer

from reelmake.cli.app import ProjectDir, UsageError, app, refuse_elsewhere
from reelmake.core.errors import InputError
from reelmake.core.files import CHARACTERS, EPISODES, episode_names, specs

DEFAULT_CAST = 2  # so many speak in a new episode when it is not said who
KEPT = (".git",)  # what a folder may hold that counts as empty


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty, or not there yet.")],
) -> None:
    """Make a new project that builds at once: samples, settings, schemas for editors."""
    from reelmake.cli.starter import write_project  # noqa: PLC0415

    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", "name a new folder")
    if folder.is_dir() and (there := sorted(path.name for path in folder.iterdir() if path.name not in KEPT)):
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise UsageError(f"{folder} is not empty: there is {there[0]}{more}", "name a new folder; nothing was written")
    for name in write_project(folder):
        print(f"{folder}/{name}")
    command = "uv run doit" if which("uv") else "doit"
    typer.echo(
        f"next: `cd {shlex.quote(str(folder))} && {command}` builds the samples, offline and for nothing", err=True
    )


@app.command()
def new(
    episode: Annotated[str, typer.Argument(help="The new episode's name.")],
    topic: Annotated[str, typer.Option(help="What it is about.")],
    cast: Annotated[
        list[str] | None, typer.Option(help="Who speaks; once for each. By default, the settings' cast, or two.")
    ] = None,
    lines: Annotated[int, typer.Option(min=1, max=200, help="How many lines to write.")] = 8,
    project: ProjectDir = Path(),
) -> None:
    """Write the spec of a new episode, whose script is written from a topic."""
    from reelmake.cli.starter import episode_text  # noqa: PLC0415
    from reelmake.project.settings import load_settings  # noqa: PLC0415
    from reelmake.spec.load import read_episode  # noqa: PLC0415
    from reelmake.spec.yaml_source import Borrowed  # noqa: PLC0415

    refuse_elsewhere(project)
    _check_name(episode, "an episode")
    if not topic.strip():
        raise UsageError("--topic is empty", "write what the episode is about")
    if episode in episode_names(project):
        raise UsageError(
            f"there is an episode {episode!r} already", f"choose another name, or edit {EPISODES}/{episode}.yaml"
        )
    known = [path.stem for path in specs(project, CHARACTERS)]
    house = load_settings(project).cast or []  # of the project: what it says need not be said in an episode
    wanted = [name.strip() for names in cast or [] for name in names.split(",")] or house or known[:DEFAULT_CAST]
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"there is no character {unknown[0]!r}", f"choose from {', '.join(known) or 'none'}")
    if not wanted:
        raise UsageError(f"there is no character in {CHARACTERS}/", "add one: `reelmake new-character NAME`")
    text = episode_text(
        " ".join(topic.split()), wanted if wanted != house else (), lines, has_schema=_has_schema(project, "episode")
    )
    file = f"{EPISODES}/{episode}.yaml"
    _, source = read_episode(text.encode(), file, {"cast": Borrowed(house)} if house else None)
    if source.problems:
        raise InputError(tuple(source.problems))
    _write(project / file, text.encode())
    typer.echo(f"`doit script:{episode}` writes its script, `doit video:{episode}` makes the video", err=True)


@app.command()
def new_character(
    name: Annotated[str, typer.Argument(help="The new character's name, as specs call it.")],
    project: ProjectDir = Path(),
) -> None:
    """Write the spec of a new character, and draw two sprites to begin with."""
    from reelmake.cli.starter import character_text, side  # noqa: PLC0415
    from reelmake.offline.sprites import sprite  # noqa: PLC0415
    from reelmake.spec.model import LINE_OPTIONS  # noqa: PLC0415

    refuse_elsewhere(project)
    _check_name(name, "a character")
    if name in LINE_OPTIONS:
        raise UsageError(
            f"{name!r} cannot be a character's name: it is what a line says besides", "choose another name"
        )
    folder = project / CHARACTERS
    number = len(specs(project, CHARACTERS))
    pictures = {kind: folder / name / f"{kind}.png" for kind in ("telling", "hearing")}
    for path in (folder / f"{name}.yaml", *pictures.values()):
        if path.exists():
            raise UsageError(f"there is {path} already", "choose another name")
    for kind, path in pictures.items():
        _write(path, sprite(name, telling=kind == "telling", mirrored=side(number) == "right"))
    text = character_text(name, number, has_schema=_has_schema(project, "character"))
    _write(folder / f"{name}.yaml", text.encode())
    typer.echo(f"draw over its pictures as you like; `- {name}: Hello.` in a script has it speak", err=True)


def _check_name(name: str, what: str) -> None:
    from reelmake.spec.fields import name_problem  # noqa: PLC0415

    if wrong := name_problem(name, what):
        raise UsageError(str(wrong), f"write {wrong.fix}")


def _has_schema(project: Path, kind: str) -> bool:
    return (project / "schemas" / f"{kind}.json").is_file()


def _write(path: Path, content: bytes) -> None:
    """Write a new file, and say so; raises UsageError when somebody else has just written it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise UsageError(f"there is {path} already", "choose another name") from None
    print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
