"""What our programs do to the process that they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

THREADS = Path("/proc/self/task")
COUNT = "import numpy, os; print(len(os.listdir('/proc/self/task')))"


@pytest.mark.skipif(not THREADS.is_dir() or len(os.sched_getaffinity(0)) == 1, reason="threads cannot be seen here")
@pytest.mark.parametrize(
    ("first", "alone"), [("", False), ("from reelmake import process; process.computes_alone()\n", True)]
)
def test_numpy_begins_no_threads(first: str, alone: bool) -> None:
    """They would be busy for a tenth of a second each; without our word it begins some."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    told = subprocess.run([sys.executable, "-c", first + COUNT], env=environment, capture_output=True, check=True)
    assert (int(told.stdout) == 1) == alone
