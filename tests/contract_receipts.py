"""Receipts for tests of stores."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from reelmake.core.keys import digest_of, key
from reelmake.store.base import Receipt


def receipt_for(content: bytes, text: str = "Hi.", **changes: Any) -> Receipt:
    """Return a receipt for a content; `changes` are fields that differ."""
    asked = {"kind": "voice", "recipe": 1, "request": {"text": text, "pitch": 1.05, "tags": []}, "inputs": {}}
    manifest = changes.get("manifest", asked)
    made = Receipt(
        kind="voice",
        key=key(manifest),
        manifest=manifest,
        blob=digest_of(content),
        usd=Decimal("0.0120"),
        units={"characters": len(text)},
        provider="offline",
        made_at="2026-01-01T00:00:00Z",
        quoted_usd=changes.get("usd", Decimal("0.0120")),
    )
    return replace(made, **changes)
