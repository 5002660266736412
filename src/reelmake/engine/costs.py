"""Spending, added up from receipts: who paid, who shares it, the cost of lost answers, and what a budget has left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from reelmake.core.amounts import amount_of, as_json, dollars, total
from reelmake.plan.episode import REMEMBERED, Step
from reelmake.plan.kinds import PAID, SPEC
from reelmake.project.settings import Allowance
from reelmake.store.base import Note, Receipt, Store

SCHEMA: Final = "reelmake/cost@1"
NO_EPISODE: Final = "(unknown)"


@dataclass(frozen=True, slots=True)
class Group:
    """Spending of one episode, line, kind, provider or day.

    requests    number of paid requests
    usd         sum of the known bills
    unpriced    number of requests without a known bill
    quoted_usd  sum of the quotes, None when one is missing: a vendor with a meter may bill another amount
    lost_usd    possible cost of answers that never arrived or were damaged, not in `usd`
    lost        number of those answers without a known price, not in `lost_usd`
    where       where a line is in its spec, if it is still there
    """

    name: str
    requests: int
    usd: Decimal
    unpriced: int
    quoted_usd: Decimal | None
    lost_usd: Decimal
    lost: int = 0
    where: str = ""


@dataclass(frozen=True, slots=True)
class Spending:
    """Everything that was spent.

    groups      by episode, line, kind, provider or day
    saved_usd   amount saved by deduplication, None when a part is not known
    shared      key of a paid request -> its payer, and the other steps that use it
    unanswered  requests that may have been billed and were not sent again: step, when, price at most
    """

    groups: tuple[Group, ...]
    saved_usd: Decimal | None
    shared: Mapping[str, tuple[str, tuple[str, ...]]]
    unanswered: tuple[tuple[str, str, Decimal | None], ...]

    @property
    def usd(self) -> Decimal:
        """Return the sum of the known bills."""
        return sum((group.usd for group in self.groups), Decimal(0))

    @property
    def lost(self) -> int:
        """Return the number of lost answers without a known price."""
        return sum(group.lost for group in self.groups) + [usd for _, _, usd in self.unanswered].count(None)

    @property
    def unpriced(self) -> int:
        """Return the number of requests without a known bill."""
        return sum(group.unpriced for group in self.groups)

    @property
    def lost_usd(self) -> Decimal:
        """Return the possible cost of lost answers, with that of unanswered requests."""
        lost = sum((group.lost_usd for group in self.groups), Decimal(0))
        return lost + sum((usd for _, _, usd in self.unanswered if usd is not None), Decimal(0))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; amounts are text, and a sum of which a part is not known is null."""
        return {
            "schema": SCHEMA,
            "usd": as_json(None if self.unpriced else self.usd),
            "priced_usd": as_json(self.usd),
            "unpriced": self.unpriced,
            "saved_usd": as_json(self.saved_usd),
            "lost_usd": as_json(None if self.lost else self.lost_usd),
            "groups": [
                {
                    "name": group.name,
                    "requests": group.requests,
                    "usd": as_json(None if group.unpriced else group.usd),
                    "priced_usd": as_json(group.usd),
                    "unpriced": group.unpriced,
                    "quoted_usd": as_json(group.quoted_usd),
                    "lost_usd": as_json(None if group.lost else group.lost_usd),
                    **({"where": group.where} if group.where else {}),
                }
                for group in self.groups
            ],
            "shared": [
                {"key": key, "paid_by": payer, "shared_by": list(others)}
                for key, (payer, others) in self.shared.items()
            ],
            "unanswered": [
                {"step": step, "asked_at": asked_at, "usd": as_json(usd)} for step, asked_at, usd in self.unanswered
            ],
        }


