"""The runner, with the real doit: limits, failures, signals, order. Each test closes one of doit's traps."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from doit.exceptions import TaskFailed
from doit_project import POOLED, DoitProject

from reelmake.tasks.job import failure

SIGNALS = [signal.SIGINT, signal.SIGTERM]


def wait_for(doit: subprocess.Popen[str], text: str, times: int = 1) -> None:
    """Read stderr until the text has come in so many lines."""
    assert doit.stderr is not None
    read = ""
    for line in doit.stderr:
        read += line
        if read.count(text) == times:
            return
    raise AssertionError(f"{text!r} never came in:\n{read}")


def most_at_once(project: DoitProject, prefix: str) -> int:
    changes = [1 if what == "start" else -1 for _, what, name in project.journal() if name.startswith(prefix)]
    return max(sum(changes[: i + 1]) for i in range(len(changes)))


def test_each_pool_reaches_its_limit_and_never_exceeds_it(tmp_path: Path) -> None:
    project = DoitProject(
        tmp_path,
        """
POOLS = {"cpu": 2, "voice": 3, "image": 7}
together = {pool: threading.Barrier(limit, timeout=20) for pool, limit in POOLS.items()}  # breaks when fewer come

def task_all():
    for i in range(21):
        yield step(f"voice:{i}", [f"v{i}"], pool="voice", before=together["voice"].wait)
        yield step(f"image:{i}", [f"i{i}"], pool="image", before=together["image"].wait)
        yield step(f"cpu:{i}", [f"c{i}"], deps=[f"v{i}", f"i{i}"], before=together["cpu"].wait)
        yield step(f"odd:{i}", [f"o{i}"], pool="nobody knows it, so it is cpu's", before=together["cpu"].wait)
""",
    )
    assert project.run().code == 0
    cpu = [
        (when, what, f"c:{name}") if name[0] in "co" else (when, what, name) for when, what, name in project.journal()
    ]
    assert most_at_once(project, "voice") == 3
    assert most_at_once(project, "image") == 7
    (tmp_path / "journal").write_text("".join(f"{when} {what} {name}\n" for when, what, name in cpu))
    assert most_at_once(project, "c:") == 2


def test_a_limit_that_changes_during_the_run_is_obeyed_from_then_on(tmp_path: Path) -> None:
    project = DoitProject(
        tmp_path,
        """
POOLS = {"cpu": 2, "voice": 6}
def task_all():
    yield step("throttle", ["t"], before=lambda: POOLS.update(voice=2), seconds=0.1)
    for i in range(20):
        yield step(f"voice:{i:02}", [f"v{i}"], pool="voice", seconds=0.05)
""",
    )
    assert project.run().code == 0
    assert len(set(project.journal())) == 42
    late = [entry for entry in project.journal() if entry[2] >= "voice:08"]
    (tmp_path / "journal").write_text("".join(f"{when} {what} {name}\n" for when, what, name in late))
    assert most_at_once(project, "voice") == 2


def test_a_failure_stops_only_what_depends_on_it_and_erases_no_record(tmp_path: Path) -> None:
    dodo = """
def task_all():
    yield step("script", ["script.json"], text="same", uptodate=[config_changed(VERSION)], fail=FAIL)
    yield step("voice:1", ["1.wav"], deps=["script.json"])
    yield step("voice:2", ["2.wav"], deps=["script.json"])
    yield step("other", ["other.wav"], text=VERSION)
"""
    project = DoitProject(tmp_path, "VERSION, FAIL = '1', None" + dodo)
    assert project.run().code == 0
    assert sorted(project.ran()) == ["other", "script", "voice:1", "voice:2"]

    project.change("VERSION, FAIL = '2', BuildError('503 from the vendor', 'try again')" + dodo)
    failed = project.run()
    assert failed.code == 1
    assert "script failed: 503 from the vendor; try again" in failed.err
    assert "Traceback" not in failed.err
    assert "4 steps: 1 made, 0 up to date, 1 failed, 2 not started" in failed.err
    assert project.ran() == ["other"]

    project.change("VERSION, FAIL = '2', None" + dodo)
    assert project.run().code == 0
    assert project.ran() == ["script"], "the voices' records were erased by a failure that was not theirs"


def test_a_mistake_of_ours_is_told_with_its_traceback_and_ends_with_2(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, "def task_all():\n    yield step('a', ['a'], fail=KeyError('oops'))")
    run = project.run()
    assert run.code == 2
    assert "KeyError: 'oops'" in run.err
    assert "in work" in run.err


def test_a_target_that_was_not_made_is_a_failure(tmp_path: Path) -> None:
    dodo = "def task_a():\n    return Task('a', [Job(lambda: Outcome('made'))], targets=['never.wav'])"
    run = DoitProject(tmp_path, dodo).run()
    assert run.code == 1
    assert "a failed: it was to make never.wav, which is not there" in run.err


def test_no_continue_stops_at_the_first_failure(tmp_path: Path) -> None:
    dodo = """
