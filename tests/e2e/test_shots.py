"""Shots in real builds: an edit of one encodes exactly the segments that show it, and asks nobody for anything."""

from __future__ import annotations

from typing import Any

import pytest
from standin_server import Standin
from workspace import Workspace

LINES: list[dict[str, Any]] = [
    {"ada": "Hello there, Max!", "image": "a white moon"},
    {"max": "Hello to you.", "image": "a red barn"},
    {"ada": "Goodbye then.", "image": "a blue door"},
]


def write(project: Workspace, lines: list[dict[str, Any]], **more: Any) -> None:
    project.episode("one", script=lines, **more)


def with_line(at: int, **more: Any) -> list[dict[str, Any]]:
    return [{**line, **more} if number == at else line for number, line in enumerate(LINES)]


def encoded(project: Workspace) -> list[str]:
    """Build, and return the beginnings of the segments that were encoded; nothing but segments and videos is made."""
    made = [name.split(":") for name in project.made(project.run())]
    assert {kind for kind, *_ in made} <= {"segment", "video", "timeline", "subtitles"}
    return sorted(name[2][:6] for name in made if name[0] == "segment")


@pytest.mark.parametrize(
    ("more", "segments"),
    [
        ({"motion": "none", "transition": "cut"}, ["max-he"]),
        ({"motion": "right"}, ["max-he"]),
        ({"transition": "fade"}, ["max-he"]),
    ],
)
def test_a_motion_is_an_edit_of_its_own_line(
    project: Workspace, vendor: Standin, more: dict[str, str], segments: list[str]
) -> None:
    write(project, LINES)
    project.run()
    calls = vendor.count()
    write(project, with_line(1, **more))
    assert encoded(project) == segments
    assert vendor.count() == calls
    write(project, LINES)
    assert encoded(project) == []


def test_a_transition_that_shows_the_line_before_depends_on_its_picture_and_motion_alone(
    project: Workspace, vendor: Standin
) -> None:
    after = with_line(2, transition="whip")
    write(project, after)
    project.run()
    other_words = [after[0], {"max": "Hello to you too, and to everybody.", "image": "a red barn"}, after[2]]
    write(project, other_words)
    made = [name for name in project.made(project.run()) if name.startswith("segment:")]
    assert [name.split(":")[2][:9] for name in made] == ["max-hello"]
    calls = vendor.count()
    write(project, [other_words[0], {**other_words[1], "motion": "none"}, other_words[2]])
    assert encoded(project) == ["ada-go", "max-he"]
    assert vendor.count() == calls
    write(project, [other_words[0], {**other_words[1], "motion": "none", "image": "a green barn"}, other_words[2]])
    assert len([name for name in project.made(project.run()) if name.startswith("segment:")]) == 2


def test_the_whole_episode_may_stand_still(project: Workspace, vendor: Standin) -> None:
    write(project, LINES)
    project.run()
    calls = vendor.count()
    write(project, LINES, reel={"motion": "none", "transition": "cut"})
    assert len(encoded(project)) == 3
    assert vendor.count() == calls
