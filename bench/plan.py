"""What a look at 40 episodes of 20 lines costs, none of which was built, against loading them for `doit list`."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE)]

from noop import cpu_seconds  # noqa: E402
from workspace import Workspace  # noqa: E402

EPISODES, LINES, ROUNDS = 40, 20, 3
GOAL_RATIO = 3.0


def main() -> int:
    """Write, look, print; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        project = Workspace(Path(folder) / "project", "http://127.0.0.1:9")
        for at in range(EPISODES):
            lines = [f"ada: Line {n} of episode {at} says this | picture {n} of {at}" for n in range(LINES)]
            project.episode(f"e{at:02}", *lines)
        listed, planned = (
            statistics.median(cpu_seconds(look) for _ in range(ROUNDS))
            for look in (lambda: project.run("list"), lambda: project.run("plan", program="reelmake"))
        )
    good = planned < GOAL_RATIO * listed
    print(
        f"plan: {planned:.2f} CPU-s for {EPISODES * LINES} lines, {planned / listed:.2f} of loading them "
        f"({listed:.2f}); goal {GOAL_RATIO}: {'PASS' if good else 'FAIL'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
