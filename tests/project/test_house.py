"""What the settings give every episode, and how words are said: in requests and keys, and in messages."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from workspace import Workspace

from reelmake.core.errors import InputError
from reelmake.core.keys import key, manifest
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.plan.bounds import unwritten
from reelmake.plan.steps import plan, translated
from reelmake.project.load import load_project
from reelmake.spec.speech import said


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in [name for name in os.environ if name.upper().startswith("REELMAKE_")]:
        monkeypatch.delenv(name)
    made = Workspace(tmp_path / "project", provider="offline")
    monkeypatch.chdir(made.root)
    return made


def settings(project: Workspace, text: str) -> None:
    path = project.root / "pyproject.toml"
    path.write_text(
        path.read_text("utf-8").replace("[tool.reelmake.providers]", f"{text}\n[tool.reelmake.providers]", 1)
    )


def keys(name: str = "one") -> dict[str, str]:
    """Return the key of each step, whatever its files hold, by its kind and its line's words."""
    show = load_project(Path()).productions[name]
    steps = plan(show, show.episode.script or ())
    return {
        f"{step.kind} {step.line.rpartition('-')[0]}": key(manifest(step.action, dict.fromkeys(step.action.inputs, "")))
        for step in steps
    }


def requests(kind: str, name: str = "one") -> list[Any]:
    show = load_project(Path()).productions[name]
    return [step.action.request for step in plan(show, show.episode.script or ()) if step.kind == kind]


def problems() -> list[str]:
    with pytest.raises(InputError) as caught:
        load_project(Path())
    return [str(problem) for problem in caught.value.problems]


# -- pronunciations -----------------------------------------------------------------------------------------------


def test_only_lines_that_use_a_pronunciation_get_another_key(here: Workspace) -> None:
    here.episode("one", "ada: I use nginx daily", "max: Me too")
    before = keys()
    settings(here, '[tool.reelmake.pronounce]\nnginx = "engine x"')
    after = keys()
    assert {name for name, of in before.items() if after[name] != of} == {"voice ada-i-use-nginx-daily", "timeline "}
    assert [one["text"] for one in requests("voice")] == ["I use engine x daily", "Me too"]
    assert [one["text"] for one in requests("segment")] == ["I use nginx daily", "Me too"]


def test_a_pronunciation_is_asked_for_like_the_words_that_it_stands_for(here: Workspace) -> None:
    here.episode("one", "ada: I use nginx", pronounce={"nginx": "engine x"})
    here.episode("two", "ada: I use engine x")
    assert requests("voice", "one") == requests("voice", "two")


def test_an_episode_says_words_before_a_character_and_a_character_before_the_project(here: Workspace) -> None:
    settings(here, '[tool.reelmake.pronounce]\nSQL = "project"\nGIF = "project"\nnginx = "project"')
    here.write("characters/ada.yaml", "name: Ada\npronounce: {SQL: character, GIF: character}\n")
    here.episode("one", "ada: SQL GIF nginx", "max: SQL GIF nginx", pronounce={"SQL": "episode"})
    assert [one["text"] for one in requests("voice")] == ["episode character project", "episode project project"]


def test_a_line_may_say_something_else_than_it_shows(here: Workspace) -> None:
    here.write("episodes/one.yaml", 'title: t\nscript:\n  - ada: "2 tbsp"\n    say: two spoons\n')
    assert [one["text"] for one in requests("voice")] == ["two spoons"]
    assert [one["text"] for one in requests("segment")] == ["2 tbsp"]
    (line,) = requests("timeline")[0]["lines"]
    assert line["pieces"] == [{"shown": "2 tbsp", "said": "two spoons"}]


def test_words_that_no_voice_can_say_may_be_pronounced(here: Workspace) -> None:
    here.episode("one", "ada: She said привет")
    assert "cannot say привет" in problems()[0]
    here.episode("one", "ada: She said привет", pronounce={"привет": "pree-vyet"})
    assert requests("voice")[0]["text"] == "She said pree-vyet"


