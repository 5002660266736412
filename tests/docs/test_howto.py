"""The how-to pages: their commands run, and what they show of code is the code."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pages import DOCS, ROOT, blocks, copy_project, run, run_page

from reelmake.settings import Settings

HOW_TO = DOCS / "how-to"
STANDIN = ROOT / "tests" / "standin"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["add-a-character", "keep-to-a-budget", "set-limits-and-tools", "use-from-programs", "write-an-episode"]
)
def test_what_a_page_tells_one_to_type_works(name: str, tmp_path: Path) -> None:
    run_page(HOW_TO / f"{name}.md", copy_project(tmp_path / "project"))


def test_the_specs_that_are_shown_are_right(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    shown = [block for page in HOW_TO.glob("*.md") for block in blocks(page, "yaml")]
    for number, block in enumerate(shown):
        (project / "episodes" / f"shown-{number}.yaml").write_text(block.text, "utf-8")
    assert len(shown) == 6
    assert f"{len(shown) + 3} episodes checked" in run("reelmake check", project)


def test_the_provider_that_is_shown_is_the_one_that_tests_use() -> None:
    page = HOW_TO / "add-a-provider.md"
    code = (STANDIN / "reelmake_standin.py").read_text("utf-8")
    shown = blocks(page, "python")
    assert len(shown) == 2
    assert all(block.text in code for block in shown)
    (points,) = blocks(page, "ini")
    assert points.text == (STANDIN / "reelmake_standin-1.dist-info" / "entry_points.txt").read_text("utf-8")


@pytest.mark.parametrize("page", sorted(HOW_TO.glob("*.md")), ids=lambda page: page.stem)
def test_settings_that_are_shown_are_settings(page: Path) -> None:
    for block in blocks(page, "toml"):
        Settings(_env_file=None, **tomllib.loads(block.text)["tool"]["reelmake"])


def test_the_command_that_refreshes_pins_is_there() -> None:
    commands = " ".join(block.text for block in blocks(HOW_TO / "refresh-pins.md", "sh"))
    scripts = [word for word in commands.split() if word.endswith(".py")]
    assert scripts
    assert all((ROOT / script).is_file() for script in scripts)
