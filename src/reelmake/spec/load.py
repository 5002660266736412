"""From the bytes of a spec to a record, or to everything that is wrong with that one file, with line numbers.

Mistakes that need more than the file itself (is this character in the project?) are found in `project.validate`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import takewhile
from typing import Any, TypeVar

from pydantic import ValidationError

from reelmake.spec.clean_text import left_out, spoken
from reelmake.spec.model import (
    CHARACTERS,
    LINE_OPTIONS,
    Character,
    Episode,
    EpisodeProviders,
    Line,
    LineProviders,
    Take,
)
from reelmake.spec.problems import Record, validate
from reelmake.spec.screenplay import ACTION, read_script
from reelmake.spec.yaml_source import Borrowed, Source, read_source

Part = TypeVar("Part", bound=Record)


def read_episode(
    content: bytes, file: str, house: Mapping[str, Borrowed] | None = None, characters: Collection[str] | None = None
) -> tuple[Episode | None, Source]:
    """Read an episode; problems are in the source, and the episode is None when there are any.

    `house` are values that it has where it does not say otherwise, and `characters` who there is.
    """
    source = read_source(content, file, ("title", "script"))
    if source.data:
        source.borrow(house or {})
        for name in ("background", "music"):  # none, though the house has one
            if source.data.get(name) == "none":
                del source.data[name]
    _unfold(source, content)
    _place_lines(source)
    return validate(Episode, source, {CHARACTERS: characters}), source


def readable_part(source: Source) -> Episode:
    """Return the readable parts of an episode with mistakes: its providers, cast and speakers.

    A line that cannot be read stays in the list, with the speaker "".
    """
    nobody = Line.model_construct(character="", text="", providers=LineProviders(), take=Take(), image=None)
    script = source.data.get("script")
    lines = [_read_alone(Line, item) or nobody for item in script] if isinstance(script, list) else None
    cast = source.data.get("cast")
    names = [name for name in cast if isinstance(name, str)] if isinstance(cast, list) else []
    said = _read_alone(EpisodeProviders, source.data.get("providers", {})) or EpisodeProviders()
    return Episode.model_construct(title="", cast=names, script=lines, providers=said)


def _read_alone(model: type[Part], data: object) -> Part | None:
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def read_character(content: bytes, file: str) -> tuple[Character | None, Source]:
    """Read a character; problems are in the source, and the character is None when there are any."""
    source = read_source(content, file, ("name",))
    return validate(Character, source), source


def readable_voices(source: Source) -> dict[str, dict[str, Any]]:
    """Return the voices of a character with mistakes, as far as these are not the mistake."""
    alone = _read_alone(Character, {"name": "nobody", "voice": source.data.get("voice", {})})
    return alone.voice if alone else {}


def _unfold(source: Source, content: bytes) -> None:
    """Let a script that is one text stand as a list of lines, each at the row on which its speech begins."""
    text = source.data.get("script")
    if not isinstance(text, str) or not text.strip():
        return
    first = source.line(("script",))
    rows = content.decode("utf-8-sig").splitlines()
    if block := re.search(r":\s*([|>])", rows[first - 1]):
        if block[1] == ">":  # YAML joins its rows, and each is one of the script's
            text = "\n".join(takewhile(lambda row: not row.strip() or row[0].isspace(), rows[first:]))
        first += 1  # where the text itself begins
    cast = source.data.get("cast")
    found, unsaid = read_script(
        text, [name for name in cast if isinstance(name, str)] if isinstance(cast, list) else []
    )
    if not found:
        return  # the model's own validation reports that nobody speaks
    source.unsaid += [(first + one.row, one.words, one.why) for one in unsaid]
    said = []
    for speech in found:
        is_said = any(map(str.isalnum, spoken(speech.text)))
        said += [speech] if is_said else []
        parts = left_out(speech.text) if is_said else [f"{speech.speaker}: {speech.text}"]
        source.unsaid += [(first + speech.row, words, ACTION) for words in parts]
    source.data["script"] = [{speech.speaker: speech.text} for speech in said]
    for at, speech in enumerate(said):
        for place in (("script", at), ("script", at, speech.speaker)):
            source.lines[place] = first + speech.row


def _place_lines(source: Source) -> None:
    """Give `character` and `text` of each line the line number of the speaker's name, for mistakes in them."""
    script = source.data.get("script")
    for at, line in enumerate(script if isinstance(script, list) else []):
        for name in line if isinstance(line, dict) else ():
            if name not in LINE_OPTIONS:
                for option in ("character", "text"):
                    source.lines.setdefault(("script", at, option), source.lines["script", at, name])


def speaker(item: object, characters: Collection[str] = ()) -> tuple[str, str] | None:
    """Return speaker and text of a script's line as written in YAML; None when they are not clear.

    Where there are other names in the line, `characters` can speak.
    """
    if not isinstance(item, dict):
        return None
    named = {name: text for name, text in item.items() if name not in LINE_OPTIONS}
    if set(named) == {"character", "text"}:
        named = {named["character"]: named["text"]}
    if len(named) > 1:
        first = next(iter(named))
        named = {name: text for name, text in named.items() if name in characters} or {first: named[first]}
    (name, text), *others = named.items() or [("", "")]
    return (name, text) if not others and isinstance(name, str) and isinstance(text, str) and name else None
