"""The order of packages, as import-linter holds it (pyproject.toml), and what it cannot say."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "reelmake"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package in `folder`, with this repository's contracts."""
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [program, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_packages_import_only_from_packages_before_them() -> None:
    linted = lint_imports(ROOT / "src")
    assert linted.returncode == 0, linted.stdout


VIOLATIONS = {
    "a later package": (
        "spec/model.py",
        "from reelmake.plan import steps",
        "reelmake.spec.model -> reelmake.plan.steps",
    ),
    "a later package, in a function": (
        "store/local.py",
        "def f():\n    from reelmake.cli import app",
        "reelmake.store.local -> reelmake.cli",
    ),
    "a later package, for types": (
        "core/keys.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from reelmake.store.base import Store",
        "reelmake.core.keys -> reelmake.store.base",
    ),
    "a circle inside of a package": (
        "layout/words.py",
        "from reelmake.layout import captions",
        "No package or module imports in a circle BROKEN",
    ),
    "the machine": ("plan/steps.py", "import os", "reelmake.plan.steps -> os"),
    "the machine, in a function": ("layout/cues.py", "def f():\n    import time", "reelmake.layout.cues -> time"),
    "a package that is not in the order": ("helpers/__init__.py", "", "helpers"),
    "an SDK outside of its provider": ("engine/calls.py", "import openai", "reelmake.engine.calls -> openai"),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_order_can_be_broken(tmp_path: Path, name: str) -> None:
    file, text, expected = VIOLATIONS[name]
    shutil.copytree(PACKAGE, tmp_path / "reelmake", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "reelmake" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as module:
        module.write(f"\n{text}\n")
    linted = lint_imports(tmp_path)
    assert linted.returncode == 1
    assert expected in linted.stdout


def test_only_the_engine_asks_a_provider() -> None:
    """Whatever else called `ask` could spend past the store, the cap and the journal."""
    asks = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path)))
        if isinstance(node, ast.Attribute) and node.attr == "ask"
    ]
    # A bucket has an `ask` of its own, and the checks of a provider's contract call it on purpose.
    above_providers = {place.partition("/")[0] for place in asks} - {"store", "providers"}
    assert above_providers == {"engine"}


LATE = {
    *("char", "core", "ctypeslib", "dtypes", "exceptions", "f2py", "fft", "linalg", "ma", "matlib"),
    *("polynomial", "random", "rec", "strings", "testing", "typing"),
}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_parts_of_numpy_that_it_imports_on_first_use_are_imported_by_name(path: Path) -> None:
    """`np.fft` imports itself; when two threads ask for it at once, one of them does so for ever."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np":
            assert node.attr not in LATE, f"line {node.lineno}: write `from numpy.{node.attr} import ...`"


@pytest.mark.parametrize(
    "name",
    [
        "layout/captions",
        "layout/cues",
        "layout/words",
        "layout/frame",
        "layout/timeline",
        "media/fonts",
        "media/static_layer",
    ],
)
def test_visible_lengths_are_added_alike_by_every_python(name: str) -> None:
    """`sum` of floats rounds otherwise since Python 3.12: a caption would stand a tenth of a pixel elsewhere."""
    for node in ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text("utf-8"))):
        assert not (isinstance(node, ast.Name) and node.id == "sum"), f"line {node.lineno}: write `math.fsum(...)`"
