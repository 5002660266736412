"""What we use of a vendor's API is compared with a description of all of it; and differences are found."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from vendors import specs
from vendors.drift import differences

Document = dict[str, Any]
CHAT, DRAWING = "/chat/completions", "/images/generations"


def described(vendor: str = "openai") -> Document:
    """Return a vendor's description that says what ours says, drift included."""
    found = deepcopy(specs.document(vendor))
    found["paths"] = without_drift(found["paths"])
    found["components"] = without_drift(found["components"])
    return found


def without_drift(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: without_drift(inner) for name, inner in part.items() if name != "x-drift"}
    return [without_drift(inner) for inner in part] if isinstance(part, list) else part


def ours(vendor: str = "openai") -> Document:
    return described(vendor)


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def change(place: str, **values: Any) -> Callable[[Document], None]:
    """Change the schema at a place such as `Chat.seed`; what is None is taken out."""

    def changed(document: Document) -> None:
        first, *rest = place.split(".")
        at = schema(document, first)
        for name in rest:
            at = at["items"] if name == "items" else at["properties"][name]
        for name, value in values.items():
            at.pop(name, None)
            if value is not None:
                at[name] = value

    return changed


CHANGES: dict[str, tuple[str, Callable[[Document], None], str]] = {
    "an operation is gone": ("openai", lambda it: it["paths"].pop("/models"), "get /models: is not there"),
    "a method is gone": ("openai", lambda it: it["paths"][CHAT].pop("post"), f"post {CHAT}: is not there"),
    "a status is gone": (
        "openai",
        lambda it: it["paths"][CHAT]["post"]["responses"].pop("429"),
        f"post {CHAT} 429: is not there",
    ),
    "a request's key is gone": (
        "openai",
        lambda it: schema(it, "Chat")["properties"].pop("seed"),
        ".seed: is not there",
    ),
    "an answer's key is gone": (
        "openai",
        lambda it: schema(it, "Completion")["properties"].pop("usage"),
        ".usage: is not there",
    ),
    "a request's type is another": (
        "openai",
        change("Chat.seed", type="string", minimum=None, maximum=None),
        ".seed: integer is outside of [['string']]",
    ),
    "an inner key is of another type": (
        "openai",
        change("Chat.messages.items.content", type="array"),
        ".messages.items.content: string is outside of [['array']]",
    ),
    "a value is not taken": (
        "openai",
        change("Drawing.moderation", enum=["auto"]),
        ".moderation: string 'low' is outside of [['string']]",
    ),
    "a limit is narrower": ("openai", change("Chat.seed", maximum=9), ".seed: integer is outside of [['integer']]"),
    "a key has to be sent": ("openai", change("Chat", required=["model", "user"]), ".user: is required there alone"),
    "an answer may be null": (
        "openai",
        change("Models.data.items.id", type=["string", "null"]),
        ".data.items.id: null is outside of [['string']]",
    ),
    "an answer may be anything": ("fal", change("Job.status", type=None, enum=None), "anything is outside of"),
    "an answer may have other values": (
        "fal",
        change("Job.status", enum=["COMPLETED", "LOST"]),
        ".status: string 'LOST' is outside of [['string']]",
    ),
    "an answer's key need not be there": (
        "fal",
        change("Drawn", required=["images"]),
        ".has_nsfw_concepts: is required here alone",
    ),
    "a parameter is gone": (
        "elevenlabs",
        lambda it: it["paths"]["/v1/history"]["get"]["parameters"].pop(0),
        "get /v1/history page_size: is not there",
    ),
    "a parameter has to be sent": (
        "elevenlabs",
        lambda it: it["paths"]["/v1/history"]["get"]["parameters"].append(
            {"name": "page", "in": "query", "required": True}
        ),
        "get /v1/history page: is required there",
    ),
    "a header is gone": (
        "fal",
        lambda it: it["paths"]["/fal-ai/z-image/requests/{request_id}"]["get"]["responses"]["200"].pop("headers"),
        "x-fal-billable-units: is not there",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_difference_is_found(what: str) -> None:
    vendor, changed, expected = CHANGES[what]
    theirs = described(vendor)
    assert differences(ours(vendor), theirs) == []
    changed(theirs)
    found = differences(ours(vendor), theirs)
    assert found
    assert all(expected in one for one in found), found


def test_choices_are_followed() -> None:
    theirs = described()
    message = schema(theirs, "Chat")["properties"]["messages"]["items"]
    one, other = deepcopy(message), deepcopy(message)
    one["properties"]["role"]["enum"], other["properties"]["role"]["enum"] = ["system", "user"], ["assistant"]
    other["required"] = ["role"]
    theirs["components"]["schemas"]["Message"] = {"oneOf": [one, {"allOf": [other]}]}
    message.clear()
    message["$ref"] = "#/components/schemas/Message"
    assert differences(ours(), theirs) == []
    one["properties"]["role"]["enum"] = ["user"]
    (difference,) = differences(ours(), theirs)
    assert difference.endswith(".messages.items.role: string 'system' is outside of [['string'], ['string']]")


def test_drift_is_known_as_long_as_there_is_any() -> None:
    theirs = described()
    (difference,) = differences(specs.document("openai"), theirs)
    assert difference.endswith(".quality: is as it is there, and no drift any more")
    change("Drawing.quality", enum=["low", "medium", "high"])(theirs)
    assert differences(specs.document("openai"), theirs) == []
    assert len(differences(ours(), theirs)) == 2
