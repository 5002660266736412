"""fal's queue: a job is submitted, runs whether anybody asks for it or not, and is billed then, once.

The id of the job at fal is kept durably before its state is read, so that a later build, even another process, asks
for the same job. Its result is fetched as soon as it is there: fal keeps it with what it stores of requests, which is
never switched off here (`X-Fal-Store-IO`); in an account that has it off, for an hour, or six minutes when it is large.

fal bills nothing that fails on its side, and says so in a form of its own: `error_type` beside a text, or in the header
`X-Fal-Error-Type`. Such an answer, even a 504, means that the same may be sent again.

The key goes to the queue's own origin only, whatever addresses an answer names.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from reelmake.core.errors import BusyError, LostError, OversizedError, ProviderError
from reelmake.core.http import CONNECT_SECONDS, retry_after_seconds
from reelmake.providers import wire
from reelmake.providers.base import Call
from reelmake.providers.wire import Exchange

KEY: Final = "FAL_KEY"
BASE_URL: Final = "FAL_BASE_URL"
QUEUE: Final = "https://queue.fal.run"

FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 2.0
WAIT_PART: Final = 0.04  # of the time since a job was submitted: a picture is seen so much later at most
LEAST_SECONDS: Final = 0.05
RESUMED: Final = "run doit again: the job goes on, and is fetched without another bill"

_UNFINISHED: Final = ("IN_QUEUE", "IN_PROGRESS")
_GONE: Final = (404, 410)
_BAD_REQUEST, _REFUSED, _SERVER_ERROR = 400, (400, 422), 500
_POLICY: Final = ("content_policy", "flagged", "nsfw", "safety")


def _error_of(response: Exchange, code: str, message: str) -> ProviderError | None:
    """Return what fal says of its own machines: nothing ran to its end, and nothing is billed."""
    document = response.json()
    kind = document.get("error_type") if isinstance(document, dict) else None
    kind = kind or response.headers.get("x-fal-error-type")
    is_unstarted = response.headers.get("x-fal-request-timeout-type") == "user"
    if response.status < _SERVER_ERROR or not (kind or is_unstarted):
        return None
    said = f"fal: {message or 'it gave no reason'} (HTTP {response.status}, {kind or code or 'nothing was started'})"
    return BusyError(said, "run doit again later", retry_after_seconds(response.headers))


class GoneError(ProviderError):
    """The queue does not know a job, or not any more."""


class FailedError(ProviderError):
    """A job ended without a result: `error` says how, and whether it may be submitted again."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(error.what, error.fix)
        self.error = error


@dataclass(frozen=True, slots=True)
class Job:
    """What fal calls a request that it has accepted."""

    request_id: str
    status_url: str
    response_url: str

    def ticket(self) -> dict[str, str]:
        """Return what is kept."""
        return {"request_id": self.request_id, "status_url": self.status_url, "response_url": self.response_url}


