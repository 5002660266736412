"""A script that was pasted as one text: a screenplay, or a chat. Only speakers and their words are read.

Two ways to write a speech are known, in any order: a name and a colon, and a name in capitals on a row of its own,
above the words, as in screenplays. Scene headings, transitions, action and parentheticals belong to nobody::

    INT. KITCHEN - NIGHT

    Ada looks up.

    ADA
    (whispering)
    Who is there?

    Max: Me.
"""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from reelmake.spec.clean_text import RULE

_HEADING: Final = re.compile(r"(?:INT|EXT|EST|I/E)\b|\.[A-Z]|[A-Z .]+:$|FADE |CUT |#|>")
_NAME: Final = r"[^\W_][\w'’.-]*(?: [\w'’.-]+){0,2}"
_CUE: Final = re.compile(rf"@?({_NAME})\s*(?:\([^()]*\)\s*)*\^?")
_SPEECH: Final = re.compile(rf"({_NAME})\s*(?:[(（][^()（）]*[)）]\s*)?[:：]\s+(\S.*)")
_ASIDE: Final = re.compile(r"[(（][^()（）]*[)）]")
_BOLD_NAME: Final = re.compile(r"^(\*\*|__|\*|_)(.+?)(?:\1\s*[:：]|[:：]\s*\1)\s*")
_ENDED: Final = re.compile(r"[.!?…:][\"”’)*_]*$")


@dataclass(slots=True)
class Speech:
    """One speech: the speaker (as specs name characters), the row (from 0) on which it begins, the words."""

    speaker: str
    row: int
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words on one row."""
        return " ".join(self.words)


def speeches(text: str) -> list[Speech]:
    """Return the speeches in a text, in order; empty when there are none."""
    return [speech for speech in list(_speeches(text.splitlines())) if speech.words]  # words come after their name


def _speeches(rows: list[str]) -> Iterator[Speech]:
    speech: Speech | None = None
    has_cue = False  # its name stands on a row of its own: all up to an empty row is said
    for at, raw in enumerate(rows):
        row = _BOLD_NAME.sub(r"\2: ", raw.strip())
        after = rows[at + 1].strip() if at + 1 < len(rows) else ""
        if not row or RULE.fullmatch(row):
            speech = None
        elif speech and has_cue:
            if not _ASIDE.fullmatch(row):
                speech.words.append(row)
        elif found := _SPEECH.fullmatch(row):
            speech, has_cue = Speech(_slug(found[1]), at, [found[2]]), False
            yield speech
        elif after and (found := _CUE.fullmatch(row.strip("*_"))) and _is_cue(row, found[1]):
            speech, has_cue = Speech(_slug(found[1]), at), True
            yield speech
        elif speech and (raw[:1].isspace() or not _ENDED.search(speech.words[-1])) and not _ASIDE.fullmatch(row):
            speech.words.append(row)  # it was wrapped
        else:
            speech = None


def _is_cue(row: str, name: str) -> bool:
    return name == name.upper() != name.lower() and not _HEADING.match(row)


def _slug(name: str) -> str:
    """Return a name as files of characters are called."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-") or name
