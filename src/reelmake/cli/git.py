"""The specs of a project as they were at a git revision."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Final

from reelmake.cli.app import UsageError
from reelmake.core.keys import digest_of

if TYPE_CHECKING:
    from reelmake.media.ffmpeg import Ffmpeg
    from reelmake.project.load import Survey
    from reelmake.publish.merge_order import Merge


# What no request depends on. git may not have it (it is ignored, or kept elsewhere), and to unpack it takes a while.
MEDIA: Final = "mp4 m4v mov mkv webm avi gif png jpg jpeg webp bmp tif tiff wav mp3 ogg opus flac m4a aac"

_MAX_FILES: Final = 100_000
_MAX_BYTES: Final = 1_000_000_000


class NoFolderError(UsageError):
    """The folder of a project was not there at a revision."""


@contextmanager
def specs_at(revision: str, ffmpeg: Ffmpeg) -> Iterator[Survey]:
    """Read the specs of the project in the current folder as they were at a git revision, while the `with` lasts.

    Raises UsageError when git does not know the revision, or there was no such project in it.
    """
    from reelmake.project.files import MAX_TEXT_BYTES, read_text_file  # noqa: PLC0415
    from reelmake.project.load import survey_specs  # noqa: PLC0415
    from reelmake.project.settings import DOTENV  # noqa: PLC0415

    command = _packing(revision)
    with tempfile.TemporaryDirectory() as folder:
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as packing,
        ):
            try:
                with tarfile.open(fileobj=packing.stdout, mode="r|") as archive:
                    specs = _specs(archive, revision, MAX_TEXT_BYTES)
                    archive.extractall(folder, specs, filter=_harmless)  # noqa: S202 (what leads out is left out)
            except tarfile.ReadError:  # git ended too soon, and says why
                said.seek(0)
                why = f"this folder is not there at {revision}: {_why(said.read())}"
                raise NoFolderError(why, "name a later revision") from None
        dotenv = Path(DOTENV)
        if os.path.lexists(dotenv):  # settings of this machine are no part of any revision, and hold for all of them
            (Path(folder) / DOTENV).unlink(missing_ok=True)
            (Path(folder) / DOTENV).write_bytes(read_text_file(Path(), DOTENV))  # no link leads out of a project
        yield survey_specs(Path(folder), ffmpeg)


def _specs(archive: tarfile.TarFile, revision: str, most_bytes: int) -> Iterator[tarfile.TarInfo]:
    """Yield what may be read of an archive; raises UsageError when it is too much."""
    for count, member in enumerate(archive, 1):
        if count > _MAX_FILES or member.offset_data + member.size > _MAX_BYTES:
            most = f"{_MAX_FILES:,} files or {_MAX_BYTES // 1_000_000:,} MB"
            raise UsageError(f"this folder holds more than {most} at {revision}", "keep what is no spec elsewhere")
        if member.size <= most_bytes:
            yield member


def _packing(revision: str) -> list[str]:
    """Return the command that packs the project as it was at a git revision, and fetches nothing; raises UsageError."""
    known = git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if known.returncode:
        why = "" if b"single revision" in known.stderr else f": {_why(known.stderr)}"
        fix = "name a branch, a tag or a commit"
        if git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
            fix = f"{fix}, or fetch it: this clone holds but a part of the history (`git fetch --unshallow`)"
        raise UsageError(f"git knows no {revision!r}{why}", fix)
    top, folder = git("rev-parse", "--show-toplevel", "--show-prefix").stdout.decode().splitlines()
    as_it_is = ("-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false")
    unseen = (f":(exclude,icase)*.{name}" for name in MEDIA.split())
    tree = f"{revision}:{folder}"
    return ["git", "-C", top, *as_it_is, "archive", "--format=tar", "--end-of-options", tree, *unseen]


def folder() -> str:
    """Return where the current folder is in its repository, `shows/kids/`; nothing at the top, or without one."""
    return git("rev-parse", "--show-prefix").stdout.decode().strip() if which("git") else ""


def head() -> Merge | None:
    """Return the commit that is checked out here; None where nothing is, or nobody knows when it was committed."""
    from reelmake.publish.merge_order import Merge  # noqa: PLC0415

    if which("git") is None:
        return None
    fields = git("log", "-1", "--format=%H %cI").stdout.decode().split()
    if len(fields) != 2:  # noqa: PLR2004 (a name and a time)
        return None
    origin = re.sub(rb"//[^/@]*@", b"//", git("remote", "get-url", "origin").stdout)  # a job may have its own password
    return Merge(
        digest_of(origin + git("rev-parse", "--show-prefix").stdout)[:16],
        fields[0],
        datetime.fromisoformat(fields[1]),
        lambda other: git("merge-base", "--is-ancestor", other, fields[0]).returncode == 0,
    )


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Ask git, in the current folder; raises UsageError when there is none."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("git is not installed", "install it, or do without a revision") from None


def _why(said: bytes) -> str:
    return (said.decode("utf-8", "replace").strip().splitlines() or ["it does not say why"])[-1]


def _harmless(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Leave out what would lead out of the folder, such as links to elsewhere: specs are files."""
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None
