"""One loudness for an episode, and no peak above the limit.

What is needed of the sound is gathered in one pass (`listen`): how loud it is every 10 ms, and how high its peaks are
every millisecond. From that alone the gain is found, and how the limiter moves; `mastered` applies both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.fft import irfft, rfft

from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.inspect import LOUDNESS_LUFS
from reelmake.media.mix import ramps
from reelmake.media.voice import (
    BLOCK_HOPS,
    FULL_SCALE,
    GATE,
    HOP_SAMPLES,
    NEAR_LU,
    SILENT_LUFS,
    SPEECH_LUFS,
    k_weighting,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reelmake.media.mix import Seconds, Sound

    Numbers = NDArray[np.float64]


LIMIT_DBTP = -2.0  # what the limiter leaves free for what lies between the peaks that it sees, and what AAC adds
_BLOCK_STEP = 10  # hops from one block to the next
_CONTEXT_SAMPLES = SAMPLE_RATE // 8  # after which the filters have forgotten what was before

_PEAK_SAMPLES = SAMPLE_RATE // 1000
_HOPS_A_SECOND = SAMPLE_RATE // _PEAK_SAMPLES
_HALF_TAPS = 8  # on each side of the middle between two samples
_LIMIT = 10 ** (LIMIT_DBTP / 20)
_ATTACK_HOPS, _RELEASE_HOPS = 4, 60  # of a millisecond
_MOST_LIMITED_DB = 15.0  # clicks never become as loud as speech: where to stop trying

_TOLERANCE_LU = 0.01
_ROUNDS = 12
_FIRST_SLOPE = 0.75  # of a decibel more, so much is heard: the limiter takes the rest
_LEAST_SLOPE = 0.2


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a sound: its K-weighted power, of both sides together, and its peaks between samples too."""

    powers: Numbers
    peaks: Numbers


@dataclass(frozen=True, slots=True)
class Master:
    """How to make a sound as loud as it is to be: a gain, and where the limiter is after each millisecond.

    held_db  by how much the limiter makes what is loud (speech) quieter than the gain alone would
    """

    gain: float
    limiter: Numbers
    lufs: float
    held_db: float


def listen(sound: Seconds) -> Heard:
    """Take in a sound."""
    powers, peaks = [], []
    before: Sound | None = None
    for here in sound.seconds():
        heard = _after(before, here)
        powers.append(_powers(heard))
        peaks.append(_peaks(heard))
        before = here
    return Heard(np.concatenate(powers), np.concatenate(peaks))


def _after(before: Sound | None, sound: Sound) -> Sound:
    """Return a second with the end of the one in front of it: of silence, if it is the first."""
    if before is None:
        before = np.zeros((len(sound), _CONTEXT_SAMPLES), np.float32)
    return np.concatenate([before[:, -_CONTEXT_SAMPLES:], sound], axis=1)


def _powers(sound: Sound) -> Numbers:
    """Return the K-weighted power of each hop after the context."""
    response = k_weighting(sound.shape[1])
    # each side for itself, and in float64: numpy takes three times as long for float32, or for both at once
    weighted = (irfft(rfft(side.astype(np.float64)) * response, sound.shape[1]) for side in sound)
    hops = (_by_hops(np.square(side[_CONTEXT_SAMPLES:])[None], HOP_SAMPLES).mean(axis=2)[0] for side in weighted)
    powers: Numbers = sum(hops) * (2 / len(sound))
    return powers


def _peaks(sound: Sound) -> Numbers:
    """Return the highest peak of each millisecond after the context: of the samples, and half-way between them.

    The latter come 8 samples late, and may be counted in the next millisecond; the limiter allows for it.
    """
    heard = sound[:, _CONTEXT_SAMPLES - 2 * _HALF_TAPS :]
    count = heard.shape[1] - 2 * _HALF_TAPS
    between = np.zeros((len(sound), count), np.float32)
    for tap, weight in enumerate(_half_sample()):
        left, right = _HALF_TAPS - tap, _HALF_TAPS + 1 + tap
        between += (heard[:, left : left + count] + heard[:, right : right + count]) * weight
    peaks = np.maximum(np.abs(between, out=between), np.abs(heard[:, -count:]))
    highest: Numbers = _by_hops(peaks, _PEAK_SAMPLES).max(axis=(0, 2)).astype(np.float64)
    return highest


@cache
def _half_sample() -> Sound:
    """Return the filter that finds what is half-way between two samples, from the middle outwards."""
    middle = np.arange(_HALF_TAPS) + 0.5
    taps = np.sinc(middle) * np.cos(math.pi / 2 * middle / (_HALF_TAPS + 0.5)) ** 2
    halves: Sound = (taps / taps.sum() / 2).astype(np.float32)
    return halves


def _by_hops(sound: NDArray[np.floating], samples: int) -> NDArray[np.floating]:
    """Return a sound in hops, the last one filled up with silence: (channels, hops, samples)."""
    if missing := -sound.shape[1] % samples:
        sound = np.pad(sound, ((0, 0), (0, missing)))
    return sound.reshape(len(sound), -1, samples)


