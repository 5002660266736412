"""`reelmake`: everything that is not a build. The build itself is `doit`."""

from __future__ import annotations

import sys

from reelmake.cli import authors, check, ci, doctor, inspect, money, prune, start, watch
from reelmake.cli.app import app
from reelmake.errors import InputError, ReelmakeError, SetupError
from reelmake.logs import redact
from reelmake.process import ends_soon, prints_anything, tell_mistake

__all__ = ["app", "authors", "check", "ci", "doctor", "inspect", "main", "money", "prune", "start", "watch"]


def main() -> None:
    """Run the command line; whatever an author can cause ends without a traceback."""
    ends_soon()
    prints_anything()
    try:
        app()
    except InputError as error:
        for problem in error.problems:
            print(redact(str(problem)))
        print(f"{len(error.problems)} mistake{'s' * (len(error.problems) != 1)} found", file=sys.stderr)
        sys.exit(error.exit_code)
    except ReelmakeError as error:
        print(f"reelmake: {redact(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001
        from doit.exceptions import InvalidCommand  # noqa: PLC0415 (slow to import)

        from reelmake.tasks.job import told_by_machine  # noqa: PLC0415

        if not isinstance(error, OSError | InvalidCommand):
            sys.exit(tell_mistake())
        print(f"reelmake: {redact(str(told_by_machine(error)))}", file=sys.stderr)
        sys.exit(SetupError.exit_code)
