"""Every fault of every vendor, in a real build: who is billed how often, what is told, and what the next build repairs.

A cell of the matrix is a line (or, for scripts, an episode) whose words its fault waits for. Those of a vendor share
one project, since they do not disturb each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from studio import Studio
from vendors.server import Vendors

pytestmark = pytest.mark.slow

BUILT, DEGRADED, FAILED = "built", "degraded", "failed"
ALWAYS = None
TIMEOUT_SECONDS = 2.5
MICRO_USD = Decimal("0.000001")


@dataclass(frozen=True)
class Cell:
    """A fault, and what comes of it.

    times   how many requests it befalls
    asked   how many requests are made in the first build, and how many of them are billed
    ends    how the first build ends for it: FAILED is exit code 1, the others are 0
    told    what is said of it
    lost    how many requests are written down as lost, in the end
    stuck   whether the answer was paid for and cannot be used: it stays so until another take is asked for
    """

    fault: str
    times: int | None
    asked: int
    billed: int
    ends: str
    told: str = ""
    lost: int = 0
    stuck: bool = False
    retry_after: float | None = None

    @property
    def name(self) -> str:
        """What its episode is called, if it has one of its own."""
        return f"{'rare' if self.times else 'always'}_{self.fault}{'_told' if self.retry_after else ''}"

    @property
    def words(self) -> str:
        """By what its request is known."""
        return f"the {self.name.replace('_', ' ')} case"


def cells(*rows: tuple[Any, ...]) -> list[Cell]:
    """Return cells: fault, times, asked, billed, end, what is told, lost. `busy_told` is `busy` with Retry-After."""
    found = [Cell(*row) for row in rows]
    return [replace(one, fault="busy", retry_after=0.2) if one.fault == "busy_told" else one for one in found]


ACCOUNT = "check the key, what it is allowed to do, and the account's credit"
PAGE = "a web page came in place of an answer; run doit again; if it stays so, look at the vendor's status page"
NOT_ARRIVED = "the answer did not arrive: .*; run doit again"

VOICE = cells(
    ("busy", ALWAYS, 6, 0, FAILED, "heavy traffic, please try again.; run doit again"),
    ("busy_told", ALWAYS, 6, 0, FAILED, "heavy traffic, please try again.; run doit again"),
    ("too_many", ALWAYS, 6, 0, FAILED, r"allows 10 concurrent requests .*; lower limits\.elevenlabs"),
    ("server_error", ALWAYS, 6, 0, FAILED, r"\(HTTP 500, internal_server_error\); run doit again later"),
    ("wrong_key", ALWAYS, 1, 0, FAILED, f"Invalid API key .*{ACCOUNT}"),
    ("quota", ALWAYS, 1, 0, FAILED, "exceeds your quota of 10000.*; buy credit or raise the plan's limit"),
    ("refusal", ALWAYS, 1, 0, FAILED, "the text was refused: Our safety systems .*; change the words"),
    ("html", ALWAYS, 2, 0, FAILED, PAGE, 2),
    ("hang", ALWAYS, 2, 0, FAILED, NOT_ARRIVED, 2),
    # What was spoken is found in the history.
    ("cut", ALWAYS, 1, 1, BUILT),
    ("broken_json", ALWAYS, 1, 1, BUILT),
    ("drip", ALWAYS, 1, 1, BUILT),
    ("lost", ALWAYS, 1, 1, BUILT),
    ("busy", 1, 2, 1, BUILT),
    ("busy_told", 1, 2, 1, BUILT),
    ("too_many", 1, 2, 1, BUILT),
    ("server_error", 1, 2, 1, BUILT),
    ("html", 1, 2, 1, BUILT, "", 1),
    ("hang", 1, 2, 1, BUILT, "", 1),
)
RATE = r"Rate limit reached.*\(HTTP 429, rate_limit_exceeded\); run doit again later"
OPENAI_IMAGE = cells(
    ("busy", ALWAYS, 6, 0, DEGRADED, RATE),
    ("busy_told", ALWAYS, 6, 0, DEGRADED, RATE),
    ("server_error", ALWAYS, 6, 0, DEGRADED, r"\(HTTP 500, server_error\); run doit again later"),
    ("wrong_key", ALWAYS, 1, 0, FAILED, f"Incorrect API key provided.*{ACCOUNT}"),
    ("quota", ALWAYS, 1, 0, FAILED, "exceeded your current quota.*; add credit to the account, or raise its limit"),
    ("refusal", ALWAYS, 1, 0, DEGRADED, r"refused to draw this: .*\(moderation_blocked\); change image: of the line"),
    ("cut", ALWAYS, 2, 2, DEGRADED, NOT_ARRIVED, 2),
    ("html", ALWAYS, 2, 0, DEGRADED, PAGE, 2),
    ("hang", ALWAYS, 2, 0, DEGRADED, NOT_ARRIVED, 2),
    ("drip", ALWAYS, 2, 2, DEGRADED, NOT_ARRIVED, 2),
    ("lost", ALWAYS, 2, 2, DEGRADED, NOT_ARRIVED, 2),
    ("busy", 1, 2, 1, BUILT),
    ("busy_told", 1, 2, 1, BUILT),
    ("server_error", 1, 2, 1, BUILT),
    ("cut", 1, 2, 2, BUILT, "", 1),
    ("html", 1, 2, 1, BUILT, "", 1),
    ("hang", 1, 2, 1, BUILT, "", 1),
    ("drip", 1, 2, 2, BUILT, "", 1),
    ("lost", 1, 2, 2, BUILT, "", 1),
    ("broken_json", ALWAYS, 1, 1, DEGRADED, "no picture in the answer .*; bump the line's take: for another", 0, True),
)
FAL_IMAGE = cells(  # what goes wrong when a job is submitted; see below for what goes wrong after that
    ("busy", ALWAYS, 6, 0, DEGRADED, r"Too many requests.*\(HTTP 429\); run doit again later"),
    ("busy_told", ALWAYS, 6, 0, DEGRADED, r"Too many requests.*\(HTTP 429\); run doit again later"),
    ("server_error", ALWAYS, 6, 0, DEGRADED, r"\(HTTP 500\); run doit again later"),
    ("wrong_key", ALWAYS, 1, 0, FAILED, f"Authentication is required.*{ACCOUNT}"),
    ("quota", ALWAYS, 1, 0, FAILED, f"Exhausted balance.*{ACCOUNT}"),
    ("refusal", ALWAYS, 1, 0, DEGRADED, "flagged by a content checker.*; change image: of the line"),
    ("cut", ALWAYS, 2, 2, DEGRADED, NOT_ARRIVED, 2),
    ("broken_json", ALWAYS, 2, 2, DEGRADED, "accepted, but not what it is called; run doit again", 2),
    ("html", ALWAYS, 2, 0, DEGRADED, PAGE, 2),
    ("hang", ALWAYS, 2, 0, DEGRADED, NOT_ARRIVED, 2),
    ("drip", ALWAYS, 2, 2, DEGRADED, NOT_ARRIVED, 2),
    ("lost", ALWAYS, 2, 2, DEGRADED, NOT_ARRIVED, 2),
    ("busy", 1, 2, 1, BUILT),
    ("busy_told", 1, 2, 1, BUILT),
    ("server_error", 1, 2, 1, BUILT),
    ("cut", 1, 2, 2, BUILT, "", 1),
    ("broken_json", 1, 2, 2, BUILT, "", 1),
    ("html", 1, 2, 1, BUILT, "", 1),
    ("hang", 1, 2, 1, BUILT, "", 1),
    ("drip", 1, 2, 2, BUILT, "", 1),
    ("lost", 1, 2, 2, BUILT, "", 1),
)
ANOTHER_SCRIPT = "the script that was written cannot be used: {}.*bump the episode's take: for another one"
SCRIPT = cells(
    ("busy", ALWAYS, 6, 0, FAILED, RATE),
    ("busy_told", ALWAYS, 6, 0, FAILED, RATE),
    ("server_error", ALWAYS, 6, 0, FAILED, r"\(HTTP 500, server_error\); run doit again later"),
    ("wrong_key", ALWAYS, 1, 0, FAILED, f"Incorrect API key provided.*{ACCOUNT}"),
    ("quota", ALWAYS, 1, 0, FAILED, "exceeded your current quota.*; add credit to the account, or raise its limit"),
    ("cut", ALWAYS, 2, 2, FAILED, NOT_ARRIVED, 2),
    ("html", ALWAYS, 2, 0, FAILED, PAGE, 2),
    ("hang", ALWAYS, 2, 0, FAILED, NOT_ARRIVED, 2),
    ("drip", ALWAYS, 2, 2, FAILED, NOT_ARRIVED, 2),
    ("lost", ALWAYS, 2, 2, FAILED, NOT_ARRIVED, 2),
    ("busy", 1, 2, 1, BUILT),
    ("busy_told", 1, 2, 1, BUILT),
    ("server_error", 1, 2, 1, BUILT),
    ("cut", 1, 2, 2, BUILT, "", 1),
    ("html", 1, 2, 1, BUILT, "", 1),
    ("hang", 1, 2, 1, BUILT, "", 1),
    ("drip", 1, 2, 2, BUILT, "", 1),
    ("lost", 1, 2, 2, BUILT, "", 1),
    ("refusal", ALWAYS, 1, 1, FAILED, ANOTHER_SCRIPT.format("the model refused: I'm sorry"), 0, True),
    ("length", ALWAYS, 1, 1, FAILED, ANOTHER_SCRIPT.format("it ran out of tokens"), 0, True),
    ("filtered", ALWAYS, 1, 1, FAILED, ANOTHER_SCRIPT.format("a content filter stopped it"), 0, True),
    ("broken_json", ALWAYS, 1, 1, FAILED, ANOTHER_SCRIPT.format("the answer is not JSON"), 0, True),
    ("miscount", ALWAYS, 2, 2, FAILED, ANOTHER_SCRIPT.format("there are no lines in it"), 0, True),
    ("miscount", 1, 2, 2, BUILT),
)


@pytest.fixture
def v() -> Iterator[Vendors]:
    with Vendors(hang_seconds=60.0, drip_seconds=60.0) as vendors:
        yield vendors
        assert vendors.violations == []


class Matrix:
    """A project with a line or an episode for each cell."""

    def __init__(self, root: Path, v: Vendors, target: str, table: list[Cell], shared: str = "") -> None:
        self.v, self.table, self.kind, self.shared = v, table, target.rpartition("/")[2], shared
        vendor, _, kind = target.partition("/")
        image = vendor if kind == "image" else "fal"
        self.studio = Studio(root, v, image=image, timeout_seconds=TIMEOUT_SECONDS)
        for cell in table:
            v.fail(target, cell.fault, cell.times, when=cell.words, retry_after=cell.retry_after)

    def place(self, cell: Cell) -> str:
        """Return the episode of a cell."""
        return cell.name if not self.shared or cell.ends == FAILED else self.shared

    def ends(self, *ends: str) -> list[Cell]:
        """Return the cells that end like this."""
        return [cell for cell in self.table if cell.ends in ends]

    def check_first(self, stderr: str, table: list[Cell]) -> None:
        """Look at what was asked, billed and told in a first build."""
        self.v.settle()
        assert "Traceback" not in stderr
        assert self.counts(table) == {cell.name: (cell.asked, cell.billed) for cell in table}
        for cell in table:
            place = self.where(cell)
            said = [line for line in stderr.splitlines() if place in line and f" {cell.ends}" in line]
            assert bool(said) == bool(cell.told), (cell.name, place, stderr)
            vendor = "" if cell.stuck else "(openai|ElevenLabs|fal)\\b.*"
            assert all(re.search(vendor + cell.told, line) for line in said), (cell.name, said)

    def counts(self, table: list[Cell]) -> dict[str, tuple[int, int]]:
        """Return how often each cell was asked for, and billed."""
        hits = [hit.asked for hit in self.v.hits if hit.kind == self.kind]
        bills = [bill.asked for bill in self.v.billed if bill.kind == self.kind]
        return {
            cell.name: (sum(cell.words in one for one in hits), sum(cell.words in one for one in bills))
            for cell in table
        }

    def where(self, cell: Cell) -> str:
        """Return what tells an author which line, or which episode, it is about."""
        if self.kind == "script":
            return f"script:{cell.name} "
        text = (self.studio.root / f"episodes/{self.place(cell)}.yaml").read_text("utf-8")
        number = next(at for at, line in enumerate(text.splitlines(), 1) if cell.words in line)
        return f"episodes/{self.place(cell)}.yaml:{number}: "

    def repaired(self) -> dict[str, tuple[int, int]]:
        """Return how often each cell must have been asked for and billed after one more build without faults."""
        more = {cell.name: cell.ends != BUILT and not cell.stuck for cell in self.table}
        return {cell.name: (cell.asked + more[cell.name], cell.billed + more[cell.name]) for cell in self.table}

    def check_money(self) -> None:
        """Compare what is told with the vendors' books."""
        told, receipts = self.studio.cost(), self.studio.receipts().values()
        first: dict[str, Decimal] = {}
        for bill in self.v.billed:
            first.setdefault(bill.asked, bill.usd)
        delivered = sum(first.values(), Decimal(0))
        # An answer that came broken does not say how many tokens it took: it is told at what it cost at most.
        broken = [cell for cell in self.table if cell.stuck and cell.fault == "broken_json"]
        quoted = [Decimal(one["quoted_usd"]) for one in receipts if one["usd"] == one["quoted_usd"]]
        slack = MICRO_USD * len(first) + max(quoted, default=Decimal(0)) * len(broken)
        assert 0 <= told.usd - delivered <= slack
        assert told.lost_usd >= self.v.spent() - delivered
        assert sum(len(one["earlier"]) for one in receipts) == sum(cell.lost for cell in self.table)
        assert told.unanswered() == []
        assert self.studio.notes() == []


