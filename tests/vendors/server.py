"""Stand-ins for OpenAI, ElevenLabs and fal: one real server on loopback that the vendors' own SDKs can talk to.

with Vendors() as v:
    v.fail("openai/image", "lost")              # the next picture is painted and billed, but never arrives
    ...                                         # build with v.env() in the environment
    assert v.billed_count("openai", "image") == 2
    assert v.violations == []                   # all that was asked and answered is as `specs/` say
"""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from vendors import wire
from vendors.elevenlabs_api import ElevenLabs
from vendors.fal_api import Fal
from vendors.faults import PASSING, STOPPED, Fault, Faults, Served
from vendors.house import ELEVENLABS_KEY, FAL_KEY, OPENAI_KEY, House, Vendor
from vendors.openai_api import OpenAI
from vendors.records import BOUGHT, Answer, Charge, Hit, in_json

PREFIXES = {"openai": "/openai/v1", "elevenlabs": "/elevenlabs", "fal": "/fal"}


class Vendors(House):
    """The server; settings are House's, and may be given by name.

    peers  the ports at the other ends of all connections that were made to it
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        for name, value in settings.items():
            if name not in vars(self):
                raise TypeError(f"there is no setting {name!r}")
            setattr(self, name, value)
        self.faults = Faults()
        self.fal = Fal(self)
        self.vendors: dict[str, Vendor] = {"openai": OpenAI(self), "elevenlabs": ElevenLabs(self), "fal": self.fal}
        self.arrived: list[Hit] = []
        self.peers: list[int] = []
        self.unchecked: list[tuple[Hit, Answer | None]] = []
        self.found: list[str] = []
        self.server = Server(self)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.openai_url, self.elevenlabs_url, self.fal_url = (self.url + prefix for prefix in PREFIXES.values())
        self.fal.url = self.fal_url

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    def env(self) -> dict[str, str]:
        """Return what makes a program use the stand-ins."""
        return {
            "OPENAI_API_KEY": OPENAI_KEY,
            "OPENAI_BASE_URL": self.openai_url,
            "ELEVENLABS_API_KEY": ELEVENLABS_KEY,
            "ELEVENLABS_BASE_URL": self.elevenlabs_url,
            "FAL_KEY": FAL_KEY,
            "FAL_BASE_URL": self.fal_url,
        }

    def fail(  # noqa: PLR0913 (all but two have defaults)
        self,
        target: str,
        fault: str,
        times: int | None = 1,
        when: str | None = None,
        *,
        retry_after: float | None = None,
        status: int = 500,
    ) -> None:
        """Let the next `times` requests (None: all) to a target fail, in the ways that vendors.faults lists.

        A target is a vendor (what is bought there), a kind (also of a free endpoint, such as history or result), or
        both: `openai/image`. `when` is a word that the request must hold, in its path or body.
        """
        self.faults.plan(target, Fault(fault, retry_after, status), times, when)

    def random_failures(
        self, rate: float, seed: int, faults: Sequence[str | Fault] = PASSING, kinds: Sequence[str] = BOUGHT
    ) -> None:
        """Let requests fail by chance from now on: the same requests with the same seed, in whatever order they come.

        A request that is asked for again has a new chance. A rate of 0 ends it.
        """
        self.faults.by_chance(rate, seed, faults, kinds)

    @property
    def hits(self) -> list[Hit]:
        """All requests that arrived, also those that failed."""
        with self.lock:
            return list(self.arrived)

    @property
    def billed(self) -> list[Charge]:
        """All that was charged."""
        with self.lock:
            self.fal.settle()
            return list(self.charges)

    @property
    def served_faults(self) -> list[Served]:
        """The faults that were served, in order."""
        with self.faults.lock:
            return list(self.faults.served)

    @property
    def violations(self) -> list[str]:
        """What was asked or answered other than `specs/` say; checked when this is read."""
        from vendors.specs import check  # it takes a while to load

        with self.lock:
            pairs, self.unchecked = self.unchecked, []
        found = [problem for hit, answer in pairs for problem in check(hit, answer)]
        with self.lock:
            self.found += found
            return list(self.found)

    def count(self, vendor: str | None = None, kind: str | None = None) -> int:
        """Count the requests that arrived."""
        return sum(vendor in (None, hit.vendor) and kind in (None, hit.kind) for hit in self.hits)

    def billed_count(self, vendor: str | None = None, kind: str | None = None) -> int:
        """Count the charges."""
        return sum(vendor in (None, one.vendor) and kind in (None, one.kind) for one in self.billed)

    def spent(self, vendor: str | None = None, kind: str | None = None) -> Decimal:
        """Return what was charged, in dollars."""
        met = [one for one in self.billed if vendor in (None, one.vendor) and kind in (None, one.kind)]
        return sum((one.usd for one in met), Decimal(0))

    def distinct(self, kind: str | None = None) -> int:
        """Count the different requests among those charged; what is charged twice is more than this."""
        return len({one.asked for one in self.billed if kind in (None, one.kind)})

    def settle(self, timeout: float = 30) -> None:
        """Wait until no vendor works on anything any more."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with self.lock:
                if not any(self.running.values()) and not self.fal.unfinished():
                    return
            time.sleep(0.01)
        raise TimeoutError("the stand-ins are still at work")

    def serve(self, handler: BaseHTTPRequestHandler, hit: Hit) -> None:
        """Take a request, and answer it or fail."""
        with self.lock:
            self.arrived.append(hit)
        in_queue = hit.vendor == "fal" and hit.kind == "image"  # the queue counts what runs
        with nullcontext() if in_queue else self.at_work(hit.kind):
            answer, fault = self.decide(hit)
        with self.lock:
            self.unchecked.append((hit, None if fault else answer))
        if answer is None:
            self.stopping.wait(self.hang_seconds)
            wire.reset(handler)
        elif fault:
            wire.send_spoilt(handler, answer, fault.name, self.stopping, self.drip_seconds)
        else:
            wire.send(handler, answer)

    def decide(self, hit: Hit) -> tuple[Answer | None, Fault | None]:
        """Return the answer, and the fault that goes with it; no answer means a client that is left hanging."""
        vendor = self.vendors.get(hit.vendor)
        if vendor is None:
            return in_json(404, {"detail": "Not Found"}), None
        if not vendor.known_caller(hit):
            return vendor.refuse(hit, Fault("wrong_key")), None
        fault = self.faults.take(hit)
        if fault and fault.name == "hang":
            return None, fault
        refused = vendor.refuse(hit, fault) if fault and fault.name not in STOPPED else None
        return refused or vendor.answer(hit, fault), fault


