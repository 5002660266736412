"""A door before an S3 server, on loopback: it counts what passes, and breaks what a test says.

Like Backblaze, it answers 501 to any PUT that is conditional: nothing of ours may ask for one.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

FAULTS = ("500", "503", "501", "403", "reset", "cut", "truncate", "corrupt", "hang")
CONDITIONS = ("if-match", "if-none-match")
CODES = {"500": "InternalError", "503": "SlowDown", "501": "NotImplemented", "403": "AccessDenied"}
ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>a test says so</Message></Error>"


class Door:
    """The door.

    fault    takes the method and the path of a request, and returns what is done to it: "" or one of FAULTS
             `reset` cuts the connection before the server is asked, `cut` when it has done what it was asked,
             `truncate` and `corrupt` change the body of its answer, `corrupt` that of a PUT's request
    latency_seconds  how long each request takes at least
    asked    all requests: method, path without the query, bytes received, bytes sent
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.fault: Callable[[str, str], str] = lambda method, path: ""  # noqa: ARG005
        self.latency_seconds = 0.0
        self.asked: list[tuple[str, str, int, int]] = []
        self.broken: list[str] = []
        self.ended = threading.Event()
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # headers and body go out together

            def do(self) -> None:
                door.pass_on(self)

            def handle_expect_100(self) -> bool:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.wfile.flush()
                return True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class says so)
                """Say nothing."""

        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.do)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of clients that went away."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request, with what the server answers."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(handler.path).path)
        fault = self.fault(handler.command, path)
        if handler.command == "PUT" and any(handler.headers.get(name) for name in CONDITIONS):
            fault = "501"
        if fault:
            self.broken.append(fault)
        time.sleep(self.latency_seconds)
        if fault == "reset":
            self._reset(handler)
        elif fault == "hang":
            self.ended.wait(30)
            handler.close_connection = True
        elif fault in CODES:
            content = ERROR.format(CODES[fault]).encode()
            self._answer(handler, int(fault), [("Content-Type", "application/xml")], content, len(content))
        else:
            self._relay(handler, path, body, fault)

    def _relay(self, handler: BaseHTTPRequestHandler, path: str, body: bytes, fault: str) -> None:
        if fault == "corrupt" and handler.command == "PUT" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        upstream = http.client.HTTPConnection(str(self.upstream.hostname), int(self.upstream.port or 80), timeout=60)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() != "expect"}
            upstream.request(handler.command, handler.path, body, headers)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        self.asked.append((handler.command, path, len(body), len(content)))
        if fault == "cut":
            self._reset(handler)
            return
        length = len(content)
        if fault == "corrupt" and handler.command == "GET" and content:
            content = content[:-1] + bytes([content[-1] ^ 1])
        elif fault == "truncate":
            content = content[: length // 2]
        kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in {"content-length", "transfer-encoding"}]
        if handler.command == "HEAD":
            length = int(answer.getheader("Content-Length") or 0)
        self._answer(handler, answer.status, kept, content, length)

    @staticmethod
    def _answer(
        handler: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes, length: int
    ) -> None:
        handler.send_response_only(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)
            handler.close_connection = handler.close_connection or len(content) < length

    @staticmethod
    def _reset(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    def count(self, method: str, part: str = "") -> int:
        """Return how many requests of a method went through whose path has this in it."""
        return sum(told[0] == method and part in told[1] for told in self.asked)

    def sent_bytes(self, part: str = "") -> int:
        """Return how many bytes were answered to requests whose path has this in it."""
        return sum(told[3] for told in self.asked if part in told[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


def first(times: int, fault: str, method: str = "", part: str = "") -> Callable[[str, str], str]:
    """Return a `fault` that breaks the first requests of a method whose path has this in it, and no more."""
    lock, left = threading.Lock(), [times]

    def choose(asked: str, path: str) -> str:
        if asked != (method or asked) or part not in path:
            return ""
        with lock:
            left[0] -= 1
            return fault if left[0] >= 0 else ""

    return choose
