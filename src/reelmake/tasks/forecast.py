"""The forecast of a build, with reasons and prices: from specs, doit's records and the store, doing none of it.

A step is kept (its files are current), restored (the store has what it would make) or made. Paid steps read no files,
so what becomes of them is known exactly. Steps of ours that read what is still to be made are made, too; segments of
other lines are kept unless the new timeline moves what they show, which only the new voice will tell: `unless` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, Literal

from reelmake.core.amounts import as_json, total
from reelmake.core.errors import BuildError
from reelmake.core.keys import Action, explain, key, manifest
from reelmake.engine.costs import Ledger
from reelmake.engine.engine import Context, key_of, script_of, with_source
from reelmake.engine.scripts import due, with_follow_ups
from reelmake.plan.bounds import unwritten
from reelmake.plan.decide import Facts, State, Verdict, decide
from reelmake.plan.episode import Production, Step, is_paid
from reelmake.plan.kinds import PAID
from reelmake.plan.steps import after, plan
from reelmake.project.load import Project
from reelmake.store.base import Receipt
from reelmake.tasks.build import Build, terms_of
from reelmake.tasks.places import place_of_change

SCHEMA: Final = "reelmake/plan@1"
NOT_MADE: Final = "(not made yet)"  # in place of a file's digest
NOT_WRITTEN: Final = "the script is not written yet"
ADDED: Final = "added"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the specs of another state of the project request.

    keys   of all steps that may be paid for; of unwritten lines, as `Row.key` has them
    steps  the paid ones whose requests are known, by their names
    """

    keys: frozenset[str] = frozenset()
    steps: Mapping[str, Step] = field(default_factory=dict)


def baseline(project: Project, context: Context) -> Baseline:
    """Return what a project requests from providers."""
    known = paid_steps(project, context)
    keys = set(known)
    for show in project.productions.values():
        if show.episode.script is None and not script_of(show, context):
            show = with_source(show, context)  # noqa: PLW2901 (the same one, and what it is made of)
            keys |= {bound.key for bound in unwritten(show)}
    return Baseline(frozenset(keys), {step.name: step for steps in known.values() for step in steps})


def paid_steps(project: Project, context: Context) -> dict[str, list[Step]]:
    """Return the paid steps of a project whose requests are known, by their keys."""
    found: dict[str, list[Step]] = {}
    for show in project.productions.values():
        for step in plan(with_source(show, context), script_of(show, context) or []):
            if is_paid(step):
                for name in {key(manifest(action, {})) for action in with_follow_ups(step.action, context.store)}:
                    found.setdefault(name, []).append(step)
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """The forecast of one step, or (`count` > 1) of several that are not known one by one yet.

    reasons  why it is not kept, as one would say it
    usd      what it costs at most, None when nobody knows; 0 for what is kept, restored or shared
    at_most  whether it may well be less: an upper bound
    unless   what may yet change the verdict
    is_paid  whether a provider performs it
    """

    step: str
    episode: str
    kind: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    usd: Decimal | None = Decimal(0)
    at_most: bool = False
    key: str = ""
    where: str = ""
    unless: str = ""
    count: int = 1
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """All rows, in the order in which they could be made.

    store_problem  why the shared store was not read: what it has counts as not made
    budget         what is left of the budget, None without one
    """

    rows: tuple[Row, ...]
    cap_usd: Decimal | None = None
    store_problem: str = ""
    budget: Ledger | None = None

    @property
    def unpriced(self) -> list[str]:
        """Return the steps whose price nobody knows."""
        return [row.step for row in self.rows if row.usd is None]

    def usd(self, rows: Iterable[Row] | None = None) -> Decimal:
        """Return the cost (USD) of rows, without those that have no price."""
        return sum((row.usd for row in (self.rows if rows is None else rows) if row.usd is not None), Decimal(0))

    def by(self, what: Literal["episode", "kind"]) -> dict[str, list[Row]]:
        """Return the rows of each episode or kind."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(getattr(row, what), []).append(row)
        return found

    def counts(self) -> dict[str, int]:
        """Return how many steps are kept, restored and made."""
        found = Counter({"keep": 0, "restore": 0, "make": 0})
        for row in self.rows:
            found[row.verdict] += row.count
        return dict(found)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; amounts are text, and a sum of which a part is not known is null."""

        def sums(what: Literal["episode", "kind"]) -> dict[str, str | None]:
            return {name: as_json(total(row.usd for row in rows)) for name, rows in self.by(what).items()}

        return {
            "schema": SCHEMA,
            "usd": as_json(total(row.usd for row in self.rows)),
            "priced_usd": as_json(self.usd()),
            "at_most": any(row.at_most for row in self.rows),
            "unpriced": self.unpriced,
            "cap_usd": as_json(self.cap_usd),
            "budget": self.budget.to_json() if self.budget else None,
            "store_not_asked": self.store_problem or None,
            "counts": self.counts(),
            "by_episode": sums("episode"),
            "by_kind": {name: usd for name, usd in sums("kind").items() if name in PAID},
            "steps": [
                {
                    **{name: getattr(row, name) for name in ("step", "episode", "kind", "verdict", "where", "key")},
                    "reasons": list(row.reasons),
                    "usd": as_json(row.usd),
                    "at_most": row.at_most,
                    "unless": row.unless,
                    "count": row.count,
                }
                for row in self.rows
            ],
        }


