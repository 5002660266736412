"""What a published video is called, and the lists of what is current. Pure.

Everything of a video is under a name made of its content, which is never written twice with something else:
`videos/<episode>/<first 16 of its sha256>.mp4`. Small files that change say what is current: one for each
episode, so that two who publish at once disturb nobody, and `index.json`, made of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reelmake.core.keys import canonical_json

SCHEMA: Final = "reelmake/index@1"
INDEX: Final = "index.json"
ENTRIES: Final = "index/"
MERGES: Final = "merges/"
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
JSON_TYPE: Final = "application/json"
LINK_SECONDS: Final = 7 * 24 * 3600  # the longest that a signed link may last

# What belongs to a video: its part in the entry -> the end of its name, and its content type.
PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "video": ("mp4", "video/mp4"),
    "cover": ("jpg", "image/jpeg"),
    "srt": ("srt", "application/x-subrip; charset=utf-8"),
    "vtt": ("vtt", "text/vtt; charset=utf-8"),
    "provenance": ("json", JSON_TYPE),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A file that is published: what it is of a video, its name there, its digest, its size."""

    part: str
    name: str
    sha256: str
    size: int

    @property
    def content_type(self) -> str:
        """What it is, as HTTP says it."""
        return PARTS[self.part][1]


def item(episode: str, part: str, sha256: str, size: int) -> Item:
    """Return a part of a video with its name, which is made of its content."""
    return Item(part, f"videos/{episode}/{sha256[:16]}.{PARTS[part][0]}", sha256, size)


def entry(record: Mapping[str, Any], items: Mapping[str, Item], urls: Mapping[str, str]) -> bytes:
    """Return the entry of an episode's current video: the same for the same video, on every machine.

    record  its provenance
    urls  where its parts are, for those whose address does not change
    """
    video = record["video"]
    parts = {
        part: {"key": one.name, "sha256": one.sha256, "bytes": one.size, "content_type": one.content_type}
        | ({"url": urls[part]} if part in urls else {})
        for part, one in items.items()
    }
    shape = {name: video[name] for name in ("width", "height", "fps", "frames", "duration_seconds")}
    about = {"episode": record["episode"], "title": record["title"], "language": record["language"]}
    return _written({**about, **shape, "degraded": len(record["degraded"]), **parts})


def entry_name(episode: str) -> str:
    """Return where the entry of an episode is."""
    return f"{ENTRIES}{episode}.json"


def index(entries: Mapping[str, tuple[str, Mapping[str, Any]]]) -> bytes:
    """Return the list of what is current: `entries` has, for each of their names, the tag that it had and what it says.

    The tags are written down, so that the next writer of the list reads only the entries that have changed.
    """
    episodes = {record["episode"]: {**record, "tag": tag} for _, (tag, record) in sorted(entries.items())}
    return _written({"schema": SCHEMA, "episodes": episodes})


def known_entries(listed: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the entries that a list was made of, by their names; of a list that is none, nothing."""
    episodes = listed.get("episodes") if listed.get("schema") == SCHEMA else None
    if not isinstance(episodes, Mapping):
        return {}
    return {
        entry_name(name): (str(record["tag"]), {key: value for key, value in record.items() if key != "tag"})
        for name, record in episodes.items()
        if isinstance(record, Mapping) and "tag" in record
    }


def _written(record: Mapping[str, Any]) -> bytes:
    return f"{canonical_json(record)}\n".encode()
