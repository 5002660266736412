"""Pieces of work as they were done last time, by what they were made of: none is done again."""

from __future__ import annotations

import hashlib
import io
import secrets
import zipfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from reelmake.action import digest_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_DIGEST_BYTES = 64  # in front of all else, in hexadecimal


class Pieces:
    """The pieces that one output was made of, in a file that may be lost or damaged at any time.

    Inside `with`, what is found and what is put is kept for the next time, and nothing else; after an error all stays
    as it was. `made_with` is what else decides how pieces come out.
    """

    def __init__(self, file: Path, made_with: str) -> None:
        self._file, self._made_with = file, made_with.encode()
        self._content = io.BytesIO()

    def __enter__(self) -> Self:
        told = self._file.read_bytes() if self._file.is_file() else b""
        digest, content = told[:_DIGEST_BYTES], told[_DIGEST_BYTES:]
        is_whole = digest_of(content).encode() == digest  # all is checked once: what is read then is as it was written
        self._before = zipfile.ZipFile(io.BytesIO(content)) if is_whole else None
        self._after = zipfile.ZipFile(self._content, "w")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._after.close()
        if kind:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        content = self._content.getvalue()
        part = self._file.with_name(f".{secrets.token_hex(8)}.part")
        part.write_bytes(digest_of(content).encode() + content)
        part.replace(self._file)

    def name(self, kind: str, source: ReadableBuffer) -> str:
        """Return the name of what a kind of work makes of something."""
        digest = hashlib.sha256(b"\0".join((self._made_with, kind.encode(), b"")))
        digest.update(source)  # as it is: there is much of it
        return digest.hexdigest()

    def find(self, name: str) -> bytes | None:
        """Return a piece, or None when it was not made last time."""
        if self._before is None or name not in self._before.NameToInfo:
            return None
        content = self._before.read(name)
        self.put(name, content)
        return content

    def put(self, name: str, content: bytes) -> None:
        """Keep a piece."""
        if name not in self._after.NameToInfo:
            self._after.writestr(name, content)
