"""Adding names to a YAML file that somebody has written: everything that stands in it stays as it is, byte for byte.

ruamel.yaml reads the file with the place of each part of it, comments and all, and tells in which style it is written.
What is new is put in between, in the same style. (To write the whole file from what was read would set it anew:
indentation, the columns of comments and where long lines are folded are not kept.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode


def scalar(text: str) -> str:
    """Return a text as YAML writes it on one line, in quotes where it needs them."""
    return yaml.safe_dump(text, allow_unicode=True, width=1_000_000).removesuffix("...\n").strip()


Words = Mapping[str, str]
# What is put into a file: names, each with a text, names below it, or a list of such
Told = str | Words | Sequence[Mapping[str, "str | Words"]]

_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ENDED: Final = re.compile(r"^\.\.\.(?=\s|$)", re.MULTILINE)
_KEPT: Final = re.compile(r"[|>][0-9]?\+")
STEP: Final = "  "


class LayoutError(Exception):
    """A file is written in a way to which nothing can be added; the message says which, on line `line`."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


@dataclass(slots=True)
class Layout:
    """A YAML file as text, and what is to be put into it: where, and what."""

    text: str
    root: MappingNode
    additions: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> Layout:
        """Read a file; raises LayoutError."""
        try:
            root = YAML().compose(text.replace("\t", " "))  # only places are read; it takes fewer tabs than YAML does
        except YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            told = getattr(error, "problem", None) or " ".join(str(error).split())
            raise LayoutError(mark.line + 1 if mark else 1, str(told)[:200]) from None
        if not isinstance(root, MappingNode):
            raise LayoutError(1, "it is no list of names")
        return cls(text, root)

    @property
    def line_break(self) -> str:
        """How lines end in this file."""
        found = _BREAK.search(self.text)
        return found[0] if found else "\n"

    def lines(self) -> list[MappingNode]:
        """Return the lines of its script; raises LayoutError when it is no list of them."""
        script = _value(self.root, "script")
        if not isinstance(script, SequenceNode) or not all(isinstance(item, MappingNode) for item in script.value):
            raise LayoutError(_line(script or self.root), "its script is one text: write it as a list, `- ada: Hello.`")
        return list(script.value)

    def append(self, name: str, value: Told, note: str) -> None:
        """Add a name at the end of the file; with a note above it, if the file is written in rows."""
        if self.root.flow_style:
            self.add(self.root, {name: value})
            return
        ended = _ENDED.search(self.text)
        at = ended.start() if ended else len(self.text)
        indent = " " * self.root.value[0][0].start_mark.column
        before = self.text[:at]
        is_apart = not before.strip("\r\n") or _BREAK.split(before)[-2:] == ["", ""]
        rows = [*([] if is_apart else [""]), indent + note, *_rows(name, value, indent)]
        whole = self.line_break.join(rows) + self.line_break
        self.additions.append((at, whole if before.endswith(("\n", "\r")) else self.line_break + whole))

    def add(self, mapping: MappingNode, named: Mapping[str, Told]) -> None:
        """Add names at the end of a mapping; raises LayoutError."""
        if mapping.flow_style:
            told = _flow_pairs(named, quoted=any(key.style for key, _ in mapping.value))
            at = self._end(mapping) if mapping.value else mapping.start_mark.index + 1
            self.additions.append((at, f", {told}" if mapping.value else told))
            return
        last = mapping.value[-1][1]
        indent = " " * mapping.value[0][0].start_mark.column
        rows = [row for name, value in named.items() for row in _rows(name, value, indent)]
        at = self._end(mapping)
        if self._is_block(last) and self._keeps(last):  # its end is the beginning of a row
            whole = "".join(row + self.line_break for row in rows)
            self.additions.append((at, whole if self.text[:at].endswith(("\n", "\r")) else self.line_break + whole))
            return
        found = _BREAK.search(self.text, at)
        row_end = found.start() if found else len(self.text)
        self.additions.append((row_end, "".join(self.line_break + row for row in rows)))

    def _end(self, mapping: MappingNode) -> int:
        """Return where the last value of a mapping ends; raises LayoutError when it stands elsewhere."""
        key, last = mapping.value[-1]
        if last.start_mark.index < key.end_mark.index or last.anchor:
            raise LayoutError(_line(key), "an anchor or alias ends what this would be added to: write out its value")
        if isinstance(last, MappingNode) and not last.flow_style:
            return self._end(last)
        if isinstance(last, SequenceNode) and not last.flow_style:
            raise LayoutError(_line(key), "a list ends what this would be added to: write it in brackets")
        start, end = int(last.start_mark.index), int(last.end_mark.index)
        is_cut = self._is_block(last) and not self._keeps(last)
        return start + len(self.text[start:end].rstrip()) if is_cut else end

    @staticmethod
    def _is_block(node: Any) -> bool:
        return isinstance(node, ScalarNode) and node.style in {"|", ">"}

    def _keeps(self, node: Any) -> bool:
        """Say whether all empty rows after a text belong to it."""
        return _KEPT.match(self.text, node.start_mark.index) is not None

    def written(self) -> str:
        """Return the file with what was added."""
        text = self.text
        for at, told in sorted(self.additions, key=lambda one: one[0], reverse=True):
            text = text[:at] + told + text[at:]
        return text


def child(mapping: MappingNode, name: str) -> MappingNode | None:
    """Return the mapping below a name; None when there is none. Raises LayoutError when it stands elsewhere."""
    for key, value in mapping.value:
        if key.value == name:
            if not isinstance(value, MappingNode) or value.start_mark.index < key.end_mark.index:
                raise LayoutError(_line(key), f"{name}: stands elsewhere, under an anchor: write it out")
            return value
    return None


def _value(mapping: MappingNode, name: str) -> Any:
    return next((value for key, value in mapping.value if key.value == name), None)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _rows(name: str, value: Told, indent: str) -> list[str]:
    """Return the rows of a name and what is below it."""
    if isinstance(value, str):
        return [f"{indent}{scalar(name)}: {scalar(value)}"]
    head = f"{indent}{scalar(name)}:"
    if isinstance(value, Mapping):
        return [head, *(row for below, text in value.items() for row in _rows(below, text, indent + STEP))]
    rows = [head]
    for item in value:
        first, *rest = (row for below, text in item.items() for row in _rows(below, text, indent + STEP * 2))
        rows += [f"{indent}{STEP}- {first.lstrip(' ')}", *rest]
    return rows


def _flow(value: Any, *, quoted: bool) -> str:
    """Return a value as it stands between braces."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"{{{_flow_pairs(value, quoted=quoted)}}}"
    return "[" + ", ".join(_flow(item, quoted=quoted) for item in value) + "]"


def _flow_pairs(named: Mapping[str, Any], *, quoted: bool) -> str:
    """Return names with their values; each in quotes, in a file such as JSON."""
    names = {name: json.dumps(name) if quoted or scalar(name) != name else name for name in named}
    return ", ".join(f"{names[name]}: {_flow(value, quoted=quoted)}" for name, value in named.items())
