"""What a plain `doit` with nothing to do costs, with three episodes, and what it imports."""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from standin_server import Standin  # noqa: E402
from workspace import Workspace  # noqa: E402

GOAL_SECONDS = 1.0
ROUNDS = 7
HEAVY = ("numpy", "PIL", "onnxruntime", "fontTools", "openai", "elevenlabs", "boto3", "rich", "hibari_tts")
FLOOR = "import doit.doit_cmd, pydantic, pydantic_settings, yaml, sqlite3"


def main() -> int:
    """Build, measure, print; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder, Standin() as vendor:
        project = Workspace(Path(folder) / "project", vendor.url)
        for name in ("one", "two", "three"):
            lines = [f"ada: Line {n} of episode {name} says this | picture {n}" for n in range(10)]
            project.episode(name, *lines)
        project.run()
        ours = [cpu_seconds(project.run) for _ in range(ROUNDS)]
        bare = [cpu_seconds(lambda: bare_imports(project)) for _ in range(ROUNDS)]
        told = project.run(PYTHONPROFILEIMPORTTIME="1").stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.splitlines() if "|" in line}
    heavy = sorted(imported & set(HEAVY))
    seconds, imports = statistics.median(ours), statistics.median(bare)
    good = seconds < GOAL_SECONDS and not heavy
    print(f"heavy imports: {', '.join(heavy) or 'none'}; {len(imported)} packages and modules in all")
    print(
        f"noop: {seconds:.2f} CPU-s, {seconds / imports:.2f} of importing doit, pydantic and yaml ({imports:.2f}); "
        f"goal {GOAL_SECONDS} CPU-s: {'PASS' if good else 'FAIL'}"
    )
    return 0 if good else 1


def bare_imports(project: Workspace) -> None:
    """Import what any build on these libraries has to import, and do nothing."""
    import subprocess

    subprocess.run([sys.executable, "-c", FLOOR], check=True, env=project.env)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time, user and system, of the processes that `work` starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
