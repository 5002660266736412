"""The moving layer: pictures move by parts of a pixel, and one shot takes the place of another inside of the frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from reelmake.core.errors import MediaError
from reelmake.layout.frame import Box
from reelmake.layout.shots import Motion, Transition, transition_frames
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.moving_layer import Shown, Stage, layers, standing
from reelmake.media.static_layer import GROUND, Still

STAGE = Stage(Box(20, 40, 252, 220), 6, 24)
BARE = Stage(Box(20, 40, 240, 208), 0, 0)  # without a frame, as large as the window of the other
FRAMES = 60
LIMIT_PX = 0.15  # the most by which a step may differ from the mean


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


Draw = Callable[..., Still]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    def _draw(pixels: NDArray[np.uint8] | tuple[int, int, int], name: str = "a.png") -> Still:
        if isinstance(pixels, tuple):
            Image.new("RGB", (256, 256), pixels).save(tmp_path / name)
        else:
            Image.fromarray(pixels).save(tmp_path / name)
        return Still(tmp_path / name)

    return _draw


def brightness(pieces: Sequence[bytes] | Iterator[bytes]) -> NDArray[np.float64]:
    """Return what is seen on the bare stage, frame by frame: 0 is black, 1 is white."""
    width, height = BARE.window
    planes = [np.frombuffer(piece[: width * height], np.uint8).reshape(height, width) for piece in pieces]
    return (np.array(planes) - 16.0) / 219


def opacity(piece: bytes) -> NDArray[np.uint8]:
    size = STAGE.panel.width * STAGE.panel.height
    return np.frombuffer(piece[-size:], np.uint8).reshape(STAGE.panel.height, -1)


def dot(x: float, y: float) -> NDArray[np.uint8]:
    """Return a picture with a soft dot."""
    down, across = np.mgrid[0:256, 0:256]
    light = 220 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * 5.0**2))
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


def places(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the middle of what is bright in each frame."""
    light = np.clip(seen - 0.02, 0, None)
    down, across = np.mgrid[0 : seen.shape[1], 0 : seen.shape[2]]
    total = light.sum((1, 2))
    return np.stack([(light * across).sum((1, 2)) / total, (light * down).sum((1, 2)) / total], axis=1)


@pytest.mark.parametrize("motion", ["zoom-in", "zoom-out", "left", "right", "up", "down"])
@pytest.mark.parametrize("at", [(60, 70), (180, 190), (70, 180)])
def test_a_picture_moves_by_the_same_part_of_a_pixel_with_every_frame(
    draw: Draw, ffmpeg: Ffmpeg, motion: Motion, at: tuple[int, int]
) -> None:
    shot = Shown(draw(dot(*at)), FRAMES, motion)
    steps = np.diff(places(brightness(layers([shot], None, BARE, 30, ffmpeg))), axis=0)
    assert len(steps) == FRAMES - 1
    assert np.abs(steps - steps.mean(0)).max() < LIMIT_PX
    assert np.hypot(*steps.mean(0)) > 0.05


