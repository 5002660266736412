"""Pieces of work as they were done last time, by what they were made of: none is done again."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from reelmake.core.keys import digest_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Pieces:
    """The pieces that one output was made of, in a file that may be lost or damaged at any time.

    Inside `with`, what is found and what is put is kept for the next time, and nothing else; after an error all stays
    as it was. `made_with` is what else decides how pieces come out.

    The file: a line with the digest of what follows; a line of JSON with the size of each piece in bytes, by its name;
    and the pieces, in that order. There are hundreds of them, and all are read at once.
    """

    def __init__(self, file: Path, made_with: str) -> None:
        self._file, self._made_with = file, made_with.encode()
        self._before: dict[str, bytes] = {}
        self._after: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        digest, _, content = (self._file.read_bytes() if self._file.is_file() else b"").partition(b"\n")
        if digest_of(content).encode() != digest:  # all is checked at once: what is read then is as it was written
            return self
        sizes, _, rest = content.partition(b"\n")
        at = 0
        for name, size in json.loads(sizes).items():
            self._before[name] = rest[at : at + size]
            at += size
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind:
            return
        sizes = {name: len(content) for name, content in self._after.items()}
        content = b"\n".join([json.dumps(sizes).encode(), b"".join(self._after.values())])
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_name(f".{secrets.token_hex(8)}.part")
        part.write_bytes(digest_of(content).encode() + b"\n" + content)
        part.replace(self._file)

    def name(self, kind: str, source: ReadableBuffer) -> str:
        """Return the name of what a kind of work makes of something."""
        digest = hashlib.sha256(b"\0".join((self._made_with, kind.encode(), b"")))
        digest.update(source)  # as it is: there is much of it
        return digest.hexdigest()

    def find(self, name: str) -> bytes | None:
        """Return a piece, or None when it was not made last time."""
        content = self._before.get(name)
        if content is not None:
            self._after[name] = content
        return content

    def put(self, name: str, content: bytes) -> None:
        """Keep a piece."""
        self._after[name] = content
