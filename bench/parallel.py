"""How close a cold build comes to the lower bound that its pools allow: 20 episodes of 12 lines, simulated providers.

The bound is the largest of what each pool alone would take: all its work at its limit, once the first of it can start.
For the CPU that is all the CPU time that the build used, on all cores.

With `--vendors`, and after it without: one episode by the real adapters (see parallel_vendors.py).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from workspace import Workspace  # noqa: E402

EPISODES, LINES = 20, 12
SECONDS = {"script": 2.0, "voice": 0.5, "image": 3.0}
LIMITS = {"script": 8, "voice": 8, "image": 24}
GOAL = 1.15
ROUNDS = 3  # at most; whatever else runs here only adds time


def main() -> int:
    """Measure what is asked for; returns the exit code."""
    if sys.argv[1:] == ["--vendors"]:
        return 0 if vendors() else 1
    if sys.argv[1:]:
        print("usage: parallel.py [--vendors]")
        return 2
    return 0 if all([simulated(), vendors()]) else 1


def vendors() -> bool:
    """Build with each of the vendors of pictures, again when something else on the machine was in the way."""
    import parallel_vendors

    good = [any(parallel_vendors.run(image) for _ in range(ROUNDS)) for image in ("fal", "openai")]
    return all(good)


def simulated() -> bool:
    """Build, compare, print; says whether the goal is met."""
    with tempfile.TemporaryDirectory() as folder:
        project = Workspace(Path(folder) / "project", provider="simulated")
        limits = "\n".join(f"{name} = {limit}" for name, limit in LIMITS.items())
        config = project.root / "pyproject.toml"
        config.write_text(f"{config.read_text()}\n[tool.reelmake.limits]\n{limits}\n")
        for number in range(EPISODES):
            project.episode(f"e{number:02}", topic=f"topic {number}", cast=["ada", "max"], lines=LINES)
        log = project.root / "calls.log"
        path = os.pathsep.join((str(HERE / "simulated"), str(HERE.parent / "tests"), project.env["PYTHONPATH"]))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        project.run(PYTHONPATH=path, SIMULATED_SECONDS=json.dumps(SECONDS), SIMULATED_LOG=str(log))
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        calls = [(k, float(a), float(b)) for k, a, b in (line.split() for line in log.read_text().splitlines())]
    counts = {kind: sum(1 for k, _, _ in calls if k == kind) for kind in SECONDS}
    first = {"script": 0.0, "voice": SECONDS["script"], "image": SECONDS["script"]}
    bounds = {kind: first[kind] + counts[kind] * SECONDS[kind] / LIMITS[kind] for kind in SECONDS}
    bounds["cpu"] = cpu / (os.cpu_count() or 1)
    bound = max(bounds.values())
    peaks = {kind: most_at_once([(a, b) for k, a, b in calls if k == kind]) for kind in SECONDS}
    print(f"calls {counts}; at most at once {peaks}, limits {LIMITS}")
    print("bounds: " + ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in bounds.items()))
    kept = all(peaks[kind] <= LIMITS[kind] for kind in LIMITS)
    good = wall / bound <= GOAL and kept
    print(f"parallel: {wall:.1f} s, {wall / bound:.2f} of the bound (at most {GOAL}): {'PASS' if good else 'FAIL'}")
    return good


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """Return how many spans overlap at the most."""
    steps = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    running = most = 0
    for _, step in steps:
        running += step
        most = max(most, running)
    return most


if __name__ == "__main__":
    sys.exit(main())
