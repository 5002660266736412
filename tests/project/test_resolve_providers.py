"""Who performs what: settings, characters, episodes and lines, the later before the others; and every mistake in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from workspace import SIZE, Workspace, doit_tables

from reelmake.core.errors import InputError
from reelmake.plan.episode import Production
from reelmake.plan.steps import image, plan, voice
from reelmake.project.load import load_project

SETTINGS = '[tool.reelmake.providers]\nscript = "standin"\nvoice = {voice}\nimage = {image}\n'
SECOND = '{provider = "second", voice_id = "v0", model = "fine"}'


@pytest.fixture
def folder(tmp_path: Path) -> Workspace:
    """A project of a stand-in; there is a second vendor, too."""
    project = Workspace(tmp_path / "project")
    settings(project)
    return project


def settings(project: Workspace, voice: str = '"standin"', image: str = '"standin"') -> None:
    text = doit_tables() + SETTINGS.format(voice=voice, image=image) + f'[tool.reelmake.reel]\nsize = "{SIZE}"\n'
    project.write("pyproject.toml", text)


def loaded(project: Workspace) -> Production:
    return load_project(project.root).productions["one"]


def voices(project: Workspace) -> list[dict[str, Any]]:
    """Return the voice options of each line, with the provider."""
    show = loaded(project)
    requests = [voice(show, line, "x").request for line in show.episode.script or []]
    return [{"provider": request["provider"], **request["voice"]} for request in requests]


def pictures(project: Workspace) -> list[dict[str, Any]]:
    show = loaded(project)
    requests = [image(show, line, "x", line.subject).request for line in show.episode.script or []]
    return [{"provider": request["provider"], **request.get("options", {})} for request in requests]


def wrong(project: Workspace) -> list[str]:
    with pytest.raises(InputError) as raised:
        load_project(project.root)
    return [str(problem) for problem in raised.value.problems]


def episode(project: Workspace, text: str) -> None:
    project.write("episodes/one.yaml", f"title: One\nlanguage: de\n{text}")


DEFAULTS = {"provider": "second", "model": "plain", "speed": 1.0, "seed": 0}


# -- precedence ---------------------------------------------------------------------------------------------------


def test_settings_then_the_character_then_the_episode_then_the_line(folder: Workspace) -> None:
    settings(folder, '{provider = "second", voice_id = "s", model = "s", speed = 1.1, seed = 1}')
    folder.write("characters/ada.yaml", "name: Ada\nvoice: {second: {voice_id: c, model: c, speed: 1.2}}\n")
    episode(
        folder,
        "providers: {voice: {model: e, speed: 1.3}}\nscript:\n"
        "- ada: Eins\n- ada: Zwei\n  providers: {voice: {speed: 1.4}}\n- max: Drei\n",
    )
    assert voices(folder) == [
        {"provider": "second", "voice_id": "c", "model": "e", "speed": 1.3, "seed": 1},
        {"provider": "second", "voice_id": "c", "model": "e", "speed": 1.4, "seed": 1},
        {"provider": "second", "voice_id": "s", "model": "e", "speed": 1.3, "seed": 1},
    ]


def test_another_provider_begins_anew(folder: Workspace) -> None:
    settings(folder, "{provider = 'standin', tone = 300}", '{provider = "second", steps = 9}')
    folder.write("characters/ada.yaml", "name: Ada\nvoice: {second: {voice_id: c}, standin: {tone: 400}}\n")
    episode(
        folder,
        "providers: {voice: {provider: second, speed: 2}, image: {model: fine}}\nscript:\n"
        "- ada: Eins\n- ada: Zwei\n  providers: {voice: standin, image: standin}\n"
        "- ada: Drei\n  providers: {image: {provider: second, steps: 3}}\n",
    )
    assert voices(folder) == [
        {**DEFAULTS, "voice_id": "c", "speed": 2.0},
        {"provider": "standin", "tone": 400},
        {**DEFAULTS, "voice_id": "c", "speed": 2.0},
    ]
    assert pictures(folder) == [
        {"provider": "second", "model": "fine", "steps": 9},
        {"provider": "standin"},
        {"provider": "second", "model": "fine", "steps": 3},
    ]


def test_the_same_choice_has_the_same_key_wherever_and_however_it_is_written(folder: Workspace) -> None:
    """Numbers are typed in TOML and text in YAML; and what is chosen as it is anyway is no choice."""
    spoken = "script:\n- ada: Eins\n"
    chosen = "voice: {provider: second, voice_id: v0, speed: 1.50, seed: 3}, image: {provider: second, steps: 7}"
    requests = []
    for place in ("settings", "character", "episode", "line"):
        settings(folder)
        folder.write("characters/ada.yaml", "name: Ada\n")
        if place == "settings":
            settings(
                folder,
                '{provider = "second", voice_id = "v0", speed = 1.5, seed = 3, model = "plain"}',
                '{provider = "second", steps = 7, model = "plain"}',
            )
            episode(folder, spoken)
        elif place == "character":
            settings(folder, '"second"', '{provider = "second", steps = 7}')
            folder.write("characters/ada.yaml", 'name: Ada\nvoice: {second: {voice_id: v0, speed: "1.5", seed: 3}}\n')
            episode(folder, spoken)
        elif place == "episode":
            episode(folder, f"providers: {{ {chosen} }}\n{spoken}")
        else:
            episode(folder, f"{spoken}  providers: {{ {chosen} }}\n")
        show = loaded(folder)
        steps = plan(show, show.episode.script or [])
        requests.append([json.dumps(step.action.request) for step in steps if step.kind in {"voice", "image"}])
    assert requests[0] == requests[1] == requests[2] == requests[3]


def test_a_variable_overrides_the_settings(folder: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(folder, SECOND)
    episode(folder, "script:\n- ada: Eins\n")
    assert voices(folder) == [{**DEFAULTS, "voice_id": "v0", "model": "fine"}]
    monkeypatch.setenv("REELMAKE_PROVIDERS__VOICE__MODEL", "other")
    assert voices(folder) == [{**DEFAULTS, "voice_id": "v0", "model": "other"}]
    monkeypatch.delenv("REELMAKE_PROVIDERS__VOICE__MODEL")
    monkeypatch.setenv("REELMAKE_PROVIDERS__VOICE", "standin")
    assert voices(folder) == [{"provider": "standin", "tone": 220}]


# -- mistakes -----------------------------------------------------------------------------------------------------


def test_every_mistake_is_reported_where_it_is_and_all_at_once(folder: Workspace) -> None:
    settings(folder, '"standin"', '{provider = "second", stepps = 3}')
    folder.write(
        "characters/ada.yaml", "name: Ada\nvoice:\n  standin:\n    tone: high\n  gone: {anything: 1}\n  ofline: {}\n"
    )
    episode(
        folder,
        "providers:\n  image: {steps: 99}\nscript:\n"
        "- ada: Eins\n  providers:\n    voice: {provider: nobody}\n"
        "- max: Zwei\n  providers: {voice: {tune: 3}}\n"
        "- max: Drei\n  providers: {voice: {tune: 3}}\n",
    )
    problems = wrong(folder)
    assert [one.partition("; ")[0] for one in problems] == [
        "characters/ada.yaml:4: tone: 'high' is not a whole number",
        "characters/ada.yaml:6: there is no voice provider named 'ofline'",
        "episodes/one.yaml:4: steps: '99' is more than 50",
        "episodes/one.yaml:8: providers.voice: there is no voice provider named 'nobody'",
        "episodes/one.yaml:10: unknown name 'tune'",
        "episodes/one.yaml:12: unknown name 'tune'",
        f"pyproject.toml:{line_of(folder, 'image =')}: unknown name 'stepps'",
    ]
    assert "did you mean 'steps'?" in problems[-1]


def test_mistakes_of_a_voice_are_reported_beside_others_of_its_character(folder: Workspace) -> None:
    folder.write("characters/ada.yaml", "name: Ada\nside: top\nvoice:\n  standin:\n    tone: high\n  ofline: {}\n")
    folder.write("characters/max.yaml", "name: Max\nside: top\nvoice: {standin: 3}\n")
    episode(folder, "script:\n- ada: Eins\n- max: Zwei\n")
    assert [one.partition("; ")[0].partition(": ")[0] for one in wrong(folder)] == [
        *(f"characters/ada.yaml:{line}" for line in (2, 5, 6)),
        *(f"characters/max.yaml:{line}" for line in (2, 3)),
    ]


def line_of(project: Workspace, start: str) -> int:
    lines = (project.root / "pyproject.toml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


def test_a_character_without_a_voice_for_its_provider_is_reported_once_in_its_own_file(folder: Workspace) -> None:
    settings(folder, '"second"')
    episode(folder, "script:\n- ada: Eins\n- ada: Zwei\n- max: Drei\n  providers: {voice: {speed: 2}}\n")
    problems = wrong(folder)
    assert [one.partition("; ")[0] for one in problems] == [
        "characters/ada.yaml:1: ada has no complete voice for second: voice_id: is missing",
        "characters/max.yaml:1: max has no complete voice for second: voice_id: is missing",
    ]
    assert problems[0].endswith("; add it below voice: second:")


def test_what_a_character_leaves_out_may_be_said_elsewhere(folder: Workspace) -> None:
    """A voice is complete where it is used, and need not be in the character's own file."""
    settings(folder, '{provider = "second", voice_id = "everyone"}')
    folder.write("characters/ada.yaml", "name: Ada\nvoice: {second: {speed: 1.2}}\n")
    episode(folder, "script:\n- ada: Eins\n")
    assert voices(folder) == [{**DEFAULTS, "voice_id": "everyone", "speed": 1.2}]


