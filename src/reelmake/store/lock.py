"""One at a time, of all threads and processes of a machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # not every system has it
    fcntl = None  # type: ignore[assignment]

_POLL_SECONDS = 0.02


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock that a file stands for, and hold it. The system ends it with the process that holds it.

    Raises OSError where the file's disk knows no locks. The file stays: were it removed, whoever waits for it and
    whoever makes it anew would both go on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        from filelock import FileLock  # noqa: PLC0415 (it imports asyncio)

        # no soft lock where the disk has none: that one outlives a process that is killed
        with FileLock(path, thread_local=False, poll_interval=_POLL_SECONDS, fallback_to_soft=False):
            yield
        return
    while True:
        file, process = os.open(path, os.O_RDWR | os.O_CREAT, 0o666), os.getpid()
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                yield
                return
        finally:
            with suppress(OSError):  # some disks tell of errors then, and what was made under the lock is well
                if os.getpid() == process:  # what was forked meanwhile has the file open, too, and not the lock
                    fcntl.flock(file, fcntl.LOCK_UN)
            with suppress(OSError):
                os.close(file)
        time.sleep(_POLL_SECONDS)  # somebody cleaned up while we waited: what we have is no longer the lock
        path.parent.mkdir(parents=True, exist_ok=True)
