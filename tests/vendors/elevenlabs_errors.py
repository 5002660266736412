"""ElevenLabs' error bodies: `code` is current, `status` the older name of the same."""

from __future__ import annotations

from vendors.faults import Fault
from vendors.records import GATEWAY_PAGE, Answer, in_json


def error(status: int, kind: str, code: str, message: str, param: str | None = None) -> Answer:
    """Answer with an error."""
    detail = {"type": kind, "code": code, "message": message, "status": code, "request_id": None, "param": param}
    return in_json(status, {"detail": detail})


def missing(field: str) -> Answer:
    """Say that a field is missing."""
    problem = {"type": "missing", "loc": ["body", field], "msg": "Field required"}
    return in_json(422, {"detail": [problem]})


def too_many(limit: int) -> Answer:
    """Say that too many requests run at once."""
    return error(
        429,
        "rate_limit_error",
        "concurrent_limit_exceeded",
        f"Too many concurrent requests. Your subscription allows {limit} concurrent requests (running in parallel).",
    )


def refusal(fault: Fault, limit: int) -> Answer | None:
    """Say no for a fault."""
    match fault.name:
        case "busy":
            message = "The system is experiencing heavy traffic, please try again."
            made = error(429, "rate_limit_error", "system_busy", message)
        case "too_many":
            made = too_many(limit)
        case "wrong_key":
            made = error(401, "authentication_error", "invalid_api_key", "Invalid API key")
        case "quota":
            message = "This request exceeds your quota of 10000. You have 3 credits remaining."
            made = error(401, "authentication_error", "quota_exceeded", message)
        case "server_error":
            made = error(fault.status, "api_error", "internal_server_error", "An error occurred, please try again.")
        case "refusal":
            message = "Our safety systems have flagged this text as against our content policy."
            made = error(403, "permission_error", "content_against_policy", message, "text")
        case "html":
            return GATEWAY_PAGE
        case _:
            return None
    if fault.retry_after is not None:
        made.headers["retry-after"] = f"{fault.retry_after:g}"
    return made
