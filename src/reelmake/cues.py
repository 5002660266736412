"""Which words of a line are shown together: its cues, and the frames at which they come, light up and go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reelmake.timeline import SAMPLE_RATE, Word, samples_per_frame

LINGER_SECONDS = 0.3  # how long a cue stays after its last word, when nothing follows for long
HOLD_SECONDS = 0.8  # a shorter silence does not end a cue: it would flicker, and its end would follow every breath
LEAD_SECONDS = 0.1  # how long before its first word a cue appears, when there is silence before it

_MOST_WORDS = 8
_COMFORTABLE_WORDS = 6
_LONG_PAUSE_SAMPLES = SAMPLE_RATE * 35 // 100
_SHORT_CUE_SAMPLES = SAMPLE_RATE * 6 // 10
_SILENCE_SAMPLES = SAMPLE_RATE * 7 // 10
_FEW_LETTERS = 3
_CLOSERS = "\"'\u201d\u2019\u00bb)]}"

Measure = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are shown together, in one or two rows, from `start_frame` of their line up to `end_frame`.

    `scale` is below 1 only for a single word that is wider than a row.
    """

    rows: tuple[tuple[Word, ...], ...]
    start_frame: int
    end_frame: int
    scale: float


def lit_frame(word: Word, fps: int) -> int:
    """Return the frame, nearest to the start of its sound, at which a word lights up."""
    step = samples_per_frame(fps)
    return (2 * word.start_samples + step) // (2 * step)


def cues(words: Sequence[Word], measure: Measure, max_width: float, *, frames: int, fps: int) -> list[Cue]:
    """Cut the words of a line into cues.

    Args:
        words: of one line, in order.
        measure: the width of a text in pixels, in the captions' size.
        max_width: of a row, in pixels.
        frames: how long the line lasts; no cue ends later.
        fps: frames a second.
    """
    widths = [measure(word.text) for word in words]
    space = measure(" ")
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        choices = (
            (best[start][0] + _cost(words, start, end, sum(widths[start:end]) / max_width), start)
            for start in range(max(0, end - _MOST_WORDS), end)
            if _rows(widths[start:end], space, max_width) is not None
        )
        best.append(min(choices))
    cuts = [len(words)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    cuts.reverse()
    groups = list(pairwise(cuts))
    starts = _starts(words, [start for start, _ in groups], frames, fps)
    made = []
    for (first, last), start, following in zip(groups, starts, [*starts[1:], frames], strict=True):
        spoken = -(-words[last - 1].end_samples * fps // SAMPLE_RATE)
        end = following if following - spoken <= HOLD_SECONDS * fps else spoken + int(LINGER_SECONDS * fps)
        split = _rows(widths[first:last], space, max_width) or 0
        rows = tuple(filter(None, (tuple(words[first : first + split]), tuple(words[first + split : last]))))
        scale = min(1.0, max_width / max(widths[first], 1e-9)) if last - first == 1 else 1.0
        made.append(Cue(rows, start, max(start + 1, min(following, end)), scale))
    return made


def _rows(widths: Sequence[float], space: float, max_width: float) -> int | None:
    """Return how many words the first row takes (all of them when one row is enough); None when they do not fit."""
    count = len(widths)
    if count == 1 or sum(widths) + space * (count - 1) <= max_width:
        return count

    def longer(split: int) -> float:
        upper = sum(widths[:split]) + space * (split - 1)
        return max(upper, sum(widths[split:]) + space * (count - split - 1))

    split = min(range(1, count), key=longer)
    return split if longer(split) <= max_width else None


def _cost(words: Sequence[Word], start: int, end: int, filled: float) -> float:
    """Say how bad it is to show these words together: the sum over a line's cues is made as small as it can be.

    `filled` is their width, in rows. A cut is free at the end of a sentence, cheap at a comma or a pause, and dear
    after a short word or a number, which belong to what follows.
    """
    count, last = end - start, words[end - 1]
    cost = 0.8 + 0.5 * max(0, count - _COMFORTABLE_WORDS) + 1.2 * max(0.0, 0.9 - filled)
    if end < len(words):
        cost += _cut_cost(words, end)
    cost += sum(_join_cost(words, i) for i in range(start + 1, end))
    if last.end_samples - words[start].start_samples < _SHORT_CUE_SAMPLES:
        cost += 0.8
    if count == 1 and len(words) > 1:
        cost += 0.6
        if end == len(words) and len(last.text) <= 2 * _FEW_LETTERS:
            cost += 2.5
    return cost


def _join_cost(words: Sequence[Word], end: int) -> float:
    """Say how bad it is not to cut before word `end`: after a long silence it would give away what comes."""
    silence = words[end].start_samples - words[end - 1].end_samples
    return 1.6 * max(0.0, 1.0 - _cut_cost(words, end)) + (8.0 if silence >= _SILENCE_SAMPLES else 0.0)


def _cut_cost(words: Sequence[Word], end: int) -> float:
    """Say how bad it is to cut before word `end`, from 0 at the end of a sentence to 1.4 after `the` or `$3.2`."""
    before = words[end - 1]
    mark = before.text.rstrip(_CLOSERS)[-1:]
    if mark and mark in ".!?\u2026":
        return 0.0
    if words[end].start_samples - before.end_samples >= _LONG_PAUSE_SAMPLES:
        return 0.2
    if mark and mark in ",;:\u2013\u2014":
        return 0.4
    belongs = len(before.text) <= _FEW_LETTERS or any(char.isdigit() for char in before.text)
    return 1.4 if belongs else 1.0


def _starts(words: Sequence[Word], firsts: Sequence[int], frames: int, fps: int) -> list[int]:
    """Return the frames at which cues appear: a little before their first word, but after the end of the one before."""
    starts: list[int] = []
    for first in firsts:
        lit = lit_frame(words[first], fps)
        spoken = words[first - 1].end_samples * fps // SAMPLE_RATE if first else 0
        earliest = starts[-1] + 1 if starts else 0
        start = max(earliest, lit - int(LEAD_SECONDS * fps), min(lit, spoken))
        starts.append(min(start, frames - 1))
    return starts
