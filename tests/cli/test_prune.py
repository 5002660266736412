"""`reelmake prune`: what it tells, what it removes, and what the next build makes of that."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from standin_server import Standin
from workspace import Workspace

YEAR_SECONDS = 365 * 24 * 3600


def grow_old(project: Workspace) -> None:
    """Have everything that is stored and built be a year old."""
    then = time.time() - YEAR_SECONDS
    for path in [*project.root.glob("build/*/**/*"), *project.root.glob(".reelmake/store/blobs/*/*")]:
        os.utime(path, (then, then))
    for path in project.root.glob(".reelmake/store/actions/*/*"):
        told = json.loads(path.read_bytes())
        told["made_at"] = f"{time.gmtime(then).tm_year}{told['made_at'][4:]}"
        path.chmod(0o644)
        path.write_text(json.dumps(told))


def told(project: Workspace, *args: str) -> Any:
    return json.loads(project.run("prune", "--json", *args, program="reelmake").stdout)


@pytest.fixture
def pair(project: Workspace) -> Workspace:
    """Build two episodes that share a line, and let a year pass."""
    project.episode("one", "ada: Hello there", "max: Good day")
    project.episode("two", "ada: Hello there", "max: Good night")
    project.run()
    grow_old(project)
    return project


@pytest.mark.slow
def test_what_specs_need_stays(pair: Workspace, vendor: Standin) -> None:
    before = pair.outputs()
    assert told(pair, "--yes", "--older-than", "0")["blobs"] == 0
    count = vendor.count()
    pair.run()
    assert (pair.outputs(), vendor.count()) == (before, count)


@pytest.mark.slow
def test_an_episode_that_is_gone_is_told_of_and_then_removed(pair: Workspace, vendor: Standin) -> None:
    (pair.root / "episodes/two.yaml").unlink()
    before = pair.outputs()
    dry = told(pair)
    assert dry["usd"] == "0.02", "its own voice and picture: the others are shared"
    assert sorted(one["step"].split(":")[0] for one in dry["paid"]) == ["image", "voice"]
    assert not dry["is_removed"]
    assert pair.outputs() == before
    shown = pair.run("prune", program="reelmake").stdout
    assert "$0.02, and would cost that again" in shown
    assert shown.endswith("nothing was removed; with --yes it is\n")

    pair.write("build/two/notes.txt", "an author's own")
    assert told(pair, "--yes")["files"] == dry["files"]
    left = {path for path in pair.outputs() if path.startswith("build/two/")}
    assert left == {"build/two/notes.txt"}
    assert {path: sha for path, sha in before.items() if path.startswith("build/one/")} == pair.outputs("one")
    count = vendor.count()
    pair.run()
    assert vendor.count() == count, "what is left is whole"
    spent = json.loads(pair.run("cost", "--json", program="reelmake").stdout)
    assert spent["usd"] == "0.06", "receipts are kept"

    pair.episode("two", "ada: Hello there", "max: Good night")
    pair.run()
    assert vendor.count() == count + 2, "what was removed is paid for again"
    assert told(pair, "--yes")["blobs"] == 0


@pytest.mark.slow
def test_what_a_project_makes_besides_is_none_of_ours(pair: Workspace) -> None:
    own = '{"name": "weekly", "targets": ["build/talk"], "actions": ["echo > build/talk"]}'
    pair.write("dodo.py", f"{(pair.root / 'dodo.py').read_text()}\n\ndef task_podcast():\n    yield {own}\n")
    pair.run("podcast")
    os.utime(pair.root / "build/talk", (0, 0))
    assert told(pair, "--yes")["files"] == []
    assert (pair.root / "build/talk").exists()


@pytest.mark.slow
def test_what_was_paid_for_stays_longer_than_what_was_not(pair: Workspace, vendor: Standin) -> None:
    spec = (pair.root / "episodes/two.yaml").read_text()
    (pair.root / "episodes/two.yaml").unlink()
    count = vendor.count()
    found = told(pair, "--yes", "--older-than", "500")
    assert (found["usd"], found["paid"]) == ("0", [])
    assert found["blobs"] > 0
    pair.write("episodes/two.yaml", spec)
    pair.run()
    assert vendor.count() == count


@pytest.mark.slow
def test_what_a_revision_needs_stays(pair: Workspace, vendor: Standin) -> None:
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com")
    for args in (
        ("init", "-q", "-b", "main"),
        ("add", "episodes", "characters", "*.toml", "*.py"),
        ("commit", "-qm", "x"),
    ):
        subprocess.run(["git", *who, *args], cwd=pair.root, check=True, capture_output=True)
    (pair.root / "episodes/two.yaml").unlink()
    assert told(pair)["usd"] == "0.02"
    assert told(pair, "--yes", "--keep-ref", "main")["usd"] == "0"
    wrong = pair.run("prune", "--keep-ref", "nowhere", "--yes", program="reelmake", rc=2)
    assert "git knows no 'nowhere'" in wrong.stderr
    count = vendor.count()
    pair.run()
    assert vendor.count() == count


@pytest.mark.slow
def test_with_mistakes_in_specs_nothing_is_removed(pair: Workspace) -> None:
    pair.write("episodes/two.yaml", "nonsense: true\n")
    before = pair.outputs()
    pair.run("prune", "--yes", "--older-than", "0", program="reelmake", rc=2)
    assert pair.outputs() == before


def test_without_a_shared_store_there_is_none_to_prune(project: Workspace) -> None:
    project.episode("one", "ada: Hello there")
    wrong = project.run("prune", "--shared", program="reelmake", rc=2)
    assert "there is no shared store; set store_url" in wrong.stderr
    assert not Path(project.root / "build").exists()


def test_files_of_an_episode_that_is_gone_since_today_are_counted(project: Workspace) -> None:
    project.episode("one", "ada: Hello there")
    project.episode("two", "ada: Hello there")
    project.run("script:two")
    (project.root / "episodes/two.yaml").unlink()
    shown = project.run("prune", program="reelmake").stdout
    assert shown.endswith("\n1 file of episodes that are gone: kept until 7 days old\n")
    os.utime(project.root / "build/two/script.json", (0, 0))
    assert "1 files of episodes that are gone to remove" in project.run("prune", program="reelmake").stdout


@pytest.mark.slow
def test_prune_beside_builds_removes_what_it_should_and_nothing_else(pair: Workspace, vendor: Standin) -> None:
    """Builds run all the while: of a new episode, and of one that is restored from what is old and needed."""

    def blobs() -> set[str]:
        return {path.name for path in pair.root.glob(".reelmake/store/blobs/*/[!.]*")}

    stored = blobs()
    (pair.root / "episodes/two.yaml").unlink()
    wasted = told(pair, "--older-than", "0")["blobs"]
    assert wasted > 0
    removed: set[str] = set()
    for number in range(3):
        pair.episode(f"new{number}", f"ada: This is number {number}", f"max: And this is {number} again")
        for path in pair.root.glob("build/one/**/*.mp4"):
            path.unlink()
        building = [pair.start(f"video:new{number}"), pair.start("video:one")]
        while any(process.poll() is None for process in building):
            pair.run("prune", "--yes", "--older-than", "0", program="reelmake")
        for process in building:
            out, err = process.communicate()
            assert process.returncode == 0, out + err
        removed |= stored - blobs()
    assert len(removed) == wasted, "what two alone needed, once"
    count, kept = vendor.count(), blobs()
    assert told(pair, "--yes", "--older-than", "0")["blobs"] == 0
    for path in pair.root.glob("build/*/*"):
        if path.is_file():
            path.unlink()
    pair.run()
    assert vendor.count() == count, "all that the specs need is still there"
    assert blobs() >= kept
