"""Upper bounds of paid requests whose inputs are not known yet."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Final

from reelmake.core.keys import Action, canonical_json, digest_of, key, manifest
from reelmake.plan.episode import Production, choice_place
from reelmake.plan.steps import image, script, voice
from reelmake.providers import provider
from reelmake.providers.prices import Prices, rounded
from reelmake.spec.fields import MAX_TEXT_CHARACTERS
from reelmake.spec.model import MAX_LINE_CHARACTERS, Episode, Line, Reel
from reelmake.spec.speech import growth


@dataclass(frozen=True, slots=True)
class Bound:
    """Upper bound for the steps of one kind while a script is not written: `count` times one of `actions`."""

    kind: str
    actions: Sequence[Action]
    count: int

    @property
    def key(self) -> str:
        """Return a name that changes when one of the requests does."""
        keys = [key(manifest(action, {})) for action in self.actions]
        return "lines:" + digest_of(canonical_json(keys).encode())

    def dearest(self, price: Callable[[Action], Decimal | None]) -> tuple[Action, Decimal | None] | None:
        """Return the action that costs most, with its price: one that has none before all others."""
        priced = [(action, price(action)) for action in self.actions]
        return max(priced, key=lambda one: Decimal("Infinity") if one[1] is None else one[1], default=None)

    def usd(self, price: Callable[[Action], Decimal | None]) -> Decimal | None:
        """Return the price of all of them at most; None when a price is not known."""
        dearest = self.dearest(price)
        return None if dearest is None or dearest[1] is None else dearest[1] * self.count


def unwritten(show: Production, *, with_pictures: bool = False) -> Iterator[Bound]:
    """Yield the bounds of paid requests for lines that are not written yet.

    A translation shares the pictures of its original: they count only `with_pictures`, for one that is planned alone.
    """
    if show.original and not show.source:
        yield Bound("script", [_longest_translation(show)], 1)
    count = len(show.source) or show.episode.lines
    lines = _longest_lines(show)
    if show.original and with_pictures:
        lines["image"] = _longest_lines(show.original)["image"]
    shots = (show.original or show).episode.shots_per_line
    yield from (Bound(kind, actions, count * (shots if kind == "image" else 1)) for kind, actions in lines.items())


def most_usd(action: Action, usd: Decimal | None, prices: Prices) -> Decimal | None:
    """Return the price at most of an action whose request costs `usd`: a script may need a repair request."""
    if action.kind != "script" or usd is None:
        return usd
    performer = provider("script", action.request["provider"])
    more: Decimal | None = performer.repair_price(action.request, prices)
    quoted_usd = performer.price(action.request, prices)
    return None if more is None else usd + (rounded(more * usd / quoted_usd) if quoted_usd else more)


def _longest_lines(show: Production) -> dict[str, list[Action]]:
    """Return the longest requests while a script is not written: a voice for each of the cast, and a picture."""
    action = script(show) if show.source or not show.original else _longest_translation(show)
    longest = int(action.request.get("max_line_characters", MAX_LINE_CHARACTERS))
    subject = "x" * MAX_TEXT_CHARACTERS
    lines = [
        Line(character=who, text="-", image=subject).model_copy(
            update={"text": "x" * ceil(longest * growth(show.pronunciations(who)))}
        )
        for who in show.characters
    ]
    spoken = [line for line in lines if choice_place("voice", line) in show.choices]
    actions = {"voice": [voice(show, line, "x") for line in spoken]}
    if not show.original:
        return {**actions, "image": [image(show, line, "x", subject) for line in lines[:1]]}
    return actions  # a translation shares the pictures


def _longest_translation(show: Production) -> Action:
    """Return the longest request for a translation while its original is not written."""
    original = show.original or show
    longest = int(script(original).request.get("max_line_characters", MAX_LINE_CHARACTERS))
    line = Line(character=next(iter(show.characters)), text="x" * longest)
    return script(replace(show, source=[line] * original.episode.lines))


LETTERS_A_SECOND: Final = 14.5  # of scripts that write sounds, spaces not counted
SYLLABLES_A_SECOND: Final = 7.0  # of scripts that write a syllable or a word with each sign
DIGIT_LETTERS: Final = 4  # "7" is said as "seven"
BREATH_SECONDS: Final = 0.25  # around each sentence
WRITTEN_LINE_SECONDS: Final = 5.0  # a line that is not written yet: 14 words
_DENSE: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "YI ", "ETHIOPIC", "VAI ")


def speech_seconds(text: str) -> float:
    """Return how long a text takes to say, in seconds."""
    letters = signs = sentences = 0
    for char in text:
        if char.isdigit():
            letters += DIGIT_LETTERS
        elif char.isalpha():
            dense = not char.isascii() and unicodedata.name(char, "").startswith(_DENSE)
            signs, letters = signs + dense, letters + (not dense)
        sentences += char in ".!?…。！？"  # noqa: RUF001 (as they are written)
    return letters / LETTERS_A_SECOND + signs / SYLLABLES_A_SECOND + BREATH_SECONDS * max(1, sentences)


def line_seconds(line: Line, reel: Reel) -> float:
    """Return how long a line lasts, with the pause after it."""
    return speech_seconds(line.say or line.text) + (
        reel.pause_seconds if line.pause_seconds is None else line.pause_seconds
    )


def seconds_of(episode: Episode, lines: Sequence[Line], reel: Reel) -> list[float]:
    """Return how long each line lasts; those of a script that is not written yet are as long as most."""
    if lines:
        return [line_seconds(line, reel) for line in lines]
    return [WRITTEN_LINE_SECONDS + reel.pause_seconds] * episode.lines