def test_an_unknown_character_is_all_that_is_reported_of_its_lines(folder: Workspace) -> None:
    settings(folder, '"second"')
    folder.write("characters/max.yaml", "name: Max\nvoice: {second: {voice_id: v1}}\n")
    episode(folder, "script:\n- eve: Eins\n- max: Zwei\n")
    assert [one.partition("; ")[0] for one in wrong(folder)] == [
        "episodes/one.yaml:4: line 1 is spoken by 'eve', and there is no such character"
    ]


@pytest.mark.parametrize("voice", ["{tone = 300}", "{}"])
def test_options_without_a_provider_are_reported_once(folder: Workspace, voice: str) -> None:
    settings(folder, voice)
    episode(folder, "script:\n- ada: Eins\n")
    (problem,) = wrong(folder)
    assert problem == (
        f"pyproject.toml:{line_of(folder, 'voice =')}: providers.voice: there are options and no provider; "
        'add `provider = "..."` to them'
    )


def test_a_broken_episode_is_not_measured_by_providers_that_it_does_not_use(folder: Workspace) -> None:
    """The second vendor speaks German only, and the settings name it; the episode's own does not mind."""
    settings(folder, SECOND)
    project = "title: One\nproviders: {voice: standin}\nmusik: x.ogg\nscript:\n- ada: Hello\n"
    folder.write("episodes/one.yaml", project)
    assert [one.partition("; ")[0] for one in wrong(folder)] == ["episodes/one.yaml:3: unknown name 'musik'"]
    folder.write("episodes/one.yaml", "title: One\nmusik: x.ogg\nscript:\n- ada: Hello\n")
    assert len(wrong(folder)) == 2, "without one of its own, the settings' counts"


