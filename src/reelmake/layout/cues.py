"""Which words of a line are shown together: its cues, and the frames at which they come, light up and go."""

# ruff: noqa: RUF001  the vowels of several scripts take part

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from math import ceil, fsum
from unicodedata import bidirectional, category, combining

from pyphen import Pyphen, language_fallback

from reelmake.layout.timeline import SAMPLE_RATE, Word, samples_per_frame
from reelmake.layout.words import Way, may_break, reads_from_right, ways, writes_no_spaces

LINGER_SECONDS = 0.3  # how long a cue stays after its last word, when nothing follows for long
HOLD_SECONDS = 0.8  # a shorter silence does not end a cue: it would flicker, and its end would follow every breath
LEAD_SECONDS = 0.1  # how long before its first word a cue appears, when there is silence before it
LEAST_SECONDS = 0.4  # a cue that would be gone sooner is joined to a neighbour, if it fits there
SEEN_SECONDS = 0.25  # ... and one that would be gone sooner takes more words than are wanted
SMALLEST = 0.8  # a word that is wider than a row is broken when it had to be smaller than this

MOST_WORDS = 8
_COMFORTABLE_WORDS = 6
_BREATH_SAMPLES = SAMPLE_RATE * 15 // 100
_LONG_PAUSE_SAMPLES = SAMPLE_RATE * 35 // 100
_SHORT_CUE_SAMPLES = SAMPLE_RATE * 6 // 10
_SILENCE_SAMPLES = SAMPLE_RATE * 7 // 10
_FEW_LETTERS = 3
_HARDLY_SEEN = 12.0  # what it costs to show a cue for less than LEAST_SECONDS: more than any silence in a cue
_UNSEEN = 100.0  # and for less than SEEN_SECONDS ...
_TOO_MANY = 15.0  # ... or each word more than are wanted
_SHRUNK = 1.5  # what each word costs that is smaller because of another one, and more the smaller it is
_MUCH_SMALLER = 0.9
_HYPHEN = 1.15  # how much longer a row may be to save a hyphen ...
_MISPLACED = 1.35  # ... or one within a syllable ...
_TORN = 1.6  # ... or to break an address at a seam: a hyphen would be read as part of it
_LETTERS = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"\w[.@/]\w|://")
_OPENERS = "\"'\u201c\u2018\u201e\u00ab([{"
_CLOSERS = "\"'\u201d\u2019\u00bb)]}\u300d\u300f\u3011\u300b\u3009\uff09\uff3d\uff5d"
_SENTENCE_ENDS = (
    ".!?\u2026\u3002\uff01\uff1f\uff0e\u061f\u06d4\u0964\u0965\u104b\u17d4\u1362"  # of all scripts that we can show
)
# fmt: off
_SHORT_FORMS = frozenset({  # what ends with a full stop and belongs to what follows
    "mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "mt.", "gen.", "capt.", "lt.", "sgt.", "rev.", "gov.", "sen.", "rep.",
    "sra.", "mme.", "vs.", "e.g.", "i.e.", "approx.", "ca.", "bzw.", "z.b.", "d.h.",
    "jan.", "feb.", "mar.", "apr.", "jun.", "jul.", "aug.", "sep.", "sept.", "oct.", "nov.", "dec.",
})
_BEFORE_NUMBERS = frozenset({"no.", "nos.", "nr.", "fig.", "vol.", "ch.", "p.", "pp."})  # but "Say no."
# fmt: on
_CLAUSE_ENDS = ",;:\u2013\u2014\u3001\uff0c\uff1b\uff1a\u060c\u061b\u104a\u1363"
_SEAMS = "-\u2010\u2013\u2014/_.,:;@&=?+~ "  # after which a word is broken without a hyphen
_VIRAMA = 9  # the combining class of signs that join a letter to the next
_JOINERS = "\u200c\u200d\u2060"
# fmt: off
_VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœαεηιουωάέήίόύώаеёиоуыэюяіїє")
_TOGETHER = frozenset(  # consonants that begin a syllable together, or are one sound
    {"ch", "ck", "gh", "ph", "qu", "sh", "th", "wh", *(first + second for first in "bcdfgkpt" for second in "lr")}
)
# fmt: on
_LEFT_OF_A_BREAK = 2  # letters, at least

