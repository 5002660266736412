"""Write what follows from the code: reference pages, `schemas/`, the list of samples.

Run it by `uv run python -m tools.make_reference`.
The tables come from the models that read specs and settings, the help pages from the commands themselves. With
`--check` nothing is written: it names the files that are stale, and ends with exit code 1 if there is one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from reelmake.cli import app
from reelmake.cli.starter import LISTED
from reelmake.core.keys import digest_of
from reelmake.engine.rate_limit import DEFAULT_LIMIT
from reelmake.plan.kinds import KINDS, PUBLISH
from reelmake.project.schemas import SCHEMAS, schema_text
from reelmake.project.settings import Settings
from reelmake.providers import PROVIDERS
from reelmake.tasks.publishing import ABOUT
from tools.package_map import with_map
from tools.reference_tables import CHARACTER_PARTS, EPISODE_PARTS, section, settings_rows

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
SHAPE = ROOT / "docs" / "explanation" / "shape.md"  # the map in it is written here, and the words around it by hand
SCHEMA_FILES = ROOT / "schemas"  # specs name them, for editors: they are read in git, too
COMMAND = "uv run python -m tools.make_reference"
HELP_COLUMNS = 100

ALL_HELPS = """
import contextlib, importlib.metadata, io, json, sys

helps = []
for command in sys.argv[1:]:
    program, *_ = sys.argv[:] = command.split()
    sys.argv.append("--help")
    (script,) = importlib.metadata.entry_points(group="console_scripts", name=program)
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.suppress(SystemExit):
        script.load()()
    helps.append(told.getvalue())
print(json.dumps(helps))
"""
DOIT_CODES = {
    0: "everything that was asked for is there",
    1: "a step failed: what was finished is kept, and so is everything that did not depend on it; or bills were over "
    "the cap or the budget",
    2: "a step broke: a mistake in reelmake, told with a traceback",
    3: "nothing was started: a spec, a setting or the command line is wrong",
    130: "interrupted (Ctrl-C or SIGTERM): what was running has been finished and kept",
}
STAGES = ("dialogue_api", "video_from_dialogue_api")
STAGE_CODES = {
    0: "every request has its answer",
    1: "some failed: their answers are errors, and what succeeded is there",
    2: "a request, a spec, a setting or the machine is wrong: nothing was run",
    130: "interrupted (Ctrl-C or SIGTERM): what was running has been finished and kept",
}
REELMAKE_CODES = {
    0: "done, and no mistake was found",
    1: "something could not be done",
    2: "a spec, a setting or the command line is wrong, or the machine lacks something",
    130: "interrupted (Ctrl-C): where it was building, what was running has been finished and kept",
}


def spec_page() -> str:
    """Return the page of episodes and characters."""
    parts = [
        *_head("Episodes and characters"),
        "Every name that a spec may use, what it may hold, and what it is when it is left out.",
        "Unknown names, wrong types and missing files are errors with file and line, all of them at once;",
        "`reelmake check` reports them, and a build does before it starts anything.",
        "",
        "Text is taken as it is written: `no` and `1e3` are words where words are expected.",
        "",
        "## Episode: `episodes/<name>.yaml`",
        "",
        "The file's name, at most 64 lower-case letters, digits, `-` and `_`, is the episode's name.",
    ]
    for model, place in EPISODE_PARTS.items():
        parts += section(model, place)
    parts += [
        "",
        "## Character: `characters/<name>.yaml`",
        "",
        "The file's name is the one that specs use; it is made of the same letters as an episode's.",
    ]
    for model, place in CHARACTER_PARTS.items():
        parts += section(model, place)
    return _page(parts)


def settings_page() -> str:
    """Return the page of settings."""
    parts = [
        *_head("Settings"),
        "What a team shares stands in the project's `pyproject.toml`, under `[tool.reelmake]`.",
        "Each value can be overridden by an environment variable, and a variable can also stand in the file `.env`.",
        "The environment wins over `.env`, and `.env` over `pyproject.toml`.",
        "",
        "| in `[tool.reelmake]` | variable | what it may hold | default | meaning |",
        "|---|---|---|---|---|",
        *settings_rows(Settings, ()),
        "",
        "`limits` takes the names of pools.",
        "`cpu` is everything that works on this machine: as many steps as it has processors, unless it is set.",
        f"A provider may have a pool of its own: {DEFAULT_LIMIT} steps, unless it is set.",
        "The offline providers work in `cpu`.",
        "",
        "The providers that ship along:",
        "",
        *(f"- {kind}: {', '.join(f'`{name}`' for name in names)}" for kind, names in _providers().items()),
        "",
        "Packages can bring more; see [how to add a provider](../how-to/add-a-provider.md).",
        "",
        "## What makes a folder a project",
        "",
        "These lines of `pyproject.toml` give plain `doit` its loader and its commands, in this folder only.",
        "A file `dodo.py` stands beside it, and holds tasks of your own, or nothing.",
        "",
        "```toml",
        *_wiring(),
        "```",
    ]
    return _page(parts)


def commands_page() -> str:
    """Return the page of commands."""
    made = {**{name: kind.makes for name, kind in KINDS.items()}, PUBLISH: ABOUT}
    kinds = [f"| `{name}` | {makes} | `{_task_name(name)}` |" for name, makes in made.items()]
    parts = [
        *_head("Commands"),
        "`doit` is the build, and `reelmake` is everything that is not a build.",
        "",
        "## doit",
        "",
        "| command | what it does |",
        "|---|---|",
        "| `doit` | builds every episode |",
        "| `doit video:sky` | builds one episode |",
        "| `doit voice:sky image:sky` | makes only the voices and pictures of an episode |",
        "| `doit build/sky/sky.mp4` | builds the file that it names |",
        "| `doit 'segment:sky:*'` | makes all tasks whose names match |",
        "| `doit publish` | publishes all videos; `doit publish:sky` one; with `--allow-degraded`, cards too |",
        "| `doit list` | lists the kinds of step; with `--all` every step, with `--status` whether it is up to date |",
        "| `doit info TASK` | tells what a step reads and writes, and why it would run |",
        "| `doit clean` | removes what was built; `doit clean video:sky` only that |",
        "| `doit forget TASK` | forgets that a step was made; the store does not: it is fetched from there |",
        "| `doit help` | lists all of doit's commands |",
        "",
        "Progress and errors go to stderr.",
        "In a terminal there is a live display, elsewhere a line for each step that ran:",
        "`made` (for the first time), `restored` (from the store, for nothing) or `failed`.",
        "Ctrl-C lets the steps that are running finish; a second one leaves at once.",
        "",
        "### Kinds of step",
        "",
        "Each is a group of tasks that can be asked for by its name.",
        "",
        "| kind | what it makes | its tasks are called |",
        "|---|---|---|",
        *kinds,
        "",
        "### Exit codes of doit",
        "",
        *_codes(DOIT_CODES),
        "",
        "## reelmake",
        "",
        "```text",
        *_help(),
        "```",
    ]
    for name in _commands():
        parts += ["", f"### reelmake {name}", "", "```text", *_help(name), "```"]
    parts += ["", "### Exit codes of reelmake", "", *_codes(REELMAKE_CODES), "", "## The two stages"]
    for program in STAGES:
        parts += ["", f"### {program}", "", "```text", *_help(program=program), "```"]
    parts += ["", "### Exit codes of the stages", "", *_codes(STAGE_CODES)]
    return _page(parts)


PAGES = {"spec.md": spec_page, "settings.md": settings_page, "commands.md": commands_page}


def samples_list() -> str:
    """Return the files that `reelmake init` writes, with their digests, as `sha256sum` would: those of the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    command = ["git", "-C", str(ROOT), "ls-files", "-z", *packed]
    found = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.split("\0")
    return "".join(f"{digest_of((ROOT / name).read_bytes())}  {name}\n" for name in sorted(filter(None, found)))


