"""A store in a folder in front of one that is shared: results that anybody has paid for are fetched, new ones go up.

Paid results go up at once, before their step counts as done: another machine never pays for them again. Free results
go up in the background, unless they are quicker made again than sent. Results that have not gone up, because the
network failed or the build was killed, are on a list beside the near store, and go up with a later build.

An error of the far store fails no build, unless the store is required: new results are kept near, and one warning says
so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from reelmake.core.errors import BuildError, NoStoreError, ReelmakeError, RefusedError, SetupError
from reelmake.core.files import ABANDONED_SECONDS, make_folder, sync_folder
from reelmake.core.keys import KEY_PREFIX
from reelmake.core.logging import log
from reelmake.store.base import Receipt, Store
from reelmake.store.local import LocalStore
from reelmake.store.s3 import S3Store

WHERE_TO: Final = "where-to"


class Pending:
    """The list, which survives a kill and a loss of power. Any thread and process may use it.

    where_to  URL of the shared store that the list is for
    """

    def __init__(self, folder: Path, where_to: str) -> None:
        self._folder, self._where_to = folder, where_to

    def add(self, key: str) -> None:
        """Put a key on the list, durably."""
        make_folder(self._folder)
        (self._folder / key).touch()
        sync_folder(self._folder)

    def remove(self, key: str) -> None:
        """Take a key off the list. A change lost in a power cut does no harm: the key is sent once more."""
        with suppress(FileNotFoundError):
            (self._folder / key).unlink()

    def forget(self, key: str) -> None:
        """Take a key off the list whose receipt or blob is not here, unless somebody may be about to put it here."""
        with suppress(FileNotFoundError):
            if (self._folder / key).stat().st_mtime < time.time() - ABANDONED_SECONDS:
                self.remove(key)

    def keys(self) -> Iterator[str]:
        """Return the keys on the list, in order."""
        return (path.name for path in sorted(self._folder.glob(f"{KEY_PREFIX}*")))

    def take_over(self, keys: Iterable[str]) -> None:
        """Put these keys on the list when its shared store is a new one, so that older results go up, too."""
        uploaded_to = self._folder / WHERE_TO
        if uploaded_to.is_file() and uploaded_to.read_text("utf-8") == self._where_to:
            return
        make_folder(self._folder)
        for key in keys:
            (self._folder / key).touch()
        sync_folder(self._folder)
        uploaded_to.write_text(self._where_to, "utf-8")


Found = TypeVar("Found")
Way = Literal["read", "write"]

TRANSFERS_AT_ONCE: Final = 6  # in the background, up and down
LOOKS_AT_ONCE: Final = 12
PATIENCE_SECONDS: Final = 3.0  # before a finished build says that it waits for transfers
LARGEST_FREE_BYTES: Final = 100 << 20  # larger free results are made again where they are needed
NOT_DONE: Final = {
    "read": "what others have made is not fetched, and may be made and paid for again",
    "write": "what is made is kept here, and goes up with a later build",
}


class Layered(Store):
    """The near store, and the far one behind it.

    can_write    whether anything may go up
    is_required  whether methods raise when the far store does not answer
    can_keep     whether blobs that are read from the far store are kept in the near one
    """

    def __init__(
        self,
        near: LocalStore,
        far: S3Store,
        *,
        can_write: bool = True,
        is_required: bool = False,
        can_keep: bool = True,
    ) -> None:
        self.near, self.far = near, far
        self._can_write, self._is_required, self._can_keep = can_write, is_required, can_keep
        self._not_kept: dict[str, bytes] = {}
        self._pending = Pending(near.root / "pending", far.bucket.url)
        self._lock = threading.Lock()
        self._broken: dict[Way, ReelmakeError] = {}
        self._found: dict[str, Receipt] = {}  # key -> receipt that is far
        self._by_blob: dict[str, Receipt] = {}
        self._missing: set[str] = set()  # keys that were looked for in advance, and are not far
        self._there: set[str] = set()  # blobs that are far
        self._pulling: dict[str, threading.Lock] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._transfers: list[Future[None]] = []
        self._is_stopped = False

    @property
    def unread(self) -> ReelmakeError | None:
        """The error that keeps the far store from being read, or None."""
        return self._broken.get("read")

    # -- receipts and blobs

    def find(self, key: str) -> Receipt | None:
        """Return the receipt for a key, or None."""
        return self.near.find(key) or self._find_far(key)

    def read(self, blob: str) -> bytes | None:
        """Return a blob's bytes, or None when it is nowhere whole."""
        content = self.near.read(blob)
        if content is None and self._pull(blob):
            content = self.near.read(blob)
        if content is None:
            content = self._not_kept.get(blob) or self._far("read", None, lambda: self.far.read(blob))
            if content is not None and not self._can_keep:
                self._not_kept[blob] = content
        return content

    def has(self, blob: str) -> bool:
        """Say whether a blob is anywhere, without reading it."""
        if self.near.has(blob) or blob in self._there:
            return True
        if is_there := self._far("read", default=False, do=lambda: self.far.has(blob)):
            self._there.add(blob)
        return is_there

    def is_near(self, blob: str) -> bool:
        """Say whether a blob is here, and nothing has to be transferred for it."""
        return self.near.has(blob)

    def fetch(self, blob: str, target: Path) -> bool:
        """Write a blob to a file, whole or not at all; False when it is nowhere whole."""
        if self.near.fetch(blob, target) or (self._pull(blob) and self.near.fetch(blob, target)):
            return True
        return self._far("read", default=False, do=lambda: self.far.fetch(blob, target))

    def put(self, receipt: Receipt, content: bytes) -> None:
        """Keep a blob and its receipt here and far: at once when it may have cost money.

        Raises NoStoreError when that cannot be and is required; it is kept here all the same.
        """
        self._put(receipt, lambda: self.near.put(receipt, content))

    def put_file(self, receipt: Receipt, file: Path) -> None:
        """Keep the content of a file and its receipt, as `put` does."""
        self._put(receipt, lambda: self.near.put_file(receipt, file))

    def _put(self, receipt: Receipt, keep_near: Callable[[], None]) -> None:
        if not self._can_write:
            keep_near()
            return
        try:
            self._pending.add(receipt.key)
        finally:  # even when listing it fails: it may have been paid for
            keep_near()
        with self._lock:
            self._found.pop(receipt.key, None)
        if receipt.may_have_cost:
            self._send(receipt)
        else:
            self._later(self._send_quietly, receipt)

    def receipts(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts, of everybody: many requests, where many were made; fewer since some time."""
        others: list[Receipt] = []
        yield from self._with_near(since, lambda: self._far("read", others, lambda: list(self.far.receipts(since))))

    def known(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return the receipts that are here, or were looked up."""
        yield from self._with_near(since, lambda: list(self._found.values()))

    def _with_near(self, since: datetime | None, others: Callable[[], list[Receipt]]) -> Iterator[Receipt]:
        seen = set()
        for receipt in self.near.receipts(since):
            seen.add(receipt.key)
            yield receipt
        yield from (receipt for receipt in others() if receipt.key not in seen)

    # -- requests under way on this machine

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Lock a key: one thread or process of this machine at a time makes the action's result."""
        with self._lock:
            self._missing.discard(key)  # look in the far store once more: others may have made it meanwhile
        return self.near.lock(key)

    def note(self, key: str) -> Mapping[str, Any] | None:
        """Return the note of a request of this machine, or None."""
        return self.near.note(key)

    def write_note(self, key: str, note: Mapping[str, Any] | None) -> None:
        """Note a request of this machine; None removes the note."""
        self.near.write_note(key, note)

    def check_room(self) -> None:
        """Raise OSError or NoStoreError unless an answer could be kept here, and far if that is required."""
        self.near.check_room()
        if self._is_required and (error := self._broken.get("write")):
            raise _required_but_missing(error)

    def notes(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Return all notes of this machine."""
        return self.near.notes()

    # -- before and after a build

    def begin(self) -> None:
        """Upload results of earlier builds; raises SetupError when the far store is required and not there."""
        if self._is_required and (error := self.far.bucket.problem()):
            raise SetupError(_required_but_missing(error).what, error.fix)
        if self._can_write:
            self._send_pending()

    def look_up(self, keys: Iterable[str]) -> None:
        """Look in the far store, many keys at a time, for receipts and whether their blobs are there."""
        self._look(keys, lambda receipt: self.has(receipt.blob))

    def bring(self, keys: Iterable[str]) -> None:
        """Look in the far store, many keys at a time, and fetch the blobs that are there in the background."""
        self._look(keys, self._pull_later)

    def _look(self, keys: Iterable[str], then: Callable[[Receipt], object]) -> None:
        wanted = [key for key in dict.fromkeys(keys) if key not in self._found and self.near.find(key) is None]
        if not wanted or "read" in self._broken:
            return

        def look(key: str) -> None:
            if receipt := self._find_far(key):
                then(receipt)
            else:
                self._missing.add(key)

        with ThreadPoolExecutor(LOOKS_AT_ONCE, thread_name_prefix="look") as pool:
            list(pool.map(look, wanted))

    def _send_pending(self) -> None:
        """Upload all results on the list, paid ones first."""
        self._pending.take_over(receipt.key for receipt in self.near.receipts())
        found = [(key, self.near.find(key)) for key in self._pending.keys()]  # noqa: SIM118 (not a dict)
        for key, receipt in sorted(found, key=lambda one: one[1] is None or not one[1].may_have_cost):
            if receipt is None or not self.near.has(receipt.blob):
                self._pending.forget(key)
            else:
                self._later(self._send_quietly, receipt)

    def stop(self) -> None:
        """Begin no more transfers; the rest stays on the list. A signal handler may call this."""
        self._is_stopped = True

    def finish(self) -> None:
        """Wait until all transfers have ended, with or without an error."""
        with self._lock:
            pool, self._pool = self._pool, None
            transfers, self._transfers = self._transfers, []
        if late := wait(transfers, PATIENCE_SECONDS).not_done:
            log().warning(
                f"{len(late)} files are on their way to or from the shared store; Ctrl-C leaves them for later"
            )
        if pool:
            pool.shutdown()

    # -- how

    def _find_far(self, key: str) -> Receipt | None:
        if key in self._missing:
            return None
        if key not in self._found and (receipt := self._far("read", None, lambda: self.far.find(key))):
            with self._lock:
                self._found[key] = self._by_blob[receipt.blob] = receipt
        return self._found.get(key)

    def _pull(self, blob: str) -> bool:
        """Take a blob, with the receipt by which it was found, into the near store; one thread at a time."""
        receipt = self._by_blob.get(blob)
        if receipt is None or not self._can_keep:
            return False
        with self._lock:
            turn = self._pulling.setdefault(blob, threading.Lock())
        with turn:
            if self.near.has(blob) and self.near.find(receipt.key):
                return True
            part = self.near.part()
            try:
                if not self._far("read", default=False, do=lambda: self.far.fetch(blob, part)):
                    return False
                self.near.put_file(receipt, part, durably=False)
            finally:
                part.unlink(missing_ok=True)
        return True

    def _pull_later(self, receipt: Receipt) -> None:
        self._later(self._pull_quietly, receipt)

    def _pull_quietly(self, receipt: Receipt) -> None:
        with suppress(BuildError, OSError):  # a later `read` or `fetch` meets the same error, and reports it
            self._pull(receipt.blob)

    def _later(self, do: Callable[[Receipt], object], receipt: Receipt) -> None:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(TRANSFERS_AT_ONCE, thread_name_prefix="store")
            self._transfers.append(self._pool.submit(self._unless_stopped, do, receipt))

    def _unless_stopped(self, do: Callable[[Receipt], object], receipt: Receipt) -> None:
        if not self._is_stopped:
            do(receipt)

    def _send_quietly(self, receipt: Receipt) -> None:
        try:
            self._send(receipt)
        except (BuildError, OSError) as error:  # it stays on the list
            log().warning("it is kept here, and goes up with a later build", key=receipt.key, reason=str(error))
        except ValueError:  # it was damaged here: the result that is made again goes up
            self._pending.remove(receipt.key)

    def _send(self, receipt: Receipt) -> None:
        """Send a receipt and its blob, and take them off the list."""
        content = self.near.path(receipt.blob)
        is_left = not receipt.may_have_cost and receipt.kind != "video" and content.stat().st_size > LARGEST_FREE_BYTES
        if is_left or self._far("write", default=False, do=lambda: self._sent(receipt, content)):
            self._pending.remove(receipt.key)
        elif self._is_required:
            raise _required_but_missing(self._broken["write"])

    def _sent(self, receipt: Receipt, content: Path) -> bool:
        self.far.put_file(receipt, content)
        return True

    def _far(self, way: Way, default: Found, do: Callable[[], Found]) -> Found:
        """Call `do`, which uses the far store; its first error is logged, and later calls return `default`."""
        if broken := self._broken.get(way):
            if self._is_required and way == "read":
                raise _required_but_missing(broken)
            return default
        try:
            return do()
        except ReelmakeError as error:
            with self._lock:
                if is_first := way not in self._broken:
                    self._broken[way] = error
                    if way == "read" or not isinstance(error, RefusedError):
                        self._broken = {"read": error, "write": error}
            if self._is_required and way == "read":
                raise _required_but_missing(error) from None
            if is_first:
                log().warning(f"THE SHARED STORE IS NOT USED: {error}; {NOT_DONE[way]}")
            return default


def _required_but_missing(error: ReelmakeError) -> NoStoreError:
    """Return the error for callers when a required store does not answer."""
    return NoStoreError(f"the shared store is required (store_required), and not there: {error.what}", error.fix)
