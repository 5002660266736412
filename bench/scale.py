"""What a look at many finished episodes costs: nothing to do, and one line of one episode edited.

One episode of 12 lines is built by real steps, with providers that take no time. The others are copies of it under
other names, with records such as a build of each would have left. `scale.py N` measures N episodes in place of 1,000.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests")]

from workspace import Workspace  # noqa: E402

from reelmake.core.files import state_of  # noqa: E402
from reelmake.plan.kinds import KINDS  # noqa: E402
from reelmake.project.load import load_project  # noqa: E402
from reelmake.tasks.build import Build  # noqa: E402
from reelmake.tasks.job import TERMS, StepTask  # noqa: E402
from reelmake.tasks.records import DEPS, TARGETS, VALUES, Records  # noqa: E402

FEW, MANY, LINES, ROUNDS = 100, 1000, 12, 3
GOALS_CPU_SECONDS = {"doit": 2.0, "plan": 2.0, "check": 1.5}
GOAL_MORE_CPU_SECONDS, GOAL_MEGABYTES = 2.0, 400.0
COMMANDS = {"doit": ["doit"], "plan": ["reelmake", "plan"], "check": ["reelmake", "check"]}
FIRST = "e0000"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took of the processor and of memory, and what it said."""

    cpu_seconds: float
    megabytes: float
    told: str


