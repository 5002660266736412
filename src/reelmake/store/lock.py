"""One at a time, of all threads and processes of a machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
