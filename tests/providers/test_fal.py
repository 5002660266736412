"""Pictures by fal: one job, one bill, whoever comes back for it; and the key stays with the queue."""

from __future__ import annotations

import base64
import io
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from calls import a_call
from fal_jobs import PROVIDER, Desk, request_for
from loopback import Loopback
from PIL import Image
from vendors.house import FAL_KEY
from vendors.server import Vendors

from reelmake.core.errors import LostError, ProviderError
from reelmake.providers import provider
from reelmake.providers.fal.image import FalImage
from reelmake.providers.fal.queue import Queue
from reelmake.providers.prices import Prices

OTHERS = ["fal-ai/flux/schnell", "fal-ai/flux/dev"]


@pytest.fixture
def desk(v: Vendors) -> Desk:
    return Desk(v)


def test_it_is_registered() -> None:
    assert isinstance(provider("image", "fal"), FalImage)


@pytest.mark.parametrize("model", ["fal-ai/z-image/turbo", *OTHERS])
def test_a_picture_is_drawn_read_and_billed_by_the_meter(v: Vendors, desk: Desk, model: str) -> None:
    request = request_for(options={"model": model})
    answer = desk.ask(request)
    png = PROVIDER.read(answer.body, request)
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.size) == ("PNG", (960, 960))
    assert answer.usd == v.spent("fal") == PROVIDER.price(request, Prices())
    assert answer.units == {"images": 1, "megapixels": 1}
    assert [hit.kind for hit in v.hits] == ["image", "status", "result", "file"]


def test_what_is_sent_is_what_the_request_says(v: Vendors, desk: Desk) -> None:
    request = request_for(options={"steps": 8})
    desk.ask(request)
    sent = v.hits[0]
    assert sent.path == "/fal-ai/z-image/turbo"
    assert sent.body == {name: value for name, value in request.items() if name not in ("provider", "model", "take")}
    assert sent.body["num_inference_steps"] == 8
    assert sent.headers["x-fal-no-retry"] == "1"


def test_the_stored_answer_is_one_document_with_everything(v: Vendors, desk: Desk) -> None:
    answer = desk.ask()
    document = json.loads(answer.body)
    assert document.keys() == {"result", "units", "image"}
    assert json.loads(document["result"])["seed"] == request_for()["seed"]
    assert document["units"] == "1"
    assert base64.b64decode(document["image"]) == PROVIDER.read(answer.body, request_for())
    assert FAL_KEY not in answer.body.decode()
    assert v.billed_count() == 1


def test_what_changes_nothing_that_is_sent_keeps_the_request() -> None:
    same = request_for()
    unchanged: list[dict[str, Any]] = [{"subject": "x"}, {"style": "x"}, {"options": {}}]
    assert all(request_for(**changes) == same for changes in unchanged)
    others: list[dict[str, Any]] = [
        {"prompt": "x"},
        {"take": 2},
        {"height": 1280},
        {"options": {"model": OTHERS[0]}},
        {"options": {"steps": 4}},
        {"options": {"guidance": 3.5}},
    ]
    seeds = {request_for(**changes)["seed"] for changes in others} | {same["seed"]}
    assert len(seeds) == 7


@pytest.mark.parametrize(("side", "megapixels"), [(512, 1), (992, 1), (1008, 2), (1920, 4)])
def test_megapixels_are_rounded_up_and_the_price_bounds_the_bill(
    v: Vendors, desk: Desk, side: int, megapixels: int
) -> None:
    request = request_for(width=side, height=side)
    assert PROVIDER.price(request, Prices()) == Decimal("0.005") * megapixels
    assert desk.ask(request).usd == v.spent("fal") == Decimal("0.005") * megapixels


def test_an_unknown_model_has_no_price(desk: Desk) -> None:
    request = request_for(options={"model": "fal-ai/nobody/knows"})
    assert PROVIDER.price(request, Prices()) is None
    desk.v.found.clear()


def test_the_ticket_is_kept_before_anything_else_is_asked(v: Vendors, desk: Desk) -> None:
    seen: list[int] = []

    def keep(ticket: Any) -> None:
        seen.append(v.count())
        desk.kept.append(ticket)

    PROVIDER.ask(request_for(), a_call(v.env(), keep_ticket=keep))
    assert seen == [1]
    assert desk.ticket.keys() == {"request_id", "status_url", "response_url"}


def test_a_killed_build_comes_back_for_its_job_and_is_not_billed_again(v: Vendors, desk: Desk) -> None:
    v.seconds = {"queue": 0.3, "image": 2.0}
    began = time.monotonic()
    # between two questions, or in one of them: the machine may be slow
    with pytest.raises(LostError, match=r"(is not finished in time|goes on); run doit again: the job goes on"):
        desk.ask(timeout_seconds=0.3)
    assert time.monotonic() - began < 2.0, "it was not waited for"
    assert desk.ticket
    answer = desk.ask()
    assert PROVIDER.read(answer.body, request_for())
    assert desk.recover() is not None
    assert desk.submitted() == 1
    assert v.billed_count() == 1


def test_recovery_needs_a_ticket(v: Vendors, desk: Desk) -> None:
    assert desk.recover() is None
    assert v.hits == []


def test_a_job_that_the_queue_forgot_is_submitted_again(v: Vendors, desk: Desk) -> None:
    desk.ask()
    v.fal.jobs.clear()
    assert desk.recover() is None
    assert desk.ticket  # perhaps it was only asked for at the wrong address
    desk.ask()
    assert desk.submitted() == 2


def test_the_key_goes_to_the_queue_only(v: Vendors, desk: Desk) -> None:
    desk.ask()
    assert {hit.kind: "authorization" in hit.headers for hit in v.hits} == {
        "image": True,
        "status": True,
        "result": True,
        "file": False,
    }


def test_addresses_elsewhere_are_not_followed_with_the_key(v: Vendors, desk: Desk) -> None:
    desk.ask()
    with Loopback("") as thief:
        desk.kept.append({**desk.ticket, "status_url": f"{thief.url}/status", "response_url": f"{thief.url}/r"})
        assert desk.recover() is not None
        assert thief.paths == []
    assert v.billed_count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/requests/1",
        "not a url",
        "http://[",
        "https://evil.example/requests/1",
        "https://queue.fal.run.evil.example/",
        "https://queue.fal.run@evil.example/",
        "https://me@queue.fal.run/",
        "https://queue.fal.run:444/",
        "http://queue.fal.run/",
        "https://queue.fal.run\\@evil.example/",
    ],
)
def test_what_is_not_the_queues_own_address_is_replaced(address: str) -> None:
    queue = Queue(a_call({"FAL_KEY": "k"}))
    job = queue.job("fal-ai/flux/schnell", {"request_id": "1", "status_url": address, "response_url": address})
    assert job.status_url == "https://queue.fal.run/fal-ai/flux/requests/1/status"
    assert job.response_url == "https://queue.fal.run/fal-ai/flux/requests/1"
    own = {"request_id": "1", "status_url": "https://queue.fal.run:443/a", "response_url": "https://queue.fal.run/b"}
    assert queue.job("fal-ai/flux/schnell", own).ticket() == own


def test_a_picture_may_not_be_fetched_from_just_anywhere() -> None:
    queue = Queue(a_call({"FAL_KEY": "k"}))
    for address in ("http://169.254.169.254/", "file:///etc/passwd", "ftp://example.com/x"):
        with pytest.raises(ProviderError, match="cannot be fetched"):
            queue.download(address)
    assert queue.download("data:image/png;base64,AAEC") == b"\0\1\2"
