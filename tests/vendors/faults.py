"""What can go wrong at a vendor, and which request it happens to.

| fault             | what the client sees                                                    | billed |
|-------------------|-------------------------------------------------------------------------|--------|
| busy              | 429 in the vendor's words; Retry-After when `retry_after` is given      | no     |
| too_many          | 429, too many at once (elevenlabs; elsewhere the same as busy)          | no     |
| wrong_key         | 401                                                                     | no     |
| quota             | nothing left: openai 429, elevenlabs 401, fal 403                       | no     |
| server_error      | `status` (500, 502, 503 ...)                                            | no     |
| unstarted         | fal: 504 in the form of its own machines: nothing was started           | no     |
| refusal           | the content is not allowed; for fal the result says so, not the submit  | script |
| html              | 200 with the page of a gateway                                          | no     |
| hang              | nothing, for `hang_seconds`; then the connection closes                 | no     |
| filtered          | a script that stops early: finish_reason content_filter                 | yes    |
| length            | a script that stops early: finish_reason length                         | yes    |
| miscount          | a script of one line less than was asked for                            | yes    |
| cut               | half of the body, though Content-Length told of all of it               | yes    |
| cut_unsized       | half of the body without a Content-Length, then the connection closes   | yes    |
| broken_json       | half of the body, told as if it were all                                | yes    |
| drip              | all of the body, slowly: `drip_seconds`                                 | yes    |
| lost              | the work is done, and the connection is reset without an answer         | yes    |
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vendors.records import BOUGHT, Hit

REFUSED = ("busy", "too_many", "wrong_key", "quota", "server_error", "unstarted", "refusal", "html")
STOPPED = ("filtered", "length", "miscount")
SPOILT = ("cut", "cut_unsized", "broken_json", "drip", "lost")
NAMES = (*REFUSED, "hang", *STOPPED, *SPOILT)
PASSING = ("busy", "server_error", "cut", "lost")


@dataclass(frozen=True)
class Fault:
    """One fault; `retry_after` (seconds) belongs to busy and too_many, `status` to server_error."""

    name: str
    retry_after: float | None = None
    status: int = 500


@dataclass
class Planned:
    """A fault that waits for requests: to a vendor, of a kind, or of both (`openai/image`), that hold a word."""

    target: str
    fault: Fault
    times: int | None
    when: str | None

    def meets(self, hit: Hit) -> bool:
        """Tell whether this request is one it waits for; a vendor's name alone means what is bought there."""
        meant = self.target in (hit.kind, f"{hit.vendor}/{hit.kind}")
        if not meant and not (self.target == hit.vendor and hit.kind in BOUGHT):
            return False
        return self.times != 0 and befalls(self.fault, hit) and (self.when is None or self.when in hit.asked)


@dataclass(frozen=True)
class Chance:
    """Faults that come by chance, the same ones for the same requests whatever their order."""

    rate: float
    seed: int
    faults: tuple[Fault, ...]
    kinds: tuple[str, ...]

    def draw(self, hit: Hit, nth: int) -> Fault | None:
        """Draw for a request that is asked for the nth time."""
        digest = hashlib.sha256(f"{self.seed} {nth} {hit.asked}".encode()).digest()
        chance = random.Random(digest)
        faults = [fault for fault in self.faults if befalls(fault, hit)]
        if hit.kind not in self.kinds or not faults or chance.random() >= self.rate:
            return None
        return chance.choice(faults)


@dataclass(frozen=True)
class Served:
    """A fault that was served, and the request that got it."""

    fault: Fault
    hit: Hit


class Faults:
    """The faults to come, and those that came."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.planned: list[Planned] = []
        self.chance: Chance | None = None
        self.served: list[Served] = []
        self.asked: Counter[str] = Counter()

    def plan(self, target: str, fault: Fault, times: int | None, when: str | None) -> None:
        """Let the next `times` requests that meet the target get the fault; None means all of them."""
        known(fault.name)
        with self.lock:
            self.planned.append(Planned(target, fault, times, when))

    def by_chance(self, rate: float, seed: int, faults: Sequence[str | Fault], kinds: Sequence[str]) -> None:
        """Let requests of these kinds fail by chance from now on; a rate of 0 ends it."""
        drawn = tuple(Fault(one) if isinstance(one, str) else one for one in faults)
        for one in drawn:
            known(one.name)
        with self.lock:
            self.chance = Chance(rate, seed, drawn, tuple(kinds)) if rate else None

    def take(self, hit: Hit) -> Fault | None:
        """Return the fault of this request, if it gets one, and count it as served."""
        with self.lock:
            nth = self.asked[hit.asked]
            self.asked[hit.asked] += 1
            fault = self._next(hit) or (self.chance.draw(hit, nth) if self.chance else None)
            if fault:
                self.served.append(Served(fault, hit))
            return fault

    def _next(self, hit: Hit) -> Fault | None:
        for planned in self.planned:
            if planned.meets(hit):
                if planned.times is not None:
                    planned.times -= 1
                return planned.fault
        return None


def befalls(fault: Fault, hit: Hit) -> bool:
    """Tell whether a request of this kind can fail like this: only a script can stop early, or be too short."""
    return fault.name not in STOPPED or hit.kind == "script"


def known(name: str) -> None:
    """Raise for a fault that there is not."""
    if name not in NAMES:
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(NAMES)}")
