"""Scripts that tests ask OpenAI for."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

from calls import a_call
from vendors.server import Vendors

from reelmake.core.keys import canonical_json
from reelmake.providers.base import Answer
from reelmake.providers.openai.script import OpenAIScript

PROVIDER = OpenAIScript()
TEMPLATE = (importlib.resources.files("reelmake") / "templates" / "script.openai.j2").read_text("utf-8")
ADA = {"id": "ada", "name": "Ada", "personality": "curious, quick.", "catchphrases": ["Wait, really?", "No way!"]}
MAX = {"id": "max", "name": "Max Power", "personality": "", "catchphrases": []}


def asked(**changes: Any) -> dict[str, Any]:
    told = {
        "provider": "openai",
        "topic": "why the sky is blue",
        "title": "Blue",
        "language": "en",
        "style": "watercolour",
        "lines": 4,
        "take": 1,
        "template": TEMPLATE,
        "cast": [ADA, MAX],
    }
    return {**told, **changes}


def request_for(**changes: Any) -> dict[str, Any]:
    # As it comes out of a stored manifest.
    shaped: dict[str, Any] = json.loads(canonical_json(PROVIDER.shape(asked(**changes))))
    return shaped


def ask(v: Vendors, request: dict[str, Any] | None = None, timeout_seconds: float = 30.0) -> Answer:
    """Have the stand-in write a script."""
    return PROVIDER.ask(request or request_for(), a_call(v.env(), timeout_seconds))
