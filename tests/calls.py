"""A call for tests that ask a provider by hand: no vendor's key is set, unless it is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reelmake.providers.base import Call
from reelmake.providers.prices import Prices


def a_call(variables: Mapping[str, str] | None = None, timeout_seconds: float = 30.0, **more: Any) -> Call:
    """Return a call whose tickets are kept in the list `tickets`, when one is given."""
    tickets: list[Any] = more.pop("tickets", [])
    told: dict[str, Any] = {
        "prices": Prices(),
        "timeout_seconds": timeout_seconds,
        "proxy": None,
        "variable": (variables or {}).get,
        "asked_at": datetime.now(UTC),
        "ticket": None,
        "keep_ticket": tickets.append,
        **more,
    }
    return Call(**told)


CALL = a_call()
