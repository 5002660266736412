"""The workflow for teams: linters find nothing in it, and it gives no key to code that nobody has looked at."""

from __future__ import annotations

import subprocess
import sys
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
