"""The only place that asks a provider: within the cap, in turn, as often as is safe, and never without a trace.

Before a request is sent, a note of it is on the disk; after the receipt is, the note goes. So whatever happens between
(a kill, a cut line), the next one who wants the same thing knows that it may be there already, and asks the provider
for it before asking for another.

    BusyError    was not done: asked again, after a while
    LostError    may have been done: looked for, and asked again once
    others       are told as they are: the same request would fail again
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reelmake.core.errors import AccountError, BuildError, BusyError, CapError, LostError, ProviderError
from reelmake.core.keys import Action
from reelmake.core.logging import log, log_for_programs, redact
from reelmake.engine.billing_factor import Meters
from reelmake.engine.budget import Budget
from reelmake.engine.rate_limit import Gate, Gates
from reelmake.providers import provider
from reelmake.providers.base import Answer, Call, Provider, Request
from reelmake.providers.prices import Prices, rounded
from reelmake.store.base import Note, Store
from reelmake.store.receipt import amount_of

if TYPE_CHECKING:
    from tenacity import RetryCallState


Found = TypeVar("Found", Answer, Answer | None)

MOST_BUSY: Final = 6  # so often a busy vendor is asked
MOST_LOST: Final = 2  # so often a request is sent whose answer gets lost: once again, and no more
OUTCOMES: Final = {BusyError: "busy", LostError: "lost", AccountError: "no account"}  # as the log calls them
LONGEST_WAIT_SECONDS: Final = 60.0
LONG_AGO: Final = timedelta(days=1)
CLOCKS_DIFFER: Final = timedelta(hours=1)  # of this machine and others, at most


@dataclass(frozen=True, slots=True)
class Bought:
    """An answer, what it was expected to cost, and what was lost on the way to it (see `Receipt.earlier`)."""

    answer: Answer
    quoted_usd: Decimal | None
    earlier: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks providers.

    variable         looks up variables, for the keys of vendors
    timeout_seconds  pool -> how long a request may take, where that is not what the provider says
    retry_seconds    how long to wait before a busy vendor is asked again; doubles each time
    """

    prices: Prices = field(default_factory=Prices)
    budget: Budget = field(default_factory=Budget)
    gates: Gates = field(default_factory=Gates)
    variable: Callable[[str], str | None] = lambda _: None
    proxy: str | None = None
    timeout_seconds: Mapping[str, float] = field(default_factory=dict)
    retry_seconds: float = 1.0
    failed: dict[str, ProviderError] = field(default_factory=dict)  # key -> why this build cannot have it
    meters: Meters = field(default_factory=Meters)

    def price(self, action: Action) -> Decimal | None:
        """Return what an action costs at most: nothing, unless a provider performs it. None when nobody knows."""
        return performer_of(action).price(action.request, self.prices)

    def expected_usd(self, action: Action, store: Store) -> Decimal | None:
        """Return what an action costs at most, by what the vendor's meter made of its like before."""
        usd = self.price(action)
        if not usd or not performer_of(action).is_metered:
            return usd
        return rounded(usd * (self.meters.times(action.request, store) or 1))

    def perform(self, action: Action, key: str, step: str, store: Store) -> Bought:
        """Have a request performed. Whoever calls holds the key's lock, and has asked the store. Raises BuildError."""
        if error := self.failed.get(key):  # another line has tried as often as is safe
            raise copy(error)
        performer = performer_of(action)
        told = performer.price(action.request, self.prices)
        quoted_usd = None if told is None else amount_of(told)
        about = {"kind": action.kind, "provider": action.request["provider"], "step": step}
        trail = _Trail(store, key, about, quoted_usd)
        attempts = _Attempts(self, performer, action, trail, quoted_usd, step)
        try:
            answer = attempts.until_answered()
        except ProviderError as error:
            self.failed[key] = copy(error)
            raise
        return Bought(answer, quoted_usd, tuple(trail.lost))


def performer_of(action: Action) -> Provider:
    """Return the provider that an action asks."""
    found: Provider = provider(action.kind, action.request["provider"])
    return found


