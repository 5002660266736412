"""What goes wrong at fal, before a job, while it runs and after it: who is billed, and what is told."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from calls import a_call
from fal_jobs import PROVIDER, Desk, request_for
from loopback import Loopback
from vendors.house import FAL_KEY
from vendors.server import Vendors

from reelmake.core.errors import AccountError, BusyError, LostError, ProviderError
from reelmake.providers.base import Answer

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python


@pytest.fixture
def desk(v: Vendors) -> Desk:
    return Desk(v)


@pytest.mark.parametrize("fault", ["busy", "server_error", "cut", "lost", "html", "broken_json", "hang"])
def test_a_question_about_a_job_that_goes_wrong_is_asked_again(v: Vendors, desk: Desk, fault: str) -> None:
    v.hang_seconds = 0.1
    v.fail("fal/status", fault, 2)
    desk.ask()
    assert desk.submitted() == 1
    assert v.count("fal", "status") == 3
    assert v.billed_count() == 1


def test_a_queue_that_asks_to_wait_is_waited_for_within_the_deadline(v: Vendors, desk: Desk) -> None:
    v.fail("fal/status", "busy", retry_after=0.5)
    began = time.monotonic()
    desk.ask()
    assert time.monotonic() - began > 0.5
    v.fail("fal/status", "busy", retry_after=60)
    began = time.monotonic()
    with pytest.raises(LostError, match="goes on"):
        Desk(v).ask(timeout_seconds=5)
    assert time.monotonic() - began < 4, "the deadline is in 5"


@pytest.mark.parametrize("kind", ["result", "file"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("busy", BusyError),
        ("server_error", BusyError),
        ("cut", LostError),
        ("cut_unsized", LostError),
        ("broken_json", LostError),
        ("lost", LostError),
        ("html", LostError),
    ],
)
def test_what_goes_wrong_after_the_job_keeps_the_ticket(
    v: Vendors, desk: Desk, kind: str, fault: str, error: type[ProviderError]
) -> None:
    v.fail(f"fal/{kind}", fault)
    with pytest.raises(ProviderError) as raised:
        desk.ask()
    assert type(raised.value) is error
    assert PROVIDER.read(desk.ask().body, request_for())
    assert desk.submitted() == 1
    assert v.billed_count() == 1


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("busy", BusyError, "Too many requests"),
        ("wrong_key", AccountError, "check the key"),
        ("quota", AccountError, "Exhausted balance"),
        ("server_error", BusyError, "HTTP 500"),
        ("unstarted", BusyError, r"before processing started \(HTTP 504, request_timeout\)"),
        ("html", LostError, "web page"),
        ("cut", LostError, "did not arrive"),
        ("lost", LostError, "did not arrive"),
        ("hang", LostError, "did not arrive"),
        ("broken_json", LostError, "not what it is called"),
    ],
)
def test_each_fault_of_submitting_is_told_apart(
    v: Vendors, desk: Desk, fault: str, error: type[ProviderError], told: str
) -> None:
    v.fail("fal/image", fault, None)
    with pytest.raises(ProviderError, match=told) as raised:
        desk.ask()
    assert type(raised.value) is error
    assert v.count() == 1
    assert desk.kept == []
    assert FAL_KEY not in str(raised.value)


def test_a_refused_picture_says_why_and_leaves_no_ticket(v: Vendors, desk: Desk) -> None:
    v.fail("fal/image", "refusal")
    with pytest.raises(ProviderError, match=r"flagged by a content checker.*change image: of the line") as raised:
        desk.ask()
    assert type(raised.value) is ProviderError
    assert desk.kept[-1] is None
    assert v.billed == []
    assert v.count("fal", "result") == 1


def test_a_lost_account_keeps_the_ticket(v: Vendors, desk: Desk) -> None:
    for kind in ("status", "result"):
        v.fail(f"fal/{kind}", "quota")
        with pytest.raises(AccountError):
            desk.ask()
    desk.ask()
    assert desk.submitted() == 1


class Fake:
    """A queue whose status, result and file a test decides."""

    def __init__(self) -> None:
        self.status: Any = {"status": "COMPLETED"}
        self.result: tuple[int, Any] = (200, {"images": []})

    def ask(self, kept: list[Any], ticket: Any = None) -> Answer:
        with Loopback("") as server:

            def answer(_: Any) -> tuple[int, Any]:
                path = server.paths[-1]
                if path.endswith("/status"):
                    return 200, self.status
                return self.result if "/requests/" in path else (200, {"request_id": "r-1"})

            server.answer = answer
            call = a_call({"FAL_BASE_URL": server.url, "FAL_KEY": "k"}, 5.0, tickets=kept, ticket=ticket)
            return PROVIDER.ask(request_for(), call)


@pytest.mark.parametrize(
    ("status", "error"), [(500, BusyError), (503, BusyError), (403, AccountError), (422, ProviderError)]
)
def test_a_job_that_failed_at_fal_is_forgotten_and_told_by_its_status(status: int, error: type[ProviderError]) -> None:
    fake, kept = Fake(), list[Any]()
    fake.status = {"status": "COMPLETED", "error": "runner crashed", "error_type": "internal_error"}
    fake.result = (status, {"detail": "the runner crashed"})
    with pytest.raises(ProviderError, match="the runner crashed") as raised:
        fake.ask(kept)
    assert type(raised.value) is error
    assert kept[0]["request_id"] == "r-1"
    assert kept[-1] is None


def test_a_result_without_a_picture_is_kept_as_it_is() -> None:
    answer = Fake().ask([])
    with pytest.raises(ProviderError, match="no picture in fal's answer; bump the line's take:"):
        PROVIDER.read(answer.body, request_for())


def test_a_picture_that_cannot_be_decoded_is_fetched_again_and_then_kept() -> None:
    fake, kept = Fake(), list[Any]()
    fake.result = (200, {"images": [{"url": "data:image/png;base64,AAEC"}]})
    with pytest.raises(LostError, match="cannot be read"):
        fake.ask(kept)
    answer = fake.ask([], kept[-1])
    with pytest.raises(ProviderError, match=r"cannot be read.*bump the line's take:"):
        PROVIDER.read(answer.body, request_for())


def document(told: Any, image: str | None = "") -> bytes:
    return json.dumps({"result": json.dumps(told), "units": None, "image": image}).encode()


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (b"", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"{}", "cannot be read"),
        (document({}, "not base64"), "cannot be read"),
        (document([], None), "no picture"),
        (document({"has_nsfw_concepts": [True]}, "AAEC"), "safety checker"),
        (document({"has_nsfw_concepts": [False]}, "AAEC"), "cannot be read"),
    ],
)
def test_what_is_no_picture_is_told(stored: bytes, told: str) -> None:
    with pytest.raises(ProviderError, match=told) as raised:
        PROVIDER.read(stored, request_for())
    assert "take:" in raised.value.fix


def test_slow_answers_end_at_the_deadline(v: Vendors, desk: Desk) -> None:
    v.drip_seconds = v.hang_seconds = 20
    for target, fault in (("image", "hang"), ("status", "drip"), ("result", "drip"), ("file", "hang")):
        v.fail(f"fal/{target}", fault)
        began = time.monotonic()
        with pytest.raises(LostError):
            desk.ask(timeout_seconds=0.5)
        assert time.monotonic() - began < 10, "the answer takes 20"
    desk.ask()
    # The one whose submission was never answered did not happen; the others were one job.
    assert v.billed_count() == 1


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (504, {"detail": "timed out", "error_type": "request_timeout"}, {}),
        (504, {"detail": "timed out", "error_type": "startup_timeout"}, {}),
        (504, {"detail": "timed out"}, {"X-Fal-Request-Timeout-Type": "user"}),
        (504, {"detail": "timed out"}, {"X-Fal-Error-Type": "startup_timeout"}),
        (503, {"detail": "no runner", "error_type": "runner_scheduling_failure"}, {}),
        (503, {"detail": "gone", "error_type": "runner_disconnected"}, {}),
    ],
)
def test_what_fails_on_fals_side_may_be_submitted_again(
    status: int, body: dict[str, str], headers: dict[str, str]
) -> None:
    """A lost answer may be sent again once, and is never sure; this is neither performed nor billed."""
    kind = body.get("error_type") or headers.get("X-Fal-Error-Type") or "nothing was started"
    with Loopback("") as server:
        server.answer = lambda _: (status, body, headers)
        with pytest.raises(ProviderError, match=rf"HTTP {status}, {kind}") as raised:
            PROVIDER.ask(request_for(), a_call({"FAL_BASE_URL": server.url, "FAL_KEY": "k"}, 5.0))
    assert type(raised.value) is BusyError
    fake, kept = Fake(), list[Any]()
    fake.status = {"status": "COMPLETED", "error": "timed out", "error_type": kind}
    fake.result = (status, {**body, "error_type": kind})
    with pytest.raises(ProviderError) as raised:
        fake.ask(kept)
    assert type(raised.value) is BusyError
    assert kept[-1] is None


def test_a_gateway_that_gives_up_without_a_reason_leaves_nothing_known() -> None:
    with Loopback("") as server:
        server.answer = lambda _: (504, {"detail": "Gateway Timeout"})
        with pytest.raises(LostError):
            PROVIDER.ask(request_for(), a_call({"FAL_BASE_URL": server.url, "FAL_KEY": "k"}, 5.0))


def test_a_job_whose_result_is_gone_is_told_before_it_is_billed_again(
    v: Vendors, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.ask()
    assert "billed again" not in capsys.readouterr().err
    v.fal.jobs.clear()
    desk.ask()
    assert "no result of an earlier job any more: it is drawn anew, and billed again" in capsys.readouterr().err
    assert v.billed_count() == 2


def test_what_fal_stores_of_requests_is_never_switched_off(v: Vendors, desk: Desk) -> None:
    """Results are kept with it: without it, for an hour at most."""
    desk.ask()
    assert not [hit for hit in v.hits if "x-fal-store-io" in hit.headers]


def test_a_job_that_was_not_started_is_submitted_again_and_paid_once(v: Vendors, desk: Desk) -> None:
    v.fail("fal/image", "unstarted", 2)
    for _ in range(2):
        with pytest.raises(BusyError):
            desk.ask()
    assert PROVIDER.read(desk.ask().body, request_for())
    assert v.count("fal", "image") == 3
    assert v.billed_count() == 1
