"""OpenAI's error bodies."""

from __future__ import annotations

from vendors.faults import Fault
from vendors.records import GATEWAY_PAGE, Answer, Hit, in_json

STRANGER = "Incorrect API key provided. You can find your API key on the API keys page of your account."
BUSY = "Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s."
QUOTA = "You exceeded your current quota, please check your plan and billing details."
BROKEN = "The server had an error while processing your request. Sorry about that!"
UNSAFE = (
    "Your request was rejected by the safety system. If you believe this is an error, contact the help center and "
    "include the request ID {id}. safety_violations=[violence]."
)


def error(status: int, message: str, code: str | None, **more: str | None) -> Answer:
    """Answer with an error; `type` and `param` as keywords."""
    body = {"message": message, "type": "invalid_request_error", "param": None, "code": code, **more}
    return in_json(status, {"error": body})


def invalid(message: str, param: str | None, code: str | None = "invalid_value") -> Answer:
    """Say what is wrong with the request."""
    return error(400, message, code, param=param)


def refusal(hit: Hit, fault: Fault, request_id: str) -> Answer | None:
    """Say no for a fault; None for a chat that is refused, which is an answer like others."""
    match fault.name:
        case "busy" | "too_many":
            made = error(429, BUSY, "rate_limit_exceeded", type="requests")
        case "wrong_key":
            made = error(401, STRANGER, "invalid_api_key")
        case "quota":
            made = error(429, QUOTA, "insufficient_quota", type="insufficient_quota")
        case "server_error":
            made = error(fault.status, BROKEN, None, type="server_error")
        case "refusal" if hit.kind == "image":
            made = error(400, UNSAFE.format(id=request_id), "moderation_blocked", type="image_generation_user_error")
        case _:
            return GATEWAY_PAGE if fault.name == "html" else None
    if fault.retry_after is not None:
        made.headers["retry-after"] = f"{fault.retry_after:g}"
    return made
