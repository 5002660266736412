"""How long an episode will be, before anything of it is spoken: by counting what sounds. Good to about a fifth."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from reelmake.preferences import Reel
from reelmake.spec import Episode
from reelmake.spec_line import Line

LETTERS_A_SECOND: Final = 14.5  # of scripts that write sounds, spaces not counted
SYLLABLES_A_SECOND: Final = 7.0  # of scripts that write a syllable or a word with each sign
DIGIT_LETTERS: Final = 4  # "7" is said as "seven"
BREATH_SECONDS: Final = 0.25  # around each sentence
WRITTEN_LINE_SECONDS: Final = 5.0  # a line that is not written yet: 14 words
_DENSE: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "YI ", "ETHIOPIC", "VAI ")


def speech_seconds(text: str) -> float:
    """Return how long a text takes to say, in seconds."""
    letters = signs = sentences = 0
    for char in text:
        if char.isdigit():
            letters += DIGIT_LETTERS
        elif char.isalpha():
            dense = not char.isascii() and unicodedata.name(char, "").startswith(_DENSE)
            signs, letters = signs + dense, letters + (not dense)
        sentences += char in ".!?…。！？"  # noqa: RUF001 (as they are written)
    return letters / LETTERS_A_SECOND + signs / SYLLABLES_A_SECOND + BREATH_SECONDS * max(1, sentences)


def line_seconds(line: Line, reel: Reel) -> float:
    """Return how long a line lasts, with the pause after it."""
    return speech_seconds(line.text) + (reel.pause_seconds if line.pause_seconds is None else line.pause_seconds)


def seconds_of(episode: Episode, lines: Sequence[Line], reel: Reel) -> list[float]:
    """Return how long each line lasts; those of a script that is not written yet are as long as most."""
    if lines:
        return [line_seconds(line, reel) for line in lines]
    return [WRITTEN_LINE_SECONDS + reel.pause_seconds] * episode.lines
