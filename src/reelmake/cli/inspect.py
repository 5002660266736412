"""`inspect`: whether a finished video may be shown to anybody."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reelmake.cli.app import AsJson, ProjectDir, UsageError, answer, app, opened
from reelmake.core.files import episode_names

if TYPE_CHECKING:
    from reelmake.publish.expected import Verdict


@app.command()
def inspect(
    target: Annotated[str, typer.Argument(help="An episode, or an mp4 file.")],
    project: ProjectDir = Path(),
    as_json: AsJson = False,
) -> None:
    """Check a finished video as it is checked before it is published; ends with 1 when a check fails."""
    from reelmake.plan.kinds import BUILD  # noqa: PLC0415

    file = Path(target)
    named = (project / BUILD / file.parent.name).resolve()
    is_built = file.parent.resolve() == named and file.stem == file.parent.name
    name = file.stem if is_built else target
    if name.partition(".")[0] in episode_names(project) and (is_built or not file.is_file()):
        verdict = _of_episode(name, project)
    elif file.is_file():
        verdict = _of_file(file, project)
    else:
        known = ", ".join(episode_names(project))
        raise UsageError(f"there is no episode and no file {target!r}", f"name an mp4, or one of {known or 'none'}")
    if as_json:
        answer(verdict.to_json())
    else:
        warnings = [f"warning: {one}" for one in verdict.warnings]
        print("\n".join([*map(str, verdict.findings), *warnings]) or f"{verdict.video}: nothing is wrong")
    if verdict.findings:
        count = len(verdict.findings)
        print(f"{count} thing{'s' * (count != 1)} wrong with {verdict.video}", file=sys.stderr)
        raise typer.Exit(1)


def _of_episode(name: str, project: Path) -> Verdict:
    from reelmake.engine.engine import script_of  # noqa: PLC0415
    from reelmake.publish.expected import of_episode  # noqa: PLC0415

    with opened(project, [name]) as build:
        show = build.project.productions[name]
        for step in build.steps(show):
            build.lazy_outputs.may_leave(step)  # what the inspection reads may have to be made
        return of_episode(show, build.context, script_of(show, build.context) or [])


def _of_file(file: Path, project: Path) -> Verdict:
    from reelmake.project.load import find_ffmpeg  # noqa: PLC0415
    from reelmake.project.settings import load_settings  # noqa: PLC0415
    from reelmake.publish.expected import of_file  # noqa: PLC0415

    settings = load_settings(project)
    ffmpeg = find_ffmpeg(project, settings)
    ffmpeg.check()
    return of_file(file, settings.reel, ffmpeg)
