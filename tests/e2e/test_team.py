"""A team, its jobs and one shared store, with git: a review tells what a branch would cost, and its merge pays that."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from s3_faults import Door
from seaweed import Seaweed, client, env_of
from standin_server import Standin
from workspace import Workspace

pytestmark = pytest.mark.slow

LINES = {
    "one": ("ada: The first one opens here | a door", "max: And it closes again | a key"),
    "two": ("ada: The second one opens here | a gate", "max: It has more to say | a bell"),
    "three": ("ada: The third one opens here | a hatch", "max: That is all for today | a lamp"),
}
EDITED = (
    "ada: The second one opens here | a gate",
    "max: It has <b>more</b> for @everyone, see #12 at https://evil.example ![it](http://evil.example/x.png) | a bell",
)


def git(project: Workspace, *args: str) -> None:
    who = ("-c", "user.name=Tess", "-c", "user.email=tess@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *args], cwd=project.root, check=True, capture_output=True)


class Team:
    """Machines with a clone of one repository, and buckets for the store and for videos."""

    def __init__(self, folder: Path, vendor: Standin, seaweed: Seaweed, door: Door) -> None:
        self.folder, self.vendor, self.seaweed, self.door = folder, vendor, seaweed, door
        self.shared, self.public = seaweed.bucket(), seaweed.bucket()
        self.writer = {**env_of(door.url), "REELMAKE_STORE_URL": f"s3://{self.shared}/team"}
        keys = {**seaweed.reader_env, "S3_ENDPOINT_URL": door.url}
        self.reader = {**self.writer, **keys, "REELMAKE_STORE_MODE": "read"}
        self.author = Workspace(folder / "author", vendor.url)
        self.author.env.update(self.writer)

    def machine(self, name: str, branch: str, env: dict[str, str]) -> Workspace:
        """Return a machine with an empty disk, on which a branch was just checked out."""
        root = self.folder / name
        command = ["git", "clone", "-q", "--branch", branch, str(self.author.root), str(root)]
        subprocess.run(command, check=True, capture_output=True)
        clone = Workspace(root, self.vendor.url)
        to = {"REELMAKE_PUBLISH__TO": f"s3://{self.public}", "REELMAKE_CAP_USD": "5"}
        clone.env.update({**env, **to})
        return clone

    def published(self) -> dict[str, Any]:
        """Return what the index of the bucket says, once all that it names was found to be there."""
        s3 = client(self.seaweed.url)
        there = {one["Key"] for one in s3.list_objects_v2(Bucket=self.public)["Contents"]}
        body = s3.get_object(Bucket=self.public, Key="index.json")["Body"].read()
        told: dict[str, Any] = json.loads(body)["episodes"]
        assert all(one["video"]["key"] in there for one in told.values())
        return told


def review_tells_the_price(team: Team) -> None:
    """The edited line's alone, in Markdown that does nothing; nothing is spent, and nothing is written."""
    reviewer = team.machine("reviewer", "edit", team.reader)
    team.door.asked.clear()
    ran = reviewer.run("ci", "review", "--against", "origin/main", program="reelmake", REELMAKE_CAP_USD="0.01")
    review = ran.stdout
    assert review == (reviewer.root / "build/ci/review.md").read_text("utf-8")
    mark, title, *more = review.splitlines()
    assert (mark, title) == ("<!-- reelmake plan -->", "### What this would cost: $0.01")
    rows = [row for row in more if row.startswith("| `voice:two:")]
    assert len([row for row in more if row.startswith("| ")]) == len(rows) + 1 == 2
    assert "| $0.01 |" in rows[0]
    assert "<b>" not in review
    assert not any(told in review for told in ("@everyone", "#12", "https://", "![it]"))
    assert "more than the cap" not in review, "what the shared store has is not paid for again"
    assert len(team.vendor.calls) == 12, "a review spends nothing"
    assert team.door.count("PUT") == team.door.count("POST") == 0, "and writes nothing"


