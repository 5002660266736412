"""What the folders of a project are called, and which specs are in them."""

from __future__ import annotations

from pathlib import Path

EPISODES = "episodes"
CHARACTERS = "characters"
TEMPLATES = "templates"
STATE = ".reelmake"


def episode_names(root: Path) -> list[str]:
    """Return the names of all episodes of a project, in order."""
    return [path.stem for path in specs(root, EPISODES)]


def specs(root: Path, folder: str, extension: str = "yaml") -> list[Path]:
    """Return the specs of a folder, in order; not what editors and systems keep beside them, under names with a dot."""
    found = (root / folder).glob(f"*.{extension}")
    return sorted((path for path in found if not path.name.startswith(".")), key=lambda path: path.stem)
