"""Files that authors name are looked at before anything is spent; once, until they change."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import sys
import textwrap
import warnings
import zlib
from pathlib import Path

import pytest

from reelmake.media import soundtrack
from reelmake.media.ffmpeg import Ffmpeg, load_cache
from reelmake.media.loop_checks import music_loop
from reelmake.media.probe import MAX_BYTES, MAX_SOUND_SECONDS, Inspector, Want, problem, still_problem
from reelmake.media.video import normalise

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="9" height="9"/></svg>'
LISTS = {
    "list.ffconcat": "ffconcat version 1.0\nfile moving.mp4\n",
    "list.mp4": "ffconcat version 1.0\nfile moving.mp4\n",
    "playlist.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nmoving.mp4\n#EXT-X-ENDLIST\n",
    "playlist.png": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nmoving.mp4\n#EXT-X-ENDLIST\n",
    "drawing.svg": SVG,
    "late.svg": f"<!-- {'x' * 5000} -->{SVG}",
    "text.txt": "hello",
    "text.mp4": "hello",
    "text.png": "hello",
    "text.mp3": "hello",
    "empty.png": "",
    "script.avs": 'ImageSource("picture.png")',
}
DRAWN = {
    "moving.mp4": ("testsrc2=s=64x64:r=25:d=1",),
    "picture.png": ("testsrc2=s=64x64", "-frames:v", "1"),
    "picture.jpg": ("testsrc2=s=64x64", "-frames:v", "1"),
    "picture.webp": ("testsrc2=s=64x64", "-frames:v", "1"),
    "picture.bmp": ("testsrc2=s=64x64", "-frames:v", "1"),
    "picture.tiff": ("testsrc2=s=64x64", "-frames:v", "1"),
    "picture.tga": ("testsrc2=s=64x64", "-frames:v", "1"),
    "frame.gif": ("testsrc2=s=64x64", "-frames:v", "1"),
    "frame.mp4": ("testsrc2=s=64x64:r=30", "-frames:v", "1"),
    "blink.mp4": ("testsrc2=s=64x64:r=1000", "-t", "0.01"),
    "moving.webm": ("testsrc2=s=64x64:d=1", "-c:v", "libvpx"),
    "moving.avi": ("testsrc2=s=64x64:d=1",),
    "moving.ts": ("testsrc2=s=64x64:d=1",),
    "song.mp3": ("sine=d=1",),
    "song.ogg": ("sine=d=1", "-c:a", "libvorbis"),
    "song.opus": ("sine=d=1", "-c:a", "libopus"),
    "song.m4a": ("sine=d=1",),
    "song.flac": ("sine=d=1",),
    "song.aiff": ("sine=d=1",),
    "beat.wav": ("sine=d=0.4",),
    "click.wav": ("sine=d=0.0001",),
    "10%d.png": ("testsrc2=s=64x64", "-frames:v", "1"),
}


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Ffmpeg) -> Path:
    made = tmp_path_factory.mktemp("files")
    for name, (what, *options) in DRAWN.items():
        plain = made / name.replace("%d", "")
        ffmpeg.run(["-v", "error", "-f", "lavfi", "-i", what, *options, str(plain)], doing="drawing")
        if name not in plain.name:
            plain.rename(made / name)
    for name, text in LISTS.items():
        (made / name).write_text(text)
    (made / "cut.mp4").write_bytes((made / "moving.mp4").read_bytes()[:2000])
    (made / "cut.png").write_bytes((made / "picture.png").read_bytes()[:200])
    (made / "cut.mp3").write_bytes(b"\xff\xfb")
    return made


GOOD: dict[Want, tuple[str, ...]] = {
    "video": (
        *("moving.mp4", "picture.png", "picture.jpg", "picture.webp", "picture.bmp", "picture.tiff", "picture.tga"),
        *("frame.gif", "frame.mp4", "moving.webm", "moving.avi", "moving.ts"),
    ),
    "audio": ("song.mp3", "song.ogg", "song.opus", "song.m4a", "song.flac", "song.aiff", "beat.wav"),
}
WRONG: dict[Want, dict[str, str]] = {
    "video": {
        **dict.fromkeys(("song.mp3", "song.m4a", "song.flac", "click.wav"), "it has no pictures"),
        **dict.fromkeys(("list.ffconcat", "list.mp4", "playlist.m3u8", "drawing.svg"), "list of other"),
        "script.avs": "list of other",
        **dict.fromkeys(("late.svg", "playlist.png"), ""),
        **dict.fromkeys(("text.txt", "text.mp4", "text.png", "empty.png", "cut.mp4", "cut.png"), "damaged"),
        "blink.mp4": "shorter than 0.03 seconds",
        "10%d.png": "stands for many files",
    },
    "audio": {
        **dict.fromkeys(("picture.png", "moving.mp4"), "it has no sound"),
        **dict.fromkeys(("text.mp3", "text.txt", "cut.mp3"), "damaged, or no sound"),
        "playlist.m3u8": "list of other",
        "click.wav": "shorter than 0.4 seconds",
    },
}


@pytest.mark.parametrize(("want", "name"), [(want, name) for want, names in GOOD.items() for name in names])
def test_what_can_be_used_is_good_and_can_be_used(
    folder: Path, tmp_path: Path, ffmpeg: Ffmpeg, want: Want, name: str
) -> None:
    assert problem(folder / name, want, ffmpeg) == ""
    if want == "audio":
        soundtrack.prepare_music(folder / name, tmp_path / "out.wav", ffmpeg)
        assert (tmp_path / "out.wav").stat().st_size > 100
    else:
        from reelmake.media.ffmpeg_args import Frame

        assert normalise(folder / name, tmp_path / "out.mp4", Frame(144, 256, 24), ffmpeg) >= 1


@pytest.mark.parametrize(("want", "name"), [(want, name) for want, names in WRONG.items() for name in names])
def test_what_cannot_be_used_is_told(folder: Path, ffmpeg: Ffmpeg, want: Want, name: str) -> None:
    told = problem(folder / name, want, ffmpeg)
    assert told
    assert WRONG[want][name] in told
    assert str(folder) not in told


def test_a_sprite_is_decoded_to_its_end(folder: Path, ffmpeg: Ffmpeg) -> None:
    assert [problem(folder / name, "sprite", ffmpeg) for name in ("picture.png", "picture.webp")] == ["", ""]
    for name in ("cut.png", "text.png", "empty.png", "moving.mp4", "drawing.svg"):
        assert "damaged, or no picture" in problem(folder / name, "sprite", ffmpeg)


def test_damaged_tags_of_a_sprite_are_no_lines_on_the_screen(tmp_path: Path) -> None:
    from PIL import Image

    sprite = tmp_path / "sprite.tiff"
    Image.new("RGB", (24, 16)).save(sprite)
    content = sprite.read_bytes()
    with warnings.catch_warnings(record=True) as shown:
        for at in range(8, 160, 2):
            sprite.write_bytes(content[:at] + b"\xff\x7f" + content[at + 2 :])
            still_problem(sprite)
    assert shown == []


def test_a_sprite_takes_no_room_for_what_a_chunk_only_says_that_it_has(tmp_path: Path) -> None:
    from PIL import Image

    sprite, (soft, hard) = tmp_path / "sprite.png", resource.getrlimit(resource.RLIMIT_AS)
    Image.new("RGB", (24, 16)).save(sprite)
    content = sprite.read_bytes()
    sprite.write_bytes(content[:33] + b"\xff\xff" + content[35:])  # the length of its pixels
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, hard))
    try:
        still_problem(sprite)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def count_starts(path: Path, real: Path) -> Path:
    """Write a program that is an ffmpeg, and counts its starts in a file beside it."""
    path.write_text(f'#!/bin/sh\nprintf x >> {path}.starts\nexec {real} "$@"\n')
    path.chmod(0o755)
    return path


def test_a_file_is_looked_at_once_until_it_changes(folder: Path, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    program = count_starts(tmp_path / "ff", ffmpeg.path)
    starts, video, cache = tmp_path / "ff.starts", tmp_path / "a.mp4", tmp_path / "deep" / "media.json"
    video.write_bytes((folder / "moving.mp4").read_bytes())

    def looked(want: Want = "video") -> tuple[int, str]:
        before = len(starts.read_text()) if starts.exists() else 0
        found = Inspector(Ffmpeg(program, tmp_path / "ffmpeg.json"), cache).problem(video, want)
        return len(starts.read_text()) - before, found

    asked = 3  # what the program can do
    assert looked() == (1 + asked, "")
    assert looked() == (0, "")
    assert looked("audio") == (2, "it has no sound")
    assert looked("audio") == (2, "it has no sound")
    assert looked() == (0, "")
    os.utime(video, ns=(1, 1))
    assert looked() == (1, "")
    video.write_text("hello")
    assert looked()[1] != ""
    cache.write_text('{"a": [')
    video.write_bytes((folder / "moving.mp4").read_bytes())
    assert looked() == (1, "")
    assert [path.name for path in cache.parent.iterdir()] == ["media.json"]


def test_a_look_at_files_that_are_known_starts_and_imports_nothing(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "media.json"
    inspector = Inspector(Ffmpeg(cache=tmp_path / "ffmpeg.json"), cache)
    assert inspector.problem(folder / "moving.mp4", "video") == ""
    assert inspector.problem(folder / "picture.png", "sprite") == ""
    look = f"""
        import subprocess, sys
        from pathlib import Path
        subprocess.Popen = None
        from reelmake.media.probe import Inspector
        from reelmake.media.ffmpeg import Ffmpeg
        inspector = Inspector(Ffmpeg(cache=Path({str(tmp_path / "ffmpeg.json")!r})), Path({str(cache)!r}))
        print(inspector.problem(Path({str(folder / "moving.mp4")!r}), "video"))
        print(inspector.problem(Path({str(folder / "picture.png")!r}), "sprite"))
        assert not {{"numpy", "PIL"}} & sys.modules.keys()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(look)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n\n", "")


