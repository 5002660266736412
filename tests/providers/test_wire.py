"""What came of a request, told from what was on the wire: the same for both libraries that SDKs are built on."""

from __future__ import annotations

import email.utils
import json
import socket
import threading
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from calls import a_call
from loopback import Loopback
from socks_proxy import Socks, free_port

from reelmake.core.errors import AccountError, BusyError, LostError, OversizedError, ProviderError
from reelmake.core.http import LONGEST_WAIT_SECONDS, retry_after_seconds
from reelmake.providers import wire
from reelmake.providers.elevenlabs.voice import ElevenLabsVoice
from reelmake.providers.fal.image import FalImage
from reelmake.providers.wire import Exchange

KEY = "sk-never-shown-0123456789"
CLIENTS = {"httpx": wire.http_client, "httpx2": wire.http2_client}
Serve = Callable[[socket.socket], object]


@pytest.fixture(params=CLIENTS)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def proxy() -> Iterator[Socks]:
    with Socks({"vendor.test": "127.0.0.1"}) as server:
        yield server


def get(library: str, url: str, seconds: float = 5.0, proxy: str | None = None, key: str = KEY) -> Exchange:
    """Ask as an adapter does: an SDK's one timeout is for everything."""

    def send() -> object:
        client = CLIENTS[library](a_call(proxy=proxy))
        return client.get(url, headers={"authorization": f"Bearer {key}"}, timeout=seconds)

    return wire.exchange(send, "acme")


@contextmanager
def server(serve: Serve) -> Iterator[int]:
    """Serve each connection of a port, by hand; yields the port."""
    stack, ends = ExitStack(), threading.Event()
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def each(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection)
            except OSError:
                return

    def listen() -> None:
        while not ends.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=each, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ends.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        stack.close()


