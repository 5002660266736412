"""`reelmake rename`: files and mentions, and what the store has is used: the vendor is asked for nothing."""

from __future__ import annotations

import pytest
from standin_server import Standin
from typer.testing import CliRunner
from workspace import Workspace

from reelmake.cli import app
from reelmake.cli.app import UsageError

LINES = ("ada: Hello there, ada | a harbour", "max: Good day | a clock")


def test_a_character_and_an_episode_are_renamed_and_nothing_is_asked_for_again(
    project: Workspace, vendor: Standin
) -> None:
    project.episode("one", *LINES)
    project.episode("two", "max: Only me | a lamp", cast=["ada", "max"])
    project.write("characters/ada/notes.txt", "ada")
    project.run()
    paid = vendor.count()
    done = project.run("rename", "character", "ada", "iris", program="reelmake")
    assert done.stdout.split() == [
        "characters/iris.yaml",
        "episodes/one.yaml",
        "episodes/two.yaml",
        "characters/iris/",
    ]
    project.run("rename", "episode", "one", "uno", program="reelmake")
    assert not (project.root / "characters/ada.yaml").exists()
    assert not (project.root / "episodes/one.yaml").exists()
    spec = (project.root / "episodes/uno.yaml").read_text("utf-8")
    assert '"iris": "Hello there, ada"' in spec
    project.run()
    assert (project.root / "build/uno/uno.mp4").is_file()
    assert vendor.count() == paid > 0


def test_a_script_that_a_provider_wrote_is_not_bought_again(project: Workspace, vendor: Standin) -> None:
    project.episode("moths", topic="moths", cast=["ada", "max"], lines=2)
    project.run("script:moths")
    before = project.outputs()
    done = project.run("rename", "character", "ada", "iris", program="reelmake", rc=2)
    assert "script:moths was written with this name in its cast" in done.stderr
    assert "type `reelmake freeze moths` first" in done.stderr
    assert (project.root / "characters/ada.yaml").is_file()
    assert project.outputs() == before
    project.run("freeze", "moths", program="reelmake")
    project.run()
    paid = vendor.count()
    project.run("rename", "character", "ada", "iris", program="reelmake")
    project.run()
    assert vendor.count() == paid


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("character", "bob", "iris"), "there is no character 'bob'; choose one of ada, max"),
        (("character", "ada", "max"), "the name 'max' is taken"),
        (("character", "ada", "image"), "the name 'image' is taken"),
        (("character", "ada", "../x"), "cannot be a character's name"),
        (("episode", "two", "three"), "there is no episode 'two'; choose one of one"),
        (("episode", "one", "One"), "cannot be an episode's name"),
    ],
)
def test_a_wrong_name_changes_nothing(project: Workspace, arguments: tuple[str, ...], what: str) -> None:
    project.episode("one", *LINES)
    before = {path: path.read_bytes() for path in project.root.rglob("*.yaml")}
    with pytest.raises(UsageError, match=what):
        CliRunner().invoke(app, ["rename", *arguments, "-p", str(project.root)], catch_exceptions=False)
    assert {path: path.read_bytes() for path in project.root.rglob("*.yaml")} == before
