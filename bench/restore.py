"""Restoring a finished episode on an empty machine, against copying the same bytes with boto3 alone.

Both sides start a Python of their own and fetch from a real S3 server on loopback, in one run: the restore is plain
`doit` in a project that has never built; the copy downloads the very objects that the restore did, one after the other.
Once with no latency at all, where the copy is little more than the start of Python and boto3, and the restore that of
doit and the reading of voices besides; and once with that of a server some way off.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from s3_faults import Door  # noqa: E402
from seaweed import Seaweed  # noqa: E402
from standin_server import Standin  # noqa: E402
from workspace import Workspace  # noqa: E402

LINES = 12
ROUNDS = 7
GOALS = {0.0: 1.5, 0.03: 0.5}  # seconds that each request takes (0.03: a region nearby) -> times at most
WORDS = "this sentence keeps on talking about the number of a line until it is long enough"
COPY = """
import os, sys
import boto3
from botocore.config import Config
s3 = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT_URL"], region_name="us-east-1",
                  config=Config(s3={"addressing_style": "path"}))
bucket, folder, *keys = sys.argv[1:]
for number, key in enumerate(keys):
    s3.download_file(bucket, key, f"{folder}/{number}")
"""


def main() -> int:
    """Measure, print; returns the exit code."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Seaweed(Path(folder) / "seaweed") as server,
        Door(server.url) as door,
        Standin() as vendor,
    ):
        bucket = server.bucket()
        env = {**server.env, "S3_ENDPOINT_URL": door.url, "REELMAKE_STORE_URL": f"s3://{bucket}/team"}
        made = project_at(Path(folder) / "made", vendor.url, env)
        made.run()
        calls = vendor.count()
        good = True
        for latency_seconds in GOALS:
            door.latency_seconds = latency_seconds
            good &= compare(Path(folder) / f"{latency_seconds}", vendor.url, env, door, bucket)
        assert vendor.count() == calls, "a restore asks no vendor"
        total = sum(path.stat().st_size for path in (made.root / "build").rglob("*") if path.is_file())
        print(f"restore: all outputs of the build are {total / 1e6:.1f} MB")
    return 0 if good else 1


def compare(folder: Path, vendor_url: str, env: dict[str, str], door: Door, bucket: str) -> bool:
    """Restore and copy in turn, and print the ratio of the medians."""
    restores, copies, moved = [], [], 0
    for number in range(ROUNDS):
        empty = project_at(folder / f"empty{number}", vendor_url, env)
        door.asked.clear()
        restores.append(seconds([sys.executable, "-m", "doit"], empty.root, empty.env))
        fetched = [told for told in door.asked if told[0] == "GET" and told[3] and "/team/" in told[1]]
        keys = [path.removeprefix(f"/{bucket}/") for _, path, _, _ in fetched]
        moved = sum(told[3] for told in door.asked)
        shutil.rmtree(empty.root)
        copied = folder / f"copy{number}"
        copied.mkdir()
        copies.append(seconds([sys.executable, "-c", COPY, bucket, str(copied), *keys], copied, empty.env))
        shutil.rmtree(copied)
    restore, copy = statistics.median(restores), statistics.median(copies)
    ratio = restore / copy
    told = f"{restore:.2f} s against {copy:.2f} s by boto3 alone, {moved / 1e6:.1f} MB in {len(keys)} objects"
    goal = GOALS[door.latency_seconds]
    verdict = "PASS" if ratio <= goal else "FAIL"
    latency_ms = round(door.latency_seconds * 1000)
    print(f"restore: {latency_ms} ms a request: {told}: {ratio:.2f} times (at most {goal}: {verdict})")
    return ratio <= goal


def project_at(root: Path, vendor_url: str, env: dict[str, str]) -> Workspace:
    """Return a project of one episode that has never been built."""
    project = Workspace(root, vendor_url, size="720x1280")
    project.env.update(env)
    for asset in ("drift.mp4", "calm.ogg"):
        project.write(f"assets/{asset}", (HERE.parent / "assets" / asset).read_bytes())
    lines = [f"ada: Here {WORDS} {n} | picture {n}" for n in range(LINES)]
    project.episode("one", *lines, background="assets/drift.mp4", music="assets/calm.ogg")
    return project


def seconds(command: list[str], folder: Path, env: dict[str, str]) -> float:
    """Run a program, and return how long it took."""
    began = time.monotonic()
    subprocess.run(command, cwd=folder, env={**os.environ, **env}, check=True, capture_output=True)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
