"""`ci`: jobs for pull requests and for merged specs. They run anywhere, by hand too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reelmake.cli.app import ProjectDir, UsageError, app
from reelmake.cli.git import folder, head
from reelmake.cli.plan import MARK, plain
from reelmake.core.amounts import dollars, duration, headline, with_unpriced
from reelmake.core.errors import InputError, ObjectsError, SetupError
from reelmake.core.logging import redact

if TYPE_CHECKING:
    from reelmake.api.batch import Report
    from reelmake.project.load import Project
    from reelmake.publish.merge_order import Merge
    from reelmake.publish.targets import Place
    from reelmake.spec.documents import Cost
    from reelmake.tasks.build import Build


REVIEW: Final = "review.md"
SUMMARY: Final = "summary.md"
JOB_SUMMARY: Final = "GITHUB_STEP_SUMMARY"  # a file whose Markdown is shown with the run
STORE: Final = "REELMAKE_STORE_URL"
MOST_SUMMARY_BYTES: Final = 1_000_000  # of 1 MiB
KEYS: Final = ("AWS_SECRET_ACCESS_KEY", "B2_APPLICATION_KEY")
_OURS: Final = ("REELMAKE_", "AWS_", "B2_", "S3_")


class Job(StrEnum):
    """The jobs that `ci` runs."""

    review = "review"
    comment = "comment"
    merge = "merge"


@app.command()
def ci(
    job: Annotated[Job, typer.Argument(help="review, comment or merge.", metavar="JOB")],
    project: ProjectDir = Path(),
    against: Annotated[str, typer.Option(help="The git revision that a review compares with.")] = "",
    out: Annotated[Path, typer.Option(help="Where Markdown and storyboards go, from the project's folder.")] = Path(
        "build/ci"
    ),
) -> None:
    """Run a job of a team: review a pull request, comment on it, or build and publish the merged specs.

    `review` checks and plans, and spends nothing; `comment` posts what it found, or updates the last one; `merge`
    builds under a cap, publishes unless a later commit is published, and reports the cost.
    """
    os.chdir(project)
    for name in [name for name, value in os.environ.items() if not value and name.startswith(_OURS)]:
        del os.environ[name]  # a workflow sets to nothing what it has no value for
    out.mkdir(parents=True, exist_ok=True)
    if job is Job.review:
        raise typer.Exit(_review(against, out / REVIEW))
    if job is Job.comment:
        _comment(out / REVIEW)
        return
    raise typer.Exit(_merge(out))


def _review(against: str, file: Path) -> int:
    """Check, then plan; what is found goes into a file, to stdout and to the job's summary."""
    from reelmake.project.settings import DOTENV  # noqa: PLC0415

    if not against:
        raise UsageError("it is not said what to compare with", "write --against and the branch that it goes to")
    without = _without_store()
    code = (checked := _reelmake("check")).returncode
    missing = f"{DOTENV}:1: warning: "  # a review has no vendor's key, and needs none
    lines = [line for line in checked.stdout.splitlines() if not line.startswith(missing)]
    rows = [f"- {plain(line)}" for line in lines]
    if code == 0:
        code = (planned := _reelmake("plan", "--md", "--against", against)).returncode
    if checked.returncode == 0 == code:
        text = "\n".join([planned.stdout, *without, *rows])
    elif checked.returncode and checked.stdout:
        count = sum(": warning: " not in row for row in rows)
        text = "\n".join([MARK, f"### {count} mistake{'s' * (count != 1)}: this cannot be built", "", *rows])
    else:
        log = (checked if checked.returncode else planned).stderr
        text = "\n".join([MARK, "### It is not known what this would cost", "", *map(plain, log.splitlines())])
    text = f"{text.rstrip()}\n"
    file.write_text(text, "utf-8")
    _show(text)
    return code


def _without_store() -> list[str]:
    """Switch off a shared store without a key, as in the job of a fork; returns a paragraph that says so."""
    from reelmake.project.settings import load_settings, variables  # noqa: PLC0415

    if any(map(variables(Path()), KEYS)):
        return []
    try:
        is_shared = load_settings(Path()).store_url is not None
    except InputError:  # the check reports it
        is_shared = False
    os.environ[STORE] = ""
    return ["This job has no key of the shared store: its content counts as not made.", ""] if is_shared else []


