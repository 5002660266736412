"""`reelmake plan` and `why`, as people type them: what a build would do and cost is what it then does and costs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from standin_server import ANSWERS, Standin
from typer.testing import CliRunner
from workspace import ROOT, Workspace

from reelmake.cli import app
from reelmake.cli.app import UsageError

ONE = ("ada: Hello there my friend | a harbour", "max: And a very good day to you | a clock", "ada: So it is | a tree")
EDITED = "max: And a very lovely day to you | a clock"
PAID = ("script", "voice", "image")


@pytest.fixture(scope="module")
def shared_vendor() -> Iterator[Standin]:
    with Standin() as vendor:
        yield vendor


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, shared_vendor: Standin) -> Workspace:
    """A project that was built; the second episode says and shows a line of the first one, and one of its own twice."""
    project = Workspace(tmp_path_factory.mktemp("built") / "project", shared_vendor.url)
    project.episode("one", *ONE)
    project.episode("two", ONE[0], "max: Once more | a lamp", "max: Once more | a lamp")
    project.run()
    return project


@pytest.fixture
def built(tmp_path: Path, original: Workspace, shared_vendor: Standin) -> Workspace:
    """A copy of it, with time stamps and all."""
    shutil.copytree(original.root, tmp_path / "project", copy_function=shutil.copy2)
    copy = Workspace(tmp_path / "project", shared_vendor.url)
    copy.episode("one", *ONE)
    return copy


def planned(project: Workspace, *args: str, **env: str) -> dict[str, Any]:
    """Return the plan; making it asks nobody and keeps nothing."""
    before = kept(project)
    told = project.run("plan", "--json", *args, program="reelmake", rc=0, **env)
    assert kept(project) == before
    plan: dict[str, Any] = json.loads(told.stdout)
    return plan


def kept(project: Workspace) -> set[Path]:
    """Return what the store holds, and what was built."""
    folders = [
        project.root / "build",
        *(project.root / ".reelmake/store" / name for name in ("actions", "blobs", "notes")),
    ]
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def verdicts(plan: dict[str, Any]) -> dict[str, str]:
    return {row["step"]: row["verdict"] for row in plan["steps"]}


def kinds(plan: dict[str, Any], verdict: str) -> Counter[str]:
    return Counter(row["kind"] for row in plan["steps"] if row["verdict"] == verdict)


def row_of(plan: dict[str, Any], start: str) -> dict[str, Any]:
    (row,) = [row for row in plan["steps"] if row["step"].startswith(start)]
    return dict(row)


def spent(project: Workspace, *args: str) -> Decimal:
    told = project.run("cost", "--json", *args, program="reelmake")
    return Decimal(json.loads(told.stdout)["usd"])


# -- before and after a build -------------------------------------------------------------------------------------


def test_before_the_first_build_all_is_made_and_what_is_shared_is_priced_once(
    project: Workspace, vendor: Standin
) -> None:
    project.episode("one", *ONE)
    project.episode("two", ONE[0], "max: Once more | a lamp", "max: Once more | a lamp")
    plan = planned(project)
    assert plan["counts"] == {"keep": 0, "restore": 0, "make": 2 * (3 * 3 + 5)}
    assert plan["usd"] == "0.08"
    assert plan["by_episode"] == {"one": "0.06", "two": "0.02"}
    assert plan["by_kind"] == {"script": "0", "voice": "0.04", "image": "0.04"}
    assert (plan["at_most"], plan["unpriced"], plan["cap_usd"]) == (False, [], None)
    first = row_of(plan, "voice:one:ada-hello")
    assert first["reasons"] == ["it was never made"]
    assert first["where"] == "episodes/one.yaml:5"
    assert row_of(plan, "voice:two:ada-hello")["reasons"] == [f"shares what {first['step']} pays for"]
    assert vendor.count() == 0
    assert not (project.root / "build").exists()


@pytest.mark.slow
def test_the_bill_is_the_plan_to_the_cent(project: Workspace, vendor: Standin) -> None:
    project.episode("one", *ONE)
    project.episode("two", ONE[0], "max: Once more | a lamp")
    plan = planned(project)
    made = project.made(project.run())
    assert spent(project) == Decimal(plan["usd"]) == Decimal("0.01") * vendor.count()
    priced = [row for row in plan["steps"] if row["usd"] != "0"]
    assert sum(name.startswith(("voice:", "image:")) for name in made) == len(priced)


@pytest.mark.slow
def test_after_a_build_all_is_kept_and_costs_nothing(built: Workspace) -> None:
    plan = planned(built)
    assert plan["counts"] == {"keep": 28, "restore": 0, "make": 0}
    assert plan["usd"] == "0"
    text = built.run("plan", program="reelmake").stdout
    assert text.splitlines() == ["one: $0, 14 kept", "two: $0, 14 kept", "total: $0; 28 to keep"]
    assert "keep    voice:one:ada-hello" in built.run("plan", "one", "--all", program="reelmake").stdout


@pytest.mark.slow
@pytest.mark.parametrize("with_records", [False, True])
def test_what_was_wiped_is_restored_for_nothing(
    built: Workspace, shared_vendor: Standin, *, with_records: bool
) -> None:
    shutil.rmtree(built.root / "build")
    if with_records:
        for path in built.root.glob(".reelmake/doit.db*"):
            path.unlink()
    plan, calls = planned(built), shared_vendor.count()
    assert plan["counts"] == {"keep": 0, "restore": 28, "make": 0}
    assert plan["usd"] == "0"
    if with_records:
        assert built.made(built.run()) == []
        assert shared_vendor.count() == calls


@pytest.mark.slow
def test_an_edited_line_is_told_with_what_it_was(built: Workspace, shared_vendor: Standin) -> None:
    built.episode("one", ONE[0], EDITED, ONE[2])
    plan = planned(built)
    voice = row_of(plan, "voice:one:max-and-a-very-lovely")
    assert voice["reasons"] == ['request.text: "And a very good day to you" -> "And a very lovely day to you"']
    assert (voice["verdict"], voice["usd"], voice["where"]) == ("make", "0.01", "episodes/one.yaml:9")
    assert row_of(plan, "image:one:max-and-a-very-lovely")["verdict"] == "restore", "the same picture, on another line"
    assert plan["usd"] == "0.01"
    segments = [row for row in plan["steps"] if row["step"].startswith("segment:one:ada")]
    assert {(row["verdict"], row["unless"]) for row in segments} == {("keep", "timeline:one moves what it shows")}
    assert verdicts(plan)["timeline:one"] == verdicts(plan)["video:one"] == "make"
    calls, made = shared_vendor.count(), built.made(built.run())
    assert shared_vendor.count() == calls + 1
    assert set(made) == {name for name, verdict in verdicts(plan).items() if verdict == "make"}
    assert planned(built)["counts"]["keep"] == 28


@pytest.mark.slow
def test_an_edited_line_after_everything_else_was_wiped(built: Workspace) -> None:
    shutil.rmtree(built.root / "build")
    built.episode("one", ONE[0], EDITED, ONE[2])
    plan = planned(built)
    assert plan["usd"] == "0.01"
    assert kinds(plan, "make") == {
        "script": 1, "voice": 1, "timeline": 1, "segment": 1, "subtitles": 1, "soundtrack": 1, "video": 1
    }  # fmt: skip
    assert set(built.made(built.run())) == {name for name, verdict in verdicts(plan).items() if verdict == "make"}


@pytest.mark.slow
def test_a_segment_that_changes_for_another_reason_too_is_not_called_kept(built: Workspace) -> None:
    """A new format touches all of them, whatever the timeline does."""
    built.episode("one", ONE[0], EDITED, ONE[2], reel={"fps": 25})
    plan = planned(built, "one")
    assert kinds(plan, "make")["segment"] == 3
    made = built.made(built.run("video:one"))
    assert sum(name.startswith("segment:one") for name in made) == 3


@pytest.mark.slow
def test_of_another_provider_it_is_told_that_it_is_another_and_not_how_it_is_asked(built: Workspace) -> None:
    image = {"provider": "second", "steps": 3}
    built.episode("one", ONE[0].replace("harbour", "port"), *ONE[1:], providers={"image": image})
    for form in ((), ("--md",)):
        told = built.run("plan", "one", *form, program="reelmake").stdout.replace("\\", "").replace("&gt;", ">")
        assert told.count('request.provider: "standin" -> "second"') == 3
        assert "a port" in told
        assert "(nothing)" not in told
    (reasons, *_) = [row["reasons"] for row in planned(built, "one")["steps"] if row["kind"] == "image"]
    assert "request.options.steps: (nothing) -> 3" in reasons


def test_another_title_makes_nothing_and_says_what_is_written_again(built: Workspace) -> None:
    built.episode("one", *ONE, title="Another")
    plan = planned(built, "one")
    assert plan["usd"] == "0"
    assert kinds(plan, "make") == {}
    assert row_of(plan, "video:one")["reasons"] == ["its request or its inputs have changed"]


def test_an_output_that_was_edited_by_hand_is_restored(built: Workspace) -> None:
    (path,) = built.root.glob("build/one/images/ada-hello*.png")
    path.write_bytes(b"mine")
    row = row_of(planned(built), "image:one:ada-hello")
    assert (row["verdict"], row["reasons"]) == ("restore", [f"{path.relative_to(built.root)} is not as it was made"])


def test_what_is_gone_from_the_store_is_kept_while_its_file_is_there_and_paid_for_again_when_not(
    built: Workspace,
) -> None:
    shutil.rmtree(built.root / ".reelmake/store/blobs")
    assert planned(built)["counts"]["keep"] == 28
    shutil.rmtree(built.root / "build")
    plan = planned(built)
    assert plan["usd"] == "0.08"
    assert row_of(plan, "voice:one:ada-so")["reasons"] == ["what was made is gone from the store, or damaged there"]


@pytest.mark.parametrize("is_remembered", [True, False])
def test_what_was_paid_for_and_is_damaged_in_the_store_is_made_again_and_priced(
    built: Workspace, shared_vendor: Standin, *, is_remembered: bool
) -> None:
    """The bill is known before it is spent, whether or not anything is remembered of the last build."""
    (output,) = built.root.glob("build/one/images/ada-so*.png")
    receipts = [json.loads(path.read_bytes()) for path in built.root.glob(".reelmake/store/actions/*/*")]
    (blob,) = {told["blob"] for told in receipts if told["step"].startswith("image:one:ada-so")}
    damaged = built.root / ".reelmake/store/blobs" / blob[:2] / blob
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert row_of(planned(built), "image:one:ada-so")["verdict"] == "keep", "its file is as it was made"
    output.unlink()
    if not is_remembered:
        (built.root / ".reelmake/doit.db").unlink()
    plan = planned(built)
    row = row_of(plan, "image:one:ada-so")
    assert (row["verdict"], row["usd"]) == ("make", plan["usd"])
    assert row["reasons"] == ["what was made is gone from the store, or damaged there"]
    before = len(shared_vendor.calls)
    built.run("image:one")
    assert [kind for kind, _ in shared_vendor.calls[before:]] == ["image"]


# -- it only reads ------------------------------------------------------------------------------------------------

LOOK = """
import atexit, os, sys, threading

