"""Keys whose receipts and blobs are not uploaded yet: an empty file for each, in a folder beside the near store."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from reelmake.core.atomic_files import ABANDONED_SECONDS, make_folder, sync_folder
from reelmake.core.keys import KEY_PREFIX

WHERE_TO: Final = "where-to"


class Pending:
    """The list, which survives a kill and a loss of power. Any thread and process may use it.

    where_to  URL of the shared store that the list is for
    """

    def __init__(self, folder: Path, where_to: str) -> None:
        self._folder, self._where_to = folder, where_to

    def add(self, key: str) -> None:
        """Put a key on the list, durably."""
        make_folder(self._folder)
        (self._folder / key).touch()
        sync_folder(self._folder)

    def remove(self, key: str) -> None:
        """Take a key off the list. A change lost in a power cut does no harm: the key is sent once more."""
        with suppress(FileNotFoundError):
            (self._folder / key).unlink()

    def forget(self, key: str) -> None:
        """Take a key off the list whose receipt or blob is not here, unless somebody may be about to put it here."""
        with suppress(FileNotFoundError):
            if (self._folder / key).stat().st_mtime < time.time() - ABANDONED_SECONDS:
                self.remove(key)

    def keys(self) -> Iterator[str]:
        """Return the keys on the list, in order."""
        return (path.name for path in sorted(self._folder.glob(f"{KEY_PREFIX}*")))

    def take_over(self, keys: Iterable[str]) -> None:
        """Put these keys on the list when its shared store is a new one, so that older results go up, too."""
        uploaded_to = self._folder / WHERE_TO
        if uploaded_to.is_file() and uploaded_to.read_text("utf-8") == self._where_to:
            return
        make_folder(self._folder)
        for key in keys:
            (self._folder / key).touch()
        sync_folder(self._folder)
        uploaded_to.write_text(self._where_to, "utf-8")