BY: Final[Mapping[str, Callable[[Receipt], str]]] = {
    "episode": lambda receipt: episode_of(receipt.step),
    "line": lambda receipt: receipt.step.partition(":")[2] or NO_EPISODE,
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
        by: `episode`, `line`, `kind`, `provider` or `day`.
        episodes: only what these paid for or use; by default, everything.
    """
    paid = list(filter(_is_bill, receipts))
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
    saved = (known[key].usd for key, (_, others) in shared.items() for _ in others)
    places = {step.name.partition(":")[2]: step.where for steps in uses.values() for step in steps if by == "line"}
    paid_keys = {receipt.key for receipt in paid}
    return Spending(
        tuple(_group(name, grouped[name], places.get(name, "")) for name in sorted(grouped)),
        total(saved),
        shared,
        tuple(one for key, note in notes if key not in paid_keys and _is_wanted(note, episodes) for one in _lost(note)),
    )


def _is_bill(receipt: Receipt) -> bool:
    return receipt.kind in PAID and receipt.provider not in {SPEC, REMEMBERED}


def _group(name: str, receipts: Sequence[Receipt], where: str) -> Group:
    amounts = [receipt.usd for receipt in receipts]
    lost = [amount_of(entry.get("usd")) for receipt in receipts for entry in receipt.earlier]
    return Group(
        name,
        len(receipts),
        sum((usd for usd in amounts if usd is not None), Decimal(0)),
        amounts.count(None),
        total(receipt.quoted_usd for receipt in receipts),
        sum((usd for usd in lost if usd is not None), Decimal(0)),
        lost.count(None),
        where,
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


CLOCKS_DIFFER: Final = timedelta(hours=1)  # of this machine and others, at most
STAMPS_LAG: Final = timedelta(seconds=10)  # behind the clock, at most: those of files on this machine
MONTH_DAYS: Final = 31  # at most


def period(per: str, now: datetime) -> tuple[datetime, datetime]:
    """Return the start and the end of the day, the week (from Monday) or the month of a time, in UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if per == "month":
        since = today.replace(day=1)
        return since, (since + timedelta(days=MONTH_DAYS)).replace(day=1)
    since = today - timedelta(days=today.weekday() if per == "week" else 0)
    return since, since + timedelta(days=7 if per == "week" else 1)


class Ledger:
    """What is spent of a budget in its period: by this build, and by all others. Any thread may use it.

    All receipts of the period are read once, also those of a shared store; after that, only those that are new on this
    machine. Requests under way, and those without an answer, count by their notes.
    What this build asks for is left out of that, and counted by `add`: it knows sooner.

    unread  why the shared store was not read, so that nobody knows what is left; empty when it was
    """

    def __init__(self, allowance: Allowance, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.allowance, self._now = allowance, now
        self.since, self.until = period(allowance.per, now())
        self.unread = ""
        self._looked_at: datetime | None = None
        self._bills: dict[str, tuple[datetime, Decimal, int]] = {}  # key -> when, USD, how many have no price
        self._billed = Decimal(0), 0  # their sum
        self._notes: dict[str, list[tuple[str, Decimal | None]]] = {}  # key -> when and USD at most, of each request
        self._asked: set[str] = set()
        self._own_usd = Decimal(0)
        self._lock = threading.RLock()

    def refresh(self, store: Store) -> None:
        """Count what is new."""
        with self._lock:
            now, last = self._now(), self._looked_at
            self.since, self.until = period(self.allowance.per, now)
            is_first = last is None or last < self.since
            notes = list(store.notes())  # before the receipts: what is answered meanwhile is in one of them
            if last is None or is_first:
                self._bills, self._billed, self._own_usd = {}, (Decimal(0), 0), Decimal(0)
                new = store.receipts(self.since - CLOCKS_DIFFER)
            else:
                new = store.known(last - STAMPS_LAG)
            for receipt in filter(_is_bill, new):
                if is_first or receipt.key not in self._asked:
                    self._count(receipt)
            self.unread = str(store.unread or "") if is_first else self.unread
            self._notes = {key: kept for key, kept in self._notes.items() if key in self._asked}
            for key, note in notes:
                if key not in self._asked:
                    self._notes[key] = [(asked_at, usd) for _, asked_at, usd in _lost(note)]
            self._looked_at = now

    def _count(self, receipt: Receipt) -> None:
        made_at = _time(receipt.made_at)
        if made_at is None:
            return
        usd = receipt.quoted_usd if receipt.usd is None else receipt.usd
        bills = [(made_at, usd)]
        bills += [(_time(lost.get("asked_at")) or made_at, amount_of(lost.get("usd"))) for lost in receipt.earlier]
        counted = [usd for at, usd in bills if self.since <= at < self.until]
        known = [usd for usd in counted if usd is not None]
        bill = made_at, sum(known, Decimal(0)), len(counted) - len(known)
        _, before, unpriced = self._bills.get(receipt.key, (made_at, Decimal(0), 0))
        self._billed = self._billed[0] + bill[1] - before, self._billed[1] + bill[2] - unpriced
        self._bills[receipt.key] = bill

    def ask(self, key: str) -> None:
        """Count what this build asks for under a key by `add`, from now on."""
        with self._lock:
            self._asked.add(key)

    def add(self, usd: Decimal) -> None:
        """Count what this build has spent."""
        with self._lock:
            self._own_usd += usd

    def find(self, key: str) -> None:
        """Stop counting the last request of an earlier build for a key: its answer was found, and is in `add`."""
        with self._lock:
            if lost := self._notes.get(key):
                lost.pop()

    @property
    def left_usd(self) -> Decimal:
        """Return what is left of the budget; less than nothing when bills have passed it."""
        return self.allowance.usd - self.spent_usd

    @property
    def spent_usd(self) -> Decimal:
        """Return what is spent, or may be, by all."""
        with self._lock:
            notes = sum((usd for usd in self._open() if usd is not None), Decimal(0))
            return self._own_usd + self._billed[0] + notes

    @property
    def unpriced(self) -> int:
        """Return how many requests have no known price, and are not counted."""
        with self._lock:
            return self._billed[1] + self._open().count(None)

    def _open(self) -> list[Decimal | None]:
        """Return the prices of requests that have no receipt, and of which nobody knows that they are of before."""
        found = []
        for key, requests in self._notes.items():
            made_at = self._bills[key][0] if key in self._bills else None
            for asked_at, usd in requests:
                at = _time(asked_at)
                is_answered = made_at and at and at.replace(microsecond=0) <= made_at  # receipts have whole seconds
                if not is_answered and (at is None or at >= self.since):
                    found.append(usd)
        return found

    def __str__(self) -> str:
        """Return what is left, as a sentence for a terminal."""
        most, end = f"{dollars(self.allowance.usd)} a {self.allowance.per}", f"{self.until:%Y-%m-%d} (UTC)"
        more = f", and {self.unpriced} unpriced requests are not counted" if self.unpriced else ""
        more += f"; others may have spent more, the shared store was not read: {self.unread}" if self.unread else ""
        if self.left_usd < 0:
            return f"{dollars(self.spent_usd)} of {most} is spent: it starts again on {end}{more}"
        return f"{dollars(self.left_usd)} of {most} is left until {end}{more}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; amounts are text."""
        return {
            "usd": as_json(self.allowance.usd),
            "per": self.allowance.per,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "spent_usd": as_json(self.spent_usd),
            "left_usd": as_json(self.left_usd),
            "unpriced": self.unpriced,
            "store_not_asked": self.unread or None,
        }


def _time(written: object) -> datetime | None:
    """Read a time, in UTC where it does not say; None for one that cannot be read."""
    try:
        at = datetime.fromisoformat(str(written))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
