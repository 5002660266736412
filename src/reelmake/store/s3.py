"""Receipts and blobs in a bucket of any S3 API, laid out as in a folder, for all machines that share it.

Names come from content, so writing the same thing twice, at the same time too, does no harm and needs no condition.
Content is checked by its digest when it is read: damaged content counts as missing. Notes and locks are a machine's
own, and not here.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from reelmake.core.files import file_digest, publish
from reelmake.core.keys import digest_of
from reelmake.store.base import Blob, Receipt
from reelmake.store.local import place_of, sound_receipt
from reelmake.store.s3_client import MOST_AT_ONCE, Bucket
from reelmake.store.s3_upload import upload

ACTIONS: Final = "actions"
BLOBS: Final = "blobs"
RENEWED_SECONDS: Final = 12 * 3600


class S3Store:
    """Receipts and blobs in a bucket; every method raises ObjectsError when it does not answer, or refuses.

    folder    local folder of unfinished files (`tmp`) and copies of receipts (`known`), so that listing all of them
              does not fetch each again
    can_keep  whether copies may be added to it
    """

    def __init__(self, bucket: Bucket, folder: Path, *, can_keep: bool = True) -> None:
        self.bucket = bucket
        self._can_keep = can_keep
        self._work, self._known = folder / "tmp", folder / "known"
        self._damaged: set[str] = set()

    def find(self, key: str) -> Receipt | None:
        """Return the receipt for a key, or None; one that is damaged, or is for something else, counts as none."""
        content = self.bucket.read(place_of(ACTIONS, key))
        return None if content is None else sound_receipt(content, key)

    def read(self, blob: str) -> bytes | None:
        """Return a blob's bytes, or None when it is missing or damaged."""
        content = self.bucket.read(place_of(BLOBS, blob))
        if content is not None and digest_of(content) != blob:
            self._damaged.add(blob)
            return None
        return content

    def has(self, blob: str) -> bool:
        """Say whether a blob is there, without reading it."""
        return self.bucket.head(place_of(BLOBS, blob)) is not None

    def fetch(self, blob: str, target: Path) -> bool:
        """Write a blob to a file, whole or not at all; False when it is missing or damaged."""
        self._work.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkstemp(dir=self._work)[1])
        try:
            with part.open("w+b") as file:
                is_there = self.bucket.fetch(place_of(BLOBS, blob), file)
            if is_there and file_digest(part) != blob:
                self._damaged.add(blob)
                is_there = False
            if is_there:
                publish(part, target)
            return is_there
        finally:
            part.unlink(missing_ok=True)

    def put(self, receipt: Receipt, content: bytes) -> None:
        """Keep a blob, then its receipt."""
        self._put(receipt, digest_of(content), len(content), lambda name: self.bucket.put(name, content))

    def put_file(self, receipt: Receipt, file: Path) -> None:
        """Keep the content of a file, then its receipt."""
        size = file.stat().st_size
        self._put(receipt, file_digest(file), size, lambda name: upload(self.bucket, name, file))

    def _put(self, receipt: Receipt, digest: str, size: int, send: Callable[[str], None]) -> None:
        if digest != receipt.blob:
            raise ValueError(f"{receipt.key}: the content is not the blob that its receipt names")
        text = receipt.to_json()  # before anything is sent: a receipt that cannot be, must not leave a blob
        if not self._is_whole(receipt, size):
            send(place_of(BLOBS, receipt.blob))
            self._damaged.discard(receipt.blob)
        self.bucket.put(place_of(ACTIONS, receipt.key), text.encode(), ContentType="application/json")

    def _is_whole(self, receipt: Receipt, size: int) -> bool:
        """Say whether a blob is there already, and stays: an API checks content on arrival, so the length is enough.

        One that has been there for long, and under other keys, may be about to go (`remove_blob`): it is sent again.
        """
        if receipt.blob in self._damaged:
            return False
        found = self.bucket.head(place_of(BLOBS, receipt.blob))
        if found is None or found["ContentLength"] != size:
            return False
        return time.time() - found["LastModified"].timestamp() < RENEWED_SECONDS or self.find(receipt.key) is not None

    def receipts(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts that can be read: one request for a thousand names, and one for each that is new here."""
        listed = (one for one in self.bucket.listed(f"{ACTIONS}/") if not since or one[1]["LastModified"] >= since)
        with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="receipts") as pool:
            yield from filter(None, pool.map(self._known_receipt, listed))

    def blobs(self) -> Iterator[Blob]:
        """Return all blobs, without reading them."""
        for name, entry in self.bucket.listed(f"{BLOBS}/"):
            yield Blob(name.rpartition("/")[2], int(entry["Size"]), entry["LastModified"].timestamp())

    def remove(self, receipt: Receipt) -> None:
        """Remove a receipt, unless another has taken its place."""
        if self.find(receipt.key) == receipt:
            self.bucket.remove(place_of(ACTIONS, receipt.key))

    def remove_blob(self, blob: Blob) -> bool:
        """Remove a blob, unless it has been put there once more since it was listed; says whether it is gone.

        No API can do this in one step. Age closes the gap between the two requests: `put` sends a blob again that is
        half a day old (RENEWED_SECONDS), and `prune` removes only blobs that are older still.
        """
        name = place_of(BLOBS, blob.sha256)
        found = self.bucket.head(name)
        if found is not None and found["LastModified"].timestamp() > blob.put_at:
            return False
        self.bucket.remove(name)
        return True

    def _known_receipt(self, listed: tuple[str, Mapping[str, Any]]) -> Receipt | None:
        """Return a receipt from its copy, if it has not changed since, and else from the bucket."""
        name, entry = listed
        key, tag = name.rpartition("/")[2], str(entry["ETag"]).strip('"')
        copy = self._known / f"{name}@{tag}"
        content = copy.read_bytes() if copy.is_file() else self.bucket.read(name)
        receipt = None if content is None else sound_receipt(content, key)
        if receipt and content and self._can_keep and not copy.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkstemp(dir=copy.parent)[1])
            part.write_bytes(content)
            part.replace(copy)
        return receipt
