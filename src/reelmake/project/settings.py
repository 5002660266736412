"""Settings: of a team (`[tool.reelmake]` in pyproject.toml), and of a machine (environment and `.env`).

Any shared value can be overridden by `REELMAKE_<NAME>`, nested names with `__`: `REELMAKE_LIMITS__CPU=4`.

Unknown names in our own table and in `.env` are mistakes. In the environment, which other
programs share, only names that look like one of ours are: a variable without effect must not look as if it had one.
"""

from __future__ import annotations

import io
import logging
import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin
from urllib.parse import unquote

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from reelmake.core.errors import InputError, Problem
from reelmake.core.logging import protect
from reelmake.project.files import read_text
from reelmake.providers.prices import Price, Usd
from reelmake.spec.fields import InnerPath, Name, Text
from reelmake.spec.model import MAX_CAST, Background, Performer, Pronounce, Publish, Reel
from reelmake.spec.problems import Record, Wrong, add_problems, closest
from reelmake.spec.yaml_source import Loc, Source

if TYPE_CHECKING:
    from dotenv.parser import Binding


PREFIX = "REELMAKE_"
PYPROJECT = "pyproject.toml"
BOM = "\ufeff"
DOTENV = ".env"


OFFLINE = Performer(provider="offline")
_PROXY = re.compile(r"(socks5h?|https?)://([^\s/?#@]*@)?(\[[\da-fA-F:.]+\]|[^\s/?#@:\[\]]+):\d{1,5}/?")


def _proxy(value: object) -> object:
    if isinstance(value, str) and not _PROXY.fullmatch(value):
        # its value is not shown: there may be a password in it
        raise Wrong("is not the address of a proxy", "write one such as socks5h://user:password@localhost:1080")
    return value


Proxy = Annotated[str, BeforeValidator(_proxy)]


_S3_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[\w.-]+)*/?")


def _store_url(value: object) -> object:
    if value == "":  # no shared store, even when pyproject.toml names one
        return None
    if isinstance(value, str) and not _S3_URL.fullmatch(value):
        raise Wrong(
            "is not a bucket", "write s3://bucket, or s3://bucket/prefix; keys belong into variables of their own"
        )
    return value


def _budget(value: object) -> object:
    if value == "":  # none, even when pyproject.toml has one
        return None
    if value is not None and not isinstance(value, (dict, BaseModel)):
        raise Wrong("is no table of an amount and a time", 'write {usd = 20, per = "month"}')
    return value


def _several(value: object) -> object:
    """Let a variable name several, with commas between them."""
    return [name for name in re.split(r"[\s,]+", value) if name] if isinstance(value, str) else value


class Providers(Record):
    """Who performs what. Setting a key never switches a provider on; naming it here does."""

    script: Performer = Field(OFFLINE, description="Who writes scripts from topics: a name, or a table with options.")
    voice: Performer = Field(OFFLINE, description="Who speaks the lines: a name, or a table with options.")
    image: Performer = Field(OFFLINE, description="Who draws the pictures: a name, or a table with options.")


class Allowance(Record):
    """What all builds together may spend in a day, a week or a month."""

    usd: Usd = Field(
        description="What all builds may spend in that time, in US dollars, by the receipts of the store; "
        "an empty `REELMAKE_BUDGET` is no budget."
    )
    per: Literal["day", "week", "month"] = Field(
        "month", description="In which time, in UTC: a week begins on Monday, a month on its first day."
    )


