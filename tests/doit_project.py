"""A throw-away project for the real doit: a dodo.py of small jobs, and a journal in which they write what they did."""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import nursery
from workspace import doit_tables

COMMANDS = tomllib.loads(doit_tables())["tool"]["doit"]["plugins"]["command"]
PYPROJECT = "[tool.doit.plugins.command]\n" + "".join(f'{name} = "{where}"\n' for name, where in COMMANDS.items())
LOADER = '\n[tool.doit]\nloader = "pooled"\n[tool.doit.plugins.loader]\npooled = "pooled:Loader"\n'
POOLED = """
from doit.cmd_base import DodoTaskLoader

class Loader(DodoTaskLoader):
    @property
    def pools(self):
        return self.namespace["POOLS"]
"""
HEAD = """
import os, threading, time
from pathlib import Path
from doit.task import DelayedLoader, Task
from doit.tools import config_changed
from reelmake.core.errors import BuildError
from reelmake.tasks.job import Job, Outcome

POOLS = {"cpu": 4}
lock = threading.Lock()

def log(*words):
    with lock, open("journal", "a") as journal:
        print(time.monotonic(), *words, file=journal, flush=True)

def step(name, targets=(), deps=(), seconds=0.0, pool="cpu", fail=None, text=None, note="made", before=None, **more):
    def work():
        log("start", name)
        if before:
            before()
        time.sleep(seconds)
        if fail:
            raise fail
        for target in targets:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(target).write_text(text or "".join(Path(dep).read_text() for dep in sorted(deps)) or name)
        log("end", name)
        return Outcome(note)
    more.setdefault("uptodate", [config_changed(str(text))])
    return Task(name, [Job(work)], file_dep=list(deps), targets=list(targets), clean=True,
                meta={"pool": pool, "label": name}, **more)

def group(name, members, **more):
    return Task(name, None, task_dep=list(members), has_subtask=True, **more)
"""


@dataclass
class Run:
    """What a finished doit printed and returned."""

    code: int
    out: str
    err: str


@dataclass
class DoitProject:
    """A folder with dodo.py. `dodo` is the text after the helpers above: it defines `task_...` creators."""

    root: Path
    dodo: str
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.write("pyproject.toml", PYPROJECT + LOADER)
        self.write("pooled.py", POOLED)
        self.change(self.dodo)

    def change(self, dodo: str) -> None:
        self.write("dodo.py", HEAD + dodo)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def command(self, *args: str) -> tuple[list[str], dict[str, str]]:
        clean = {name: value for name, value in nursery.clean_env().items() if name != "CI"}
        return ["-m", "doit", *args], {
            **clean,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self.root),
            **self.env,
        }

    def start(self, *args: str) -> subprocess.Popen[str]:
        command, env = self.command(*args)
        return nursery.start(command, self.root, env)

    def run(self, *args: str) -> Run:
        doit = self.start(*args)
        out, err = doit.communicate(timeout=60)
        return Run(doit.returncode, out, err)

    def journal(self) -> list[tuple[float, str, str]]:
        """What the jobs did: (when, start or end, which), in order."""
        path = self.root / "journal"
        lines = [line.split(" ", 2) for line in path.read_text().splitlines()] if path.exists() else []
        return [(float(when), what, name) for when, what, name in lines]

    def ran(self) -> list[str]:
        """Names of the jobs that ran to their end since the last call."""
        names = [name for _, what, name in self.journal() if what == "end"]
        (self.root / "journal").unlink(missing_ok=True)
        return names
