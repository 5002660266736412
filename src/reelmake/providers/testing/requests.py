"""Checks of what a provider declares and of the requests that it makes: nothing is sent."""

from __future__ import annotations

import copy
import json
import math
import os
import re
import subprocess
import sys
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from reelmake.core.keys import canonical_json
from reelmake.providers import registered
from reelmake.providers.base import Options, Provider
from reelmake.providers.prices import Prices
from reelmake.providers.testing.subject import BASES, CHANGES, Subject, expect, is_number

WORDLESS: Final = "?! \u2026"
HASH_SEEDS: Final = ("1", "2")  # of Python, by which the order of sets differs
POOL: Final = re.compile(r"[a-z][a-z0-9-]*")


# what it declares


def check_it_is_registered(subject: Subject) -> None:
    """Its name leads to it, and it is of the kind that the name says."""
    name = f"{subject.kind}.{subject.name}"
    expect(subject.kind in BASES, f"there is no kind {subject.kind!r}: it is one of {', '.join(BASES)}")
    expect(name in registered(), f"{name} is not registered: add it to the entry points, or to PROVIDERS")
    base = BASES[subject.kind]
    expect(isinstance(subject.provider, base), f"{name} is no {base.__name__}: make it a subclass")


def check_its_settings_are_well_formed(subject: Subject) -> None:
    """The pool, the time limit and the secrets are what builds expect."""
    provider = subject.provider
    expect(
        isinstance(provider.pool, str) and POOL.fullmatch(provider.pool),
        f"pool is {provider.pool!r}: write lower-case letters, digits and -",
    )
    seconds = provider.timeout_seconds
    expect(
        is_number(seconds) and 0 < seconds < math.inf,
        f"timeout_seconds is {seconds!r}: write how long it takes at worst",
    )
    expect(isinstance(provider.secrets, tuple), f"secrets is {provider.secrets!r}: write a tuple of names")
    wrong = [name for name in provider.secrets if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name)]
    expect(not wrong, f"secrets holds {wrong}: write names of variables, in capitals")
    missing = [name for name in provider.secrets if not subject.variables.get(name)]
    expect(not missing, f"give {', '.join(missing)} in the subject's variables")


def check_its_options_are_described(subject: Subject) -> None:
    """Each option says what it is for, and what is no option is refused."""
    options = subject.provider.options
    expect(isinstance(options, type) and issubclass(options, Options), "options is no subclass of base.Options")
    silent = [name for name, one in options.model_fields.items() if not one.description]
    expect(not silent, f"these options have no description: {', '.join(silent)}")
    try:
        options.model_validate({**subject.options, "no_such_option": 1})
    except ValidationError as error:
        unknown = [item for item in error.errors() if item["type"] == "extra_forbidden"]
        expect(bool(unknown), "an option that there is not was not refused as such")
    else:
        raise AssertionError('an option that there is not is taken: leave extra="forbid" in model_config')
    expect(options.model_config.get("frozen", False), "options can be changed: leave frozen=True in model_config")


# the request


def check_its_shape_is_json(subject: Subject) -> None:
    """The request can be stored and read again, and comes out as it went in."""
    shape = subject.provider.shape(subject.example())
    try:
        text = canonical_json(shape)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"shape returns what is no JSON: {error}") from error
    expect(
        json.loads(text) == shape, "shape returns what JSON changes, such as a tuple: use lists, dicts, text, numbers"
    )


