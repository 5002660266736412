"""`check` and `doctor`: what is wrong, and what is there."""

from __future__ import annotations

import sys
from pathlib import Path

from reelmake.cli.app import Episodes, ProjectDir, app, known_episodes
from reelmake.plan import plan
from reelmake.project import episode_names, find_ffmpeg, load_project
from reelmake.settings import load_settings


@app.command()
def check(episodes: Episodes = None, project: ProjectDir = Path()) -> None:
    """Report every mistake in every spec, with file and line. Spends nothing, builds nothing."""
    found = load_project(project, known_episodes(project, episodes))
    for show in found.productions.values():
        plan(show, show.episode.script or [])  # a mistake in a prompt template shows when a prompt is made
    count = len(found.productions)
    print(f"{count} episode{'s' * (count != 1)} checked: no mistakes", file=sys.stderr)


@app.command()
def doctor(project: ProjectDir = Path()) -> None:
    """Say what is installed, what is in force, and what is missing."""
    settings = load_settings(project)
    ffmpeg = find_ffmpeg(project, settings)
    ffmpeg.check()
    rows = {
        "python": sys.version.split()[0],
        "ffmpeg": f"{ffmpeg.identity()} (has libass, libx264, aac and what else is needed)",
        **{f"{kind} provider": made.provider for kind, made in settings.providers},
        "store": settings.store,
        "episodes": ", ".join(episode_names(project)) or "none",
    }
    for name, value in rows.items():
        print(f"{name + ':':18}{value}")
