"""How much is asked at once, and when nothing is: told by when requests arrive at the vendors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from studio import Studio
from vendors.server import Vendors

pytestmark = pytest.mark.slow


@pytest.fixture
def v() -> Iterator[Vendors]:
    with Vendors() as vendors:
        yield vendors
        assert vendors.violations == []


@pytest.fixture
def studio(tmp_path: Path, v: Vendors) -> Studio:
    """A project with an episode of 16 different lines."""
    found = Studio(tmp_path, v)
    found.episode("one", *(f"ada: This is number {number} | picture {number}" for number in range(16)))
    return found


def arrivals(v: Vendors, kind: str) -> list[float]:
    """Return when requests of a kind arrived."""
    return sorted(hit.at for hit in v.hits if hit.kind == kind)


def test_who_is_told_to_wait_makes_the_whole_pool_wait_and_no_other(studio: Studio, v: Vendors) -> None:
    v.seconds = {"voice": 0.3, "image": 0.5}
    v.fail("voice", "busy", when="number 3", retry_after=3)
    studio.run("voice", "image", REELMAKE_LIMITS__FAL="2")
    (told,) = v.served_faults
    spoken = [at - told.hit.at for at in arrivals(v, "voice")]
    # What was being sent when the answer came is not held back.
    assert [at for at in spoken if 0.7 < at < 3] == []
    assert len([at for at in spoken if at >= 3]) >= 8
    assert [at for at in arrivals(v, "image") if 0.7 < at - told.hit.at < 3], "other vendors are asked all the while"
    assert v.billed_count("elevenlabs") == v.distinct("voice") == 16


def test_as_much_is_asked_at_once_as_the_vendor_says_it_takes(studio: Studio, v: Vendors) -> None:
    v.seconds = {"voice": 0.6}
    v.elevenlabs_concurrency = 7
    studio.run("voice")
    assert v.most_running["voice"] == 7
    assert v.count(kind="voice") == v.billed_count("elevenlabs") == 16, "it was never too much"


def test_less_is_asked_at_once_when_it_was_too_much(studio: Studio, v: Vendors) -> None:
    v.seconds = {"voice": 0.3}
    v.elevenlabs_concurrency = 2
    studio.run("voice")
    assert v.most_running["voice"] <= 4
    assert v.billed_count("elevenlabs") == v.distinct("voice") == 16
    assert v.count(kind="voice") <= 16 + 4, "only the first few were too many"


def test_no_more_is_asked_at_once_than_was_set(studio: Studio, v: Vendors) -> None:
    v.seconds = {"voice": 0.1}
    studio.run("voice", REELMAKE_LIMITS__ELEVENLABS="3")
    assert v.most_running["voice"] == 3


def test_no_more_is_asked_in_a_minute_than_was_set(studio: Studio, v: Vendors) -> None:
    build = studio.start("voice", "image", REELMAKE_PER_MINUTE__FAL="3")
    end = time.monotonic() + 60
    while (v.count("fal", "image") < 3 or v.billed_count("elevenlabs") < 16) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    assert build.poll() is None, build.communicate()
    assert v.billed_count("elevenlabs") == 16
    assert v.count("fal", "image") == 3
    build.kill()
    build.communicate()


def test_who_is_busy_is_asked_again_after_ever_longer_waits(studio: Studio, v: Vendors) -> None:
    v.fail("voice", "busy", None, when="number 3")
    studio.run("voice", rc=1, REELMAKE_RETRY_SECONDS="0.2")
    times = sorted(hit.at for hit in v.hits if hit.kind == "voice" and "number 3" in hit.asked)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert len(waits) == 5
    assert all(wait >= 0.2 * 2**at for at, wait in enumerate(waits))
    assert waits[0] < 0.9, "the part that is left to chance is no longer than the first wait"
