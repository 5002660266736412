"""The page of outputs names the files that a build writes, and the names that their JSON has."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from footage import hum, small_video
from pages import DOCS
from workspace import Workspace

PAGE = DOCS / "reference" / "outputs.md"
JSON_SECTION = re.compile(r"^## (\S+\.json)\n.*?^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def episode_with_everything(project: Workspace) -> Path:
    """Build an episode of two lines with a background and music; returns its folder."""
    small_video(project.root / "assets/loop.mp4", seconds=1)
    hum(project.root / "assets/hum.wav")
    lines = ("ada: Hello there my friend | a harbour", "max: And a very good day to you | a clock")
    project.episode("one", *lines, background="assets/loop.mp4", music="assets/hum.wav")
    project.run("video", "inspection", "cover", "storyboard")
    return project.root / "build" / "one"


def unlike(shown: Any, real: Any, place: str = "") -> list[str]:
    """Say where an example differs in shape from what is real; a name like `<task>` stands for any names."""
    if isinstance(shown, dict) and isinstance(real, dict):
        if any(name.startswith("<") for name in shown):
            (example,) = shown.values()
            return [told for name, value in real.items() for told in unlike(example, value, f"{place}.{name}")]
        odd = [f"{place}.{name} is not in both" for name in sorted(shown.keys() ^ real.keys())]
        return odd + [
            told for name in shown.keys() & real.keys() for told in unlike(shown[name], real[name], f"{place}.{name}")
        ]
    if isinstance(shown, list) and isinstance(real, list):
        return [told for item in real for told in unlike(shown[0], item, f"{place}[]")] if shown else []
    return [] if type(shown) is type(real) else [f"{place} is {type(real).__name__}, and not {type(shown).__name__}"]


def test_the_page_names_all_files_and_their_contents(project: Workspace) -> None:
    folder = episode_with_everything(project)
    text = PAGE.read_text("utf-8")
    line_ids = [line["id"] for line in json.loads((folder / "timeline.json").read_text("utf-8"))["lines"]]

    def named(pattern: str) -> list[str]:
        pattern = html.unescape(pattern).replace("<episode>", "one")
        return [pattern.replace("<line>", line_id) for line_id in line_ids] if "<line>" in pattern else [pattern]

    rows = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {name for row in rows for name in named(row)} == files

    sections = JSON_SECTION.findall(text)
    assert {name for pattern, _ in sections for name in named(pattern)} == {f for f in files if f.endswith(".json")}
    wrong = [
        f"{name}: {told}"
        for pattern, example in sections
        for name in named(pattern)
        for told in unlike(json.loads(example), json.loads((folder / name).read_text("utf-8")))
    ]
    assert not wrong


def test_a_difference_in_shape_is_noticed() -> None:
    assert unlike({"a": 1}, {"a": 1, "b": 2}) == [".b is not in both"]
    assert unlike({"a": [{"b": "x"}]}, {"a": [{"b": "y"}, {"b": 1}]}) == [".a[].b is int, and not str"]
    assert unlike({"<task>": {"key": ""}}, {"voice": {"key": "r1"}, "image": {}}) == [".image.key is not in both"]
