"""Where receipts and blobs live: the memory of everything that was ever made or paid for.

A blob is bytes under their sha256. A receipt says, under an action's key, which blob it made and what that cost.
Blobs are written before receipts, so that a receipt never points at nothing; neither is ever modified.

A note says, under the same key, that a request is under way: it is written before the request is sent and
removed after the receipt is written. One that is left over stands for a request that may have been billed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from reelmake.core.errors import ReelmakeError
from reelmake.store.receipt import Blob, Receipt

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

    def known(self) -> Iterator[Receipt]:
        """Return the receipts that need no network: a shared store may hold many more."""
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
