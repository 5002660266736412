"""The JSON Schemas that editors and programs use, against an independent validator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reelmake.project.schemas import SCHEMAS, schema_of

ROOT = Path(__file__).parents[2]
SPECS = [*sorted(ROOT.glob("episodes/*.yaml")), *sorted(ROOT.glob("characters/*.yaml"))]
LINES = [{"ada": "Hello."}]


def mistakes(name: str, document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema_of(name)).iter_errors(document)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_describes_every_name(name: str) -> None:
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert all(field.get("description") for field in schema["properties"].values())
    json.dumps(schema)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_samples_name_their_schema_and_are_right_by_it(path: Path) -> None:
    """An editor reads the schema that the first line names, relative to the spec."""
    text = path.read_text("utf-8")
    named = text.partition("\n")[0].removeprefix("# yaml-language-server: $schema=")
    schema = json.loads((path.parent / named).read_text("utf-8"))
    assert schema["$id"] == f"reelmake/{path.parent.name.removesuffix('s')}.json"
    assert [error.message for error in Draft202012Validator(schema).iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize(
    "more",
    [
        {"background": "assets/drift.mp4"},
        {"background": {"file": "assets/drift.mp4", "flow": "per-line"}},
        {"reel": {"size": "720x1280", "fps": 60}},
        {"reel": {"size": [720, 1280]}},
        {"script": [{"ada": "Hello.", "take": 2}, {"max": "Hi.", "take": {"voice": 3}, "image": "a hand"}]},
        {"script": [{"ada": "Hello.", "providers": {"image": "fal", "voice": {"model": "eleven_v4"}}}]},
        {"providers": {"script": {"provider": "openai", "model": "gpt-6-luna"}}},
    ],
)
def test_what_authors_may_write_short_is_right(more: dict[str, Any]) -> None:
    assert mistakes("episode", {"title": "Hello", "script": LINES, **more}) == []


@pytest.mark.parametrize(
    "more",
    [
        {"colour": "red"},
        {"lines": 0},
        {"script": []},
        {"script": ["hello"]},
        {"script": [{"Ada": "A name in capitals."}]},
        {"script": [{"ada": 3}]},
        {"script": [{"ada": "Hello.", "take": "two"}]},
        {"background": {"flow": "per-line"}},
        {"reel": {"size": "large"}},
    ],
)
def test_what_they_may_not_is_a_mistake(more: dict[str, Any]) -> None:
    assert mistakes("episode", {"title": "Hello", "script": LINES, **more})