def settle(heard: Heard) -> Master:
    """Find the gain with which a sound reaches the loudness of the platforms, when its peaks are held (secant).

    It is looked for from the one on that would do without a limiter.
    """
    mixed = integrated_lufs(heard.powers)
    gain_db, slope = (LOUDNESS_LUFS - mixed if mixed > SILENT_LUFS else LOUDNESS_LUFS - SPEECH_LUFS), _FIRST_SLOPE
    highest_db = gain_db + _MOST_LIMITED_DB
    last: Master | None = None
    tried_db = gain_db
    for _ in range(_ROUNDS):
        master = _limited(heard, gain_db)
        missing = LOUDNESS_LUFS - master.lufs
        # where more gain makes it quieter, music begins to count
        if last and (gain_db > tried_db) != (master.lufs > last.lufs) and abs(LOUDNESS_LUFS - last.lufs) <= NEAR_LU:
            master = last
            break
        if mixed <= SILENT_LUFS or abs(missing) <= _TOLERANCE_LU or (missing > 0 and gain_db >= highest_db):
            break
        if last and tried_db != gain_db:
            slope = min(1.0, max(_LEAST_SLOPE, (master.lufs - last.lufs) / (gain_db - tried_db)))
        last, tried_db = master, gain_db
        gain_db = round(min(gain_db + missing / slope, highest_db), 3)
    return master


def _limited(heard: Heard, gain_db: float) -> Master:
    """Return what becomes of a sound with this gain: the limiter looks ahead, and lets go slowly."""
    gain = 10 ** (round(gain_db, 3) / 20)
    allowed = np.minimum(1, _LIMIT / np.maximum(heard.peaks * gain, 1e-12))
    # some more on each side: for peaks that are counted late, and since the gain moves in straight lines between hops
    steps = np.pad(_released(_lowest(allowed, 1, 2 + _ATTACK_HOPS)), (_ATTACK_HOPS, 0), mode="edge")
    limiter: Numbers = np.add.reduce(_shifted(steps, _ATTACK_HOPS + 1)) / (_ATTACK_HOPS + 1)
    each = HOP_SAMPLES // _PEAK_SAMPLES
    middle = (limiter + np.append(limiter[:1], limiter[:-1])) / 2
    taken = np.square(np.pad(middle, (0, -len(middle) % each), mode="edge")).reshape(-1, each).mean(axis=1)
    loud = np.where(heard.powers > heard.powers.mean(), heard.powers, 1e-12)
    held_db = -10 * math.log10((loud * taken).sum() / loud.sum())
    return Master(gain, limiter, integrated_lufs(heard.powers * taken * gain**2), held_db)


def _released(held: Numbers) -> Numbers:
    """Return gains that fall at once to where they are to be held, and of what then lacks lose the same share each hop.

    What lacks is the highest of all that lacked before, each faded by its age: in logarithms, a running maximum.
    """
    with np.errstate(divide="ignore"):  # nothing lacks
        lacking = np.log(1 - held)
    ages = np.arange(len(held)) / _RELEASE_HOPS
    released: Numbers = 1 - np.exp(np.maximum.accumulate(lacking + ages) - ages)
    return released


def _lowest(values: Numbers, before: int, after: int) -> Numbers:
    """Return for each value the lowest of itself, so many before and so many after it."""
    lowest: Numbers = np.minimum.reduce(_shifted(np.pad(values, (before, after), mode="edge"), before + after + 1))
    return lowest


def _shifted(values: Numbers, count: int) -> list[Numbers]:
    """Return for each place of so many neighbours the values that are there: numpy is fast along the long way."""
    return [values[place : len(values) - count + 1 + place] for place in range(count)]


def integrated_lufs(powers: Numbers) -> float:
    """Return the loudness after BS.1770 of the powers of hops of 10 ms: of blocks of 400 ms, without the quiet ones."""
    if len(powers) < BLOCK_HOPS:
        return SILENT_LUFS
    blocks = np.lib.stride_tricks.sliding_window_view(powers, BLOCK_HOPS)[::_BLOCK_STEP].mean(axis=1)
    blocks = blocks[blocks > 10 ** ((SILENT_LUFS + 0.691) / 10)]
    if not blocks.size:
        return SILENT_LUFS
    return -0.691 + 10 * math.log10(blocks[blocks >= blocks.mean() * GATE].mean())


def mastered(sound: Seconds, master: Master) -> Iterator[bytes]:
    """Make each second of a sound as it is to be heard: stereo, signed 16 bit."""
    limiter = np.append(master.limiter[:1], master.limiter).astype(np.float32)
    for second, here in enumerate(sound.seconds()):
        first = second * _HOPS_A_SECOND
        moves = limiter[first : first + _HOPS_A_SECOND + 1]
        moving = ramps(moves[:-1], moves[1:], _PEAK_SAMPLES)[: here.shape[1]]
        samples = np.rint(here * (moving * np.float32(master.gain * FULL_SCALE)))
        both = np.broadcast_to(samples, (2, here.shape[1])).T
        content: bytes = np.clip(both, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
        yield content
