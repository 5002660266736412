"""Which module may import which: the shape of the code, as a table. Imports only go down, or stay on their floor.

A new module belongs on a floor: say on which, here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "reelmake"

FLOORS = {
    0: (
        "errors",
        "source",
        "validation",
        "wording",
        "screenplay",
        "spec_forms",
        "preferences",
        "spec_line",
        "spec",
        "spec_file",
        "documents",
        "action",
        "timeline",
    ),  # words
    1: (
        "words",
        "direction",
        "yaml_text",
        "yaml_layout",
        "freeze",
        "estimate",
        "prompts",
        "prices",
        "captions",
        "cues",
        "layout",
        "ffmpeg",
        "inspection",
        "catalogue",
    ),  # pure
    2: ("production", "plan", "bounds", "release"),  # decide
    3: (
        "settings",
        "store",
        "media",
        "providers",
        "casting",
        "folders",
        "files",
        "proofreading",
        "project",
        "logs",
        "process",
        "states",
        "objects",
        "multipart",
        "targets",
        "forge",
    ),  # doors
    4: (
        "budget",
        "gate",
        "meters",
        "calls",
        "workshop",
        "make",
        "read",
        "repair",
        "run",
        "remembered",
        "provenance",
        "spending",
        "pruning",
        "schemas",
        "starter",
        "checks",
        "verdict",
        "precedence",
        "publish",
    ),  # do
    5: ("tasks",),  # hosts
    6: ("cli", "stages", "__main__"),  # faces
}
FLOOR_OF = {name: floor for floor, names in FLOORS.items() for name in names}

PURE = (0, 1, 2)  # what they say depends on nothing but what they are told
WORLD = {
    "os",
    "time",
    "httpx",
    "subprocess",
    "boto3",
    "socket",
    "tempfile",
    "shutil",
    "threading",
    "random",
    "datetime",
}


def imports(path: Path, module: str) -> Iterator[tuple[int, str]]:
    """Yield line and full name of everything that a file imports, in functions and under `if` too."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            if base == "reelmake":  # the names are modules
                for name in node.names:
                    yield node.lineno, f"reelmake.{name.name}"
            else:
                yield node.lineno, base


def violations(package: Path) -> list[str]:
    """Return everything in a package that is not as the table says."""
    told: list[str] = []
    uses: dict[str, set[str]] = {}
    for path in sorted(package.rglob("*.py")):
        where = path.relative_to(package.parent)
        module = ".".join(where.with_suffix("").parts).removesuffix(".__init__")
        part = module.split(".")[1] if "." in module else ""
        if part and part not in FLOOR_OF:
            told.append(f"{where}: say on which floor {part} is, in {Path(__file__).name}")
            continue
        for line, name in imports(path, module):
            top, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if top == "reelmake" and other in FLOOR_OF and part:
                if FLOOR_OF[other] > FLOOR_OF[part]:
                    told.append(f"{where}:{line}: {part} ({FLOOR_OF[part]}) imports {other} ({FLOOR_OF[other]}), up")
                if other != part:
                    uses.setdefault(part, set()).add(other)
            elif top == "reelmake" and not part:
                told.append(f"{where}:{line}: the package itself imports {name}")
            elif part and FLOOR_OF[part] in PURE and top in WORLD:
                told.append(f"{where}:{line}: {part} is pure, and imports {name}")
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        told.append(f"in a circle: {' -> '.join(error.args[1])}")
    return told


def test_imports_only_go_down() -> None:
    assert violations(PACKAGE) == []


def test_every_module_of_the_table_is_there() -> None:
    there = {path.stem for path in PACKAGE.glob("*.py")} | {path.name for path in PACKAGE.iterdir()}
    assert sorted(FLOOR_OF.keys() - there) == []


