"""`check`: everything that can be known without spending."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reelmake.cli.app import AsJson, Episodes, ProjectDir, UsageError, answer, app, known_episodes
from reelmake.core.amounts import as_json, dollars, total
from reelmake.core.errors import InputError, Problem, ReelmakeError
from reelmake.core.files import episode_names
from reelmake.core.logging import redact
from reelmake.tasks.fingerprint import ALL, CHECKED, DATABASE, Fingerprints, Known

if TYPE_CHECKING:
    from reelmake.engine.engine import Context
    from reelmake.plan.episode import Production
    from reelmake.project.advise import SpokenLine
    from reelmake.project.load import Survey
    from reelmake.spec.yaml_source import Source

    Entry = Mapping[str, Any]


SCHEMA: Final = "reelmake/check@1"


@app.command()
def check(
    episodes: Episodes = None,
    project: ProjectDir = Path(),
    spoken: Annotated[bool, typer.Option("--spoken", help="Print what will be said, line by line, as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List all mistakes and warnings, with file and line. Spends nothing, builds nothing."""
    from contextlib import chdir  # noqa: PLC0415

    with chdir(project):  # names of files are from there
        names = known_episodes(Path(), episodes) or episode_names(Path())
        prints = Fingerprints()
        known = prints.current(CHECKED, [ALL, *names])
        shared = known.pop(ALL, {})
        entries = known if shared and not spoken else {}
        left = [name for name in names if name not in entries]
        found = _Found(entries, shared)
        if left or not shared:
            found.look(prints, left or names)
        found.refuse_unknown(episodes or ())
        found.add_bill()
    if as_json:
        answer(found.to_json(len(names)) | ({"spoken": [asdict(line) for line in found.spoken]} if spoken else {}))
    else:
        for line in found.spoken if spoken else ():
            by = "" if line.provider == "offline" else f" ({line.provider})"
            print(redact(f"{line.where}: {line.character}{by}: {line.words}"))
        if spoken:
            found.tell_unwritten()
        found.tell(len(names))
    if found.mistakes:
        raise typer.Exit(InputError.exit_code)


class _Found:
    """Mistakes, warnings and estimates, from this look and from fingerprints of earlier ones."""

    def __init__(self, entries: dict[str, Entry], shared: Entry) -> None:
        self.entries, self.shared = entries, shared
        self.mistakes: list[Problem] = []
        self.warnings: list[Problem] = []
        self.spoken: list[SpokenLine] = []

    def look(self, prints: Fingerprints, names: list[str]) -> None:
        """Look at episodes, and keep fingerprints of those that have no mistake."""
        from reelmake.project.load import survey  # noqa: PLC0415

        try:
            found = survey(Path(), names or None)
        except InputError as error:
            self.mistakes += error.problems
            return
        self.mistakes += found.problems
        looked, wrong, self.spoken = _looked_at(found)
        self.mistakes += wrong
        self.entries |= looked
        self.shared = _shared(found)
        if not any(
            problem.file not in {source.file for source in found.episodes.values()} for problem in self.mistakes
        ):
            beside = [str(found.project.ffmpeg.path), *(path for paths in found.sprites.values() for path in paths)]
            good = {name: Known(entry, entry["files"]) for name, entry in looked.items()}
            _make_database()
            prints.keep(CHECKED, {ALL: Known(self.shared, beside), **good})

    def refuse_unknown(self, requested: Iterable[str]) -> None:
        """Raise UsageError for a language that a good episode has not: `moths.ja`."""
        for name in requested:
            entry = self.entries.get(name.partition(".")[0])
            if entry and name not in entry["videos"]:
                raise UsageError(f"there is no episode {name!r}", f"choose one of {', '.join(entry['videos'])}")

    def add_bill(self) -> None:
        """Add what is known of money, and the warnings of episodes that were not looked at."""
        rows = [
            *self.shared.get("warnings", ()),
            *(row for entry in self.entries.values() for row in entry["warnings"]),
        ]
        self.warnings += [*(Problem(*row) for row in rows), *self._missing_keys()]
        cap = self.shared.get("cap")
        if cap is None:
            return
        usd = Decimal(cap["usd"])
        prices = {key: Decimal(price) for _, video in self._videos() for key, price in video["prices"].items()}
        most, unsure = sum(prices.values(), Decimal(0)), ""
        if most > usd:
            most, unsure = _not_made(prices, usd)
        if most > usd:
            what = f"a build of these episodes may cost {dollars(most)}, more than the cap of {dollars(usd)}"
            what += f": it would stop there{unsure}"
            fix = "raise the cap, or build again: it starts anew; `reelmake plan` tells what costs how much"
            self.warnings.append(Problem(cap["file"], cap["line"], what, fix))

    def _missing_keys(self) -> Iterator[Problem]:
        """Yield the keys that providers in force need, and that are not set."""
        from reelmake.project.settings import DOTENV, variables  # noqa: PLC0415

        needed = {name: who for entry in self.entries.values() for name, who in entry.get("secrets", {}).items()}
        variable = variables(Path()) if needed else None
        for name, who in sorted(needed.items()):
            if variable and not variable(name):
                yield Problem(DOTENV, 1, f"{name} is not set: {who} needs it", f"write {name}=... into .env")

    def _videos(self) -> Iterator[tuple[str, Entry]]:
        """Yield what is known of each video: one for each language of each episode."""
        for entry in self.entries.values():
            yield from entry["videos"].items()

    def tell_unwritten(self) -> None:
        """Say of which videos the words are not known yet."""
        for name in sorted({name for name, _ in self._videos()} - {line.episode for line in self.spoken}):
            print(f"{name}: its script is not written yet; type `doit script:{name}` first", file=sys.stderr)

    def to_json(self, count: int) -> dict[str, Any]:
        """Return it as JSON; amounts are text, null where nobody knows the price."""
        return {
            "schema": SCHEMA,
            "episodes": count,
            "mistakes": [_row(problem) for problem in sorted(set(self.mistakes))],
            "warnings": [_row(problem) for problem in sorted(set(self.warnings))],
            "estimates": {
                name: {"seconds": round(video["seconds"], 1), "usd_at_most": _sum(video["prices"])}
                for name, video in sorted(self._videos())
            },
            "cap_usd": (self.shared.get("cap") or {}).get("usd"),
        }

    def tell(self, count: int) -> None:
        """Print it as text: the mistakes and warnings to stdout, their number to stderr."""
        for problem in sorted(set(self.mistakes)):
            print(redact(str(problem)))
        for problem in sorted(set(self.warnings)):
            print(redact(str(Problem(problem.file, problem.line, f"warning: {problem.what}", problem.fix))))
        wrong, odd = len(set(self.mistakes)), len(set(self.warnings))
        more = f", {odd} warning{'s' * (odd != 1)}" if odd else ""
        result = f"{wrong} mistake{'s' * (wrong != 1)} found" if wrong else f"{_counted(count)} checked: no mistakes"
        print(f"{result}{more}", file=sys.stderr)


