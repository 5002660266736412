"""Reading doit's database as it is: without a lock, and without a trace beside it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path


def opened_to_read(name: str) -> sqlite3.Connection | None:
    """Open a database file to read it; None when it is missing. Raises sqlite3.Error, OSError."""
    path = Path(name)
    if not path.is_file():
        return None
    journal = Path(f"{name}-wal")
    if journal.is_file() and journal.stat().st_size:
        return _copied(name)
    where = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)


def _copied(name: str) -> sqlite3.Connection:
    """Return a copy in memory, with what a running build, or one that was killed, has yet to move into the file."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("-wal", ""):  # in this order: what is moved meanwhile is in both
            with contextlib.suppress(FileNotFoundError):  # the build has just ended
                shutil.copyfile(name + suffix, f"{folder}/db{suffix}")
        with contextlib.closing(sqlite3.connect(f"{folder}/db")) as db:
            db.backup(copy)
    return copy
