"""The interface of both stages: documents in, answers out, errors as documents."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final

import typer
import yaml
from doit.exceptions import InvalidCommand
from pydantic import ValidationError

from reelmake.core.errors import InputError, Problem, ReelmakeError, SetupError
from reelmake.core.logging import ends_soon, redact, tell_mistake
from reelmake.spec.documents import ERROR, Document, ErrorDetails, ErrorDocument
from reelmake.spec.problems import add_problems, shown
from reelmake.spec.yaml_source import MAX_DEPTH, UNPRINTABLE, Source
from reelmake.tasks.job import error_of_command

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
NOT_RUN: Final = "NotRun"
_ENDS_LINES: Final = re.compile("[\x85\u2028\u2029]")  # for readers that are not ours
MAX_STDIN_BYTES: Final = 256 << 20  # documents hold pictures
MOST_OF_NAME: Final = 56  # leaves room for a number


@dataclass(frozen=True, slots=True)
class Received:
    """One document of the input: where it stood, what it says, and what is wrong with it as JSON."""

    where: str
    data: Any
    problems: tuple[Problem, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether it tells of an error of the stage before."""
        return isinstance(self.data, dict) and self.data.get("schema") == ERROR and not self.problems


def received(text: str) -> list[Received]:
    """Read one document, or one a line; raises InputError when it is neither."""
    if not text.strip():
        raise InputError((Problem("stdin", 1, "there is nothing on stdin", "pipe a JSON document into it"),))
    try:
        return [_read(text, "")]
    except (ValueError, RecursionError) as error:
        whole, line_of_whole = str(error), int(getattr(error, "lineno", 1))
    # Only this ends a row: texts may hold what ends lines elsewhere, such as U+2028.
    rows = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    found, problems = [], []
    for number, line in rows:
        try:
            found.append(_read(line, f"line {number}"))
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            what = f"line {number} is not JSON: {reason}"
            problems.append(Problem("stdin", number, what, "write one JSON document, or one a line"))
    if problems and not found:  # one document that is broken, and not one a line
        raise InputError(
            (Problem("stdin", line_of_whole, f"not JSON: {whole}", "write one JSON document, or one a line"),)
        )
    if problems:
        raise InputError(tuple(problems))
    return found


def _read(text: str, where: str) -> Received:
    """Read a document, with what JSON's parser takes and a spec may not hold; raises ValueError, RecursionError."""
    wrong: list[Problem] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
        wrong.extend(Problem("stdin", 1, f"{shown(name)} is given twice", "keep one of them") for name in twice)
        return dict(pairs)

    def finite(number: str) -> float:
        if not math.isfinite(float(number)):
            wrong.append(Problem("stdin", 1, f"{shown(number)} is not a number", "write a number such as 0.5"))
        return 0.0 if wrong else float(number)

    data = json.loads(text, object_pairs_hook=once, parse_float=finite, parse_constant=finite)
    parts = [(data, 1)]
    while parts:
        value, depth = parts.pop()
        if isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                wrong.append(Problem("stdin", 1, "the JSON is nested too deeply", "write it flat, as in the schema"))
                return Received(where, None, tuple(wrong))
            parts += [(part, depth + 1) for part in (value.values() if isinstance(value, dict) else value)]
    return Received(where, data, tuple(wrong))


def parse(model: type[Any], one: Received) -> Any:
    """Return a document; raises InputError with everything that is wrong with it."""
    if one.problems:
        raise InputError(tuple(dict.fromkeys(one.problems)))
    schema, *older = model.model_fields["schema_"].annotation.__args__
    if not isinstance(one.data, dict):
        raise InputError((Problem("stdin", 1, "this is not a JSON object", f'write {{"schema": "{schema}", ...}}'),))
    declared = one.data.get("schema", schema)
    if declared not in (schema, *older):
        what = f"the schema {declared!r} is not known here"
        raise InputError((Problem("stdin", 1, what, f"write {schema}, or use a version of reelmake that knows it"),))
    source = Source("stdin", one.data)
    for place, char in _unprintable(one.data):
        what = f"{place}: holds U+{ord(char):04X}, which stands for no character of a text"
        source.add((), what, "remove it")
    if source.problems:
        raise InputError(tuple(source.problems))
    try:
        return model.model_validate(one.data)
    except ValidationError as error:
        add_problems(error, model, source)
        raise InputError(tuple(source.problems)) from None


