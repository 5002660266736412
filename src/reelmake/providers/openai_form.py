"""How a chat completion is put to a server: OpenAI takes all of it, others take less, and say so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from reelmake.providers import openai_api
from reelmake.providers.base import Request
from reelmake.providers.wire import Exchange

_NO_FORMAT = re.compile(
    r"response_format|json_schema|json_object|json schema|structured output|guided|grammar|requested parameters",
    re.IGNORECASE,
)
_WRONG_VALUE = re.compile(r"too (?:large|big|high)|at most|maximum|exceed|greater than|less than|value", re.IGNORECASE)

DROPPED: Final = ("response_format", "seed", "reasoning_effort", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Form:
    """How a request is put to a server, by what it takes."""

    format: Literal["json_schema", "json_object", "text"] = "json_schema"
    limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    seed: bool = True
    reasoning_effort: bool = True

    def without(self, name: str) -> Form:
        """Return the form for a server that does not take a parameter."""
        if name == "response_format":
            return replace(self, format="json_object" if self.format == "json_schema" else "text")
        if name == "max_completion_tokens":
            return replace(self, limit="max_tokens")
        return replace(self, seed=False) if name == "seed" else replace(self, reasoning_effort=False)

    def arguments(self, request: Request) -> dict[str, Any]:
        """Return what the SDK is given."""
        found = {"model": request["model"], self.limit: request["max_completion_tokens"]}
        messages = [dict(message) for message in request["messages"]]
        if self.format != "json_schema":
            form = f"\nAnswer with one JSON object that satisfies this JSON schema:\n{json.dumps(request['schema'])}"
            messages[-1]["content"] += form
        if self.format == "json_schema":
            named = {"name": "script", "strict": True, "schema": request["schema"]}
            found["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.format == "json_object":
            found["response_format"] = {"type": "json_object"}
        if self.seed:
            found["seed"] = request["seed"]
        if self.reasoning_effort and "reasoning_effort" in request:
            found["reasoning_effort"] = request["reasoning_effort"]
        return {**found, "messages": messages}

    def refused(self, request: Request, response: Exchange, code: str, message: str) -> str:
        """Return the parameter that a server does not take, by its own words; an empty string when it is not that."""
        if not openai_api.is_wrong_request(response):
            return ""
        named = openai_api.parameter(response)
        sent = self.arguments(request)
        for name in filter(sent.__contains__, DROPPED):
            about = named == name or (not named and re.search(rf"\b{name}\b", message) is not None)
            if name == "response_format":
                # Whatever is wrong with it, even with the schema: a simpler form may do.
                if about or (named in ("", "messages") and _NO_FORMAT.search(message)):
                    return name
            elif about and (name == "seed" or not _WRONG_VALUE.search(f"{code} {message}")):
                return name
        return ""
