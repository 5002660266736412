"""The README's commands and its episode, as somebody new to it would use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pages import ROOT, blocks, copy_project, run

README = ROOT / "README.md"
INSTALL = "pip install uv && "


def commands() -> list[str]:
    return [block.text.strip() for block in blocks(README, "sh")]


def test_there_is_one_command_to_build_and_one_to_test() -> None:
    build, tests, *_ = commands()
    assert build == f"{INSTALL}uv run doit"
    assert tests == f"{INSTALL}uv run pytest -n auto"
    assert {build, tests} <= set((ROOT / ".ci" / "run").read_text("utf-8").splitlines())


def test_it_fits_on_one_screen() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 70


@pytest.mark.slow
def test_the_command_that_builds_renders_the_episode_that_is_shown(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    for sample in (project / "episodes").iterdir():
        sample.unlink()
    (spec,) = blocks(README, "yaml")
    (project / "episodes" / "sunset.yaml").write_text(spec.text, "utf-8")
    run(commands()[0].removeprefix(INSTALL).removeprefix("uv run "), project)
    assert (project / "build" / "sunset" / "sunset.mp4").is_file()
    assert (project / "build" / "sunset" / "video.json").is_file()


def test_a_project_of_ones_own_is_made_beside_it(tmp_path: Path) -> None:
    (tmp_path / "clone").mkdir()
    run(commands()[2].removeprefix("uv run "), tmp_path / "clone")
    assert (tmp_path / "videos/episodes/sky.yaml").is_file()


@pytest.mark.slow
def test_the_pipe_makes_a_video(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    told = run(commands()[3].replace("uv run ", ""), project)
    result = json.loads(next(row for row in told.splitlines() if row.startswith("{")))
    assert (project / result["video"]).is_file()
