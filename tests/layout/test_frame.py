"""Where things are: nothing covers a face, captions stay where the apps draw nothing."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.layout.frame import (
    BASE_HEIGHT,
    BASE_WIDTH,
    SAFE_BOTTOM,
    SAFE_LEFT,
    SAFE_RIGHT,
    SAFE_TOP,
    Box,
    Layout,
    Side,
    layout,
)

ROWS = 2
LINE_HEIGHT = 1.24


@st.composite
def layouts(draw: st.DrawFn, at_least: int = 0) -> tuple[Layout, list[Side]]:
    width = draw(st.integers(72, 1080)) * 2
    height = 2 * draw(st.integers(max(128, int(width * 0.6)), min(1920, int(width * 1.25))))
    either: list[Side] = ["left", "right"]
    chosen = draw(st.lists(st.sampled_from(either), min_size=at_least, max_size=6))
    return layout(width, height, chosen, picture=draw(st.booleans())), chosen


def boxes(of: Layout) -> list[Box]:
    return [of.captions, *of.sprites, *([of.panel] if of.panel else [])]


def meet(one: Box, other: Box) -> bool:
    """Say whether the two have a pixel in common."""
    across = one.x < other.right and other.x < one.right
    return across and one.y < other.bottom and other.y < one.bottom


@given(layouts())
def test_everything_is_inside_the_picture_and_not_empty(drawn: tuple[Layout, list[Side]]) -> None:
    of, _ = drawn
    for box in boxes(of):
        assert box.width > 0
        assert box.height > 0
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= of.width
        assert box.bottom <= of.height


@given(layouts())
def test_captions_are_inside_the_safe_area_and_two_rows_fit(drawn: tuple[Layout, list[Side]]) -> None:
    of, _ = drawn
    across, down = of.width / BASE_WIDTH, of.height / BASE_HEIGHT
    rounding = 1.0
    assert of.captions.x >= SAFE_LEFT * across - rounding
    assert of.captions.right <= SAFE_RIGHT * across + rounding
    assert of.captions.y >= SAFE_TOP * down - rounding
    assert of.captions.bottom <= SAFE_BOTTOM * down + rounding
    assert ROWS * LINE_HEIGHT * of.caption_px <= of.captions.height
    assert of.caption_px >= 10


@given(layouts())
def test_captions_picture_and_sprites_do_not_meet(drawn: tuple[Layout, list[Side]]) -> None:
    of, _ = drawn
    others = [box for box in boxes(of) if box not in of.sprites]
    for first, second in combinations(others, 2):
        assert not meet(first, second)
    assert not any(meet(other, sprite) for other in others for sprite in of.sprites)


@given(layouts())
def test_no_face_covers_another_whoever_speaks(drawn: tuple[Layout, list[Side]]) -> None:
    of, sides = drawn
    assert sorted(of.back_to_front) == list(range(len(sides)))
    for speaker in range(len(sides)):
        faces = [of.figure(index, speaking=index == speaker).face for index in range(len(sides))]
        for one, other in combinations(faces, 2):
            assert not meet(one, other)


@given(layouts())
def test_everyone_stands_on_the_lower_edge_where_no_cut_shows(drawn: tuple[Layout, list[Side]]) -> None:
    of, sides = drawn
    for index in range(len(sides)):
        for speaking in (True, False):
            assert of.figure(index, speaking=speaking).bottom == of.height


@given(layouts(at_least=2))
def test_everyone_stands_at_their_side(drawn: tuple[Layout, list[Side]]) -> None:
    of, sides = drawn
    left = [box.face.right for box, side in zip(of.sprites, sides, strict=True) if side == "left"]
    right = [box.face.x for box, side in zip(of.sprites, sides, strict=True) if side == "right"]
    assert max(left, default=0) <= min(right, default=of.width)


def test_two_have_room_side_by_side_and_more_stand_shoulder_to_shoulder_under_the_captions() -> None:
    two, three = layout(1080, 1920, ["left", "right"]), layout(1080, 1920, ["left", "left", "right"])
    assert two.sprites[0].right - two.sprites[1].x < 0.05 * two.sprites[0].width
    assert three.sprites[0].y - three.captions.bottom < 150


@given(layouts())
def test_edges_of_what_is_painted_are_even(drawn: tuple[Layout, list[Side]]) -> None:
    of, _ = drawn
    for box in (of.captions, *([of.panel] if of.panel else [])):
        assert not any(value % 2 for value in (box.x, box.y, box.width, box.height))


@pytest.mark.parametrize("count", range(1, 7))
def test_a_speaker_is_larger_than_a_listener_and_both_stand_on_the_same_line(count: int) -> None:
    sides: list[Side] = (["left", "right"] * 3)[:count]  # type: ignore[assignment]
    of = layout(1080, 1920, sides)
    speaking, listening = of.figure(0, speaking=True), of.figure(0, speaking=False)
    assert listening.height < speaking.height
    assert listening.bottom == speaking.bottom
    assert speaking.height >= 300  # however many there are


def test_without_sprites_the_picture_uses_their_room() -> None:
    alone, together = layout(1080, 1920, []), layout(1080, 1920, ["left", "right"])
    assert alone.panel
    assert together.panel
    assert alone.panel.height > 1.2 * together.panel.height


def test_without_a_picture_there_is_no_panel_and_letters_are_larger() -> None:
    bare, full = layout(1080, 1920, [], picture=False), layout(1080, 1920, ["left"])
    assert bare.panel is None
    assert bare.caption_px > full.caption_px


def test_size_of_the_letters_at_full_hd_is_that_of_a_headline() -> None:
    assert layout(1080, 1920, ["left", "right"]).caption_px in range(76, 85)
