"""Whether a long episode costs more, for each minute, than a short one: CPU and peak memory at 15 s and at 10 minutes.

The cost of starting a build, which is the same for any length, is measured with a build that has nothing to do, and
taken off both sides. Short ones are built before and after the long one, and the median counts: what a rented processor
does in a second differs by a tenth from one minute to the next. `--seconds 120` makes the long one shorter.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from standin_server import Standin  # noqa: E402
from workspace import Workspace  # noqa: E402

SHORT_SECONDS = 15
SHORTS = 4  # before the long one, and as many after it
MOST_MEMORY_MB = 1500
TOLERANCE = 0.10
WORDS = "this sentence keeps on talking about its own number for a little while"


def main() -> int:
    """Build a short and a long episode, compare, print; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=600)
    arguments.add_argument("--size", default="1080x1920")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, Standin() as vendor:
        project = Workspace(Path(folder) / "project", vendor.url, size=options.size)
        for name in ("assets/drift.mp4", "assets/calm.ogg"):
            project.write(name, (HERE.parent / name).read_bytes())
        write(project, "warm", 1)
        project.run("video:warm")
        start, _, _ = build(project, "warm")
        shorts: list[float] = []
        for number, seconds in enumerate([*[SHORT_SECONDS] * SHORTS, options.seconds, *[SHORT_SECONDS] * SHORTS]):
            write(project, f"e{number}", seconds)
            cpu, memory, length = build(project, f"e{number}")
            a_minute = (cpu - start) / length * 60
            print(f"long: {length:.0f} s: {cpu:.1f} CPU-s, {a_minute:.1f} a minute, {memory:.0f} MB at most")
            if number == SHORTS:
                long_one, most_mb = a_minute, memory
            else:
                shorts.append(a_minute)
    ratio = long_one / statistics.median(shorts)
    good = abs(ratio - 1) <= TOLERANCE and most_mb < MOST_MEMORY_MB
    print(f"long: a minute costs {ratio:.2f} of what it costs in a short one: {'PASS' if good else 'FAIL'}")
    return 0 if good else 1


def write(project: Workspace, name: str, seconds: int) -> None:
    """Write an episode of about this length."""
    count = max(1, round(seconds / 4.05))
    more = {"background": "assets/drift.mp4", "music": "assets/calm.ogg"}
    lines = [f"ada: Number {n} of {name}, {WORDS} | picture {name} {n}" for n in range(count)]
    project.episode(name, *lines, **more)


def build(project: Workspace, name: str) -> tuple[float, float, float]:
    """Build an episode; return CPU-s, the most memory that all processes held at once in MB, and its length in s."""
    most = [0.0]
    done = threading.Event()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = project.start(f"video:{name}")

    def watch() -> None:
        while not done.wait(0.2):
            most[0] = max(most[0], memory_of_tree(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, told = process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(told)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    video = json.loads((project.root / f"build/{name}/video.json").read_text())["video"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, most[0], float(video["duration_seconds"])


def memory_of_tree(root: int) -> float:
    """Return the resident memory of a process and all below it, in MB."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in told.splitlines()]
    tree = {root}
    for pid, parent, _ in sorted(rows):
        if parent in tree:
            tree.add(pid)
    return sum(rss for pid, _, rss in rows if pid in tree) / 1024


if __name__ == "__main__":
    sys.exit(main())
