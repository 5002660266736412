"""In which direction words are read: where each of a row goes when some of them, or all, are read from the right.

Every word is drawn by itself, so that libass knows nothing of its neighbours. What the Unicode bidirectional algorithm
(UAX #9) does for a paragraph is therefore done here for words, and what it does within a word is left to libass, which
learns from invisible marks in which direction the word goes. Where some words go against their line, the marks and
emoji around them go with the line, and are pieces of their own: the full stop after `Visual Studio.` stands to the left
of both in Arabic.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Final, Literal
from unicodedata import bidirectional, category

LEFT_MARK: Final = "\u200e"  # invisible letters of Latin and of Hebrew, as it were
RIGHT_MARK: Final = "\u200f"

Way = Literal["L", "R"]
_RIGHT: Final = ("R", "AL")
_DIGITS: Final = ("EN", "AN")
_RIGHT_LANGUAGES: Final = frozenset({"ar", "ckb", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})


def is_of_the_right(language: str) -> bool:
    """Say whether a language (a tag) is written from right to left."""
    return language.partition("-")[0].lower() in _RIGHT_LANGUAGES


def reads_from_right(texts: Sequence[str], *, usually: bool = False) -> bool:
    """Say whether a line is read from right to left, by its words.

    Of a language that usually is, every line that has such a word; of others, one of which they are at least half.
    A foreign name at the beginning of a sentence turns nothing round.
    """
    found = [way for way in map(_way, texts) if way]
    right = found.count("R")
    return right > 0 and (usually or 2 * right >= len(found))


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
    ways: list[Way] = []
    for at, way in enumerate(found):
        before = ways[-1] if ways else base
        after = next((other for other in found[at:] if other), base)
        ways.append(way or (before if before == after else base))
    return ways


def parts(texts: Sequence[str], row: Sequence[Way], *, from_right: bool) -> list[list[tuple[str, Way]]]:
    """Cut the words of a row into pieces, each with its direction: what is around words that go against the line."""
    base: Way = "R" if from_right else "L"
    pieces = [[(text, way)] for text, way in zip(texts, row, strict=True)]
    for way, members in groupby(range(len(row)), key=lambda at: row[at]):
        if way == base:
            continue
        places = list(members)
        for at in {places[0], places[-1]}:
            before, word, after = _bare(texts[at])
            if at != places[0]:
                before, word = "", before + word
            if at != places[-1]:
                word, after = word + after, ""
            pieces[at] = [(piece, to) for piece, to in ((before, base), (word, way), (after, base)) if piece]
    return pieces


def _bare(text: str) -> tuple[str, str, str]:
    """Return a word without the marks and emoji around it, between these."""
    core = [at for at, char in enumerate(text) if category(char)[0] in "LN" or _is_of_a_number(char)]
    if not core:
        return "", text, ""
    first, last = core[0], core[-1] + 1
    while text[last : last + 1] and category(text[last]).startswith("M"):
        last += 1
    return text[:first], text[first:last], text[last:]


def _is_of_a_number(char: str) -> bool:
    return bidirectional(char) in ("ET", "ES") or category(char) == "Sm"  # $ % # + -


def visual(row: Sequence[Way], *, from_right: bool) -> list[int]:
    """Return the places of a row's pieces in the order in which they stand, from left to right."""
    groups = [
        (way, [at for at, _ in members]) for way, members in groupby(enumerate(row), key=lambda member: member[1])
    ]
    order: list[int] = []
    for way, members in reversed(groups) if from_right else groups:
        order += reversed(members) if way == "R" else members
    return order


def gaps(order: Sequence[int], row: Sequence[Way], spaces: Sequence[float]) -> list[float]:
    """Return how far each piece, in the order in which they stand, is from the one to its left.

    `spaces` are those before each, in the order in which they are read.
    """
    offsets = [0.0]
    for left, right in pairwise(order):
        first, at = sorted((left, right))
        while at - 1 > first and row[at - 1] == row[at]:
            at -= 1  # where those begin that go in this direction
        offsets.append(spaces[at])
    return offsets


def marks(row: Sequence[Way], *, from_right: bool) -> list[tuple[str, str]]:
    """Return the marks before and after each piece of a row, with which it goes in its direction.

    There are none in a row of pieces that are all read from the left.
    """
    if not from_right and "R" not in row:
        return [("", "")] * len(row)
    base = RIGHT_MARK if from_right else LEFT_MARK
    own = [LEFT_MARK if way == "L" else RIGHT_MARK for way in row]
    return [(base if mark == base else base + mark, mark) for mark in own]


def _way(text: str) -> Way | None:
    """Return the direction of a word's first letter, or None when it has none."""
    for char in text:
        if (found := bidirectional(char)) in ("L", *_RIGHT):
            return "L" if found == "L" else "R"
    return None
