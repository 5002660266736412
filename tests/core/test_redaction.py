"""What is taken for a part of a key, and what is a name that happens to look like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from doit_project import DoitProject

from reelmake import cli
from reelmake.api import jsonl
from reelmake.core import logging
from reelmake.core.logging import redact


@pytest.mark.parametrize(
    "told",
    [
        "Incorrect API key provided: sk-proj-4f5e****9c2a.",
        'the header "xi_0123456789abcdef" is wrong',
        "api:sk-0123456789",
        "sk-proj-0123456789-abc is wrong",
        "use key-0123456789abcdef",
    ],
)
def test_parts_of_keys_are_not_shown(told: str) -> None:
    assert "[secret]" in redact(told)
    assert "0123456789" not in redact(told)


@pytest.mark.parametrize(
    "told",
    [
        "voice:one:ada-this-is-the-key-to-everything-9ef5c1d0 failed",
        "video:key-features-2024 made",
        "episodes/key-features-2024.yaml:3: unknown name",
        "fal: there is no fal-ai/z-image/turbo",
        "voice:one:louis-xi-the-spider-king-0123abcd restored",
        "episodes/fal-and-winter.yaml:3: unknown name",
    ],
)
def test_names_of_steps_and_files_are_shown(told: str) -> None:
    assert redact(told) == told


SECRET = "hunter2-and-more"
BROKEN = f"""
from reelmake.core.logging import protect
protect(["{SECRET}"])

def leak():
    raise RuntimeError("refused: {SECRET}")

def task_ours():
    yield step("ours:one", ["a"], before=leak)

def task_own():
    return {{"actions": [leak]}}

def task_late():
    return {{"actions": [], "teardown": [leak]}}
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> DoitProject:
    return DoitProject(tmp_path_factory.mktemp("broken"), BROKEN)


@pytest.mark.parametrize("reporter", ["progress", "console", "json"])
def test_no_reporter_shows_a_secret_that_an_exception_holds(broken: DoitProject, reporter: str) -> None:
    result = broken.run("-r", reporter, "--failure-verbosity", "2")
    assert result.code == 2
    assert SECRET not in result.out + result.err
    assert "refused: [secret]" in result.out + result.err


def test_what_breaks_before_any_task_shows_no_secret(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, BROKEN + "\n\ndef task_worse():\n    leak()\n")
    result = project.run("list")
    assert result.code == 3
    assert SECRET not in result.out + result.err
    assert "RuntimeError: refused: [secret]" in result.err


def test_a_mistake_of_ours_in_a_command_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def leak(*_: object) -> int:
        raise RuntimeError(f"refused: {SECRET}")

    monkeypatch.setattr(logging, "_secrets", {SECRET})
    monkeypatch.setattr(cli, "app", leak)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert jsonl.serve(leak, [jsonl.Received("stdin", None)]) == 1
    told = capfd.readouterr()
    assert SECRET not in told.out + told.err
    assert told.err.count("RuntimeError: refused: [secret]") == 2
