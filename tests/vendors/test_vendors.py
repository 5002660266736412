"""The stand-in vendors are right: the vendors' own SDKs, and httpx for fal, get from them what was asked for."""

from __future__ import annotations

import base64
import io
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import av
import httpx
import numpy as np
import openai
import pytest
from elevenlabs.core.api_error import ApiError
from PIL import Image
from vendors.clients import MESSAGES, ONCE, Clients, Script
from vendors.pictures import colour_of
from vendors.script_writer import Writer
from vendors.server import Vendors

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python


def test_a_script_satisfies_the_schema_that_was_asked_for(v: Vendors, ask: Clients) -> None:
    raw = ask.write()
    script = raw.parse().choices[0].message.parsed
    assert raw.headers["x-request-id"].startswith("req_")
    assert [line.text for line in script.lines] == [f"Line {n} about why moths love lamps." for n in (1, 2, 3)]
    assert [line.character for line in script.lines] == ["ada", "max", "ada"]
    usage = raw.parse().usage
    assert v.billed_count("openai", "script") == 1
    assert v.spent() == (usage.prompt_tokens * Decimal("0.10") + usage.completion_tokens * Decimal("0.50")) / 10**6


def test_scripts_are_written_for_other_schemas_too() -> None:
    text: dict[str, Any] = {"type": "string"}
    line = {"type": "object", "properties": {"character": text, "text": {"type": "string", "maxLength": 6}}}
    lines = {"type": "array", "items": line, "maxItems": 2}
    told = "TOPIC: owls\nCAST: cy, ada\nLINES: 9"
    assert Writer({"type": "object", "properties": {"lines": lines, "title": text}}, told).write() == {
        "lines": [{"character": "cy", "text": "Line 1"}, {"character": "ada", "text": "Line 2"}],
        "title": "All about owls",
    }
    assert len(Writer({**lines, "minItems": 5, "maxItems": 7}, "").write()) == 5
    assert Writer({"const": 1}, "").write() == 1


@pytest.mark.parametrize(
    ("mode", "wanted", "status"),
    [
        ("strict", "json_object", 200),
        ("json_object", "json_object", 200),
        ("json_object", "json_schema", 400),
        ("plain", "json_object", 400),
        ("plain", "json_schema", 400),
        ("plain", "text", 200),
    ],
)
def test_other_servers_know_fewer_formats(loose: Clients, mode: Any, wanted: str, status: int) -> None:
    loose.v.openai_mode = mode
    schema = {"json_schema": {"name": "script", "schema": {"type": "object"}}} if wanted == "json_schema" else {}
    form: Any = {"type": wanted, **schema}
    create = loose.openai.chat.completions.create
    if status == 400:
        with pytest.raises(openai.BadRequestError, match="response_format"):
            create(model="gpt-6-luna", messages=MESSAGES, response_format=form)
        assert loose.v.billed == []
    else:
        made = create(model="gpt-6-luna", messages=MESSAGES, response_format=form)
        text = str(made.choices[0].message.content)
        assert ("```json\n" in text) == (mode == "plain")
        assert "Line 3 about" in text


def test_openai_refuses_what_it_does_not_know(loose: Clients) -> None:
    create, hello = loose.openai.chat.completions.create, [{"role": "user", "content": "Hello"}]
    described = {"name": "x", "strict": True, "schema": Script.model_json_schema()}
    lax: Any = {"response_format": {"type": "json_schema", "json_schema": described}}
    no_schema: Any = {"response_format": {"type": "json_object"}}
    messages: Any = hello
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        create(model="gpt-none", messages=messages)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        create(model="gpt-6-luna", messages=messages, temperature=0.2)
    with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
        create(model="gpt-6-luna", messages=messages, **no_schema)
    with pytest.raises(openai.BadRequestError, match="additionalProperties"):
        create(model="gpt-6-luna", messages=messages, **lax)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "1080x1920"},
        {"size": "64x64"},
        {"size": "640x2560"},
        {"size": "3840x3840"},
        {"size": "tall"},
        {"model": "gpt-image-1"},
        {"model": "gpt-image-2", "quality": "max"},
        {"response_format": "b64_json"},
    ],
)
def test_openai_paints_only_what_it_can(loose: Clients, wrong: dict[str, str]) -> None:
    with pytest.raises(openai.BadRequestError):
        loose.paint(**wrong)
    assert loose.v.billed == []


