"""`watch`: builds what a saved file changed; what is free at once, what is paid only when its price was agreed to."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import chdir
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reelmake.cli.app import ProjectDir, app, known_episodes, opened
from reelmake.core.amounts import dollars
from reelmake.core.errors import InputError, ReelmakeError
from reelmake.core.files import STATE
from reelmake.core.logging import redact

if TYPE_CHECKING:
    from reelmake.plan.episode import Step
    from reelmake.tasks.build import Build
    from reelmake.tasks.forecast import Row


INTERRUPTED = 130
LOOK_MS = 200
NOTHING = Decimal(0)


def _usd(text: str) -> Decimal:
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal(-1)
    if not usd.is_finite() or usd < 0:
        raise typer.BadParameter(f"{text!r} is no amount: write one such as 0.50")
    return usd


@app.command()
def watch(
    episode: Annotated[str, typer.Argument(help="The episode to build.")],
    project: ProjectDir = Path(),
    cap: Annotated[
        Decimal | None, typer.Option(parser=_usd, metavar="USD", help="Buy without asking, up to this in all.")
    ] = None,
) -> None:
    """Build an episode again whenever one of its files is saved. Asks before it buys anything. Ctrl-C ends it."""
    with chdir(project):
        known_episodes(Path(), [episode])
        session = _Session(episode, cap)
        try:
            saved = _saved()
            next(saved)  # from here on nothing is missed, also what is saved during the first build
            session.build()
            for changed in filter(None, saved):
                _say(f"saved: {', '.join(changed)}")
                session.build()
        except (KeyboardInterrupt, typer.Abort):  # the last is Ctrl-C at the question
            pass
    _say("stopped watching")
    raise typer.Exit(INTERRUPTED)


def _saved() -> Iterator[list[str]]:
    """Yield the saved files after each save; an empty list once the watch is on, and at each look without a save."""
    import watchfiles  # noqa: PLC0415

    from reelmake.plan.kinds import BUILD  # noqa: PLC0415

    wanted = watchfiles.DefaultFilter(ignore_dirs=(*watchfiles.DefaultFilter.ignore_dirs, BUILD, STATE))
    here = Path.cwd()
    changes = watchfiles.watch(here, watch_filter=wanted, debounce=400, yield_on_timeout=True, rust_timeout=LOOK_MS)
    for found in changes:
        yield sorted({str(Path(path).relative_to(here)) for _, path in found})


@dataclass(slots=True)
class _Look:
    """What a build would do now.

    free   steps that can be made without buying anything, if there is anything to be made of them
    paid   what would have to be bought
    """

    free: list[str]
    paid: list[Row]

    @property
    def usd(self) -> Decimal:
        """Return the highest cost (USD) of the paid steps that have a price."""
        return sum((row.usd for row in self.paid if row.usd is not None), NOTHING)


class _Session:
    """Watches one episode; `cap_usd` is what may still be bought without asking, None to ask."""

    def __init__(self, episode: str, cap_usd: Decimal | None) -> None:
        self._episode, self._cap_usd = episode, cap_usd
        self._is_asking = cap_usd is None and sys.stdin.isatty()

    def build(self) -> None:
        """Make the free steps, then the paid ones if they are agreed to. Mistakes are printed: a save may mend them."""
        try:
            look = self._look()
            if unknown := [row.step for row in look.paid if row.usd is None]:
                fix = "set one under [tool.reelmake.prices], or choose another model"
                _say(f"nothing was built: {unknown[0]} has no price; {fix}")
                return
            if look.free:
                self._run(look.free, NOTHING)
                look = self._look()
            if look.paid:
                self._buy(look)
            elif not look.free:
                _say(f"{self._episode} is current")
        except InputError as error:
            for problem in error.problems:
                _say(redact(str(problem)))
        except ReelmakeError as error:
            _say(redact(str(error)))

    def _buy(self, look: _Look) -> None:
        """Buy what is agreed to, and nothing else: it may have been saved while the question stood there."""
        while look.paid and self._agreed(look):
            now = self._look()
            if now.paid == look.paid:
                self._run([f"video:{self._episode}"], look.usd)
                return
            _say("it was saved meanwhile")
            look = now

    def _look(self) -> _Look:
        from reelmake.tasks.forecast import Forecaster  # noqa: PLC0415

        with opened(Path(), [self._episode]) as build:
            forecaster = Forecaster(build)
            rows = {row.step: row for row in forecaster.forecast([self._episode]).rows}
            steps = forecaster.steps(build.project.productions[self._episode])
        paid = [row for row in rows.values() if row.verdict == "make" and row.is_paid and row.usd != 0]
        free = _free(steps, rows, {row.key for row in paid})
        return _Look(free if any(rows[name].verdict != "keep" for name in free) else [], paid)

    def _agreed(self, look: _Look) -> bool:
        """Show what would be bought, and say whether it may be."""
        what = f"{len(look.paid)} step{'s' * (len(look.paid) != 1)}, such as {look.paid[0].step}"
        offer = f"{what}: at most {dollars(look.usd)}"
        if self._cap_usd is not None:
            if look.usd <= self._cap_usd:
                _say(f"buying {offer}")
                return True
            _say(f"not bought: {offer}, and {dollars(self._cap_usd)} of --cap is left")
            return False
        if not self._is_asking:
            _say(f"not bought: {offer}; nobody can be asked here: start again with --cap {look.usd}, or type `doit`")
            return False
        return typer.confirm(f"buy {offer}?", err=True)

    def _run(self, names: list[str], cap_usd: Decimal) -> None:
        """Make steps within a cap, also if they cost more than expected; raises KeyboardInterrupt after Ctrl-C."""
        from reelmake.project.load import load_project  # noqa: PLC0415
        from reelmake.tasks.host import run  # noqa: PLC0415

        project = load_project(Path(), known_episodes(Path(), [self._episode]))
        caps = [cap for cap in (cap_usd, project.settings.cap_usd) if cap is not None]
        project = replace(project, settings=project.settings.model_copy(update={"cap_usd": min(caps)}))
        builds: list[Build] = []
        code = run(project, names, lambda *_: None, builds.append)
        if self._cap_usd is not None:
            self._cap_usd = max(NOTHING, self._cap_usd - builds[0].context.caller.budget.spent_usd)
        if code == INTERRUPTED:
            raise KeyboardInterrupt


def _free(steps: Iterable[Step], rows: dict[str, Row], bought: set[str]) -> list[str]:
    """Return the steps that need nothing that would have to be bought."""
    free, waiting = [], set[str]()
    for step in steps:
        if rows[step.name].key in bought or waiting & {*step.action.inputs.values()}:
            waiting |= {*step.action.outputs.values()}
        else:
            free.append(step.name)
    return free


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
