"""Files that are left in the store: what only our own steps read is not transferred before one of them does.

A machine that has never built finds a finished video in the shared store, and knows from receipts what its segments
hold. That is enough to know that the video is the right one. Segments, soundtracks and prepared backgrounds come when
an edit needs them; what cannot be had any more is made.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from reelmake.core.keys import Action
from reelmake.engine.context import LazyOutputs
from reelmake.plan.episode import Step
from reelmake.plan.kinds import KINDS
from reelmake.store.base import Store
from reelmake.tasks.digests import Digests

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
