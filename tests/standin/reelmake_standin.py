"""Providers for tests: each call is a POST to a small server on loopback (`standin_server.py`).

They are registered as a third party's would be: by the entry points of the `dist-info` folder beside this file, which
is on PYTHONPATH of the builds that tests start. The server counts calls, waits, and fails as it is told to.
"""

from __future__ import annotations

import base64
import json
import os
import traceback
import urllib.error
import urllib.request
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from reelmake.core.errors import AccountError, ProviderError
from reelmake.providers.base import (
    Answer,
    Call,
    ImageProvider,
    Options,
    Request,
    ScriptLine,
    ScriptProvider,
    Speech,
    SpokenWord,
    VoiceProvider,
    as_png,
)
from reelmake.providers.prices import Prices


def _frames() -> list[str]:
    """Return the functions between doit and a provider's `ask`, with `ask`."""
    stack = traceback.extract_stack()[:-2]
    doit = max((at for at, frame in enumerate(stack) if frame.filename.endswith("doit/task.py")), default=-1)
    return [frame.name for frame in stack[doit + 1 :]]


def _post(kind: str, request: Request, call: Call) -> bytes:
    if call.proxy:
        raise AccountError("the stand-in is not reached through a proxy", "take REELMAKE_PROXY away")
    url = f"{os.environ['STANDIN_URL']}/{kind}"
    sent = urllib.request.Request(url, json.dumps(dict(request)).encode(), {"Frames": " ".join(_frames())})
    try:
        with urllib.request.urlopen(sent, timeout=call.timeout_seconds) as response:
            body: bytes = response.read()
            return body
    except urllib.error.URLError as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise ProviderError(f"the stand-in said: {error}", "run doit again") from None


COSTS_USD = Decimal("0.01")  # each request


class NoOptions(Options):
    """A tone is all that can be chosen."""

    tone: int = Field(220, description="The pitch of the hum after each click, in hertz.")


class StandinVoice(VoiceProvider):
    """Clicks at each word."""

    pool: ClassVar[str] = "standin-voice"
    options: ClassVar[type[Options]] = NoOptions

    def language_problem(self, language: str) -> str:
        return "there are no clicks in Klingon" if language == "tlh" else ""

    def problem(self, text: str, language: str) -> str:
        del language
        return "" if any(c.isalnum() for c in text) else "there is nothing to click for"

    def price(self, request: Request, prices: Prices) -> Decimal:
        del request, prices
        return COSTS_USD

    def ask(self, request: Request, call: Call) -> Answer:
        return Answer(_post("voice", request, call), {"characters": len(request["text"])}, COSTS_USD)

    def read(self, body: bytes, request: Request) -> Speech:
        del request
        try:
            answer = json.loads(body)
            audio = base64.b64decode(answer["audio"], validate=True)
            return Speech(audio, tuple(SpokenWord(*word) for word in answer["words"]))
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise ProviderError(f"the clicks cannot be read: {error}", "bump the line's take:") from None


class StandinImage(ImageProvider):
    """One plain colour."""

    pool: ClassVar[str] = "standin-image"

    def price(self, request: Request, prices: Prices) -> Decimal:
        del request, prices
        return COSTS_USD

    def ask(self, request: Request, call: Call) -> Answer:
        return Answer(_post("image", request, call), {"images": 1}, COSTS_USD)

    def read(self, body: bytes, request: Request) -> bytes:
        del request
        return as_png(body)


class StandinScript(ScriptProvider):
    """Numbered lines."""

    pool: ClassVar[str] = "standin-script"

    def language_problem(self, language: str) -> str:
        return "there are no numbers in Klingon" if language == "tlh" else ""

    def price(self, request: Request, prices: Prices) -> Decimal:
        del request, prices
        return COSTS_USD

    def ask(self, request: Request, call: Call) -> Answer:
        return Answer(_post("script", request, call), {"lines": request["lines"]}, COSTS_USD)

    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        del request
        try:
            return tuple(ScriptLine(**line) for line in json.loads(body)["lines"])
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise ProviderError(f"the lines cannot be read: {error}", "bump the episode's take:") from None
