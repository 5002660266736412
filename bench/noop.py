"""What a plain `doit` with nothing to do costs, with three episodes, and what it imports; what the runner costs."""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent / "tests" / "shell")]

from doit_project import DoitProject  # noqa: E402
from standin_server import Standin  # noqa: E402
from workspace import Workspace  # noqa: E402

GOAL_SECONDS = 0.7
ROUNDS = 7
HEAVY = ("numpy", "PIL", "onnxruntime", "fontTools", "rich", "openai", "elevenlabs", "boto3", "hibari_tts")
GOAL_STEP_MS, GOAL_WAIT_SECONDS = 2.0, 0.1
STEPS = 1000
# CPU is measured inside the run: of steps that do nothing, and of a second in which one step sleeps.
DODO = """
def quick(i):
    def work():
        Path(f"o{i}").write_text("x")
        return Outcome("made")
    return Task(f"t:{i}", [Job(work)], targets=[f"o{i}"], uptodate=[config_changed("1")], task_dep=["first"])

def measure(name, seconds):
    def work():
        time.sleep(seconds)
        Path(name).write_text(str(time.process_time()))
        return Outcome("made")
    return Job(work)

def task_all():
    yield Task("first", [measure("first", 0)])
    for i in range(STEPS):
        yield quick(i)
    yield Task("last", [measure("last", 0)], task_dep=[f"t:{i}" for i in range(STEPS)])
    yield Task("sleep", [measure("sleep", 1)], task_dep=["last"])
"""
FLOOR = "import doit.doit_cmd, pydantic, yaml, sqlite3"


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
    with tempfile.TemporaryDirectory() as folder:
        good &= scheduling(DoitProject(Path(folder), f"STEPS = {STEPS}\n{DODO}"))
    return 0 if good else 1


def scheduling(project: DoitProject) -> bool:
    """Measure and print what the runner itself costs; says whether that is within the goals."""
    run = project.run("-r", "zero")
    if run.code:
        raise SystemExit(run.err)
    first, last, sleep = (float(project.read(name)) for name in ("first", "last", "sleep"))
    step_ms, wait = (last - first) / STEPS * 1000, sleep - last
    good = step_ms < GOAL_STEP_MS and wait < GOAL_WAIT_SECONDS
    print(
        f"runner: {step_ms:.2f} CPU-ms a step (goal {GOAL_STEP_MS}), {wait:.3f} CPU-s to wait for a second "
        f"(goal {GOAL_WAIT_SECONDS}): {'PASS' if good else 'FAIL'}"
    )
    return good


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
