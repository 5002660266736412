"""Documentation as programs: the fenced blocks of a page, run from top to bottom, with what they show compared.

A block of ```` ```sh ```` is run by bash in the folder of a project. A block of ```` ```text ```` right after it shows
what it prints: in any order, since steps run in parallel; `...` stands for anything, a line of `...` for any number of
lines; and how many seconds something took is never compared.

`doit` and our own commands are forked by the nursery, so that a page does not wait for the imports of each, and samples
have their first two lines, over a smaller background: what is told of them does not depend on how long they are. The
README's commands are started as in a terminal, and find the samples as they are.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import nursery

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
DRIFT = ROOT / "assets" / "drift.mp4"
PROJECT_PARTS = ("dodo.py", "pyproject.toml", "episodes", "characters", "assets", "templates")

OURS = ("REELMAKE_", "DOIT_", "PYTHONDONTWRITEBYTECODE")

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the line of the page on which its text begins."""

    language: str
    text: str
    line: int


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the fenced blocks of a page, of these languages or of all."""
    text = page.read_text("utf-8")
    found = (Block(m[1], m[2], text.count("\n", 0, m.start(2)) + 1) for m in _FENCE.finditer(text))
    return [block for block in found if not languages or block.language in languages]


def copy_project(folder: Path) -> Path:
    """Copy this repository's project into a folder."""
    folder.mkdir(parents=True)
    for part in PROJECT_PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy(source, folder / part)
    return folder


def shortened(folder: Path) -> Path:
    """Leave of a project's samples what is quick to make; returns the project."""
    for path in (folder / "episodes").iterdir():
        text = re.sub(r"^lines: \d+$", "lines: 2", path.read_text("utf-8"), flags=re.MULTILINE)
        told, mark, script = text.partition("script:\n")
        path.write_text(told + mark + "".join(script.splitlines(keepends=True)[:4]), "utf-8")
    (folder / "assets" / DRIFT.name).write_bytes(_smaller(DRIFT))
    return folder


@functools.cache
def _smaller(loop: Path) -> bytes:
    """Return the first two seconds of a background, in the size of our videos."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-t", "2", "-i", str(loop), "-vf", "scale=144:256"]
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([*command, f"{place}/{loop.name}"], check=True)
        return Path(place, loop.name).read_bytes()


def run(command: str, folder: Path) -> str:
    """Run a command by bash, as in a terminal whose environment is this Python's; returns all that it printed.

    Videos are small, for they are not looked at.
    """
    return _bash(command, folder, [], {})


def run_quickly(command: str, folder: Path) -> str:
    """Run a command like `run`, with our programs forked."""
    doors = folder.parent / "bin"
    doors.mkdir(exist_ok=True)
    env, inherited = nursery.for_shells(doors)
    return _bash(command, folder, [doors], env, inherited)


def _bash(command: str, folder: Path, doors: list[Path], env: dict[str, str], *inherited: int) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    path = os.pathsep.join((*map(str, doors), str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        check=False,
        cwd=folder,
        env={**kept, "PATH": path, "CI": "1", "REELMAKE_REEL__SIZE": "144x256", **env},
        pass_fds=inherited,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, f"exit code {done.returncode} of:\n{command}\n{done.stdout}"
    return done.stdout


def run_page(page: Path, folder: Path) -> None:
    """Run a page's `sh` blocks in a folder, and compare what they print with the `text` blocks after them."""
    printed = ""
    for block in blocks(page, "sh", "text"):
        if block.language == "sh":
            printed = run_quickly(block.text, folder)
        else:
            told = f"{page.relative_to(ROOT)}:{block.line}: the page shows something else than what is printed"
            wrong = "\n".join(differences(block.text, printed))
            assert not wrong, f"{told}\n{wrong}\nprinted was:\n{printed}"


def differences(shown: str, printed: str) -> Iterator[str]:
    """Say which lines are shown and not printed (`-`), or printed and not shown (`+`)."""
    left = [_timeless(line) for line in printed.splitlines() if line.strip()]
    is_whole = True
    for line in (line for line in shown.splitlines() if line.strip()):
        if line.strip() == "...":
            is_whole = False
            continue
        pattern = ".*".join(re.escape(part) for part in _timeless(line).split("..."))
        match = next((real for real in left if re.fullmatch(pattern, real)), None)
        if match is None:
            yield f"- {line}"
        else:
            left.remove(match)
    if is_whole:
        yield from (f"+ {line}" for line in left)


def _timeless(line: str) -> str:
    return re.sub(r"\b\d+ h \d\d min\b|\b(\d+ min )?\d+(\.\d)? s\b", "# s", line).rstrip()
