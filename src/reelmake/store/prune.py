"""What of a store no spec needs any more: chosen here, in pure code; removed by whoever is told to.

What is needed stays, whatever its age. Of the rest, what cost nothing goes after a week: it can be made again, and a
build that is under way, here or elsewhere, has had time to end. What was paid for goes much later, for a spec may come
back. Receipts of what was paid for stay for good: they are the proof of what was spent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from reelmake.store.receipt import Blob, Receipt

FREE_DAYS: Final = 7
PAID_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Rule:
    """What may go.

    needed     keys that specs ask for
    now        an aware time
    paid_days  how old what was paid for has to be; what cost nothing has to be FREE_DAYS old
    """

    needed: Collection[str]
    now: datetime
    paid_days: int = PAID_DAYS

    def before(self, days: float) -> datetime:
        """Return the time before which something has to have been made to be so old."""
        return self.now - timedelta(days=days)

    def is_stale(self, receipt: Receipt) -> bool:
        """Say whether what a receipt stands for may go; one that does not say when it was made stays."""
        if receipt.key in self.needed:
            return False
        try:
            made_at = datetime.fromisoformat(receipt.made_at)
        except ValueError:
            return False
        return made_at.tzinfo is not None and made_at < self.before(self.paid_days if was_paid(receipt) else FREE_DAYS)


@dataclass(frozen=True, slots=True)
class Waste:
    """What may go from a store.

    blobs     by what they hold; each was put there before FREE_DAYS
    receipts  of what cost nothing and goes
    paid      receipts of what was paid for and goes; they stay, as proof
    """

    blobs: tuple[Blob, ...]
    receipts: tuple[Receipt, ...]
    paid: tuple[Receipt, ...]

    @property
    def size_bytes(self) -> int:
        """Return how much room it takes."""
        return sum(blob.size_bytes for blob in self.blobs)

    @property
    def usd(self) -> Decimal:
        """Return what it cost, and would cost again; what has no price does not count."""
        return sum((receipt.usd for receipt in self.paid if receipt.usd is not None), Decimal(0))


def was_paid(receipt: Receipt) -> bool:
    """Say whether something cost money, or may have: nobody knows the price."""
    return receipt.usd is None or receipt.usd > 0


def waste(receipts: Iterable[Receipt], blobs: Iterable[Blob], rule: Rule) -> Waste:
    """Choose what may go of what a store holds. A blob stays while any receipt that stays stands for it."""
    all_receipts = list(receipts)
    stale = [receipt for receipt in all_receipts if rule.is_stale(receipt)]
    gone = {receipt.key for receipt in stale}
    held = {receipt.blob for receipt in all_receipts if receipt.key not in gone}
    recent = rule.before(FREE_DAYS).timestamp()
    found = tuple(blob for blob in blobs if blob.sha256 not in held and blob.put_at < recent)
    names = {blob.sha256 for blob in found}
    return Waste(
        blobs=found,
        receipts=tuple(receipt for receipt in stale if not was_paid(receipt)),
        paid=tuple(receipt for receipt in stale if was_paid(receipt) and receipt.blob in names),
    )
