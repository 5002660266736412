"""`reelmake`: everything that is not a build. The build itself is `doit`."""

from __future__ import annotations

import sys

from reelmake.cli import check, doctor, money
from reelmake.cli.app import app
from reelmake.errors import InputError, ReelmakeError
from reelmake.logs import redact

__all__ = ["app", "check", "doctor", "main", "money"]


def main() -> None:
    """Run the command line; whatever an author can cause ends without a traceback."""
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