def test_a_line_is_measured_by_the_provider_that_speaks_it(folder: Workspace) -> None:
    settings(folder, SECOND)
    episode(folder, "script:\n- ada: Eins\n- max: Zwei\n  providers: {voice: standin}\n")
    assert [one["provider"] for one in voices(folder)] == ["second", "standin"]
    folder.write(
        "episodes/one.yaml", "title: One\nlanguage: tlh\nscript:\n- ada: Eins\n  providers: {voice: standin}\n"
    )
    problems = [one.partition("; ")[0] for one in wrong(folder)]
    assert "episodes/one.yaml:2: language: there are no clicks in Klingon" in problems


# -- pictures -----------------------------------------------------------------------------------------------------


def test_a_character_is_a_file_and_its_pictures_and_hears_with_its_own_face(folder: Workspace) -> None:
    Image.new("RGBA", (72, 90), (0, 0, 0, 0)).save(folder.root / "face.png")
    face = (folder.root / "face.png").read_bytes()
    for name in ("iris/telling", "iris/hearing", "noor/telling"):
        folder.write(f"characters/{name}.png", face)
    voiced, both = "voice: {standin: {}}", "{telling: iris/telling.png, hearing: iris/hearing.png}"
    folder.write(
        "characters/iris.yaml",
        f"name: Iris\n{voiced}\nsprites: {both}\n",
    )
    folder.write("characters/noor.yaml", f"name: Noor\n{voiced}\nsprites: {{telling: noor/telling.png}}\n")
    episode(folder, "script: [{iris: Eins}, {noor: Zwei}]\n")
    show = loaded(folder)
    assert show.sprites["iris"] == ("characters/iris/telling.png", "characters/iris/hearing.png")
    assert show.sprites["noor"] == ("characters/noor/telling.png", "characters/noor/telling.png")
    (first, second) = (step.action.inputs for step in plan(show, show.episode.script or []) if step.kind == "segment")
    assert [first["sprite.0"], first["sprite.1"]] == ["characters/iris/telling.png", "characters/noor/telling.png"]
    assert [second["sprite.0"], second["sprite.1"]] == ["characters/iris/hearing.png", "characters/noor/telling.png"]


NAMES = ["..", "a/b", "%2e%2e", "../v1", "a b", ".x", "ä"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_a_mistake_with_its_line(folder: Workspace, name: str) -> None:
    settings(folder, voice='"elevenlabs"', image='"fal"')
    voice_of = "name: Ada\nvoice:\n  elevenlabs:\n    voice_id: "
    folder.write("characters/ada.yaml", f"{voice_of}{json.dumps(name)}\n")
    model = json.dumps(f"fal-ai/{name}/..")
    episode(folder, f"script:\n- ada: Hi\n  providers:\n    image:\n      model: {model}\n")
    found = wrong(folder)
    assert [one for one in found if one.startswith("characters/ada.yaml:4: ") and "is not an ID; copy it" in one]
    assert [one for one in found if one.startswith("episodes/one.yaml:7: ") and "is not the name of a model" in one], (
        found
    )
