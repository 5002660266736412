"""Requests of what is made here: each reads back as it was written, of every kind, in a build that has all of them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from reelmake.core.keys import canonical_json
from reelmake.plan import requests
from reelmake.plan.kinds import KINDS, SPEC

STEPS = Path(__file__).parents[1] / "golden" / "kitchen_sink" / "steps.yaml"
REQUESTS: dict[str, type[requests.Request]] = {
    "script": requests.WrittenScript,
    "background": requests.Frame,
    "music": requests.Ffmpeg,
    "timeline": requests.Timeline,
    "subtitles": requests.Captions,
    "segment": requests.Segment,
    "soundtrack": requests.Soundtrack,
    "video": requests.Frame,
    "inspection": requests.Ffmpeg,
    "cover": requests.Cover,
    "storyboard": requests.Ffmpeg,
}


@pytest.fixture(scope="module")
def pinned() -> dict[str, list[dict[str, Any]]]:
    """Return the requests of all steps of the golden, by kind."""
    found = defaultdict(list)
    for several in yaml.safe_load(STEPS.read_text("utf-8")).values():
        for step in several:
            found[step["manifest"]["kind"]].append(step["manifest"]["request"])
    return found


def test_the_request_of_each_kind_is_pinned(pinned: dict[str, list[dict[str, Any]]]) -> None:
    assert pinned.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.maker])
def test_a_request_reads_back_as_it_was_written(kind: str, pinned: dict[str, list[dict[str, Any]]]) -> None:
    written = [request for request in pinned[kind] if request.get("provider", SPEC) == SPEC]
    assert written
    for request in written:
        read = REQUESTS[kind].from_json(request)
        assert canonical_json(read.to_json()) == canonical_json(request)
        with pytest.raises(ValidationError, match="unknown"):
            REQUESTS[kind].from_json({**request, "unknown": 1})
