"""Pictures that vendors send, as the PNG that a build uses."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict

from reelmake.core.errors import AccountError, ProviderError
from reelmake.providers.prices import Prices

Request = Mapping[str, Any]


class Options(BaseModel):
    """Base of a provider's own options, such as its model. Whatever is not named here is an error.

    Options of voices are also what a character says under `voice:`, below the provider's name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A raw answer as it was received, and its bill.

    units         what the vendor counted: characters, tokens, images, ...
    usd           what that costs, None when nobody knows the price
    most_at_once  how many requests at a time the vendor says that it takes, if it says so
    vendor_ids    what the vendor calls this answer, in a history or a queue
    """

    body: bytes
    units: Mapping[str, int | Decimal] = field(default_factory=dict)
    usd: Decimal | None = Decimal(0)
    most_at_once: int | None = None
    vendor_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """What a provider may use while it performs a request.

    prices           what models cost
    timeout_seconds  how long the whole answer may take
    proxy            through which all that is sent has to go (`socks5h://...`), or None
    variable         returns what a variable of the environment or of `.env` holds, or None
    asked_at         when this request was first sent: nothing before it can be its answer
    ticket           what `keep_ticket` was last given for this request, perhaps by a process that was killed since
    used_ids         returns the `vendor_ids` of answers that other requests have got: none of them is this one's
    keep_ticket      keeps JSON durably before it returns: what the vendor calls a job that it has accepted; None
                     forgets it
    """

    prices: Prices
    timeout_seconds: float
    proxy: str | None
    variable: Callable[[str], str | None]
    asked_at: datetime
    ticket: Mapping[str, Any] | None
    keep_ticket: Callable[[Mapping[str, Any] | None], None]
    used_ids: Callable[[], frozenset[str]] = frozenset

    def secret(self, name: str) -> str:
        """Return what a variable holds that has to be set; raises AccountError."""
        if value := self.variable(name):
            return value
        raise AccountError(f"{name} is not set", f"set it in the environment, or write {name}=... into .env")


class Provider(ABC):
    """What providers of all kinds have in common.

    pool             the limit under which its requests run: `cpu`, or a name of its own
    options          what can be chosen; all of it is part of the request
    timeout_seconds  how long an answer may take at worst
    secrets          variables that have to be set before it is called
    is_metered       whether the vendor may bill more than `price` says, so that only its bills say how much
    """

    pool: ClassVar[str]
    options: ClassVar[type[Options]] = Options
    timeout_seconds: ClassVar[float] = 120.0
    secrets: ClassVar[tuple[str, ...]] = ()
    is_metered: ClassVar[bool] = False

    def shape(self, generic: Request) -> Request:
        """Return this provider's request for a generic one: all that changes the answer, and nothing else. Pure."""
        return generic

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        """Return what performing a request costs at most, in US dollars; None when nobody knows. Pure."""
        del request, prices
        return None

    def remarks(self, request: Request) -> Mapping[str, tuple[str, str]]:
        """Return what it will not do of a request, for warnings: field -> what, and what to type. Cheap, pure."""
        del request
        return {}

    @abstractmethod
    def ask(self, request: Request, call: Call) -> Answer:
        """Perform a request, once. Raises ProviderError, by what may be done next: see `errors`."""

    def recover(self, request: Request, call: Call) -> Answer | None:
        """Return the answer to a request that was sent before and whose answer was lost; None when it is not there.

        This must not be billed. Raises ProviderError as `ask` does.
        """
        del request, call
        return None

    def ends_on(self, options: Mapping[str, Any], call: Call) -> str | None:
        """Return the last day of the chosen model as YYYY-MM-DD, None when it is not known; for `reelmake doctor`.

        Bills nothing and raises nothing.
        """
        del options, call
        return None


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it is shown, and when it sounds, in seconds.

    The words of a speech, joined by spaces, are the author's text with single spaces. A word is what stands between
    two spaces, together with what has no sound of its own beside it (`Wow 🎉 —` is one word). In languages without
    spaces it is what `reelmake.layout.words.spans` says; one that follows another without a space is `glued`.
    """

    text: str
    start_seconds: float
    end_seconds: float
    glued: bool = False


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
    shots: tuple[str, ...] = ()  # in place of an image, several


class VoiceProvider(Provider):
    """Speaks one line.

    Asked: `{"provider", "text", "language", "voice": {the options}, "take"}`.
    """

    def language_problem(self, language: str) -> str:
        """Say why this language (a tag such as `en-GB`) cannot be spoken, or return an empty string. Cheap as well."""
        del language
        return ""

    def problem(self, text: str, language: str) -> str:
        """Say why this text cannot be spoken, or return an empty string. Cheap: it runs at every load."""
        del text, language
        return ""

    def says(self, text: str) -> str:
        """Return the words that are said for a text, as far as they are known: a vendor reads numbers as it likes."""
        return text

    def silent_signs(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield signs in a text that are left out though they mean something: what is wrong, and what to do."""
        del text
        yield from ()

    @abstractmethod
    def read(self, body: bytes, request: Request) -> Speech:
        """Read an answer of `ask`; raises ProviderError."""


class ImageProvider(Provider):
    """Draws one picture.

    Asked: `{"provider", "prompt", "subject", "style", "width", "height", "take"}`; `prompt` is the whole prompt,
    `subject` and `style` are what it was made of. A provider with options finds them under `"options"`.
    """

    @abstractmethod
    def read(self, body: bytes, request: Request) -> bytes:
        """Return the picture as a PNG; raises ProviderError."""


class ScriptProvider(Provider):
    """Writes the lines of an episode.

    Asked: `{"provider", "topic", "title", "language", "style", "lines", "take", "template",
    "cast": [{"id", "name", "personality", "catchphrases"}]}`; `template` is the text of the prompt template. A
    provider with options finds them under `"options"`.

    One that translates (`translation_problem` returns nothing) also gets: `{"provider", "title", "from",
    "language", "take", "template", "cast", "source": [{"character", "text", "given"}]}`, and answers with a line for
    each of `source`, by the same character. What is `given` is a translation of the author's, which stays.
    """

    def language_problem(self, language: str) -> str:
        """Say why nothing can be written in this language, or return an empty string. Cheap: it runs at every load."""
        del language
        return ""

    def translation_problem(self, original: str, language: str) -> str:
        """Say why scripts cannot be translated from one language into another, or return an empty string. Cheap."""
        del original
        return f"the script provider that is in force cannot translate (into {language!r})"

    @abstractmethod
    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        """Return the lines, in order; raises ProviderError, and UnusableError where `repair` may help."""

    def repair(self, request: Request, body: bytes, why: str) -> Request | None:
        """Return a request for the same script that tells what is wrong with the first answer; None for no such. Pure.

        It is sent once, after an answer that cannot be used. `why` says what is wrong with it, in a sentence.
        """
        del request, body, why
        return None

    def repair_price(self, request: Request, prices: Prices) -> Decimal | None:
        """Return what the request of `repair` costs at most, whatever the first answer is; None when nobody knows."""
        del request, prices
        return Decimal(0)


FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")


MOST_PIXELS: Final = 40_000_000  # of a picture: four times what the largest models draw
MOST_SIDE: Final = 16_384


def as_png(picture: bytes) -> bytes:
    """Return a picture as a PNG: one that is a PNG already as it is, when all of it is there.

    Raises ProviderError for whatever cannot be decoded, and for more pixels than any picture has: none is decoded then.
    """
    from PIL import Image  # noqa: PLC0415

    try:
        _check_size(*_webp_size(picture))
        with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
            _check_size(*image.size)
            image.load()
            if image.format == "PNG":
                return picture
            png = io.BytesIO()
            image.convert("RGBA" if image.has_transparency_data else "RGB").save(png, "PNG")
            return png.getvalue()
    except Exception as error:  # a decoder may fail in any way at what is no picture
        what = f"the picture that was drawn cannot be read: {error}"
        raise ProviderError(what, "bump the line's take: for another one") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise ValueError(f"it has {width} x {height} pixels")


def _webp_size(picture: bytes) -> tuple[int, int]:
    """Return the size that a WebP says it has, since its decoder takes room for all of it first; else nothing."""
    if picture[:4] != b"RIFF" or picture[8:12] != b"WEBP":
        return 0, 0
    kind, at = picture[12:16], {b"VP8X": 24, b"VP8L": 21, b"VP8 ": 26}.get(picture[12:16], 0)
    found = int.from_bytes(picture[at : at + 6], "little")
    if kind == b"VP8X":
        return (found & 0xFFFFFF) + 1, (found >> 24) + 1
    return (found & 0x3FFF) + 1, (found >> (14 if kind == b"VP8L" else 16) & 0x3FFF) + 1
