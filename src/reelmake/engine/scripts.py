"""A script that was paid for and cannot be used is requested once more, with a message of what is wrong with it.

The follow-up is a request like any other, with a key of its own: store, cap, notes and receipts apply to it, so
that nobody pays for it twice. There is one at most: its answer is used, or its mistake is the error.

Instead of an answer, a key may hold an equivalent request: one for a translation with the lines that are known (see
`translation_memory`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from reelmake.core.errors import SetupError, UnusableError
from reelmake.core.keys import Action, canonical_json, key, manifest
from reelmake.plan.kinds import SPEC
from reelmake.providers import provider
from reelmake.store.base import Receipt, Store

STANDS_FOR: Final = "reelmake/stands-for@1"


def repair_of(action: Action, body: bytes) -> Action | None:
    """Return the request to repair an answer; None when the answer can be used, or the provider cannot repair."""
    name = action.request["provider"]
    if action.kind != "script" or name == SPEC:
        return None
    from reelmake.engine.readers import script_lines  # noqa: PLC0415 (what reads sound is slow to import)

    try:
        script_lines(body, action)
    except UnusableError as error:
        request = provider("script", name).repair(action.request, body, error.what)
        return None if request is None else replace(action, request=request)
    except (SetupError, OSError):
        raise
    except Exception:  # noqa: BLE001
        return None  # the step that writes the script reports what is wrong with it
    return None


def stands_for(request: Mapping[str, Any]) -> bytes:
    """Return the content under the key of a request that has an equivalent: JSON that holds the equivalent request."""
    return canonical_json({"schema": STANDS_FOR, "request": request}).encode()


def equivalent_of(action: Action, store: Store) -> Action:
    """Return the equivalent that is performed in place of an action; the action itself when the store has none."""
    body = _body(action, store)
    if body is None or STANDS_FOR.encode() not in body:
        return action
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return action
    is_one = isinstance(document, dict) and document.get("schema") == STANDS_FOR
    request = document.get("request") if is_one else None
    return replace(action, request=request) if isinstance(request, dict) and "provider" in request else action


def _body(action: Action, store: Store) -> bytes | None:
    if action.kind != "script" or action.request["provider"] == SPEC:
        return None
    receipt = store.find(key(manifest(action, {})))
    return store.read(receipt.blob) if receipt else None


def follow_up_of(action: Action, store: Store) -> Action | None:
    """Return the request that follows an action, whether or not it was performed; None when there is none.

    That is the repair of its answer, or of its equivalent's; else the equivalent itself.
    """
    first = equivalent_of(action, store)
    body = _body(first, store)
    repair = repair_of(first, body) if body is not None else None
    return repair or (None if first is action else first)


def due(action: Action, store: Store) -> Action | None:
    """Return the follow-up that has yet to be performed; None when there is none, or it is in the store."""
    following = follow_up_of(action, store)
    if following is None or following.request["provider"] == SPEC:
        return None
    return following if store.find(key(manifest(following, {}))) is None else None


def with_follow_ups(action: Action, store: Store) -> list[Action]:
    """Return an action, with its equivalent and its follow-up where there are any."""
    more = [
        other for other in (equivalent_of(action, store), follow_up_of(action, store)) if other and other is not action
    ]
    return [action, *more]


def paid_after(receipt: Receipt, store: Store) -> list[Receipt]:
    """Return the receipts of the equivalent and the follow-up of a receipt's action."""
    if receipt.kind != "script" or receipt.provider == SPEC:
        return []
    action = Action(receipt.kind, receipt.manifest["recipe"], receipt.manifest["request"])
    keys = dict.fromkeys(key(manifest(other, {})) for other in with_follow_ups(action, store)[1:])
    return [found for name in keys if (found := store.find(name))]
