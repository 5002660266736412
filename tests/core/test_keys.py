"""Keys, explanations and receipts: what decides whether something is made and paid for."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.core.keys import Action, canonical_json, digest_of, explain, key, manifest, read_json
from reelmake.store.base import Receipt

ACTION = Action(
    "voice",
    1,
    {"text": "Why?", "voice": {"pitch": 1.5, "tags": ["calm"]}, "take": 1},
    {"sprite": "characters/ada.png"},
    {"sound": "build/a.wav"},
)
DIGESTS = {"sprite": digest_of(b"ada")}

scalars = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, -0.0, 1.0, 0.1]) | st.sampled_from("ab1")
)
names = st.sampled_from(["a", "b", "a.b", "0", "", "é"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3))
manifests = st.dictionaries(names, values, max_size=3)


# -- canonical JSON -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ({"é": "日本 “quoted” 🎈"}, '{"é":"日本 “quoted” 🎈"}'),
        ([1, 1.0, -0.0, 1e100], "[1,1.0,-0.0,1e+100]"),
        ((1, 2), "[1,2]"),
        ('a\n\t"\\\x7f\u2028', '"a\\n\\t\\"\\\\\x7f\u2028"'),
        ({}, "{}"),
    ],
)
def test_canonical_json(value: object, text: str) -> None:
    assert canonical_json(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": -float("inf")}])
def test_what_is_not_a_number_has_no_key(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


@pytest.mark.parametrize("value", [Decimal(1), b"x", {1, 2}, Path("x")])
def test_what_is_not_json_has_no_key(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


@given(manifests)
def test_the_order_of_names_does_not_matter(value: dict[str, Any]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


# -- keys ---------------------------------------------------------------------------------------------------------


def key_of(action: Action, digests: dict[str, str] | None = None) -> str:
    return key(manifest(action, DIGESTS if digests is None else digests))


def test_a_key_is_the_sha256_of_the_canonical_manifest() -> None:
    written = (
        '{"inputs":{"sprite":"' + DIGESTS["sprite"] + '"},"kind":"voice","recipe":1,"request":'
        '{"take":1,"text":"Why?","voice":{"pitch":1.5,"tags":["calm"]}}}'
    )
    assert key_of(ACTION) == "r1:" + hashlib.sha256(written.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "image"},
        {"recipe": 2},
        {"request": {**ACTION.request, "text": "Why"}},
        {"request": {**ACTION.request, "take": 2}},
        {"request": {**ACTION.request, "take": "1"}},
        {"request": {**ACTION.request, "voice": {"pitch": 1.6, "tags": ["calm"]}}},
        {"request": {**ACTION.request, "voice": {"pitch": 1.5, "tags": []}}},
        {"request": {**ACTION.request, "voice": {"tags": ["calm"]}}},
        {"request": {**ACTION.request, "seed": None}},
        {"request": {}},
    ],
)
def test_all_that_is_asked_is_in_the_key(change: dict[str, Any]) -> None:
    changed = replace(ACTION, **change)
    assert key_of(changed) != key_of(ACTION)
    assert explain(manifest(ACTION, DIGESTS), manifest(changed, DIGESTS))


def test_the_digest_of_an_input_is_in_the_key() -> None:
    assert key_of(ACTION, {"sprite": digest_of(b"max")}) != key_of(ACTION)


def test_the_slot_of_an_input_is_in_the_key() -> None:
    renamed = replace(ACTION, inputs={"sprite.0": "characters/ada.png"})
    assert key_of(renamed, {"sprite.0": DIGESTS["sprite"]}) != key_of(ACTION)


def test_an_input_more_is_in_the_key() -> None:
    both = replace(ACTION, inputs={**ACTION.inputs, "other": "x"})
    assert key_of(both, {**DIGESTS, "other": DIGESTS["sprite"]}) != key_of(ACTION)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {"sprite": "elsewhere/renamed.png"}},
        {"outputs": {"sound": "build/b.wav", "words": "build/b.json"}},
        {"outputs": {}},
        {"reading": 2},
    ],
)
def test_places_and_our_reading_are_not_in_the_key(change: dict[str, Any]) -> None:
    assert key_of(replace(ACTION, **change)) == key_of(ACTION)


def test_digests_of_other_files_are_not_in_the_key() -> None:
    assert key_of(ACTION, {**DIGESTS, "unused": digest_of(b"")}) == key_of(ACTION)


def test_a_key_is_the_same_in_another_process() -> None:
    """Keys do not depend on hash seeds, or on anything else of a process."""
    script = "import sys, json; from reelmake.core.keys import key; print(key(json.load(sys.stdin)))"
    given_text = json.dumps(manifest(ACTION, DIGESTS))
    seen = {
        subprocess.run(
            [sys.executable, "-c", script], input=given_text, capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert seen == {key_of(ACTION)}


# -- explain ------------------------------------------------------------------------------------------------------


@given(manifests, manifests)
def test_an_explanation_is_empty_if_and_only_if_the_keys_are_equal(old: dict[str, Any], new: dict[str, Any]) -> None:
    """What is decided and what is told cannot differ."""
    assert (explain(old, new) == []) == (key(old) == key(new))
    assert explain(old, old) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a.b": 1}, {"a": {"b": 1}}),
        ({"a": ["x"]}, {"a": {"0": "x"}}),
        ({"a": []}, {"a": {}}),
        ({"a": {}}, {}),
        ({"a": None}, {}),
        ({"a": "1"}, {"a": 1}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": True}, {"a": 1}),
        ({"a": "(nothing)"}, {}),
        ({"": 1}, {}),
    ],
)
def test_what_looks_alike_is_told_apart(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert key(old) != key(new)
    assert explain(old, new)
    assert explain(new, old)


def test_an_explanation_names_the_field_and_both_values() -> None:
    old = manifest(ACTION, DIGESTS)
    changed = replace(ACTION, request={**ACTION.request, "text": "Why not?", "voice": {"pitch": 1.5, "tags": ["é"]}})
    assert explain(old, manifest(changed, DIGESTS)) == [
        'request.text: "Why?" -> "Why not?"',
        'request.voice.tags.0: "calm" -> "é"',
    ]
    assert explain({"a": 1, "b": 2}, {"b": 2, "c": 3}) == ["a: 1 -> (nothing)", "c: (nothing) -> 3"]


# -- receipts -----------------------------------------------------------------------------------------------------

RECEIPT = Receipt(
    kind="voice",
    key=key_of(ACTION),
    manifest=manifest(ACTION, DIGESTS),
    blob=digest_of(b"sound"),
    usd=Decimal("0.0123"),
    units={"characters": 4},
    provider="offline",
    made_at="2026-01-01T00:00:00Z",
    step="voice:sky:ada-hi-1",
    quoted_usd=Decimal("0.0123"),
    vendor_ids=("speech-1",),
    earlier=({"asked_at": "2026-01-01T00:00:00Z", "usd": None, "why": "a cut line"},),
)

texts = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
amounts = st.decimals(min_value=0, max_value=10**9, places=12)  # others are read as unknown: see the store's tests
receipts = st.builds(
    Receipt,
    kind=texts,
    key=texts,
    manifest=st.dictionaries(texts, json_values, max_size=3),
    blob=texts,
    usd=st.none() | amounts,
    units=st.dictionaries(texts, st.integers(0, 10**9) | amounts, max_size=3),
    provider=texts,
    made_at=texts,
)


@given(receipts)
def test_a_receipt_comes_back_as_it_was(receipt: Receipt) -> None:
    again = Receipt.from_json(receipt.to_json())
    assert again == receipt
    assert str(again.usd) == str(receipt.usd)  # to the last digit that was written
    assert key(again.manifest) == key(receipt.manifest)


@pytest.mark.parametrize("usd", ["0.10", "0", "12.000000000000000000000000001", "1E-9", "0.1"])
def test_no_cent_is_lost(usd: str) -> None:
    receipt = replace(RECEIPT, usd=Decimal(usd))
    assert f'"usd":"{usd}"' in receipt.to_json()
    assert str(Receipt.from_json(receipt.to_json()).usd) == usd


def test_a_receipt_is_readable_text() -> None:
    told = replace(RECEIPT, manifest={"request": {"text": "ありがとう, José 🎈"}}).to_json()
    assert "ありがとう, José 🎈" in told


@given(texts | json_values.map(json.dumps))
def test_anything_else_is_not_a_receipt(text: str) -> None:
    with pytest.raises(ValueError, match="not a receipt"):
        Receipt.from_json(text)


@given(st.sampled_from(Receipt.__slots__), json_values)
def test_a_receipt_with_a_wrong_field_is_none_or_a_sound_one(name: str, value: object) -> None:
    fields = {**json.loads(RECEIPT.to_json()), name: value}
    try:
        read = Receipt.from_json(json.dumps(fields))
    except ValueError:
        return
    assert isinstance(read.blob, str)
    assert isinstance(read.key, str)
    assert read.usd is None or (read.usd + 1).is_finite()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blob", None),
        ("key", 3),
        ("manifest", "x"),
        ("manifest", []),
        ("units", {"characters": 1.5}),
        ("units", {"characters": "NaN"}),
        ("units", {"characters": True}),
        ("units", [1]),
        ("usd", 0.1),
        ("usd", 1),
        ("usd", "NaN"),
        ("usd", "Infinity"),
        ("usd", "much"),
    ],
)
def test_a_damaged_receipt_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match="not a receipt"):
        Receipt.from_json(json.dumps({**json.loads(RECEIPT.to_json()), name: value}))


def test_a_receipt_of_a_later_version_can_be_read() -> None:
    """Else whoever has not updated yet would pay again for what a colleague has made."""
    assert Receipt.from_json(json.dumps({**json.loads(RECEIPT.to_json()), "more": 1})) == RECEIPT


@pytest.mark.parametrize("change", [{"usd": 0.1}, {"units": {"seconds": 1.5}}, {"units": {"seconds": Decimal("NaN")}}])
def test_a_receipt_that_could_not_be_read_again_is_not_written(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a field of the receipt"):
        replace(RECEIPT, **change).to_json()


LATER: dict[str, Any] = {"step": "", "quoted_usd": None, "earlier": (), "vendor_ids": ()}


@pytest.mark.parametrize("name", LATER)
def test_a_receipt_of_the_first_version_is_still_a_receipt(name: str) -> None:
    fields = json.loads(RECEIPT.to_json())
    del fields[name]
    assert Receipt.from_json(json.dumps(fields)) == replace(RECEIPT, **{name: LATER[name]})


@pytest.mark.parametrize("name", [name for name in Receipt.__slots__ if name not in LATER])
def test_a_receipt_without_a_field_is_refused(name: str) -> None:
    fields = json.loads(RECEIPT.to_json())
    del fields[name]
    with pytest.raises(ValueError, match="not a receipt"):
        Receipt.from_json(json.dumps(fields))


def test_brackets_without_end_are_not_a_receipt() -> None:
    with pytest.raises(ValueError, match="not a receipt"):
        Receipt.from_json("[" * 100_000)


@pytest.mark.parametrize(
    "text", ["NaN", "[-Infinity]", '{"a": 1e999}', "[" * 101 + "]" * 101, '{"a":' * 900 + "1" + "}" * 900]
)
def test_json_that_could_not_be_written_again_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number|could not convert|nested more than 100 deep"):
        read_json(text)


@pytest.mark.parametrize("text", ["1.5", '{"a": [1e300, null]}', "[" * 100 + "]" * 100])
def test_other_json_is_read(text: str) -> None:
    assert read_json(text) == read_json(text.encode()) == json.loads(text)