class Server(ThreadingHTTPServer):
    """The server's sockets; those still open when it closes are closed too."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, vendors: Vendors) -> None:
        self.vendors = vendors
        self.open: set[socket] = set()
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        self.vendors.peers.append(client_address[1])
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.open):
            try:
                connection.shutdown(SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a caller that was killed."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def serve(self) -> None:
        """Read the request, and have it answered; a mistake of the stand-in's own is a violation."""
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:  # its sender was killed in the middle: no vendor works on that, nor bills it
            self.close_connection = True
            return
        vendors = self.server.vendors
        hit = read_hit(vendors, self, raw)
        try:
            vendors.serve(self, hit)
        except OSError:
            self.close_connection = True
        except Exception:  # noqa: BLE001 (whatever it is, the test must hear of it)
            with vendors.lock:
                vendors.found.append(f"the stand-in broke at {hit.method} {hit.path}:\n{traceback.format_exc()}")
            wire.send(self, in_json(500, {"detail": "the stand-in broke"}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class says so)
        """Say nothing."""


def read_hit(vendors: Vendors, handler: BaseHTTPRequestHandler, raw: bytes) -> Hit:
    """Return the request that a handler got."""
    url = urlsplit(handler.path)
    vendor = next((name for name, prefix in PREFIXES.items() if url.path.startswith(f"{prefix}/")), "nobody")
    path = url.path.removeprefix(PREFIXES.get(vendor, ""))
    kind = vendors.vendors[vendor].kind(handler.command, path) if vendor in PREFIXES else "unknown"
    headers = {name.lower(): value for name, value in handler.headers.items()}
    return Hit(vendor, kind, handler.command, path, dict(parse_qsl(url.query)), headers, parsed(raw), raw)


def parsed(raw: bytes) -> Any:
    """Return a body's JSON; None for an empty one, the bytes for one that is none."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw
