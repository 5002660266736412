"""Goldens: what is compared with a file, and how that file is written anew.

`REELMAKE_ACCEPT=1 pytest ...` writes it, and shows the difference; look at it (`git diff`) before you commit it.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reelmake.core.keys import explain, key

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


def changed_keys(path: Path, manifests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Compare what steps ask for, and their keys, with a golden file; return the differences, a line for each field."""
    now: dict[str, Any] = {name: {"key": key(asked), "manifest": asked} for name, asked in manifests.items()}
    before = json.loads(golden(path, json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n") or "{}")
    told = [
        f"{name}: {change}"
        for name in sorted(now.keys() | before.keys())
        for change in explain(before.get(name, {}).get("manifest", {}), now.get(name, {}).get("manifest", {}))
    ]
    return told or [f"{name}: the key" for name in now if now[name]["key"] != before[name]["key"]]