def _reelmake(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours; what it logs goes to stderr."""
    command = [sys.executable, "-m", "reelmake", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    sys.stderr.write(done.stderr)
    return done


def _comment(file: Path) -> None:
    from reelmake.cli.pr_comment import comment, forge  # noqa: PLC0415
    from reelmake.project.settings import load_settings, variables  # noqa: PLC0415

    if not file.is_file():
        raise UsageError(f"there is no {file}", "type `reelmake ci review --against BRANCH` first")
    where = forge(variables(Path()))
    settings = load_settings(Path())
    mark = MARK.replace("plan", f"plan of {inside}") if (inside := folder()) else MARK  # one for each project
    text = file.read_text("utf-8").replace(MARK, mark, 1)
    print(comment(where, text, mark, settings.proxy, settings.retry_seconds), file=sys.stderr)


def _merge(out: Path) -> int:
    """Build and publish all episodes under the cap; what is there already costs nothing and is not sent again."""
    from reelmake.api.batch import Report  # noqa: PLC0415
    from reelmake.api.jsonl import DONE, FAILED, INTERRUPTED  # noqa: PLC0415
    from reelmake.plan.kinds import PUBLISH  # noqa: PLC0415
    from reelmake.project.load import load_project  # noqa: PLC0415
    from reelmake.project.settings import load_settings  # noqa: PLC0415
    from reelmake.publish.merge_order import OvertakenError  # noqa: PLC0415
    from reelmake.tasks import host  # noqa: PLC0415

    if load_settings(Path()).cap_usd is None:
        raise UsageError("there is no cap", "set REELMAKE_CAP_USD, or cap_usd in [tool.reelmake]: nobody is watching")
    project = load_project(Path())
    builds: list[Build] = []

    def opened(build: Build) -> None:
        build.publishing.merge = _announced(build.publishing.targets(project.productions.values()))
        builds.append(build)

    last = {name: f"{PUBLISH}:{name}" for name in project.productions}
    report = Report(last, lambda _: None, PUBLISH)
    wanted = [*last.values(), *(f"storyboard:{name}" for name in last)]
    began = time.monotonic()
    try:
        ended = host.run(project, wanted, report.finished, opened)
        code = ended if ended in {DONE, INTERRUPTED} else FAILED
        text = _summary(project, builds[0], report, time.monotonic() - began)
    except OvertakenError as error:
        code, text = DONE, f"### Nothing was rendered\n\n{plain(str(error))}\n"
    (out / SUMMARY).write_text(text, "utf-8")
    for name in last:
        board = Path("build", name, "storyboard.jpg")
        if board.is_file():
            (out / f"{name}.jpg").write_bytes(board.read_bytes())
    _show(text)
    return code


def _announced(targets: Sequence[Place]) -> Merge | None:
    """Say at all targets which commit is about to be published; raises OvertakenError, and SetupError."""
    if (merge := head()) is None:
        return None
    try:
        for do in (merge.look, merge.announce):
            for place in targets:
                do(place)
    except ObjectsError as error:
        raise SetupError(error.what, error.fix) from None
    return merge


def _summary(project: Project, build: Build, report: Report, seconds: float) -> str:
    """Return what a run has built, what that cost, and what its videos say, as Markdown."""
    paid: dict[str, Decimal | None] = {}
    rows = []
    for name in project.productions:
        cost = report.cost(name, build.records.recorded_key, build.context.store)
        paid[name] = None if cost.usd is None else Decimal(cost.usd)
        made, restored = (sum(counts.values()) for counts in report.counts(name))
        shown = f"failed: {plain(redact(str(report.failure(name))))}" if name in report.failed else _link(name)
        rows.append(f"| {name} | {dollars(paid[name])} | {_saved(cost)} | {made} | {restored} | {shown} |")
    usd = sum((usd for usd in paid.values() if usd is not None), Decimal(0))
    total = with_unpriced(headline(usd), list(paid.values()).count(None))
    budget = build.context.caller.budget
    head = f"### Rendered for {total} of {budget.limits}, in {duration(seconds)}"
    over = ["", f"**{plain(budget.passed)}**"] if budget.passed else []
    table = ["| episode | paid | saved | made | kept | video |", "|---|---|---|---|---|---|", *rows]
    return "\n".join([head, *over, "", *table, "", *_boards(project)]) + "\n"


def _saved(cost: Cost) -> str:
    return dollars(None if cost.saved_usd is None else Decimal(cost.saved_usd))


def _link(name: str) -> str:
    found = _provenance(name).get("published") or []
    url = found[0]["url"] if found else ""
    return f"[{name}]({url})" if url.startswith("http") else url or "not published"


def _boards(project: Project) -> Sequence[str]:
    """Return the lines of each video with their times, folded up; the storyboards are attached to the job."""
    lines = []
    for name in project.productions:
        record = _provenance(name)
        if not record:
            continue
        fps, said = record["video"]["fps"], record["lines"]
        lines += [f"<details><summary>{name}: {duration(record['video']['duration_seconds'])}</summary>", ""]
        lines += ["| at | who | says |", "|---|---|---|"]
        lines += [
            f"| {duration(one['start_frame'] / fps)} | {one['character']} | {plain(one['text'])} |" for one in said
        ]
        lines += ["", "</details>", ""]
    return lines


def _provenance(name: str) -> dict[str, Any]:
    """Return the `video.json` of an episode; empty when there is none that can be read."""
    try:
        found = json.loads(Path("build", name, "video.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _show(text: str) -> None:
    """Print Markdown, and add it to what the job's page shows: as much as that takes, which shows nothing of more."""
    print(text, end="")
    if summary := os.environ.get(JOB_SUMMARY):
        with Path(summary).open("ab") as file:
            content = f"{text}\n".encode()
            if file.tell() + len(content) > MOST_SUMMARY_BYTES:
                content = content[: max(0, MOST_SUMMARY_BYTES - file.tell())].rpartition(b"\n")[0]
                content += b"\n\nThere is more: see the job's log.\n"
            file.write(content)
