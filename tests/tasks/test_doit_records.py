"""The records, with the real doit: what counts as a change, and what survives. Each test closes one of doit's traps."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from doit.dependency import JSONCodec
from doit_project import DoitProject, Run

from reelmake.core import files
from reelmake.tasks import outputs
from reelmake.tasks.records import RecordFile, Records

COPY = """
POOLS = {"cpu": 1}
def task_all():
    yield step("copy", ["out.txt"], deps=["in.txt"])
"""
HASHES = """
import hashlib
really = hashlib.file_digest
def told(file, kind):
    log("hash", file.name)
    return really(file, kind)
hashlib.file_digest = told
"""


def settle(project: DoitProject, *paths: str) -> None:
    """Make files look as if they had been written a while ago, as an author's files have."""
    time.sleep(0.05)
    for path in paths:
        os.utime(project.root / path)
    time.sleep(0.05)


def test_an_input_edited_while_its_task_runs_makes_it_run_again(tmp_path: Path) -> None:
    project = DoitProject(
        tmp_path,
        """
def work():
    text = Path("in.txt").read_text()
    if text == "old":
        Path("in.txt").write_text("new")  # the author saves it between its reading and the end of the task
    Path("out.txt").write_text(text)
    log("end", "copy")
    return Outcome("made")
def task_copy():
    return Task("copy", [Job(work)], file_dep=["in.txt"], targets=["out.txt"])
""",
    )
    project.write("in.txt", "old")
    assert project.run().code == 0
    assert project.read("out.txt") == "old"
    assert project.run().code == 0
    assert project.read("out.txt") == "new"
    assert project.ran() == ["copy", "copy"]
    project.run()
    assert project.ran() == []


def test_a_touched_file_is_read_once_and_not_for_ever(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, HASHES + COPY)
    project.write("in.txt", "text")
    settle(project, "in.txt")
    project.run()
    settle(project, "out.txt")
    project.run()

    def read_by_a_run() -> list[str]:
        (project.root / "journal").unlink(missing_ok=True)
        project.run()
        return [name for _, what, name in project.journal() if what == "hash"]

    assert read_by_a_run() == [], "nothing changed, so nothing is read"
    settle(project, "in.txt")
    assert read_by_a_run() == ["in.txt"]
    assert read_by_a_run() == []


def test_a_target_that_was_cut_short_or_edited_is_made_again(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, COPY)
    project.write("in.txt", "some text")
    project.run()
    assert project.ran() == ["copy"]
    for content in ("some", "SOME text"):
        old = (project.root / "out.txt").stat()
        project.write("out.txt", content)
        os.utime(project.root / "out.txt", ns=(old.st_atime_ns, old.st_mtime_ns))
        info = project.run("info", "copy")
        assert "not as the task made them:\n    - out.txt" in info.out
        project.run()
        assert project.ran() == ["copy"]
        assert project.read("out.txt") == "some text"


def test_a_missing_input_is_told_before_anything_runs(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, COPY)
    run = project.run()
    assert run.code == 2
    assert "in.txt' does not exist" in run.err
    assert project.journal() == []


def test_two_processes_share_one_database_and_lose_nothing(tmp_path: Path) -> None:
    dodo = """
POOLS = {"cpu": 4}
def task_all():
    for side in "ab":
        yield group(side, [f"{side}:{i}" for i in range(40)])
        for i in range(40):
            yield step(f"{side}:{i}", [f"{side}{i}"], seconds=0.01)
"""
    project = DoitProject(tmp_path, dodo)
    both = [project.start("a"), project.start("b")]
    for doit in both:
        _, err = doit.communicate(timeout=60)
        assert doit.returncode == 0, err
    assert len(project.ran()) == 80
    assert project.run().code == 0
    assert project.ran() == []


