"""What a line shows of the background, frame by frame, read back from the encoded segment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelmake.layout.timeline import Pan, shown_frame
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import Backdrop, Frame, Shot
from reelmake.media.video import normalise, segment

FRAME = Frame(128, 64, 30)
BITS = 8
PLATE = bytes(4 * FRAME.width * FRAME.height)


def numbered(out: Path, frames: int, frame: Frame, ffmpeg: Ffmpeg) -> Path:
    """Make a background whose frames carry their number as eight black or white bars."""
    numbers = np.arange(frames)[:, None] >> np.arange(BITS) & 1
    pictures = np.repeat(np.repeat(numbers[:, None, :] * 255, frame.height, 1), frame.width // BITS, 2)
    size = ["-video_size", f"{frame.width}x{frame.height}", "-framerate", str(frame.fps)]
    raw, source = ["-f", "rawvideo", "-pix_fmt", "gray", *size, "-i", "pipe:0"], out.with_suffix(".mkv")
    ffmpeg.run([*raw, "-c:v", "ffv1", str(source)], doing="drawing", stdin=pictures.astype(np.uint8).tobytes())
    assert normalise(source, out, frame, ffmpeg) == frames
    return out


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Ffmpeg) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("loops")
    return {frames: numbered(folder / f"{frames}.mp4", frames, FRAME, ffmpeg) for frames in (2, 10, 100, 240)}


def read_numbers(video: Path, ffmpeg: Ffmpeg) -> list[int]:
    gray = ["-v", "error", "-i", str(video), "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    pixels = np.frombuffer(ffmpeg.run(gray, doing="reading"), np.uint8).reshape(-1, FRAME.height, FRAME.width)
    bars = pixels[:, FRAME.height // 2, FRAME.width // BITS // 2 :: FRAME.width // BITS] > 127
    return [int(number) for number in (bars << np.arange(BITS)).sum(1)]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param((240, Pan(0, 50), 50), id="exact speed from the start"),
        pytest.param((240, Pan(37, 50), 50), id="exact speed from between keyframes"),
        pytest.param((240, Pan(60, 60), 71), id="slower"),
        pytest.param((240, Pan(61, 30), 44), id="slowest"),
        pytest.param((240, Pan(30, 90), 76), id="faster"),
        pytest.param((240, Pan(5, 30), 8), id="much faster than it is shown"),
        pytest.param((240, Pan(5, 30), 1), id="a single frame"),
        pytest.param((240, Pan(180, 60), 67), id="up to the last frame, slower"),
        pytest.param((240, Pan(180, 60), 60), id="up to the last frame"),
        pytest.param((240, Pan(0, 240), 240), id="the whole loop"),
        pytest.param((240, Pan(239, 30), 40), id="starts at the last frame"),
        pytest.param((240, Pan(220, 60), 50), id="wraps, faster"),
        pytest.param((100, Pan(90, 30), 41), id="wraps, slower"),
        pytest.param((100, Pan(0, 330), 320), id="wraps three times from the start"),
        pytest.param((100, Pan(99, 330), 341), id="wraps three times from the last frame"),
        pytest.param((10, Pan(7, 60), 69), id="far shorter than the line"),
        pytest.param((2, Pan(1, 90), 77), id="two frames"),
    ],
)
def test_a_line_shows_exactly_the_frames_that_the_timeline_says(
    loops: dict[int, Path], ffmpeg: Ffmpeg, tmp_path: Path, case: tuple[int, Pan, int]
) -> None:
    loop_frames, pan, frames = case
    shot = Shot(FRAME, frames, Backdrop(str(loops[loop_frames]), loop_frames, pan), None)
    segment(PLATE, shot, tmp_path / "line.mp4", ffmpeg)
    expected = [shown_frame(pan, frames, index) % loop_frames for index in range(frames)]
    assert read_numbers(tmp_path / "line.mp4", ffmpeg) == expected


@pytest.mark.parametrize("fps", [24, 25, 50, 60])
@pytest.mark.parametrize("pan", [Pan(100, 50), Pan(119, 50), Pan(73, 30)])
def test_it_does_so_at_every_rate(ffmpeg: Ffmpeg, tmp_path: Path, fps: int, pan: Pan) -> None:
    frame = Frame(FRAME.width, FRAME.height, fps)
    backdrop = Backdrop(str(numbered(tmp_path / "loop.mp4", 120, frame, ffmpeg)), 120, pan)
    segment(PLATE, Shot(frame, 45, backdrop, None), tmp_path / "line.mp4", ffmpeg)
    assert read_numbers(tmp_path / "line.mp4", ffmpeg) == [shown_frame(pan, 45, index) % 120 for index in range(45)]
