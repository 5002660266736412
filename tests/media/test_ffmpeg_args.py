"""The argument lists themselves; `tests/contract/test_media_*.py` shows what ffmpeg makes of them."""

from __future__ import annotations

import os
import wave
from pathlib import Path

import pytest

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import Pan
from reelmake.media import ffmpeg_args
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import (
    Backdrop,
    Captions,
    Clip,
    Frame,
    Looks,
    Shot,
    aac_args,
    aac_frames,
    clip_args,
    clip_sound_args,
    decode_all_args,
    decode_args,
    escaped,
    examine_args,
    find_error_args,
    glimpse_args,
    join_args,
    look_args,
    loudness_args,
    music_args,
    normalise_args,
    picture_args,
    segment_args,
    sheet_args,
    still_args,
    thumbnail_args,
    try_args,
)

GOLDENS = Path(__file__).parent / "goldens"
FRAME = Frame(1080, 1920, 30)
CAPTIONS = Captions("line.ass", "fonts", (0, 10, 11, 12, 30))


def shot(pan: Pan | None, loop_frames: int = 600, captions: Captions | None = CAPTIONS) -> list[str]:
    backdrop = Backdrop("background.mp4", loop_frames, pan) if pan else None
    return segment_args(Shot(FRAME, 100, backdrop, captions), "out.mp4")


def joined() -> list[str]:
    parts = ["/build/a.mp4", "/it's/b.mp4"]
    arguments, listed = join_args(parts, "soundtrack.aac", FRAME, 100, "out.mp4", content_bytes=2_000_000)
    return [*arguments, *listed.decode().splitlines()]


def test_a_large_video_has_a_larger_index() -> None:
    small, large = (
        join_args(["a.mp4"], "a.aac", FRAME, 9000, "out.mp4", content_bytes=size)[0] for size in (10**9, 5 * 10**9)
    )
    at = small.index("-moov_size") + 1
    frames = 9000 + aac_frames(9000 * 1600)
    assert int(large[at]) - int(small[at]) >= frames * 4 * 2 / 3  # places of eight bytes, of chunks of one and of two


LISTS = {
    "normalise": normalise_args("source.mov", Looks(), FRAME, "out.mp4"),
    "normalise-picture": normalise_args("source.png", Looks(still=True), FRAME, "out.mp4"),
    "normalise-hdr": normalise_args("source.mov", Looks(hdr=True), FRAME, "out.mp4"),
    "normalise-old": normalise_args("source.mpg", Looks(interlaced=True, untagged_hd=True), FRAME, "out.mp4"),
    "segment": shot(Pan(60, 90)),
    "segment-from-the-start": shot(Pan(0, 100)),
    "segment-wraps": shot(Pan(570, 90)),
    "segment-wraps-from-the-start": shot(Pan(0, 90), loop_frames=40),
    "segment-over-a-picture": shot(Pan(0, 90), loop_frames=1),
    "segment-without-background": shot(None),
    "segment-without-captions": shot(Pan(60, 90), captions=None),
    "join": joined(),
    "aac": aac_args("soundtrack.wav", "soundtrack.aac"),
    "decode": decode_args("voice.mp3", 301),
    "music": music_args("music.ogg", -3.25, "out.wav"),
    "loudness": loudness_args("episode.mp4"),
    "look": look_args("source.mov"),
    "try": try_args("source.mov", "V"),
}
OTHERS = {
    "examine": examine_args("out.mp4"),
    "find_error": find_error_args("out.mp4"),
    "still": still_args("background.mp4"),
    "picture": picture_args("out.mp4", 3, "out.jpg"),
    "sheet": sheet_args("out.mp4", [1, 2], 2, "out.jpg"),
    "thumbnail": thumbnail_args("source.mov", 8, last=True),
    "clip": clip_args(Clip(Path("clip.mp4"), 1.0), Looks(), (64, 64), 30, 10),
    "clip_sound": clip_sound_args("clip.mp4", 1.0, 48_000),
    "glimpse": glimpse_args("clip.mp4", ("-ss", "1")),
    "decode_all": decode_all_args("music.mp3", "a"),
    "try-sound": try_args("music.mp3", "a"),
}
LISTED = (
    "playlist",
    "hls",
    "concat",
    "svg_pipe",
    "dash",
    "lavfi",
    "tty",
    "ass",
    "srt",
    "sdp",
    "rtsp",
    "imf",
    "vapoursynth",
)


