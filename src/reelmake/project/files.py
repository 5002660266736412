"""The files that specs name: whether each is there, in the project, and of use. Nothing is told of a good one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reelmake.media.probe import Inspector, Want
from reelmake.spec.fields import is_inside
from reelmake.spec.problems import closest
from reelmake.spec.yaml_source import Source

_WANTED: Mapping[Want | Literal["sprite"], str] = {
    "video": "name a video or a picture, such as an mp4 or a png",
    "audio": "name a file with sound, such as an ogg or an mp3",
    "picture": "name a picture",
    "sprite": "name a picture, best a PNG",
}


@dataclass(frozen=True, slots=True)
class Files:
    """The files that specs of a project name."""

    root: Path
    inspector: Inspector

    def check(self, path: object, want: Want | Literal["sprite"], source: Source, loc: tuple[str, ...]) -> None:
        """Add what is wrong with a file; a path that is not one is told by the spec's own form."""
        if not isinstance(path, str) or not is_inside(path.strip()):
            return
        try:
            wrong = self._problem(path.strip(), want)
        except (OSError, ValueError) as error:  # no right to look, a name that is too long
            wrong = f"{path} cannot be read ({getattr(error, 'strerror', error)})", "fix the path, or its rights"
        if wrong:
            source.add(loc, f"{loc[-1]}: {wrong[0]}", wrong[1])

    def _problem(self, path: str, want: Want | Literal["sprite"]) -> tuple[str, str] | None:
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
        elif told := self.inspector.problem(file, want):
            wrong = f"{path} cannot be used: {told}", _WANTED[want]
        return wrong


class UnseenFiles(Files):
    """Files that are not looked at, since they may not be there: no request depends on what they hold."""

    def check(self, path: object, want: Want | Literal["sprite"], source: Source, loc: tuple[str, ...]) -> None:
        """Find nothing wrong."""
