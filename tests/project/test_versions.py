"""Versions of an episode in several languages: the plan, voices and mistakes; no provider is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from workspace import Workspace, doit_tables

from reelmake.cli.app import UsageError, opened
from reelmake.cli.watch import _Session
from reelmake.core.errors import InputError, ProviderError
from reelmake.core.keys import Action
from reelmake.engine.readers import script_lines
from reelmake.media import fonts
from reelmake.plan.episode import Production, Step
from reelmake.plan.steps import plan, script, translated
from reelmake.project.load import load_project
from reelmake.project.validate import OTHER_TRANSLATOR, OTHER_VOICE
from reelmake.spec.model import line_ids
from reelmake.tasks.forecast import Forecaster

SETTINGS = '[tool.reelmake.providers]\nvoice = "elevenlabs"\nscript = "openai"\n'
ADA = """name: Ada
voice:
  elevenlabs:
    voice_id: any
    stability: 0.5
    languages: {ja: {voice_id: ja}, zh: {voice_id: zh}, zh-TW: {stability: 0.9}}
"""
SKY = """title: Sky
languages: [en, ja, zh-TW]
script:
  - ada: Why is the sky blue?
    image: a blue sky
    translations: {ja: なぜ空は青いの}
  - max: It scatters.
    take: 2
