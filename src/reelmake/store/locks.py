"""One at a time, of all threads and processes of a machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock that a file stands for, and hold it. The system ends it with the process that holds it.

    Raises OSError where the file's disk knows no locks. The file stays: were it removed, whoever waits for it and
    whoever makes it anew would both go on.
    """
    try:
        from fcntl import LOCK_EX, flock  # noqa: PLC0415 (see below)
    except ImportError:
        # Not every system has it; the package that does the same on all of them imports asyncio, and takes longer for
        # that than one edit's sound is mixed.
        from filelock import FileLock  # noqa: PLC0415

        with FileLock(path, thread_local=False, poll_interval=0.02, fallback_to_soft=False):
            yield
        return
    while True:
        with path.open("ab") as file:  # to be closed is to be unlocked
            flock(file, LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:  # somebody may have cleaned up while we waited
                yield
                return
