"""`video.json`: the parts that a video was made of, and their cost."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from reelmake.core.keys import canonical_json, digest_of, key, manifest
from reelmake.engine.engine import Context, write_output
from reelmake.engine.scripts import paid_after
from reelmake.media.placeholder_image import is_card
from reelmake.plan.episode import Production, Step
from reelmake.plan.kinds import KINDS, PAID

SCHEMA: Final = "reelmake/provenance@1"


def reads(show: Production, steps: Sequence[Step]) -> list[str]:
    """Return all files that decide what `video.json` holds, besides the video itself."""
    inputs = {path for step in steps for path in step.action.inputs.values()}
    return sorted({*inputs, show.path("timeline.json"), show.path("script.json")})


def decided_by(show: Production, steps: Sequence[Step]) -> str:
    """Return a digest of everything else that decides what `video.json` holds."""
    actions = [(step.name, step.action) for step in steps]
    requests = [[name, action.recipe, action.request, action.inputs] for name, action in actions]
    header = [SCHEMA, show.episode.title, show.episode.language, show.kit.ffmpeg, list(show.reel.size), show.reel.fps]
    return digest_of(canonical_json([header, requests]).encode())


def provenance(
    show: Production, steps: Sequence[Step], context: Context, earlier: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    """Return everything that a video came from: the same for the same video, on any machine and at any time.

    `earlier` is `made_of` of the file before: it still has the entries whose receipts are in a store that cannot be
    reached now.
    """
    timeline = json.loads((context.root / show.path("timeline.json")).read_bytes())
    script = json.loads((context.root / show.path("script.json")).read_bytes())
    paid: defaultdict[str, list[Decimal | None]] = defaultdict(list)
    degraded: list[dict[str, str]] = []
    made_of: dict[str, dict[str, str]] = {}
    sources: dict[str, str] = {}
    counted: set[str] = set()
    for step in steps:
        digests = {slot: context.digest(context.root / path) for slot, path in step.action.inputs.items()}
        name = key(manifest(step.action, digests))
        if KINDS[step.kind].can_degrade and is_card(context.root / step.action.outputs["picture"]):
            degraded.append({"step": step.name, "line": step.line, "prompt": str(step.action.request["prompt"])})
            continue
        receipt = context.store.find(name)
        if receipt:
            made_of[step.name] = {"key": name, "sha256": receipt.blob, "provider": receipt.provider}
        elif (entry := (earlier or {}).get(step.name)) and entry.get("key") == name and _is_of(entry, step, context):
            made_of[step.name] = dict(entry)
        else:
            continue
        sources.update({p: digests[s] for s, p in step.action.inputs.items() if not p.startswith(show.path(""))})
        if receipt and step.kind in PAID and name not in counted:
            paid[step.kind] += [receipt.usd, *(after.usd for after in paid_after(receipt, context.store))]
            counted.add(name)
    video = show.path(f"{show.name}.mp4")
    placed = [
        {**said, **{name: at[name] for name in ("id", "start_frame", "frames")}}
        for said, at in zip(script["lines"], timeline["lines"], strict=True)
    ]
    return {
        "schema": SCHEMA,
        "episode": show.name,
        "title": show.episode.title,
        "language": show.episode.language,
        "video": {
            "file": video,
            "sha256": context.digest(context.root / video),
            "width": show.reel.size[0],
            "height": show.reel.size[1],
            "fps": show.reel.fps,
            "frames": timeline["frames"],
            "duration_seconds": round(timeline["frames"] / show.reel.fps, 3),
        },
        "lines": placed,
        "cost": {
            "usd": _sum([usd for part in paid.values() for usd in part]),
            "by_kind": {kind: _sum(paid[kind]) for kind in sorted(paid)},
        },
        "degraded": degraded,
        "published": [],
        "ffmpeg": show.kit.ffmpeg,
        "sources": dict(sorted(sources.items())),
        "made_of": made_of,
    }


def _is_of(entry: Mapping[str, str], step: Step, context: Context) -> bool:
    """Say whether an entry of `made_of` is of the step's output as it is here, or left in the store."""
    return entry.get("sha256") in {context.digest(context.root / path) for path in step.action.outputs.values()}


def _sum(amounts: Sequence[Decimal | None]) -> str | None:
    """Add up amounts; None when one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return str(sum(known, Decimal(0))) if len(known) == len(amounts) else None


def write_provenance(show: Production, steps: Sequence[Step], context: Context) -> None:
    """Write `video.json` beside the video. `published` is kept while the video is the same."""
    try:
        before = json.loads((context.root / show.path("video.json")).read_bytes())
        made_of, sha256, published = dict(before["made_of"]), before["video"]["sha256"], before["published"]
    except (OSError, ValueError, KeyError, TypeError):
        made_of, sha256, published = {}, "", []
    document = provenance(show, steps, context, made_of)
    if sha256 == document["video"]["sha256"]:
        document["published"] = published
    write_output(context, show.path("video.json"), written(document))


def written(document: Mapping[str, Any]) -> bytes:
    """Return `video.json` as it is written."""
    return f"{json.dumps(document, indent=1, ensure_ascii=False)}\n".encode()


def unpublished(document: Mapping[str, Any]) -> bytes:
    """Return `video.json` as it is published: the same for the same video, wherever it goes."""
    return written({**document, "published": []})
