"""Whatever an author names as a background becomes the same kind of file, with true colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from reelmake.core.errors import MediaError
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import Frame, Looks, normalise_args
from reelmake.media.mp4 import read_track
from reelmake.media.probe import Want, look, problem
from reelmake.media.video import normalise

FRAME = Frame(180, 320, 30)
ORANGE = (224, 128, 32)


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


def draw(out: Path, ffmpeg: Ffmpeg, what: str, *options: str) -> Path:
    ffmpeg.run(["-v", "error", "-f", "lavfi", "-i", what, *options, str(out)], doing="drawing")
    return out


def colour(size: str = "640x480", rate: int = 30, seconds: float = 1) -> str:
    return f"color=c=0x{bytes(ORANGE).hex()}:s={size}:r={rate}:d={seconds},format=gbrp"


def pictures(video: Path) -> NDArray[np.float64]:
    """Return a video as RGB, taken as bt709 in studio range whatever it says."""
    frames = []
    with av.open(str(video)) as file:
        convert = VideoReformatter()
        for frame in file.decode(video=0):
            planes = convert.reformat(frame, format="yuv444p").to_ndarray().astype(float)
            y, b, r = (
                (planes[0].squeeze() - 16) / 219,
                (planes[1].squeeze() - 128) / 224,
                (planes[2].squeeze() - 128) / 224,
            )
            frames.append(np.stack([y + 1.5748 * r, y - 0.1873 * b - 0.4681 * r, y + 1.8556 * b], -1) * 255)
    return np.array(frames)


def to(matrix: str, levels: str = "tv") -> str:
    return f",scale=out_color_matrix={matrix}:out_range={levels}"


def tags(name: str, matrix: str | None = None) -> tuple[str, ...]:
    return ("-color_primaries", name, "-color_trc", name, "-colorspace", matrix or name)


YUV = ",format=yuv420p"
MPEG4 = ("-c:v", "mpeg4", "-q:v", "2")
INTERLACED = ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "2")
TAGGED = ",setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
TO_HLG = (
    ",zscale=transfer=linear:npl=203,format=gbrpf32le,"
    "zscale=primaries=bt2020:transfer=arib-std-b67:matrix=bt2020nc:range=tv:npl=203,format=yuv420p10le"
)
SOURCES = {
    "rgb": (colour(), "a.mkv", ("-c:v", "ffv1")),
    "bt709": (colour() + to("bt709") + YUV, "a.mp4", tags("bt709")),
    "bt601": (colour() + to("bt601") + YUV, "a.mp4", tags("smpte170m")),
    "bt2020": (colour() + to("bt2020") + YUV, "a.mp4", tags("bt709", "bt2020nc")),
    "full range": (colour() + to("bt709", "pc") + YUV, "a.mp4", (*tags("bt709"), "-color_range", "pc")),
    "untagged, small": (colour() + to("bt601") + YUV, "a.avi", MPEG4),
    "untagged, large": (colour("1280x720") + to("bt709") + YUV, "a.avi", MPEG4),
    "ten bits": (colour() + to("bt709") + ",format=yuv420p10le", "a.mp4", tags("bt709")),
    "png": (colour(), "a.png", ("-frames:v", "1")),
    "jpeg": (colour("1280x720") + to("bt601", "pc") + ",format=yuvj420p", "a.jpg", ("-frames:v", "1")),
    "gif": (colour(seconds=0.5), "a.gif", ()),
    "hdr": (colour() + to("bt709") + ",format=yuv420p10le" + TAGGED + TO_HLG, "a.mkv", ("-c:v", "ffv1")),
    "another rate": (colour("320x180", rate=24) + to("bt709") + YUV, "a.mp4", tags("bt709")),
    "twice the rate": (colour("180x320", rate=60) + to("bt709") + YUV, "a.mp4", tags("bt709")),
    "interlaced": (
        colour("720x576", rate=25) + to("bt601") + YUV + ",setfield=tff", "a.mpg", (*INTERLACED, *tags("bt470bg"))
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOURCES)
def test_colours_survive(tmp_path: Path, ffmpeg: Ffmpeg, kind: str) -> None:
    graph, name, options = SOURCES[kind]
    source = draw(tmp_path / name, ffmpeg, graph, *options)
    frames = normalise(source, tmp_path / "out.mp4", FRAME, ffmpeg)
    seen = pictures(tmp_path / "out.mp4")
    assert seen.shape == (frames, FRAME.height, FRAME.width, 3)
    assert frames == {"png": 1, "jpeg": 1, "gif": 15}.get(kind, 30)
    tolerance = {"hdr": 40, "gif": 20}.get(kind, 8)  # tone mapping is a taste, and a GIF has few colours
    assert np.abs(seen - ORANGE).max() < tolerance
    with av.open(str(tmp_path / "out.mp4")) as file:
        stream = file.streams.video[0]
        codec = stream.codec_context
        assert [stream.type for stream in file.streams] == ["video"]
        assert codec.pix_fmt == "yuv420p"
        assert stream.average_rate == Fraction(FRAME.fps)
        assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (1, 1, 1, 1)


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA"])
def test_what_is_transparent_is_black_whatever_hides_there(tmp_path: Path, ffmpeg: Ffmpeg, mode: str) -> None:
    picture = Image.new("RGBA", (90, 160), (255, 255, 255, 0))
    picture.paste((200, 200, 200, 255), (0, 0, 45, 160))
    picture.convert(mode).save(tmp_path / "half.png")
    normalise(tmp_path / "half.png", tmp_path / "out.mp4", FRAME, ffmpeg)
    seen = pictures(tmp_path / "out.mp4")[0, 160]
    assert abs(int(seen[20, 0]) - 200) < 8
    assert seen[-20].max() < 8


def red_left_of(video: Path) -> float:
    """Return the share of the picture's width that is red."""
    return float((pictures(video)[0, 160, :, 0] > 128).mean())


