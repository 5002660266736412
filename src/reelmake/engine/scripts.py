"""A script that was paid for and cannot be used: it is asked for once more, and told what is wrong with it.

The follow-up is a request like any other, with a key of its own: it goes by the store, the cap, the notes and the
receipts, so that nobody pays for it twice. There is one at most: what comes of it is used, or told as it is.

What is kept under a key may also be another request, which stands for it: a translation is asked for with all that is
known of it (see `remembered`).
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
from reelmake.store.base import Store
from reelmake.store.receipt import Receipt

STANDS_FOR: Final = "reelmake/stands-for@1"


def follow_up(action: Action, body: bytes) -> Action | None:
    """Return what asks for a script once more, by the first answer; None when that can be used, or not mended."""
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
        return None  # the step that writes the script says what is wrong with it, whatever that is
    return None


def stands_for(request: Mapping[str, Any]) -> bytes:
    """Return what is kept under the key of a request when another one is asked in its place."""
    return canonical_json({"schema": STANDS_FOR, "request": request}).encode()


def equivalent_of(action: Action, store: Store) -> Action:
    """Return what is asked in place of an action; itself, nearly always."""
    body = _body(action, store)
    if body is None or STANDS_FOR.encode() not in body:
        return action
    told = json.loads(body)
    is_one = isinstance(told, dict) and told.get("schema") == STANDS_FOR
    return replace(action, request=told["request"]) if is_one else action


def _body(action: Action, store: Store) -> bytes | None:
    if action.kind != "script" or action.request["provider"] == SPEC:
        return None
    receipt = store.find(key(manifest(action, {})))
    return store.read(receipt.blob) if receipt else None


def follow_up_of(action: Action, store: Store) -> Action | None:
    """Return the follow-up of what is stored, whether or not it has been asked for; None when there is none.

    The last one, where another request stands for it that had to be asked again.
    """
    first = equivalent_of(action, store)
    body = _body(first, store)
    again = follow_up(first, body) if body is not None else None
    return again or (None if first is action else first)


def due(action: Action, store: Store) -> Action | None:
    """Return the follow-up that has yet to be asked for; None when there is none, or it is in the store."""
    again = follow_up_of(action, store)
    if again is None or again.request["provider"] == SPEC:
        return None
    return again if store.find(key(manifest(again, {}))) is None else None


def asked_in_all(action: Action, store: Store) -> list[Action]:
    """Return an action with all that is asked for its sake."""
    more = [
        other for other in (equivalent_of(action, store), follow_up_of(action, store)) if other and other is not action
    ]
    return [action, *more]


def paid_after(receipt: Receipt, store: Store) -> list[Receipt]:
    """Return the receipts of what was bought for the sake of another one."""
    if receipt.kind != "script" or receipt.provider == SPEC:
        return []
    action = Action(receipt.kind, receipt.manifest["recipe"], receipt.manifest["request"])
    keys = dict.fromkeys(key(manifest(other, {})) for other in asked_in_all(action, store)[1:])
    return [found for name in keys if (found := store.find(name))]
