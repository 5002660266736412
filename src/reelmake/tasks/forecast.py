"""What a build would do, why, and what it would cost: from specs, doit's records and the store, doing none of it.

A step is kept (its files are current), restored (the store has what it would make) or made. Paid steps read no files,
so what becomes of them is known exactly. Steps of ours that read what is still to be made are made, too; segments of
other lines are kept unless the new timeline moves what they show, which only the new voice will tell: `unless` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, Literal

from doit.task import Task

from reelmake.core.errors import BuildError
from reelmake.core.keys import Action, canonical_json, digest_of, explain, key, manifest
from reelmake.engine.context import Workshop
from reelmake.engine.engine import key_of, script_of, with_source
from reelmake.engine.scripts import asked_in_all, due
from reelmake.plan.bounds import longest_lines, longest_translation
from reelmake.plan.episode import Production, Step, is_paid
from reelmake.plan.kinds import PAID
from reelmake.plan.steps import after, plan
from reelmake.project.load import Project
from reelmake.providers import provider
from reelmake.store.receipt import Receipt
from reelmake.tasks.build import Build


def bundle(actions: Sequence[Action]) -> str:
    """Return a name that changes when one of the requests does."""
    return "lines:" + digest_of(canonical_json([key(manifest(action, {})) for action in actions]).encode())


def asked_keys(project: Project, shop: Workshop) -> set[str]:
    """Return the keys of all that a project may pay for; of lines that are not written yet, as `Row.key` has them."""
    keys = set(paid_steps(project, shop))
    for show in project.productions.values():
        if show.episode.script is None and not script_of(show, shop):
            show = with_source(show, shop)  # noqa: PLW2901 (the same one, and what it is made of)
            keys |= {bundle(actions) for actions in longest_lines(show).values()}
            if show.original and not show.source:
                keys.add(bundle([longest_translation(show)]))
    return keys


def paid_steps(project: Project, shop: Workshop) -> dict[str, list[Step]]:
    """Return the paid steps of a project whose requests are known, by their keys."""
    found: dict[str, list[Step]] = {}
    for show in project.productions.values():
        for step in plan(with_source(show, shop), script_of(show, shop) or []):
            if is_paid(step):
                for name in {key(manifest(action, {})) for action in asked_in_all(step.action, shop.store)}:
                    found.setdefault(name, []).append(step)
    return found


Verdict = Literal["keep", "restore", "make"]
SCHEMA: Final = "reelmake/plan@1"
NOT_MADE: Final = "(not made yet)"  # in place of a file's digest
NOT_WRITTEN: Final = "the script is not written yet"
GONE: Final = "what was made is gone from the store, or damaged there"


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one step, or (`count` > 1) of several that are not known one by one yet.

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

    unasked  why the shared store was not asked: what it has counts as not made
    """

    rows: tuple[Row, ...]
    cap_usd: Decimal | None = None
    unasked: str = ""

    @property
    def unpriced(self) -> list[str]:
        """Return the steps whose price nobody knows."""
        return [row.step for row in self.rows if row.usd is None]

    def usd(self, rows: Iterable[Row] | None = None) -> Decimal:
        """Return what rows cost together, without those that have no price."""
        return sum((row.usd for row in (self.rows if rows is None else rows) if row.usd is not None), Decimal(0))

    def by(self, what: Literal["episode", "kind"]) -> dict[str, Decimal]:
        """Return what the rows of each episode or kind cost."""
        names = dict.fromkeys(getattr(row, what) for row in self.rows)
        return {name: self.usd(row for row in self.rows if getattr(row, what) == name) for name in names}

    def counts(self) -> dict[str, int]:
        """Return how many steps are kept, restored and made."""
        found = Counter({"keep": 0, "restore": 0, "make": 0})
        for row in self.rows:
            found[row.verdict] += row.count
        return dict(found)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; amounts are text."""
        return {
            "schema": SCHEMA,
            "usd": str(self.usd()),
            "at_most": any(row.at_most for row in self.rows),
            "unpriced": self.unpriced,
            "cap_usd": None if self.cap_usd is None else str(self.cap_usd),
            "store_not_asked": self.unasked or None,
            "counts": self.counts(),
            "by_episode": {name: str(usd) for name, usd in self.by("episode").items()},
            "by_kind": {name: str(usd) for name, usd in self.by("kind").items() if name in PAID},
            "steps": [
                {
                    **{name: getattr(row, name) for name in ("step", "episode", "kind", "verdict", "where", "key")},
                    "reasons": list(row.reasons),
                    "usd": None if row.usd is None else str(row.usd),
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
    _tasks: dict[str, Task] = field(default_factory=dict)

    def forecast(self, only: Collection[str] = ()) -> Forecast:
        """Look at all episodes of the project, or at some: at translations with the script that they are made of."""
        self._tasks = {task.name: task for task in self.build.tasks()}
        shows = [show for name, show in self.build.project.productions.items() if not only or name in only]
        self._originals = {show.name for show in shows if not show.original}
        self.build.shop.store.look_up(self.build.new_keys(step for show in shows for step in self.steps(show)))
        rows: dict[str, Row] = {}
        for show in shows:
            if show.original and show.spec not in self._originals:
                first = self.build.early(show.original)[0]
                rows.setdefault(first.name, self._row(show.original, first, {}, {}))
            rows |= {row.step: row for row in self._episode(show)}
        unread = self.build.shop.store.unread
        return Forecast(tuple(rows.values()), self.build.project.settings.cap_usd, str(unread or ""))

    def after(self, show: Production, rows: Mapping[str, Row]) -> dict[str, tuple[Step, Row]]:
        """Return the steps that may follow an episode's video, and what would become of them if they were asked for.

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
        made = [name for name in needed if rows[name].verdict == "make"]
        timeline = f"timeline:{show.name}"
        if made == [timeline] and step.kind == "segment":
            # Its part of the timeline is most likely as it was: it shows the same words, for as long.
            kept = self._if_not_moved(step)
            if kept and rows[f"voice:{show.name}:{step.line}"].verdict != "make":
                return self._told(step, kept, (), unless=f"{timeline} moves what it shows")
        if made:
            return self._told(step, "make", tuple(f"needs {name}, which is made" for name in made))
        if restored := [name for name in needed if rows[name].verdict == "restore"]:
            if not self._elsewhere.isdisjoint(restored):  # who made that has most likely made this, too
                self._elsewhere.add(step.name)
            is_there = step.name in self._elsewhere or self._was_made(step)
            verdict: Verdict = "restore" if is_there else "make"
            return self._told(step, verdict, tuple(f"needs {name}, which is restored" for name in restored))
        return self._looked_up(step)

    def _looked_up(self, step: Step) -> Row:
        """Say what becomes of a step whose inputs are there."""
        task = self._tasks.get(step.name)
        try:
            name = key_of(step.action, self.build.shop)
        except BuildError as error:
            return self._told(step, "make", (error.what,))
        reasons = self._doit_says(task)
        if task is not None and not reasons:
            return self._told(step, "keep", (), name)
        if is_paid(step) and (again := due(step.action, self.build.shop.store)):
            told = ("what is stored cannot be used as it is: it is asked for once more",)
            return self._told(step, "make", told, name, self.build.shop.caller.price(again))
        if self._is_stored(name):
            receipt = self._receipt(name)
            if receipt and not self.build.shop.store.is_near(receipt.blob):
                self._elsewhere.add(step.name)
            return self._told(step, "restore", tuple(self._why(step)) or reasons, name)
        usd: Decimal | None = Decimal(0)
        why = (GONE,) if self._receipt(name) else tuple(self._why(step))
        if is_paid(step):
            if payer := self._bought.get(name):
                return self._told(step, "make", (f"shares what {payer} pays for",), name)
            self._bought[name] = step.name
            usd = self._most_usd(step.action)
            if note := self.build.shop.store.note(name):
                why = (*why, f"was asked for before, and no answer arrived ({note.get('asked_at') or 'lost'})")
        return self._told(step, "make", why, name, usd)

    def _most_usd(self, action: Action) -> Decimal | None:
        """Return what an action costs at most: a script also what asking for it once more would."""
        caller = self.build.shop.caller
        usd = caller.expected_usd(action, self.build.shop.store)
        if action.kind != "script" or usd is None:
            return usd
        more = provider("script", action.request["provider"]).repair_price(action.request, caller.prices)
        return None if more is None else usd + more

    @staticmethod
    def _told(  # noqa: PLR0913, PLR0917 (a row says this much)
        step: Step,
        verdict: Verdict,
        reasons: tuple[str, ...],
        name: str = "",
        usd: Decimal | None = Decimal(0),
        unless: str = "",
    ) -> Row:
        return Row(
            step.name,
            step.episode,
            step.kind,
            verdict,
            reasons,
            usd,
            key=name,
            where=step.where,
            unless=unless,
            is_paid=is_paid(step),
        )

    def _doit_says(self, task: Task | None) -> tuple[str, ...]:
        """Return why doit would run a task; nothing when it is up to date."""
        if task is None:
            return ("it has not been built here",)
        status = self.build.records.get_status(task, {}, get_log=True)
        if status.status == "up-to-date":
            return ()
        reasons = status.reasons or {}
        told = [f"{path} is missing" for path in reasons.get("missing_target", ())]
        told += [f"{path} is not as it was made" for path in reasons.get("changed_target", ())]
        told += [f"{path} changed" for path in reasons.get("changed_file_dep", ())]
        known = self.build.records.recorded_key(task.name)
        return tuple(told) or ("it is told otherwise" if known else "it has not been built here",)

    def _why(self, step: Step) -> list[str]:
        """Say what is asked for that was not asked for before: by the step of this name, or one that is gone."""
        told = self.before(step)
        if told is None:
            return ["it was never made"]
        _, was = told
        return explain(was.manifest, manifest(step.action, self.digests(step)))

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
        now = manifest(step.action, dict.fromkeys(step.action.inputs, ""))
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
        """Return what the inputs of a step hold, by its slots."""
        return {slot: self._digest(path) or NOT_MADE for slot, path in step.action.inputs.items()}

    def _digest(self, path: str) -> str | None:
        """Return what a file holds, or would hold that is left in the store; None when it is not made."""
        try:
            return self.build.shop.digest(self.build.shop.root / path)
        except OSError:
            return None

    def _receipt(self, name: str | None) -> Receipt | None:
        return self.build.shop.store.find(name) if name else None

    def _is_stored(self, name: str) -> bool:
        """Say whether the store has what was made; what was paid for and is on this machine is read to be sure."""
        receipt, store = self._receipt(name), self.build.shop.store
        if receipt is None or not store.has(receipt.blob):
            return False
        return receipt.usd == 0 or not store.is_near(receipt.blob) or store.read(receipt.blob) is not None

    def _if_not_moved(self, segment: Step) -> Verdict | None:
        """Return what becomes of a segment when its part of the timeline is as it was; None when more has changed.

        Files that are not there will be what they were: they are restored.
        """
        was = self._receipt(self.build.records.recorded_key(segment.name))
        if was is None:
            return None
        before, now = (dict(told) for told in (was.manifest["inputs"], self.digests(segment)))
        for slot in now.keys() & before.keys():
            if slot == "part" or now[slot] == NOT_MADE:
                now[slot] = before[slot]
        if explain(was.manifest, manifest(segment.action, now)):
            return None
        (path,) = segment.action.outputs.values()
        if self._digest(path) == was.blob:
            return "keep"
        return "restore" if self._is_stored(was.key) else None

    def _was_made(self, step: Step) -> bool:
        """Say whether anything is known to have been made of such a request, whatever its inputs held."""
        if self._known is None:
            kept = ((receipt.manifest, receipt) for receipt in self.build.shop.store.known())
            self._known = {_asked(told): receipt for told, receipt in kept}
        return _asked(manifest(step.action, dict.fromkeys(step.action.inputs, ""))) in self._known

    def _of_lines(self, show: Production) -> list[Row]:
        """Return what the lines of a script that is not written yet cost at most."""
        show = with_source(show, self.build.shop)
        count = len(show.source) or show.episode.lines
        rows = []
        if show.original and not show.source:
            action = longest_translation(show)
            usd, name = self.build.shop.caller.price(action), f"script:{show.name}"
            why, key_ = (NOT_WRITTEN,), bundle([action])
            rows.append(Row(name, show.name, "script", "make", why, usd, at_most=bool(usd), key=key_, is_paid=True))
        asked = longest_lines(show)
        if show.original and show.spec not in self._originals:
            asked["image"] = longest_lines(show.original)["image"]  # which are shared, when both are looked at
        for kind, actions in asked.items():
            prices = [self.build.shop.caller.expected_usd(action, self.build.shop.store) for action in actions]
            known = [usd for usd in prices if usd is not None]
            most = max(known, default=None) if len(known) == len(prices) else None
            usd = None if most is None else most * count
            name, why = f"{kind}:{show.name}", (NOT_WRITTEN,)
            told = Row(name, show.name, kind, "make", why, usd, at_most=bool(usd), key=bundle(actions))
            rows.append(replace(told, count=count, is_paid=True))
        return rows


def against(now: Forecast, before: Iterable[str]) -> Forecast:
    """Return the paid steps of a forecast whose keys are not among those of another state of the specs."""
    known = set(before)
    return replace(now, rows=tuple(row for row in now.rows if row.is_paid and row.key not in known))


def _asked(told: Mapping[str, Any]) -> str:
    return key({**told, "inputs": sorted(told["inputs"])})


def _distance(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[int, float]:
    """Return how unlike two manifests are: by the fields that differ, then by the words that their texts share."""
    was, now = (
        Counter(str(one["request"].get("text") or one["request"].get("prompt") or "").split()) for one in (old, new)
    )
    return len(explain(old, new)), -2 * (was & now).total() / ((was + now).total() or 1)
