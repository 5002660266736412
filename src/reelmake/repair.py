"""A script that was paid for and cannot be used: it is asked for once more, and told what is wrong with it.

The follow-up is a request like any other, with a key of its own: it goes by the store, the cap, the notes and the
receipts, so that nobody pays for it twice. There is one at most: what comes of it is used, or told as it is.
"""

from __future__ import annotations

from dataclasses import replace

from reelmake.action import Action, Receipt, key, manifest
from reelmake.errors import SetupError, UnusableError
from reelmake.production import SPEC
from reelmake.providers import provider
from reelmake.store import Store


def follow_up(action: Action, body: bytes) -> Action | None:
    """Return what asks for a script once more, by the first answer; None when that can be used, or not mended."""
    name = action.request["provider"]
    if action.kind != "script" or name == SPEC:
        return None
    from reelmake.read import script_lines  # noqa: PLC0415 (what reads sound is slow to import)

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


def again_of(action: Action, store: Store) -> Action | None:
    """Return the follow-up of what is stored, whether or not it has been asked for; None when there is none."""
    receipt = store.find(key(manifest(action, {}))) if action.kind == "script" else None
    body = store.read(receipt.blob) if receipt else None
    return follow_up(action, body) if body is not None else None


def due(action: Action, store: Store) -> Action | None:
    """Return the follow-up that has yet to be asked for; None when there is none, or it is in the store."""
    again = again_of(action, store)
    return again if again and store.find(key(manifest(again, {}))) is None else None


def paid_after(receipt: Receipt, store: Store) -> Receipt | None:
    """Return the receipt of the follow-up of what was bought first; None when there was none."""
    if receipt.kind != "script" or receipt.provider == SPEC:
        return None
    again = again_of(Action(receipt.kind, receipt.manifest["recipe"], receipt.manifest["request"]), store)
    return store.find(key(manifest(again, {}))) if again else None