class Season:
    """A project of finished episodes."""

    def __init__(self, folder: Path, episodes: int) -> None:
        self.project = Workspace(folder, provider="simulated")
        path = (str(HERE / "simulated"), self.project.env["PYTHONPATH"], str(HERE.parent / "tests"))
        log = {"SIMULATED_SECONDS": '{"voice": 0, "image": 0}', "SIMULATED_LOG": str(folder / "calls.log")}
        self.project.env = {**self.project.env, **log, "PYTHONPATH": os.pathsep.join(path)}
        self.names = [f"e{number:04}" for number in range(episodes)]
        self.write(FIRST)
        self.run("doit", f"video:{FIRST}")
        for name in self.names[1:]:
            self.write(name)
        self.copy()
        time.sleep(0.1)  # a file that was just written is not trusted

    def write(self, name: str, first: str = "This is how it begins") -> None:
        """Write a spec; all episodes say the same, which is then bought once."""
        lines = [f"ada: {first} | a door", *(f"max: And so it goes on, {n} | picture {n}" for n in range(1, LINES))]
        self.project.episode(name, *lines, title="A season")

    def copy(self) -> None:
        """Give all other episodes the outputs of the first one, and the records that builds of them would leave."""
        with chdir(self.project.root):
            sys.path[:0] = self.project.env["PYTHONPATH"].split(os.pathsep)
            records = Records(".reelmake/doit.db")
            project = load_project(Path(), [FIRST])
            build = Build(project, records, may_delay=False)
            first = project.productions[FIRST]
            for name in self.names[1:]:
                shutil.copytree(f"build/{FIRST}", f"build/{name}")
                Path(f"build/{name}/{FIRST}.mp4").rename(f"build/{name}/{name}.mp4")
                show = replace(first, name=name)
                for task in build._tasks(show, build.steps(show)):  # noqa: SLF001
                    if isinstance(task, StepTask):
                        record(records, task, name)
            records.close()

    def run(self, *words: str) -> Cost:
        """Run a command, and return what it took."""
        command = [str(Path(sys.executable).parent / words[0]), *words[1:]]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
            process = subprocess.Popen(
                command, cwd=self.project.root, env=self.project.env, stdout=told, stderr=subprocess.STDOUT
            )
            _, status, took = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            told.seek(0)
            text = told.read()
        if process.returncode:
            raise SystemExit(text)
        return Cost(took.ru_utime + took.ru_stime, took.ru_maxrss / 1024, text)

    def edited(self, words: str, *command: str) -> Cost:
        """Say something else in the first line of an episode in the middle, and build."""
        self.write(self.names[len(self.names) // 2], words)
        time.sleep(0.1)
        return self.run(*command)


def record(records: Records, task: Any, name: str) -> None:
    """Record a task as a build would: it made, and read, what the first episode's did, in a folder of its own."""
    kind = task.name.partition(":")[0]
    if KINDS[kind].is_after:
        return
    before = records.backend.record(task.name.replace(name, FIRST))
    held = {**before[TARGETS], **{path: before[path] for path in before[DEPS]}}
    held = {path.replace(FIRST, name): sha256 for path, sha256 in held.items()}
    inputs = {path: held[path] for path in task.file_dep}
    values = {**before[VALUES], TERMS: task.terms.request_json}
    outputs = {path: held[path] for path in task.targets}
    records.backend.put(task.name, {VALUES: values, DEPS: sorted(inputs), TARGETS: outputs, **inputs})
    for path in outputs:
        records.backend.set_digest(path, state_of(Path(path).stat()), held[path])


def measured(season: Season) -> tuple[dict[str, float], float]:
    """Return CPU seconds by what was done, and the most megabytes that any of it took."""
    for name, command in COMMANDS.items():
        print(f"  {name}, at first: {season.run(*command).cpu_seconds:.2f} CPU-s")
    costs: dict[str, list[Cost]] = {}
    for number in range(ROUNDS):
        for name, command in COMMANDS.items():
            costs.setdefault(name, []).append(season.run(*command))
        middle = f"video:{season.names[len(season.names) // 2]}"
        costs.setdefault("edited, named", []).append(season.edited(f"Named and new {number}", "doit", middle))
        costs.setdefault("edited", []).append(season.edited(f"Edited and new {number}", "doit"))
    steps = len(season.names) * (3 * LINES + 5)
    assert f"{steps} steps: {steps} up to date" in costs["doit"][-1].told, costs["doit"][-1].told
    assert f"{steps} to keep" in costs["plan"][-1].told
    assert f"{len(season.names)} episodes checked" in costs["check"][-1].told
    seconds = {name: statistics.median(cost.cpu_seconds for cost in each) for name, each in costs.items()}
    return seconds, max(cost.megabytes for each in costs.values() for cost in each)


def main() -> int:
    """Make two seasons, measure, print; returns the exit code."""
    many = int(sys.argv[1]) if sys.argv[1:] else MANY
    found = {}
    for count in dict.fromkeys((min(FEW, many), many)):
        with tempfile.TemporaryDirectory() as folder:
            season = Season(Path(folder) / "project", count)
            print(f"{count} episodes of {LINES} lines:")
            found[count] = measured(season)
        seconds, megabytes = found[count]
        print("  nothing to do: " + ", ".join(f"{name} {seconds[name]:.2f} CPU-s" for name in COMMANDS))
        named, edited = seconds["edited, named"], seconds["edited"]
        print(f"  a line edited: doit {edited:.2f} CPU-s, doit video:... {named:.2f} CPU-s; at most {megabytes:.0f} MB")
    few, (seconds, megabytes) = found[min(FEW, many)][0], found[many]
    more = seconds["edited"] - seconds["edited, named"]
    growth = max(seconds[name] / few[name] for name in COMMANDS)
    good = all(seconds[name] <= goal for name, goal in GOALS_CPU_SECONDS.items())
    good &= more <= GOAL_MORE_CPU_SECONDS and growth <= many / min(FEW, many) and megabytes <= GOAL_MEGABYTES
    goals = ", ".join(f"{name} {goal}" for name, goal in GOALS_CPU_SECONDS.items())
    print(
        f"scale: doit over doit video:... {more:.2f} CPU-s (at most {GOAL_MORE_CPU_SECONDS}), growth {growth:.1f} for "
        f"{many / min(FEW, many):.0f} times as many; goals of {many} episodes: {goals} CPU-s, "
        f"{GOAL_MEGABYTES:.0f} MB: {'PASS' if good else 'FAIL'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
