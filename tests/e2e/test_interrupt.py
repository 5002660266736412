"""Ctrl-C while vendors make a build wait: what was sent is finished and kept, what waits to be sent again is not."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from vendors.server import Vendors
from workspace import Workspace

PAUSE_SECONDS = 120  # longer than any test may take: who waits for it hangs


@pytest.mark.slow
def test_nobody_waits_for_a_vendors_pause_after_an_interruption(tmp_path: Path) -> None:
    with Vendors() as v:
        project = Workspace(tmp_path / "project")
        settings = (project.root / "pyproject.toml").read_text("utf-8")
        for kind, provider in (("voice", "elevenlabs"), ("image", "fal")):
            settings = settings.replace(f'{kind} = "standin"', f'{kind} = "{provider}"')
        project.write("pyproject.toml", settings)
        project.write("characters/ada.yaml", "name: Ada\nvoice: {elevenlabs: {voice_id: vada}}\n")
        project.episode("sky", "ada: Why is it blue?", "ada: Why is it red?")
        v.fail("voice", "busy", times=None, retry_after=PAUSE_SECONDS)
        build = project.start(**v.env(), REELMAKE_LIMITS__ELEVENLABS="1")  # nothing else is on its way when we look
        end = time.monotonic() + 60
        while not (v.count("elevenlabs", "voice") and v.billed_count("fal", "image") == 2) and time.monotonic() < end:
            time.sleep(0.05)
        asked = v.count("elevenlabs", "voice")
        assert asked
        build.send_signal(signal.SIGINT)
        _, told = build.communicate(timeout=60)
        assert build.returncode == 130
        assert "it was not asked for: the build is stopping" in told
        assert v.count("elevenlabs", "voice") == asked
