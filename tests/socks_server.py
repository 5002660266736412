"""A SOCKS5 server as a program: `python socks_server.py USER PASSWORD [NAME=ADDRESS ...]`, on a free loopback port.

It knows names that nobody else does. It says on stdout, a line each: its port; `to HOST PORT from PORT` for each
connection that it made, with the host as it was asked for and its own port there; `refused WHY` for each that it did
not.
"""

from __future__ import annotations

import sys
from typing import Final

import anyio
import anyio.abc
from tiny_proxy import Socks5ProxyHandler
from tiny_proxy._proxy.socks5 import Socks5Proxy
from tiny_proxy._stream import SocketStream

UNREACHED: Final = b"\x05\x05\x00\x01" + bytes(6)  # tiny-proxy sends only a part of this


class Client(SocketStream):  # type: ignore[misc]  # tiny-proxy is not typed
    """The connection of a client."""

    async def send(self, data: bytes) -> None:
        """Send, and whole what tiny-proxy cuts."""
        await super().send(UNREACHED if data == b"\x05\x05" + bytes(4) else data)


class Proxy(Socks5Proxy):  # type: ignore[misc]  # tiny-proxy is not typed
    """One connection of a client."""

    def __init__(self, stream: SocketStream, user: str, password: str, names: dict[str, str]) -> None:
        super().__init__(Client(stream._stream), user, password)
        self.names = names
        self.asked: tuple[str, int] = ("", 0)

    async def negotiate(self) -> tuple[str, int]:
        """Return where to connect to."""
        host, port = self.asked = await super().negotiate()
        return self.names.get(host, host), port

    async def connect_to_remote(self) -> SocketStream:
        """Connect, and tell."""
        try:
            remote = await super().connect_to_remote()
        except Exception as error:
            print(f"refused {error}", flush=True)
            raise
        host, port = self.asked
        print(f"to {host} {port} from {remote.getsockname()[1]}", flush=True)
        return remote


class Handler(Socks5ProxyHandler):  # type: ignore[misc]  # tiny-proxy is not typed
    """Makes them."""

    def __init__(self, user: str, password: str, names: dict[str, str]) -> None:
        super().__init__(user, password)
        self.names = names

    def create_proxy(self, stream: SocketStream) -> Proxy:
        """Return one for a connection."""
        return Proxy(stream, self.username, self.password, self.names)


async def main(*arguments: str) -> None:
    """Serve until the program is ended."""
    user, password, *names = arguments
    handler = Handler(user, password, dict(name.split("=") for name in names))
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    print(listener.extra(anyio.abc.SocketAttribute.local_port), flush=True)
    await listener.serve(handler.handle)


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
