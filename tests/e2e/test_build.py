"""The build as its users run it: the real doit, a real ffmpeg, providers that are a server on loopback."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from footage import hum, small_video
from standin_server import ANSWERS, Standin
from workspace import Workspace

HELLO = (
    "ada: Hello there my friend | a harbour",
    "max: And a very good day to you | a clock",
    "ada: So it is | a tree",
)


def test_a_second_run_does_nothing(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *HELLO)
    first = project.run()
    assert len(project.made(first)) == 3 * 3 + 5
    before, calls = project.outputs(), vendor.count()
    again = project.run()
    assert "up to date" in again.stderr
    assert project.made(again) == []
    assert project.outputs() == before
    assert vendor.count() == calls == 6


@pytest.mark.parametrize("what", ["one.mp4", "voice/*", "segments/*"])
def test_a_folder_where_a_file_was_is_told_and_stops_nothing_else(project: Workspace, what: str) -> None:
    project.episode("one", *HELLO)
    project.episode("two", "ada: Hello there my friend")
    project.run()
    path = min((project.root / "build/one").glob(what))
    path.unlink()
    path.mkdir()
    (project.root / "build/two/two.mp4").unlink()
    told = project.run(rc=1).stderr
    assert f"{path.relative_to(project.root)} is in the way: a file has to be there, and it is a folder" in told
    assert "Traceback" not in told
    assert (project.root / "build/two/two.mp4").is_file()
    path.rmdir()
    assert project.made(project.run()) == []


def test_wiping_everything_but_the_store_calls_no_provider_and_restores_the_same_bytes(
    project: Workspace, vendor: Standin
) -> None:
    project.episode("one", *HELLO)
    project.run()
    before, calls = project.outputs(), vendor.count()
    shutil.rmtree(project.root / "build")
    for path in project.root.glob(".reelmake/doit.db*"):
        path.unlink()
    again = project.run()
    assert project.made(again) == []
    assert project.outputs() == before
    assert vendor.count() == calls


def test_lines_that_are_alike_are_made_once(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *[HELLO[0]] * 3)
    project.episode("two", HELLO[0])
    project.run()
    assert (vendor.count("voice"), vendor.count("image")) == (1, 1)
    spoken = {path: sha for path, sha in project.outputs().items() if path.endswith(".wav") and "/voice/" in path}
    assert len(spoken) == 4
    assert len(set(spoken.values())) == 1


@pytest.mark.slow
def test_moving_a_line_calls_nobody_and_encodes_only_what_looks_different(project: Workspace, vendor: Standin) -> None:
    """Without a background, and with a chosen motion, every segment looks as it did, wherever its line stands."""
    reel = {"motion": "zoom-in"}
    project.episode("one", *HELLO, reel=reel)
    project.run()
    calls = vendor.count()
    project.episode("one", HELLO[2], HELLO[0], HELLO[1], reel=reel)
    made = project.made(project.run())
    assert vendor.count() == calls
    assert sorted(name.partition(":")[0] for name in made) == ["script", "soundtrack", "subtitles", "timeline", "video"]


@pytest.mark.slow
def test_an_edit_of_words_pays_for_one_voice_and_its_default_picture(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *HELLO)
    project.run()
    project.episode("one", HELLO[0], "max: And a very nice day to you | a clock", HELLO[2])
    made = project.made(project.run())
    assert (vendor.count("voice"), vendor.count("image")) == (4, 3)
    assert [name for name in made if name.startswith("segment")] == [
        name for name in made if name.startswith("segment:one:max-and-a-very-nice")
    ]
    assert sum(name.startswith("segment") for name in made) == 1


@pytest.mark.slow
def test_a_take_asks_again_and_going_back_is_free(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *HELLO)
    project.run()
    before = project.outputs()
    spec = json.loads((project.root / "episodes/one.yaml").read_text())
    spec["script"][0]["take"] = {"voice": 2}
    project.write("episodes/one.yaml", json.dumps(spec, ensure_ascii=False))
    project.run()
    assert (vendor.count("voice"), vendor.count("image")) == (4, 3)
    spec["script"][0]["take"] = 1
    project.write("episodes/one.yaml", json.dumps(spec, ensure_ascii=False))
    project.run()
    assert vendor.count() == 7
    assert project.outputs() == before


@pytest.mark.slow
def test_lines_that_are_gone_leave_no_files(project: Workspace) -> None:
    project.episode("one", *HELLO)
    project.run()
    project.episode("one", HELLO[1])
    project.run()
    names = {Path(path).name.split(".")[0] for path in project.outputs() if path.count("/") == 3}
    assert len(names) == 1
    assert names.pop().startswith("max-and-a-very-good")


@pytest.mark.slow
def test_a_line_that_fails_fails_its_episode_and_nothing_else(project: Workspace, vendor: Standin) -> None:
    project.episode("bad", "ada: Hello sorrow | a tear", "max: Good day | a clock")
    project.episode("good", *HELLO)
    vendor.refuse.add(("voice", "sorrow"))
    failed = project.run(rc=1)
    assert (project.root / "build/good/good.mp4").is_file()
    assert not (project.root / "build/bad/bad.mp4").exists()
    assert "voice:bad:ada-hello-sorrow" in failed.stderr
    assert "episodes/bad.yaml:5: the stand-in said" in failed.stderr
    assert "Traceback" not in failed.stderr
    vendor.refuse.clear()
    calls = vendor.count()
    repaired = project.run()
    assert vendor.count() == calls + 1
    made = {name.partition(":")[0] for name in project.made(repaired)}
    assert made == {"voice", "timeline", "segment", "subtitles", "soundtrack", "video"}


def test_an_episode_by_topic_is_written_spoken_and_drawn(project: Workspace, vendor: Standin) -> None:
    project.episode("moths", topic="moths", cast=["ada", "max"], lines=3)
    project.run("build/moths/moths.mp4")
    assert (vendor.count("script"), vendor.count("voice"), vendor.count("image")) == (1, 3, 3)
    assert (project.root / "build/moths/moths.mp4").is_file()
    written = json.loads((project.root / "build/moths/script.json").read_text())
    assert [line["text"] for line in written["lines"]] == ["moths line 1", "moths line 2", "moths line 3"]
    shutil.rmtree(project.root / "build")
    project.run("video:moths")
    assert vendor.count() == 7


def test_images_of_one_episode_start_while_the_script_of_another_is_written(
    project: Workspace, vendor: Standin
) -> None:
    settings = (project.root / "pyproject.toml").read_text()
    project.write("pyproject.toml", f"{settings}\n[tool.reelmake.limits]\nstandin-script = 1\n")
    project.episode("a", topic="ants", cast=["ada"], lines=1)
    project.episode("b", topic="bees", cast=["ada"], lines=1)
    vendor.seconds["script"] = 1.0
    project.run()
    first_image = min(start for kind, start, _, _ in vendor.times if kind == "image")
    last_script = max(end for kind, _, end, _ in vendor.times if kind == "script")
    assert first_image < last_script


def test_nothing_is_called_and_nothing_written_when_specs_are_wrong(project: Workspace, vendor: Standin) -> None:
    """Every mistake of every file is told at once, those in a file whose form is wrong too."""
    project.episode("good", *HELLO)
    project.write(
        "episodes/bad.yaml", "title: Bad\nscript:\n  - eve: Hello\n  - ada: 🎉\nmusik: x.ogg\nmusic: no.ogg\n"
    )
    project.write("episodes/odd.yaml", "title: Odd\nscript:\n  - odd: Hello\n")
    project.write("episodes/old.yml", "title: Old\n")
    project.write("characters/odd.yaml", "name: Odd\nside: top\nsprites: {telling: odd.png}\n")
    wrong = project.run(rc=3)
    use = "add characters/eve.yaml, or use one of ada, max, odd"
    change = "change the words, or choose another voice provider"
    assert wrong.stderr.splitlines() == [
        "ERROR: nothing was built",
        "characters/odd.yaml:2: side: 'top' is not allowed there; write 'left' or 'right'",
        "characters/odd.yaml:3: telling: there is no file characters/odd.png; add the file, or fix the path",
        f"episodes/bad.yaml:3: line 1 is spoken by 'eve', and there is no such character; {use}",
        f"episodes/bad.yaml:4: line 2: there is nothing to click for; {change}",
        "episodes/bad.yaml:5: unknown name 'musik'; did you mean 'music'?",
        "episodes/bad.yaml:6: music: there is no file no.ogg; add the file, or fix the path",
        "episodes/old.yml:1: only files that end in .yaml are read; rename it to old.yaml",
    ]
    assert vendor.count() == 0
    assert not (project.root / "build").exists()
    checked = project.run("check", program="reelmake", rc=2)
    assert checked.stdout.splitlines() == wrong.stderr.splitlines()[1:]
    assert checked.stderr == "7 mistakes found\n"


def test_a_broken_episode_does_not_stop_another_that_is_asked_for(project: Workspace) -> None:
    project.episode("good", HELLO[0])
    project.write("episodes/bad.yaml", "title: [")
    project.run("video:good")
    assert (project.root / "build/good/good.mp4").is_file()


def test_every_command_of_doit_works(project: Workspace) -> None:
    project.episode("one", *HELLO)
    project.run("video:one")
    listed = project.run("list", "--all").stdout
    line = next(row.split()[0] for row in listed.splitlines() if row.startswith("segment:one:max"))
    assert "up-to-date" in project.run("info", line).stdout
    project.run("clean", line)
    assert not (project.root / f"build/one/segments/{line.split(':')[2]}.mp4").exists()
    assert "do not exist" in project.run("info", line, rc=None).stdout
    project.run("build/one/one.mp4")
    assert "segment:one:ma" in project.run("list", "--all").stdout
    project.run("forget", "video:one")
    assert project.made(project.run("cover:one", "video")) == ["cover:one"]
    project.run("clean")
    assert project.outputs() == {}
    assert [path.name for path in (project.root / "build").rglob("*") if path.is_dir()] == []


def test_outputs_are_copies_editing_one_does_not_reach_the_store(project: Workspace, vendor: Standin) -> None:
    project.episode("one", HELLO[0])
    project.run()
    before, calls = project.outputs(), vendor.count()
    video = project.root / "build/one/one.mp4"
    video.write_bytes(b"mine")
    for voice in (project.root / "build/one/voice").iterdir():
        voice.write_bytes(b"mine too")
    project.run()
    assert project.outputs() == before
    assert vendor.count() == calls


@pytest.mark.slow
def test_a_script_that_cannot_be_had_leaves_the_finished_episode_as_it_was(project: Workspace, vendor: Standin) -> None:
    project.episode("one", topic="moths", cast=["ada", "max"], lines=2)
    project.run()
    before = project.outputs()
    vendor.refuse.add(("script", "wasps"))
    project.episode("one", topic="wasps", cast=["ada", "max"], lines=2)
    for asked in [], ["voice:one", "build/one/one.mp4"]:
        failed = project.run(*asked, rc=1)
        told = "the stand-in said: HTTP Error 503: Service Unavailable; run doit again"
        rows = [row for row in failed.stderr.splitlines() if " failed: " in row]
        assert rows == [f"script:one failed: episodes/one.yaml:3: {told}"]
        assert ", 1 failed in " in failed.stderr
        assert project.made(failed) == []
        assert project.outputs() == before
    vendor.refuse.clear()
    project.run()
    clean = Workspace(project.root.parent / "clean", vendor.url)
    clean.episode("one", topic="wasps", cast=["ada", "max"], lines=2)
    clean.run()
    assert project.outputs() == clean.outputs()


BAD_SCRIPTS = {
    "a stranger": [{"character": "narrator", "text": "Hello", "image": "a door"}],
    "no lines": [],
    "too many lines": [{"character": "ada", "text": f"Hello {n}", "image": "a door"} for n in range(300)],
}


@pytest.mark.slow
@pytest.mark.parametrize("lines", BAD_SCRIPTS.values(), ids=BAD_SCRIPTS)
def test_a_script_of_no_use_is_told_by_its_own_step_and_breaks_no_command(
    project: Workspace, vendor: Standin, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, str]]
) -> None:
    monkeypatch.setitem(ANSWERS, "script", lambda _: json.dumps({"lines": lines}).encode())
    project.episode("bad", topic="moths", cast=["ada", "max"], lines=2)
    project.episode("good", HELLO[0])
    for _ in range(2):
        failed = project.run(rc=1)
        assert "script:bad failed: episodes/bad.yaml:3: the script that standin wrote cannot be used" in failed.stderr
        assert ", 1 failed in " in failed.stderr
        assert "Traceback" not in failed.stderr
    assert (project.root / "build/good/good.mp4").is_file()
    assert not (project.root / "build/bad/bad.mp4").exists()
    assert "video:bad" in project.run("list", "--all").stdout
    assert vendor.count("script") == 1, "what was paid for is kept, and not asked for again"


UNWRITTEN = [
    (["clean"], 0),
    (["clean", "-n"], 0),
    (["clean", "script:one"], 0),
    (["forget"], 0),
    (["forget", "video:one"], 0),
    (["ignore", "segment:one"], 0),
    (["info", "video:one"], 1),  # it would run
    (["list", "--all", "--status"], 0),
    (["help", "video:one"], 0),
    (["reset-dep"], 0),
]


@pytest.mark.slow
def test_every_command_of_doit_works_before_a_script_is_written(project: Workspace, vendor: Standin) -> None:
    project.episode("one", topic="moths", cast=["ada", "max"], lines=1)
    for command, code in UNWRITTEN:
        assert project.run(*command, rc=code).stderr == ""
    assert vendor.count() == 0
    project.run("forget", "segment:one")
    project.run()
    project.episode("one", topic="wasps", cast=["ada", "max"], lines=1)
    project.run("clean")
    assert project.outputs() == {}, "what was made of the last script is removed too"


@pytest.mark.slow
def test_a_background_and_music_that_are_gone_leave_no_files_but_an_authors_own(
    project: Workspace, vendor: Standin
) -> None:
    small_video(project.root / "assets/loop.mp4")
    hum(project.root / "assets/hum.wav")
    project.episode("one", HELLO[0], background="assets/loop.mp4", music="assets/hum.wav")
    project.run()
    project.episode("one", HELLO[0])
    project.write("build/one/music.wav", "my own")
    project.run()
    built = project.outputs()
    assert (project.root / "build/one/music.wav").read_text() == "my own"
    del built["build/one/music.wav"]
    clean = Workspace(project.root.parent / "clean", vendor.url)
    clean.episode("one", HELLO[0])
    clean.run()
    assert built == clean.outputs()


@pytest.mark.slow
def test_a_file_that_an_episode_still_reads_is_never_swept(project: Workspace) -> None:
    small_video(project.root / "assets/loop.mp4")
    project.episode("one", HELLO[0], background="assets/loop.mp4")
    project.run()
    kept = (project.root / "build/one/background.mp4").read_bytes()
    project.episode("two", HELLO[0], background="build/one/background.mp4")
    project.run("video:two")
    assert (project.root / "build/one/background.mp4").read_bytes() == kept
    told = json.loads((project.root / "build/two/video.json").read_text())
    assert list(told["sources"]) == ["build/one/background.mp4"]


def test_what_a_video_is_made_of_includes_files_of_an_episode_whose_name_begins_alike(project: Workspace) -> None:
    small_video(project.root / "build/skyline.mp4")
    project.episode("sky", HELLO[0], background="build/skyline.mp4")
    project.run()
    told = json.loads((project.root / "build/sky/video.json").read_text())
    assert list(told["sources"]) == ["build/skyline.mp4"]


@pytest.mark.slow
def test_an_edit_that_only_video_json_tells_of_makes_nothing_anew(project: Workspace) -> None:
    project.episode("one", HELLO[0])
    project.run()
    before = project.outputs()
    video = (project.root / "build/one/one.mp4").stat()
    project.episode("one", HELLO[0], title="Another")
    again = project.run("build/one/video.json")
    assert project.made(again) == []
    assert json.loads((project.root / "build/one/video.json").read_text())["title"] == "Another"
    assert {path for path, sha in project.outputs().items() if sha != before[path]} == {"build/one/video.json"}
    assert (project.root / "build/one/one.mp4").stat().st_mtime_ns == video.st_mtime_ns
    assert "restored" not in project.run().stderr, "and the second run has nothing to do"


@pytest.mark.slow
def test_two_builds_at_once_ask_for_nothing_twice(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *HELLO)
    project.episode("two", topic="moths", cast=["ada", "max"], lines=2)
    vendor.seconds = {"voice": 0.2, "image": 0.2, "script": 0.2}
    both = [project.start(), project.start()]
    for doit in both:
        _, told = doit.communicate(timeout=120)
        assert doit.returncode == 0, told
    assert vendor.count() == vendor.distinct() == 3 + 3 + 1 + 2 + 2
    assert project.made(project.run()) == []


WRONG_PLACES = [("", ["-f", "project/dodo.py"]), ("project/episodes", ["-f", "../dodo.py", "-d", ".."])]


@pytest.mark.parametrize(("place", "options"), WRONG_PLACES, ids=["beside", "inside"])
def test_doit_in_another_folder_builds_nothing_and_says_so(project: Workspace, place: str, options: list[str]) -> None:
    """The pyproject.toml of the folder where it is started is the one that doit reads: there it knows nothing of us."""
    project.episode("one", HELLO[0])
    folder = project.root.parent / place
    command = [sys.executable, "-m", "doit", *options]
    wrong = subprocess.run(command, cwd=folder, env=project.env, check=False, capture_output=True, text=True)
    assert wrong.returncode == 3
    assert f"{folder.resolve()} has no pyproject.toml that names reelmake's loader" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize("words", [["one=two"], ["voice:one:hi=there"], ["clean", "video=one"]])
def test_a_word_with_an_equals_sign_is_not_left_out(project: Workspace, vendor: Standin, words: list[str]) -> None:
    project.episode("one", HELLO[0])
    assert f"nothing is called '{words[-1]}'" in project.run(*words, rc=3).stderr
    assert vendor.count() == 0


IN_THE_WAY = [
    ("build", 1, "build is in the way: a folder has to be there, and it is a file"),
    ("build/one", 1, "build/one is in the way: a folder has to be there, and it is a file"),
    ("build/one/script.json/", 1, "script.json is in the way: a file has to be there, and it is a folder"),
    (".reelmake", 3, ".reelmake is in the way: a folder has to be there, and it is a file"),
    (".reelmake/work", 3, ".reelmake/work is in the way: a folder has to be there, and it is a file"),
    (".reelmake/store", 3, "the store cannot be kept in .reelmake/store"),
    (".reelmake/doit.db/", 3, "the task database .reelmake/doit.db cannot be opened"),
]


@pytest.mark.parametrize(("path", "code", "told"), IN_THE_WAY, ids=[path for path, _, _ in IN_THE_WAY])
def test_what_is_in_the_way_is_told_as_such(project: Workspace, path: str, code: int, told: str) -> None:
    project.episode("one", HELLO[0])
    if path.endswith("/"):
        (project.root / path).mkdir(parents=True)
    else:
        project.write(path, "in the way")
    failed = project.run(rc=code).stderr
    assert told in failed
    assert "Traceback" not in failed
    assert "mistake in reelmake" not in failed


@pytest.mark.slow
def test_moving_a_line_over_a_background_encodes_what_looks_different_and_no_more(
    project: Workspace, vendor: Standin
) -> None:
    """Each line's stretch of the background goes with the line only where its flow says so."""
    small_video(project.root / "assets/loop.mp4")
    for flow, encoded in (("per-line", 0), ("continuous", 3)):
        more: dict[str, Any] = {"background": {"file": "assets/loop.mp4", "flow": flow}, "reel": {"motion": "zoom-in"}}
        project.episode(flow, *HELLO, **more)
        project.run()
        calls = vendor.count()
        project.episode(flow, HELLO[2], HELLO[0], HELLO[1], **more)
        made = [name.partition(":")[0] for name in project.made(project.run())]
        assert vendor.count() == calls
        assert made.count("segment") == encoded
        assert {"voice", "image", "background"} & set(made) == set()


