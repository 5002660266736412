"""Shots: which part of a picture is seen when, which motion `auto` is, and how long transitions last."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.layout.frame import layout
from reelmake.layout.shots import View, choose_motion, eased, transition_frames, views
from reelmake.media.moving_layer import Stage
from reelmake.plan.steps import picture_size
from reelmake.spec.model import Reel

WINDOW = (900, 796)
MOVING = ("zoom-in", "zoom-out", "left", "right", "up", "down")
sides = st.integers(16, 6000)
shares = st.floats(0, 1)


def scale_of(view: View) -> float:
    return WINDOW[0] / view.width


@given(st.sampled_from([*MOVING, "none"]), st.tuples(sides, sides), st.tuples(shares, shares))
def test_a_view_stays_inside_of_its_picture_and_has_the_form_of_the_window(
    motion: str, picture: tuple[int, int], focus: tuple[float, float]
) -> None:
    first, last = views(motion, picture, WINDOW, focus)
    for share in (0, 0.3, 1):
        view = first.toward(last, share)
        assert view.x >= -1e-6
        assert view.y >= -1e-6
        assert view.x + view.width <= picture[0] + 1e-6
        assert view.y + view.height <= picture[1] + 1e-6
        assert view.width / view.height == pytest.approx(WINDOW[0] / WINDOW[1])


@given(st.sampled_from(MOVING), st.tuples(sides, sides), st.tuples(shares, shares))
def test_what_is_seen_moves_by_the_same_amount_with_every_frame(
    motion: str, picture: tuple[int, int], focus: tuple[float, float]
) -> None:
    first, last = views(motion, picture, WINDOW, focus)
    between = [first.toward(last, share / 10) for share in range(11)]
    for at in (0.0, 0.5, 1.0):
        places = [(picture[0] * at - view.x) * scale_of(view) for view in between]
        steps = [after - before for before, after in itertools.pairwise(places)]
        assert steps == pytest.approx([steps[0]] * 10, abs=1e-6 * max(map(abs, places)) + 1e-6)


@pytest.mark.parametrize(
    ("motion", "across", "down"), [("left", -1, 0), ("right", 1, 0), ("up", 0, -1), ("down", 0, 1)]
)
@given(picture=st.tuples(st.integers(900, 6000), st.integers(900, 6000)), focus=st.tuples(shares, shares))
def test_a_view_moves_to_its_side(
    motion: str, across: int, down: int, picture: tuple[int, int], focus: tuple[float, float]
) -> None:
    first, last = views(motion, picture, WINDOW, focus)
    moved = last.x - first.x, last.y - first.y
    assert (moved[0] * across > 0, moved[1] * down > 0) == (across != 0, down != 0)
    assert max(map(abs, moved)) * scale_of(first) <= max(WINDOW) / 15 + 1e-6  # slowly, however large the picture


def test_a_zoom_keeps_the_focus_where_it_is() -> None:
    focus = (0.25, 0.8)
    far, near = views("zoom-in", (1600, 1200), WINDOW, focus)
    assert near.width < far.width
    for view in (far, near):
        assert (1600 * focus[0] - view.x) / view.width == pytest.approx(focus[0])
        assert (1200 * focus[1] - view.y) / view.height == pytest.approx(focus[1])
    assert views("zoom-out", (1600, 1200), WINDOW, focus) == (near, far)


@given(st.tuples(st.integers(72, 1080), st.integers(128, 1920)))
def test_a_requested_picture_is_never_blown_up(half: tuple[int, int]) -> None:
    size = half[0] * 2, half[1] * 2
    if not (5 * size[0] <= 4 * size[1] <= 10 * size[0] and size[0] >= 144 and size[1] >= 256):
        return
    panel = layout(*size, ["left"]).panel
    assert panel
    window, picture = Stage.of(panel, size[0]).window, picture_size(Reel(size=size))
    zooms = []
    for motion in MOVING:
        scales = [window[0] / view.width for view in views(motion, picture, window, (0.5, 0.5))]
        assert max(scales) <= 1 + 1e-6
        zooms.append(max(scales) / min(scales))
    assert zooms[0] > 1.01


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 1)), min_size=2, max_size=12))
def test_neighbours_move_differently(content: list[tuple[int, int]]) -> None:
    motion, chosen = "", []
    for seed, group in content:
        motion = choose_motion(seed, group, motion)
        chosen.append(motion)
    assert all(one != other for one, other in itertools.pairwise(chosen))
    assert set(chosen) <= set(MOVING)


@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 5]))
def test_what_another_speaker_shows_does_not_change_a_motion(seed: int, group: int, other: int, apart: int) -> None:
    assert choose_motion(seed, group, choose_motion(other, group + apart, "")) == choose_motion(seed, group, "")


@given(
    st.sampled_from(["cut", "pop", "slide", "fade", "whip"]), st.sampled_from([24, 25, 30, 50, 60]), st.integers(1, 60)
)
def test_a_transition_ends_before_its_shot_does(transition: str, fps: int, frames: int) -> None:
    count = transition_frames(transition, fps, frames)
    assert 0 <= count < frames
    shares = [eased(frame, count) for frame in range(count)]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)
    assert transition_frames("cut", fps, frames) == 0
