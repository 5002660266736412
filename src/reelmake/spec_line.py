"""One line of a script, as it is written: who says what, and what is shown; and its id."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from reelmake.preferences import Performer
from reelmake.spec_forms import Name, Seconds, Tag, TakeNumber, Text
from reelmake.validation import Record, Wrong, closest, shown
from reelmake.wording import spoken

MAX_LINE_CHARACTERS: Final = 1000


def _said(text: str) -> str:
    said = spoken(text)
    if not any(map(str.isalnum, said)) and said != text:
        raise Wrong(
            f"{shown(text)} is no speech: it is a stage direction, or markup", "write what is said, or remove it"
        )
    return said


Spoken = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE_CHARACTERS), AfterValidator(_said)
]


class Take(Record):
    """Which roll of the dice; another number asks the provider again, on purpose, and pays for it."""

    voice: TakeNumber = Field(1, description="The take of what is heard.")
    image: TakeNumber = Field(1, description="The take of what is seen.")

    @model_validator(mode="before")
    @classmethod
    def _both(cls, value: object) -> object:
        if not isinstance(value, str | int):
            return value
        if not re.fullmatch("[1-9][0-9]{0,3}", str(value)):
            raise Wrong(f"{shown(value)} is not a whole number from 1 to 9999", "write a number such as 2")
        return {"voice": value, "image": value}


class _Unclear:
    """Stands where a speaker would be, so that whatever else is wrong with the line is told as well."""

    def __init__(self, what: str, fix: str) -> None:
        self.wrong = Wrong(what, fix, of_all=True)


def _clear(value: object) -> object:
    if isinstance(value, _Unclear):
        raise value.wrong
    return value


class LineProviders(Record):
    """Who speaks and draws, where that is not as elsewhere."""

    voice: Performer | None = Field(None, description="Who speaks: a name, or `{provider: ..., model: ...}`.")
    image: Performer | None = Field(None, description="Who draws: a name, or `{provider: ..., model: ...}`.")


class Line(Record):
    """Who says what, and what is shown. Written as `- ada: What she says.` with the other names below it."""

    character: Annotated[Name, BeforeValidator(_clear)] = Field(description="Who speaks: the name before the colon.")
    text: Spoken = Field(description="What is said, after the colon; stage directions and markup in it are left out.")
    image: Text | None = Field(None, description="What the picture shows; by default, what is said.")
    take: Take = Field(Take(), description="A number for voice and image, or `{voice: 2, image: 3}`.")
    pause_seconds: Seconds | None = Field(None, description="Silence after this line.")
    providers: LineProviders = Field(LineProviders(), description="Who speaks and draws this line.")
    translations: dict[Tag, Spoken] = Field(
        {}, description="What is said in the episode's other languages, by their tags; what is given is not asked for."
    )

    @model_validator(mode="before")
    @classmethod
    def _speaker_first(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise Wrong("is not a line", "write `- ada: What she says.`")
        rest = {name: value[name] for name in LINE_OPTIONS if name in value}
        speakers = [name for name in value if name not in rest]
        if {"character", "text"} == set(speakers):
            return value
        if not speakers:
            return {**rest, "character": _Unclear("has no speaker", "write `- ada: What she says.`"), "text": "-"}
        if len(speakers) > 1:  # is all but one a mistyped option? Then they are unknown names, each in its place
            typos = {name: value[name] for name in speakers if closest(name, LINE_OPTIONS)}
            rest |= typos
            speakers = [name for name in speakers if name not in typos] or speakers
        if len(speakers) > 1:
            named, options = " and ".join(map(shown, speakers)), ", ".join(LINE_OPTIONS)
            fix = f"write one a line, and its other names ({options}) below it"
            unclear = _Unclear(f"names {named}, and only one can speak", fix)
            return {**rest, "character": unclear, "text": "-"}
        return {**rest, "character": speakers[0], "text": value[speakers[0]]}


LINE_OPTIONS: Final = ("image", "take", "pause_seconds", "providers", "translations")


def line_ids(lines: Sequence[Line]) -> list[str]:
    """Return an id for each line, from its content: moving or inserting lines changes no other line's id.

    Lines that are alike in everything are told apart by a number, in order; they are alike, so order does not matter.
    """
    seen: Counter[str] = Counter()
    ids = []
    for line in lines:
        told = line.model_dump(mode="json", exclude_defaults=True, exclude={"translations"})
        content = json.dumps(told, sort_keys=True, ensure_ascii=False)
        words = re.findall(r"[a-z0-9]+", f"{line.character} {line.text.lower()}")
        readable = "-".join(words)[:32].rstrip("-")
        line_id = f"{readable}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
        seen[line_id] += 1
        ids.append(line_id if seen[line_id] == 1 else f"{line_id}-{seen[line_id]}")
    return ids
