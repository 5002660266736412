"""From a stored answer of ElevenLabs to a speech. Its times are checked; where they are wrong, others are found."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from reelmake.core.errors import MediaError, ProviderError
from reelmake.core.logging import log
from reelmake.providers.base import Request, Speech, SpokenWord
from reelmake.providers.elevenlabs.errors import ANOTHER_TAKE, VENDOR
from reelmake.providers.speech import alignment
from reelmake.providers.speech.alignment import Heard, Times, UnusableError
from reelmake.providers.speech.audio import VoiceSound, read_sound
from reelmake.providers.speech.display_words import Shown, shown_words

_SHOWN_CHARACTERS = 60


def read_speech(body: bytes, request: Request) -> Speech:
    """Return the sound of an answer as a WAV, and its words; raises ProviderError."""
    answer = _opened(body)
    try:
        audio = base64.b64decode(answer.get("audio_base64") or "", validate=True)
        sound = read_sound(audio)
        heard = sound.heard()
    except (ValueError, TypeError, MediaError) as error:
        raise _unusable(f"its sound cannot be used ({error})") from error
    words = shown_words(request["text"], request.get("language_code", ""))
    if not words:
        raise ProviderError(f"{VENDOR}: there is no word in {request['text']!r}", "change the words")
    times = _times(answer, words, request, sound, heard)
    spoken = (
        SpokenWord(word.text, round(start, 6), round(end, 6), word.glued)
        for word, (start, end) in zip(words, times, strict=True)
    )
    return Speech(sound.wav(), tuple(spoken))


def _opened(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unusable("it is damaged") from error
    if not isinstance(answer, dict):
        raise _unusable("it is not what was requested")
    return answer


def _unusable(why: str) -> ProviderError:
    return ProviderError(f"{VENDOR}: the answer is stored, and {why}", ANOTHER_TAKE)


def _times(
    answer: dict[str, Any], words: Sequence[Shown], request: Request, sound: VoiceSound, heard: Heard
) -> Sequence[Times]:
    """Return when each word is spoken, from the best source that can be right; logs when it is not the usual one."""
    text = request["text"]

    def given() -> list[Times]:
        return alignment.by_characters(words, text, alignment.characters(answer.get("alignment")), heard)

    def given_for_what_is_said() -> list[Times]:
        return alignment.by_spoken_words(words, alignment.characters(answer.get("normalized_alignment")), heard)

    def listened() -> list[Times]:
        language = request.get("language_code")
        if language not in (None, "en"):
            raise UnusableError("only English can be listened to")
        from reelmake.providers.speech.forced_alignment import RATE, align  # noqa: PLC0415 (it loads an acoustic model)

        found = align(words, text, sound.samples(RATE), sure=language is not None)
        if found is None:
            raise UnusableError("the words are not heard")
        alignment.check_heard(found, words, heard)
        return found

    sources: tuple[tuple[str, Callable[[], list[Times]]], ...] = (
        ("alignment", given),
        ("normalized alignment", given_for_what_is_said),
        ("listening", listened),
        ("length of words", lambda: alignment.by_length(words, heard)),
    )
    why = []
    for name, source in sources:
        try:
            times = source()
        except UnusableError as error:
            why.append(f"{name}: {error}")
            continue
        if why:
            event = {"by": name, "because": "; ".join(why), "text": text[:_SHOWN_CHARACTERS]}
            log().warning("the times of words were recovered", provider="elevenlabs", **event)
        return times
    raise AssertionError("the last source always has times")
