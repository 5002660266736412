"""Spending, added up from receipts: who paid, who shares it, and the cost of lost answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from reelmake.core.amounts import amount_of
from reelmake.plan.episode import REMEMBERED, Step
from reelmake.plan.kinds import PAID, SPEC
from reelmake.store.base import Note, Receipt

SCHEMA: Final = "reelmake/cost@1"
NO_EPISODE: Final = "(unknown)"


@dataclass(frozen=True, slots=True)
class Group:
    """Spending of one episode, kind, provider or day.

    requests    number of paid requests
    usd         sum of the known bills
    unpriced    number of requests without a known bill
    quoted_usd  sum of the quotes: a vendor with a meter may bill another amount
    lost_usd    possible cost of answers that never arrived or were damaged, not in `usd`
    """

    name: str
    requests: int
    usd: Decimal
    unpriced: int
    quoted_usd: Decimal
    lost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Spending:
    """Everything that was spent.

    groups      by episode, kind, provider or day
    saved_usd   amount saved by deduplication
    shared      key of a paid request -> its payer, and the other steps that use it
    unanswered  requests that may have been billed and were not sent again: step, when, price at most
    """

    groups: tuple[Group, ...]
    saved_usd: Decimal
    shared: Mapping[str, tuple[str, tuple[str, ...]]]
    unanswered: tuple[tuple[str, str, Decimal | None], ...]

    @property
    def usd(self) -> Decimal:
        """Return the sum."""
        return sum((group.usd for group in self.groups), Decimal(0))

    @property
    def lost_usd(self) -> Decimal:
        """Return the possible cost of lost answers, with that of unanswered requests."""
        lost = sum((group.lost_usd for group in self.groups), Decimal(0))
        return lost + sum((usd for _, _, usd in self.unanswered if usd is not None), Decimal(0))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; amounts are text."""
        return {
            "schema": SCHEMA,
            "usd": str(self.usd),
            "saved_usd": str(self.saved_usd),
            "lost_usd": str(self.lost_usd),
            "groups": [
                {
                    "name": group.name,
                    "requests": group.requests,
                    "usd": str(group.usd),
                    "unpriced": group.unpriced,
                    "quoted_usd": str(group.quoted_usd),
                    "lost_usd": str(group.lost_usd),
                }
                for group in self.groups
            ],
            "shared": [
                {"key": key, "paid_by": payer, "shared_by": list(others)}
                for key, (payer, others) in self.shared.items()
            ],
            "unanswered": [
                {"step": step, "asked_at": asked_at, "usd": None if usd is None else str(usd)}
                for step, asked_at, usd in self.unanswered
            ],
        }


BY: Final[Mapping[str, Callable[[Receipt], str]]] = {
    "episode": lambda receipt: episode_of(receipt.step),
    "kind": lambda receipt: receipt.kind,
    "provider": lambda receipt: receipt.provider,
    "day": lambda receipt: receipt.made_at[:10],
}


def spending(
    receipts: Iterable[Receipt],
    notes: Iterable[tuple[str, Note]],
    uses: Mapping[str, Sequence[Step]],
    by: str = "episode",
    episodes: Sequence[str] = (),
) -> Spending:
    """Add up what was spent.

    Args:
        receipts: all receipts; those of steps that no provider performs are left out.
        notes: step and note of requests without a receipt.
        uses: the paid steps of the specs as they are, by their keys.
        by: `episode`, `kind`, `provider` or `day`.
        episodes: only what these paid for or use; by default, everything.
    """
    free = (SPEC, REMEMBERED)
    paid = [receipt for receipt in receipts if receipt.kind in PAID and receipt.provider not in free]
    if episodes:
        used = {key for key, steps in uses.items() if any(step.episode in episodes for step in steps)}
        paid = [receipt for receipt in paid if receipt.key in used or episode_of(receipt.step) in episodes]
    grouped: dict[str, list[Receipt]] = {}
    for receipt in paid:
        grouped.setdefault(BY[by](receipt), []).append(receipt)
    known = {receipt.key: receipt for receipt in paid}
    shared = {}
    for key, steps in uses.items():
        if key in known and len(steps) > 1:
            names = [step.name for step in steps]
            payer = known[key].step if known[key].step in names else names[0]  # a line that was edited has a new name
            shared[key] = (payer, tuple(name for name in names if name != payer))
    saved = ((known[key].usd or Decimal(0)) * len(others) for key, (_, others) in shared.items())
    paid_keys = {receipt.key for receipt in paid}
    return Spending(
        tuple(_group(name, grouped[name]) for name in sorted(grouped)),
        sum(saved, Decimal(0)),
        shared,
        tuple(one for key, note in notes if key not in paid_keys and _is_wanted(note, episodes) for one in _lost(note)),
    )


def _group(name: str, receipts: Sequence[Receipt]) -> Group:
    amounts = [receipt.usd for receipt in receipts]
    lost = [amount_of(entry.get("usd")) for receipt in receipts for entry in receipt.earlier]
    return Group(
        name,
        len(receipts),
        sum((usd for usd in amounts if usd is not None), Decimal(0)),
        amounts.count(None),
        sum((receipt.quoted_usd for receipt in receipts if receipt.quoted_usd is not None), Decimal(0)),
        sum((usd for usd in lost if usd is not None), Decimal(0)),
    )


def _is_wanted(note: Note, episodes: Sequence[str]) -> bool:
    return not episodes or episode_of(str(note.get("step", ""))) in episodes


def _lost(note: Note) -> list[tuple[str, str, Decimal | None]]:
    """Return the unanswered requests of a note: step, when it was sent (ISO 8601), price at most in USD."""
    step, lost = str(note.get("step", "")), note.get("lost")
    requests = [each for each in lost if isinstance(each, Mapping)] if isinstance(lost, list) else []
    if note.get("asked_at", "?") or note.get("ticket"):  # a note that is damaged says only that there was one
        requests.append(note)
    return [(step, str(each.get("asked_at", "")), amount_of(each.get("usd"))) for each in requests]


def episode_of(step: str) -> str:
    """Return the episode of a step, by its name."""
    return step.split(":")[1] if ":" in step else NO_EPISODE
