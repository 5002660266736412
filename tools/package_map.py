"""The map of the packages, as the imports and their docstrings have it: a diagram and a table, in Markdown."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

BEGIN, END = "<!-- packages: begin -->", "<!-- packages: end -->"


def with_map(page: str, pyproject: Path) -> str:
    """Return a page with the map between its two marks written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join((f"{before}{BEGIN}", "", *_map(packages(pyproject)), "", f"{END}{after}"))


def packages(pyproject: Path) -> list[str]:
    """Return the packages in their order, the one that imports no other first: the contract of import-linter."""
    contracts = tomllib.loads(pyproject.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return list(reversed(layers))


def _map(order: list[str]) -> Iterator[str]:
    uses = _imports(order)
    yield from ("```mermaid", "flowchart BT")
    yield from (f"  {package}" for package in order)
    for package in order:
        yield from (f"  {package} --> {used}" for used in order if used in _direct(package, uses))
    yield from ("```", "", "| package | what it is |", "|---|---|")
    for package in order:
        docstring = importlib.import_module(f"reelmake.{package}").__doc__ or ""
        yield f"| `{package}` | {docstring.partition(chr(10))[0].rstrip('.')} |"


def _imports(order: list[str]) -> Mapping[str, set[str]]:
    """Return which packages each one imports, in functions and for types too."""
    graph = grimp.build_graph("reelmake")
    for package in order:
        graph.squash_module(f"reelmake.{package}")
    names = {package: graph.find_modules_directly_imported_by(f"reelmake.{package}") for package in order}
    return {
        package: {name.removeprefix("reelmake.") for name in found} & {*order} - {package}
        for package, found in names.items()
    }


def _direct(package: str, uses: Mapping[str, set[str]]) -> set[str]:
    """Leave out what a package reaches through another one that it imports: the diagram can be read without it."""

    def reached(start: str) -> set[str]:
        return {start}.union(*(reached(used) for used in uses[start]))

    return {used for used in uses[package] if not any(used in reached(other) for other in uses[package] - {used})}
