"""`doctor`: what is installed, what is in force, and what is missing. It needs nearly everything, once it is typed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reelmake.cli.app import ProjectDir, app
from reelmake.core.amounts import dollars
from reelmake.core.errors import ReelmakeError, SetupError
from reelmake.core.files import episode_names
from reelmake.plan.kinds import PAID
from reelmake.providers import provider

if TYPE_CHECKING:
    from reelmake.plan.episode import Choice
    from reelmake.project.load import Project
    from reelmake.project.settings import Settings


SOON_DAYS = 90
MODES = {"write": "what is made goes up", "read": "nothing goes up"}
VENDOR_KEYS = ("OPENAI_API_KEY", "ELEVENLABS_API_KEY", "FAL_KEY")


def examine(project: Path) -> bool:
    """Print what is installed, what is in force, and what is missing; says whether all that is needed is there."""
    from reelmake.project.load import find_ffmpeg  # noqa: PLC0415
    from reelmake.project.settings import load_settings  # noqa: PLC0415

    settings = load_settings(project)
    ffmpeg = find_ffmpeg(project, settings)
    ffmpeg.check()
    cap_usd, budget = settings.cap_usd, settings.budget
    rows = {
        "python": sys.version.split()[0],
        "ffmpeg": f"{ffmpeg.identity()} (has libass, libx264, aac and what else is needed)",
        **{f"{kind} provider": made.provider for kind, made in settings.providers},
        "cap": "none: a build may spend any amount" if cap_usd is None else f"{dollars(cap_usd)} a build",
        **({"budget": f"{dollars(budget.usd)} a {budget.per}, of all builds"} if budget else {}),
        "proxy": "none" if settings.proxy is None else settings.proxy.rpartition("@")[2],
        "store": settings.store,
        **({"shared store": f"{settings.store_url} ({MODES[settings.store_mode]})"} if settings.store_url else {}),
        "publish": ", ".join(target.to for target in settings.publish.to) or "nowhere",
        "episodes": ", ".join(episode_names(project)) or "none",
    }
    for name, value in rows.items():
        print(f"{name + ':':19} {value}")
    wrong = list(_wrong(project, settings))
    for problem in wrong:
        print(problem)
    return not any(problem.startswith("missing") for problem in wrong)


def _wrong(root: Path, settings: Settings) -> Iterator[str]:
    """Print which keys are set, and yield what is missing, and what will be."""
    from reelmake.project.load import load_project  # noqa: PLC0415
    from reelmake.project.settings import variables  # noqa: PLC0415
    from reelmake.publish.targets import BUCKET, obstacle  # noqa: PLC0415
    from reelmake.store.s3_client import VARIABLES  # noqa: PLC0415

    targets = {target.to: target for target in settings.publish.to}
    choices: list[tuple[str, Choice]] = []
    try:
        project = load_project(root)
        choices = choices_of(project)
        targets |= {target.to: target for show in project.productions.values() for target in show.publish.to}
    except ReelmakeError as error:
        yield f"missing: episodes that can be read; `reelmake check` tells more:\n{error}"
    variable = variables(root)
    needed: dict[str, str] = {}
    for kind, choice in choices:
        for name in provider(kind, choice.provider).secrets:
            needed.setdefault(name, f"{choice.provider} needs it")
    shared = VARIABLES if settings.store_url or any(to.startswith(BUCKET) for to in targets) else ()
    for name in sorted({*VENDOR_KEYS, *needed, *shared}):
        print(f"{name + ':':19} {'set' if variable(name) else 'not set'}")
    yield from (
        f"missing: {name}: {why}; write {name}=... into .env" for name, why in needed.items() if not variable(name)
    )
    for kind, choice in choices:
        yield from _ending(kind, choice, root, settings)
    if settings.store_url and (why := _unreached(settings.store_url, root, settings)):
        yield f"{'missing' if settings.store_required else 'warning'}: the shared store: {why}"
    for target in targets.values():
        if why := obstacle(target, root, variable, settings.proxy):
            yield f"warning: publishing to {target.to}: {why}"


def _unreached(url: str, root: Path, settings: Settings) -> ReelmakeError | None:
    """Return what keeps the shared store from being read or, where it is not only read, written to; or None."""
    from reelmake.project.settings import variables  # noqa: PLC0415
    from reelmake.store.s3_client import Bucket, access  # noqa: PLC0415
    from reelmake.store.s3_upload import missing_right  # noqa: PLC0415

    try:
        bucket = Bucket(url, access(variables(root), settings.proxy))
    except SetupError as error:
        return error
    return missing_right(bucket, can_write=settings.store_mode == "write")


def choices_of(project: Project) -> list[tuple[str, Choice]]:
    """Return who performs what in any episode, each once."""
    found: dict[tuple[str, str, str], tuple[str, Choice]] = {}
    for show in project.productions.values():
        for (kind, *_), choice in show.choices.items():
            found.setdefault((kind, choice.provider, str(choice.options.get("model"))), (kind, choice))
    return sorted(found.values(), key=lambda one: PAID.index(one[0]))


def _ending(kind: str, choice: Choice, root: Path, settings: Settings) -> Iterator[str]:
    """Yield a warning when a model that is in force is about to end."""
    from reelmake.project.settings import variables  # noqa: PLC0415
    from reelmake.providers.base import Call  # noqa: PLC0415
    from reelmake.providers.prices import Prices  # noqa: PLC0415

    now, model = datetime.now(UTC), choice.options.get("model")
    prices = Prices(settings.prices)
    call = Call(prices, 10.0, settings.proxy, variables(root), now, None, lambda _ticket: None)
    last = provider(kind, choice.provider).ends_on(choice.options, call)
    if last and (when := ending(last)):
        yield f"warning: {kind}: the model {model} {when}; choose another one under providers:"


def ending(last_day: str) -> str:
    """Say when a model ends, if that is soon; its last day is written as YYYY-MM-DD."""
    days = (date.fromisoformat(last_day) - datetime.now(UTC).date()).days
    if days > SOON_DAYS:
        return ""
    return f"ended on {last_day}" if days < 0 else f"ends on {last_day}, in {days} days"


@app.command()
def doctor(project: ProjectDir = Path()) -> None:
    """Say what is installed, what is in force, and what is missing; ends with 2 when something that is needed is."""
    if not examine(project):
        raise typer.Exit(SetupError.exit_code)
