"""What a build shows: a live display in a terminal, plain lines elsewhere, and never anything on stdout."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from doit_project import DoitProject
from rich.console import Console
from workspace import Workspace

from reelmake.tasks.display import Display
from reelmake.tasks.tally import Estimate, Tally

DODO = """
import logging
from reelmake.core.logging import LogStream
logging.basicConfig(stream=LogStream(), level=logging.INFO, format="LOG %(message)s")
POOLS = {"cpu": 2, "net": 3}

def talk():
    logging.info("a whole line from a thread")

def task_all():
    yield group("voice", [f"voice:a:{i}" for i in range(9)])
    for i in range(9):
        fail = BuildError("the vendor said no", "try :b: again") if i == 4 else None
        yield step(f"voice:a:{i}", [f"{i}.wav"], pool="net", seconds=0.25, before=talk, fail=fail,
                   note="restored" if i % 2 else "made")
    yield step("video:a", ["a.mp4"], deps=[f"{i}.wav" for i in range(9)])

def task_loud():
    return {"actions": ["echo said out loud; echo said to stderr >&2"]}
"""


def start_in_terminal(project: DoitProject, *args: str, **env: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start doit in a terminal of 24 x 100; return it and the file descriptor from which one reads what it writes."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command, environment = project.command(*args)
    environment |= {"TERM": "xterm", "PYTHONWARNINGS": "", **env}  # doit leaves pipes of its commands open
    doit = subprocess.Popen(
        [sys.executable, *command], cwd=project.root, env=environment, stdin=end, stdout=end, stderr=end
    )
    os.close(end)
    return doit, terminal


def in_terminal(project: DoitProject, *args: str, **env: str) -> tuple[int, str]:
    """Run doit in a terminal; return its code and all that it wrote there."""
    doit, terminal = start_in_terminal(project, *args, **env)
    written = read_until(terminal, "never written")
    os.close(terminal)
    return doit.wait(timeout=20), written


def read_until(terminal: int, text: str) -> str:
    """Read until the text has come, or the end."""
    written = b""
    while text not in written.decode(errors="ignore") and (chunk := read(terminal)):
        written += chunk
    return written.decode()


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def screen(written: str) -> list[str]:
    """Return what is left on the screen: follows line feeds, returns, going up, and clearing a line."""
    lines, row = [""], 0
    for part in re.split(r"(\r\n|\r|\n|\x1b\[[?\d;]*[A-Za-z])", written):
        if part in ("\r\n", "\n"):
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif not part.startswith(("\x1b", "\r")):
            lines[row] += part
    return [line.rstrip() for line in lines]


def test_a_terminal_gets_a_live_display_which_leaves_a_clean_screen(tmp_path: Path) -> None:
    code, written = in_terminal(DoitProject(tmp_path, DODO), "-v", "2")
    assert code == 1
    drawn = [screen(frame)[-5:] for frame in re.findall(r"(?s)net .*? so far[^\r]*", written)]
    assert any(re.search(r"net .*[1-9]/9 voice:a:\d, voice:a:\d, voice:a:\d", "\n".join(frame)) for frame in drawn)
    assert "left" not in drawn[0][-1], "nothing is known yet, so nothing is estimated"
    assert any(re.search(r"(about|at least) \d s left", frame[-1]) for frame in drawn)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l"), "the cursor is shown again"

    left = [line for line in screen(written) if line]
    assert left[-1].startswith("11 steps: 5 made, 4 restored, 0 up to date, 1 failed, 1 not started in ")
    assert set(left[:-1]) == {
        "LOG a whole line from a thread",
        "said out loud",
        "said to stderr",
        "voice:a:4 failed: the vendor said no; try :b: again",
    }
    assert left.count("LOG a whole line from a thread") == 9


def test_leaving_at_once_restores_the_terminal(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, "def task_all():\n    yield step('slow', ['slow.wav'], seconds=30)")
    doit, terminal = start_in_terminal(project)
    written = read_until(terminal, "so far")
    doit.send_signal(signal.SIGINT)
    written += read_until(terminal, "stopping: waiting for 1 step: slow")
    doit.send_signal(signal.SIGINT)
    written += read_until(terminal, "what is finished is kept")
    os.close(terminal)
    assert doit.wait(timeout=5) == 130
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}])
def test_a_terminal_that_cannot_or_should_not_gets_plain_lines(tmp_path: Path, env: dict[str, str]) -> None:
    _, written = in_terminal(DoitProject(tmp_path, DODO), **env)
    assert "\x1b" not in written
    assert "voice:a:1 restored 0." in written


def test_a_pipe_gets_a_line_for_each_step_that_ran_and_a_sum(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, DODO)
    run = project.run("voice")
    assert run.out == ""
    lines = [line for line in run.err.splitlines() if not line.startswith("LOG")]
    assert sorted(lines[:-1]) == sorted(set(lines[:-1])), "one line each"
    assert re.fullmatch(r"voice:a:0 made 0\.\d s", sorted(lines)[1])
    assert "voice:a:4 failed: the vendor said no; try :b: again" in lines
    assert re.fullmatch(r"9 steps: 4 made, 4 restored, 0 up to date, 1 failed in \d\.\d s", lines[-1])
    again = project.run("voice:a:0", "voice:a:1")
    assert re.fullmatch(r"2 steps: 2 up to date, 0 failed in 0\.\d s\n", again.err)


def test_several_failures_are_listed_at_the_end_too(tmp_path: Path) -> None:
    dodo = """
