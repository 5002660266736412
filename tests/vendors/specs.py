"""Checks requests and answers against what we use of each vendor's API: `specs/<vendor>.yaml`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from vendors.records import Answer, Hit

SPECS = Path(__file__).with_name("specs")
VENDORS = ("openai", "elevenlabs", "fal")
SHORT = 300  # characters of a message: some quote a whole body
UNDESCRIBED = 400  # statuses from here on that a description leaves out: errors, which none of them lists in full
LOCK = threading.Lock()


def check(hit: Hit, answer: Answer | None) -> list[str]:
    """Return what is wrong with a request and its answer; without an answer, with the request alone."""
    if hit.kind == "file":  # a file server's, not the API's
        return []
    what = f"{hit.vendor}: {hit.method} {hit.path}"
    if hit.vendor not in VENDORS:
        return [f"{what}: no vendor has such a path"]
    with LOCK:
        api, request = described(hit.vendor), in_request(hit)
        problems = [f"request: {text}" for error in api.iter_request_errors(request) for text in told(error)]
        operation = operation_of(hit)
        if operation:
            problems += [f"request: unknown query parameter {name!r}" for name in unknown_parameters(hit, operation)]
        if answer is not None and operation and (str(answer.status) in operation["responses"] or not is_error(answer)):
            response = MockResponse(answer.content, answer.status, answer.headers, answer.content_type)
            errors = api.iter_response_errors(request, response)
            problems += [f"answer {answer.status}: {text}" for error in errors for text in told(error)]
    return [f"{what}: {problem}"[:SHORT] for problem in problems]


def is_error(answer: Answer) -> bool:
    return answer.status >= UNDESCRIBED


@cache
def document(vendor: str) -> dict[str, Any]:
    """Load what we use of a vendor's API."""
    loaded: dict[str, Any] = yaml.safe_load((SPECS / f"{vendor}.yaml").read_text("utf-8"))
    return loaded


@cache
def described(vendor: str) -> OpenAPI:
    """Prepare a description for checks."""
    return OpenAPI.from_dict(document(vendor), config=Config())


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


def unknown_parameters(hit: Hit, operation: Mapping[str, Any]) -> list[str]:
    """Return the query parameters that are not described, which openapi-core lets pass."""
    known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    return [name for name in hit.query if name not in known]
