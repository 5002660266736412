"""ElevenLabs: one call for each line, which returns its sound and when each of its characters is spoken."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, StringConstraints

from reelmake.core.amounts import amount_of
from reelmake.core.errors import AccountError, LostError, ProviderError
from reelmake.core.keys import canonical_json
from reelmake.providers import wire
from reelmake.providers.base import Answer, Call, Options, Request, Speech, VoiceProvider
from reelmake.providers.elevenlabs.errors import VENDOR, error_of
from reelmake.providers.elevenlabs.history import Account, deliver, find
from reelmake.providers.prices import Prices
from reelmake.providers.speech.display_words import has_sound
from reelmake.spec.problems import form

MOST_CHARACTERS: Final = 10_000  # of a request: v4, v3 and multilingual_v2 take no more
OUTPUT_FORMAT: Final = "wav_24000"  # higher rates need a dearer plan
SEEDS: Final = 2**32
KEY, URL = "ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL"

_ID: Final = wire.NAME
Id = Annotated[
    str,
    StringConstraints(pattern=f"^{_ID}$", max_length=64),
    form(_ID, "is not an ID", "copy it from your account at ElevenLabs: letters, digits, - and _"),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_SETTINGS: Final = ("stability", "similarity_boost", "style", "speed", "use_speaker_boost")
_WITHOUT_LANGUAGE: Final = re.compile("_v[12]$")  # these models take no language
_HALF_PRICE: Final = re.compile("turbo|flash|conversational")  # a character costs half a credit

_sdk_lock = threading.Lock()  # its modules import each other: threads that begin at once would get in each other's way


class ElevenLabsOptions(Options):
    """A voice of ElevenLabs, and how it speaks.

    What is left out is as the vendor has it for this voice.
    """

    voice_id: Id = Field(description="The voice's ID, from your voices at ElevenLabs.")
    model: Id = Field("eleven_v4_turbo", description="The model that speaks, by its ID.")
    stability: Share | None = Field(None, description="Low for more emotion, high for an even voice.")
    similarity_boost: Share | None = Field(None, description="How close it keeps to the original voice.")
    style: Share | None = Field(None, description="How much it exaggerates the style of the original voice.")
    speed: Annotated[float, Field(ge=0.7, le=1.2)] | None = Field(None, description="How fast it speaks, as a factor.")
    use_speaker_boost: bool | None = Field(None, description="Whether it is made more similar to the original voice.")
    apply_text_normalization: Literal["auto", "on", "off"] | None = Field(
        None, description="Whether numbers and the like are spelled out before they are spoken."
    )


class ElevenLabsVoice(VoiceProvider):
    """Speaks with the voices of ElevenLabs."""

    pool: ClassVar[str] = "elevenlabs"
    options: ClassVar[type[Options]] = ElevenLabsOptions
    timeout_seconds: ClassVar[float] = 120.0
    secrets: ClassVar[tuple[str, ...]] = (KEY,)
    is_metered: ClassVar[bool] = True  # voices of the library are dearer, by as much as their owners want

    def problem(self, text: str, language: str) -> str:  # noqa: ARG002  its models speak what they are given
        """Say why this text cannot be spoken, or return an empty string."""
        if len(text) > MOST_CHARACTERS:
            return f"it has {len(text)} characters, and ElevenLabs takes {MOST_CHARACTERS} at once"
        return "" if has_sound(text) else "there is no word in it that a voice could say"

    def shape(self, generic: Request) -> Request:
        """Return what is sent: of the voice what is set, and a seed that stands for the take."""
        options = ElevenLabsOptions.model_validate(generic["voice"])
        settings = options.model_dump(include=set(_SETTINGS), exclude_none=True)
        shaped: dict[str, Any] = {
            "provider": generic["provider"],
            "voice_id": options.voice_id,
            "model": options.model,
            "text": generic["text"],
            "output_format": OUTPUT_FORMAT,
        }
        if not _WITHOUT_LANGUAGE.search(options.model):
            shaped["language_code"] = generic["language"].partition("-")[0]
        if settings:
            shaped["voice_settings"] = settings
        if options.apply_text_normalization:
            shaped["apply_text_normalization"] = options.apply_text_normalization
        rolled = canonical_json({**shaped, "take": generic["take"]})
        return {**shaped, "seed": int.from_bytes(hashlib.sha256(rolled.encode()).digest()) % SEEDS}

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        """Return what the characters of a request cost; None when nobody knows."""
        row = prices.of(self.pool, request["model"])
        return row.characters(len(request["text"])) if row else None

    def ask(self, request: Request, call: Call) -> Answer:
        """Have a line spoken, once; raises ProviderError."""
        account, voice = _account(call), wire.path_of(request["voice_id"], VENDOR)
        sent = {name: request[name] for name in ("text", "output_format", "seed")}
        sent |= {name: request[name] for name in ("language_code", "apply_text_normalization") if name in request}

        def send() -> object:
            from elevenlabs import VoiceSettings  # noqa: PLC0415 (slow to import)

            if "voice_settings" in request:
                sent["voice_settings"] = VoiceSettings(**request["voice_settings"])
            return account.client.text_to_speech.with_raw_response.convert_with_timestamps(
                voice, model_id=request["model"], request_options={"max_retries": 0}, **sent
            )

        answer = wire.exchange(send, VENDOR, error_of)
        said = answer.json()
        if not (isinstance(said, dict) and said.get("audio_base64")):  # it may be paid for, and whole in the history
            try:
                found = self.recover(request, call)
            except ProviderError as error:
                raise LostError(f"{VENDOR}: the answer is damaged; {error.what}", error.fix) from error
            if found:
                return found
        ids = tuple(answer.headers.get(name, "") for name in ("history-item-id", "request-id"))
        deliver(account, ids, request)
        return Answer(
            answer.body,
            *_billed(request, amount_of(answer.headers.get("character-cost")), call.prices),
            answer.count("maximum-concurrent-requests"),
            ids,
        )

    def recover(self, request: Request, call: Call) -> Answer | None:
        """Return the answer to a request that was lost, from the vendor's history; None when it is not there."""
        found = find(request, _account(call), call)
        if found is None:
            return None
        return Answer(found.body, *_billed(request, found.credits, call.prices), vendor_ids=found.ids)

    def read(self, body: bytes, request: Request) -> Speech:
        """Read an answer; raises ProviderError."""
        from reelmake.providers.elevenlabs.speech import read_speech  # noqa: PLC0415 (it needs numpy)

        return read_speech(body, request)


