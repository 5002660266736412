"""`rename`: a character or an episode gets another name in all specs, and nothing is paid for again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reelmake.cli.app import ProjectDir, UsageError, app, opened
from reelmake.core.files import CHARACTERS, EPISODES, TEMPLATES, specs

if TYPE_CHECKING:
    from reelmake.project.load import Project
    from reelmake.tasks.build import Build

Changes = dict[str, bytes | None]  # path from the project's folder -> new content; None for a file that is gone
SETTINGS: Final = ("pyproject.toml", ".env")


class What(StrEnum):
    """What can be renamed."""

    character = "character"
    episode = "episode"


@app.command()
def rename(
    what: Annotated[What, typer.Argument(help="character or episode.", metavar="WHAT")],
    old: Annotated[str, typer.Argument(metavar="OLD", help="Its name.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    project: ProjectDir = Path(),
) -> None:
    """Rename a character or an episode: its files, and every mention in specs. Nothing is paid for again.

    What is said stays as it is, also where a name is said: that would be other words.
    """
    from reelmake.core.files import publish, unfinished  # noqa: PLC0415

    with opened(project, None, read_only=True) as build:
        _check(what, old, new)
        changes = dict(_changes(what, old, new))
        folder = Path(CHARACTERS, old)
        pictures = folder if what is What.character and folder.is_dir() else None
        if pictures and Path(CHARACTERS, new).exists():
            raise UsageError(f"there is {CHARACTERS}/{new} already", "choose another name")
        _refuse_to_pay(build, changes)
        for path, content in changes.items():
            if content is not None:
                with unfinished(Path(path).parent) as part:
                    part.write(content)
                publish(Path(part.name), Path(path))
                print(path)
        if pictures:
            pictures.rename(Path(CHARACTERS, new))
            print(f"{CHARACTERS}/{new}/")
        for path, content in changes.items():
            if content is None:
                Path(path).unlink()
    typer.echo("`doit` makes the videos anew, of what the store has", err=True)


def _check(what: What, old: str, new: str) -> None:
    """Raise UsageError for a name that is not there, is taken, or cannot be one."""
    from reelmake.spec.fields import name_problem  # noqa: PLC0415
    from reelmake.spec.model import LINE_OPTIONS  # noqa: PLC0415

    known = [path.stem for path in specs(Path(), EPISODES if what is What.episode else CHARACTERS)]
    if old not in known:
        raise UsageError(f"there is no {what} {old!r}", f"choose one of {', '.join(known) or 'none'}")
    if wrong := name_problem(new, f"{'an' if what is What.episode else 'a'} {what}"):
        raise UsageError(str(wrong), f"write {wrong.fix}")
    if new in known or (what is What.character and new in LINE_OPTIONS):
        raise UsageError(f"the name {new!r} is taken", "choose another one")


def _changes(what: What, old: str, new: str) -> Iterator[tuple[str, bytes | None]]:
    """Yield the files that change."""
    from reelmake.spec.rename import with_house_cast, with_pictures, with_speaker  # noqa: PLC0415

    if what is What.episode:
        yield f"{EPISODES}/{new}.yaml", Path(EPISODES, f"{old}.yaml").read_bytes()
        yield f"{EPISODES}/{old}.yaml", None
        return
    for path in specs(Path(), CHARACTERS):
        after = with_pictures(before := path.read_bytes(), old, new)
        if path.stem == old:
            yield f"{CHARACTERS}/{new}.yaml", after
            yield str(path), None
        elif after != before:
            yield str(path), after
    for path in specs(Path(), EPISODES):
        if (after := with_speaker(before := path.read_bytes(), old, new)) != before:
            yield str(path), after
    if (settings := Path(SETTINGS[0])).is_file():
        after = with_house_cast(before := settings.read_bytes(), old, new)
        if after != before:
            yield str(settings), after


def _refuse_to_pay(build: Build, changes: Changes) -> None:
    """Raise UsageError where something that the store has would be requested anew, by another name."""
    from reelmake.project.load import survey_specs  # noqa: PLC0415
    from reelmake.tasks.forecast import paid_steps  # noqa: PLC0415

    def requests(project: Project) -> dict[str, str]:
        return {key: steps[0].name for key, steps in paid_steps(project, build.context).items()}

    with tempfile.TemporaryDirectory() as scratch:
        for name in (EPISODES, CHARACTERS, TEMPLATES):
            (Path(scratch) / name).mkdir()
            for path in sorted(Path(name).iterdir()) if Path(name).is_dir() else ():
                if path.is_file() and not path.name.startswith("."):
                    shutil.copyfile(path, Path(scratch) / path)
        for name in SETTINGS:
            if Path(name).is_file():
                shutil.copyfile(name, Path(scratch) / name)
        for changed, content in changes.items():
            (Path(scratch) / changed).unlink(missing_ok=True)
            if content is not None:
                (Path(scratch) / changed).write_bytes(content)
        after = requests(survey_specs(Path(scratch), build.project.ffmpeg).sound())
    before = requests(build.project)
    lost = [name for key, name in before.items() if key not in after and build.context.store.find(key)]
    if lost:
        episodes = sorted({name.split(":")[1] for name in lost})
        what = f"{lost[0]} was written with this name in its cast, and would be written again"
        raise UsageError(what, f"type `reelmake freeze {' '.join(episodes)}` first: then it stands in the spec")