def _not_made(prices: Mapping[str, Decimal], cap_usd: Decimal) -> tuple[Decimal, str]:
    """Return the amount that is left to pay (USD), and a remark about what is not certain; empty for none.

    The shared store is read only where it may make a difference.
    """
    from reelmake.core.keys import KEY_PREFIX  # noqa: PLC0415
    from reelmake.project.load import open_store  # noqa: PLC0415
    from reelmake.project.settings import load_settings, variables  # noqa: PLC0415
    from reelmake.store.local import LocalStore  # noqa: PLC0415

    settings = load_settings(Path())
    near = LocalStore(Path(settings.store), read_only=True)
    left = {key: usd for key, usd in prices.items() if near.find(key) is None}
    if settings.store_url is None or sum(left.values()) <= cap_usd:
        return sum(left.values(), Decimal(0)), ""
    known = [key for key in left if key.startswith(KEY_PREFIX)]
    try:
        store = open_store(Path(), settings, variables(Path()), read_only=True)
        store.look_up(known)
        left = {key: usd for key, usd in left.items() if key not in known or store.find(key) is None}
        why = store.unread
    except ReelmakeError as error:
        why = error
    if why:
        return sum(left.values(), Decimal(0)), f" (the shared store was not read: {why.what})"
    unsure = "" if left.keys() <= {*known} else " (lines of scripts that are not here count, even if they are stored)"
    return sum(left.values(), Decimal(0)), unsure


def _make_database() -> None:
    """Make the database that holds fingerprints, where there is none yet and we may write."""
    import sqlite3  # noqa: PLC0415

    from doit.dependency import JSONCodec  # noqa: PLC0415
    from doit.exceptions import InvalidCommand  # noqa: PLC0415

    from reelmake.tasks.records import RecordFile  # noqa: PLC0415

    if not Path(DATABASE).exists():
        with suppress(sqlite3.Error, OSError, InvalidCommand):
            Path(DATABASE).parent.mkdir(exist_ok=True)
            RecordFile(DATABASE, JSONCodec()).dump()


def _counted(count: int) -> str:
    return f"{count} episode{'s' * (count != 1)}"


def _row(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "what": redact(problem.what),
        "fix": redact(problem.fix),
    }


def _sum(prices: Mapping[str, str | None]) -> str | None:
    return as_json(total(None if usd is None else Decimal(usd) for usd in prices.values()))


