"""Clips of an author's own: of any kind that there is, shown upright, in their colours, for as long as wanted."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from reelmake.core.errors import MediaError
from reelmake.layout.frame import Box
from reelmake.layout.shots import Fill, Fit, Focus
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import Clip
from reelmake.media.moving_layer import Shown, Stage, layers
from reelmake.media.probe import Inspector, is_picture, problem
from reelmake.media.soundtrack import Heard, lay_clips
from reelmake.media.static_layer import Still

BARE = Stage(Box(0, 0, 240, 200), 0, 0)
RATE = 48_000
# red at the left, blue at the right, with a white bar at the top that grows: as long as the clip runs, in tenths
DRAWN = (
    "color=red:s={0}:r={1}:d={2}[l];color=blue:s={0}:r={1}:d={2}[r];[l][r]hstack[lr];color=white:s={3}:r={1}:d={2}[w];"
    "[lr][w]overlay=x='-W+W*t/{2}':y=0:format=rgb,format=rgb24"
)


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


Draw = Callable[..., Path]


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Ffmpeg) -> Draw:
    folder = tmp_path_factory.mktemp("clips")

    def _draw(name: str, *options: str, seconds: float = 2, rate: str = "25", size: str = "120x200") -> Path:
        width, height = map(int, size.split("x"))
        graph = DRAWN.format(size, rate, seconds, f"{2 * width}x{height // 10}")
        args = ["-v", "error", "-y", "-filter_complex", f"{graph}{options[0]}[v]", "-map", "[v]"]
        ffmpeg.run([*args, *options[1:], str(folder / name)], doing="drawing")
        return folder / name

    return _draw


TO_BT709 = ",scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=colorspace=bt709:color_primaries=bt709"
H264 = (f"{TO_BT709}:color_trc=bt709", "-c:v", "libx264", "-g", "10")


def shown(clip: Clip, ffmpeg: Ffmpeg, frames: int = 20) -> NDArray[np.uint8]:
    """Return the frames of a clip in RGB."""
    width, height = BARE.window
    seen = []
    for piece in layers([Shown(clip, frames)], None, BARE, 30, ffmpeg):
        y, u, v, _ = np.split(np.frombuffer(piece, np.uint8), np.cumsum([width * height, *[width * height // 4] * 2]))
        luma = (y.reshape(height, width).astype(float) - 16) * 255 / 219
        blue, red = (
            (plane.reshape(height // 2, -1).repeat(2, 0).repeat(2, 1).astype(float) - 128) * 255 / 224
            for plane in (u, v)
        )
        r, b = luma + 1.5748 * red, luma + 1.8556 * blue
        seen.append(np.stack([r, (luma - 0.2126 * r - 0.0722 * b) / 0.7152, b], axis=-1).clip(0, 255).astype(np.uint8))
    return np.array(seen)


def share(picture: NDArray[np.uint8]) -> float:
    """Return how far a clip has run, by its bar."""
    return float((picture[8].min(axis=1) > 128).mean())


def assert_sides(picture: NDArray[np.uint8], tolerance: int = 24) -> None:
    left, right = picture[100, 40].astype(int), picture[100, 200].astype(int)
    assert np.abs(left - [255, 0, 0]).max() < tolerance, left
    assert np.abs(right - [0, 0, 255]).max() < tolerance, right


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("h264.mp4", H264),
        ("vp9.webm", (f"{TO_BT709}:color_trc=bt709", "-c:v", "libvpx-vp9", "-cpu-used", "8")),
        ("prores.mov", (",scale=out_color_matrix=bt709,format=yuv422p10le", "-c:v", "prores_ks")),
        ("ten.mkv", (f"{TO_BT709}:color_trc=bt709,format=yuv420p10le", "-c:v", "libx264")),
        ("full.mp4", (",scale=out_range=pc:out_color_matrix=bt709,format=yuv420p", "-colorspace", "bt709")),
        ("moving.gif", ("",)),
        ("moving.webp", ("", "-c:v", "libwebp_anim")),
        ("mjpeg.avi", (",format=yuvj420p", "-c:v", "mjpeg")),
    ],
)
def test_a_clip_of_any_codec_is_shown_in_its_colours_and_at_its_speed(
    draw: Draw, ffmpeg: Ffmpeg, name: str, options: tuple[str, ...]
) -> None:
    path = draw(name, *options)
    assert not is_picture(path)
    assert problem(path, "shot", ffmpeg) == ""
    seen = shown(Clip(path), ffmpeg, 60)
    assert len(seen) == 60
    assert_sides(seen[30], 60)
    for frame in (0, 15, 30, 45, 59):
        assert share(seen[frame]) == pytest.approx(frame / 60, abs=0.06)


@pytest.mark.parametrize("rate", ["12", "23.976", "50", "59.94"])
def test_a_clip_of_any_rate_runs_at_its_speed(draw: Draw, ffmpeg: Ffmpeg, rate: str) -> None:
    seen = shown(Clip(draw(f"rate{rate}.mp4", *H264, rate=rate)), ffmpeg, 60)
    assert [share(seen[frame]) for frame in (15, 45)] == pytest.approx([0.25, 0.75], abs=0.05)


def test_a_clip_of_a_changing_rate_runs_at_its_speed(draw: Draw, ffmpeg: Ffmpeg) -> None:
    dropped = f"{H264[0]},select='lt(t,1)+not(mod(n,5))'"
    seen = shown(Clip(draw("vfr.mkv", dropped, *H264[1:], "-fps_mode", "vfr")), ffmpeg, 60)
    assert [share(seen[frame]) for frame in (15, 31, 55)] == pytest.approx([0.25, 0.5, 0.92], abs=0.08)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_clip_that_was_held_otherwise_is_shown_upright(draw: Draw, ffmpeg: Ffmpeg, turn: int) -> None:
    turned = {90: ",transpose=2", 180: ",hflip,vflip", 270: ",transpose=1"}[turn]
    lying = draw(f"lying{turn}.mp4", turned + H264[0], *H264[1:])
    told = lying.with_name(f"turned{turn}.mp4")
    ffmpeg.run(
        ["-v", "error", "-y", "-display_rotation:v:0", str(-turn), "-i", str(lying), "-c", "copy", str(told)], doing=""
    )
    assert_sides(shown(Clip(told), ffmpeg)[10])


def test_hdr_is_brought_to_the_range_of_the_video(draw: Draw, ffmpeg: Ffmpeg) -> None:
    hdr = ",zscale=matrixin=gbr:transferin=bt709:primariesin=bt709:transfer=smpte2084:primaries=bt2020:matrix=bt2020nc"
    tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    codec = ["-c:v", "libx265", "-x265-params", "log-level=none", *tags]
    path = draw("hdr.mp4", f"{hdr}:npl=203,format=yuv420p10le", *codec)
    picture = shown(Clip(path), ffmpeg)[10]
    assert_sides(picture, 110)
    assert picture[8, 4].min() > 200


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("alpha8.webm", ("format=yuva420p", "-c:v", "libvpx", "-auto-alt-ref", "0")),
        ("alpha9.webm", ("format=yuva420p", "-c:v", "libvpx-vp9", "-cpu-used", "8")),
        ("alpha.mov", ("format=yuva444p10le", "-c:v", "prores_ks", "-profile:v", "4")),
        ("alpha.png", ("format=rgba", "-frames:v", "1")),
        ("alpha.webp", ("format=rgba", "-c:v", "libwebp_anim")),
        ("alpha.gif", ("format=rgba",)),
    ],
)
def test_what_is_transparent_is_dark(draw: Draw, ffmpeg: Ffmpeg, name: str, options: tuple[str, ...]) -> None:
    see_through = ",format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,W/2),255,0)',"
    path = draw(name, see_through + options[0], *options[1:])
    shot = Still(path) if is_picture(path) else Clip(path)
    piece = next(layers([Shown(shot, 5)], None, BARE, 30, ffmpeg))
    luma = np.frombuffer(piece[: 240 * 200], np.uint8).reshape(200, 240)
    assert luma[100, 40] == pytest.approx(63, abs=24)
    assert luma[100, 200] < 45


@pytest.mark.parametrize(("fill", "ends"), [("hold", [1, 1]), ("loop", [0.5, 0.17])])
def test_a_clip_that_ends_early_is_held_or_looped(draw: Draw, ffmpeg: Ffmpeg, fill: Fill, ends: list[float]) -> None:
    seen = shown(Clip(draw("second.mp4", *H264, seconds=1), 0, fill), ffmpeg, 80)
    assert len(seen) == 80
    assert [share(seen[frame]) for frame in (45, 65)] == pytest.approx(ends, abs=0.06)


def test_a_long_clip_is_looped_from_its_place(draw: Draw, ffmpeg: Ffmpeg) -> None:
    seen = shown(Clip(draw("long.mp4", *H264, seconds=5), 1, "loop"), ffmpeg, 150)
    assert share(seen[0]) == pytest.approx(0.2, abs=0.04)
    assert share(seen[119]) == pytest.approx(1, abs=0.04)
    assert share(seen[125]) == pytest.approx(0.23, abs=0.04)


@pytest.mark.parametrize("fill", ["hold", "loop"])
def test_a_clip_of_one_frame_is_a_picture(draw: Draw, ffmpeg: Ffmpeg, fill: Fill) -> None:
    path = draw("one.mp4", *H264, "-frames:v", "1")
    assert problem(path, "shot", ffmpeg) == ""
    seen = shown(Clip(path, 0, fill), ffmpeg, 40)
    assert len(seen) == 40
    assert_sides(seen[39])


def test_a_clip_begins_where_it_is_told_to(draw: Draw, ffmpeg: Ffmpeg) -> None:
    path = draw("whole.mp4", *H264)
    for begin in (0.4, 1.0, 1.37):
        assert share(shown(Clip(path, begin), ffmpeg)[0]) == pytest.approx(begin / 2, abs=0.04)


def test_a_clip_is_fitted_by_its_focus(draw: Draw, ffmpeg: Ffmpeg) -> None:
    path = draw("wide.mp4", *H264, size="400x100")
    for at, colour in ((0.0, 0), (1.0, 2)):
        picture = shown(Clip(path, focus=(at, 0.5)), ffmpeg)[5]
        assert (picture[100, [20, 220]].argmax(axis=1) == colour).all()
        assert picture[100, [20, 220]].max() > 200
    whole = shown(Clip(path, fit="contain"), ffmpeg)[5]
    assert whole[20].max() < 60
    assert whole[180].max() < 60
    assert_sides(whole, 30)


def test_a_picture_of_any_form_is_fitted_by_its_focus(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    wide = np.zeros((100, 800, 3), np.uint8)
    wide[:, :400, 0] = wide[:, 400:, 2] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    fits: list[tuple[Focus, Fit, str]] = [
        ((0.0, 0.5), "cover", "rr"),
        ((1.0, 0.5), "cover", "bb"),
        ((0.5, 0.5), "contain", "rb"),
    ]
    for focus, fit, sides in fits:
        [piece] = layers([Shown(Still(tmp_path / "wide.png", fit, focus), 3)], None, BARE, 30, ffmpeg)
        luma = np.frombuffer(piece[: 240 * 200], np.uint8).reshape(200, 240)
        red, blue = 62, 32
        assert luma[100, [20, 220]].tolist() == pytest.approx([red if side == "r" else blue for side in sides], abs=3)
        assert (luma[10].max() < 40) == (fit == "contain" or sides == "bb")


@pytest.mark.parametrize("share_left", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("name", ["start.mp4", "cut.mkv", "end.mp4", "sound.mp4", "sound.mkv"])
def test_a_clip_that_was_cut_off_is_told_before_anything_is_made(
    draw: Draw, ffmpeg: Ffmpeg, name: str, share_left: float
) -> None:
    index = ["-movflags", "+faststart"] if name == "start.mp4" else []
    drawn = draw(name, ",noise=alls=40:allf=t" + H264[0], *H264[1:], *index, seconds=4)
    whole = (with_sound(drawn, ffmpeg) if "sound" in name else drawn).read_bytes()
    cut = draw(name, *H264).with_name(f"{share_left}{name}")
    cut.write_bytes(whole[: round(len(whole) * share_left)])
    assert problem(cut, "shot", ffmpeg) in (
        *("it is damaged, or cut off before its end", "it is damaged, or no video or picture"),
    )


def with_sound(path: Path, ffmpeg: Ffmpeg) -> Path:
    sounding = path.with_name(f"sounding.{path.name}")
    tone = ["-f", "lavfi", "-i", "sine=duration=4", "-c:v", "copy"]
    ffmpeg.run(["-v", "error", "-y", "-i", str(path), *tone, str(sounding)], doing="humming")
    return sounding


def test_a_clip_whose_sound_is_longer_was_not_cut_off(draw: Draw, ffmpeg: Ffmpeg) -> None:
    path = with_sound(draw("silent.mp4", *H264, seconds=1), ffmpeg)
    assert problem(path, "shot", ffmpeg) == ""
    assert problem(path, "shot", ffmpeg, 2.5) == "nothing is seen from second 2.5 on"


def test_a_place_behind_the_end_is_told(draw: Draw, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    path = draw("two.mp4", *H264)
    look_at = Inspector(ffmpeg, tmp_path / "media.json")
    assert look_at.problem(path, "shot", 1.5) == ""
    assert look_at.problem(path, "shot", 2.5) == "it is 2.0 s long, and from: is 2.5"
    with pytest.raises(MediaError, match=r"two\.mp4 shows nothing from 2\.5 s on"):
        shown(Clip(path, 2.5), ffmpeg)


def test_pictures_are_told_from_clips_by_what_is_in_them(draw: Draw, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg")
    Image.new("RGB", (64, 64)).save(tmp_path / "still.gif")
    assert is_picture(tmp_path / "a.jpg")
    assert is_picture(tmp_path / "still.gif")
    assert problem(tmp_path / "a.jpg", "shot", ffmpeg) == ""
    assert problem(tmp_path / "a.jpg", "shot", ffmpeg, 1.0) == "it is a picture, and from: is for clips"
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-20])
    assert problem(tmp_path / "cut.jpg", "shot", ffmpeg) == "it is damaged, or no picture"
    (tmp_path / "text.jpg").write_text("no picture")
    assert problem(tmp_path / "text.jpg", "shot", ffmpeg) == "it is damaged, or no video or picture"
    assert not is_picture(draw("again.gif", ""))


# -- sound --------------------------------------------------------------------------------------------------------


def tone(path: Path, ffmpeg: Ffmpeg, *options: str, seconds: float = 2) -> Path:
    source = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}:sample_rate=44100"]
    ffmpeg.run(["-v", "error", "-y", *source, *options, str(path)], doing="humming")
    return path


def laid(clips: list[Heard], samples: int, out: Path, ffmpeg: Ffmpeg) -> NDArray[np.float64]:
    lay_clips(clips, samples, out, ffmpeg)
    with wave.open(str(out), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, RATE, samples)
        return np.frombuffer(file.readframes(samples), "<i2").reshape(-1, 2) / 32768


def level(sound: NDArray[np.float64]) -> float:
    return float(20 * np.log10(max(1e-9, np.sqrt(np.mean(sound**2)))))


@pytest.mark.parametrize("channels", ["mono", "stereo", "5.1"])
def test_the_sound_of_a_clip_is_as_loud_as_it_is_told_to_be(tmp_path: Path, ffmpeg: Ffmpeg, channels: str) -> None:
    levels = []
    for number, quieter in enumerate((0, 20)):
        path = tone(
            tmp_path / f"{number}.mkv", ffmpeg, "-af", f"volume=-{quieter}dB,aformat=channel_layouts={channels}"
        )
        sound = laid([Heard(path, 0, -20, False, RATE, RATE)], 3 * RATE, tmp_path / "o.wav", ffmpeg)
        assert not sound[:RATE].any()
        assert not sound[2 * RATE :].any()
        levels.append(level(sound[RATE + 4800 : 2 * RATE - 4800]))
    assert levels == pytest.approx([levels[0]] * 2, abs=0.2)
    louder = laid([Heard(path, 0, -8, False, RATE, RATE)], 3 * RATE, tmp_path / "o.wav", ffmpeg)
    assert level(louder[RATE + 4800 : 2 * RATE - 4800]) == pytest.approx(levels[0] + 12, abs=0.2)


def test_the_sound_of_a_clip_begins_and_ends_with_it(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = tone(tmp_path / "a.wav", ffmpeg, seconds=1)
    for is_looped, heard in ((False, False), (True, True)):
        clips = [Heard(path, 0.5, -10, is_looped, 0, RATE), Heard(path, 0, -10, False, 2 * RATE, RATE // 2)]
        sound = laid(clips, 3 * RATE, tmp_path / "o.wav", ffmpeg)
        assert level(sound[4800:19200]) > -40
        assert (level(sound[28800:43200]) > -40) == heard
        assert not sound[RATE : 2 * RATE].any()
        assert level(sound[2 * RATE + 4800 : 2 * RATE + 19200]) > -40
        assert not sound[-RATE // 2 :].any()


def test_silence_stays_silence(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    path = tone(tmp_path / "a.wav", ffmpeg, "-af", "volume=0")
    assert not laid([Heard(path, 0, 0, False, 0, RATE)], RATE, tmp_path / "o.wav", ffmpeg).any()
    assert not laid([Heard(path, 9, 0, True, 0, RATE)], RATE, tmp_path / "o.wav", ffmpeg).any()
