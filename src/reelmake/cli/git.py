"""The specs of a project as they were at a git revision."""

from __future__ import annotations

import io
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


class NoFolderError(UsageError):
    """The folder of a project was not there at a revision."""


@contextmanager
def specs_at(revision: str, ffmpeg: Ffmpeg) -> Iterator[Survey]:
    """Read the specs of the project in the current folder as they were at a git revision, while the `with` lasts.

    Raises UsageError when git does not know the revision, or there was no such project in it.
    """
    from reelmake.project.files import read_text_file  # noqa: PLC0415
    from reelmake.project.load import survey_specs  # noqa: PLC0415
    from reelmake.project.settings import DOTENV  # noqa: PLC0415

    packed = _packed(revision)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter=_harmless)  # noqa: S202 (it is our own, and what leads out is left out)
        dotenv = Path(DOTENV)
        if os.path.lexists(dotenv):  # settings of this machine are no part of any revision, and hold for all of them
            (Path(folder) / DOTENV).unlink(missing_ok=True)
            (Path(folder) / DOTENV).write_bytes(read_text_file(Path(), DOTENV))  # no link leads out of a project
        yield survey_specs(Path(folder), ffmpeg)


def _packed(revision: str) -> bytes:
    """Return the project as it was at a git revision, as a tar, and fetch nothing for it; raises UsageError."""
    known = git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if known.returncode:
        why = "" if b"single revision" in known.stderr else f": {_why(known)}"
        fix = "name a branch, a tag or a commit"
        if git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
            fix = f"{fix}, or fetch it: this clone holds but a part of the history (`git fetch --unshallow`)"
        raise UsageError(f"git knows no {revision!r}{why}", fix)
    top, folder = git("rev-parse", "--show-toplevel", "--show-prefix").stdout.decode().splitlines()
    as_it_is = ("-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false")
    unseen = (f":(exclude,icase)*.{name}" for name in MEDIA.split())
    tree = f"{revision}:{folder}"
    packed = git("-C", top, *as_it_is, "archive", "--format=tar", "--end-of-options", tree, *unseen)
    if packed.returncode:
        raise NoFolderError(f"this folder is not there at {revision}: {_why(packed)}", "name a later revision")
    return packed.stdout


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


def _why(failed: subprocess.CompletedProcess[bytes]) -> str:
    return (failed.stderr.decode("utf-8", "replace").strip().splitlines() or ["it does not say why"])[-1]


def _harmless(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Leave out what would lead out of the folder, such as links to elsewhere: specs are files."""
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None
