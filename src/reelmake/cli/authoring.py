"""`freeze` and `schema`: what authors use while they write."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reelmake.cli.app import ProjectDir, UsageError, answer, app, known_episodes, opened
from reelmake.core.files import EPISODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reelmake.core.errors import Problem
    from reelmake.plan.episode import Production
    from reelmake.spec.model import Line
    from reelmake.tasks.build import Build


@app.command()
def freeze(
    episodes: Annotated[list[str] | None, typer.Argument(help="Names of episodes.")] = None,
    project: ProjectDir = Path(),
    every: Annotated[bool, typer.Option("--all", help="Every episode of which a provider wrote something.")] = False,
) -> None:
    """Write an episode's script and translations into its spec, to be reviewed and edited there. Spends nothing."""
    from reelmake.core.errors import InputError  # noqa: PLC0415
    from reelmake.engine.engine import perform  # noqa: PLC0415
    from reelmake.plan.kinds import SPEC  # noqa: PLC0415
    from reelmake.plan.steps import script  # noqa: PLC0415

    names = _named(project, episodes, every=every)
    found: list[_Frozen] = []
    wrong: list[Problem] = []
    with opened(project, names or None) as build:
        for show in [show for show in build.project.productions.values() if show.original is None]:
            try:
                found += filter(None, [_frozen(show, build, is_named=not every)])
            except InputError as error:
                wrong += error.problems
        if wrong and not every:
            raise InputError(tuple(wrong))
        for one in found:
            one.write(build)
    if every and not found:
        print("no provider wrote anything that is not in a spec already", file=sys.stderr)
    elif found:
        with opened(project, [one.name for one in found]) as build:  # what specs say now becomes known to the store
            for show in build.project.productions.values():
                action = script(show) if show.source or not show.original else None
                if action and action.request["provider"] == SPEC:
                    perform(action, build.context, f"script:{show.name}")
    if wrong:
        raise InputError(tuple(wrong))


def _named(project: Path, episodes: list[str] | None, *, every: bool) -> list[str]:
    """Return the episodes that are named, none for all; raises UsageError when it is not said which."""
    if bool(episodes) == every:
        what = "both are said, episodes and --all" if every else "it is not said what to freeze"
        raise UsageError(what, "name episodes, or write --all")
    return known_episodes(project, episodes) or []  # moths.ja is written where moths is


@dataclass(frozen=True, slots=True)
class _Frozen:
    """A spec to be written: its bytes before and after, and a summary of the change."""

    name: str
    before: bytes
    after: bytes
    summary: str

    @property
    def path(self) -> Path:
        return _spec(self.name)

    def write(self, build: Build) -> None:
        """Replace the file, which appears whole; raises SetupError when it was saved since it was read."""
        from reelmake.core.errors import SetupError  # noqa: PLC0415
        from reelmake.core.files import publish, unfinished  # noqa: PLC0415

        target = self.path.resolve()  # of a link, the file that it leads to
        mode = target.stat().st_mode
        with unfinished(build.context.work) as part:
            part.write(self.after)
        if target.read_bytes() != self.before:
            Path(part.name).unlink()
            raise SetupError(f"{self.path} was saved just now", "nothing was written into it: type it again")
        publish(Path(part.name), target)
        target.chmod(mode)
        print(f"{self.path}: {self.summary}")


def _spec(name: str) -> Path:
    return Path(EPISODES, f"{name}.yaml")


def _frozen(show: Production, build: Build, *, is_named: bool) -> _Frozen | None:
    """Return what is to be written into an episode's spec; None for nothing, which is reported for one that was named.

    Raises SetupError when the script or a translation is not written yet, and InputError when it cannot be put there.
    """
    from reelmake.core.errors import SetupError  # noqa: PLC0415
    from reelmake.engine.engine import script_of  # noqa: PLC0415
    from reelmake.plan.steps import script  # noqa: PLC0415
    from reelmake.spec.edit import frozen, with_translations  # noqa: PLC0415

    name, path = show.name, _spec(show.name)
    lines = script_of(show, build.context)
    if lines is None:
        if not is_named:
            return None
        raise SetupError(f"the script of {name} is not written yet", f"type `doit script:{name}` first")
    words, missing = _translations(show, lines, build)
    later = f"the translation into {', '.join(missing)} is not written yet"
    fix = f"type `doit {' '.join(f'script:{version}' for version in missing.values())}` first"
    before = path.read_bytes()
    count = sum(map(len, words))
    if show.episode.script is None:
        whole = [line.model_copy(update={"translations": more}) for line, more in zip(lines, words, strict=True)]
        after = frozen(before, str(path), whole, script(show).request["provider"])
    elif count:
        after = with_translations(before, str(path), words)
    else:
        if is_named and missing:
            raise SetupError(f"{name}: {later}", fix)
        if is_named:
            print(f"{name}: all of it is in the spec already", file=sys.stderr)
        return None
    if missing:
        print(f"{name}: {later}; {fix}", file=sys.stderr)
    parts = [f"{len(lines)} lines"] * (show.episode.script is None) + [f"{count} translations"] * bool(count)
    return _Frozen(name, before, after, ", ".join(parts))


def _translations(show: Production, lines: Sequence[Line], build: Build) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return what is known of each line in other languages and not in the spec, and versions that are not written."""
    from reelmake.engine.engine import script_of  # noqa: PLC0415

    words: list[dict[str, str]] = [{} for _ in lines]
    missing = {}
    for other in build.project.productions.values():
        if other.original is not show:
            continue
        language = other.episode.language
        said = script_of(other, build.context)
        if said is None:
            missing[language] = other.name
        for found, line, translated in zip(words, lines, said or (), strict=False):
            if language not in line.translations:
                found[language] = translated.text
    return words, missing


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="episode, character, settings, request, dialogue, video or error.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write all of them into this folder, for editors.")] = None,
) -> None:
    """Print a JSON Schema, of specs for editors and of the stages' documents for programs."""
    from reelmake.project.schemas import SCHEMAS, schema_of, schema_text  # noqa: PLC0415

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for each in SCHEMAS:
            (out / f"{each}.json").write_text(schema_text(each), "utf-8")
            print(out / f"{each}.json")
    elif name in SCHEMAS:
        answer(schema_of(name))
    else:
        what = f"there is no schema {name!r}" if name else "it is not said which schema"
        raise UsageError(what, f"name one of {', '.join(SCHEMAS)}, or a folder with --out")