@dataclass(slots=True)
class Forecaster:
    """Looks at a project: `build` is made with `may_delay=False`."""

    build: Build
    _originals: set[str] = field(default_factory=set)  # those that are looked at in whole
    _bought: dict[str, str] = field(default_factory=dict)  # key -> the step that would pay for it
    _known: dict[str, Receipt] | None = None
    _elsewhere: set[str] = field(default_factory=set)  # what others made: it, or most likely it, is far from here
    _steps: dict[str, list[Step]] = field(default_factory=dict)
    _gone: dict[str, list[tuple[str, Receipt]]] = field(default_factory=dict)

    def forecast(self, only: Collection[str] = ()) -> Forecast:
        """Look at all episodes of the project, or at some: at translations with the script that they are made of."""
        shows = [show for name, show in self.build.project.productions.items() if not only or name in only]
        self._originals = {show.name for show in shows if not show.original}
        self.build.context.store.look_up(self.build.new_keys(step for show in shows for step in self.steps(show)))
        rows: dict[str, Row] = {}
        for show in shows:
            if show.original and show.spec not in self._originals:
                first = self.build.early(show.original)[0]
                rows.setdefault(first.name, self._row(show.original, first, {}, {}))
            rows |= {row.step: row for row in self._episode(show)}
        store, budget = self.build.context.store, self.build.context.caller.budget
        if budget.ledger:
            budget.ledger.refresh(store)
        return Forecast(tuple(rows.values()), budget.cap_usd, str(store.unread or ""), budget.ledger)

    def against(self, now: Forecast, before: Baseline) -> Forecast:
        """Return the paid steps of a forecast that another state of the specs does not request, and why they are new.

        Their reasons are what changed in the specs, whatever was built on this machine.
        """
        new = [row for row in now.rows if row.is_paid and row.key not in before.keys]
        known = {step.name: step for steps in self._steps.values() for step in steps}
        old = _pairs([known[row.step] for row in new if row.step in known], known.keys(), before.steps)
        return replace(now, rows=tuple(self._changed(row, known.get(row.step), old.get(row.step)) for row in new))

    def _changed(self, row: Row, step: Step | None, was: Step | None) -> Row:
        """Return a row with the change of its step as the reason; of lines that are not known yet, as it is."""
        if step is None or row.verdict != "make":
            return row
        reasons = tuple(explain(_request_of(was), _request_of(step))) if was else (ADDED,)
        return replace(row, reasons=reasons, where=self._where(step, reasons))

    def after(self, show: Production, rows: Mapping[str, Row]) -> dict[str, tuple[Step, Row]]:
        """Return the steps that may follow an episode's video, with their rows if they were requested.

        `rows` are those of the forecast. There are none while it is not known what the video is made of.
        """
        steps = after(show) if f"video:{show.name}" in rows else []
        makers = {path: step.name for step in self.steps(show) for path in step.action.outputs.values()}
        return {step.name: (step, self._row(show, step, rows, makers)) for step in steps}

    def steps(self, show: Production) -> list[Step]:
        """Return all steps of an episode that are known now: those that need no script, while it is not written."""
        if show.name not in self._steps:
            self._steps[show.name] = self.build.steps(show) or self.build.early(show)
        return self._steps[show.name]

    def _episode(self, show: Production) -> list[Row]:
        steps = self.steps(show)
        makers = {path: step.name for step in steps for path in step.action.outputs.values()}
        rows: dict[str, Row] = {}
        for step in steps:
            rows[step.name] = self._row(show, step, rows, makers)
        if any(step.line for step in steps):
            return list(rows.values())
        return [*rows.values(), *self._of_lines(show)]

    def _row(self, show: Production, step: Step, rows: Mapping[str, Row], makers: Mapping[str, str]) -> Row:
        needed = dict.fromkeys(makers[path] for path in step.action.inputs.values() if path in makers)
        needs = {name: rows[name].verdict for name in needed if rows[name].verdict != "keep"}
        if needs:
            return self._row_of(step, self._facts_by_needs(show, step, needs, rows))
        try:
            name = key_of(step.action, self.build.context)
        except BuildError as error:
            return self._row_of(step, Facts(unreadable=error.what))
        facts = self.build.records.facts(step.name, terms_of(show, step, self.steps(show)))
        if decide(step.action, facts).verdict != "keep":
            facts = self._facts_of_store(step, name, facts)
        return self._row_of(step, facts, name)

    def _row_of(self, step: Step, facts: Facts, name: str = "") -> Row:
        """Return the row of a step: its decision and its price."""
        decision = decide(step.action, facts)
        usd: Decimal | None = Decimal(0)
        if decision.request is step.action:
            self._bought[name] = step.name
            usd = self._most_usd(step.action)
        elif decision.request:  # a follow-up, which nothing follows
            usd = self.build.context.caller.expected_usd(decision.request, self.build.context.store)
        return Row(
            step.name,
            step.episode,
            step.kind,
            decision.verdict,
            decision.reasons,
            usd,
            key=name,
            where=self._where(step, decision.reasons),
            unless=decision.unless,
            is_paid=is_paid(step),
        )

    def _where(self, step: Step, reasons: tuple[str, ...]) -> str:
        show = self.build.project.productions.get(step.episode)
        return place_of_change(reasons, step, show) if show else step.where

    def _facts_by_needs(
        self, show: Production, step: Step, needs: Mapping[str, Verdict], rows: Mapping[str, Row]
    ) -> Facts:
        """Return the facts about a step whose inputs are yet to be made or restored."""
        if "make" in needs.values():
            made = [name for name, verdict in needs.items() if verdict == "make"]
            # Its part of the timeline is most likely as it was: it shows the same words, for as long.
            is_alike = step.kind == "segment" and made == [f"timeline:{show.name}"]
            if is_alike and rows[f"voice:{show.name}:{step.line}"].verdict != "make":
                return Facts(needs=needs, unmoved=self._unmoved(step))
            return Facts(needs=needs)
        if not self._elsewhere.isdisjoint(needs):  # who made that has most likely made this, too
            self._elsewhere.add(step.name)
        return Facts(needs=needs, was_made=step.name in self._elsewhere or self._was_made(step))

    def _facts_of_store(self, step: Step, name: str, facts: Facts) -> Facts:
        """Return the facts about a step that is not kept: also its receipt, and the step that pays for the same."""
        store = self.build.context.store
        receipt = store.find(name)
        before = self.before(step)
        is_lost = receipt is not None and not self._is_stored(receipt)
        if receipt and not is_lost and not store.is_near(receipt.blob):
            self._elsewhere.add(step.name)
        facts = replace(
            facts,
            manifest=manifest(step.action, self.digests(step)),
            before=before and before[1].manifest,
            has_receipt=receipt is not None,
            is_lost=is_lost,
        )
        if not is_paid(step):
            return facts
        note = store.note(name)
        return replace(
            facts,
            follow_up=due(step.action, store),
            payer=self._bought.get(name, ""),
            sent_at=None if note is None else str(note.get("asked_at") or ""),
        )

    def _most_usd(self, action: Action) -> Decimal | None:
        return self.build.context.caller.most_usd(action, self.build.context.store)

    def before(self, step: Step) -> tuple[str, Receipt] | None:
        """Return the step, and its receipt, that this one was before it was edited; None when there was none.

        A line's name comes from its content, so an edited line has a new one: what it was is the most similar of those
        that are recorded and no longer planned.
        """
        records = self.build.records
        if receipt := self._receipt(records.recorded_key(step.name)):
            return step.name, receipt
        if not step.line:
            return None
        now = _request_of(step)
        found = self._no_longer_planned(f"{step.kind}:{step.episode}:", step.episode)
        return min(found, key=lambda old: _distance(old[1].manifest, now), default=None)

    def _no_longer_planned(self, prefix: str, episode: str) -> list[tuple[str, Receipt]]:
        """Return the steps that were made once and are gone from an episode, with their receipts."""
        if prefix not in self._gone:
            records = self.build.records
            planned = {step.name for step in self.steps(self.build.project.productions[episode])}
            gone = [name for name in records.made_by(prefix) if name not in planned]
            found = [(name, self._receipt(records.recorded_key(name))) for name in gone]
            self._gone[prefix] = [(name, receipt) for name, receipt in found if receipt]
        return self._gone[prefix]

    def digests(self, step: Step) -> dict[str, str]:
        """Return the digests of the inputs of a step, by its slots."""
        return {slot: self._digest(path) or NOT_MADE for slot, path in step.action.inputs.items()}

    def _digest(self, path: str) -> str | None:
        """Return the digest of a file, also of one that is left in the store; None when it is not made."""
        try:
            return self.build.context.digest(self.build.context.root / path)
        except OSError:
            return None

    def _receipt(self, name: str | None) -> Receipt | None:
        return self.build.context.store.find(name) if name else None

    def _is_stored(self, receipt: Receipt) -> bool:
        """Say whether the store has the result; a paid one on this machine is read to be sure."""
        store = self.build.context.store
        if not store.has(receipt.blob):
            return False
        return receipt.usd == 0 or not store.is_near(receipt.blob) or store.read(receipt.blob) is not None

    def _unmoved(self, segment: Step) -> Facts | None:
        """Return the facts about a segment with its part of the timeline unchanged; None if it was never made.

        Files that are not there will be what they were: they are restored.
        """
        was = self._receipt(self.build.records.recorded_key(segment.name))
        if was is None:
            return None
        before, now = dict(was.manifest["inputs"]), self.digests(segment)
        for slot in now.keys() & before.keys():
            if slot == "part" or now[slot] == NOT_MADE:
                now[slot] = before[slot]
        wanted = manifest(segment.action, now)
        outputs = {path: self._digest(path) for path in segment.action.outputs.values()}
        made = dict.fromkeys(outputs, was.blob)
        return Facts(
            State(key(wanted), {}, outputs),
            State(was.key, {}, made, was.key),
            has_receipt=key(wanted) == was.key,
            is_lost=outputs != made and not self._is_stored(was),
        )

    def _was_made(self, step: Step) -> bool:
        """Say whether a result of this request is known, with any content of its inputs."""
        if self._known is None:
            kept = ((receipt.manifest, receipt) for receipt in self.build.context.store.known())
            self._known = {_request_key(recorded): receipt for recorded, receipt in kept}
        return _request_key(_request_of(step)) in self._known

    def _of_lines(self, show: Production) -> list[Row]:
        """Return rows with the highest cost of the lines of a script that is not written yet."""
        rows = []
        is_alone = show.original is not None and show.spec not in self._originals
        for bound in unwritten(with_source(show, self.build.context), with_pictures=is_alone):
            usd = bound.usd(self._most_usd)
            name, why = f"{bound.kind}:{show.name}", (NOT_WRITTEN,)
            row = Row(name, show.name, bound.kind, "make", why, usd, at_most=bool(usd), key=bound.key, is_paid=True)
            rows.append(replace(row, count=bound.count))
        return rows