@pytest.mark.parametrize("period", [3, 4, 6])
def test_fine_stripes_do_not_shimmer(draw: Draw, ffmpeg: Ffmpeg, period: int) -> None:
    """How clear they are in a part of the picture does not change from frame to frame, wherever they are."""
    stripe = 128 + 90 * np.cos(2 * np.pi * np.arange(256) / period)
    stripes = np.repeat(np.repeat(stripe[None, :, None], 256, 0), 3, 2).astype(np.uint8)
    seen = brightness(layers([Shown(draw(stripes), FRAMES, "zoom-in")], None, BARE, 30, ffmpeg))
    parts = seen[:, 100, : 240 // 24 * 24].reshape(FRAMES, -1, 24)
    clear = parts.std(2) / (90 / 255 / 2**0.5)
    assert clear.mean() > 0.4
    assert np.abs(np.diff(clear, axis=0)).mean() < 0.02
    assert clear.std(0).max() < 0.06


def test_a_picture_that_does_not_move_is_sent_until_its_transition_is_over(draw: Draw, ffmpeg: Ffmpeg) -> None:
    still = draw((200, 40, 40))
    for transition in ("cut", "pop", "fade"):
        sent = list(layers([Shown(still, FRAMES, "none", transition)], None, STAGE, 30, ffmpeg))
        assert len(sent) == transition_frames(transition, 30, FRAMES) + 1
    assert standing([Shown(still, FRAMES)]) is still
    assert standing([Shown(still, FRAMES, "none", "pop")]) is None
    assert standing([Shown(still, FRAMES, "left")]) is None
    assert standing([Shown(None, FRAMES)]) is None


def test_the_frame_stays_white_and_round(draw: Draw, ffmpeg: Ffmpeg) -> None:
    [piece] = layers([Shown(draw((0, 0, 0)), FRAMES)], None, STAGE, 30, ffmpeg)
    alpha = opacity(piece)
    assert alpha[0, 0] == 0
    assert (alpha[STAGE.radius : -STAGE.radius] == 255).all()
    size = STAGE.panel.width * STAGE.panel.height
    whole = np.frombuffer(piece[:size], np.uint8).reshape(alpha.shape)
    assert (whole[: STAGE.border] == 235).all()
    assert (whole[:, -STAGE.border :] == 235).all()
    assert whole[STAGE.border, STAGE.border] > 200  # the corner is round inside, too
    assert whole[STAGE.border + 30, STAGE.border + 30] == 16


def test_pop_springs_up_from_a_smaller_frame(draw: Draw, ffmpeg: Ffmpeg) -> None:
    pieces = list(layers([Shown(draw((90, 90, 90)), FRAMES, "none", "pop")], None, STAGE, 30, ffmpeg))
    widths = [(opacity(piece)[STAGE.panel.height // 2] > 127).sum() for piece in pieces]
    assert widths == sorted(widths)
    assert 0.8 * STAGE.panel.width < widths[0] < 0.95 * STAGE.panel.width
    assert widths[-1] == STAGE.panel.width


@pytest.mark.parametrize("transition", ["slide", "whip", "fade"])
@pytest.mark.parametrize("inside", [True, False], ids=["of the line", "of the line before"])
def test_the_shot_before_gives_way(draw: Draw, ffmpeg: Ffmpeg, transition: Transition, *, inside: bool) -> None:
    white, black = draw((255, 255, 255), "white.png"), draw((0, 0, 0), "black.png")
    first, second = Shown(white, 5), Shown(black, FRAMES, "none", transition)
    shots, before = ([first, second], None) if inside else ([second], first)
    seen = brightness(layers(shots, before, BARE, 30, ffmpeg))[5 * inside :]
    light = seen[:, 40:-40].mean((1, 2))
    assert list(light) == sorted(light, reverse=True)
    assert 0.5 < light[0] < 1
    assert light[-1] == 0
    if transition == "slide":
        assert seen[0, 100, 0] == pytest.approx(1, abs=0.01)  # the one before leaves to the left
        assert seen[0, 100, -1] == 0


def test_the_shot_before_is_shown_as_it_ended(draw: Draw, ffmpeg: Ffmpeg) -> None:
    """However long it was: nothing but its picture and its motion decides how it ended."""
    moved = draw(dot(70, 70))
    after = Shown(draw((0, 0, 0), "b.png"), FRAMES, "none", "fade")
    ends = []
    for frames in (1, 40):
        first, *_ = layers([after], Shown(moved, frames, "zoom-in"), BARE, 30, ffmpeg)
        ends.append(first)
    assert ends[0] == ends[1]
    last = brightness(layers([Shown(moved, 40, "zoom-in")], None, BARE, 30, ffmpeg))[-1]
    seen = brightness([ends[0]])[0]
    assert places(seen[None])[0] == pytest.approx(places(last[None])[0], abs=0.5)


def test_without_a_shot_before_the_ground_is_seen(draw: Draw, ffmpeg: Ffmpeg) -> None:
    red, green, blue = GROUND
    white = Shown(draw((255, 255, 255)), FRAMES, "none", "slide")
    seen = brightness(layers([white], None, BARE, 30, ffmpeg))
    assert seen[0, 100, 0] == pytest.approx((0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255, abs=0.005)


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 160, 30)])
def test_colours_are_those_of_bt709(draw: Draw, ffmpeg: Ffmpeg, colour: tuple[int, int, int]) -> None:
    [piece] = layers([Shown(draw(colour), 3)], None, STAGE, 30, ffmpeg)
    width, height = STAGE.panel.width, STAGE.panel.height
    y, u, v, _ = np.split(np.frombuffer(piece, np.uint8), np.cumsum([width * height, *[width * height // 4] * 2]))
    seen = [
        float(plane.reshape(height // scale, -1)[height // scale // 2, width // scale // 2])
        for plane, scale in ((y, 1), (u, 2), (v, 2))
    ]
    red, green, blue = colour
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    wanted = [
        16 + light * 219 / 255,
        128 + (blue - light) / 1.8556 * 224 / 255,
        128 + (red - light) / 1.5748 * 224 / 255,
    ]
    assert seen == pytest.approx(wanted, abs=1)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"bad\.png: it cannot be read as a picture"):
        list(layers([Shown(Still(tmp_path / "bad.png"), 5, "left")], None, STAGE, 30, ffmpeg))


shots_of_any_kind = st.lists(
    st.tuples(
        st.sampled_from(["picture", "dark", "nothing"]),
        st.integers(0, 25),
        st.sampled_from(get_args(Motion)[1:]),
        st.sampled_from(get_args(Transition)),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Still | None]:
    folder = tmp_path_factory.mktemp("drawn")
    Image.fromarray(dot(90, 100)).save(folder / "picture.png")
    Image.new("RGB", (300, 150), (20, 30, 60)).save(folder / "dark.png")
    return {"picture": Still(folder / "picture.png"), "dark": Still(folder / "dark.png"), "nothing": None}


@settings(deadline=None, max_examples=40)
@given(line=shots_of_any_kind, before=st.sampled_from(["picture", "nothing", "none"]))
def test_the_frames_of_shots_add_up_whatever_they_are(
    ffmpeg: Ffmpeg, drawn: dict[str, Still | None], line: list[tuple[str, int, Motion, Transition]], before: str
) -> None:
    """Only what no longer changes at the end of a line is left out; all frames are whole."""
    shots = [Shown(drawn[name], frames, motion, transition) for name, frames, motion, transition in line]
    first = None if before == "none" else Shown(drawn[before], 1, "zoom-in")
    pieces = list(layers(shots, first, STAGE, 30, ffmpeg))
    total = sum(shot.frames for shot in shots)
    last = shots[-1]
    left_out = last.frames - transition_frames(last.transition, 30, last.frames) - 1 if last.frames else 0
    if last.picture is None:
        left_out = max(0, last.frames - 1)
    assert len(pieces) == total - (left_out if last.motion == "none" else 0)
    assert {len(piece) for piece in pieces} <= {STAGE.panel.width * STAGE.panel.height * 5 // 2}
    seen = [opacity(piece).any() for piece in pieces]
    assert seen == [shot.picture is not None for shot in shots for _ in range(shot.frames)][: len(seen)]
