"""A temporary project that tests build with the real `doit`, as a user would, and look at.

`Workspace(folder)` makes it: two characters without sprites, a small picture size, stand-in providers. Set
REELMAKE_KEEP=1 to have pytest keep all of them for a look.
"""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import nursery

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SIZE = "144x256"

SETTINGS = """
[tool.reelmake.providers]
script = "{provider}"
voice = "{provider}"
image = "{provider}"

[tool.reelmake.reel]
size = "{size}"
"""


def doit_tables() -> str:
    """Return what makes a folder a project: the tables of the repository's own pyproject.toml that doit reads."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return "".join(re.findall(r"^\[tool\.doit[.\]].*?(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL))


class Workspace:
    """A project in a folder."""

    def __init__(self, root: Path, vendor_url: str = "", *, provider: str = "standin", size: str = SIZE) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.write("pyproject.toml", doit_tables() + SETTINGS.format(provider=provider, size=size))
        self.write("dodo.py", (ROOT / "dodo.py").read_bytes())
        for name, color in (("ada", "#FFD166"), ("max", "#06D6A0")):
            self.write(f"characters/{name}.yaml", f'name: {name.title()}\ncaption: {{color: "{color}"}}\n')
        self.env = {**nursery.clean_env(), "STANDIN_URL": vendor_url}

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def episode(self, name: str, *lines: str, **more: Any) -> Path:
        """Write an episode: lines such as `ada: Hello there`, or `ada: Hello there | a white moon` with an image."""
        spec: dict[str, Any] = {"title": name.title(), **more}
        if lines:
            spec["script"] = []
            for line in lines:
                words, _, image = line.partition(" | ")
                speaker, _, text = words.partition(": ")
                spec["script"].append({speaker: text, **({"image": image} if image else {})})
        return self.write(f"episodes/{name}.yaml", json.dumps(spec, indent=1, ensure_ascii=False))

    def start(self, *args: str, program: str = "doit", **env: str) -> subprocess.Popen[str]:
        return nursery.start(["-m", program, *args], self.root, {**self.env, **env})

    def run(
        self, *args: str, program: str = "doit", rc: int | None = 0, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run doit (or another module) to its end; `rc` is the exit code that is expected, None for any."""
        process = self.start(*args, program=program, **env)
        out, err = process.communicate(timeout=300)
        assert rc is None or process.returncode == rc, f"exit code {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def kill_after(self, seconds: float, *args: str) -> None:
        """Start doit and kill it the hard way, if it is still running by then."""
        process = self.start(*args)
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def outputs(self, *names: str) -> dict[str, str]:
        """Return path -> sha256 of everything that was built (for these episodes, or all)."""
        folders = [self.root / "build" / name for name in names] or [self.root / "build"]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {str(p.relative_to(self.root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}

    def made(self, result: subprocess.CompletedProcess[str]) -> list[str]:
        """Return the names of the steps that a run made (not restored, not up to date)."""
        rows = [line.split() for line in result.stderr.splitlines()]
        return [row[0] for row in rows if row[1:2] == ["made"]]