POOLS = {"cpu": 1}
def task_all():
    yield step("a", ["a"], fail=BuildError("no"))
    yield step("b", ["b"])
"""
    project = DoitProject(tmp_path, dodo)
    assert project.run("--no-continue").code == 1
    assert project.ran() == []
    assert project.run().code == 1
    assert project.ran() == ["b"]


SLOW = """
POOLS = {"cpu": 2}
def task_all():
    for i in range(6):
        yield step(f"s:{i}", [f"{i}.wav"], seconds=0 if i < 2 else float(Path("seconds").read_text()))
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_lets_running_steps_finish_and_records_them(tmp_path: Path, number: int) -> None:
    project = DoitProject(tmp_path, SLOW)
    project.write("seconds", "1")
    doit = project.start()
    while sum(what == "start" for _, what, _ in project.journal()) < 4:
        assert doit.poll() is None, doit.communicate()
        time.sleep(0.01)
    doit.send_signal(number)
    _, err = doit.communicate(timeout=20)
    assert doit.returncode == 130
    assert "stopping: waiting for 2 steps: s:2, s:3" in err
    assert "interrupted: 2 steps left" in err
    assert "Traceback" not in err
    assert sorted(project.ran()) == ["s:0", "s:1", "s:2", "s:3"]
    project.write("seconds", "0")
    assert project.run().code == 0
    assert sorted(project.ran()) == ["s:4", "s:5"], "what was finished while draining was not recorded"


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_signal_leaves_at_once_and_loses_no_record(tmp_path: Path, number: int) -> None:
    project = DoitProject(tmp_path, SLOW)
    project.write("seconds", "30")
    doit = project.start()
    wait_for(doit, " made ", times=2)
    time.sleep(0.3)  # by now the runner only waits: the signal must wake it
    doit.send_signal(number)
    wait_for(doit, "stopping")
    began = time.monotonic()
    doit.send_signal(number)
    _, err = doit.communicate(timeout=20)
    assert doit.returncode == 130
    assert time.monotonic() - began < 5
    assert "left at once" in err
    project.write("seconds", "0")
    project.ran()
    assert project.run().code == 0
    assert sorted(project.ran()) == ["s:2", "s:3", "s:4", "s:5"]


def test_a_signal_ends_the_wait_for_what_a_build_has_sent(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, 'def task_all():\n    yield step("a", ["a.txt"])\n')
    project.write(
        "pooled.py",
        f"import sys, threading{POOLED}"
        """
    stopped = threading.Event()

    def stop(self):
        self.stopped.set()

    def finish(self):
        print("sending", file=sys.stderr, flush=True)
        self.stopped.wait(60)
        print("left" if self.stopped.is_set() else "sent", file=sys.stderr, flush=True)
""",
    )
    doit = project.start()
    wait_for(doit, "sending")
    doit.send_signal(signal.SIGINT)
    _, err = doit.communicate(timeout=20)
    assert (doit.returncode, err) == (130, "left\n")


def test_the_second_signal_leaves_no_encoder_behind(tmp_path: Path) -> None:
    dodo = """
from reelmake.media.ffmpeg import Ffmpeg

def task_all():
    yield step("encode", ["a.mp4"], before=lambda: Ffmpeg(Path("encoder").resolve()).run([], doing="encoding"))
"""
    project = DoitProject(tmp_path, dodo)
    # a second after its start, it is surely known to whoever started it
    encoder = "#!/bin/sh\nsleep 60 &\nsleep 1\necho $$ $! > started.part\nmv started.part started\nwait\n"
    project.write("encoder", encoder).chmod(0o755)
    doit = project.start()
    while not (tmp_path / "started").exists():
        assert doit.poll() is None, doit.communicate()
        time.sleep(0.01)
    doit.send_signal(signal.SIGINT)
    wait_for(doit, "stopping")
    doit.send_signal(signal.SIGINT)
    doit.communicate(timeout=20)
    assert doit.returncode == 130
    for pid in map(int, project.read("started").split()):
        end = time.monotonic() + 30
        while is_running(pid):
            assert time.monotonic() < end
            time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Say whether a process is there, and more than a zombie that nobody has asked for."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout
    return bool(told.strip()) and not told.startswith("Z")


