"""What a team shares (`[tool.reelmake]` in pyproject.toml) and what a machine knows (environment and `.env`).

Any shared value can be overridden by `REELMAKE_<NAME>`, nested names with `__`: `REELMAKE_LIMITS__CPU=4`.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from reelmake.errors import InputError, Problem
from reelmake.source import Loc, Source
from reelmake.spec import InnerPath, Reel
from reelmake.validation import Record, add_problems

PREFIX = "REELMAKE_"
PYPROJECT = "pyproject.toml"
DOTENV = ".env"


class Providers(Record):
    """Who performs what. Setting a key never switches a provider on; naming it here does."""

    script: str = Field("offline", description="Who writes scripts from topics.")
    voice: str = Field("offline", description="Who speaks the lines.")
    image: str = Field("offline", description="Who draws the pictures.")


class Settings(BaseSettings):
    """Everything that can be set for a project."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=DOTENV,
        dotenv_filtering="match_prefix",  # .env holds the vendors' keys too, which are none of ours
        enable_decoding=False,  # a variable is text, and not JSON: 720x1280 is a size
        extra="forbid",
        frozen=True,
    )

    providers: Providers = Field(Providers(), description="Who performs scripts, voices and images.")
    limits: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        {}, description="How many steps run at once in each pool: `cpu`, or a provider's own pool."
    )
    reel: Reel = Field(Reel(), description="The video format that episodes start from.")
    store: InnerPath = Field(
        ".reelmake/store", description="The folder of receipts and blobs, from the project's folder."
    )
    ffmpeg: str | None = Field(
        None, description="Another ffmpeg than the one that is installed along (`REELMAKE_FFMPEG`): its path."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over `.env`, and both over pyproject.toml (which `load_settings` passes in)."""
        del settings_cls, file_secret_settings
        return env_settings, dotenv_settings, init_settings


def load_settings(root: Path) -> Settings:
    """Read the settings of the project in `root`; raises InputError with all that is wrong in them."""
    text, private = _text(root / PYPROJECT), _text(root / DOTENV)
    shared = _shared(text)
    try:
        return Settings(_env_file=root / DOTENV, **shared)
    except ValidationError as error:
        source = Source(PYPROJECT, shared, _toml_lines(text))
        add_problems(error, Settings, source)
        found = zip(source.problems, error.errors(), strict=True)
        raise InputError(tuple(_blame(problem, item["loc"], private) for problem, item in found)) from None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig") if path.is_file() else ""
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError((Problem(path.name, line, "this is not UTF-8", "save the file as UTF-8"),)) from None


def _shared(text: str) -> dict[str, Any]:
    """Return what `[tool.reelmake]` holds."""
    try:
        here: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        last = len(text.splitlines())  # it is the end of the document that came too soon
        line = int(match[1]) if (match := re.search(r"line (\d+)", str(error))) else last
        raise InputError((Problem(PYPROJECT, line, f"not valid TOML: {error}", "mend it there"),)) from None
    for name in ("tool", "reelmake"):
        here = here.get(name, {})
        if not isinstance(here, dict):
            line = next((at for at, found in enumerate(text.splitlines(), 1) if name in found), 1)
            raise InputError((Problem(PYPROJECT, line, f"{name!r} is not a table", "write [tool.reelmake]"),))
    unknown = [name for name in here if name.startswith("_")]  # these would be options of pydantic-settings
    if unknown:
        lines = _toml_lines(text)
        told = (Problem(PYPROJECT, lines.get((name,), 1), f"unknown name {name!r}", "remove it") for name in unknown)
        raise InputError(tuple(told))
    return dict(here)


_KEY = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_OURS = ("tool", "reelmake")


def _toml_lines(text: str) -> dict[Loc, int]:
    """Return the line on which each name of `[tool.reelmake...]` stands (tomllib does not say).

    What is within an inline table counts as standing where the table's name does.
    """
    lines: dict[Loc, int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(rf"\s*\[\s*({_DOTTED})\s*\]", line):
            place = table = _names(found[1])
        elif found := re.match(rf"\s*({_DOTTED})\s*=", line):
            place = (*table, *_names(found[1]))
        else:
            continue
        for length in range(len(_OURS), len(place) + 1):
            if place[:2] == _OURS:
                lines.setdefault(place[2:length], number)
    return lines


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, dotted))


def _blame(problem: Problem, loc: Loc, private: str) -> Problem:
    """Name the environment variable, or the line of `.env`, where it is what is wrong, and not pyproject.toml."""
    variable = PREFIX + "__".join(map(str, loc)).upper()
    if variable in map(str.upper, os.environ):
        return Problem(variable, 1, problem.what, problem.fix)
    for number, line in enumerate(private.splitlines(), 1):
        if re.match(rf"\s*(export\s+)?{re.escape(variable)}\s*=", line, re.IGNORECASE):
            return Problem(DOTENV, number, problem.what, problem.fix)
    return problem
