"""What goes over the wire: one HTTP client for each of the two libraries that SDKs are built on, and what came of it.

SDKs make requests; whether an answer arrived is read here, from the exchange itself, so that one table of errors serves
all of them and a paid answer is kept as it was received, whatever an SDK makes of it.

Nothing is sent past the proxy, when there is one: the environment's own proxies are not looked at, and a proxy that is
dead ends the call. Names are resolved at the proxy.
"""

from __future__ import annotations

import atexit
import json
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from reelmake.core.errors import AccountError, BusyError, LostError, OversizedError, ProviderError
from reelmake.core.http import CONNECT_SECONDS, LONGEST_WAIT_SECONDS, retry_after_seconds
from reelmake.providers.base import Call

MOST_BYTES: Final = 64_000_000  # of an answer, unpacked: no line's sound and no picture has more
MOST_ERROR_BYTES: Final = 1_000_000  # of a response that is no success: the rest of it is not read
MOST_MARKS: Final = 2_000_000  # of `[`, `{` and `,` in JSON: what is made of each takes far more than its one byte
PART_BYTES: Final = 65_536
_SHOWN_CHARACTERS: Final = 300
_COUNT_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Exchange:
    """A response that arrived whole. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says, or None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def count(self, name: str) -> int | None:
        """Return the whole number in a header, or None."""
        value = self.headers.get(name, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) <= _COUNT_DIGITS else None


@dataclass(slots=True)
class _Seen:
    """What the client saw during one call of an SDK.

    proxy       through which it had to go
    is_through  whether the proxy, if there is one, has let it through
    is_sent     whether a part of the request may have reached the vendor
    """

    response: Exchange | None = None
    error: Exception | None = None
    proxy: str | None = None
    is_through: bool = False
    is_sent: bool = False


_seen: ContextVar[_Seen | None] = ContextVar("seen", default=None)

ErrorOf = Callable[[Exchange, str, str], ProviderError | None]


def exchange(send: Callable[[], object], vendor: str, error_of: ErrorOf | None = None) -> Exchange:
    """Have an SDK send one request through a client of ours, and return the response as it was received.

    `error_of` may turn a response that is not a success into an error, by the vendor's code and message; one for which
    it returns None is judged by its status. Raises ProviderError, by what may be done next.
    """
    with _watching() as seen:
        try:
            send()
        except Exception as error:  # noqa: BLE001 (an SDK may make anything of an answer: what arrived counts)
            if seen.response is None and seen.error is None:
                if isinstance(error, UnicodeEncodeError) and error.encoding == "ascii":
                    raise _no_header(vendor) from None
                raise ProviderError(f"{vendor}: the request could not be made: {error}") from None
    if isinstance(seen.error, OversizedError):
        raise OversizedError(f"{vendor}: {seen.error.what}", seen.error.fix)
    if seen.error is not None:
        raise _transport_problem(seen.error, vendor, seen) from None
    if seen.response is None:
        raise ProviderError(f"{vendor}: nothing was sent")
    if wrong := problem(seen.response, vendor, error_of):
        raise wrong
    return seen.response


NAME: Final = "[A-Za-z0-9_-][A-Za-z0-9_.-]*"  # of a voice, a model or a job, where it is a part of an address


def path_of(names: str, vendor: str) -> str:
    """Return a name, or several with slashes between them, as a part of an address; raises ProviderError.

    One that leads elsewhere (`..`), or is nothing that a vendor would choose, is part of no address, whoever wrote it.
    """
    if len(names) > _SHOWN_CHARACTERS or not re.fullmatch(f"{NAME}(/{NAME})*", names):
        shown = names[:_SHOWN_CHARACTERS]
        raise ProviderError(f"{vendor}: {shown!r} cannot be a part of an address", "copy the name as the vendor has it")
    return names


def vendor_said(response: Exchange) -> tuple[str, str]:
    """Return the code and the message of a vendor's error body, in any of the forms that they take."""
    found = response.json()
    if not isinstance(found, dict):
        text = " ".join(response.body[:_SHOWN_CHARACTERS].decode("utf-8", "replace").split())
        return "", "" if text.startswith("<") else text
    inner = next((found[name] for name in ("error", "detail", "message") if found.get(name)), found)
    if isinstance(inner, list):
        inner = inner[0] if inner else {}
    if not isinstance(inner, dict):
        return _code(found), str(inner)[: 2 * _SHOWN_CHARACTERS]
    code = _code(inner)
    message = inner.get("message") or inner.get("msg") or json.dumps(inner)
    return code, str(message)[: 2 * _SHOWN_CHARACTERS]


