"""What takes JSON refuses what YAML refuses, and says in JSON what to type."""

# ruff: noqa: E501  a document stands on one line

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reelmake.api.jsonl import error_document, parse, received
from reelmake.core.errors import InputError, Problem
from reelmake.spec.documents import Dialogue, DialogueRequest

LINE = '{"character": "ada", "text": "Hi."}'
DIALOGUE = '{"schema": "reelmake/dialogue@1", "name": "a", "title": "t", "characters": {"ada": {"name": "Ada"%s}}, "lines": [%s]%s}'


def message(model: type[Any], text: str) -> str:
    with pytest.raises(InputError) as raised:
        parse(model, received(text)[0])
    return error_document(raised.value, "stdin").error.message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"topic": "a", "topic": "b"}', "'topic' is given twice; keep one of them"),
        ('{"topic": "a", "topic": "a"}', "'topic' is given twice; keep one of them"),
        ('{"topic": "a", "lines": NaN}', "'NaN' is not a number; write a number such as 0.5"),
        ('{"topic": "a", "lines": -Infinity}', "'-Infinity' is not a number; write a number such as 0.5"),
        ('{"topic": "a", "lines": 1e999}', "'1e999' is not a number; write a number such as 0.5"),
        (f'{{"topic": {"[" * 50}{"]" * 50}}}', "the JSON is nested too deeply; write it flat, as in the schema"),
        ('{"topic": "\\u0007"}', "topic: holds U+0007, which stands for no character of a text; remove it"),
        ('{"topic": "\\ud83d"}', "topic: holds U+D83D, which stands for no character of a text; remove it"),
        ('{"topic": 5}', "topic: '5' is not text; write text there, in double quotes"),
        ('{"topic": "a", "cast": "ada"}', 'cast: \'ada\' is not a list; write a list: ["one", "two"]'),
    ],
)
def test_a_request_is_refused_in_json(text: str, what: str) -> None:
    assert message(DialogueRequest, text) == what


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ((', "name": "Max"', LINE, ""), "'name' is given twice; keep one of them"),
        ((', "caption": {"color": "red"}', LINE, ""), "characters.ada.caption.color: 'red' is not a colour; write it as \"#FFD166\""),
        (("", LINE, ', "reel": 5'), "reel: '5' is not an object; write an object: {\"name\": \"value\"}"),
        (("", '{"character": "ada", "text": "Hi.", "pause_seconds": Infinity}', ""), "'Infinity' is not a number; write a number such as 0.5"),
        (("", LINE, ', "cost": {"usd": null, "usd": null}'), "'usd' is given twice; keep one of them"),
    ],
)  # fmt: skip
def test_a_dialogue_is_refused_in_json(parts: tuple[str, str, str], what: str) -> None:
    assert message(Dialogue, DIALOGUE % parts) == what


@pytest.mark.parametrize(
    ("fix", "said"),
    [
        ("choose such as `providers: {voice: elevenlabs}`", 'choose such as `{"providers": {"voice": "elevenlabs"}}`'),
        ("bump the line's take: for another one", 'bump the line\'s "take" for another one'),
        ("type `doit video:sky` first", "type `doit video:sky` first"),
        ("write s3://bucket/prefix", "write s3://bucket/prefix"),
        ("make reel.max_seconds: larger", 'make "reel.max_seconds" larger'),
    ],
)
def test_what_to_type_is_json(fix: str, said: str) -> None:
    error = InputError((Problem("stdin", 1, "wrong", fix),))
    assert error_document(error, "").error.message == f"wrong; {said}"


def test_one_line_of_many_with_a_name_twice_is_that_line() -> None:
    first, second = received('{"topic": "a"}\n{"topic": "b", "topic": "c"}')
    assert isinstance(parse(DialogueRequest, first), DialogueRequest)
    assert isinstance(second.data, Mapping)
    with pytest.raises(InputError, match="'topic' is given twice"):
        parse(DialogueRequest, second)
