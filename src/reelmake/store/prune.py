"""Choose the receipts and blobs of a store that no spec needs any more. Pure code: the caller removes them.

Content that a spec needs stays, at any age. Of the rest, free content goes after a week: it can be made again, and a
build that is under way, here or elsewhere, has had time to end. Paid content goes much later, since a spec may come
back. Receipts of paid content stay for good: they prove the spending.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from reelmake.store.base import Blob, Receipt

FREE_DAYS: Final = 7
PAID_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Rule:
    """Which content may be removed.

    needed     keys of the specs' actions
    now        an aware time
    paid_days  minimum age of paid content, in days; for free content it is FREE_DAYS
    """

    needed: Collection[str]
    now: datetime
    paid_days: int = PAID_DAYS

    def before(self, days: float) -> datetime:
        """Return the time that was `days` ago."""
        return self.now - timedelta(days=days)

    def is_stale(self, receipt: Receipt) -> bool:
        """Say whether the content of a receipt may be removed; without a time in the receipt, it stays."""
        if receipt.key in self.needed:
            return False
        try:
            made_at = datetime.fromisoformat(receipt.made_at)
        except ValueError:
            return False
        return made_at.tzinfo is not None and made_at < self.before(self.paid_days if was_paid(receipt) else FREE_DAYS)


@dataclass(frozen=True, slots=True)
class Waste:
    """Content that may be removed from a store.

    blobs     to remove; each was put there more than FREE_DAYS ago
    receipts  to remove: of free content
    paid      receipts of the paid content among `blobs`; they stay, as proof
    """

    blobs: tuple[Blob, ...]
    receipts: tuple[Receipt, ...]
    paid: tuple[Receipt, ...]

    @property
    def size_bytes(self) -> int:
        """Size of all blobs to remove."""
        return sum(blob.size_bytes for blob in self.blobs)

    @property
    def unpriced(self) -> int:
        """Number of receipts of paid content without a known price."""
        return sum(receipt.usd is None for receipt in self.paid)

    @property
    def usd(self) -> Decimal:
        """Sum of the prices paid for the paid content; receipts without a price are left out."""
        return sum((receipt.usd for receipt in self.paid if receipt.usd is not None), Decimal(0))


def was_paid(receipt: Receipt) -> bool:
    """Say whether the receipt has a cost, or an unknown one."""
    return receipt.usd is None or receipt.usd > 0


def waste(receipts: Iterable[Receipt], blobs: Iterable[Blob], rule: Rule) -> Waste:
    """Choose the content to remove. A blob stays while a receipt that stays names it."""
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
