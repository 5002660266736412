"""What is asked and answered is checked against what we use of the vendors' APIs; and the check can fail."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from elevenlabs.core.api_error import ApiError
from vendors import specs
from vendors.clients import MESSAGES, ONCE, Clients
from vendors.records import Answer, Hit, in_json
from vendors.server import Vendors

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python

JSON = {"content-type": "application/json"}


def hit(vendor: str, path: str, body: Any, **query: str) -> Hit:
    keys = {
        "openai": {"authorization": "Bearer x"},
        "fal": {"authorization": "Key x"},
        "elevenlabs": {"xi-api-key": "x"},
    }[vendor]
    return Hit(vendor, "", "POST", path, query, {**JSON, **keys}, body, json.dumps(body).encode())


CHAT = {"model": "gpt-6-luna", "messages": MESSAGES}
PICTURE = {
    "model": "gpt-image-2.5-flare",
    "prompt": "a moth",
    "size": "1008x1792",
    "quality": "max",
    "moderation": "auto",
}
SPEECH = {"text": "Hi", "model_id": "eleven_v4"}
DRAWING = {"prompt": "x", "image_size": {"width": 720, "height": 1280}}
SPEECH_PATH = "/v1/text-to-speech/ada/with-timestamps"
WRONG = {
    "a type": (hit("openai", "/chat/completions", {**CHAT, "seed": "7"}), "seed: '7' is not of type 'integer'"),
    "a value": (hit("openai", "/images/generations", {**PICTURE, "quality": "best"}), "quality: 'best' is not one of"),
    "a key": (hit("openai", "/images/generations", {**PICTURE, "seed": 7}), "'seed' was unexpected"),
    "an inner key": (
        hit("elevenlabs", SPEECH_PATH, {**SPEECH, "voice_settings": {"pitch": 1}}, output_format="wav_24000"),
        "voice_settings: Additional properties are not allowed ('pitch' was unexpected)",
    ),
    "a key of a message": (
        hit("openai", "/chat/completions", {**CHAT, "messages": [{**MESSAGES[0], "mood": "glad"}]}),
        "messages.0: Additional properties are not allowed ('mood' was unexpected)",
    ),
    "a missing key": (hit("elevenlabs", SPEECH_PATH, {"model_id": "eleven_v4"}), "'text' is a required property"),
    "a format": (
        hit("elevenlabs", SPEECH_PATH, SPEECH, output_format="wav_1"),
        "output_format: 'wav_1' is not one of",
    ),
    "a parameter": (hit("elevenlabs", SPEECH_PATH, SPEECH, speed="2"), "unknown query parameter 'speed'"),
    "a limit": (hit("elevenlabs", SPEECH_PATH, {**SPEECH, "seed": 2**32}), "seed: 4294967296 is greater than"),
    "a missing key to the account": (replace(hit("elevenlabs", SPEECH_PATH, SPEECH), headers=JSON), "Security"),
    "a key of fal's": (
        hit("fal", "/fal-ai/z-image/turbo", {**DRAWING, "guidance_scale": 3}),
        "'guidance_scale' was unexpected",
    ),
    "a path": (hit("fal", "/fal-ai/z-image/fast", {"prompt": "x"}), "fast"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_request_is_told(what: str) -> None:
    asked, told = WRONG[what]
    problems = specs.check(asked, None)
    assert [told in problem for problem in problems] == [True], problems


def test_what_is_described_passes() -> None:
    asked = (
        hit("openai", "/images/generations", PICTURE),
        hit("elevenlabs", SPEECH_PATH, {**SPEECH, "voice_settings": {"speed": 0.7}}, output_format="wav_24000"),
        hit("fal", "/fal-ai/flux/dev", {**DRAWING, "guidance_scale": 3}),
    )
    assert [specs.check(one, None) for one in asked] == [[], [], []]


def test_the_stand_ins_play_all_that_is_described(v: Vendors) -> None:
    described = {
        (vendor, v.vendors[vendor].kind(method.upper(), path.replace("{", "").replace("}", "")))
        for vendor in specs.VENDORS
        for path, operations in specs.document(vendor)["paths"].items()
        for method in operations
    }
    assert len(described) == 3 + 4 + 3
    assert "unknown" not in {kind for _, kind in described}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (in_json(200, {"created": 1, "usage": {"input_tokens": "1", "output_tokens": 2}}), "'1' is not of type"),
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
    assert "'colour' was unexpected" in told[0]
    assert "image_size" in told[1]
    assert loose.v.violations == told


def test_wrong_input_for_fal_is_told_in_the_result(loose: Clients) -> None:
    place = loose.submit(image_size="poster").json()
    assert loose.queue.get(place["status_url"]).json()["status"] == "COMPLETED"
    assert loose.queue.get(place["response_url"]).status_code == 422
    assert loose.v.billed == []


def test_an_endpoint_that_is_not_described_is_a_violation(loose: Clients) -> None:
    inputs: Any = [{"text": "Hi", "voice_id": "ada"}]
    with pytest.raises(ApiError, match="Not Found"):
        loose.elevenlabs.text_to_dialogue.convert_with_timestamps(inputs=inputs, request_options=ONCE)
    assert "Path not found" in loose.v.violations[0]


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
