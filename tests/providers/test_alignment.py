"""When words are spoken, by the times of characters: what is shown, what is believed, and what is made of the rest."""

# ruff: noqa: RUF001  the typography of authors takes part
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.providers.speech.alignment import (
    Characters,
    Heard,
    Times,
    UnusableError,
    by_characters,
    by_length,
    by_pieces,
    by_spoken_words,
    characters,
)
from reelmake.providers.speech.display_words import has_sound, shown_words, without_tags

STEP = 0.06
TEXTS = st.lists(
    st.sampled_from(["Hello", "I", "don’t", "$5", "3.2", "a-b", "&", "—", "🎉", "“Wow!”", "नमस्ते", "[laughs]", "[a b]x"])
).map(" ".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(["characters", "x"])), inner),
    max_leaves=8,
)


def evenly(text: str, step: float = STEP) -> dict[str, Any]:
    """Return an alignment in which each character takes as long as any other."""
    return {
        "characters": list(text),
        "character_start_times_seconds": [step * at for at in range(len(text))],
        "character_end_times_seconds": [step * (at + 1) for at in range(len(text))],
    }


def loud(seconds: float) -> Heard:
    return Heard(seconds, (True,) * round(seconds * 100))


def times_of(text: str, alignment: Any, heard: Heard | None = None) -> list[Times]:
    return by_characters(shown_words(text), text, characters(alignment), heard or loud(STEP * len(text)))


def spoken_times(text: str, spoken: str) -> list[tuple[str, str]]:
    """Return of each word what is said while it is lit."""
    times = by_spoken_words(shown_words(text), characters(evenly(spoken)), loud(STEP * len(spoken)))
    return [
        (word.text, spoken[round(start / STEP) : round(end / STEP)])
        for word, (start, end) in zip(shown_words(text), times, strict=True)
    ]


def in_order(times: Sequence[Times], seconds: float) -> bool:
    inside = all(0 <= start < end <= seconds + 1e-6 for start, end in times)
    return inside and all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(times))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wow 🎉 — yes", ["Wow 🎉 —", "yes"]),
        ("— 🎉 Wow", ["— 🎉 Wow"]),
        ("[laughs] Oh[sighs] well [strong French accent]", ["Oh", "well"]),
        ('Wait <break time="1.5s" /> a minute', ["Wait", "a", "minute"]),
        ("1 < 2 and I [ ", ["1 <", "2", "and", "I ["]),
        ("You & me", ["You", "&", "me"]),
        ("[laughs] 🎉", []),
        ("", []),
    ],
)
def test_words_are_shown_without_tags(text: str, words: list[str]) -> None:
    assert [word.text for word in shown_words(text)] == words


@given(TEXTS)
def test_all_that_is_no_tag_is_shown(text: str) -> None:
    words = shown_words(text)
    assert not words or " ".join(word.text for word in words) == " ".join(without_tags(text).split())
    assert all(text[place] in word.text for word in words for place in word.places)
    assert bool(words) or not has_sound(text)
    assert all(word.weight > 0 for word in words)


@given(TEXTS)
def test_times_of_characters_are_times_of_words(text: str) -> None:
    times = times_of(text, evenly(text)) if text else []
    for word, (start, end) in zip(shown_words(text), times, strict=True):
        assert start == STEP * word.places[0]
        assert end == STEP * (word.places[-1] + 1)


@pytest.mark.parametrize(
    "spelled",
    ["Oh [laughs] it's  fine, Max!", "Oh it's fine, Max!", " Oh it’s fine Max ", "Oh [laughs] it's fine, Max!\n"],
)
def test_an_alignment_may_leave_out_tags_and_differ_in_spaces_and_marks(spelled: str) -> None:
    times = times_of("Oh [laughs] it's fine, Max!", evenly(spelled), loud(STEP * len(spelled)))
    assert [round(start / STEP) for start, _ in times] == [spelled.index(first) for first in ("O", "i", "f", "M")]


def test_a_character_may_be_of_several_code_points() -> None:
    family = "👩‍👧"
    found = characters({**evenly("ab"), "characters": [family, "b"]})
    assert found == Characters(family + "b", (0.0,) * 3 + (STEP,), (STEP,) * 3 + (2 * STEP,))


TEXT = "Hello there, Max! How are you doing?"
SECONDS = STEP * len(TEXT)
EVEN = evenly(TEXT)
STARTS, ENDS = EVEN["character_start_times_seconds"], EVEN["character_end_times_seconds"]


