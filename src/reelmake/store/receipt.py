"""Receipts and blobs: results, their origin and their cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from reelmake.core.amounts import amount_of
from reelmake.core.keys import Json, canonical_json


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
            written = json.loads(text)
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
