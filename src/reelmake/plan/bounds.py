"""What is asked for at most, while what it depends on is not known yet."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from reelmake.core.keys import Action
from reelmake.plan.episode import Production, choice_place
from reelmake.plan.steps import image, script, voice
from reelmake.spec.fields import MAX_TEXT_CHARACTERS
from reelmake.spec.model import MAX_LINE_CHARACTERS, Episode, Line, Reel


def longest_lines(show: Production) -> dict[str, list[Action]]:
    """Return what is asked for at most while a script is not written: a voice for each of the cast, and a picture."""
    asked = script(show) if show.source or not show.original else longest_translation(show)
    longest = int(asked.request.get("max_line_characters", MAX_LINE_CHARACTERS))
    subject = "x" * MAX_TEXT_CHARACTERS
    lines = [Line(character=who, text="x" * longest, image=subject) for who in show.characters]
    spoken = [line for line in lines if choice_place("voice", line) in show.choices]
    actions = {"voice": [voice(show, line, "x") for line in spoken]}
    if not show.original:
        return {**actions, "image": [image(show, line, "x") for line in lines[:1]]}
    return actions  # a translation shares the pictures


def longest_translation(show: Production) -> Action:
    """Return what is asked for at most while the script is not written that is to be translated."""
    original = show.original or show
    longest = int(script(original).request.get("max_line_characters", MAX_LINE_CHARACTERS))
    line = Line(character=next(iter(show.characters)), text="x" * longest)
    return script(replace(show, source=[line] * original.episode.lines))


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
