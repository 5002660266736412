"""What ElevenLabs' error bodies mean: `{"detail": {"code", "message", "param"}}`; `status` is the older `code`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from reelmake.core.errors import AccountError, BusyError, ProviderError
from reelmake.core.http import retry_after_seconds
from reelmake.providers.wire import Exchange

VENDOR: Final = "ElevenLabs"
ANOTHER_TAKE: Final = "bump the line's take: for another one"
_INVALID, _UNPROCESSABLE = 400, 422
_VOICE_FIX: Final = "correct voice_id under the character's voice: elevenlabs:, or add this voice to yours"

Meaning = Callable[[str, float | None], ProviderError]

# What a code looks like -> the error, from its message and from how long it asks us to wait. The first one counts.
_MEANINGS: Final[tuple[tuple[str, Meaning], ...]] = (
    (
        "quota_exceeded|insufficient_credits|payment_required|credit_limit_exceeded",
        lambda said, _: AccountError(said, "buy credit or raise the plan's limit, then run doit again"),
    ),
    ("concurrent", lambda said, wait: BusyError(said, "lower limits.elevenlabs", wait, too_many=True)),
    ("rate_limit_exceeded|system_busy|too_many_requests", lambda said, wait: BusyError(said, "run doit again", wait)),
    (
        "policy|moderat|prohibit|unsafe|flagged",
        lambda said, _: ProviderError(said.replace(":", ": the text was refused:", 1), "change the words"),
    ),
    ("max_character_limit_exceeded|text_too_long", lambda said, _: ProviderError(said, "make two lines of it")),
    ("^voice_|invalid_voice", lambda said, _: ProviderError(said, _VOICE_FIX)),
    (
        "model",
        lambda said, _: ProviderError(said, "choose another model: under the character's voice: elevenlabs:"),
    ),
)


def error_of(response: Exchange, code: str, message: str) -> ProviderError | None:
    """Return what a response that is no success means, or None when its status says it all."""
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, code):
            return meaning(f"{VENDOR}: {message or code}", retry_after_seconds(response.headers))
    if response.status in (_INVALID, _UNPROCESSABLE) and (field := _field(response)):
        return ProviderError(f"{VENDOR}: {field}: {message or code}", f"change {field}")
    return None


def _field(response: Exchange) -> str:
    """Return the part of a request that is wrong, or an empty string."""
    found = response.json()
    detail = found.get("detail") if isinstance(found, dict) else None
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        place = detail[0].get("loc")
        return ".".join(str(part) for part in place if part != "body") if isinstance(place, list) else ""
    return str(detail.get("param") or "") if isinstance(detail, dict) else ""
