"""In which direction words are read: where each of a row goes when some of them, or all, are read from the right.

Every word is drawn by itself, so that libass knows nothing of its neighbours. What the Unicode bidirectional algorithm
(UAX #9) does for a paragraph is therefore done here for words, and what it does within a word is left to libass, which
is told by invisible marks what stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, Literal
from unicodedata import bidirectional

LEFT_MARK: Final = "\u200e"  # invisible letters of Latin and of Hebrew, as it were
RIGHT_MARK: Final = "\u200f"

Way = Literal["L", "R"]
_RIGHT: Final = ("R", "AL")
_DIGITS: Final = ("EN", "AN")


def reads_from_right(texts: Sequence[str]) -> bool:
    """Say whether at least half of the words that have a direction are read from right to left.

    A foreign name at the beginning of a sentence turns nothing round.
    """
    found = [way for way in map(_way, texts) if way]
    right = found.count("R")
    return right > 0 and 2 * right >= len(found)


def ways(texts: Sequence[str], *, from_right: bool) -> list[Way]:
    """Return in which direction each word of a line goes: numbers like the word before, others like their neighbours.

    Args:
        texts: the words of a line, in order; a row of it may begin with a number that belongs to the row before.
        from_right: whether the line is read from right to left.
    """
    base: Way = "R" if from_right else "L"
    found: list[Way | None] = []
    last: Way = base
    for text in texts:
        way = _way(text)
        if way is None and any(bidirectional(char) in _DIGITS for char in text):
            way = last
        last = way or last
        found.append(way)
    told: list[Way] = []
    for at, way in enumerate(found):
        before = told[-1] if told else base
        after = next((other for other in found[at:] if other), base)
        told.append(way or (before if before == after else base))
    return told


def visual(row: Sequence[Way], *, from_right: bool) -> list[int]:
    """Return the places of a row's words in the order in which they stand, from left to right."""
    groups = [
        (way, [at for at, _ in members]) for way, members in groupby(enumerate(row), key=lambda member: member[1])
    ]
    order: list[int] = []
    for way, members in reversed(groups) if from_right else groups:
        order += reversed(members) if way == "R" else members
    return order


def marks(row: Sequence[Way], *, from_right: bool) -> list[tuple[str, str]]:
    """Return the marks before and after each word of a row, with which it looks as it does between its neighbours.

    There are none in a row of words that are all read from the left.
    """
    if not from_right and "R" not in row:
        return [("", "")] * len(row)
    base = RIGHT_MARK if from_right else LEFT_MARK
    told = []
    for at, way in enumerate(row):
        same = LEFT_MARK if way == "L" else RIGHT_MARK
        before = same if at and row[at - 1] == way else ""
        after = same if at + 1 < len(row) and row[at + 1] == way else ""
        told.append((base + before, after))
    return told


def _way(text: str) -> Way | None:
    """Return the direction of a word's first letter, or None when it has none."""
    for char in text:
        if (found := bidirectional(char)) in ("L", *_RIGHT):
            return "L" if found == "L" else "R"
    return None
