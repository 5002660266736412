"""The keys of what the sample episodes ask providers for: those that users of the real providers and templates have."""

from __future__ import annotations

from pathlib import Path

from accept import changed_keys

from reelmake.core.keys import manifest
from reelmake.plan.steps import plan, script
from reelmake.project.load import load_project

ROOT = Path(__file__).parents[2]
KEYS = Path(__file__).parent / "goldens" / "sample-keys.json"


def test_the_sample_episodes_ask_for_what_they_asked_for() -> None:
    """If this fails, everyone is about to pay again: for each line, or for each script.

    An option of a provider that got a default, and a word in a template of prompts, change what is asked as much as a
    recipe does. When it is meant, run it with `REELMAKE_ACCEPT=1`, and say in the changelog what is made again.
    """
    project = load_project(ROOT)
    steps = {}
    for show in project.productions.values():
        asked = [script(show)] if show.episode.script is None else []
        asked += [step.action for step in plan(show, show.episode.script or [])] if show.episode.script else []
        for number, action in enumerate(a for a in asked if a.request.get("provider", "spec") != "spec"):
            assert not action.inputs
            steps[f"{show.name}: {action.kind} {number}"] = manifest(action, {})
    assert changed_keys(KEYS, steps) == []
    assert {asked["kind"] for asked in steps.values()} == {"script", "voice", "image"}
