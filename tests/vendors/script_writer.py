"""Writes scripts that satisfy a JSON schema: lines that count, the cast taking turns; and translates, as it were."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LINES = re.compile(r"LINES:\s*(\d+)")
CAST = re.compile(r"CAST:[^\S\n]*(.+)")
TOPIC = re.compile(r"TOPIC:[^\S\n]*(.+)")
LANGUAGE = re.compile(r"LANGUAGE:[^\S\n]*(.+)")
SOURCE = re.compile(r"^\d+\. ([a-z0-9_-]+): (.*?)(?: => (.*))?$", re.MULTILINE)
USUAL_LINES = 4
PLAIN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in ("character", "text", "image")},
            },
        }
    },
}


@dataclass
class Writer:
    """Writes for one request; `schema` is what it asked for, `text` all that it said."""

    schema: dict[str, Any]
    text: str
    at: int = 0

    def __post_init__(self) -> None:
        lines, cast, topic = LINES.search(self.text), CAST.search(self.text), TOPIC.search(self.text)
        self.lines = int(lines[1]) if lines else None
        self.cast = [name.strip() for name in cast[1].split(",")] if cast else ["narrator"]
        self.topic = topic[1].strip().rstrip(".") if topic else "something"
        language = LANGUAGE.search(self.text)
        self.language = language[1].strip() if language else "en"
        self.source = SOURCE.findall(self.text.partition("\nSCRIPT:\n")[2])

    def write(self) -> Any:
        """Return a value that the schema allows."""
        return self.value(self.schema, "")

    def value(self, schema: Mapping[str, Any], name: str) -> Any:
        """Write a value of a schema; `name` is the key that it stands under."""
        schema = self._resolved(schema)
        made: Any
        match schema.get("type"):
            case _ if "const" in schema:
                made = schema["const"]
            case "object":
                made = {key: self.value(inner, key) for key, inner in schema.get("properties", {}).items()}
            case "array":
                made = self._array(schema, name)
            case "integer" | "number":
                made = schema.get("minimum", 1)
            case "boolean":
                made = True
            case "null":
                made = None
            case _:
                made = self._string(schema, name)
        return made

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references, and take the first alternative that is not null."""
        while True:
            if "$ref" in schema:
                found: Any = self.schema
                for part in schema["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
                schema = found
            elif options := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
                schema = next((one for one in options if one.get("type") != "null"), options[0])
            elif isinstance(schema.get("type"), list):
                schema = {**schema, "type": next(one for one in schema["type"] if one != "null")}
            else:
                return schema

    def _array(self, schema: Mapping[str, Any], name: str) -> list[Any]:
        items = schema.get("items", {})
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        if self._resolved(items).get("type") == "object":
            wanted = self.lines or least or min(most or USUAL_LINES, USUAL_LINES)
        else:
            wanted = 1
        wanted = max(wanted, least)
        made = []
        for at in range(wanted if most is None else min(wanted, most)):
            self.at = at
            made.append(self.value(items, name))
        return made

    def _string(self, schema: Mapping[str, Any], name: str) -> Any:
        if self.source and name in ("character", "text"):
            who, said, _ = self.source[self.at % len(self.source)]
            return who if name == "character" else translated(said, self.language)
        choices = schema.get("enum")
        if name in ("character", "speaker", "who"):
            choices = [one for one in self.cast if choices is None or one in choices] or choices
        if choices:
            return choices[self.at % len(choices)]
        text = {
            "title": f"All about {self.topic}",
            "image": f"picture {self.at + 1} of {self.topic}",
        }.get(name, f"Line {self.at + 1} about {self.topic}.")
        return text.ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength")]


def translated(text: str, language: str) -> str:
    """Return what a line is in another language: always the same, and another line is another one."""
    if language == "ja":
        return f"ええと、「{text}」と言いました。"
    return f"{language}, {text}"


def not_strict(schema: Any, where: tuple[str, ...] = ()) -> str | None:
    """Return what keeps a schema from being strict, as OpenAI tells it; None if it is."""
    if isinstance(schema, list):
        return next(filter(None, (not_strict(one, where) for one in schema)), None)
    if not isinstance(schema, dict):
        return None
    if "properties" in schema and schema.get("type") == "object":
        missing = set(schema["properties"]) - set(schema.get("required", ()))
        if schema.get("additionalProperties") is not False:
            return f"In context={where}, 'additionalProperties' is required to be supplied and to be false."
        if missing:
            return (
                f"In context={where}, 'required' is required to be supplied and to be an array including every key "
                f"in properties. Missing '{min(missing)}'."
            )
    return next(filter(None, (not_strict(value, (*where, key)) for key, value in schema.items())), None)
