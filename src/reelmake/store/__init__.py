"""Where receipts and blobs live: the memory of everything that was ever made or paid for.

A blob is bytes under their sha256. A receipt says, under an action's key, which blob it made and what that cost.
Blobs are written before receipts, so that a receipt never points at nothing; nothing is ever modified.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from reelmake.action import Receipt
from reelmake.store.local import LocalStore
from reelmake.store.memory import MemoryStore

__all__ = ["LocalStore", "MemoryStore", "Store"]


class Store(Protocol):
    """What every store can do. `tests/contract/test_store.py` says it in full, for all of them."""

    def find(self, key: str) -> Receipt | None:
        """Return the receipt for a key, or None. A receipt that cannot be read counts as none."""
        ...

    def read(self, blob: str) -> bytes | None:
        """Return a blob's bytes, or None when it is missing or damaged."""
        ...

    def fetch(self, blob: str, target: Path) -> bool:
        """Write a blob to a file, whole or not at all; False when it is missing or damaged."""
        ...

    def put(self, receipt: Receipt, content: bytes | Path) -> None:
        """Keep a blob and its receipt, durably, in this order. A file that is handed in is taken over."""
        ...

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Wait until nobody else on this machine is making what this key stands for."""
        ...

    def receipts(self) -> Iterator[Receipt]:
        """Return all receipts, in no order."""
        ...
