"""Compares what we use of a vendor's API with a description of all of it, which its vendor publishes.

Whatever ours sends has to be taken there, and whatever may come from there has to be expected in ours. Where the
description is behind the vendor, ours says so (`x-drift: why`); that is a difference again once they agree.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from itertools import product
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parents[3] / "shared" / "specs"  # beside some checkouts
Node = Mapping[str, Any]
Found = Iterator[str]
LIMITS: Mapping[str, Callable[[float, float], bool]] = {
    "minimum": operator.ge,
    "minLength": operator.ge,
    "minItems": operator.ge,
    "maximum": operator.le,
    "maxLength": operator.le,
    "maxItems": operator.le,
}
ANY_TYPE, ANY_VALUE = "anything", object()


def differences(ours: Node, theirs: Node) -> list[str]:
    """Return where an OpenAPI document of ours contradicts that of a vendor; places are named by ours."""
    return list(_Comparison(ours, theirs).run())


@dataclass(frozen=True)
class _Comparison:
    ours: Node
    theirs: Node

    def run(self) -> Found:
        for path, operations in self.ours["paths"].items():
            for method, operation in operations.items():
                there = self.theirs["paths"].get(path, {}).get(method)
                yield from _found(f"{method} {path}", operation, there, self._operation)

    def _operation(self, place: str, ours: Node, theirs: Node) -> Found:
        here, there = (
            {(one["in"], one["name"]): one for one in operation.get("parameters", ())} for operation in (ours, theirs)
        )
        for key, one in here.items():
            yield from _found(f"{place} {key[1]}", one, there.get(key), self._sent)
        yield from (f"{place} {name}: is required there" for _, name in _required(there) - _required(here))
        sent, taken = ours.get("requestBody", {}), theirs.get("requestBody", {})
        yield from self._content(f"{place} request", sent, taken, is_sent=True)
        for status, response in ours["responses"].items():
            other = theirs["responses"].get(status)
            yield from _found(f"{place} {status}", response, other, self._response)

    def _response(self, place: str, ours: Node, theirs: Node) -> Found:
        theirs = _resolved(theirs, self.theirs)
        for name, header in ours.get("headers", {}).items():
            yield from _found(f"{place} {name}", header, theirs.get("headers", {}).get(name), self._received)
        yield from self._content(place, ours, theirs, is_sent=False)

    def _content(self, place: str, ours: Node, theirs: Node, *, is_sent: bool) -> Found:
        compare = self._sent if is_sent else self._received
        for kind, content in ours.get("content", {}).items():
            yield from _found(f"{place} {kind}", content, theirs.get("content", {}).get(kind), compare)

    def _sent(self, place: str, ours: Node, theirs: Node) -> Found:
        yield from self._schema(place, ours.get("schema", {}), [theirs.get("schema", {})], is_sent=True)

    def _received(self, place: str, ours: Node, theirs: Node) -> Found:
        if "schema" in ours:
            yield from self._schema(place, ours["schema"], [theirs.get("schema", {})], is_sent=False)

    def _schema(self, place: str, ours: Node, theirs: list[Node], *, is_sent: bool) -> Found:
        here = _resolved(ours, self.ours)
        there = [one for other in theirs for one in _variants(other, self.theirs)]
        yield from _unfit(place, [here], there) if is_sent else _unfit(place, there, [here])
        objects = [one for one in there if "properties" in one]
        if objects and "properties" in here:
            yield from _required_alone(place, here, objects, is_sent=is_sent)
        inner = partial(self._schema, is_sent=is_sent)
        for name, schema in here.get("properties", {}).items():
            others = [one["properties"][name] for one in objects if name in one["properties"]]
            yield from _found(f"{place}.{name}", schema, others or None, inner)
        if "items" in here:
            yield from inner(f"{place}.items", here["items"], [one["items"] for one in there if "items" in one])


def _found(place: str, ours: Node, theirs: Any, compare: Callable[[str, Node, Any], Found]) -> Found:
    """Yield what a comparison finds, or that there is nothing to compare with, but for what is known as drift."""
    found = [f"{place}: is not there"] if theirs is None else list(compare(place, ours, theirs))
    if "x-drift" not in ours:
        yield from found
    elif not found:
        yield f"{place}: is as it is there, and no drift any more"


def _required(parameters: Mapping[tuple[str, str], Node]) -> set[tuple[str, str]]:
    return {key for key, one in parameters.items() if one.get("required")}


def _required_alone(place: str, here: Node, there: list[Node], *, is_sent: bool) -> Found:
    """Yield the keys that a request lacks, and those of an answer that need not be there."""
    ours, theirs = set(here.get("required", ())), [set(one.get("required", ())) for one in there]
    found = min((one - ours for one in theirs), key=len) if is_sent else ours - set.intersection(*theirs)
    yield from (f"{place}.{name}: is required {'there' if is_sent else 'here'} alone" for name in sorted(found))


def _unfit(place: str, narrow: list[Node], wide: list[Node]) -> Found:
    """Yield what one of the narrow schemas allows and none of the wide ones does."""
    for one in narrow:
        for kind, value in product(_types(one), one.get("enum", [ANY_VALUE])):
            if not any(_takes(other, kind, value, one) for other in wide):
                values = "" if value is ANY_VALUE else f" {value!r}"
                yield f"{place}: {kind}{values} is outside of {[_types(other) for other in wide]}"


def _takes(wide: Node, kind: str, value: object, narrow: Node) -> bool:
    types = _types(wide)
    if kind not in types and ANY_TYPE not in types and not (kind == "integer" and "number" in types):
        return False
    if "enum" in wide and value not in wide["enum"]:
        return False
    return all(name in narrow and within(narrow[name], wide[name]) for name, within in LIMITS.items() if name in wide)


def _types(schema: Node) -> list[str]:
    named = schema.get("type", "object" if "properties" in schema else ANY_TYPE)
    return [named] if isinstance(named, str) else list(named)


def _resolved(node: Node, root: Node) -> Node:
    while "$ref" in node:
        node = reduce(operator.getitem, node["$ref"].removeprefix("#/").split("/"), root)
    return node


def _variants(schema: Node, root: Node) -> list[Node]:
    """Return the forms that a schema allows, each with all that it is made of."""
    schema = _resolved(schema, root)
    found = [schema]
    parts = [[one] for one in schema.get("allOf", ())]
    for choice in (*parts, schema.get("anyOf", ()), schema.get("oneOf", ())):
        if choice:
            found = [_merged(one, more) for one in found for other in choice for more in _variants(other, root)]
    return found


def _merged(one: Node, other: Node) -> Node:
    merged = {**one, **other}
    if "properties" in merged:
        merged["properties"] = {**one.get("properties", {}), **other.get("properties", {})}
        merged["required"] = [*one.get("required", ()), *other.get("required", ())]
    return merged
