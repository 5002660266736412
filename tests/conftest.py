"""What all tests share: where the helpers are, stand-in vendors, temporary projects."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from vendors.clients import Clients

HERE = Path(__file__).parent
# Tests that share what takes long to make: what a fixture has built, or voices that a process has loaded.
TOGETHER = re.compile(
    "test_after_an_edit_of_any_kind|docs/test_howto|cli/test_inspect|e2e/test_publish"
    "|test_kitchen_sink|TestS3StoreOnMoto|test_(?=offline_voice|elevenlabs_timing)"
)
sys.path[:0] = [str(HERE), str(HERE / "standin")]

import nursery  # noqa: E402 (its folder was just added)
from s3_faults import Door  # noqa: E402 (its folder was just added)
from seaweed import Seaweed  # noqa: E402
from standin_server import Standin  # noqa: E402
from vendors.server import Vendors  # noqa: E402
from workspace import Workspace  # noqa: E402

nursery.in_use = True
# Machines of CI are shared and slow, and that is no failure of a test.
settings.register_profile("reelmake", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("reelmake")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell started us in the background: what we start has to end
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Gives each test to whoever is free, but those that share what takes long to make to one process."""

    def _split_scope(self, nodeid: str) -> str:
        found = TOGETHER.search(nodeid)
        return found[0] if found else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Return how tests are given to processes."""
    return Together(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """Return how many tests run at once with `-n auto`: two more than there are processors, for many of them wait."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that nobody is left alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def vendor() -> Iterator[Standin]:
    """A stand-in for all vendors, on a free loopback port."""
    with Standin() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, vendor: Standin) -> Workspace:
    """An empty project whose providers are the stand-in's."""
    return Workspace(tmp_path / "project", vendor.url)


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """An S3 server, for all tests of this process; each takes a bucket of its own (`seaweed.bucket()`)."""
    with Seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def door(seaweed: Seaweed) -> Iterator[Door]:
    """A door before the S3 server, that counts and breaks what passes."""
    with Door(seaweed.url) as door:
        yield door


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of another S3 server, for all tests of this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture
def v() -> Iterator[Vendors]:
    """The stand-in vendors; what is sent to them, and what they answer, has to be as `vendors/specs` say."""
    with Vendors(hang_seconds=0.5, drip_seconds=0.3) as vendors:
        yield vendors
        assert vendors.violations == []


@pytest.fixture
def ask(v: Vendors) -> Iterator[Clients]:
    """The SDKs that talk to the stand-in vendors."""
    from vendors.clients import Clients

    with Clients(v) as clients:
        yield clients
