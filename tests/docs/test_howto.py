"""The tutorial and the how-to pages: their commands run, and what they show of code is the code."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from pages import DOCS, ROOT, blocks, copy_project, run_page, run_quickly, shortened
from seaweed import Seaweed

from reelmake.core.errors import ProviderError
from reelmake.engine.chain import MOST_BUSY, MOST_LOST
from reelmake.project.settings import Settings
from reelmake.providers.testing import Subject

HOW_TO = DOCS / "how-to"
STANDIN = ROOT / "tests" / "standin"


EXECUTED = (
    "../tutorial/first-episode",
    "add-a-character",
    "check-and-watch",
    "keep-to-a-budget",
    "move-pictures",
    "prune-what-is-not-needed",
    "publish",
    "render-on-merge",
    "set-limits-and-tools",
    "show-your-own-pictures",
    "speak-other-languages",
    "start-a-project",
    "use-a-proxy",
    "use-from-programs",
    "write-an-episode",
)


WHOLE = ("keep-to-a-budget",)  # it counts lines


@pytest.mark.slow
@pytest.mark.parametrize("name", EXECUTED)
def test_what_a_page_tells_one_to_type_works(name: str, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    run_page((HOW_TO / f"{name}.md").resolve(), project if name in WHOLE else shortened(project))


@pytest.mark.slow
def test_what_the_page_on_sharing_tells_one_to_type_works(tmp_path: Path, seaweed: Seaweed) -> None:
    """Its first setting names a bucket; here, one at a server on loopback takes its place."""
    project = shortened(copy_project(tmp_path / "project"))
    shared = (
        f'[tool.reelmake]\nstore_url = "s3://{seaweed.bucket()}/reelmake"\n\n[tool.reelmake.reel]\nsize = "144x256"\n'
    )
    pyproject = project / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text('utf-8')}\n{shared}", "utf-8")
    (project / ".env").write_text("".join(f"{name}={value}\n" for name, value in seaweed.env.items()), "utf-8")
    run_page(HOW_TO / "share-a-store.md", project)


def test_the_specs_that_are_shown_are_right(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    shown = [block for page in HOW_TO.glob("*.md") for block in blocks(page, "yaml")]
    for number, block in enumerate(shown):
        (project / "episodes" / f"shown-{number}.yaml").write_text(block.text, "utf-8")
    assert len(shown) == 12
    assert f"{len(shown) + 3} episodes checked" in run_quickly("reelmake check", project)


def test_the_code_that_is_shown_is_the_real_code() -> None:
    page = HOW_TO / "add-a-provider.md"
    sources = [
        STANDIN / "reelmake_standin.py",
        ROOT / "tests" / "providers" / "test_standin.py",
        *(ROOT / "src" / "reelmake" / "providers").rglob("*.py"),
    ]
    code = [path.read_text("utf-8") for path in sources]
    shown = blocks(page, "python")
    assert len(shown) == 5
    assert [block.line for block in shown if not any(block.text in text for text in code)] == []
    (points,) = blocks(page, "ini")
    assert points.text == (STANDIN / "reelmake_standin-1.dist-info" / "entry_points.txt").read_text("utf-8")


def test_the_page_names_all_errors_of_providers_and_what_they_do() -> None:
    page = (HOW_TO / "add-a-provider.md").read_text("utf-8")
    rows = re.findall(r"^\| [^|]+ \| `(\w+Error)` \|", page, re.MULTILINE)
    kinds: list[type[ProviderError]] = [ProviderError, *ProviderError.__subclasses__()]
    assert set(rows) == {one.__name__ for one in kinds if one.__module__ == ProviderError.__module__}
    assert "up to six times" in page
    assert MOST_BUSY == 6
    assert "asked again once" in page
    assert MOST_LOST == 2


def test_the_names_of_a_subject_are_its_fields() -> None:
    page = (HOW_TO / "add-a-provider.md").read_text("utf-8")
    (told,) = [line for line in page.splitlines() if line.startswith("A `Subject` is")]
    assert set(re.findall(r"`(\w+)` (?:has|one|counts)", told)) <= {one.name for one in fields(Subject)}


@pytest.mark.parametrize("page", sorted(HOW_TO.glob("*.md")), ids=lambda page: page.stem)
def test_settings_that_are_shown_are_settings(page: Path) -> None:
    for block in blocks(page, "toml"):
        Settings(**tomllib.loads(block.text)["tool"]["reelmake"])


def test_the_command_that_refreshes_pins_is_there() -> None:
    commands = " ".join(block.text for block in blocks(HOW_TO / "refresh-pins.md", "sh"))
    scripts = [word for word in commands.split() if word.endswith(".py")]
    assert scripts
    assert all((ROOT / script).is_file() for script in scripts)
