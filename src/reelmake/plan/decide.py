"""Whether a step is kept, restored or made, and why: decided here and nowhere else.

    keep      its outputs are here, made of the same request and the same inputs
    restore   the store has what it would make
    make      neither

Callers gather facts, and obey. A fact that a caller does not know stays at its default: `doit` compares a step with
its record, and only a step that is not kept is looked up in the store. The reasons come from the facts that decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from reelmake.core.keys import Action, Json, explain
from reelmake.plan.episode import asks_provider

Verdict = Literal["keep", "restore", "make"]

GONE: Final = "what was made is gone from the store, or damaged there"
NEVER_MADE: Final = "it was never made"
NOT_HERE: Final = "it has not been built here"
OTHERWISE: Final = "its request or its inputs have changed"
UNUSABLE: Final = "what is stored cannot be used as it is: it is requested once more"


@dataclass(frozen=True, slots=True)
class State:
    """A step on this machine: as it is now, or as its record says that it was made.

    terms    its request and all else that it is compared by, in one text
    inputs   path -> sha256 of each file that it reads; None for one that cannot be read
    outputs  path -> sha256 of each file that it writes; None for one that cannot be read
    key      under which the store has it, if its record says so
    """

    terms: str
    inputs: Mapping[str, str | None]
    outputs: Mapping[str, str | None]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts about a step that decide.

    now          its state on this machine; None when that was not read
    recorded     its state when it was made on this machine; None when it has no record
    needs        steps that it reads from and that are not kept -> the verdict on them
    unmoved      the facts if those make what they made before; None when they most likely do not
    was_made     whether the store most likely has its outputs for restored inputs
    unreadable   why its inputs cannot be read
    manifest     its manifest; None when the store was not looked up
    before       its manifest before it was edited; None when there was no such step
    has_receipt  whether the store has a receipt under its key
    is_lost      whether the blob that the receipt names is missing or damaged
    follow_up    the follow-up request, when the stored answer cannot be used
    payer        the step that already pays for the same request
    sent_at      when the same request was sent and not answered; None when it was not
    """

    now: State | None = None
    recorded: State | None = None
    needs: Mapping[str, Verdict] = field(default_factory=dict)
    unmoved: Facts | None = None
    was_made: bool = False
    unreadable: str = ""
    manifest: Json | None = None
    before: Json | None = None
    has_receipt: bool = False
    is_lost: bool = False
    follow_up: Action | None = None
    payer: str = ""
    sent_at: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between a step and its record: an output is missing or altered, an input changed, or the rest."""

    kind: Literal["missing", "altered", "changed", "request"]
    path: str = ""
    why: str = ""

    def __str__(self) -> str:
        """Say it as a reason."""
        said = {"missing": "is missing", "altered": "is not as it was made", "changed": "changed"}
        return self.why or f"{self.path} {said[self.kind]}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a step.

    reasons      why it is not kept
    request      the paid request; None when there is none
    unless       an event that may yet change the verdict
    differences  from its record
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    request: Action | None = None
    unless: str = ""
    differences: tuple[Difference, ...] = ()


def decide(action: Action, facts: Facts) -> Decision:
    """Return the decision on a step that performs an action."""
    if facts.needs:
        return _by_needs(action, facts)
    if facts.unreadable:
        return Decision("make", (facts.unreadable,))
    differences = () if facts.now is None else _differences(facts.now, facts.recorded)
    if facts.now is not None and not differences:
        return Decision("keep")
    return replace(_by_store(action, facts, tuple(map(str, differences))), differences=differences)


def _by_store(action: Action, facts: Facts, reasons: tuple[str, ...]) -> Decision:
    """Decide on a step that is not kept; `reasons` say why that is, if the store has none."""
    if facts.follow_up:
        return Decision("make", (UNUSABLE,), facts.follow_up)
    reasons = _request_changes(facts) or reasons
    if facts.has_receipt and not facts.is_lost:
        return Decision("restore", reasons)
    if facts.has_receipt:
        reasons = (GONE,)
    if not asks_provider(action):
        return Decision("make", reasons)
    if facts.payer:
        return Decision("make", (f"shares what {facts.payer} pays for",))
    if facts.sent_at is not None:
        reasons = (*reasons, f"was requested before, and no answer arrived ({facts.sent_at or 'lost'})")
    return Decision("make", reasons, action)


def _by_needs(action: Action, facts: Facts) -> Decision:
    """Decide on a step whose inputs are yet to be made or restored."""
    made = [name for name, verdict in facts.needs.items() if verdict == "make"]
    if not made:
        reasons = tuple(f"needs {name}, which is restored" for name in facts.needs)
        return Decision("restore" if facts.was_made else "make", reasons)
    if facts.unmoved and (likely := decide(action, facts.unmoved)).verdict != "make":
        return Decision(likely.verdict, unless=f"{made[0]} moves what it shows")
    return Decision("make", tuple(f"needs {name}, which is made" for name in made))


def _request_changes(facts: Facts) -> tuple[str, ...]:
    """Say how the manifest differs from the one before; nothing when the store was not looked up."""
    if facts.manifest is None:
        return ()
    return (NEVER_MADE,) if facts.before is None else tuple(explain(facts.before, facts.manifest))


def _differences(now: State, recorded: State | None) -> tuple[Difference, ...]:
    """Compare a step with its record; empty when request, inputs and outputs are the same."""
    old = recorded or State("", {}, {})
    found = [Difference("missing", path) for path, sha256 in now.outputs.items() if sha256 is None]
    found += [
        Difference("altered", path)
        for path, sha256 in now.outputs.items()
        if sha256 not in {None, old.outputs.get(path)}
    ]
    found += [
        Difference("changed", path) for path, sha256 in now.inputs.items() if sha256 not in {None, old.inputs.get(path)}
    ]
    if not found and (
        recorded is None or now.terms != old.terms or now.inputs != old.inputs or None in now.inputs.values()
    ):
        found = [Difference("request", why=OTHERWISE if old.key else NOT_HERE)]
    return tuple(found)
