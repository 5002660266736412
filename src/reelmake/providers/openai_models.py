"""Which models are about to end: as the server says, or as was known when this was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from reelmake.errors import ProviderError
from reelmake.providers import openai_api, wire
from reelmake.providers.base import Call

# From OpenAI's page of deprecations, November 2026: model, and its snapshots -> its last day.
ENDS: Final[Mapping[str, str]] = {
    "gpt-image-1": "2026-10-23",
    "gpt-image-1-mini": "2026-12-01",
    "gpt-image-1.5": "2026-12-01",
    "chatgpt-image-latest": "2026-12-01",
    "gpt-5": "2026-12-11",
    "gpt-5-mini": "2026-12-11",
    "gpt-5-nano": "2026-12-11",
    "gpt-4o": "2027-01-14",
    "gpt-4o-mini": "2027-01-14",
    "gpt-4.1": "2027-01-14",
    "gpt-4.1-mini": "2027-01-14",
    "gpt-4.1-nano": "2027-01-14",
}
_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def ends_on(model: str, call: Call) -> str | None:
    """Return a model's last day as YYYY-MM-DD, None when none is known.

    The server is asked, for nothing, when there is a key; one that cannot be asked, or does not say, is no error.
    """
    known = ENDS.get(_SNAPSHOT.sub("", model)) if openai_api.base_url(call).rstrip("/") == openai_api.OPENAI else None
    try:
        client = openai_api.client(call)
        listed = wire.exchange(client.models.with_raw_response.list, openai_api.vendor(call)).json()
    except ProviderError:
        return known
    rows = listed.get("data") if isinstance(listed, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("id") == model:
            told = str(row.get("shutdown_date") or "")
            return told[:10] if re.match(r"\d{4}-\d{2}-\d{2}", told) else known
    return known
