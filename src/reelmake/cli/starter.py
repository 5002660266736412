"""What a project begins with: the samples that ship along, and specs that are written for an author to go on from.

The samples are those of the repository: a wheel holds a copy of them, in a checkout they are where they are. A list
says which files they are, so that nothing comes along that an author wrote or edited in a checkout.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import reelmake
from reelmake.cli.app import UsageError
from reelmake.core.files import STATE
from reelmake.core.keys import digest_of
from reelmake.offline.sprites import palette
from reelmake.project.schemas import schema_text
from reelmake.spec.edit import scalar

PYPROJECT: Final = "pyproject.toml"
LISTED: Final = Path(__file__).with_name("samples.sha256")  # written by tools/make_reference.py
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
dependencies = ["{requirement}"]

[tool.uv]
package = false
{source}
# What the team shares; `reelmake schema settings` and the reference tell what else there is.
[tool.reelmake.providers]
script = "offline"
voice = "offline"
image = "offline"

# How doit gets its loader and its commands here.
[tool.doit]
loader = "reelmake"

[tool.doit.plugins.loader]
reelmake = "reelmake.tasks.loader:EpisodeLoader"

[tool.doit.plugins.command]
run = "reelmake.tasks.command:Run"
list = "reelmake.tasks.command:List"
info = "reelmake.tasks.command:Info"
clean = "reelmake.tasks.command:Clean"
forget = "reelmake.tasks.command:Forget"
ignore = "reelmake.tasks.command:Ignore"
reset-dep = "reelmake.tasks.command:ResetDep"
help = "reelmake.tasks.command:Help"
tabcompletion = "reelmake.tasks.command:TabCompletion"
strace = "reelmake.tasks.command:Strace"
dumpdb = "reelmake.tasks.command:DumpDB"
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
    Raises UsageError when a sample is not as it ships.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        part = Path(scratch)
        for name, digest in shipped().items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(sample(name, digest))
        (part / PYPROJECT).write_text(settings_text(folder), "utf-8")
        (part / ".gitignore").write_text(IGNORED, "utf-8")
        (part / "schemas").mkdir()
        for name in OF_SPECS:
            (part / "schemas" / f"{name}.json").write_text(schema_text(name), "utf-8")
        folder.mkdir(exist_ok=True)
        written = sorted(part.iterdir())
        for path in written:
            path.rename(folder / path.name)
    return [f"{path.name}/" if (folder / path.name).is_dir() else path.name for path in written]


def shipped() -> dict[str, str]:
    """Return the files that the samples consist of: path -> sha256."""
    return {
        name: digest for digest, name in (line.split(maxsplit=1) for line in LISTED.read_text("utf-8").splitlines())
    }


def sample(name: str, digest: str) -> bytes:
    """Return a sample as it ships, also where it was edited in a checkout; raises UsageError where it is not known."""
    root = samples()
    try:
        content = (root / name).read_bytes()
    except FileNotFoundError:
        content = b""
    if digest_of(content) != digest:
        try:
            content = subprocess.run(["git", "-C", root, "show", f"HEAD:./{name}"], capture_output=True).stdout  # noqa: PLW1510
        except FileNotFoundError:  # git is not installed
            content = b""
    if digest_of(content) != digest:
        raise UsageError(f"{root / name} is not the sample that ships", "restore it, or install reelmake anew")
    return content


def settings_text(folder: Path) -> str:
    """Return the pyproject.toml of a new project in a folder: its name, the reelmake it runs with, doit's tables."""
    plain = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-") or "videos"
    requirement, source = _own_source(folder)
    return HEAD.format(name=plain, requirement=requirement, source=source)


def _own_source(folder: Path) -> tuple[str, str]:
    """Return the requirement by which a project in a folder gets the reelmake that runs now, and uv's table for it.

    The record of the installation says where this one came from: a folder, a wheel, a git repository or a registry.
    """
    own = distribution("reelmake")
    origin = json.loads(own.read_text("direct_url.json") or "{}")
    if not origin:
        return f"reelmake~={own.version}", ""
    url = urlsplit(origin["url"])
    if "vcs_info" in origin:
        table = {"git": origin["url"], "rev": origin["vcs_info"]["commit_id"]}
    elif url.scheme == "file":
        path = Path(url2pathname(url.path))
        table = {"path": Path(os.path.relpath(path, folder)).as_posix()}
        table |= {"editable": True} if origin.get("dir_info") else {}
    else:
        table = {"url": origin["url"]}
    fields = ", ".join(f"{name} = {json.dumps(value)}" for name, value in table.items())
    return "reelmake", f"\n# The reelmake that made this project.\n[tool.uv.sources]\nreelmake = {{{fields}}}\n"


def episode_text(topic: str, cast: Sequence[str], lines: int, *, has_schema: bool) -> str:
    """Return the spec of an episode whose script is to be written; `cast` is empty where the settings name it."""
    head = SCHEMA_LINE.format("episode") if has_schema else ""
    title = topic[:1].upper() + topic[1:]
    of_its_own = f"cast: [{', '.join(cast)}]\n" if cast else ""
    return f"{head}title: {scalar(title)}\ntopic: {scalar(topic)}\n{of_its_own}lines: {lines}\n"


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