def spoilt(**parts: Any) -> dict[str, Any]:
    names = {"starts": "character_start_times_seconds", "ends": "character_end_times_seconds"}
    return {**EVEN, **{names.get(name, name): part for name, part in parts.items()}}


@pytest.mark.parametrize(
    ("alignment", "why"),
    [
        (None, "it is missing"),
        ([], "it is missing"),
        ({}, "it is incomplete"),
        (spoilt(starts=None), "it is incomplete"),
        (spoilt(starts=STARTS[1:]), "36 characters, 35 starts and 36 ends"),
        (evenly(""), "0 characters"),
        (spoilt(starts=[*STARTS[:-1], "2.0"]), "something else"),
        (spoilt(starts=[*STARTS[:-1], float("nan")]), "something else"),
        (spoilt(characters=[*TEXT[:-1], None]), "something else"),
        (spoilt(characters=list(TEXT.replace("Max", "Ada"))), "do not spell"),
        (spoilt(starts=STARTS[18:] + STARTS[:18], ends=ENDS[18:] + ENDS[:18]), "go back"),
        (spoilt(starts=ENDS, ends=STARTS), "ends before it starts"),
        (spoilt(starts=[-1.0, *STARTS[1:]]), "ends before it starts"),
        (spoilt(starts=[1.3 * at for at in STARTS], ends=[1.3 * at for at in ENDS]), "ends at 2.81 s"),
        (spoilt(starts=[0.7 * at for at in STARTS], ends=[0.7 * at for at in ENDS]), "ends at 1.51 s"),
        (
            spoilt(starts=STARTS[:18] + [STARTS[18]] * 18, ends=ENDS[:18] + [ENDS[-1]] * 18),
            "characters in a row are at one time",
        ),
        (
            spoilt(starts=STARTS[:26] + [STARTS[26]] * 3 + STARTS[29:], ends=ENDS[:26] + [STARTS[26]] * 3 + ENDS[29:]),
            "'you' lasts no time",
        ),
    ],
)
def test_times_that_cannot_be_right_are_not_believed(alignment: Any, why: str) -> None:
    with pytest.raises(UnusableError, match=why):
        times_of(TEXT, alignment)


def test_a_few_characters_may_begin_together() -> None:
    assert times_of(TEXT, spoilt(starts=STARTS[:6] + [STARTS[6]] * 4 + STARTS[10:])) == times_of(TEXT, EVEN)


def test_words_in_silences_are_not_believed() -> None:
    half = Heard(SECONDS, (False,) * 108 + (True,) * 108)
    with pytest.raises(UnusableError, match="nothing is heard at 3 of 7 words, such as 'Hello'"):
        times_of(TEXT, EVEN, half)


def test_silence_and_breath_at_the_end_are_no_fault() -> None:
    assert times_of(TEXT, EVEN, Heard(SECONDS + 0.8, (True,) * 216 + (False,) * 80))
    assert times_of(TEXT, EVEN, Heard(SECONDS + 0.15, (True,) * 231))


@given(JSON)
def test_whatever_an_alignment_holds_is_told(found: Any) -> None:
    with pytest.raises(UnusableError):
        characters(found)


@pytest.mark.parametrize(
    ("text", "spoken", "lit"),
    [
        ("It costs $5, Max.", " it costs five dollars, max.", ["it", "costs", "five dollars", "max"]),
        ("$3.2 billion!", " three point two billion dollars!", ["three point two", "billion dollars"]),
        ("$5 or $10", " five dollars or ten dollars", ["five dollars", "or", "ten dollars"]),
        ("$5 $1", " five dollars one dollar", ["five dollars", "one dollar"]),
        ("You & me", " you and me", ["you", "and", "me"]),
        ("You & me", " you & me", ["you", "&", "me"]),
        ("[laughs] Don’t — go", " [laughs] don't go", ["don't", "go"]),
        ("1984", " nineteen eighty-four", ["nineteen eighty-four"]),
        ("NASA, etc. too", " nasa, et cetera too", ["nasa", "et cetera", "too"]),
    ],
)
def test_what_is_said_has_the_times_of_what_is_shown(text: str, spoken: str, lit: list[str]) -> None:
    assert [said for _, said in spoken_times(text, spoken)] == lit


