"""What every HTTP client here shares: time limits, and how long a server asks to wait."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

CONNECT_SECONDS: Final = 10.0
LONGEST_WAIT_SECONDS: Final = 600.0  # a vendor that asks for more is taken at its word only so far


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long a response asks everybody to wait, or None."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            return min(max(0.0, float(value) * unit), LONGEST_WAIT_SECONDS)
        except ValueError:
            pass
        try:
            at = email.utils.parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            continue
        ahead = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        return min(max(0.0, ahead), LONGEST_WAIT_SECONDS)
    return None
