"""Captions show what was written while other words are said; only what is said is asked of the voice."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from standin_server import Standin
from workspace import Workspace

SPEC = """\
title: t
pronounce: {nginx: engine x, AITA: am I wrong}
script:
  - ada: "AITA for nginx, or nginx's docs?"
  - max: "2 tbsp of it"
    say: two spoons of it
"""


def shown(project: Workspace) -> list[list[str]]:
    """Return the words of each line in the captions, after a look at their times."""
    lines: list[Any] = json.loads((project.root / "build/one/timeline.json").read_bytes())["lines"]
    for line in lines:
        assert all(word["start_samples"] < word["end_samples"] <= line["samples"] for word in line["words"])
        assert all(one["end_samples"] <= two["start_samples"] for one, two in pairwise(line["words"]))
    return [[word["text"] for word in line["words"]] for line in lines]


def said(project: Workspace) -> list[str]:
    """Return what the voice was asked to say, in order."""
    files = (project.root / "build/one/voice").glob("*.words.json")
    return sorted(" ".join(word["text"] for word in json.loads(file.read_bytes())["words"]) for file in files)


def test_captions_show_what_was_written_while_other_words_are_said(project: Workspace, vendor: Standin) -> None:
    project.write("episodes/one.yaml", SPEC)
    project.run("timeline:one", "subtitles:one")
    assert said(project) == ["am I wrong for engine x, or engine x's docs?", "two spoons of it"]
    assert shown(project) == [["AITA", "for", "nginx,", "or", "nginx's", "docs?"], ["2", "tbsp", "of", "it"]]
    assert "2 tbsp of it" in (project.root / "build/one/subtitles.srt").read_text("utf-8")
    requests = vendor.count()
    project.write("episodes/one.yaml", SPEC.replace("2 tbsp", "2 spoons"))
    project.run("timeline:one")
    assert shown(project)[1] == ["2", "spoons", "of", "it"]
    assert vendor.count() == requests  # what is heard is the same
    project.write("episodes/one.yaml", SPEC.replace("two spoons of", "three spoons of"))
    project.run("timeline:one")
    assert vendor.count() == requests + 1
