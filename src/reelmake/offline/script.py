"""Scripts from facts and phrases that ship along: a stand-in for an LLM, so that a topic works with no keys.

What is said comes from `offline/facts.yaml`, how it is said from a template of phrases that a project may replace. The
writer plans the parts of a dialogue (`opening`, `tell`, `ask`, ...), then chooses a phrase for each. Choices depend on
the topic, the take and who is in the cast, not on their style or number: so that an edit changes few lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelmake.core.errors import InputError, Problem, ProviderError
from reelmake.core.keys import canonical_json, digest_of
from reelmake.core.logging import log
from reelmake.core.templates import render
from reelmake.offline.facts import Fact, Topic, find_topics, words_of
from reelmake.providers.base import Answer, Call, Request, ScriptLine, ScriptProvider
from reelmake.providers.prices import Prices

TEMPLATE: Final = "templates/script.offline.j2"
PARTS: Final = ("only", "opening", "tell", "add", "ask", "last", "muse", "bridge")
PARTS_UNKNOWN: Final = ("unknown opening", "unknown", "wonder", "closing")

MIN_WORDS: Final = 5
MAX_WORDS: Final = 22
# With less room than this, another topic would stop before it has said anything.
MIN_TOPIC_LINES: Final = 4
# How long one can talk about not knowing.
WONDERS: Final = 14
MAX_CATCHPHRASE_USES: Final = 2
LINES_BETWEEN_CATCHPHRASES: Final = 3
LINES_BETWEEN_NAMES: Final = 2

# What a phrase shows where it uses a value that there is not.
_MISSING: Final = "\0"


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    character: str
    text: str = Field(pattern=r"\S")
    image: str


class _Script(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: list[_Line] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Beat:
    """What a line is there for: a part of the dialogue, about a topic, perhaps with a fact."""

    part: str
    topic: Topic
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """A line of the rendered template: its place in it, and whether it is meant for this personality."""

    place: int
    text: str
    image: str
    fits: bool


class OfflineScript(ScriptProvider):
    """Writes a script from a template. English only."""

    pool: ClassVar[str] = "cpu"

    def language_problem(self, language: str) -> str:
        """Say why no script can be written in this language, or return an empty string."""
        is_english = language.partition("-")[0].lower() == "en"
        return "" if is_english else f"the offline script writer writes English only, not {language!r}"

    def translation_problem(self, original: str, language: str) -> str:  # noqa: ARG002 it knows no other language
        """Say why a script cannot be translated."""
        return f"the offline script writer cannot translate, and {language!r} is among them"

    def price(self, request: Request, prices: Prices) -> Decimal:  # noqa: ARG002 it works on this machine
        """Return nothing: it is free."""
        return Decimal(0)

    def remarks(self, request: Request) -> Mapping[str, tuple[str, str]]:
        """Say that it knows nothing about a topic."""
        if request.get("topic") is None or find_topics(request["topic"], request["title"])[0].facts:
            return {}
        what = "the offline script writer knows no facts about this: its lines only wonder"
        return {"topic": (what, "write the lines under script:, or choose another script provider")}

    def ask(self, request: Request, call: Call) -> Answer:  # noqa: ARG002 it needs no vendor
        """Write the script; raises ProviderError for another language, InputError for mistakes in the template."""
        if problem := self.language_problem(str(request["language"])):
            raise ProviderError(problem, "write the lines under script:, or choose another script provider")
        log().warning("this script is made from a template, a stand-in for an LLM", topic=request["topic"])
        lines = _Writer(request).write()
        body = canonical_json({"lines": [{"character": o.character, "text": o.text, "image": o.image} for o in lines]})
        return Answer(body.encode(), {"lines": len(lines)})

    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        """Return the lines, in order; raises ProviderError."""
        try:
            script = _Script.model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the answer"
            raise ProviderError(
                f"the script cannot be read: {where}: {first['msg']}", "write another number under take:"
            ) from error
        cast = [str(member["id"]) for member in request["cast"]]
        for number, line in enumerate(script.lines, 1):
            if line.character not in cast:
                what = f"line {number} of the script is for {line.character!r}, who is not in the cast"
                raise ProviderError(f"{what} ({', '.join(cast)})", "write another number under take:")
        return tuple(ScriptLine(line.character, line.text, line.image) for line in script.lines)


class _Writer:
    """Writes one script, and remembers what has been said."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.cast: dict[str, Mapping[str, Any]] = {str(member["id"]): member for member in request["cast"]}
        self.seed = canonical_json([request["topic"], request["take"], list(self.cast)])
        self.lines: list[ScriptLine] = []
        self.said: set[str] = set()
        self.uses: Counter[int] = Counter()
        self.catchphrase_uses: Counter[str] = Counter()
        self.last_catchphrase = -LINES_BETWEEN_CATCHPHRASES
        self.last_name = -LINES_BETWEEN_NAMES - 1

    def write(self) -> list[ScriptLine]:
        topics = find_topics(str(self.request["topic"] or ""), str(self.request["title"]))
        beats = plan_beats([self._shuffled(topic) for topic in topics], int(self.request["lines"]))
        speakers = self._speakers(len(beats))
        for at, beat in enumerate(beats):
            self.lines.append(self._line(at, beat, speakers))
        return self.lines

    def _rank(self, *parts: object) -> str:
        """Return the same arbitrary text for the same things: a roll of the dice that later edits do not disturb."""
        return digest_of(canonical_json([self.seed, *parts]).encode())

    def _shuffled(self, topic: Topic) -> Topic:
        # The first fact answers the topic's question, and stays.
        rest = sorted(topic.facts[1:], key=lambda fact: self._rank(fact.say))
        return topic.model_copy(update={"facts": (*topic.facts[:1], *rest)})

    def _speakers(self, count: int) -> list[str]:
        """Return who speaks each line: the one that has said least, and nobody twice in a row."""
        order: list[str] = []
        for at in range(count):
            free = [name for name in self.cast if [name] != order[-1:]] or list(self.cast)
            # The cast's first member opens.
            order.append(min(free, key=lambda name: (order.count(name), self._rank(at, name) if order else "")))
        return order

    def _line(self, at: int, beat: Beat, speakers: Sequence[str]) -> ScriptLine:
        speaker = self.cast[speakers[at]]
        asks = beat.part in {"opening", "unknown opening", "ask", "bridge"}
        near = speakers[at + 1 : at + 2] if asks or not at else speakers[at - 1 : at]
        listener = str(self.cast[near[0]]["name"]) if near and near[0] != speakers[at] else ""
        catchphrase = self._catchphrase(at, beat, speaker)
        values = {
            "speaker": speaker["name"],
            "listener": listener or _MISSING,
            "topic": beat.topic.name,
            "question": beat.topic.question or _MISSING,
            "fact": beat.fact.say if beat.fact else _MISSING,
            "catchphrase": catchphrase or _MISSING,
            "closing": beat.topic.closing or _MISSING,
            "title": self.request["title"],
        }
        phrases = read_phrases(self.request["template"], beat.part, str(speaker["personality"]), values)
        best = min(
            (phrase for phrase in phrases if self._can_be_said(phrase.text)),
            key=lambda phrase: self._how_bad(phrase, at, catchphrase, listener),
            default=None,
        )
        if best is None:
            what = f"there is nothing new to say in line {at + 1}: no phrase under '== {beat.part}' fits"
            raise _mistake(self.request["template"], f"== {beat.part}", what, "add some there, or lower lines:")
        self._remember(at, best, catchphrase, listener)
        before = self.lines[-1].image if self.lines else beat.topic.picture
        kept = before if beat.part in {"ask", "muse"} else beat.topic.picture
        return ScriptLine(speakers[at], best.text, best.image or (beat.fact.show if beat.fact else kept))

    def _catchphrase(self, at: int, beat: Beat, speaker: Mapping[str, Any]) -> str:
        """Return a catchphrase that is due, or nothing: they are for reactions, now and then."""
        if beat.part not in {"add", "ask"} or at - self.last_catchphrase < LINES_BETWEEN_CATCHPHRASES:
            return ""
        texts = [_sentence(text) for text in speaker["catchphrases"] if words_of(text)]
        left = [text for text in texts if self.catchphrase_uses[text] < MAX_CATCHPHRASE_USES]
        return min(left, key=lambda text: self.catchphrase_uses[text], default="")

    def _can_be_said(self, text: str) -> bool:
        return MIN_WORDS <= len(text.split()) <= MAX_WORDS and _plain(text) not in self.said

    def _how_bad(self, phrase: Phrase, at: int, catchphrase: str, listener: str) -> tuple[object, ...]:
        """Order phrases, the best first: what matters most comes first."""
        stolen = not catchphrase and any(
            _mentions(phrase.text, text) for member in self.cast.values() for text in member["catchphrases"]
        )
        name_is_due = at - self.last_name > LINES_BETWEEN_NAMES
        return (
            stolen,
            not _mentions(phrase.text, catchphrase),
            self.uses[phrase.place],
            _mentions(phrase.text, listener) != name_is_due,
            not phrase.fits,
            self._rank(at, phrase.text),
        )

    def _remember(self, at: int, phrase: Phrase, catchphrase: str, listener: str) -> None:
        self.said.add(_plain(phrase.text))
        self.uses[phrase.place] += 1
        if _mentions(phrase.text, catchphrase):
            self.catchphrase_uses[catchphrase] += 1
            self.last_catchphrase = at
        if _mentions(phrase.text, listener):
            self.last_name = at


