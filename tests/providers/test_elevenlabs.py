"""ElevenLabs: what is sent and billed, what is made of its errors, and what is recovered of a lost answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from calls import a_call
from pydantic import ValidationError
from vendors.house import ELEVENLABS_KEY
from vendors.server import Vendors

from reelmake.core.errors import AccountError, BusyError, CapError, LostError, ProviderError
from reelmake.core.keys import Action, key, manifest
from reelmake.engine.budget import Budget
from reelmake.engine.calls import Caller
from reelmake.engine.rate_limit import Gates
from reelmake.providers import provider, wire
from reelmake.providers.base import Call, Speech
from reelmake.providers.elevenlabs import history as elevenlabs_history
from reelmake.providers.elevenlabs.errors import error_of as told_by_vendor
from reelmake.providers.elevenlabs.voice import ElevenLabsOptions, ElevenLabsVoice
from reelmake.providers.elevenlabs.voice import _billed as billed
from reelmake.providers.prices import Price, Prices
from reelmake.store.local import LocalStore

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python

VOICE = ElevenLabsVoice()
TEXT = "Why is the sky blue, Max?"
ADA = {"voice_id": "voice-ada"}


def asked(text: str = TEXT, take: int = 1, language: str = "en", **voice: Any) -> dict[str, Any]:
    return {"provider": "elevenlabs", "text": text, "language": language, "voice": {**ADA, **voice}, "take": take}


def request_for(text: str = TEXT, take: int = 1, language: str = "en", **voice: Any) -> Mapping[str, Any]:
    return VOICE.shape(asked(text, take, language, **voice))


def call_to(v: Vendors, timeout_seconds: float = 20.0, **more: Any) -> Call:
    return a_call(v.env(), timeout_seconds, **more)


def said(v: Vendors, request: Mapping[str, Any]) -> Speech:
    return VOICE.read(VOICE.ask(request, call_to(v)).body, request)


@pytest.fixture(scope="module", autouse=True)
def _no_connection_is_left_open() -> Iterator[None]:
    yield
    wire._client(httpx, None).close()
    wire._client.cache_clear()


# what is asked


def test_it_is_registered() -> None:
    assert isinstance(provider("voice", "elevenlabs"), ElevenLabsVoice)


def test_the_request_is_what_it_always_was() -> None:
    """When this fails, everybody is about to pay for their voices again."""
    assert request_for("Hi! [laughs]", 2, "en-GB", stability=0.5, use_speaker_boost=False) == {
        "provider": "elevenlabs",
        "voice_id": "voice-ada",
        "model": "eleven_v4_turbo",
        "text": "Hi! [laughs]",
        "language_code": "en",
        "output_format": "wav_24000",
        "voice_settings": {"stability": 0.5, "use_speaker_boost": False},
        "seed": 2214472001,
    }
    assert request_for()["seed"] == 4168367081


def test_what_is_not_set_is_not_part_of_the_request() -> None:
    plain = request_for()
    assert plain.keys() == {"provider", "voice_id", "model", "text", "language_code", "output_format", "seed"}
    assert request_for(stability=None, speed=None) == plain
    complete = ElevenLabsOptions.model_validate(ADA).model_dump(mode="json")
    assert VOICE.shape({**asked(), "voice": complete}) == plain


@pytest.mark.parametrize(
    "other",
    [
        {"text": TEXT + " "},
        {"take": 2},
        {"language": "de"},
        {"voice_id": "voice-max"},
        {"model": "eleven_v4"},
        {"stability": 0.5},
        {"similarity_boost": 0.5},
        {"style": 0.5},
        {"speed": 1.1},
        {"use_speaker_boost": True},
        {"apply_text_normalization": "off"},
    ],
)
def test_whatever_changes_the_answer_changes_the_request_and_its_seed(other: dict[str, Any]) -> None:
    changed = request_for(**other)
    assert changed["seed"] != request_for()["seed"]
    assert 0 <= changed["seed"] < 2**32


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("eleven_v4", True),
        ("eleven_v3", True),
        ("eleven_flash_v2_5", True),
        ("eleven_multilingual_v2", False),
        ("eleven_turbo_v2", False),
    ],
)
def test_models_are_told_the_language_if_they_take_one(model: str, told: bool) -> None:
    assert ("language_code" in request_for(model=model)) is told


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"voice_id": ""},
        {"voice_id": "../history"},
        {"voice_id": "a b"},
        {**ADA, "stability": 1.1},
        {**ADA, "style": -0.1},
        {**ADA, "speed": 1.3},
        {**ADA, "speed": 0.6},
        {**ADA, "similarity_boost": float("nan")},
        {**ADA, "apply_text_normalization": "maybe"},
        {**ADA, "pitch": 1},
    ],
)
def test_options_out_of_reach_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ElevenLabsOptions.model_validate(options)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TEXT, ""),
        ("[laughs] Привет!", ""),
        ("[laughs]", "there is no word in it that a voice could say"),
        ("🎉 — …", "there is no word in it that a voice could say"),
        ("a" * 10_001, "it has 10001 characters, and ElevenLabs takes 10000 at once"),
    ],
)
def test_a_text_that_cannot_be_spoken_is_a_problem(text: str, problem: str) -> None:
    assert VOICE.problem(text, "en") == problem
    assert VOICE.language_problem("tlh") == ""


def test_looking_for_problems_and_prices_imports_nothing_heavy() -> None:
    code = (
        "import sys; from reelmake.providers.elevenlabs.voice import ElevenLabsVoice;"
        "from reelmake.providers.prices import Prices;"
        f"shaped = ElevenLabsVoice().shape({asked()!r}); ElevenLabsVoice().price(shaped, Prices());"
        "ElevenLabsVoice().problem('Hi', 'en');"
        "print([name for name in ('numpy', 'elevenlabs', 'httpx', 'pocketsphinx', 'hibari') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "voice",
    [
        {},
        {"stability": 0.25, "similarity_boost": 0.8, "style": 0.1, "speed": 1.1, "use_speaker_boost": True},
        {"model": "eleven_multilingual_v2", "apply_text_normalization": "on"},
    ],
)
def test_one_call_says_what_the_request_holds_and_nothing_else(v: Vendors, voice: dict[str, Any]) -> None:
    request = request_for("Hi [laughs] Max", **voice)
    VOICE.ask(request, call_to(v))
    (hit,) = v.hits
    assert hit.path == "/v1/text-to-speech/voice-ada/with-timestamps"
    assert hit.query == {"output_format": "wav_24000"}
    assert hit.body == {
        "model_id": request["model"],
        **{name: request[name] for name in request if name not in {"provider", "voice_id", "model", "output_format"}},
    }
    assert v.violations == []


# what it costs


@pytest.mark.parametrize("text", [TEXT, "Odd", "[laughs] 🎉 Grüße!"])
@pytest.mark.parametrize(
    ("model", "usd_per_thousand"),
    [("eleven_v4_turbo", "0.04"), ("eleven_v4", "0.08"), ("eleven_flash_v2_5", "0.04"), ("eleven_v3", "0.08")],
)
def test_the_price_is_the_bill(v: Vendors, model: str, usd_per_thousand: str, text: str) -> None:
    request = request_for(text, model=model)
    answer = VOICE.ask(request, call_to(v))
    assert answer.usd == VOICE.price(request, Prices()) == Decimal(usd_per_thousand) * len(text) / 1000
    assert answer.usd == v.spent()
    assert answer.units["characters"] == len(text)
    assert answer.units["credits"] == v.billed[0].units
    assert answer.most_at_once == 10


def test_a_voice_that_is_dearer_is_billed_by_the_vendors_meter() -> None:
    """Half a credit a character is the price: a voice of the library that takes three times that costs more."""
    request = request_for("a" * 101)
    usual = VOICE.price(request, Prices())
    assert usual is not None
    assert billed(request, Decimal(51), Prices()) == ({"characters": 101, "credits": Decimal(51)}, usual)
    assert billed(request, Decimal("50.5"), Prices())[1] == usual
    assert billed(request, Decimal(152), Prices())[1] == 3 * usual
    assert billed(request, Decimal("75.75"), Prices())[1] == usual * 3 / 2
    assert billed(request, Decimal(0), Prices())[1] == 0
    assert billed(request, None, Prices()) == ({"characters": 101}, usual)


def test_a_meter_that_counts_nonsense_loses_no_answer(v: Vendors) -> None:
    v.elevenlabs_times = {"voice-ada": 10**200}
    request = request_for()
    expected = {"characters": len(TEXT)}, VOICE.price(request, Prices())
    answer = VOICE.ask(request, call_to(v))
    assert (answer.units, answer.usd) == expected
    other = request_for(take=2)
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(other, call_to(v))
    found = VOICE.recover(other, call_to(v))
    assert found
    assert (found.units, found.usd) == expected


def test_many_lines_of_a_dearer_voice_do_not_go_over_the_cap_together(v: Vendors, tmp_path: Path) -> None:
    """Nobody knows how dear it is before the first bill: until then nothing else is bought, and afterwards all is."""
    v.elevenlabs_times = {"voice-ada": 4}
    v.seconds = {"voice": 0.1}
    texts = [f"{number:02} " + 22 * "a" for number in range(24)]  # a tenth of a cent each, by the meter four
    gates = Gates({"elevenlabs": 8})
    caller = Caller(budget=Budget(Decimal("0.02")), gates=gates, variable=v.env().get)
    store = LocalStore(tmp_path)

    def buy(text: str) -> None:
        request = request_for(text)
        action = Action("voice", 1, request)
        with suppress(CapError):
            caller.perform(action, key(manifest(action, {})), "", store)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(buy, texts))
    assert v.spent() == caller.budget.spent_usd == Decimal("0.02"), "five fit"
    assert v.most_running["voice"] > 2


def test_a_model_without_a_price_is_unpriced_and_not_free() -> None:
    request = request_for(model="eleven_v9")
    assert VOICE.price(request, Prices()) is None
    assert billed(request, Decimal(25), Prices())[1] is None
    ours = Prices({"eleven_v9": Price(usd_per_thousand_characters=Decimal(1))})
    assert VOICE.price(request, ours) == billed(request, Decimal(25), ours)[1] == Decimal("0.025")


# what goes wrong


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("busy", BusyError, "heavy traffic, please try again.; run doit again"),
        ("too_many", BusyError, "Too many concurrent requests. .*; lower limits.elevenlabs"),
        ("server_error", BusyError, "An error occurred"),
        ("wrong_key", AccountError, "Invalid API key .*; check the key"),
        ("quota", AccountError, "exceeds your quota .*; buy credit"),
        ("refusal", ProviderError, "the text was refused: Our safety systems .* content policy.; change the words"),
        ("html", LostError, "a web page came"),
        ("hang", LostError, "timed out"),
    ],
)
def test_a_fault_is_told_and_costs_one_call_and_nothing_else(
    v: Vendors, fault: str, error: type[ProviderError], told: str
) -> None:
    v.fail("voice", fault, times=None)
    with pytest.raises(ProviderError, match=f"^ElevenLabs: .*{told}") as raised:
        VOICE.ask(request_for(), call_to(v, 0.2 if fault == "hang" else 20))
    assert type(raised.value) is error
    assert getattr(raised.value, "too_many", False) is (fault == "too_many")
    assert (v.count(), v.billed_count()) == (1, 0)
    assert ELEVENLABS_KEY not in str(raised.value)


@pytest.mark.parametrize("fault", ["busy", "too_many"])
def test_a_vendor_that_is_busy_says_for_how_long(v: Vendors, fault: str) -> None:
    v.fail("voice", fault, retry_after=7)
    with pytest.raises(BusyError) as raised:
        VOICE.ask(request_for(), call_to(v))
    assert raised.value.retry_after_seconds == 7


@pytest.mark.parametrize(
    ("voice", "told"),
    [
        ({"voice_id": "missing-voice"}, "A voice for this voice_id was not found.; correct voice_id"),
        ({"model": "eleven_v9"}, "There is no model eleven_v9.; choose another model:"),
    ],
)
def test_what_a_character_has_wrong_is_told_with_its_name(v: Vendors, voice: dict[str, Any], told: str) -> None:
    with pytest.raises(ProviderError, match=told) as raised:
        VOICE.ask(request_for(**voice), call_to(v))
    assert type(raised.value) is ProviderError


@pytest.mark.parametrize(
    ("status", "detail", "said"),
    [
        (
            422,
            [{"type": "less_than_equal", "loc": ["body", "voice_settings", "speed"], "msg": "Input is too large"}],
            "ElevenLabs: voice_settings.speed: Input is too large; change voice_settings.speed",
        ),
        (422, [{"type": "missing", "msg": "Field required"}], "ElevenLabs: Field required (HTTP 422, missing)"),
        (
            400,
            {"type": "validation_error", "code": "invalid_parameters", "message": "Wrong.", "param": "seed"},
            "ElevenLabs: seed: Wrong.; change seed",
        ),
        (400, {"status": "max_character_limit_exceeded", "message": "Too long."}, "Too long.; make two lines of it"),
        (402, {"code": "insufficient_credits", "message": "Nothing left."}, "Nothing left.; buy credit"),
        (403, {"code": "output_format_not_allowed", "message": "A higher plan."}, "A higher plan. (HTTP 403"),
        (400, "Something", "ElevenLabs: Something (HTTP 400)"),
    ],
)
def test_error_bodies_of_all_forms_are_understood(status: int, detail: Any, said: str) -> None:
    response = wire.Exchange(status, {}, json.dumps({"detail": detail}).encode())
    assert said in str(wire.problem(response, "ElevenLabs", told_by_vendor))


@pytest.mark.parametrize("key", ["", " ", "sk_abc\ndef", "sk_äöü"])
def test_a_key_that_is_none_is_an_account_error_that_does_not_show_it(v: Vendors, key: str) -> None:
    with pytest.raises(AccountError) as raised:
        VOICE.ask(request_for(), a_call({**v.env(), "ELEVENLABS_API_KEY": key}))
    assert v.hits == []
    assert not key.strip() or key not in str(raised.value)


def test_a_key_with_a_newline_at_its_end_is_that_key(v: Vendors) -> None:
    VOICE.ask(request_for(), a_call({**v.env(), "ELEVENLABS_API_KEY": f"{ELEVENLABS_KEY}\n"}))
    assert v.billed_count() == 1


def test_a_dead_proxy_lets_nothing_through(v: Vendors) -> None:
    with pytest.raises(ProviderError, match=r"^ElevenLabs: "):
        VOICE.ask(request_for(), call_to(v, 5, proxy="socks5h://127.0.0.1:9"))
    assert v.hits == []


def test_threads_that_begin_at_once_all_get_their_answers(v: Vendors) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import os, threading\n"
        "from calls import a_call\n"
        "from reelmake.providers.elevenlabs.voice import ElevenLabsVoice\n"
        "voice, together = ElevenLabsVoice(), threading.Barrier(8)\n"
        "def speak(take):\n"
        f"    request = voice.shape({{**{asked()!r}, 'take': take}})\n"
        "    together.wait()\n"
        "    return len(voice.read(voice.ask(request, a_call(os.environ)).body, request).words)\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(list(pool.map(speak, range(1, 9))))\n"
    )
    env = {**os.environ, **v.env()}
    done = subprocess.run([sys.executable, "-c", code, *sys.path], env=env, check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[6, 6, 6, 6, 6, 6, 6, 6]\n", "")
    assert (v.billed_count(), v.distinct()) == (8, 8)


# what is recovered


@pytest.mark.parametrize("fault", ["lost", "cut", "drip"])
def test_a_lost_answer_is_found_in_the_history_and_not_bought_again(v: Vendors, fault: str) -> None:
    request, call = request_for(stability=0.5), call_to(v, 0.2 if fault == "drip" else 20)
    v.fail("voice", fault)
    with pytest.raises(LostError):
        VOICE.ask(request, call)
    v.settle()
    found = VOICE.recover(request, call)
    assert found
    assert found.usd == VOICE.price(request, Prices()) == v.spent()
    assert found.units == {"characters": len(TEXT), "credits": v.billed[0].units}
    speech = VOICE.read(found.body, request)
    assert (v.count("elevenlabs", "voice"), v.billed_count()) == (1, 1)
    assert speech == said(v, request)


@pytest.mark.parametrize("fault", ["broken_json", "cut_unsized"])
def test_an_answer_that_arrived_damaged_is_found_in_the_history_at_once(v: Vendors, fault: str) -> None:
    v.fail("voice", fault)
    answer = VOICE.ask(request_for(), call_to(v))
    assert json.loads(answer.body)["recovered_from"] == "history000001"
    assert len(VOICE.read(answer.body, request_for()).words) == 6
    assert v.billed_count() == 1


def test_a_damaged_answer_that_is_nowhere_else_is_kept_and_asks_for_another_take(v: Vendors) -> None:
    v.elevenlabs_history = False
    v.fail("voice", "broken_json")
    answer = VOICE.ask(request_for(), call_to(v, 1))
    assert answer.usd == v.spent()
    with pytest.raises(ProviderError, match="damaged; bump the line's take: for another one"):
        VOICE.read(answer.body, request_for())
    assert v.billed_count() == 1


@pytest.mark.parametrize("fault", ["busy", "server_error", "html", "hang", "cut", "cut_unsized", "lost"])
@pytest.mark.parametrize("kind", ["history", "history_item", "history_audio"])
def test_a_history_that_cannot_be_read_is_not_a_history_with_nothing_in_it(v: Vendors, kind: str, fault: str) -> None:
    request, call = request_for(), call_to(v, 2)
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(request, call)
    v.fail(kind, fault, times=None)
    with pytest.raises(BusyError, match=r"^ElevenLabs: "):
        VOICE.recover(request, replace(call, timeout_seconds=0.3))
    v.faults.planned.clear()
    assert VOICE.recover(request, call)
    assert v.billed_count() == 1


def test_an_answer_without_a_sound_is_looked_for_in_the_history_too(
    v: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A success that holds an error: whether it was billed, the history tells."""
    exchange = wire.exchange

    def spoiled(*args: Any) -> wire.Exchange:
        got = exchange(*args)
        return replace(got, body=b'{"detail": {"message": "sorry"}}') if b"audio_base64" in got.body else got

    monkeypatch.setattr(wire, "exchange", spoiled)
    assert json.loads(VOICE.ask(request_for(), call_to(v)).body)["recovered_from"] == "history000001"
    v.elevenlabs_history = False
    kept = VOICE.ask(request_for(take=2), call_to(v, 1))
    assert json.loads(kept.body)["detail"], "it is kept, and not bought again"
    assert v.billed_count() == 2