_CODES: Final = ("code", "error_code", "error_type", "status", "type")


def _code(said: Mapping[str, Any]) -> str:
    """Return the code of an error: in words where there are any, for a number is that of the response again."""
    codes = [said[name] for name in _CODES if isinstance(said.get(name), str | int) and said[name]]
    return str(next((code for code in codes if isinstance(code, str)), codes[0] if codes else ""))[:_SHOWN_CHARACTERS]


_NO_ACCOUNT: Final = (401, 402, 403)
_NOT_NOW: Final = (408, 409, 425, 429)
_GATEWAY_GAVE_UP: Final = (504, 524)  # the gateway did not wait for the end; the vendor may go on
_SUCCESS, _MULTIPLE, _TOO_MANY, _SERVER_ERROR = 200, 300, 429, 500
_LOOK: Final = "run doit again; if it stays so, look at the vendor's status page and your base URL"


def problem(response: Exchange, vendor: str, error_of: ErrorOf | None) -> ProviderError | None:
    """Return what is wrong with a response, or None when it is an answer."""
    if _SUCCESS <= response.status < _MULTIPLE:
        is_page = "html" in response.headers.get("content-type", "") or response.body.lstrip()[:1] == b"<"
        return LostError(f"{vendor}: a web page came in place of an answer", _LOOK) if is_page else None
    code, message = vendor_said(response)
    return (error_of and error_of(response, code, message)) or _by_status(response, vendor, code, message)


def _by_status(response: Exchange, vendor: str, code: str, message: str) -> ProviderError:
    status = response.status
    said = f"{vendor}: {message or 'it gave no reason'} (HTTP {status}{f', {code}' if code else ''})"
    if status in _NO_ACCOUNT:
        return AccountError(said, "check the key, what it is allowed to do, and the account's credit")
    if status in _GATEWAY_GAVE_UP:
        return LostError(said, _LOOK)
    if status in _NOT_NOW or status >= _SERVER_ERROR:
        pause = retry_after_seconds(response.headers)
        return BusyError(said, "run doit again later", pause, too_many=status == _TOO_MANY)
    return ProviderError(said, "change the request")


def _transport_problem(error: Exception, vendor: str, seen: _Seen) -> ProviderError:
    """Return what it means that no whole response arrived; by the error's name, since two libraries share them."""
    name, why = type(error).__name__, str(error) or type(error).__name__
    if name == "LocalProtocolError":  # its message quotes the header that cannot be sent, key and all
        return _no_header(vendor)
    if name in {"UnsupportedProtocol", "InvalidURL"}:
        return AccountError(f"{vendor}: cannot be called: {why}", "check the base URL and the key")
    if seen.is_sent:
        return LostError(f"{vendor}: the answer did not arrive: {why}", "run doit again")
    if seen.proxy is None:
        return BusyError(f"{vendor}: cannot be reached: {why}", "check the network and the base URL")
    if seen.is_through or (name == "ProxyError" and _UNREACHED.search(why)):
        what = f"{vendor}: cannot be reached through the proxy: {why}"
        return BusyError(what, "check the base URL, and what the proxy of REELMAKE_PROXY can reach")
    what = f"{vendor}: was not called, since the proxy does not let calls through: {why}"
    return AccountError(what, "check REELMAKE_PROXY: its address, user and password, and that it runs")


# What proxies say that would let us through and cannot: SOCKS in words, others by status.
_UNREACHED: Final = re.compile(r"could not connect: (?!.*not allowed)|^50[234]\b")


def _no_header(vendor: str) -> AccountError:
    what = f"{vendor}: cannot be called: the key holds what no key can hold"
    return AccountError(what, "copy it once more: without spaces, quotes and line breaks")


@contextmanager
def _watching() -> Iterator[_Seen]:
    seen = _Seen()
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


