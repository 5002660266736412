"""The command `reelmake`: everything that is not a build. The build itself is `doit`."""

from __future__ import annotations

import sys
from contextlib import suppress

from reelmake.cli import authoring, check, ci, cost, doctor, inspect, plan, prune, rename, scaffold, watch
from reelmake.cli.app import answer, app
from reelmake.core.errors import InputError, ReelmakeError, SetupError
from reelmake.core.logging import ends_soon, prints_anything, redact, tell_mistake

__all__ = [
    "app",
    "authoring",
    "check",
    "ci",
    "cost",
    "doctor",
    "inspect",
    "main",
    "plan",
    "prune",
    "rename",
    "scaffold",
    "watch",
]


def main() -> None:
    """Run the command line; errors that an author can cause end without a traceback."""
    ends_soon()
    prints_anything()
    try:
        app()
    except InputError as error:
        stream = sys.stderr if _answered(error) else sys.stdout
        for problem in error.problems:
            print(redact(str(problem)), file=stream)
        print(f"{len(error.problems)} mistake{'s' * (len(error.problems) != 1)} found", file=sys.stderr)
        sys.exit(error.exit_code)
    except ReelmakeError as error:
        _answered(error)
        print(f"reelmake: {redact(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001
        from doit.exceptions import InvalidCommand  # noqa: PLC0415 (slow to import)

        from reelmake.tasks.job import error_of_command  # noqa: PLC0415

        if not isinstance(error, OSError | InvalidCommand):
            sys.exit(tell_mistake())
        wrong = error_of_command(error)
        _answered(wrong)
        print(f"reelmake: {redact(str(wrong))}", file=sys.stderr)
        sys.exit(SetupError.exit_code)


def _answered(error: ReelmakeError) -> bool:
    """Print the document of an error when the command has --json; says whether it has."""
    if "--json" not in sys.argv:
        return False
    from reelmake.spec.documents import ErrorDetails, ErrorDocument  # noqa: PLC0415

    where = error.problems[0].file if isinstance(error, InputError) and error.problems else ""
    details = ErrorDetails(type=type(error).__name__, message=redact(str(error)), where=where)
    with suppress(OSError):  # which may be the error itself
        answer(ErrorDocument(error=details).model_dump(mode="json", by_alias=True))
    return True
