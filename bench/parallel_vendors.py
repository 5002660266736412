"""A cold build of one episode of 12 lines by the real adapters, against stand-ins that take as long as vendors do.

The stand-ins are a server in this process, on the same machine. What each call took is measured there, so that what
our side adds (imports, connections, polling, scheduling, encoding) is in the build and not in what it is compared with.

chain    the longest chain of this run: its script, its slowest picture, its last segment, its join
in turn  all calls of this run one after the other, by the sum of what each took, with one segment and the join;
         nothing is added for what our side would do in between
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from vendors.records import BOUGHT, Hit
from vendors.server import Vendors
from workspace import Workspace

LIMITS = {"elevenlabs": 8, "fal": 12, "openai-image": 12}
# The lowest and the highest, within what is known: scripts take 2 to 4 s, voices 0.5 to 1 s, pictures 6 to 10 s.
SECONDS = {"script": (3.0, 3.0), "voice": (0.5, 1.0), "image": (6.0, 10.0)}
STEP = 5  # neighbours are not alike: 0, 5, 10, 3, ... of 12
MOST_OF_CHAIN, LEAST_TIMES_FASTER = 1.2, 6.0


class Paces(dict[str, float]):
    """How long the next answer of a kind takes: spread over what it may take, always in the same order."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.lines, self.lock, self.asked = lines, threading.Lock(), dict.fromkeys(SECONDS, 0)

    def get(self, kind: str, default: Any = None) -> Any:
        """Return its seconds."""
        if kind not in SECONDS:
            return default
        with self.lock:
            at, self.asked[kind] = self.asked[kind], self.asked[kind] + 1
        low, high = SECONDS[kind]
        return low + (high - low) * (at * STEP % self.lines) / max(1, self.lines - 1)


class Clock(Vendors):
    """The stand-ins, with a clock; `calls` are (kind, when it came, when its answer was there) of what was bought."""

    def __init__(self, lines: int) -> None:
        super().__init__(elevenlabs_concurrency=LIMITS["elevenlabs"])
        self.seconds = Paces(lines)
        self.timed: list[tuple[str, float, float]] = []

    def serve(self, handler: Any, hit: Hit) -> None:
        """Answer, and note when."""
        came = time.monotonic()
        super().serve(handler, hit)
        if hit.kind in BOUGHT and hit.vendor != "fal":
            self.timed.append((hit.kind, came, time.monotonic()))

    @property
    def calls(self) -> list[tuple[str, float, float]]:
        """Return them; a picture of fal is there when its job has ended, whoever asks for it."""
        return [*self.timed, *(("image", job.runs, job.ends) for job in self.fal.jobs.values())]


def build(project: Workspace, image: str, lines: int) -> tuple[Clock, float, float, str]:
    """Build an episode; returns the clock, when it began, when it ended, and what was told."""
    for who in ("ada", "max"):
        project.write(f"characters/{who}.yaml", f"name: {who}\nvoice: {{elevenlabs: {{voice_id: voice-{who}}}}}\n")
    project.episode("one", topic="why moths love lamps", cast=["ada", "max"], lines=lines)
    limits = {f"REELMAKE_LIMITS__{pool.upper().replace('-', '_')}": str(most) for pool, most in LIMITS.items()}
    names = {"SCRIPT": "openai", "VOICE": "elevenlabs", "IMAGE": image}
    project.env |= limits | {f"REELMAKE_PROVIDERS__{kind}": name for kind, name in names.items()}
    with Clock(lines) as v:
        project.env |= v.env()
        began = time.monotonic()
        told = project.run().stderr
        ended = time.monotonic()
        assert v.violations == [], v.violations
        assert v.billed_count() == 1 + 2 * lines
    return v, began, ended, told


def run(image: str, lines: int = 12) -> bool:
    """Build with pictures by fal or openai, compare, print; says whether the goals are met."""
    with tempfile.TemporaryDirectory() as folder:
        clock, began, ended, told = build(Workspace(Path(folder) / "project"), image, lines)
    took = {kind: [there - came for each, came, there in clock.calls if each == kind] for kind in SECONDS}
    (script,) = [(came, there) for kind, came, there in clock.calls if kind == "script"]
    images = [(came, there) for kind, came, there in clock.calls if kind == "image"]
    steps = [(name, float(seconds)) for name, seconds in re.findall(r"^(\S+) made ([\d.]+)s", told, re.MULTILINE)]
    last = [seconds for name, seconds in steps if name.startswith("segment:")][-1] + dict(steps)["video:one"]
    wall, chain = ended - began, max(took["script"]) + max(took["image"]) + last
    in_turn = sum(map(sum, took.values())) + last
    good: bool = wall <= MOST_OF_CHAIN * chain and in_turn >= LEAST_TIMES_FASTER * wall
    ranges = ", ".join(f"{kind} {min(each):.1f} to {max(each):.1f} s" for kind, each in took.items())
    print(f"vendors: pictures by {image}; measured at the server: {ranges}; last segment and join {last:.1f} s")
    print(
        f"vendors: {script[0] - began:.2f} s until the script was asked for, "
        f"{max(came for came, _ in images) - script[1]:.2f} s from its answer until the last picture was, "
        f"{ended - max(there for _, there in images) - last:.2f} s after the last picture, without segment and join"
    )
    print(
        f"vendors: {wall:.1f} s, {wall / chain:.2f} of the chain of {chain:.1f} s (at most {MOST_OF_CHAIN}), "
        f"{in_turn / wall:.1f} times faster than in turn, {in_turn:.1f} s by sum (at least {LEAST_TIMES_FASTER:.0f}): "
        f"{'PASS' if good else 'FAIL'}"
    )
    return good