def http_client(call: Call) -> Any:
    """Return an `httpx.Client` for a call; it is shared, so do not close it."""
    import httpx  # noqa: PLC0415

    with _making:
        return _client(httpx, call.proxy)


def http2_client(call: Call) -> Any:
    """Return an `httpx2.Client` for a call; it is shared, so do not close it."""
    import httpx2  # noqa: PLC0415

    with _making:
        return _client(httpx2, call.proxy)


_making = threading.Lock()  # threads that begin at once would all load certificates, and but one of them for nothing


@cache
def _client(library: Any, proxy: str | None) -> Any:
    """Return the one client of a library for a proxy; raises AccountError for a proxy that is none."""
    transport = _transport(library)

    class Client(library.Client):  # type: ignore[misc]
        """Shows the watcher each response, before an SDK reads it."""

        def send(self, request: Any, **options: Any) -> Any:
            seen = _seen.get() or _Seen()
            seen.proxy = proxy
            try:
                response = super().send(request, **options)
            except Exception as error:
                seen.error = error
                raise
            if not options.get("stream"):
                headers = {name.lower(): value for name, value in response.headers.items()}
                seen.response, seen.error = Exchange(response.status_code, headers, response.content), None
            return response

    try:
        limits = library.Limits(max_connections=None)
        way = transport(proxy=proxy, trust_env=False, retries=0, limits=limits)
    except (ValueError, library.InvalidURL):  # what it says shows the password
        raise AccountError("the proxy's address cannot be used", "check REELMAKE_PROXY") from None
    client = Client(
        transport=way,
        trust_env=False,
        timeout=library.Timeout(LONGEST_WAIT_SECONDS, connect=CONNECT_SECONDS),
    )
    atexit.register(client.close)
    return client


_THROUGH: Final = ("socks.setup_socks5_connection.complete", "proxy.start_tls.started")


class _Progress:
    """The steps that the library reports of a request: when it is sent, and when a SOCKS proxy opens a way.

    The library would wait for a proxy that says nothing, and forgets to close the connection to one that says no.
    """

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._stream: Any = None
        self._timer: threading.Timer | None = None

    def __call__(self, name: str, info: Mapping[str, Any]) -> None:
        """Receive a step."""
        step, seen = name.partition(".")[2], _seen.get()
        if seen and name in _THROUGH:
            seen.is_through = True
        if seen and step == "send_request_headers.started" and info["request"].method != b"CONNECT":
            seen.is_sent = True
        if step == "setup_socks5_connection.started":
            self._stream = info["stream"]
            self._timer = threading.Timer(self._limit_seconds, self._give_up)
            self._timer.daemon = True
            self._timer.start()
        elif step.startswith("setup_socks5_connection.") and self._timer:
            self._timer.cancel()
            if step.endswith(".failed"):
                self._stream.close()

    def _give_up(self) -> None:
        with suppress(OSError):
            self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class _Unpacked:
    """Unpacks a body a little at a time, as HTTP packs it; raises ValueError for what it is not packed as."""

    def __init__(self, encoding: str) -> None:
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            raise ValueError(f"it is packed as {encoding[:_SHOWN_CHARACTERS]!r}, which nobody requested")
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
        self._begin = b""
        self._is_empty = True

    def parts(self, packed: bytes) -> Iterator[bytes]:
        """Yield what bytes become, never more than PART_BYTES at once; what follows the end is left out."""
        packed = self._begin + packed
        self._is_empty &= not packed
        if self._inner is None:
            self._begin = packed
            if len(packed) < 2:  # noqa: PLR2004 (bytes of the header of zlib, which many servers leave out)
                return
            has_header = packed[0] & 15 == zlib.DEFLATED and int.from_bytes(packed[:2]) % 31 == 0
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        self._begin, is_full = b"", False
        while (packed or is_full) and not self._inner.eof:
            try:
                part = self._inner.decompress(packed, PART_BYTES)
            except zlib.error as error:
                raise ValueError(f"it cannot be unpacked: {error}") from None
            packed, is_full = self._inner.unconsumed_tail, len(part) == PART_BYTES
            yield part

    def check_end(self) -> None:
        """Raise ValueError when a part is missing."""
        if not self._is_empty and (self._inner is None or not self._inner.eof):
            raise ValueError("it ends too early")


