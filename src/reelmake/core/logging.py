"""What this program shows of itself: logs, one event a line, and errors of its own; never a secret.

Logs go to stderr, never torn by the progress display; stdout is for answers. As plain lines there are warnings; as
JSON there is an event for each call, too, with its duration and cost.
"""

from __future__ import annotations

import atexit
import gc
import io
import json
import re
import sys
import threading
import traceback
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from functools import cache
from typing import Any, TextIO, cast


class LogStream:
    """A stream that writes whole lines to whatever sys.stderr is just now: above the live display, if there is one."""

    def __init__(self) -> None:
        self._begun = threading.local()

    def write(self, text: str) -> int:
        """Write the lines that are complete, and keep the rest until it is."""
        lines, end, rest = (getattr(self._begun, "line", "") + text).rpartition("\n")
        self._begun.line = rest
        if end:
            with suppress(OSError, ValueError):  # the reader of stderr may be gone: that must not cost a paid answer
                sys.stderr.write(lines + end)
        return len(text)

    def flush(self) -> None:
        """Flush stderr."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


_secrets: set[str] = set()
_as_json = False
# Vendors show parts of keys in their errors. Names of steps and files are none: they go on from a : - or /, and hold
# words, of which none is long and has a digit or a * in it.
_LIKE_A_KEY = re.compile(
    r"(?<![\w/-])(?:sk|pk|xi|fal|key)[-_](?=[A-Za-z]*[0-9*])[A-Za-z0-9*]{8,}[A-Za-z0-9*_-]*"
    r"|(?<![\w:/-])(?:sk|pk|xi|fal)[-_](?:[A-Za-z]+[-_])*(?=[A-Za-z]*[0-9*])[A-Za-z0-9*_-]{8,}"
)


def protect(secrets: Iterable[str]) -> None:
    """Never show these: not in logs, and not in what `redact` is given."""
    _secrets.update(secrets)


def redact(text: str) -> str:
    """Return a text without secrets."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return _LIKE_A_KEY.sub("[secret]", text)


def holds_secret(document: str) -> bool:
    """Say whether a text, or a document in JSON, holds the value of a secret."""
    return any(secret in document or json.dumps(secret, ensure_ascii=False)[1:-1] in document for secret in _secrets)


def write_json() -> None:
    """Write logs as lines of JSON from now on."""
    global _as_json  # noqa: PLW0603 (there is one stderr)
    _as_json = True
    log.cache_clear()


def _without_secrets(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = redact(value) if isinstance(value, str) else value
    return event


def log_for_programs(event: str, **fields: object) -> None:
    """Log, with `--log-json` only, an event that a person sees in the display."""
    if _as_json:
        log().info(event, **fields)


@cache
def log() -> Any:
    """Return the logger. It is imported when something is logged for the first time: that takes a while."""
    import structlog  # noqa: PLC0415

    order = ("timestamp", "level", "event")
    plain = structlog.processors.LogfmtRenderer(key_order=order, bool_as_flag=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso" if _as_json else "%H:%M:%S", utc=_as_json),
            _without_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False) if _as_json else plain,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info" if _as_json else "warning"),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", LogStream())),
    )
    return structlog.get_logger("reelmake")


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
