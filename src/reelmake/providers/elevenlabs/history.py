"""ElevenLabs' history: a speech that was made and paid for, and whose answer was lost, can still be fetched from it.

A request has no name there, and its seed is not kept. It is found by its text, voice, model and settings, and by when
it was sent; what has already been delivered to another request is left out.
"""

from __future__ import annotations

import base64
import email.utils
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from reelmake.core.amounts import amount_of
from reelmake.core.errors import AccountError, BusyError, LostError, OversizedError, ProviderError
from reelmake.core.keys import canonical_json
from reelmake.providers import wire
from reelmake.providers.base import Call, Request
from reelmake.providers.elevenlabs.errors import ANOTHER_TAKE, VENDOR, error_of

EARLIER_SECONDS: Final = 5.0  # by which the vendor's clock may be behind
LOOKUP_SECONDS: Final = 30.0
PAGE_ITEMS, MOST_PAGES = 100, 50
LAG_SECONDS: Final = 6.0  # by which the history may be late, at most
LAG_PART: Final = 0.2  # of the time that a call has
WAITS: Final = (0.25, 0.75)  # before the second and the third look, in parts of the time for waiting
HUGE_BYTES: Final = 2**30
_SETTING_SLACK = 1e-6
_LATEST_UNIX = 1e12

_delivered: dict[tuple[str, str], str] = {}  # (server, item or request id there) -> the request that it answered
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Account:
    """Where ElevenLabs is, and who asks."""

    client: Any
    url: str
    key: str


def deliver(account: Account, ids: tuple[str, ...], request: Request) -> None:
    """Remember what a request was answered with, so that no other one is."""
    with _lock:
        _delivered.update({(account.url, one): canonical_json(request) for one in ids if one})


@dataclass(frozen=True, slots=True)
class Found:
    """A speech out of the history: a body like that of an answer, its bill in credits, and its id."""

    body: bytes
    credits: Decimal | None
    ids: tuple[str, ...]


def find(request: Request, account: Account, call: Call) -> Found | None:
    """Return the speech that was made for a request, or None when there is none, looking a few times.

    Raises BusyError while it is not known whether there is one.
    """
    seconds = min(LAG_SECONDS, LAG_PART * call.timeout_seconds)
    for wait in (*WAITS, None):
        try:
            if item := _item(request, account, call):
                ids = (str(item["history_item_id"]), str(item.get("request_id") or ""))
                deliver(account, ids, request)
                return _fetched(ids, account, call)
        except BusyError:
            if wait is None:
                raise
        if wait is not None:
            time.sleep(wait * seconds)
    return None


def _item(request: Request, account: Account, call: Call, ahead_seconds: float = 0.0) -> Mapping[str, Any] | None:
    """Return the item that was made closest to when the request was sent.

    The vendor tells that by its own clock; `ahead_seconds` is by how much ours is ahead of it.
    """
    asked_at, used = call.asked_at.timestamp() - ahead_seconds, call.used_ids()
    for page, ahead in _pages(request, int(asked_at - EARLIER_SECONDS), account, call):
        if ahead > ahead_seconds + EARLIER_SECONDS:
            return _item(request, account, call, ahead)
        free = (item for item in page if not used & {item.get("history_item_id"), item.get("request_id")})
        if found := [item for item in free if _is_answer(item, request, asked_at - EARLIER_SECONDS, account)]:
            return min(found, key=lambda item: abs(item["date_unix"] - asked_at))
    return None


def _pages(
    request: Request, since_unix: int, account: Account, call: Call
) -> Iterator[tuple[list[Mapping[str, Any]], float]]:
    """Yield the items made with a voice and a model since a time, the oldest first, a page at a time.

    With each page comes by how many seconds our clock is ahead of the vendor's.
    """
    after: str | None = None
    for _ in range(MOST_PAGES):
        exchange = _free(
            lambda after=after: account.client.history.with_raw_response.list(  # type: ignore[misc]
                page_size=PAGE_ITEMS,
                voice_id=request["voice_id"],
                model_id=request["model"],
                source="TTS",
                date_after_unix=since_unix,
                sort_direction="asc",
                start_after_history_item_id=after,
                request_options=_options(call),
            )
        )
        answer, items = _json(exchange), _json(exchange).get("history")
        yield [item for item in items if isinstance(item, dict)] if isinstance(items, list) else [], _ahead(exchange)
        after = answer.get("last_history_item_id")
        if not answer.get("has_more") or not after:
            return


