"""With a proxy, all of a build's calls go through it and nothing goes past it; a proxy that is dead ends the build."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from socks_proxy import PASSWORD, Socks, free_port
from vendors.server import Vendors
from workspace import TESTS, Workspace

pytestmark = pytest.mark.slow

HOST = "vendors.test"  # a name that only the proxy knows
BOUGHT = {("openai", "script"): 1, ("elevenlabs", "voice"): 4, ("fal", "image"): 3, ("openai", "image"): 1}


@pytest.fixture
def proxy() -> Iterator[Socks]:
    with Socks({HOST: "127.0.0.1"}) as server:
        yield server


@pytest.fixture
def v() -> Iterator[Vendors]:
    with Vendors() as vendors:
        yield vendors
        assert vendors.violations == []


class Studio(Workspace):
    """A project with two episodes, for which all vendors are needed."""

    def __init__(self, root: Path, v: Vendors, host: str) -> None:
        super().__init__(root)
        port = v.server.server_address[1]
        v.fal.url = f"http://{host}:{port}/fal"
        self.witness = root / "witness.jsonl"
        told = {name: value.replace(v.url, f"http://{host}:{port}") for name, value in v.env().items()}
        path = os.pathsep.join((str(TESTS / "witness"), self.env["PYTHONPATH"]))
        more = {"WITNESS": str(self.witness), "PYTHONPATH": path, "REELMAKE_RETRY_SECONDS": "0.01"}
        names = {"script": "openai", "voice": "elevenlabs", "image": "fal"}
        choices = {f"REELMAKE_PROVIDERS__{kind.upper()}": name for kind, name in names.items()}
        self.env |= {**told, **more, **choices}
        for who in ("ada", "max"):
            self.write(f"characters/{who}.yaml", f"name: {who}\nvoice: {{elevenlabs: {{voice_id: voice-{who}}}}}\n")
        self.episode("told", topic="why moths love lamps", cast=["ada", "max"], lines=3)
        self.episode("shown", "ada: Hello there my friend | a harbour", providers={"image": "openai"})

    def met(self) -> list[tuple[str, Any]]:
        """Return what the witness saw: events, and where they went."""
        lines = self.witness.read_text("utf-8").splitlines() if self.witness.exists() else []
        return [(event, place) for event, place in map(json.loads, lines)]

    @property
    def videos(self) -> list[str]:
        return [path.name for path in sorted(self.root.glob("build/*/*.mp4"))]


def bought(v: Vendors) -> dict[tuple[str, str], int]:
    return {what: v.billed_count(*what) for what in BOUGHT}


def test_every_call_goes_through_the_proxy_and_none_past_it(tmp_path: Path, v: Vendors, proxy: Socks) -> None:
    project = Studio(tmp_path / "project", v, HOST)
    for dead in (
        f"socks5h://reeler:{PASSWORD}@127.0.0.1:{free_port()}",
        f"{proxy.url.replace(PASSWORD, 'wrong-pw-4711')}",
    ):
        failed = project.run(rc=1, REELMAKE_PROXY=dead)
        told = failed.stdout + failed.stderr
        assert "check REELMAKE_PROXY" in told
        assert PASSWORD not in told
        assert "wrong-pw-4711" not in told
        assert "degraded" not in told
        assert (v.peers, v.billed, project.videos) == ([], [], [])
    assert proxy.asked_for == []
    assert project.run("cost", program="reelmake").stdout == "total  $0\n"
    project.witness.unlink()

    project.run(REELMAKE_PROXY=proxy.url, NO_PROXY="*", HTTP_PROXY=f"http://127.0.0.1:{free_port()}")
    assert project.videos == ["shown.mp4", "told.mp4"]
    assert bought(v) == BOUGHT
    assert v.peers
    assert proxy.direct(v.peers) == []
    assert {host for host, _ in proxy.asked_for} == {HOST}
    assert {tuple(place) for event, place in project.met() if event == "socket.connect"} == {("127.0.0.1", proxy.port)}
    assert {place[0] for event, place in project.met() if event == "socket.getaddrinfo"} == {"127.0.0.1"}


def test_without_one_calls_go_direct_whatever_the_environment_says_and_are_seen(
    tmp_path: Path, v: Vendors, proxy: Socks
) -> None:
    """So that what the other test counts can be counted."""
    project = Studio(tmp_path / "project", v, "127.0.0.1")
    project.run(ALL_PROXY=proxy.url, HTTP_PROXY=proxy.url, HTTPS_PROXY=proxy.url)
    assert bought(v) == BOUGHT
    assert v.peers
    assert proxy.direct(v.peers) == v.peers
    assert proxy.asked_for == []
    connected = {tuple(place) for event, place in project.met() if event == "socket.connect"}
    assert connected == {("127.0.0.1", v.server.server_address[1])}
    told = project.run(PYTHONPROFILEIMPORTTIME="1").stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines() if "|" in line}
    assert "doit" in imported
    assert imported & {"openai", "elevenlabs", "httpx", "httpx2", "numpy", "PIL"} == set()  # there was nothing to do
