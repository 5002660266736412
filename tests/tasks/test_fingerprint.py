"""An episode that has not changed is not loaded, and whatever a person does to it by hand is noticed all the same.

After each change, a plan and a build that may leave episodes out are compared with a plan that loads everything.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import nursery
import pytest
from PIL import Image
from standin_server import Standin
from workspace import Workspace

from reelmake.core.files import TICK_NS

CODE = (
    "import json\nfrom reelmake.core.files import episode_names\nfrom pathlib import Path\n"
    "from reelmake.tasks.fingerprint import BUILT, Fingerprints\n"
    "print(json.dumps(sorted(Fingerprints().current(BUILT, episode_names(Path())))))"
)
NAMES = ["one", "three", "two"]
STEPS = {"one": 12, "two": 8, "three": 11}


def current(project: Workspace) -> list[str]:
    """Return the episodes that would be left out."""
    settle()
    process = nursery.start(["-c", CODE], project.root, project.env)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    found: list[str] = json.loads(out)
    return found


def picture(color: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 64), color).save(content, "PNG")
    return content.getvalue()


def settle() -> None:
    """Wait until files are no longer new."""
    time.sleep(2 * TICK_NS / 1e9)


def plan(project: Workspace, *args: str) -> str:
    return project.run("plan", *args, program="reelmake", rc=None).stdout


def full_plan(project: Workspace) -> str:
    """Return the plan of a full load; the fingerprints are there again afterwards."""
    path = project.root / ".reelmake/doit.db"
    with closing(sqlite3.connect(path)) as db, db:
        if not db.execute("SELECT * FROM sqlite_master WHERE name = 'fingerprint'").fetchone():
            return plan(project)
        rows = db.execute("SELECT * FROM fingerprint").fetchall()
        db.execute("DELETE FROM fingerprint")
    told = plan(project)
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany("INSERT INTO fingerprint VALUES (?, ?, ?, ?, ?, ?)", rows)
    return told


@pytest.fixture(scope="module")
def shared_vendor() -> Iterator[Standin]:
    with Standin() as vendor:
        yield vendor


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, shared_vendor: Standin) -> Workspace:
    """A project that was built: an episode over a picture, a plain one, and one whose script was written for it."""
    project = Workspace(tmp_path_factory.mktemp("original") / "project", shared_vendor.url)
    project.write("assets/ground.png", picture("#405060"))
    project.write("templates/image.j2", "{{ subject }}")
    project.episode("one", "ada: Hello there | a harbour", "max: Good day | a clock", background="assets/ground.png")
    project.episode("two", "ada: So it is | a tree")
    project.episode("three", topic="trees", cast=["ada", "max"], lines=2)
    project.run()
    return project


@pytest.fixture
def built(tmp_path: Path, original: Workspace) -> Workspace:
    """A copy of it, of which every episode would be left out."""
    shutil.copytree(original.root, tmp_path / "project", copy_function=shutil.copy2)
    copy = Workspace.__new__(Workspace)
    copy.root, copy.env = tmp_path / "project", original.env
    settle()
    assert copy.made(copy.run()) == []
    assert current(copy) == NAMES
    return copy


def test_a_build_from_nothing_is_known_to_be_built(original: Workspace) -> None:
    """But for a script that it wrote: its receipt is younger than the look at what all episodes share."""
    assert current(original) == ["one", "two"]


def edit(path: Path) -> None:
    """Change a byte, and give the file its old time."""
    content, stat = path.read_bytes(), path.stat()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace(path: Path, by: Callable[[Path], object]) -> None:
    path.unlink()
    by(path)


def damage(folder: Path) -> None:
    for path in folder.glob("*/*"):
        path.chmod(0o644)
        edit(path)


def touch_all(root: Path) -> None:
    for folder in ("episodes", "characters", "templates", "assets", "build"):
        for path in (root / folder).rglob("*"):
            path.touch()


def remove_database(root: Path) -> None:
    for path in root.glob(".reelmake/doit.db*"):
        path.unlink()


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def move_clock(path: Path, seconds: int) -> None:
    then = time.time() + seconds
    os.utime(path, (then, then))


# What a person does, and the episodes that are left out afterwards.
CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "nothing": (lambda _: None, NAMES),
    "a file of an author's own beside the outputs": (lambda root: (root / "build/one/notes.txt").touch(), NAMES),
    "a video deleted": (lambda root: (root / "build/one/one.mp4").unlink(), ["three", "two"]),
    "a segment deleted": (lambda root: next(root.glob("build/two/segments/*")).unlink(), ["one", "three"]),
    "what a video is made of deleted": (lambda root: (root / "build/two/video.json").unlink(), ["one", "three"]),
    "an episode's outputs deleted": (lambda root: shutil.rmtree(root / "build/one"), ["three", "two"]),
    "all outputs deleted": (lambda root: shutil.rmtree(root / "build"), []),
    "a voice edited, at its old time": (lambda root: edit(next(root.glob("build/one/voice/*.wav"))), ["three", "two"]),
    "a video edited, at its old time": (lambda root: edit(root / "build/one/one.mp4"), ["three", "two"]),
    "a picture replaced by a folder": (
        lambda root: replace(next(root.glob("build/two/images/*")), Path.mkdir),
        ["one", "three"],
    ),
    "captions replaced by a dead link": (
        lambda root: replace(root / "build/two/subtitles.srt", lambda path: path.symlink_to("gone")),
        ["one", "three"],
    ),
    "an output from the future": (lambda root: move_clock(root / "build/two/two.mp4", 3600), ["one", "three"]),
    "a spec from the past": (lambda root: move_clock(root / "episodes/two.yaml", -3600), ["one", "three"]),
    "a checkout of every file": (touch_all, []),
    "doit's database removed": (remove_database, []),
    "the store removed": (lambda root: shutil.rmtree(root / ".reelmake/store"), ["one", "two"]),
    "a script in the store damaged": (
        lambda root: damage(root / ".reelmake/store/blobs"),
        ["one", "two"],
    ),
    "a setting": (lambda root: rewrite(root / "pyproject.toml", "size = ", "fps = 24\nsize = "), []),
    "a setting in .env": (lambda root: (root / ".env").write_text("REELMAKE_REEL__FPS=24\n"), []),
    "a template": (lambda root: (root / "templates/image.j2").write_text("{{ subject }}, in ink"), []),
    "a template removed": (lambda root: (root / "templates/image.j2").unlink(), []),
    "a character": (lambda root: rewrite(root / "characters/max.yaml", "#06D6A0", "#06D6A1"), []),
    "a word of a line": (lambda root: rewrite(root / "episodes/two.yaml", "So it is", "So is it"), ["one", "three"]),
    "the background": (lambda root: edit(root / "assets/ground.png"), ["three", "two"]),
    "the background moved out": (
        lambda root: replace(root / "assets/ground.png", lambda path: path.symlink_to("/etc/hostname")),
        ["three", "two"],
    ),
    "an episode more": (
        lambda root: shutil.copy(root / "episodes/two.yaml", root / "episodes/four.yaml"),
        NAMES,
    ),
    "an episode less": (lambda root: (root / "episodes/two.yaml").unlink(), ["one", "three"]),
    "a spec with a wrong ending": (lambda root: (root / "episodes/four.yml").touch(), []),
}


# Changes after which a build ends with an error: the plan is the same before and after.
REFUSED = (
    "a picture replaced by a folder",
    "the store removed",
    "a script in the store damaged",
    "the background moved out",
    "a spec with a wrong ending",
)


@pytest.mark.slow
@pytest.mark.parametrize("what", CHANGES)
def test_what_is_done_by_hand_is_noticed_as_by_a_full_load(built: Workspace, what: str) -> None:
    change, left_out = CHANGES[what]
    change(built.root)
    assert current(built) == left_out
    planned = plan(built)
    assert planned == full_plan(built)
    told = built.run(rc=None)
    assert (told.returncode != 0) == (what in REFUSED), told.stderr
    after = full_plan(built)
    assert plan(built) == after
    if what in REFUSED:
        assert after == planned
        return
    total = after.splitlines()[-1]
    assert re.fullmatch(r"total: \$0; \d+ to keep", total), after
    steps = total.partition("; ")[2].partition(" ")[0]
    assert f"\n{steps} steps: " in f"\n{told.stderr}", "those that are left out are counted"


def test_a_plan_of_some_shows_what_a_full_one_does(built: Workspace) -> None:
    rewrite(built.root / "episodes/two.yaml", "So it is", "So is it")
    both = plan(built, "two", "one")
    assert both.splitlines()[0] == f"one: $0, {STEPS['one']} kept"
    assert "voice:two:" in both
    assert plan(built, "one", "--md").startswith("<!--")
    rows = json.loads(plan(built, "--json"))["steps"]
    assert {row["episode"] for row in rows} == {*NAMES}
    assert len(rows) == sum(STEPS.values())
    assert "keep    voice:one:" in plan(built, "one", "--all")


def test_other_commands_know_the_tasks_of_all_episodes(built: Workspace) -> None:
    listed = built.run("list", "--all", "-q").stdout.split()
    assert {f"video:{name}" for name in NAMES} <= {*listed}
    (voice,) = [name for name in listed if name.startswith("voice:two:")]
    assert "up-to-date" in built.run("info", voice).stdout
    assert "1 steps: 1 up to date" in built.run(voice).stderr.replace("1 step:", "1 steps:")
    assert "build/one/one.mp4" in built.run("clean", "-n").stdout
    assert current(built) == NAMES
    for command in ("forget", "ignore"):
        built.run(command, voice)
        assert current(built) == ["one", "three"], command
        built.run(rc=None)
        assert current(built) == (NAMES if command == "forget" else ["one", "three"])
    built.run("clean", "video:one")
    assert current(built) == ["three"]


def test_always_means_every_step(built: Workspace) -> None:
    assert f"{sum(STEPS.values())} steps: {sum(STEPS.values())} restored" in built.run("-a").stderr


def test_a_step_that_was_built_without_what_it_needs_leaves_nothing_out(built: Workspace) -> None:
    rewrite(built.root / "characters/ada.yaml", "#FFD166", "#FFD167")
    settle()
    built.run("-s", "video:two")
    assert current(built) == []


def test_reporters_that_tell_of_every_task_get_every_task(built: Workspace) -> None:
    told = built.run("-r", "console").stdout
    assert told.count("-- video:") == len(NAMES)
    assert built.run("-r", "zero").stdout == ""


@pytest.mark.parametrize(
    "task",
    [
        "{'actions': ['echo > seen'], 'file_dep': ['build/one/one.mp4']}",
        "{'actions': ['echo > seen'], 'task_dep': ['video']}",
        "{'actions': ['echo > seen'], 'task_dep': ['cover:one']}",
        "{'actions': ['echo > seen'], 'task_dep': ['voice:*']}",
        "{'actions': ['cp new.png assets/ground.png; echo > seen'], 'targets': ['assets/ground.png']}",
    ],
)
def test_tasks_of_a_project_work_beside_ours(built: Workspace, task: str) -> None:
    built.write("new.png", picture("#123456"))
    rewrite(built.root / "dodo.py", "require_project()", f"require_project()\n\ndef task_mine():\n    return {task}\n")
    settle()
    built.run("video", "mine")
    assert (built.root / "seen").exists()
    assert full_plan(built).splitlines()[-1].endswith(f"{sum(STEPS.values())} to keep")
    if "new.png" in task:
        assert (built.root / "assets/ground.png").read_bytes() == picture("#123456")


def test_a_build_by_other_settings_meanwhile_is_not_taken_for_ours(built: Workspace) -> None:
    """A build that finds nothing to do must not vouch for what another one makes before it ends."""
    rewrite(
        built.root / "dodo.py",
        "require_project()",
        "require_project()\n\ndef task_wait():\n    return {'actions': [WAIT]}\n"
        "WAIT = 'touch began; while [ ! -e go ]; do sleep 0.05; done'\n",
    )
    settle()
    (built.root / "episodes/two.yaml").touch()
    settle()
    waiting = built.start("video", "wait")
    while not (built.root / "began").exists():
        assert waiting.poll() is None
        time.sleep(0.02)
    built.run("video:two", REELMAKE_REEL__FPS="24")
    (built.root / "go").touch()
    out, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, (out, err)
    assert "two" not in current(built)
    assert plan(built) == full_plan(built)
    assert "segment:two:" in plan(built, "two"), "what was made by the other settings is not what is asked for"


def test_a_database_that_cannot_be_read_or_written_costs_only_time(built: Workspace) -> None:
    path = built.root / ".reelmake/doit.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE fingerprint")
    told = built.run()
    assert built.made(told) == []
    assert current(built) == NAMES
    path.write_bytes(b"\x00" * 4096)
    assert current(built) == []


def test_an_upgraded_provider_is_asked_what_it_makes_of_a_request(built: Workspace, tmp_path: Path) -> None:
    shutil.copytree(nursery.HERE / "standin", tmp_path / "standin")
    env = {**built.env, "PYTHONPATH": os.pathsep.join((str(tmp_path / "standin"), built.env["PYTHONPATH"]))}
    built.env = env
    settle()
    built.run()
    assert current(built) == NAMES
    (tmp_path / "standin/reelmake_standin.py").touch()
    assert current(built) == []


def test_a_kill_costs_no_more_than_time(built: Workspace) -> None:
    (built.root / "episodes/two.yaml").touch()
    process = built.start()
    time.sleep(0.3)
    process.kill()
    process.communicate()
    assert set(current(built)) <= set(NAMES)
    assert plan(built) == full_plan(built)
    built.run()
    assert current(built) == NAMES


def test_other_languages_of_an_episode_are_one_with_it(project: Workspace) -> None:
    spec = {
        "title": "One",
        "languages": ["en", "fr"],
        "script": [{"ada": "Hello there", "translations": {"fr": "Bonjour"}}],
    }
    project.write("episodes/one.yaml", json.dumps(spec))
    project.run()
    settle()
    project.run()
    assert current(project) == ["one"]
    assert plan(project) == full_plan(project)
    (project.root / "build/one.fr/one.fr.mp4").unlink()
    assert current(project) == []
    only: subprocess.CompletedProcess[str] = project.run("plan", "one.fr", program="reelmake")
    assert "one.fr: " in only.stdout
