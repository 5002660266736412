"""`doctor`: what is installed, what is in force, and what is missing."""

from __future__ import annotations

from pathlib import Path

import typer

from reelmake.cli.app import ProjectDir, app
from reelmake.errors import SetupError


@app.command()
def doctor(project: ProjectDir = Path()) -> None:
    """Say what is installed, what is in force, and what is missing; ends with 2 when something that is needed is."""
    from reelmake.cli.examine import examine  # noqa: PLC0415 (it loads nearly everything)

    if not examine(project):
        raise typer.Exit(SetupError.exit_code)
