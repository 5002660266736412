"""This process, as far as it is a program of ours: it ends soon, and shows no secret when it breaks."""

from __future__ import annotations

import atexit
import gc
import io
import sys
import traceback
from contextlib import suppress

from reelmake.core.logging import redact


def ends_soon() -> None:
    """Have Python end without a last search for cyclic garbage.

    Vendors' SDKs are some hundred thousand objects, and an author who waits for the prompt would wait for the search:
    up to half a second.
    """
    atexit.register(gc.freeze)


def prints_anything() -> None:
    """Have what a terminal cannot show printed as an escape of Python's, in place of ending with an error.

    Not every machine reads UTF-8, and not every file's name is text.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # it may be closed, or replaced
            with suppress(OSError):  # where a file was that is a pipe now
                stream.reconfigure(errors="backslashreplace")


def tell_mistake() -> int:
    """Show a mistake of ours, inside its `except`, without secrets; returns the exit code."""
    sys.stderr.write(redact(traceback.format_exc()))
    return 1
