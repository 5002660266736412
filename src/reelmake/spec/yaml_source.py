"""YAML with line numbers: every part of a file knows its line, so that a mistake can be reported there.

Every scalar stays the text that was written (`No` is a word, not a boolean); models turn text into numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from reelmake.core.errors import Problem

Loc = tuple[str | int, ...]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_BYTES: Final = 1_000_000
_MAX_NODES: Final = 20_000
MAX_DEPTH: Final = 12

_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# What begins a comment where a value should be, in brackets: which are then never closed. Looked for not far away.
_NEAR_LINES: Final = 20
_NEAR_CHARACTERS: Final = 300
_CUT: Final = re.compile(r"[ \t]+#\w")
_COMMENTED: Final = re.compile(r"[\[{](?:[^#]*(?::\s+|,\s*))?\s*(#[^\s,}\]]+)")
UNPRINTABLE: Final = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_TOO_DEEP: Final = ("the YAML is nested too deeply", "write it flat, as in the reference")
_TOO_MUCH: Final = ("there is too much in this file", "look for an alias (*name) that repeats itself, or split it")

_ESCAPE: Final = (
    r"a \ in double quotes begins an escape, and this one means nothing",
    "use single quotes, or / in paths",
)
# As JSON writes an emoji, and where such a text ends.
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*', re.DOTALL)
_SCRIPT_BELOW: Final = re.compile(r"script:\s*(?:#.*)?")

# part of PyYAML's message -> what is wrong, what to do, and whether it is reported where the construct began
_MESSAGES: Final = (
    ("found unexpected end of stream", "the quote that opens here is never closed", "close it", True),
    ("',' or ']'", "the [ that opens here is not closed, or a comma is missing in it", "write `[one, two]`", True),
    ("',' or '}'", "the { that opens here is not closed, or a comma is missing in it", "write `{a: 1, b: 2}`", True),
    ("nesting depth", *_TOO_DEEP, False),
    ("another document", "a second document begins here", "remove the line `---` and what does not belong", False),
    ("tab character", "a tab is used to indent", "use spaces", False),
    ("mapping values are not allowed", "there is a ': ' where no name can be",
     "put text that holds ': ' in quotes, or mend the indentation", False),
    ("could not find expected ':'", "a name here has no colon and space", "write `name: value`", True),
    ("alphabetic or numeric", "text cannot begin with * or &", "put it in quotes", False),
    ("undefined alias", "text cannot begin with *, which names an anchor", "put it in quotes", False),
    ("Unicode character escape", "this escape is half of a character", "write the character itself", False),
    ("hex", *_ESCAPE, False),
    ("escape", *_ESCAPE, False),
    ("sequence entries are not allowed", "there is a '- ' where no list can begin",
     "put text that begins with '- ' in quotes, or begin the list on the next line", False),
    ("did not find expected", "this does not belong to what stands above it",
     "line it up with its neighbours; where text goes on after a closing quote, quote all of it", False),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A value that a file has from another one, and where it is written there."""

    value: object
    file: str = ""
    line: int = 1


