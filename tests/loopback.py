"""A server on loopback that answers each request as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class Loopback:
    """The server.

    answer   takes the JSON of a request, and returns a status and a body: JSON, or bytes as they are;
             and headers besides
    bodies   the JSON of all requests; `paths` and `headers` are theirs too
    """

    def __init__(self, prefix: str = "/v1") -> None:
        self.answer: Callable[[Any], Reply] = lambda _: (404, {})
        self.bodies: list[Any] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                loopback.bodies.append(json.loads(body) if body else None)
                loopback.paths.append(self.path)
                loopback.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, told, *headers = loopback.answer(loopback.bodies[-1])
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class says so)
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}{prefix}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()