def task_all():
    for i in range(3):
        yield step(f"t:{i}", fail=BuildError(f"no {i}") if i else None)
"""
    lines = DoitProject(tmp_path, dodo).run().err.splitlines()
    assert lines[-4:-1] == ["", "t:1 failed: no 1", "t:2 failed: no 2"]


def test_a_file_that_was_asked_for_gets_what_stderr_would(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, DODO)
    run = project.run("-o", "report.txt", "voice:a:0")
    assert run.err == "LOG a whole line from a thread\n"
    assert project.read("report.txt").startswith("voice:a:0 made")


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_names_counts_and_the_estimate_are_shown_however_long_the_labels_are(width: int) -> None:
    tasks = {
        name: step(name, pool)
        for name, pool in [(f"segment:sky:ada-wait-really-why-is-it-not-violet-then-{i}", "cpu") for i in range(31)]
        + [(f"voice:sky:max-because-our-eyes-see-blue-better-{i}", "offline-voice") for i in range(9)]
    }
    tally = Tally({"cpu": 2, "offline-voice": 3})
    tally.follow(tasks, list(tasks))
    names = list(tasks)
    for name in (*names[:18], *names[31:33]):
        tally.start(tasks[name])
        tally.finish(tasks[name], "made")
    for name in (*names[18:20], *names[33:38]):
        tally.start(tasks[name])
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(Display(tally, console).get_renderable())
    rows = captured.get().splitlines()
    assert max(map(len, rows)) <= width
    assert re.match(r"cpu           [━╸╺ ]{20} +18/31 segment:sky:ada-w", rows[0])
    assert re.match(r"offline-voice [━╸╺ ]{20} +2/9 +voice:sky:max-be", rows[1])
    assert re.fullmatch(r"\d s so far, about \d s left", rows[2].rstrip())
    assert len(rows) == 3


def test_nothing_to_do_imports_nothing_heavy(tmp_path: Path) -> None:
    """A real episode that is up to date: pictures and voices are not needed."""
    work = Workspace(tmp_path, provider="offline")
    work.episode("sky", "ada: Why is the sky blue?")
    work.run()
    heavy = {"numpy", "PIL", "onnxruntime", "fontTools", "rich", "hibari", "httpx", "structlog"}
    for command in ((), ("list",), ("info", "video:sky")):
        told = work.run(*command, PYTHONPROFILEIMPORTTIME="1").stderr
        imported = set(re.findall(r"^import time:.*\| +(\w+)", told, re.MULTILINE))
        assert "reelmake" in imported
        assert imported & heavy == set(), command


def step(name: str, pool: str) -> Any:
    return SimpleNamespace(name=name, meta={"pool": pool}, actions=[1], task_dep=[], setup_tasks=[], loader=None)


def test_what_a_step_has_run_for_is_no_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    tasks = {f"image:{i}": step(f"image:{i}", "image") for i in range(25)}
    tally = Tally({"image": 4})
    tally.follow(tasks, list(tasks))
    tally.start(tasks["image:0"])
    now = 3.0
    tally.finish(tasks["image:0"], "made")
    for i in range(1, 5):
        tally.start(tasks[f"image:{i}"])
    now = 4.0
    assert tally.estimate() == Estimate((20 * 3 + 4 * 2) / 4, is_whole=True)
    now = 60.0  # they take longer than the one before
    assert tally.estimate() == Estimate(20 * 3 / 4, is_whole=True)


def test_the_estimate_is_of_the_pool_that_needs_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    tasks = {f"image:{i}": step(f"image:{i}", "image") for i in range(25)}
    tasks |= {f"segment:{i}": step(f"segment:{i}", "cpu") for i in range(5)}
    tally = Tally({"image": 4, "cpu": 2})
    tally.follow(tasks, list(tasks))
    assert tally.estimate() is None
    tally.start(tasks["image:0"])
    now = 3.0
    tally.finish(tasks["image:0"], "made")
    assert tally.estimate() == Estimate(24 * 3 / 4, is_whole=False)
    tally.start(tasks["segment:0"])
    now = 15.0
    tally.finish(tasks["segment:0"], "made")
    assert tally.estimate() == Estimate(4 * 12 / 2, is_whole=True)
    for i in range(1, 4):
        tally.finish(tasks[f"segment:{i}"], "up to date")
    assert tally.estimate() == Estimate(24 * 3 / 4, is_whole=True)
    for i in range(1, 25):
        tally.finish(tasks[f"image:{i}"], "up to date")
    assert tally.estimate() == Estimate(12, is_whole=True), "one step cannot be shared by two workers"


def test_a_placeholder_that_fails_is_not_counted_as_done() -> None:
    tasks = {"voice:a": step("voice:a", "net"), "script:b": step("script:b", "net")}
    hollow: Any = SimpleNamespace(
        name="video:b", meta={}, actions=[], task_dep=["script:b"], setup_tasks=[], loader=object()
    )
    tally = Tally({})
    tally.follow({**tasks, "video:b": hollow}, ["voice:a", "video:b"])
    tally.start(tasks["script:b"])
    tally.finish(tasks["script:b"], "failed")
    tally.finish(hollow, "failed")
    assert tally.left() == 1
    assert [(row.done, row.total) for row in tally.rows()] == [(1, 2)]
    assert tally.outcomes == {"script:b": "failed", "video:b": "failed"}


def test_a_step_that_is_over_before_it_is_discovered_is_counted_once() -> None:
    tasks = {"voice:a": step("voice:a", "net")}
    late = step("voice:b", "net")
    group = SimpleNamespace(name="all", meta={}, actions=[], task_dep=["voice:a"], setup_tasks=[], loader=object())
    known = {**tasks, "all": group}
    tally = Tally({})
    tally.follow(known, ["all"])
    tally.finish(late, "up to date")
    assert tally.left() == 1
    known |= {
        "voice:b": late,
        "all": SimpleNamespace(**{**vars(group), "loader": None, "task_dep": [*known, "voice:b"]}),
    }
    tally.finish(tasks["voice:a"], "made")
    assert tally.left() == 0
    assert [(row.done, row.total) for row in tally.rows()] == [(2, 2)]
