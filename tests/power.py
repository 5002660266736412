"""What a loss of power would leave: a program that notes what it syncs, and what of its files would be gone.

A new name survives once the folder that it is in has been synced after it was made, and so on up to what was there
before.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LOG: Final = "SYNCED_TO"  # the variable that names the file of notes
WATCH: Final = f"""
import json, os, stat

def fsync(number, sync=os.fsync):
    names = os.listdir(number) if stat.S_ISDIR(os.fstat(number).st_mode) else []
    sync(number)
    with open(os.environ["{LOG}"], "a") as log:
        print(json.dumps([os.fstat(number).st_ino, names]), file=log)

os.fsync = fsync
"""


def lost(files: Iterable[Path], above: Path, log: Path) -> list[Path]:
    """Return which files, and folders between them and one that is above, would be gone, or empty."""
    synced: defaultdict[int, set[str]] = defaultdict(set)
    for line in log.read_text("utf-8").splitlines():
        inode, names = json.loads(line)
        synced[inode].update(names)
    gone = {path for path in files if path.stat().st_ino not in synced}
    for path in files:
        for below, folder in zip([path, *path.parents], path.parents, strict=False):
            if below == above:
                break
            if below.name not in synced[folder.stat().st_ino]:
                gone.add(below)
    return sorted(gone)
