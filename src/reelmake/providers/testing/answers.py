"""Checks of what a provider does: it is called once, and its answer is read."""

from __future__ import annotations

import copy
import json
import pickle
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from reelmake.core.amounts import dollars
from reelmake.core.errors import AccountError, ProviderError
from reelmake.core.keys import canonical_json
from reelmake.layout.words import joined
from reelmake.providers.base import Answer, Call, ScriptLine, Speech, SpokenWord
from reelmake.providers.prices import Prices
from reelmake.providers.testing.subject import CHANGES, Subject, expect, is_number

NOT_A_SECRET: Final = "not-the-key-that-it-wants-0123456789"  # noqa: S105 (it is none)
RANDOM: Final = bytes(range(256)) * 4
GARBAGE: Final = (
    b"",
    b"<html><body>502 Bad Gateway</body></html>",
    b"null",
    b"true",
    b"7",
    b'"text"',
    b"[]",
    b"{}",
    b'{"error": {"message": "overloaded"}}',
    b"[[[",
    b"[" * 100_000,
    b"\xff\xfe\x00",
    RANDOM,
)
NO_PROXY: Final = "socks5h://127.0.0.1:9"  # nobody listens there
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
PNG: Final = b"\x89PNG\r\n\x1a\n"
LOCAL_POOL: Final = "cpu"  # what runs in it calls nobody


def check_it_answers_and_bills_no_more_than_its_price(subject: Subject) -> None:
    """One request is one bill, counted in whole numbers or Decimals, and no dearer than was said before."""
    answer, billed = subject.bill
    expect(isinstance(answer, Answer), f"ask returns {type(answer).__name__}: return an Answer")
    expect(isinstance(answer.body, bytes) and answer.body, "ask returns no bytes: return the answer as it was received")
    for unit, count in answer.units.items():
        is_count = (type(count) is int or isinstance(count, Decimal)) and count >= 0
        expect(is_count, f"units: {unit} is {count!r}: return whole numbers or Decimals that are not negative")
    usd, price = answer.usd, subject.provider.price(subject.request, Prices())
    expect(usd is None or isinstance(usd, Decimal), f"usd is {usd!r}: return a Decimal, or None when nobody knows")
    if usd is not None and price is not None:
        expect(0 <= usd <= price, f"it cost {dollars(usd)}, and price said {dollars(price)} at most")
    most = answer.most_at_once
    expect(most is None or (type(most) is int and most > 0), f"most_at_once is {most!r}")
    expect(billed in {None, 0 if subject.provider.pool == LOCAL_POOL else 1}, f"one request was billed {billed} times")


# answers


def check_it_reads_its_answers(subject: Subject) -> None:
    """An answer is read to what its kind is, as often as one likes, and for a request that was stored."""
    _expect_read(subject, _read(subject, subject.answer.body))
    first, second = (_read(subject, subject.answer.body) for _ in range(2))
    expect(first == second, "reading an answer twice gives two different things")