class Queue:
    """The queue, for one call: everything that is done with it has to be done by the call's deadline."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.base = (call.variable(BASE_URL) or QUEUE).rstrip("/")
        self.ends_at = time.monotonic() + call.timeout_seconds
        self.failed = False  # what a job's status says

    def submit(self, model: str, sent: Mapping[str, Any]) -> Job:
        """Submit a job. Raises LostError when nobody can know what it is called."""
        # Who asks again is decided by us: fal would run a job up to ten times by itself.
        headers = {"x-fal-no-retry": "1"}
        url = f"{self.base}/{wire.path_of(model, 'fal')}"
        response = self._exchange("POST", url, json=dict(sent), headers=headers, error_of=_error_of)
        document = response.json()
        document = document if isinstance(document, dict) else {}
        if name := document.get("request_id") or response.headers.get("x-fal-request-id"):
            with suppress(ProviderError):
                return self.job(model, {**document, "request_id": name})
        raise LostError("fal: the job was accepted, but not what it is called", "run doit again")

    def job(self, model: str, document: Mapping[str, Any]) -> Job:
        """Return a job by an answer or ticket; addresses that are not the queue's are replaced by what they should be.

        They are those of the app: `fal-ai/flux` of the model `fal-ai/flux/schnell`.
        """
        name = wire.path_of(str(document["request_id"]), "fal")
        own = f"{self.base}/{'/'.join(wire.path_of(model, 'fal').split('/')[:2])}/requests/{name}"
        status, response = str(document.get("status_url") or ""), str(document.get("response_url") or "")
        return Job(
            name,
            status if self._is_own(status) else f"{own}/status",
            response if self._is_own(response) else own,
        )

    def result(self, job: Job) -> Exchange:
        """Wait for a job, and return its result.

        Raises GoneError when there is no such job, FailedError when it failed for good, BusyError, LostError and
        AccountError when asking for it failed: the job is not touched by that.
        """
        self._wait(job)

        def error_of(response: Exchange, code: str, message: str) -> ProviderError | None:
            said = f"fal: {message or 'it gave no reason'} (HTTP {response.status}{f', {code}' if code else ''})"
            if response.status in _GONE:
                return GoneError(said)
            if response.status == _BAD_REQUEST and "in progress" in message:
                return LostError(said, RESUMED)
            if response.status in _REFUSED:
                refused = any(word in f"{code} {message}".lower() for word in _POLICY)
                fix = "change image: of the line" if refused else "change the model or its options"
                return FailedError(ProviderError(said, fix))
            # fal does not charge for a job that fails on its side: by its status, it may be submitted again.
            wrong = wire.problem(response, "fal", _error_of) if self.failed else None
            return FailedError(wrong) if wrong else None

        return self._exchange("GET", job.response_url, error_of=error_of)

    def download(self, url: str) -> bytes:
        """Return a file that a result names; without the key, as it may be anywhere. Raises GoneError."""
        if url.startswith("data:"):
            return _in_address(url)
        if not (url.startswith("https://") or self._is_own(url)):
            raise ProviderError(f"fal: a picture cannot be fetched from {url[:100]!r}", "choose another model")

        def error_of(response: Exchange, code: str, message: str) -> ProviderError | None:
            del code, message
            gone = response.status in (403, *_GONE)  # file servers say 403 of what they do not have
            return GoneError(f"fal: the picture is not there (HTTP {response.status})") if gone else None

        return self._exchange("GET", url, error_of=error_of, key=False).body

    def _wait(self, job: Job) -> None:
        """Poll a job until it has ended, or the call has; a poll that fails is repeated."""

        def error_of(response: Exchange, code: str, message: str) -> ProviderError | None:
            gone = response.status in _GONE
            return GoneError(f"fal: there is no job {job.request_id}: {message} {code}".rstrip()) if gone else None

        began = time.monotonic()
        while True:
            least = 0.0
            try:
                status = self._exchange("GET", job.status_url, error_of=error_of).json()
            except OversizedError:
                raise
            except (BusyError, LostError) as error:
                least = getattr(error, "retry_after_seconds", None) or 0.0
                if self._left() <= least:
                    raise LostError(f"{error.what}; the job {job.request_id} goes on", RESUMED) from None
                status = None
            state = status.get("status") if isinstance(status, dict) else None
            if state is not None and state not in _UNFINISHED:
                self.failed = bool(status.get("error") or status.get("error_type") or state != "COMPLETED")
                return
            if self._left() <= max(least, LEAST_SECONDS):
                raise LostError(f"fal: the job {job.request_id} is not finished in time", RESUMED)
            wait = WAIT_PART * (time.monotonic() - began)
            wait = min(max(wait, FIRST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
            time.sleep(min(max(wait, least), self._left()))

    def _exchange(
        self, method: str, url: str, *, error_of: wire.ErrorOf | None = None, key: bool = True, **sent: Any
    ) -> Exchange:
        import httpx  # noqa: PLC0415

        client = wire.http_client(self.call)
        left = max(self._left(), LEAST_SECONDS)
        timeout = httpx.Timeout(left, connect=min(left, CONNECT_SECONDS))
        headers = dict(sent.pop("headers", {}))
        if key:
            headers["authorization"] = f"Key {self.call.secret(KEY).strip()}"
        send: Callable[[], object] = lambda: client.request(  # noqa: E731 (a name for what is sent)
            method, url, headers=headers, timeout=timeout, follow_redirects=not key, **sent
        )
        return wire.exchange(send, "fal", error_of)

    def _left(self) -> float:
        return self.ends_at - time.monotonic()

    def _is_own(self, url: str) -> bool:
        """Say whether an address is the queue's own, so that the key may go there."""
        import httpx  # noqa: PLC0415

        try:
            here, there = httpx.URL(self.base), httpx.URL(url)
        except httpx.InvalidURL:
            return False
        same = (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)
        return same and bool(there.host) and not there.userinfo


def _in_address(url: str) -> bytes:
    """Return the bytes of a `data:` address."""
    try:
        return base64.b64decode(url.partition("base64,")[2], validate=True)
    except (ValueError, binascii.Error):
        raise ProviderError("fal: the picture cannot be read", "bump the line's take: for another one") from None
