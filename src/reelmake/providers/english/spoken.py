"""What is said for each word as it is written, so that captions show the one and the voice says the other.

A `Said` is one shown word: a whitespace-separated token of the author's text, with what an English speaker says for
it ("$3.2" is "three point two", "billion" after it is "billion dollars"). Tokens without a sound of their own (an
emoji, a lone dash) belong to the word before them, or to the first one. Pure: text in, words out.
"""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import zip_longest

from reelmake.providers.english.context import Around, Token, around, settle
from reelmake.providers.english.expand import expand, keeps_its_dot, sounds

OPENING = "\"“”„«‹‘’'`([{*_~¿¡"
CLOSING = "\"“”»›‘’'`)]}*_~.,!?;:…"
TOKEN = re.compile(r"\S+")
BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
# Signs that are silent in print but would be taken for letters, and other ways to write what we know.
# fmt: off
REWRITTEN = str.maketrans({
    **dict.fromkeys("™®©℠\u00ad\u200b\u200d\u2060\ufeff\ufe0e\ufe0f\u20e3", ""),
    **dict.fromkeys("’‘ʼ′`´", "'"),
    **dict.fromkeys("‐‑‒−", "-"),
    "…": "...", "―": "—", "º": "°", "µ": "μ", "⁄": "/", "№": "#",
})
# fmt: on
SUPERSCRIPT = re.compile("[²³⁴-⁹⁻][⁰¹²³⁴-⁹]*|¹[⁰¹²³⁴-⁹]+")  # a ¹ by itself is a footnote
INCHES = ('"', "''")
INCHED = re.compile(r"(?:.*[-–x×])?(?:\d+(?:\.\d+|(?:-\d+)?/\d+)?|\d+'\d{1,2}|\d+°\d+'\d+(?:\.\d+)?)")
MIXED = re.compile("(?<=[0-9])(?=[¼½¾⅐-⅞])")  # 3½ is 3-1/2
DASHES = re.compile(r"(?<=\w)-{2,3}(?=\w)")
ELIDED = frozenset({"'cause", "'em", "'til", "'tis", "'twas", "'bout", "'round", "'n"})


@dataclass(frozen=True, slots=True)
class Said:
    """A word as it is shown, what is said for it (words and their punctuation), and whether a sentence ends with it."""

    shown: str
    said: str
    ends: bool


def unspeakable(text: str) -> tuple[str, ...]:
    """Return the tokens of a text that hold letters or digits of a script that no English voice can say."""
    return tuple(token for token in text.split() if any(map(_is_foreign, _rewritten(token))))


def has_words(text: str) -> bool:
    """Say whether any token of a text has a sound. Cheap: nothing is spelled out."""
    return any(sounds(token.core) for token in tokens(text))


def say(text: str) -> tuple[Said, ...]:
    """Return the words of a text in order, each with what is said for it; empty when nothing has a sound."""
    settled = settle(tokens(text), text)
    said: list[Said] = []
    silent: list[str] = []  # shown with the word that follows
    owed = ""  # "dollars", said after the "billion" that follows "$3.2"
    for index, token in enumerate(settled.tokens):
        here = around(settled.tokens, index)
        words, later = (settled.spelled[index], "") if index in settled.spelled else expand(token.core, here)
        if index not in settled.forward:
            words, owed = f"{words} {owed}".strip(), later
        ends = _ends(token, here)
        if any(map(str.isalnum, words)):
            shown = " ".join([*silent, token.shown])
            silent = []
            said.append(Said(shown, _punctuated(token, words, here), ends))
        elif index in settled.forward:
            silent.append(token.shown)
        elif said:
            last = said[-1]
            pause = " —" if set(token.shown) & set("—–-") else ""
            said[-1] = Said(f"{last.shown} {token.shown}", last.said + pause, last.ends or ends)
        else:
            silent.append(token.shown)
    return tuple(_calm(said))


def tokens(text: str) -> list[Token]:
    """Return the words of a text, each with the marks around it."""
    found = []
    quotes = 0
    matches = [*TOKEN.finditer(text)]
    for match, following in zip_longest(matches, matches[1:]):
        token = _rewritten(match.group())
        core = token.lstrip(OPENING)
        opening = token[: len(token) - len(core)]
        closing = core[len(core.rstrip(CLOSING + "—–")) :]
        core = core[: len(core) - len(closing)]
        if core.endswith("-") and len(core) > 1:  # "wait-": cut off, and a word all the same
            core, closing = core.rstrip("-"), "—" + closing
        if opening.endswith("'") and f"'{core.lower()}" in ELIDED:
            opening, core = opening[:-1], f"'{core}"
        if closing.startswith(INCHES) and '"' not in opening and quotes % 2 == 0 and INCHED.fullmatch(core):
            core, closing = f'{core}"', closing[2:] if closing.startswith("''") else closing[1:]
        if opening.endswith("~") and re.match(r"[^\w\s]?\d", core):
            opening, core = opening[:-1], f"≈{core}"
        quotes += (opening + closing).count('"')
        blank = following is not None and BLANK_LINE.search(text, match.end(), following.start()) is not None
        found.append(Token(match.group(), opening, core, closing, blank))
    return found


def _punctuated(token: Token, words: str, here: Around) -> str:
    """Give words the punctuation that changes how they are said."""
    opening = "“" if set(token.opening) & set('"“„«') else "(" if "(" in token.opening else ""
    closing = token.closing
    if "..." in closing:
        closing = closing.replace("...", "…")
    elif not _ends(token, here):
        closing = closing.replace(".", "")
    kept = [mark for mark in dict.fromkeys(closing) if mark in ",.!?;:…)"]
    after = "".join(kept).replace("!?", "?").replace("?!", "?").replace("….", "…")
    if words.endswith("."):
        after = after.removeprefix(".")
    quote = "”" if set(closing) & set('"”»') else ""
    dash = " —" if set(closing) & set("—–") else ""
    return f"{opening}{words}{after}{quote}{dash}"


def _ends(token: Token, here: Around) -> bool:
    if token.before_blank_line:
        return True
    if not set(token.closing) & set(".!?"):
        return False
    if here.next[:1].islower() and "!" not in token.closing and "?" not in token.closing:
        return False
    return not keeps_its_dot(token.core, here) or set(token.closing) & set("!?") != set()


def _calm(said: list[Said]) -> list[Said]:
    """Say IT and US as words where all the words beside them are shouted too."""
    letters = [re.sub(r"^\W+|\W+$", "", word.said) for word in said]
    calmed = list(said)
    for index, word in enumerate(said):
        beside = [*letters[max(0, index - 1) : index], *letters[index + 1 : index + 2]]
        if letters[index] in {"IT", "US"} and beside and all(len(b) > 1 and b.isupper() for b in beside):
            calmed[index] = Said(word.shown, word.said.lower(), word.ends)
    return calmed


def _rewritten(token: str) -> str:
    token = MIXED.sub("-", SUPERSCRIPT.sub(lambda match: "^" + unicodedata.normalize("NFKC", match[0]), token))
    plain = unicodedata.normalize("NFKC", token.translate(REWRITTEN)).translate(REWRITTEN)  # what it makes of ⅓ and ⁻
    return DASHES.sub("—", unicodedata.normalize("NFC", plain))


def _is_foreign(char: str) -> bool:
    if char.isascii() or unicodedata.category(char) not in {"Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No"}:
        return False
    return char not in "μΩ" and not unicodedata.name(char, "").startswith("LATIN ")
