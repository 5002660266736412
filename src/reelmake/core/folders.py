"""What the folders of a project are called, and which specs are in them."""

from __future__ import annotations

from pathlib import Path

EPISODES = "episodes"
CHARACTERS = "characters"
TEMPLATES = "templates"
STATE = ".reelmake"


def is_project(root: Path) -> bool:
    """Say whether a folder has anything of a project in it, be it only the folder of its specs."""
    return any((root / name).exists() for name in ("pyproject.toml", "dodo.py", EPISODES, CHARACTERS))


def episode_names(root: Path) -> list[str]:
    """Return the names of all episodes of a project, in order."""
    return [path.stem for path in specs(root, EPISODES)]


def specs(root: Path, folder: str) -> list[Path]:
    """Return the specs of a folder, in order; not what editors and systems keep beside them, under names with a dot."""
    return _files(root, folder, "*.yaml")


def misnamed(root: Path, folder: str) -> list[Path]:
    """Return what is meant as a spec and is none, by its ending: `.yml`, `.YAML`."""
    return [
        path for end in ("yml", "yaml") for path in _files(root, folder, _in_any_case(end)) if path.suffix != ".yaml"
    ]


def _in_any_case(end: str) -> str:
    return "*." + "".join(f"[{letter}{letter.upper()}]" for letter in end)


def _files(root: Path, folder: str, pattern: str) -> list[Path]:
    found = (root / folder).glob(pattern)
    return sorted((path for path in found if not path.name.startswith(".")), key=lambda path: path.stem)
