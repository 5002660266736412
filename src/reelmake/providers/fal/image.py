"""Pictures by the models that fal hosts."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, StringConstraints

from reelmake.core.amounts import amount_of
from reelmake.core.errors import BusyError, LostError, ProviderError
from reelmake.core.keys import canonical_json, digest_of
from reelmake.core.logging import log
from reelmake.providers.base import Answer, Call, ImageProvider, Options, Request, as_png
from reelmake.providers.fal.queue import KEY, RESUMED, FailedError, GoneError, Job, Queue
from reelmake.providers.prices import Prices
from reelmake.providers.wire import NAME, Exchange
from reelmake.spec.problems import form

MEGAPIXEL: Final = 1_000_000
UNITS: Final = "x-fal-billable-units"
ANOTHER: Final = "bump the line's take: for another one"

_NOT_SENT: Final = ("provider", "model", "take")  # the seed stands for the take


_MODEL: Final = f"{NAME}(/{NAME})+"


class FalImageOptions(Options):
    """What can be chosen of a model that draws; all of it asks for other pictures."""

    model: Annotated[
        str,
        StringConstraints(pattern=f"^{_MODEL}$", max_length=200),
        form(_MODEL, "is not the name of a model", "copy it from its page at fal, such as fal-ai/z-image/turbo"),
    ] = Field("fal-ai/z-image/turbo", description="Which model draws, as fal names it.")
    steps: int | None = Field(None, ge=1, le=200, description="In how many steps it draws. The model decides, else.")
    guidance: float | None = Field(
        None, ge=0, le=50, description="How closely it keeps to the prompt, for models that take it."
    )


class FalImage(ImageProvider):
    """Draws a picture with one job of the queue; with its ticket it is fetched without another bill.

    Request: `{"provider", "model", "prompt", "image_size": {"width", "height"}, "seed", "num_images", "output_format",
    "take"}`, and `"num_inference_steps"`, `"guidance_scale"` when they are chosen; all of it but the provider, the
    model and the take is the job's input.

    The stored answer is one JSON document, in UTF-8: `{"result": the text of the result as fal sent it, "units": the
    text of its header x-fal-billable-units or null, "image": the bytes of its picture in base64 or null}`. It is null
    when the result names no picture. Units: `images`, and `megapixels` as fal counts them.
    """

    pool: ClassVar[str] = "fal"
    options: ClassVar[type[Options]] = FalImageOptions
    timeout_seconds: ClassVar[float] = 300.0
    secrets: ClassVar[tuple[str, ...]] = (KEY,)

    def shape(self, generic: Request) -> Request:
        """Return the job's input, with a seed that stands for the content and the take."""
        options = FalImageOptions.model_validate(generic.get("options", {}))
        chosen = {"num_inference_steps": options.steps, "guidance_scale": options.guidance}
        content = {
            "model": options.model,
            "prompt": generic["prompt"],
            "image_size": {"width": generic["width"], "height": generic["height"]},
            "num_images": 1,
            "output_format": "png",
            **{name: value for name, value in chosen.items() if value is not None},
            "take": generic["take"],
        }
        # 31 bits: all models take them.
        seed = int(digest_of(canonical_json(content).encode())[:8], 16) >> 1
        return {"provider": generic["provider"], **content, "seed": seed}

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        """Return what a picture costs: megapixels are rounded up."""
        price = prices.of("fal", request["model"])
        return price.images(1, _megapixels(request)) if price else None

    def ask(self, request: Request, call: Call) -> Answer:
        """Have the picture drawn.

        A call with a ticket asks for the job that it names, and submits another only when the queue has none.
        """
        queue = Queue(call)
        if answer := self._resume(queue, request, call):
            return answer
        if call.ticket and call.ticket.get("request_id"):
            gone = "fal has no result of an earlier job any more: it is drawn anew, and billed again"
            log().warning(gone, provider="fal", request_id=call.ticket["request_id"])
        sent = {name: value for name, value in request.items() if name not in _NOT_SENT}
        job = queue.submit(request["model"], sent)
        call.keep_ticket(job.ticket())
        try:
            return self._fetch(queue, job, request, call)
        except GoneError as error:
            raise LostError(error.what, RESUMED) from None

    def recover(self, request: Request, call: Call) -> Answer | None:
        """Return what became of the job that the call's ticket names; None without one, or when fal has no such job.

        The ticket stays, but for a job that failed or whose picture is gone.
        """
        return self._resume(Queue(call), request, call)

    def _resume(self, queue: Queue, request: Request, call: Call) -> Answer | None:
        if not call.ticket or not call.ticket.get("request_id"):
            return None
        try:
            return self._fetch(queue, queue.job(request["model"], call.ticket), request, call, again=True)
        except GoneError:
            return None

    def _fetch(self, queue: Queue, job: Job, request: Request, call: Call, *, again: bool = False) -> Answer:
        """Wait for a job, and fetch its picture. `again` says that this was tried before."""
        try:
            result = queue.result(job)
        except FailedError as error:
            call.keep_ticket(None)
            raise error.error from None
        document = result.json()
        if not isinstance(document, dict):
            raise LostError("fal: the result came broken", RESUMED)
        url = _address(document)
        drawn = self._download(queue, url, call, again=again) if url else None
        image = base64.b64encode(drawn).decode() if drawn is not None else None
        document = {
            "result": result.body.decode("utf-8", "replace"),
            "units": result.headers.get(UNITS),
            "image": image,
        }
        megapixels = _billed(result) or _megapixels(request)
        price = call.prices.of("fal", request["model"])
        usd = price.images(1, megapixels) if price else None
        return Answer(json.dumps(document).encode(), {"images": 1, "megapixels": megapixels}, usd)

    def _download(self, queue: Queue, url: str, call: Call, *, again: bool) -> bytes:
        try:
            drawn = queue.download(url)
        except GoneError as error:
            if not again:
                raise BusyError(error.what, RESUMED) from None
            # It was paid for, and nobody can have it any more.
            call.keep_ticket(None)
            raise LostError(error.what, "run doit again: it is drawn anew, and billed again") from None
        if not again:
            # It is fetched once more for nothing when it did not come whole. After that it is kept as it is.
            try:
                as_png(drawn)
            except ProviderError as error:
                raise LostError(f"fal: {error.what}", RESUMED) from None
        return drawn

    def read(self, body: bytes, request: Request) -> bytes:  # noqa: ARG002 the answer says all there is
        """Return the picture as a PNG; raises ProviderError when there is none."""
        try:
            document = json.loads(body)
            result = json.loads(document["result"])
            drawn = base64.b64decode(document["image"] or "", validate=True)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise ProviderError(f"the stored picture cannot be read: {type(error).__name__}", ANOTHER) from None
        unsafe = result.get("has_nsfw_concepts") if isinstance(result, dict) else None
        if isinstance(unsafe, list) and unsafe[:1] == [True]:
            what = "fal's safety checker hid the picture"
            raise ProviderError(what, "change image: of the line, or bump its take: for another one")
        if not drawn:
            raise ProviderError("there is no picture in fal's answer", ANOTHER)
        return as_png(drawn)


def _megapixels(request: Request) -> Decimal:
    """Return how many megapixels a picture is billed as at most."""
    size = request["image_size"]
    exact = Decimal(size["width"] * size["height"]) / MEGAPIXEL
    return exact.to_integral_value(ROUND_CEILING)


def _billed(result: Exchange) -> Decimal | None:
    """Return the units that fal says it bills."""
    return amount_of(result.headers.get(UNITS))


def _address(document: Mapping[str, Any]) -> str:
    """Return where the picture of a result is, or an empty string."""
    images = document.get("images") or [document.get("image")]
    first = images[0] if isinstance(images, list) and images else None
    url = first.get("url") if isinstance(first, dict) else first
    return url if isinstance(url, str) else ""
