"""The argument lists themselves; `tests/contract/test_media_*.py` shows what ffmpeg makes of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reelmake.layout.timeline import Pan
from reelmake.media.ffmpeg_args import (
    Backdrop,
    Captions,
    Frame,
    Looks,
    Shot,
    aac_args,
    aac_frames,
    decode_args,
    escaped,
    join_args,
    look_args,
    loudness_args,
    music_args,
    normalise_args,
    segment_args,
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
