"""The command `doit`, as it is installed with us: what keeps doit from starting in a project is said in one line.

doit reads the `pyproject.toml` of the folder in which it is started before any code of ours runs: in another folder it
would find nothing, and a mistake in the file would be a traceback. In a folder that is no project of ours, it is doit.
"""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reelmake.core.files import EPISODES

NOT_STARTED: Final = 3  # as doit ends where it could not start
_PYPROJECT: Final = "pyproject.toml"
_OWN: Final = (_PYPROJECT, "dodo.py", "doit.cfg")  # a folder with one of these is what doit is meant for


def main() -> int:
    """Run doit, unless it cannot start here."""
    for obstacle in _obstacles(Path.cwd()):
        print(f"nothing was built\n{obstacle}", file=sys.stderr)
        return NOT_STARTED
    from doit.__main__ import main as doit  # noqa: PLC0415

    return int(doit() or 0)


def _obstacles(folder: Path) -> Iterator[str]:
    try:
        text = (folder / _PYPROJECT).read_text("utf-8")
        tomllib.loads(text)
    except (ValueError, RecursionError, OSError) as error:
        if not isinstance(error, OSError) and (folder / EPISODES).is_dir():
            yield _mistake(folder)
    if not any((folder / name).exists() for name in _OWN) and not {"-f", "-d"} & {one[:2] for one in sys.argv[1:]}:
        above = next(
            (one for one in folder.parents if (one / EPISODES).is_dir() and (one / _PYPROJECT).is_file()), None
        )
        if above:
            yield f"{folder} is no project: there is no {EPISODES}/ in it; type `cd {shlex.quote(str(above))}` first"


def _mistake(folder: Path) -> str:
    """Return what is wrong with the settings of a project."""
    from reelmake.core.errors import ReelmakeError  # noqa: PLC0415
    from reelmake.project.settings import load_settings  # noqa: PLC0415

    try:
        load_settings(folder)
    except ReelmakeError as error:
        return str(error)
    return f"{_PYPROJECT} cannot be read; save it as UTF-8"
