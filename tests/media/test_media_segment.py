"""Segments: the plate over the background, captions over both, and segments joined to an episode."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import av
import fontpkg_poppins
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from reelmake.core.errors import MediaError
from reelmake.layout.frame import Box
from reelmake.layout.timeline import Pan
from reelmake.media import voice as sound
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import Backdrop, Captions, Frame, Layer, Shot, aac_frames, segment_args
from reelmake.media.inspect import sheet
from reelmake.media.mp4 import read_track
from reelmake.media.soundtrack import Score, encode_soundtrack, write_soundtrack
from reelmake.media.video import Moving, join, normalise, segment

FRAME = Frame(180, 320, 30)
SPF = 1600
CAPTIONS = """[Script Info]
ScriptType: v4.00+
PlayResX: 180
PlayResY: 320
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment, Bold
Style: Default,{font},60,&H00FFFFFF,5,0
[Events]
Format: Start, End, Style, Text
Dialogue: 0:00:00.48,0:00:09.00,Default,{text}
"""


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


@pytest.fixture(scope="module")
def backdrop(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Ffmpeg) -> Backdrop:
    folder = tmp_path_factory.mktemp("background")
    grey = ["-f", "lavfi", "-i", "color=c=0x606060:s=180x320:r=30:d=2"]
    ffmpeg.run([*grey, str(folder / "a.mkv")], doing="drawing")
    return Backdrop(str(folder / "b.mp4"), normalise(folder / "a.mkv", folder / "b.mp4", FRAME, ffmpeg), Pan(0, 30))


def plate(colour: tuple[int, int, int, int], rows: slice = slice(None)) -> bytes:
    pixels = np.zeros((FRAME.height, FRAME.width, 4), np.uint8)
    pixels[rows] = colour
    return pixels.tobytes()


def pictures(video: Path) -> NDArray[np.uint8]:
    with av.open(str(video)) as file:
        convert = VideoReformatter()
        return np.array([convert.reformat(frame, format="rgb24").to_ndarray() for frame in file.decode(video=0)])


@pytest.mark.parametrize("pan", [Pan(0, 30), Pan(17, 60)])
def test_the_plate_lies_over_every_frame(tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop, pan: Pan) -> None:
    moving = Backdrop(backdrop.path, backdrop.loop_frames, pan)
    segment(plate((224, 128, 32, 128), slice(100, 200)), Shot(FRAME, 50, moving, None), tmp_path / "a.mp4", ffmpeg)
    seen = pictures(tmp_path / "a.mp4").astype(int)
    assert seen.shape == (50, 320, 180, 3)
    assert np.abs(seen[:, 10:90] - 0x60).max() <= 4
    assert np.abs(seen[:, 110:190] - [160, 112, 64]).max() <= 6


def test_without_a_background_the_plate_is_the_picture(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    segment(plate((224, 128, 32, 255)), Shot(FRAME, 40, None, None), tmp_path / "a.mp4", ffmpeg)
    seen = pictures(tmp_path / "a.mp4").astype(int)
    assert len(seen) == 40
    assert np.abs(seen - [224, 128, 32]).max() <= 4


def test_a_picture_serves_as_a_background(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    draw = ["-f", "lavfi", "-i", "color=c=0x208040:s=400x400", "-frames:v", "1", str(tmp_path / "a.png")]
    ffmpeg.run(draw, doing="drawing")
    assert normalise(tmp_path / "a.png", tmp_path / "still.mp4", FRAME, ffmpeg) == 1
    still = Backdrop(str(tmp_path / "still.mp4"), 1, Pan(0, 60))
    segment(plate((224, 128, 32, 255), slice(160, 320)), Shot(FRAME, 45, still, None), tmp_path / "a.mp4", ffmpeg)
    seen = pictures(tmp_path / "a.mp4").astype(int)
    assert len(seen) == 45
    assert np.abs(seen[:, 10:150] - [0x20, 0x80, 0x40]).max() <= 6
    assert np.abs(seen[:, 170:] - [224, 128, 32]).max() <= 6


def fonts(folder: Path) -> Path:
    folder.mkdir(parents=True)
    [bold] = Path(fontpkg_poppins.ROOT).rglob("Poppins-Bold.ttf")
    shutil.copy(bold, folder)
    return folder


@pytest.mark.parametrize("name", ["plain", "it's, [a] \\ test: ünï;code 100% =x"])
@pytest.mark.parametrize("over", ["video", "nothing"])
def test_captions_appear_on_their_frame_wherever_their_files_are(
    tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop, name: str, over: str
) -> None:
    captions = Captions(str(tmp_path / name / "a.ass"), str(fonts(tmp_path / name / "fonts")), [0, 15])
    Path(captions.ass).write_text(CAPTIONS.format(font="Poppins", text="HI"))
    shot = Shot(FRAME, 30, backdrop if over == "video" else None, captions)
    out = tmp_path / name / "a.mp4"
    segment(plate((96, 96, 96, 255)), shot, out, ffmpeg)
    bright = (pictures(out).min(3) > 230).mean((1, 2))
    # 0.48 s is half a frame before frame 15
    assert (bright[:15] == 0).all()
    assert (bright[15:] > 0.005).all()


def test_captions_may_change_as_often_as_a_long_line_has_words(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """For ffmpeg, a sum of some hundred numbers is nested too deep."""
    captions = Captions(str(tmp_path / "a.ass"), str(fonts(tmp_path / "fonts")), range(0, 600, 3))
    Path(captions.ass).write_text(CAPTIONS.format(font="Poppins", text="HI"))
    segment(plate((96, 96, 96, 255)), Shot(FRAME, 600, None, captions), tmp_path / "a.mp4", ffmpeg)
    bright = (pictures(tmp_path / "a.mp4").min(3) > 230).mean((1, 2))
    assert np.flatnonzero(bright > 0.005).tolist() == list(range(15, 270))


def test_a_sheet_may_show_as_many_frames_as_an_episode_has_lines(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    segment(plate((224, 128, 32, 255)), Shot(FRAME, 300, None, None), tmp_path / "a.mp4", ffmpeg)
    sheet(tmp_path / "a.mp4", range(0, 300, 2), tmp_path / "sheet.jpg", ffmpeg)
    with Image.open(tmp_path / "sheet.jpg") as shown:
        assert shown.height > shown.width > 216


def test_a_font_that_is_not_in_the_folder_is_not_taken_from_the_machine(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    captions = Captions(str(tmp_path / "a.ass"), str(fonts(tmp_path / "fonts")), [0, 15])
    made = []
    for font in ("Poppins", "DejaVu Sans", "No Such Font"):
        Path(captions.ass).write_text(CAPTIONS.format(font=font, text="Hi"))
        segment(plate((0, 0, 0, 255)), Shot(FRAME, 20, None, captions), tmp_path / "a.mp4", ffmpeg)
        made.append(pictures(tmp_path / "a.mp4"))
    assert made[0][-1].max() > 230
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])


@pytest.mark.parametrize(("text", "told"), [("Hi \u4e2d", r"U\+4E2D;"), ("\U0001f600\u6587", r"U\+1F600, U\+6587;")])
def test_a_sign_that_no_font_has_is_an_error(tmp_path: Path, ffmpeg: Ffmpeg, text: str, told: str) -> None:
    captions = Captions(str(tmp_path / "a.ass"), str(fonts(tmp_path / "fonts")), [0, 15])
    Path(captions.ass).write_text(CAPTIONS.format(font="Poppins", text=text))
    with pytest.raises(MediaError, match=told):
        segment(plate((0, 0, 0, 255)), Shot(FRAME, 20, None, captions), tmp_path / "a.mp4", ffmpeg)
    Path(captions.ass).write_text(CAPTIONS.format(font="Poppins", text="a\u0301\u200d\u00a0\u00ad."))
    segment(plate((0, 0, 0, 255)), Shot(FRAME, 20, None, captions), tmp_path / "a.mp4", ffmpeg)


def test_missing_captions_are_an_error(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    shot = Shot(FRAME, 20, None, Captions(str(tmp_path / "none.ass"), str(tmp_path), [0]))
    with pytest.raises(MediaError, match=r"composing .*a\.mp4 failed: .*none\.ass"):
        segment(plate((0, 0, 0, 255)), shot, tmp_path / "a.mp4", ffmpeg)


def test_a_plate_of_another_size_is_refused(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    with pytest.raises(MediaError, match="not 180x320 RGBA"):
        segment(bytes(100), Shot(FRAME, 20, None, None), tmp_path / "a.mp4", ffmpeg)


def test_a_background_that_ended_too_early_is_an_error(tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop) -> None:
    shot = Shot(FRAME, 70, Backdrop(backdrop.path, 600, Pan(0, 70)), None)
    with pytest.raises(MediaError, match="made 60 frames of 70"):
        segment(plate((0, 0, 0, 0)), shot, tmp_path / "a.mp4", ffmpeg)


def test_the_same_shot_gives_the_same_bytes(tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop) -> None:
    captions = Captions(str(tmp_path / "a.ass"), str(fonts(tmp_path / "fonts")), [0, 15])
    Path(captions.ass).write_text(CAPTIONS.format(font="Poppins", text="HI"))
    for name in ("a.mp4", "b.mp4"):
        shot = Shot(FRAME, 30, backdrop, captions)
        segment(plate((9, 99, 199, 99)), shot, tmp_path / name, ffmpeg)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_segment_is_the_same_on_every_processor(tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop) -> None:
    """With all of ffmpeg's special instructions and with none; x264 keeps its own, and has a switch of its own."""
    captions = Captions(str(tmp_path / "a.ass"), str(fonts(tmp_path / "fonts")), [0, 15])
    Path(captions.ass).write_text(CAPTIONS.format(font="Poppins", text="HI"))
    noise = np.random.default_rng(1).integers(0, 255, (FRAME.height, FRAME.width, 4), np.uint8).tobytes()
    made = []
    for cpu in ([], ["-cpuflags", "0"]):
        args = segment_args(Shot(FRAME, 20, backdrop, captions), str(tmp_path / "a.mp4"))
        ffmpeg.run([*cpu, *args], doing="composing", stdin=noise)
        made.append((tmp_path / "a.mp4").read_bytes())
    assert made[0] == made[1]