class Settings(Record):
    """Everything that can be set for a project."""

    providers: Providers = Field(Providers(), description="Who performs scripts, voices and images.")
    limits: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        {},
        description="How many steps run at once in each pool: `cpu`, or a provider's own pool. "
        "In a variable `_` stands for the `-` of a pool's name, too.",
    )
    per_minute: dict[str, Annotated[int, Field(ge=1, le=100_000)]] = Field(
        {}, description="How many requests a minute each pool makes at most."
    )
    timeout_seconds: dict[str, Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]] = Field(
        {}, description="How long a request of each pool may take; by default, what its vendor needs at worst."
    )
    retry_seconds: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = Field(
        1.0,
        description="How long to wait before a request to a busy vendor is sent again, at first; doubles each time.",
    )
    cap_usd: Usd | None = Field(
        None, description="What one build may spend at most, in US dollars. Without it, there is no cap."
    )
    budget: Annotated[Allowance | None, BeforeValidator(_budget)] = Field(
        None, description='What all builds may spend in a day, week or month: `{usd = 20, per = "month"}`.'
    )
    prices: dict[str, Price] = Field(
        {}, description="What models cost that reelmake has no price for, or another one: by the model's name."
    )
    proxy: Proxy | None = Field(
        None, description="Through which every call goes out, such as `socks5h://localhost:1080`; none goes past it."
    )
    log_json: bool = Field(False, description="Whether logs are lines of JSON.")
    reel: Reel = Field(Reel(), description="The video format that episodes start from.")
    publish: Publish = Field(
        Publish(), description="Where finished videos are published, by the commands that publish."
    )
    pronounce: Pronounce = Field(
        {},
        description='How words are said that voices say wrong, such as `nginx = "engine x"`; a character or an '
        "episode may say otherwise.",
    )
    style: Text | None = Field(None, description="How all pictures look, in episodes that do not say.")
    background: Background | None = Field(
        None, description="What moves behind episodes that do not say; `background: none` is none."
    )
    music: InnerPath | None = Field(
        None, description="The sound under episodes that do not say; `music: none` is none."
    )
    cast: Annotated[Annotated[list[Name], Field(max_length=MAX_CAST)] | None, BeforeValidator(_several)] = Field(
        None, description="Who is on screen in episodes that do not say."
    )
    store: InnerPath = Field(
        ".reelmake/store", description="The folder of receipts and blobs, from the project's folder."
    )
    store_url: Annotated[str | None, BeforeValidator(_store_url)] = Field(
        None,
        description="The store that machines share, behind the folder: `s3://bucket/prefix`, on any S3 API. "
        "Its endpoint and keys are variables: `S3_ENDPOINT_URL` and others. An empty variable is none.",
    )
    store_mode: Literal["write", "read"] = Field(
        "write", description="`read` uses the shared store and puts nothing into it: for builds that are not trusted."
    )
    store_required: bool = Field(
        False, description="Whether a shared store that cannot be reached ends a build, which else goes on without it."
    )
    ffmpeg: str | None = Field(
        None, description="Another ffmpeg than the one that is installed along: its path, from the project's folder."
    )


HOUSE = ("style", "background", "music", "cast")  # what an episode that does not say it takes from the settings


class _Variables(Settings, BaseSettings):
    """The settings as variables name them, for the sources of pydantic-settings."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        dotenv_filtering="match_prefix",  # .env holds the vendors' keys too, which are none of ours
        enable_decoding=False,  # a variable is text, and not JSON: 720x1280 is a size
    )


def load_settings(root: Path) -> Settings:
    """Read the settings of the project in `root`; raises InputError with every mistake in them."""
    text, written = _text(root, PYPROJECT), _text(root, DOTENV)  # raises before a library opens either
    protect(secrets_of(root))  # before a message can show any of them
    shared = _shared(text)
    _check_size(written)
    in_file = DotEnvSettingsSource(_Variables, root / DOTENV, "utf-8-sig")
    merged = _merged(shared, _set_by(in_file), _set_by(EnvSettingsSource(_Variables)))
    for layer in (shared, merged):  # a proxy in `.env` may be made of other variables
        protect(_passwords(str(layer.get("proxy") or "")))
    problems = [*_mistyped_variables(), *_unread_lines(written)]
    settings = None
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        source = Source(PYPROJECT, shared, _toml_lines(text))
        add_problems(error, Settings, source)
        found = zip(source.problems, error.errors(), strict=True)
        for problem, item in islice(found, _MOST_PROBLEMS):  # each is looked for in all files
            loc = item["loc"][:-1] if item["type"] == "missing" else item["loc"]  # the table that lacks it
            problems.append(mistake(root, loc, problem.what, problem.fix))
    if problems or settings is None:
        raise InputError(tuple(sorted(problems)))
    return settings


def _set_by(source: EnvSettingsSource) -> dict[str, Any]:
    """Return the settings in our variables, nested as in pyproject.toml; each value is text."""
    kinds = [f"{PREFIX}providers__{kind}".lower() for kind in Providers.model_fields]
    with_options = {kind for kind in kinds if any(name.startswith(f"{kind}__") for name in source.env_vars)}
    source.env_vars = {
        f"{name}__provider" if name in with_options else name: value
        for name, value in source.env_vars.items()
        if value is not None
    }
    return source()


def _merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay settings over one another, also within their tables: the last one wins.

    A table adds to a provider that was named before it. Over any other text it is left out: that text is a mistake,
    which is reported, and the table must not hide it.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            below = merged.get(name, {})
            if isinstance(value, dict) and not isinstance(below, dict):
                if not isinstance(below, str) or name not in Providers.model_fields:
                    continue
                below = {"provider": below}
            merged[name] = _merged(below, value) if isinstance(value, dict) else value
    return merged


OF_POOLS = ("limits", "per_minute", "timeout_seconds")  # settings that are given for each pool


def settings_of_pools(
    root: Path, settings: Settings, pools: Collection[str]
) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Return the settings of pools (setting -> pool -> value), and the mistakes: names that no pool has.

    Shells take no `-` in a variable's name, and capitals mean nothing in it.
    """
    by_variable = {pool.lower().replace("-", "_"): pool for pool in sorted(pools)}
    found: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for setting in OF_POOLS:
        plain: dict[str, Any] = {}
        overriding: dict[str, Any] = {}
        for name, value in getattr(settings, setting).items():
            if name in pools:
                plain[name] = value
            elif name in by_variable and mistake(root, (setting, name), "", "").file != PYPROJECT:
                overriding[by_variable[name]] = value
            else:
                close = closest(name, pools)
                fix = f"did you mean {close!r}?" if close else f"remove it; the pools are {', '.join(sorted(pools))}"
                problems.append(mistake(root, (setting, name), f"{setting}: there is no pool {name!r}", fix))
        found[setting] = {**plain, **overriding}
    return found, problems


