"""Write a provider's script or translations into the spec, so that they can be reviewed and edited in git.

ruamel.yaml reads the spec and writes it again. Comments, the order of names, quotes and values stay; a file that is
laid out in another way than ruamel.yaml writes is laid out anew. What comes out is read back before it replaces the
file: it has to say the same, and what was added, and to hold every comment; else nothing is written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark, YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from reelmake.core.errors import InputError, Problem
from reelmake.spec.load import read_episode
from reelmake.spec.model import Episode, Line, marked
from reelmake.spec.yaml_source import Borrowed

NOTE: Final = "Written by {provider}; edit it as you like. While it is here, no script provider is asked."
TRANSLATIONS: Final = "translations"
BOM: Final = "\ufeff"
Words = Mapping[str, str]
_COMMENT: Final = re.compile(r"(?:^|\s)(#.*)")
_ANYBODY: Final = {"cast": Borrowed(["anybody"])}  # the settings may name the cast of all episodes
_LONGEST_ROW: Final = 1_000_000  # no row is folded


def scalar(text: str) -> str:
    """Return a text as YAML writes it on one line, in quotes where it needs them."""
    return yaml.safe_dump(str(text), allow_unicode=True, width=_LONGEST_ROW).removesuffix("...\n").strip()


def frozen(content: bytes, file: str, lines: Sequence[Line], provider: str) -> bytes:
    """Return a spec with its lines in it; raises InputError when they cannot be put there."""
    before = _episode(content, file)
    if before.script is not None:
        raise InputError((Problem(file, 1, "there is a script in this spec", "look at it with check"),))
    layout, root = _read(content, file)
    is_flow = root.fa.flow_style()
    root[_text("script", quoted=is_flow)] = CommentedSeq([_line(line, quoted=is_flow) for line in lines])
    if not is_flow:
        apart = "" if content.endswith((b"\n\n", b"\n\r\n")) else "\n"
        root.yaml_set_comment_before_after_key("script", before=apart + NOTE.format(provider=provider))
    return _checked(content, file, _written(layout, root), before.model_copy(update={"script": list(lines)}))


def with_translations(content: bytes, file: str, words: Sequence[Words]) -> bytes:
    """Return a spec with translations below the lines that its author has written: language -> words, for each line.

    Raises InputError when they cannot be put there.
    """
    before = _episode(content, file)
    script = [
        line.model_copy(update={TRANSLATIONS: {**line.translations, **more}})
        for line, more in zip(before.script or (), words, strict=True)
    ]
    layout, root = _read(content, file)
    if not isinstance(root.get("script"), CommentedSeq):
        line = root.lc.key("script")[0] + 1
        raise _refused(file, line, "its script is one text: write it as a list, `- ada: Hello.`")
    for mapping, more in zip(root["script"], words, strict=True):
        if more:
            _add(mapping, more)
    return _checked(content, file, _written(layout, root), before.model_copy(update={"script": script}))


def _episode(content: bytes, file: str) -> Episode:
    episode, source = read_episode(content, file, _ANYBODY)
    if episode is None or source.problems:
        found = tuple(source.problems) or (Problem(file, 1, "this spec cannot be read", "look at it with check"),)
        raise InputError(found)
    return episode


def _read(content: bytes, file: str) -> tuple[YAML, CommentedMap]:
    """Return a YAML writer with the indentation of the spec, and the spec; raises InputError."""
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    layout = YAML()
    layout.preserve_quotes = True
    layout.width = _LONGEST_ROW
    layout.explicit_start = text.startswith("---")
    is_indented = not re.search(r"^- ", text, re.MULTILINE)
    layout.indent(mapping=2, sequence=4 if is_indented else 2, offset=2 if is_indented else 0)
    try:
        root = layout.load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or " ".join(str(error).split())
        raise _refused(file, mark.line + 1 if mark else 1, str(what)[:200]) from None
    if not isinstance(root, CommentedMap):
        raise _refused(file, 1, "it is no list of names")
    return layout, root


def _written(layout: YAML, root: CommentedMap) -> str:
    out = io.StringIO()
    layout.dump(root, out)
    return out.getvalue()


def _line(line: Line, *, quoted: bool) -> CommentedMap:
    """Return a line as it stands in a spec."""
    said: dict[str, Any] = {_text(line.character, quoted=quoted): _text(marked(line.text), quoted=quoted)}
    if line.say:
        said[_text("say", quoted=quoted)] = _text(line.say, quoted=quoted)
    if isinstance(line.image, str):
        said[_text("image", quoted=quoted)] = _text(line.image, quoted=quoted)
    if shots := [shot for shot in line.shots if isinstance(shot, str)]:
        said[_text("shots", quoted=quoted)] = CommentedSeq([_text(shot, quoted=quoted) for shot in shots])
    if line.translations:
        said[_text(TRANSLATIONS, quoted=quoted)] = _words(line.translations, quoted=quoted)
    return CommentedMap(said)


def _words(words: Words, *, quoted: bool) -> CommentedMap:
    return CommentedMap({_text(tag, quoted=quoted): _text(said, quoted=quoted) for tag, said in words.items()})


def _text(text: str, *, quoted: bool) -> str:
    """Return a text that is written in quotes where it needs them, or where all are: a spec in JSON stays JSON."""
    return DoubleQuotedScalarString(text) if quoted or scalar(text) != text else text


def _add(line: CommentedMap, words: Words) -> None:
    """Add translations to a line; comments below the line stay below it."""
    is_flow = line.fa.flow_style()
    new = _words(words, quoted=is_flow)
    there = line.get(TRANSLATIONS)
    below = _tail(line if there is None else there)
    if isinstance(there, CommentedMap):
        there.update(new)
        new = there
    else:
        line[_text(TRANSLATIONS, quoted=is_flow)] = new
    if below:
        comment = CommentToken(below, CommentMark(0), None)
        new.ca.items[list(new)[-1]] = [None, None, comment, None]


def _tail(node: Any) -> str:
    """Remove and return the comments below the last row of a node; a comment beside that row stays there."""
    while isinstance(node, CommentedMap | CommentedSeq) and node:
        last = list(node)[-1] if isinstance(node, CommentedMap) else len(node) - 1
        place = 2 if isinstance(node, CommentedMap) else 0
        comments = node.ca.items.get(last)
        if comments and isinstance(comments[place], CommentToken):
            beside, _, below = comments[place].value.partition("\n")
            if below:
                comments[place].value = beside + "\n"
                if not beside:
                    comments[place] = None
                return f"\n{below}"
        node = node[last]
    return ""


def _checked(content: bytes, file: str, written: str, wanted: Episode) -> bytes:
    """Return the new content, checked against the wanted episode; raises InputError."""
    text = content.decode("utf-8-sig")
    for number, row in enumerate(text.splitlines(), 1):
        comment = " ".join(found[1].split()) if (found := _COMMENT.search(row)) else ""
        if comment and " ".join(written.split()).count(comment) < " ".join(text.split()).count(comment):
            raise _refused(file, number, "the comment here would be lost: move it above `title:`")
    ends = "\r\n" if "\r\n" in text else "\n"
    whole = (BOM * content.startswith(BOM.encode()) + written.replace("\n", ends)).encode("utf-8", "replace")
    after, source = read_episode(whole, file, _ANYBODY)
    if after != wanted or source.problems:
        raise _refused(file, 1, source.problems[0].what if source.problems else "it would say something else")
    return whole


def _refused(file: str, line: int, what: str) -> InputError:
    what = f"this cannot be written into the spec: {what}"
    return InputError((Problem(file, line, what, "correct that, or write it yourself; the file is as it was"),))
