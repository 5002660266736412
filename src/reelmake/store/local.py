"""A store in a folder: `actions/<2 hex>/<key>`, `blobs/<2 hex>/<sha256>` and `notes/<2 hex>/<key>`.

Every file is written under a temporary name and renamed, so that it is there whole or not at all; what may have cost
something is synced before that, and so survives even when the machine loses power. Every read checks what it reads.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from reelmake.core.errors import BuildError, SetupError
from reelmake.core.files import (
    _copied,
    file_digest,
    make_folder,
    publish,
    read_regular,
    sweep,
    sync_folder,
    unfinished,
)
from reelmake.core.keys import KEY_PREFIX, canonical_json, digest_of, read_json
from reelmake.core.keys import key as key_of
from reelmake.core.logging import log
from reelmake.store.base import Blob, Receipt, Store

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
_SEALED = 0o444
_MAX_RECEIPT_BYTES = 16 << 20  # of a receipt or a note; the largest that were seen have some 100 kB
_ROOM_BYTES = 64 << 20  # that have to be free on the disk before a paid request
_PROBE_BYTES = 4 << 20  # written as a test: free space does not show quotas and limits
_ROOM_FILES = 16


class LocalStore(Store):
    """Receipts and blobs in a folder, shared by any number of threads and processes of a machine.

    With `read_only`, the folder need not be there: nothing is made, and nothing is swept.
    """

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self.root = root
        self._tmp = root / "tmp"
        if read_only:
            return
        try:
            if not root.is_dir():
                make_folder(root)
                with suppress(PermissionError):  # a folder that may not be read is not new
                    sync_folder(root.parent.parent)  # the project's `.reelmake`, made an instant ago
            self._tmp.mkdir(exist_ok=True)
        except OSError as error:
            fix = "move away what is there, give yourself the right to write, or name another store: in [tool.reelmake]"
            raise SetupError(f"the store cannot be kept in {root}: {error.strerror}", fix) from None
        sweep(self._tmp)

    def find(self, key: str) -> Receipt | None:
        """Return the receipt for a key, or None; one that is damaged, or is for something else, counts as none.

        A store that cannot be read (no right to, too many open files) raises OSError: what might be there must not
        be taken for missing, since it would be paid for again. The same holds for `read` and `fetch`.
        """
        try:
            return sound_receipt(read_regular(self._action(key), _MAX_RECEIPT_BYTES), key)
        except FileNotFoundError:
            return None

    def read(self, blob: str) -> bytes | None:
        """Return a blob's bytes, or None when it is missing or damaged."""
        try:
            content = self.path(blob).read_bytes()
        except FileNotFoundError:
            return None
        return content if digest_of(content) == blob else None

    def has(self, blob: str) -> bool:
        """Say whether a blob is there, without reading it."""
        return self.path(blob).is_file()

    def fetch(self, blob: str, target: Path) -> bool:
        """Copy a blob to a file, whole or not at all; False when it is missing or damaged.

        A copy, not a link: an author who edits an output must not change the store.
        """
        try:
            source = self.path(blob).open("rb")
        except FileNotFoundError:
            return False
        with source, unfinished(self._tmp) as part:
            digest = _copied(source, part)
        if digest != blob:
            Path(part.name).unlink()
            return False
        publish(Path(part.name), target)
        return True

    def put(self, receipt: Receipt, content: bytes) -> None:
        """Keep a blob, then its receipt: durably, when it may have cost money.

        Free content is not synced: damage by a loss of power is found when it is read, and it is made again for
        nothing.
        """
        self._put(receipt, digest_of(content), lambda: self._written(content), durably=receipt.may_have_cost)

    def put_file(self, receipt: Receipt, file: Path, *, durably: bool = True) -> None:
        """Keep the content of a file, then its receipt, as `put` does; not `durably` when another store has it, too."""
        durably = durably and receipt.may_have_cost
        self._put(receipt, file_digest(file), lambda: self._copied(file), durably=durably)

    def _put(self, receipt: Receipt, digest: str, write: Callable[[], Path], *, durably: bool) -> None:
        if digest != receipt.blob:
            raise ValueError(f"{receipt.key}: the content is not the blob that its receipt names")
        text = receipt.to_json()  # before anything is written: a receipt that cannot be, must not leave a blob
        target = self.path(receipt.blob)
        if not _is_whole(target, receipt.blob):
            self._keep(write(), target, durably=durably)
        elif durably:  # the process that put it there may have been killed before the sync, or kept it without
            _seal(target, durably=True)
            _sync_folders(target)
        self._keep(self._written(text.encode()), self._action(receipt.key), durably=durably)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Lock a key: one thread or process of this machine at a time makes the action's result.

        The lock ends with the process that holds it, so that a killed build blocks nobody. Raises BuildError where
        the disk knows no locks, as some in a network do not: two builds could pay for the same thing.
        """
        with ExitStack() as held:
            try:
                held.enter_context(locked(self.root / place_of("locks", key.removeprefix(KEY_PREFIX))))
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                what = f"the disk of the store in {self.root} cannot lock files ({error.strerror})"
                raise BuildError(what, "keep the store on another disk: store in [tool.reelmake]") from None
            yield

    def note(self, key: str) -> Mapping[str, Any] | None:
        """Return the note of a request under way, or None; an empty note when it cannot be read."""
        try:
            note = read_json(read_regular(self._note(key), _MAX_RECEIPT_BYTES))
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError):
            note = None
        return note if isinstance(note, dict) else {}

    def write_note(self, key: str, note: Mapping[str, Any] | None) -> None:
        """Note a request durably before this returns; None removes it."""
        path = self._note(key)
        if note is None:
            if path.is_file():  # a store that only restores needs no right to write
                path.unlink(missing_ok=True)
            return
        make_folder(self._tmp)
        # half a character in a vendor's text must not end a build
        self._keep(self._written(canonical_json(note).encode("utf-8", "replace")), path)

    def check_room(self) -> None:
        """Raise OSError unless an answer could be kept now: there is room, also under quotas, and the right to write.

        Answers are a thousand times as large as notes: what can still be noted may be too large to keep.
        """
        for part, size_bytes in (("blobs", _PROBE_BYTES), ("actions", 1), ("tmp", 1)):
            folder = self.root / part
            make_folder(folder)
            files = os.statvfs(folder)
            if shutil.disk_usage(folder).free < _ROOM_BYTES or (files.f_files and files.f_favail < _ROOM_FILES):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
            try:
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(bytes(size_bytes))
                    probe.flush()
            except OSError as error:  # the probe has no name that says where
                raise OSError(error.errno, error.strerror, str(folder)) from None

    def notes(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Return all notes by their keys."""
        for path in self.root.glob(f"notes/*/{KEY_PREFIX}*"):
            if (note := self.note(path.name)) is not None:
                yield path.name, note

    def receipts(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts that can be read, without those that have had their names since before `since`."""
        first = since.timestamp() if since else 0.0
        with suppress(FileNotFoundError):
            for folder in os.scandir(self.root / "actions"):
                if folder.is_dir() and folder.stat().st_mtime >= first:
                    yield from filter(None, map(self.find, _names(folder.path, first)))

    def known(self, since: datetime | None = None) -> Iterator[Receipt]:
        """Return all receipts: they are here."""
        return self.receipts(since)

    def blobs(self) -> Iterator[Blob]:
        """Return all blobs, without reading them."""
        for path in self.root.glob("blobs/*/[!.]*"):
            with suppress(FileNotFoundError):
                stat = path.stat()
                yield Blob(path.name, stat.st_size, stat.st_mtime)

    def remove(self, receipt: Receipt) -> None:
        """Remove a receipt, unless another has taken its place."""
        with self.lock(receipt.key):
            if self.find(receipt.key) == receipt:
                self._action(receipt.key).unlink()

    def remove_blob(self, blob: Blob) -> bool:
        """Remove a blob, unless it has been put there once more since it was listed; says whether it is gone.

        `_put` touches a blob before it relies on it (`_is_whole`): either before the rename here, which then sees
        the newer time, or after it, and then the blob is missing there and is written again.
        """
        path, part = self.path(blob.sha256), self.part()
        try:
            path.rename(part)
        except FileNotFoundError:
            return True
        if part.stat().st_mtime > blob.put_at:
            part.replace(path)
            return False
        part.unlink()
        return True

    def path(self, blob: str) -> Path:
        """Return the path of a blob, which may not exist; it is not for writing."""
        return self.root / place_of("blobs", blob)

    def part(self) -> Path:
        """Return a place for a file that is not finished."""
        return self._tmp / secrets.token_hex(16)

    def _action(self, key: str) -> Path:
        return self.root / place_of("actions", key)

    def _note(self, key: str) -> Path:
        return self.root / place_of("notes", key)

    def _written(self, content: bytes) -> Path:
        make_folder(self._tmp)  # a clean-up meanwhile must not lose a paid answer
        with unfinished(self._tmp) as part:
            part.write(content)
        return Path(part.name)

    def _copied(self, file: Path) -> Path:
        make_folder(self._tmp)
        with unfinished(self._tmp) as part:
            shutil.copyfile(file, part.name)
        return Path(part.name)

    def _keep(self, part: Path, target: Path, *, durably: bool = True) -> None:
        """Move a finished file to its place and, for good, do not return before it is on the disk."""
        make_folder(target.parent.parent)
        target.parent.mkdir(exist_ok=True)
        _seal(part, durably=durably)
        try:
            part.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            beside = target.with_name(f".{secrets.token_hex(8)}")  # a part of the store may be on another disk
            shutil.copyfile(part, beside)
            _seal(beside, durably=durably)
            beside.replace(target)
            part.unlink()
        if durably:
            _sync_folders(target)


def _names(folder: str, first: float) -> list[str]:
    """Return the keys in a folder of receipts that have their names since a time, in seconds since the epoch."""
    found = [entry for entry in os.scandir(folder) if entry.name.startswith(KEY_PREFIX)]
    return [entry.name for entry in found if not first or entry.stat().st_ctime >= first]  # a rename sets ctime


def _seal(part: Path, *, durably: bool) -> None:
    """Let nobody write to a finished file; for good, do not return before it is on the disk."""
    if durably:
        with part.open("rb") as written:
            os.fsync(written.fileno())
    part.chmod(_SEALED)


def _sync_folders(path: Path) -> None:
    """Sync a new name in the store, and its folder, which may be new as well, so that both survive a loss of power."""
    sync_folder(path.parent)
    sync_folder(path.parent.parent)


def _is_whole(path: Path, blob: str) -> bool:
    """Say whether a blob is there and not damaged; if it is, its new time tells `remove_blob` to keep it."""
    try:
        os.utime(path)
        return file_digest(path) == blob
    except FileNotFoundError:
        return False


def place_of(part: str, name: str) -> str:
    """Return where the receipt, note or lock of a key, or a blob by its digest, is in any store: `blobs/ab/abcd...`."""
    return f"{part}/{name.removeprefix(KEY_PREFIX)[:2]}/{name}"


def sound_receipt(content: bytes, key: str) -> Receipt | None:
    """Return the receipt that is written somewhere for a key, or None when it is damaged, or for something else."""
    try:
        receipt = Receipt.from_json(content.decode())
    except ValueError:
        receipt = None
    if receipt and receipt.key == key == key_of(receipt.manifest):
        return receipt
    log().warning("a receipt in the store is damaged: what it stands for will be made again", key=key)
    return None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock that a file stands for, and hold it. The system ends it with the process that holds it.

    Raises OSError where the file's disk knows no locks: a lock that is only a file outlives a process that is killed.
    """
    from filelock import FileLock  # noqa: PLC0415 (slow, and not needed while nothing is made)

    lock = FileLock(path, fallback_to_soft=False)
    while not lock.is_locked:
        with suppress(FileNotFoundError):  # its folder was removed during the wait, and is made again
            lock.acquire()
    try:
        yield
    finally:
        with suppress(OSError):  # some disks report an error only now; the work done under the lock is kept already
            lock.release()
