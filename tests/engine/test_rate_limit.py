"""Turns: limits, pauses and minutes hold for all threads of a pool, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections import ChainMap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from test_budget import LONG_SECONDS, at_once

from reelmake.engine import rate_limit
from reelmake.engine.rate_limit import DEFAULT_LIMIT, Gate, Gates


class Watch:
    """Counts who is inside a gate, and when each came in."""

    def __init__(self, gate: Gate, stay_seconds: float = 0.002) -> None:
        self.gate, self.stay_seconds = gate, stay_seconds
        self.inside = self.most = 0
        self.came: list[float] = []
        self.lock = threading.Lock()

    def visit(self, times: int = 1) -> None:
        for _ in range(times):
            with self.gate.turn():
                with self.lock:
                    self.inside += 1
                    self.most = max(self.most, self.inside)
                    self.came.append(time.monotonic())
                time.sleep(self.stay_seconds)
                with self.lock:
                    self.inside -= 1


@contextmanager
def held(gate: Gate, count: int) -> Iterator[None]:
    """Hold so many turns."""
    with ExitStack() as turns:
        for _ in range(count):
            turns.enter_context(gate.turn())
        yield


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_run_at_a_time_than_the_limit_and_all_get_their_turn(limit: int) -> None:
    watch = Watch(Gate(limit))
    at_once(24, lambda _: watch.visit(5))
    assert watch.most == limit
    assert len(watch.came) == 120


def test_a_turn_is_given_back_after_an_error() -> None:
    gate = Gate(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="mine"), gate.turn():
            raise ValueError("mine")
    at_once(1, lambda _: Watch(gate).visit())


def test_a_pause_holds_for_all_and_the_longest_counts() -> None:
    gate = Gate(8)
    gate.pause(0.3)
    gate.pause(0.1)
    watch, began = Watch(gate), time.monotonic()
    at_once(12, lambda _: watch.visit())
    assert min(watch.came) - began >= 0.29


def test_a_pause_holds_for_those_who_waited_already() -> None:
    gate = Gate(1)
    watch = Watch(gate)
    with gate.turn():
        threads = [threading.Thread(target=watch.visit, daemon=True) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        gate.pause(0.3)
        paused = time.monotonic()
    for thread in threads:
        thread.join(LONG_SECONDS)
    assert len(watch.came) == 6
    assert min(watch.came) - paused >= 0.29


def test_no_more_begin_in_a_minute_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MINUTE_SECONDS", 0.3)
    watch = Watch(Gate(8, per_minute=5), stay_seconds=0)
    at_once(18, lambda _: watch.visit())
    came = sorted(watch.came)
    assert len(came) == 18
    assert all(later - earlier >= 0.29 for earlier, later in zip(came, came[5:], strict=False))


def test_a_gate_narrows_by_what_runs_and_widens_by_what_is_answered() -> None:
    gate = Gate(8)
    with held(gate, 6):
        gate.narrow()
        assert gate.limit == 3
        for _ in range(12):
            gate.narrow()
    assert gate.limit == 1, "never to nothing"
    for _ in range(100):
        gate.widen(None)
    assert gate.limit == 8, "never beyond its limit"


def test_those_who_wait_are_let_in_when_a_gate_widens() -> None:
    gate = Gate(4)
    watch = Watch(gate)
    thread = threading.Thread(target=watch.visit, daemon=True)
    with held(gate, 1):
        gate.narrow()
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        gate.widen(None)
        thread.join(LONG_SECONDS)
        assert not thread.is_alive()


def test_without_a_limit_a_gate_takes_what_the_vendor_takes() -> None:
    gate = Gate()
    assert gate.limit == DEFAULT_LIMIT
    gate.widen(10)
    assert gate.limit == 10
    gate.widen(2)
    assert gate.limit == 2
    for odd in (0, -3, None):
        gate.widen(odd)
    assert gate.limit == 2
    gate.widen(10)
    assert gate.limit == 10


def test_a_limit_that_is_set_is_never_exceeded_and_comes_back_when_the_vendor_takes_more_again() -> None:
    gate = Gate(6)
    gate.widen(100)
    assert gate.limit == 6
    gate.widen(2)
    assert gate.limit == 2
    for _ in range(50):
        gate.widen(100)
    assert gate.limit == 6


def test_a_pool_that_narrows_and_widens_all_the_time_leaves_nobody_waiting() -> None:
    gate = Gate()
    watch = Watch(gate, stay_seconds=0)

    def visit(number: int) -> None:
        for at in range(40):
            watch.visit()
            if at % 7 == number % 7:
                gate.narrow()
            gate.widen([None, 3, 9, 1][(number + at) % 4])
            if at % 13 == number % 13:
                gate.pause(0.001)

    at_once(16, visit)
    assert len(watch.came) == 640


def test_gates_tell_the_runner_how_many_steps_may_run_just_now() -> None:
    pools = Gates({"cpu": 2, "voices": None}, {"voices": 60})
    limits = ChainMap(pools, {"cpu": 8, "mine": 3})  # type: ignore[arg-type] # as doit's runner has it
    assert {name: limits.get(name, 1) for name in ("cpu", "voices", "mine", "other")} == {
        "cpu": 2,
        "voices": DEFAULT_LIMIT,
        "mine": 3,
        "other": 1,
    }
    assert sorted(limits) == ["cpu", "mine", "voices"]
    assert "other" not in pools
    pools.gate("voices").widen(9)
    assert limits["voices"] == 9
    assert pools.gate("voices") is pools.gate("voices")
    assert pools.gate("unknown").limit == DEFAULT_LIMIT, "whoever asks without a runner still takes turns"
