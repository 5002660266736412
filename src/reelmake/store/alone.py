"""What a store that stands alone makes of being told what comes next: nothing, since everything is here."""

from __future__ import annotations

from collections.abc import Iterable

from reelmake.core.errors import ReelmakeError


class Alone:
    """A store with nothing behind it."""

    unread: ReelmakeError | None = None

    def begin(self) -> None:
        """A build begins."""

    def look_up(self, keys: Iterable[str]) -> None:
        """These are looked for next."""

    def bring(self, keys: Iterable[str]) -> None:
        """These are wanted next."""

    def stop(self) -> None:
        """A build is to end soon."""

    def finish(self) -> None:
        """A build ends."""