def test_a_translation_into_another_language_is_said_as_it_is_written(here: Workspace) -> None:
    spec = "title: t\nlanguages: [en, en-GB]\npronounce: {nginx: engine x}\nscript:\n  - ada: nginx\n    say: x\n"
    here.write("episodes/one.yaml", f"{spec}    translations: {{en-GB: My nginx}}\n")
    shows = load_project(Path()).productions
    script = shows["one"].episode.script
    assert script
    line = script[0]
    british = translated(line, "My nginx")
    assert said(shows["one"].pieces(line)) == "x"
    assert said(shows["one.en-gb"].pieces(british)) == "My engine x"
    french = replace(shows["one.en-gb"], episode=shows["one"].episode.model_copy(update={"language": "fr"}))
    assert said(french.pieces(british)) == "My nginx"


def test_a_script_that_is_not_written_may_be_longer_when_it_is_said(here: Workspace) -> None:
    here.episode("one", topic="x", cast=["ada"])
    plain = longest()
    settings(here, '[tool.reelmake.pronounce]\nab = "abracadabra"')
    assert longest() >= 5 * plain


def longest() -> int:
    """Return how many characters the longest request for a voice has, before the script is written."""
    bounds = [bound for bound in unwritten(load_project(Path()).productions["one"]) if bound.kind == "voice"]
    return max(len(action.request["text"]) for bound in bounds for action in bound.actions)


def test_mistakes_in_a_list_of_pronunciations(here: Workspace) -> None:
    here.episode("one", "ada: Hello", pronounce={"nginx": "…", "—": "dash"})
    assert "is no pronunciation: there is no letter in it" in problems()[0]


# -- house defaults -----------------------------------------------------------------------------------------------


def test_defaults_of_the_house_are_as_if_each_episode_said_them(here: Workspace) -> None:
    for name in ("house.mp4", "own.mp4"):
        Ffmpeg().run(
            ["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=64x64:d=1", str(here.root / name)], doing="drawing"
        )
    own = {"style": "crayon", "background": "house.mp4", "cast": ["ada", "max"]}
    here.episode("one", "ada: Hello", **own)
    here.episode("two", "ada: Hello")
    as_written = keys("one")
    assert keys("two") != as_written
    settings(here, '[tool.reelmake]\nstyle = "crayon"\nbackground = "house.mp4"\ncast = ["ada", "max"]')
    assert keys("two") == as_written
    here.episode("two", "ada: Hello", style="ink", background="own.mp4", cast=["ada"])
    show = load_project(Path()).productions["two"]
    assert (show.episode.style, show.episode.speakers) == ("ink", ["ada"])
    assert show.episode.background is not None
    assert show.episode.background.file == "own.mp4"
    here.episode("two", "ada: Hello", background="none")
    assert load_project(Path()).productions["two"].episode.background is None


def test_a_topic_is_written_about_for_the_cast_of_the_house(here: Workspace) -> None:
    settings(here, '[tool.reelmake]\ncast = ["max"]')
    here.episode("one", topic="x")
    assert load_project(Path()).productions["one"].episode.cast == ["max"]


def test_mistakes_in_defaults_of_the_house_are_told_where_they_are(here: Workspace) -> None:
    settings(here, '[tool.reelmake]\nmusic = "gone.ogg"\ncast = ["ada", "nobody"]')
    here.episode("one", "ada: Hello")
    at = next(n for n, row in enumerate((here.root / "pyproject.toml").read_text().splitlines(), 1) if "music" in row)
    assert problems() == [
        f"pyproject.toml:{at}: music: there is no file gone.ogg; add the file, or fix the path",
        f"pyproject.toml:{at + 1}: there is no character 'nobody'; add characters/nobody.yaml, or use one of ada, max",
    ]


# -- unknown names in a line --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ada: Hi there\n    voice: excited", ["unknown name 'voice'"]),
        (
            "ada: Hi there\n    imge: a dog\n    tone: Rather loud",
            ["unknown name 'imge'; did you mean 'image'?", "unknown name 'tone'"],
        ),
        ("ada: Hi there\n    max: Hello", ["script.1: names 'ada' and 'max', and only one can speak"]),
        ("lemmy: Hi there\n    voice: excited", ["unknown name 'voice'", "'lemmy', and there is no such character"]),
        ("says: Hi there\n    ada: Hello", ["unknown name 'says'; did you mean 'say'?"]),
    ],
)
def test_an_unknown_name_in_a_line_is_told_as_one(here: Workspace, line: str, told: list[str]) -> None:
    here.write("episodes/one.yaml", f"title: t\nscript:\n  - {line}\n")
    found = problems()
    assert len(found) == len(told)
    assert all(any(part in problem for problem in found) for part in told), found