Measure = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are shown together, in one or two rows, from `start_frame` of their line up to `end_frame`.

    scale   below 1 only with a word that is wider than a row
    broken  the parts of such a word when it would be too small in one row: it is the last word of the first row, and
            its second part is drawn at the beginning of the second one
    from_right  whether the line is read from right to left
    ways    in which direction each word of the line is read
    """

    rows: tuple[tuple[Word, ...], ...]
    start_frame: int
    end_frame: int
    scale: float
    broken: tuple[str, str] | None = None
    from_right: bool = False
    ways: Mapping[Word, Way] = field(default_factory=dict)

    def drawn(self) -> list[list[tuple[Word, str]]]:
        """Return the rows as they are drawn: words, and what of each is in this row."""
        rows = [[(word, word.text) for word in row] for row in self.rows]
        if self.broken:
            word, _ = rows[0].pop()
            rows = [[*rows[0], (word, self.broken[0])], [(word, self.broken[1]), *(rows[1] if rows[1:] else [])]]
        return rows


def lit_frame(word: Word, fps: int) -> int:
    """Return the frame, nearest to the start of its sound, at which a word lights up."""
    step = samples_per_frame(fps)
    return (2 * word.start_samples + step) // (2 * step)


def cues(  # noqa: PLR0913 (what a line is, and where it is shown)
    words: Sequence[Word],
    measure: Measure,
    max_width: float,
    *,
    frames: int,
    fps: int,
    from_right: bool = False,
    language: str = "",
    most_words: int = MOST_WORDS,
    two_rows: float = 1.0,
    emphasis: float = 1.0,
) -> list[Cue]:
    """Cut the words of a line into cues.

    Args:
        words: of one line, in order.
        measure: the width of a text in pixels, in the captions' size.
        max_width: of a row, in pixels.
        frames: how long the line lasts; no cue ends later.
        fps: frames a second.
        from_right: whether the language is written from right to left.
        language: its tag; where there is a dictionary for it, that says where a word that is too wide is broken.
        most_words: how many are shown together, unless they would be gone before they are seen.
        two_rows: how large letters may be for two rows; below 1 there are two for a broken word only.
        emphasis: how much larger words are that are emphasised.
    """
    space = measure(" ")
    spaces = [0.0 if word.glued else space for word in words]
    widths = [measure(word.text) * (emphasis if word.strong else 1) for word in words]
    sizes = _Sizes(words, widths, spaces, measure, max_width, language, two_rows, emphasis)
    texts = [word.text for word in words]
    from_right = reads_from_right(texts, usually=from_right)
    directions = dict(zip(words, ways(texts, from_right=from_right), strict=True))
    starts = [_start(words, first, fps) for first in range(len(words))]
    seams = [_Seam(0.0, 0.0), *(_seam(words, at) for at in range(1, len(words)))]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        following = starts[end] if end < len(words) else frames
        choices = []
        for start in range(max(0, end - MOST_WORDS), end):
            if fit := sizes.fit(start, end):
                shown = _end(words[end - 1], starts[start], following, fps) - starts[start]
                cost = _cost(
                    words, start, end, seams, sizes.rows_filled(start, end), min(most_words, _COMFORTABLE_WORDS)
                )
                cost += _HARDLY_SEEN if shown < LEAST_SECONDS * fps else 0
                cost += _UNSEEN if shown < SEEN_SECONDS * fps else 0
                cost += _TOO_MANY * max(0, end - start - most_words)
                cost += _SHRUNK * (end - start - 1) / fit.scale**2 if fit.scale < 1 else 0
                choices.append((best[start][0] + cost, start))
        best.append(min(choices))
    cuts = [len(words)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    cuts.reverse()
    appear: list[int] = []
    for first in cuts[:-1]:
        appear.append(min(max(starts[first], appear[-1] + 1 if appear else 0), frames - 1))
    made = []
    for (first, last), start, following in zip(pairwise(cuts), appear, [*appear[1:], frames], strict=True):
        fit = sizes.fit(first, last) or _Fit(last - first)
        rows = (tuple(words[first : first + fit.first]), tuple(words[first + fit.first : last]))
        end = max(start + 1, _end(words[last - 1], start, following, fps))
        made.append(Cue(tuple(filter(None, rows)), start, end, fit.scale, fit.broken, from_right, directions))
    return made


def _start(words: Sequence[Word], first: int, fps: int) -> int:
    """Return the frame at which a cue would like to appear: a little before its first word, in silence."""
    lit = lit_frame(words[first], fps)
    spoken = words[first - 1].end_samples * fps // SAMPLE_RATE if first else 0
    return max(0, lit - int(LEAD_SECONDS * fps), min(lit, spoken))


def _end(last: Word, start: int, following: int, fps: int) -> int:
    """Return the frame at which a cue goes: when the next one comes, or soon after its last word if that is far off."""
    spoken = -(-last.end_samples * fps // SAMPLE_RATE)
    if following - spoken <= HOLD_SECONDS * fps:
        return following
    return min(following, max(spoken + int(LINGER_SECONDS * fps), start + ceil(LEAST_SECONDS * fps)))


@dataclass(frozen=True, slots=True)
class _Fit:
    """How words are set: how many of them are in the first row, and what happens to one that is too wide (see Cue)."""

    first: int
    scale: float = 1.0
    broken: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The words of a line with their widths: which of them fit together. The same rows are looked up many times.

    `spaces` are those before each word.
    """

    words: Sequence[Word]
    widths: Sequence[float]
    spaces: Sequence[float]
    measure: Measure
    max_width: float
    language: str
    two_rows: float
    emphasis: float
    _rows: dict[tuple[int, int], float] = field(default_factory=dict)
    _parts: dict[int, list[_Parts]] = field(default_factory=dict)

    def rows_filled(self, start: int, end: int) -> float:
        """Return how many rows the words would fill without spaces."""
        return fsum(self.widths[start:end]) / self.max_width

    def fit(self, start: int, end: int) -> _Fit | None:
        """Return how words are set in at most two rows, or None when they are not to be shown together."""
        if self._row(start, end) <= self.max_width:
            return _Fit(end - start)
        splits = range(start + 1, end + 1) if self.two_rows >= 1 else (end,)
        longest, first = min((max(self._row(start, split), self._row(split, end)), split - start) for split in splits)
        if longest <= self.max_width:
            return _Fit(first)
        wide = [at for at in range(start, end) if self.widths[at] > self.max_width]
        if len(wide) != 1:
            return None
        whole = _Fit(first, self.max_width / longest)
        chosen = whole if whole.scale >= SMALLEST else max(whole, self._broken(start, end, wide[0]), key=_scale)
        if end - start > 1:  # the others may come along, if they do not make it much smaller
            alone = self.fit(wide[0], wide[0] + 1)
            if alone and chosen.scale < _MUCH_SMALLER * alone.scale:
                return None
        return chosen

    def _row(self, start: int, end: int) -> float:
        width = self._rows.get((start, end))
        if width is None:
            width = fsum([*self.widths[start:end], *self.spaces[start + 1 : end]])
            self._rows[start, end] = width
        return width

    def _broken(self, start: int, end: int, wide: int) -> _Fit:
        """Break a word where the longer row is shortest, rather at a seam."""
        before = self._row(start, wide) + (self.spaces[wide] if wide > start else 0)
        after = self._row(wide + 1, end) + (self.spaces[wide + 1] if wide + 1 < end else 0)
        if wide not in self._parts:
            scale = self.emphasis if self.words[wide].strong else 1
            self._parts[wide] = _breaks(self.words[wide].text, lambda text: self.measure(text) * scale, self.language)

        def longer(parts: _Parts) -> float:
            return max(before + parts.upper_width, parts.lower_width + after)

        if not self._parts[wide]:
            return _Fit(end - start, 0.0)
        best = min(self._parts[wide], key=lambda parts: longer(parts) * parts.badness)
        return _Fit(wide - start + 1, min(1.0, self.two_rows, self.max_width / longer(best)), (best.upper, best.lower))


