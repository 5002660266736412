"""`plan` and `why`: the steps that a build would run, their prices, and the reasons."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reelmake.cli.app import AsJson, Episodes, ProjectDir, UsageError, answer, app, known_episodes, opened
from reelmake.cli.git import NoFolderError, specs_at
from reelmake.core.amounts import dollars, headline, with_unpriced
from reelmake.core.files import episode_names

if TYPE_CHECKING:
    from reelmake.plan.episode import Production, Step
    from reelmake.tasks.build import Build
    from reelmake.tasks.forecast import Baseline, Forecast, Forecaster, Row


SHOWN_CHARACTERS = 150
PICTURE = "picture"  # what authors call an image
WHY_SCHEMA = "reelmake/why@1"
MARK = "<!-- reelmake plan -->"  # by which `ci comment` finds its last comment


@app.command()
def plan(  # noqa: PLR0913, PLR0917 (options of a command line)
    episodes: Episodes = None,
    project: ProjectDir = Path(),
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Answer in Markdown, for a comment.")] = False,
    against: Annotated[str, typer.Option(help="Only steps that the specs of this git revision do not need.")] = "",
    show_all: Annotated[bool, typer.Option("--all", help="Show the steps that are kept, too.")] = False,
) -> None:
    """List the steps that a build would run, with reasons and prices. Spends and writes nothing; reads the store."""
    from reelmake.tasks.forecast import Forecaster  # noqa: PLC0415

    known = {} if as_json or show_all or against else _built(project, episodes)
    with opened(project, episodes, known, read_only=True) as build:
        shows, requested = build.project.productions.values(), episodes or ()
        # an episode is all of its languages, moths.ja is one
        forecaster = Forecaster(build)
        forecast = forecaster.forecast([show.name for show in shows if {show.name, show.spec} & {*requested}])
        forecast = replace(forecast, rows=tuple(_with(forecast.rows, known, shows)))
        if against:
            forecast = forecaster.against(forecast, _baseline_at(against, build))
    if as_json:
        answer(forecast.to_json())
    elif as_markdown:
        print(_markdown(forecast, against))
    else:
        print("\n".join(_lines(forecast, show_all=show_all)))


def _built(project: Path, episodes: list[str] | None) -> dict[str, dict[str, int]]:
    """Return the episodes whose fingerprints hold: name -> {name of a video: how many steps it took}."""
    from contextlib import chdir  # noqa: PLC0415

    from reelmake.tasks.fingerprint import BUILT, Fingerprints  # noqa: PLC0415

    with chdir(project):
        names = known_episodes(Path(), episodes) or episode_names(Path())
        if any(name not in names for name in episodes or ()):  # one language of an episode
            return {}
        found = Fingerprints().current(BUILT, names)
    return {
        name: {show: sum(count for _, _, count in steps) for show, steps in found[name].items()}
        for name in names
        if name in found
    }


def _with(rows: Sequence[Row], known: Mapping[str, Mapping[str, int]], shows: Iterable[Production]) -> Iterator[Row]:
    """Yield the rows of a forecast, and one for each video that needs no look: all of its steps are kept.

    They come in the order of a forecast of all: originals, then translations.
    """
    from reelmake.tasks.forecast import Row  # noqa: PLC0415

    names: dict[str, list[str]] = {episode: list(videos) for episode, videos in known.items()}
    found: dict[str, list[Row]] = {}
    for videos in known.values():
        for name, count in videos.items():
            found[name] = [Row(f"video:{name}", name, "video", "keep", count=count)]
    for show in shows:
        names.setdefault(show.spec, []).append(show.name)
    for row in rows:
        found.setdefault(row.episode, []).append(row)
    in_order = [names[episode] for episode in sorted(names)]
    for name in (*(each[0] for each in in_order), *(other for each in in_order for other in each[1:])):
        yield from found.get(name, ())


def _baseline_at(revision: str, build: Build) -> Baseline:
    """Return what the specs of a git revision request."""
    from reelmake.core.errors import InputError  # noqa: PLC0415
    from reelmake.tasks.forecast import Baseline, baseline  # noqa: PLC0415

    try:
        with specs_at(revision, build.project.ffmpeg) as before:
            if before.problems:
                new = ", ".join(sorted(before.episodes.keys() - before.project.productions)) or "no episode"
                problems = "\n".join(map(str, before.problems))
                print(
                    f"the specs of {revision} have mistakes, so all of {new} counts as new:\n{problems}",
                    file=sys.stderr,
                )
            return baseline(before.project, build.context)
    except NoFolderError as error:
        print(f"{error.what}, so everything counts as new", file=sys.stderr)
        return Baseline()
    except InputError as error:
        print(f"the specs of {revision} cannot be read, so everything counts as new:\n{error}", file=sys.stderr)
        return Baseline()


def _lines(forecast: Forecast, *, show_all: bool) -> list[str]:
    """Return a plan for a terminal."""
    lines = []
    for name, rows in forecast.by("episode").items():
        shown = [row for row in rows if show_all or row.verdict != "keep"]
        kept = sum(row.count for row in rows if row.verdict == "keep")
        paid = [row for row in shown if row.is_paid and row.verdict == "make"]
        what = f"{_what(paid)}, " if paid else ""
        lines.append(f"{name}: {what}{_usd(rows, dollars)}{f', {kept} kept' if kept else ''}")
        for row in shown:
            count = f" x{row.count}" if row.count > 1 else ""
            lines.append(f"  {row.verdict:8}{row.step}{count}{_price(row)}")
            place = f" ({row.where})" if row.where and row.reasons else ""
            lines += [f"           {_short(reason)}{place if not at else ''}" for at, reason in enumerate(_main(row))]
        if waiting := sorted({row.unless for row in rows if row.unless}):
            lines.append(f"  segments of other lines are kept unless {', '.join(waiting)}")
    return [*lines, *_summary(forecast)]


def _summary(forecast: Forecast) -> list[str]:
    from reelmake.plan.kinds import PAID  # noqa: PLC0415

    counts = ", ".join(f"{count} to {verdict}" for verdict, count in forecast.counts().items() if count)
    sums = {kind: _usd(rows, dollars) for kind, rows in forecast.by("kind").items() if kind in PAID}
    kinds = ", ".join(f"{kind} {usd}" for kind, usd in sums.items() if usd != dollars(Decimal(0)))
    lines = [f"total: {_usd(forecast.rows, headline)}{f' ({kinds})' if kinds else ''}; {counts or 'no steps'}"]
    if forecast.unpriced:
        names = ", ".join(forecast.unpriced[:5])
        lines.append(f"unpriced, and not in the total: {names}; set their prices under [tool.reelmake.prices]")
    if forecast.store_problem:
        lines.append(f"the shared store was not read, so its content counts as not made: {forecast.store_problem}")
    if forecast.cap_usd is not None and forecast.usd() > forecast.cap_usd:
        over = dollars(forecast.usd() - forecast.cap_usd)
        lines.append(f"over the cap of {dollars(forecast.cap_usd)} by {over}: a build would stop there")
    if forecast.budget:
        lines.append(f"budget: {forecast.budget}")
        if (over_usd := forecast.usd() - max(Decimal(0), forecast.budget.left_usd)) > 0:
            lines.append(f"over what is left of the budget by {dollars(over_usd)}: a build would stop there")
    return lines


def _main(row: Row) -> list[str]:
    """Return the reasons worth showing: a seed follows from the rest, and one needed step stands for all.

    When the provider changes, fields that only one of the two knows follow from that, and are left out.
    """
    from reelmake.core.keys import NOTHING  # noqa: PLC0415

    reasons = [reason for reason in row.reasons if not reason.startswith("request.seed:")] or list(row.reasons)
    if any(reason.startswith("request.provider:") for reason in reasons):
        own = (f": {NOTHING} -> ", f" -> {NOTHING}")
        reasons = [reason for reason in reasons if own[0] not in reason and not reason.endswith(own[1])]
    needs = [reason for reason in reasons if reason.startswith("needs ")]
    if len(needs) < 2:  # noqa: PLR2004 (one needs no summary)
        return reasons
    more = f"{needs[0]}, and {len(needs) - 1} more"
    return [more, *(reason for reason in reasons if reason not in needs)]


def _short(reason: str) -> str:
    """Return a reason cut to a line or two: of long texts, the part around the first difference."""
    place, colon, texts = reason.partition(": ")
    before, changed, after = texts.partition(" -> ")
    if not changed or len(reason) <= SHOWN_CHARACTERS:
        return reason if len(reason) <= SHOWN_CHARACTERS else f"{reason[:SHOWN_CHARACTERS]}…"
    same = next((at for at, (one, two) in enumerate(zip(before, after, strict=False)) if one != two), 0)
    first, room = max(0, same - SHOWN_CHARACTERS // 8), SHOWN_CHARACTERS // 3
    before, after = (f"{'…' if first else ''}{text[first : first + room]}…" for text in (before, after))
    return f"{place}{colon}{before} -> {after}"


def _usd(rows: Sequence[Row], shown: Callable[[Decimal], str]) -> str:
    """Return what rows cost: the sum of what is known, and how many steps have no price."""
    usd = shown(sum((row.usd for row in rows if row.usd is not None), Decimal(0)))
    unpriced = sum(row.count for row in rows if row.usd is None)
    return f"{'at most ' if any(row.at_most for row in rows) else ''}{with_unpriced(usd, unpriced)}"


def _price(row: Row) -> str:
    return "" if row.usd == 0 else f"  {'at most ' if row.at_most else ''}{dollars(row.usd)}"


def _what(rows: Iterable[Row]) -> str:
    """Return how many steps of each kind there are: `4 voices, 6 pictures`."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + row.count
    words = {kind: PICTURE if kind == "image" else kind for kind in counts}
    return ", ".join(f"{count} {words[kind]}{'s' * (count != 1)}" for kind, count in counts.items())


