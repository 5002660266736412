"""What the stand-in vendors see and say: requests, answers, charges."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

BOUGHT = ("script", "voice", "image")


@dataclass(frozen=True)
class Hit:
    """A request that arrived: `path` is the vendor's own, `body` is parsed (None without one, bytes if not JSON).

    `kind` is what is bought (script, voice, image), or the name of an endpoint that costs nothing: models, history,
    history_item, history_audio, status, result, file; `unknown` for one that does not exist.
    `at` is when it arrived, by the monotonic clock.
    """

    vendor: str
    kind: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    raw: bytes = b""
    at: float = field(default_factory=time.monotonic, compare=False)

    @property
    def asked(self) -> str:
        """What is asked, as one text: equal for requests that ask for the same."""
        return json.dumps([self.vendor, self.path, sorted(self.query.items()), self.body], sort_keys=True, default=repr)


@dataclass(frozen=True)
class Charge:
    """What was billed; `units` are tokens, characters or megapixels, whatever the vendor counts in."""

    vendor: str
    kind: str
    body: Any
    usd: Decimal
    units: Decimal
    request_id: str
    asked: str


@dataclass
class Answer:
    """What goes back; `headers` are besides Content-Length and Content-Type."""

    status: int
    content: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def in_json(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(body).encode(), headers=dict(headers or {}))


GATEWAY_PAGE = Answer(
    200,
    b"<!doctype html>\n<html><head><title>One moment</title></head><body><h1>One moment, please</h1></body></html>\n",
    "text/html; charset=utf-8",
)
