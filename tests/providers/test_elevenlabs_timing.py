"""When the words of ElevenLabs' speeches are spoken: by its own times, and by others where those are wrong."""

# ruff: noqa: RUF001  the typography of authors takes part

from __future__ import annotations

import base64
import functools
import io
import json
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
from calls import CALL, a_call
from numpy.typing import NDArray
from vendors.server import Vendors
from vendors.sound import tokens_of

from reelmake.core.errors import ProviderError
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.voice import wav
from reelmake.offline.voice import OfflineVoice
from reelmake.providers import wire
from reelmake.providers.base import Speech
from reelmake.providers.elevenlabs.voice import ElevenLabsVoice
from reelmake.providers.speech.display_words import shown_words

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python

VOICE = ElevenLabsVoice()
RATE = 24_000
TEXT = "Why is the sky blue, Max? [laughs] Sunlight costs $5 — 🎉 and it holds every colour."
SHOWN = ["Why", "is", "the", "sky", "blue,", "Max?", "Sunlight", "costs", "$5 — 🎉", "and", "it", "holds", "every"]
SPOKEN = [
    "Nobody tells you this about octopuses.",
    "They have three hearts, and two of them stop beating when they swim.",
    "In 1969, it cost $3.2 billion to land on the moon!",
    "Dr. Smith — a zoologist — found 42 nudibranchs off Okinawa.",
    "Honey never spoils: archaeologists found 3,000-year-old honey, and it's still edible!",
    "Wow 🎉 — it’s “blue”. Isn't that twenty-one colours & more?",
]


@pytest.fixture(scope="module", autouse=True)
def _no_connection_is_left_open() -> Iterator[None]:
    yield
    wire._client(httpx, None).close()
    wire._client.cache_clear()


def request_for(text: str = TEXT, language: str = "en", **voice: Any) -> Mapping[str, Any]:
    asked = {"provider": "elevenlabs", "text": text, "language": language, "take": 1}
    return VOICE.shape({**asked, "voice": {"voice_id": "voice-ada", **voice}})