def plain(text: str) -> str:
    """Escape a text for Markdown, so that texts of specs mention nobody, format nothing and link nowhere."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"(@|#(?=[\d\s#])|GH-(?=\d)|:(?=//)|www(?=\.))", "\\1\u200b", text)
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", text)


def _markdown(forecast: Forecast, against: str) -> str:
    """Return a plan as a comment: the paid steps by episode, in tables that are folded up, the rest as counts."""
    lines = [MARK, f"### What this would cost: {_usd(forecast.rows, headline)}", ""]
    for name in forecast.by("episode"):
        rows = [row for row in forecast.rows if row.episode == name and row.verdict == "make" and row.usd != 0]
        if not rows:
            continue
        lines += [f"<details><summary>{name}: {_what(rows)}, {_usd(rows, headline)}</summary>", ""]
        lines += ["| step | price | why |", "|---|---|---|"]
        for row in rows:
            why = plain("; ".join(map(_short, _main(row))))
            place = f" ({row.where})" if row.where else ""
            count = f" x{row.count}" if row.count > 1 else ""
            lines.append(f"| `{row.step}`{count}{place} | {_price(row).strip()} | {why} |")
        lines += ["", "</details>", ""]
    if not any(row.verdict == "make" and row.usd != 0 for row in forecast.rows):
        lines.append("Nothing has to be paid for.")
    restored = sum(row.count for row in forecast.rows if row.verdict == "restore" and row.key)
    notes = [f"against `{against}`"] if against else []
    notes += [f"{restored} from the store, for nothing"] if restored else []
    lines += ["", *(["; ".join(notes) + "."] if notes else []), *map(plain, _summary(forecast)[1:])]
    return "\n".join(lines).rstrip()


@app.command()
def why(
    target: Annotated[
        str,
        typer.Argument(
            help="A step, such as voice:sky:..., a group such as voice:sky, an episode, or a file that a step makes."
        ),
    ],
    project: ProjectDir = Path(),
    as_json: AsJson = False,
) -> None:
    """Explain why a step would be made again: its request now, beside its last request. Of several, each in short."""
    from reelmake.core.keys import explain, manifest  # noqa: PLC0415
    from reelmake.tasks.forecast import Forecaster  # noqa: PLC0415

    with opened(project, None, read_only=True) as build:
        forecaster = Forecaster(build)
        found = _meant(target, build, forecaster)
        if len(found) > 1:
            _explain_group(target, found, forecaster, as_json=as_json)
            return
        ((step, row),) = found
        before = forecaster.before(step)
        now = manifest(step.action, forecaster.digests(step))
    old = before[1].manifest if before else None
    differences = explain(old, now) if old else []
    if as_json:
        document = {"schema": WHY_SCHEMA, **_verdict(step, row)}
        answer({**document, "was": old, "now": now, "differences": differences})
        return
    print("\n".join(_explained(step, row, forecaster)))
    if row.verdict == "keep":
        return
    if before and before[0] != step.name:
        print(f"compared with {before[0]}, which is no longer planned")
    _side_by_side(old or {}, now)


def _explain_group(target: str, found: Sequence[tuple[Step, Row]], forecaster: Forecaster, *, as_json: bool) -> None:
    """Explain several steps, one after the other."""
    if as_json:
        answer({"schema": WHY_SCHEMA, "step": target, "steps": [_verdict(step, row) for step, row in found]})
        return
    for step, row in found:
        print("\n".join(_explained(step, row, forecaster)))


def _verdict(step: Step, row: Row) -> dict[str, Any]:
    return {"step": step.name, "verdict": row.verdict, "where": row.where, "reasons": list(row.reasons)}


def _explained(step: Step, row: Row, forecaster: Forecaster) -> list[str]:
    """Return the verdict on a step and its reasons; of one that is kept, since when."""
    if row.verdict == "keep":
        before = forecaster.before(step)
        since = f" since {before[1].made_at[:16].replace('T', ' ')} UTC" if before else ""
        return [f"{step.name}: kept: nothing changed{since}"]
    place = f" ({row.where})" if row.where and row.reasons else ""
    return [f"{step.name}: {row.verdict}{_price(row)}{place}", *(f"  {reason}" for reason in row.reasons)]


def _meant(target: str, build: Build, forecaster: Forecaster) -> list[tuple[Step, Row]]:
    """Return the step of this name, or that makes the file of this name, or those of this group: `voice:sky`, `sky`.

    Raises UsageError when there is none.
    """
    from reelmake.plan.kinds import PUBLISH  # noqa: PLC0415
    from reelmake.spec.problems import closest  # noqa: PLC0415
    from reelmake.tasks.loader import requested_episodes  # noqa: PLC0415

    rows = {row.step: row for row in forecaster.forecast().rows}
    shows = build.project.productions.values()
    found = {step.name: (step, rows[step.name]) for show in shows for step in forecaster.steps(show)}
    for show in shows:
        found |= forecaster.after(show, rows)
    path = Path(target).as_posix()
    files = {path: name for name, (step, _) in found.items() for path in step.action.outputs.values()}
    files |= {show.path("video.json"): f"video:{show.name}" for show in shows}  # it is written together with the video
    if meant := found.get(target) or found.get(files.get(path, "")):
        return [meant]
    planned = list(found.values())
    if group := [one for one in planned if one[0].name.startswith(f"{target}:") or target == one[0].episode]:
        return group
    if target.partition(":")[0] == PUBLISH:
        raise UsageError("publishing has no record: each run asks the targets what they hold", f"`doit {target}`")
    for name in requested_episodes([target], [show.name for show in shows]) or ():
        if f"video:{name}" not in found:
            raise UsageError(
                f"{target!r} is not known before the script of {name} is", f"type `doit script:{name}` first"
            )
    begun = [name for name in found if name == f"video:{target}" or name.startswith(target)]
    near = begun[0] if begun else closest(target, (*found, *files))
    fix = f"did you mean {near}?" if near else "`doit list --all` has all"
    raise UsageError(f"there is no step and no file to build called {target!r}", fix)


def _side_by_side(old: Any, new: Any) -> None:
    """Print two manifests, a field a line; those that differ are marked."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from reelmake.core.keys import NOTHING, fields  # noqa: PLC0415

    was, now = fields(old), fields(new)
    table = Table("", "field", "was", "is", box=None, pad_edge=False)
    for name in sorted({**was, **now}):
        before, after = was.get(name, NOTHING), now.get(name, NOTHING)
        table.add_row("*" if before != after else "", *map(Text, (name, before, after)))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