def plan_beats(topics: Sequence[Topic], count: int) -> list[Beat]:
    """Plan `count` lines about the first topic, going on to the next ones when there is more room than facts."""
    main = topics[0]
    opening = Beat("opening" if main.question else "unknown opening", main)
    if count == 1:
        return [Beat("only", main, main.facts[0]) if main.facts else opening]
    room = max(1, count - 2)
    beats: list[Beat] = []
    for number, topic in enumerate(topics):
        if room - len(beats) < (MIN_TOPIC_LINES if number else 1):
            break
        beats += _about(topic, bridge=number > 0)
    # A question must not be left without its answer at the end: there, the answer takes its place.
    while len(beats) > room:
        del beats[room - 1 if beats[room - 1].part == "ask" else -1]
    beats += [Beat("muse", main)] * (room - len(beats))
    if beats[-1].fact and room > 2:  # noqa: PLR2004 (a last one comes after others)
        beats[-1] = Beat("last", beats[-1].topic, beats[-1].fact)
    return [opening, *beats, *([Beat("closing", main)] if count > room + 1 else [])]


def _about(topic: Topic, *, bridge: bool) -> list[Beat]:
    beats = [Beat("bridge", topic)] if bridge else []
    if not topic.facts:
        return [*beats, Beat("unknown", topic), *[Beat("wonder", topic)] * WONDERS]
    for at, fact in enumerate(topic.facts):
        if at and at % 2 == 0:
            beats.append(Beat("ask", topic))
        beats.append(Beat("add" if at % 2 else "tell", topic, fact))
    return [*beats, Beat("muse", topic)]


