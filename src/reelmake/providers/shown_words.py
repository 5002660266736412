"""Which words of a text are shown, and which of their characters sound. Pure.

A vendor's audio tags, such as [laughs], are sent and billed with the text, and are never shown. What has no sound of
its own (an emoji, a lone dash) belongs to the word before it, or to the first one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from reelmake.providers.offline.expand import SYMBOLS

TAG: Final = re.compile(r"\[[^\[\]]*\]|</?(?:break|phoneme|speak)\b[^<>]*>")
DIGIT_WEIGHT: Final = 4  # letters that a digit is spoken with, about: "seven"


@dataclass(frozen=True, slots=True)
class Shown:
    """A word as it is shown, and the place in the author's text of each of its characters that sounds."""

    text: str
    places: tuple[int, ...]

    @property
    def weight(self) -> int:
        """How long it takes to say, in letters."""
        letters = (char for char in self.text if sounds(char))
        return sum(1 if char.isalpha() else DIGIT_WEIGHT for char in letters)


def without_tags(text: str) -> str:
    """Return the text with spaces in place of its tags, so that all other characters stay at their places."""
    return TAG.sub(lambda match: " " * len(match[0]), text)


def sounds(char: str) -> bool:
    """Say whether a character is spoken: a letter, a digit, or a sign that is read out, such as `&`."""
    return char.isalnum() or char in SYMBOLS


def has_sound(text: str) -> bool:
    """Say whether a letter or digit is left when the tags are taken out."""
    return any(map(str.isalnum, without_tags(text)))


def shown_words(text: str) -> tuple[Shown, ...]:
    """Return the words of a text in order; empty when nothing in it sounds."""
    words: list[Shown] = []
    waiting: list[str] = []  # shown before the first word
    for match in re.finditer(r"\S+", without_tags(text)):
        places = [at for at in range(match.start(), match.end()) if sounds(text[at])]
        if places:
            while places[-1] + 1 < match.end() and unicodedata.category(text[places[-1] + 1]) in {"Mn", "Mc"}:
                places.append(places[-1] + 1)  # vowel signs are part of the letter before them
            words.append(Shown(" ".join([*waiting, match[0]]), tuple(places)))
            waiting = []
        elif words:
            words[-1] = Shown(f"{words[-1].text} {match[0]}", words[-1].places)
        else:
            waiting.append(match[0])
    return tuple(words)
