"""Pictures that tests ask fal for."""

from __future__ import annotations

import json
from typing import Any

from calls import a_call
from vendors.server import Vendors

from reelmake.core.keys import canonical_json
from reelmake.providers.base import Answer
from reelmake.providers.fal.image import FalImage

PROVIDER = FalImage()


def request_for(**changes: Any) -> dict[str, Any]:
    told = {
        "provider": "fal",
        "prompt": "a child pointing at a bright sky. Style: watercolour.",
        "subject": "a child pointing at a bright sky",
        "style": "watercolour",
        "width": 960,
        "height": 960,
        "take": 1,
    }
    shaped: dict[str, Any] = json.loads(canonical_json(PROVIDER.shape({**told, **changes})))
    return shaped


class Desk:
    """Asks for pictures as builds do: each time a new provider, with the ticket that was kept last."""

    def __init__(self, v: Vendors) -> None:
        self.v = v
        self.kept: list[Any] = []

    @property
    def ticket(self) -> Any:
        return self.kept[-1] if self.kept else None

    def ask(self, request: dict[str, Any] | None = None, timeout_seconds: float = 30.0, **env: str) -> Answer:
        call = a_call({**self.v.env(), **env}, timeout_seconds, ticket=self.ticket, tickets=self.kept)
        return FalImage().ask(request or request_for(), call)

    def recover(self, timeout_seconds: float = 30.0) -> Answer | None:
        call = a_call(self.v.env(), timeout_seconds, ticket=self.ticket, tickets=self.kept)
        return FalImage().recover(request_for(), call)

    def submitted(self) -> int:
        """Count the jobs that were submitted."""
        return self.v.count("fal", "image")
