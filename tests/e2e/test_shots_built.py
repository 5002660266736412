"""Shots in real builds: an edit of one encodes exactly the segments that show it, and asks nobody for anything."""

from __future__ import annotations

import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import pytest
from footage import small_video
from PIL import Image
from standin_server import Standin
from workspace import Workspace

LINES: list[dict[str, Any]] = [
    {"ada": "Hello there, Max!", "image": "a white moon"},
    {"max": "Hello to you.", "image": "a red barn"},
    {"ada": "Goodbye then.", "image": "a blue door"},
]


def write(project: Workspace, lines: list[dict[str, Any]], **more: Any) -> None:
    project.episode("one", script=lines, **more)


def with_line(at: int, **more: Any) -> list[dict[str, Any]]:
    return [{**line, **more} if number == at else line for number, line in enumerate(LINES)]


def encoded(project: Workspace) -> list[str]:
    """Build, and return the beginnings of the segments that were encoded; nothing is spoken, drawn or mixed."""
    made = [name.split(":") for name in project.made(project.run())]
    assert {kind for kind, *_ in made} <= {"script", "segment", "video", "timeline", "subtitles"}
    return sorted(name[2][:6] for name in made if name[0] == "segment")


@pytest.mark.parametrize(
    ("more", "segments"),
    [
        ({"motion": "none", "transition": "cut"}, ["max-he"]),
        ({"motion": "right"}, ["max-he"]),
        ({"transition": "fade"}, ["max-he"]),
    ],
)
def test_a_motion_is_an_edit_of_its_own_line(
    project: Workspace, vendor: Standin, more: dict[str, str], segments: list[str]
) -> None:
    write(project, LINES)
    project.run()
    calls = vendor.count()
    write(project, with_line(1, **more))
    assert encoded(project) == segments
    assert vendor.count() == calls
    write(project, LINES)
    assert encoded(project) == []


def test_a_transition_that_shows_the_line_before_depends_on_its_picture_and_motion_alone(
    project: Workspace, vendor: Standin
) -> None:
    after = with_line(2, transition="whip")
    write(project, after)
    project.run()
    other_words = [after[0], {"max": "Hello to you too, and to everybody.", "image": "a red barn"}, after[2]]
    write(project, other_words)
    made = [name for name in project.made(project.run()) if name.startswith("segment:")]
    assert [name.split(":")[2][:9] for name in made] == ["max-hello"]
    calls = vendor.count()
    write(project, [other_words[0], {**other_words[1], "motion": "none"}, other_words[2]])
    assert encoded(project) == ["ada-go", "max-he"]
    assert vendor.count() == calls
    write(project, [other_words[0], {**other_words[1], "motion": "none", "image": "a green barn"}, other_words[2]])
    assert len([name for name in project.made(project.run()) if name.startswith("segment:")]) == 2


def test_the_whole_episode_may_stand_still(project: Workspace, vendor: Standin) -> None:
    write(project, LINES)
    project.run()
    calls = vendor.count()
    write(project, LINES, reel={"motion": "none", "transition": "cut"})
    assert len(encoded(project)) == 3
    assert vendor.count() == calls


# -- own pictures and clips ---------------------------------------------------------------------------------------


def own_files(project: Workspace) -> None:
    small_video(project.root / "assets/clip.mp4", seconds=2)
    small_video(project.root / "assets/other.mp4", seconds=1, size="96x64")
    (project.root / "assets/photo.jpg").write_bytes(photo((200, 60, 40)))


def photo(color: tuple[int, int, int]) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (300, 200), color).save(made, "JPEG")
    return made.getvalue()


def test_what_is_the_authors_own_is_not_asked_for(project: Workspace, vendor: Standin) -> None:
    own_files(project)
    lines = [
        {**LINES[0], "image": {"file": "assets/photo.jpg", "focus": [0.2, 0.3]}},
        {**LINES[1], "image": {"file": "assets/clip.mp4", "from": 0.5, "sound": -20, "fill": "loop"}},
        {**LINES[2], "image": "none"},
    ]
    heard(project.root / "assets/clip.mp4")
    write(project, lines)
    project.run()
    assert vendor.count("image") == 0
    assert vendor.count("voice") == 3
    assert not list(project.root.glob("build/one/images/*"))
    assert project.made(project.run()) == []


def heard(path: Path) -> None:
    """Give a clip a sound."""
    silent = path.with_suffix(".silent.mp4")
    path.rename(silent)
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(silent), *tone, "-c:v", "copy", str(path)]
    subprocess.run(command, check=True)


