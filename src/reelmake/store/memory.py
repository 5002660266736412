"""A store in memory, for tests and dry runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from reelmake.core.keys import canonical_json, digest_of
from reelmake.store.base import Receipt, Store


class MemoryStore(Store):
    """Receipts and blobs in two dicts."""

    def __init__(self) -> None:
        self._receipts: dict[str, str] = {}  # as JSON, as other stores keep them: the caller cannot change it later
        self._notes: dict[str, str] = {}
        self._blobs: dict[str, bytes] = {}
        self._locks: dict[str, threading.Lock] = {}

    def find(self, key: str) -> Receipt | None:
        """Return the receipt for a key, or None."""
        return Receipt.from_json(text) if (text := self._receipts.get(key)) is not None else None

    def read(self, blob: str) -> bytes | None:
        """Return a blob's bytes, or None."""
        return self._blobs.get(blob)

    def has(self, blob: str) -> bool:
        """Say whether a blob is there."""
        return blob in self._blobs

    def fetch(self, blob: str, target: Path) -> bool:
        """Write a blob to a file."""
        if (content := self._blobs.get(blob)) is None:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return True

    def put(self, receipt: Receipt, content: bytes) -> None:
        """Keep a blob and its receipt."""
        if digest_of(content) != receipt.blob:
            raise ValueError(f"{receipt.key}: the content is not the blob that its receipt names")
        text = receipt.to_json()  # before anything is kept
        self._blobs[receipt.blob] = content
        self._receipts[receipt.key] = text

    def put_file(self, receipt: Receipt, file: Path) -> None:
        """Keep the content of a file, and its receipt."""
        self.put(receipt, file.read_bytes())

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Lock a key: one thread at a time makes the action's result."""
        return self._locks.setdefault(key, threading.Lock())  # setdefault is atomic: all get the same one

    def note(self, key: str) -> Mapping[str, Any] | None:
        """Return the note of a request that is under way, or None."""
        return json.loads(text) if (text := self._notes.get(key)) is not None else None

    def write_note(self, key: str, note: Mapping[str, Any] | None) -> None:
        """Write the note of a request; None removes it."""
        if note is None:
            self._notes.pop(key, None)
        else:
            self._notes[key] = canonical_json(note)

    def check_room(self) -> None:
        """There is room."""

    def notes(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Return all notes by their keys."""
        return ((key, json.loads(text)) for key, text in list(self._notes.items()))

    def receipts(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts, whenever they were kept."""
        del since
        return map(Receipt.from_json, list(self._receipts.values()))

    def known(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts: they are here."""
        return self.receipts(since)
