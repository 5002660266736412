"""Tables of what may be written in specs and settings, from the models that read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, get_args

from pydantic import BaseModel

from reelmake.offline.voice import OfflineVoiceOptions
from reelmake.project.settings import OF_POOLS, PREFIX
from reelmake.providers.elevenlabs.voice import ElevenLabsOptions
from reelmake.spec.captions import ActiveWord, CaptionBox, CaptionLook, Emphasis, Outline
from reelmake.spec.fields import MAX_TEXT_CHARACTERS
from reelmake.spec.model import (
    Background,
    Caption,
    Character,
    Episode,
    EpisodeProviders,
    Line,
    LineProviders,
    Performer,
    Publish,
    Reel,
    Shot,
    Sprites,
    Take,
    Target,
)

PERFORMER = '`"name"`, or `{provider = "name", ...}` with options of that provider'

# Where each record stands in a file, in the order of the page.
EPISODE_PARTS: Mapping[type[BaseModel], str] = {
    Episode: "the file",
    Line: "each item of `script:`",
    Shot: "`image:` of a line, and each of its `shots:`",
    Take: "`take:` of a line",
    LineProviders: "`providers:` of a line",
    EpisodeProviders: "`providers:` of an episode",
    Performer: "each of `providers:`",
    Background: "`background:`",
    Reel: "`reel:`",
    CaptionLook: "`reel: captions:`",
    ActiveWord: "`captions: active:`",
    Outline: "`captions: outline:`",
    CaptionBox: "`captions: box:`",
    Emphasis: "`captions: emphasis:`",
    Publish: "`publish:`",
    Target: "each of `publish: to:`",
}
CHARACTER_PARTS: Mapping[type[BaseModel], str] = {
    Character: "the file",
    Sprites: "`sprites:`",
    Caption: "`caption:`",
    OfflineVoiceOptions: "`voice: {offline: ...}`",
    ElevenLabsOptions: "`voice: {elevenlabs: ...}`",
}


def section(model: type[BaseModel], place: str) -> Iterator[str]:
    """Yield a heading, what the model's docstring says, and its table."""
    yield from ("", f"### {model.__name__}: {place}", "")
    yield from _sentences(model.__doc__ or "")
    yield from ("", "| name | what it may hold | default | meaning |", "|---|---|---|---|")
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        default = "required" if name in schema.get("required", ()) else _default(field)
        yield f"| `{name}` | {_form(field)} | {default} | {field.get('description', '')} |"


def _sentences(docstring: str) -> Iterator[str]:
    """Yield a text with one sentence a line, and an empty line between paragraphs."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", docstring.strip())):
        if number:
            yield ""
        yield from re.split(r"(?<=\.) (?=[A-Z`])", " ".join(paragraph.split()))


_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_CHARACTERS}


def _form(field: Mapping[str, Any]) -> str:
    """Say in words what a value of a field may be."""
    if "anyOf" in field:
        first, *others = [kind for kind in field["anyOf"] if kind.get("type") != "null"]
        words = ", or text" if first.get("type") == "number" and others == [_TEXT] else ""
        return _form(first) + words
    if "oneOf" in field or "enum" in field:
        said = [f"`{value}`" for value in field.get("enum", ())]
        return ", ".join(said) or ", or ".join(map(_form, field["oneOf"]))
    if "prefixItems" in field:
        is_size = field["prefixItems"][0]["type"] == "integer"
        return "`WIDTHxHEIGHT`" if is_size else f"`[across, down]`, each {_form(field['prefixItems'][0])}"
    if "items" in field:
        return f"a list of up to {field['maxItems']}: {_form(field['items'])}"
    if isinstance(inner := field.get("additionalProperties"), dict):
        return f"`name: value` pairs, each value {_form(inner)}"
    return _scalar(field)


def _scalar(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return _link(field["$ref"])
    word = {"string": "text", "integer": "a whole number", "number": "a number", "object": "`name: value` pairs"}
    word["boolean"] = "`true` or `false`"
    limits = [f"from {field['minimum']:g}"] if "minimum" in field else []
    limits += [f"to {field['maximum']:g}"] if "maximum" in field else []
    limits += [f"up to {field['maxLength']} characters"] if "maxLength" in field else []
    limits += ["like `#FFD166`"] if "#" in field.get("pattern", "") else []
    return " ".join([word[field["type"]], *limits])


def _link(ref: str) -> str:
    name = ref.rpartition("/")[2]
    place = {**EPISODE_PARTS, **CHARACTER_PARTS}
    title = next(f"{model.__name__}: {at}" for model, at in place.items() if model.__name__ == name)
    anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    return f"[{name}](#{anchor})"


def _default(field: Mapping[str, Any]) -> str:
    """Return what a field is when it is left out, as one would write it."""
    value = field["default"]
    if value is None or value in ([], {}):
        return "nothing"
    if isinstance(value, list) and isinstance(value[0], dict):
        return f"`{value[0]['to']}`"
    if isinstance(value, dict):
        return f"`{value['provider']}`" if value.get("provider") else "its own defaults"
    if "prefixItems" in field:
        return f"`{value[0]}x{value[1]}`" if isinstance(value[0], int) else f"`[{value[0]:g}, {value[1]:g}]`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def settings_rows(model: type[BaseModel], place: tuple[str, ...]) -> Iterator[str]:
    """Yield a row for each value that can be set, those of nested tables after their own names."""
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        inner = model.model_fields[name].annotation
        here = (*place, name)
        many = field.get("type") == "object"
        if many:
            of_what = "<pool>" if name in OF_POOLS else "<word>"
            here = (*here, "<model>" if "$ref" in field["additionalProperties"] else of_what)
            inner = next(iter(get_args(inner)[1:]), None) if "$ref" in field["additionalProperties"] else None
        maybe = get_args(inner) if isinstance(inner, UnionType) else (inner,)
        tables = [one for one in maybe if isinstance(one, type) and issubclass(one, BaseModel)]
        if tables and inner is not Performer:
            yield from settings_rows(tables[0], here)
            continue
        variable = PREFIX + "__".join(part if part.startswith("<") else part.upper() for part in here)
        form = PERFORMER if inner is Performer else _form(field["additionalProperties"] if many else field)
        form = form.replace("](#", "](spec.md#")
        default = "" if many else "required" if name in schema.get("required", ()) else _default(field)
        yield f"| `{'.'.join(here)}` | `{variable}` | {form} | {default} | {field['description']} |"