def answering(*parts: bytes, pause_seconds: float = 0.0) -> Serve:
    """Read a request, then send these parts, with a pause after each."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_seconds)

    return serve


def http(status: str, body: bytes, headers: str = "", length: int | None = None) -> bytes:
    told = f"HTTP/1.1 {status}\r\ncontent-length: {len(body) if length is None else length}\r\n{headers}\r\n"
    return told.encode() + body


# what a status means

NOT_DONE = [(status, BusyError) for status in (408, 409, 425, 429, 500, 501, 502, 503, 529)]
NO_ACCOUNT = [(status, AccountError) for status in (401, 402, 403)]
MAY_BE_DONE = [(status, LostError) for status in (504, 524)]
NEVER = [(status, ProviderError) for status in (301, 304, 400, 404, 405, 410, 413, 415, 418, 422, 451)]


@pytest.mark.parametrize(("status", "kind"), [*NOT_DONE, *NO_ACCOUNT, *MAY_BE_DONE, *NEVER])
def test_a_status_says_what_may_be_done_next(status: int, kind: type[ProviderError]) -> None:
    body = json.dumps({"error": {"message": "it rains", "code": "wet"}}).encode()
    error = wire.problem(Exchange(status, {}, body), "acme", None)
    assert type(error) is kind
    assert error.what == f"acme: it rains (HTTP {status}, wet)"
    assert error.fix


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_success_is_one(status: int) -> None:
    assert wire.problem(Exchange(status, {"content-type": "application/json"}, b"{}"), "acme", None) is None


def test_a_vendors_own_word_counts_before_the_status_and_silence_leaves_it_to_the_status() -> None:
    response = Exchange(429, {}, b'{"error": {"message": "no credit", "code": "quota"}}')
    own = AccountError("pay")
    assert wire.problem(response, "acme", lambda _, code, said: own if (code, said) == ("quota", "no credit") else None)
    assert type(wire.problem(response, "acme", lambda *_: None)) is BusyError


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"content-type": "text/html; charset=utf-8"}, b"{}"), ({}, b" \n <!doctype html>"), ({}, b"<html>")],
)
def test_a_web_page_is_no_answer_and_may_be_paid_for(headers: dict[str, str], body: bytes) -> None:
    error = wire.problem(Exchange(200, headers, body), "acme", None)
    assert type(error) is LostError
    assert "web page" in error.what


SAID: list[tuple[Any, tuple[str, str]]] = [
    ({"error": {"code": "a", "message": "b"}}, ("a", "b")),
    ({"error": {"type": "a", "message": "b"}}, ("a", "b")),
    ({"error": "b"}, ("", "b")),
    ({"detail": {"status": "a", "message": "b"}}, ("a", "b")),
    ({"detail": [{"type": "a", "msg": "b", "loc": ["body"]}]}, ("a", "b")),
    ({"detail": "b"}, ("", "b")),
    ({"detail": "b", "error_type": "a"}, ("a", "b")),
    ({"status_code": 400, "title": "c", "message": "b", "error_code": "a", "request_id": "d"}, ("a", "b")),
    ({"error": {"code": 400, "message": "b", "status": "a"}}, ("a", "b")),
    ({"error": {"code": 400, "message": "b"}}, ("400", "b")),
    ({"type": "error", "error": {"type": "a", "message": "b"}, "request_id": "d"}, ("a", "b")),
    ({"message": "b"}, ("", "b")),
    ({"code": 7}, ("7", '{"code": 7}')),
    ({"detail": []}, ("", '{"detail": []}')),
    ([1], ("", "[1]")),
    ("b", ("", '"b"')),
]


@pytest.mark.parametrize(("body", "said"), SAID)
def test_what_a_vendor_says_is_found_in_all_forms(body: Any, said: tuple[str, str]) -> None:
    assert wire.vendor_said(Exchange(400, {}, json.dumps(body).encode())) == said


def test_what_is_no_json_is_shown_in_short_and_pages_are_not() -> None:
    assert wire.vendor_said(Exchange(500, {}, b"oh  no\n\xff")) == ("", "oh no \ufffd")
    assert len(wire.vendor_said(Exchange(500, {}, b"x" * 10_000))[1]) == 300
    assert len(wire.vendor_said(Exchange(500, {}, json.dumps({"error": "x" * 10_000}).encode()))[1]) <= 10_000
    assert wire.vendor_said(Exchange(500, {}, b"<html>")) == ("", "")
    assert "gave no reason" in str(wire.problem(Exchange(500, {}, b"<html>"), "acme", None))


# how long to wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "86400"}, LONGEST_WAIT_SECONDS),
        ({"retry-after": "inf"}, LONGEST_WAIT_SECONDS),
        ({"retry-after": "nan"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 2199 23:59:59 GMT"}, LONGEST_WAIT_SECONDS),
    ],
)
def test_how_long_to_wait_is_understood_in_all_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_a_date_ahead_is_waited_for() -> None:
    date = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (retry_after_seconds({"retry-after": date}) or 0) <= 30


def test_it_goes_with_the_error() -> None:
    error = wire.problem(Exchange(503, {"retry-after": "7"}, b""), "acme", None)
    assert isinstance(error, BusyError)
    assert error.retry_after_seconds == 7


# what arrives


def test_an_answer_is_kept_as_it_was_received(library: str) -> None:
    with server(answering(http("200 OK", b'{"a":  1}', "X-Count: 3\r\n"))) as port:
        answer = get(library, f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.body, answer.json(), answer.count("x-count")) == (200, b'{"a":  1}', {"a": 1}, 3)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert Exchange(200, {}, body).json() is None


@pytest.mark.parametrize("value", ["", "-1", "1.5", "\u0663", "many"])
def test_a_count_that_is_none(value: str) -> None:
    assert Exchange(200, {"n": value}, b"").count("n") is None


@pytest.mark.parametrize(
    "answer",
    [
        (http("200 OK", b"half", length=8),),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nhalf",),
        (b"HTTP/1.1 200 OK\r\ncontent-le",),
        (b"SSH-2.0-OpenSSH_9.2\r\n",),
        (),
    ],
    ids=["length", "chunked", "headers", "not HTTP", "nothing"],
)
def test_an_answer_that_is_cut_is_lost(library: str, answer: tuple[bytes, ...]) -> None:
    with server(answering(*answer)) as port, pytest.raises(LostError, match="did not arrive"):
        get(library, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("pause_seconds", [0.05, 30])
def test_an_answer_has_to_be_there_in_time_however_it_trickles(library: str, pause_seconds: float) -> None:
    parts = (http("200 OK", b"", length=1000), *[b"x"] * 600)
    began = time.monotonic()
    with server(answering(*parts, pause_seconds=pause_seconds)) as port, pytest.raises(LostError):
        get(library, f"http://127.0.0.1:{port}/", seconds=0.4)
    assert 0.35 < time.monotonic() - began < 3


def test_one_that_trickles_and_is_in_time_is_whole(library: str) -> None:
    parts = (http("200 OK", b"", length=10), *[b"x"] * 10)
    with server(answering(*parts, pause_seconds=0.03)) as port:
        assert get(library, f"http://127.0.0.1:{port}/", seconds=5).body == b"x" * 10


def test_a_host_that_does_not_take_calls_holds_none_for_long(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when the answer may take minutes; and nothing was sent, so it may be asked again."""
    monkeypatch.setattr(wire, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):  # nobody accepts them, and the queue is full
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        time.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(BusyError, match="cannot be reached"):
            get(library, f"http://127.0.0.1:{full.getsockname()[1]}/", seconds=60)
    assert time.monotonic() - began < 3


