"""Killed at any moment, the hard way: what was answered and kept is never asked for again."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

import nursery
import power
import pytest
from standin_server import Standin
from workspace import Workspace

LINES = [f"{who}: This is line number {n} of it | scene {n}" for n, who in enumerate(["ada", "max"] * 3)]


def receipts(project: Workspace) -> set[str]:
    """Return the requests that the store has a receipt for."""
    found = [json.loads(path.read_text()) for path in project.root.glob(".reelmake/store/actions/*/*")]
    return {json.dumps(r["manifest"]["request"], sort_keys=True) for r in found if r["provider"] == "standin"}


def kill_after(project: Workspace, vendor: Standin, answers: int) -> bool:
    """Start doit and kill it the hard way once the vendor has answered so often; says whether it was still at work."""
    until = vendor.count() + answers
    doit = project.start()
    while doit.poll() is None and vendor.count() < until:
        time.sleep(0.002)
    was_at_work = doit.poll() is None
    doit.kill()
    doit.communicate()
    return was_at_work


def test_a_first_build_survives_a_loss_of_power(project: Workspace, tmp_path: Path) -> None:
    """All that was paid for, and every folder that is new: the project was there before."""
    project.episode("one", LINES[0])
    log = tmp_path / "synced"
    code = f"{power.WATCH}\nimport runpy\nrunpy.run_module('doit', run_name='__main__', alter_sys=True)"
    doit = nursery.start(["-c", code], project.root, {**project.env, power.LOG: str(log)})
    said = doit.communicate(timeout=300)
    assert doit.returncode == 0, said
    store = project.root / ".reelmake/store"
    bought = {path: json.loads(path.read_text()) for path in store.glob("actions/*/*")}
    bought = {path: receipt for path, receipt in bought.items() if receipt["provider"] == "standin"}
    blobs = [store / "blobs" / receipt["blob"][:2] / receipt["blob"] for receipt in bought.values()]
    assert len(blobs) == 2
    assert power.lost([*bought, *blobs], project.root, log) == []


@pytest.mark.slow
def test_kill_9_at_any_answer_repeats_no_completed_call(tmp_path: Path, vendor: Standin) -> None:
    project = Workspace(tmp_path / "killed", vendor.url)
    project.episode("one", *LINES)
    project.episode("two", topic="owls", cast=["ada", "max"], lines=3)
    vendor.seconds = {"voice": 0.1, "image": 0.2, "script": 0.2}
    dice = random.Random(7)
    done: set[str] = set()
    partial = 0
    before: Counter[str] = Counter()
    for _ in range(8):
        was_at_work = kill_after(project, vendor, dice.choice([1, 1, 2, 3]))
        asked = Counter(json.dumps(request, sort_keys=True) for _, request in vendor.calls)
        assert {request: asked[request] for request in done} == {request: before[request] for request in done}
        done, before = receipts(project), asked
        assert all(asked[request] for request in done)
        partial += was_at_work and not (project.root / "build/one/one.mp4").exists()
    assert partial >= 3, "kills came too late to cut anything short"
    project.run()
    clean = Workspace(tmp_path / "clean", vendor.url)
    for name in ("one", "two"):
        clean.write(f"episodes/{name}.yaml", (project.root / f"episodes/{name}.yaml").read_bytes())
    clean.run()
    assert project.outputs() == clean.outputs()


@pytest.mark.slow
def test_kill_9_at_any_moment_leaves_what_can_be_finished(tmp_path: Path, vendor: Standin) -> None:
    """By the clock: kills while things are encoded, too, when no answer is awaited."""
    project = Workspace(tmp_path / "killed", vendor.url)
    project.episode("one", *LINES)
    dice = random.Random(9)
    for _ in range(4):
        project.kill_after(dice.uniform(0.3, 1.5))
    while any(vendor.running.values()):  # an answer to nobody
        time.sleep(0.005)
    calls = vendor.count()
    asked = receipts(project)
    project.run()
    assert vendor.count() == calls + 12 - len(asked)
    clean = Workspace(tmp_path / "clean", vendor.url)
    clean.episode("one", *LINES)
    clean.run()
    assert project.outputs() == clean.outputs()


@pytest.mark.slow
def test_after_sigterm_nothing_is_repeated(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *LINES)
    vendor.seconds = {"voice": 0.2, "image": 0.5}
    process = project.start()
    while vendor.count() < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert vendor.count() < 12
    project.run()
    assert vendor.count() == vendor.distinct() == 12
