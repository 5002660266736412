"""What in a text is most likely not said as its author wants: links, short forms, dates that can be read two ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from reelmake.providers.english import numerals
from reelmake.providers.english.context import around, settle
from reelmake.providers.english.expand import ONLY_ALONE, SHORT, SYMBOLS, keeps_its_dot, unit
from reelmake.providers.english.spoken import tokens

Doubt = tuple[str, str]  # what is doubtful, and what to do

OTHERWISE: Final = "write what is said into say: below the line, or leave it out"
_MEDIA: Final = re.compile(
    r"<[^<>]*\b(?:omitted|attached)\b[^<>]*>|\b(?:image|video|audio|GIF|sticker|document|media|contact card) omitted\b"
    r"|\(file attached\)|\b(?:this message was|you) deleted(?: this message)?\b|\bmissed (?:voice|video) call\b",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"(?:https?://|www\.)[^\s<>]+|\b(?:[\w-]+\.)+[a-z]{2,6}/[^\s<>]*", re.IGNORECASE)
_DATE: Final = re.compile(r"(?<![\d./-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?![\d/-]|\.\d)")
_NOISE: Final = re.compile(r"h+m+|m+h*m+|s+h+|b+r+|g+r+|p+s+t+|p+f+t+|t+s+k+|z+|n+th", re.IGNORECASE)
_SPELLED: Final = frozenset({"tv", "tvs", "dvd", "dvds", "cd", "cds", "pc", "pcs", "gps", "html", "css", "vr", "dj"})
_LONGEST_SHORT_FORM: Final = 5


def doubts(text: str) -> Iterator[Doubt]:
    """Yield what is doubtful for every voice that speaks English."""
    yield from chat_notes(text)
    for found in _LINK.finditer(text):
        yield f"the link {found[0]!r} would be read aloud", OTHERWISE
    for found in _DATE.finditer(text):
        first, sign, second, year = found.groups()
        dates = {numerals.date(year, *order) for order in ((first, second), (second, first))} - {""}
        if len(dates) > 1 and (sign != "." or len(year) > 2):  # noqa: PLR2004  1.2.34 is a version
            yield f"{found[0]} may be {' or '.join(sorted(dates))}", "write the month as a word"
    for word in _short_forms(text):
        fix = f"write the word, or how it is said under pronounce: `{word}: ...`"
        yield f"{word!r} may be a short form, and nothing says how it is read", fix


def chat_notes(text: str) -> Iterator[Doubt]:
    """Yield what an app has put into the export of a chat, and nobody says."""
    for found in _MEDIA.finditer(text):
        yield f"{found[0]!r} is a note of a chat, and no speech", "remove the line, or write what is said"


def silent_signs(text: str) -> Iterator[Doubt]:
    """Yield the signs that the offline voices leave out though they mean something."""
    known = {*SYMBOLS, *ONLY_ALONE, *"~|<>^¬"}
    for char in dict.fromkeys(unicodedata.normalize("NFKC", text)):
        is_arrow = "ARROW" in unicodedata.name(char, "")
        if unicodedata.category(char) in {"Sc", "Sm"} and char not in known and not is_arrow:
            yield f"the sign {char} is not said", "write its word, or how it is said into say: below the line"


def _short_forms(text: str) -> Iterator[str]:
    """Yield words that look like short forms, and that no rule and no dictionary knows."""
    from reelmake.providers.english.hibari_parts import is_word  # noqa: PLC0415

    found = settle(tokens(_LINK.sub(" ", text)), text).tokens
    seen = set()
    for at, token in enumerate(found):
        here, word = around(found, at), token.core
        if (
            not re.fullmatch(r"[a-z]{2,}", word)
            or word in seen
            or word in _SPELLED
            or word in SHORT
            or _NOISE.fullmatch(word)
        ):
            continue
        if unit(word, here.previous) and here.previous[-1:].isdigit():
            continue
        is_cut = here.dotted and here.next[:1].islower() and len(word) <= _LONGEST_SHORT_FORM
        if (is_cut and not keeps_its_dot(word, here)) or not set(word) & set("aeiouy"):
            seen.add(word)
            if not is_word(word):
                yield word