def test_a_file_that_is_wrong_is_looked_at_once_in_a_load(folder: Path, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    program = count_starts(tmp_path / "ff", ffmpeg.path)
    inspector = Inspector(Ffmpeg(program), tmp_path / "media.json")
    told = {inspector.problem(folder / "song.mp3", "video") for _ in range(5)}
    assert told == {"it has no pictures"}
    assert len((tmp_path / "ff.starts").read_text()) == 2 + 3


def png(width: int, height: int) -> bytes:
    """Return a picture that is small as a file, and black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packed, row = zlib.compressobj(9), bytes(1 + width * 3)
    rows = b"".join(packed.compress(row) for _ in range(min(height, 1000))) + packed.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (12_500, 12_500), (178_000, 1000)])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, ffmpeg: Ffmpeg, size: tuple[int, int]
) -> None:
    (tmp_path / "large.png").write_bytes(png(*size))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for want in ("picture", "video"):
        assert problem(tmp_path / "large.png", want, ffmpeg) == "it has more than 67,108,864 pixels"
    assert still_problem(tmp_path / "large.png") == "it has more than 25,000,000 pixels"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 100_000_000


def test_a_video_with_too_many_pixels_is_refused(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    drawing = ["-v", "error", "-f", "lavfi", "-i", "color=s=16384x8192", "-frames:v", "1", "-pix_fmt", "yuvj420p"]
    ffmpeg.run([*drawing, "-c:v", "mjpeg", str(tmp_path / "large.mp4")], doing="drawing")
    assert problem(tmp_path / "large.mp4", "video", ffmpeg) == "it has more than 67,108,864 pixels"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    inspector = Inspector(ffmpeg, tmp_path / "media.json")
    for want, most in MAX_BYTES.items():
        file = tmp_path / f"large.{want}"
        with file.open("wb") as opened:
            opened.truncate(most + 1)
        assert inspector.problem(file, want) == f"it is larger than {most >> 20} MB"


def test_music_is_listened_to_for_so_long_at_most(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """A file of 30 MB may hold a day of silence."""
    silence = ["-v", "error", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", str(MAX_SOUND_SECONDS + 600)]
    for options, name in ((["-c:a", "flac", "-compression_level", "0"], "told.flac"), (["-f", "ogg"], "long.ogg")):
        ffmpeg.run([*silence, *options, str(tmp_path / name)], doing="drawing")
        assert problem(tmp_path / name, "audio", ffmpeg) == "it is longer than 60 minutes"
        assert music_loop(tmp_path / name, ffmpeg).seconds == MAX_SOUND_SECONDS


@pytest.mark.parametrize("kind", ["device", "pipe", "size"])
def test_a_cache_is_a_small_regular_file_or_is_not_read(tmp_path: Path, kind: str) -> None:
    """It lies in the project's folder, and may have come with a pull request."""
    cache = tmp_path / "media.json"
    if kind == "device":
        cache.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(cache)
    else:
        cache.write_bytes(b'{"a": 1}')
        os.truncate(cache, 20_000_000_000)
    assert load_cache(cache) == {}


def test_a_sprite_that_is_a_program_is_none(tmp_path: Path) -> None:
    """Pillow starts an interpreter for such a file."""
    sprite = tmp_path / "sprite.png"
    sprite.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    assert still_problem(sprite) == "it is damaged, or no picture"


def film(path: Path, *more: str, source: str = "testsrc2=s=128x128:r=25:d=4") -> bytes:
    """Make a film of four seconds, whose table of contents comes first."""
    program = str(Ffmpeg().path)
    subprocess.run([program, "-v", "error", "-y", "-f", "lavfi", "-i", source, *more, str(path)], check=True)
    return path.read_bytes()


def tone(path: Path) -> bytes:
    return film(path, source="sine=f=440:d=4:r=44100")


CUT_OFF = "it is cut off or damaged: it says that it lasts 4.0 s, and 2."


@pytest.mark.parametrize(
    ("name", "want", "part"),
    [
        ("cut.mp4", "video", CUT_OFF),
        ("corrupt.mp4", "video", "it is damaged: "),
        ("cut.mkv", "video", CUT_OFF),
        ("zeros.mp4", "video", "it is damaged: "),
        ("cut.flac", "audio", CUT_OFF),
        ("corrupt.flac", "audio", "it is damaged: "),
        ("cut.wav", "audio", ""),
        ("whole.mp4", "video", ""),
        ("whole.mkv", "video", ""),
        ("whole.flac", "audio", ""),
        ("whole.mp3", "audio", ""),
        ("whole.gif", "video", ""),
    ],
)
def test_what_is_damaged_or_cut_off_is_told(tmp_path: Path, name: str, want: Want, part: str) -> None:
    path = tmp_path / name
    content = bytearray(tone(path) if want == "audio" else film(path, *FASTSTART.get(path.suffix, ())))
    size = len(content)
    if path.stem == "cut":
        del content[size * 6 // 10 :]
    elif path.stem != "whole":
        for at in range(size // 3, size * 9 // 10, size // 40):
            content[at : at + 30] = (
                bytes(30) if path.stem == "zeros" else bytes(255 - byte for byte in content[at : at + 30])
            )
    path.write_bytes(content)
    ffmpeg = Ffmpeg()
    told = Inspector(ffmpeg, tmp_path / "media.json").damage(path, want)
    assert (part in told) if part else (told == ""), told
    assert Inspector(ffmpeg, tmp_path / "media.json").damage(path, want) == told  # as it is remembered


FASTSTART = {".mp4": ("-movflags", "+faststart"), ".mkv": ("-c:v", "libx264")}