class _Trail:
    """What is on the disk about one request that is under way: when it was sent, and what came of that.

    lost    requests for the same thing that were sent and never answered: each may have been billed
    ticket  by what the provider knows the last one, if it said so
    key     what is asked for
    """

    def __init__(self, store: Store, key: str, about: Note, quoted_usd: Decimal | None) -> None:
        self.store, self.key = store, key
        self._about = {**about, "usd": None if quoted_usd is None else str(quoted_usd)}
        self._asked_at = ""  # while a request is open
        note = store.note(key)
        self._is_written = note is not None
        # A note may hold anything. What is made of it goes into a receipt, and that must never fail.
        lost = (note or {}).get("lost")
        self.lost = [dict(told) for told in lost if isinstance(told, dict)] if isinstance(lost, list) else []
        ticket = (note or {}).get("ticket")
        self.ticket = ticket if isinstance(ticket, dict) else None
        if note is not None and note.get("asked_at", "?"):
            why = "the process that asked was ended before the answer arrived"
            self.lost.append({"asked_at": note.get("asked_at", ""), "usd": note.get("usd"), "why": why})

    @property
    def may_be_there(self) -> bool:
        """Say whether an answer may be waiting at the provider."""
        return bool(self.lost or self.ticket)

    @property
    def asked_at(self) -> datetime:
        """Return when it was first asked for: nothing before that can be the answer.

        It is long ago when nobody knows, or the clock has been set back since.
        """
        now = datetime.now(UTC)
        try:
            asked_at = datetime.fromisoformat(self.lost[0]["asked_at"] if self.lost else self._asked_at)
            return asked_at if asked_at <= now else now - LONG_AGO
        except (ValueError, KeyError, TypeError):
            return now - LONG_AGO if self.lost else now

    def used_ids(self) -> frozenset[str]:
        """Return what the provider calls the answers that other requests have got."""
        since = self.asked_at - CLOCKS_DIFFER
        found = (one for one in self.store.receipts(since) if one.provider == self._about["provider"])
        return frozenset(name for receipt in found if receipt.key != self.key for name in receipt.vendor_ids)

    def ask(self) -> None:
        """Note that the request is about to be sent."""
        self._asked_at = datetime.now(UTC).isoformat()
        self._write()

    def keep_ticket(self, ticket: Mapping[str, Any] | None) -> None:
        """Note by what the provider knows the request."""
        self.ticket = None if ticket is None else dict(ticket)
        self._write()

    def lose(self, why: str) -> None:
        """Note that the answer did not arrive."""
        self.lost.append(
            {"asked_at": self._asked_at or datetime.now(UTC).isoformat(), "usd": self._about["usd"], "why": why}
        )
        self.close()

    def find(self) -> None:
        """Note that the answer to what was sent last has been found at the provider."""
        if self.lost:
            self.lost.pop()

    def close(self) -> None:
        """Note that nothing is under way; what may have been billed for nothing, or may yet come, stays noted."""
        self._asked_at = ""
        if self.may_be_there:
            self._write()
        elif self._is_written:
            self.store.write_note(self.key, None)
            self._is_written = False

    def _write(self) -> None:
        told = {"asked_at": self._asked_at, "ticket": self.ticket, "lost": self.lost}
        self.store.write_note(self.key, {**self._about, **told})
        self._is_written = True


