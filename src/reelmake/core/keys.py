"""One step of a build, as data; its key; and the receipt of what it made.

A key says what is requested, not how or where: everything that changes the bytes is in it, names and paths and our
own source code are not. `manifest` is the only list of what matters: `key` hashes it and `explain` compares it, so
that decision and explanation cannot differ.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KEY_PREFIX = "r1:"
MOST_DEPTH: Final = 100  # of JSON that others wrote

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be made: requested of whom, from which files, into which files.

    kind     one of the kinds of step: voice, image, segment, ...
    recipe   raised by hand when our code changes the meaning of a kind: everyone makes these again
    request  JSON: all that changes the bytes, apart from the inputs
    inputs   slot -> path of a file (from the project's folder); the file's digest takes part in the key
    outputs  role -> path of a file that is written
    reading  raised by hand when our code reads an answer differently: outputs are written again, nothing is made or
             paid again, so it takes no part in the key
    """

    kind: str
    recipe: int
    request: Json
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    reading: int = 1


def canonical_json(value: object) -> str:
    """Return the one way to write a JSON value: sorted names, no spaces, UTF-8 as it is, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def read_json(text: str | bytes) -> Any:
    """Read JSON that can be written again, and walked through by functions that call themselves.

    Raises ValueError for any other: with NaN or 1e999 in it, or nested deeper than anything that is used here.
    """
    value = _decoder.decode(text if isinstance(text, str) else text.decode())
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        if not level:
            return value
    raise ValueError(f"it is nested more than {MOST_DEPTH} deep")


def _finite(written: str) -> float:
    if not math.isfinite(number := float(written)):
        raise ValueError(f"{written} is no number that JSON can hold")
    return number


_decoder: Final = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


def digest_of(content: bytes) -> str:
    """Return the sha256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def manifest(action: Action, digests: Mapping[str, str]) -> dict[str, Any]:
    """Return everything that decides what an action makes; `digests` gives the sha256 of each input slot."""
    return {
        "kind": action.kind,
        "recipe": action.recipe,
        "request": dict(action.request),
        "inputs": {slot: digests[slot] for slot in action.inputs},
    }


def key(of_manifest: Json) -> str:
    """Return the name under which whatever this manifest describes is stored."""
    return KEY_PREFIX + digest_of(canonical_json(of_manifest).encode())


NOTHING: Final = "(nothing)"


def explain(old: Json, new: Json) -> list[str]:
    """Say how two manifests differ, a line for each field: `request.text: "Hi" -> "Hello"`. Empty if the keys agree."""
    was, now = dict(_leaves(old)), dict(_leaves(new))
    changes = []
    for place in sorted(was.keys() | now.keys(), key=_dotted):
        before, after = was.get(place, NOTHING), now.get(place, NOTHING)
        if before != after:
            changes.append(f"{_dotted(place)}: {before} -> {after}")
    return changes


def fields(of_manifest: Json) -> dict[str, str]:
    """Return every field of a manifest by its dotted name, as JSON text."""
    return {_dotted(place): text for place, text in _leaves(of_manifest)}


Place = tuple[str | int, ...]


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def _leaves(value: object, place: Place = ()) -> list[tuple[Place, str]]:
    """Flatten JSON into (place, value as JSON text); empty containers are leaves, so that none is overlooked.

    Places are compared, not dotted names: `{"a.b": 1}` and `{"a": {"b": 1}}` have one name and two keys.
    """
    parts: list[tuple[str | int, object]] = []
    if isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, list | tuple):
        parts = list(enumerate(value))
    if not parts:
        return [(place, canonical_json(value))]
    return [leaf for part, inner in parts for leaf in _leaves(inner, (*place, part))]
