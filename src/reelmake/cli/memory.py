"""What `check` remembers: an episode that has not changed, in a project that has not, is not looked at again.

It remembers good episodes only, by the states of all that they were judged by: their own files, what all episodes
share (settings, characters, templates, variables that are ours), the code itself and what is installed. Nothing that
takes long to import is imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reelmake.core.atomic_files import is_settled, state_of
from reelmake.core.folders import CHARACTERS, EPISODES, STATE, TEMPLATES, misnamed

FILE: Final = f"{STATE}/check.json"
RULES: Final = 2  # raised by hand when what is remembered means something else
GONE: Final = "gone"

Entry = Mapping[str, Any]


class Memory:
    """What is known of the episodes of a project. States are taken when it is made: before anything is read.

    shared   what a look at all files found: the cap, warnings that belong to no episode; empty when that is not known
    entries  what is known of each episode that has not changed
    """

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        self._root, self._looked_ns = root, time.time_ns()
        self._is_settled = True
        self._state = self._of_all()
        self._own = {name: self.state(f"{EPISODES}/{name}.yaml") for name in names}
        known = self._read()
        is_known = known.get("state") == self._state and self._holds(known.get("files", {}))
        self.shared: Entry = known.get("shared", {}) if is_known else {}
        kept: Mapping[str, Entry] = known.get("episodes", {}) if is_known else {}
        self._others = {name: entry for name, entry in kept.items() if name not in self._own}
        self.entries = {name: kept[name] for name in self._own if name in kept and self._is_fresh(name, kept[name])}

    def state(self, path: str) -> str:
        """Return the state of a file, by its path from the project's folder or of its own."""
        try:
            stat = os.stat(os.path.join(self._root, path))  # noqa: PTH116, PTH118 (a thousand of them)
        except OSError:
            return GONE
        self._is_settled &= is_settled(stat, self._looked_ns)
        return state_of(stat)

    def write(self, shared: Entry, files: Iterable[str], entries: Mapping[str, Entry]) -> None:
        """Remember: `files` are what was looked at besides, `entries` those of good episodes with their `files`."""
        from reelmake.media.ffmpeg import save_cache  # noqa: PLC0415

        episodes = {**self._others, **self.entries}
        for name, entry in entries.items():
            beside = {path: self.state(path) for path in entry["files"]}
            episodes[name] = {**entry, "state": self._own[name], "files": beside}
        besides = {path: self.state(path) for path in files}
        if self._is_settled:  # else the next change might not show
            told = {"state": self._state, "shared": shared, "files": besides, "episodes": episodes}
            save_cache(self._root / FILE, told)

    def _is_fresh(self, name: str, entry: Entry) -> bool:
        return entry["state"] == self._own[name] != GONE and self._holds(entry["files"])

    def _holds(self, files: Mapping[str, str]) -> bool:
        return all(self.state(path) == state for path, state in files.items())

    def _read(self) -> Mapping[str, Any]:
        try:
            known = json.loads((self._root / FILE).read_bytes())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _of_all(self) -> str:
        """Return one digest of the states of all that every episode is judged by."""
        package = Path(__file__).parent.parent
        here = str(self._root.resolve())
        installed = [path for path in sys.path if path not in {"", here}]  # a package comes, or goes
        told = [str(RULES), str(datetime.now(UTC).date()), sys.version, here]
        told += sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("REELMAKE_"))
        told += [f"{path} {self.state(path)}" for path in ("pyproject.toml", ".env", *installed, *self._files())]
        told += [f"{path} {state_of(path.stat())}" for path in sorted(package.rglob("*.*")) if path.suffix != ".pyc"]
        return hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest()

    def _files(self) -> Iterator[str]:
        """Yield what the folders hold that all episodes share, and specs that have a wrong ending."""
        for folder in (CHARACTERS, TEMPLATES):
            for where, folders, files in os.walk(self._root / folder):
                folders.sort()
                inside = os.path.relpath(where, self._root)
                yield from (f"{inside}/{name}" for name in sorted(files))
        yield from (f"{EPISODES}/{path.name}" for path in misnamed(self._root, EPISODES))
