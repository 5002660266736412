"""When words are spoken, by the times that a vendor gives for characters, and whether those times can be right. Pure.

Times are seconds from the beginning of the sound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, groupby, pairwise
from typing import Any, Final
from unicodedata import category

from reelmake.providers.speech.display_words import Shown, shown_words, sounds, without_tags

FRAME_SECONDS: Final = 0.01
LEAST_TOLERANCE_SECONDS: Final = 0.1
TOLERANCE: Final = 0.05  # of the sound's length
MOST_AT_ONE_TIME: Final = 4  # characters
MOST_CHARACTERS: Final = 100_000  # of an alignment: ten times what a vendor speaks at once
MOST_TOKENS: Final = 20  # that are spoken for a word, all in all
_LATEST_SECONDS: Final = 1e6
MOST_UNHEARD: Final = 0.2  # of the words
PAUSE_FRAMES: Final = 10  # a silence that is longer is one between phrases
NEAR: Final = 0.25  # of what is laid out: how far a mark may be from the pause that it stands for
_SLACK_SECONDS: Final = 0.001  # times are rounded

Times = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Heard:
    """How long a sound is, and for each 10 ms of it whether a voice is heard."""

    seconds: float
    frames: tuple[bool, ...]

    @property
    def tolerance(self) -> float:
        """By how much an alignment may end before or after the sound, in seconds."""
        return max(LEAST_TOLERANCE_SECONDS, TOLERANCE * self.seconds)

    @property
    def end(self) -> float:
        """When the last sound of the voice ends, in seconds."""
        last = max((at for at, loud in enumerate(self.frames) if loud), default=-1)
        return (last + 1) * FRAME_SECONDS

    def between(self, start: float, end: float) -> bool:
        """Say whether anything is heard in a span."""
        return any(self.frames[max(0, int(start / FRAME_SECONDS)) : math.ceil(end / FRAME_SECONDS)])


@dataclass(frozen=True, slots=True)
class Characters:
    """Characters in order, and when each sounds."""

    text: str
    starts: tuple[float, ...]
    ends: tuple[float, ...]


class UnusableError(ValueError):
    """An alignment that cannot be right; says why."""


def characters(found: Any) -> Characters:
    """Read an alignment of an answer; raises UnusableError."""
    if not isinstance(found, Mapping):
        raise UnusableError("it is missing")
    names = ("characters", "character_start_times_seconds", "character_end_times_seconds")
    parts, starts, ends = (found.get(name) for name in names)
    if not (isinstance(parts, list) and isinstance(starts, list) and isinstance(ends, list)):
        raise UnusableError("it is incomplete")
    if not len(parts) == len(starts) == len(ends) > 0:
        raise UnusableError(f"it has {len(parts)} characters, {len(starts)} starts and {len(ends)} ends")
    if not all(isinstance(part, str) for part in parts) or not all(map(_is_time, (*starts, *ends))):
        raise UnusableError("it holds something else than characters and times")
    if sum(map(len, parts)) > MOST_CHARACTERS:
        raise UnusableError(f"it has more than {MOST_CHARACTERS} characters")
    owners = [at for at, part in enumerate(parts) for _ in part]  # a part may be of several code points
    return Characters(
        "".join(parts), tuple(float(starts[at]) for at in owners), tuple(float(ends[at]) for at in owners)
    )


def by_characters(words: Sequence[Shown], text: str, found: Characters, heard: Heard) -> list[Times]:
    """Return when each word is spoken, by the times of the text's own characters; raises UnusableError."""
    spelled = _spelled(text, found.text)
    _check_times(found, [spelled[place] for word in words for place in word.places if place in spelled], heard)
    times = []
    for word in words:
        at = [spelled[place] for place in word.places if place in spelled]
        if not at:
            raise UnusableError(f"it has no time for {word.text!r}")
        times.append((found.starts[at[0]], found.ends[at[-1]]))
    return _checked(times, words, heard)


def by_spoken_words(words: Sequence[Shown], found: Characters, heard: Heard) -> list[Times]:
    """Return when each word is spoken, by the times of what is said ("five dollars" for $5); raises UnusableError."""
    spoken = without_tags(found.text)
    _check_times(found, [at for at, char in enumerate(spoken) if char.isalnum()], heard)
    tokens = [_Token.of(found, match) for match in re.finditer(r"\S+", spoken) if _folded(match[0])]
    if len(tokens) > MOST_TOKENS * (len(words) + 1):
        raise UnusableError(f"it says {len(tokens)} words for {len(words)}")
    times: list[Times] = []
    matcher = SequenceMatcher(None, [_folded(word.text) for word in words], [token.text for token in tokens], False)
    for kind, first, last, first_token, last_token in matcher.get_opcodes():
        part, said = words[first:last], tokens[first_token:last_token]
        if kind == "equal":
            times += [(token.start, token.end) for token in said]
        elif not said:
            raise UnusableError(f"it does not say {part[0].text!r}")
        elif part:
            times += _shared(part, said)
        elif times:  # said besides: the "dollars" of "$3 billion"
            times[-1] = (times[-1][0], said[-1].end)
    return _checked(times, words, heard)


