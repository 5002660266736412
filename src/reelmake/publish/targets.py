"""Where finished videos are published: a folder, or a bucket of an S3 API. Both appear to readers in the same way.

What is written is there whole or not at all, under its final name.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from reelmake.core.errors import ReelmakeError, SetupError
from reelmake.core.files import file_digest, publish, sweep, unfinished
from reelmake.core.keys import digest_of
from reelmake.publish.index import LINK_SECONDS, Item
from reelmake.spec.model import Target
from reelmake.store.s3_client import Bucket, Variable, access
from reelmake.store.s3_upload import missing_right, upload

Sent = Callable[[int], None]
BUCKET: Final = "s3://"
_UNFINISHED: Final = ".unfinished"


class Place(Protocol):
    """What every target can do; names are those of `catalogue`.

    listed  entries that `index.json` has as they are, as far as is known: it is not looked at once more for each
    """

    to: str
    listed: set[str]

    def has(self, item: Item) -> bool:
        """Say whether a file is there already: just these bytes need not be sent again."""
        ...

    def send(self, item: Item, file: Path, cache: str, sent: Sent) -> None:
        """Write a file; `sent` is called with the bytes that have arrived."""
        ...

    def write(self, name: str, content: bytes, content_type: str, cache: str) -> None:
        """Write a small file, in place of what had its name."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return what a small file holds, or None when it is not there."""
        ...

    def tags(self, under: str) -> dict[str, str]:
        """Return all names that begin so, each with a tag that is another one when what it holds is."""
        ...

    def link(self, name: str) -> str:
        """Return where others can read a file."""
        ...

    @property
    def links_last(self) -> bool:
        """Whether links stay as they are."""
        ...


def opened(target: Target, root: Path, variable: Variable, proxy: str | None) -> Place:
    """Return a target, about to be used; raises SetupError when it cannot be."""
    if target.to.startswith(BUCKET):
        return InBucket(Bucket(target.to, access(variable, proxy)), target.url)
    return InFolder(root / target.to, target.to, target.url)


def obstacle(target: Target, root: Path, variable: Variable, proxy: str | None) -> ReelmakeError | None:
    """Return what keeps a target from being written to, or None; nothing is left there."""
    if target.to.startswith(BUCKET):
        try:
            return missing_right(Bucket(target.to, access(variable, proxy)), can_write=True)
        except SetupError as error:
            return error
    folder = (root / target.to).absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        return _no_folder(folder, f"{there} is a file")
    return None if os.access(there, os.W_OK | os.X_OK) else _no_folder(folder, f"{there} may not be written to")


def _no_folder(folder: Path, why: str | None) -> SetupError:
    fix = "move away what is there, give yourself the right to write, or name another target under publish:"
    return SetupError(f"nothing can be published to {folder}: {why}", fix)


class InFolder:
    """A folder, which a web server may show, or nobody but those who work here."""

    def __init__(self, folder: Path, to: str, url: str | None) -> None:
        self.to = to
        self.listed: set[str] = set()
        self._folder = folder
        self._url = url
        self._work = folder / _UNFINISHED
        try:
            self._work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _no_folder(folder, error.strerror) from None
        sweep(self._work)

    def has(self, item: Item) -> bool:
        """Say whether a file is there, and whole."""
        path = self._folder / item.name
        return path.is_file() and path.stat().st_size == item.size and file_digest(path) == item.sha256

    def send(self, item: Item, file: Path, cache: str, sent: Sent) -> None:
        """Copy a file."""
        del cache
        with unfinished(self._work) as part, file.open("rb") as source:
            while chunk := source.read(1 << 20):
                part.write(chunk)
                sent(len(chunk))
        publish(Path(part.name), self._folder / item.name)

    def write(self, name: str, content: bytes, content_type: str, cache: str) -> None:
        """Write a small file."""
        del content_type, cache
        with unfinished(self._work) as part:
            part.write(content)
        publish(Path(part.name), self._folder / name)

    def read(self, name: str) -> bytes | None:
        """Return what a small file holds."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def tags(self, under: str) -> dict[str, str]:
        """Return all names that begin so."""
        found = sorted(self._folder.glob(f"{under}*"))
        return {path.relative_to(self._folder).as_posix(): digest_of(path.read_bytes()) for path in found}

    def link(self, name: str) -> str:
        """Return where a file is."""
        return f"{self._url.rstrip('/')}/{quote(name)}" if self._url else (self._folder / name).resolve().as_uri()

    @property
    def links_last(self) -> bool:
        """Where a folder is differs from machine to machine."""
        return self._url is not None


class InBucket:
    """A bucket. It uses nothing that some S3 API lacks."""

    def __init__(self, bucket: Bucket, url: str | None) -> None:
        self.to = bucket.url
        self.listed: set[str] = set()
        self._bucket = bucket
        self._url = url

    def has(self, item: Item) -> bool:
        """Say whether an object is there: its name is made of its content, so that its size is all that is compared."""
        found = self._bucket.head(item.name)
        return found is not None and found["ContentLength"] == item.size

    def send(self, item: Item, file: Path, cache: str, sent: Sent) -> None:
        """Upload a file, in parts when it is large."""
        upload(self._bucket, item.name, file, sent=sent, ContentType=item.content_type, CacheControl=cache)

    def write(self, name: str, content: bytes, content_type: str, cache: str) -> None:
        """Put a small object."""
        self._bucket.put(name, content, ContentType=content_type, CacheControl=cache)

    def read(self, name: str) -> bytes | None:
        """Return what an object holds."""
        return self._bucket.read(name)

    def tags(self, under: str) -> dict[str, str]:
        """Return all names that begin so, with the ETags of the objects."""
        return {name: str(listing["ETag"]).strip('"') for name, listing in self._bucket.listed(under)}

    def link(self, name: str) -> str:
        """Return the public address of an object, or a signed link to it."""
        return f"{self._url.rstrip('/')}/{quote(name)}" if self._url else self._bucket.signed_url(name, LINK_SECONDS)

    @property
    def links_last(self) -> bool:
        """Signed links end."""
        return self._url is not None
