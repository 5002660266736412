"""ElevenLabs' history: what was ever synthesised, also what its buyer never got to hear."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vendors.elevenlabs_errors import error
from vendors.records import Answer, in_json


@dataclass
class Item:
    """One synthesis."""

    id: str
    request_id: str
    voice_id: str
    model_id: str
    text: str
    date_unix: int
    credits: int
    output_format: str
    settings: dict[str, Any]
    alignments: dict[str, Any]
    sound: bytes
    before: int = 0

    def body(self, *, aligned: bool) -> dict[str, Any]:
        """Return it as the API shows it; a list shows no alignments."""
        complete = all(self.alignments.values())
        return {
            "history_item_id": self.id,
            "request_id": self.request_id,
            "voice_id": self.voice_id,
            "model_id": self.model_id,
            "voice_name": f"Voice {self.voice_id}",
            "voice_category": "premade",
            "text": self.text,
            "date_unix": self.date_unix,
            "character_count_change_from": self.before,
            "character_count_change_to": self.before + self.credits,
            "content_type": "audio/mpeg",
            "state": "created",
            "settings": self.settings,
            "source": "TTS",
            "alignments": self.alignments if aligned and complete else None,
            "output_format": self.output_format,
        }


class History:
    """The items, oldest first, and what they cost together."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.items: list[Item] = []
        self.credits = 0

    def add(self, item: Item, *, kept: bool) -> None:
        """Count what it cost, and keep it if it is to be kept."""
        with self.lock:
            item.before = self.credits
            self.credits += item.credits
            if kept:
                self.items.append(item)

    def list(self, query: Mapping[str, str]) -> Answer:
        """Answer with a page of what the query asks for."""
        if "model_id" in query and "source" not in query:
            return error(400, "validation_error", "missing_source", "source is required with model_id.", "source")
        size = int(query.get("page_size", 100))
        if not 1 <= size <= 1000:
            return error(400, "validation_error", "invalid_page_size", "page_size is 1 to 1000.", "page_size")
        with self.lock:
            found = [item for item in self.items if asked_for(item, query)]
        if query.get("sort_direction", "desc") == "desc":
            found.reverse()
        ids = [item.id for item in found]
        after = query.get("start_after_history_item_id")
        first = ids.index(after) + 1 if after in ids else 0
        page = found[first : first + size]
        return in_json(
            200,
            {
                "history": [item.body(aligned=False) for item in page],
                "last_history_item_id": page[-1].id if page else None,
                "has_more": len(found) > first + size,
                "scanned_until": None,
            },
        )

    def item(self, id_: str) -> Answer:
        """Answer with one item, its alignments included."""
        found = self._find(id_)
        return in_json(200, found.body(aligned=True)) if found else not_found()

    def audio(self, id_: str) -> Answer:
        """Answer with an item's sound; see House.elevenlabs_history_sound."""
        found = self._find(id_)
        return Answer(200, found.sound, "audio/mpeg") if found else not_found()

    def _find(self, id_: str) -> Item | None:
        with self.lock:
            return next((item for item in self.items if item.id == id_), None)


def asked_for(item: Item, query: Mapping[str, str]) -> bool:
    """Tell whether an item passes the query's filters."""
    return (
        query.get("voice_id") in (None, item.voice_id)
        and query.get("model_id") in (None, item.model_id)
        and query.get("source", "TTS") == "TTS"
        and query.get("search", "").lower() in item.text.lower()
        and item.date_unix >= int(query.get("date_after_unix", 0))
        and item.date_unix < int(query.get("date_before_unix", 2**40))
    )


def not_found() -> Answer:
    """Say that there is no such item."""
    return error(404, "not_found", "history_item_not_found", "History item not found.", "history_item_id")
