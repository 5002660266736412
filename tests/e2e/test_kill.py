"""`kill -9` at any moment of a paid build, and what the next build buys, finds again and tells."""

from __future__ import annotations

import json
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from studio import Studio
from vendors.records import Charge
from vendors.server import Vendors

from reelmake.core.amounts import dollars
from reelmake.engine.costs import Spending, spending
from reelmake.store.local import LocalStore

pytestmark = pytest.mark.slow

KILLS = 20  # for each of two painters
SECONDS = {"script": 0.2, "voice": 0.3, "queue": 0.1, "image": 0.4}
GIVEN = ("ada: Hello there | a moon", "max: And a good day to you | a sun")
TOPIC = {"topic": "owls", "cast": ["ada"], "lines": 1}


@dataclass
class Clean:
    """A build that nobody disturbed: its outputs, and how many requests it paid for."""

    films: dict[str, Any]
    requests: int


@dataclass
class Toll:
    """What all kills together did."""

    killed: int = 0  # builds that had not ended
    in_flight: int = 0  # requests that were sent, and had no receipt when it was over
    found_again: int = 0  # those of them that were not asked for again: the vendor had them still
    repeated: Counter[str] = field(default_factory=Counter)  # charges for what had been charged for before, by kind


def studio_at(root: Path, v: Vendors, image: str, *, is_given: bool) -> Studio:
    studio = Studio(root, v, image=image, timeout_seconds=5)
    studio.episode("one", *(GIVEN if is_given else ()), **({} if is_given else TOPIC))
    return studio


def clean_build(root: Path, image: str, *, is_given: bool) -> Clean:
    with Vendors(seconds=SECONDS) as v:
        studio = studio_at(root, v, image, is_given=is_given)
        studio.run()
        return Clean(studio.films(), v.billed_count())


