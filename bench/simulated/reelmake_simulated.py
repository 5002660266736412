"""Providers that only take time: what a vendor's latency does to a build, without a server that competes for the CPU.

SIMULATED_SECONDS gives the seconds of each kind, as JSON; SIMULATED_LOG names a file to which every call is appended
as `kind start end`, so that a bench can see what overlapped.
"""

from __future__ import annotations

import json
import os
import time
from typing import ClassVar

from reelmake_standin import StandinImage, StandinScript, StandinVoice
from standin_server import ANSWERS

from reelmake.providers.base import Answer, Call, Request


def _wait(kind: str, request: Request) -> Answer:
    start = time.monotonic()
    time.sleep(json.loads(os.environ["SIMULATED_SECONDS"])[kind])
    with open(os.environ["SIMULATED_LOG"], "a", encoding="utf-8") as log:  # noqa: PTH123 (one write, appended whole)
        log.write(f"{kind} {start} {time.monotonic()}\n")
    return Answer(ANSWERS[kind](dict(request)))


class SimulatedVoice(StandinVoice):
    """Takes its time to click."""

    pool: ClassVar[str] = "voice"

    def ask(self, request: Request, call: Call) -> Answer:  # noqa: ARG002 nobody is asked
        """Wait, and click."""
        return _wait("voice", request)


class SimulatedImage(StandinImage):
    """Takes its time to paint."""

    pool: ClassVar[str] = "image"

    def ask(self, request: Request, call: Call) -> Answer:  # noqa: ARG002 nobody is asked
        """Wait, and paint."""
        return _wait("image", request)


class SimulatedScript(StandinScript):
    """Takes its time to write."""

    pool: ClassVar[str] = "script"

    def ask(self, request: Request, call: Call) -> Answer:  # noqa: ARG002 nobody is asked
        """Wait, and write."""
        return _wait("script", request)
