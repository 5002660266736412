"""Reading what language models write: what is mended, what is refused, and that nothing else can happen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.core.errors import ProviderError
from reelmake.providers.base import ScriptLine
from reelmake.providers.openai.parse_script import lines_of, said, spoken

REQUEST = {
    "lines": 2,
    "max_line_characters": 60,
    "cast": [{"id": "ada", "name": "Ada"}, {"id": "max", "name": "Max Power"}],
}
LINES = [
    {"character": "ada", "text": "Why is it blue?", "image": "a sky"},
    {"character": "max", "text": "It scatters.", "image": "a prism"},
]
READ = (ScriptLine("ada", "Why is it blue?", "a sky"), ScriptLine("max", "It scatters.", "a prism"))
GOOD = json.dumps({"lines": LINES})


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"Sure! Here it is:\n\n```json\n{json.dumps({'lines': LINES}, indent=2)}\n```\nTell me what {{you}} think.",
        f"Here is a script {{as asked}}: {GOOD} That's it, [really].",
        f"<think>Maybe {{'lines': []}} or [1]?\nNo: {{}}</think>\n{GOOD}",
        GOOD.replace("]}", ",]}").replace('"a sky"}', '"a sky",}'),
        json.dumps(LINES),
        json.dumps({"script": LINES, "title": "Blue"}),
        GOOD.replace('"ada"', '"Ada"').replace('"max"', '"MAX POWER"'),
        GOOD.replace('"character"', '"speaker"').replace('"text"', '"line"'),
        f"\ufeff\n {GOOD}\n",
    ],
)
def test_what_only_wraps_a_script_is_taken_off(text: str) -> None:
    assert lines_of(text, REQUEST) == READ


def test_commas_and_braces_in_speech_are_left_alone() -> None:
    text = 'So {a, } and [b, ] it is: "quoted", }'
    told = json.dumps({"lines": [{**LINES[0], "text": text}, LINES[1]]})
    for version in (told, f"Here:\n{told[:-2]},]}} and that is it"):
        assert lines_of(version, REQUEST)[0].text == text


def test_a_line_break_inside_a_text_is_no_reason_to_lose_a_script() -> None:
    assert lines_of(GOOD.replace("is it", "is\nit"), REQUEST) == READ


@pytest.mark.parametrize(
    ("images", "image", "shots"),
    [
        (["a sky", "a prism"], "a sky", ("a sky", "a prism")),
        (["a sky", " ", "a prism", "too many"], "a sky", ("a sky", "a prism")),
        (["a sky"], "a sky", ()),
        ([7, None], "", ()),
        ("a sky", "", ()),
        ([], "", ()),
    ],
)
def test_what_is_of_use_in_a_list_of_pictures_is_shown(images: object, image: str, shots: tuple[str, ...]) -> None:
    line = {"character": "ada", "text": "Why is it blue?", "images": images}
    [read] = lines_of(json.dumps({"lines": [line]}), {**REQUEST, "lines": 1, "shots_per_line": 2})
    assert read == ScriptLine("ada", "Why is it blue?", image, shots)


def test_a_line_without_a_picture_is_drawn_by_what_is_said() -> None:
    told = json.dumps({"lines": [{"character": "ada", "text": "Why is it blue?"}, LINES[1]]})
    assert lines_of(told, REQUEST)[0].image == ""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"text": ""}, "line 1 says nothing"),
        ({"text": " *smiles* "}, None),
        ({"text": "(*smiles*)"}, "line 1 says nothing"),
        ({"text": "..."}, "line 1 says nothing"),
        ({"text": None}, "line 1 says nothing"),
        ({"text": "so " * 30}, "line 1 has 89 characters, more than 60"),
        ({"character": "bob"}, "line 1 is for 'bob', who is not in the cast (ada, max)"),
        ({"character": ""}, "line 1 is for ''"),
        ({"character": 7}, "line 1 is for ''"),
    ],
)
def test_what_is_wrong_with_a_line_is_told(changes: dict[str, Any], told: str | None) -> None:
    text = json.dumps({"lines": [{**LINES[0], **changes}, LINES[1]]})
    if told is None:
        lines_of(text, REQUEST)
        return
    with pytest.raises(ProviderError) as raised:
        lines_of(text, REQUEST)
    assert told in raised.value.what
    assert raised.value.fix == "bump the episode's take: for another one"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (json.dumps({"lines": LINES[:1]}), "1 lines instead of 2"),
        (json.dumps({"lines": [*LINES, *LINES]}), "4 lines instead of 2"),
        ("I would rather not.", "no lines in it, it begins with 'I would rather not.'"),
        ("[1, 2]", "no lines in it"),
        (GOOD[:60], "no lines in it"),
        ("[" * 5000, "no lines in it"),
        ("{" * 5000, "no lines in it"),
    ],
)
def test_what_is_no_script_is_told(text: str, told: str) -> None:
    with pytest.raises(ProviderError) as raised:
        lines_of(text, REQUEST)
    assert told in raised.value.what


def test_a_name_that_two_share_is_nobodys() -> None:
    request = {**REQUEST, "cast": [{"id": "a", "name": "Kim"}, {"id": "kim", "name": "Kim"}]}
    told = json.dumps({"lines": [{**LINES[0], "character": "Kim"}, {**LINES[1], "character": "A"}]})
    assert [line.character for line in lines_of(told, request)] == ["kim", "a"]
    request["cast"] = [{"id": "a", "name": "Kim"}, {"id": "b", "name": "Kim"}]
    with pytest.raises(ProviderError, match="'Kim', who is not in the cast"):
        lines_of(told, request)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("(*smiles*) Hello there.", "Hello there."),
        ("Hello [*laughs*] there.", "Hello there."),
        ("*sighs deeply* I told you.", "I told you."),
        ("It is *really* big.", "It is really big."),
        ("*Never* do that.", "Never do that."),
        ("**Boom**, it is __gone__.", "Boom, it is gone."),
        ("Ada: Hello there.", "Hello there."),
        ("**ADA:** Hello there.", "Hello there."),
        ("ada : Hello there.", "Hello there."),
        ('"Hello there."', "Hello there."),
        ("“Hello there.”", "Hello there."),
        # What may be speech is left alone.
        ('"Yes" and "no"', '"Yes" and "no"'),
        ("Adam: Hello there.", "Adam: Hello there."),
        ("Max: he said so.", "Max: he said so."),
        ("Two * three * four is 24.", "Two * three * four is 24."),
        ("2*3*4", "2*3*4"),
        ("snake_case__name__x", "snake_case__name__x"),
        ("It is (almost) true.", "It is (almost) true."),
        ("[laughs] It is.", "[laughs] It is."),
        ("Well -- yes.", "Well -- yes."),
    ],
)
def test_only_what_is_surely_not_speech_is_taken_out(text: str, heard: str) -> None:
    assert spoken(text, ["ada", "Ada"]) == heard


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a chat completion"),
        (b'{"choices": []}', "not a chat completion"),
        (b'{"choices": [{}]}', "not a chat completion"),
        (b'{"choices": [{"message": {"content": null}}]}', "it is empty"),
        (b'{"choices": [{"message": {"content": " "}}]}', "it is empty"),
        (b'{"choices": [{"message": {"refusal": "No."}}]}', "the model refused: No."),
        (b'{"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}', "ran out of tokens"),
        (b'{"choices": [{"message": {"content": "{"}, "finish_reason": "content_filter"}]}', "content filter"),
    ],
)
def test_what_is_no_answer_is_told(body: bytes, told: str) -> None:
    with pytest.raises(ProviderError) as raised:
        said(body)
    assert told in raised.value.what
    assert "take:" in raised.value.fix


def test_an_answer_in_parts_is_put_together() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "image"}, {"type": "text", "text": "two"}, "three"]
    assert said(json.dumps({"choices": [{"message": {"content": parts}}]}).encode()) == "one two"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["ada", "lines", "x" * 70]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "lines", "character", "text", "image", "refusal"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_a_server_answers_ends_in_lines_or_in_our_error(value: Any) -> None:
    for body in (json.dumps(value), json.dumps({"choices": [{"message": {"content": json.dumps(value)}}]})):
        try:
            read = lines_of(said(body.encode()), REQUEST)
        except ProviderError:
            continue
        assert len(read) == 2


@given(st.text(alphabet='{}[]",:\\ \nab*_`“”()', max_size=80))
def test_whatever_a_model_writes_ends_in_lines_or_in_our_error(text: str) -> None:
    spoken(text, ["a", "b"])
    with pytest.raises(ProviderError):
        lines_of(text, REQUEST)
