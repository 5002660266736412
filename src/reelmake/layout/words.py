"""Where words begin, and in which direction they are read.

Words are parted at spaces, and in languages that write none, where a reader would draw breath: Japanese and Chinese
are cut into phrases (`空が|青いのは、`), since that is where captions in them are broken; Thai is cut into words.
BudouX knows where, with models that ship in its wheel.

Every word is drawn by itself, so that libass knows nothing of its neighbours. What the Unicode bidirectional algorithm
(UAX #9) does for a paragraph is therefore done here for words, and what it does within a word is left to libass, which
learns from invisible marks in which direction the word goes. Where some words go against their line, the marks and
emoji around them go with the line, and are pieces of their own: the full stop after `Visual Studio.` stands to the left
of both in Arabic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final, Literal, Protocol
from unicodedata import bidirectional, category, normalize

if TYPE_CHECKING:
    from budoux import Parser


_KANA: Final = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_HAN: Final = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_THAI: Final = "\u0e01-\u0e5b"
_OTHERS: Final = "\u0e81-\u0edf\u1000-\u109f\u1780-\u17ff"  # Lao, Burmese, Khmer: no spaces, and no model
_MARKS: Final = "\u3001-\u3003\u3008-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff3d\uff5b-\uff65"

_SPACELESS: Final = f"[{_KANA}{_HAN}{_THAI}{_OTHERS}{_MARKS}]"  # takes long to compile: only where there may be one
_TRADITIONAL: Final = re.compile("zh-(?:hant|tw|hk|mo)", re.IGNORECASE)

# Small kana, and marks that repeat or lengthen: with closing marks, what never begins a row.
_NOT_FIRST: Final = frozenset("ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ゛゜〜\uff5e")
_CLOSING: Final = ("Pe", "Pf", "Po")
_OPENING: Final = ("Ps", "Pi", "Sc")


class Joined(Protocol):
    """A word of a line, of any kind."""

    @property
    def text(self) -> str:
        """What is shown."""

    @property
    def glued(self) -> bool:
        """Whether it follows the one before it without a space."""


def joined(words: Sequence[Joined]) -> str:
    """Return words as one text, with a space between two that are not glued."""
    return "".join(("" if word.glued or not at else " ") + word.text for at, word in enumerate(words))


Case = Literal["as-written", "upper", "lower"]
_DOTTED: Final = ("tr", "az")


def cased(text: str, case: Case, language: str = "") -> str:
    """Return a text in capitals, or in small letters, as its language has them.

    A letter whose capital no font would have (Georgian) stays; Greek capitals have no accents, and a Turkish i its dot.
    """
    if case == "as-written":
        return text
    tag = language.partition("-")[0].lower()
    if case == "lower":
        return (text.replace("\u0130", "i").replace("I", "\u0131") if tag in _DOTTED else text).lower()
    if tag in _DOTTED:
        text = text.replace("i", "\u0130")
    if tag == "el":
        text = normalize("NFC", normalize("NFD", text).replace("\u0301", ""))
    return "".join(char if "\u10d0" <= char <= "\u10ff" else char.upper() for char in text)


def writes_no_spaces(char: str) -> bool:
    """Say whether a character is of a script whose words are not parted by spaces, or a mark of one."""
    return not char.isascii() and re.match(_SPACELESS, char) is not None


def may_break(before: str, after: str) -> bool:
    """Say whether a row may end between two characters of a script without spaces."""
    follows = after in _NOT_FIRST or category(after) in _CLOSING or category(after).startswith("M")
    return not follows and category(before) not in _OPENING


def spans(text: str, language: str = "") -> Iterator[tuple[int, int, bool]]:
    """Yield where each word of a text begins and ends, and whether it follows the one before it without a space.

    Args:
        text: what is said.
        language: its tag, as far as it is known; it decides for text of nothing but Han characters.
    """
    for token in re.finditer(r"\S+", text):
        cuts = [0, *_cuts(token[0], language, text), len(token[0])]
        for first, last in pairwise(cuts):
            yield token.start() + first, token.start() + last, first > 0


def _cuts(token: str, language: str, text: str) -> list[int]:
    """Return where a token without spaces, of a text, is cut."""
    if token.isascii() or not re.search(_SPACELESS, token):
        return []
    cuts = []
    parser = _parser(_model(token, language, text))
    at = 0
    for phrase in parser.parse(token)[:-1]:
        at += len(phrase)
        before, after = token[at - 1], token[at]
        is_inside_latin = not (writes_no_spaces(before) or writes_no_spaces(after))  # 202|6, Wi|-Fi
        if not is_inside_latin and may_break(before, after):
            cuts.append(at)
    return cuts


def _model(token: str, language: str, text: str) -> str:
    """Return the name of the model that knows a token's language."""
    if re.search(f"[{_THAI}]", token):
        return "thai"
    if re.search(f"[{_KANA}]", text) or language.startswith("ja"):
        return "japanese"
    return "traditional_chinese" if _TRADITIONAL.match(language) else "simplified_chinese"


@cache
def _parser(model: str) -> Parser:
    import budoux  # noqa: PLC0415 (only texts without spaces need it)

    parser: Parser = getattr(budoux, f"load_default_{model}_parser")()
    return parser


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
