"""The place in the project that holds a change: not always the line of the episode that is made again because of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from reelmake.core.files import CHARACTERS, EPISODES, TEMPLATES
from reelmake.plan.episode import Production, Step
from reelmake.plan.kinds import BUILD
from reelmake.spec.yaml_source import Loc, read_source

_FIELD: Final = re.compile(r"(?:request|inputs)\.[\w.-]+(?=: )")
_OF_LINE: Final = ("request.text", "request.take", "request.subject")


def place_of_change(reasons: Iterable[str], step: Step, show: Production) -> str:
    """Return `file:line` of what changed, by the fields that the reasons name; the place of the step for the rest."""
    fields = [found[0] for reason in reasons if (found := _FIELD.match(reason))]
    if any(field.startswith(_OF_LINE) for field in fields):
        return step.where
    for field in fields:
        if place := _place(field, fields, step, show):
            return place
    return step.where


def _place(field: str, fields: list[str], step: Step, show: Production) -> str:
    group, _, name = field.partition(".")
    first, _, rest = name.partition(".")
    episode = f"{EPISODES}/{show.spec}.yaml"
    if group == "inputs":
        path = step.action.inputs.get(name, "")
        return "" if path.startswith(f"{BUILD}/") else path
    if first == "voice" and step.kind == "voice":
        return _of_voice(rest, step, show)
    if first in {"style", "title", "language"}:
        return _at(episode, (first,))
    if first == "prompt":  # of the same subject, style and title: the words around them
        is_own = {"request.subject", "request.style", "request.title"}.isdisjoint(fields)
        return f"{TEMPLATES}/image.j2" if is_own and Path(TEMPLATES, "image.j2").is_file() else ""
    speaker, part = _of_character(name, step, show)
    return _at(f"{CHARACTERS}/{speaker}.yaml", part) if speaker else ""


def _of_character(name: str, step: Step, show: Production) -> tuple[str, Loc]:
    """Return whose file a field of a request is read from, and from which part of it; nobody's for other fields."""
    first, *more = name.split(".")
    number = int(more[0]) if more and more[0].isdigit() else -1
    if name == "color":
        return _speaker(step, show), ("caption", "color")
    if first == "lines" and more[1:] == ["color"]:
        return step.action.request["lines"][number]["character"], ("caption", "color")
    if first == "cast" and 0 <= number < len(show.characters):
        return list(show.characters)[number], ()
    return "", ()


def _speaker(step: Step, show: Production) -> str:
    """Return who speaks the line of a step; nothing for a step of no line."""
    return max((name for name in show.characters if step.line.startswith(f"{name}-")), key=len, default="")


def _of_voice(option: str, step: Step, show: Production) -> str:
    """Return where a voice's option stands: with its character, where that says anything of this provider."""
    speaker, provider = _speaker(step, show), str(step.action.request["provider"])
    if not speaker or provider not in show.characters[speaker].voice:
        return ""
    return _at(f"{CHARACTERS}/{speaker}.yaml", ("voice", provider, option))


def _at(file: str, loc: Loc) -> str:
    """Return `file:line` of a place in a spec; the file where it cannot be read."""
    with suppress(OSError):
        return f"{file}:{read_source(Path(file).read_bytes(), file).line(loc)}"
    return file