def test_a_picture_is_what_was_asked_for(v: Vendors, ask: Clients) -> None:
    made = ask.paint(size="1008x1792", quality="xhigh")
    picture = Image.open(io.BytesIO(base64.b64decode(made.data[0].b64_json)))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (1008, 1792), "RGB")
    assert picture.getpixel((5, 5)) == colour_of("a moth")
    assert made.usage.output_tokens == round(2459 * 1008 * 1792 / (1024 * 1536))
    assert v.spent("openai", "image") == (made.usage.input_tokens * 5 + made.usage.output_tokens * 30) / Decimal(10**6)


def test_pictures_take_the_tokens_that_were_published(loose: Clients) -> None:
    wide = {"size": "1536x1024", "output_format": "webp", "model": "gpt-image-2.5-sunburst-2026-09-08"}
    assert loose.paint(size="1024x1536", quality="medium").usage.output_tokens == 343
    assert loose.paint(**wide).usage.output_tokens == 158
    assert loose.paint(size="1024x1024", quality="max", n=2).usage.output_tokens == 2 * 7023


def test_models_tell_when_they_end(ask: Clients) -> None:
    ends = {model.id: getattr(model, "shutdown_date", None) for model in ask.openai.models.list()}
    assert str(ends["gpt-4o-mini"]) == "2027-01-14"
    assert ends["gpt-6-luna"] is None


def clicks_in(sound: bytes) -> list[float]:
    """Return the times, in seconds, at which words begin: where it gets loud after at least 100 ms without."""
    with wave.open(io.BytesIO(sound)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (24_000, 1, 2)
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 10_000)
    first = loud[np.insert(np.diff(loud) > 2400, 0, True)]
    return [float(at) / 24_000 for at in first]


def test_words_begin_at_their_clicks(v: Vendors, ask: Clients) -> None:
    made = ask.speak("Moths [laughs] cost $5 each.")
    spoken, shown = made.data.normalized_alignment, made.data.alignment
    text = "".join(shown.characters)
    assert text == "Moths [laughs] cost $5 each."
    starts = [shown.character_start_times_seconds[text.index(word)] for word in ("Moths", "cost", "$5", "each.")]
    assert clicks_in(base64.b64decode(made.data.audio_base_64)) == pytest.approx(starts, abs=0.001)
    assert "".join(spoken.characters) == " Moths [laughs] cost five dollars each."
    assert made.headers["character-cost"] == "14"
    assert made.headers["maximum-concurrent-requests"] == "10"
    assert v.spent("elevenlabs") == Decimal("0.04") * len(text) / 1000


def test_raw_samples_are_those_of_the_file(loose: Clients) -> None:
    wav = base64.b64decode(loose.speak().data.audio_base_64)
    pcm = base64.b64decode(loose.speak(output_format="pcm_24000").data.audio_base_64)
    assert wav[44:] == pcm


def samples_in(mp3: bytes) -> int:
    with av.open(io.BytesIO(mp3), "r") as sound:
        assert sound.format.name == "mp3"
        return sum(frame.samples for frame in sound.decode(sound.streams.audio[0]))


def test_speech_and_history_come_as_mp3_too(loose: Clients) -> None:
    made = loose.speak(output_format="mp3_44100_128")
    last = made.data.alignment.character_end_times_seconds[-1]
    assert samples_in(base64.b64decode(made.data.audio_base_64)) / 44_100 == pytest.approx(last, abs=0.06)
    loose.v.elevenlabs_history_sound = "mp3"
    loose.speak()
    item = loose.elevenlabs.history.list().history[0]
    assert item.output_format == "wav_24000"
    sound = b"".join(loose.elevenlabs.history.get_audio(item.history_item_id))
    assert samples_in(sound) / 44_100 == pytest.approx(last, abs=0.06)


