"""What a language model gets and how it has to answer, for a script and for the translation of one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reelmake.core.errors import InputError, Problem
from reelmake.core.templates import render
from reelmake.providers.base import Request
from reelmake.spec.model import MAX_LINE_CHARACTERS

SCRIPT: Final = "templates/script.openai.j2"
TRANSLATION: Final = "templates/translation.openai.j2"
LONGER: Final = 2  # how many times as long as the original a translated line may be

_HEADING = re.compile(r"== (system|user)")
_TEXT: Final = {"type": "string"}

# messages, the schema of the answer, and what its lines have to be
Task = tuple[list[dict[str, str]], dict[str, Any], dict[str, Any]]


def script(generic: Request, max_line_characters: int) -> Task:
    """Ask for a script; raises InputError for mistakes in the template."""
    values = {name: _line(generic[name]) for name in ("topic", "title", "language", "style")}
    count = int(generic["lines"])
    shots = int(generic.get("shots_per_line", 1))
    wanted = {"lines": count, "max_line_characters": max_line_characters}
    values["shots_per_line"] = ""
    if shots == 1:
        return _messages(SCRIPT, generic, wanted, values), _schema(generic, count, "text", "image"), wanted
    wanted["shots_per_line"], values["shots_per_line"] = shots, str(shots)
    images = {"type": "array", "minItems": shots, "maxItems": shots, "items": _TEXT}
    return _messages(SCRIPT, generic, wanted, values), _schema(generic, count, "text", images=images), wanted


def translation(generic: Request, max_line_characters: int) -> Task:
    """Ask for the same lines in another language; raises InputError for mistakes in the template."""
    source = generic["source"]
    longest = max(len(said["text"]) for said in source)
    fitting = min(MAX_LINE_CHARACTERS, LONGER * longest)
    wanted = {
        "lines": len(source),
        "max_line_characters": max(max_line_characters, fitting, *(len(said["given"]) for said in source)),
        "speakers": [said["character"] for said in source],
        "given": [said["given"] for said in source],
    }
    values = {name: _line(generic[name]) for name in ("title", "language")}
    rows = [_row(number, said) for number, said in enumerate(source, 1)]
    values |= {"from_language": _line(generic["from"]), "script": "\n".join(rows)}
    return _messages(TRANSLATION, generic, wanted, values), _schema(generic, len(source), "text"), wanted


def _row(number: int, said: Mapping[str, Any]) -> str:
    """Return a line of the script that is to be translated."""
    given = f" => {_line(said['given'])}" if said["given"] else ""
    text = _line(said["text"]).replace("=>", "→")  # what follows "=>" would be taken for a translation
    return f"{number}. {said['character']}: {text}{given}"


def _messages(
    file: str, generic: Request, wanted: Mapping[str, Any], values: Mapping[str, str]
) -> list[dict[str, str]]:
    """Render the template, and split it at its headings."""
    cast: list[dict[str, Any]] = [
        {
            "id": member["id"],
            "name": _line(member["name"]),
            "personality": _line(member["personality"]).rstrip("."),
            "catchphrases": [_line(said) for said in member["catchphrases"]],
        }
        for member in generic["cast"]
    ]
    text = render(
        generic["template"],
        file=file,
        cast=cast,
        names=", ".join(member["id"] for member in cast),
        characters="\n".join(map(_described, cast)),
        lines=str(wanted["lines"]),
        max_line_characters=str(wanted["max_line_characters"]),
        **values,
    )
    messages: list[dict[str, str]] = []
    for line in text.splitlines():
        if heading := _HEADING.fullmatch(line):
            messages.append({"role": heading[1], "content": ""})
            continue
        if not messages:
            messages.append({"role": "user", "content": ""})
        messages[-1]["content"] = f"{messages[-1]['content']}\n{line}".strip()
    messages = [message for message in messages if message["content"]]
    if not messages:
        fix = f"write a template, with {{{{ {'script' if 'script' in values else 'topic'} }}}}; or delete the file"
        raise InputError((Problem(file, 1, "the prompt comes out empty", fix),))
    return messages


def _described(member: Mapping[str, Any]) -> str:
    """Return a line about a character."""
    personality = f" Personality: {member['personality']}." if member["personality"] else ""
    said = ", ".join(f'"{text}"' for text in member["catchphrases"])
    return f'"{member["id"]}" is {member["name"]}.{personality}{f" Catchphrases: {said}." if said else ""}'


def _line(text: Any) -> str:
    """Return text on one line, so that nothing in it is taken for a line of the template."""
    return " ".join(str(text or "").split())


def _schema(generic: Request, count: int, *texts: str, **more: Any) -> dict[str, Any]:
    """Return the JSON schema of the answer, in the strict form: everything required, nothing besides."""
    ids: Sequence[str] = [str(member["id"]) for member in generic["cast"]]
    line = _strict({"character": {"type": "string", "enum": ids}, **dict.fromkeys(texts, _TEXT), **more})
    return _strict({"lines": {"type": "array", "minItems": count, "maxItems": count, "items": line}})


def _strict(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
