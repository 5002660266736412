"""Plays OpenAI, and servers that speak like it: chat completions, image generation, the list of models."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from typing import Any

from vendors import openai_images
from vendors.faults import Fault
from vendors.house import OPENAI_KEY, House
from vendors.openai_errors import error, invalid, refusal
from vendors.records import Answer, Hit, in_json
from vendors.script_writer import PLAIN_SCHEMA, Writer, not_strict

KINDS = {
    ("POST", "/chat/completions"): "script",
    ("POST", "/images/generations"): "image",
    ("GET", "/models"): "models",
}
CHAT_USD = {  # per million tokens in, out
    "gpt-6-luna": ("0.10", "0.50"),
    "gpt-5.6-luna": ("0.20", "1.20"),
    "gpt-6.1-terra": ("1", "5"),
    "gpt-6.1-sol": ("2", "10"),
    "gpt-6-astra": ("10", "50"),
    "gpt-4o-mini": ("0.15", "0.60"),
}
SHUTDOWN = {"gpt-4o-mini": "2027-01-14", "gpt-image-1-mini": "2026-12-01"}
SNAPSHOT = re.compile(r"-\d{4}-\d\d-\d\d$")
UNCAPPED = 10**9
SORRY = "I'm sorry, but I can't help with that."


class OpenAI:
    """The vendor."""

    def __init__(self, house: House) -> None:
        self.house = house

    def kind(self, method: str, path: str) -> str:
        return KINDS.get((method, path), "unknown")

    def known_caller(self, hit: Hit) -> bool:
        return hit.headers.get("authorization") == f"Bearer {OPENAI_KEY}"

    def refuse(self, hit: Hit, fault: Fault) -> Answer | None:
        request_id = self._request_id()
        made = refusal(hit, fault, request_id)
        if made and fault.name != "html":
            made.headers["x-request-id"] = request_id
        return made

    def answer(self, hit: Hit, fault: Fault | None) -> Answer:
        make = {"script": self._chat, "image": self._image, "models": self._models}.get(hit.kind)
        if make is None:
            made = error(404, f"Invalid URL ({hit.method} /v1{hit.path})", None)
        elif hit.method == "POST" and not isinstance(hit.body, dict):
            made = invalid("We could not parse the JSON body of your request.", None, None)
        else:
            made = make(hit, fault)
        return Answer(made.status, made.content, headers={"x-request-id": self._request_id(), **made.headers})

    def _request_id(self) -> str:
        return f"req_{self.house.next_id('openai request'):08d}"

    def _models(self, hit: Hit, fault: Fault | None) -> Answer:  # noqa: ARG002
        names = [*CHAT_USD, *openai_images.MODELS, "gpt-image-1-mini"]
        models = [{"id": name, "object": "model", "created": 1_780_000_000, "owned_by": "system"} for name in names]
        listed = [{**model, "shutdown_date": SHUTDOWN.get(str(model["id"]))} for model in models]
        return in_json(200, {"object": "list", "data": listed})

    def _chat(self, hit: Hit, fault: Fault | None) -> Answer:
        body, mode = hit.body, self.house.openai_mode
        if wrong := wrong_chat(body, mode):
            return wrong
        self.house.wait("script")
        text = "\n".join(words_of(message) for message in body["messages"])
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema") or PLAIN_SCHEMA
        written = Writer(schema, text).write()
        if fault and fault.name == "miscount":
            written["lines"].pop()
        content: str | None = json.dumps(written)
        if mode == "plain":
            content = f"Here is the script you asked for:\n\n```json\n{content}\n```\n\nTell me if you want it longer."
        finish, refused = "stop", None
        if fault and fault.name == "refusal":
            content, refused = None, SORRY
        elif fault and fault.name in ("length", "filtered"):
            content, finish = str(content)[:40], {"length": "length", "filtered": "content_filter"}[fault.name]
        elif count_tokens(str(content)) > (body.get("max_completion_tokens") or UNCAPPED):
            content, finish = str(content)[: 4 * body["max_completion_tokens"]], "length"
        asked, said = count_tokens(json.dumps(body["messages"])), count_tokens(content or SORRY)
        request_id = f"chatcmpl-{self.house.next_id('chat'):06d}"
        per_in, per_out = CHAT_USD.get(SNAPSHOT.sub("", body["model"]), ("0", "0"))
        usd = (asked * Decimal(per_in) + said * Decimal(per_out)) / 1_000_000
        self.house.charge(hit, usd, asked + said, request_id)
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": refused, "annotations": []}
        return in_json(
            200,
            {
                "id": request_id,
                "object": "chat.completion",
                "created": int(time.time()),
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
                "usage": {
                    "prompt_tokens": asked,
                    "completion_tokens": said,
                    "total_tokens": asked + said,
                    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
                },
                "service_tier": "default",
            },
        )

    def _image(self, hit: Hit, fault: Fault | None) -> Answer:  # noqa: ARG002
        if wrong := next(openai_images.wrong_image(hit.body), None):
            return wrong
        self.house.wait("image")
        body, usd, tokens = openai_images.paint(hit.body)
        self.house.charge(hit, usd, tokens, f"image-{self.house.next_id('image')}")
        return in_json(200, body)


def count_tokens(text: str) -> int:
    return len(text) // 4 + 1


def words_of(message: dict[str, Any]) -> str:
    """Return the text of a message, whose content may come in parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


def wrong_chat(body: dict[str, Any], mode: str) -> Answer | None:
    """Return what is said to a request that cannot be met; None if it can."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return invalid("you must provide a model parameter", None, None)
    if not body.get("messages"):
        return invalid("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    if body.get("stream"):
        return invalid("The stand-in does not stream.", "stream", "unsupported_value")
    if mode == "strict" and (wrong := _wrong_at_openai(body)):
        return wrong
    return _wrong_format(body, mode)


def _wrong_at_openai(body: dict[str, Any]) -> Answer | None:
    name = SNAPSHOT.sub("", body["model"])
    if name not in CHAT_USD:
        message = f"The model `{body['model']}` does not exist or you do not have access to it."
        return error(404, message, "model_not_found")
    if name.startswith("gpt-4"):
        return None
    if body.get("temperature") not in (None, 1, 1.0):
        return invalid(
            f"Unsupported value: 'temperature' does not support {body['temperature']} with this model. Only the "
            "default (1) value is supported.",
            "temperature",
            "unsupported_value",
        )
    if "max_tokens" in body:
        return invalid(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
            "instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    return None


def _wrong_format(body: dict[str, Any], mode: str) -> Answer | None:
    wanted = body.get("response_format") or {"type": "text"}
    kind = wanted.get("type")
    if kind == "json_object" and mode == "strict":
        if "json" not in " ".join(words_of(message) for message in body["messages"]).lower():
            return invalid(
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
                "messages",
                None,
            )
    elif kind == "json_schema" and mode == "strict":
        described = wanted.get("json_schema", {})
        problem = not_strict(described.get("schema")) if described.get("strict") else None
        if problem:
            name = described.get("name")
            return invalid(f"Invalid schema for response_format '{name}': {problem}", "response_format", None)
    elif kind == "json_schema" and mode == "json_object":
        return invalid("This response_format type is unavailable now", "response_format", "invalid_request_error")
    elif kind != "text" and mode == "plain":
        return invalid(f"response_format of type '{kind}' is not supported by this server", "response_format", None)
    return None
