"""The tutorial, followed to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import DOCS, copy_project, run_page


@pytest.mark.slow
def test_the_tutorial_shows_what_one_sees(tmp_path: Path) -> None:
    run_page(DOCS / "tutorial" / "first-episode.md", copy_project(tmp_path / "project"))