class _Attempts:
    """All that is done to get one answer."""

    def __init__(  # noqa: PLR0913, PLR0917 (what is asked of whom, and what is known of it)
        self,
        caller: Caller,
        performer: Provider,
        action: Action,
        trail: _Trail,
        quoted_usd: Decimal | None,
        step: str,
    ) -> None:
        self._caller, self._performer, self._action, self._trail = caller, performer, action, trail
        self._quoted_usd, self._step = quoted_usd, step
        self._gate: Gate = caller.gates.gate(performer.pool)
        self._counts = {BusyError: 0, LostError: 0}
        self._counted_usd = Decimal(0)  # of what this build has spent, for the last request whose answer is missing

    def until_answered(self) -> Answer:
        """Ask until there is an answer, or no point in asking; raises BuildError."""
        try:
            return self._once()
        except (BusyError, LostError) as error:
            failed = [error]
        from tenacity import Retrying, retry_if_exception_type, wait_exponential_jitter  # noqa: PLC0415 (slow)

        def once_more() -> Answer:
            if failed:  # the first attempt, which it has not seen
                raise failed.pop()
            return self._once()

        first = self._caller.retry_seconds
        wait = wait_exponential_jitter(multiplier=first, max=LONGEST_WAIT_SECONDS, jitter=first)
        retrying = Retrying(
            retry=retry_if_exception_type((BusyError, LostError)),
            stop=self._is_enough,
            sleep=self._caller.gates.sleep,
            wait=lambda state: 0 if self._asked_to_pause(state) else wait(state),
            reraise=True,
        )
        return retrying(once_more)

    def _is_enough(self, state: RetryCallState) -> bool:
        del state
        return self._counts[BusyError] >= MOST_BUSY or self._counts[LostError] >= MOST_LOST

    @staticmethod
    def _asked_to_pause(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        return isinstance(error, BusyError) and bool(error.retry_after_seconds)  # "at once" is no pause

    def _once(self) -> Answer:
        with self._gate.turn():
            began = time.monotonic()
            try:
                answer, outcome = self._found_or_asked()
            except ProviderError as error:
                self._learn(error)
                self._log(OUTCOMES.get(type(error), "refused"), began, reason=error.what)
                raise
            self._gate.widen(answer.most_at_once)
        units = " ".join(f"{unit}={count}" for unit, count in answer.units.items())
        self._log(outcome, began, usd=None if answer.usd is None else str(answer.usd), units=units)
        return answer

    def _learn(self, error: ProviderError) -> None:
        for kind in self._counts:
            self._counts[kind] += isinstance(error, kind)
        if isinstance(error, BusyError):
            if error.retry_after_seconds is not None:
                self._gate.pause(error.retry_after_seconds)
            if error.too_many:
                self._gate.narrow()

    def _found_or_asked(self) -> tuple[Answer, str]:
        """Look for the answer to what was asked before, and ask when it is not there."""
        trail, budget = self._trail, self._caller.budget
        if trail.may_be_there and (found := self._recover()):
            trail.find()
            self._learn_bill(found)
            told_usd = amount_of(found.usd)
            budget.settle(Decimal(0), Decimal(0) if told_usd is None else told_usd - self._counted_usd)
            return found, "recovered"
        try:
            with self._set_aside() as (reserved_usd, likely_usd):
                return self._asked(reserved_usd, likely_usd), "asked"
        except CapError as error:
            error.key = trail.key
            raise

    @contextmanager
    def _set_aside(self) -> Iterator[tuple[Decimal | None, Decimal | None]]:
        """Set money aside for the request; yields how much, and how much of that is likely to be billed.

        Of what nobody knows the most of, since the vendor has a meter and has never billed the like of it, it is all
        that is left under the cap; others of its like wait for its bill.
        """
        budget, meters, usd = self._caller.budget, self._caller.meters, self._quoted_usd
        what, about = self._step or self._action.kind, (self._action.request, self._trail.store)
        if not usd or budget.cap_usd is None:
            budget.reserve(usd, what)
            yield usd, usd
            return
        is_metered = self._performer.is_metered
        with meters.first(*about) if is_metered else nullcontext():
            times = meters.times(*about)
            if times is None and is_metered:
                yield budget.reserve_rest(usd, what), usd
                return
        usd = rounded(usd * (times or 1))
        budget.reserve(usd, what)
        yield usd, usd

    def _asked(self, reserved_usd: Decimal | None, likely_usd: Decimal | None) -> Answer:
        """Ask, with a note of it on the disk, and settle what was set aside.

        Free requests leave no note, for they can be made again.
        """
        trail, budget = self._trail, self._caller.budget
        if self._caller.gates.is_stopped:  # while it waited for the cap
            budget.settle(reserved_usd, Decimal(0))
            raise BuildError("it was not asked for: the build is stopping", "run doit again")
        ticket = trail.ticket
        spent_usd: Decimal | None = Decimal(0)
        try:
            if self._quoted_usd != 0:
                trail.ask()
            spent_usd = likely_usd  # whatever happens from here on and cannot be told: it counts
            answer = self._ask()
            self._learn_bill(answer)
            told_usd = amount_of(answer.usd)
            spent_usd = likely_usd if told_usd is None else told_usd
        except LostError:
            self._counted_usd = likely_usd or Decimal(0)
            raise
        except ProviderError:
            is_accepted = trail.ticket is not None and trail.ticket != ticket  # and will be billed
            if is_accepted:
                self._counted_usd = likely_usd or Decimal(0)
            spent_usd = likely_usd if is_accepted else Decimal(0)
            raise
        finally:
            budget.settle(reserved_usd, spent_usd)
        return answer

    def _learn_bill(self, answer: Answer) -> None:
        self._caller.meters.learn(self._action.request, self._quoted_usd, amount_of(answer.usd))

    def _recover(self) -> Answer | None:
        """Look for an answer; what is still missing after an error stays noted, and nothing else."""
        had_ticket = self._trail.ticket is not None
        try:
            return self._without_secrets(self._performer.recover)
        except ProviderError as error:
            if isinstance(error, LostError) and had_ticket and self._trail.ticket is None and not self._trail.lost:
                self._trail.lose(error.what)  # it was accepted, and billed, and nobody can have it any more
            else:
                self._trail.close()
            raise

    def _ask(self) -> Answer:
        """Ask, and note what becomes of it."""
        try:
            return self._without_secrets(self._performer.ask)
        except LostError as error:
            self._trail.lose(error.what)
            raise
        except ProviderError:
            self._trail.close()
            raise

    def _without_secrets(self, do: Callable[[Request, Call], Found]) -> Found:
        """Call a provider; whatever it says goes to disks and screens, so vendors must not put our keys into it."""
        try:
            return do(self._action.request, self._call())
        except ProviderError as error:
            # and half a character in them must not keep us from writing a note
            what, fix = (redact(told).encode("utf-8", "replace").decode() for told in (error.what, error.fix))
            error.what, error.fix = error.args = what, fix
            raise

    def _call(self) -> Call:
        caller, performer = self._caller, self._performer
        return Call(
            prices=caller.prices,
            timeout_seconds=caller.timeout_seconds.get(performer.pool, performer.timeout_seconds),
            proxy=caller.proxy,
            variable=caller.variable,
            asked_at=self._trail.asked_at,
            ticket=self._trail.ticket,
            keep_ticket=self._trail.keep_ticket,
            used_ids=self._trail.used_ids,
        )

    def _log(self, outcome: str, began: float, **more: object) -> None:
        request = self._action.request
        if self._performer.pool == "cpu":
            return  # nobody was called
        told = {"step": self._step, "provider": request["provider"], "model": request.get("model")}
        attempt = 1 + sum(self._counts.values()) - (outcome in {"busy", "lost"})
        seconds = round(time.monotonic() - began, 3)
        write = log_for_programs if outcome in {"asked", "recovered"} else log().warning
        write("call", **told, attempt=attempt, outcome=outcome, seconds=seconds, **more)
