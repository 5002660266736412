"""Make the art of the sample project again: sprites, the background loop and the music.

Run it from the repository: `uv run python -m tools.make_art [sprites] [drift] [music]`; without a name it makes all.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import resvg_py
from PIL import Image

from tools import art_characters, art_drift, art_music

ROOT = Path(__file__).resolve().parent.parent


def sprites(folder: Path) -> None:
    """Draw each character, telling and hearing."""
    for name in art_characters.CHARACTERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for pose in ("telling", "hearing"):
            svg = art_characters.sprite(name, telling=pose == "telling")
            png = resvg_py.svg_to_bytes(svg_string=svg, width=720, height=900, skip_system_fonts=True)
            with Image.open(io.BytesIO(png)) as image:
                # Straight alpha, whole RGBA: flat colours compress well, and no colour is lost.
                image.convert("RGBA").save(folder / name / f"{pose}.png", optimize=True)


def main(wanted: list[str]) -> None:
    """Make what is named, or everything."""
    assets = ROOT / "assets"
    assets.mkdir(exist_ok=True)
    if not wanted or "sprites" in wanted:
        sprites(ROOT / "characters")
    if not wanted or "drift" in wanted:
        art_drift.main(assets / "drift.mp4")
    if not wanted or "music" in wanted:
        art_music.main(assets)


if __name__ == "__main__":
    main(sys.argv[1:])