Spec = dict[str, Any]
FLOWS = ("elastic", "per-line", "continuous")


def swap_background(spec: Spec, project: Workspace) -> None:
    small_video(project.root / spec["background"]["file"], seconds=2)


def rename_background(spec: Spec, project: Workspace) -> None:
    (project.root / spec["background"]["file"]).rename(project.root / "assets/renamed.mp4")
    spec["background"]["file"] = "assets/renamed.mp4"


def colour_of_a_character(spec: Spec, project: Workspace) -> None:
    who = spec["lines"][0].partition(":")[0]
    project.write(f"characters/{who}.yaml", 'name: Ada\ncaption: {color: "#118AB2"}\n')


EDITS: dict[str, Callable[[Spec, Workspace], object]] = {
    "nothing": lambda _, __: None,
    "other words": lambda spec, _: spec["lines"].__setitem__(1, "max: Other words of mine now | picture 1"),
    "another picture": lambda spec, _: spec["lines"].__setitem__(1, spec["lines"][1].split("|")[0] + "| another"),
    "a line moved": lambda spec, _: spec["lines"].insert(0, spec["lines"].pop()),
    "a line put in": lambda spec, _: spec["lines"].insert(1, "max: Let me say | a door"),
    "a line said twice": lambda spec, _: spec["lines"].insert(0, spec["lines"][2]),
    "a line taken out": lambda spec, _: spec["lines"].pop(0),
    "longer pauses": lambda spec, _: spec.update(reel={"pause_seconds": 0.7}),
    "no captions": lambda spec, _: spec.update(reel={"captions": "none"}),
    "elastic": lambda spec, _: spec["background"].update(flow="elastic"),
    "per-line": lambda spec, _: spec["background"].update(flow="per-line"),
    "continuous": lambda spec, _: spec["background"].update(flow="continuous"),
    "another background": swap_background,
    "a background by another name": rename_background,
    "no background": lambda spec, _: spec.pop("background"),
    "no music": lambda spec, _: spec.pop("music"),
    "quieter music": lambda spec, _: spec.update(reel={"music_db": -30}),
    "another title": lambda spec, _: spec.update(title="Another"),
    "another language": lambda spec, _: spec.update(language="en-GB"),
    "another style": lambda spec, _: spec.update(style="ink"),
    "another colour": colour_of_a_character,
}


