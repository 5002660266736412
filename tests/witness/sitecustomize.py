"""Writes down where a program connects to, and which names it looks up: one JSON line each in the file $WITNESS.

Python imports this by itself in programs that have this folder on PYTHONPATH; what is told here cannot be got around
by code in Python.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def witness(event: str, args: tuple[Any, ...]) -> None:
    """Be told of an event."""
    if event in {"socket.connect", "socket.getaddrinfo"}:
        place = args[1] if event == "socket.connect" else args[:2]
        with open(os.environ["WITNESS"], "a", encoding="utf-8") as log:  # noqa: PTH123 (nothing more is imported here)
            log.write(json.dumps([event, place], default=repr) + "\n")


if os.environ.get("WITNESS"):
    sys.addaudithook(witness)
