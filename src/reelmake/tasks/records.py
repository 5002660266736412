"""The record of each task: the digests of its inputs, as of when it was selected, and of its outputs.

Every finished task is committed at once, so that a kill at any moment loses only what is in flight. SQLite's journal
is synced at checkpoints (synchronous=NORMAL), not at each commit: that survives the death of the process, and a power
cut may cost the last commits but never the file. It takes 0.07 ms instead of 2.5 ms, and lost results are looked up in
the store again, for nothing.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from doit.dependency import Dependency, DependencyStatus, FileChangedChecker, JSONCodec, get_md5
from doit.exceptions import InvalidCommand
from doit.task import Task

from reelmake.plan.decide import Facts, State, decide
from reelmake.tasks.fingerprint import opened_to_read
from reelmake.tasks.job import TERMS, StepTask, Terms, outcome_of
from reelmake.tasks.outputs import ContentChecker, Digests

VERSION = 1  # of the tables below and of the content of a record; another version is set aside
TABLES = """
    CREATE TABLE record (task TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE digest (path TEXT PRIMARY KEY, state TEXT NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
"""
DEPS, TARGETS, VALUES, RESULT = "deps:", "targets:", "_values_:", "result:"
REASONS = {"missing": "missing_target", "altered": "changed_target", "changed": "changed_file_dep", "request": "step"}
LAST = "\U0010ffff"  # sorts after every name that starts alike
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class RecordFile:
    """A doit backend in a SQLite file, which several processes may share.

    doit's own SqliteDB has little to inherit: its connection belongs to one thread, `remove` locks other processes out
    until the end of the run, `set` drops what a record held that was not read before, and a damaged file ends the run.

    Rows are read on demand. Changes wait in memory until `commit`. Any thread may use it. A file that is
    damaged or of another version is set aside: the build goes on with an empty one.

    With `read_only`, the file is opened without a lock and stays as it is: what changes is not written anywhere.
    """

    def __init__(self, name: str, codec: JSONCodec, *, module_name: str | None = None, read_only: bool = False) -> None:
        del module_name  # doit passes it to every backend; it chooses a kind of dbm
        self.name = name
        self._codec = codec
        self._read_only = read_only
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._records: dict[str, dict[str, Any]] = {}
        self._digests: dict[str, tuple[str, str] | None] = {}
        self._changed_records: set[str] = set()
        self._changed_digests: set[str] = set()
        self._read("PRAGMA user_version")  # a file that cannot be used is reported before anything runs

    # doit's interface of a backend.

    def get(self, task_id: str, dependency: str) -> Any:
        """Return one value of a task's record, or None."""
        return self.record(task_id).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Change one value of a task's record."""
        self.put(task_id, {**self.record(task_id), dependency: value})

    def in_(self, task_id: str) -> bool:
        """Say whether a task has a record."""
        return bool(self.record(task_id))

    def remove(self, task_id: str) -> None:
        """Forget a task, and the digests of what it made."""
        with self._lock:
            for path in self.record(task_id).get(TARGETS, ()):
                self.forget_digest(path)
            self.put(task_id, {})

    def remove_all(self) -> None:
        """Forget every task."""
        with self._lock:
            self._changed_records.clear()
            self._records.clear()
            self._read("DELETE FROM record")

    def dump(self) -> None:
        """Commit, and close the file."""
        with self._lock:
            with contextlib.suppress(sqlite3.OperationalError):  # no room: reported when a task could not be recorded
                self.commit()
            if self._db:
                self._db.close()
                self._db = None

    # Our own interface.

    def record(self, task_id: str) -> dict[str, Any]:
        """Return the record of a task; empty when there is none."""
        with self._lock:
            if task_id not in self._records:
                rows = self._read("SELECT body FROM record WHERE task = ?", task_id)
                self._records[task_id] = self._decode(rows[0][0]) if rows else {}
            return self._records[task_id]

    def put(self, task_id: str, record: dict[str, Any]) -> None:
        """Replace the record of a task; an empty one removes it."""
        with self._lock:
            self._records[task_id] = record
            self._changed_records.add(task_id)

    def starting_with(self, prefix: str) -> dict[str, dict[str, Any]]:
        """Return the committed records of all tasks whose name starts with `prefix`."""
        rows = self._read("SELECT task, body FROM record WHERE task >= ? AND task < ?", prefix, prefix + LAST)
        return {task_id: self._decode(body) for task_id, body in rows}

    def digest(self, path: str) -> tuple[str, str] | None:
        """Return (state, sha256) of a file as it was last seen, or None."""
        with self._lock:
            if path not in self._digests:
                rows = self._read("SELECT state, sha256 FROM digest WHERE path = ?", path)
                self._digests[path] = rows[0] if rows else None
            return self._digests[path]

    def set_digest(self, path: str, state: str, sha256: str) -> None:
        """Keep the digest of a file in a certain state."""
        with self._lock:
            self._digests[path] = (state, sha256)
            self._changed_digests.add(path)

    def forget_digest(self, path: str) -> None:
        """Forget the digest of a file."""
        with self._lock:
            self._digests[path] = None
            self._changed_digests.add(path)

    def commit(self) -> None:
        """Write all that changed, in one transaction."""
        with self._lock:
            if self._read_only or not (self._changed_records or self._changed_digests):
                return
            try:
                self._write()
            except sqlite3.DatabaseError as error:
                self._set_aside_if_damaged(error)
                self._write()
            self._changed_records.clear()
            self._changed_digests.clear()

    def _decode(self, body: str) -> dict[str, Any]:
        try:
            record = self._codec.decode(body)
        except ValueError:
            return {}
        return record if isinstance(record, dict) else {}

    def _read(self, sql: str, *values: str) -> list[Any]:
        with self._lock:
            try:
                return self._opened().execute(sql, values).fetchall()
            except sqlite3.DatabaseError as error:
                self._set_aside_if_damaged(error)
                return self._opened().execute(sql, values).fetchall()

    def _write(self) -> None:
        records = {name: self._records[name] for name in self._changed_records}
        digests = {path: self._digests[path] for path in self._changed_digests}
        kept = [(name, self._codec.encode(body)) for name, body in records.items() if body]
        db = self._opened()
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany("REPLACE INTO record VALUES (?, ?)", kept)
            db.executemany("DELETE FROM record WHERE task = ?", [(name,) for name, body in records.items() if not body])
            db.executemany(
                "REPLACE INTO digest VALUES (?, ?, ?)", [(path, *seen) for path, seen in digests.items() if seen]
            )
            db.executemany("DELETE FROM digest WHERE path = ?", [(path,) for path, seen in digests.items() if not seen])
            db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            try:
                self._db = self._open()
            except sqlite3.OperationalError as error:
                where = Path(self.name).absolute().parent
                hint = f"can {where} be written to? --db-file=FILE names another place"
                raise InvalidCommand(f"the task database {self.name} cannot be opened ({error}); {hint}") from error
        return self._db

    def _open(self) -> sqlite3.Connection:
        if self._read_only:
            return _opened_to_read(self.name)
        db = sqlite3.connect(self.name, timeout=60, isolation_level=None, check_same_thread=False)
        self._db = db
        if self._version(db) != VERSION:
            # Looked at again inside a transaction: another process may be creating the same file.
            db.execute("BEGIN IMMEDIATE")
            found = self._version(db)
            if found != VERSION and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                self._set_aside("is not of this version of reelmake")
                return self._open()
            if found != VERSION:
                for statement in TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        with contextlib.suppress(sqlite3.OperationalError):  # busy: another process is doing the same just now
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    @staticmethod
    def _version(db: sqlite3.Connection) -> int:
        return int(db.execute("PRAGMA user_version").fetchone()[0])

    def _set_aside_if_damaged(self, error: sqlite3.DatabaseError) -> None:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
            raise error
        self._set_aside(f"is damaged ({error})")

    def _set_aside(self, why: str) -> None:
        if self._db:
            self._db.close()
            self._db = None
        if self._read_only:
            self._db = _empty()
            print(f"reelmake: {self.name} {why}: the earlier builds here are not known", file=sys.stderr)
            return
        aside = f"{self.name}.set-aside"
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(self.name + suffix, aside + suffix)  # noqa: PTH105
        # What this process has read or written already is still in memory, and goes into the new file.
        self._changed_records.update(name for name, record in self._records.items() if record)
        self._changed_digests.update(path for path, seen in self._digests.items() if seen)
        print(
            f"reelmake: {self.name} {why}: kept as {aside}; every step is looked at again, none is paid twice",
            file=sys.stderr,
        )


def _opened_to_read(name: str) -> sqlite3.Connection:
    """Open a file without a lock and without a trace; an empty one in memory when it is missing, or of no use."""
    db = opened_to_read(name)
    return db if db and db.execute("PRAGMA user_version").fetchone()[0] == VERSION else _empty()


def _empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    db.executescript(TABLES)
    return db


class Records(Dependency):  # type: ignore[misc]  # doit is not typed
    """doit's memory: of steps, which `plan.decide` judges by it, and of a project's own tasks, which doit judges.

    `digests` returns the sha256 of a file.
    """

    def __init__(self, name: str, *, read_only: bool = False) -> None:
        super().__init__(partial(RecordFile, read_only=read_only), name, checker_cls=FileChangedChecker)
        self.digests = Digests(self.backend)
        self.checker = ContentChecker(self.digests)
        self._inputs: dict[str, dict[str, str]] = {}
        self._outputs: dict[str, dict[str, str]] = {}

    def get_status(self, task: Task, tasks_dict: dict[str, Task], get_log: bool = False) -> DependencyStatus:
        """Say whether a task is up to date, and keep the state of its inputs as of now.

        An input that is edited while the task runs then differs from its record, and the task runs again next time.
        """
        if isinstance(task, StepTask):
            return self._status_of_step(task, get_log=get_log)
        status = super().get_status(task, tasks_dict, get_log)
        if status.status == "error" or not task.actions:
            return status
        try:
            if status.status == "up-to-date" or get_log:
                made = self.backend.record(task.name).get(TARGETS, {})
                changed = [path for path, sha256 in self._digests_of(task.targets).items() if made.get(path) != sha256]
                if changed:
                    status.set_reason("changed_target", changed)
            self._inputs[task.name] = {path: self.digests.digest(path) for path in task.file_dep}
        except OSError as error:
            return _in_error(status, error)
        return status

    def _status_of_step(self, task: StepTask, *, get_log: bool) -> DependencyStatus:
        """Return the decision about a step as doit's status."""
        status = DependencyStatus(get_log)
        facts = self.facts(task.name, task.terms)
        inputs = facts.now.inputs if facts.now else {}
        task.dep_changed = []
        try:
            self._inputs[task.name] = {path: sha256 or self.digests.digest(path) for path, sha256 in inputs.items()}
        except OSError as error:
            return _in_error(status, error)
        for difference in decide(task.step.action, facts).differences:
            status.add_reason(REASONS[difference.kind], difference.path or difference.why)
        return status

    def facts(self, task_id: str, terms: Terms) -> Facts:
        """Return the facts of this machine about a step: its state now, and its recorded state."""
        now = State(terms.request_json, self._state_of(terms.reads), self._state_of(terms.writes))
        record = self.backend.record(task_id)
        if not record:
            return Facts(now)
        request_json = str(record.get(VALUES, {}).get(TERMS, ""))
        inputs = {path: record.get(path) for path in record.get(DEPS, ())}
        return Facts(now, State(request_json, inputs, record.get(TARGETS, {}), self.recorded_key(task_id) or ""))

    def _state_of(self, paths: Iterable[str]) -> dict[str, str | None]:
        found: dict[str, str | None] = dict.fromkeys(paths)
        for path in filter(self.checker.exists, found):
            with contextlib.suppress(OSError):
                found[path] = self.digests.digest(path)
        return found

    def seal(self, task: Task) -> None:
        """Note what a task has just made, in the thread that made it; raises FileNotFoundError if one is missing."""
        for target in task.targets:
            if not self.digests.is_left(target):
                os.stat(target)  # noqa: PTH116
        self._outputs[task.name] = self._digests_of(task.targets)

    def save_success(self, task: Task, result_hash: Any = None) -> None:
        """Record a finished task, durably. Groups leave no record, and neither does what is to be tried again."""
        if not task.actions:
            return
        if not outcome_of(task).is_final:
            self.backend.remove(task.name)
            self.backend.commit()
            return
        inputs = self._inputs.pop(task.name)
        outputs = self._outputs.pop(task.name, None)
        if outputs is None:
            outputs = self._digests_of(task.targets)
        record = {VALUES: task.values, DEPS: sorted(inputs), TARGETS: outputs, **inputs}
        result = result_hash or (get_md5(task.result) if isinstance(task.result, str) else task.result)
        self.backend.put(task.name, {**record, RESULT: result} if result else record)
        self.backend.commit()

    def changed(self, task_id: str, path: str) -> None:
        """Note that what a task made was rightly changed by another one: it is as it is to be."""
        record = self.backend.record(task_id)
        if path in record.get(TARGETS, {}):
            self.backend.put(task_id, {**record, TARGETS: {**record[TARGETS], path: self.digests.digest(path)}})

    def recorded_key(self, task_id: str) -> str | None:
        """Return the key under which the store has what a task made last; None when it named no key."""
        found = self.backend.record(task_id).get(VALUES, {}).get("key")
        return str(found) if found else None

    def made_by(self, prefix: str = "") -> dict[str, dict[str, str]]:
        """Return what every recorded task whose name starts with `prefix` made: task -> {path: sha256}.

        Tasks that are recorded but exist no longer left files behind: remove those, then call `remove(task)`.
        """
        return {name: record.get(TARGETS, {}) for name, record in self.backend.starting_with(prefix).items()}

    def _digests_of(self, paths: list[str]) -> dict[str, str]:
        # A target may be a folder in somebody's own task; then only its existence counts.
        there = [path for path in paths if os.path.isfile(path) or self.digests.is_left(path)]  # noqa: PTH113
        return {path: self.digests.digest(path) for path in there}


def _in_error(status: DependencyStatus, error: OSError) -> DependencyStatus:
    """Say that a file that a task reads cannot be read."""
    if isinstance(error, FileNotFoundError):
        status.error_reason = f"Dependent file '{error.filename}' does not exist."
        status.add_reason("missing_file_dep", error.filename, "error")
    else:
        status.error_reason = f"'{error.filename}' cannot be read: {error.strerror}."
        status.add_reason(REASONS["request"], status.error_reason, "error")
    return status
