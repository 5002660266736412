"""How long speech is expected to take, and what a script costs at most."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

import pytest

from reelmake import providers
from reelmake.core.keys import Action
from reelmake.plan.bounds import most_usd, seconds_of, speech_seconds
from reelmake.providers.base import Answer, Call, Request, ScriptLine, ScriptProvider
from reelmake.providers.prices import Prices
from reelmake.spec.model import Episode, Line, Reel


@pytest.mark.parametrize(
    ("text", "seconds"),
    [  # as the offline voices, and people, say them
        ("Because sunlight is sneaky. It looks white, but it is every colour at once.", 4.5),
        ("Hi.", 0.4),
        ("空は青いです。", 1.1),
    ],
)
def test_it_is_about_right(text: str, seconds: float) -> None:
    assert speech_seconds(text) == pytest.approx(seconds, rel=0.25)


def test_pauses_count_and_lines_that_are_not_written_are_as_long_as_most() -> None:
    episode = Episode(title="t", topic="x", cast=["ada"], lines=3)
    line = Line(character="ada", text="Hello there.", pause_seconds=2)
    assert seconds_of(episode, [line], Reel()) == [speech_seconds("Hello there.") + 2]
    assert seconds_of(episode, [], Reel(pause_seconds=1)) == [6.0] * 3


class Writer(ScriptProvider):
    """Quotes a dollar for a script, and two for one that mends it."""

    pool: ClassVar[str] = "writer"

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        del request, prices
        return Decimal(1)

    def repair_price(self, request: Request, prices: Prices) -> Decimal | None:
        del request, prices
        return Decimal(2)

    def ask(self, request: Request, call: Call) -> Answer:
        raise NotImplementedError

    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        raise NotImplementedError


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Action]:
    monkeypatch.setitem(providers.PROVIDERS, "script.writer", "test_bounds:Writer")
    caches = (providers.registered, providers.provider)
    for cache in caches:
        cache.cache_clear()
    yield Action("script", 1, {"provider": "writer"})
    for cache in caches:
        cache.cache_clear()


def test_a_request_that_mends_a_script_is_as_much_dearer_than_its_quote_as_the_script_is(writer: Action) -> None:
    assert most_usd(writer, Decimal(1), Prices()) == 3
    assert most_usd(writer, Decimal("1.5"), Prices()) == Decimal("4.5")
    assert most_usd(writer, None, Prices()) is None