def _is_answer(item: Mapping[str, Any], request: Request, since_unix: float, account: Account) -> bool:
    """Say whether an item may be the answer to a request."""
    made_at, id_ = item.get("date_unix"), item.get("history_item_id")
    if not isinstance(made_at, int | float) or not int(since_unix) <= made_at < _LATEST_UNIX:
        return False
    if not isinstance(id_, str):
        return False
    names = (("voice_id", request["voice_id"]), ("model_id", request["model"]), ("state", "created"))
    if any(item.get(name) not in (None, wanted) for name, wanted in names):
        return False
    if " ".join(str(item.get("text")).split()) != " ".join(request["text"].split()):
        return False
    settings = _mapping(item.get("settings"))
    if any(_differs(settings.get(name), wanted) for name, wanted in request.get("voice_settings", {}).items()):
        return False
    ours = canonical_json(request)
    with _lock:
        return all(_delivered.get((account.url, str(one)), ours) == ours for one in (id_, item.get("request_id") or ""))


def _differs(found: Any, wanted: Any) -> bool:
    """Say whether a setting is another one than requested; one that the history leaves out may be the same."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return found is not None and found != wanted
    return not wanted - _SETTING_SLACK <= found <= wanted + _SETTING_SLACK


def _fetched(ids: tuple[str, ...], account: Account, call: Call) -> Found:
    """Fetch an item: its sound, and when its characters are spoken."""
    id_ = wire.path_of(ids[0], VENDOR)
    item = _json(_free(lambda: account.client.history.with_raw_response.get(id_, request_options=_options(call))))
    # The SDK streams sound, and tells nobody what came of it: so this one request is ours.
    sound = _free(
        lambda: wire.http_client(call).get(
            f"{account.url}/v1/history/{id_}/audio",
            headers={"xi-api-key": account.key},
            timeout=min(LOOKUP_SECONDS, call.timeout_seconds),
        )
    )
    if _is_cut(sound.body):
        raise BusyError(f"{VENDOR}: the history sent only a part of a sound", "run doit again")
    alignments = _mapping(item.get("alignments"))
    body = {
        "audio_base64": base64.b64encode(sound.body).decode(),
        "alignment": _kept(alignments.get("alignment")),
        "normalized_alignment": _kept(alignments.get("normalized_alignment")),
        "recovered_from": id_,
    }
    before, after = (amount_of(item.get(f"character_count_change_{end}")) for end in ("from", "to"))
    paid = None if before is None or after is None else amount_of(after - before)
    return Found(canonical_json(body).encode(), paid, ids)


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _kept(aligned: Any) -> Any:
    """Return an alignment, or None for what no JSON that is kept can hold: other times are found for it."""
    try:
        canonical_json(aligned)
    except (ValueError, TypeError, RecursionError):
        return None
    return aligned


def _is_cut(sound: bytes) -> bool:
    """Say whether a WAV is shorter than it says; one that began before its length was known says that it is huge."""
    says = int.from_bytes(sound[4:8], "little") + 8
    return sound[:4] == b"RIFF" and len(sound) < says < HUGE_BYTES


def _options(call: Call) -> Any:
    return {"max_retries": 0, "timeout_in_seconds": min(LOOKUP_SECONDS, call.timeout_seconds)}


def _ahead(exchange: wire.Exchange) -> float:
    """Return by how many seconds our clock is ahead of a vendor's, if it tells the time with its answers."""
    try:
        return time.time() - email.utils.parsedate_to_datetime(exchange.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _json(exchange: wire.Exchange) -> Mapping[str, Any]:
    """Return the JSON object that a lookup is answered with; raises BusyError for anything else."""
    found = exchange.json()
    if not isinstance(found, dict):
        raise BusyError(f"{VENDOR}: the history answered with something else than JSON", "run doit again")
    return found


def _free(send: Callable[[], object]) -> wire.Exchange:
    """Look something up. A lookup costs nothing: one whose answer is lost may be made again. Raises ProviderError."""
    try:
        return wire.exchange(send, VENDOR, error_of)
    except OversizedError as error:
        raise ProviderError(error.what, ANOTHER_TAKE) from error
    except LostError as error:
        raise BusyError(error.what, error.fix) from error
    except AccountError as error:
        what = f"{error.what}: a speech was paid for and its answer lost; it can be fetched from the history"
        raise ProviderError(what, "allow the key to read the history, then run doit again") from error