@dataclass(slots=True)
class Source:
    """The data of one YAML file, the line (from 1) on which each part of it begins, and what is wrong with it.

    A file that cannot be made sense of has problems and no data. One with smaller mistakes, such as a name that is
    given twice, has both, so that the rest of it can be checked as well. On `cut_lines`, text ends where a word begins
    with #: YAML takes it, and all that follows, for a comment. `unsaid` are the words of a pasted script that nobody
    says: line, words, why.
    """

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Loc, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    cut_lines: list[int] = field(default_factory=list)
    unsaid: list[tuple[int, str, str]] = field(default_factory=list)
    nodes: int = 0
    borrowed: dict[str, Borrowed] = field(default_factory=dict)

    def borrow(self, values: Mapping[str, Borrowed]) -> None:
        """Take values for names that the file does not hold itself; mistakes in them are noted where they are."""
        self.borrowed = {name: one for name, one in values.items() if name not in self.data}
        self.data |= {name: one.value for name, one in self.borrowed.items()}

    def place(self, loc: Loc) -> tuple[str, int]:
        """Return the file and line of the nearest known place at or above `loc`."""
        there = self.borrowed.get(str(loc[0])) if loc else None
        return (there.file, there.line) if there else (self.file, self.line(loc))

    def line(self, loc: Loc) -> int:
        """Return the line of the nearest known place at or above `loc`."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)

    def add(self, loc: Loc, what: str, fix: str) -> None:
        """Note a mistake at a place in the data."""
        self.problems.append(Problem(*self.place(loc), what, fix))

    def add_at(self, line: int, what: str, fix: str) -> None:
        """Note a mistake on a line."""
        self.problems.append(Problem(self.file, line, what, fix))


class _GiveUpError(Exception):
    """The file makes no sense from here on; the reason has been noted."""


def read_source(content: bytes, file: str, needs: Sequence[str] = ("title", "script")) -> Source:
    """Read a YAML file; a file that cannot be read has problems and no data.

    `needs` are the names that such a file has at least: the message about an empty file lists them.
    """
    source = Source(file)
    try:
        source.data = _read(content, source, needs)
    except _GiveUpError:
        source.data = {}
    return source


def _read(content: bytes, source: Source, needs: Sequence[str]) -> dict[str, Any]:
    text = _with_pairs(_decode(content, source))
    try:
        _check_events(text, source)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        source.add_at(*_syntax_problem(error, text))
        raise _GiveUpError from error
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        source.add_at(1, f"not valid YAML: {reason}", "remove what it names")
        raise _GiveUpError from error
    if root is None or root.value == "":
        least = " and ".join(f"a {name}:" for name in needs)
        source.add_at(1, "the file is empty", f"give it at least {least}, or copy one of the samples")
        raise _GiveUpError
    if not isinstance(root, yaml.MappingNode):
        source.add_at(
            _line(root.start_mark), "the file is not a list of `name: value` pairs", f"start it with `{needs[0]}: ...`"
        )
        raise _GiveUpError
    built: dict[str, Any] = _build(root, (), source)
    return built


def _decode(content: bytes, source: Source) -> str:
    if len(content) > _MAX_BYTES:
        source.add_at(1, f"the file is larger than {_MAX_BYTES // 1000} kB", "split it into several episodes")
        raise _GiveUpError
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # what comes before the byte is UTF-8, so that its line breaks can be counted as everywhere else
        before = _BREAK.split(error.object[: error.start].decode("utf-8"))
        column = len(before[-1].encode()) + 1
        source.add_at(len(before), f"byte {column} of this line is not UTF-8", "save the file as UTF-8")
        raise _GiveUpError from error
    if bad := UNPRINTABLE.search(text):
        line = len(_BREAK.split(text[: bad.start()]))
        fix = "save the file as UTF-8" if bad[0] == "\0" else "delete it"
        source.add_at(line, f"there is an invisible control character (U+{ord(bad[0]):04X})", fix)
        raise _GiveUpError
    return text


def _with_pairs(text: str) -> str:
    """Return a text with the characters that it writes as JSON does, in two halves each, such as emoji."""
    while _PAIR.search(text):
        try:
            for _ in yaml.parse(text, Loader=_Loader):
                pass
        except yaml.MarkedYAMLError as error:
            start = error.context_mark.index if error.context_mark else len(text)
            quoted = _QUOTED.match(text, start)
            whole = quoted and _PAIR.sub(lambda pair: pair[1] + _character(pair[2], pair[3]), quoted[0])
            if not quoted or whole == quoted[0]:
                break  # it is another mistake
            text = text[:start] + str(whole) + text[quoted.end() :]
        except (yaml.YAMLError, ValueError):
            break
        else:
            break
    return text


def _character(high: str, low: str) -> str:
    return bytes.fromhex(high + low).decode("utf-16-be")


def _check_events(text: str, source: Source) -> None:
    """Walk over the file without building anything of it, and refuse what must not, or cannot, be built.

    libyaml builds by recursion without a limit: a file of brackets would end the whole process. And what YAML takes
    for a tag or an anchor, authors mean as text; it would be lost silently.
    """
    depth = nodes = 0
    anchors: dict[str, int] = {}
    rows = _BREAK.split(text)
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            anchors.pop(str(event.anchor), None)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            depth += isinstance(event, yaml.CollectionStartEvent)
            nodes += 1
            line = _line(event.start_mark)
            if depth > MAX_DEPTH or nodes > _MAX_NODES:
                source.add_at(line, *(_TOO_DEEP if depth > MAX_DEPTH else _TOO_MUCH))
                raise _GiveUpError
            if event.tag:
                tag = event.tag.replace("tag:yaml.org,2002:", "!!")
                source.add_at(line, f"{tag!r} is a YAML tag, and none means anything here", "put text with ! in quotes")
            if event.anchor:
                anchors[event.anchor] = line
            end = event.end_mark
            if end and isinstance(event, yaml.ScalarEvent) and not event.style and event.value:  # without quotes
                source.cut_lines += [_line(end)] if _CUT.match(rows[end.line], end.column) else []
    for anchor, line in anchors.items():
        source.add_at(line, f"'&{anchor}' is a YAML anchor that nothing refers to", "put text with & in quotes")


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 1


def _syntax_problem(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str, str]:
    """Return the line of a YAML error, what is wrong and what to do, in words for authors."""
    lines = _BREAK.split(text)
    problem = " ".join(str(error.problem or error.context).split())
    mark = error.problem_mark or error.context_mark
    what, fix = problem, "check the indentation and quotes there"
    if mark and "cannot start any token" in problem:
        sign = lines[mark.line][mark.column : mark.column + 1]
        what, fix = f"text cannot begin with {sign}", "put it in quotes"
        if sign == "\t":
            what, fix = "a tab is used to indent", "use spaces"
    else:
        for part, message, advice, where_it_began in _MESSAGES:
            if part in problem:
                what, fix = message, advice
                mark = error.context_mark or mark if where_it_began else mark
                break
    row = min(mark.line, len(lines) - 1) if mark else 0
    above = next((line for line in reversed(lines[:row]) if line[:1].strip(" \t#")), "")
    if _SCRIPT_BELOW.fullmatch(above) and not lines[row].lstrip().startswith("-") and lines[row][:1].isspace():
        fix = "write `script: |` above a script that is one text"
    if error.problem_mark and "flow" in str(error.context):
        here = min(error.problem_mark.line, len(lines) - 1)
        for at in range(here, max(-1, here - _NEAR_LINES), -1):
            if found := _COMMENTED.search(lines[at][:_NEAR_CHARACTERS]):
                what = "a # begins a comment here, with all that follows on the line"
                return at + 1, f"not valid YAML: {what}", f'put it in quotes: "{found[1]}"'
    last = len(lines) - (len(lines) > 1 and not lines[-1])  # a file's end is reported on the line after the last
    return min(_line(mark), last), f"not valid YAML: {what}", fix


def _build(node: Any, loc: Loc, source: Source) -> Any:
    source.lines.setdefault(loc, _line(node.start_mark))
    source.nodes += 1
    if source.nodes > _MAX_NODES or len(loc) > MAX_DEPTH:  # only aliases lead here: events have been counted
        source.add(loc, *_TOO_MUCH)
        raise _GiveUpError
    if isinstance(node, yaml.ScalarNode):
        if bad := UNPRINTABLE.search(node.value):
            source.add(loc, f"the escape for U+{ord(bad[0]):04X} stands for no character of a text", "remove it")
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*loc, index), source) for index, item in enumerate(node.value)]
    built: dict[str, Any] = {}
    for name_node, value_node in node.value:
        name = name_node.value if isinstance(name_node, yaml.ScalarNode) else ""
        line = _line(name_node.start_mark)
        if not name:
            source.add_at(line, "a name here is not plain text", "write `name: value`")
        elif name == "<<":
            source.add_at(line, "'<<' merges nothing here", "write out what it stands for")
        elif name in built:
            source.add_at(
                line, f"{name!r} is given twice (first on line {source.lines[*loc, name]})", "keep one of them"
            )
        else:
            source.lines[*loc, name] = line
            built[name] = _build(value_node, (*loc, name), source)
    return built