@pytest.mark.parametrize("how", ["missing", "drift", "stuck", "backwards"])
def test_alignments_can_be_wrong(v: Vendors, ask: Clients, how: Any) -> None:
    right = ask.speak().data.alignment
    v.elevenlabs_alignment = how
    wrong = ask.speak().data.alignment
    assert (wrong is None) == (how == "missing")
    if wrong is None:
        return
    starts, ends = wrong.character_start_times_seconds, wrong.character_end_times_seconds
    assert wrong.characters == right.characters
    assert (ends[-1] > 1.29 * right.character_end_times_seconds[-1]) == (how == "drift")
    assert (len(set(starts)) < len(starts) - 3) == (how == "stuck")
    assert (starts != sorted(starts)) == (how == "backwards")


def test_what_was_bought_is_in_the_history(v: Vendors, ask: Clients) -> None:
    made, _ = ask.speak("First"), ask.speak("Second", model_id="eleven_v4")
    history = ask.elevenlabs.history
    since = int(time.time()) - 5
    found = history.list(voice_id="voice-ada", model_id="eleven_v4_turbo", source="TTS", date_after_unix=since).history
    assert [(one.text, one.request_id) for one in found] == [("First", made.headers["request-id"])]
    assert found[0].alignments is None
    item = history.get(found[0].history_item_id)
    assert item.alignments
    assert item.alignments.alignment.characters == list("First")
    assert item.character_count_change_to - item.character_count_change_from == 3
    assert b"".join(history.get_audio(item.history_item_id)) == base64.b64decode(made.data.audio_base_64)
    page = history.list(page_size=1)
    assert (page.has_more, page.history[0].text) == (True, "Second")
    rest = history.list(start_after_history_item_id=page.last_history_item_id)
    assert [one.text for one in rest.history] == ["First"]
    v.elevenlabs_history = False
    ask.speak("Third")
    assert len(history.list().history) == 2
    with pytest.raises(ApiError, match="source"):
        history.list(model_id="eleven_v4", request_options=ONCE)


@pytest.mark.parametrize(
    ("status", "wrong"),
    [
        (400, {"text": " "}),
        (400, {"model_id": "eleven_none"}),
        (403, {"output_format": "wav_44100"}),
        (400, {"output_format": "opus_48000_64"}),
    ],
)
def test_elevenlabs_refuses_what_it_does_not_know(loose: Clients, status: int, wrong: dict[str, str]) -> None:
    with pytest.raises(ApiError) as refused:
        loose.speak(**wrong)
    assert refused.value.status_code == status


def test_more_speech_at_once_than_allowed_is_refused(v: Vendors, ask: Clients) -> None:
    v.elevenlabs_concurrency, v.seconds["voice"] = 2, 0.4
    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(ask.outcome, ["voice"] * 4))
    assert told == ["429 concurrent_limit_exceeded"] * 2 + ["ok"] * 2
    assert v.billed_count() == 2
    assert v.most_running["voice"] == 4


def test_a_picture_comes_out_of_the_queue(v: Vendors, ask: Clients) -> None:
    v.seconds |= {"queue": 0.15, "image": 0.15}
    place = ask.submit().json()
    assert "/fal-ai/z-image/requests/" in place["status_url"]
    assert v.billed == []
    seen: list[str] = []
    while seen[-1:] != ["COMPLETED"]:
        seen.append(ask.queue.get(place["status_url"]).json()["status"])
        time.sleep(0.02)
    assert list(dict.fromkeys(seen)) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    result = [ask.queue.get(place["response_url"]) for _ in range(3)][-1]
    picture = result.json()["images"][0]
    assert result.headers["x-fal-billable-units"] == "1"
    assert (picture["width"], picture["height"]) == (720, 1280)
    with httpx.Client() as anyone:
        content = anyone.get(picture["url"]).content
    assert Image.open(io.BytesIO(content)).getpixel((0, 0)) == colour_of("a moth")
    assert [(one.vendor, one.usd, one.request_id) for one in v.billed] == [
        ("fal", Decimal("0.005"), place["request_id"])
    ]
