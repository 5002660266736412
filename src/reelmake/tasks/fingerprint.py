"""Fingerprints: an episode of which nothing has changed is not loaded. It is known to be built, or to have no mistake.

A fingerprint holds while all of this is as it was: the spec, what all episodes share (settings, our variables,
characters, templates, our own code, what is installed), and every file that was read or written for the episode.
Files are known by their states, and a state is kept only if every later change shows in it.

They are kept in doit's database. Changing a record removes the fingerprint of its episode in the same
transaction: a trigger does it. To lose fingerprints costs only time. Nothing that takes long to import is imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

from reelmake.core.errors import ReelmakeError
from reelmake.core.files import CHARACTERS, EPISODES, STATE, TEMPLATES, is_settled, misnamed, state_of
from reelmake.plan.kinds import BUILD
from reelmake.providers import PROVIDERS, registered

DATABASE: Final = f"{STATE}/doit.db"
RULES: Final = 1  # raised by hand when a fingerprint means something else
GONE: Final = "gone"
ALL: Final = ""  # in place of an episode: the facts about all of them

Part = Literal["built", "checked"]
BUILT: Final[Part] = "built"
CHECKED: Final[Part] = "checked"

_OWN: Final = (f"{BUILD}/", f"{EPISODES}/", f"{STATE}/")  # no spec names files there
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS fingerprint (
        part TEXT NOT NULL, episode TEXT NOT NULL, shared TEXT NOT NULL,
        paths TEXT NOT NULL, states TEXT NOT NULL, told TEXT NOT NULL,
        PRIMARY KEY (part, episode)
    );
"""
# A task is called `kind:episode`, `kind:episode.language` or either with `:line` after it.
_TRIGGER: Final = """
    CREATE TRIGGER IF NOT EXISTS fingerprint_of_EVENT AFTER EVENT ON record BEGIN
        DELETE FROM fingerprint WHERE part = 'built' AND episode = (
            SELECT substr(rest, 1, instr(rest, ':') - 1)
            FROM (SELECT replace(substr(ROW.task, instr(ROW.task, ':') + 1), '.', ':') || ':' AS rest)
        );
    END;
"""
_EVENTS: Final = (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
_TABLES: Final = _TABLE + "".join(_TRIGGER.replace("EVENT", event).replace("ROW", row) for event, row in _EVENTS)


@dataclass(frozen=True, slots=True)
class Known:
    """The entry of an episode in a fingerprint.

    facts    what the caller wants to know without a look, as JSON can hold it
    files    what was read since the fingerprints were opened, besides its spec
    records  names of tasks -> their records, as this process knows them: the files in them were read or written
    """

    facts: object
    files: Iterable[str] = ()
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Fingerprints:
    """The fingerprints of the project in the current folder; made before anything of it is read."""

    def __init__(self, database: str = DATABASE) -> None:
        self._database = database
        self._looked_ns = time.time_ns()
        self._is_settled = True
        try:
            self._shared = self._of_all()
        except ReelmakeError:  # loading the project reports it
            self._shared, self._is_settled = "", False

    def current(self, part: Part, names: Iterable[str]) -> dict[str, Any]:
        """Return the facts about each episode whose fingerprint holds."""
        wanted, found = set(names), {}
        for episode, paths, states, facts_json in self._rows(part):
            if episode in wanted and states == _digest_of(map(_state, paths.split("\n"))):
                found[episode] = json.loads(facts_json)
        return found

    def reads(self, part: Part) -> dict[str, set[str]]:
        """Return the files in each fingerprint."""
        return {episode: set(paths.split("\n")) for episode, paths, _, _ in self._rows(part)}

    def keep(self, part: Part, episodes: Mapping[str, Known]) -> None:
        """Keep the facts about episodes, except where a later change of a file might not show in its state."""
        if not self._is_settled or not episodes:
            return
        with suppress(sqlite3.Error, OSError, ValueError), closing(self._opened()) as db:
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(_TABLES)
            for episode, known in episodes.items():
                self._keep(db, part, episode, known)

    def _keep(self, db: sqlite3.Connection, part: Part, episode: str, known: Known) -> None:
        paths = {*known.files, *([f"{EPISODES}/{episode}.yaml"] if episode else [])}
        states = {path: self._settled_state(path) for path in paths}
        db.execute("BEGIN IMMEDIATE")
        recorded = _recorded_states(db, known.records)
        if recorded is not None and None not in states.values():
            states |= recorded
            paths_in_order = sorted(states)
            digest = _digest_of(str(states[path]) for path in paths_in_order)
            row = part, episode, self._shared_by(part), "\n".join(paths_in_order), digest, json.dumps(known.facts)
            db.execute("REPLACE INTO fingerprint VALUES (?, ?, ?, ?, ?, ?)", row)
        db.execute("COMMIT")

    def _rows(self, part: Part) -> list[tuple[str, str, str, str]]:
        sql = "SELECT episode, paths, states, told FROM fingerprint WHERE part = ? AND shared = ?"
        if not self._shared:
            return []
        try:
            db = opened_to_read(self._database)
            if db is None:
                return []
            with closing(db):
                return db.execute(sql, (part, self._shared_by(part))).fetchall()
        except (sqlite3.Error, OSError):
            return []

    def _opened(self) -> sqlite3.Connection:
        """Open the database; one that is not there is not made."""
        path = Path(self._database).absolute().as_uri()
        return sqlite3.connect(f"{path}?mode=rw", timeout=60, isolation_level=None, uri=True)

    def _shared_by(self, part: Part) -> str:
        """Return the state that all episodes share; checks depend on prices, and these on the day."""
        return self._shared if part == BUILT else f"{self._shared} {datetime.now(UTC).date()}"

    def _settled_state(self, path: str) -> str | None:
        """Return the state of a file, None when it may have changed since this was made, or may do so unseen."""
        try:
            stat = os.stat(path)  # noqa: PTH116 (as below)
        except OSError:
            return _state(path)
        return _in_place(path, state_of(stat)) if is_settled(stat, self._looked_ns) else None

    def _of_all(self) -> str:
        """Return one digest of the states of all that episodes share."""
        package = Path(__file__).parent.parent
        parts = [str(RULES), sys.version, str(Path.cwd())]
        parts += sorted(f"{name}={value}" for name, value in os.environ.items() if name.upper().startswith("REELMAKE_"))
        paths = ["pyproject.toml", ".env", *_files_of_all(), *_installed(), *_files_of_providers()]
        paths += sorted(str(path) for path in package.rglob("*.*") if path.suffix != ".pyc")
        for path in paths:
            state = self._settled_state(path)
            self._is_settled &= state is not None
            parts.append(f"{path} {state}")
        return _digest_of(parts)


def _recorded_states(db: sqlite3.Connection, records: Mapping[str, Mapping[str, Any]]) -> dict[str, str] | None:
    """Return the state of each file that tasks read and made, in which it held what their records say.

    None when that is not known of all of them, or a record is not as this process has left it: another build is at it.
    """
    digests: dict[str, str] = {}
    for name, record in records.items():
        row = db.execute("SELECT body FROM record WHERE task = ?", (name,)).fetchone()
        if row is None or json.loads(row[0]) != record:
            return None
        held = {**record["targets:"], **{path: record[path] for path in record["deps:"]}}
        if any(digests.setdefault(path, sha256) != sha256 for path, sha256 in held.items()):
            return None
    states = {}
    for path, sha256 in digests.items():
        row = db.execute("SELECT state, sha256 FROM digest WHERE path = ?", (path,)).fetchone()
        if row is None or row[1] != sha256:
            return None
        is_there = row[0].partition(" ")[0].isdigit()  # else it is left in the store
        states[path] = _in_place(path, row[0] if is_there else GONE)
    return states


def _files_of_all() -> Iterator[str]:
    """Yield what is in the folders that all episodes share, and specs that have a wrong ending."""
    for folder in (CHARACTERS, TEMPLATES):
        if not os.path.realpath(folder).startswith(os.path.realpath("")):
            yield folder  # nothing in it is read, and it may be a whole disk
            continue
        for where, folders, files in os.walk(folder):
            folders.sort()
            yield from (f"{where}/{name}" for name in sorted({*files, *folders}))
    yield from (f"{EPISODES}/{path.name}" for path in misnamed(Path(), EPISODES))


def _installed() -> Iterator[str]:
    """Yield the folders of installed packages: each changes when one comes or goes."""
    for path in sorted({*sys.path} - {"", str(Path.cwd())}):
        with suppress(OSError), os.scandir(path) as entries:
            if any(entry.name.endswith((".dist-info", ".egg-info")) for entry in entries):
                yield path


def _files_of_providers() -> Iterator[str]:
    """Yield the code of providers that are not ours: it decides their requests, and may be anywhere."""
    theirs = {
        where.partition(":")[0].partition(".")[0] for name, where in registered().items() if name not in PROVIDERS
    }
    for module in sorted(theirs):
        spec = None
        with suppress(ImportError, ValueError):  # using it reports that
            spec = find_spec(module)
        if spec and spec.origin:
            yield spec.origin
        for folder in (spec and spec.submodule_search_locations) or ():
            yield from sorted(map(str, Path(folder).rglob("*.py")))


def _state(path: str) -> str:
    """Return the state of a file; of one that cannot be looked at, why."""
    try:
        return _in_place(path, state_of(os.stat(path)))  # noqa: PTH116 (there are tens of thousands)
    except FileNotFoundError:
        return _in_place(path, "a dead link" if os.path.lexists(path) else GONE)
    except (OSError, ValueError) as error:
        return f"cannot be looked at: {error}"


def _in_place(path: str, state: str) -> str:
    """Return a state with where the file really is: one that a spec names must not lead out of the project."""
    return state if path.startswith(_OWN) else f"{state} {os.path.realpath(path)}"


def _digest_of(states: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(states).encode("utf-8", "surrogateescape")).hexdigest()


def opened_to_read(name: str) -> sqlite3.Connection | None:
    """Open a database file to read it; None when it is missing. Raises sqlite3.Error, OSError."""
    path = Path(name)
    if not path.is_file():
        return None
    journal = Path(f"{name}-wal")
    if journal.is_file() and journal.stat().st_size:
        return _copied(name)
    where = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)


def _copied(name: str) -> sqlite3.Connection:
    """Return a copy in memory, with what a running build, or one that was killed, has yet to move into the file."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("-wal", ""):  # in this order: what is moved meanwhile is in both
            with contextlib.suppress(FileNotFoundError):  # the build has just ended
                shutil.copyfile(name + suffix, f"{folder}/db{suffix}")
        with contextlib.closing(sqlite3.connect(f"{folder}/db")) as db:
            db.backup(copy)
    return copy
