"""Where words stand when some of them, or all, are read from the right."""

from __future__ import annotations

import pytest

from reelmake.layout.words import (
    LEFT_MARK,
    RIGHT_MARK,
    gaps,
    is_of_the_right,
    marks,
    parts,
    reads_from_right,
    visual,
    ways,
)


def seen(text: str, *, usually: bool = False) -> str:
    """Return a line as it stands, from left to right; the letters of a word are not turned round."""
    texts = text.split()
    from_right = reads_from_right(texts, usually=usually)
    told = parts(texts, ways(texts, from_right=from_right), from_right=from_right)
    pieces = [piece for word in told for piece in word]
    spaces = [0.0 if at else 1.0 for word in told for at in range(len(word))]
    row = [way for _, way in pieces]
    order = visual(row, from_right=from_right)
    between = gaps(order, row, spaces)
    return "".join(" " * int(gap) + pieces[at][0] for at, gap in zip(order, between, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("why is the sky blue", "why is the sky blue"),
        ("السماء زرقاء جدا", "جدا زرقاء السماء"),
        ("هاتف iPhone 15 Pro بسعر 999 دولار", "دولار 999 بسعر iPhone 15 Pro هاتف"),
        ("iPhone هاتف رائع", "رائع هاتف iPhone"),  # a name at the beginning turns nothing round
        ("he said مرحبا بك 15 مرة to me", "he said مرة 15 بك مرحبا to me"),
        ("رائع 🎉 جدا", "جدا 🎉 رائع"),
        ("on 3 4 days", "on 3 4 days"),
        ("أستخدم Visual Studio، كل يوم جديد", "جديد يوم كل ،Visual Studio أستخدم"),
        ("هل تحب Visual Studio؟", "؟Visual Studio تحب هل"),
        ("ثم قال (Blue, Light🎉) للجميع", "للجميع 🎉)Blue, Light( قال ثم"),  # brackets are turned round when drawn
        ("he said «مرحبا بكم», ok", "he said «بكم مرحبا», ok"),
        ("بسعر جديد C++ $15 -3% اليوم", "اليوم C++ $15 -3% جديد بسعر"),
    ],
)
def test_words_stand_where_a_reader_looks_for_them(text: str, expected: str) -> None:
    assert seen(text) == expected


def test_a_number_that_begins_a_row_belongs_to_the_row_before() -> None:
    line = ways(["هاتف", "iPhone", "15", "Pro", "بسعر"], from_right=True)
    assert visual(line[2:], from_right=True) == [2, 0, 1]  # `15 Pro`, and what follows to its left


def test_plain_rows_have_no_marks() -> None:
    assert marks(["L", "L"], from_right=False) == [("", ""), ("", "")]


def test_a_line_of_a_language_of_the_right_begins_there_whatever_names_are_in_it() -> None:
    text = "أحب Visual Studio Code."
    assert seen(text) == text, "an English line that mentions something"
    assert seen(text, usually=True) == ".Visual Studio Code أحب"
    assert seen("Visual Studio!", usually=True) == "Visual Studio!"
    assert [tag for tag in ("ar-EG", "fa", "he", "en", "arn", "ja") if is_of_the_right(tag)] == ["ar-EG", "fa", "he"]


def test_marks_say_in_which_direction_a_piece_goes() -> None:
    assert marks(["R", "L", "R"], from_right=True) == [
        (RIGHT_MARK, RIGHT_MARK),
        (RIGHT_MARK + LEFT_MARK, LEFT_MARK),
        (RIGHT_MARK, RIGHT_MARK),
    ]