def by_pieces(
    pieces: Sequence[tuple[str, str]], spoken: Sequence[tuple[str, float, float]], language: str
) -> list[tuple[Shown, Times]]:
    """Return when each word of a text that is shown is spoken, where other words are said for pieces of it.

    `pieces` are what is shown, and what is said for it; `spoken` are the words that are said, and their times.
    """
    words = shown_words("".join(shown for shown, _ in pieces), language)
    said = without_tags("".join(said for _, said in pieces))
    starts, ends = _times_of_characters(said, spoken)
    shown_at = said_at = 0
    by_word: dict[int, Times] = {}
    for shown, said_for_it in pieces:
        shown_end, said_end = shown_at + len(shown), said_at + len(said_for_it)
        inside = [at for at, word in enumerate(words) if any(shown_at <= place < shown_end for place in word.places)]
        if shown == said_for_it:
            for at in inside:
                places = [place for place in words[at].places if shown_at <= place < shown_end]
                first, last = (place - shown_at + said_at for place in (places[0], places[-1]))
                first = next((one for one in range(first, 0, -1) if not _is_mark(said, one - 1)), 0)
                last = next((one for one in range(last, len(said) - 1) if not _is_mark(said, one + 1)), len(said) - 1)
                by_word[at] = _with(by_word.get(at), (starts[first], ends[last]))
        elif inside:
            tokens = [
                _Token(folded, starts[match.start() + said_at], ends[match.end() - 1 + said_at])
                for match in re.finditer(r"\S+", said[said_at:said_end])
                if (folded := _folded(match[0]))
            ]
            for at, times in zip(inside, _of_tokens([words[at] for at in inside], tokens), strict=True):
                by_word[at] = _with(by_word.get(at), times)
        shown_at, said_at = shown_end, said_end
    return [(word, by_word[at]) for at, word in enumerate(words)]


def _is_mark(said: str, at: int) -> bool:
    """Say whether a character belongs to the word beside it, and has no sound."""
    return not said[at].isspace() and not sounds(said[at])


def _with(earlier: Times | None, times: Times) -> Times:
    return (earlier[0], times[1]) if earlier else times


def _times_of_characters(
    said: str, spoken: Sequence[tuple[str, float, float]]
) -> tuple[dict[int, float], dict[int, float]]:
    """Return when each character of a text starts and ends, as if those of a word were equally long."""
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    places = iter([at for at, char in enumerate(said) if not char.isspace()])
    for text, start, end in spoken:
        letters = "".join(text.split())
        for number, place in zip(range(len(letters)), places, strict=False):
            starts[place] = start + (end - start) * number / len(letters)
            ends[place] = start + (end - start) * (number + 1) / len(letters)
    last = spoken[-1][2]
    for place in places:  # none is left when the words are those of the text
        starts[place] = ends[place] = last
    return starts, ends


def _of_tokens(words: Sequence[Shown], tokens: Sequence[_Token]) -> list[Times]:
    """Return when each word is spoken, by what is said for all of them: equal words at their own times."""
    times: list[Times] = []
    matcher = SequenceMatcher(None, [_folded(word.text) for word in words], [token.text for token in tokens], False)
    for kind, first, last, first_token, last_token in matcher.get_opcodes():
        part, said = words[first:last], tokens[first_token:last_token]
        if kind == "equal":
            times += [(token.start, token.end) for token in said]
        elif part and said:
            times += _shared(part, said)
        elif part:  # nothing is said for it: it is shown where the one before it ends
            here = times[-1][1] if times else tokens[min(first_token, len(tokens) - 1)].start
            times += [(here, here)] * len(part)
        elif times:
            times[-1] = (times[-1][0], said[-1].end)
    return times


def by_length(words: Sequence[Shown], heard: Heard) -> list[Times]:
    """Return when each word is spoken if letters take the same time, silences hold none, and long ones follow marks."""
    loud = [at for at, is_loud in enumerate(heard.frames) if is_loud] or list(range(max(1, len(heard.frames))))
    return list(_laid_out(words, loud)) if words else []


def check_heard(times: Sequence[Times], words: Sequence[Shown], heard: Heard) -> None:
    """Raise UnusableError when too many words fall into silences."""
    silent = [word.text for word, (start, end) in zip(words, times, strict=True) if not heard.between(start, end)]
    if len(silent) > max(1, MOST_UNHEARD * len(words)):
        raise UnusableError(f"nothing is heard at {len(silent)} of {len(words)} words, such as {silent[0]!r}")