def test_from_a_branch_to_a_published_video(tmp_path: Path, vendor: Standin, seaweed: Seaweed, door: Door) -> None:
    team = Team(tmp_path, vendor, seaweed, door)
    author = team.author
    for name, lines in LINES.items():
        author.episode(name, *lines)
    author.write(".gitignore", ".reelmake/\nbuild/\npublished/\n.env\n")
    git(author, "init", "-q", "-b", "main")
    git(author, "add", "-A")
    git(author, "commit", "-qm", "three episodes")
    author.run()
    assert len(vendor.calls) == 12

    job_summary = tmp_path / "summary.md"
    first = team.machine("first", "main", {**team.writer, "GITHUB_STEP_SUMMARY": str(job_summary)})
    told = first.run("ci", "merge", program="reelmake").stdout
    assert len(vendor.calls) == 12, "what the author has paid for, the job does not pay for"
    assert "### Rendered for $0 of a cap of $5.00" in told
    assert job_summary.read_text("utf-8").strip() in told
    assert {path.name for path in (first.root / "build/ci").iterdir()} == {"summary.md", *(f"{n}.jpg" for n in LINES)}
    before = team.published()
    assert sorted(before) == ["one", "three", "two"]

    git(author, "checkout", "-qb", "edit")
    author.episode("two", *EDITED)
    git(author, "commit", "-qam", "say more")
    review_tells_the_price(team)

    git(author, "checkout", "-q", "main")
    git(author, "merge", "-q", "edit")
    second = team.machine("second", "main", team.writer)
    told = second.run("ci", "merge", program="reelmake").stdout
    assert [kind for kind, _ in vendor.calls[12:]] == ["voice"]
    assert "### Rendered for $0.01 of a cap of $5.00" in told
    after = team.published()
    assert {name for name in after if after[name] != before[name]} == {"two"}
    assert after["two"]["video"]["key"] in told
    kept = client(seaweed.url).head_object(Bucket=team.public, Key=before["two"]["video"]["key"])
    assert kept["ContentLength"] == before["two"]["video"]["bytes"], "links to it still work"

    late = first.run("ci", "merge", program="reelmake").stdout
    assert late.startswith("### Nothing was rendered")
    assert "to go back, revert it" in late
    assert team.published() == after, "a job that is done again does not bring back what was"

    third = team.machine("third", "main", team.reader)
    third.run()
    assert len(vendor.calls) == 13
    for name, one in after.items():
        assert third.outputs(name)[f"build/{name}/{name}.mp4"] == one["video"]["sha256"]


def test_jobs_that_cannot_be_done_say_why_and_spend_nothing(project: Workspace, vendor: Standin) -> None:
    project.env.update(dict.fromkeys(("GITHUB_REPOSITORY", "GITHUB_STEP_SUMMARY", "CI_API_V4_URL"), ""))
    project.episode("one", *LINES["one"])
    project.write("episodes/broken.yaml", "title: [")
    nobody = project.run("ci", "merge", program="reelmake", rc=2)
    assert "there is no cap; set REELMAKE_CAP_USD" in nobody.stderr
    broken = project.run("ci", "review", "--against", "main", program="reelmake", rc=2)
    assert "### 1 mistake: this cannot be built" in broken.stdout
    assert "- episodes/broken.yaml:1: " in broken.stdout
    (project.root / "episodes/broken.yaml").unlink()
    assert "git knows no 'main'" in project.run("ci", "review", "--against", "main", program="reelmake", rc=2).stderr
    assert "write --against" in project.run("ci", "review", program="reelmake", rc=2).stderr
    assert "this is no job of GitHub's" in project.run("ci", "comment", program="reelmake", rc=2).stderr
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    store = '\n[tool.reelmake]\nstore_url = "s3://nobody/knows"\nstore_required = true\ncap_usd = 1\n'
    project.write("pyproject.toml", (project.root / "pyproject.toml").read_text("utf-8") + store)
    project.env.update(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    told = project.run("ci", "review", "--against", "main", program="reelmake").stdout
    assert "Nothing has to be paid for." in told, "a fork has no keys, and needs none"
    assert "This job has no key of the shared store" in told
    lost = project.run("ci", "merge", program="reelmake", rc=2)
    assert "there are no keys for S3" in lost.stderr, "what is merged is not paid for once more"
    git(project, "mv", "episodes", "elsewhere")
    (project.root / "sub").mkdir()
    for name in ("elsewhere", "characters", "dodo.py", "pyproject.toml"):
        (project.root / name).rename(project.root / "sub" / name.replace("elsewhere", "episodes"))
    moved = project.run(*("ci", "review", "--against", "main", "-p", "sub"), program="reelmake")
    assert "so everything counts as new" in moved.stderr
    assert "What this would cost: $0.04" in moved.stdout
    assert vendor.calls == []
