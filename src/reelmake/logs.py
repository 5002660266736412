"""Logs: one event a line, on stderr, never torn by the progress display. stdout is for answers."""

from __future__ import annotations

import sys
import threading
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
            with suppress(OSError, ValueError):  # whoever read stderr may be gone: that must not cost a paid answer
                sys.stderr.write(lines + end)
        return len(text)

    def flush(self) -> None:
        """Flush stderr."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


@cache
def log() -> Any:
    """Return the logger. It is imported when something is logged for the first time: that takes a while."""
    import structlog  # noqa: PLC0415

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"), bool_as_flag=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", LogStream())),
    )
    return structlog.get_logger("reelmake")
