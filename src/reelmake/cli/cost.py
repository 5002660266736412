"""`cost`: the money spent, from receipts, and where time went; `prices`: what models cost."""

from __future__ import annotations

import json
from contextlib import chdir, suppress
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from reelmake.cli.app import AsJson, Episodes, ProjectDir, UsageError, answer, app, opened, refuse_elsewhere
from reelmake.core.errors import ReelmakeError
from reelmake.core.files import is_project

PRICES_SCHEMA: Final = "reelmake/prices@1"
OWN: Final = "[tool.reelmake.prices]"


class By(StrEnum):
    """The groups in which spending is summed."""

    episode = "episode"
    kind = "kind"
    provider = "provider"
    day = "day"
    line = "line"


@app.command()
def cost(
    episodes: Episodes = None,
    project: ProjectDir = Path(),
    by: Annotated[By, typer.Option(help="By what to add up.")] = By.episode,
    time: Annotated[bool, typer.Option("--time", help="List where the time of the last build went.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the money spent, from receipts; the amount saved by sharing, and requests without an answer."""
    if time:
        _tell_time(project, as_json=as_json)
        return
    from reelmake.core.amounts import UNPRICED, dollars, with_unpriced  # noqa: PLC0415
    from reelmake.engine.costs import episode_of, spending  # noqa: PLC0415
    from reelmake.tasks.forecast import paid_steps  # noqa: PLC0415

    with opened(project, None) as build:
        uses = paid_steps(build.project, build.context)
        receipts, notes = list(build.context.store.receipts()), list(build.context.store.notes())
        known = {*build.project.productions, *(episode_of(receipt.step) for receipt in receipts)}
        if unknown := [name for name in episodes or () if name not in known]:
            raise UsageError(f"there is no episode {unknown[0]!r}, and nothing was spent on one", "look at its name")
        # in all its languages, also those that it had
        requested = [name for name in known if any(name == one or name.startswith(f"{one}.") for one in episodes or ())]
        found = spending(receipts, notes, uses, by.value, requested)
        if budget := build.context.caller.budget.ledger:
            budget.refresh(build.context.store)
    if as_json:
        answer({**found.to_json(), "budget": budget.to_json() if budget else None})
        return
    width = max(len(name) for name in ("total", *(group.name for group in found.groups)))
    for group in found.groups:
        usd, lost_usd = with_unpriced(dollars(group.usd), group.unpriced), dollars(group.lost_usd)
        is_metered = group.quoted_usd not in {None, group.usd} and not group.unpriced
        metered = f", quoted {dollars(group.quoted_usd)}" if is_metered else ""
        lost = f", and at most {with_unpriced(lost_usd, group.lost)} for answers that were lost"
        more = f"{metered}{lost if group.lost_usd or group.lost else ''}{f'  {group.where}' if group.where else ''}"
        print(f"{group.name:{width}}  {usd}  {_count(group.requests, 'request')}{more}")
    print(f"{'total':{width}}  {with_unpriced(dollars(found.usd), found.unpriced)}")
    if budget:
        print(f"budget: {budget}")
    if found.shared:
        count = sum(len(others) for _, others in found.shared.values())
        saved = UNPRICED if found.saved_usd is None else f"{dollars(found.saved_usd)} saved"
        print(f"{_count(count, 'step')} share what others paid for: {saved}")
        for payer, others in found.shared.values():
            print(f"  {payer or 'somebody'} paid for {', '.join(others)}")
    for step, sent_at, most_usd in found.unanswered:
        most = "an unknown amount" if most_usd is None else dollars(most_usd)
        when = f" at {sent_at}" if sent_at else ""
        print(f"{step or 'something'} was requested{when} and never answered: it may have cost {most}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _tell_time(project: Path, *, as_json: bool) -> None:
    """List how long the steps of the last build took that ran anything, by kind and provider."""
    from reelmake.core.amounts import duration  # noqa: PLC0415
    from reelmake.tasks.tally import LAST_BUILD  # noqa: PLC0415

    refuse_elsewhere(project)
    try:
        found = json.loads((project / LAST_BUILD).read_bytes())
        rows = [(f"{one['kind']} ({one['provider']})", one["steps"], float(one["seconds"])) for one in found["parts"]]
        whole = f"the last build took {duration(float(found['seconds']))}, from {found['began_at']}"
    except (OSError, ValueError, LookupError, TypeError):
        raise UsageError("no build has been timed here", "type `doit` first") from None
    if as_json:
        answer(found)
        return
    width = max((len(name) for name, *_ in rows), default=0)
    for name, steps, seconds in rows:
        print(f"{name:{width}}  {duration(seconds)}  {_count(steps, 'step')}")
    print(f"{whole}; steps of it run at the same time")


@app.command()
def prices(project: ProjectDir = Path(), as_json: AsJson = False) -> None:
    """List models with their prices, since when, and who says so; and those that are about to end. Calls nobody."""
    from reelmake.cli.doctor import ending  # noqa: PLC0415
    from reelmake.core.amounts import as_json as as_text  # noqa: PLC0415
    from reelmake.core.amounts import dollars  # noqa: PLC0415
    from reelmake.project.settings import load_settings  # noqa: PLC0415
    from reelmake.providers.prices import Prices, announced_end  # noqa: PLC0415

    table, used = Prices(load_settings(project).prices), _used(project)
    rows = []
    for vendor, model in sorted({*used, *table.models(model for _, model in used)}):
        price, last_day = table.of_text(vendor, model), announced_end(vendor, model)
        row = {
            "model": f"{vendor}/{model}" if vendor else model,
            "is_used": (vendor, model) in used,
            "prices": {name: as_text(usd) for name, usd in price.charges().items()} if price else None,
            "since": (price and price.since) or None,
            "source": (price.source or OWN) if price else None,
            "ends_on": last_day,
            "is_ending": bool(last_day and ending(last_day)),
        }
        rows.append(row)
        if not as_json:
            charges = price.charges() if price else {}
            each = [f"{dollars(usd)} {name.removeprefix('usd_')}" for name, usd in charges.items()]
            print(f"{row['model']}: {', '.join(each).replace('_', ' ') or dollars(Decimal(0) if price else None)}")
            notes = [f"since {price.since}" if price and price.since else "", str(row["source"] or "")]
            notes += [ending(last_day) or f"ends on {last_day}" if last_day else "", "used here" * bool(row["is_used"])]
            print(f"    {'; '.join(filter(None, notes))}")
    if as_json:
        answer({"schema": PRICES_SCHEMA, "models": rows})


def _used(project: Path) -> set[tuple[str, str]]:
    """Return vendor and model of all that perform anything in a project; none where it cannot be read."""
    from reelmake.cli.doctor import choices_of  # noqa: PLC0415
    from reelmake.project.load import load_project  # noqa: PLC0415

    with chdir(project), suppress(ReelmakeError):
        choices = choices_of(load_project(Path(), read_only=True)) if is_project(Path()) else []
        return {(one.provider, str(one.options["model"])) for _, one in choices if one.options.get("model")}
    return set()