def test_voices(tmp_path: Path, v: Vendors) -> None:
    matrix = Matrix(tmp_path, v, "elevenlabs/voice", VOICE, "heard")
    studio = matrix.studio
    for cell in matrix.ends(FAILED):
        studio.episode(cell.name, f"ada: This is {cell.words} | a pebble")
    studio.episode("heard", *(f"ada: This is {cell.words} | a pebble" for cell in matrix.ends(BUILT)))
    matrix.check_first(studio.run("video:heard").stderr, matrix.ends(BUILT))
    failed = studio.run(rc=1)
    matrix.check_first(failed.stderr, VOICE)
    assert not any(studio.is_built(cell.name) for cell in matrix.ends(FAILED))
    assert all((studio.root / f"build/{cell.name}/images").is_dir() for cell in matrix.ends(FAILED)), "they are kept"
    assert v.billed_count("fal", "image") == 1
    v.faults.planned.clear()
    studio.run("voice", "video:always_hang")
    assert matrix.counts(VOICE) == matrix.repaired()
    matrix.check_money()


@pytest.mark.parametrize(("vendor", "table"), [("openai", OPENAI_IMAGE), ("fal", FAL_IMAGE)])
def test_pictures(tmp_path: Path, v: Vendors, vendor: str, table: list[Cell]) -> None:
    matrix = Matrix(tmp_path, v, f"{vendor}/image", table, "seen")
    studio = matrix.studio
    seen = matrix.ends(BUILT, DEGRADED)
    for cell in matrix.ends(FAILED):
        studio.episode(cell.name, f"ada: This is {cell.words} | {cell.words}")
    studio.episode("seen", *(f"ada: This is {cell.words} | {cell.words}" for cell in seen))
    matrix.check_first(studio.run("video:seen").stderr, seen)
    assert len(studio.degraded("seen")) == len(matrix.ends(DEGRADED))
    failing = matrix.ends(FAILED)
    failed = studio.run(*(f"video:{cell.name}" for cell in failing), rc=1)
    matrix.check_first(failed.stderr, failing)
    assert not any(studio.is_built(cell.name) for cell in failing)
    v.faults.planned.clear()
    studio.run()
    v.settle()
    assert matrix.counts(table) == matrix.repaired()
    stuck = [cell for cell in table if cell.stuck]
    assert len(studio.degraded("seen")) == len(stuck)
    matrix.check_money()
    if stuck:
        bump_takes(studio, "seen", stuck)
        studio.run("image:seen")
        assert [billed for _, billed in matrix.counts(stuck).values()] == [cell.billed + 1 for cell in stuck]


