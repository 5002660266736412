"""The note in the store of one request that is under way: when it was sent, and its outcome so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from reelmake.core.errors import LostError, OversizedError
from reelmake.store.base import Note, Store

LONG_AGO: Final = timedelta(days=1)
CLOCKS_DIFFER: Final = timedelta(hours=1)  # of this machine and others, at most


class RequestNote:
    """The note of one request.

    key     key of the requested action
    lost    earlier requests for this key that were never answered: each may have been billed
    ticket  the provider's name of the last one, if it gave one
    oversized  what is wrong with an answer that was too large to be read, and what to do: it is not sent again
    """

    def __init__(self, store: Store, key: str, about: Note, quoted_usd: Decimal | None) -> None:
        self.store, self.key = store, key
        self._about = {**about, "usd": None if quoted_usd is None else str(quoted_usd)}
        self._asked_at = ""  # while a request is open
        note = store.note(key)
        self._is_written = note is not None
        # A note may be damaged. Its content goes into a receipt, and that must never fail.
        lost = (note or {}).get("lost")
        self.lost = [dict(each) for each in lost if isinstance(each, dict)] if isinstance(lost, list) else []
        ticket = (note or {}).get("ticket")
        self.ticket = ticket if isinstance(ticket, dict) else None
        oversized = (note or {}).get("oversized")
        self.oversized = [str(text) for text in oversized[:2]] if isinstance(oversized, list) else []
        if note is not None and note.get("asked_at", "?"):
            why = "the process that asked was ended before the answer arrived"
            self.lost.append({"asked_at": note.get("asked_at", ""), "usd": note.get("usd"), "why": why})

    @property
    def may_be_there(self) -> bool:
        """Say whether an answer may be waiting at the provider."""
        return bool(self.lost or self.ticket)

    @property
    def asked_at(self) -> datetime:
        """Return when the first request was sent: the answer is not older than that.

        It is a day ago when that is not known, or the clock has been set back since.
        """
        now = datetime.now(UTC)
        try:
            asked_at = datetime.fromisoformat(self.lost[0]["asked_at"] if self.lost else self._asked_at)
            return asked_at if asked_at <= now else now - LONG_AGO
        except (ValueError, KeyError, TypeError):
            return now - LONG_AGO if self.lost else now

    def used_ids(self) -> frozenset[str]:
        """Return the provider's names of the answers that other requests have got."""
        since = self.asked_at - CLOCKS_DIFFER
        found = (one for one in self.store.receipts(since) if one.provider == self._about["provider"])
        return frozenset(name for receipt in found if receipt.key != self.key for name in receipt.vendor_ids)

    def open(self) -> None:
        """Note that the request is about to be sent, once its answer can be kept; raises OSError."""
        self.store.check_room()
        self._asked_at = datetime.now(UTC).isoformat()
        self._write()

    def keep_ticket(self, ticket: Mapping[str, Any] | None) -> None:
        """Note the provider's name of the request."""
        self.ticket = None if ticket is None else dict(ticket)
        self._write()

    def lose(self, error: LostError) -> None:
        """Note that the answer did not arrive."""
        asked_at = self._asked_at or datetime.now(UTC).isoformat()
        self.lost.append({"asked_at": asked_at, "usd": self._about["usd"], "why": error.what})
        if isinstance(error, OversizedError):
            self.oversized = [error.what, error.fix]
        self.close()

    def check_may_be_sent(self) -> None:
        """Raise OversizedError when the request was answered with more than can be read: it would be again."""
        if self.oversized:
            raise OversizedError(*self.oversized)

    def find(self) -> None:
        """Note that the answer to the last request has been found at the provider."""
        if self.lost:
            self.lost.pop()

    def close(self) -> None:
        """Note that nothing is under way; requests that may have been billed, or may yet be answered, stay noted."""
        self._asked_at = ""
        if self.may_be_there:
            self._write()
        elif self._is_written:
            self.store.write_note(self.key, None)
            self._is_written = False

    def _write(self) -> None:
        state: dict[str, Any] = {"asked_at": self._asked_at, "ticket": self.ticket, "lost": self.lost}
        if self.oversized:
            state["oversized"] = self.oversized
        self.store.write_note(self.key, {**self._about, **state})
        self._is_written = True
