"""What answers hold: sizes and counts are looked at before anything is made of them; no decoder's error gets out."""

from __future__ import annotations

import base64
import io
import json
import struct
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from calls import a_call
from loopback import Loopback
from PIL import Image
from vendors.sound import alignment_of, in_wav, samples_of, tokens_of

from reelmake.core.errors import OversizedError, ProviderError
from reelmake.core.http import retry_after_seconds
from reelmake.core.keys import Action, key, manifest
from reelmake.engine.calls import Caller
from reelmake.engine.readers import read_voice, script_lines
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.providers import provider
from reelmake.providers.base import MOST_PIXELS, as_png
from reelmake.providers.elevenlabs import history
from reelmake.providers.elevenlabs.voice import ElevenLabsVoice
from reelmake.providers.openai.image import OpenAIImage
from reelmake.providers.openai.parse_script import lines_of, said
from reelmake.providers.speech.alignment import UnusableError, characters
from reelmake.store.local import LocalStore

# pictures


def png(width: int, height: int, *, rows: int | None = None) -> bytes:
    """Return a white picture of one bit a pixel, which is small whatever its size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer, row = zlib.compressobj(9), b"\0" + b"\xff" * ((width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0;"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame


def webp(kind: bytes, head: bytes) -> bytes:
    body = b"WEBP" + kind + struct.pack("<I", len(head)) + head
    return b"RIFF" + struct.pack("<I", len(body)) + body


SIDE = 16_383
HUGE = {
    "png": png(50_000, 50_000, rows=10),
    "png that is long": png(MOST_PIXELS - 8, 1),
    "png that is high": png(8, 1_000_000, rows=10),
    "gif": gif(65_535, 65_535),
    "webp extended": webp(b"VP8X", bytes(4) + struct.pack("<I", SIDE)[:3] + struct.pack("<I", SIDE)[:3]),
    "webp lossless": webp(b"VP8L", b"\x2f" + struct.pack("<I", SIDE | SIDE << 14) + bytes(8)),
    "webp lossy": webp(b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", SIDE, SIDE) + bytes(8)),
    "jpeg": b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", 65_000, 65_000) + b"\x01\x01\x11\0" + b"\xff\xd9",
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_picture_of_too_many_pixels_is_not_decoded(kind: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ProviderError, match=r"has [\d,]+ x [\d,]+ pixels|cannot be read") as error:
            as_png(HUGE[kind])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "bump the line's take:" in error.value.fix
    assert most < 20_000_000


def test_a_picture_of_the_largest_size_that_is_drawn_is_one() -> None:
    picture = png(3840, 2160)
    assert as_png(picture) == picture
    for form in ("JPEG", "WEBP", "GIF"):
        made = io.BytesIO()
        Image.new("RGB", (3840, 2160), "white").save(made, form)
        with Image.open(io.BytesIO(as_png(made.getvalue()))) as image:
            assert (image.format, image.size) == ("PNG", (3840, 2160))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_with_any_byte_wrong_is_one_or_none(form: str) -> None:
    made = io.BytesIO()
    Image.effect_noise((24, 24), 60).convert("RGB").save(made, form)
    good = made.getvalue()
    for at in range(0, len(good), 3):
        for body in (good[:at], good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]):
            with suppress(ProviderError):
                assert as_png(body)


def test_a_huge_picture_in_an_answer_is_kept_for_its_bill_and_not_drawn() -> None:
    body = json.dumps({"data": [{"b64_json": base64.b64encode(HUGE["png"]).decode()}]}).encode()
    with pytest.raises(ProviderError, match="pixels"):
        OpenAIImage().read(body, {})


# speech

VOICE = provider("voice", "elevenlabs")


def request(text: str) -> dict[str, Any]:
    return {"provider": "elevenlabs", "text": text, "voice_id": "v", "model": "m", "output_format": "wav_24000"}


def answer(text: str, audio: bytes | None = None, **more: object) -> bytes:
    tokens = tokens_of(text)
    audio = in_wav(samples_of(tokens, 24_000, 180), 24_000) if audio is None else audio
    aligned = alignment_of(tokens, normalized=False).body()
    return json.dumps({"audio_base64": base64.b64encode(audio).decode(), "alignment": aligned, **more}).encode()


def heard(text: str, body: bytes) -> dict[str, bytes]:
    return read_voice(body, Action("voice", 1, request(text), {}, {}), Ffmpeg())


@pytest.mark.parametrize("audio", ["é", "A", "UklGRg==\ud800", 7, [], {"a": 1}])
def test_sound_that_is_not_in_base64_fails_its_line(audio: object) -> None:
    body = json.dumps({**json.loads(answer("Hi")), "audio_base64": audio}).encode()
    with pytest.raises(ProviderError, match=r"sound cannot be used .*; bump the line's take:"):
        heard("Hi", body)


OFFLINE = provider("voice", "offline")


@pytest.mark.parametrize("voice", ["heart", "joe"])
@pytest.mark.parametrize("text", ["No.", "Ha!", "Shh.", "Mmm.", "Hmm... well, 1.000.000 of them?"])
def test_a_real_short_line_is_heard(voice: str, text: str) -> None:
    asked = OFFLINE.shape({"provider": "offline", "text": text, "language": "en", "voice": {"voice": voice}, "take": 1})
    action = Action("voice", 1, asked, {}, {})
    assert read_voice(OFFLINE.ask(asked, a_call()).body, action, Ffmpeg())["sound"]


@pytest.mark.parametrize(
    "text", ["Hi", "你好", "空はなぜ青いのでしょうか。", "สวัสดีครับทุกคน", "[laughs] No. [sighs]", "1.000.000"]
)
def test_words_of_any_script_are_heard(text: str) -> None:
    assert heard(text, answer(text))["words"]


@pytest.mark.parametrize(
    ("text", "said", "why"),
    [
        ("Hi there, all of you", "Hi " * 200, "lasts"),
        ("All this takes some five seconds to say, and is a lot of words for a single click. " * 2, "Hi", "are heard"),
    ],
)
def test_speech_that_cannot_be_its_texts_fails_its_line(text: str, said: str, why: str) -> None:
    sound = in_wav(samples_of(tokens_of(said), 24_000, 180), 24_000)
    with pytest.raises(ProviderError, match=f"{why}.*its words take.*; bump the line's take:"):
        heard(text, answer(text, sound))


@pytest.mark.parametrize("bits", [8, 24, 32])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_sound_of_other_depths_and_channels_is_read(bits: int, channels: int) -> None:
    samples = samples_of(tokens_of("Hello there"), 24_000, 180)
    size = bits // 8
    one = (lambda high: bytes([high ^ 0x80])) if bits == 8 else None
    frames = b"".join(
        (one(samples[at + 1]) if one else bytes(size - 2) + samples[at : at + 2]) * channels
        for at in range(0, len(samples), 2)
    )
    align = channels * size
    form = struct.pack("<HHIIHH", 1, channels, 24_000, 24_000 * align, align, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(frames)) + frames
    assert heard("Hello there", answer("Hello there", b"RIFF" + struct.pack("<I", len(body)) + body))["words"]


# times of words

TIMES = "character_start_times_seconds", "character_end_times_seconds"


@pytest.mark.parametrize("wrong", [10**400, -(10**400), 1e300, float("nan"), float("inf"), True, None, "0", [0]])
@pytest.mark.parametrize("name", TIMES)
def test_times_that_are_none_are_not_used(name: str, wrong: object) -> None:
    aligned: dict[str, Any] = alignment_of(tokens_of("Hi you"), normalized=False).body()
    aligned[name] = [*aligned[name][:-1], wrong]
    with pytest.raises(UnusableError):
        characters(aligned)
    assert heard("Hi you", answer("Hi you", alignment=aligned))["words"], "other times are found"


def test_an_alignment_of_very_many_characters_is_not_used() -> None:
    for parts in (["a"] * 200_000, ["a" * 200_000]):
        with pytest.raises(UnusableError, match="more than 100000 characters"):
            characters(dict(zip(("characters", *TIMES), (parts, [0.0] * len(parts), [1.0] * len(parts)), strict=True)))


def test_very_many_spoken_words_are_not_compared() -> None:
    text = "a " * 45_000
    normal = {"characters": list(text), TIMES[0]: [0.0] * len(text), TIMES[1]: [0.5] * len(text)}
    assert heard("a b", answer("a b", alignment=None, normalized_alignment=normal))["words"]


# the history

ITEM = {"history_item_id": "h1", "request_id": "r1", "date_unix": 2e9, "text": "Hi", "state": "created"}
BENT: list[dict[str, Any]] = [
    {"date_unix": 10**400},
    {"date_unix": float("inf")},
    {"settings": [1], "date_unix": 1},
    {"history_item_id": "../user", "settings": "x"},
    {"history_item_id": 7},
    {"alignments": [1]},
    {"alignments": {"alignment": {"a": float("nan")}}},
]


@pytest.mark.parametrize("bent", BENT)
def test_a_history_of_anything_ends_in_an_answer_or_an_error_of_ours(
    bent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LAG_SECONDS", 0.0)
    with Loopback("") as vendor:
        page = {"history": [{**ITEM, **bent}], "has_more": False}
        vendor.answer = lambda _: (200, page if vendor.paths[-1].startswith("/v1/history?") else {**ITEM, **bent})
        call = a_call({"ELEVENLABS_API_KEY": "key", "ELEVENLABS_BASE_URL": vendor.url})
        with suppress(ProviderError):
            ElevenLabsVoice().recover({**request("Hi"), "voice_settings": {"speed": 1.1}}, call)
        assert not [path for path in vendor.paths if ".." in path]


def test_a_history_without_end_is_told_and_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LAG_SECONDS", 0.0)
    with Loopback("") as vendor:
        vendor.answer = lambda _: (200, b" " * 65_000_000)
        call = a_call({"ELEVENLABS_API_KEY": "key", "ELEVENLABS_BASE_URL": vendor.url})
        with pytest.raises(ProviderError, match="more than 64 MB") as error:
            ElevenLabsVoice().recover(request("Hi"), call)
        assert (type(error.value), len(vendor.paths)) == (ProviderError, 1)


def test_a_date_beyond_all_dates_is_no_date() -> None:
    assert retry_after_seconds({"retry-after": "Fri, 31 Dec 2199 23:59:59 +99999999999999"}) in (None, 600.0)


# scripts

CAST = {"cast": [{"id": "ada", "name": "Ada"}], "lines": 2, "max_line_characters": 100, "provider": "openai"}


def completion(content: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}}]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        "x" * 5_000_000,
        "[" * 3_900_000,
        json.dumps({"lines": [{"character": "ada", "text": "Hi"}] * 50_000}),
        '{"a":' * 100_000,
        '{"lines": [{"character": "ada", "text": ' + "9" * 10_000 + "}]}",
        "```" * 1_000_000,
        '"' + "\\" * 1_000_001,
    ],
    ids=["long", "deep", "rows", "nested", "digits", "fences", "escapes"],
)
def test_a_script_of_anything_cannot_be_used_and_says_so_in_short(content: str) -> None:
    with pytest.raises(ProviderError) as error:
        lines_of(said(completion(content)), CAST)
    assert len(str(error.value)) < 1000


def test_a_script_of_many_rows_is_counted_before_it_is_read() -> None:
    rows = [{"character": "ada", "text": "x" * 5000, "image": ""}] * 300
    with pytest.raises(ProviderError, match="lines instead of 2"):
        script_lines(completion(json.dumps({"lines": rows})), Action("script", 1, CAST, {}, {}))


def test_a_picture_that_does_not_end_is_lost_with_one_request() -> None:
    with Loopback("/v1") as vendor:
        vendor.answer = lambda _: (200, b'{"data": [' + b"0," * 3_000_000 + b"0]}")
        call = a_call({"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": vendor.url})
        generic = {"provider": "openai", "prompt": "a moon", "width": 64, "height": 64, "take": 1}
        picture = OpenAIImage()
        with pytest.raises(OversizedError, match="2,000,000 values"):
            picture.ask(picture.shape(generic), call)
        assert len(vendor.paths) == 1


def test_a_picture_of_fal_without_bounds_is_one_job_however_often_it_is_built(tmp_path: Path) -> None:
    with Loopback("") as vendor:
        replies: dict[str, Any] = {
            "/fal-ai/flux": {"request_id": "r1"},
            "/fal-ai/flux/requests/r1/status": {"status": "COMPLETED"},
            "/fal-ai/flux/requests/r1": {"images": [{"url": f"{vendor.url}/file"}]},
            "/file": b" " * 65_000_000,
        }
        vendor.answer = lambda _: (200, replies[vendor.paths[-1]])
        keys = {"FAL_KEY": "key", "FAL_BASE_URL": vendor.url}
        drawn = {"provider": "fal", "model": "fal-ai/flux", "prompt": "a moon", "image_size": {"width": 8, "height": 8}}
        action = Action("image", 1, {**drawn, "take": 1}, {}, {"picture": "a.png"})
        name, store = key(manifest(action, {})), LocalStore(tmp_path / "store")
        for _ in range(2):
            caller = Caller(variable=keys.get, retry_seconds=0)
            with pytest.raises(OversizedError, match="fal: the answer has more than 64 MB"):
                caller.perform(action, name, "image:one:a", store)
        assert vendor.paths.count("/fal-ai/flux") == 1
        picture = io.BytesIO()
        Image.new("RGB", (8, 8)).save(picture, "PNG")
        replies["/file"] = picture.getvalue()
        assert Caller(variable=keys.get, retry_seconds=0).perform(action, name, "image:one:a", store).content
        assert vendor.paths.count("/fal-ai/flux") == 1
