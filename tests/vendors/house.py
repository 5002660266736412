"""What the three stand-in vendors share: settings, books, clocks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Literal, Protocol

from vendors.faults import Fault
from vendors.records import Answer, Charge, Hit

OPENAI_KEY = "sk-proj-standin-0penA1-7f3c9b51e2"
ELEVENLABS_KEY = "sk_standin_e1even-84d20c6fa9"
FAL_KEY = "5tand1n0-fa1a-4e6b-9d77:c0ffee42standin1ed9e"


class House:
    """Settings that tests set, and the books that tests read.

    seconds                  how long an answer of a kind takes; `queue`: how long fal lets a request wait before it
                             runs (`image` is then how long it runs)
    openai_mode              which server plays OpenAI: `strict` knows JSON schemas, `json_object` only that, `plain`
                             neither, and wraps what it writes in prose and a fence
    elevenlabs_alignment     `right`; `missing` (null); `drift` (the last end 30 % past the sound); `stuck` (the second
                             half at one time); `backwards` (times that go back)
    elevenlabs_history       whether a synthesis lands in the history
    elevenlabs_history_sound what the history hands over: `bought` (the format that was bought) or `mp3`
    elevenlabs_times         voice -> how many times the usual price it costs, for voices of the library
    elevenlabs_concurrency   how many syntheses may run at once; one more gets 429
    drip_seconds             how long the fault `drip` takes
    hang_seconds             how long the fault `hang` says nothing
    most_running             kind -> how many of it ran at once
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.openai_mode: Literal["strict", "json_object", "plain"] = "strict"
        self.elevenlabs_alignment: Literal["right", "missing", "drift", "stuck", "backwards"] = "right"
        self.elevenlabs_history = True
        self.elevenlabs_history_sound: Literal["bought", "mp3"] = "bought"
        self.elevenlabs_times: dict[str, int] = {}
        self.elevenlabs_concurrency = 10
        self.drip_seconds = 1.0
        self.hang_seconds = 30.0
        self.most_running: Counter[str] = Counter()
        self.running: Counter[str] = Counter()
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.charges: list[Charge] = []
        self._ids: Counter[str] = Counter()

    def charge(self, hit: Hit, usd: Decimal, units: Decimal | int, request_id: str) -> None:
        """Bill a request."""
        with self.lock:
            self.charges.append(Charge(hit.vendor, hit.kind, hit.body, usd, Decimal(units), request_id, hit.asked))

    def wait(self, kind: str) -> None:
        """Work for as long as this kind takes."""
        self.stopping.wait(self.seconds.get(kind, 0))

    def next_id(self, what: str) -> int:
        """Count: the first is 1."""
        with self.lock:
            self._ids[what] += 1
            return self._ids[what]

    def note_running(self, kind: str, count: int) -> None:
        """Remember how many of a kind run at once."""
        with self.lock:
            self.most_running[kind] = max(self.most_running[kind], count)

    @contextmanager
    def at_work(self, kind: str) -> Iterator[None]:
        """Count a request of this kind as running."""
        with self.lock:
            self.running[kind] += 1
            self.most_running[kind] = max(self.most_running[kind], self.running[kind])
        try:
            yield
        finally:
            with self.lock:
                self.running[kind] -= 1


class Vendor(Protocol):
    """A vendor: what it knows, how it says no, what it answers."""

    def kind(self, method: str, path: str) -> str:
        """Name the endpoint; `unknown` if there is none."""

    def known_caller(self, hit: Hit) -> bool:
        """Tell whether the request carries the right key."""

    def refuse(self, hit: Hit, fault: Fault) -> Answer | None:
        """Say no in the vendor's words; None when the vendor says so only later."""

    def answer(self, hit: Hit, fault: Fault | None) -> Answer:
        """Do the work, bill it, and answer; or say what is wrong with the request."""
