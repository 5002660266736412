"""A project's folders, and files that appear whole or not at all; the state by which an unchanged file is known."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

EPISODES = "episodes"
CHARACTERS = "characters"
TEMPLATES = "templates"
STATE = ".reelmake"


def is_project(root: Path) -> bool:
    """Say whether a folder has anything of a project in it, be it only the folder of its specs."""
    return any((root / name).exists() for name in ("pyproject.toml", "dodo.py", EPISODES, CHARACTERS))


def episode_names(root: Path) -> list[str]:
    """Return the names of all episodes of a project, in order."""
    return [path.stem for path in specs(root, EPISODES)]


def specs(root: Path, folder: str) -> list[Path]:
    """Return the specs of a folder, in order; not what editors and systems keep beside them, under names with a dot."""
    return _files(root, folder, "*.yaml")


def misnamed(root: Path, folder: str) -> list[Path]:
    """Return what is meant as a spec and is none, by its ending: `.yml`, `.YAML`."""
    return [
        path for end in ("yml", "yaml") for path in _files(root, folder, _in_any_case(end)) if path.suffix != ".yaml"
    ]


def _in_any_case(end: str) -> str:
    return "*." + "".join(f"[{letter}{letter.upper()}]" for letter in end)


def _files(root: Path, folder: str, pattern: str) -> list[Path]:
    found = (root / folder).glob(pattern)
    return sorted((path for path in found if not path.name.startswith(".")), key=lambda path: path.stem)


TICK_NS = 20_000_000  # kernels stamp files by a clock that moves every 1 to 10 ms
COARSE_TICK_NS = 2_000_000_000  # some file systems keep whole seconds (FAT: every other)
SECOND_NS = 1_000_000_000


def state_of(status: os.stat_result) -> str:
    """Return the state of a file in one text."""
    # ctime is there because rsync and cp -p give new content an old mtime.
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def is_settled(status: os.stat_result, looked_ns: int) -> bool:
    """Say whether a state that was looked at then tells of every later change."""
    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
    return changed_ns + (TICK_NS if changed_ns % SECOND_NS else COARSE_TICK_NS) < looked_ns


_CHUNK_BYTES = 1 << 18  # small enough to stay in a processor's cache while it is hashed and written
ABANDONED_SECONDS = 24 * 3600


@contextmanager
def unfinished(folder: Path) -> Iterator[IO[bytes]]:
    """Open a new file for writing. It stays when all went well, and is removed when it did not: a disk may be full."""
    part = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115  closed below, kept beyond
    try:
        with part:
            yield part
    except BaseException:
        Path(part.name).unlink(missing_ok=True)
        raise


def _copied(source: IO[bytes], part: IO[bytes]) -> str:
    """Copy a file, and return the sha256 of what it holds."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        part.write(chunk)
    return digest.hexdigest()


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe is not waited for


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return the content of a regular file, at most so much of it; raises FileNotFoundError for a device or a pipe.

    Whatever lies in a project's folder may have come with a pull request, caches and receipts too.
    """
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FileNotFoundError(errno.ENOENT, "is not a regular file", str(path))
        return file.read(most_bytes)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def publish(part: Path, target: Path) -> None:
    """Give a finished temporary file its name, and the rights that a plain new file has: it appears whole."""
    part.chmod(0o644)
    target.parent.mkdir(parents=True, exist_ok=True)
    if part.stat().st_dev != target.parent.stat().st_dev:
        part = Path(shutil.move(part, target.with_name(f".{secrets.token_hex(8)}.part")))
    part.replace(target)


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder a day ago or more: a living one may still be at work."""
    for path in folder.glob("*"):
        with suppress(OSError):
            if path.stat().st_mtime > time.time() - ABANDONED_SECONDS:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder that survives a loss of power: each new one is synced into the one above it."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that the names added to it survive a loss of power."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
