"""What tests of the stand-in vendors share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vendors.clients import Clients
from vendors.drift import PUBLISHED
from vendors.server import Vendors

collect_ignore = [] if PUBLISHED.is_dir() else ["test_vendors_published.py"]


@pytest.fixture
def loose() -> Iterator[Clients]:
    """The SDKs, and stand-ins that take wrong requests, too."""
    with Vendors() as vendors, Clients(vendors) as clients:
        yield clients
