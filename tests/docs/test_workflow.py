"""The workflow for teams: linters find nothing in it, and it gives no key to code that nobody has looked at."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import DOCS, ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "render.yml"
LINTERS = {
    "form": ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
    "security": ["zizmor", "--offline", "--no-progress"],
}


def lint(name: str, file: Path) -> subprocess.CompletedProcess[str]:
    program, *options = LINTERS[name]
    command = [str(Path(sys.executable).parent / program), *options, str(file)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("name", LINTERS)
def test_linters_find_nothing(name: str) -> None:
    told = lint(name, WORKFLOW)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("form", "runs-on: ubuntu-latest", "runs_on: ubuntu-latest"),
        ("security", "  pull_request:\n", "  pull_request_target:\n"),
        ("security", '--against "$(git rev-parse HEAD^1)"', "--against ${{ github.event.pull_request.title }}"),
    ],
)
def test_linters_can_find_something(name: str, good: str, bad: str, tmp_path: Path) -> None:
    text = WORKFLOW.read_text("utf-8")
    assert good in text
    file = tmp_path / ".github" / "workflows" / "render.yml"
    file.parent.mkdir(parents=True)
    file.write_text(text.replace(good, bad), "utf-8")
    assert lint(name, file).returncode != 0


def test_a_pull_request_gets_a_key_that_reads_and_no_vendors_key() -> None:
    jobs: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    review, render = (str(jobs[name]) for name in ("review", "render"))
    assert "'REELMAKE_STORE_MODE': 'read'" in review
    assert "READER" in review
    for secret in ("WRITER", "OPENAI", "ELEVENLABS", "FAL_KEY"):
        assert secret not in review
        assert secret in render
    assert jobs["render"]["environment"] == "render"
    assert jobs["render"]["concurrency"] == {"group": "render", "cancel-in-progress": False}


def test_the_page_shows_the_same_jobs() -> None:
    page = (DOCS / "how-to" / "render-on-merge.md").read_text("utf-8")
    for command in ("ci review --against", "ci comment", "ci merge"):
        assert f"reelmake {command}" in WORKFLOW.read_text("utf-8")
        assert page.count(f"reelmake {command}") >= 2, "by hand, and in the jobs of another forge"


LOCK = ROOT / "requirements.txt"
PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)


def test_what_a_job_installs_is_locked_by_hashes_and_names_no_address() -> None:
    text = LOCK.read_text("utf-8")
    for entry in text.replace("\\\n", " ").splitlines():
        assert re.fullmatch(r"[a-z0-9.-]+==\S+(?: ; .*?)?(?:\s+--hash=sha256:[0-9a-f]{64})+\s*", entry), entry
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pins = {pin.partition(" ;")[0] for pin in project["tool"]["uv"]["constraint-dependencies"]}
    locked = {f"{name}=={version}" for name, version in PIN.findall(text)}
    assert locked <= pins, "written by tools/pin.py"
    names = {name for name, _ in PIN.findall(text)}
    needed = {re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in project["project"]["dependencies"]}
    assert {*needed, "hatchling"} <= names


def install_commands() -> list[str]:
    jobs = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "pip " in step.get("run", "")]


def test_each_job_installs_with_a_pinned_uv_and_only_by_hashes() -> None:
    commands = install_commands()
    assert len(commands) == 4
    for command in commands:
        assert re.match(r"pip install uv==[\d.]+ && |uv pip install --no-deps --no-build-isolation ", command)
        assert "uv sync" not in command
    pinned = {re.match(r"pip install uv==([\d.]+)", command) for command in commands[::2]}
    page = (DOCS / "how-to" / "render-on-merge.md").read_text("utf-8")
    for found in pinned:
        assert found
        assert page.count(found[0]) == 2, "the page shows the same"


@pytest.mark.parametrize("change", ["", "hash", "no hash"])
def test_a_package_that_is_not_the_one_that_was_locked_is_refused(tmp_path: Path, change: str) -> None:
    """The job's own command, with a package that lies in a folder in place of an index."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = wheels / "moths-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("moths.py", "")
        file.writestr("moths-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: moths\nVersion: 1\n")
        file.writestr("moths-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("moths-1.dist-info/RECORD", "moths.py,,\n")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    sha256 = sha256[::-1] if change == "hash" else sha256
    lock = "moths==1\n" if change == "no hash" else f"moths==1 --hash=sha256:{sha256}\n"
    (tmp_path / "requirements.txt").write_text(lock)
    _, command = install_commands()[0].split(" && ", maxsplit=1)
    assert shutil.which("uv"), "pip install uv"
    options = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels), "UV_OFFLINE": "1", "UV_NO_CONFIG": "1"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "VIRTUAL_ENV"))}
    environment |= {**options, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_PYTHON_DOWNLOADS": "never"}
    told = subprocess.run(
        ["bash", "-ec", command], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    installed = [*tmp_path.glob(".venv/lib/*/site-packages/moths.py")]
    assert (told.returncode == 0, len(installed)) == ((True, 1) if not change else (False, 0)), told.stderr