def moving(frames: int) -> list[bytes]:
    """Return a panel of 40x30 pixels, opaque but for its left half, that becomes brighter with every frame."""
    alpha = np.full((30, 40), 255, np.uint8)
    alpha[:, :20] = 0
    colour = bytes([128]) * (2 * 20 * 15)
    return [bytes([40 + at]) * 1200 + colour + alpha.tobytes() for at in range(frames)]


@pytest.mark.parametrize("over", ["video", "picture", "nothing"])
def test_what_moves_lies_between_the_background_and_the_plate(
    tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop, over: str
) -> None:
    """After the last of its pictures, it stands still; and what is below moves on."""
    ground = plate((0x60, 0x60, 0x60, 255))
    if over == "picture":
        draw = ["-f", "lavfi", "-i", "color=c=0x606060:s=180x320", "-frames:v", "1", str(tmp_path / "a.png")]
        ffmpeg.run(draw, doing="drawing")
        normalise(tmp_path / "a.png", tmp_path / "still.mp4", FRAME, ffmpeg)
    below = {"video": backdrop, "picture": Backdrop(str(tmp_path / "still.mp4"), 1, Pan(0, 60)), "nothing": None}[over]
    captions = Captions(str(tmp_path / "a.ass"), str(fonts(tmp_path / "fonts")), [0, 15])
    Path(captions.ass).write_text(CAPTIONS.format(font="Poppins", text="HI"))
    panel = Moving(Box(60, 100, 40, 30), moving(20), ground)
    over_it = plate((255, 0, 0, 255), slice(120, 140))
    segment(over_it, Shot(FRAME, 40, below, captions), tmp_path / "a.mp4", ffmpeg, panel)
    seen = pictures(tmp_path / "a.mp4").astype(int)
    assert len(seen) == 40
    assert np.abs(seen[:, 20:90, 20:50] - 0x60).max() <= 6
    assert np.abs(seen[:, 104:116, 64:76] - 0x60).max() <= 6  # where the panel is transparent
    light = (np.arange(40).clip(max=19) + 40 - 16) * 255 / 219
    assert np.abs(seen[:, 104:116, 84:96].mean((1, 2, 3)) - light).max() <= 3
    assert seen[:, 124:128, 84:96, 0].min() > 200  # the plate is before it
    bright = (seen[:, 130:190].min(3) > 230).mean((1, 2))
    assert (bright[:15] == 0).all()
    assert (bright[15:] > 0.005).all()


