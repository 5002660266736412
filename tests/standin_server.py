"""A small real server that plays all vendors: it counts what it is asked, and clicks, paints and writes predictably.

A word lasts 200 ms and 10 ms for every letter; it begins with a click. A picture is white when its subject holds the
word `white`, else of a colour that follows from the subject. Counts are the server's own: what was billed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import time
import wave
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

RATE = 48_000


class Standin:
    """The server; `with Standin() as vendor: ... vendor.url`.

    calls    requests that were answered, in order: (kind, request)
    seconds  how long an answer of a kind takes
    refuse   (kind, word): requests of this kind that hold the word fail
    frames   kind -> the functions between doit and the provider, in the last request
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.seconds: dict[str, float] = {}
        self.refuse: set[tuple[str, str]] = set()
        self.frames: dict[str, list[str]] = {}
        self.running: Counter[str] = Counter()
        self.most_running: Counter[str] = Counter()
        self.times: list[tuple[str, float, float, str]] = []
        self.lock = threading.Lock()
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                standin.frames[self.path.strip("/")] = self.headers["Frames"].split()
                status, body = standin.answer(self.path.strip("/"), request)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class says so)
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of a caller that was killed."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, kind: str, request: dict[str, Any]) -> tuple[int, bytes]:
        start = time.monotonic()
        with self.lock:
            self.running[kind] += 1
            self.most_running[kind] = max(self.most_running[kind], self.running[kind])
        try:
            time.sleep(self.seconds.get(kind, 0))
            if any(kind == k and word in json.dumps(request) for k, word in self.refuse):
                return 503, b"refused"
            body = ANSWERS[kind](request)
            with self.lock:
                self.calls.append((kind, request))
                self.times.append((kind, start, time.monotonic(), str(request.get("topic", ""))))
            return 200, body
        finally:
            with self.lock:
                self.running[kind] -= 1

    def count(self, kind: str | None = None) -> int:
        with self.lock:
            return sum(1 for k, _ in self.calls if kind in (None, k))

    def distinct(self) -> int:
        with self.lock:
            return len({json.dumps(call, sort_keys=True) for call in self.calls})


def word_seconds(word: str) -> float:
    return 0.2 + 0.01 * len(word)


def clicks(request: dict[str, Any]) -> bytes:
    """Speak: a click of 5 ms at the start of each word, then a hum. A further take is 10 ms longer at its end."""
    tone = request["voice"].get("tone", 220)
    parts, words, start = [], [], 0
    for word in request["text"].split():
        count = round(word_seconds(word) * RATE)
        times = np.arange(count) / RATE
        sound = 0.1 * np.sin(2 * np.pi * tone * times)
        sound[: RATE // 200] = 0.8 * np.sin(2 * np.pi * 1500 * times[: RATE // 200])
        parts.append(sound)
        words.append([word, start / RATE, (start + count) / RATE])
        start += count
    more = np.arange(RATE // 100 * (request["take"] - 1)) / RATE
    parts.append(0.1 * np.sin(2 * np.pi * tone * more))
    content = io.BytesIO()
    with wave.open(content, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(np.rint(np.concatenate(parts) * 32767).astype("<i2").tobytes())
    audio = base64.b64encode(content.getvalue()).decode()
    return json.dumps({"audio": audio, "words": words}).encode()


def colour(request: dict[str, Any]) -> bytes:
    """Paint one colour: white for `white`, else a dark one from the subject."""
    from PIL import Image

    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).digest()
    dark = (digest[0] // 4, digest[1] // 4, digest[2] // 4)
    png = io.BytesIO()
    Image.new("RGB", (64, 64), (255, 255, 255) if "white" in request["subject"] else dark).save(png, "PNG")
    return png.getvalue()


def numbered(request: dict[str, Any]) -> bytes:
    """Write lines that count, the cast taking turns."""
    cast = [one["id"] for one in request["cast"]]
    lines = [
        {
            "character": cast[at % len(cast)],
            "text": f"{request['topic']} line {at + 1}",
            "image": f"{request['topic']} number {at + 1}",
        }
        for at in range(request["lines"])
    ]
    return json.dumps({"lines": lines}).encode()


ANSWERS = {"voice": clicks, "image": colour, "script": numbered}
