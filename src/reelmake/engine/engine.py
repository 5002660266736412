"""Perform one action: look up, make, keep, deliver. Nothing else makes anything, and nothing else calls a provider.

An action is made at most once: the store is looked up first, and one maker at a time holds the lock of its key. What a
maker returns is stored as it is, and only then read and delivered as files, so that nothing that was paid for is lost
to a mistake in our own reading of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Literal

from reelmake.core.amounts import amount_of, dollars
from reelmake.core.errors import BuildError, ProviderError, ReelmakeError, SetupError, UnusableError
from reelmake.core.files import STATE, file_digest, publish, unfinished
from reelmake.core.keys import Action, canonical_json, digest_of, key, manifest
from reelmake.core.logging import holds_secret, log
from reelmake.engine.calls import Bought, Caller
from reelmake.engine.scripts import equivalent_of, follow_up_of
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.plan.decide import Decision, Facts, decide
from reelmake.plan.episode import Production, asks_provider
from reelmake.plan.kinds import KINDS, PAID, SPEC
from reelmake.plan.requests import WrittenScript
from reelmake.plan.steps import script, translated
from reelmake.providers.base import Answer
from reelmake.spec.model import Line
from reelmake.store.base import Receipt, Store

Made = bytes | Path  # a maker's result: the content, or a finished file that is handed over


class LazyOutputs:
    """Decides which outputs are left in the store until something reads them: none, unless a subclass says so."""

    def leave(self, output: str, blob: str) -> bool:
        """Leave an output, of which this blob is the content, in the store; says whether it is left."""
        del output, blob
        return False

    def supply(self, action: Action) -> bool:
        """Fetch the inputs of an action that were left in the store; says whether there were any."""
        del action
        return False


@dataclass(frozen=True, slots=True)
class Context:
    """Where actions are performed: the project's folder, the store, the tools.

    digest        returns the sha256 of a file's content; it may remember files that have not changed
    caller        sends requests to providers
    lazy_outputs  decides which outputs are left in the store until something reads them
    place         gives a finished file its name, and may let `digest` know its sha256
    """

    root: Path
    store: Store
    ffmpeg: Ffmpeg
    digest: Callable[[Path], str]
    caller: Caller = field(default_factory=Caller)
    lazy_outputs: LazyOutputs = field(default_factory=LazyOutputs)
    place: Callable[[Path, Path, str], None] = lambda part, target, _: publish(part, target)

    @property
    def state(self) -> Path:
        """Return the folder of what may be lost at any time."""
        return self.root / STATE

    @property
    def work(self) -> Path:
        """Return the folder of what is not finished yet."""
        return self.state / "work"

    def input(self, action: Action, slot: str) -> Path | None:
        """Return the file in a slot of an action, or None when the action has no such slot."""
        path = action.inputs.get(slot)
        return self.root / path if path else None

    def inputs(self, action: Action, group: str) -> list[Path]:
        """Return the files in the numbered slots of an action, in order: `voice.000`, `voice.001`, ..."""
        return [self.root / path for slot, path in sorted(action.inputs.items()) if slot.startswith(f"{group}.")]


Maker = Callable[[Action, Context, Path], Made]  # works in the folder that it is given
Reader = Callable[[bytes, Action, Ffmpeg], Mapping[str, bytes]]  # returns what each output holds, by its role


Outcome = Literal["made", "restored"]
CARD_PIXELS = 960
_FREE = Bought(Answer(b""), Decimal(0), ())  # for actions that no provider performs


def perform(action: Action, context: Context, step: str = "") -> Outcome:
    """Restore the outputs of an action from the store, or make them; a new receipt names `step` as the payer.

    A script that was bought and cannot be used is requested once more, by a follow-up request (see `scripts`).
    Raises BuildError (CapError, ProviderError, MediaError) when it cannot be made; the store then holds nothing new.
    """
    first = equivalent_of(action, context.store)
    try:
        return _run(first, context, step)
    except UnusableError:
        second = follow_up_of(first, context.store)
        if second is None:
            raise
    try:
        return _run(second, context, step)
    except UnusableError as error:
        error.what += " (the request said what was wrong with the first one)"
        raise


def _run(action: Action, context: Context, step: str) -> Outcome:
    """Perform exactly this action: no equivalent, no follow-up."""
    digests = _digests(action, context)
    wanted = manifest(action, digests)
    name = key(wanted)
    if _decide_or_restore(action, context, context.store.find(name)).verdict == "restore":
        if action.kind in PAID:
            context.store.write_note(name, None)  # a kill between a receipt and the end of its note leaves one
        return "restored"
    if context.lazy_outputs.supply(action):
        return perform(action, context, step)  # its inputs are on this disk now
    with context.store.lock(name):
        # The previous holder of the lock may have made the same thing.
        damaged = context.store.find(name)
        if _decide_or_restore(action, context, damaged).verdict == "restore":
            return "restored"
        if damaged:
            lost = {"key": name, "blob": damaged.blob, "paid": dollars(damaged.usd)}
            log().warning(f"what was made for {action.kind} is gone or damaged in the store: it is made again", **lost)
        receipt = _make(action, wanted, step, context, damaged)
    if not _deliver(action, context, receipt):
        raise BuildError(f"what was made for {action.kind} cannot be read back from the store", "is the disk full?")
    return "made"


def _decide_or_restore(action: Action, context: Context, receipt: Receipt | None) -> Decision:
    """Decide from the receipt. A decision to restore is carried out: that alone shows whether the blob is lost."""
    decision = decide(action, Facts(has_receipt=receipt is not None))
    if decision.verdict == "restore" and not _deliver(action, context, receipt):
        return decide(action, Facts(has_receipt=True, is_lost=True))
    return decision


def _make(action: Action, wanted: Mapping[str, Any], step: str, context: Context, damaged: Receipt | None) -> Receipt:
    """Make or buy the content and put it into the store; the caller holds the lock of its key."""
    if holds_secret(canonical_json(wanted)):  # a receipt keeps it, in a store that others may read
        raise BuildError(
            "its request holds the value of a secret variable: it is not sent, and nothing is stored",
            "take it out of the spec, the character or the template that it comes from",
        )
    name = key(wanted)
    bought: Bought | None = None
    with tempfile.TemporaryDirectory(dir=context.work) as folder:
        if asks_provider(action):
            bought = context.caller.perform(action, name, step, context.store)
            made: Made = bought.content
        else:
            made = _maker(action.kind)(action, context, Path(folder))
        if _digests(action, context) != wanted["inputs"]:
            raise BuildError(
                f"a file that {action.kind} reads was changed while it was read", "nothing is wrong: run doit again"
            )
        blob = file_digest(made) if isinstance(made, Path) else digest_of(made)
        receipt = _receipt(action, wanted, name, blob, step, bought, damaged)
        try:
            if isinstance(made, Path):
                context.store.put_file(receipt, made)
            else:
                context.store.put(receipt, made)
        except (OSError, BuildError):
            if bought:
                context.caller.gates.stop()  # an answer that cannot be stored must not be bought
            raise
        if bought:
            context.store.write_note(name, None)
        if isinstance(made, Path):
            (output,) = action.outputs.values()
            context.place(made, context.root / output, blob)
    return receipt


def key_of(action: Action, context: Context) -> str:
    """Return the key of an action for its input files as they are now; raises BuildError when one is gone."""
    return key(manifest(action, _digests(action, context)))


def script_of(show: Production, context: Context) -> list[Line] | None:
    """Return the lines of an episode, or None when they have yet to be written, or cannot be read."""
    if show.episode.script is not None:
        return show.episode.script
    show = with_source(show, context)
    if show.original and not show.source:
        return None
    action = script(show)
    try:
        lines = _stored_lines(follow_up_of(action, context.store) or action, context)
        if lines and show.original:
            lines = [translated(line, said.text) for line, said in zip(show.source, lines, strict=True)]
    except (SetupError, OSError):
        raise
    except Exception:  # noqa: BLE001
        return None  # the step that writes the script reports what is wrong with it
    return lines


def with_source(show: Production, context: Context) -> Production:
    """Return an episode with the lines that it is a translation of, as far as they are known."""
    if show.original is None or show.source:
        return show
    return replace(show, source=tuple(script_of(show.original, context) or ()))


def _stored_lines(action: Action, context: Context) -> list[Line] | None:
    from reelmake.engine.readers import script_lines  # noqa: PLC0415

    receipt = context.store.find(key_of(action, context))
    body = context.store.read(receipt.blob) if receipt else None
    if body is None and action.request["provider"] == SPEC:
        body = WrittenScript.from_json(action.request).body()
    return script_lines(body, action) if body is not None else None


def _digests(action: Action, context: Context) -> dict[str, str]:
    try:
        return {slot: context.digest(context.root / path) for slot, path in action.inputs.items()}
    except FileNotFoundError as error:
        raise BuildError(f"{error.filename} is gone", "put it back, or run doit again to restore it") from None


def stand_in(action: Action, context: Context) -> None:
    """Write a card in place of a picture that cannot be had. It is no answer, so the store learns nothing of it."""
    from reelmake.media.placeholder_image import card  # noqa: PLC0415

    (output,) = action.outputs.values()
    write_output(context, output, card(str(action.request["prompt"]), CARD_PIXELS, CARD_PIXELS))


def _maker(kind: str) -> Maker:
    make: Maker = resolve_name(KINDS[kind].maker)
    return make


def _receipt(  # noqa: PLR0913, PLR0917 (a receipt has many fields)
    action: Action,
    wanted: Mapping[str, object],
    name: str,
    blob: str,
    step: str,
    bought: Bought | None,
    damaged: Receipt | None,
) -> Receipt:
    made = bought or _FREE
    answer, earlier = made.answer, list(made.earlier)
    if damaged and damaged.may_have_cost:
        why = "what was paid for was damaged or lost in the store"
        paid = None if damaged.usd is None else str(damaged.usd)
        earlier = [*damaged.earlier, {"asked_at": damaged.made_at, "usd": paid, "why": why}, *earlier]
    units = {unit: amount for unit, count in answer.units.items() if (amount := amount_of(count)) is not None}
    return Receipt(
        kind=action.kind,
        key=name,
        manifest=wanted,
        blob=blob,
        usd=amount_of(answer.usd),
        units={unit: int(amount) if amount.as_tuple().exponent == 0 else amount for unit, amount in units.items()},
        provider=action.request.get("provider", "reelmake"),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        step=step,
        quoted_usd=made.quoted_usd,
        earlier=tuple(earlier),
        vendor_ids=tuple(filter(None, map(str, answer.vendor_ids))),
    )


def _deliver(action: Action, context: Context, receipt: Receipt | None) -> bool:
    """Write an action's outputs from the stored content; False when the store does not have it."""
    if receipt is None:
        return False
    reader = KINDS[action.kind].reader
    if not reader:
        (output,) = action.outputs.values()
        target = context.root / output
        with suppress(OSError):
            if context.digest(target) == receipt.blob:
                return True
        return context.lazy_outputs.leave(output, receipt.blob) or context.store.fetch(receipt.blob, target)
    content = context.store.read(receipt.blob)
    if content is None:
        return False
    read: Reader = resolve_name(reader)
    try:
        outputs = read(content, action, context.ffmpeg)
    except (ReelmakeError, OSError):
        raise
    except Exception as error:
        if action.kind not in PAID:
            raise
        # Whatever a vendor may have answered: it is kept for its bill, and must not end each later build.
        what = f"the {action.kind} is stored, and cannot be read ({type(error).__name__}: {error})"
        raise ProviderError(what, "bump take: to request another one") from error
    for role, data in outputs.items():
        write_output(context, action.outputs[role], data)
    return True


def write_output(context: Context, output: str, content: bytes) -> None:
    """Write a file, whole or not at all; one that holds just this already keeps its time stamp."""
    path = context.root / output
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    with unfinished(context.work) as part:
        part.write(content)
    publish(Path(part.name), path)