def test_what_moves_is_the_same_on_every_processor(tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (FRAME.height, FRAME.width, 4), np.uint8).tobytes()
    Path(tmp_path, "plate").write_bytes(noise)
    Path(tmp_path, "ground").write_bytes(noise)
    layer = Layer(Box(60, 100, 40, 30), str(tmp_path / "plate"), str(tmp_path / "ground"))
    for below in (backdrop, None):
        made = []
        for cpu in ([], ["-cpuflags", "0"]):
            args = segment_args(Shot(FRAME, 20, below, None), str(tmp_path / "a.mp4"), layer)
            ffmpeg.report([*cpu, *args], doing="composing", stdin=iter(moving(20)))
            made.append((tmp_path / "a.mp4").read_bytes())
        assert made[0] == made[1]


def test_what_is_wrong_with_a_picture_ends_the_segment(tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop) -> None:
    def broken() -> Iterator[bytes]:
        yield moving(1)[0]
        raise MediaError("b.png: it cannot be read as a picture")

    panel, shot = Moving(Box(60, 100, 40, 30), broken()), Shot(FRAME, 20, backdrop, None)
    with pytest.raises(MediaError, match=r"b\.png: it cannot"):
        segment(plate((0, 0, 0, 0)), shot, tmp_path / "a.mp4", ffmpeg, panel)


