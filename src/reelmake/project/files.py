"""The files of a project: its texts, read with their bounds; and checks of the media files that specs name.

Whatever an author can name resolves inside of the project: a link to elsewhere would put a stranger's file, or the
environment of this process, into prompts, receipts and messages.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reelmake.core.errors import InputError, Problem
from reelmake.media.probe import Inspector, Want
from reelmake.spec.fields import is_inside
from reelmake.spec.problems import closest
from reelmake.spec.yaml_source import Loc, Source

_WANTED: Mapping[Want, str] = {
    "video": "name a video or a picture, such as an mp4 or a png",
    "audio": "name a file with sound, such as an ogg or an mp3",
    "picture": "name a picture",
    "sprite": "name a picture, best a PNG",
    "shot": "name a picture or a clip, such as a jpg or an mp4, or correct from:",
}

MAX_TEXT_BYTES: Final = 1_000_000


def read_text_file(root: Path, file: str) -> bytes:
    """Return the content of a text file of a project, at most one byte more than MAX_TEXT_BYTES of it.

    Raises InputError for what is no regular file inside of the project, and for what cannot be read.
    """
    path = root / file
    try:
        if not path.resolve(strict=True).is_relative_to(root.resolve()):
            raise _refused(file, "this leads out of the project, by a link", "put the file itself in its place")
        if path.is_dir():
            raise _refused(file, "this is a folder, not a file", "rename it, or put the file in its place")
        if not path.is_file():
            raise _refused(file, "this is not a regular file", "put a file in its place")
        with path.open("rb") as opened:
            return opened.read(MAX_TEXT_BYTES + 1)
    except RuntimeError:  # Python before 3.13
        raise _refused(file, "this is a link to itself", "put the file in its place") from None
    except OSError as error:
        raise _unreadable(path, file, error) from None


def read_text(root: Path, file: str, too_large: str) -> str:
    """Return the text of such a file, in UTF-8; raises InputError. `too_large` says what to do with a larger one."""
    content = read_text_file(root, file)
    if len(content) > MAX_TEXT_BYTES:
        raise _refused(file, f"the file is larger than {MAX_TEXT_BYTES // 1000} kB", too_large)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError((Problem(file, line, "this is not UTF-8", "save the file as UTF-8"),)) from None


def _unreadable(path: Path, file: str, error: OSError) -> InputError:
    if path.is_symlink() and not path.exists():
        return _refused(file, "this is a link to a file that is not there", "mend the link, or remove it")
    if isinstance(error, PermissionError):
        return _refused(file, f"cannot be read: {error.strerror}", "give yourself the right to read it")
    return _refused(file, f"cannot be read: {error.strerror}", "put it back, or remove it")


def _refused(file: str, what: str, fix: str) -> InputError:
    return InputError((Problem(file, 1, what, fix),))


@dataclass(frozen=True, slots=True)
class Files:
    """The files that specs of a project name."""

    root: Path
    inspector: Inspector

    def check(self, path: object, want: Want, source: Source, loc: Loc, from_seconds: float = 0.0) -> None:
        """Add mistakes of a file; those of the path's form are left to the spec's own validation."""
        if isinstance(path, str) and (wrong := self.problem(path.strip(), want, from_seconds)):
            source.add(loc, f"{loc[-1]}: {wrong[0]}", wrong[1])

    def problem(self, path: str, want: Want | None = None, from_seconds: float = 0.0) -> tuple[str, str] | None:
        """Say what is wrong with a file, but for its path's form, and what to do; without `want`, not of its media."""
        if not is_inside(path):
            return None
        try:
            return self._problem(path, want, from_seconds)
        except (OSError, ValueError) as error:  # no right to look, a name that is too long
            return f"{path} cannot be read ({getattr(error, 'strerror', error)})", "fix the path, or its rights"

    def _problem(self, path: str, want: Want | None, from_seconds: float) -> tuple[str, str] | None:
        file = self.root / path
        wrong: tuple[str, str] | None = None
        if file.is_dir():
            wrong = f"{path} is a folder", "name a file in it"
        elif not file.exists():
            beside = sorted(other.name for other in file.parent.glob("*") if other.is_file())
            close = closest(file.name, beside)
            dead = f", only a link to {file.readlink()}" if file.is_symlink() else ""
            fix = f"did you mean {close}?" if close else "add the file, or fix the path"
            wrong = f"there is no file {path}{dead}", fix
        elif not file.resolve().is_relative_to(self.root.resolve()):
            wrong = f"{path} leads out of the project", "copy the file into the project"
        elif not file.is_file():
            wrong = f"{path} is not a file", "name a file"
        elif not os.access(file, os.R_OK):
            wrong = f"{path} cannot be read", "give yourself the right to read it"
        elif want and (unfit := self.inspector.problem(file, want, from_seconds)):
            wrong = f"{path} cannot be used: {unfit}", _WANTED[want]
        return wrong


class UnseenFiles(Files):
    """Files that are not inspected, since they may be missing: no request depends on their content."""

    def check(self, path: object, want: Want, source: Source, loc: Loc, from_seconds: float = 0.0) -> None:
        """Find nothing wrong."""

    def problem(self, path: str, want: Want | None = None, from_seconds: float = 0.0) -> tuple[str, str] | None:
        """Find nothing wrong."""
