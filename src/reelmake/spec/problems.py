"""From pydantic's errors to problems that an author can act on: file, line, what is wrong, what to type."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from reelmake.spec.yaml_source import Loc, Source


class Record(BaseModel):
    """Base of all that is read from files: immutable, unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wrong(ValueError):  # noqa: N818 (`raise Wrong(...)` reads well)
    """Raised by validators: what is wrong with a value ('is not ...'), and what to write instead.

    `of_all` says that it is wrong with the whole record that the value belongs to.
    """

    def __init__(self, what: str, fix: str, *, of_all: bool = False) -> None:
        super().__init__(what)
        self.fix = fix
        self.of_all = of_all


def form(pattern: str, what: str, fix: str) -> BeforeValidator:
    """Return a validator of text against a pattern; its message says how to write it, without the pattern."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise Wrong(f"{shown(value)} {what}", fix)
        return value

    return BeforeValidator(check)


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the one of the known words that was most likely meant, or None when none is like it."""
    likely = difflib.get_close_matches(word, list(known), 5, likeness)

    def rank(other: str) -> tuple[float, int]:  # `stile` is as like `title` as `style`, but for where its letters are
        in_place = sum(one == two for one, two in zip(word, other, strict=False))
        return difflib.SequenceMatcher(None, other, word).ratio(), in_place

    return max(likely, key=rank, default=None)


def shown(value: object) -> str:
    """Return a value as it appears in a message: on one line, and not all of it when it is long."""
    if isinstance(value, dict | list | tuple) or value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


_SHOWN_CHARACTERS = 40

R = TypeVar("R", bound=BaseModel)

# pydantic's error type -> (what is wrong, what to do); filled in with the error's own context
_MESSAGES = {
    "missing": ("is missing", "add it"),
    "int_parsing": ("is not a whole number", "write a number such as 2"),
    "int_parsing_size": ("is not a number that makes sense here", "write a number such as 2"),
    "int_type": ("is not a whole number", "write a number such as 2"),
    "int_from_float": ("is not a whole number", "write a number such as 2"),
    "float_parsing": ("is not a number", "write a number such as 0.5"),
    "float_type": ("is not a number", "write a number such as 0.5"),
    "decimal_parsing": ("is not a number", "write a number such as 0.5"),
    "decimal_type": ("is not a number", "write a number such as 0.5"),
    "finite_number": ("is not a number", "write a number such as 0.5"),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "string_type": ("is not text", "write plain text there; put it in quotes if it holds ': ' or '#'"),
    "string_too_short": ("is empty", "write something there, or remove it"),
    "string_too_long": ("has more than {max_length} characters", "shorten it, or split it into two lines"),
    "list_type": ("is not a list", "write one item a line, each after '- '"),
    "dict_type": ("is not a list of `name: value` pairs", "write `name: value` below it, indented"),
    "model_type": ("is not a list of `name: value` pairs", "write `name: value` below it, indented"),
    "too_short": ("is empty", "write at least one item, or remove it"),
    "too_long": ("has more than {max_length} items", "split the episode"),
    "greater_than_equal": ("is less than {ge}", "write a number from {ge}"),
    "less_than_equal": ("is more than {le}", "write a number up to {le}"),
    "greater_than": ("is not more than {gt}", "write a number above {gt}"),
    "literal_error": ("is not allowed there", "write {expected}"),
    "string_pattern_mismatch": ("is not written as it has to be", "see its form in the reference ({pattern})"),
}


def validate(model: type[R], source: Source, context: dict[str, Any] | None = None) -> R | None:
    """Return the record that a source holds; its mistakes are added to the source, and there is no record then.

    `context` is what a model needs to know besides.
    """
    if source.problems and not source.data:
        return None
    try:
        record = model.model_validate(source.data, context=context)
    except ValidationError as error:
        add_problems(error, model, source)
        return None
    return None if source.problems else record


def add_problems(error: ValidationError, model: type[BaseModel], source: Source) -> None:
    """Add everything that pydantic found to a source's problems: one for each of `error.errors()`, in its order."""
    for item in error.errors(include_url=False):
        _add(item, model, source)


def _add(item: Any, model: type[BaseModel], source: Source) -> None:
    # the message names a key itself; and what an item was taken for is no place in a file
    loc: Loc = tuple(part for part in item["loc"] if part not in ("[key]", "[text]", "[shot]"))
    wrong = item.get("ctx", {}).get("error")
    if isinstance(wrong, Wrong) and wrong.of_all:
        loc = loc[:-1]
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in loc) + ":" if loc else ""
    if item["type"] == "extra_forbidden":
        known = _names_at(model, loc[:-1])
        close = closest(str(loc[-1]), known)
        there = f"the names here are {', '.join(known)}" if known else "there are no names here"
        meant = f"did you mean {close!r}?" if close else f"remove it; {there}"
        source.add(loc, f"unknown name {shown(str(loc[-1]))}", meant)
    elif isinstance(wrong, Wrong):
        source.add(loc, f"{name} {wrong}".strip(), wrong.fix)
    else:
        context = item.get("ctx", {})
        if message := _MESSAGES.get(item["type"]):
            what, fix = (part.format(**context) for part in message)
        else:
            what, fix = f"is wrong: {item['msg']}", "see the reference"
        value = "" if item["type"] == "missing" else shown(item["input"])
        source.add(loc, " ".join(filter(None, (name, value, what))), fix)


def _names_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the names that are allowed at a place of a model."""
    here: Any = model
    for part in loc:
        if isinstance(part, str):
            field = here.model_fields.get(part)
            here = _model_in(field.annotation) if field else None
        if here is None:
            return []
    return [field.alias or name for name, field in here.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