def test_ffmpeg_inserts_no_conversion_of_its_own(tmp_path: Path, ffmpeg: Ffmpeg, backdrop: Backdrop) -> None:
    """It would do so silently, with settings that differ between processors."""
    Path(tmp_path, "plate").write_bytes(plate((0, 0, 0, 9)))
    layer = Layer(Box(60, 100, 40, 30), str(tmp_path / "plate"), str(tmp_path / "plate"))
    for shot, laid in product((Shot(FRAME, 5, backdrop, None), Shot(FRAME, 5, None, None)), (None, layer)):
        args = segment_args(shot, str(tmp_path / "a.mp4"), laid)
        args[args.index("warning")] = "verbose"
        (tmp_path / "plate").write_bytes(plate((0, 0, 0, 255)))
        told = ffmpeg.report([str(tmp_path / "plate") if arg == "pipe:0" else arg for arg in args], doing="composing")
        assert "overlay" in told or shot.backdrop is None
        assert "auto_scale" not in told


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Ffmpeg, backdrop: Backdrop) -> tuple[Path, list[int]]:
    """An episode whose lines begin with a white frame's flash and a beep."""
    folder = tmp_path_factory.mktemp("it's an episode")
    frames = [31, 1, 47, 90, 30, 2, 61]
    fonts(folder / "fonts")
    beep = np.rint(9000 * np.sin(2 * np.pi * 1000 * np.arange(400) / 48_000)).astype("<i2").tobytes()
    segments, voices, starts, at = [], [], [], 0
    for number, count in enumerate(frames):
        flash, line, voice = folder / "flash.ass", folder / f"{number}.mp4", folder / f"{number}.wav"
        drawing = r"{\an7\pos(0,0)\p1}m 0 0 l 180 0 180 320 0 320"
        shown = CAPTIONS.format(font="x", text=drawing).replace("0:00:00.48,0:00:09.00", "0:00:00.00,0:00:00.02")
        flash.write_text(shown)
        shot = Shot(FRAME, count, backdrop, Captions(str(flash), str(folder / "fonts"), [0, 1]))
        segment(plate((0, 0, 0, 0)), shot, line, ffmpeg)
        voice.write_bytes(sound.wav(beep))
        segments.append(line)
        voices.append(voice)
        starts.append(at)
        at += count
    score = Score(tuple(voices), tuple(SPF * start for start in starts), SPF * at, None, 0)
    for name in ("one.mp4", "two.mp4"):
        write_soundtrack(score, folder / "sound.wav")
        encode_soundtrack(folder / "sound.wav", folder / "sound.aac", ffmpeg)
        assert join(segments, folder / "sound.aac", folder / name, FRAME, ffmpeg) == at
    return folder, starts


def boxes(path: Path) -> Counter[str]:
    """Return how large the boxes of the top level of an mp4 are, by name, in their order."""
    found: Counter[str] = Counter()
    content, at = path.read_bytes(), 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        found[content[at + 4 : at + 8].decode()] += size
        at += size
    return found


