"""Goldens: what is compared with a file, and how that file is written anew.

`REELMAKE_ACCEPT=1 pytest ...` writes it, and shows the difference; look at it (`git diff`) before you commit it.
"""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path

ACCEPT = "REELMAKE_ACCEPT"


def golden(path: Path, written: str) -> str:
    """Return what is expected: the text of a golden file, which is `written` from now on if it is to be accepted."""
    expected = path.read_text("utf-8") if path.is_file() else ""
    if os.environ.get(ACCEPT) and written != expected:
        sides = expected.splitlines(keepends=True), written.splitlines(keepends=True)
        sys.stderr.writelines(difflib.unified_diff(*sides, path.name, f"{path.name} (accepted)"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written, "utf-8")
        return written
    return expected


def changed(path: Path, written: str) -> list[str]:
    """Compare a text with a golden file; return the lines that differ."""
    expected = golden(path, written)
    return list(difflib.unified_diff(expected.splitlines(), written.splitlines(), lineterm="", n=0))[2:]