def answered(v: Vendors, request: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(VOICE.ask(request, a_call(v.env())).body)
    return answer


def read(answer: Mapping[str, Any], request: Mapping[str, Any]) -> Speech:
    return VOICE.read(json.dumps(answer).encode(), request)


def samples_of(speech: Speech) -> NDArray[np.float64]:
    with wave.open(io.BytesIO(speech.audio)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def clicks(speech: Speech) -> list[float]:
    """Return when the clicks of the stand-in are heard, in seconds; the one of an emoji counts as well."""
    loud = np.flatnonzero(np.abs(samples_of(speech)) > 0.3)
    return [float(at) / RATE for at in loud[np.diff(loud, prepend=-RATE) > RATE // 50]]


def word_starts(text: str) -> list[float]:
    """Return when the stand-in begins to say each word that sounds, in seconds."""
    return [token.start for token in tokens_of(text) if token.is_word and any(map(str.isalnum, token.text))]


def errors_ms(speech: Speech, truth: list[float]) -> NDArray[np.float64]:
    return np.array([1000 * (w.start_seconds - at) for w, at in zip(speech.words, truth, strict=True)])


@functools.cache
def really_spoken(text: str, voice: str) -> Speech:
    """Return what a real voice says, whose own times are known."""
    spoken = {"provider": "offline", "text": text, "language": "en", "voice": {"voice": voice}, "take": 1}
    return OfflineVoice().read(OfflineVoice().ask(spoken, CALL).body, spoken)


def check(speech: Speech) -> None:
    seconds = len(samples_of(speech)) / RATE
    assert all(0 <= word.start_seconds < word.end_seconds <= seconds + 0.05 for word in speech.words)
    assert all(a.start_seconds <= b.start_seconds for a, b in pairwise(speech.words))


def test_words_begin_where_they_are_heard_and_tags_are_none(v: Vendors, capsys: pytest.CaptureFixture[str]) -> None:
    speech = read(answered(v, request_for()), request_for())
    assert [word.text for word in speech.words] == [*SHOWN, "colour."]
    check(speech)
    heard = clicks(speech)
    assert len(heard) == len(speech.words) + 2  # the dash and the emoji click too
    assert max(min(abs(word.start_seconds - click) for click in heard) for word in speech.words) < 0.002
    assert np.abs(errors_ms(speech, word_starts(TEXT))).max() < 1
    assert capsys.readouterr().err == ""


def test_an_answer_is_read_the_same_each_time(v: Vendors) -> None:
    for v.elevenlabs_alignment in ("right", "missing", "stuck"):
        answer = answered(v, request_for())
        assert read(answer, request_for()) == read(answer, request_for())


def test_what_is_spoken_has_times_too(v: Vendors, capsys: pytest.CaptureFixture[str]) -> None:
    """`$5` is shown, "five dollars" is said: those times serve where the text's own are missing."""
    answer = {**answered(v, request_for()), "alignment": None}
    speech = read(answer, request_for())
    assert [word.text for word in speech.words] == [*SHOWN, "colour."]
    assert np.abs(errors_ms(speech, word_starts(TEXT))).max() < 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 'by="normalized alignment"' in line
    assert "it is missing" in line


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("how", ["missing", "drift", "stuck", "backwards"])
def test_times_that_cannot_be_right_are_replaced(
    v: Vendors, how: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stand-in hums, so nothing is heard to listen to: what is left is to count letters, between silences."""
    text = "Sunlight is every colour at once, mixed together until it looks white."
    v.elevenlabs_alignment = how  # type: ignore[assignment]
    request = request_for(text, language)
    speech = read(answered(v, request), request)
    check(speech)
    errors = np.abs(errors_ms(speech, word_starts(text)))
    assert (errors.mean() < 80, errors.max() < 160) == (True, True), errors
    (line,) = capsys.readouterr().err.splitlines()
    assert 'the times of words were recovered" provider=elevenlabs by="length of words"' in line


@pytest.mark.parametrize(("voice", "language"), [("heart", None), ("joe", "en")])
def test_english_is_listened_to(voice: str, language: str | None) -> None:
    """A model that takes no language leaves it to the words to tell."""
    model = "eleven_v4_turbo" if language else "eleven_multilingual_v2"
    errors = []
    for text in SPOKEN:
        truth = really_spoken(text, voice)
        answer = {"audio_base64": base64.b64encode(truth.audio).decode(), "alignment": None}
        speech = read(answer, request_for(text, model=model))
        assert [word.text for word in speech.words] == [word.text for word in truth.words]
        check(speech)
        errors += [*errors_ms(speech, [word.start_seconds for word in truth.words])]
    found = np.abs(errors)
    assert (found.mean() < 30, np.percentile(found, 95) < 80) == (True, True), (found.mean(), np.percentile(found, 95))
    assert abs(np.median(errors)) < 10


@pytest.mark.parametrize("voice", ["heart", "joe"])
def test_a_language_that_cannot_be_listened_to_is_laid_out_between_its_pauses(voice: str) -> None:
    errors = []
    for text in SPOKEN:
        truth = really_spoken(text, voice)
        speech = read({"audio_base64": base64.b64encode(truth.audio).decode()}, request_for(text, "nl"))
        check(speech)
        errors += [*errors_ms(speech, [word.start_seconds for word in truth.words])]
    assert np.abs(errors).mean() < 110


def test_threads_hear_the_same() -> None:
    audio = really_spoken(SPOKEN[1], "joe").audio
    answer = {"audio_base64": base64.b64encode(audio).decode()}
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: read(answer, request_for(SPOKEN[1])), range(8))
    assert all(other == first for other in others)


def test_times_that_are_right_need_no_acoustic_model(v: Vendors) -> None:
    code = (
        "import json, sys; from reelmake.providers.elevenlabs.voice import ElevenLabsVoice\n"
        "speech = ElevenLabsVoice().read(sys.stdin.buffer.read(), json.loads(sys.argv[1]))\n"
        "print(len(speech.words), [name for name in ('pocketsphinx', 'hibari', 'elevenlabs') if name in sys.modules])"
    )
    body = json.dumps(answered(v, request_for())).encode()
    command = [sys.executable, "-c", code, json.dumps(request_for())]
    done = subprocess.run(command, input=body, check=True, capture_output=True)
    assert done.stdout == b"14 []\n"


def test_another_language_is_not_listened_to_as_english(capsys: pytest.CaptureFixture[str]) -> None:
    audio = really_spoken(SPOKEN[0], "joe").audio
    answer = {"audio_base64": base64.b64encode(audio).decode()}
    read(answer, request_for("Wer hat dir das von den Kraken erzählt?", "de"))
    read(answer, request_for("Wer hat dir das von den Kraken erzählt?", model="eleven_multilingual_v2"))
    told = capsys.readouterr().err.splitlines()
    assert ["only English" in line for line in told] == [True, False]
    assert all('by="length of words"' in line for line in told)


# the sound


def as_answer(audio: bytes, seconds: float = 1.0) -> dict[str, Any]:
    starts = [seconds * at / 5 for at in range(5)]
    alignment = {
        "characters": list("Hello"),
        "character_start_times_seconds": starts,
        "character_end_times_seconds": [at + seconds / 5 for at in starts],
    }
    return {"audio_base64": base64.b64encode(audio).decode(), "alignment": alignment}


def hum(seconds: float = 1.0, rate: int = RATE) -> bytes:
    times = np.arange(round(seconds * rate)) / rate
    samples: bytes = np.rint(9000 * np.sin(2 * np.pi * 200 * times)).astype("<i2").tobytes()
    return samples


def with_size(audio: bytes, size: int) -> bytes:
    return audio[:40] + struct.pack("<I", size) + audio[44:]


@pytest.mark.parametrize("name", ["wav", "endless wav", "empty wav", "chunks", "stereo"])
def test_sound_of_all_forms_is_read(name: str) -> None:
    plain = wav(hum(), RATE)
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    both = np.repeat(np.frombuffer(hum(), "<i2"), 2).tobytes()
    forms = {
        "wav": plain,
        "endless wav": with_size(plain, 0xFFFFFFFF),
        "empty wav": with_size(plain, 0),
        "chunks": plain[:12] + extra + plain[12:],
        "stereo": plain[:22]
        + struct.pack("<HIIH", 2, RATE, 4 * RATE, 4)
        + plain[34:40]
        + struct.pack("<I", 96000)
        + both,
    }
    speech = read(as_answer(forms[name]), request_for("Hello"))
    assert samples_of(speech).size == RATE
    assert [(w.text, w.start_seconds, w.end_seconds) for w in speech.words] == [("Hello", 0.0, 1.0)]


def test_a_recovered_sound_may_be_an_mp3() -> None:
    mp3 = Ffmpeg().run(
        ["-f", "s16le", "-ar", str(RATE), "-i", "pipe:0", "-f", "mp3", "pipe:1"], doing="encoding", stdin=hum()
    )
    speech = read(as_answer(mp3), request_for("Hello"))
    with wave.open(io.BytesIO(speech.audio)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "damaged"),
        (b'{"audio_base64": "AAAA', "damaged"),
        (b"[]", "not what was requested"),
        (b"{}", "no sound in it"),
        (b'{"audio_base64": null}', "no sound in it"),
        (json.dumps(as_answer(hum())).encode(), "it is no sound"),
        (b'{"audio_base64": 5}', "cannot be used"),
        (b'{"audio_base64": "?"}', "cannot be used"),
        (json.dumps(as_answer(wav(b"", RATE))).encode(), "no sound in it"),
        (json.dumps(as_answer(wav(bytes(2 * RATE), RATE))).encode(), "nothing but silence"),
        (json.dumps(as_answer(b"ID3 is not all that an mp3 has")).encode(), "cannot be used"),
    ],
)
def test_an_answer_without_a_voice_is_refused(answer: bytes, told: str) -> None:
    with pytest.raises(
        ProviderError, match=f"^ElevenLabs: the answer is stored, and .*{told}.*; bump the line's take:"
    ):
        VOICE.read(answer, request_for("Hello"))


def test_the_words_of_a_text_are_shown_as_they_are_for_the_offline_voices() -> None:
    for text in SPOKEN:
        assert [word.text for word in shown_words(text)] == [word.text for word in really_spoken(text, "heart").words]
