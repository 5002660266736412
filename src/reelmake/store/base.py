"""Where receipts and blobs live: the memory of everything that was ever made or paid for.

A blob is bytes under their sha256. A receipt says, under an action's key, which blob it made and what that cost.
Blobs are written before receipts, so that a receipt never points at nothing; neither is ever modified.

A note says, under the same key, that a provider was asked and has not answered yet: it is there before the request is
sent and gone after the receipt is. One that is left over tells of a request that may have been billed.
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
    """What is kept, wherever it is. `tests/store/test_store.py` says it in full, for all of them."""

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
        """Keep what a file holds as a blob, and its receipt, as `put` does. The file stays as it is."""
        ...

    def receipts(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts, in no order; those that were kept before `since` may be left out."""
        ...


class Prunable(Archive, Protocol):
    """What `prune` can remove things from; nothing else removes anything."""

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
    """What is kept, and what is under way on this machine.

    The second half is for a shared store behind this machine's: what can be prepared, waits or went wrong. A store
    that stands alone inherits it as it is here, where nothing has to be done.
    """

    def known(self) -> Iterator[Receipt]:
        """Return the receipts that are known here without asking anybody: in a shared store there may be many more."""
        ...

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Wait until nobody else on this machine is making what this key stands for."""
        ...

    def note(self, key: str) -> Note | None:
        """Return what was noted of a request that is, or was, under way; None when nothing is."""
        ...

    def write_note(self, key: str, note: Note | None) -> None:
        """Note a request durably before this returns, in place of what was noted of it; None removes it."""
        ...

    def check_room(self) -> None:
        """Raise OSError or BuildError unless an answer could be kept now: what cannot be kept must not be bought."""
        ...

    def notes(self) -> Iterator[tuple[str, Note]]:
        """Return all notes by their keys, in no order."""
        ...

    @property
    def unread(self) -> ReelmakeError | None:
        """What keeps the shared store from being read, so that what others have made is not found; None: nothing."""
        return None

    def is_near(self, blob: str) -> bool:
        """Say whether a blob is on this machine: what is not has to be transferred."""
        return self.has(blob)

    def begin(self) -> None:
        """Begin a build; raises SetupError when what it needs is not there."""
        return

    def look_up(self, keys: Iterable[str]) -> None:
        """Look for these keys in advance, many at a time."""
        del keys

    def bring(self, keys: Iterable[str]) -> None:
        """Look for these keys in advance, and transfer what is there in the background."""
        del keys

    def stop(self) -> None:
        """Begin no more transfers: a build is to end soon."""
        return

    def finish(self) -> None:
        """Wait until all that was put is where it belongs: a build ends."""
        return
