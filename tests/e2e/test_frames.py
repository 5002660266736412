"""A paid call is shallow: what it passes between doit and the vendor can be read in one go."""

from __future__ import annotations

from standin_server import Standin
from workspace import Workspace

MOST_FRAMES = 14


def test_a_paid_call_passes_few_functions(project: Workspace, vendor: Standin) -> None:
    project.episode("one", topic="owls", cast=["ada"], lines=1)
    project.run()
    assert set(vendor.frames) == {"script", "voice", "image"}
    for kind, frames in vendor.frames.items():
        assert (frames[0], frames[-1]) == ("execute", "ask")
        assert len(frames) <= MOST_FRAMES, f"{kind}: {' > '.join(frames)}"
