"""What the offline script writer knows, and which of it an author's topic is about."""

from __future__ import annotations

import importlib.resources
import re
from functools import cache
from typing import Final

from pydantic import BaseModel, ConfigDict

from reelmake.core.keys import digest_of

MAX_TOPIC_WORDS: Final = 8

_QUESTION = re.compile(
    r"(why|how|what|when|where|who)\s+(is|are|was|were|do|does|did|can|could|would|will|should|ha[sd])\b", re.IGNORECASE
)
_SMALL_WORDS: Final = {"a", "an", "the", "why", "how", "what", "when", "where", "who", "our", "my", "your"}


class Fact(BaseModel):
    """A true sentence, and what to show with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str
    show: str


class Topic(BaseModel):
    """What the facts file knows about one thing; without facts, it is the author's topic that matches nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    keywords: tuple[str, ...] = ()
    question: str = ""
    picture: str
    closing: str = ""
    facts: tuple[Fact, ...] = ()


def find_topics(topic: str, title: str) -> list[Topic]:
    """Return the known topics that an author's topic names, best first, then their neighbours.

    When it names none, the title is tried; when that names none, the first one returned is the author's topic, without
    facts.
    """
    known = known_topics()
    for text in (topic, title):
        words = set(map(_stem, words_of(text)))
        scores = [
            max((len(words_of(k)) for k in o.keywords if words >= set(map(_stem, words_of(k)))), default=0)
            for o in known
        ]
        if any(scores):
            first = scores.index(max(scores))
            walk = [(first + step) % len(known) for step in range(len(known))]
            return [known[at] for at in sorted(walk, key=lambda at: -scores[at])]
    start = int(digest_of(topic.encode())[:8], 16) % len(known)
    return [unknown_topic(topic if words_of(topic) else title), *known[start:], *known[:start]]


def unknown_topic(text: str) -> Topic:
    """Make a topic of an author's words: `a funny talk about submarines, for children` -> `submarines`."""
    first = re.split(r"[,;:!?()\n\u2014]|\.(?=\s|$)| - ", text.strip())[0]
    about = re.split(r"\babout\b", first, maxsplit=1)[-1]
    words = (re.findall(r"[\w'\u2019%$-]+", about) or re.findall(r"\w+", text) or ["this"])[:MAX_TOPIC_WORDS]
    plain = " ".join(words)
    if _QUESTION.match(plain):
        return Topic(name="this question", question=f"{plain[0].upper()}{plain[1:]}?", picture=plain)
    if words[0].lower() in _SMALL_WORDS:
        plain = plain[0].lower() + plain[1:]
    return Topic(name=plain, picture=plain)


@cache
def known_topics() -> tuple[Topic, ...]:
    """Return the topics of the facts file, neighbours next to each other."""
    import yaml  # noqa: PLC0415

    file = importlib.resources.files(__package__).joinpath("facts.yaml")
    return tuple(Topic.model_validate(topic) for topic in yaml.safe_load(file.read_text("utf-8")))


def words_of(text: str) -> list[str]:
    """Return the lower-case words of a text, without punctuation."""
    return re.findall(r"\w+", text.lower())


def _stem(word: str) -> str:
    """Cut off endings, so that `octopuses`, `bees` and `purring` are the same words as `octopus`, `bee` and `purr`."""
    if len(word) > len("bring") and word.endswith("ing"):
        word = word.removesuffix("ing")
    return word.removesuffix("s").removesuffix("e").removesuffix("s")
