"""What a provider is: one class that performs requests of one kind.

A provider does two things. `ask` acts: it performs a request and returns the vendor's raw answer, which is stored
before anything else happens to it. `read` only reads: it turns a stored answer into a script, a speech or a picture.
It may be called again at any time, on any machine, and costs nothing; so a mistake in it costs nothing to mend.

A request is plain JSON and holds everything that changes the answer, since all of it is in the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

Request = Mapping[str, Any]


class Options(BaseModel):
    """Base of a provider's own options: what a character says under `voice:`, below its name. Others are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A raw answer as it was received, and what was billed for it."""

    body: bytes
    units: Mapping[str, int] = field(default_factory=dict)
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it is shown, and when it sounds, in seconds.

    The words of a speech, joined by spaces, are the author's text with single spaces. A word is what stands between
    two spaces, together with what has no sound of its own beside it (`Wow 🎉 —` is one word).
    """

    text: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Sound in any container that ffmpeg reads, and the time of each word in it."""

    audio: bytes
    words: tuple[SpokenWord, ...]


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A line of a script: who speaks, what is said, what is shown."""

    character: str
    text: str
    image: str


class VoiceProvider(Protocol):
    """Speaks one line.

    Request: `{"provider", "text", "language", "voice": {the options}, "take"}`.
    """

    pool: ClassVar[str]
    options: ClassVar[type[Options]]

    def language_problem(self, language: str) -> str:
        """Say why this language (a tag such as `en-GB`) cannot be spoken, or return an empty string. Cheap as well."""
        ...

    def problem(self, text: str, language: str) -> str:
        """Say why this text cannot be spoken, or return an empty string. Cheap: it runs at every load."""
        ...

    def ask(self, request: Request) -> Answer:
        """Speak; raises ProviderError."""
        ...

    def read(self, body: bytes, request: Request) -> Speech:
        """Read an answer of `ask`; raises ProviderError."""
        ...


class ImageProvider(Protocol):
    """Draws one picture.

    Request: `{"provider", "prompt", "subject", "style", "width", "height", "take"}`; `prompt` is the whole prompt,
    `subject` and `style` are what it was made of.
    """

    pool: ClassVar[str]

    def ask(self, request: Request) -> Answer:
        """Draw; raises ProviderError."""
        ...

    def read(self, body: bytes, request: Request) -> bytes:
        """Return the picture as a PNG; raises ProviderError."""
        ...


class ScriptProvider(Protocol):
    """Writes the lines of an episode.

    Request: `{"provider", "topic", "title", "language", "style", "lines", "take", "template",
    "cast": [{"id", "name", "personality", "catchphrases"}]}`; `template` is the text of the prompt template.
    """

    pool: ClassVar[str]

    def language_problem(self, language: str) -> str:
        """Say why nothing can be written in this language, or return an empty string. Cheap: it runs at every load."""
        ...

    def ask(self, request: Request) -> Answer:
        """Write; raises ProviderError, and InputError for mistakes in the project's own template."""
        ...

    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        """Return the lines, in order; raises ProviderError."""
        ...
