"""What files of a build hold: their sha256, computed once for each state, also of files that are left in the store.

A state that may not tell of the next change (see `core.files`) is not remembered: the file is read again next time.

What only our own steps read is not transferred before one of them does. A machine that has never built finds a finished
video in the shared store, and knows from receipts what its segments hold. That is enough to know that the video is the
right one. Segments, soundtracks and prepared backgrounds come when an edit needs them; what cannot be had any more is
made.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, Protocol

from doit.dependency import FileChangedChecker

from reelmake.core.files import is_settled, publish, state_of
from reelmake.core.keys import Action
from reelmake.engine.engine import LazyOutputs
from reelmake.plan.episode import Step
from reelmake.plan.kinds import KINDS
from reelmake.store.base import Store

LEFT = "left in the store"  # in place of a state


class Cache(Protocol):
    """Where states and digests are kept from one run to the next."""

    def digest(self, path: str) -> tuple[str, str] | None:
        """Return (state, sha256) of a path, or None."""
        ...

    def set_digest(self, path: str, state: str, sha256: str) -> None:
        """Keep the digest of a path."""
        ...

    def forget_digest(self, path: str) -> None:
        """Forget the digest of a path."""
        ...


class Digests:
    """The sha256 of files, for any thread: a file that did not change is not read again, in this run or a later one."""

    def __init__(
        self,
        cache: Cache,
        stat: Callable[[str], os.stat_result] = os.stat,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._cache, self._stat, self._now_ns = cache, stat, now_ns

    def digest(self, path: str | os.PathLike[str]) -> str:
        """Return the sha256 of a file, in hexadecimal; raises OSError when it cannot be read."""
        path = os.fspath(path)
        looked_ns = self._now_ns()
        try:
            stat = self._stat(path)
        except FileNotFoundError:
            if (left := self._cache.digest(path)) and left[0] == LEFT:
                return left[1]
            raise
        state = state_of(stat)
        known = self._cache.digest(path)
        if known and known[0] == state:
            return known[1]
        with open(path, "rb") as file:  # noqa: PTH123
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if is_settled(stat, looked_ns):
            self._cache.set_digest(path, state, sha256)
        return sha256

    def place(self, part: Path, target: Path, sha256: str) -> None:
        """Give a finished file its name. What it holds is known, and need not be read again if it is settled by now.

        Then a write to it under its name gives it another time.
        """
        looked_ns, written = self._now_ns(), self._stat(os.fspath(part))
        publish(part, target)
        placed = self._stat(os.fspath(target))
        if is_settled(written, looked_ns) and _but_for_ctime(placed) == _but_for_ctime(written):
            self._cache.set_digest(os.fspath(target), state_of(placed), sha256)

    def leave(self, path: str | os.PathLike[str], sha256: str) -> None:
        """Note that a file which is not there is left in the store."""
        self._cache.set_digest(os.fspath(path), LEFT, sha256)

    def forget(self, path: str | os.PathLike[str]) -> None:
        """Forget what a file holds, or would hold."""
        self._cache.forget_digest(os.fspath(path))

    def is_left(self, path: str | os.PathLike[str]) -> bool:
        """Say whether a file is not there and is left in the store."""
        known = self._cache.digest(os.fspath(path))
        return known is not None and known[0] == LEFT and not os.path.lexists(path)


def _but_for_ctime(stat: os.stat_result) -> tuple[int, int, int]:
    """Return the state of a file without what a new name changes."""
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


class ContentChecker(FileChangedChecker):  # type: ignore[misc]  # doit is not typed
    """doit's question "did this file change?", answered by its content."""

    def __init__(self, digests: Digests) -> None:
        self.digests = digests

    def exists(self, file_path: str) -> bool:
        """Say whether a file is there, or as good as there."""
        return os.path.isfile(file_path) or self.digests.is_left(file_path)  # noqa: PTH113 (doit asks with a text)

    def info(self, file_path: str) -> Any:
        """Return what the system tells of a file; nothing of one that is left in the store."""
        return None if self.digests.is_left(file_path) else super().info(file_path)

    def check_modified(self, file_path: str, _stat: os.stat_result | None, state: str) -> bool:
        """Say whether the file differs from the state that `get_state` returned once."""
        return self.digests.digest(file_path) != state

    def get_state(self, dep: str, _state: object) -> str:
        """Return the state of a file: its digest."""
        return self.digests.digest(dep)


AT_ONCE: Final = 8


class StoredOutputs(LazyOutputs):
    """Outputs that are left in the store until a step reads them.

    perform  performs a step
    """

    def __init__(self, store: Store, digests: Digests, perform: Callable[[Step], object]) -> None:
        self._store, self._digests, self._perform = store, digests, perform
        self._makers: dict[str, Step] = {}
        self._wanted: set[str] = set()
        self._requested: tuple[str, ...] = ()
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def may_leave(self, step: Step) -> None:
        """Have what a step makes left in the store, where it would have to be transferred."""
        if KINDS[step.kind].can_wait:
            self._makers |= dict.fromkeys(step.action.outputs.values(), step)

    def bring_requested(self, words: Iterable[str]) -> None:
        """Bring outputs that are requested by name, by words of a command line or as files, and leave none of these."""
        self._requested = tuple(words)
        self._bring_all([path for path in self._makers if self._is_requested(path) and self._digests.is_left(path)])

    def _is_requested(self, output: str) -> bool:
        name = self._makers[output].name
        return any(
            word == output or f"{name}:".startswith(f"{word}:") or fnmatchcase(name, word) for word in self._requested
        )

    def leave(self, output: str, blob: str) -> bool:
        """Leave an output in the store, unless it is wanted or on this machine anyway; says whether it is left."""
        if output not in self._makers or output in self._wanted or self._is_requested(output):
            return False
        if self._store.is_near(blob):
            return False
        with suppress(FileNotFoundError):
            Path(output).unlink()
        self._digests.leave(output, blob)
        return True

    def supply(self, action: Action) -> bool:
        """Bring what an action reads and was left; says whether there was any."""
        left = [path for path in action.inputs.values() if self._digests.is_left(path)]
        self._bring_all(left)
        return bool(left)

    def _bring_all(self, paths: Sequence[str]) -> None:
        if paths:
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="supply") as pool:
                list(pool.map(self._bring, paths))

    def _bring(self, path: str) -> None:
        with self._turns[path]:
            if not self._digests.is_left(path):
                return
            self._wanted.add(path)
            if not self._store.fetch(self._digests.digest(path), Path(path)):
                self._digests.forget(path)
                self._perform(self._makers[path])