def read_phrases(template: str, part: str, personality: str, values: Mapping[str, Any]) -> list[Phrase]:
    """Render a template and return the phrases of a part that can be used now; raises InputError."""
    moods = set(words_of(personality))
    found: list[Phrase] = []
    heading, wanted = "", set[str]()
    for place, line in enumerate(render(template, file=TEMPLATE, **values).splitlines()):
        if line.startswith("=="):
            heading, _, words = line.strip("= ").partition(":")
            wanted = set(words_of(words))
            heading = heading.strip()
            if heading not in PARTS + PARTS_UNKNOWN:
                what, fix = f"there is no part {heading!r}", f"use one of {', '.join(PARTS + PARTS_UNKNOWN)}"
                raise _mistake(template, line, what, fix)
        elif not heading:
            raise _mistake(
                template, line, f"{line!r} belongs to no part", "write a heading above it, such as == opening"
            )
        elif heading == part and _MISSING not in line and (not wanted or wanted & moods):
            text, _, image = line.partition(" | ")
            found.append(Phrase(place, text.strip(), image.strip(), bool(wanted)))
    return found


def _mistake(template: str, text: str, what: str, fix: str) -> InputError:
    lines = [" ".join(line.split()) for line in template.splitlines()]
    number = next((at for at, line in enumerate(lines, 1) if line.startswith(text)), 1)
    return InputError((Problem(TEMPLATE, number, what, fix),))


def _plain(text: str) -> str:
    return " ".join(words_of(text))


def _mentions(text: str, words: str) -> bool:
    return bool(words) and f" {_plain(words)} " in f" {_plain(text)} "


def _sentence(text: str) -> str:
    flat = " ".join(text.split())
    return flat if flat.endswith((".", "!", "?", "\u2026")) else f"{flat}."
