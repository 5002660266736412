"""What the providers of OpenAI, and of servers that speak like it, share: the client, and what errors mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import Any, Final
from urllib.parse import urlsplit

from reelmake.core.amounts import amount_of
from reelmake.core.errors import AccountError, ProviderError
from reelmake.core.http import CONNECT_SECONDS
from reelmake.providers import wire
from reelmake.providers.base import Call
from reelmake.providers.prices import Price, announced_end
from reelmake.providers.wire import Exchange


def last_day(model: str, call: Call) -> str | None:
    """Return a model's last day as YYYY-MM-DD, None when none is known.

    The server's list is read, for nothing, when there is a key; one that cannot be read, or has no date, is no error.
    """
    known = announced_end("openai", model) if base_url(call).rstrip("/") == OPENAI else None
    try:
        models = client(call).models
        listed = wire.exchange(models.with_raw_response.list, vendor(call)).json()
    except ProviderError:
        return known
    rows = listed.get("data") if isinstance(listed, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("id") == model:
            day = str(row.get("shutdown_date") or "")
            return day[:10] if re.match(r"\d{4}-\d{2}-\d{2}", day) else known
    return known


# Tokens are made of bytes: no text has more of them than bytes. What is around messages, the name of the schema and
# the sentence that asks for JSON come on top.
OVERHEAD_TOKENS: Final = 300
CACHE_WRITE: Final = Decimal("0.25")  # what is written to the vendor's cache costs so much more (OpenAI, 2026-11)


def most_input_tokens(text: str) -> int:
    """Return how many tokens a text is billed as at most."""
    return ceil((len(text.encode()) + OVERHEAD_TOKENS) * (1 + CACHE_WRITE))


def bill(document: Any, price: Price | None, most: Decimal | None) -> tuple[dict[str, int], Decimal | None]:
    """Return the units of a completion or picture and its cost, by its `usage`; without one, `most` is its cost.

    The units are `input_tokens` (with the cached ones), `output_tokens`, `cached_tokens`; they are left out when the
    server does not count. The cost is None when nobody knows the price.
    """
    usage = document.get("usage") if isinstance(document, dict) else None
    sent, made = _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")
    if sent is None or made is None:
        return {}, most
    details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
    cached = min(_count(details, "cached_tokens") or 0, sent)
    written = min(_count(details, "cache_write_tokens") or 0, sent - cached)
    units = {"input_tokens": sent, "output_tokens": made, "cached_tokens": cached}
    return units, price.tokens(sent + ceil(written * CACHE_WRITE), made, cached) if price else None


def _count(usage: Any, *names: str) -> int | None:
    """Return the first of these that is a number a server may count."""
    found: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    counts = (found[name] for name in names if type(found.get(name)) is int)
    return next((count for count in counts if amount_of(count) is not None), None)


KEY: Final = "OPENAI_API_KEY"
BASE_URL: Final = "OPENAI_BASE_URL"
OPENAI: Final = "https://api.openai.com/v1"

_NO_CREDIT: Final = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_NOT_FOUND, _TOO_MANY = 404, 429
_WRONG_REQUEST: Final = (400, 404, 422)


def base_url(call: Call) -> str:
    """Return where requests go: to OpenAI, or to what OPENAI_BASE_URL names."""
    return call.variable(BASE_URL) or OPENAI


def vendor(call: Call) -> str:
    """Return what errors call the server."""
    url = base_url(call)
    return "openai" if url.rstrip("/") == OPENAI else f"openai (at {urlsplit(url).netloc.rpartition('@')[2]})"


def client(call: Call) -> Any:
    """Return an SDK client that sends each request once, and waits for the whole answer as long as the call may."""
    # openai looks at httpx if anybody has imported it: another thread, which asks another vendor, may be in the middle.
    import httpx  # noqa: F401, PLC0415
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    return openai.OpenAI(
        api_key=call.secret(KEY).strip(),
        base_url=base_url(call),
        max_retries=0,
        timeout=httpx2.Timeout(call.timeout_seconds, connect=min(call.timeout_seconds, CONNECT_SECONDS)),
        http_client=wire.http2_client(call),
    )


def parameter(response: Exchange) -> str:
    """Return the parameter that an error is about, when the server says so in a field of its own; else nothing.

    OpenAI writes `{"error": {"param": "seed"}}`, servers on FastAPI `{"detail": [{"loc": ["body", "seed"]}]}`.
    """
    document = response.json()
    error = document.get("error", document) if isinstance(document, dict) else None
    if isinstance(error, dict) and isinstance(error.get("param"), str):
        return str(error["param"]).partition(".")[0]
    detail = document.get("detail") if isinstance(document, dict) else None
    first = detail[0] if isinstance(detail, list) and detail else None
    place = first.get("loc") if isinstance(first, dict) else None
    return str(place[1]) if isinstance(place, list) and len(place) > 1 else ""


def is_wrong_request(response: Exchange) -> bool:
    """Say whether the server took a request for one that cannot be met: nothing was done, nothing is billed."""
    return response.status in _WRONG_REQUEST


def common_problem(who: str, response: Exchange, code: str, message: str, models: str) -> ProviderError | None:
    """Return what an error of any endpoint means when its status does not say it; `models` are some that there are."""
    if code in _NO_CREDIT or (response.status == _TOO_MANY and "exceeded your current quota" in message.lower()):
        return AccountError(f"{who}: {message} ({code})", "add credit to the account, or raise its limit")
    about_model = code == "model_not_found" or parameter(response) == "model"
    if is_wrong_request(response) and (about_model or (response.status == _NOT_FOUND and "model" in message.lower())):
        return ProviderError(f"{who}: {message}", f"set the model to one that this server has, such as {models}")
    return None


def wrapped_error(response: Exchange, answer: str) -> Exchange | None:
    """Return the error that some gateways wrap into a success, as a response with the status that it names.

    `answer` is the field that a success has. They answer for somebody else, who failed, and have nothing to bill.
    """
    document = response.json()
    error = document.get("error") if isinstance(document, dict) and not document.get(answer) else None
    if not error:
        return None
    status = error.get("code") if isinstance(error, dict) else None
    known = status if isinstance(status, int) and 400 <= status < 600 else 502  # noqa: PLR2004 (what HTTP calls errors)
    return replace(response, status=known)
