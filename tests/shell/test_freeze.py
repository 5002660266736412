"""`reelmake freeze`: a script that was written by a provider becomes part of the spec."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standin_server import Standin
from workspace import Workspace

from reelmake.errors import InputError
from reelmake.freeze import frozen
from reelmake.spec_file import read_episode
from reelmake.spec_line import Line

SPEC = """\
# What this is about.
title: Rain   # not the whole title
topic: rain


cast: [ada,
       max]
lines: 3
# The end.
"""
words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=1, max_size=80)


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "project")
    made.write("episodes/rain.yaml", SPEC)
    return made


def test_what_the_author_wrote_stays_and_the_next_build_pays_nothing(project: Workspace) -> None:
    with Standin() as vendor:
        project.env["STANDIN_URL"] = vendor.url
        project.run()
        paid, before = vendor.count(), project.outputs()
        project.run("freeze", "rain", program="reelmake")
        text = (project.root / "episodes/rain.yaml").read_text("utf-8")
        assert text.startswith(SPEC.rstrip())
        assert "  - ada: rain line 1\n    image: rain number 1\n" in text
        again = project.run()
        assert project.made(again) == []
        assert vendor.count() == paid
        videos = [path for path in before if path.endswith(".mp4")]
        assert {path: project.outputs()[path] for path in videos} == {path: before[path] for path in videos}


def test_a_script_that_is_not_written_yet_cannot_be_frozen(project: Workspace) -> None:
    told = project.run("freeze", "rain", program="reelmake", rc=2)
    assert "the script of rain is not written yet; type `doit script:rain` first" in told.stderr
    assert (project.root / "episodes/rain.yaml").read_text("utf-8") == SPEC


def test_all_leaves_alone_what_is_not_written_or_is_in_the_spec(project: Workspace) -> None:
    project.episode("sun", "ada: The sun is hot.")
    before = (project.root / "episodes/sun.yaml").read_text("utf-8")
    assert project.run("freeze", "--all", program="reelmake").stdout == ""
    assert (project.root / "episodes/sun.yaml").read_text("utf-8") == before


@pytest.mark.parametrize("arguments", [(), ("rain", "--all"), ("snow",)])
def test_what_to_freeze_has_to_be_said(project: Workspace, arguments: tuple[str, ...]) -> None:
    project.run("freeze", *arguments, program="reelmake", rc=2)


@given(st.lists(st.tuples(st.sampled_from(["ada", "max"]), words, st.none() | words), min_size=1, max_size=4))
def test_whatever_is_said_is_read_back_or_refused(said: list[tuple[str, str, str | None]]) -> None:
    lines = []
    for who, text, image in said:
        with suppress(ValidationError):  # it is empty, or no speech
            lines.append(Line(character=who, text=text, image=image if image and image.strip() else None))
    if not lines:
        return
    try:
        whole = frozen(SPEC.encode(), "episodes/rain.yaml", lines, "standin")
    except InputError:  # YAML has no way to write a few invisible characters
        assert any(not char.isprintable() for line in lines for char in line.text + (line.image or ""))
        return
    episode, _ = read_episode(whole, "episodes/rain.yaml")
    assert episode
    assert episode.script == lines


@pytest.mark.parametrize(
    "text", ['{"title": "Rain", "topic": "rain", "cast": ["ada"]}', "title: R\ntopic: r\ncast: [ada]\n...\n"]
)
def test_a_spec_to_which_nothing_can_be_added_is_left_alone(text: str) -> None:
    with pytest.raises(InputError, match="in braces"):
        frozen(text.encode(), "episodes/rain.yaml", [Line(character="ada", text="Rain.")], "standin")


def test_a_project_elsewhere_is_frozen_where_it_is(project: Workspace, tmp_path: Path) -> None:
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.episode("rain", topic="another rain", cast=["ada"])
    with Standin() as vendor:
        project.env["STANDIN_URL"] = elsewhere.env["STANDIN_URL"] = vendor.url
        project.run("script:rain")
        elsewhere.run("freeze", "rain", "--project", str(project.root), program="reelmake")
        assert vendor.count() == 1
    assert "script:" in (project.root / "episodes/rain.yaml").read_text("utf-8")
    assert "script:" not in (elsewhere.root / "episodes/rain.yaml").read_text("utf-8")
