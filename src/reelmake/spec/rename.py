"""Give a character another name in the text of specs: each mention is replaced where it stands, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import yaml

from reelmake.spec.model import LINE_OPTIONS
from reelmake.spec.screenplay import read_script

_BOM: Final = "\ufeff"
Edit = tuple[int, int, str]  # from and to (exclusive) in the text, and what stands there instead


def with_speaker(content: bytes, old: str, new: str) -> bytes:
    """Return an episode's spec in which a character has a new name: in its cast, and before its lines.

    The words that are said stay, also where they hold the name. A spec that is no YAML stays as it is.
    """
    return _edited(content, lambda text, root: _mentions(text, root, old, new))


def with_pictures(content: bytes, old: str, new: str) -> bytes:
    """Return a character's spec that names its pictures in the folder `new` in place of `old`."""

    def edits(text: str, root: yaml.MappingNode) -> Iterator[Edit]:
        for node in _values(root, "sprites"):
            for each in _scalars(node):
                if each.value.startswith(f"{old}/"):
                    yield _within(text, each, old, new)

    return _edited(content, edits)


def with_house_cast(settings: bytes, old: str, new: str) -> bytes:
    """Return a pyproject.toml in which the house's cast names a character by its new name."""
    table = rb"(?ms)^\[tool\.reelmake\]\s*$.*?(?=^\[|\Z)"
    name = re.compile(rb"(?<=[\"'])" + re.escape(old.encode()) + rb"(?=[\"'])")

    def cast(found: re.Match[bytes]) -> bytes:
        return re.sub(rb"(?m)^cast\s*=\s*\[[^\]]*\]", lambda one: name.sub(new.encode(), one[0]), found[0])

    return re.sub(table, cast, settings)


def _edited(content: bytes, edits: Callable[[str, yaml.MappingNode], Iterator[Edit]]) -> bytes:
    text = content.decode("utf-8-sig")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return content
    if not isinstance(root, yaml.MappingNode):
        return content
    for begin, end, instead in sorted(edits(text, root), reverse=True):
        text = text[:begin] + instead + text[end:]
    return (_BOM * content.startswith(_BOM.encode()) + text).encode()


def _mentions(text: str, root: yaml.MappingNode, old: str, new: str) -> Iterator[Edit]:
    for cast in _values(root, "cast"):
        yield from (_within(text, name, old, new) for name in _scalars(cast) if name.value == old)
    for script in _values(root, "script"):
        if isinstance(script, yaml.ScalarNode):
            yield from _of_screenplay(text, script, old, new)
        for line in script.value if isinstance(script, yaml.SequenceNode) else ():
            for key, value in line.value if isinstance(line, yaml.MappingNode) else ():
                if key.value == "character" and value.value == old:
                    yield _within(text, value, old, new)
                elif key.value == old and old not in LINE_OPTIONS:
                    yield _within(text, key, old, new)


def _of_screenplay(text: str, script: yaml.ScalarNode, old: str, new: str) -> Iterator[Edit]:
    """Yield the edits of a script that is one text: the name as it is written there, in capitals or not."""
    rows = {row.strip() for row in _rows_of(script.value, old)}
    name = re.compile(re.sub(r"[-_]+", r"[\\W_]+", old), re.IGNORECASE)
    at = script.start_mark.index
    for row in text[at : script.end_mark.index].splitlines(keepends=True):
        if row.strip() in rows and (found := name.search(row)):
            shown = new.upper() if found[0].isupper() else new
            yield at + found.start(), at + found.end(), shown
        at += len(row)


def _rows_of(screenplay: str, speaker: str) -> Iterator[str]:
    rows = screenplay.splitlines()
    yield from (rows[speech.row] for speech in read_script(screenplay, [speaker])[0] if speech.speaker == speaker)


def _values(root: yaml.MappingNode, name: str) -> Iterator[yaml.Node]:
    yield from (value for key, value in root.value if key.value == name)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
        return
    for child in node.value:
        for each in child[1:] if isinstance(child, tuple) else (child,):
            yield from _scalars(each)


def _within(text: str, node: yaml.Node, old: str, new: str) -> Edit:
    """Return the edit of a name inside of a scalar, which may be in quotes."""
    begin = text.index(old, node.start_mark.index)
    return begin, begin + len(old), new
