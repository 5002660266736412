"""Killed at any moment, the hard way: what was answered and kept is never asked for again."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from standin_server import Standin
from workspace import Workspace

LINES = [f"{who}: This is line number {n} of it | scene {n}" for n, who in enumerate(["ada", "max"] * 3)]


def receipts(project: Workspace) -> set[str]:
    """Return the requests that the store has a receipt for."""
    found = [json.loads(path.read_text()) for path in project.root.glob(".reelmake/store/actions/*/*")]
    return {json.dumps(r["manifest"]["request"], sort_keys=True) for r in found if r["provider"] == "standin"}


@pytest.mark.slow
def test_kill_9_at_random_moments_repeats_no_completed_call(tmp_path: Path, vendor: Standin) -> None:
    project = Workspace(tmp_path / "killed", vendor.url)
    project.episode("one", *LINES)
    project.episode("two", topic="owls", cast=["ada", "max"], lines=3)
    vendor.seconds = {"voice": 0.1, "image": 0.2, "script": 0.2}
    dice = random.Random(7)
    for _ in range(12):
        project.kill_after(dice.uniform(0.4, 2.5))
        done = receipts(project)
        asked = Counter(json.dumps(request, sort_keys=True) for _, request in vendor.calls)
        assert all(asked[request] for request in done)
        before = {request: asked[request] for request in done}
        project.kill_after(dice.uniform(0.4, 2.5))
        asked = Counter(json.dumps(request, sort_keys=True) for _, request in vendor.calls)
        assert {request: asked[request] for request in done} == before
    project.run()
    clean = Workspace(tmp_path / "clean", vendor.url)
    for name in ("one", "two"):
        clean.write(f"episodes/{name}.yaml", (project.root / f"episodes/{name}.yaml").read_bytes())
    clean.run()
    assert project.outputs() == clean.outputs()


def test_after_sigterm_nothing_is_repeated(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *LINES)
    vendor.seconds = {"voice": 0.2, "image": 0.5}
    process = project.start()
    while vendor.count() < 2:
        pass
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    project.run()
    assert vendor.count() == vendor.distinct() == 12
