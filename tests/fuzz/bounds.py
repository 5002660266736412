"""What may come of any input: a result or our own error, within bounds of memory and time."""

from __future__ import annotations

import resource
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning
from hypothesis.strategies import SearchStrategy

from reelmake.core.errors import ReelmakeError

EXAMPLES: Final = 20  # between two looks at the clock
_BACKSTOP_BYTES: Final = 4 << 30  # of address space beside what a process has: nothing that is found ends the machine


@dataclass(frozen=True, slots=True)
class Target:
    """Code that reads what others wrote.

    inputs   what it is given
    use      reads one of them
    allowed  errors that its callers handle, besides our own
    most_mb  how much memory one input may take
    most_seconds  how much time of a processor it may take
    """

    inputs: SearchStrategy[Any]
    use: Callable[[Any], object]
    allowed: tuple[type[Exception], ...] = ()
    most_mb: int = 150
    most_seconds: float = 10.0


def check(target: Target, content: object) -> None:
    """Give an input to a target; raises AssertionError, or an error that is not allowed."""
    before, began = _memory_mb("VmRSS"), time.process_time()
    _begin_peak()
    with suppress(ReelmakeError, *target.allowed):
        target.use(content)
    seconds, taken_mb = time.process_time() - began, _memory_mb("VmHWM") - before
    assert seconds <= target.most_seconds, f"it took {seconds:.1f} s"
    assert taken_mb <= target.most_mb, f"it took {taken_mb} MB"


def fuzz(target: Target, seconds: float, first_seed: int) -> int:
    """Check a target for so long, with inputs that follow from the seed; returns how many there were."""
    ends_at, examined = time.monotonic() + seconds, 0
    with _backstop(), warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)  # an input that is long is shown all the same
        for number in count(first_seed):

            @seed(number)
            @settings(  # to shrink or explain a failure may take minutes; the input that is shown repeats it
                max_examples=EXAMPLES,
                phases=(Phase.generate,),
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(target.inputs)
            def examine(content: object) -> None:
                nonlocal examined
                examined += 1
                check(target, content)

            examine()
            if time.monotonic() >= ends_at:
                return examined
    raise AssertionError("the clock stands still")


@contextmanager
def _backstop() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = _memory_mb("VmSize") * 1_000_000 + _BACKSTOP_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _begin_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # Linux: VmHWM begins anew


def _memory_mb(name: str) -> int:
    row = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(f"{name}:"))
    return int(row.split()[1]) // 1000
