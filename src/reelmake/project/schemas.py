"""JSON Schemas of everything that people and programs write for us, with the descriptions that editors show.

They come from the same models that read it. What specs allow besides the models' own form (a file in place of a table,
a speaker's name in place of `character:`) is added here, in one place for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel

from reelmake.project.settings import Settings
from reelmake.spec.captions import STYLES
from reelmake.spec.documents import DOCUMENTS
from reelmake.spec.fields import NAME
from reelmake.spec.model import LINE_OPTIONS, Character, Episode

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMAS: Final[dict[str, type[BaseModel]]] = {
    "episode": Episode,
    "character": Character,
    "settings": Settings,
    **DOCUMENTS,
}
_SCREENPLAY: Final = {"type": "string", "minLength": 1}
_NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": 9999}


def schema_of(name: str) -> dict[str, Any]:
    """Return a schema by its name."""
    made = SCHEMAS[name].model_json_schema(by_alias=True)
    made["$defs"] = {part: _AS_WRITTEN.get(part, _same)(model) for part, model in made.get("$defs", {}).items()}
    if name == "episode":
        made["properties"]["script"]["anyOf"].insert(0, _SCREENPLAY)
    return {"$schema": DIALECT, "$id": f"reelmake/{name}.json", **made}


def schema_text(name: str) -> str:
    """Return a schema as it stands in a file."""
    return json.dumps(schema_of(name), indent=1, ensure_ascii=False) + "\n"


def _same(model: dict[str, Any]) -> dict[str, Any]:
    return model


def _line(model: dict[str, Any]) -> dict[str, Any]:
    """Return a line as authors write it: `- ada: What she says.`, with the other names below."""
    properties = {name: model["properties"][name] for name in LINE_OPTIONS}
    said = {**model["properties"]["text"], "description": "Who speaks, and what is said."}
    return {
        "title": "Line",
        "description": model["description"],
        "type": "object",
        "properties": properties,
        "patternProperties": {f"^(?!(?:{'|'.join(LINE_OPTIONS)})$){NAME.pattern}$": said},
        "minProperties": 1,
        "additionalProperties": False,
    }


def _or(short: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a change: a part may also be written short."""
    return lambda model: {
        "description": model.get("description", ""),
        "anyOf": [short, {**model, "required": model.get("required", [])}],
    }


def _reel(model: dict[str, Any]) -> dict[str, Any]:
    """Return a format whose size is written as WIDTHxHEIGHT."""
    size = {**model["properties"]["size"]}
    kept = {name: size[name] for name in ("description",) if name in size}
    pair = {"type": "array", "prefixItems": [{"type": "integer"}] * 2, "minItems": 2, "maxItems": 2}
    written = {**kept, "default": "1080x1920", "anyOf": [{"type": "string", "pattern": r"^\s*\d+\s*x\s*\d+\s*$"}, pair]}
    return {**model, "properties": {**model["properties"], "size": written}}


_AS_WRITTEN: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "Line": _line,
    "Take": _or(_NUMBER),
    "Background": _or({"type": "string", "minLength": 1}),
    "Performer": _or({"type": "string", "minLength": 1}),
    "Reel": _reel,
    "CaptionLook": _or({"enum": list(STYLES)}),
    "Outline": _or({"type": "number", "minimum": 0, "maximum": 16}),
}
