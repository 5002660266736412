"""When the shots of a line begin: at words, at seconds, or evenly; their frames add up to the line's."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.layout.shots import Start, shot_starts, word_starts
from reelmake.layout.timeline import Word

SAID = "Who moves the sea, twice a day? The moon does."


def spoken(text: str, frames_each: int = 10, fps: int = 30) -> list[Word]:
    step = 48_000 // fps * frames_each
    return [Word(word, at * step, (at + 1) * step) for at, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("places", "starts"),
    [
        ([None], [0]),
        ([None, None], [0, 50]),
        ([None, "The moon"], [0, 70]),
        ([None, "the", "the"], [0, 20, 70]),
        ([None, "MOVES the", None, "moon"], [0, 10, 40, 80]),
        ([None, 1.5], [0, 45]),
        ([None, "sea twice", 3.2], [0, 30, 96]),
        ([None, 90.0], [0, 99]),
        ([None, "oon"], [0, 80]),
    ],
)
def test_shots_begin_with_their_words(places: list[str | float | None], starts: list[int]) -> None:
    assert shot_starts(word_starts(SAID, places), spoken(SAID), 100, 30) == starts


def test_words_that_are_not_said_have_no_place() -> None:
    for places in ([None, "stars"], [None, "moon", "sea"], [None, "day", "day"]):
        with pytest.raises(ValueError, match=r"stars|sea|day"):
            word_starts(SAID, places)


def test_words_without_spaces_are_found_too() -> None:
    words = [Word(text, at * 16_000, (at + 1) * 16_000, at > 0) for at, text in enumerate(("空は", "青い", "です。"))]
    assert shot_starts(word_starts("空は青いです。", [None, "青い"]), words, 60, 30) == [0, 10]


def test_a_translation_changes_the_picture_at_the_same_share_of_its_words() -> None:
    words = spoken("Qui fait bouger la mer ? La lune le fait.")
    [_, second] = shot_starts(word_starts(SAID, [None, "The moon"]), words, 120, 30)
    assert words[second // 10].text in ("La", "lune")


starts = st.builds(Start, st.none() | st.floats(0, 20), st.none()) | st.builds(Start, st.none(), st.floats(0, 1))
words = st.lists(st.integers(0, 400), max_size=12).map(
    lambda frames: [Word(f"w{at}", frame * 1600, frame * 1600 + 800) for at, frame in enumerate(sorted(frames))]
)


@given(st.lists(starts, min_size=1, max_size=8), words, st.integers(1, 300))
def test_the_frames_of_shots_add_up(given_starts: list[Start], spoken_words: list[Word], frames: int) -> None:
    found = shot_starts(given_starts, spoken_words, frames, 30)
    lengths = [end - begin for begin, end in pairwise([*found, frames])]
    assert found[0] == 0
    assert sum(lengths) == frames
    assert min(lengths) >= (1 if frames >= len(given_starts) else 0)