def _unprintable(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield where a text holds what no text may hold, as in specs: control characters, half characters."""
    if isinstance(value, str):
        if found := UNPRINTABLE.search(value):
            yield place, found[0]
    elif isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value, 1)
        for name, part in named:
            yield from _unprintable(part, f"{place}.{name}".lstrip("."))


def free_name(name: str, content: str, taken: dict[str, str]) -> str:
    """Return what something of a batch is called: its name, with a number when something else has it too.

    `taken` says what each name stands for; the same twice has one name.
    """
    free, number = name, 2
    while taken.setdefault(free, content) != content:
        free, number = f"{name[:MOST_OF_NAME]}--{number}", number + 1
    return free


def _open_streams() -> None:
    """Let no file that is opened later stand where a stream was closed: what is printed would go into it."""
    closed = [fd for fd in range(3) if not _is_open(fd)]
    for _ in closed:  # each takes the place of the first that is closed
        os.open(os.devnull, os.O_RDWR)
    if 0 in closed:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if 2 in closed:  # noqa: PLR2004 (stderr)
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if 1 in closed:
        print("stdout is closed, and nothing can be answered; nothing was run", file=sys.stderr)
        sys.exit(WRONG)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def command(function: Callable[..., None]) -> None:
    """Run a stage as a command; wrong usage is reported as a document, too."""
    _open_streams()
    called = False

    @wraps(function)
    def noted(*arguments: Any, **named: Any) -> None:
        nonlocal called
        called = True
        function(*arguments, **named)

    try:
        typer.run(noted)
    except SystemExit as ended:
        if ended.code == WRONG and not called:
            fix = f"type `{Path(sys.argv[0]).name} --help`"
            with answering() as answers:
                wrong = SetupError("the command was called in a way that it does not know", fix)
                answers.give(0, error_document(wrong, "command"))
        raise


def error_document(error: ReelmakeError, where: str) -> ErrorDocument:
    """Return the document that tells of an error."""
    return ErrorDocument(error=ErrorDetails(type=type(error).__name__, message=redact(_message(error)), where=where))


# What messages say of YAML, and what an author of JSON has to type.
_FIXES: Final = {
    "write one item a line, each after '- '": 'write a list: ["one", "two"]',
    "write `name: value` below it, indented": 'write an object: {"name": "value"}',
    "write plain text there; put it in quotes if it holds ': ' or '#'": "write text there, in double quotes",
    'write it as "#FFD166", in quotes: without them, # begins a comment': 'write it as "#FFD166"',
}
_IN_YAML: Final = re.compile(r"`(\w+:[ {].*?)`")
_FIELD: Final = re.compile(r"\b([a-z_]+)((?:\.[a-z_]+)*):(?=[ ,;.]|$)")


def _message(error: ReelmakeError) -> str:
    """Return what an error says, with what to type in JSON, where it is about a document."""
    if isinstance(error, InputError):
        return "\n".join(map(_describe, error.problems))
    return f"{error.what}; {_in_json(error.fix)}" if error.fix else str(error)


def _in_json(fix: str) -> str:
    def rewritten(found: re.Match[str]) -> str:
        return f"`{json.dumps(yaml.safe_load(found[1]))}`"

    if fix in _FIXES:
        return _FIXES[fix]
    parts = re.split(r"(`[^`]*`)", fix)
    for at, part in enumerate(parts):
        parts[at] = _IN_YAML.sub(rewritten, part) if at % 2 else _FIELD.sub(r'"\1\2"', part)
    return "".join(parts)


def _describe(problem: Problem) -> str:
    """Return a mistake: with its place when that is a file here, and no part of the document that `where` names."""
    return str(problem) if Path(problem.file).is_file() else _both(problem)


def _both(problem: Problem) -> str:
    what = problem.what.replace("is not a list of `name: value` pairs", "is not an object")
    return f"{what}; {_in_json(problem.fix)}"


class Answers:
    """The real stdout: answers leave in the order of the requests, each as soon as those before it have.

    Other output of libraries to stdout goes to stderr.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: dict[int, str] = {}
        self._next = 0
        self.failed = False

    def give(self, at: int, answer: Document | Mapping[str, Any]) -> None:
        """Answer request `at`; an error document counts as a failure."""
        document = answer.model_dump(mode="json", by_alias=True) if isinstance(answer, Document) else dict(answer)
        self.failed |= document.get("schema") == ERROR
        row = json.dumps(document, ensure_ascii=False)
        self._waiting[at] = _ENDS_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", row)
        while self._next in self._waiting:
            self._write(self._waiting.pop(self._next) + "\n")
            self._next += 1

    def is_given(self, at: int) -> bool:
        """Say whether a request has its answer."""
        return at < self._next or at in self._waiting

    def _write(self, text: str) -> None:
        left = memoryview(text.encode("utf-8", "replace"))
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:  # the caller is gone; what is running is paid for, and is kept
            self.failed = True


@contextmanager
def answering() -> Iterator[Answers]:
    """Keep stdout for answers, and send everything else that is printed to stderr."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield Answers(kept)
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _stdin() -> bytes:
    content = sys.stdin.buffer.read(MAX_STDIN_BYTES + 1)
    if len(content) > MAX_STDIN_BYTES:
        what = f"there are more than {MAX_STDIN_BYTES >> 20} MB on stdin"
        raise InputError((Problem("stdin", 1, what, "send fewer documents at a time"),))
    return content


def serve(work: Callable[[Sequence[Received], Answers], int], given: Sequence[Received] | None = None) -> int:
    """Answer what is on stdin, or what is given; returns the exit code."""
    ends_soon()
    with answering() as answers:
        requests: Sequence[Received] = given or [Received("stdin", None)]
        wrong: ReelmakeError
        try:
            if given is None:
                requests = received(_stdin().decode("utf-8-sig"))
            return work(requests, answers)
        except UnicodeDecodeError:
            wrong = InputError((Problem("stdin", 1, "this is not UTF-8", "write JSON in UTF-8"),))
        except ReelmakeError as error:
            wrong = error
        except (OSError, InvalidCommand) as error:
            wrong = error_of_command(error)
        except Exception:  # noqa: BLE001
            return tell_mistake()
        print(f"reelmake: {redact(_message(wrong))}", file=sys.stderr)
        for at, one in enumerate(requests):
            if not answers.is_given(at):
                answers.give(at, error_document(wrong, one.where or "stdin"))
        return wrong.exit_code


def checked(model: type[Any], given: Sequence[Received], answers: Answers) -> list[Any] | None:
    """Return all documents; or None, after each was answered with what is wrong: then nothing is to be run.

    Errors of the stage before are not looked at.
    """
    found: list[Any] = []
    wrong: dict[int, ErrorDocument] = {}
    for at, one in enumerate(given):
        try:
            found.append(None if one.is_error else parse(model, one))
        except InputError as error:
            print(f"reelmake: {one.where or 'stdin'}: {redact(_message(error))}", file=sys.stderr)
            wrong[at] = error_document(error, one.where or "stdin")
    if not wrong:
        return found
    refuse(given, answers, wrong)
    return None


def refuse(given: Sequence[Received], answers: Answers, wrong: Mapping[int, ErrorDocument]) -> None:
    """Answer all requests of a batch of which some are wrong."""
    other = "not run, because another request of the batch is wrong; mend that one, and send the batch again"
    for at, one in enumerate(given):
        unrun = ErrorDocument(error=ErrorDetails(type=NOT_RUN, message=other, where=one.where))
        answers.give(at, wrong.get(at, unrun))


def slug(text: str) -> str:
    """Return a name for an episode, made of a title."""
    import unicodedata  # noqa: PLC0415

    from reelmake.core.keys import digest_of  # noqa: PLC0415

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:48].strip("-") or f"episode-{digest_of(text.encode())[:8]}"