@pytest.mark.parametrize("fps", [24, 25, 30, 50, 60])
@pytest.mark.parametrize(("count", "frames"), [(1, 1), (1, 40), (60, 60)])
def test_the_index_comes_first_into_room_that_is_enough_and_little_more(
    tmp_path: Path, ffmpeg: Ffmpeg, fps: int, count: int, frames: int
) -> None:
    frame = Frame(16, 16, fps)
    segment(plate((90, 0, 0, 255))[: 16 * 16 * 4], Shot(frame, frames, None, None), tmp_path / "a.mp4", ffmpeg)
    samples = count * frames * (48_000 // fps)
    silence = ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-frames:a", str(aac_frames(samples))]
    ffmpeg.run([*silence, "-c:a", "aac", "-f", "adts", str(tmp_path / "a.aac")], doing="drawing")
    assert join([tmp_path / "a.mp4"] * count, tmp_path / "a.aac", tmp_path / "o.mp4", frame, ffmpeg) == count * frames
    sizes = boxes(tmp_path / "o.mp4")
    assert list(sizes) == ["ftyp", "moov", "free", "mdat"]
    assert sizes["free"] < 1000 * count * frames / fps + 2048  # a kilobyte for each second


def test_every_line_starts_on_its_frame_and_on_its_sample(episode: tuple[Path, list[int]]) -> None:
    folder, starts = episode
    seen = pictures(folder / "one.mp4")
    bright = np.flatnonzero(seen.mean((1, 2, 3)) > 200)
    assert bright.tolist() == starts
    with av.open(str(folder / "one.mp4")) as file:
        stream = file.streams.audio[0]
        pieces = [(frame.pts or 0, frame.to_ndarray()[0]) for frame in file.decode(stream)]
    heard = np.zeros(pieces[-1][0] + len(pieces[-1][1]))
    for pts, piece in pieces:
        heard[pts : pts + len(piece)] = piece
    for start in starts:
        around = np.abs(heard[max(0, start * SPF - 400) : start * SPF + 400])
        onset = np.flatnonzero(around > around.max() / 2)[0] - min(400, start * SPF)
        assert abs(onset) <= 48  # a millisecond


def test_the_episode_is_what_the_platforms_ask_for(episode: tuple[Path, list[int]], ffmpeg: Ffmpeg) -> None:
    folder, _ = episode
    frames = 31 + 1 + 47 + 90 + 30 + 2 + 61
    with av.open(str(folder / "one.mp4")) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        codec = video.codec_context
        assert (codec.name, codec.profile, codec.pix_fmt) == ("h264", "High", "yuv420p")
        assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (1, 1, 1, 1)
        assert (video.frames, float(video.average_rate or 0), video.start_time) == (frames, 30.0, 0)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48_000, 2)
        assert audio.start_time == 0
        assert audio.duration == frames * SPF
        times = [packet.pts for packet in file.demux(video) if packet.pts is not None]
        assert times == [512 * frame for frame in range(frames)]
    body = (folder / "one.mp4").read_bytes()
    assert 0 < body.index(b"moov") < body.index(b"mdat")
    assert body == (folder / "two.mp4").read_bytes()
    ffmpeg.run(["-v", "error", "-xerror", "-i", str(folder / "one.mp4"), "-f", "null", "-"], doing="decoding all")


def test_a_segment_that_was_encoded_differently_is_named(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    for name in ("a.mp4", "b.mp4"):
        segment(plate((0, 0, 0, 255)), Shot(FRAME, 5, None, None), tmp_path / name, ffmpeg)
    args = segment_args(Shot(FRAME, 5, None, None), str(tmp_path / "b.mp4"))
    ffmpeg.run([arg.replace("bframes=0", "bframes=0:cabac=0") for arg in args], doing="", stdin=plate((0, 0, 0, 255)))
    assert read_track(tmp_path / "b.mp4").frames == 5
    with pytest.raises(MediaError, match=r"b\.mp4 was encoded differently from .*a\.mp4"):
        join([tmp_path / "a.mp4", tmp_path / "b.mp4"], tmp_path / "s.aac", tmp_path / "o.mp4", FRAME, ffmpeg)
    with pytest.raises(MediaError, match=r"a\.mp4 was encoded differently"):
        join([tmp_path / "a.mp4"], tmp_path / "s.aac", tmp_path / "o.mp4", Frame(180, 320, 25), ffmpeg)
    assert not (tmp_path / "o.mp4").exists()