def test_kill_9_loses_only_what_is_in_flight(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, SLOW)
    project.write("seconds", "30")
    doit = project.start()
    wait_for(doit, " made ", times=2)
    doit.kill()
    doit.communicate(timeout=20)
    assert sorted(project.ran()) == ["s:0", "s:1"]
    project.write("seconds", "0")
    assert project.run().code == 0
    assert sorted(project.ran()) == ["s:2", "s:3", "s:4", "s:5"]


EPISODES = """
POOLS = {"script": 8, "image": 8, "cpu": 2}
def lines(episode):
    yield group(f"image:{episode}", [f"image:{episode}:{i}" for i in range(3)])
    for i in range(3):
        yield step(f"image:{episode}:{i}", [f"build/{episode}/{i}.png"], pool="image")
    yield step(f"video:{episode}", [f"build/{episode}/all.mp4"], deps=[f"build/{episode}/{i}.png" for i in range(3)])

def episode(name, seconds=0.0, fail=None, creator=None):
    from functools import partial
    yield step(f"script:{name}", [f"build/{name}/script.json"], pool="script", seconds=seconds, fail=fail)
    later = DelayedLoader(creator or partial(lines, name), executed=f"script:{name}", creates=[f"build/{name}/"])
    yield Task(f"image:{name}", None, loader=later)
    yield Task(f"video:{name}", None, loader=later)
"""


def test_an_episode_starts_while_the_script_of_another_is_being_written(tmp_path: Path) -> None:
    dodo = "\ndef task_all():\n    yield from episode('slow', 0.8)\n    yield from episode('quick', 0.1)"
    project = DoitProject(tmp_path, EPISODES + dodo)
    run = project.run()
    assert run.code == 0
    assert "10 steps: 10 made" in run.err
    when = {(what, name): at for at, what, name in project.journal()}
    assert when["end", "video:quick"] < when["end", "script:slow"] < when["start", "image:slow:0"]


def test_a_script_that_fails_or_cannot_be_used_fails_its_episode_only(tmp_path: Path) -> None:
    dodo = """
def broken():
    raise BuildError("the script has no lines", "ask for another take")
    yield

def task_all():
    yield group("video", ["video:bad", "video:unusable", "video:good"])
    yield from episode("bad", fail=BuildError("no answer"))
    yield from episode("unusable", creator=broken)
    yield from episode("good")
"""
    project = DoitProject(tmp_path, EPISODES + dodo)
    run = project.run()
    assert run.code == 1
    assert "script:bad failed: no answer" in run.err
    assert "video:unusable failed: the script has no lines; ask for another take" in run.err
    assert "video:bad failed" not in run.err
    assert "Traceback" not in run.err
    assert [name for name in project.ran() if name.startswith("video")] == ["video:good"]


def test_what_depends_on_a_script_that_failed_is_not_even_planned(tmp_path: Path) -> None:
    """What was made of the last script must stay: its tasks are not made anew out of nothing."""
    dodo = """
def lines():
    log("end", "planned")
    yield step("video:bad", ["build/bad/all.mp4"])

def task_all():
    yield from episode("bad", fail=BuildError("no answer"), creator=lines)
"""
    project = DoitProject(tmp_path, EPISODES + dodo)
    run = project.run()
    assert run.code == 1
    assert "1 failed" in run.err
    assert project.ran() == []


def test_a_mistake_in_an_authors_creator_is_told_as_theirs(tmp_path: Path) -> None:
    dodo = """
def broken():
    yield {}["oops"]

def task_all():
    yield from episode("odd", creator=broken)
    yield from episode("good")
"""
    project = DoitProject(tmp_path, EPISODES + dodo)
    run = project.run()
    assert run.code == 2
    assert "video:odd failed: the task creator broken failed: KeyError: 'oops'" in run.err
    assert "mistake in reelmake" not in run.err
    assert "video:good" in project.ran()


