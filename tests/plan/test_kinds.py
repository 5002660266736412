"""The table of kinds: it is complete, and whatever handles steps knows a kind from its entry alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from pkgutil import resolve_name

import pytest
from workspace import Workspace

from reelmake.core.keys import Action
from reelmake.engine.engine import Context, Made, perform
from reelmake.plan.kinds import KINDS, Kind
from reelmake.project.load import load_project
from reelmake.tasks.build import Build
from reelmake.tasks.records import Records


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_a_maker_or_providers(name: str) -> None:
    kind = KINDS[name]
    assert kind.maker or kind.is_paid
    for function in filter(None, (kind.maker, kind.reader)):
        assert callable(resolve_name(function))


def make_palette(action: Action, context: Context, folder: Path) -> Made:
    del action, context, folder
    return b"#FFD166"


def read_palette(body: bytes, action: Action, ffmpeg: object) -> dict[str, bytes]:
    del action, ffmpeg
    return {"palette": body + b"\n"}


def test_a_kind_is_known_by_its_entry_alone(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made_here = Kind(
        makes="the colours of an episode",
        recipe=7,
        reading=3,
        maker=f"{__name__}:make_palette",
        reader=f"{__name__}:read_palette",
    )
    monkeypatch.setitem(KINDS, "palette", made_here)
    project.episode("sky", "ada: Hello there, Max!")
    project.episode("rain", topic="why it rains", cast=["ada", "max"])
    monkeypatch.chdir(project.root)
    loaded = load_project(Path())
    show = loaded.productions["sky"]
    step = show.step(show.action("palette", {"colors": 3}, {"palette": show.path("palette.txt")}))
    assert (step.name, step.pool, step.action.recipe, step.action.reading) == ("palette:sky", "cpu", 7, 3)

    with closing(Records("doit.db")) as records:
        build = Build(loaded, records, may_delay=False)
        assert perform(step.action, build.context) == "made"
        assert Path("build/sky/palette.txt").read_bytes() == b"#FFD166\n"
        assert perform(step.action, build.context) == "restored"
        tasks = {task.name: task for task in build.tasks()}
    assert tasks["palette"].doc == "the colours of an episode"
    assert tasks["palette"].task_dep == ["palette:rain", "palette:sky"]
    assert tasks["palette:rain"].doc == "the colours of an episode (Rain), once its script is written"