def variables(root: Path) -> Callable[[str], str | None]:
    """Return a lookup of variables by name: in the environment first, then in the project's `.env`."""
    written = _dotenv(root)
    return lambda name: os.environ.get(name) or written.get(name) or None


def secrets_of(root: Path) -> list[str]:
    """Return all values that must not be shown: of variables whose names say so, and the proxy's password."""
    values = {**_dotenv(root), **os.environ}
    found = {value for name, value in values.items() if value and _SECRET.search(name.upper())}
    found |= {part.strip() for value in found for part in (value, value.partition(":")[2])}  # as it is sent
    found |= _passwords(values.get(f"{PREFIX}PROXY") or "")
    return _no_words(found)


def _passwords(proxy: str) -> set[str]:
    """Return the password in the address of a proxy, as it is written and with its escapes decoded."""
    password = re.match(r"\w+://(?:[^@/]*:)?([^@/]*)@", proxy)
    return set(_no_words({password[1], unquote(password[1])})) if password else set()


def _no_words(secrets: Collection[str]) -> list[str]:
    """Return those that are so long that no word looks like them: to hide others would make messages unreadable."""
    return [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]


_SECRET = re.compile("KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")
_SHORTEST_SECRET = 6


def _dotenv(root: Path) -> dict[str, str | None]:
    """Return the variables in `.env`; `${NAME}` is taken as plain text, since it may be part of a key."""
    from dotenv import dotenv_values  # noqa: PLC0415

    logging.getLogger("dotenv.main").disabled = True  # `_unread_lines` reports the same lines, with their numbers
    return dotenv_values(stream=io.StringIO(_text(root, DOTENV)), interpolate=False)


def mistake(root: Path, loc: Loc, what: str, fix: str) -> Problem:
    """Return a mistake in a setting, where it was set: a variable, a line of `.env`, or one of pyproject.toml."""
    own, *wider = (PREFIX + "__".join(map(str, loc[:length])).upper() for length in range(len(loc), 0, -1))
    of_it = re.compile(rf"{re.escape(own)}(__\w+)?|{'|'.join(map(re.escape, [own, *wider]))}")
    set_at = {row.key.upper(): (DOTENV, line) for row, line in _rows(_text(root, DOTENV)) if row.key}
    set_at |= {name.upper(): (name.upper(), 1) for name in os.environ}

    def likeness(name: str) -> tuple[bool, bool, int]:
        return name == own, set_at[name][0] != DOTENV, len(name)

    if found := max(filter(of_it.fullmatch, set_at), key=likeness, default=""):
        return Problem(*set_at[found], what, fix)
    return Problem(PYPROJECT, Source(PYPROJECT, lines=_toml_lines(_text(root, PYPROJECT))).line(loc), what, fix)


def _mistyped_variables() -> Iterator[Problem]:
    """Find variables that look like ours and are not, such as REELMAKE_REEL_SIZE."""
    known = list(_variables(Settings))
    for name in sorted(os.environ):
        rest = name.upper().removeprefix(PREFIX)
        setting, below, _ = rest.partition("__")
        field = Settings.model_fields.get(setting.lower())
        if rest == name.upper() or (field and (_is_table(field.annotation) or not below)):
            continue
        pool = re.fullmatch(r"LIMITS?_+(\w+)", rest)
        if field:
            yield Problem(name, 1, f"{setting.lower()} is no table", f"did you mean {PREFIX}{setting}?")
        elif close := f"LIMITS__{pool[1]}" if pool else closest(rest, known, _LIKE_OURS):
            yield Problem(name, 1, "no setting has this name", f"did you mean {PREFIX}{close}?")


