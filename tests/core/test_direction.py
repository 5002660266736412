"""Where words stand when some of them, or all, are read from the right."""

from __future__ import annotations

import pytest

from reelmake.direction import LEFT_MARK, RIGHT_MARK, marks, reads_from_right, visual, ways


def seen(text: str) -> str:
    """Return the words of a line as they stand, from left to right."""
    texts = text.split()
    from_right = reads_from_right(texts)
    return " ".join(texts[at] for at in visual(ways(texts, from_right=from_right), from_right=from_right))


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
    ],
)
def test_words_stand_where_a_reader_looks_for_them(text: str, expected: str) -> None:
    assert seen(text) == expected


def test_a_number_that_begins_a_row_belongs_to_the_row_before() -> None:
    line = ways(["هاتف", "iPhone", "15", "Pro", "بسعر"], from_right=True)
    assert visual(line[2:], from_right=True) == [2, 0, 1]  # `15 Pro`, and what follows to its left


def test_plain_rows_have_no_marks() -> None:
    assert marks(["L", "L"], from_right=False) == [("", ""), ("", "")]


def test_marks_say_what_stands_beside_a_word() -> None:
    made = marks(["R", "L", "L", "R"], from_right=True)
    assert made == [
        (RIGHT_MARK, ""),
        (RIGHT_MARK, LEFT_MARK),  # the comma of `iPhone, Pro` stands between the two
        (RIGHT_MARK + LEFT_MARK, ""),  # the one after `Pro` at its left
        (RIGHT_MARK, ""),
    ]
