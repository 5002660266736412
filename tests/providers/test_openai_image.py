"""Pictures by OpenAI: sizes, prices, what is sent, what goes wrong and what is said."""

from __future__ import annotations

import base64
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from calls import a_call
from loopback import Loopback
from PIL import Image
from vendors.house import OPENAI_KEY
from vendors.server import Vendors

from reelmake.core.errors import AccountError, BusyError, LostError, ProviderError
from reelmake.core.keys import canonical_json
from reelmake.providers import provider
from reelmake.providers.base import Answer
from reelmake.providers.openai.image import MODELS, QUALITIES, SIZES, OpenAIImage, most_output_tokens
from reelmake.providers.prices import Price, Prices, rounded

PROVIDER = OpenAIImage()


def request_for(**changes: Any) -> dict[str, Any]:
    told = {
        "provider": "openai",
        "prompt": "a child pointing at a bright sky. Style: watercolour.",
        "subject": "a child pointing at a bright sky",
        "style": "watercolour",
        "width": 960,
        "height": 960,
        "take": 1,
    }
    shaped: dict[str, Any] = json.loads(canonical_json(PROVIDER.shape({**told, **changes})))
    return shaped


def ask(v: Vendors, request: dict[str, Any] | None = None, timeout_seconds: float = 30.0) -> Answer:
    return PROVIDER.ask(request or request_for(), a_call(v.env(), timeout_seconds))


def test_it_is_registered() -> None:
    assert isinstance(provider("image", "openai"), OpenAIImage)


def test_a_picture_is_drawn_read_and_billed_by_usage(v: Vendors) -> None:
    request = request_for()
    answer = ask(v, request)
    png = PROVIDER.read(answer.body, request)
    assert Image.open(io.BytesIO(png)).size == (1024, 1024)
    assert PROVIDER.read(answer.body, request) == png
    assert answer.usd == rounded(v.spent("openai", "image")) > 0
    assert answer.units["images"] == 1
    assert answer.units["output_tokens"] == 440


def test_requests_at_the_same_time_do_not_mix(v: Vendors) -> None:
    v.seconds = {"image": 0.2}

    def drawn(at: int) -> Any:
        return json.loads(ask(v, request_for(prompt=f"moth {at}")).body)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(drawn, range(16)))
    assert v.count() == v.billed_count() == v.distinct() == 16
    assert v.most_running["image"] == 8
    # A stand-in's picture has one colour, which follows from the prompt.
    assert len({told["data"][0]["b64_json"] for told in answers}) == 16


def test_what_is_sent_is_what_the_request_says(v: Vendors) -> None:
    request = request_for(options={"quality": "low", "moderation": "low"})
    ask(v, request)
    (hit,) = v.hits
    assert hit.body == {name: value for name, value in request.items() if name not in ("provider", "take")}
    assert "response_format" not in hit.body


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ((960, 960), "1024x1024"),
        ((640, 640), "1024x1024"),
        ((1080, 1920), "1008x1792"),
        ((720, 1280), "1008x1792"),
        ((1920, 1080), "1792x1008"),
        ((1000, 1500), "1024x1536"),
        ((1080, 1350), "1024x1280"),
        ((768, 1024), "1008x1344"),
        ((500, 2000), "1008x1792"),
    ],
)
def test_the_size_is_the_allowed_one_of_the_nearest_ratio(asked: tuple[int, int], size: str) -> None:
    assert request_for(width=asked[0], height=asked[1])["size"] == size


def test_all_sizes_may_be_asked_for(v: Vendors) -> None:
    for width, height in SIZES:
        ask(v, request_for(width=width, height=height))
        assert v.hits[-1].body["size"] == f"{width}x{height}"


def test_what_changes_nothing_that_is_sent_keeps_the_request() -> None:
    same = request_for()
    unchanged: list[dict[str, Any]] = [{"subject": "x"}, {"style": "x"}, {"width": 640, "height": 640}, {"options": {}}]
    assert all(request_for(**changes) == same for changes in unchanged)
    others: list[dict[str, Any]] = [
        {"prompt": "x"},
        {"take": 2},
        {"height": 1500},
        {"options": {"model": "gpt-image-2"}},
        {"options": {"quality": "high"}},
        {"options": {"moderation": "low"}},
    ]
    assert len({canonical_json(request_for(**changes)) for changes in others} | {canonical_json(same)}) == 7


@pytest.mark.parametrize("model", [*MODELS, "gpt-image-2.5-flare-2026-09-08", "gpt-image-2-2026-04-21"])
def test_the_price_bounds_the_bill_at_every_quality_and_size(v: Vendors, model: str) -> None:
    for quality in QUALITIES[: 3 if model.startswith("gpt-image-2-") or model == "gpt-image-2" else 5]:
        for width, height in (SIZES[0], SIZES[5], SIZES[7]):
            request = request_for(width=width, height=height, options={"model": model, "quality": quality})
            most = PROVIDER.price(request, Prices())
            answer = ask(v, request)
            assert most is not None
            assert answer.usd is not None
            assert 0 < answer.usd <= most


