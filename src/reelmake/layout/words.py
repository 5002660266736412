"""Where words begin: at spaces, and in languages that write none, where a reader would draw breath.

Japanese and Chinese are cut into phrases (`空が|青いのは、`), since that is where captions in them are broken; Thai is
cut into words. BudouX knows where, with models that ship in its wheel. Text of any other language is parted by its
spaces alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Protocol
from unicodedata import category

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