@pytest.mark.parametrize("name", [*LISTS, *OTHERS])
def test_each_input_is_taken_for_what_it_may_be_and_opens_nothing_else(name: str) -> None:
    arguments = {**LISTS, **OTHERS}[name]
    inputs = [at for at, word in enumerate(arguments) if word == "-i"]
    assert inputs
    for at in inputs:
        protocol, protocols, form, formats = arguments[at - 4 : at]
        assert (protocol, form) == ("-protocol_whitelist", "-format_whitelist")
        piped = arguments[at + 1] == "pipe:0"
        assert set(protocols.split(",")) <= ({"file", "pipe"} if piped else {"file"})
        allowed = {"concat"} if name == "join" and piped else set()
        assert set(formats.split(",")) & set(LISTED) == allowed


def test_every_builder_of_a_list_is_tried() -> None:
    made = {name for name, made in vars(ffmpeg_args).items() if name.endswith("_args") and callable(made)}
    tried = {f"{name.partition('-')[0]}_args" for name in (*LISTS, *OTHERS)}
    assert made == tried


@pytest.mark.parametrize("body", ["ffconcat version 1.0\nfile secret.wav\n", "#EXTM3U\n#EXTINF:1,\nsecret.wav\n"])
def test_a_list_of_other_files_is_no_voice_music_or_background(tmp_path: Path, body: str) -> None:
    with wave.open(str(tmp_path / "secret.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(96_000))
    ffmpeg = Ffmpeg()
    for name in ("voice.mp3", "music.m3u8", "background.mp4", "x.ffconcat", "wav"):
        source = str(tmp_path / name)
        Path(source).write_text(body, "utf-8")
        lists = (
            decode_args(source, 301),
            music_args(source, 0.0, str(tmp_path / "out.wav")),
            loudness_args(source),
            normalise_args(source, Looks(), FRAME, str(tmp_path / "out.mp4")),
            aac_args(source, str(tmp_path / "out.aac")),
            look_args(source),
        )
        for arguments in lists:
            with pytest.raises(MediaError):
                ffmpeg.run(arguments, doing="reading")
        assert ffmpeg.run(decode_args(str(tmp_path / "secret.wav"), 301), doing="reading")


@pytest.mark.parametrize("name", LISTS)
def test_golden(name: str) -> None:
    """A key is made of these: when one changes, what it makes is made again. `REELMAKE_ACCEPT=1` writes them anew."""
    golden = GOLDENS / f"ffmpeg-{name}.txt"
    written = "\n".join(LISTS[name]) + "\n"
    if os.environ.get("REELMAKE_ACCEPT"):
        golden.write_text(written, "utf-8")
    assert written == golden.read_text("utf-8")


def test_every_golden_is_of_a_list() -> None:
    assert {path.stem.removeprefix("ffmpeg-") for path in GOLDENS.glob("ffmpeg-*")} == LISTS.keys()


@pytest.mark.parametrize("name", [name for name in LISTS if name.startswith(("normalise", "segment"))])
def test_pictures_are_the_same_on_every_machine(name: str) -> None:
    arguments = LISTS[name]
    scales = arguments[arguments.index("-filter_complex") + 1].count("scale=w=") + "".join(arguments).count(
        "]scale=out"
    )
    assert "".join(arguments).count("accurate_rnd+bitexact") == scales > 0
    codec = arguments[arguments.index("-c:v") + 1]
    told, exact = {"libx264": ("-x264-params", "cpu-independent=1"), "mpeg2video": ("-dct", "int")}[codec]
    assert exact in arguments[arguments.index(told) + 1].split(":")
    encoder_threads = arguments.index("-threads", arguments.index(codec))
    assert arguments[encoder_threads + 1] == "1"
    assert arguments.count("+bitexact") == 2


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("build/a.ass", "build/a.ass"),
        ("it's", r"it\\\'s"),
        ("C:/a", r"C\\:/a"),
        ("a,b;[c]", r"a\,b\;\[c\]"),
        ("a\\b", "a" + "\\" * 4 + "b"),
    ],
)
def test_names_are_escaped_for_the_option_and_for_the_graph(text: str, written: str) -> None:
    assert escaped(text) == written
