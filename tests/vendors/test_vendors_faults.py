"""The stand-in vendors' faults look as the SDKs see the real ones, and cost what they say."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError
from vendors.clients import Clients
from vendors.faults import NAMES, Fault
from vendors.server import Vendors

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python

SORRY = "I'm sorry, but I can't help with that."
KINDS = ("script", "openai/image", "voice", "fal/image")
FAULTS = {  # fault: (what comes of asking for each of KINDS, how often that is billed)
    "busy": (("429 rate_limit_exceeded", "429 rate_limit_exceeded", "429 system_busy", "429"), 0),
    "too_many": (("429 rate_limit_exceeded", "429 rate_limit_exceeded", "429 concurrent_limit_exceeded", "429"), 0),
    "wrong_key": (("401 invalid_api_key", "401 invalid_api_key", "401 invalid_api_key", "401"), 0),
    "quota": (("429 insufficient_quota", "429 insufficient_quota", "401 quota_exceeded", "403"), 0),
    "server_error": (("502 None", "502 None", "502 internal_server_error", "502"), 0),
    "refusal": ((SORRY, "400 moderation_blocked", "403 content_against_policy", "422"), 0),
    "html": (("AttributeError", "str", "200 str", "JSONDecodeError"), 0),
    "hang": (("APIConnectionError", "APIConnectionError", "ReadError", "ReadError"), 0),
    "cut": (("APIConnectionError", "APIConnectionError", "RemoteProtocolError", "RemoteProtocolError"), 1),
    "cut_unsized": (("JSONDecodeError", "JSONDecodeError", "200 str", "JSONDecodeError"), 1),
    "broken_json": (("JSONDecodeError", "JSONDecodeError", "200 str", "JSONDecodeError"), 1),
    "drip": (("ok", "ok", "ok", "ok"), 1),
    "lost": (("APIConnectionError", "APIConnectionError", "ReadError", "ReadError"), 1),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_and_billed_as_told(v: Vendors, ask: Clients, fault: str, kind: str) -> None:
    told, billed = FAULTS[fault]
    billed += (fault, kind) == ("refusal", "script")  # a model that says no has written something, too
    v.fail(kind, fault, status=502)
    start = time.monotonic()
    assert ask.outcome(kind) == told[KINDS.index(kind)]
    assert time.monotonic() - start >= {"hang": 0.5, "drip": 0.3}.get(fault, 0)
    assert v.billed_count() == billed
    assert [(one.fault.name, one.hit.kind) for one in v.served_faults] == [(fault, kind.rpartition("/")[2])]
    assert ask.outcome(kind) == "ok"
    assert (v.billed_count(), v.distinct()) == (billed + 1, 1)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("length", openai.LengthFinishReasonError), ("filtered", openai.ContentFilterFinishReasonError)],
)
def test_a_script_that_stops_early_is_billed(v: Vendors, ask: Clients, fault: str, error: type[Exception]) -> None:
    v.fail("openai", fault)
    raw = ask.write()
    assert b'"usage"' in raw.http_response.content
    with pytest.raises(error):
        raw.parse()
    assert v.billed_count("openai", "script") == 1


def test_too_few_tokens_stop_a_script(ask: Clients) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        ask.write(max_completion_tokens=20).parse()


def test_all_faults_are_proved() -> None:
    assert {*FAULTS, "length", "filtered", "miscount", "unstarted"} == set(NAMES)


def test_a_job_that_was_not_started_is_told_in_fals_own_form_and_not_billed(v: Vendors, ask: Clients) -> None:
    v.fail("fal", "unstarted")
    assert ask.outcome("fal/image") == "504"
    assert v.billed_count() == 0


@pytest.mark.parametrize("kind", KINDS[:3])
def test_busy_tells_when_to_come_back(v: Vendors, ask: Clients, kind: str) -> None:
    v.fail(kind, "busy", retry_after=7)
    call: Any = {"script": ask.write, "openai/image": ask.paint, "voice": ask.speak}[kind]
    with pytest.raises((openai.RateLimitError, ApiError)) as busy:
        call()
    error: Any = busy.value
    headers: Any = error.headers if isinstance(error, ApiError) else error.response.headers
    assert headers["retry-after"] == "7"


def test_faults_wait_for_their_word_and_their_turn(v: Vendors, ask: Clients) -> None:
    v.fail("openai/image", "server_error", times=2, when="lamp")
    v.fail("elevenlabs", "busy", times=None)
    assert ask.paint("a moth")
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            ask.paint("a lamp")
    assert ask.paint("a lamp")
    assert {ask.outcome("voice") for _ in range(3)} == {"429 system_busy"}
    assert (v.count("openai", "image"), v.billed_count("openai", "image")) == (4, 2)
    with pytest.raises(ValueError, match="there is no fault 'gone'"):
        v.fail("openai", "gone")


def test_a_synthesis_that_got_lost_can_be_recovered(v: Vendors, ask: Clients) -> None:
    v.fail("voice", "lost")
    assert ask.outcome("voice") == "ReadError"
    item = ask.elevenlabs.history.list(voice_id="voice-ada").history[0]
    assert (item.text, item.output_format) == ("Hello moths", "wav_24000")
    assert b"".join(ask.elevenlabs.history.get_audio(item.history_item_id))[:4] == b"RIFF"
    v.fail("voice", "hang")
    assert ask.outcome("voice") == "ReadError"
    assert len(ask.elevenlabs.history.list().history) == 1


def test_a_lost_submit_runs_and_is_billed(v: Vendors, ask: Clients) -> None:
    v.seconds["image"] = 0.2
    v.fail("fal", "lost")
    assert ask.outcome("fal/image") == "ReadError"
    assert v.billed == []
    v.settle()
    assert v.billed_count("fal") == 1


def test_free_endpoints_fail_too(v: Vendors, ask: Clients) -> None:
    place = ask.submit().json()
    for kind, fault in (("status", "busy"), ("result", "server_error"), ("file", "cut"), ("history", "server_error")):
        v.fail(kind, fault)
    assert ask.queue.get(place["status_url"]).status_code == 429
    assert ask.queue.get(place["response_url"]).status_code == 500
    url = ask.queue.get(place["response_url"]).json()["images"][0]["url"]
    with pytest.raises(httpx.RemoteProtocolError):
        ask.queue.get(url)
    assert ask.queue.get(url).status_code == 200
    with pytest.raises(ApiError):
        ask.elevenlabs.history.list(request_options={"max_retries": 0})
    assert v.billed_count() == 1


def test_chance_strikes_the_same_requests_in_any_order() -> None:
    prompts = [f"moth {number}" for number in range(24)]

    def struck(order: list[str], seed: int) -> set[str]:
        with Vendors() as v, Clients(v) as ask:
            v.random_failures(0.3, seed, ("busy", Fault("server_error", status=503)))
            for prompt in order:
                ask.submit(prompt=prompt)
            assert v.billed_count() + len(v.served_faults) == len(prompts)
            return {one.hit.body["prompt"] for one in v.served_faults}

    first = struck(prompts, 1)
    assert 0 < len(first) < len(prompts)
    assert struck(prompts[::-1], 1) == first
    assert struck(prompts, 2) != first


def test_another_key_is_refused(v: Vendors, ask: Clients) -> None:
    ask.openai.api_key = "sk-other"
    assert ask.outcome("script") == "401 invalid_api_key"
    stranger = ElevenLabs(api_key="other", base_url=v.elevenlabs_url, httpx_client=ask.http)
    with pytest.raises(ApiError, match="invalid_api_key"):
        stranger.history.list(request_options={"max_retries": 0})
    ask.queue.headers["Authorization"] = "Key other"
    assert ask.outcome("fal/image") == "401"
    assert (v.count(), v.billed) == (3, [])


def test_work_at_once_is_counted(v: Vendors, ask: Clients) -> None:
    v.seconds = {"script": 0.3, "image": 0.3}
    with ThreadPoolExecutor(6) as pool:
        start = time.monotonic()
        assert set(pool.map(ask.outcome, ["script", "script", "openai/image"])) == {"ok"}
    assert time.monotonic() - start >= 0.3
    for number in range(3):
        ask.submit(seed=number)
    assert (v.most_running["script"], v.most_running["image"]) == (2, 3)


def test_a_client_that_leaves_pays_all_the_same(v: Vendors, ask: Clients) -> None:
    v.seconds["image"] = 0.4
    with pytest.raises(openai.APITimeoutError):
        ask.paint(timeout=0.1)
    assert v.billed == []
    v.settle()
    assert v.billed_count("openai", "image") == 1
