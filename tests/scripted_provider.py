"""A provider that does as a test tells it: what `ask` and `recover` do, one thing after the other.

Each thing is an answer, None, an error to raise, or a function of the call. What was asked for is in `asked` and
`looked`, with the note that was on the disk at that moment.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from reelmake.core.keys import Action, key, manifest
from reelmake.providers.base import Answer, Call, Request, Speech, VoiceProvider
from reelmake.providers.prices import Prices
from reelmake.store.base import Store

Act = Answer | BaseException | Callable[[Call], Answer | None] | None
USD = Decimal("0.25")


class Scripted(VoiceProvider):
    """Takes its next act from a list; the last one is repeated."""

    pool: ClassVar[str] = "scripted"

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.store: Store | None = None
        self.acts: list[Act] = [Answer(b"sound", {"characters": 5}, USD)]
        self.finds: list[Act] = [None]
        self.asked: list[Mapping[str, Any] | None] = []
        self.looked: list[Call] = []
        self.quoted_usd: Decimal | None = USD

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        del request, prices
        return self.quoted_usd

    def ask(self, request: Request, call: Call) -> Answer:
        with self.lock:
            self.asked.append(self.store.note(key_of(request)) if self.store else None)
            act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        answer = _played(act, call)
        assert answer is not None
        return answer

    def recover(self, request: Request, call: Call) -> Answer | None:
        del request
        with self.lock:
            self.looked.append(call)
            act = self.finds.pop(0) if len(self.finds) > 1 else self.finds[0]
        return _played(act, call)

    def read(self, body: bytes, request: Request) -> Speech:
        raise NotImplementedError


def _played(act: Act, call: Call) -> Answer | None:
    if isinstance(act, BaseException):
        raise act
    return act(call) if callable(act) else act


def action_of(text: str = "Hello") -> Action:
    return Action("voice", 1, {"provider": "scripted", "text": text}, {}, {"sound": "a.wav", "words": "a.json"})


def key_of(request: Request) -> str:
    return key(manifest(Action("voice", 1, request), {}))


def die(_: Call) -> Answer:
    """End the process the hard way."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
