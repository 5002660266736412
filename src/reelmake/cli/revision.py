"""A project as it was at a git revision."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reelmake.cli.app import UsageError

if TYPE_CHECKING:
    from reelmake.project import Project


@contextmanager
def project_at(revision: str) -> Iterator[Project]:
    """Load the project of the current folder as it was at a git revision, while the `with` lasts.

    Raises UsageError when git does not know the revision, and InputError when its specs have mistakes.
    """
    from reelmake.project import load_project  # noqa: PLC0415
    from reelmake.settings import DOTENV  # noqa: PLC0415

    packed = _packed(revision)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter=_harmless)  # noqa: S202 (it is our own, and what leads out is left out)
        dotenv = Path(DOTENV)
        if dotenv.is_file():  # settings of this machine are no part of any revision, and hold for all of them
            (Path(folder) / DOTENV).unlink(missing_ok=True)
            (Path(folder) / DOTENV).symlink_to(dotenv.absolute())
        yield load_project(Path(folder))


def _packed(revision: str) -> bytes:
    """Return the project as it was at a git revision, as a tar; raises UsageError."""
    command = ["git", "archive", "--format=tar", "--end-of-options", f"{revision}:./"]
    try:
        packed = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("git is not installed", "install it, or do without a revision") from None
    if packed.returncode:
        told = packed.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"git knows no {revision!r}: {told[-1] if told else ''}", "name a branch, a tag or a commit")
    return packed.stdout


def _harmless(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Leave out what would lead out of the folder, such as links to elsewhere: specs are files."""
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None
