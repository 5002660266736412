"""A team and its jobs, with git: a review tells what a branch would cost, and the job after the merge pays just it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from standin_server import Standin
from workspace import Workspace

pytestmark = pytest.mark.slow

LINES = {
    "one": ("ada: The first one opens here | a door", "max: And it closes again | a key"),
    "two": ("ada: The second one opens here | a gate", "max: It has more to say | a bell"),
    "three": ("ada: The third one opens here | a hatch", "max: That is all for today | a lamp"),
}
EDITED = ("ada: The second one opens here | a gate", "max: It has <b>more</b> for @everyone | a bell")


def git(project: Workspace, *args: str) -> None:
    who = ("-c", "user.name=Tess", "-c", "user.email=tess@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *args], cwd=project.root, check=True, capture_output=True)


def published(project: Workspace) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((project.root / "published/index.json").read_text("utf-8"))["episodes"]
    return told


def test_from_a_branch_to_a_published_video(project: Workspace, vendor: Standin, tmp_path: Path) -> None:
    for name, lines in LINES.items():
        project.episode(name, *lines)
    project.write(".gitignore", ".reelmake/\nbuild/\npublished/\n.env\n")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "three episodes")

    nobody = project.run("ci", "merge", program="reelmake", rc=2)
    assert "there is no cap; set REELMAKE_CAP_USD" in nobody.stderr
    assert vendor.calls == []

    job_summary = tmp_path / "summary.md"
    project.env.update(REELMAKE_CAP_USD="5", GITHUB_STEP_SUMMARY=str(job_summary))
    first = project.run("ci", "merge", program="reelmake").stdout
    assert len(vendor.calls) == 12
    assert job_summary.read_text("utf-8").strip() in first
    assert "### Rendered for $0.12 of a cap of $5" in first
    before = published(project)
    assert sorted(before) == ["one", "three", "two"]
    assert {path.name for path in (project.root / "build/ci").iterdir()} == {
        "summary.md",
        *(f"{name}.jpg" for name in LINES),
    }

    git(project, "checkout", "-qb", "edit")
    project.episode("two", *EDITED)
    git(project, "commit", "-qam", "say more")
    review = project.run("ci", "review", "--against", "main", program="reelmake").stdout
    assert review == (project.root / "build/ci/review.md").read_text("utf-8")
    mark, title, *more = review.splitlines()
    assert (mark, title) == ("<!-- reelmake plan -->", "### What this would cost: $0.01")
    rows = [row for row in more if row.startswith("| two")]
    assert len([row for row in more if row.startswith("| ")]) == len(rows) + 1 == 2
    assert "| $0.01 |" in rows[0]
    assert "<b>" not in review
    assert "@everyone" not in review
    assert len(vendor.calls) == 12, "a review spends nothing"

    git(project, "checkout", "-q", "main")
    git(project, "merge", "-q", "edit")
    second = project.run("ci", "merge", program="reelmake").stdout
    assert [kind for kind, _ in vendor.calls[12:]] == ["voice"]
    assert "### Rendered for $0.01 of a cap of $5" in second
    after = published(project)
    assert {name for name in after if after[name] != before[name]} == {"two"}
    assert after["two"]["video"]["key"] in second
    assert (project.root / "published" / before["two"]["video"]["key"]).is_file(), "links to it still work"

    project.write("episodes/broken.yaml", "title: [")
    broken = project.run("ci", "review", "--against", "main", program="reelmake", rc=2)
    assert "### 1 mistake: this cannot be built" in broken.stdout
    assert "- episodes/broken.yaml:1: " in broken.stdout