def test_an_edit_of_a_file_encodes_the_lines_that_show_it(project: Workspace, vendor: Standin) -> None:
    own_files(project)
    lines = [
        {**LINES[0], "image": {"file": "assets/photo.jpg"}},
        {**LINES[1], "image": {"file": "assets/clip.mp4"}},
        {**LINES[2], "transition": "fade"},
    ]
    write(project, lines)
    project.run()
    calls = vendor.count()
    (project.root / "assets/photo.jpg").write_bytes(photo((10, 60, 140)))
    assert encoded(project) == ["ada-he"]
    small_video(project.root / "assets/clip.mp4", seconds=1.5)
    assert encoded(project) == ["ada-go", "max-he"]  # the last line fades out of the clip
    (project.root / "assets/clip.mp4").rename(project.root / "assets/renamed.mp4")
    write(project, [lines[0], {**LINES[1], "image": {"file": "assets/renamed.mp4"}}, lines[2]])
    assert encoded(project) == []
    assert vendor.count() == calls


def test_incremental_is_clean_with_files_of_ones_own(project: Workspace, vendor: Standin) -> None:
    own_files(project)
    lines = [{**LINES[0], "image": {"file": "assets/photo.jpg"}}, {**LINES[1], "image": {"file": "assets/clip.mp4"}}]
    write(project, [*lines, LINES[2]])
    project.run()
    write(project, [LINES[0], {**lines[1], "image": {"file": "assets/other.mp4", "fit": "contain"}}, lines[0]])
    project.run()
    clean = Workspace(project.root.parent / "clean", vendor.url)
    own_files(clean)
    clean.write("episodes/one.yaml", (project.root / "episodes/one.yaml").read_bytes())
    clean.run()
    assert project.outputs() == clean.outputs()


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ({"file": "assets/phto.jpg"}, "file: there is no file assets/phto.jpg; did you mean photo.jpg?"),
        ({"file": "assets/text.mp4"}, "file: assets/text.mp4 cannot be used: it is damaged, or no video or picture"),
        ({"file": "assets/cut.mp4"}, "file: assets/cut.mp4 cannot be used: it is damaged"),
        ({"file": "assets/clip.mp4", "from": 7}, "cannot be used: it is 2.0 s long, and from: is 7"),
        ({"file": "assets/clip.mp4", "sound": -20}, "sound: assets/clip.mp4 cannot be used: it has no sound"),
        ({"file": "assets/photo.jpg", "from": 1}, "cannot be used: it is a picture, and from: is for clips"),
        ({"file": "../photo.jpg"}, "'../photo.jpg' leaves the project"),
        ({"file": "assets"}, "file: assets is a folder"),
        ({"file": "assets/photo.jpg", "prompt": "a moon"}, "image: has a prompt: and a file:"),
        ({"prompt": "a moon", "sound": -3}, "image: has from:, sound: or fill: and no file:"),
        ({"file": "assets/photo.jpg", "focus": [1.5, 0]}, "image.focus.1: '1.5' is more than 1"),
        ({"file": "assets/photo.jpg", "fit": "fill"}, "image.fit: 'fill' is not allowed there"),
        ({"flie": "assets/photo.jpg"}, "unknown name 'flie'; did you mean 'file'?"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_before_anything_is_paid(
    project: Workspace, vendor: Standin, image: dict[str, Any], problem: str
) -> None:
    own_files(project)
    project.write("assets/text.mp4", "no video")
    project.write("assets/cut.mp4", (project.root / "assets/clip.mp4").read_bytes()[:3000])
    write(project, [LINES[0], {**LINES[1], "image": image}])
    told = project.run(rc=None).stderr
    assert problem in told
    assert re.search(r"episodes/one\.yaml:\d+: ", told)
    assert "Traceback" not in told
    assert vendor.count() == 0


def test_without_any_picture_captions_have_the_place_of_the_panel(project: Workspace) -> None:
    write(project, [{**LINES[0], "image": "none"}, LINES[1]])
    project.run()
    places = (project.root / "build/one/subtitles.ass").read_text()
    write(project, [{**line, "image": "none"} for line in LINES[:2]])
    project.run()
    assert (project.root / "build/one/subtitles.ass").read_text() != places


# -- several shots in a line --------------------------------------------------------------------------------------

SHOTS: list[Any] = ["a white moon", {"prompt": "a red barn", "at": "Max and"}, "a blue door"]
LONG: dict[str, Any] = {"ada": "Hello there, Max and everybody else, how are you?", "shots": SHOTS}


def test_only_a_new_prompt_is_paid_for(project: Workspace, vendor: Standin) -> None:
    write(project, [LONG, LINES[1]])
    project.run()
    assert vendor.count("image") == 4 - 1  # the line after shows a barn, too
    folder = project.root / "build/one"
    assert len(list(folder.glob("images/ada-*.png"))) == 3
    (part,) = folder.glob("timeline/ada-*.json")
    told = json.loads(part.read_text())
    assert sum(told["shots"]) == told["frames"]
    assert min(told["shots"]) > 0
    calls = vendor.count()
    write(project, [{**LONG, "shots": [SHOTS[2], {"prompt": "a red barn", "at": "everybody"}, SHOTS[0]]}, LINES[1]])
    assert encoded(project) == ["ada-he"]
    assert vendor.count() == calls
    write(project, [{**LONG, "shots": [SHOTS[2], "a green hill"]}, LINES[1]])
    project.run()
    assert vendor.count() == calls + 1
    assert len(list(folder.glob("images/ada-*.png"))) == 2


def test_an_edit_of_one_shot_encodes_its_line(project: Workspace, vendor: Standin) -> None:
    own_files(project)
    heard(project.root / "assets/clip.mp4")
    clip = {"file": "assets/clip.mp4", "at": "everybody", "sound": -18}
    lines = [{**LONG, "shots": [SHOTS[0], clip]}, {**LINES[1], "transition": "fade"}]
    write(project, lines)
    project.run()
    calls = vendor.count()
    write(project, [{**LONG, "shots": [{"prompt": SHOTS[0], "motion": "up"}, clip]}, lines[1]])
    assert encoded(project) == ["ada-he"]
    small_video(project.root / "assets/clip.mp4", seconds=1)
    project.run(rc=3)  # it has no sound any more
    heard(project.root / "assets/clip.mp4")
    made = [name.split(":")[0] for name in project.made(project.run())]
    assert sorted({*made}) == ["segment", "soundtrack", "video"]
    assert made.count("segment") == 2  # the line after fades out of the clip
    assert vendor.count() == calls
    clean = Workspace(project.root.parent / "clean", vendor.url)
    for path in ("episodes/one.yaml", "assets/clip.mp4"):
        clean.write(path, (project.root / path).read_bytes())
    clean.run()
    assert project.outputs() == clean.outputs()


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"shots": [*SHOTS[:1], {"prompt": "x", "at": "stars"}]}, "shots: have at: 'stars', which is not said"),
        ({"shots": [{"prompt": "x", "at": "Max"}, "y"]}, "shots: begin with one that has an at:"),
        ({"shots": ["x", {"prompt": "y", "at": 3}, {"prompt": "z", "at": 2}]}, "shots: are not in the order"),
        ({"shots": ["x", {"prompt": "y", "at": "-"}]}, "shots.2.at: '-' is no word"),
        ({"shots": ["x", {"file": "assets/none.mp4"}]}, "file: there is no file assets/none.mp4"),
        ({"shots": ["x"], "image": "y"}, "shots: stand beside an image:"),
        ({"shots": "x"}, "shots: 'x' is not a list"),
        ({"shots": [], "image": {"prompt": "x", "at": 2}}, "image: has an at:"),
        ({"shots": ["x", {"prompt": "y", "motoin": "up"}]}, "unknown name 'motoin'; did you mean 'motion'?"),
    ],
)
def test_what_is_wrong_with_shots_is_told(
    project: Workspace, vendor: Standin, more: dict[str, Any], problem: str
) -> None:
    write(project, [{**LONG, **more}])
    told = project.run(rc=None).stderr
    assert problem in told
    assert "Traceback" not in told
    assert vendor.count() == 0


def test_where_a_shot_is_empty_nothing_of_the_panel_is_seen(project: Workspace) -> None:
    write(project, [{**LONG, "shots": [SHOTS[0], "none"]}, {**LINES[1], "image": "none"}])
    project.run()
    seen = []
    for name in ("ada", "max"):
        (segment,) = project.root.glob(f"build/one/segments/{name}-*.mp4")
        with av.open(str(segment)) as file:
            seen.append([frame.to_ndarray(format="gray")[78:220] for frame in file.decode(video=0)])
    assert np.abs(seen[0][-1].astype(int) - seen[1][-1]).max() < 8
    assert np.abs(seen[0][10].astype(int) - seen[1][-1]).max() > 60