def test_a_damaged_answer_is_lost_while_the_history_cannot_be_read(v: Vendors) -> None:
    v.fail("voice", "broken_json")
    v.fail("history", "busy", times=None)
    with pytest.raises(LostError, match=r"^ElevenLabs: the answer is damaged"):
        VOICE.ask(request_for(), call_to(v, 1))


def test_a_key_that_may_not_read_the_history_is_told_what_it_is_for(v: Vendors) -> None:
    v.fail("history", "wrong_key", times=None)
    with pytest.raises(ProviderError, match="fetched from the history; allow the key to read the history") as raised:
        VOICE.recover(request_for(), call_to(v, 1))
    assert type(raised.value) is ProviderError


@pytest.mark.parametrize(
    "other",
    [{"text": "Why?"}, {"voice_id": "voice-max"}, {"model": "eleven_v4"}, {"stability": 0.75}],
)
def test_only_what_was_asked_for_is_recovered(v: Vendors, other: dict[str, Any]) -> None:
    call = call_to(v, 0.5)
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(request_for(**{"stability": 0.25, **other}), call)
    assert VOICE.recover(request_for(stability=0.25), call) is None
    assert v.violations == []


def test_what_was_made_before_the_request_is_not_its_answer(v: Vendors) -> None:
    call = call_to(v, 0.5)
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(request_for(), call)
    later = datetime.now(UTC) + timedelta(seconds=8)
    assert VOICE.recover(request_for(), replace(call, asked_at=later)) is None
    assert VOICE.recover(request_for(), replace(call, asked_at=later - timedelta(seconds=5)))


