"""What all tests share: where the helpers are, stand-in vendors, temporary projects."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "standin")]

from standin_server import Standin  # noqa: E402 (its folder was just added)
from workspace import Workspace  # noqa: E402


@pytest.fixture
def vendor() -> Iterator[Standin]:
    """A stand-in for all vendors, on a free loopback port."""
    with Standin() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, vendor: Standin) -> Workspace:
    """An empty project whose providers are the stand-in's."""
    return Workspace(tmp_path / "project", vendor.url)
