"""Writing a script that a provider wrote into the spec, so that it can be reviewed and edited in git.

The lines are appended to the file as text: whatever the author wrote, comments and layout too, stays byte for byte.
What comes out is read back before it replaces the file; it has to say the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from reelmake.errors import InputError, Problem
from reelmake.spec_file import read_episode
from reelmake.spec_line import Line
from reelmake.yaml_text import scalar

NOTE: Final = "# Written by {provider}; edit it as you like. While it is here, no script provider is asked."


def frozen(content: bytes, file: str, lines: Sequence[Line], provider: str) -> bytes:
    """Return a spec with its lines in it; raises InputError when they cannot be put there."""
    before, _ = read_episode(content, file)
    if before is None or before.script is not None:
        raise InputError((Problem(file, 1, "there is no script to write into this spec", "look at it with check"),))
    text = content.decode("utf-8-sig")
    break_ = "\r\n" if "\r\n" in text else "\n"
    if re.match(r"\s*(#.*\s*)*\{", text) or re.search(r"^\.\.\.", text, re.MULTILINE):
        fix = "write it as `name: value`, one a line, and try again"
        raise InputError((Problem(file, 1, "the spec is written in braces, or ends in `...`", fix),))
    written = ["", NOTE.format(provider=provider), "script:", *(row for line in lines for row in _rows(line))]
    whole = (text.rstrip() + break_ + break_.join(written) + break_).encode()
    after, source = read_episode(whole, file)
    if after is None or after.model_copy(update={"script": None}) != before or after.script != list(lines):
        told = source.problems[0].what if source.problems else "it would say something else"
        raise InputError(
            (Problem(file, 1, f"the script cannot be written into this spec: {told}", "write it yourself"),)
        )
    return whole


def _rows(line: Line) -> list[str]:
    rows = [f"  - {line.character}: {scalar(line.text)}"]
    rows += [f"    image: {scalar(line.image)}"] if line.image else []
    rows += ["    translations:"] if line.translations else []
    return [*rows, *(f"      {scalar(tag)}: {scalar(text)}" for tag, text in line.translations.items())]