@pytest.mark.parametrize("image", ["fal", "openai"])
def test_kill_9_repeats_nothing_that_is_done_and_tells_what_it_repeats(tmp_path: Path, image: str) -> None:
    """The moments are spread over its requests, from before the first to after the last."""
    cleans = [clean_build(tmp_path / f"clean{kind}", image, is_given=bool(kind)) for kind in (0, 1)]
    dice, toll = random.Random(image), Toll()
    for number in range(KILLS):
        clean, is_given = cleans[number % 2], bool(number % 2)
        with Vendors(seconds=SECONDS) as v:
            studio = studio_at(tmp_path / str(number), v, image, is_given=is_given)
            sent = round(number // 2 / (KILLS // 2 - 1) * clean.requests)
            kill_and_finish(studio, v, sent, dice.uniform(0, SECONDS["image"]), toll)
            assert studio.films() == clean.films
            assert v.distinct() == clean.requests
            assert v.violations == []
    print(f"{image}: {toll}")
    assert toll.killed >= KILLS * 0.75  # what comes after the last request may come after the end
    assert toll.in_flight >= 1
    assert toll.repeated["voice"] == 0, "the history has it"


def kill_and_finish(studio: Studio, v: Vendors, sent: int, after_seconds: float, toll: Toll) -> None:
    """Kill a build some time after it has sent so many requests, and build to the end.

    Nothing that has a receipt is asked for again, and no charge is forgotten.
    """
    build = studio.start()
    wait_for(lambda: sum(v.count(kind=kind) for kind in ("script", "voice", "image")) >= sent, build)
    time.sleep(after_seconds)
    toll.killed += killed(build) < 0
    done = {what_is_asked(told["manifest"]["request"]) for told in studio.receipts().values()}
    notes = len(studio.notes())
    asked_before = {what_is_billed(hit.body) for hit in v.hits if hit.kind in {"script", "voice", "image"}}
    count = v.count()
    studio.run()
    v.settle()
    asked_again = [what_is_billed(hit.body) for hit in v.hits[count:] if hit.kind in {"script", "voice", "image"}]
    assert not done & set(asked_again), "what has a receipt is never asked for again"
    in_flight = asked_before - done
    assert notes >= len(in_flight), "nothing is sent without a note"
    bills = Counter(what_is_billed(bill.body) for bill in v.billed)
    toll.in_flight += len(in_flight)
    toll.found_again += len(in_flight - set(asked_again))
    toll.repeated += Counter(kind_of(v.billed, one) for one, times in bills.items() if times > 1)
    check_told(studio, v, bills)


def check_told(studio: Studio, v: Vendors, bills: Counter[str]) -> None:
    """Look whether each charge is told of: those for nothing at what they cost at most."""
    told = spent_in(studio)
    first: dict[str, Decimal] = {}
    for bill in v.billed:
        first.setdefault(bill.asked, bill.usd)
    assert 0 <= told.usd - sum(first.values()) <= Decimal("0.000001") * len(first)
    assert told.lost_usd >= v.spent() - sum(first.values())
    for receipt in studio.receipts().values():
        assert len(receipt["earlier"]) >= bills[what_is_asked(receipt["manifest"]["request"])] - 1
    assert told.unanswered == ()
    assert studio.notes() == []


def spent_in(studio: Studio) -> Spending:
    """Return what `reelmake cost` tells, without starting it."""
    store = LocalStore(studio.root / ".reelmake/store")
    return spending(store.receipts(), store.notes(), {})


def what_is_asked(request: Any) -> str:
    """Return what a request asks for, in the words that its vendor is sent."""
    told = request.get("text") or request.get("prompt") or request["messages"]
    return told if isinstance(told, str) else json.dumps(told, sort_keys=True)


what_is_billed = what_is_asked


def kind_of(billed: list[Charge], asked: str) -> str:
    return next(bill.kind for bill in billed if what_is_billed(bill.body) == asked)


def killed(build: Popen[str]) -> int:
    """Kill a build the hard way, unless it has ended; returns its exit code, negative for a signal."""
    build.kill()
    build.communicate()
    return build.returncode


def wait_for(condition: Callable[[], bool], build: Popen[str]) -> None:
    """Wait until something is so, while a build runs."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, build.args
        time.sleep(0.005)


def test_what_the_vendor_still_has_is_fetched_and_not_bought_again(tmp_path: Path) -> None:
    with Vendors(seconds={"voice": 1.0, "image": 1.5}) as v:
        studio = studio_at(tmp_path, v, "fal", is_given=True)
        build = studio.start()
        wait_for(lambda: v.count(kind="voice") == 2 and ordered(studio) == 2, build)
        assert killed(build) < 0
        assert studio.receipts() == {}
        studio.run()
        v.settle()
        assert (v.count(kind="voice"), v.count("fal", "image")) == (2, 2)
        assert v.billed_count() == 4
        told = spent_in(studio)
        assert (told.usd, told.lost_usd, told.unanswered) == (v.spent(), Decimal(0), ())
        assert studio.notes() == []


def ordered(studio: Studio) -> int:
    """Return how many jobs are noted by what the vendor calls them."""
    return sum(b"request_id" in note.read_bytes() for note in studio.notes())


def test_what_nobody_has_any_more_is_bought_again_and_told(tmp_path: Path) -> None:
    with Vendors(seconds={"script": 1.0}) as v:
        studio = studio_at(tmp_path, v, "fal", is_given=False)
        build = studio.start()
        wait_for(lambda: v.count(kind="script") == 1, build)
        killed(build)
        (lost,) = spent_in(studio).unanswered
        assert lost[0] == "script:one"
        shown = studio.run("cost", program="reelmake").stdout
        assert re.search(
            rf"script:one was requested at .* and never answered: it may have cost \{dollars(lost[2])}", shown
        )
        studio.run()
        v.settle()
        assert v.billed_count("openai", "script") == 2
        (written,) = [told for told in studio.receipts().values() if told["kind"] == "script"]
        assert [one["why"] for one in written["earlier"]] == [
            "the process that asked was ended before the answer arrived"
        ]
        shown = studio.run("cost", program="reelmake").stdout
        assert f"and at most {dollars(lost[2])} for answers that were lost" in shown


def test_a_note_that_a_kill_left_beside_the_receipt_goes_with_the_next_build(tmp_path: Path) -> None:
    with Vendors() as v:
        studio = studio_at(tmp_path, v, "fal", is_given=True)
        studio.run()
        store = LocalStore(studio.root / ".reelmake/store")
        for key in studio.receipts():
            store.write_note(key, {"asked_at": "2026-11-25T12:00:00+00:00", "lost": [], "step": "x", "usd": "1"})
        shutil.rmtree(studio.root / "build")
        studio.run()
        assert studio.notes() == []
        assert v.count(kind="voice") == 2
