"""`cost`: the money spent, from receipts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reelmake.cli.app import AsJson, Episodes, ProjectDir, UsageError, answer, app, opened


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
    as_json: AsJson = False,
) -> None:
    """List the money spent, from receipts; the amount saved by sharing, and requests without an answer."""
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
