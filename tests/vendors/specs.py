"""Checks requests and answers against the vendors' own descriptions of their APIs (`../shared/specs`).

The descriptions are older than the SDKs; OVERLAY and NEWER_KEYS say where, and why what they do not know is right.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from vendors.records import Answer, Hit

SPECS = Path(__file__).parents[2].parent / "shared" / "specs"
ANY_SIZE = {"type": "string", "pattern": r"^[1-9]\d*x[1-9]\d*$"}
OVERLAY: dict[str, dict[str, Any]] = {
    "openai": {
        # gpt-image-2.5 and later have two more qualities.
        "components.schemas.CreateImageRequest.properties.quality.enum": [
            *("standard", "hd", "low", "medium", "high", "xhigh", "max", "auto"),
            None,
        ],
        "components.schemas.ImagesResponse.properties.quality.enum": ["low", "medium", "high", "xhigh", "max"],
        # gpt-image-2 and later paint any width and height divisible by 16; the description lists three sizes.
        "components.schemas.ImagesResponse.properties.size": ANY_SIZE,
    },
    "elevenlabs": {},
    "fal": {},
}
NEWER_KEYS = {
    # Keys that the SDKs (openai 3.54, elevenlabs 2.78) send and that the descriptions do not know yet.
    "openai": {"complexity", "safety_identifier"},
    "elevenlabs": {"audio_effects", "voice_settings.clone_strength"},
    "fal": set[str](),
}
SHORT = 300  # characters of a message: some quote a whole body
UNDESCRIBED = 400  # statuses from here on that a description leaves out: errors, which none of them lists in full
LOCK = threading.Lock()


def check(hit: Hit, answer: Answer | None) -> list[str]:
    """Return what is wrong with a request and its answer; without an answer, with the request alone."""
    if hit.kind == "file":  # a file server's, not the API's
        return []
    what = f"{hit.vendor}: {hit.method} {hit.path}"
    if hit.vendor not in OVERLAY:
        return [f"{what}: no vendor has such a path"]
    with LOCK:
        api, request = described(hit.vendor), in_request(hit)
        problems = [f"request: {text}" for error in api.iter_request_errors(request) for text in told(error)]
        operation = operation_of(hit)
        if operation:
            problems += [f"request: {text}" for text in unknown_names(hit, operation)]
            problems += ["request: the stand-ins do not play this endpoint"] if hit.kind == "unknown" else []
        if answer is not None and operation and (str(answer.status) in operation["responses"] or not is_error(answer)):
            response = MockResponse(answer.content, answer.status, answer.headers, answer.content_type)
            errors = api.iter_response_errors(request, response)
            problems += [f"answer {answer.status}: {text}" for error in errors for text in told(error)]
    return [f"{what}: {problem}"[:SHORT] for problem in problems]


def is_error(answer: Answer) -> bool:
    return answer.status >= UNDESCRIBED


@cache
def document(vendor: str) -> dict[str, Any]:
    """Load a description, with its overlay."""
    loaded: dict[str, Any] = json.loads((SPECS / f"{vendor}.json").read_text("utf-8"))
    for place, value in OVERLAY[vendor].items():
        *path, last = place.split(".")
        at = loaded
        for part in path:
            at = at[part]
        if last not in at:
            raise KeyError(f"{vendor}.json has no {place} any more: mend the overlay")
        at[last] = value
    repair(loaded)
    return loaded


def repair(part: Any) -> None:
    """Take out what openapi-core cannot read, wherever it stands.

    A `discriminator` without a mapping names schemas that do not exist (OpenAI's `user`, `json_schema`): the `oneOf`
    beside it says the same. A `format: binary` is how OpenAPI 3.0 told of bytes; in 3.1 bytes have no schema.
    """
    if isinstance(part, dict):
        if isinstance(part.get("discriminator"), dict) and "mapping" not in part["discriminator"]:
            del part["discriminator"]
        if part.get("format") == "binary":
            part.clear()
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        repair(inner)


@cache
def described(vendor: str) -> OpenAPI:
    """Prepare a description for checks."""
    return OpenAPI.from_dict(document(vendor), config=Config(spec_validator_cls=None))


def in_request(hit: Hit) -> MockRequest:
    server = urlsplit(document(hit.vendor)["servers"][0]["url"])
    return MockRequest(
        f"{server.scheme}://{server.netloc}",
        hit.method,
        server.path + hit.path,
        args=dict(hit.query),
        headers=dict(hit.headers),
        data=hit.raw,
        content_type=hit.headers.get("content-type", ""),
    )


def told(error: BaseException) -> Iterator[str]:
    """Say in words what openapi-core found: each place in the body that is wrong, and how."""
    whole = getattr(error, "name", "body")  # a parameter's name
    cause: BaseException | None = error
    while cause is not None:
        problems: Iterable[Any] = getattr(cause, "schema_errors", ())
        listed = [f"{'.'.join(map(str, one.absolute_path)) or whole}: {one.message}" for one in problems]
        if listed:
            yield from listed
            return
        cause = cause.__cause__
    reason = f" ({error.__cause__})" if isinstance(error.__cause__, OpenAPIError) else ""
    yield f"{error}{reason}"


def operation_of(hit: Hit) -> dict[str, Any] | None:
    """Return the description of the endpoint; None if there is none."""
    asked = hit.path.split("/")
    for pattern, operations in document(hit.vendor)["paths"].items():
        parts = pattern.split("/")
        same = len(parts) == len(asked) and all(
            part == given or part.startswith("{") for part, given in zip(parts, asked, strict=True)
        )
        if same and hit.method.lower() in operations:
            found: dict[str, Any] = operations[hit.method.lower()]
            return found
    return None


def unknown_names(hit: Hit, operation: Mapping[str, Any]) -> Iterator[str]:
    """Tell of query parameters and keys of the body that the description does not know: it lets them pass."""
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    yield from (f"unknown query parameter {name!r}" for name in hit.query if name not in known)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        for place in unknown_keys(hit.body, [content["schema"]], document(hit.vendor)):
            if place not in NEWER_KEYS[hit.vendor]:
                yield f"unknown key {place!r}"


def unknown_keys(value: Any, schemas: list[Any], root: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Yield the places of keys that none of the schemas names; any schema that is open to all keys ends the search."""
    if isinstance(value, list):
        inner = [one["items"] for one in alternatives(schemas, root) if "items" in one]
        for one in value:
            yield from unknown_keys(one, inner, root, place)
    if not isinstance(value, dict):
        return
    objects = [one for one in alternatives(schemas, root) if "properties" in one or "additionalProperties" in one]
    if not objects or any(one.get("additionalProperties") for one in objects):
        return
    forbidden = any(one.get("additionalProperties") is False for one in objects)  # then the schema itself tells of it
    for key, inner_value in value.items():
        found = [one["properties"][key] for one in objects if key in one.get("properties", {})]
        here = f"{place}.{key}".lstrip(".")
        if found:
            yield from unknown_keys(inner_value, found, root, here)
        elif not forbidden:
            yield here


def alternatives(schemas: Iterable[Any], root: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield schemas with all that they refer to and are made of."""
    for schema in schemas:
        if "$ref" in schema:
            found: Any = root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            yield from alternatives([found], root)
            continue
        yield schema
        for word in ("allOf", "anyOf", "oneOf"):
            yield from alternatives(schema.get(word, ()), root)
