"""Plays ElevenLabs: speech with the times of its characters, and the history of what was bought."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from vendors.elevenlabs_errors import error, missing, refusal, too_many
from vendors.elevenlabs_history import History, Item
from vendors.faults import Fault
from vendors.house import ELEVENLABS_KEY, House
from vendors.records import Answer, Hit, in_json
from vendors.sound import Token, alignment_of, in_mp3, in_wav, samples_of, spoil, tokens_of

SPEECH = re.compile(r"/v1/text-to-speech/([^/]+)/with-timestamps")
ITEM = re.compile(r"/v1/history/([^/]+)(/audio)?")
FORMAT = re.compile(r"(?:(?:wav|pcm)_(8000|16000|22050|24000|32000|44100|48000)|mp3_(22050|24000|44100)_(\d+))")
BEST_RATE = 32_000  # without a dearer plan
USUAL_FORMAT = "mp3_44100_128"
QUEUED_SECONDS = 0.05
LONGEST_TEXT = 10_000
USUAL_MODEL = "eleven_multilingual_v2"
MODELS = {  # credits of a character, dollars of a thousand
    "eleven_v4": ("1", "0.08"),
    "eleven_v4_turbo": ("0.5", "0.04"),
    "eleven_v3": ("1", "0.08"),
    "eleven_multilingual_v2": ("1", "0.08"),
    "eleven_flash_v2_5": ("0.5", "0.04"),
    "eleven_turbo_v2_5": ("0.5", "0.04"),
}


class ElevenLabs:
    """The vendor."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.history = History()

    def kind(self, method: str, path: str) -> str:
        if method == "POST":
            return "voice" if SPEECH.fullmatch(path) else "unknown"
        if item := ITEM.fullmatch(path):
            return "history_audio" if item[2] else "history_item"
        return "history" if path == "/v1/history" else "unknown"

    def known_caller(self, hit: Hit) -> bool:
        return hit.headers.get("xi-api-key") == ELEVENLABS_KEY

    def refuse(self, hit: Hit, fault: Fault) -> Answer | None:  # noqa: ARG002
        return refusal(fault, self.house.elevenlabs_concurrency)

    def answer(self, hit: Hit, fault: Fault | None) -> Answer:  # noqa: ARG002
        match hit.kind:
            case "voice":
                return self._voice(hit)
            case "history":
                return self.history.list(hit.query)
            case "history_item" | "history_audio":
                found = ITEM.fullmatch(hit.path)
                assert found
                return self.history.audio(found[1]) if found[2] else self.history.item(found[1])
        return error(404, "not_found", "not_found", "Not Found")

    def _voice(self, hit: Hit) -> Answer:
        if wrong := next(wrong_speech(hit), None):
            return wrong
        limit = self.house.elevenlabs_concurrency
        if self.house.running["voice"] > limit:
            self.house.stopping.wait(QUEUED_SECONDS)
        running = self.house.running["voice"]
        if running > limit:
            return too_many(limit)
        self.house.wait("voice")
        item, audio = self._speak(hit)
        headers = {
            "request-id": item.request_id,
            "history-item-id": item.id,
            "character-cost": str(item.credits),
            "current-concurrent-requests": str(running),
            "maximum-concurrent-requests": str(limit),
        }
        body = {"audio_base64": base64.b64encode(audio).decode(), **item.alignments}
        return in_json(200, body, headers)

    def _speak(self, hit: Hit) -> tuple[Item, bytes]:
        """Make the sound, bill it, and put it into the history."""
        body, found = hit.body, SPEECH.fullmatch(hit.path)
        model, text = body.get("model_id", USUAL_MODEL), body["text"]
        form = hit.query.get("output_format", USUAL_FORMAT)
        settings = body.get("voice_settings") or {}
        tokens = tokens_of(text, settings.get("speed") or 1.0)
        tone = tone_of(hit)
        audio = sound_of(tokens, form, tone)
        how = self.house.elevenlabs_alignment
        aligned = {
            "alignment": spoil(alignment_of(tokens, normalized=False), how),
            "normalized_alignment": spoil(alignment_of(tokens, normalized=True), how),
        }
        rate, usd = MODELS[model]
        number = self.house.next_id("speech")
        voice = found[1] if found else ""
        times = self.house.elevenlabs_times.get(voice, 1)
        item = Item(
            id=f"history{number:06d}",
            request_id=f"speech{number:06d}",
            voice_id=voice,
            model_id=model,
            text=text,
            date_unix=int(time.time()),
            credits=math.ceil(len(text) * Decimal(rate) * times),
            output_format=form,
            settings=settings,
            alignments={name: one and one.body() for name, one in aligned.items()},
            sound=audio if self.house.elevenlabs_history_sound == "bought" else sound_of(tokens, USUAL_FORMAT, tone),
        )
        self.house.charge(hit, len(text) * times * Decimal(usd) / 1000, item.credits, item.request_id)
        kept = self.house.elevenlabs_history and hit.query.get("enable_logging") != "false"
        self.history.add(item, kept=kept)
        return item, audio


def sound_of(tokens: list[Token], form: str, tone: float) -> bytes:
    """Return the sound in one of the vendor's formats."""
    name, rate, *rest = form.split("_")
    samples = samples_of(tokens, int(rate), tone)
    match name:
        case "wav":
            return in_wav(samples, int(rate))
        case "mp3":
            return in_mp3(samples, int(rate), int(rest[0]))
    return samples


def tone_of(hit: Hit) -> float:
    """Return the pitch of the hum, in Hz: it depends on all that was asked for, so that other requests sound other."""
    asked = json.dumps([hit.path, hit.body], sort_keys=True).encode()
    return 120 + 240 * hashlib.sha256(asked).digest()[0] / 255


def wrong_speech(hit: Hit) -> Iterator[Answer]:
    """Yield what is said to a request that cannot be met, the first complaint first."""
    body: dict[str, Any] = hit.body if isinstance(hit.body, dict) else {}
    text, model = str(body.get("text", "")), body.get("model_id", USUAL_MODEL)
    form = hit.query.get("output_format", USUAL_FORMAT)
    if not isinstance(body.get("text"), str):
        yield missing("text")
    if not text.strip():
        yield error(400, "validation_error", "input_text_empty", "The text to speak must not be empty.", "text")
    if len(text) > LONGEST_TEXT:
        message = f"This text has {len(text)} characters and exceeds the limit of {LONGEST_TEXT}."
        yield error(400, "validation_error", "max_character_limit_exceeded", message, "text")
    if model not in MODELS:
        yield error(400, "validation_error", "model_not_found", f"There is no model {model}.", "model_id")
    if hit.path.startswith("/v1/text-to-speech/missing"):
        yield error(404, "not_found", "voice_not_found", "A voice for this voice_id was not found.", "voice_id")
    found = FORMAT.fullmatch(form)
    if not found:
        message = f"The stand-in speaks wav, pcm and mp3, not {form}."
        yield error(400, "validation_error", "invalid_output_format", message, "output_format")
    elif found[1] and int(found[1]) > BEST_RATE:
        message = f"Output format {form} requires a higher plan."
        yield error(403, "permission_error", "output_format_not_allowed", message, "output_format")
