"""Which words of a text are shown, and which of their characters sound. Pure.

A vendor's audio tags, such as [laughs], are sent and billed with the text, and are never shown. What has no sound of
its own (an emoji, a lone dash) belongs to the word before it, or to the first one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from reelmake.layout.words import spans
from reelmake.providers.english.expand import SYMBOLS
from reelmake.spec.clean_text import VENDOR_TAG

_TAG_BEFORE_MARK: Final = re.compile(rf"\s*(?:{VENDOR_TAG.pattern})(?=[,.;:!?…])", re.IGNORECASE)
DIGIT_WEIGHT: Final = 4  # letters that a digit is spoken with, about: "seven"


@dataclass(frozen=True, slots=True)
class Shown:
    """A word as it is shown, and the place in the author's text of each of its characters that sounds.

    `glued` says that it follows the word before it without a space.
    """

    text: str
    places: tuple[int, ...]
    glued: bool = False

    @property
    def weight(self) -> int:
        """How long it takes to say, in letters."""
        letters = (char for char in self.text if sounds(char))
        return sum(1 if char.isalpha() else DIGIT_WEIGHT for char in letters)


def without_tags(text: str) -> str:
    """Return the text with spaces in place of its tags, so that all other characters stay at their places."""
    return VENDOR_TAG.sub(lambda match: " " * len(match[0]), text)


def untagged(text: str) -> str:
    """Return the text without its tags; the very same text when there are none."""
    plain = without_tags(text)
    return text if plain == text else " ".join(VENDOR_TAG.sub(" ", _TAG_BEFORE_MARK.sub("", text)).split())


def sounds(char: str) -> bool:
    """Say whether a character is spoken: a letter, a digit, or a sign that is read out, such as `&`."""
    return char.isalnum() or char in SYMBOLS


def has_sound(text: str) -> bool:
    """Say whether a letter or digit is left when the tags are taken out."""
    return any(map(str.isalnum, without_tags(text)))


def shown_words(text: str, language: str = "") -> tuple[Shown, ...]:
    """Return the words of a text in order; empty when nothing in it sounds. `language` is a tag, if it is known."""
    words: list[Shown] = []
    waiting = ""  # shown before the first word
    plain = without_tags(text)
    for start, end, glued in spans(plain, language):
        part = plain[start:end]
        places = [at for at in range(start, end) if sounds(text[at])]
        if places:
            while places[-1] + 1 < end and unicodedata.category(text[places[-1] + 1]) in {"Mn", "Mc"}:
                places.append(places[-1] + 1)  # vowel signs are part of the letter before them
            words.append(Shown(_after(waiting, part, glued=glued), tuple(places), glued and not waiting))
            waiting = ""
        elif words:
            is_behind_tag = start > 0 and text[start - 1] != plain[start - 1] and part[0] in ",.;:!?…"
            words[-1] = replace(words[-1], text=_after(words[-1].text, part, glued=glued or is_behind_tag))
        else:
            waiting = _after(waiting, part, glued=glued)
    return tuple(words)


def _after(before: str, part: str, *, glued: bool) -> str:
    return f"{before}{'' if glued or not before else ' '}{part}"