def test_several_words_may_be_said_as_fewer() -> None:
    assert spoken_times("two 4 six", " twofoursix") == [("two", "two"), ("4", "four"), ("six", "six")]


def test_a_word_that_is_not_said_is_not_believed() -> None:
    with pytest.raises(UnusableError, match="it does not say 'Max'"):
        spoken_times("Hello Max", " hello")


@given(TEXTS, st.lists(st.booleans(), max_size=300))
def test_by_length_every_word_has_its_time(text: str, frames: list[bool]) -> None:
    words = shown_words(text)
    heard = Heard(len(frames) / 100, tuple(frames))
    times = by_length(words, heard)
    assert len(times) == len(words)
    assert in_order(times, heard.seconds + 0.02)


def test_by_length_a_long_silence_follows_a_mark() -> None:
    heard = Heard(3, (True,) * 100 + (False,) * 50 + (True,) * 150)
    assert by_length(shown_words("Now, where are you?"), heard)[1][0] == pytest.approx(1.5)
    assert by_length(shown_words("Now where are you?"), heard)[1][0] < 1
    a_breath = Heard(3, (True,) * 20 + (False,) * 50 + (True,) * 230)
    assert by_length(shown_words("Where are you all now, Max?"), a_breath)[-1][0] > 2


def test_by_length_no_word_falls_into_a_silence() -> None:
    heard = Heard(3, (False,) * 50 + (True,) * 60 + (False,) * 80 + (True,) * 60 + (False,) * 50)
    (hello, there), seconds = by_length(shown_words("Hello there"), heard), 0.01
    assert hello == pytest.approx((0.5, 1.1), abs=seconds)
    assert there == pytest.approx((1.9, 2.5), abs=seconds)


def lit(pieces: Sequence[tuple[str, str]], language: str = "en") -> list[tuple[str, str]]:
    """Return of each word that is shown what is said while it is lit; each character takes a second."""
    said = "".join(spoken for _, spoken in pieces)
    words = [(word.text, word.places[0]) for word in shown_words(said, language)]
    spoken = [
        (text, float(said.index(text, max(0, at - 2))), float(said.index(text, max(0, at - 2)) + len(text)))
        for text, at in words
    ]
    return [(word.text, said[round(start) : round(end)]) for word, (start, end) in by_pieces(pieces, spoken, language)]


def test_a_word_is_lit_while_what_is_said_for_it_is_spoken() -> None:
    pieces = [("AITA", "am I wrong"), (" for ", " for "), ("(nginx's)", "(engine x's)"), (" docs?", " docs?")]
    assert lit(pieces) == [
        ("AITA", "am I wrong"),
        ("for", "for"),
        ("(nginx's)", "(engine x's)"),
        ("docs?", "docs?"),
    ]


def test_words_that_stay_keep_their_times_when_a_line_says_something_else() -> None:
    pieces = [("It costs $5 now.", "It costs five whole bucks now.")]
    assert lit(pieces) == [("It", "It"), ("costs", "costs"), ("$5", "five whole bucks"), ("now.", "now.")]


def test_more_words_may_be_shown_than_said() -> None:
    shown = lit([("A very long text of many words", "short talk")])
    assert [word for word, _ in shown] == ["A", "very", "long", "text", "of", "many", "words"]


def test_words_without_spaces_are_lit_in_their_place() -> None:
    assert (
        "".join(said for _, said in lit([("青い", "青い"), ("空", "そら"), ("だ。", "だ。")], "ja")) == "青いそらだ。"
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Hello", "$5", "“nginx,”", "New York", "a-b", "x"]),
            st.sampled_from(["", "engine x", "one two three", "x"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_shown_word_has_a_time_in_order(parts: list[tuple[str, str]]) -> None:
    pieces: list[tuple[str, str]] = []
    for shown, spoken in parts:
        pieces += [(" ", " ")] * bool(pieces) + [(shown, spoken or shown)]
    said = "".join(spoken for _, spoken in pieces)
    words = [(word.text, float(word.places[0]), float(word.places[-1] + 1)) for word in shown_words(said)]
    times = by_pieces(pieces, words, "en")
    assert [word.text for word, _ in times] == [word.text for word in shown_words("".join(a for a, _ in pieces))]
    assert all(start <= end for _, (start, end) in times)
    assert all(one[1] <= two[0] for (_, one), (_, two) in pairwise(times))
