"""Publish a finished video: look at it, send what is not there yet, and only then say that it is current.

Two may publish at once, and anybody may be killed at any moment: no half file has a final name, and `index.json` names
only what is there. Its writer looks afterwards whether an episode has changed meanwhile, and then writes it
again: the last one to write has seen everything that came before.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reelmake.core.errors import BuildError
from reelmake.core.files import file_digest
from reelmake.core.logging import log
from reelmake.engine.engine import Context, write_output
from reelmake.engine.provenance import unpublished, written
from reelmake.plan.episode import Production
from reelmake.publish.checks import Finding
from reelmake.publish.expected import of_episode
from reelmake.publish.index import (
    ASK_AGAIN,
    ENTRIES,
    FOR_EVER,
    INDEX,
    JSON_TYPE,
    Item,
    entry,
    entry_name,
    index,
    item,
    known_entries,
)
from reelmake.publish.merge_order import Merge
from reelmake.publish.targets import Place
from reelmake.spec.model import Line

MOST_ROUNDS: Final = 20  # of the index, while others publish too
Progress = Callable[[int, int], None]  # (bytes that are there, bytes in all)


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it: the links to the video, one for each target, and how many bytes were sent."""

    urls: tuple[str, ...]
    sent_bytes: int


class NotFitError(BuildError):
    """A video is not published, because something is wrong with it."""

    def __init__(self, what: str, fix: str = "", findings: Sequence[Finding] = ()) -> None:
        super().__init__(what, fix)
        self.findings = tuple(findings)


def publish(  # noqa: PLR0913 (what, how, where progress goes, and what is let pass)
    show: Production,
    context: Context,
    lines: Sequence[Line],
    places: Sequence[Place],
    progress: Progress = lambda _sent, _total: None,
    *,
    allow_degraded: bool = False,
    merge: Merge | None = None,
) -> Published:
    """Publish the video of an episode to all of its targets (`places`), and write into `video.json` where it is.

    `merge` is the commit that is published, if it is to give way to later ones.
    Raises NotFitError when it is not as it was to be, BuildError when a target cannot take it, and OvertakenError.
    """
    _refuse_unfit(show, context, lines, allow_degraded=allow_degraded)
    record = json.loads((context.root / show.path("video.json")).read_bytes())
    published = []
    sent = 0
    with tempfile.TemporaryDirectory(dir=context.work) as scratch:
        provenance = Path(scratch, "video.json")
        provenance.write_bytes(unpublished(record))
        files = {
            "video": context.root / show.path(f"{show.name}.mp4"),
            "cover": context.root / show.path("cover.jpg"),
            "srt": context.root / show.path("subtitles.srt"),
            "vtt": context.root / show.path("subtitles.vtt"),
            "provenance": provenance,
        }
        if gone := [file.name for file in files.values() if not file.is_file()]:
            raise BuildError(f"{', '.join(gone)} of {show.name} is not there", f"run `doit publish:{show.name}`")
        items = {part: item(show.name, part, file_digest(file), file.stat().st_size) for part, file in files.items()}
        for place in places:
            sent += _send(place, files, items, progress)
            urls = {part: place.link(one.name) for part, one in items.items()}
            _make_current(place, show.name, entry(record, items, urls if place.links_last else {}), merge)
            published.append({"to": place.to, "key": items["video"].name, "url": urls["video"], "cover": urls["cover"]})
    write_output(context, show.path("video.json"), written({**record, "published": published}))
    return Published(tuple(one["url"] for one in published), sent)


def _refuse_unfit(show: Production, context: Context, lines: Sequence[Line], *, allow_degraded: bool) -> None:
    verdict = of_episode(show, context, lines)
    for warning in verdict.warnings:
        log().warning(warning, episode=show.name)
    wrong = [one for one in verdict.findings if not (allow_degraded and one.check == "degraded")]
    if wrong:
        count = f"{len(wrong)} thing{'s are' if len(wrong) > 1 else ' is'} wrong with it"
        listed = "".join(f"\n  {one}" for one in wrong)
        raise NotFitError(f"the video of {show.name} is not published: {count}:{listed}", "", wrong)


def _send(place: Place, files: Mapping[str, Path], items: Mapping[str, Item], progress: Progress) -> int:
    """Send what a target does not have; returns how many bytes that was. The video comes last: it is the largest."""
    missing = [part for part in reversed(list(items)) if not place.has(items[part])]
    total, there = sum(items[part].size for part in missing), 0

    def sent(count: int) -> None:
        nonlocal there
        there += count
        progress(there, total)

    for part in missing:
        place.send(items[part], files[part], FOR_EVER, sent)
    return total


def _make_current(place: Place, episode: str, content: bytes, merge: Merge | None = None) -> None:
    """Say that a video is the current one of its episode, and make the list of all episodes anew."""
    name = entry_name(episode)
    if place.read(name) != content:
        if merge:
            merge.announce(place)  # once more: an older one may have written over it
        place.listed.discard(name)
        place.write(name, content, JSON_TYPE, ASK_AGAIN)
    elif name in place.listed:
        return
    for _ in range(MOST_ROUNDS):
        tags = place.tags(ENTRIES)
        before = place.read(INDEX)
        made = index(_entries(place, tags, before))
        if made != before:
            place.write(INDEX, made, JSON_TYPE, ASK_AGAIN)
        if place.tags(ENTRIES) == tags:
            place.listed |= tags.keys()
            return
    raise BuildError(f"{place.to}/{INDEX} changes all the time: others publish, too", "publish again in a minute")


def _entries(place: Place, tags: Mapping[str, str], before: bytes | None) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return what is current of each episode; only what has changed since the last list was made is read."""
    known = known_entries(_json(before))
    found = {}
    for name, tag in tags.items():
        if name in known and known[name][0] == tag:
            found[name] = known[name]
        elif (entry_json := _json(place.read(name))).get("episode"):
            found[name] = tag, entry_json
    return found


def _json(content: bytes | None) -> dict[str, Any]:
    """Read JSON that somebody else may have written; what is none counts as empty."""
    try:
        value = json.loads(content or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
