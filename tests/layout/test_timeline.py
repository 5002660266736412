"""Time: whole frames, no overlap, no drift, and backgrounds that do not jump."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.layout.timeline import (
    FRAME_RATES,
    SAMPLE_RATE,
    Flow,
    Slot,
    lay_out,
    line_frames,
    samples_per_frame,
    shown_frame,
)

rates = st.sampled_from(FRAME_RATES)
flows = st.sampled_from(get_args(Flow))
loops = st.integers(1, 1200)
lengths = st.lists(st.integers(1, 900), min_size=1, max_size=20)
samples = st.integers(0, 60 * SAMPLE_RATE)


def seeds(frames: list[int]) -> list[int]:
    return [count * 7919 + 13 for count in frames]


def slots(frames: list[int], flow: Flow, loop: int = 600, fps: int = 30) -> list[Slot]:
    return lay_out(frames, flow=flow, loop_frames=loop, fps=fps, seeds=seeds(frames))


def shown(slot: Slot, loop: int) -> list[int]:
    """Return the frames of the loop that a line shows, one after the other."""
    assert slot.pan
    return [shown_frame(slot.pan, slot.frames, index) % loop for index in range(slot.frames)]


@given(rates)
def test_a_frame_is_a_whole_number_of_samples(fps: int) -> None:
    assert samples_per_frame(fps) * fps == SAMPLE_RATE


def test_a_frame_is_1600_samples_at_30() -> None:
    assert samples_per_frame(30) == 1600


@pytest.mark.parametrize("fps", [0, -30, 23, 29, 120])
def test_other_frame_rates_are_refused(fps: int) -> None:
    with pytest.raises(ValueError, match="frames a second"):
        samples_per_frame(fps)


@given(samples, samples, rates)
def test_a_line_lasts_as_many_frames_as_its_sound_and_pause_need_and_no_more(sound: int, pause: int, fps: int) -> None:
    frames, frame = line_frames(sound, pause, fps), samples_per_frame(fps)
    assert frames * frame >= sound + pause
    assert frames == 1 or (frames - 1) * frame < sound + pause


@given(st.integers(0, 10**6), st.integers(1, 50), rates)
def test_a_sound_that_grows_within_its_last_frame_changes_nothing(frames: int, less: int, fps: int) -> None:
    whole = (frames + 1) * samples_per_frame(fps)
    assert line_frames(whole, 0, fps) == line_frames(whole - less, 0, fps) == frames + 1
    assert line_frames(whole + 1, 0, fps) == frames + 2


@given(lengths, flows, st.integers(0, 1200), rates)
def test_lines_follow_each_other_without_gap_or_overlap(frames: list[int], flow: Flow, loop: int, fps: int) -> None:
    placed = slots(frames, flow, loop, fps)
    assert placed[0].start_frame == 0
    assert all(a.start_frame + a.frames == b.start_frame for a, b in pairwise(placed))
    assert [slot.frames for slot in placed] == frames  # a line's frames depend on it alone


@given(lengths, flows, rates)
def test_a_still_background_has_no_pan(frames: list[int], flow: Flow, fps: int) -> None:
    assert all(slot.pan is None for slot in slots(frames, flow, 0, fps))


@given(lengths, flows, loops, rates)
def test_a_line_starts_within_the_loop(frames: list[int], flow: Flow, loop: int, fps: int) -> None:
    assert all(slot.pan and 0 <= slot.pan.start_frame < loop for slot in slots(frames, flow, loop, fps))


def test_every_line_needs_its_seed() -> None:
    with pytest.raises(ValueError, match="zip"):
        lay_out([30, 30], flow="elastic", loop_frames=60, fps=30, seeds=[1])


@given(st.lists(st.integers(15, 900), min_size=2, max_size=12), loops)
def test_elastic_moves_on_by_one_or_two_frames_within_lines_and_at_their_joins(frames: list[int], loop: int) -> None:
    """From half a second on; a shorter line still moves on by a whole second, quickly."""
    running = [frame for slot in slots(frames, "elastic", loop) for frame in shown(slot, loop)]
    assert all((b - a) % loop in {0, 1 % loop, 2 % loop} for a, b in pairwise(running))


@given(st.lists(st.integers(1, 900), min_size=2, max_size=12), loops)
def test_elastic_never_goes_back_or_stands_still_at_a_join(frames: list[int], loop: int) -> None:
    placed = slots(frames, "elastic", loop)
    for a, b in pairwise(placed):
        assert a.pan
        assert b.pan
        last = shown_frame(a.pan, a.frames, a.frames - 1)
        step = a.pan.start_frame + a.pan.advance_frames - last
        assert step >= 1
        assert (last + step) % loop == b.pan.start_frame
        assert step <= 2 or a.frames < 15


@given(lengths, loops, rates)
def test_elastic_moves_on_by_whole_seconds(frames: list[int], loop: int, fps: int) -> None:
    for slot in slots(frames, "elastic", loop, fps):
        assert slot.pan
        assert slot.pan.advance_frames >= fps
        assert slot.pan.advance_frames % fps == 0


@pytest.mark.slow
@given(st.integers(2, 100), st.data(), rates)
def test_elastic_keeps_near_the_speed_of_the_background_from_two_seconds_on(
    seconds: int, data: st.DataObject, fps: int
) -> None:
    frames = data.draw(st.integers(seconds * fps, (seconds + 1) * fps))
    pan = slots([frames], "elastic", fps=fps)[0].pan
    assert pan
    assert 0.8 <= pan.advance_frames / frames <= 1.2


@given(st.integers(31, 900), lengths, loops)
def test_elastic_forgets_a_small_change_of_length_at_the_next_line(first: int, rest: list[int], loop: int) -> None:
    """A line that becomes longer or shorter within its second leaves what all later lines show as it was."""
    nearby = round(first / 30) * 30  # as many seconds, exactly
    before, after = slots([first, *rest], "elastic", loop), slots([nearby, *rest], "elastic", loop)
    assert [slot.pan for slot in before[1:]] == [slot.pan for slot in after[1:]]


@given(lengths, loops, rates)
def test_continuous_shows_every_frame_once_in_order(frames: list[int], loop: int, fps: int) -> None:
    running = [frame for slot in slots(frames, "continuous", loop, fps) for frame in shown(slot, loop)]
    assert running == [index % loop for index in range(sum(frames))]


@given(lengths, lengths, st.integers(1, 900), loops)
def test_per_line_is_exact_and_knows_nothing_of_the_neighbours(
    before: list[int], after: list[int], mine: int, loop: int
) -> None:
    alone = slots([mine], "per-line", loop)[0]
    among = slots([*before, mine, *after], "per-line", loop)[len(before)]
    assert alone.pan == among.pan
    assert shown(alone, loop) == [(seeds([mine])[0] + index) % loop for index in range(mine)]