def _scale(fit: _Fit) -> float:
    return fit.scale


@dataclass(frozen=True, slots=True)
class _Parts:
    """A word in two; `badness` is by how much a row may be longer in another way to break it."""

    upper: str
    lower: str
    upper_width: float
    lower_width: float
    badness: float


def _breaks(text: str, measure: Measure, language: str) -> list[_Parts]:
    """Return the ways to break a word: after a seam (`-`, `/`, ...) as it is, between letters with a hyphen.

    An address gets no hyphen: nobody could know whether it belongs to it.
    """
    ways = []
    syllables = _syllables(text, language)
    torn = _TORN if _ADDRESS.search(text) else 0.0
    for at in range(_LEFT_OF_A_BREAK, len(text) - _LEFT_OF_A_BREAK + 1):
        before, after = text[at - 1], text[at]
        joined = before in _JOINERS or combining(before) == _VIRAMA
        if joined or after in _JOINERS or category(after).startswith("M") or after in _SEAMS:
            continue
        spaceless = writes_no_spaces(before) or writes_no_spaces(after)
        if spaceless and not may_break(before, after):
            continue
        at_seam = before in _SEAMS or spaceless
        letters = before.isalpha() and after.isalpha() and bidirectional(before) == "L"
        hyphen = "-" if letters and not spaceless and not torn else ""
        upper, lower = (text[:at].rstrip() if at_seam else text[:at] + hyphen), text[at:]
        badness = torn or (_HYPHEN if at in syllables else _MISPLACED)
        ways.append(_Parts(upper, lower, measure(upper), measure(lower), 1.0 if at_seam else badness))
    return ways


