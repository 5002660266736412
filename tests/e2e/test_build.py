"""The build as its users run it: the real doit, a real ffmpeg, providers that are a server on loopback."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from standin_server import Standin
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


def test_moving_a_line_calls_nobody_and_encodes_only_what_looks_different(project: Workspace, vendor: Standin) -> None:
    """Without a background every segment looks as it did, wherever its line stands."""
    project.episode("one", *HELLO)
    project.run()
    calls = vendor.count()
    project.episode("one", HELLO[2], HELLO[0], HELLO[1])
    made = project.made(project.run())
    assert vendor.count() == calls
    assert sorted(name.partition(":")[0] for name in made) == ["script", "soundtrack", "subtitles", "timeline", "video"]


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


def test_lines_that_are_gone_leave_no_files(project: Workspace) -> None:
    project.episode("one", *HELLO)
    project.run()
    project.episode("one", HELLO[1])
    project.run()
    names = {Path(path).name.split(".")[0] for path in project.outputs() if path.count("/") == 3}
    assert len(names) == 1
    assert names.pop().startswith("max-and-a-very-good")


def test_a_line_that_fails_fails_its_episode_and_nothing_else(project: Workspace, vendor: Standin) -> None:
    project.episode("bad", "ada: Hello there | sorrow", "max: Good day | a clock")
    project.episode("good", *HELLO)
    vendor.refuse.add(("image", "sorrow"))
    failed = project.run(rc=1)
    assert (project.root / "build/good/good.mp4").is_file()
    assert not (project.root / "build/bad/bad.mp4").exists()
    assert "image:bad:ada-hello-there" in failed.stderr
    assert "Traceback" not in failed.stderr
    vendor.refuse.clear()
    calls = vendor.count()
    repaired = project.run()
    assert vendor.count() == calls + 1
    made = {name.partition(":")[0] for name in project.made(repaired)}
    assert made == {"image", "segment", "video"}


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
    assert project.made(project.run()) == []
    project.run("clean")
    assert project.outputs() == {}


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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_edits_the_outputs_are_those_of_a_clean_build(tmp_path: Path, vendor: Standin, seed: int) -> None:
    """Incremental equals clean, byte for byte, with a background whose place depends on the lines before."""
    dice = random.Random(seed)
    project = Workspace(tmp_path / "edited", vendor.url)
    background = small_video(project.root / "assets/loop.mp4")
    lines = [f"ada: Line number {n} says something | picture {n}" for n in range(4)]
    flow = dice.choice(["elastic", "continuous", "per-line"])
    more: dict[str, dict[str, object]] = {"background": {"file": "assets/loop.mp4", "flow": flow}}
    project.episode("one", *lines, **more)
    project.run()
    for turn in range(3):
        at = dice.randrange(len(lines))
        match dice.choice(["words", "picture", "move", "insert", "remove", "pause", "flow"]):
            case "words":
                lines[at] = f"max: Other words {'and more ' * dice.randrange(4)}now {turn} | picture {at}"
            case "picture":
                lines[at] = lines[at].split(" | ")[0] + f" | another {turn}"
            case "move":
                lines.insert(dice.randrange(len(lines)), lines.pop(at))
            case "insert":
                lines.insert(at, dice.choice(lines))
            case "remove" if len(lines) > 1:
                lines.pop(at)
            case "pause":
                more["reel"] = {"pause_seconds": round(dice.random(), 2)}
            case _:
                more["background"] = {"file": "assets/loop.mp4", "flow": dice.choice(["elastic", "continuous"])}
        project.episode("one", *lines, **more)
        project.run()
    clean = Workspace(tmp_path / "clean", vendor.url)
    clean.write("assets/loop.mp4", background.read_bytes())
    clean.episode("one", *lines, **more)
    clean.run()
    assert project.outputs() == clean.outputs()


def small_video(path: Path, seconds: float = 3, size: str = "128x128") -> Path:
    """Make a moving background."""
    import subprocess

    import imageio_ffmpeg

    path.parent.mkdir(parents=True, exist_ok=True)
    source = f"testsrc2=size={size}:rate=30:duration={seconds}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", source, str(path)]
    subprocess.run(command, check=True)
    return path