def _looked_at(found: Survey) -> tuple[Mapping[str, Entry], set[Problem], list[SpokenLine]]:
    """Return what is known of the episodes that have no mistake, mistakes that show only now, and what is said."""
    from reelmake.engine.engine import script_of, with_source  # noqa: PLC0415
    from reelmake.project import advise  # noqa: PLC0415
    from reelmake.project.settings import mistake  # noqa: PLC0415
    from reelmake.providers import provider  # noqa: PLC0415
    from reelmake.tasks.build import caller_of  # noqa: PLC0415

    settings, limits = found.project.settings, caller_of(found.project).budget.limits
    entries: dict[str, dict[str, Any]] = {}
    wrong: set[Problem] = set()
    spoken: list[SpokenLine] = []
    unpriced: dict[str, str] = {}  # model -> the first step that needs it
    context = _context(found)
    for name, show in found.project.productions.items():
        try:
            known = with_source(show, context)
            lines = script_of(show, context) or []
            checked = advise.check(
                known,
                lines,
                found.episodes[show.spec],
                lambda action: context.caller.most_usd(action, context.store),
                context.ffmpeg,
            )
        except InputError as error:  # a mistake in a prompt template shows when a prompt is made
            wrong |= set(error.problems)
            continue
        if checked.unpriced and limits:
            unpriced = {**checked.unpriced, **unpriced}
            continue
        spoken += advise.spoken_lines(known, lines)
        entry = entries.setdefault(show.spec, {"videos": {}, "warnings": [], "secrets": {}, "files": show.files})
        for (kind, *_), choice in show.choices.items():
            entry["secrets"] |= dict.fromkeys(provider(kind, choice.provider).secrets, choice.provider)
        by_key = {key: as_json(usd) for key, usd in checked.prices.items()}
        entry["videos"][name] = {"seconds": checked.seconds, "prices": by_key}
        outdated = _outdated(known, context, found.episodes[show.spec])
        entry["warnings"] += [_cells(problem) for problem in (*checked.warnings, *outdated)]
        entry["files"] += [*_script_files(known, context, settings.store), *_voice_files(known, context)]
    for model, step in unpriced.items():
        what = f"there is {limits}, and no price for {model} ({step})"
        fix = f"set usd_per_... under [tool.reelmake.prices.{model!r}], or take the limit away"
        wrong.add(mistake(Path(), ("budget" if settings.cap_usd is None else "cap_usd",), what, fix))
    return entries, wrong, spoken


def _outdated(show: Production, context: Context, source: Source) -> Iterator[Problem]:
    """Yield translations in the spec that were made of words that are no longer there."""
    from reelmake.engine.translation_memory import outdated  # noqa: PLC0415
    from reelmake.spec.problems import shown  # noqa: PLC0415

    language = show.episode.language
    for at, origin in outdated(show, context.store) if show.original else ():
        what = f"line {at + 1}: its translation into {language!r} was made of other words, {shown(origin)}"
        line = source.line(("script", at, "translations", language))
        yield Problem(source.file, line, what, "edit it, or remove it to have the line translated anew")


def _cells(problem: Problem) -> list[object]:
    return [problem.file, problem.line, problem.what, problem.fix]


def _script_files(show: Production, context: Context, store: str) -> list[str]:
    """Return where it shows that a script, or its translation, has been written since."""
    from reelmake.engine.engine import key_of  # noqa: PLC0415
    from reelmake.engine.scripts import with_follow_ups  # noqa: PLC0415
    from reelmake.plan.steps import script  # noqa: PLC0415
    from reelmake.store.local import place_of  # noqa: PLC0415

    if show.episode.script is not None or (show.original and not show.source):
        return []
    requests = with_follow_ups(script(show), context.store)
    return [f"{store}/{place_of('actions', key_of(action, context))}" for action in requests]


def _voice_files(show: Production, context: Context) -> list[str]:
    """Return the files by which it is known how fast lines are spoken: they appear when an episode is built."""
    from reelmake.engine.engine import script_of  # noqa: PLC0415
    from reelmake.plan.steps import voice_paths  # noqa: PLC0415
    from reelmake.spec.model import line_ids  # noqa: PLC0415

    if not show.reel.captions.is_burned:
        return []
    return [voice_paths(show, line_id)[1] for line_id in line_ids(script_of(show, context) or [])]


def _context(found: Survey) -> Context:
    """Return where scripts that were written are read."""
    from reelmake.core.files import file_digest  # noqa: PLC0415
    from reelmake.engine.engine import Context  # noqa: PLC0415
    from reelmake.store.local import LocalStore  # noqa: PLC0415
    from reelmake.tasks.build import caller_of  # noqa: PLC0415

    store = LocalStore(Path(found.project.settings.store), read_only=True)
    return Context(Path(), store, found.project.ffmpeg, file_digest, caller_of(found.project))


def _shared(found: Survey) -> Entry:
    """Return what is known of all episodes."""
    from reelmake.project.advise import check_sprites  # noqa: PLC0415
    from reelmake.project.settings import mistake  # noqa: PLC0415

    settings = found.project.settings
    place = mistake(Path(), ("cap_usd",), "", "")
    cap = (
        None if settings.cap_usd is None else {"usd": as_json(settings.cap_usd), "file": place.file, "line": place.line}
    )
    sprites = [] if found.problems else [_cells(problem) for problem in check_sprites(found)]
    return {"cap": cap, "warnings": sprites}
