"""What is asked and answered is checked against the vendors' descriptions; and the check can fail."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from elevenlabs.core.api_error import ApiError
from vendors import specs
from vendors.clients import MESSAGES, ONCE, Clients
from vendors.records import Answer, Hit, in_json
from vendors.server import Vendors

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python

JSON = {"content-type": "application/json"}


@pytest.fixture
def loose() -> Iterator[Clients]:
    """Stand-ins of which wrong things may be asked."""
    with Vendors() as v, Clients(v) as clients:
        yield clients


def hit(vendor: str, path: str, body: Any, **query: str) -> Hit:
    keys = {"openai": {"authorization": "Bearer x"}, "fal": {"authorization": "Key x"}, "elevenlabs": {}}[vendor]
    return Hit(vendor, "", "POST", path, query, {**JSON, **keys}, body, json.dumps(body).encode())


CHAT = {"model": "gpt-6-luna", "messages": MESSAGES}
PICTURE = {"model": "gpt-image-2.5-flare", "prompt": "a moth"}
SPEECH_PATH = "/v1/text-to-speech/ada/with-timestamps"
WRONG = {
    "a type": (hit("openai", "/chat/completions", {**CHAT, "seed": "7"}), "seed: '7' is not of type 'integer'"),
    "a value": (hit("openai", "/images/generations", {**PICTURE, "quality": "best"}), "quality: 'best' is not one of"),
    "a key": (hit("openai", "/images/generations", {**PICTURE, "seed": 7}), "unknown key 'seed'"),
    "an inner key": (
        hit("elevenlabs", SPEECH_PATH, {"text": "Hi", "voice_settings": {"pitch": 1}}, output_format="wav_24000"),
        "unknown key 'voice_settings.pitch'",
    ),
    "a key of a message": (
        hit("openai", "/chat/completions", {**CHAT, "messages": [{**MESSAGES[0], "mood": "glad"}]}),
        "unknown key 'messages.mood'",
    ),
    "a missing key": (hit("elevenlabs", SPEECH_PATH, {"model_id": "eleven_v4"}), "'text' is a required property"),
    "a format": (
        hit("elevenlabs", SPEECH_PATH, {"text": "Hi"}, output_format="wav_1"),
        "output_format: 'wav_1' is not one of",
    ),
    "a parameter": (hit("elevenlabs", SPEECH_PATH, {"text": "Hi"}, speed="2"), "unknown query parameter 'speed'"),
    "a key of fal's": (hit("fal", "/fal-ai/z-image/turbo", {"prompt": "x", "style": "y"}), "'style' was unexpected"),
    "a path": (hit("fal", "/fal-ai/z-image/fast", {"prompt": "x"}), "fast"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_request_is_told(what: str) -> None:
    asked, told = WRONG[what]
    problems = specs.check(asked, None)
    assert [told in problem for problem in problems] == [True], problems


def test_newer_keys_and_values_pass() -> None:
    newer = {**PICTURE, "quality": "max", "size": "1008x1792", "complexity": "low"}
    assert specs.check(hit("openai", "/images/generations", newer), None) == []
    effects = {"text": "Hi", "audio_effects": {}, "voice_settings": {"clone_strength": 0.5}}
    assert specs.check(hit("elevenlabs", SPEECH_PATH, effects), None) == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (in_json(200, {"created": 1, "size": "tall"}), "size: 'tall' does not match"),
        (in_json(200, {"data": []}), "'created' is a required property"),
        (Answer(200, b"<html>", "text/html"), "answer 200"),
        (in_json(201, {"created": 1}), "answer 201"),
    ],
)
def test_a_wrong_answer_is_told(answer: Answer, told: str) -> None:
    problems = specs.check(hit("openai", "/images/generations", PICTURE), answer)
    assert [told in problem for problem in problems] == [True], problems


def test_what_the_sdks_ask_wrongly_is_a_violation(loose: Clients) -> None:
    loose.openai.chat.completions.create(**CHAT, extra_body={"colour": "red"})
    loose.speak(language_code="en")
    loose.submit(prompt="a moth", image_size="poster")
    loose.queue.get(f"{loose.v.url}/elsewhere")
    told = loose.v.violations
    assert [problem.split(":")[0] for problem in told] == ["openai", "fal", "nobody"]
    assert "unknown key 'colour'" in told[0]
    assert "image_size" in told[1]
    assert loose.v.violations == told


def test_wrong_input_for_fal_is_told_in_the_result(loose: Clients) -> None:
    place = loose.submit(image_size="poster").json()
    assert loose.queue.get(place["status_url"]).json()["status"] == "COMPLETED"
    assert loose.queue.get(place["response_url"]).status_code == 422
    assert loose.v.billed == []


def test_an_endpoint_that_is_not_played_is_a_violation(loose: Clients) -> None:
    inputs: Any = [{"text": "Hi", "voice_id": "ada"}]
    with pytest.raises(ApiError, match="Not Found"):
        loose.elevenlabs.text_to_dialogue.convert_with_timestamps(inputs=inputs, request_options=ONCE)
    assert "do not play this endpoint" in loose.v.violations[0]


def test_a_stand_in_that_breaks_is_a_violation(loose: Clients) -> None:
    loose.submit(num_images="many")
    assert "the stand-in broke" in loose.v.violations[0]


def test_the_check_is_fast(v: Vendors, ask: Clients) -> None:
    ask.write()
    assert v.violations == []
    for number in range(20):
        ask.speak(f"Line {number} is about as long as the lines of an episode are.")
    start = time.process_time()
    assert v.violations == []
    assert time.process_time() - start < 20 * 0.05