"""


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("project"))
    made.write("pyproject.toml", doit_tables() + SETTINGS)
    made.write("characters/ada.yaml", ADA)
    made.write("characters/max.yaml", "name: Max\nvoice: {elevenlabs: {voice_id: max}, offline: {voice: joe}}\n")
    made.write("episodes/sky.yaml", SKY)
    return made


def shows(folder: Workspace) -> dict[str, Production]:
    return dict(load_project(folder.root).productions)


def wrong(folder: Workspace) -> list[str]:
    with pytest.raises(InputError) as raised:
        load_project(folder.root)
    return [str(problem) for problem in raised.value.problems]


def requests(steps: list[Step], kind: str) -> list[Mapping[str, Any]]:
    return [step.action.request for step in steps if step.kind == kind]


def test_each_language_is_an_episode_that_shares_pictures(folder: Workspace) -> None:
    made = shows(folder)
    assert list(made) == ["sky", "sky.ja", "sky.zh-tw"]
    original, japanese = made["sky"], made["sky.ja"]
    lines = original.episode.script or []
    said = [translated(line, f"訳{at}") for at, line in enumerate(lines)]
    ours, theirs = plan(original, lines), plan(japanese, said)

    assert requests(ours, "image") == requests(theirs, "image")
    assert [line.take.voice for line in said] == [1, 2]
    assert {step.episode for step in theirs} == {"sky.ja"}
    assert all("build/sky.ja/" in path for step in theirs for path in step.action.outputs.values())
    assert {step.where.partition(":")[0] for step in theirs if step.line} == {"episodes/sky.yaml"}
    (timeline,) = requests(theirs, "timeline")
    assert fonts.JAPANESE.family in timeline["fonts"]


def test_captions_know_of_languages_that_are_written_from_the_right(folder: Workspace) -> None:
    folder.write("episodes/sky.yaml", SKY.replace("zh-TW", "ar"))
    for name, from_right in {"sky": None, "sky.ja": None, "sky.ar": True}.items():
        show = shows(folder)[name]
        steps = plan(show, [translated(line, "x") for line in show.source or show.episode.script or []])
        actions = [*requests(steps, "timeline"), *requests(steps, "subtitles")]
        assert [request.get("from_right") for request in actions] == [from_right, from_right]


def test_a_plan_for_one_language_has_what_its_video_costs(folder: Workspace) -> None:
    def planned(*names: str) -> tuple[list[str], dict[str, int]]:
        with opened(folder.root, list(names)) as build:
            rows = Forecaster(build).forecast(names).rows
        kinds = ("script", "image", "voice")
        return (
            [row.step for row in rows if row.kind == "script"],
            {kind: sum(row.count for row in rows if row.kind == kind) for kind in kinds},
        )

    folder.write("episodes/sky.yaml", "title: Sky\ntopic: sky\ncast: [ada, max]\nlines: 3\nlanguages: [en, ja, ar]\n")
    assert planned("sky.ja") == (["script:sky", "script:sky.ja"], {"script": 2, "image": 3, "voice": 3})
    assert planned("sky") == (["script:sky"], {"script": 1, "image": 3, "voice": 3})
    everything = {"script": 3, "image": 3, "voice": 9}
    assert (
        planned()
        == planned("sky.ar", "sky", "sky.ja")
        == (["script:sky", "script:sky.ja", "script:sky.ar"], everything)
    )
    with pytest.raises(UsageError, match=r"no episode 'sky\.fr'; choose one of sky, sky\.ja, sky\.ar"):
        planned("sky.fr")


def test_one_language_of_an_episode_can_be_watched(folder: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("episodes/sky.yaml", SKY.replace(", zh-TW", ""))
    monkeypatch.chdir(folder.root)
    for name, scripts in (("sky", []), ("sky.ja", ["script:sky.ja"])):
        look = _Session(name, None)._look()
        assert [row.step for row in look.paid if row.kind == "script"] == scripts
        assert {row.episode for row in look.paid} == {name}


def test_a_translation_by_any_provider_has_the_lines_of_the_original() -> None:
    source = [{"character": who, "text": "x", "given": ""} for who in ("ada", "max")]
    request = {"provider": "standin", "source": source, "cast": [{"id": "ada"}, {"id": "max"}]}
    line = '{"character": "ada", "text": "y", "image": ""}'
    for body in (f'{{"lines": [{line}]}}', f'{{"lines": [{line}, {line}]}}'):
        with pytest.raises(ProviderError, match="other lines, or other speakers, than the original"):
            script_lines(body.encode(), Action("script", 1, request, {}, {}))


def test_a_character_has_a_voice_for_each_language(folder: Workspace) -> None:
    def voice(name: str) -> dict[str, object]:
        show = shows(folder)[name]
        (choice,) = {id(one): one for place, one in show.choices.items() if place[:2] == ("voice", "ada")}.values()
        return {option: choice.options[option] for option in ("voice_id", "stability")}

    assert voice("sky") == {"voice_id": "any", "stability": 0.5}
    assert voice("sky.ja") == {"voice_id": "ja", "stability": 0.5}
    assert voice("sky.zh-tw") == {"voice_id": "zh", "stability": 0.9}, "a region after its language"


def test_a_translation_is_requested_with_the_given_part_of_it(folder: Workspace) -> None:
    japanese, chinese = (script(shows(folder)[name]).request for name in ("sky.ja", "sky.zh-tw"))
    text = japanese["messages"][1]["content"].splitlines()
    assert {"LANGUAGE: ja", "LINES: 2", "1. ada: Why is the sky blue? => なぜ空は青いの", "2. max: It scatters."} <= {
        *text
    }
    assert (japanese["given"], japanese["speakers"]) == (["なぜ空は青いの", ""], ["ada", "max"])
    assert chinese["given"] == ["", ""]


def test_a_translation_that_is_given_in_whole_is_not_requested(folder: Workspace) -> None:
    whole = SKY.replace(", zh-TW", "") + "    translations: {ja: 散らばるから}\n"
    folder.write("episodes/sky.yaml", whole)
    folder.write("pyproject.toml", doit_tables() + SETTINGS.replace("openai", "offline"))
    made = shows(folder)
    request = script(made["sky.ja"]).request
    assert request["provider"] == "spec"
    assert [(line["text"], line["image"]) for line in request["lines"]] == [
        ("なぜ空は青いの", "a blue sky"),
        ("散らばるから", "It scatters"),
    ]
    without = [line.model_copy(update={"translations": {}}) for line in made["sky"].episode.script or []]
    assert line_ids(made["sky"].episode.script or []) == line_ids(without), "a translation renames no file"


def test_a_language_that_a_provider_does_not_know_is_reported_where_it_is_written(folder: Workspace) -> None:
    folder.write("pyproject.toml", doit_tables())
    folder.write("characters/ada.yaml", "name: Ada\nvoice: {offline: {voice: heart}}\n")
    folder.write("episodes/sky.yaml", SKY.replace(", zh-TW", ""))
    at = "episodes/sky.yaml:2: languages:"
    assert wrong(folder) == [
        f"{at} the offline script writer cannot translate, and 'ja' is among them; {OTHER_TRANSLATOR}",
        f"{at} the offline voices speak English only, not 'ja'; {OTHER_VOICE}",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "languages: [en, ja]\nlanguage: ja",
            "languages: begins with 'en', and language: is 'ja'; leave language: out",
        ),
        ("languages: [en, en]", "languages: names 'en' more than once; name each once"),
        ("languages: [en, Japanese]", "languages.2: 'Japanese' is not a language tag; write one such as"),
        ("languages: [en]", "line 1 is translated into 'ja', which is not among languages:; add it there"),
    ],
)
def test_a_mistake_in_languages_is_reported(folder: Workspace, text: str, message: str) -> None:
    folder.write("episodes/sky.yaml", SKY.replace("languages: [en, ja, zh-TW]", text))
    assert any(message in problem for problem in wrong(folder)), wrong(folder)


def test_a_translation_that_cannot_be_shown_is_reported_on_its_line(folder: Workspace) -> None:
    folder.write("episodes/sky.yaml", SKY.replace("なぜ空は青いの", "空𓀀"))
    (problem,) = wrong(folder)
    assert problem.startswith("episodes/sky.yaml:6: line 1, in ja: no font that ships along can show 𓀀 (U+13000)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("languages: ja", "languages: is not a list of `tag: {...}`"),
        ("languages: {Japanese: {voice_id: x}}", "'Japanese' is not a language tag"),
        ("languages: {ja: x}", "ja: is not a list of options"),
        ("languages: {ja: {voice: x}}", "unknown name 'voice'"),
        ("languages: {ja: {provider: offline}}", "provider: has no place below voice: elevenlabs:; remove it"),
        ("provider: offline", "provider: has no place below voice: elevenlabs:; remove it"),
        ("languages: {ja: {stability: 2}}", "stability: '2' is more than 1"),
    ],
)
def test_a_mistake_in_the_voices_of_languages_is_reported_in_the_characters_file(
    folder: Workspace, text: str, message: str
) -> None:
    folder.write("characters/ada.yaml", f"name: Ada\nvoice:\n  elevenlabs:\n    voice_id: any\n    {text}\n")
    assert any(one.startswith("characters/ada.yaml:5") and message in one for one in wrong(folder)), wrong(folder)