def _unread_lines(written: str) -> Iterator[Problem]:
    """Find lines of `.env` that set nothing: a cap that is written there must not look as if it were in force."""
    for row, line in _rows(written):
        is_ours = row.key is not None and row.key.upper().startswith(PREFIX) and row.value is None
        if row.error or is_ours:
            what = "this sets nothing" if row.error else f"{row.key} has no value"
            fix = "write NAME=value, with quotes around a value that holds spaces, or remove the line"
            yield Problem(DOTENV, line, what, fix)


def _rows(written: str) -> Iterator[tuple[Binding, int]]:
    """Yield each binding that python-dotenv parses in `.env`, with its line number."""
    if not written:
        return
    from dotenv.parser import parse_stream  # noqa: PLC0415

    for row in parse_stream(io.StringIO(written)):
        text = row.original.string
        yield row, row.original.line + text[: len(text) - len(text.lstrip())].count("\n")  # after empty lines


_LIKE_OURS = 0.75  # STOER and STORES are as like as this to STORE; STORE_PLACE, which would be something else, is not


def _is_table(kind: Any) -> bool:
    return get_origin(kind) is dict or _table(kind) is not None


def _table(kind: Any) -> type[BaseModel] | None:
    """Return the record that a setting is, or may be."""
    of = (kind, *get_args(kind)) if get_origin(kind) in {None, UnionType} else ()
    return next((one for one in of if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _variables(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the variable of each setting and each table, without the common prefix."""
    for name, field in model.model_fields.items():
        yield prefix + name.upper()
        if table := _table(field.annotation):
            yield from _variables(table, f"{prefix}{name.upper()}__")


def _text(root: Path, file: str) -> str:
    """Return the text of a file of settings, "" when there is none; raises InputError when it cannot be used."""
    if not os.path.lexists(root / file):
        return ""
    text = read_text(root, file, "settings are some lines of text: shorten it")
    if len(text) > _MOST_CHARACTERS:
        what = f"the file is larger than {_MOST_CHARACTERS // 1000} kB"
        raise InputError((Problem(file, 1, what, "settings are some lines of text: shorten it"),))
    with (root / file).open("rb") as opened:
        return BOM + text if file == PYPROJECT and opened.read(len(BOM.encode())) == BOM.encode() else text


_MOST_CHARACTERS = 100_000


_MOST_PROBLEMS = 100
_MOST_REFERENCES = 16  # each may double what stands before it
_MOST_TABLES = 8


def _check_size(written: str) -> None:
    """Refuse a `.env` that a library would make gigabytes of: by references to itself, or by tables in tables."""
    for row, line in _rows(written):
        if (row.key or "").count("__") > _MOST_TABLES:
            raise InputError((Problem(DOTENV, line, "a name here is nested too deeply", "shorten it"),))
    if written.count("${") > _MOST_REFERENCES:
        what = f"there are more than {_MOST_REFERENCES} references such as ${{NAME}} in this file"
        raise InputError((Problem(DOTENV, 1, what, "write out what they stand for"),))


# tomllib takes minutes for a name of many thousand parts.
_LONG_NAME = re.compile(r"(?<![^\s={[,])(?:[^\s.={[,]++[ \t]*+\.[ \t]*+){30}")


def _check_shown(shown: str) -> None:
    if "\\x00" in shown:
        raise ValueError("a text here holds the character NUL")


def _shared(text: str) -> dict[str, Any]:
    """Return the table `[tool.reelmake]`."""
    if text.startswith(BOM):
        what = "the file begins with an invisible byte order mark, and doit cannot read it"
        raise InputError((Problem(PYPROJECT, 1, what, "save it as UTF-8 without BOM"),))
    if found := _LONG_NAME.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError((Problem(PYPROJECT, line, "a name here has more than 30 parts", "shorten it"),))
    try:
        here: Any = tomllib.loads(text)
        _check_shown(repr(here))  # repr raises for a number of thousands of digits, which no message could show
    except (ValueError, RecursionError) as error:
        last = len(text.splitlines())  # it is the end of the document that came too soon
        line = int(match[1]) if (match := re.search(r"line (\d+)", str(error))) else last
        raise InputError((Problem(PYPROJECT, line, f"not valid TOML: {error}", "mend it there"),)) from None
    for name in ("tool", "reelmake"):
        here = here.get(name, {})
        if not isinstance(here, dict):
            line = next((at for at, found in enumerate(text.splitlines(), 1) if name in found), 1)
            raise InputError((Problem(PYPROJECT, line, f"{name!r} is not a table", "write [tool.reelmake]"),))
    return dict(here)


_KEY = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_OURS = ("tool", "reelmake")


def _toml_lines(text: str) -> dict[Loc, int]:
    """Return the line on which each name of `[tool.reelmake...]` stands (tomllib does not say).

    Names in an inline table have the line of the table's name.
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
