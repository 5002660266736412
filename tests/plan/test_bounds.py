"""How long speech is expected to take."""

from __future__ import annotations

import pytest

from reelmake.plan.bounds import seconds_of, speech_seconds
from reelmake.spec.model import Episode, Line, Reel


@pytest.mark.parametrize(
    ("text", "seconds"),
    [  # as the offline voices, and people, say them
        ("Because sunlight is sneaky. It looks white, but it is every colour at once.", 4.5),
        ("Hi.", 0.4),
        ("空は青いです。", 1.1),
    ],
)
def test_it_is_about_right(text: str, seconds: float) -> None:
    assert speech_seconds(text) == pytest.approx(seconds, rel=0.25)


def test_pauses_count_and_lines_that_are_not_written_are_as_long_as_most() -> None:
    episode = Episode(title="t", topic="x", cast=["ada"], lines=3)
    line = Line(character="ada", text="Hello there.", pause_seconds=2)
    assert seconds_of(episode, [line], Reel()) == [speech_seconds("Hello there.") + 2]
    assert seconds_of(episode, [], Reel(pause_seconds=1)) == [6.0] * 3