def test_the_usual_picture_costs_what_it_is_said_to() -> None:
    most = PROVIDER.price(request_for(), Prices())
    assert most is not None
    assert Decimal("0.0132") < most < Decimal("0.0140")


def test_what_nobody_knows_the_price_of_has_none() -> None:
    prices = Prices()
    assert PROVIDER.price(request_for(options={"model": "gpt-image-9"}), prices) is None
    assert PROVIDER.price(request_for(options={"model": "gpt-image-2", "quality": "max"}), prices) is None
    assert most_output_tokens("flux", "low", "1024x1024") is None
    own = Prices(
        {"flux": Price(usd_per_image=Decimal("0.02")), "gpt-image-9": prices.of("openai", "gpt-image-2") or Price()}
    )
    assert PROVIDER.price(request_for(options={"model": "flux"}), own) == Decimal("0.02")
    assert PROVIDER.price(request_for(options={"model": "gpt-image-9"}), own) is None


def drawn(form: str, mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    Image.new(mode, (32, 32), "#00808080" if mode == "RGBA" else "teal").save(content, form)
    return content.getvalue()


def body(**first: Any) -> bytes:
    return json.dumps({"data": [first]}).encode()


@pytest.mark.parametrize(
    ("form", "mode"), [("WEBP", "RGB"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("GIF", "P")]
)
def test_another_format_is_made_a_png(form: str, mode: str) -> None:
    png = PROVIDER.read(body(b64_json=base64.b64encode(drawn(form, mode)).decode()), request_for())
    with Image.open(io.BytesIO(png)) as image:
        assert (image.format, image.size) == ("PNG", (32, 32))
        assert image.mode == ("RGBA" if mode == "RGBA" else "RGB")


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"[]",
        b'{"data": []}',
        b'{"data": {}}',
        body(url="https://example.com/x.png"),
        body(b64_json=None),
        body(b64_json="not base64"),
        body(b64_json=base64.b64encode(b"not a picture").decode()),
        body(b64_json=base64.b64encode(drawn("PNG")[:60]).decode()),
        b"[" * 100_000,
    ],
)
def test_what_is_no_picture_is_told(stored: bytes) -> None:
    with pytest.raises(ProviderError, match="bump the line's take: for another one"):
        PROVIDER.read(stored, request_for())


FAULTS = [
    ("busy", BusyError, "Rate limit"),
    ("wrong_key", AccountError, "check the key"),
    ("quota", AccountError, "add credit"),
    ("server_error", BusyError, "HTTP 500"),
    ("refusal", ProviderError, "refused to draw this: .*safety system.*change image: of the line"),
    ("html", LostError, "web page"),
    ("cut", LostError, "did not arrive"),
    ("lost", LostError, "did not arrive"),
    ("hang", LostError, "did not arrive"),
]


@pytest.mark.parametrize(("fault", "error", "told"), FAULTS)
def test_each_fault_is_told_apart_and_nothing_is_sent_again(
    v: Vendors, fault: str, error: type[ProviderError], told: str
) -> None:
    v.fail("openai/image", fault, None)
    with pytest.raises(ProviderError, match=told) as raised:
        ask(v)
    assert type(raised.value) is error
    assert v.count() == 1
    assert OPENAI_KEY not in str(raised.value)


def test_an_answer_that_is_cut_as_if_it_were_whole_is_kept_and_costs_the_bound(v: Vendors) -> None:
    v.fail("openai/image", "broken_json")
    request = request_for()
    answer = ask(v, request)
    assert answer.usd == PROVIDER.price(request, Prices())
    with pytest.raises(ProviderError, match="take:"):
        PROVIDER.read(answer.body, request)


def test_slow_answers_arrive_and_slower_ones_end_at_the_deadline(v: Vendors) -> None:
    v.fail("openai/image", "drip")
    ask(v)
    v.drip_seconds = v.hang_seconds = 20
    for fault in ("drip", "hang"):
        v.fail("openai/image", fault)
        began = time.monotonic()
        with pytest.raises(LostError):
            ask(v, timeout_seconds=0.4)
        assert time.monotonic() - began < 10, "the answer takes 20"


def test_an_unknown_model_is_told_with_those_there_are(v: Vendors) -> None:
    with pytest.raises(ProviderError, match=r"gpt-image-1.*; set the model to one .*gpt-image-2\.5-flare"):
        ask(v, request_for(options={"model": "gpt-image-1"}))
    assert v.billed == []


def test_a_server_with_a_price_for_each_picture_is_not_billed_by_tokens() -> None:
    told = {"data": [{"b64_json": ""}], "usage": {"input_tokens": 5, "output_tokens": 5}}
    prices = Prices({"flux": Price(usd_per_image=Decimal("0.02"))})
    with Loopback() as server:
        server.answer = lambda _: (200, told)
        call = a_call({"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "local"}, prices=prices)
        answer = PROVIDER.ask(request_for(options={"model": "flux"}), call)
    assert answer.usd == Decimal("0.02")
