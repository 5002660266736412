"""What is asked for on the command line, with the real doit: a mistyped name never succeeds by doing nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from doit_project import DoitProject

DODO = """
from functools import partial

def lines(episode):
    yield group(f"voice:{episode}", [f"voice:{episode}:{i}" for i in ("ada-why", "max-so")], subtask_of="voice")
    for i in ("ada-why", "max-so"):
        yield step(f"voice:{episode}:{i}", [f"build/{episode}/{i}.wav"])
    deps = [f"build/{episode}/{i}.wav" for i in ("ada-why", "max-so")]
    yield step(f"video:{episode}", [f"build/{episode}/{episode}.mp4"], deps=deps)

def task_all():
    for kind in "voice", "video":
        yield group(kind, [f"{kind}:{episode}" for episode in ("bees", "moths", "newts")])
    yield from lines("bees")
    for episode in "moths", "newts":
        yield step(f"script:{episode}", [f"build/{episode}/script.json"])
        later = DelayedLoader(partial(lines, episode), executed=f"script:{episode}", creates=[f"build/{episode}/"])
        for kind in "voice", "video":
            yield Task(f"{kind}:{episode}", None, loader=later, subtask_of=kind)
"""
BEES = ["video:bees", "voice:bees:ada-why", "voice:bees:max-so"]
MOTHS = ["script:moths", "video:moths", "voice:moths:ada-why", "voice:moths:max-so"]
NEWTS = [name.replace("moths", "newts") for name in MOTHS]


@pytest.fixture
def project(tmp_path: Path) -> DoitProject:
    return DoitProject(tmp_path, DODO)


ASKED = [
    ([], [*BEES, *MOTHS, *NEWTS]),
    (["video"], [*BEES, *MOTHS, *NEWTS]),
    (["video:bees"], BEES),
    (["build/bees/bees.mp4"], BEES),
    (["./build/bees/../bees/bees.mp4"], BEES),
    (["video:moths"], MOTHS),
    (["build/moths/moths.mp4"], MOTHS),
    (["./build/moths/moths.mp4"], MOTHS),
    (["build/moths/max-so.wav"], ["script:moths", "voice:moths:max-so"]),
    (["voice:moths:max-so"], ["script:moths", "voice:moths:max-so"]),
    (["voice:moths:max-so", "voice:moths:max-so", "video:bees"], [*BEES, "script:moths", "voice:moths:max-so"]),
    (["voice:moths"], ["script:moths", "voice:moths:ada-why", "voice:moths:max-so"]),
    (["voice:moths:ada*"], ["script:moths", "voice:moths:ada-why"]),
    (["voice:b*", "video:b*"], BEES),
    (["*:newts"], NEWTS),
    (["build/moths/ada-why.wav", "video:moths"], MOTHS),
    (["run", "script:moths"], ["script:moths"]),
]


@pytest.mark.parametrize(("asked", "made"), ASKED, ids=[" ".join(asked) or "(all)" for asked, _ in ASKED])
def test_names_patterns_and_files_choose_what_they_say(project: DoitProject, asked: list[str], made: list[str]) -> None:
    run = project.run(*asked)
    assert run.code == 0, run.err
    assert sorted(project.ran()) == sorted(made)
    assert "0 failed" in project.run(*asked).err
    assert project.ran() == [], "the second run has nothing to do"


MISTYPED = [
    ("vidoe", "did you mean video"),
    ("video:nope", "did you mean video:newts"),
    ("moths", "did you mean video:moths?"),
    ("video:moth", "did you mean video:moths"),
    ("voice:bees:ada-wy", "did you mean voice:bees:ada-why"),
    ("build/bees/bees.mp3", "did you mean build/bees/bees.mp4"),
    ("lsit", "did you mean list"),
    ("zzzzzzzzzzzzz", "'doit list --all' shows all tasks"),
    ("voise:*", "no task matches 'voise:*'"),
]


@pytest.mark.parametrize(("name", "advice"), MISTYPED)
def test_a_mistyped_name_is_refused_before_anything_runs(project: DoitProject, name: str, advice: str) -> None:
    run = project.run(name)
    assert run.code == 3
    assert run.err.count("\n") == 1
    assert advice in run.err
    assert project.ran() == []


LATE = [
    ("voice:moths:ada-wy", "did you mean voice:moths:ada-why"),
    ("build/moths/moths.mp3", "did you mean build/moths/moths.mp4"),
    ("voice:moths:bob*", "no task matches 'voice:moths:bob*'"),
]


@pytest.mark.parametrize(("name", "advice"), LATE)
def test_a_name_that_the_script_does_not_bring_into_being_is_a_failure(
    project: DoitProject, name: str, advice: str
) -> None:
    run = project.run(name)
    assert run.code == 1
    assert advice in run.err
    assert project.ran() == ["script:moths"]
    assert project.run("list").code == 0


def test_a_script_that_fails_is_not_mistaken_for_a_mistyped_name(tmp_path: Path) -> None:
    dodo = DODO.replace('script.json"])', "script.json\"], fail=BuildError('no answer'))")
    run = DoitProject(tmp_path, dodo).run("voice:moths:max-so")
    assert run.code == 1
    assert "script:moths failed: no answer" in run.err
    assert "called" not in run.err


def test_a_reader_that_has_read_enough_is_no_mistake(project: DoitProject) -> None:
    """As in `doit list | head -1`."""
    with project.start("list", "--all") as doit:
        assert doit.stdout
        assert doit.stderr
        doit.stdout.close()
        assert doit.stderr.read() == ""
    assert doit.returncode == 1
