"""What is asked for at most, while what it depends on is not known yet."""

from __future__ import annotations

from dataclasses import replace

from reelmake.action import Action
from reelmake.plan import image, script, voice
from reelmake.production import Production, choice_place
from reelmake.spec_forms import MAX_TEXT_CHARACTERS
from reelmake.spec_line import MAX_LINE_CHARACTERS, Line


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
