"""`reelmake inspect`: every check is failed by a video that is really broken, and says where."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from standin_server import Standin
from typer.testing import CliRunner
from workspace import Workspace

from reelmake.cli import app
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.inspect import Stretch
from reelmake.publish.checks import CHECKS, Finding, judge
from reelmake.publish.expected import of_file, read_expected
from reelmake.spec.model import Reel

LINES = ("ada: One two three four five six", "max: Seven eight [laughs] nine ten", "ada: Eleven twelve thirteen")
FFMPEG = Ffmpeg()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A project with an episode without a background, built once: it rightly stands still while nothing is due."""
    with Standin() as vendor:
        project = Workspace(tmp_path_factory.mktemp("inspect") / "project", vendor.url)
        project.episode("one", *LINES, reel={"captions": "plain", "pause_seconds": 0.8})
        project.run()
        yield project


@pytest.fixture
def folder(built: Workspace, tmp_path: Path) -> Path:
    """What was built, to be broken."""
    return Path(shutil.copytree(built.root / "build/one", tmp_path / "one"))


def findings(folder: Path, reel: Reel | None = None) -> list[Finding]:
    return list(of_file(folder / "one.mp4", reel or Reel(), FFMPEG).findings)


def remade(folder: Path, *options: str) -> None:
    """Encode the video once more, with something done to it."""
    video, out = folder / "one.mp4", folder / "remade.mp4"
    fast = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "18", "-c:a", "aac", "-b:a", "192k")
    FFMPEG.run(["-v", "error", "-i", str(video), *fast, *options, str(out)], doing="breaking it")
    out.replace(video)


def damaged(content: bytes, at: float, count: int) -> bytes:
    """Return a file with some bytes in the middle of it changed."""
    first = int(len(content) * at)
    return content[:first] + bytes(255 - byte for byte in content[first : first + count]) + content[first + count :]


def cut_off(folder: Path) -> None:
    video = folder / "one.mp4"
    video.write_bytes(video.read_bytes()[: int(video.stat().st_size * 0.8)])


def hurt(folder: Path) -> None:
    video = folder / "one.mp4"
    video.write_bytes(damaged(video.read_bytes(), 0.75, 2000))