def check_it_refuses_garbage(subject: Subject) -> None:
    """Whatever else is stored ends in a ProviderError that says what to do, and in nothing else."""
    half = subject.answer.body[: len(subject.answer.body) // 2]
    for body in (*GARBAGE, half):
        error = _refusal(subject, body)
        expect(error is not None, f"{_shown(body)} is read as if it were an answer: raise ProviderError")
    for body in _bent(subject.answer.body):
        _refusal(subject, body)


def check_its_errors_can_be_pickled(subject: Subject) -> None:
    """Errors cross processes: what they say arrives with them."""
    errors = [error for body in GARBAGE if (error := _refusal(subject, body))]
    if subject.provider.secrets:
        errors.append(_asked_in_vain(subject, subject.call({})))
    for error in errors:
        try:
            copied = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
        except Exception as wrong:
            what = f"{type(error).__name__} cannot be pickled ({wrong}): write __reduce__ for what args lacks"
            raise AssertionError(what) from wrong
        same = (type(copied), str(copied), vars(copied)) == (type(error), str(error), vars(error))
        expect(same, f"{type(error).__name__} is not the same after pickling: write __reduce__ for what args lacks")


# what it does besides


def check_it_says_when_its_model_ends(subject: Subject) -> None:
    """The last day of a model is a date, or None; asking for it bills nothing and raises nothing, whatever is wrong."""
    before = subject.billed() if subject.billed else 0
    generic = subject.example()
    options = generic.get("voice", generic.get("options", {}))
    for call in (subject.call(), subject.call({}), subject.call(proxy=NO_PROXY)):
        try:
            day = subject.provider.ends_on(options, call)
        except Exception as error:
            raise AssertionError(f"ends_on raises {type(error).__name__} ({error}): return None") from error
        expect(day is None or (isinstance(day, str) and DAY.fullmatch(day)), f"ends_on returns {day!r}: YYYY-MM-DD")
    expect(not subject.billed or subject.billed() == before, "ends_on is billed: it may only look")


# what was lost


def check_it_recovers_nothing_when_there_is_nothing(subject: Subject) -> None:
    """Looking for a request that was never sent finds nothing, and is not billed."""
    before = subject.billed() if subject.billed else 0
    request = subject.shaped(**CHANGES[subject.kind][0])
    found = subject.provider.recover(request, subject.call())
    expect(found is None, "recover returns an answer to a request that was never made: return None")
    expect(not subject.billed or subject.billed() == before, "recover is billed: it may only look")


def check_its_tickets_lead_back_to_the_answer(subject: Subject) -> None:
    """A ticket is JSON, and gets the answer without another bill."""
    read = _read(subject, subject.answer.body)
    for ticket in subject.tickets:
        expect(ticket is None or isinstance(ticket, Mapping), f"keep_ticket is given {ticket!r}: give a dict, or None")
        try:
            expect(json.loads(canonical_json(ticket)) == ticket, "a ticket comes out of JSON changed")
        except (TypeError, ValueError) as error:
            raise AssertionError(f"a ticket is no JSON: {error}") from error
    if subject.tickets and subject.tickets[-1] is not None:
        before = subject.billed() if subject.billed else 0
        found = subject.provider.recover(subject.request, subject.call(ticket=subject.tickets[-1]))
        expect(found is not None, "recover finds nothing by the ticket that was kept")
        expect(_read(subject, found.body) == read, "recover returns another answer than ask did")
        expect(not subject.billed or subject.billed() == before, "recover is billed: it may only fetch")


# secrets, and the way out


def check_it_keeps_its_secrets(subject: Subject) -> None:
    """No key is in a request, in its units, in a ticket or in an answer."""
    places = {
        "shape": canonical_json(subject.request),
        "units": str(dict(subject.answer.units)),
        "a ticket": str(subject.tickets),
        "the answer": subject.answer.body.decode("utf-8", "replace"),
    }
    shown = [place for place, text in places.items() if any(secret in text for secret in subject.secrets)]
    expect(not shown, f"a secret is in {', '.join(shown)}: it would be stored for good")


def check_it_asks_nothing_without_its_secrets(subject: Subject) -> None:
    """A key that is missing or wrong is an AccountError, which does not show it; and nothing is billed."""
    if not subject.provider.secrets:
        return
    before = subject.billed() if subject.billed else 0
    wrong = {**subject.variables, **dict.fromkeys(subject.provider.secrets, NOT_A_SECRET)}
    without = {name: value for name, value in subject.variables.items() if name not in subject.provider.secrets}
    for what, variables in (("no key", without), ("a wrong key", wrong)):
        error = _asked_in_vain(subject, subject.call(variables))
        expect(isinstance(error, AccountError), f"with {what}, ask raises {type(error).__name__}: raise AccountError")
        expect(NOT_A_SECRET not in str(error), "the error shows the key")
    expect(not subject.billed or subject.billed() == before, "a request without a right key was billed")


def check_it_does_not_go_past_the_proxy(subject: Subject) -> None:
    """With a proxy that is dead, no vendor is called."""
    if subject.provider.pool == LOCAL_POOL:
        return
    before = subject.billed() if subject.billed else 0
    with socket.socket() as taken:  # nobody listens there, and nobody can begin to
        taken.bind(("127.0.0.1", 0))
        proxy = f"socks5h://user:password@127.0.0.1:{taken.getsockname()[1]}"
        error = _asked_in_vain(subject, subject.call(proxy=proxy))
    expect("user:password" not in str(error), "the error shows the proxy's password")
    expect(not subject.billed or subject.billed() == before, "the vendor was called past the proxy: use call.proxy")


def _shown(body: bytes) -> str:
    return repr(body if len(body) < len(RANDOM) else body[:40] + b"...")


def _read(subject: Subject, body: bytes) -> Any:
    return subject.provider.read(body, copy.deepcopy(subject.request))


def _expect_type(subject: Subject, read: object) -> None:
    if subject.kind == "voice":
        is_right = isinstance(read, Speech) and isinstance(read.audio, bytes) and isinstance(read.words, tuple)
        expect(is_right, f"read returns {type(read).__name__}: return a Speech of bytes and a tuple of words")
    elif subject.kind == "image":
        expect(
            isinstance(read, bytes) and read.startswith(PNG), "read returns no PNG: convert it, or raise ProviderError"
        )
    else:
        is_right = isinstance(read, tuple) and all(isinstance(line, ScriptLine) for line in read)
        expect(is_right, f"read returns {type(read).__name__}: return a tuple of ScriptLines")


def _expect_read(subject: Subject, read: Any) -> None:
    """Expect an answer, as it was read, to be right for its request."""
    _expect_type(subject, read)
    generic = subject.example()
    if subject.kind == "voice":
        _expect_words(read, generic["text"])
    elif subject.kind == "script":
        cast = [member["id"] for member in generic["cast"]]
        expect(len(read) == generic["lines"], f"{generic['lines']} lines were requested, and {len(read)} are read")
        strangers = [line.character for line in read if line.character not in cast]
        expect(not strangers, f"lines are spoken by {strangers}, who are not in the cast: use the ids")
        expect(all(line.text.strip() for line in read), "a line says nothing")


def _expect_words(speech: Speech, text: str) -> None:
    words = speech.words
    expect(all(isinstance(word, SpokenWord) for word in words), "words holds something else than SpokenWords")
    shown = joined(words)
    expect(shown == " ".join(text.split()), f"the words are {shown!r}, and not the author's text {text!r}")
    times = [time for word in words for time in (word.start_seconds, word.end_seconds)]
    in_order = all(is_number(time) for time in times) and times == sorted(times) and times[0] >= 0
    expect(in_order, f"the words' times are not seconds in order: {times}")
    expect(all(word.start_seconds < word.end_seconds for word in words), "a word takes no time")
    expect(bool(speech.audio), "there is no sound")


def _refusal(subject: Subject, body: bytes) -> ProviderError | None:
    """Return the error that reading a body ends in, or None when it can be read."""
    with _only_provider_errors(f"reading {_shown(body)}"):
        try:
            _expect_type(subject, _read(subject, body))
        except ProviderError as error:
            expect(
                error.what and error.fix,
                f"reading {_shown(body)}: the error does not say what is wrong, and what to do",
            )
            return error
    return None


def _bent(body: bytes) -> Iterator[bytes]:
    """Yield an answer with each of its fields missing, empty or of another type: some of them may still be read."""
    try:
        document = json.loads(body)
    except ValueError:
        return
    if isinstance(document, dict):
        for name in document:
            yield json.dumps({other: value for other, value in document.items() if other != name}).encode()
            value: object
            for value in (None, "x", [], {}, -1, [None], [{}]):
                yield json.dumps({**document, name: value}).encode()


def _asked_in_vain(subject: Subject, call: Call) -> ProviderError:
    """Return the error that asking ends in."""
    short = replace(call, timeout_seconds=min(call.timeout_seconds, 10.0))
    with _only_provider_errors("asking"):
        try:
            subject.provider.ask(subject.request, short)
        except ProviderError as error:
            return error
    raise AssertionError("ask returns an answer where it cannot have one: use call.secret and call.proxy")


@contextmanager
def _only_provider_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except (ProviderError, AssertionError):
        raise
    except Exception as error:
        what = f"{doing} raises {type(error).__name__} ({error}): raise ProviderError"
        raise AssertionError(what) from error