def check_its_shape_is_pure(subject: Subject) -> None:
    """The same request is made every time, everywhere, and the generic one is left as it was."""
    generic = subject.example()
    before = copy.deepcopy(generic)
    shape = canonical_json(subject.provider.shape(generic))
    expect(generic == before, "shape changes what it is given: make a new dict")
    again = canonical_json(subject.provider.shape(copy.deepcopy(before)))
    expect(again == shape, f"shape returns another request the second time: {again} and not {shape}")
    turned = json.loads(json.dumps(before), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    expect(canonical_json(subject.provider.shape(turned)) == shape, "shape depends on the order of names")
    processes = [_shaped_elsewhere(subject, seed) for seed in HASH_SEEDS]
    runs = [(*process.communicate(), process.returncode) for process in processes]
    for shaped, wrong, code in runs:
        expect(code == 0, f"shape fails in another process: {wrong.decode().strip()}")
        expect(
            shaped.decode() == shape,
            "shape returns another request in another process: sort what comes from a set, and use no hash(), time or "
            f"environment: {shaped.decode()} and not {shape}",
        )


def check_its_shape_names_the_provider(subject: Subject) -> None:
    """The request names its provider, for the reader of its answer."""
    shape = subject.provider.shape(subject.example())
    expect(shape.get("provider") == subject.name, "shape does not keep `provider`: copy it from the generic request")


def check_its_shape_holds_what_matters(subject: Subject) -> None:
    """Other words, another take and other options are other requests; each of them is paid for by itself."""
    seen = {canonical_json(subject.request): "the example"}

    def note(what: str, shape: Any) -> None:
        text = canonical_json(shape)
        expect(text not in seen, f"{what} asks for the same as {seen.get(text)}: put it into what shape returns")
        seen[text] = what

    for change in CHANGES[subject.kind]:
        note(f"another {next(iter(change))}", subject.shaped(**change))
    left = set(subject.provider.options.model_fields) - set(subject.others)
    expect(not left, f"name another value for {', '.join(sorted(left))} in the subject's others")
    for option, value in subject.others.items():
        note(f"another {option}", subject.shaped({option: value}))


def check_its_shape_holds_nothing_else(subject: Subject) -> None:
    """What the vendor does not get makes no new request, and options that are written out are the defaults."""
    for name, value in subject.irrelevant.items():
        same = subject.shaped(**{name: value}) == subject.request
        expect(same, f"another {name} makes another request, and the vendor does not get it: leave it out of shape")
    bare = {**subject.example(), "voice" if subject.kind == "voice" else "options": dict(subject.options)}
    shape = json.loads(canonical_json(subject.provider.shape(bare)))
    is_read = subject.provider.options.model_fields and type(subject.provider).shape is not Provider.shape
    expect(
        not is_read or shape == subject.request,
        "an option that is left out asks for something else than its default: validate the options in shape",
    )


# money


def check_its_price_is_an_amount(subject: Subject) -> None:
    """The price is a Decimal, or None when nobody knows; it is the same for a request that was stored."""
    price = subject.provider.price(subject.request, Prices())
    expect(
        price is None or (isinstance(price, Decimal) and price.is_finite() and price >= 0),
        f"price returns {price!r}: return a Decimal that is not negative, or None when nobody knows",
    )
    fresh = subject.provider.price(subject.provider.shape(subject.example()), Prices())
    expect(fresh == price, f"price returns {fresh} for a request and {price} for the same one out of a store")


def check_it_says_what_it_cannot_do(subject: Subject) -> None:
    """A request that can be sent has no problem; text without a word has one, before it is paid for."""
    provider, generic = subject.provider, subject.example()
    if subject.kind != "image":
        said = provider.language_problem(generic["language"])
        expect(isinstance(said, str), f"language_problem returns {said!r}: return text, empty when there is none")
        expect(not said, f"language_problem says of the example: {said}")
    if subject.kind == "voice":
        said = provider.problem(generic["text"], generic["language"])
        expect(isinstance(said, str), f"problem returns {said!r}: return text, empty when there is none")
        expect(not said, f"problem says of the example: {said}")
        expect(
            bool(provider.problem(WORDLESS, generic["language"])),
            f"problem says nothing of {WORDLESS!r}, where no word is",
        )


_ELSEWHERE: Final = """
import importlib, json, sys
from reelmake.core.keys import canonical_json

module, name, generic = json.load(sys.stdin)
shaped = getattr(importlib.import_module(module), name)().shape(generic)
sys.stdout.write(canonical_json(shaped))
"""


def _shaped_elsewhere(subject: Subject, seed: str) -> subprocess.Popen[bytes]:
    """Shape the example in another process: without the variables, and with other hashes."""
    where = registered()[f"{subject.kind}.{subject.name}"].partition(":")
    env = {name: value for name, value in os.environ.items() if name not in subject.variables}
    env |= {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", _ELSEWHERE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    assert process.stdin
    process.stdin.write(json.dumps([where[0], where[2], subject.example()]).encode())
    process.stdin.close()
    process.stdin = None
    return process
