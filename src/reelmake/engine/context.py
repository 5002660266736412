"""The surroundings in which actions are performed, and the types of makers and readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reelmake.core.files import STATE, publish
from reelmake.core.keys import Action
from reelmake.engine.calls import Caller
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.store.base import Store

Made = bytes | Path  # a maker's result: the content, or a finished file that is handed over


class LazyOutputs:
    """Decides which outputs are left in the store until something reads them: none, unless a subclass says so."""

    def leave(self, output: str, blob: str) -> bool:
        """Leave an output, of which this blob is the content, in the store; says whether it is left."""
        del output, blob
        return False

    def supply(self, action: Action) -> bool:
        """Fetch the inputs of an action that were left in the store; says whether there were any."""
        del action
        return False


@dataclass(frozen=True, slots=True)
class Context:
    """Where actions are performed: the project's folder, the store, the tools.

    digest        returns the sha256 of a file's content; it may remember files that have not changed
    caller        sends requests to providers
    lazy_outputs  decides which outputs are left in the store until something reads them
    place         gives a finished file its name, and may let `digest` know its sha256
    """

    root: Path
    store: Store
    ffmpeg: Ffmpeg
    digest: Callable[[Path], str]
    caller: Caller = field(default_factory=Caller)
    lazy_outputs: LazyOutputs = field(default_factory=LazyOutputs)
    place: Callable[[Path, Path, str], None] = lambda part, target, _: publish(part, target)

    @property
    def state(self) -> Path:
        """Return the folder of what may be lost at any time."""
        return self.root / STATE

    @property
    def work(self) -> Path:
        """Return the folder of what is not finished yet."""
        return self.state / "work"

    def input(self, action: Action, slot: str) -> Path | None:
        """Return the file in a slot of an action, or None when the action has no such slot."""
        path = action.inputs.get(slot)
        return self.root / path if path else None

    def inputs(self, action: Action, group: str) -> list[Path]:
        """Return the files in the numbered slots of an action, in order: `voice.000`, `voice.001`, ..."""
        return [self.root / path for slot, path in sorted(action.inputs.items()) if slot.startswith(f"{group}.")]


Maker = Callable[[Action, Context, Path], Made]  # works in the folder that it is given
Reader = Callable[[bytes, Action, Ffmpeg], Mapping[str, bytes]]  # returns what each output holds, by its role