def _syllables(text: str, language: str) -> set[int]:
    """Return before which letters a hyphen may stand: by the dictionary of the language, else by a rule of thumb.

    Where the dictionary would change the spelling at a hyphen, it is not followed.
    """
    dictionary = _dictionary(language)
    found = {
        run.start() + position
        for run in _LETTERS.finditer(text)
        for position in (dictionary.positions(run[0]) if dictionary else ())
        if position.data is None
    }
    return found or {at for at in range(1, len(text)) if _between_syllables(text, at)}


@cache
def _dictionary(language: str) -> Pyphen | None:
    name = language_fallback(language)
    return Pyphen(lang=name, left=_LEFT_OF_A_BREAK, right=_LEFT_OF_A_BREAK) if name else None


def _between_syllables(text: str, at: int) -> bool:
    """Say whether a syllable may begin at a letter, by the rule of thumb of most languages: one consonant goes along.

    Of a script whose vowels we do not know, any letter will do.
    """
    if not _VOWELS.intersection(text.lower()):
        return True
    before, first, second, third = (*text[at - 1 : at + 3].lower(), "", "")[:4]
    begins = second in _VOWELS or (first + second in _TOGETHER and third in _VOWELS)
    return first not in _VOWELS and begins and before + first not in _TOGETHER


@dataclass(frozen=True, slots=True)
class _Seam:
    """How bad it is to cut before a word, and not to."""

    cut: float
    joined: float


def _cost(  # noqa: PLR0913, PLR0917 (which words, and how they would be shown)
    words: Sequence[Word], start: int, end: int, seams: Sequence[_Seam], filled: float, comfortable: int
) -> float:
    """Say how bad it is to show these words together: the sum over a line's cues is made as small as it can be.

    `seams` are those before each word, `filled` is their width in rows. A cut is free at the end of a sentence, cheap
    at a comma or a pause, and dear after a short word or a number, which belong to what follows.
    """
    count, last = end - start, words[end - 1]
    cost = 0.8 + 0.5 * max(0, count - comfortable) + 1.2 * max(0.0, 0.9 - filled)
    if end < len(words):
        cost += seams[end].cut
    cost += fsum(seam.joined for seam in seams[start + 1 : end])
    if last.end_samples - words[start].start_samples < _SHORT_CUE_SAMPLES:
        cost += 0.8
    if count == 1 and len(words) > 1:
        cost += 0.6
        if end == len(words) and len(last.text) <= 2 * _FEW_LETTERS:
            cost += 2.5
    return cost


def _seam(words: Sequence[Word], end: int) -> _Seam:
    """Say how bad it is to cut before word `end`, and not to: after a long silence it would give away what comes."""
    cut = _cut_cost(words, end)
    silence = words[end].start_samples - words[end - 1].end_samples
    return _Seam(cut, 1.6 * max(0.0, 1.0 - cut) + (8.0 if silence >= _SILENCE_SAMPLES else 0.0))


def _cut_cost(words: Sequence[Word], end: int) -> float:
    """Say how bad it is to cut before word `end`, from 0 at the end of a sentence to 1.4 after `the` or `$3.2`."""
    before = words[end - 1]
    bare = before.text.rstrip(_CLOSERS)
    mark = bare[-1:]
    silence = words[end].start_samples - before.end_samples
    following = words[end].text.lstrip(_OPENERS)
    goes_on = mark == "." and _is_short(bare.lstrip(_OPENERS), following if silence < _BREATH_SAMPLES else "")
    if mark and mark in _SENTENCE_ENDS and not goes_on:
        return 0.0
    if silence >= _LONG_PAUSE_SAMPLES:
        return 0.2
    if mark and mark in _CLAUSE_ENDS:
        return 0.4
    if words[end].glued:
        return 1.0  # phrases stand for themselves
    belongs = goes_on or len(before.text) <= _FEW_LETTERS or any(char.isdigit() for char in before.text)
    return 1.4 if belongs else 1.0


def _is_short(text: str, following: str) -> bool:
    """Say whether a word with a full stop is a short form, after which the sentence goes on: "Dr.", "J.", "z. B.".

    `following` is what is said at once after it, if anything: who writes small letters only rests after a sentence.
    """
    is_initial = len(text) == 2 and text[0].isupper() and text != "I."  # noqa: PLR2004  a letter and its full stop
    counts = following[:1].isdigit() and text.lower() in _BEFORE_NUMBERS
    goes_on = following[:1].islower() and not text.endswith("..")
    return is_initial or counts or goes_on or text.lower() in _SHORT_FORMS