def episode_of(edit: str) -> str:
    return edit.replace(" ", "-")


def start(project: Workspace, name: str, flow: str) -> Spec:
    """Write an episode with a background, music and a speaker of its own, so that an edit touches no other episode."""
    project.write(f"characters/{name}.yaml", 'name: Ada\ncaption: {color: "#FFD166"}\n')
    file = small_video(project.root / f"assets/{name}.mp4")
    spec = {
        "lines": [f"{name}: Line {n} says so | picture {n}" for n in range(3)],
        "title": "One",
        "background": {"file": str(file.relative_to(project.root)), "flow": flow},
        "music": "assets/hum.wav",
    }
    write(project, name, spec)
    return spec


def write(project: Workspace, name: str, spec: Spec) -> None:
    project.episode(name, *spec["lines"], **{field: value for field, value in spec.items() if field != "lines"})


def clean_build_of(project: Workspace, vendor: Standin) -> Workspace:
    """Build the same specs from nothing, in another folder with a store of its own."""
    clean = Workspace(project.root.parent / "elsewhere" / "clean", vendor.url)
    for folder in ("assets", "characters", "episodes"):
        shutil.copytree(project.root / folder, clean.root / folder, dirs_exist_ok=True)
    clean.run()
    return clean


@pytest.fixture(scope="module")
def edited_and_clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Workspace]]:
    """Give two projects with an episode for each kind of edit: one was built before the edits and after, one after."""
    with Standin() as vendor:
        project = Workspace(tmp_path_factory.mktemp("edits") / "edited", vendor.url)
        hum(project.root / "assets/hum.wav")
        specs = {}
        for at, edit in enumerate(EDITS):
            flow = FLOWS[at % 3] if FLOWS[at % 3] != edit else FLOWS[at % 3 - 1]
            specs[edit] = start(project, episode_of(edit), flow)
        project.run()
        for edit, spec in specs.items():
            EDITS[edit](spec, project)
            write(project, episode_of(edit), spec)
        project.run()
        yield project, clean_build_of(project, vendor)


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS)
def test_after_an_edit_of_any_kind_the_outputs_are_those_of_a_clean_build(
    edited_and_clean: tuple[Workspace, Workspace], edit: str
) -> None:
    """Incremental equals clean, byte for byte, video.json and all; what is not edited is the same in any folder."""
    edited, clean = (project.outputs(episode_of(edit)) for project in edited_and_clean)
    assert f"build/{episode_of(edit)}/video.json" in clean
    assert edited == clean


@pytest.mark.slow
def test_after_one_edit_upon_another_the_outputs_are_those_of_a_clean_build(tmp_path: Path, vendor: Standin) -> None:
    dice = random.Random(1)
    project = Workspace(tmp_path / "edited", vendor.url)
    hum(project.root / "assets/hum.wav")
    specs = {flow: start(project, flow, flow) for flow in FLOWS}
    project.run()
    last = {"a background by another name", "no background"}  # no edit of a background can follow
    edits = {flow: dice.sample([edit for edit in EDITS if edit not in last], 4) for flow in FLOWS}
    for turn in range(4):
        for flow, spec in specs.items():
            EDITS[edits[flow][turn]](spec, project)
            write(project, flow, spec)
        project.run()
    assert project.outputs() == clean_build_of(project, vendor).outputs(), edits
