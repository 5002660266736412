"""`doit` where it cannot start: what to do is said in one line, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reelmake.tasks.start import NOT_STARTED

START = [sys.executable, "-c", "import sys; from reelmake.tasks.start import main; sys.exit(main())"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "my project"
    (root / "episodes").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[tool.reelmake]\n")
    (root / "dodo.py").write_text("def task_own():\n    return {'actions': None}\n")
    return root


def start(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run([*START, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("below", ["episodes", "episodes/drafts", "media"])
@pytest.mark.parametrize("words", [(), ("video:sky",)])
def test_below_a_project_it_says_which_folder_to_go_to(project: Path, below: str, words: tuple[str, ...]) -> None:
    (project / below).mkdir(parents=True, exist_ok=True)
    code, said = start(project / below, *words)
    assert code == NOT_STARTED
    assert said.endswith(f"type `cd '{project}'` first\n")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\xef\xbb\xbf[tool.reelmake]\n", "pyproject.toml:1: the file begins with an invisible byte order mark"),
        (b"[tool.reelmake]\nstore = \n", "pyproject.toml:2: not valid TOML: Invalid value"),
        (b"[tool.reelmake\n", "pyproject.toml:1: not valid TOML"),
        (b"[tool.reelmake]\na = 1\na = 2\n", "pyproject.toml:3: not valid TOML"),
        (b"a = " + b"[" * 5000, "pyproject.toml:1: not valid TOML"),
        (b"[tool.reelmake]\n# caf\xe9\n", "pyproject.toml:2: this is not UTF-8; save the file as UTF-8"),
        ("[tool]".encode("utf-16"), "pyproject.toml:1: this is not UTF-8"),
    ],
)
def test_a_mistake_in_pyproject_is_one_line(project: Path, content: bytes, part: str) -> None:
    (project / "pyproject.toml").write_bytes(content)
    code, said = start(project, "list")
    assert (code, said.split("\n")[0]) == (NOT_STARTED, "nothing was built")
    assert part in said
    assert "Traceback" not in said


def test_elsewhere_it_is_doit(project: Path, tmp_path: Path) -> None:
    assert start(project, "list") == (0, "own   \n")
    assert "Could not find dodo file" in start(tmp_path)[1]
    (tmp_path / "dodo.py").write_text("def task_other():\n    return {'actions': None}\n")
    assert start(tmp_path, "list") == (0, "other   \n")