def says_otherwise(form: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / f"subtitles.{form}"
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")

    return change


def change_json(file: str, change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (path,) = folder.glob(file)
        provenance = json.loads(path.read_text("utf-8"))
        change(provenance)
        path.write_text(json.dumps(provenance), "utf-8")

    return apply


def other_font(folder: Path) -> None:
    for path in folder.glob("timeline/max-*.json"):
        path.write_text(path.read_text("utf-8").replace("Poppins ExtraBold", "Papyrus"), "utf-8")


def other_picture_text(folder: Path) -> None:
    for path in folder.glob("timeline/max-*.json"):
        path.write_text(path.read_text("utf-8").replace("nine", "none"), "utf-8")


def without_a_picture(provenance: dict[str, object]) -> None:
    lines = provenance["lines"]
    assert isinstance(lines, list)
    provenance["degraded"] = [{"step": f"image:one:{lines[1]['id']}", "line": lines[1]["id"], "prompt": "a picture"}]


# What is done to a video -> the check that notices, at which line, from which second on at the earliest and latest.
BROKEN: dict[str, tuple[Callable[[Path], None], str, str, tuple[float, float] | None]] = {
    "cut off": (cut_off, "decode", "line", (0.5, 9.0)),
    "damaged": (hurt, "decode", "line", (0.5, 9.0)),
    "a frame too few": (lambda at: remade(at, "-frames:v", "100"), "frames", "line", (3.0, 4.0)),
    "another size": (lambda at: remade(at, "-vf", "scale=288:512"), "frames", "", None),
    "black": (
        lambda at: remade(at, "-vf", "drawbox=color=black:t=fill:enable='between(t,1,1.9)'"),
        "black",
        "line 1",
        (0.9, 1.1),
    ),
    "frozen": (lambda at: remade(at, "-vf", "loop=loop=90:size=1:start=30"), "frozen", "line 1", (0.0, 1.1)),
    "too quiet": (lambda at: remade(at, "-c:v", "copy", "-af", "volume=-4dB"), "loudness", "line", (0, 9)),
    "too loud": (
        lambda at: remade(at, "-c:v", "copy", "-af", "volume=4dB:enable='gt(t,4)',alimiter=level=0:limit=0.8"),
        "loudness",
        "line",
        (3, 9),
    ),
    "a line that is hard to hear": (
        lambda at: remade(at, "-c:v", "copy", "-af", "volume=-25dB:enable='between(t,0,2.2)',volume=-1dB"),
        "loudness",
        "line 1",
        (0, 0),
    ),
    "a click": (
        lambda at: remade(at, "-c:v", "copy", "-af", "volume=20dB:enable='between(t,1.4,1.6)'"),
        "peak",
        "line 1",
        (1.3, 1.7),
    ),
    "silent": (lambda at: remade(at, "-c:v", "copy", "-an"), "decode", "", None),
    "sound that ends early": (
        lambda at: remade(at, "-c:v", "copy", "-af", "atrim=end=2"),
        "duration",
        "line",
        (1.7, 2.2),
    ),
    "another word in the vtt": (says_otherwise("vtt", "eight", "ate"), "captions", "line 2", (2, 7)),
    "another word in the srt": (says_otherwise("srt", "eight", "ate"), "captions", "line 2", (2, 7)),
    "another word in the ass": (says_otherwise("ass", "eight", "ate"), "captions", "line 2", (2, 7)),
    "another word in the picture": (other_picture_text, "captions", "line 2", (2, 7)),
    "a font that is not there": (other_font, "fonts", "line 2", (2, 7)),
    "a card": (change_json("video.json", without_a_picture), "degraded", "line 2", (2, 7)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_found_and_placed(name: str, folder: Path) -> None:
    break_it, check, where, seconds = BROKEN[name]
    break_it(folder)
    found = next((one for one in findings(folder) if one.check == check), None)
    assert found, findings(folder)
    assert found.where.startswith(where), found
    if seconds:
        assert found.start_seconds is not None
        assert seconds[0] <= found.start_seconds <= seconds[1], found
    assert found.fix


def test_every_check_is_failed_above() -> None:
    assert {check for _, check, _, _ in BROKEN.values()} == CHECKS.keys() | {"peak"}


def test_a_video_that_is_as_it_was_built_has_nothing_wrong(folder: Path) -> None:
    assert findings(folder) == []


def test_what_is_black_before_a_black_background_is_wrong_only_where_something_has_to_be_seen(
    folder: Path,
) -> None:
    """An author may want it so, with a rest between the lines."""
    dark = ("-f", "lavfi", "-i", "color=0x050505:s=144x256", "-frames:v", "1", "-c:v", "libx264")
    FFMPEG.run(["-v", "error", *dark, str(folder / "background.mp4")], doing="making a background")
    made = of_file(folder / "one.mp4", Reel(), FFMPEG).measured
    assert made
    assert made.background_is_dark
    assert made.black == ()
    expected = read_expected(folder, Reel())
    start = expected.lines[1].start_seconds
    for black, count in ((Stretch(start - 0.7, start - 0.1), 0), (Stretch(start - 0.7, start + 0.7), 1)):
        found = judge(replace(made, black=(black,)), expected)
        assert [one.check for one in found] == ["black"] * count
        on_light = replace(made, black=(black,), background_is_dark=False)
        assert [one.check for one in judge(on_light, expected)] == ["black"]


def test_limits_are_those_of_the_reel(folder: Path) -> None:
    (long,) = findings(folder, Reel(max_seconds=3))
    assert (long.check, long.where, long.start_seconds) == ("duration", "line 2", 3)
    (short,) = findings(folder, Reel(min_seconds=60))
    assert "less than 60" in short.what


def test_what_is_not_an_mp4_is_told_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "words.mp4"
    file.write_text("these are words")
    (found,) = of_file(file, Reel(), FFMPEG).findings
    assert found.check == "decode"


def test_the_command(built: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit codes, its JSON; and an edit of the spec that was not built is told with its line."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "standin"))
    monkeypatch.setenv("STANDIN_URL", built.env["STANDIN_URL"])
    monkeypatch.chdir(built.root)
    ask = CliRunner().invoke
    fine = ask(app, ["inspect", "one", "--json"])
    assert fine.exit_code == 0, fine.output
    report = json.loads(fine.stdout)
    assert (report["schema"], report["ok"]) == ("reelmake/inspection@1", True)
    assert all(report["checks"].values())
    assert report["measured"]["frames"] == report["measured"]["listed_frames"]
    spec = built.root / "episodes/one.yaml"
    before = spec.read_text("utf-8")
    spec.write_text(before.replace("nine", "none"), "utf-8")
    edited = ask(app, ["inspect", "build/one/one.mp4"])
    spec.write_text(before, "utf-8")
    assert edited.exit_code == 1
    assert edited.stdout.startswith(
        "episodes/one.yaml:12: captions: the script says 'max Seven eight [laughs] none ten'"
    )
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((built.root / "build/one/one.mp4").read_bytes()[:-2000])
    broken = ask(app, ["inspect", str(cut), "--json"])
    assert broken.exit_code == 1
    assert not json.loads(broken.stdout)["checks"]["decode"]
    missing = ask(app, ["inspect", "nobody"])
    assert missing.exception
    assert getattr(missing.exception, "exit_code", None) == 2