def _pairs(steps: Iterable[Step], planned: Collection[str], before: Mapping[str, Step]) -> dict[str, Step]:
    """Return what each step was before: the one of its name, or else the most similar that is no longer planned.

    That one is of the same episode, or of one that is gone, where the episode is new: it may have been renamed.
    """
    found = {step.name: before[step.name] for step in steps if step.name in before}
    edited = [step for step in steps if step.name not in found]
    gone = [step for name, step in before.items() if name not in planned]
    old_names, new_names = ({name.split(":")[1] for name in names} for names in (before, planned))
    alike = [
        (_distance(_request_of(old), _request_of(new)), new.name, old.name)
        for new in edited
        for old in gone
        if new.kind == old.kind
        and (new.episode == old.episode or (new.episode not in old_names and old.episode not in new_names))
    ]
    taken = set()
    for _, new_name, old_name in sorted(alike):
        if new_name not in found and old_name not in taken:
            found[new_name] = before[old_name]
            taken.add(old_name)
    return found


def _request_of(step: Step) -> dict[str, Any]:
    return manifest(step.action, dict.fromkeys(step.action.inputs, ""))


def _request_key(of: Mapping[str, Any]) -> str:
    """Return the key of a manifest without the content of its inputs."""
    return key({**of, "inputs": sorted(of["inputs"])})


def _distance(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[int, float]:
    """Return the distance of two manifests: by the fields that differ, then by the words that their texts share."""
    was, now = (
        Counter(str(one["request"].get("text") or one["request"].get("prompt") or "").split()) for one in (old, new)
    )
    return len(explain(old, new)), -2 * (was & now).total() / ((was + now).total() or 1)
