"""Asking providers: as often as is safe and no more, never without a trace, and within the cap."""

from __future__ import annotations

import errno
import pickle
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scripted_provider import USD, Scripted, action_of, key_of
from test_budget import at_once

from reelmake import providers
from reelmake.core import logging
from reelmake.core.errors import (
    AccountError,
    BuildError,
    BusyError,
    CapError,
    InputError,
    LostError,
    MediaError,
    NoObjectError,
    NoStoreError,
    ObjectsError,
    OversizedError,
    Problem,
    ProviderError,
    ReelmakeError,
    RefusedError,
    SetupError,
    UnreachableError,
    UnusableError,
)
from reelmake.core.keys import digest_of, manifest
from reelmake.core.logging import log, protect
from reelmake.engine.budget import Budget
from reelmake.engine.calls import Bought, Caller
from reelmake.engine.chain import MOST_BUSY
from reelmake.engine.costs import Ledger
from reelmake.engine.rate_limit import Gates
from reelmake.project.settings import Allowance
from reelmake.providers.base import Answer, Call
from reelmake.store.base import Receipt
from reelmake.store.local import LocalStore

ANSWER = Answer(b"sound", {"characters": 5}, USD)
KEY = key_of(action_of().request)
BUSY, LOST, REFUSED = BusyError("too busy"), LostError("cut off"), ProviderError("not this text", "write another")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch, store: LocalStore) -> Iterator[Scripted]:
    """A provider that answers as scripted."""
    caches = (providers.registered, providers.provider)
    monkeypatch.setitem(providers.PROVIDERS, "voice.scripted", "scripted_provider:Scripted")
    for cache in caches:
        cache.cache_clear()
    made = providers.provider("voice", "scripted")
    made.store = store
    yield made
    for cache in caches:
        cache.cache_clear()


def a_caller(cap_usd: str | None = None, **more: Any) -> Caller:
    return Caller(budget=Budget(None if cap_usd is None else Decimal(cap_usd)), retry_seconds=0, **more)


def perform(caller: Caller, store: LocalStore) -> Bought:
    return caller.perform(action_of(), KEY, "voice:one:a", store)


def whys(bought: Bought) -> list[str]:
    return [lost["why"] for lost in bought.earlier]


# -- what is busy -------------------------------------------------------------------------------------------------