_BINARY: Final = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"OggS", b"fLaC", b"ID3")  # not JSON
_ANOTHER: Final = "it is not requested again, as it would be billed again: bump take: to request another one"


class _Measure:
    """Counts what an answer holds; raises OversizedError beyond what any answer holds."""

    def __init__(self) -> None:
        self._bytes = self._marks = 0
        self._is_binary = False

    def add(self, part: bytes) -> None:
        """Count a part."""
        if not self._bytes:
            self._is_binary = part.startswith(_BINARY)
        self._bytes += len(part)
        if not self._is_binary:
            self._marks += sum(map(part.count, (b"[", b"{", b",")))
        if self._bytes > MOST_BYTES or self._marks > MOST_MARKS:
            most = f"{MOST_BYTES // 1_000_000} MB" if self._bytes > MOST_BYTES else f"{MOST_MARKS:,} values"
            raise OversizedError(f"the answer has more than {most}: it was not read, and may be billed", _ANOTHER)


def _bounded(packed: Iterator[bytes], encoding: str, *, is_answer: bool) -> Iterator[bytes]:
    """Yield a body as it was before it was packed, in few parts: a list of single bytes is much larger than they are.

    Of what is no answer the beginning will do: its status says what it is. Raises OversizedError and ValueError.
    """
    held, measure, read_bytes = bytearray(), _Measure(), 0
    try:
        for part in _unpacked(packed, encoding):
            read_bytes += len(part)
            if is_answer:
                measure.add(part)
            elif read_bytes > MOST_ERROR_BYTES:
                break
            held += part
            if len(held) >= PART_BYTES:
                yield bytes(held)
                held.clear()
    except (ValueError, OversizedError):
        if is_answer:
            raise
    yield bytes(held)


def _unpacked(packed: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in {"", "identity"}:
        yield from packed
        return
    unpacked, packed_bytes = _Unpacked(encoding), 0
    for part in packed:
        packed_bytes += len(part)
        if packed_bytes > MOST_BYTES:  # of which nothing may come
            raise OversizedError("the answer does not end: it was not read, and may be billed", _ANOTHER)
        yield from unpacked.parts(part)
    unpacked.check_end()


def _transport(library: Any) -> Any:
    """Return a library's transport, whose responses have to be there in time, and are no larger than answers are.

    A timeout of reading alone never ends when bytes trickle in: this one counts from the moment of sending. Bodies are
    unpacked here: the library would unpack all that it is given before anybody could count it.
    """

    class Body(library.SyncByteStream):  # type: ignore[misc]
        def __init__(self, inner: Any, ends_at: float, request: Any, *, encoding: str, is_answer: bool) -> None:
            self.inner, self.ends_at, self.request = inner, ends_at, request
            self.encoding, self.is_answer = encoding, is_answer

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from _bounded(self._received(), self.encoding, is_answer=self.is_answer)
            except ValueError as error:
                raise library.DecodingError(str(error), request=self.request) from None

        def _received(self) -> Iterator[bytes]:
            for part in self.inner:
                if time.monotonic() > self.ends_at:
                    raise library.ReadTimeout("the answer took too long", request=self.request)
                yield part

        def close(self) -> None:
            self.inner.close()

    class Transport(library.HTTPTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            timeouts = request.extensions.setdefault("timeout", {})
            limit = timeouts.get("read")
            ends_at = time.monotonic() + (LONGEST_WAIT_SECONDS if limit is None else limit)
            # An SDK's one timeout is for the whole answer: a host that cannot be reached must not hold a call as long.
            timeouts["connect"] = min(timeouts.get("connect") or CONNECT_SECONDS, CONNECT_SECONDS)
            request.extensions["trace"] = _Progress(timeouts["connect"])
            request.headers["accept-encoding"] = "gzip, deflate"
            response = super().handle_request(request)
            # The library reads this anew before the body: what is left has to do for it.
            timeouts["read"] = max(0.001, ends_at - time.monotonic())
            encoding = response.headers.pop("content-encoding", "").strip().lower()
            is_answer = _SUCCESS <= response.status_code < _MULTIPLE
            response.stream = Body(response.stream, ends_at, request, encoding=encoding, is_answer=is_answer)
            return response

    return Transport
