"""Writing what a provider wrote into the spec, so that it can be reviewed and edited in git: a script, translations.

Nothing that the author wrote is touched (see `yaml_layout`). What comes out is read back before it replaces the file:
it has to say the same, and what was added; else nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reelmake.core.errors import InputError, Problem
from reelmake.spec.load import read_episode
from reelmake.spec.model import Episode, Line
from reelmake.spec.yaml_layout import Layout, LayoutError, Words, child

NOTE: Final = "# Written by {provider}; edit it as you like. While it is here, no script provider is asked."
TRANSLATIONS: Final = "translations"
BOM: Final = "\ufeff"


def frozen(content: bytes, file: str, lines: Sequence[Line], provider: str) -> bytes:
    """Return a spec with its lines in it; raises InputError when they cannot be put there."""
    before = _episode(content, file)
    if before.script is not None:
        raise InputError((Problem(file, 1, "there is a script in this spec", "look at it with check"),))
    try:
        layout = Layout.read(content.decode("utf-8-sig"))
        layout.append("script", list(map(_told, lines)), NOTE.format(provider=provider))
    except LayoutError as error:
        raise _refused(file, error) from None
    return _checked(content, file, layout, before.model_copy(update={"script": list(lines)}))


def with_translations(content: bytes, file: str, words: Sequence[Words]) -> bytes:
    """Return a spec with translations below the lines that its author has written: language -> words, for each line.

    Raises InputError when they cannot be put there.
    """
    before = _episode(content, file)
    script = [
        line.model_copy(update={TRANSLATIONS: {**line.translations, **more}})
        for line, more in zip(before.script or (), words, strict=True)
    ]
    try:
        layout = Layout.read(content.decode("utf-8-sig"))
        for mapping, more in zip(layout.lines(), words, strict=True):
            there = child(mapping, TRANSLATIONS)
            if more:
                layout.add(there or mapping, more if there else {TRANSLATIONS: more})
    except LayoutError as error:
        raise _refused(file, error) from None
    return _checked(content, file, layout, before.model_copy(update={"script": script}))


def _episode(content: bytes, file: str) -> Episode:
    episode, source = read_episode(content, file)
    if episode is None or source.problems:
        told = tuple(source.problems) or (Problem(file, 1, "this spec cannot be read", "look at it with check"),)
        raise InputError(told)
    return episode


def _told(line: Line) -> dict[str, str | Words]:
    told: dict[str, str | Words] = {line.character: line.text}
    told |= {"image": line.image} if line.image else {}
    return told | ({TRANSLATIONS: line.translations} if line.translations else {})


def _checked(content: bytes, file: str, layout: Layout, wanted: Episode) -> bytes:
    """Return what is to be written, which says what is wanted; raises InputError."""
    whole = (BOM * content.startswith(BOM.encode()) + layout.written()).encode("utf-8", "replace")
    after, source = read_episode(whole, file)
    if after != wanted or source.problems:
        told = source.problems[0].what if source.problems else "it would say something else"
        raise _refused(file, LayoutError(1, told))
    return whole


def _refused(file: str, error: LayoutError) -> InputError:
    what = f"this cannot be written into the spec: {error}"
    return InputError((Problem(file, error.line, what, "mend that, or write it yourself; the file is as it was"),))
