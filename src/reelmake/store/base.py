"""Where receipts and blobs live: the memory of everything that was ever made or paid for.

A blob is bytes under their sha256. A receipt says, under an action's key, which blob it made and what that cost.
Blobs are written before receipts, so that a receipt never points at nothing; neither is ever modified.

A note says, under the same key, that a request is under way: it is written before the request is sent and
removed after the receipt is written. One that is left over stands for a request that may have been billed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, Self

from reelmake.core.amounts import amount_of
from reelmake.core.errors import ReelmakeError
from reelmake.core.keys import Json, canonical_json, read_json


@dataclass(frozen=True, slots=True)
class Blob:
    """Content that a store holds under its digest.

    put_at  when it was written, or last written again with the same content, in seconds since the epoch
    """

    sha256: str
    size_bytes: int
    put_at: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an action was made: its request (`manifest`), the result (`blob`), and the cost.

    usd         amount paid, None when the price is unknown
    units       units that the provider counted: characters, seconds, tokens, ...
    step        the step that paid; other steps with the same key share the result
    quoted_usd  amount expected before the request, None when it was unknown
    vendor_ids  the vendor's own ids of the answer
    earlier     requests for the same thing that were billed, or may have been, and whose answer is lost:
                `{"asked_at", "usd", "why"}`, amounts as text
    """

    kind: str
    key: str
    manifest: Json
    blob: str
    usd: Decimal | None
    units: Mapping[str, int | Decimal]
    provider: str
    made_at: str
    step: str = ""
    quoted_usd: Decimal | None = None
    earlier: Sequence[Json] = ()
    vendor_ids: Sequence[str] = ()

    @property
    def may_have_cost(self) -> bool:
        """Whether it may have cost money: a bill of zero may be wrong where there was a price."""
        return self.usd != 0 or self.quoted_usd != 0 or bool(self.earlier)

    def to_json(self) -> str:
        """Return the receipt as JSON text; amounts are written as text so that no cent is lost.

        Raises ValueError or TypeError for one that could not be read again.
        """
        if not self.is_sound():
            raise ValueError(f"{self.key}: a field of the receipt has the wrong type")
        fields = {name: getattr(self, name) for name in self.__slots__}
        units = {name: count if type(count) is int else str(count) for name, count in self.units.items()}
        amounts = {name: None if (usd := fields[name]) is None else str(usd) for name in ("usd", "quoted_usd")}
        text = canonical_json(
            {**fields, **amounts, "units": units, "earlier": list(self.earlier), "vendor_ids": list(self.vendor_ids)}
        )
        return text.encode("utf-8", "replace").decode()  # half a character in a vendor's text must not lose an answer

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, here or in a later version that says more; raises ValueError for anything else."""
        try:
            written = read_json(text)
            fields = {name: written[name] for name in cls.__slots__ if name in written or name not in _LATER}
            usd, quoted = (
                None if (amount := fields.get(name)) is None else _amount(amount) for name in ("usd", "quoted_usd")
            )
            counts = {name: _amount(count) for name, count in fields["units"].items()}
            units = {name: count for name, count in counts.items() if count is not None}
            earlier, vendor_ids = (tuple(fields.get(name, ())) for name in ("earlier", "vendor_ids"))
            receipt = cls(
                **{
                    **fields,
                    "usd": usd,
                    "units": units,
                    "quoted_usd": quoted,
                    "earlier": earlier,
                    "vendor_ids": vendor_ids,
                }
            )
        except (TypeError, KeyError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a receipt: {error}") from error
        if not receipt.is_sound():
            raise ValueError("not a receipt: a field has the wrong type")
        return receipt

    def is_sound(self) -> bool:
        """Say whether every field is of its type, and money is an amount: JSON that was read may hold anything."""
        names = (self.kind, self.key, self.blob, self.provider, self.made_at, self.step)
        amounts = (self.usd, self.quoted_usd)
        return (
            all(isinstance(name, str) for name in names)
            and isinstance(self.manifest, Mapping)
            and isinstance(self.units, Mapping)
            and all(type(n) is int or (isinstance(n, Decimal) and n.is_finite()) for n in self.units.values())
            and all(usd is None or (isinstance(usd, Decimal) and usd.is_finite()) for usd in amounts)
            and all(isinstance(lost, Mapping) for lost in self.earlier)
            and all(isinstance(name, str) for name in self.vendor_ids)
        )


_LATER = ("step", "quoted_usd", "earlier", "vendor_ids")  # receipts of the first version do not have these


def _amount(written: Any) -> int | Decimal | None:
    """Read an amount, never a float; None for an impossible one: a paid result is used despite a bad bill.

    Raises an error for what is no number.
    """
    number: int | Decimal = written if type(written) is int else Decimal(str.strip(written))
    if isinstance(number, Decimal) and not number.is_finite():
        raise ValueError(f"{written} is no amount")
    return None if amount_of(number) is None else number


Note = Mapping[str, Any]  # JSON


class Archive(Protocol):
    """Receipts and blobs, in any place. `tests/store/test_store.py` specifies it in full, for every implementation."""

    def find(self, key: str) -> Receipt | None:
        """Return the receipt for a key, or None. A receipt that cannot be read counts as none."""
        ...

    def read(self, blob: str) -> bytes | None:
        """Return a blob's bytes, or None when it is missing or damaged."""
        ...

    def has(self, blob: str) -> bool:
        """Say whether a blob is there, without reading it."""
        ...

    def fetch(self, blob: str, target: Path) -> bool:
        """Write a blob to a file, whole or not at all; False when it is missing or damaged."""
        ...

    def put(self, receipt: Receipt, content: bytes) -> None:
        """Keep a blob and its receipt, in this order: durably, when it was paid for."""
        ...

    def put_file(self, receipt: Receipt, file: Path) -> None:
        """Keep the content of a file and its receipt, as `put` does. The file stays unchanged."""
        ...

    def receipts(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts, in no order; those that were kept before `since` may be left out."""
        ...


class Prunable(Archive, Protocol):
    """An archive from which `prune`, and nothing else, removes receipts and blobs."""

    def blobs(self) -> Iterator[Blob]:
        """Return all blobs, in no order, without reading them."""
        ...

    def remove(self, receipt: Receipt) -> None:
        """Remove a receipt, unless another has taken its place."""
        ...

    def remove_blob(self, blob: Blob) -> bool:
        """Remove a blob, unless it has been put there once more since it was listed; says whether it is gone."""
        ...


class Store(Archive, Protocol):
    """An archive, with the locks and notes of requests under way on this machine.

    The methods from `unread` on are for a shared store behind this machine's. A store that stands alone inherits
    them: they do nothing.
    """

    def known(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return the receipts that need no network: a shared store may hold many more; `since` is as in `receipts`."""
        ...

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Lock a key: one thread or process of this machine at a time makes the action's result."""
        ...

    def note(self, key: str) -> Note | None:
        """Return the note of a request that is, or was, under way; None when there is none."""
        ...

    def write_note(self, key: str, note: Note | None) -> None:
        """Write the note of a request durably, replacing an earlier one; None removes it."""
        ...

    def check_room(self) -> None:
        """Raise OSError or BuildError unless an answer could be kept now: else it must not be bought."""
        ...

    def notes(self) -> Iterator[tuple[str, Note]]:
        """Return all notes by their keys, in no order."""
        ...

    @property
    def unread(self) -> ReelmakeError | None:
        """The error that keeps the shared store from being read, so that receipts of others are not found; or None."""
        return None

    def is_near(self, blob: str) -> bool:
        """Say whether a blob is on this machine; another one has to be transferred."""
        return self.has(blob)

    def begin(self) -> None:
        """Begin a build; raises SetupError when a shared store that is required does not answer."""
        return

    def look_up(self, keys: Iterable[str]) -> None:
        """Look for these keys in advance, many at a time."""
        del keys

    def bring(self, keys: Iterable[str]) -> None:
        """Look for these keys in advance, and transfer the blobs that are found in the background."""
        del keys

    def stop(self) -> None:
        """Begin no more transfers: a build is to end soon."""
        return

    def finish(self) -> None:
        """Wait until all transfers are done: a build ends."""
        return
