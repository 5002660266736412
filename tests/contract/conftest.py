"""The stand-in vendors, and the SDKs that talk to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from vendors.server import Vendors

if TYPE_CHECKING:
    from vendors.clients import Clients


@pytest.fixture
def v() -> Iterator[Vendors]:
    """The stand-ins; nothing that is asked of them, or that they answer, may be other than the vendors describe."""
    with Vendors(hang_seconds=0.5, drip_seconds=0.3) as vendors:
        yield vendors
        assert vendors.violations == []


@pytest.fixture
def ask(v: Vendors) -> Iterator[Clients]:
    """The SDKs."""
    from vendors.clients import Clients

    with Clients(v) as clients:
        yield clients