@pytest.mark.parametrize(
    ("size", "options", "share"),
    [
        pytest.param((180, 320), (), 0.25, id="fits"),
        pytest.param((360, 640), (), 0.25, id="twice as large"),
        pytest.param((320, 320), (), 0.056, id="wide: its sides are cut off"),
        pytest.param((180, 500), (), 0.25, id="tall: top and bottom are cut off"),
        pytest.param((91, 161), (), 0.25, id="an odd number of pixels"),
        pytest.param((160, 320), ("-aspect", "1:1"), 0.056, id="pixels that are not square"),
    ],
)
def test_the_middle_of_any_shape_fills_the_frame(
    tmp_path: Path, ffmpeg: Ffmpeg, size: tuple[int, int], options: tuple[str, ...], share: float
) -> None:
    width, height = size
    what = f"color=black:s={width}x{height}:d=0.2:r=30,format=gbrp,drawbox=w={width // 4}:c=red:t=fill"
    source = draw(tmp_path / "a.mkv", ffmpeg, what, "-c:v", "ffv1", *options)
    normalise(source, tmp_path / "out.mp4", FRAME, ffmpeg)
    assert red_left_of(tmp_path / "out.mp4") == pytest.approx(share, abs=0.02)


def test_a_telephone_held_upright_stays_upright(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    what = "color=black:s=320x180:d=0.2:r=30,format=yuv420p,drawbox=w=80:c=red:t=fill"
    lying = draw(tmp_path / "lying.mp4", ffmpeg, what)
    turned = tmp_path / "turned.mp4"
    ffmpeg.run(["-v", "error", "-display_rotation", "90", "-i", str(lying), "-c", "copy", str(turned)], doing="turning")
    normalise(turned, tmp_path / "out.mp4", FRAME, ffmpeg)
    red = pictures(tmp_path / "out.mp4")[0, :, 90, 0] > 128
    assert red.mean() == pytest.approx(0.25, abs=0.02)


def test_frames_of_uneven_length_become_even(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    what = "color=black:s=180x320:d=4:r=30,format=yuv420p,select='lt(n,30)+not(mod(n,10))'"
    source = draw(tmp_path / "a.mkv", ffmpeg, what, "-fps_mode", "vfr")
    assert normalise(source, tmp_path / "out.mp4", FRAME, ffmpeg) == pytest.approx(120, abs=10)
    with av.open(str(tmp_path / "out.mp4")) as file:
        times = [packet.pts for packet in file.demux(video=0) if packet.pts is not None]
    assert set(np.diff(times)) == {512}


def test_sound_of_a_background_is_left_out(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    source = draw(tmp_path / "a.mp4", ffmpeg, "color=s=180x320:d=1[out0];sine=d=1[out1]")
    assert look(source, ffmpeg).has_sound
    normalise(source, tmp_path / "out.mp4", FRAME, ffmpeg)
    assert not look(tmp_path / "out.mp4", ffmpeg).has_sound


def test_a_background_starts_a_new_group_each_second(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """Lines of an elastic flow start there: nothing is decoded in vain."""
    source = draw(tmp_path / "a.mp4", ffmpeg, "testsrc2=s=180x320:d=4:r=30")
    normalise(source, tmp_path / "out.mp4", FRAME, ffmpeg)
    with av.open(str(tmp_path / "out.mp4")) as file:
        keys = [n for n, packet in enumerate(file.demux(video=0)) if packet.is_keyframe and packet.pts is not None]
    assert keys == [0, 30, 60, 90]


def test_the_same_background_gives_the_same_bytes(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    source = draw(tmp_path / "a.mp4", ffmpeg, "testsrc2=s=320x180:d=1:r=25")
    for name in ("a.out", "b.out"):
        normalise(source, tmp_path / name, FRAME, ffmpeg)
    assert (tmp_path / "a.out").read_bytes() == (tmp_path / "b.out").read_bytes()


def test_a_background_is_the_same_on_every_processor(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """With all its special instructions, and with none."""
    source = draw(tmp_path / "a.mp4", ffmpeg, "testsrc2=s=320x180:d=1:r=25,noise=alls=9:allf=t")
    args = normalise_args(str(source), Looks(), FRAME, str(tmp_path / "out.mp4"))
    read = ["-v", "error", "-i", str(tmp_path / "out.mp4"), "-f", "rawvideo", "pipe:1"]
    seen = []
    for cpu in ([], ["-cpuflags", "0"]):
        ffmpeg.run([*cpu, *args], doing="preparing")
        seen.append(((tmp_path / "out.mp4").read_bytes(), ffmpeg.run([*cpu, *read], doing="reading")))
    assert seen[0] == seen[1]


def test_files_are_told_apart(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    video = draw(tmp_path / "video.mp4", ffmpeg, "testsrc2=s=64x64:d=2:r=25[out0];sine=d=2[out1]")
    picture = draw(tmp_path / "picture.png", ffmpeg, "testsrc2=s=64x64", "-frames:v", "1")
    song = draw(tmp_path / "song.mp3", ffmpeg, "sine=d=3")
    covered, cut, text = tmp_path / "covered.mp3", tmp_path / "cut.mp4", tmp_path / "text.mp4"
    cover = ["-i", str(picture), "-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "attached_pic"]
    ffmpeg.run(["-v", "error", "-i", str(song), *cover, str(covered)], doing="covering")
    cut.write_bytes(video.read_bytes()[:3000])
    text.write_text("hello")
    wants: tuple[Want, ...] = ("video", "picture", "audio")
    sources = (video, picture, song, covered)
    found = {path.name: {want: problem(path, want, ffmpeg) for want in wants} for path in sources}
    assert found == {
        "video.mp4": {"video": "", "picture": "it is a video, not a picture", "audio": ""},
        "picture.png": {"video": "", "picture": "", "audio": "it has no sound"},
        "song.mp3": {"video": "it has no pictures", "picture": "it has no pictures", "audio": ""},
        "covered.mp3": {"video": "it has no pictures", "picture": "it has no pictures", "audio": ""},
    }
    assert look(video, ffmpeg).duration_seconds == pytest.approx(2, abs=0.1)
    for broken in (cut, text, tmp_path / "none.mp4"):
        assert "damaged" in problem(broken, "video", ffmpeg)
        with pytest.raises(MediaError):
            normalise(broken, tmp_path / "out.mp4", FRAME, ffmpeg)
    with pytest.raises(MediaError, match=r"song\.mp3 has no pictures; name a video"):
        normalise(song, tmp_path / "out.mp4", FRAME, ffmpeg)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\0\0\0\x08moov", b"\0\0\0\x01moov\0\0\0\0\0\0\0\x02", b"\0\0\0\0moov"]
)
def test_what_is_no_mp4_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.mp4"):
        read_track(tmp_path / "a.mp4")
