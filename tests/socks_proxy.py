"""A real SOCKS5 server for tests, in a process of its own; `with Socks() as proxy: ... proxy.url`."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

USER, PASSWORD = "reeler", "correct-horse-9"
SLOW_SECONDS = 3.0  # within which it has said what it did
CONNECTION = re.compile(r"to (\S+) (\d+) from (\d+)")


class Socks:
    """The server.

    names  names that it knows, and nobody else: name -> address
    lines  what it said so far
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        program = Path(__file__).with_name("socks_server.py")
        command = [
            sys.executable,
            str(program),
            USER,
            PASSWORD,
            *(f"{name}={to}" for name, to in (names or {}).items()),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        self.url = f"socks5h://{USER}:{PASSWORD}@127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(line.strip() for line in self.process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.terminate()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()

    @property
    def asked_for(self) -> list[tuple[str, int]]:
        """The hosts and ports of the connections that it made, as they were asked for."""
        return [(found[1], int(found[2])) for line in self.lines if (found := CONNECTION.fullmatch(line))]

    def was_asked_for(self, host: str, port: int) -> bool:
        """Say whether it made this connection; it may be about to say so."""
        end = time.monotonic() + SLOW_SECONDS
        while (host, port) not in self.asked_for and time.monotonic() < end:
            time.sleep(0.02)
        return (host, port) in self.asked_for

    @property
    def refusals(self) -> int:
        """How many connections it did not make."""
        return sum(line.startswith("refused") for line in self.lines)

    def direct(self, peers: list[int]) -> list[int]:
        """Return those of a server's connections, by the ports of their other ends, that are none of the proxy's."""
        end = time.monotonic() + SLOW_SECONDS
        while True:  # it may be about to say more
            ours = {int(found[3]) for line in self.lines if (found := CONNECTION.fullmatch(line))}
            others = [port for port in peers if port not in ours]
            if not others or time.monotonic() > end:
                return others
            time.sleep(0.02)


def free_port() -> int:
    """Return a port on loopback on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
