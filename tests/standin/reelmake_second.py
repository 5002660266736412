"""A second vendor for tests, at the same server: its voices have to be chosen, and its models priced by the project."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from reelmake_standin import StandinImage, StandinVoice, _post

from reelmake.providers.base import Answer, Call, ImageProvider, Options, Request, Speech, VoiceProvider
from reelmake.providers.prices import Prices


class SecondVoiceOptions(Options):
    """A voice has to be chosen."""

    voice_id: str
    model: str = "plain"
    speed: float = 1.0
    seed: int = 0


class SecondImageOptions(Options):
    """A model and how long it works."""

    model: Literal["plain", "fine"] = "plain"
    steps: Annotated[int, Field(ge=1, le=50)] = 4


def _of_model(request: Request, prices: Prices, options: str) -> Decimal | None:
    price = prices.of("second", request[options]["model"])
    return price.usd_per_image if price else None


class SecondVoice(VoiceProvider):
    """Clicks, in German."""

    pool: ClassVar[str] = "second-voice"
    options: ClassVar[type[Options]] = SecondVoiceOptions

    def language_problem(self, language: str) -> str:
        return "it clicks in German only" if language != "de" else ""

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        return _of_model(request, prices, "voice")

    def ask(self, request: Request, call: Call) -> Answer:
        return Answer(_post("voice", request, call), {}, self.price(request, call.prices))

    def read(self, body: bytes, request: Request) -> Speech:
        return StandinVoice().read(body, request)


class SecondImage(ImageProvider):
    """Paints one plain colour."""

    pool: ClassVar[str] = "second-image"
    options: ClassVar[type[Options]] = SecondImageOptions

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        return _of_model(request, prices, "options")

    def ask(self, request: Request, call: Call) -> Answer:
        return Answer(_post("image", request, call), {}, self.price(request, call.prices))

    def read(self, body: bytes, request: Request) -> bytes:
        return StandinImage().read(body, request)
