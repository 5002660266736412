"""Scripts as people have them: long ones, pasted ones, with markup, with repetitions; up to their subtitles.

One build of one project, and one more after its scripts were frozen: nothing in them is what encodes pictures.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from standin_server import Standin
from workspace import ROOT, Workspace

pytestmark = pytest.mark.slow

SENTENCE = "This sentence is one of many, and all of them together make up a line that is rather long. "
SCREENPLAY = """\
title: Who is there
cast: [ada, max]
script: |
  INT. KITCHEN - NIGHT

  The door opens.

  ADA
  (whispering)
  Who opened the door?

  MAX (O.S.)
  I did. (beat) It was *not* locked.

  **Ada:** Then [close it](https://example.org/door), please. *sighs*
  ---
"""
NEVER = ("INT.", "whispering", "The door opens", "O.S.", "beat", "sighs", "*", "[", "](", "http", "---", "`")


def samples(project: Workspace) -> dict[str, Path]:
    """Write the sample episodes without what takes long to make."""
    written = {}
    for path in sorted((ROOT / "episodes").glob("*.yaml")):
        rows = path.read_text("utf-8").splitlines(keepends=True)
        kept = [row for row in rows if not row.startswith(("background:", "music:"))]
        written[path.stem] = project.write(f"episodes/{path.stem}.yaml", "".join(kept))
    return written


def test_whatever_is_pasted_is_spoken_and_shown_as_its_words(project: Workspace, vendor: Standin) -> None:
    project.write("characters/cy.yaml", "name: Cy\n")
    long = [f"{('ada', 'max')[at % 2]}: {SENTENCE * (1 + at % 6)}{at}" for at in range(31)]
    assert max(len(line) for line in long) > 550
    project.episode("long", *long)
    project.write("episodes/play.yaml", SCREENPLAY)
    project.episode("thrice", "ada: Again!", "max: No.", "ada: Again!", "max: No, I said.", "ada: Again!")
    kept = {name: path.read_bytes() for name, path in samples(project).items()}
    project.run("subtitles")
    texts = [request["text"] for kind, request in vendor.calls if kind == "voice"]
    assert sum(text.startswith("This sentence") for text in texts) == 31
    assert [text for text in texts if text == "Again!"] == ["Again!"], "what is said three times is bought once"
    assert "No." in texts
    play = ["Who opened the door?", "I did. It was not locked.", "Then close it, please."]
    assert set(play) <= set(texts)
    shown = (project.root / "build/play/subtitles.srt").read_text("utf-8")
    assert " ".join(re.sub(r"\d+\n.* --> .*\n", "", shown).split()) == " ".join(play)
    assert [mark for mark in NEVER if any(mark in text for text in texts)] == []
    timeline = json.loads((project.root / "build/long/timeline.json").read_text("utf-8"))
    assert len(timeline["lines"]) == 31
    check_freezing(project, vendor, kept)


def check_freezing(project: Workspace, vendor: Standin, kept: dict[str, bytes]) -> None:
    """Freeze every sample: comments and order survive, and the build after it makes nothing."""
    before = vendor.count()
    told = project.run("freeze", *kept, program="reelmake")
    for name, text in kept.items():
        now = (project.root / f"episodes/{name}.yaml").read_bytes()
        if b"\nscript:" in text:
            assert f"{name}: all of it is in the spec already" in told.stderr
            assert now == text
        else:
            assert now.startswith(text.rstrip())
            assert b"\nscript:\n" in now
    assert project.made(project.run("subtitles")) == []
    assert vendor.count() == before