def _account(call: Call) -> Account:
    """Return who asks, and whom; raises AccountError."""
    key = call.secret(KEY).strip()
    if not key.isascii() or not key.isprintable() or not key:
        raise AccountError(f"{VENDOR}: {KEY} holds characters that no key has", "copy the key again")
    sdk, environment = _load()
    url = (call.variable(URL) or environment.PRODUCTION.value).rstrip("/")
    client = sdk(api_key=key, base_url=url, timeout=call.timeout_seconds, httpx_client=wire.http_client(call))
    return Account(client, url, key)


def _load() -> tuple[Any, Any]:
    """Import the SDK, all that is loaded late included; returns its client's class and its environments."""
    with _sdk_lock:
        from elevenlabs import VoiceSettings  # noqa: F401, PLC0415
        from elevenlabs.client import ElevenLabs  # noqa: PLC0415 (slow to import)
        from elevenlabs.environment import ElevenLabsEnvironment  # noqa: PLC0415

        return ElevenLabs, ElevenLabsEnvironment


def _billed(
    request: Request, credits_: Decimal | None, prices: Prices
) -> tuple[Mapping[str, int | Decimal], Decimal | None]:
    """Return the vendor's count, and its price: more than the price when a voice of the library is dearer.

    A credit is a character, or two of the models at half the price; parts of one are rounded up.
    """
    count = len(request["text"])
    row = prices.of(ElevenLabsVoice.pool, request["model"])
    if credits_ is None:
        return {"characters": count}, row.characters(count) if row else None
    usual = count * (Decimal("0.5") if _HALF_PRICE.search(request["model"]) else Decimal(1))
    times = max(1, round(credits_ / usual))
    paid_for = Decimal(count * times) if abs(credits_ - usual * times) < 1 else count * credits_ / usual
    return {"characters": count, "credits": credits_}, row.characters(paid_for) if row else None