def test_what_one_take_was_answered_with_is_not_the_answer_to_another(v: Vendors) -> None:
    first, second = request_for(take=1), request_for(take=2)
    call = call_to(v, 0.5)
    VOICE.ask(first, call)
    assert VOICE.recover(second, call) is None
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(second, call)
    found = VOICE.recover(second, call)
    assert found
    assert json.loads(found.body)["recovered_from"] == "history000002"
    again = VOICE.recover(second, call)
    assert again == found


def test_what_another_process_was_answered_with_is_not_the_answer_either(
    v: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = request_for(take=1), request_for(take=2)
    got = VOICE.ask(first, call_to(v))
    assert got.vendor_ids
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(second, call_to(v))
    monkeypatch.setattr(elevenlabs_history, "_delivered", {})  # as in a process that has just begun
    found = VOICE.recover(second, call_to(v, used_ids=lambda: frozenset(got.vendor_ids)))
    assert found
    assert json.loads(found.body)["recovered_from"] == "history000002"
    assert not set(found.vendor_ids) & set(got.vendor_ids)


def test_a_lost_answer_is_found_though_our_clock_is_ahead(v: Vendors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor tells by its own clock when it made what, and what time it is."""
    hour = SimpleNamespace(time=lambda: time.time() + 3600, sleep=time.sleep)
    monkeypatch.setattr(elevenlabs_history, "time", hour)
    request, call = request_for(), call_to(v, asked_at=datetime.now(UTC) + timedelta(hours=1))
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(request, call)
    assert VOICE.recover(request, call)
    assert v.billed_count() == 1


def test_a_history_of_many_pages_is_read_to_its_end(v: Vendors) -> None:
    call = call_to(v)
    ours, other = request_for(), request_for("Something else")
    VOICE.ask(other, call)
    (item,) = v.vendors["elevenlabs"].history.items  # type: ignore[attr-defined]
    v.vendors["elevenlabs"].history.items += [replace(item, id=f"more{at}") for at in range(250)]  # type: ignore[attr-defined]
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(ours, call)
    assert VOICE.recover(ours, call)
    assert v.count("elevenlabs", "history") == 3


def test_a_history_that_is_late_is_waited_for(v: Vendors) -> None:
    request, call = request_for(), call_to(v, 5)
    v.fail("voice", "lost")
    with pytest.raises(LostError):
        VOICE.ask(request, call)
    history = v.vendors["elevenlabs"].history  # type: ignore[attr-defined]
    late, history.items = history.items, []
    threading.Timer(0.1, history.items.extend, [late]).start()
    assert VOICE.recover(request, call)


@pytest.mark.parametrize(("timeout_seconds", "at_most"), [(0.5, 0.6), (5, 1.6)])
def test_looking_for_what_is_not_there_takes_a_part_of_the_time_that_a_call_has(
    v: Vendors, timeout_seconds: float, at_most: float
) -> None:
    VOICE.recover(request_for(), call_to(v, timeout_seconds))  # what is slow to import is there now
    start = time.monotonic()
    assert VOICE.recover(request_for(), call_to(v, timeout_seconds)) is None
    assert time.monotonic() - start < at_most
