"""The keys of what the sample episodes ask providers for: those that users of the real providers and templates have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from accept import golden

from reelmake.action import explain, key, manifest
from reelmake.plan import plan, script
from reelmake.project import load_project

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
    now: dict[str, Any] = {name: {"key": key(asked), "manifest": asked} for name, asked in steps.items()}
    before = json.loads(golden(KEYS, json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n") or "{}")
    told = [
        f"{name}: {change}"
        for name in sorted(now.keys() | before.keys())
        for change in explain(before.get(name, {}).get("manifest", {}), now.get(name, {}).get("manifest", {}))
    ]
    assert told == []
    assert {asked["kind"] for asked in steps.values()} == {"script", "voice", "image"}