@dataclass(frozen=True, slots=True)
class _Token:
    """A spoken word, in small letters and digits alone, and when it sounds."""

    text: str
    start: float
    end: float

    @classmethod
    def of(cls, found: Characters, match: re.Match[str]) -> _Token:
        places = [at for at in range(*match.span()) if sounds(found.text[at])]
        return cls(_folded(match[0]), found.starts[places[0]], found.ends[places[-1]])


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and -_LATEST_SECONDS < value < _LATEST_SECONDS


def _folded(word: str) -> str:
    letters = "".join(char for char in word.casefold() if char.isalnum())
    return letters or "".join(filter(sounds, word))


def _spelled(text: str, characters: str) -> dict[int, int]:
    """Return where in an alignment each character of a text is; raises UnusableError when it spells another text.

    It may leave out the tags, and differ in spaces and, if need be, in punctuation.
    """

    def visible(char: str) -> bool:
        return not char.isspace()

    def places(of: str, counts: Callable[[str], bool]) -> list[int]:
        return [at for at, char in enumerate(of) if counts(char)]

    for counts in (visible, str.isalnum):
        theirs = places(characters, counts)
        for source in (text, without_tags(text)):
            ours = places(source, counts)
            if [source[at] for at in ours] == [characters[at] for at in theirs]:
                return dict(zip(ours, theirs, strict=True))
    raise UnusableError("its characters do not spell the text")


def _check_times(found: Characters, sounding: Sequence[int], heard: Heard) -> None:
    """Raise UnusableError when times go back, stand still, or end long before or after the sound."""
    pairs = list(zip(found.starts, found.ends, strict=True))
    if any(start < -_SLACK_SECONDS or end < start - _SLACK_SECONDS for start, end in pairs):
        raise UnusableError("a character ends before it starts")
    if any(b < a - _SLACK_SECONDS for times in (found.starts, found.ends) for a, b in pairwise(times)):
        raise UnusableError("its times go back")
    last = max(found.ends)
    if not heard.end - 2 * heard.tolerance <= last <= heard.seconds + heard.tolerance:
        raise UnusableError(f"it ends at {last:.2f} s, and the sound at {heard.seconds:.2f} s")
    longest = max((len(list(run)) for _, run in groupby(found.starts[at] for at in sounding)), default=0)
    if longest > MOST_AT_ONE_TIME:
        raise UnusableError(f"{longest} characters in a row are at one time")


def _checked(times: list[Times], words: Sequence[Shown], heard: Heard) -> list[Times]:
    for word, (start, end) in zip(words, times, strict=True):
        if end <= start:
            raise UnusableError(f"{word.text!r} lasts no time")
    check_heard(times, words, heard)
    return times


def _shared(words: Sequence[Shown], tokens: Sequence[_Token]) -> Iterator[Times]:
    """Share what is said among the words that it is said for, by how long these take to say."""
    total = sum(word.weight for word in words)
    start, end = tokens[0].start, tokens[-1].end
    said = first = 0
    for left, word in zip(range(len(words) - 1, -1, -1), words, strict=True):
        begin, said = said, said + word.weight
        if len(tokens) < len(words):
            yield start + (end - start) * begin / total, start + (end - start) * said / total
            continue
        # the end of a token that is nearest to where this word should end; at least one is left for each that follows
        until = start + (end - start) * said / total
        choices = range(first, len(tokens) - left)
        last = min(choices, key=lambda at: abs(tokens[at].end - until)) if left else len(tokens) - 1
        yield tokens[first].start, tokens[last].end
        first = last + 1


def _laid_out(words: Sequence[Shown], loud: Sequence[int]) -> Iterator[Times]:
    """Lay words out over the frames in which a voice is heard, split at the longest silence that a mark explains."""
    total = sum(word.weight + 1 for word in words)
    shares = [said / total for said in accumulate((word.weight + 1 for word in words), initial=0)]
    marks = [at for at in range(1, len(words)) if category(words[at - 1].text[-1]).startswith("P")]
    pauses = [at for at in range(1, len(loud)) if loud[at] - loud[at - 1] > PAUSE_FRAMES]
    for pause in sorted(pauses, key=lambda at: loud[at - 1] - loud[at]):
        share = pause / len(loud)
        mark = min(marks, key=lambda at: abs(shares[at] - share), default=0)
        if mark and abs(shares[mark] - share) < NEAR:
            yield from _laid_out(words[:mark], loud[:pause])
            yield from _laid_out(words[mark:], loud[pause:])
            return

    def time(share: float) -> float:
        at = min(share * len(loud), len(loud) - 1e-9)
        return (loud[int(at)] + at % 1) * FRAME_SECONDS

    for first, last in pairwise(shares):
        start = time(first)
        yield start, max(time(last - 1e-9), start + _SLACK_SECONDS)
