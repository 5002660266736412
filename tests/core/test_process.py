"""What our programs do to the process that they are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reelmake.core import process

VARIABLE = "OPENBLAS_NUM_THREADS"
# Linux tells of each thread, whoever began it; elsewhere there is the main one to tell of.
COUNT = """
import os
from reelmake.core import process
process.computes_alone()
import numpy
print(len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1)
"""


@pytest.mark.parametrize(("own", "then"), [(None, "1"), ("4", "4")])
def test_an_author_who_needs_threads_gets_them(own: str | None, then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, own or "")
    if own is None:
        monkeypatch.delenv(VARIABLE)
    process.computes_alone()
    assert os.environ[VARIABLE] == then


def test_numpy_begins_no_threads() -> None:
    """They would be busy for a tenth of a second each."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    told = subprocess.run([sys.executable, "-c", COUNT], env=environment, capture_output=True, check=True)
    assert int(told.stdout) == 1
    if sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1:
        more = COUNT.replace("process.computes_alone()", "")
        told = subprocess.run([sys.executable, "-c", more], env=environment, capture_output=True, check=True)
        assert int(told.stdout) > 1, "else nothing need keep it from that"