def test_nobody_there_may_be_asked_again(library: str) -> None:
    with pytest.raises(BusyError, match=r"acme: cannot be reached: .*check the network and the base URL"):
        get(library, f"http://127.0.0.1:{free_port()}/")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1:x/", "//", "x"])
def test_an_address_that_is_none_is_no_matter_of_trying_again(library: str, url: str) -> None:
    with pytest.raises(ProviderError) as raised:
        get(library, url)
    assert not isinstance(raised.value, BusyError | LostError)


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\r\nx: y", f"{KEY}\0", f"{KEY}\u2019"])
def test_a_key_that_cannot_be_sent_is_never_shown(library: str, key: str) -> None:
    with server(answering(http("200 OK", b"{}"))) as port, pytest.raises(AccountError) as raised:
        get(library, f"http://127.0.0.1:{port}/", key=key)
    assert "copy it once more" in str(raised.value)
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_threads_that_begin_at_once_share_one_client() -> None:
    wire._client.cache_clear()
    together = threading.Barrier(8)

    def client(_: int) -> Any:
        together.wait()
        return wire.http_client(a_call())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(client, range(8))))) == 1


# through a proxy


def test_a_call_goes_through_the_proxy_and_names_are_resolved_there(library: str, proxy: Socks) -> None:
    with Loopback("") as vendor:
        vendor.answer = lambda _: (200, {"a": 1})
        port = vendor.server.server_address[1]
        url = f"http://vendor.test:{port}/"
        assert get(library, url, proxy=proxy.url).json() == {"a": 1}
        assert proxy.was_asked_for("vendor.test", port)
        # Without it there is no such name: whoever finds the vendor found it through the proxy.
        with pytest.raises(BusyError):
            get(library, url)
        assert len(vendor.paths) == 1


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"])
def test_the_environments_proxies_are_not_used(library: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with server(answering(http("200 OK", b"{}"))) as port:
        assert get(library, f"http://127.0.0.1:{port}/").body == b"{}"


def test_nothing_in_the_environment_leads_past_the_proxy(
    library: str, proxy: Socks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*,127.0.0.1,localhost")
    with server(answering(http("200 OK", b"{}"))) as port:
        get(library, f"http://127.0.0.1:{port}/", proxy=proxy.url)
        assert proxy.was_asked_for("127.0.0.1", port)


def refused(library: str, proxy: str, within_seconds: float = 5.0) -> AccountError:
    """Ask through a proxy that lets nothing through; the vendor must not hear of it."""
    began = time.monotonic()
    with Loopback("") as vendor, pytest.raises(AccountError) as raised:
        get(library, vendor.url, seconds=60, proxy=proxy)
    assert time.monotonic() - began < within_seconds
    assert vendor.paths == []
    assert "acme: was not called" in raised.value.what
    assert "REELMAKE_PROXY" in raised.value.fix
    return raised.value


def test_a_dead_proxy_ends_the_call(library: str) -> None:
    refused(library, f"socks5h://u:p@127.0.0.1:{free_port()}")
    refused(library, f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("who", ["reeler:wrong-password-1@", "nobody:x@", ""])
def test_a_proxy_that_does_not_know_us_ends_the_call(library: str, proxy: Socks, who: str) -> None:
    error = refused(library, f"socks5h://{who}127.0.0.1:{proxy.port}")
    assert "wrong-password-1" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x05", b"\x05\x02\x01\x00garbage"])
def test_a_proxy_that_speaks_something_else_ends_the_call(library: str, said: bytes) -> None:
    """Nothing was sent, so nothing can be billed, whatever the library makes of it."""
    with server(answering(said)) as port:
        refused(library, f"socks5h://u:p@127.0.0.1:{port}")


def test_a_proxy_that_says_nothing_ends_the_call_in_time(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CONNECT_SECONDS", 0.3)
    with server(lambda _: time.sleep(20)) as port:
        refused(library, f"socks5h://u:p@127.0.0.1:{port}", within_seconds=3)


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_a_web_proxy_that_refuses_ends_the_call(library: str, status: str) -> None:
    with server(answering(http(status, b""))) as port, pytest.raises(AccountError, match="REELMAKE_PROXY"):
        get(library, "https://vendor.test/", proxy=f"http://127.0.0.1:{port}")


def test_a_vendor_that_cannot_be_reached_from_a_proxy_may_be_asked_again(library: str, proxy: Socks) -> None:
    with pytest.raises(BusyError, match="cannot be reached through the proxy"):
        get(library, f"http://127.0.0.1:{free_port()}/", proxy=proxy.url)
    bad = server(answering(http("502 Bad Gateway", b"")))
    with bad as port, pytest.raises(BusyError, match="cannot be reached through the proxy"):
        get(library, "https://vendor.test/", proxy=f"http://127.0.0.1:{port}")


def test_an_encrypted_vendor_that_is_not_itself_is_no_matter_of_the_proxy(library: str, proxy: Socks) -> None:
    with server(answering(b"no TLS here")) as port, pytest.raises(BusyError, match="through the"):
        get(library, f"https://127.0.0.1:{port}/", proxy=proxy.url)


def test_an_answer_that_is_cut_is_lost_through_a_proxy_too(library: str, proxy: Socks) -> None:
    with server(answering(http("200 OK", b"half", length=8))) as port, pytest.raises(LostError):
        get(library, f"http://127.0.0.1:{port}/", proxy=proxy.url)


@pytest.mark.parametrize("proxy", ["socks5h://u:hidden-pw-77@host:port", "gopher://u:hidden-pw-77@host:1"])
def test_an_address_that_is_no_proxys_is_told_without_its_password(library: str, proxy: str) -> None:
    with pytest.raises(AccountError, match="REELMAKE_PROXY") as raised:
        CLIENTS[library](a_call(proxy=proxy))
    assert "hidden-pw-77" not in "".join(traceback.format_exception(raised.value))


# what an answer may hold


def packed(size_mb: int, wbits: int = zlib.MAX_WBITS | 16) -> bytes:
    """Return so many megabytes of spaces, in a thousandth of that."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    parts = [packer.compress(b" " * 1_000_000) for _ in range(size_mb)]
    return b"".join([*parts, packer.flush()])


def endless(connection: socket.socket, part: bytes, headers: str = "") -> None:
    connection.recv(65536)
    connection.sendall(f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n{headers}\r\n".encode())
    chunk = f"{len(part):x}\r\n".encode() + part + b"\r\n"
    while True:
        connection.sendall(chunk)


def peak_bytes(doing: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        doing()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


BOMBS = {
    "gzip": http("200 OK", packed(1000), "content-encoding: gzip\r\n"),
    "deflate": http("200 OK", packed(1000, zlib.MAX_WBITS), "content-encoding: deflate\r\n"),
    "deflate-bare": http("200 OK", packed(1000, -zlib.MAX_WBITS), "content-encoding: Deflate\r\n"),
    "x-gzip": http("200 OK", packed(1000), "content-encoding: x-gzip\r\n"),
    "values": http("200 OK", b"[" + b"[]," * 1_000_000 + b"[]]"),
    "values-utf-16": http("200 OK", ("[" + "[]," * 1_000_000 + "[]]").encode("utf-16")),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_answer_that_unpacks_to_more_than_any_answer_is_not_read(library: str, bomb: str) -> None:
    with server(answering(BOMBS[bomb])) as port:

        def ask() -> None:
            with pytest.raises(OversizedError, match=r"^acme: the answer has more than (64 MB|2,000,000 values)") as no:
                get(library, f"http://127.0.0.1:{port}/", 60)
            assert "bump take:" in no.value.fix

        assert peak_bytes(ask) < 3 * wire.MOST_BYTES


ENDLESS = {
    "spaces": (b" " * 65_536, ""),
    "packed": (packed(1), "content-encoding: gzip\r\n"),
    "after-the-end": (packed(1)[:-8] + b"\0" * 65_536, "content-encoding: gzip\r\n"),
    "empty-blocks": (b"\0\0\0\xff\xff" * 10_000, "content-encoding: deflate\r\n"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_that_does_not_end_is_left(library: str, kind: str) -> None:
    part, headers = ENDLESS[kind]
    with server(lambda connection: endless(connection, part, headers)) as port:

        def ask() -> None:
            with pytest.raises(LostError):
                get(library, f"http://127.0.0.1:{port}/", 120)

        assert peak_bytes(ask) < 3 * wire.MOST_BYTES


def test_an_answer_in_single_bytes_takes_no_more_than_it_holds(library: str) -> None:
    with server(answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 100_000)) as port:

        def ask() -> None:
            with pytest.raises(LostError):
                get(library, f"http://127.0.0.1:{port}/", 30)

        assert peak_bytes(ask) < 5_000_000


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "gzip,br"])
def test_an_answer_that_is_packed_as_nobody_requested_is_lost(library: str, encoding: str) -> None:
    body = http("200 OK", packed(1), f"content-encoding: {encoding}\r\n")
    with server(answering(body)) as port, pytest.raises(LostError, match="which nobody requested") as error:
        get(library, f"http://127.0.0.1:{port}/")
    assert type(error.value) is LostError


@pytest.mark.parametrize("body", [packed(1)[:-9], b"no gzip", b"\x1f\x8b"])
def test_an_answer_that_cannot_be_unpacked_is_lost(library: str, body: bytes) -> None:
    with server(answering(http("200 OK", body, "content-encoding: gzip\r\n"))) as port, pytest.raises(LostError):
        get(library, f"http://127.0.0.1:{port}/")


WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS, "deflate-bare": -zlib.MAX_WBITS}


@pytest.mark.parametrize("kind", WINDOWS)
@pytest.mark.parametrize("at_once", [1, 7, 100_000])
def test_what_is_packed_arrives_whole(library: str, kind: str, at_once: int) -> None:
    body = json.dumps({"said": "again and again " * 20_000, "and": list(range(1000))}).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, WINDOWS[kind])
    sent = packer.compress(body) + packer.flush()
    chunks = [sent[at : at + at_once] for at in range(0, len(sent), at_once)]
    whole = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks) + b"0\r\n\r\n"
    encoding = kind.partition("-")[0]
    headers = f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-encoding: {encoding}\r\n\r\n".encode()
    with server(answering(headers + whole)) as port:
        assert get(library, f"http://127.0.0.1:{port}/").body == body


def test_an_empty_answer_that_calls_itself_packed_is_one(library: str) -> None:
    with server(answering(http("200 OK", b"", "content-encoding: gzip\r\n"))) as port:
        assert get(library, f"http://127.0.0.1:{port}/").body == b""


@pytest.mark.parametrize("encoding", ["", "content-encoding: gzip\r\n", "content-encoding: br\r\n"])
def test_an_error_that_does_not_end_is_what_its_status_says(library: str, encoding: str) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(f"HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n{encoding}\r\n".encode())
        while True:
            connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")

    with server(serve) as port, pytest.raises(BusyError) as error:
        get(library, f"http://127.0.0.1:{port}/", 60)
    assert len(error.value.what) < 1000


def test_a_count_of_many_digits_is_no_count() -> None:
    assert Exchange(200, {"most": "9" * 5000}, b"").count("most") is None
    assert Exchange(200, {"most": "12"}, b"").count("most") == 12


# names in addresses

PATHS = [
    "..",
    ".",
    "",
    "a/../b",
    "../a",
    "a/..",
    "a//b",
    "/a",
    "a/",
    "%2e%2e",
    "a%2fb",
    "a?b",
    "a#b",
    "a b",
    "a\\b",
    "a\n",
]
PATHS += [".hidden", "ä", "a/.", "a:b", "a@b", "a" * 301, "a\0b", "a;b", "&#46;&#46;", "\uff0e\uff0e"]


@pytest.mark.parametrize("name", PATHS)
def test_a_name_that_leads_elsewhere_is_no_part_of_an_address(name: str) -> None:
    with pytest.raises(ProviderError, match=r"^acme: .* cannot be a part of an address; copy"):
        wire.path_of(name, "acme")


@pytest.mark.parametrize("name", ["21m00Tcm4TlvDq8ikWAM", "fal-ai/flux/v1.1-pro", "a_b", "-a", "v..2"])
def test_a_name_that_vendors_give_is(name: str) -> None:
    assert wire.path_of(name, "acme") == name


@pytest.mark.parametrize("name", PATHS)
def test_no_adapter_sends_such_a_name(name: str) -> None:
    with Loopback("") as vendor:
        keys = {"FAL_KEY": "key", "ELEVENLABS_API_KEY": "key"}
        call = a_call({**keys, "FAL_BASE_URL": vendor.url, "ELEVENLABS_BASE_URL": vendor.url})
        picture = {"model": f"fal-ai/{name}", "prompt": "a moon", "image_size": {"width": 64, "height": 64}}
        speech = {"voice_id": name, "model": "eleven_v4", "text": "Hi", "output_format": "wav_24000", "seed": 1}
        for provider, request in ((FalImage(), picture), (ElevenLabsVoice(), speech)):
            with pytest.raises(ProviderError, match="part of an address"):
                provider.ask(request, call)
        assert vendor.paths == []


@pytest.mark.parametrize("name", [name for name in PATHS if name])
def test_a_job_that_fal_calls_so_is_lost(name: str) -> None:
    with Loopback("") as vendor:
        vendor.answer = lambda _: (200, {"request_id": name, "status_url": "x", "response_url": "y"})
        picture = {"model": "fal-ai/flux", "prompt": "a moon", "image_size": {"width": 64, "height": 64}}
        with pytest.raises(LostError, match="not what it is called"):
            FalImage().ask(picture, a_call({"FAL_KEY": "key", "FAL_BASE_URL": vendor.url}))
        assert vendor.paths == ["/fal-ai/flux"]