import doit.task

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.utime"}
CHANGES |= {"os.truncate", "shutil.move", "shutil.rmtree", "fcntl.flock", "fcntl.lockf", "fcntl.fcntl"}
seen = []


def audit(event, args):
    if event == "sqlite3.connect" and args[0] != ":memory:" and "immutable=1" not in str(args[0]):
        seen.append((event, str(args[0])))
    elif event in CHANGES:
        seen.append((event, str(args[:2])))
    elif event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        seen.append((event, str(args[0])))


def count_tasks(frame, event, arg):
    if event == "call" and frame.f_code is doit.task.Task.__init__.__code__:
        seen.append(("task", frame.f_locals.get("name")))


def report():
    sys.setprofile(None)
    text = "".join(f"{what} {name}\\n" for what, name in seen)
    with open(os.environ["SEEN"], "w") as file:
        file.write(text)


import reelmake.cli.plan, reelmake.tasks.forecast

sys.addaudithook(audit)
sys.setprofile(count_tasks)
atexit.register(report)
sys.argv[0] = "reelmake"
reelmake.cli.main()
"""


def seen(project: Workspace, *args: str) -> list[str]:
    """Return what a command opened for writing, made, moved, removed or locked, and the doit tasks that it built."""
    report = project.root.parent / "seen"
    report.unlink(missing_ok=True)
    script = project.root.parent / "look.py"
    script.write_text(LOOK, "utf-8")
    env = {**project.env, "SEEN": str(report), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(script), *args], cwd=project.root, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return report.read_text("utf-8").splitlines()


def listing(root: Path) -> dict[str, tuple[int, ...]]:
    """Return the state of every file and folder, with the times of its last changes."""
    states = {str(path): path.lstat() for path in (root, *root.rglob("*"))}
    return {name: (s.st_mode, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for name, s in states.items()}


@pytest.mark.slow
@pytest.mark.parametrize("command", [["plan"], ["plan", "--json"], ["why", "video:one"]])
def test_a_plan_only_reads_and_builds_no_task(built: Workspace, command: list[str]) -> None:
    """In a project that was built, with an edit; what was abandoned a day ago is not swept by a look, either."""
    built.episode("one", ONE[0], EDITED, ONE[2])
    built.episode("moths", topic="moths", cast=["ada"], lines=2)
    for folder in ("store/tmp", "work"):
        os.utime(built.write(f".reelmake/{folder}/abandoned", "x"), (0, 0))
    before = listing(built.root)
    assert seen(built, *command) == []
    assert listing(built.root) == before


def test_a_plan_before_the_first_build_leaves_nothing_behind(project: Workspace) -> None:
    project.episode("one", *ONE)
    before = listing(project.root)
    planned(project)
    assert listing(project.root) == before
    assert not (project.root / ".reelmake").exists()


@pytest.mark.slow
def test_other_commands_are_seen_to_write_and_to_build_tasks(built: Workspace) -> None:
    """So the test above could fail."""
    assert "sqlite3.connect .reelmake/doit.db" in seen(built, "cost")
    code = LOOK.replace("reelmake.cli.main()", "doit.task.Task('made', None)")
    env = {**built.env, "SEEN": str(built.root / "seen")}
    subprocess.run([sys.executable, "-c", code], cwd=built.root, env=env, check=True)
    assert (built.root / "seen").read_text("utf-8") == "task made\n"


@pytest.mark.slow
def test_a_plan_knows_what_a_killed_build_has_recorded_last(built: Workspace) -> None:
    """SQLite has it in a journal, which is read from a copy."""
    name = built.root / ".reelmake/doit.db"
    code = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "db.execute(\"DELETE FROM record WHERE task = 'subtitles:one'\")\n"
        "db.commit()\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(name)], check=True)
    assert Path(f"{name}-wal").stat().st_size
    before = listing(built.root)
    plan = planned(built)
    assert plan["counts"] == {"keep": 27, "restore": 1, "make": 0}
    assert listing(built.root) == before


@pytest.mark.parametrize("content", [b"no database, but long enough to look at" * 100, b""])
def test_records_that_cannot_be_read_are_none_and_stay_as_they_are(built: Workspace, content: bytes) -> None:
    (built.root / ".reelmake/doit.db").write_bytes(content)
    before = listing(built.root)
    told = built.run("plan", "--json", program="reelmake")
    assert json.loads(told.stdout)["counts"] == {"keep": 0, "restore": 28, "make": 0}
    assert told.stderr.count("doit.db") == bool(content)
    assert listing(built.root) == before


# -- scripts that are not written yet -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_script_that_is_not_written_is_bounded_and_the_bill_stays_below(project: Workspace, vendor: Standin) -> None:
    project.episode("moths", topic="moths", cast=["ada", "max"], lines=4)
    plan = planned(project)
    assert (plan["usd"], plan["at_most"]) == ("0.09", True)
    assert {(row["step"], row["count"], row["usd"], row["at_most"]) for row in plan["steps"]} == {
        ("script:moths", 1, "0.01", False),
        ("voice:moths", 4, "0.04", True),
        ("image:moths", 4, "0.04", True),
    }
    assert "total: at most $0.09" in project.run("plan", program="reelmake").stdout
    project.run()
    assert spent(project) <= Decimal(plan["usd"])
    after = planned(project)
    assert (after["usd"], after["at_most"], after["counts"]["make"]) == ("0", False, 0)
    assert vendor.count() == 9


def test_a_bound_is_of_the_longest_lines_and_prompts_that_a_script_may_have(
    project: Workspace, vendor: Standin
) -> None:
    """With a vendor that counts characters; the dearest voice of the cast counts for every line."""
    settings = (project.root / "pyproject.toml").read_text()
    project.write("pyproject.toml", settings.replace('voice = "standin"', 'voice = "elevenlabs"'))
    for name, model in (("ada", "eleven_v4"), ("max", "eleven_v4_turbo")):
        voice = f"voice: {{elevenlabs: {{voice_id: v{name}, model: {model}}}}}"
        project.write(f"characters/{name}.yaml", f"name: {name.title()}\n{voice}\n")
    project.episode("moths", topic="moths", cast=["ada", "max"], lines=3)
    row = row_of(planned(project), "voice:moths")
    assert Decimal(row["usd"]) == 3 * 1000 * Decimal("0.08") / 1000
    assert vendor.count() == 0


def test_a_stored_script_that_cannot_be_read_breaks_no_command(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "script", lambda _: b"no JSON at all")
    project.episode("moths", topic="moths", cast=["ada"], lines=2)
    project.run(rc=1)
    assert planned(project)["at_most"] is True
    assert spent(project) == Decimal("0.01")
    assert "script:moths: restore" in project.run("why", "script:moths", program="reelmake").stdout


# -- other forms, and limits --------------------------------------------------------------------------------------

FIELDS = {"step", "episode", "kind", "verdict", "where", "key", "reasons", "usd", "at_most", "unless", "count"}


def test_json_has_a_fixed_form(built: Workspace) -> None:
    built.episode("moths", topic="moths", cast=["ada"], lines=2)
    plan = planned(built)
    assert list(plan) == [
        "schema", "usd", "priced_usd", "at_most", "unpriced", "cap_usd", "budget", "store_not_asked", "counts",
        "by_episode", "by_kind", "steps"
    ]  # fmt: skip
    assert plan["schema"] == "reelmake/plan@1"
    assert all(set(row) == FIELDS for row in plan["steps"])
    assert {row["verdict"] for row in plan["steps"]} <= {"keep", "restore", "make"}
    assert all(isinstance(row["usd"], str) and isinstance(row["count"], int) for row in plan["steps"])
    assert Decimal(plan["usd"]) == sum(Decimal(usd) for usd in plan["by_episode"].values())
    assert all(row["key"].startswith("r1:") for row in plan["steps"] if row["verdict"] == "keep")


def test_markdown_holds_what_is_paid_in_a_table(built: Workspace) -> None:
    built.episode("one", ONE[0], "max: A pipe | a pipe, a clock", ONE[2])
    text = built.run("plan", "--md", program="reelmake").stdout
    assert text.startswith("<!-- reelmake plan -->\n### What this would cost: $0.02\n")
    assert "<details><summary>one: 1 voice, 1 picture, $0.02</summary>" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 2
    assert all(row.replace("\\|", "").count("|") == 4 for row in rows)
    assert "(episodes/one.yaml:9) | $0.01 |" in rows[0]
    built.episode("one", *ONE)
    assert "Nothing has to be paid for." in built.run("plan", "--md", program="reelmake").stdout


def test_over_the_cap_and_without_a_price_are_told_and_are_no_failure(built: Workspace) -> None:
    built.episode("one", "ada: Quite new | a new one")
    assert "over the cap of $0.005 by $0.015" in built.run("plan", program="reelmake", REELMAKE_CAP_USD="0.005").stdout
    assert planned(built, REELMAKE_CAP_USD="0.005")["cap_usd"] == "0.005"
    other = {"REELMAKE_PROVIDERS__IMAGE": "second"}
    plan = planned(built, **other)
    assert set(plan["unpriced"]) == {row["step"] for row in plan["steps"] if row["kind"] == "image"} - {
        row["step"] for row in plan["steps"] if any(why.startswith("shares") for why in row["reasons"])
    }
    assert row_of(plan, "image:one")["usd"] is None
    text = built.run("plan", program="reelmake", rc=0, **other).stdout
    assert "unpriced, and not in the total: image:one:ada-quite-new" in text


@pytest.mark.slow
def test_wrong_names_and_wrong_specs_end_with_2(built: Workspace) -> None:
    assert "there is no episode 'three'" in built.run("plan", "three", program="reelmake", rc=2).stderr
    assert "there is no episode 'three'" in built.run("cost", "three", program="reelmake", rc=2).stderr
    assert "called 'voice:one:nobody'" in built.run("why", "voice:one:nobody", program="reelmake", rc=2).stderr
    told = built.run("plan", "--against", "HEAD", program="reelmake", rc=2)
    assert "git knows no 'HEAD'" in told.stderr
    built.write("episodes/one.yaml", "title: [")
    for command in (["plan"], ["why", "video:two"], ["cost"]):
        assert "episodes/one.yaml:1:" in built.run(*command, program="reelmake", rc=2).stdout


# -- against a revision -------------------------------------------------------------------------------------------


def git(folder: Path, *args: str) -> None:
    who = ("-c", "user.name=Tess", "-c", "user.email=tess@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)


def committed(project: Workspace) -> None:
    project.write(".gitignore", ".reelmake/\nbuild/\n.env\n")
    git(project.root, "init", "-q")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "one")


def steps(plan: dict[str, Any]) -> list[str]:
    return [row["step"].rpartition("-")[0] for row in plan["steps"]]


def test_an_episode_that_did_not_change_costs_nothing_against_a_revision_though_its_script_is_not_written(
    project: Workspace, vendor: Standin
) -> None:
    project.episode("moths", topic="moths", cast=["ada"], lines=2)
    committed(project)
    assert planned(project, "--against", "HEAD")["steps"] == []
    project.episode("moths", topic="moths", cast=["ada"], lines=2, providers={"image": {"provider": "second"}})
    assert [row["step"] for row in planned(project, "--against", "HEAD")["steps"]] == ["image:moths"]
    assert vendor.count() == 0


def test_against_a_revision_no_file_is_needed_that_git_does_not_have(project: Workspace, vendor: Standin) -> None:
    """Media may be ignored, or kept elsewhere (LFS), and the project may be a folder of a larger one."""
    above = project.root.parent
    for name in ("ignored.ogg", "elsewhere.ogg"):
        project.write(f"assets/{name}", (ROOT / "assets/calm.ogg").read_bytes())
    project.write("characters/ada.yaml", "name: Ada\nsprites: {telling: ada.png}\n")
    project.write("characters/ada.png", (ROOT / "characters/ada/telling.png").read_bytes())
    project.episode("one", "ada: Hello there my friend | a harbour", music="assets/ignored.ogg")
    project.episode("two", "ada: Hello again my friend | a moon", music="assets/elsewhere.ogg")
    project.write("episodes/wrong.yaml", "title: [")
    (above / ".gitignore").write_text(".reelmake/\nbuild/\nignored.ogg\n")
    (above / ".gitattributes").write_text("elsewhere.ogg filter=lfs\n")
    git(above, "init", "-q")
    git(above, "-c", "filter.lfs.clean=cat", "add", "-A")
    git(above, "-c", "filter.lfs.clean=cat", "commit", "-qm", "one")
    git(above, "config", "filter.lfs.smudge", f"touch {above}/fetched")
    git(above, "config", "filter.lfs.required", "true")
    project.episode("wrong", "ada: Quite right | a tree")
    told = project.run("plan", "--json", "--against", "HEAD", program="reelmake", rc=0)
    assert {row["episode"] for row in json.loads(told.stdout)["steps"]} == {"wrong"}
    assert "the specs of HEAD have mistakes, so all of wrong counts as new" in told.stderr
    assert not (above / "fetched").exists()
    assert vendor.count() == 0


def test_against_a_revision_only_what_it_did_not_ask_for_counts(project: Workspace, vendor: Standin) -> None:
    """Keys are compared, and not files: other names, another order and what was never built make no difference."""
    project.episode("one", *ONE)
    project.episode("moths", topic="moths", cast=["ada"], lines=2)
    project.write(".env", "REELMAKE_PROVIDERS__IMAGE=second\n")
    project.write("pyproject.toml", (project.root / "pyproject.toml").read_text() + PRICE)
    (project.root / "elsewhere").symlink_to("/")
    committed(project)
    assert [row["step"] for row in planned(project, "one", "--against", "HEAD")["steps"]] == []
    project.episode("uno", ONE[2], EDITED, ONE[0])
    (project.root / "episodes/one.yaml").unlink()
    plan = planned(project, "uno", "--against", "HEAD")
    assert steps(plan) == ["voice:uno:max-and-a-very-lovely-day-to-you"]
    assert plan["usd"] == "0.01"
    text = project.run("plan", "uno", "--md", "--against", "HEAD", program="reelmake").stdout
    assert "against `HEAD`" in text
    assert "request.text: " in text, "the change of the branch, whatever was built here"
    project.write("characters/broken.yaml", "name: [")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "two")
    (project.root / "characters/broken.yaml").unlink()
    told = project.run("plan", "uno", "--json", "--against", "HEAD", program="reelmake")
    assert "the specs of HEAD have mistakes, so all of moths, uno counts as new" in told.stderr
    assert len(json.loads(told.stdout)["steps"]) == 6
    assert vendor.count() == 0


PRICE = """
[tool.reelmake.prices."second/plain"]
usd_per_image = 0.05
"""


# -- why ----------------------------------------------------------------------------------------------------------


def test_why_shows_two_manifests_side_by_side(built: Workspace) -> None:
    built.episode("one", ONE[0], EDITED, ONE[2])
    (voice,) = [row["step"] for row in planned(built)["steps"] if row["step"].startswith("voice:one:max")]
    text = built.run("why", voice, program="reelmake").stdout
    assert text.startswith(f"{voice}: make  $0.01 (episodes/one.yaml:9)\n")
    assert "compared with voice:one:max-and-a-very-good-day" in text
    (changed,) = [line for line in text.splitlines() if line.startswith("*")]
    assert changed.split()[1] == "request.text"
    file = f"build/one/voice/{voice.rpartition(':')[2]}.wav"
    told = json.loads(built.run("why", file, "--json", program="reelmake").stdout)
    assert list(told) == ["schema", "step", "verdict", "where", "reasons", "was", "now", "differences"]
    assert told["differences"] == ['request.text: "And a very good day to you" -> "And a very lovely day to you"']
    assert (told["step"], told["was"]["request"]["text"]) == (voice, "And a very good day to you")


def test_why_of_the_provenance_is_that_of_the_video_beside_it(built: Workspace) -> None:
    text = built.run("why", "build/one/video.json", program="reelmake").stdout
    assert text.startswith("video:one: kept: nothing changed since ")


def test_why_of_a_step_of_a_script_that_is_not_written(built: Workspace) -> None:
    built.episode("moths", topic="moths", cast=["ada"], lines=2)
    text = built.run("why", "script:moths", program="reelmake").stdout
    assert text.startswith("script:moths: make  $0.01 (episodes/moths.yaml:3)\n  it was never made\n")


def test_why_of_what_follows_a_video_and_of_what_is_no_step(built: Workspace) -> None:
    built.episode("moths", topic="moths", cast=["ada"], lines=2)

    def why(target: str) -> str:
        return CliRunner().invoke(app, ["why", target, "-p", str(built.root)], catch_exceptions=False).stdout

    for target in ("cover:one", "build/one/cover.jpg"):
        assert why(target).startswith("cover:one: make\n  it was never made\n")
    (built.root / "build/two/timeline.json").unlink()
    assert why("storyboard:two").startswith("storyboard:two: make\n  needs video:two, which is restored\n")
    for target, told in (
        ("vidoe:one", "did you mean video:one?"),
        ("voice:one:ada-hello", "did you mean voice:one:ada-hello-there-my-friend-"),
        ("build/one/one.mp3", "did you mean build/one/one.mp4?"),
        ("cover:moths", "type `doit script:moths` first"),
        ("build/moths/moths.mp4", "type `doit script:moths` first"),
        ("publish:one", "`doit publish:one`"),
    ):
        with pytest.raises(UsageError, match=re.escape(told)):
            why(target)


def test_why_of_what_is_kept_says_since_when_and_of_a_group_explains_each_line(built: Workspace) -> None:
    kept = built.run("why", "timeline:two", program="reelmake").stdout
    assert re.fullmatch(r"timeline:two: kept: nothing changed since 20\d\d-\d\d-\d\d \d\d:\d\d UTC\n", kept)
    built.episode("one", ONE[0], EDITED, ONE[2])
    rows = built.run("why", "voice:one", program="reelmake").stdout.splitlines()
    heads = [row for row in rows if not row.startswith(" ")]
    assert [row.partition(": ")[2].partition(" ")[0] for row in heads] == ["kept:", "make", "kept:"]
    assert any(row.startswith("  request.text: ") for row in rows)
    document = json.loads(built.run("why", "one", "--json", program="reelmake").stdout)
    assert document["step"] == "one"
    assert len([row for row in document["steps"] if row["verdict"] == "make"]) > 1


def test_the_place_is_the_file_that_holds_the_change(built: Workspace) -> None:
    built.write("characters/ada.yaml", 'name: Ada\ncaption:\n  color: "#FF0000"\n')
    rows = planned(built, "one")["steps"]
    assert row_of({"steps": rows}, "timeline:one")["where"] == "characters/ada.yaml:3"
    spec = json.loads((built.root / "episodes/one.yaml").read_text("utf-8"))
    built.write("episodes/one.yaml", json.dumps({**spec, "style": "ink"}, indent=1))
    pictures = [row for row in planned(built, "one")["steps"] if row["kind"] == "image"]
    line = (built.root / "episodes/one.yaml").read_text("utf-8").splitlines().index(' "style": "ink"') + 1
    assert {row["where"] for row in pictures} == {f"episodes/one.yaml:{line}"}
    built.episode("one", *ONE)
    built.write("templates/image.j2", "{{ subject }}, alone. {{ style }}")
    pictures = [row for row in planned(built, "one")["steps"] if row["kind"] == "image"]
    assert {row["where"] for row in pictures} == {"templates/image.j2"}
