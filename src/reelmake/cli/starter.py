"""What a project begins with: the samples that ship along, and specs that are written for an author to go on from.

The samples are those of the repository: a wheel holds a copy of them, in a checkout they are where they are.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import reelmake
from reelmake.core.files import CHARACTERS, EPISODES, STATE, TEMPLATES
from reelmake.offline.sprites import palette
from reelmake.project.schemas import schema_text
from reelmake.spec.edit import scalar

WORKFLOW: Final = ".github/workflows/render.yml"  # what a team has done for a pull request, and for what is merged
SAMPLES: Final = (EPISODES, CHARACTERS, "assets", TEMPLATES, "dodo.py", WORKFLOW)
PYPROJECT: Final = "pyproject.toml"
OF_SPECS: Final = ("episode", "character", "settings")  # the schemas that editors use
SCHEMA_LINE: Final = "# yaml-language-server: $schema=../schemas/{}.json\n"

IGNORED: Final = f"""\
# What is made, and may be made again
build/
# Finished videos, while no bucket is named under publish:
published/
# The store, with all that was paid for: back it up, or share it, but not in git
{STATE}/
# Keys
.env
.venv/
__pycache__/
"""
HEAD: Final = """\
[project]
name = "{name}"
version = "0.1.0"
description = "Short vertical videos, made with reelmake."
requires-python = ">=3.11"
dependencies = ["reelmake"]

[tool.uv]
package = false

# What the team shares; `reelmake schema settings` and the reference tell what else there is.
[tool.reelmake.providers]
script = "offline"
voice = "offline"
image = "offline"

# How doit gets its loader and its commands here.
"""
VOICES: Final = (
    "{voice: heart}",
    "{voice: joe}",
    "{voice: heart, pitch: 1.12, formant: 1.05}",
    "{voice: joe, pitch: 0.92}",
)


def samples() -> Path:
    """Return the folder in which the samples are."""
    package = Path(reelmake.__file__).parent
    packed = package / "starter"
    return packed if packed.is_dir() else package.parents[1]


def write_project(folder: Path) -> list[str]:
    """Write a new project into a folder that is empty, or not there yet; returns what it holds. Raises OSError.

    It is put together beside it first, so that the folder holds all of it or nothing.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        part = Path(scratch)
        for name in SAMPLES:
            source = samples() / name
            if source.is_dir():
                shutil.copytree(source, part / name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
            else:
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, part / name)
        (part / PYPROJECT).write_text(settings_text(folder.name), "utf-8")
        (part / ".gitignore").write_text(IGNORED, "utf-8")
        (part / "schemas").mkdir()
        for name in OF_SPECS:
            (part / "schemas" / f"{name}.json").write_text(schema_text(name), "utf-8")
        folder.mkdir(exist_ok=True)
        written = sorted(part.iterdir())
        for path in written:
            path.rename(folder / path.name)
    return [f"{path.name}/" if (folder / path.name).is_dir() else path.name for path in written]


def settings_text(name: str) -> str:
    """Return the pyproject.toml of a new project: `name`, and the tables that doit reads, as the samples have them."""
    text = (samples() / PYPROJECT).read_text("utf-8")
    tables = re.findall(r"^\[tool\.doit[.\]].*?(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "videos"
    return HEAD.format(name=plain) + "".join(tables).rstrip() + "\n"


def episode_text(topic: str, cast: Sequence[str], lines: int, *, has_schema: bool) -> str:
    """Return the spec of an episode whose script is to be written."""
    head = SCHEMA_LINE.format("episode") if has_schema else ""
    title = topic[:1].upper() + topic[1:]
    return f"{head}title: {scalar(title)}\ntopic: {scalar(topic)}\ncast: [{', '.join(cast)}]\nlines: {lines}\n"


def character_text(name: str, number: int, *, has_schema: bool) -> str:
    """Return the spec of a character, the `number`th of its project: voices and sides take turns."""
    head = SCHEMA_LINE.format("character") if has_schema else ""
    shown = re.sub(r"[-_]+", " ", name).strip().title() or name
    return f"""\
{head}name: {scalar(shown)}
voice:
  offline: {VOICES[number % len(VOICES)]}
sprites: {{telling: {name}/telling.png, hearing: {name}/hearing.png}}
catchphrases: []
personality: friendly, curious
caption: {{color: "{palette(name).words}"}}
side: {side(number)}
"""


def side(number: int) -> str:
    """Return on which side the `number`th character of a project stands."""
    return "right" if number % 2 else "left"
