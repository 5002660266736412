"""Answers that no vendor should give, in real builds: what is told, what is paid, and how a line gets out of it."""

from __future__ import annotations

import base64
import json
import re
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from vendors.sound import alignment_of, in_wav, samples_of, tokens_of
from workspace import Workspace, doit_tables

pytestmark = pytest.mark.slow

RATE = 24_000
OVERSIZED, UNUSABLE = "it is not requested again", "bump the line's take: for another one"


def spoken(text: str) -> dict[str, Any]:
    tokens = tokens_of(text)
    audio = in_wav(samples_of(tokens, RATE, 180), RATE)
    aligned = alignment_of(tokens, normalized=False).body()
    return {"audio_base64": base64.b64encode(audio).decode(), "alignment": aligned, "normalized_alignment": None}


def wav(pcm: bytes = b"\1\0" * RATE, *, rate: int = RATE, channels: int = 1, bits: int = 16, align: int = 2) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * align % 2**32, align, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(pcm)) + pcm
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def pcm(samples: Any) -> bytes:
    return bytes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


SECONDS = np.arange(2 * RATE) / RATE
MINUTE = np.arange(60 * RATE)
NOISE = np.random.default_rng(0)
# What a line says -> the sound that comes for it, and what is told of it.
SOUNDS: dict[str, tuple[bytes, str]] = {
    "rate one": (wav(rate=1), "1 samples a second"),
    "rate zero": (wav(rate=0), "0 samples a second"),
    "rate huge": (wav(rate=2**32 - 1), "samples a second"),
    "align zero": (wav(align=0), "in 0 bytes"),
    "align seven": (wav(align=7), "in 7 bytes"),
    "no channel": (wav(channels=0, align=0), "0 channels"),
    "many channels": (wav(channels=9, align=18), "9 channels"),
    "odd bits": (wav(bits=13), "13 bits"),
    "six minutes": (wav(bytes(2 * 8000 * 360), rate=8000), "longer than 5 minutes"),
    "no samples": (wav(b""), ""),
    "an error page": (b'{"error": "upstream connect error or disconnect/reset before headers"}' * 50, "it is no sound"),
    "bare samples": (pcm(0.2 * np.sin(2 * np.pi * 200 * SECONDS)), "it is no sound"),
    "a text in a wav": (wav(b"Internal Server Error: no healthy upstream. " * 2000), "no speech in it"),
    "hiss": (wav(pcm(0.3 * NOISE.standard_normal(2 * RATE))), "no speech in it"),
    "a beep": (wav(pcm(0.3 * np.sin(2 * np.pi * 1000 * SECONDS))), "no speech in it"),
    "silence": (wav(bytes(4 * RATE)), "silence"),
    "a constant": (wav(b"\0\x40" * 2 * RATE), ""),
    "far too long for that": (wav(pcm(0.3 * np.sin(900 * MINUTE / RATE) * (MINUTE % 9000 > 4000))), ""),
    "this here is a whole sentence that nobody says within the blink of an eye": (
        in_wav(samples_of(tokens_of("Hi"), RATE, 180), RATE),
        "are heard",
    ),
}


def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(500)), packer.flush()])


class Hostile:
    """A server that speaks like ElevenLabs; it has no history. `asked` counts the texts that it was sent."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.cured: set[str] = set()
        self.bomb = bomb()
        hostile = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.reply(json.dumps({"history": [], "has_more": False, "last_history_item_id": None}).encode())

            def do_POST(self) -> None:
                text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
                hostile.asked[text] += 1
                body = hostile.answer(text)
                self.reply(body, "gzip" if body.startswith(b"\x1f\x8b") else "identity")
                while text == "without end" and text not in hostile.cured:
                    self.wfile.write(b" " * 65_536)

            def reply(self, body: bytes, encoding: str = "identity") -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Encoding", encoding)
                if body:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class says so)
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of a caller that hangs up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, text: str) -> bytes:
        """Return what comes for a text; nothing for what does not end."""
        bare = {"a bomb": self.bomb, "without end": b"", "deep": b'{"audio_base64": ' + b"[" * 100_000}
        if text in bare and text not in self.cured:
            return bare[text]
        body = spoken(text)
        if text in SOUNDS and text not in self.cured:
            body["audio_base64"] = base64.b64encode(SOUNDS[text][0]).decode()
        return json.dumps(body).encode()

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def vendor() -> Iterator[Hostile]:
    with Hostile() as server:
        yield server


def project_of(root: Path, vendor: Hostile, *texts: str, take: int = 1) -> Workspace:
    project = Workspace(root)
    project.write("pyproject.toml", doit_tables() + '\n[tool.reelmake.providers]\nvoice = "elevenlabs"\n')
    project.write("characters/ada.yaml", "name: Ada\nvoice: {elevenlabs: {voice_id: vada}}\n")
    lines = [{"ada": text, **({"take": take} if take > 1 else {})} for text in texts]
    project.write("episodes/one.yaml", json.dumps({"title": "One", "script": lines}))
    keys = {"ELEVENLABS_API_KEY": "key", "ELEVENLABS_BASE_URL": vendor.url}
    project.env.update(keys, REELMAKE_RETRY_SECONDS="0.05")
    return project


def test_a_sound_that_cannot_be_used_is_paid_once_told_each_time_and_left_by_its_take(
    tmp_path: Path, vendor: Hostile
) -> None:
    good = "No."
    project = project_of(tmp_path, vendor, *SOUNDS, "deep", good)
    for _ in range(2):
        told = project.run("voice", rc=1).stderr
        assert "Traceback" not in told
        for text, (_, why) in SOUNDS.items():
            about = [line for line in told.splitlines() if UNUSABLE in line and why in line]
            assert about, f"{text}: {told}"
    assert vendor.asked == Counter([*SOUNDS, "deep", good])
    assert len(list((project.root / "build/one/voice").glob("*.wav"))) == 1
    vendor.cured.update([*SOUNDS, "deep"])
    project_of(tmp_path, vendor, *SOUNDS, "deep", good, take=2).run("voice")
    assert set(vendor.asked.values()) == {2}


@pytest.mark.parametrize("text", ["a bomb", "without end"])
def test_an_answer_without_bounds_takes_neither_memory_nor_money_again(
    tmp_path: Path, vendor: Hostile, text: str
) -> None:
    project = project_of(tmp_path, vendor, text, "Hello there")
    for _ in range(2):
        process = project.start("voice")
        most = 0
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status")
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
            most = max(most, int(found[1]) if found else 0)
            threading.Event().wait(0.05)
        _, told = process.communicate()
        assert process.returncode == 1
        assert OVERSIZED in told, told
        assert "Traceback" not in told
        assert most < 700_000, "kilobytes at most"
    assert vendor.asked == {text: 1, "Hello there": 1}
    vendor.cured.add(text)
    project_of(tmp_path, vendor, text, "Hello there", take=2).run("voice")
    assert vendor.asked[text] == 2
