"""Starts doit quickly: a process that has imported everything once, and forks for each build.

The builds are real processes that run doit's own main function in the project's folder; they can be killed as such.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from workspace import Workspace

CODE = """
import importlib, json, os, sys

sys.path.insert(0, {tests!r})
modules = "doit.doit_cmd elevenlabs.client elevenlabs.environment filelock genai_prices httpx httpx2 numpy openai "
modules += "reelmake.make reelmake.read reelmake.tasks.loader reelmake.providers.elevenlabs_speech structlog tenacity "
modules += "reelmake.providers.openai_script reelmake.providers.openai_image reelmake.providers.fal_image PIL.Image"
for name in modules.split():
    importlib.import_module(name)
from genai_prices import Usage, calc_price
calc_price(Usage(input_tokens=1), "gpt-6-luna", provider_id="openai")
from doit.doit_cmd import DoitMain
for order in sys.stdin:
    asked = json.loads(order)
    if (child := os.fork()) == 0:
        os.setsid()
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["env"])
        told = os.open(asked["told"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(told, 1)
        os.dup2(told, 2)
        sys.argv = ["doit", *asked["args"]]
        try:
            code = DoitMain().run(asked["args"])
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code or 0)
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Nursery:
    """Where builds are started, one at a time."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-c", CODE.format(tests=str(Path(__file__).parent / "standin"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *exc: object) -> None:
        with self.process:  # closes its streams: no more orders, it ends
            pass

    def start(self, project: Workspace, *args: str) -> Build:
        """Start a build."""
        told = project.root / "told.txt"
        order: dict[str, Any] = {"folder": str(project.root), "env": project.env, "told": str(told), "args": args}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return Build(self, int(self.process.stdout.readline()), told)

    def run(self, project: Workspace, *args: str) -> str:
        """Run a build to its end, which has to be a good one; returns what it said."""
        build = self.start(project, *args)
        code = build.wait()
        told = build.told.read_text("utf-8")
        assert code == 0, told
        return told


class Build:
    """A build that runs."""

    def __init__(self, nursery: Nursery, pid: int, told: Path) -> None:
        self.nursery, self.pid, self.told = nursery, pid, told

    def kill(self) -> None:
        """Kill it the hard way, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end; returns its exit code, negative for a signal."""
        assert self.nursery.process.stdout
        return int(self.nursery.process.stdout.readline())