def _head(title: str) -> list[str]:
    return [f"# {title}", "", f"<!-- Written by `{COMMAND}`: change the code, not this page. -->", ""]


def _page(parts: list[str]) -> str:
    return "\n".join(parts) + "\n"


def _providers() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in PROVIDERS:
        kind, _, provider = name.partition(".")
        found.setdefault(kind, []).append(provider)
    return found


def _wiring() -> Iterator[str]:
    """Yield the lines of our own pyproject.toml that make it a project."""
    doit = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["doit"]
    yield from ("[tool.doit]", f"loader = {json.dumps(doit['loader'])}")
    for kind, plugins in doit["plugins"].items():
        yield from ("", f"[tool.doit.plugins.{kind}]")
        yield from (f"{name} = {json.dumps(where)}" for name, where in plugins.items())


def _task_name(kind: str) -> str:
    return f"{kind}:<episode>:<line>" if kind in KINDS and KINDS[kind].is_per_line else f"{kind}:<episode>"


def _codes(codes: Mapping[int, str]) -> Iterator[str]:
    yield from ("| exit code | meaning |", "|---|---|")
    yield from (f"| {code} | {meaning} |" for code, meaning in codes.items())


def _help(*command: str, program: str = "reelmake") -> list[str]:
    """Return what `PROGRAM [COMMAND] --help` prints, in a terminal of a fixed width and without colours."""
    return [line.rstrip() for line in _helps()[" ".join((program, *command))].strip("\n ").splitlines()]


@cache
def _helps() -> dict[str, str]:
    """Return what all programs print, by one process: to import the command line takes longer than all that it says."""
    left_out = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS")
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    env |= {"COLUMNS": str(HELP_COLUMNS), "TERMINAL_WIDTH": str(HELP_COLUMNS), "TERM": "dumb", "NO_COLOR": "1"}
    asked = ["reelmake", *(f"reelmake {name}" for name in _commands()), *STAGES]
    command = [sys.executable, "-c", ALL_HELPS, *asked]
    told = subprocess.run(command, env=env, check=True, capture_output=True, encoding="utf-8")
    return dict(zip(asked, json.loads(told.stdout), strict=True))


def _commands() -> Iterator[str]:
    for command in app.registered_commands:
        yield str(command.name or getattr(command.callback, "__name__", "").replace("_", "-"))


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` name those that are stale; returns the exit code."""
    stale = []
    written = {REFERENCE / name: page() for name, page in PAGES.items()}
    written |= {SCHEMA_FILES / f"{name}.json": schema_text(name) for name in SCHEMAS}
    written[LISTED] = samples_list()
    written[SHAPE] = with_map(SHAPE.read_text("utf-8"), ROOT / "pyproject.toml")
    for path, text in written.items():
        if not path.is_file() or path.read_text("utf-8") != text:
            stale.append(path.relative_to(ROOT))
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
                print(f"wrote {stale[-1]}")
    if stale and "--check" in arguments:
        print(f"stale: {', '.join(map(str, stale))}; type: {COMMAND}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