def test_a_busy_vendor_is_asked_again(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [BUSY, BUSY, ANSWER]
    caller = a_caller()
    assert perform(caller, store) == Bought(ANSWER, USD, ())
    assert len(vendor.asked) == 3
    assert vendor.looked == [], "it did nothing, so there is nothing to look for"
    assert caller.budget.spent_usd == USD


def test_a_vendor_that_stays_busy_is_given_up(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [BUSY]
    caller = a_caller("0.25")
    with pytest.raises(BusyError, match="too busy"):
        perform(caller, store)
    assert len(vendor.asked) == MOST_BUSY
    assert caller.budget.spent_usd == 0
    assert store.note(KEY) is None
    caller.budget.reserve(USD, "nothing is set aside any more")


def test_the_whole_pool_pauses_as_long_as_the_vendor_asks_for(vendor: Scripted, store: LocalStore) -> None:
    caller = a_caller(gates=Gates({"scripted": 4}))
    times: list[float] = []
    lock = threading.Lock()

    def act(_: Call) -> Answer:
        with lock:
            times.append(time.monotonic())
            if len(times) == 1:
                raise BusyError("wait", retry_after_seconds=0.4)
        return ANSWER

    vendor.acts = [act]
    perform(caller, store)
    at_once(4, lambda n: caller.perform(action_of(f"{n}"), key_of(action_of(f"{n}").request), "", store))
    assert len(times) == 6
    assert sorted(times)[1] - times[0] >= 0.39


def test_others_wait_while_a_vendor_pauses(vendor: Scripted, store: LocalStore) -> None:
    caller = a_caller(gates=Gates({"scripted": 4}))
    paused = threading.Event()
    times: list[float] = []

    def act(_: Call) -> Answer:
        if not paused.is_set():
            paused.set()
            raise BusyError("wait", retry_after_seconds=0.4)
        times.append(time.monotonic())
        return ANSWER

    vendor.acts = [act]
    first = threading.Thread(target=perform, args=(caller, store), daemon=True)
    began = time.monotonic()
    first.start()
    assert paused.wait(20)
    time.sleep(0.05)
    caller.perform(action_of("other"), key_of(action_of("other").request), "", store)
    first.join(20)
    assert len(times) == 2
    assert min(times) - began >= 0.39


def test_a_vendor_that_asks_to_come_back_at_once_is_not_asked_at_once(vendor: Scripted, store: LocalStore) -> None:
    """Six times within a moment would be no patience at all."""
    vendor.acts = [BusyError("soon", retry_after_seconds=0.0), ANSWER]
    caller = Caller(retry_seconds=0.2)
    began = time.monotonic()
    perform(caller, store)
    assert time.monotonic() - began >= 0.2


def test_a_vendor_that_is_asked_too_much_is_asked_less_at_a_time(vendor: Scripted, store: LocalStore) -> None:
    caller = a_caller(gates=Gates({"scripted": None}))
    vendor.acts = [BusyError("too much", too_many=True), Answer(b"sound", {}, USD, most_at_once=9)]
    gate = caller.gates.gate("scripted")
    seen: list[int] = []

    def narrowed(_: Call) -> Answer:
        seen.append(gate.limit)
        return ANSWER

    vendor.acts.insert(1, narrowed)
    perform(caller, store)
    assert seen == [1]
    perform(caller, store)
    assert gate.limit == 9


# -- what is lost -------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_looked_for_before_it_is_asked_for_again(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts, vendor.finds = [LOST], [Answer(b"found", {}, Decimal("0.20"))]
    caller, began = a_caller(), datetime.now(UTC)
    bought = perform(caller, store)
    assert (bought.answer.body, bought.earlier) == (b"found", ())
    assert len(vendor.asked) == 1
    assert began <= vendor.looked[0].asked_at <= datetime.now(UTC)
    assert caller.budget.spent_usd == Decimal("0.20"), "in place of what was counted when it was lost"


def test_a_lost_answer_that_is_not_there_is_asked_for_once_more_and_told(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [LOST, ANSWER]
    caller = a_caller()
    bought = perform(caller, store)
    assert bought.answer == ANSWER
    assert whys(bought) == ["cut off"]
    assert bought.earlier[0]["usd"] == str(USD)
    assert (len(vendor.asked), len(vendor.looked)) == (2, 1)
    assert caller.budget.spent_usd == 2 * USD


def test_nothing_is_asked_for_a_third_time(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [LOST]
    caller = a_caller()
    with pytest.raises(LostError):
        perform(caller, store)
    assert len(vendor.asked) == 2
    assert caller.budget.spent_usd == 2 * USD
    note = store.note(KEY)
    assert note
    assert (len(note["lost"]), note["asked_at"]) == (2, ""), "the next build looks for it"
    vendor.finds = [Answer(b"found", {}, USD)]
    later = a_caller()
    bought = perform(later, store)
    assert bought.answer.body == b"found"
    assert whys(bought) == ["cut off"]
    assert later.budget.spent_usd == USD


def test_what_is_found_counts_as_it_was_billed_and_not_as_it_was_expected(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts, vendor.finds = [LOST], [Answer(b"found", {}, 3 * USD)]
    caller = a_caller()
    assert perform(caller, store).answer.body == b"found"
    assert caller.budget.spent_usd == 3 * USD


def test_lost_then_busy_then_found_counts_once(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts, vendor.finds = [LOST, BUSY, ANSWER], [None, Answer(b"found", {}, USD)]
    caller = a_caller()
    assert perform(caller, store).answer.body == b"found"
    assert caller.budget.spent_usd == USD


def test_a_vendor_that_cannot_be_looked_at_just_now_is_looked_at_again(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts, vendor.finds = [LOST, ANSWER], [BUSY, BUSY, Answer(b"found", {}, USD)]
    assert perform(a_caller(), store).answer.body == b"found"
    assert len(vendor.asked) == 1


def test_nothing_is_asked_again_while_it_cannot_be_looked_for(vendor: Scripted, store: LocalStore) -> None:
    """What is lost stays noted, whatever the look ends in."""
    for trouble in (BUSY, LOST, AccountError("no right to look")):
        vendor.acts, vendor.finds, vendor.asked = [LOST, ANSWER], [trouble], []
        with pytest.raises(type(trouble)):
            perform(a_caller(), store)
        assert len(vendor.asked) == 1
        assert store.note(KEY)
        store.write_note(KEY, None)


def test_a_job_that_has_failed_is_forgotten_and_asked_for_anew_by_the_next_build(
    vendor: Scripted, store: LocalStore
) -> None:
    """As fal does: what was accepted turns out refused only when it is looked at."""

    def refused(call: Call) -> Answer:
        call.keep_ticket(None)
        raise REFUSED

    store.write_note(KEY, {"asked_at": "", "ticket": {"id": 1}, "lost": []})
    vendor.finds = [refused, None]
    with pytest.raises(ProviderError, match="not this text"):
        perform(a_caller(), store)
    assert vendor.asked == []
    assert store.note(KEY) is None
    assert perform(a_caller(), store).answer == ANSWER


def test_a_lost_answer_under_a_cap_is_not_asked_for_again_beyond_it(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [LOST, ANSWER]
    caller = a_caller("0.40")
    with pytest.raises(CapError):
        perform(caller, store)
    assert len(vendor.asked) == 1
    assert caller.budget.spent_usd == USD
    note = store.note(KEY)
    assert note
    assert len(note["lost"]) == 1


# -- what is on the disk ------------------------------------------------------------------------------------------


def test_a_note_is_on_the_disk_before_anything_is_sent(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [BUSY, ANSWER]
    perform(a_caller(), store)
    for note in vendor.asked:
        assert note
        assert (note["kind"], note["provider"], note["step"], note["usd"]) == (
            "voice",
            "scripted",
            "voice:one:a",
            "0.25",
        )
        assert datetime.fromisoformat(note["asked_at"]) > datetime.now(UTC) - timedelta(minutes=5)
    assert store.note(KEY), "it stays until the receipt is kept"


def test_free_requests_leave_no_note(vendor: Scripted, store: LocalStore) -> None:
    vendor.quoted_usd = Decimal(0)
    perform(a_caller(), store)
    assert vendor.asked == [None]
    vendor.quoted_usd = None
    perform(a_caller(), store)
    assert vendor.asked[1], "what has no price may well cost something"


def test_a_ticket_is_on_the_disk_before_it_is_waited_for(vendor: Scripted, store: LocalStore) -> None:
    seen: list[Any] = []

    def queued(call: Call) -> Answer:
        call.keep_ticket({"id": "job-1"})
        note = store.note(KEY)
        seen.append(note and note["ticket"])
        raise LOST

    vendor.acts = [queued]
    vendor.finds = [Answer(b"found", {}, USD)]
    caller = a_caller()
    assert perform(caller, store).answer.body == b"found"
    assert seen == [{"id": "job-1"}]
    assert vendor.looked[0].ticket == {"id": "job-1"}
    assert caller.budget.spent_usd == USD


def test_a_job_that_was_accepted_counts_as_spent_and_is_looked_for_again(vendor: Scripted, store: LocalStore) -> None:
    def queued(call: Call) -> Answer:
        call.keep_ticket({"id": "job-1"})
        raise ProviderError("its answer makes no sense")

    vendor.acts = [queued]
    caller = a_caller()
    with pytest.raises(ProviderError):
        perform(caller, store)
    assert caller.budget.spent_usd == USD
    vendor.finds = [Answer(b"found", {}, USD)]
    assert perform(a_caller(), store).answer.body == b"found"
    assert len(vendor.asked) == 1
    assert vendor.looked[0].ticket == {"id": "job-1"}


def test_a_refusal_leaves_no_note_and_costs_nothing(vendor: Scripted, store: LocalStore) -> None:
    for refusal in (REFUSED, AccountError("no credit")):
        vendor.acts, vendor.asked = [refusal], []
        caller = a_caller()
        with pytest.raises(type(refusal)):
            perform(caller, store)
        assert (len(vendor.asked), caller.budget.spent_usd) == (1, Decimal(0))
        assert list(store.notes()) == []


def test_a_refusal_after_a_loss_keeps_the_note_of_the_loss(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [LOST, REFUSED]
    caller = a_caller()
    with pytest.raises(ProviderError, match="not this text"):
        perform(caller, store)
    note = store.note(KEY)
    assert note
    assert [lost["why"] for lost in note["lost"]] == ["cut off"]
    assert caller.budget.spent_usd == USD


def test_what_cannot_be_noted_is_not_asked_for_and_not_counted(
    vendor: Scripted, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LocalStore, "write_note", full)
    caller = a_caller("0.25")
    with pytest.raises(OSError, match="No space left"):
        perform(caller, store)
    assert vendor.asked == []
    assert caller.budget.spent_usd == 0


@contextmanager
def small_files(most_bytes: int) -> Iterator[None]:
    """Let the system refuse larger files, as a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_cannot_be_kept_is_not_bought_also_when_it_was_bought_before(vendor: Scripted, store: LocalStore) -> None:
    """An answer for which there was no room leaves its note, and must not be bought by each build that follows."""
    perform(a_caller(), store)
    assert store.note(KEY)
    with small_files(1 << 20):
        for _ in range(3):
            caller = a_caller("1")
            with pytest.raises(OSError, match="File too large"):
                perform(caller, store)
            assert caller.budget.spent_usd == 0
    assert (len(vendor.asked), len(vendor.looked)) == (1, 3)
    assert whys(perform(a_caller(), store)) == ["the process that asked was ended before the answer arrived"]
    assert len(vendor.asked) == 2


def test_an_error_of_our_own_keeps_the_note_and_counts_as_spent(vendor: Scripted, store: LocalStore) -> None:
    vendor.acts = [ZeroDivisionError("a mistake in the provider"), ANSWER]
    caller = a_caller()
    with pytest.raises(ZeroDivisionError):
        perform(caller, store)
    assert caller.budget.spent_usd == USD
    assert store.note(KEY)
    bought = perform(a_caller(), store)
    assert len(vendor.looked) == 1
    assert len(bought.earlier) == 1


KILLED = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from decimal import Decimal
from scripted_provider import Scripted, action_of, die, key_of
from reelmake import providers
from reelmake.core import logging
from reelmake.engine.calls import Caller
from reelmake.store.local import LocalStore
providers.PROVIDERS["voice.scripted"] = "scripted_provider:Scripted"
vendor = providers.provider("voice", "scripted")
vendor.acts = [die]
request = action_of()
Caller().perform(request, key_of(request.request), "voice:one:a", LocalStore(Path(sys.argv[1])))
"""


def test_what_a_killed_process_asked_for_is_looked_for_first_and_told(vendor: Scripted, store: LocalStore) -> None:
    for _ in range(2):
        command = [sys.executable, "-c", KILLED, str(store.root), str(Path(__file__).parents[1])]
        assert subprocess.run(command, check=False, timeout=60).returncode == -9
    note = store.note(KEY)
    assert note
    assert note["asked_at"]
    assert len(note["lost"]) == 1
    asked_at = note["lost"][0]["asked_at"]
    bought = perform(a_caller(), store)
    assert whys(bought) == ["the process that asked was ended before the answer arrived"] * 2
    assert [lost["usd"] for lost in bought.earlier] == ["0.25"] * 2
    assert vendor.looked[0].asked_at == datetime.fromisoformat(asked_at), "an answer to the first would do as well"
    assert (len(vendor.looked), len(vendor.asked)) == (1, 1)


def test_what_is_found_of_a_killed_process_counts_for_this_build(vendor: Scripted, store: LocalStore) -> None:
    store.write_note(KEY, {"asked_at": datetime.now(UTC).isoformat(), "usd": "0.25", "ticket": None, "lost": []})
    vendor.finds = [Answer(b"found", {}, Decimal("0.21"))]
    caller = a_caller()
    bought = perform(caller, store)
    assert (bought.answer.body, bought.earlier, vendor.asked) == (b"found", (), [])
    assert caller.budget.spent_usd == Decimal("0.21")


NOTES = [{}, {"lost": 3, "ticket": 7}, {"lost": ["x", {"asked_at": 5}], "asked_at": []}, {"asked_at": "yesterday"}]
NOTES += [{"asked_at": "2999-01-01T00:00:00+00:00"}]  # by a clock that was wrong


@pytest.mark.parametrize("note", NOTES)
def test_whatever_is_left_of_a_note_the_answer_is_kept(
    vendor: Scripted, store: LocalStore, note: dict[str, Any]
) -> None:
    """It says at least that there was a request; what was paid for now must not be lost to it."""
    store.write_note(KEY, note)
    bought = perform(a_caller(), store)
    assert len(vendor.looked) == 1
    assert vendor.looked[0].asked_at < datetime.now(UTC) - timedelta(hours=1), "nobody knows when"
    receipt = Receipt(
        "voice",
        KEY,
        manifest(action_of(), {}),
        digest_of(bought.answer.body),
        USD,
        {},
        "scripted",
        "now",
        earlier=bought.earlier,
    )
    store.put(receipt, bought.answer.body)
    assert store.find(KEY) == receipt


# -- money --------------------------------------------------------------------------------------------------------


def test_many_threads_buy_up_to_the_cap_and_no_further(vendor: Scripted, store: LocalStore) -> None:
    caller = a_caller("2.60", gates=Gates({"scripted": 16}))
    refused: list[CapError] = []

    def buy(number: int) -> None:
        request = action_of(f"{number}")
        try:
            caller.perform(request, key_of(request.request), "", store)
        except CapError as error:
            refused.append(error)

    at_once(24, buy)
    assert (len(vendor.asked), len(refused)) == (10, 14)
    assert caller.budget.spent_usd == Decimal("2.50")
    assert len(list(store.notes())) == 10, "those that were refused were never noted"


def test_what_has_no_price_is_not_asked_for_under_a_cap(vendor: Scripted, store: LocalStore) -> None:
    vendor.quoted_usd = None
    with pytest.raises(CapError, match="voice:one:a has no price"):
        perform(a_caller("5"), store)
    assert vendor.asked == []
    assert list(store.notes()) == []
    assert perform(a_caller(), store).quoted_usd is None


@pytest.mark.parametrize("usd", [Decimal("1E+999999"), Decimal(10) ** 120, Decimal(-5), Decimal("NaN")])
def test_an_answer_is_kept_whatever_the_bill_says(vendor: Scripted, store: LocalStore, usd: Decimal) -> None:
    """It counts as it was expected: what it did cost is not known."""
    vendor.acts, vendor.finds = [Answer(b"sound", {}, usd), LOST], [Answer(b"found", {}, usd)]
    caller = a_caller("2")
    assert perform(caller, store).answer.body == b"sound"
    assert caller.budget.spent_usd == USD
    other = action_of("other")
    assert caller.perform(other, key_of(other.request), "", store).answer.body == b"found"
    assert caller.budget.spent_usd == 2 * USD


def test_a_price_that_nobody_can_pay_is_none(vendor: Scripted, store: LocalStore) -> None:
    vendor.quoted_usd = Decimal("1E+999999")
    caller = a_caller("2")
    assert caller.expected_usd(action_of(), store) is None
    with pytest.raises(CapError, match="has no price"):
        perform(caller, store)


# -- secrets ------------------------------------------------------------------------------------------------------

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def json_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logs as JSON, with a secret to keep, for one test."""
    monkeypatch.setattr(logging, "_as_json", True)
    monkeypatch.setattr(logging, "_secrets", set())
    log.cache_clear()
    protect([SECRET])
    yield
    log.cache_clear()


@pytest.mark.parametrize("kind", [ProviderError, AccountError, BusyError, LostError])
def test_secrets_in_what_a_vendor_says_go_nowhere(
    vendor: Scripted,
    store: LocalStore,
    kind: type[ProviderError],
    json_logs: None,
    capfd: pytest.CaptureFixture[str],
) -> None:
    del json_logs
    vendor.acts = [kind(f"the key {SECRET} is wrong", f"use another than {SECRET}")]
    with pytest.raises(kind) as raised:
        perform(a_caller(), store)
    again = pickle.loads(pickle.dumps(raised.value))
    printed = capfd.readouterr()
    files = [path.read_bytes().decode() for path in store.root.rglob("*") if path.is_file()]
    for text in (str(raised.value), repr(raised.value), str(again), repr(again), printed.out, printed.err, *files):
        assert SECRET not in text
    assert "the key [secret] is wrong; use another than [secret]" in str(again)
    assert "the key [secret] is wrong" in printed.err


# -- errors -------------------------------------------------------------------------------------------------------

ERRORS = [
    ReelmakeError("what", "fix"),
    InputError((Problem("a.yaml", 3, "what", "fix"), Problem("b.yaml", 1, "more", "fix"))),
    SetupError("what", "fix"),
    BuildError("what"),
    CapError("what", "fix", Decimal("0.10")),
    CapError("what", "fix"),
    ProviderError("what", "fix"),
    AccountError("what", "fix"),
    BusyError("what", "fix", 2.5, too_many=True),
    BusyError("what"),
    LostError("what", "fix"),
    OversizedError("what", "fix"),
    UnusableError("what", "fix"),
    NoStoreError("what", "fix"),
    ObjectsError("what", "fix"),
    NoObjectError("what", "fix"),
    RefusedError("what", "fix"),
    UnreachableError("what", "fix"),
    MediaError("what", "fix"),
]


def test_every_error_is_tried_below() -> None:
    found, left = {ReelmakeError}, [ReelmakeError]
    while left:
        new = [kind for kind in left.pop().__subclasses__() if kind.__module__ == "reelmake.core.errors"]
        found.update(new)
        left += new
    assert found == {type(error) for error in ERRORS}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_a_pickle_with_all_that_was_said_of_it_since(error: ReelmakeError) -> None:
    if not isinstance(error, InputError):
        error.what = f"episodes/a.yaml:3: {error.what}"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert again.exit_code == error.exit_code


# -- what one build asks for, and what it sets aside ----------------------------------------------------------------


@pytest.mark.parametrize(("error", "sent"), [(LOST, 2), (REFUSED, 1)])
def test_what_one_line_could_not_have_no_other_line_of_the_build_asks_for_again(
    store: LocalStore, vendor: Scripted, error: ProviderError, sent: int
) -> None:
    vendor.acts = [error]
    caller = a_caller()
    for _ in range(6):
        with pytest.raises(type(error)) as raised:
            perform(caller, store)
        raised.value.what = "changed by whoever tells of it"
    assert len(vendor.asked) == sent
    with pytest.raises(type(error)):
        perform(a_caller(), store)  # another build does
    assert len(vendor.asked) == 2 * sent


def test_what_was_answered_with_too_much_is_never_sent_again_but_looked_for(
    store: LocalStore, vendor: Scripted
) -> None:
    vendor.acts = [OversizedError("no end of it", "bump take:")]
    for _ in range(3):
        with pytest.raises(OversizedError, match="no end of it; bump take:"):
            perform(a_caller("1"), store)
    assert len(vendor.asked) == 1
    vendor.finds = [ANSWER]
    bought = perform(a_caller(), store)
    assert (bought.answer, len(vendor.asked)) == (ANSWER, 1)


def test_too_much_counts_as_spent_and_another_request_is_sent(store: LocalStore, vendor: Scripted) -> None:
    vendor.acts = [OversizedError("no end of it", "bump take:"), ANSWER]
    caller = a_caller("1")
    with pytest.raises(OversizedError):
        perform(caller, store)
    assert caller.budget.spent_usd == USD
    other = action_of("another take")
    assert caller.perform(other, key_of(other.request), "voice:one:a", store).answer == ANSWER


@pytest.mark.parametrize("damage", [7, None, "text", {}, [], [None], {"a": 1}])
def test_a_damaged_note_of_too_much_stops_nothing(store: LocalStore, vendor: Scripted, damage: object) -> None:
    store.write_note(KEY, {"asked_at": "", "lost": [], "ticket": None, "oversized": damage})
    try:
        assert perform(a_caller(), store).answer == ANSWER
    except OversizedError:
        assert (damage, vendor.asked) == ([None], [])


def perform_all(caller: Caller, store: LocalStore, *texts: str) -> None:
    for text in texts:
        caller.perform(action_of(text), key_of(action_of(text).request), f"voice:{text}", store)


def test_under_a_cap_as_much_is_set_aside_as_a_meter_billed_before(store: LocalStore, vendor: Scripted) -> None:
    """The message names the receipt that says so."""
    vendor.is_metered = True  # type: ignore[misc]
    vendor.acts = [Answer(b"sound", {}, 3 * USD)]
    caller = a_caller("2.60")
    perform_all(caller, store, "one", "two", "three")
    key = key_of(action_of("one").request)
    why = rf"voice:four costs \$0.75 \(it is quoted at \$0.25, and {key} was billed at 3 times its quote\)"
    with pytest.raises(CapError, match=why):
        perform_all(caller, store, "four")  # its quote would still fit, and its bill would not
    assert caller.budget.spent_usd == 9 * USD


def test_one_large_bill_blocks_no_model(store: LocalStore, vendor: Scripted) -> None:
    vendor.is_metered = True  # type: ignore[misc]
    request = action_of("once").request
    content, usd = b"sound", 2000 * USD
    wanted = manifest(action_of("once"), {})
    receipt = Receipt("voice", key_of(request), wanted, digest_of(content), usd, {}, "scripted", "now", quoted_usd=USD)
    store.put(receipt, content)
    caller = a_caller("1")
    assert caller.expected_usd(action_of("one"), store) == USD
    perform_all(caller, store, "one", "two", "three", "four")
    assert caller.budget.spent_usd == 4 * USD


def test_without_a_meter_a_bill_changes_no_quote(store: LocalStore, vendor: Scripted) -> None:
    vendor.acts = [Answer(b"sound", {}, 3 * USD)]
    caller = a_caller("9")
    perform_all(caller, store, "one", "two")
    assert caller.expected_usd(action_of("three"), store) == USD


def test_a_plan_expects_what_a_build_sets_aside(store: LocalStore, vendor: Scripted) -> None:
    """Before the second bill of a meter, it is the price."""
    vendor.is_metered = True  # type: ignore[misc]
    vendor.acts = [Answer(b"sound", {}, 3 * USD)]
    caller = a_caller()
    for text, expected in (("one", USD), ("two", USD), ("three", 3 * USD)):
        assert caller.expected_usd(action_of(text), store) == expected
        perform_all(caller, store, text)
    vendor.quoted_usd = None
    assert caller.expected_usd(action_of("four"), store) is None


def test_a_request_that_waited_for_the_cap_is_not_sent_once_all_stops(store: LocalStore, vendor: Scripted) -> None:
    caller = a_caller("1")
    caller.gates.stop()
    with pytest.raises(BuildError, match="the build is stopping"):
        perform(caller, store)
    assert vendor.asked == []


def test_half_a_character_in_a_vendors_words_loses_nothing(store: LocalStore, vendor: Scripted) -> None:
    vendor.acts = [LostError("cut off after \ud83d"), ANSWER]
    assert perform(a_caller(), store).answer == ANSWER


# -- bills over the cap, and the budget ---------------------------------------------------------------------------


def test_a_bill_over_the_cap_stops_all_but_what_is_under_way(store: LocalStore, vendor: Scripted) -> None:
    """Also what has money set aside and waits for its turn is not sent; what is under way is kept."""
    sent, may_end = threading.Semaphore(0), threading.Event()

    def dear(_: Call) -> Answer:
        sent.release()
        assert may_end.wait(20)
        return Answer(b"sound", {}, 8 * USD)

    vendor.acts = [dear]
    caller = a_caller("1.50", gates=Gates({"scripted": 2}))
    refused: list[str] = []

    def buy(number: int) -> None:
        try:
            perform_all(caller, store, f"line {number}")
        except CapError as error:
            refused.append(str(error))

    def end(_: int) -> None:
        assert sent.acquire(timeout=20)
        assert sent.acquire(timeout=20)
        may_end.set()

    at_once(5, lambda number: end(number) if number == 4 else buy(number))
    assert len(vendor.asked) == 2
    assert caller.budget.spent_usd == 16 * USD
    assert len(refused) == 2
    assert "the cap of $1.50 is reached" in refused[0]
    assert "a cap is for one build" in refused[0]
    assert caller.budget.passed
    assert len(list(store.notes())) == 2, "what was not sent is not noted"


def budgeted(usd: str) -> Caller:
    """Return a caller as another process would have it."""
    return Caller(budget=Budget(None, Ledger(Allowance(usd=Decimal(usd)))), retry_seconds=0)


def buy_and_keep(caller: Caller, store: LocalStore, text: str) -> None:
    """Buy as the engine does: the receipt, then no note."""
    action = action_of(text)
    name = key_of(action.request)
    bought = caller.perform(action, name, f"voice:{text}", store)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    wanted = manifest(action, {})
    store.put(Receipt("voice", name, wanted, digest_of(b"sound"), bought.answer.usd, {}, "scripted", now), b"sound")
    store.write_note(name, None)


def test_a_budget_holds_over_many_builds(store: LocalStore, vendor: Scripted) -> None:
    """A cap would start again with each of them."""
    for number in range(4):
        buy_and_keep(budgeted("1"), store, f"line {number}")
    with pytest.raises(CapError, match=r"the budget is reached: \$0 of \$1.00 a month is left"):
        buy_and_keep(budgeted("1"), store, "line 5")
    assert len(vendor.asked) == 4
    buy_and_keep(budgeted("1.25"), store, "line 5")


def test_two_processes_do_not_spend_the_same_rest(store: LocalStore, vendor: Scripted) -> None:
    """The first one's request is under way while the second one begins: only a note says so."""
    first, second = budgeted("0.40"), budgeted("0.40")
    errors: list[CapError] = []

    def other(_: Call) -> Answer:
        vendor.acts = [ANSWER]
        with pytest.raises(CapError) as refused:
            buy_and_keep(second, store, "two")
        errors.append(refused.value)
        return ANSWER

    second.budget.ledger.refresh(store)  # type: ignore[union-attr]  # it has looked before, and found nothing
    vendor.acts = [other]
    buy_and_keep(first, store, "one")
    assert len(vendor.asked) == 1
    assert "$0.15 of $0.40 a month is left" in str(errors[0])


def test_a_request_is_not_sent_when_another_process_was_quicker(store: LocalStore, vendor: Scripted) -> None:
    """It has looked at the notes, and set money aside; before it is sent, it looks again."""
    caller = budgeted("0.40")
    open_note = store.write_note
    noted: list[str] = []

    def meanwhile(key: str, note: Any) -> None:
        open_note(key, note)
        if note and not noted:
            noted.append(key)
            open_note("r1:other", {"asked_at": datetime.now(UTC).isoformat(), "usd": "0.25", "lost": []})

    store.write_note = meanwhile  # type: ignore[method-assign]
    with pytest.raises(CapError, match="the budget is reached"):
        perform(caller, store)
    assert vendor.asked == []
    assert store.note(KEY) is None
    assert caller.budget.spent_usd == 0


def test_under_a_budget_what_has_no_price_is_not_asked_for(store: LocalStore, vendor: Scripted) -> None:
    vendor.quoted_usd = None
    with pytest.raises(CapError, match=r"has no price, and there is a budget of \$1.00 a month"):
        perform(budgeted("1"), store)
    assert vendor.asked == []


def test_a_lost_answer_of_an_earlier_build_counts_until_it_is_found(store: LocalStore, vendor: Scripted) -> None:
    vendor.acts, vendor.finds = [LOST], [None]
    with pytest.raises(LostError):
        perform(budgeted("1"), store)
    lost = budgeted("1").budget.ledger
    assert lost
    lost.refresh(store)
    assert lost.spent_usd == 2 * USD, "it was sent twice"
    vendor.finds = [ANSWER]
    caller = budgeted("1")
    perform(caller, store)
    assert caller.budget.ledger
    assert caller.budget.ledger.spent_usd == 2 * USD


def test_all_that_is_set_aside_for_a_new_voice_is_no_reason_to_refuse_it(store: LocalStore, vendor: Scripted) -> None:
    """Another process takes a little meanwhile, and enough is left."""
    vendor.is_metered = True  # type: ignore[misc]
    caller = budgeted("1")
    open_note = store.write_note

    def meanwhile(key: str, note: Any) -> None:
        open_note(key, note)
        open_note("r1:other", {"asked_at": datetime.now(UTC).isoformat(), "usd": "0.25", "lost": []})

    store.write_note = meanwhile  # type: ignore[method-assign]
    perform(caller, store)
    assert len(vendor.asked) == 1
    assert caller.budget.ledger
    assert caller.budget.ledger.left_usd == 1 - 2 * USD