def cut_in_the_middle(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def another_version(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


DAMAGES = [
    lambda path: path.write_bytes(b"not a database, but long enough to look at" * 100),
    cut_in_the_middle,
    another_version,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=["another format", "broken pages", "another version"])
def test_a_database_that_cannot_be_used_is_set_aside_and_the_build_goes_on(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    project = DoitProject(
        tmp_path, "def task_all():\n    for i in range(30):\n        yield step(f't:{i}', [f'{i}.wav'])"
    )
    assert project.run().code == 0
    damage(tmp_path / ".doit.db")
    project.ran()
    run = project.run()
    assert run.code == 0, run.err
    assert [line for line in run.err.splitlines() if line.startswith("reelmake: .doit.db is ")], run.err
    assert run.err.count(".doit.db") == 2
    assert (tmp_path / ".doit.db.set-aside").exists()
    assert len(project.ran()) == 30
    again = project.run()
    assert project.ran() == []
    assert ".doit.db" not in again.err


def test_a_folder_that_cannot_be_written_to_is_told_in_one_line(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, "def task_all():\n    yield step('a', ['a'])")
    run = project.run("--db-file=missing/doit.db")
    assert run.code == 3
    assert run.err.startswith("ERROR: the task database missing/doit.db cannot be opened")
    assert "Traceback" not in run.err


def test_a_record_that_finds_no_room_fails_its_task_and_not_the_run(tmp_path: Path) -> None:
    dodo = """
import resource
def work():
    Path("a").write_text("text")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))  # as a disk that is full
    return Outcome("made")

def task_a():
    return Task("a", [Job(work)], targets=["a"], uptodate=[config_changed("long " * 10000)])
"""
    run = DoitProject(tmp_path, dodo).run()
    assert run.code == 1
    assert run.err.startswith("a failed: what it made is kept, but cannot be recorded in .doit.db: ")
    assert "make room" in run.err
    assert "Traceback" not in run.err


OFF = [
    (["strace", "voice:1"], "steps of reelmake are not commands; 'doit info voice:1' tells"),
    (["dumpdb"], "reelmake keeps another; 'doit info TASK' tells"),
    (["tabcompletion", "--hardcode-tasks"], "--hardcode-tasks is not there"),
    (["a=b"], "nothing is called 'a=b'"),
    (["clean", "voice:1:hi=there"], "nothing is called 'voice:1:hi=there'"),
]


@pytest.mark.parametrize(("command", "told"), OFF, ids=[" ".join(command) for command, _ in OFF])
def test_what_would_do_something_else_than_it_says_is_refused(tmp_path: Path, command: list[str], told: str) -> None:
    project = DoitProject(tmp_path, 'def task_all():\n    yield step("voice:1", ["1.wav"])')
    project.write("1.wav", "text")
    run = project.run(*command)
    assert run.code == 3
    assert told in run.err
    assert run.err.count("\n") == 1
    assert project.ran() == []
    assert (tmp_path / "1.wav").exists()


def test_help_tells_of_a_task(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, 'def task_all():\n    yield step("voice:1", ["1.wav"], doc="one voice")')
    project.run()
    assert project.run("help", "voice:1") == Run(0, "voice:1  one voice\n", "")


def test_other_commands_of_doit_work_with_our_records(tmp_path: Path) -> None:
    dodo = """
def task_all():
    yield group("voice", ["voice:1", "voice:2"], doc="all voices")
    yield step("voice:1", ["1.wav"], deps=["in.txt"], subtask_of="voice")
    yield step("voice:2", ["2.wav"], subtask_of="voice")
"""
    project = DoitProject(tmp_path, dodo)
    project.write("in.txt", "text")
    assert project.run("list").out.split() == ["voice", "all", "voices"]
    assert project.run("list", "--all", "--status").out.split()[4:] == ["R", "voice:1", "R", "voice:2"]
    assert project.run("info", "voice:1").code == 1
    project.run()
    project.ran()
    assert project.run("list", "--all", "--status").out.split()[4:] == ["U", "voice:1", "U", "voice:2"]
    assert "up-to-date" in project.run("info", "voice:1").out
    assert project.run("info", "voice:3").err.startswith(
        "ERROR: there is no task and no file to build called 'voice:3'; did you mean voice:"
    )

    assert project.run("forget", "voice:1").code == 0
    project.run()
    assert project.ran() == ["voice:1"]

    assert project.run("ignore", "voice:2").code == 0
    project.write("1.wav", "x")
    assert "1 ignored" in project.run("-a").err
    assert project.ran() == ["voice:1"]
    project.run("forget", "--all")
    project.run()
    assert sorted(project.ran()) == ["voice:1", "voice:2"]

    project.write("in.txt", "other text")
    assert "processed voice:1\nskip voice:2" in project.run("reset-dep").out
    project.run()
    assert project.ran() == []

    project.run("clean", "voice:2")
    assert not (tmp_path / "2.wav").exists()
    project.run()
    assert project.ran() == ["voice:2"]


def test_what_vanished_tasks_made_is_known(tmp_path: Path) -> None:
    dodo = """
def task_all():
    for i in LINES:
        yield step(f"voice:{i}", [f"{i}.wav"])
    yield step("voices", ["all"])
"""
    project = DoitProject(tmp_path, "LINES = [1, 2]\n" + dodo)
    project.run()
    project.change("LINES = [2]\n" + dodo)
    project.run()
    records = Records(str(tmp_path / ".doit.db"))
    made = records.made_by("voice:")
    assert {name: list(files) for name, files in made.items()} == {"voice:1": ["1.wav"], "voice:2": ["2.wav"]}
    records.remove("voice:1")
    records.close()
    records = Records(str(tmp_path / ".doit.db"))
    assert list(records.made_by("voice")) == ["voice:2", "voices"]
    records.close()


SECOND = 10**9
FINE, COARSE = 5 * SECOND + 1, 5 * SECOND  # a time with nanoseconds, and one of a file system without


@pytest.mark.parametrize(
    ("changed_ns", "later_ns", "is_trusted"),
    [
        (FINE, files.TICK_NS, False),
        (FINE, files.TICK_NS + 1, True),
        (COARSE, files.TICK_NS + 1, False),
        (COARSE, files.COARSE_TICK_NS, False),
        (COARSE, files.COARSE_TICK_NS + 1, True),
    ],
)
@pytest.mark.parametrize("clock", ["st_mtime_ns", "st_ctime_ns"])
def test_the_state_of_a_file_is_trusted_only_when_its_clock_has_moved_on(
    tmp_path: Path, clock: str, changed_ns: int, later_ns: int, is_trusted: bool
) -> None:
    """Until then the file could change again and look the same."""
    times = {"st_mtime_ns": SECOND, "st_ctime_ns": SECOND, clock: changed_ns}
    state: Any = SimpleNamespace(st_size=4, st_ino=1, **times)
    cache = RecordFile(str(tmp_path / "db"), JSONCodec())
    file = tmp_path / "file"
    file.write_text("text")
    seen = outputs.Digests(cache, stat=lambda _: state, now_ns=lambda: changed_ns + later_ns).digest(file)
    assert seen == hashlib.sha256(b"text").hexdigest()
    assert (cache.digest(str(file)) is not None) == is_trusted
    cache.dump()


def test_new_content_with_an_old_time_is_noticed(tmp_path: Path) -> None:
    """As rsync and cp -p leave it."""
    cache = RecordFile(str(tmp_path / "db"), JSONCodec())
    known = outputs.Digests(cache)
    file = tmp_path / "file"
    file.write_text("text")
    time.sleep(0.1)
    before = known.digest(file)
    old = file.stat()
    file.write_text("TEXT")
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    time.sleep(0.1)
    assert known.digest(file) != before
    cache.dump()


@pytest.mark.parametrize(("later_ns", "is_known"), [(1, False), (files.COARSE_TICK_NS + 1, True)])
def test_a_file_that_is_put_in_its_place_is_read_again_only_if_it_was_just_written(
    tmp_path: Path, later_ns: int, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = RecordFile(str(tmp_path / "db"), JSONCodec())
    part, target = tmp_path / "part", tmp_path / "file"
    target.write_text("what was there")
    part.write_text("text")
    written = part.stat()
    now_ns = max(written.st_mtime_ns, written.st_ctime_ns) + later_ns
    known = outputs.Digests(cache, now_ns=lambda: now_ns)
    sha256 = hashlib.sha256(b"text").hexdigest()
    known.place(part, target, sha256)
    assert target.read_text() == "text"
    assert not part.exists()
    read: list[str] = []
    file_digest = hashlib.file_digest

    def noted(file: Any, name: str) -> Any:
        read.append(str(file.name))
        return file_digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    assert known.digest(target) == sha256
    assert bool(read) != is_known
    target.write_text("TEXT")
    assert known.digest(target) == hashlib.sha256(b"TEXT").hexdigest()
    cache.dump()
