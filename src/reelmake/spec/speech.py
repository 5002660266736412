"""What is said for a line, where it differs from what is shown: its own `say:`, and lists of pronunciations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reelmake.layout.words import writes_no_spaces

_TAG = re.compile(r"\[[^\[\]]*\]|<[^<>]*>")  # of a vendor: nothing in it is read aloud


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: one word or several as they are shown, and what is said for them."""

    shown: str
    said: str


def pieces_of(text: str, say: str | None, pronounce: Mapping[str, str]) -> tuple[Piece, ...]:
    """Return a line in pieces, each of which is said as it is shown, or in other words.

    A `say` is said in place of the whole line, and may hold words of the list as well. A word of the list is replaced
    where it stands alone: the longest one first, and one that matches in its letters' case before one that does not.
    """
    if say is not None:
        return (Piece(text, _replaced(say, pronounce)),)
    return tuple(
        Piece(part, _replaced(part, pronounce) if is_there else part) for part, is_there in _parts(text, pronounce)
    )


def said(pieces: tuple[Piece, ...]) -> str:
    """Return what is said for the pieces of a line."""
    return "".join(piece.said for piece in pieces)


def differs(pieces: tuple[Piece, ...]) -> bool:
    """Say whether anything is said otherwise than it is shown."""
    return any(piece.shown != piece.said for piece in pieces)


def growth(pronounce: Mapping[str, str]) -> float:
    """Return how many times as long a text may become at most."""
    return max([1.0, *(len(value) / len(word) for word, value in pronounce.items())])


def _parts(text: str, pronounce: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield a text in parts, and whether words of the list are in them; whole words, with the marks at them."""
    spans: list[tuple[int, int]] = []
    for first, last, _ in _matches(text, pronounce):
        start = max([0, *(space.end() for space in re.finditer(r"\s", text[:first]))])
        space = re.search(r"\s", text[last:])
        end = last + space.start() if space else len(text)
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    at = 0
    for start, end in spans:
        if at < start:
            yield text[at:start], False
        yield text[start:end], True
        at = end
    if at < len(text):
        yield text[at:], False


def _replaced(text: str, pronounce: Mapping[str, str]) -> str:
    parts = []
    at = 0
    for start, end, value in _matches(text, pronounce):
        parts += [text[at:start], value]
        at = end
    return "".join([*parts, text[at:]])


def _matches(text: str, pronounce: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Yield where words of the list stand in a text, and what is said for each."""
    plain = " ".join(text.split()).casefold()
    if not (words := [word for word in pronounce if " ".join(word.split()).casefold() in plain]):
        return
    pattern = "|".join(map(_pattern, sorted(words, key=len, reverse=True)))
    exact = {" ".join(word.split()): value for word, value in pronounce.items()}
    any_case = {word: value for word, value in exact.items() if word == word.lower()}
    for match in re.finditer(rf"(?P<tag>{_TAG.pattern})|(?P<word>{pattern})", text):
        if match["word"]:
            word = " ".join(match["word"].split())
            yield *match.span(), exact.get(word) or any_case[word.lower()]


def _pattern(word: str) -> str:
    """Return a pattern for a word that stands alone; one in small letters is found in capitals, too."""
    letters = r"\s+".join(map(re.escape, word.split()))
    before = "" if writes_no_spaces(word[0]) else r"(?<!\w)"
    after = "" if writes_no_spaces(word[-1]) else r"(?!\w)"
    return f"{before}(?i:{letters}){after}" if word == word.lower() else f"{before}{letters}{after}"
