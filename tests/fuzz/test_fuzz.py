"""No input ends in anything but a result or our own error, within bounds: a minute of inputs, the same every time.

`just fuzz MINUTES` goes on for longer, with other inputs each time, and prints what repeats them.
"""

from __future__ import annotations

import os
import random
import time

import pytest
from fuzz.bounds import Target, fuzz
from fuzz.mutations import contents
from fuzz.targets import EPISODES, TARGETS

MINUTES = os.environ.get("REELMAKE_FUZZ_MINUTES", "")
SECONDS = 60 * float(MINUTES or 1) / len(TARGETS)  # each
SEED = int(os.environ.get("REELMAKE_FUZZ_SEED") or (random.randrange(10**9) if MINUTES else 0))


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_read_ends_in_a_result_or_in_our_own_error(
    name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("fuzz"))
    print(f"repeat it with REELMAKE_FUZZ_SEED={SEED}")
    assert fuzz(TARGETS[name], SECONDS, SEED) > 1


def _raises(content: bytes) -> None:
    if b"topic" not in content:
        raise KeyError("topic")


def _fills_memory(content: bytes) -> None:
    if b"topic" not in content:
        assert len(b"x" * 400_000_000) > len(content)


def _takes_long(content: bytes) -> None:
    ends_at = time.process_time() + 0.6
    while b"topic" not in content and time.process_time() < ends_at:
        pass


@pytest.mark.parametrize(
    ("use", "fault"), [(_raises, "topic"), (_fills_memory, "it took [34].. MB"), (_takes_long, "it took 0.6 s")]
)
def test_a_planted_fault_is_found(use: object, fault: str) -> None:
    assert callable(use)
    with pytest.raises((KeyError, AssertionError), match=fault):
        fuzz(Target(contents(EPISODES), use, most_seconds=0.5), 5, 0)