REFUSED = [
    (OSError(errno.ENOSPC, "No space left on device"), f"there is no room left for {Path.cwd()}; make room"),
    (OSError(errno.EDQUOT, "Disk quota exceeded", "build/a"), "there is no room left for build/a; make room"),
    (OSError(errno.EROFS, "Read-only file system", "build/a"), "build/a cannot be read or written: Read-only file sy"),
    (OSError(errno.EACCES, "Permission denied", "a.part", None, "build/a"), "build/a cannot be read or written: Perm"),
    (OSError(errno.ENOTDIR, "Not a directory", f"{__file__}/x/y"), f"{__file__} is in the way: a folder has to be"),
    (OSError(errno.EISDIR, "Is a directory", str(Path(__file__).parent)), "is in the way: a file has to be there"),
    (OSError(errno.EMFILE, "Too many open files", "a"), "a cannot be opened: Too many open files; allow more"),
]


@pytest.mark.parametrize(("error", "told"), REFUSED, ids=[errno.errorcode[error.errno or 0] for error, _ in REFUSED])
def test_what_the_machine_refuses_is_no_mistake_of_ours(error: OSError, told: str) -> None:
    failed = failure(error)
    assert isinstance(failed, TaskFailed)
    assert told in failed.message
    assert failed.message.endswith("is kept") or failed.message.endswith("then run doit again")


def test_jobs_leave_stdout_alone(tmp_path: Path) -> None:
    project = DoitProject(
        tmp_path,
        """
import sys
mine = sys.stdout, sys.stderr
def same():
    assert (sys.stdout, sys.stderr) == mine

def task_all():
    for i in range(30):
        yield step(f"job:{i}", [f"{i}.wav"], seconds=0.01, before=same)
""",
    )
    for options in [], ["-a", "-v", "2"]:
        run = project.run(*options)
        assert run.code == 0
        assert run.out == ""


def test_output_of_doits_own_actions_is_not_mixed(tmp_path: Path) -> None:
    project = DoitProject(
        tmp_path,
        """
def talk(n):
    for i in range(20):
        print(n, end=" ")
        time.sleep(0.001)
    print()

def task_talk():
    for i in range(10):
        yield {"name": str(i), "actions": [(talk, [i])], "verbosity": 2}
""",
    )
    run = project.run()
    assert run.code == 0
    assert sorted(run.out.split("\n")[:-1]) == [f"{i} " * 20 for i in range(10)]


@pytest.mark.parametrize("reporter", ["console", "executed-only", "zero", "error-only"])
def test_reporters_of_doit_still_work(tmp_path: Path, reporter: str) -> None:
    dodo = "def task_all():\n    yield step('a', ['a.wav'])\n    yield step('b', ['b.wav'], fail=BuildError('no luck'))"
    run = DoitProject(tmp_path, dodo).run("-r", reporter)
    assert run.code == 1
    assert ("no luck" in run.out) == (reporter != "zero")
    assert run.err == ""


def test_a_reporter_of_the_project_works(tmp_path: Path) -> None:
    project = DoitProject(tmp_path, "def task_all():\n    yield step('a', ['a.wav'])")
    told = "from doit.reporter import ZeroReporter\n\nclass Told(ZeroReporter):\n    desc = 'tells'\n"
    project.write("told.py", told)
    pyproject = project.read("pyproject.toml")
    project.write("pyproject.toml", f'{pyproject}[tool.doit.plugins.reporter]\ntold = "told:Told"\n')
    assert project.run("-r", "told").code == 0
    wrong = project.run("-r", "tolled")
    assert wrong.code == 3
    assert "told" in wrong.err


def test_the_json_reporter_prints_one_document(tmp_path: Path) -> None:
    dodo = "def task_all():\n    for i in range(20):\n        yield step(f'a:{i}', [f'{i}.wav'], seconds=0.01)"
    run = DoitProject(tmp_path, dodo).run("-r", "json")
    assert {task["result"] for task in json.loads(run.out)["tasks"]} == {"success"}


@pytest.mark.parametrize("option", ["-n2", "-Pthread"])
def test_doits_own_parallel_options_are_refused_with_advice(tmp_path: Path, option: str) -> None:
    run = DoitProject(tmp_path, SLOW).run(option)
    assert run.code == 3
    assert "[tool.reelmake.limits]" in run.err
