"""`check`: what is wrong with the specs."""

from __future__ import annotations

import sys
from pathlib import Path

from reelmake.cli.app import Episodes, ProjectDir, app, known_episodes
from reelmake.plan import plan
from reelmake.project import load_project


@app.command()
def check(episodes: Episodes = None, project: ProjectDir = Path()) -> None:
    """Report every mistake in every spec, with file and line. Spends nothing, builds nothing."""
    found = load_project(project, known_episodes(project, episodes))
    for show in found.productions.values():
        plan(show, show.episode.script or [])  # a mistake in a prompt template shows when a prompt is made
    count = sum(show.original is None for show in found.productions.values())
    print(f"{count} episode{'s' * (count != 1)} checked: no mistakes", file=sys.stderr)
