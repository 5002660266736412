"""Puts answers on the wire, whole or as faults leave them."""

from __future__ import annotations

import socket
import struct
import threading
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from vendors.records import Answer

DROPS = 20
RESET = struct.pack("ii", 1, 0)  # close at once, with a reset


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Send an answer as it should be."""
    handler.wfile.write(_head(answer, len(answer.content)) + answer.content)


def send_spoilt(
    handler: BaseHTTPRequestHandler, answer: Answer, fault: str, stopping: threading.Event, seconds: float
) -> None:
    """Send what a fault leaves of an answer; see vendors.faults. `seconds` is how long `drip` takes."""
    whole, half = answer.content, answer.content[: len(answer.content) // 2]
    match fault:
        case "lost":
            reset(handler)
        case "cut":
            handler.wfile.write(_head(answer, len(whole), close=True) + half)
            handler.close_connection = True
        case "cut_unsized":
            handler.wfile.write(_head(answer, None, close=True) + half)
            handler.close_connection = True
        case "broken_json":
            handler.wfile.write(_head(answer, len(half)) + half)
        case "drip":
            handler.wfile.write(_head(answer, len(whole)))
            for at in range(DROPS):
                stopping.wait(seconds / DROPS)
                handler.wfile.write(whole[len(whole) * at // DROPS : len(whole) * (at + 1) // DROPS])
        case _:
            send(handler, answer)


def reset(handler: BaseHTTPRequestHandler) -> None:
    """End the connection with a reset."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    handler.rfile.close()
    handler.connection.close()


def _head(answer: Answer, length: int | None, *, close: bool = False) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", f"Content-Type: {answer.content_type}"]
    lines += [f"Date: {formatdate(usegmt=True)}", *(f"{name}: {value}" for name, value in answer.headers.items())]
    lines += [f"Content-Length: {length}"] if length is not None else []
    lines += ["Connection: close"] if close else []
    return "\r\n".join([*lines, "", ""]).encode()