VIOLATIONS = {
    "up": ({"spec.py": "from reelmake.plan import plan\n"}, "spec.py:1: spec (0) imports plan (2), up"),
    "up, all of it": ({"plan.py": "\nimport reelmake.cli\n"}, "plan.py:2: plan (2) imports cli (6), up"),
    "up, by name": ({"run.py": "from reelmake import errors, tasks\n"}, "run.py:1: run (4) imports tasks (5), up"),
    "up, in a function": (
        {"store/local.py": "def f():\n    from reelmake.run import x\n"},
        "store/local.py:2: store (3) imports run (4), up",
    ),
    "up, for types": (
        {"action.py": "if TYPE_CHECKING:\n    from reelmake.store import Store\n"},
        "action.py:2: action (0) imports store (3), up",
    ),
    "up, into a package": (
        {"media/tool.py": "from reelmake.tasks.job import Job\n"},
        "media/tool.py:1: media (3) imports tasks (5), up",
    ),
    "up, relatively": ({"plan.py": "from .run import x\n"}, "plan.py:1: plan (2) imports run (4), up"),
    "up, relatively, by name": ({"plan.py": "from . import run\n"}, "plan.py:1: plan (2) imports run (4), up"),
    "up, from a package": (
        {"store/local.py": "from ..run import x\n"},
        "store/local.py:1: store (3) imports run (4), up",
    ),
    "up, from the package's own file": (
        {"store/__init__.py": "from ..run import x\n"},
        "store/__init__.py:1: store (3) imports run (4), up",
    ),
    "unknown": ({"helpers.py": ""}, "helpers.py: say on which floor helpers is, in test_floors.py"),
    "unknown package": ({"utils/x.py": ""}, "utils/x.py: say on which floor utils is, in test_floors.py"),
    "the world": ({"plan.py": "import os\n"}, "plan.py:1: plan is pure, and imports os"),
    "a part of the world": ({"spec.py": "import os.path\n"}, "spec.py:1: spec is pure, and imports os.path"),
    "from the world": (
        {"ffmpeg.py": "from subprocess import run\n"},
        "ffmpeg.py:1: ffmpeg is pure, and imports subprocess",
    ),
    "the world, lazily": (
        {"prompts.py": "def f():\n    import time\n"},
        "prompts.py:2: prompts is pure, and imports time",
    ),
    "the package itself": (
        {"__init__.py": "from reelmake.spec import x\n"},
        "__init__.py:1: the package itself imports reelmake.spec",
    ),
    "a circle": (
        {"spec.py": "import reelmake.source\n", "source.py": "import reelmake.spec\n"},
        "in a circle: ",
    ),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_check_can_fail(tmp_path: Path, name: str) -> None:
    files, expected = VIOLATIONS[name]
    for file, text in files.items():
        path = tmp_path / "reelmake" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (told,) = violations(tmp_path / "reelmake")
    assert told.removeprefix("reelmake/").startswith(expected)


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    for file, text in {
        "plan.py": "from pathlib import Path\nfrom reelmake import spec, action\nfrom reelmake.timeline import x\n",
        "spec.py": "from reelmake.source import x\nfrom .validation import y\n",
        "store/__init__.py": "from reelmake.store.local import x\n",
        "store/local.py": "import os\nfrom . import memory\nfrom ..action import y\n",
        "run.py": "import time\ndef f():\n    import reelmake.store.local\n",
        "cli.py": "import reelmake.tasks.loader, os\n",
        "__init__.py": "",
    }.items():
        path = tmp_path / "reelmake" / file
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    assert violations(tmp_path / "reelmake") == []


LATE = {
    *("char", "core", "ctypeslib", "dtypes", "exceptions", "f2py", "fft", "linalg", "ma", "matlib"),
    *("polynomial", "random", "rec", "strings", "testing", "typing"),
}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_parts_of_numpy_that_it_imports_when_they_are_asked_for_are_imported_by_name(path: Path) -> None:
    """`np.fft` imports itself; when two threads ask for it at once, one of them does so for ever."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np":
            assert node.attr not in LATE, f"line {node.lineno}: write `from numpy.{node.attr} import ...`"


@pytest.mark.parametrize("name", ["captions", "cues", "direction", "layout", "media/fonts", "media/plate", "timeline"])
def test_lengths_that_are_seen_are_added_alike_by_every_python(name: str) -> None:
    """`sum` of floats rounds otherwise since Python 3.12: a caption would stand a tenth of a pixel elsewhere."""
    for node in ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text("utf-8"))):
        assert not (isinstance(node, ast.Name) and node.id == "sum"), f"line {node.lineno}: write `math.fsum(...)`"
