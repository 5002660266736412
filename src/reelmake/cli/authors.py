"""`freeze` and `schema`: what authors use while they write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reelmake.cli.app import ProjectDir, UsageError, app, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reelmake.production import Production
    from reelmake.spec_line import Line
    from reelmake.tasks.build import Build


@app.command()
def freeze(
    episodes: Annotated[list[str] | None, typer.Argument(help="Names of episodes.")] = None,
    project: ProjectDir = Path(),
    every: Annotated[bool, typer.Option("--all", help="Every episode whose script was written by a provider.")] = False,
) -> None:
    """Write the script of an episode into its spec, to be reviewed and edited there. Spends nothing."""
    from reelmake.errors import SetupError  # noqa: PLC0415
    from reelmake.freeze import frozen  # noqa: PLC0415
    from reelmake.plan import script  # noqa: PLC0415
    from reelmake.production import SPEC  # noqa: PLC0415
    from reelmake.run import run_action, script_of  # noqa: PLC0415
    from reelmake.store.local import publish, unfinished  # noqa: PLC0415

    if bool(episodes) == every:
        raise UsageError("it is not said what to freeze", "name episodes, or write --all")
    names = []
    with opened(project, episodes) as build:
        # what a translation says is written below the lines of its original
        for show in [show for show in build.project.productions.values() if show.original is None]:
            if show.episode.script is not None:
                if episodes:
                    print(f"{show.name}: the script is in the spec already", file=sys.stderr)
                continue
            lines = script_of(show, build.shop)
            if lines is None:
                if every:
                    continue
                raise SetupError(
                    f"the script of {show.name} is not written yet", f"type `doit script:{show.name}` first"
                )
            path = Path("episodes", f"{show.name}.yaml")
            lines = _with_translations(show, lines, build)
            content = frozen(path.read_bytes(), str(path), lines, script(show).request["provider"])
            with unfinished(build.shop.work) as part:
                part.write(content)
            publish(Path(part.name), path)
            names.append(show.name)
            print(f"{path}: {len(lines)} lines")
    if names:
        with opened(project, names) as build:  # what the spec says now is known to the store: a build makes nothing
            for show in build.project.productions.values():
                action = script(show)
                if action.request["provider"] == SPEC:
                    run_action(action, build.shop, f"script:{show.name}")


def _with_translations(show: Production, lines: Sequence[Line], build: Build) -> list[Line]:
    """Return the lines of a script with what is known of them in the episode's other languages."""
    from reelmake.run import script_of  # noqa: PLC0415

    told: list[dict[str, str]] = [{} for _ in lines]
    for other in build.project.productions.values():
        if other.original is show:
            for words, line in zip(told, script_of(other, build.shop) or (), strict=False):
                words[other.episode.language] = line.text
    return [line.model_copy(update={"translations": words}) for line, words in zip(lines, told, strict=True)]


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="episode, character, settings, request, dialogue, video or error.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write all of them into this folder, for editors.")] = None,
) -> None:
    """Print a JSON Schema, of specs for editors and of the stages' documents for programs."""
    from reelmake.schemas import SCHEMAS, schema_text  # noqa: PLC0415

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for each in SCHEMAS:
            (out / f"{each}.json").write_text(schema_text(each), "utf-8")
            print(out / f"{each}.json")
    elif name in SCHEMAS:
        print(schema_text(name), end="")
    else:
        raise UsageError(f"there is no schema {name!r}", f"name one of {', '.join(SCHEMAS)}, or a folder with --out")
