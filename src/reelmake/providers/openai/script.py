"""Scripts by a language model of OpenAI, or of any server that speaks like it (OPENAI_BASE_URL).

The request holds what is sent: the rendered messages, the schema of the answer, the limit of tokens. Another comment in
a template therefore asks for nothing, other words do. Servers differ in what they take: one that refuses the schema, or
a parameter by its name, has done nothing and billed nothing, and is called again without it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from reelmake.core.errors import ProviderError, UnusableError
from reelmake.core.keys import canonical_json, digest_of
from reelmake.core.logging import log_for_programs
from reelmake.providers import wire
from reelmake.providers.base import Answer, Call, Options, Request, ScriptLine, ScriptProvider
from reelmake.providers.openai.client import (
    KEY,
    base_url,
    bill,
    client,
    common_problem,
    is_wrong_request,
    last_day,
    most_input_tokens,
    parameter,
    vendor,
    wrapped_error,
)
from reelmake.providers.openai.messages import script, translation
from reelmake.providers.openai.parse_script import TRANSLATED_ANEW, lines_of, said
from reelmake.providers.prices import TEXT_MODELS, Prices
from reelmake.providers.wire import Exchange
from reelmake.spec.model import MAX_LINE_CHARACTERS

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
        if not is_wrong_request(response):
            return ""
        named = parameter(response)
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


MODELS: Final = ", ".join(name.partition("/")[2] for name in TEXT_MODELS)

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

# How many tokens an answer may have, which is part of the request: changing these asks for all scripts again.
# A token is at least a character in any language's everyday words; a direction of 30 words, names and punctuation
# come on top. Thinking counts as output, and a model that is cut off while thinking is paid for nothing.
LINE_TOKENS: Final = 160
SHOT_TOKENS: Final = 100
THINKING_TOKENS: Final[Mapping[str | None, int]] = {
    "none": 500,
    "minimal": 2_000,
    "low": 4_000,
    None: 8_000,  # the model decides
    "medium": 12_000,
    "high": 32_000,
    "xhigh": 64_000,
    "max": 100_000,
}

REPAIR: Final = (
    "This cannot be used: {why}. Write the whole script again, of exactly {lines} lines, and keep to all that was "
    "asked for: who speaks, how long a line may be, whole sentences that are spoken, and the form of the answer."
)
WHY_CHARACTERS: Final = 500

_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|max_(?:completion_)?tokens|too (?:large|long)", re.IGNORECASE
)


class OpenAIScriptOptions(Options):
    """What can be chosen of a model that writes scripts; all of it asks for another script."""

    model: str = Field("gpt-6-luna", min_length=1, max_length=200, description="Which model writes.")
    reasoning_effort: Effort | None = Field(
        None, description="How long the model thinks before it writes; thinking is paid for. The model decides, else."
    )
    max_line_characters: int = Field(
        220, ge=40, le=MAX_LINE_CHARACTERS, description="How many characters a spoken line may have."
    )
    max_output_tokens: int | None = Field(
        None,
        ge=256,
        le=200_000,
        description="How many tokens an answer may have, thinking included: what a script can cost at most. "
        "Enough for the lines, else.",
    )


class _NotTakenError(ProviderError):
    """A server does not take a parameter: `name`."""

    def __init__(self, what: str, fix: str = "", name: str = "") -> None:
        super().__init__(what, fix)
        self.name = name


# (base URL, model) -> the form that worked last; for this process only, since servers are updated
_forms: dict[tuple[str, str], Form] = {}


class OpenAIScript(ScriptProvider):
    """Writes a script with one chat completion.

    Request: `{"provider", "model", "messages": [{"role", "content"}], "schema", "lines", "max_line_characters",
    "max_completion_tokens", "cast": [{"id", "name"}], "seed", "take"}`, and `"reasoning_effort"` when one is chosen.
    The stored answer is the completion's JSON. Units: `input_tokens` (with the cached ones), `cached_tokens`,
    `output_tokens` (with those of thinking).
    """

    pool: ClassVar[str] = "openai-text"
    options: ClassVar[type[Options]] = OpenAIScriptOptions
    timeout_seconds: ClassVar[float] = 300.0
    secrets: ClassVar[tuple[str, ...]] = (KEY,)

    def shape(self, generic: Request) -> Request:
        """Return what is sent; raises InputError for mistakes in the template."""
        options = OpenAIScriptOptions.model_validate(generic.get("options", {}))
        task = translation if "source" in generic else script
        messages, schema, wanted = task(generic, options.max_line_characters)
        count, most = wanted["lines"], wanted["max_line_characters"]
        fitting = THINKING_TOKENS[options.reasoning_effort] + count * (most + LINE_TOKENS)
        fitting += count * SHOT_TOKENS * (wanted.get("shots_per_line", 1) - 1)
        effort = {"reasoning_effort": options.reasoning_effort} if options.reasoning_effort else {}
        content = {
            "model": options.model,
            "messages": messages,
            "schema": schema,
            "max_completion_tokens": options.max_output_tokens or fitting,
            **effort,
            "take": generic["take"],
        }
        return {
            "provider": generic["provider"],
            **content,
            **wanted,
            "cast": [{"id": member["id"], "name": member["name"]} for member in generic["cast"]],
            "seed": _seed(content),
        }

    def repair(self, request: Request, body: bytes, why: str) -> Request | None:
        """Go on with the conversation; None when the model did not get to write anything, which asking won't mend."""
        try:
            written = said(body)
        except UnusableError:
            return None
        complaint = REPAIR.format(why=why[:WHY_CHARACTERS].rstrip("."), lines=request["lines"])
        answered = [{"role": "assistant", "content": written}, {"role": "user", "content": complaint}]
        messages = [*request["messages"], *answered]
        return {**request, "messages": messages, "seed": _seed([request["seed"], messages])}

    def repair_price(self, request: Request, prices: Prices) -> Decimal | None:
        """Return the price of the longest answer to the longest first one."""
        price = prices.of_text("openai", request["model"])
        most = _most_input(request) + request["max_completion_tokens"]
        most += most_input_tokens(REPAIR + "x" * WHY_CHARACTERS)
        return price.tokens(most, request["max_completion_tokens"]) if price else None

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        """Return the price of the longest answer."""
        price = prices.of_text("openai", request["model"])
        return price.tokens(_most_input(request), request["max_completion_tokens"]) if price else None

    def translation_problem(self, original: str, language: str) -> str:  # noqa: ARG002 it knows them all
        """Say why a script cannot be translated: there is no reason."""
        return ""

    def ask(self, request: Request, call: Call) -> Answer:
        """Have the script written, in the first form that the server takes."""
        place = (base_url(call), request["model"])
        form, who = _forms.get(place, Form()), vendor(call)
        ends_at = time.monotonic() + call.timeout_seconds
        while True:
            left = replace(call, timeout_seconds=max(0.1, ends_at - time.monotonic()))
            send = partial(client(left).chat.completions.with_raw_response.create, **form.arguments(request))
            error_of = _judge(request, form, who)
            try:
                response = wire.exchange(send, who, error_of)
                if failed := wrapped_error(response, "choices"):
                    raise wire.problem(failed, who, error_of) or ProviderError(
                        f"{who}: an error came in place of a script"
                    )
            except _NotTakenError as error:
                log_for_programs("asking again in another form: the server does not take this one", why=error.what)
                form = form.without(error.name)
                continue
            _forms[place] = form
            price = call.prices.of_text("openai", request["model"])
            units, usd = bill(response.json(), price, self.price(request, call.prices))
            return Answer(response.body, units, usd)

    def ends_on(self, options: Mapping[str, Any], call: Call) -> str | None:
        """Return the model's last day, when it is known."""
        return last_day(str(options["model"]), call)

    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        """Return the lines, in order; raises ProviderError."""
        try:
            return lines_of(said(body), request)
        except ProviderError as error:
            if "speakers" in request:
                error.what = error.what.replace("script that was written", "translation", 1)
                error.fix = TRANSLATED_ANEW
            raise


def _judge(request: Request, form: Form, who: str) -> wire.ErrorOf:
    """Return the function that says what an error means for a request in this form, where its status does not."""

    def error_of(response: Exchange, code: str, message: str) -> ProviderError | None:
        if name := form.refused(request, response, code, message):
            return _NotTakenError(f"{who}: {message}", "", name)
        if known := common_problem(who, response, code, message, MODELS):
            return known
        if is_wrong_request(response) and _TOO_LONG.search(f"{code} {message}"):
            return ProviderError(f"{who}: {message}", "set max_output_tokens to less, or ask for fewer lines:")
        return None

    return error_of


def _seed(content: Any) -> int:
    """Return the same dice for the same content: 31 bits, which all servers take."""
    return int(digest_of(canonical_json(content).encode())[:8], 16) >> 1


def _most_input(request: Request) -> int:
    """Return how many tokens are billed at most for a request."""
    return most_input_tokens(f"{canonical_json(request['messages'])}{canonical_json(request['schema'])}")