def bump_takes(studio: Studio, episode: str, stuck: list[Cell]) -> None:
    """Ask for other pictures of these lines, and for no other voices."""
    spec = json.loads((studio.root / f"episodes/{episode}.yaml").read_text("utf-8"))
    for line in spec["script"]:
        if any(cell.words in line["ada"] for cell in stuck):
            line["take"] = {"image": 2}
    studio.write(f"episodes/{episode}.yaml", json.dumps(spec, indent=1))


def test_scripts(tmp_path: Path, v: Vendors) -> None:
    matrix = Matrix(tmp_path, v, "openai/script", SCRIPT)
    studio = matrix.studio
    about: dict[str, Any] = {"cast": ["ada"], "lines": 1}
    for cell in SCRIPT:
        studio.episode(cell.name, topic=cell.words, **about)
    built = matrix.ends(BUILT)
    done = studio.run(*(f"script:{cell.name}" for cell in built))
    matrix.check_first(done.stderr, built)
    studio.episode("fine", topic="otters", **about)
    failing = matrix.ends(FAILED)
    failed = studio.run("video:fine", *(f"video:{cell.name}" for cell in failing), rc=1)
    matrix.check_first(failed.stderr, failing)
    assert studio.is_built("fine")
    v.faults.planned.clear()
    again = studio.run("script", rc=1)
    stuck = [cell for cell in SCRIPT if cell.stuck]
    assert matrix.counts(SCRIPT) == matrix.repaired()
    assert all(re.search(cell.told, again.stderr) for cell in stuck)
    matrix.check_money()
    for cell in stuck:
        studio.episode(cell.name, topic=cell.words, take=2, **about)
    studio.run("script")
    assert [billed for _, billed in matrix.counts(stuck).values()] == [cell.billed + 1 for cell in stuck]


def test_a_job_whose_picture_cannot_be_had_is_resumed_by_the_next_build(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v, timeout_seconds=TIMEOUT_SECONDS)
    faults = (("status", "hang"), ("file", "lost"))
    for number, (kind, fault) in enumerate(faults, 1):
        studio.episode(kind, f"ada: Hello there | a picture whose {kind} is lost")
        v.fail(f"fal/{kind}", fault, ALWAYS)
        told = studio.run(f"image:{kind}").stderr
        assert re.search(rf"degraded .*episodes/{kind}\.yaml:5: fal: .*run doit again", told)
        assert "Traceback" not in told
        v.faults.planned.clear()
        assert " made " in studio.run(f"image:{kind}").stderr
        assert v.count("fal", "image") == v.billed_count("fal", "image") == number
    spent = studio.cost()
    assert (spent.usd, spent.lost_usd) == (v.spent(), Decimal(0))
