"""Servers that speak like OpenAI, each refusing something else, in their own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from calls import a_call
from loopback import Loopback
from scripts import PROVIDER, request_for

from reelmake.core.errors import AccountError, BusyError, ProviderError
from reelmake.providers.openai import script
from reelmake.providers.openai.image import OpenAIImage
from reelmake.providers.prices import Price, Prices

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python

Reply = tuple[int, Any]
SCRIPT = {"lines": [{"character": ["ada", "max"][at % 2], "text": f"Line {at}.", "image": "a sky"} for at in range(4)]}
DONE = {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": json.dumps(SCRIPT)}}]}
FREE = Prices({"a-model": Price()})


@pytest.fixture
def server() -> Iterator[Loopback]:
    script._forms.clear()
    with Loopback() as server:
        yield server


def error(message: str, status: int = 400, **more: Any) -> Reply:
    return status, {"error": {"message": message, "type": "invalid_request_error", **more}}


def refusing(name: str, refusal: Reply) -> Callable[[dict[str, Any]], Reply]:
    """Return a server that takes all but a parameter."""
    return lambda sent: refusal if name in sent else (200, DONE)


def ask(server: Loopback, **options: Any) -> list[dict[str, Any]]:
    """Ask for a script, and return all that was sent."""
    request = request_for(options={"model": "a-model", **options})
    call = a_call({"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "local"}, prices=FREE)
    answer = PROVIDER.ask(request, call)
    assert answer.usd == 0
    assert len(PROVIDER.read(answer.body, request)) == 4
    return server.bodies


TAKES_NO_SEED = error("Unrecognized request argument supplied: seed")
REFUSALS = [
    ("response_format", error("This response_format type is unavailable now")),
    ("response_format", error("The provided JSON schema contains features not supported by the grammar backend.")),
    ("response_format", error("No endpoints found that can handle the requested parameters.", 404)),
    ("response_format", error("Invalid schema for response_format 'script': minItems", param="response_format")),
    (
        "response_format",
        (422, {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]}),
    ),
    ("seed", TAKES_NO_SEED),
    ("seed", (422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]})),
    ("reasoning_effort", error("Unsupported parameter: 'reasoning_effort' is not supported with this model.")),
    ("max_completion_tokens", error("Unrecognized request argument supplied: max_completion_tokens")),
]


@pytest.mark.parametrize(("name", "refusal"), REFUSALS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_server_refuses_by_name_is_left_out(server: Loopback, name: str, refusal: Reply) -> None:
    server.answer = refusing(name, refusal)
    sent = ask(server, reasoning_effort="low")
    assert name not in sent[-1]
    others = {"response_format", "seed", "reasoning_effort", "max_completion_tokens"} - {name}
    assert others <= sent[-1].keys()
    assert len(sent) == (3 if name == "response_format" else 2)


def test_a_limit_of_tokens_is_always_sent(server: Loopback) -> None:
    """It is what the cap relies on."""
    server.answer = refusing("max_completion_tokens", error("Unknown parameter: max_completion_tokens"))
    sent = ask(server)
    assert sent[-1]["max_tokens"] == sent[0]["max_completion_tokens"]
    server.answer = lambda sent: error("Unknown parameter: max_tokens") if "max_tokens" in sent else (200, DONE)
    with pytest.raises(ProviderError, match="Unknown parameter: max_tokens"):
        ask(server)


def test_a_server_that_takes_next_to_nothing_is_asked_at_most_six_times(server: Loopback) -> None:
    taken = {"model", "messages", "max_tokens"}

    def answer(sent: dict[str, Any]) -> Reply:
        unknown = sorted(sent.keys() - taken)
        return error(f"Unknown parameter: '{unknown[0]}'.", param=unknown[0]) if unknown else (200, DONE)

    server.answer = answer
    sent = ask(server, reasoning_effort="low")
    assert len(sent) == 6
    assert sent[-1].keys() == taken
    assert "JSON schema" in sent[-1]["messages"][-1]["content"]
    assert len(ask(server, reasoning_effort="low")) == 7


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (
            error("Unsupported value: 'reasoning_effort' does not support 'max'.", param="reasoning_effort"),
            "reasoning_eff",
        ),
        (
            error("max_completion_tokens is too large: 99. This model's maximum context length is 9 tokens."),
            "max_output_tokens to less",
        ),
        (error("model 'a-model' not found, try pulling it first", 404), "set the model to one that this server has"),
        (error("messages: too many of them", param="messages"), "too many of them"),
    ],
    ids=["wrong effort", "too long", "no model", "something else"],
)
def test_what_is_wrong_with_a_value_is_told(server: Loopback, refusal: Reply, told: str) -> None:
    """Whoever chose the value can choose another; leaving it out would not be what was asked for."""
    server.answer = lambda _: refusal
    with pytest.raises(ProviderError, match=told):
        ask(server, reasoning_effort="max")
    assert len(server.bodies) == 1


@pytest.mark.parametrize(("code", "expected"), [(429, BusyError), (402, AccountError), ("overloaded", BusyError)])
def test_an_error_inside_a_success_is_an_error(server: Loopback, code: Any, expected: type[ProviderError]) -> None:
    server.answer = lambda _: (200, {"error": {"code": code, "message": "the upstream is out"}})
    with pytest.raises(expected, match="the upstream is out"):
        ask(server)
    call = a_call({"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "local"})
    picture = {"model": "gpt-image-2", "prompt": "a moth", "size": "1024x1024", "quality": "low", "moderation": "auto"}
    with pytest.raises(expected, match="the upstream is out"):
        OpenAIImage().ask(picture, call)


def test_a_key_in_an_address_is_not_shown(server: Loopback) -> None:
    server.answer = lambda _: error("no", 403)
    address = server.url.replace("http://", "http://me:hunter2@")
    with pytest.raises(AccountError) as raised:
        PROVIDER.ask(request_for(), a_call({"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "local"}))
    assert "hunter2" not in str(raised.value)
