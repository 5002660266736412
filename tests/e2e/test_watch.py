"""`reelmake watch`: what is saved is built; what is paid, only within what was agreed to; Ctrl-C ends it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from standin_server import Standin
from workspace import Workspace

pytestmark = pytest.mark.slow
LONGEST_SECONDS = 120.0


class Watching:
    """A watch that runs, and what it says; in a terminal, it can be answered."""

    def __init__(self, project: Workspace, *args: str, terminal: bool = False) -> None:
        self._mine, theirs = pty.openpty() if terminal else os.pipe()
        command = [sys.executable, "-m", "reelmake", "watch", "one", *args]
        self.process = subprocess.Popen(
            command,
            cwd=project.root,
            env=project.env,
            stdin=theirs if terminal else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.told = ""

    def until(self, pattern: str) -> str:
        """Wait until it has said something; returns what it said since the last time."""
        return self._wait(lambda: re.search(pattern, self.told))

    def _wait(self, found: Callable[[], re.Match[str] | None]) -> str:
        end = time.monotonic() + LONGEST_SECONDS
        while (match := found()) is None:
            assert time.monotonic() < end, self.told
            if select.select([self._mine], [], [], 0.2)[0]:
                self.told += os.read(self._mine, 65536).decode().replace("\r", "")
        said, self.told = self.told[: match.end()], self.told[match.end() :]
        return said

    def type(self, text: str) -> None:
        os.write(self._mine, text.encode())

    def stop(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.until("stopped watching\n")
        assert self.process.wait(LONGEST_SECONDS) == 130


@contextmanager
def watching(project: Workspace, *args: str, terminal: bool = False) -> Iterator[Watching]:
    made = Watching(project, *args, terminal=terminal)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def test_what_is_saved_is_built_within_the_cap(project: Workspace, vendor: Standin) -> None:
    project.episode("one", "ada: Hello there | a moon", "max: Good night | a star")
    with watching(project) as session:
        said = session.until(
            r"not bought: 4 steps, such as voice:one:\S+: at most \$0.04; nobody can be asked here.*\n"
        )
        assert "start again with --cap 0.04, or type `doit`" in said
        assert vendor.count() == 0
        session.stop()
    with watching(project, "--cap", "0.06") as session:
        session.until(r"buying 4 steps.*\$0.04\n(?s:.*)steps: .* 0 failed")
        assert (project.root / "build/one/one.mp4").is_file()
        assert vendor.count() == 4
        project.episode("one", "ada: Hello there | a moon", "max: Good morning | a star")
        session.until(
            r"saved: episodes/one.yaml\n(?s:.*)buying 1 step, such as voice:one:max-good-morning(?s:.*) 0 failed"
        )
        assert vendor.count() == 5
        (project.root / "episodes/one.yaml").write_text("title: t\nscript: [{bob: Hi}]\n")
        session.until(r"episodes/one.yaml:2: line 1 is spoken by 'bob', and there is no such character")
        project.episode("one", "ada: Hello again, all | a moon", "max: Good day to you | a star")
        session.until(r"not bought: 2 steps, .*: at most \$0.02, and \$0.01 of --cap is left\n")
        project.episode("one", "ada: Hello there | a moon", "max: Good night | a star")
        session.until(r"saved: (?s:.*)steps: .* 0 failed")  # it was made before: it is free
        project.episode("two", "ada: Another one")
        session.until(r"saved: episodes/two.yaml\n(?s:.*)one is current\n")
        assert vendor.count() == 5
        session.stop()


def test_in_a_terminal_it_asks_and_takes_no_for_an_answer(project: Workspace, vendor: Standin) -> None:
    project.episode("one", "ada: Hello there | a moon")
    with watching(project, terminal=True) as session:
        session.until(r"buy 2 steps, such as voice:one:ada-hello-there-\w+: at most \$0.02\? \[y/N\]:")
        session.type("n\n")
        time.sleep(0.3)
        assert vendor.count() == 0
        project.episode("one", "ada: Hello there you | a moon")
        session.until(r"saved: (?s:.*)buy 2 steps.*\[y/N\]:")
        session.type("y\n")
        session.until(r" 0 failed")
        assert vendor.count() == 2
        assert (project.root / "build/one/one.mp4").is_file()
        project.episode("one", "ada: Hello there again | a moon")
        session.until(r"buy 1 step.*\[y/N\]:")
        project.episode("one", "ada: Hello there once more | a moon")
        session.type("y\n")
        session.until(r"it was saved meanwhile\nbuy 1 step, such as voice:one:ada-hello-there-once-.*\[y/N\]:")
        session.stop()
    assert vendor.count() == 2


def test_an_amount_that_is_none_is_told(project: Workspace, tmp_path: Path) -> None:
    del tmp_path
    project.episode("one", "ada: Hello there")
    told = project.run("watch", "one", "--cap", "much", program="reelmake", rc=2)
    assert "'much' is no amount: write one such as 0.50" in " ".join(told.stderr.split())
