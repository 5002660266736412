"""Pieces of work as they were done last time, by what they were made of: none is done again."""

from __future__ import annotations

import secrets
import zipfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from reelmake.action import digest_of

_DAMAGED = (KeyError, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile)


class Pieces:
    """The pieces that one output was made of, in a file that may be lost at any time.

    Inside `with`, what is found and what is put is kept for the next time, and nothing else; after an error all stays
    as it was. `made_with` is what else decides how pieces come out.
    """

    def __init__(self, file: Path, made_with: str) -> None:
        self._file, self._part = file, file.with_name(f".{secrets.token_hex(8)}.part")
        self._made_with = made_with.encode()
        self._before: zipfile.ZipFile | None = None

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(*_DAMAGED):
            self._before = zipfile.ZipFile(self._file)
        self._after = zipfile.ZipFile(self._part, "w")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            self._before.close()
        self._after.close()
        if kind:
            self._part.unlink()
        else:
            self._part.replace(self._file)

    def name(self, kind: str, source: bytes) -> str:
        """Return the name of what a kind of work makes of something."""
        return digest_of(b"\0".join((self._made_with, kind.encode(), source)))

    def find(self, name: str) -> bytes | None:
        """Return a piece, or None when it was not made last time, or is damaged."""
        content = None
        with suppress(*_DAMAGED):
            content = self._before.read(name) if self._before else None
        if content is not None:
            self.put(name, content)
        return content

    def put(self, name: str, content: bytes) -> None:
        """Keep a piece."""
        if name not in self._after.NameToInfo:
            self._after.writestr(name, content)
