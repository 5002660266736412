"""How a build's interpreter ends. Other tests fork theirs, and nothing of it is taken apart (`nursery`)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from studio import Studio
from vendors.server import Vendors

TOLD = r"\S+ made [\d.]+ s|\d+ steps: .*|spent \$.*|"


@pytest.mark.parametrize("image", ["fal", "openai"])
def test_nothing_is_left_open_and_nothing_complains_at_the_end(tmp_path: Path, image: str) -> None:
    # without what spares a build the last look for garbage, which would tell of what is left
    (tmp_path / "first").mkdir()
    (tmp_path / "first/sitecustomize.py").write_text("import gc\n\ngc.freeze = lambda: None\n")
    with Vendors() as v:
        studio = Studio(tmp_path / "studio", v, image=image)
        studio.env["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "first"), studio.env["PYTHONPATH"]])
        studio.episode("one", topic="owls", cast=["ada"], lines=1)
        built = studio.run(PYTHONDEVMODE="1")
        assert [line for line in built.stderr.splitlines() if not re.fullmatch(TOLD, line)] == []
        told = studio.run("cost", program="reelmake", PYTHONDEVMODE="1")
        assert (told.stderr, "total" in told.stdout) == ("", True)
