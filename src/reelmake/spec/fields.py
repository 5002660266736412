"""How single values of specs are written: names, texts, paths, sizes, rates. Each raises Wrong for an invalid value."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from reelmake.layout.timeline import FRAME_RATES
from reelmake.spec.problems import Wrong, form, shown

MAX_NAME_CHARACTERS: Final = 64
NAME = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{MAX_NAME_CHARACTERS - 1}}}")
LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
MAX_LINES: Final = 200
MAX_TEXT_CHARACTERS: Final = 2000

_LETTERS: Final = "lower-case letters, digits, - and _"


def name_problem(name: str, whose: str) -> Wrong | None:
    """Say why a file cannot have a name, and which characters it may have; None when it can."""
    if NAME.fullmatch(name):
        return None
    is_long = NAME.fullmatch(name[:MAX_NAME_CHARACTERS]) is not None
    most = f"at most {MAX_NAME_CHARACTERS} " if is_long else ""
    return Wrong(f"{shown(name)} cannot be {whose}'s name", f"{most}{_LETTERS}")


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT_CHARACTERS)]
Name = Annotated[
    str,
    StringConstraints(pattern=rf"^{NAME.pattern}$"),
    form(NAME.pattern, "is not a name of a file in characters/", "write lower-case letters, digits, - and _"),
]
# What is often written for a language: the code of a country.
_COUNTRIES: Final = {"cn": "zh", "cz": "cs", "dk": "da", "gb": "en", "gr": "el", "jp": "ja", "ua": "uk", "us": "en"}
_NO_LANGUAGES: Final = ("mis", "mul", "und", "zxx")


@cache
def tag_problem(tag: str) -> Wrong | None:
    """Say what is wrong with a language tag, such as that it is made up; None for one that the registry knows."""
    if not LANGUAGE.fullmatch(tag):
        return Wrong(f"{shown(tag)} is not a language tag", "write one such as en, en-GB or ja")
    if tag == "en":
        return None  # nearly always; the registry of the others is slow to load
    import langcodes  # noqa: PLC0415

    language = tag.partition("-")[0]
    if language not in _NO_LANGUAGES and langcodes.tag_is_valid(tag):
        return None
    meant = _COUNTRIES.get(language)
    fix = f"did you mean {meant!r}?" if meant else "write one such as en, en-GB, ja or zh-TW"
    return Wrong(f"{shown(tag)} is no language that is registered (BCP 47)", fix)


def _registered(tag: object) -> object:
    if isinstance(tag, str) and (wrong := tag_problem(tag)):
        raise wrong
    return tag


Tag = Annotated[
    str,
    StringConstraints(pattern=f"^{LANGUAGE.pattern}$"),
    BeforeValidator(_registered),
]


def _no_answer(value: object) -> object:
    if isinstance(value, bool):  # Python's own are numbers
        raise Wrong(f"{str(value).lower()} is not a number", "write a whole one, such as 8")
    return value


LineCount = Annotated[int, Field(ge=1, le=MAX_LINES), BeforeValidator(_no_answer)]
TakeNumber = Annotated[int, Field(ge=1, le=9999), BeforeValidator(_no_answer)]
Seconds = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]


def inside(path: str) -> str:
    """Return a path that stays in the project; raises Wrong."""
    disk = re.match(r"/|~|file:|[A-Za-z]:[\\/]|\\\\", path)
    if disk and not path.startswith("//"):
        raise Wrong(
            f"{shown(path)} leaves the project: it is on your disk", "copy it into the project, and name it from there"
        )
    if re.match(r"[A-Za-z][\w+.-]*:/|//|www\.", path):
        raise Wrong(f"{shown(path)} is an address", "download it into the project, and name it from there")
    if path.startswith("data:"):
        raise Wrong(f"{shown(path)} is no path", "save it as a file in the project, and name that")
    if ".." in re.split(r"[/\\]", path):
        raise Wrong(f"{shown(path)} leaves the project", "copy the file into the project and name it from there")
    if re.search(r"[\t\n\r]", path):
        raise Wrong(
            f"{shown(path)} holds a control character: a \\ in double quotes begins an escape", "use / in paths"
        )
    if "\\" in path:
        raise Wrong(f"{shown(path)} is not a plain path", "write it with forward slashes, such as assets/calm.ogg")
    if ":" in path:
        raise Wrong(f"{shown(path)} holds a colon", "rename it, without the colon")
    return path


InnerPath = Annotated[Text, AfterValidator(inside)]  # after the spaces around it are gone


def is_inside(path: str) -> bool:
    """Say whether a path stays in the project, by its form alone."""
    try:
        return bool(inside(path))
    except Wrong:
        return False


def _even(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    if width % 2 or height % 2:
        raise Wrong("has an odd side", "write two even numbers, such as 1080x1920")
    if not 144 <= width <= 2160 or not 256 <= height <= 3840:  # noqa: PLR2004 (said in the message)
        raise Wrong("is not a size that can be made", "write one from 144x256 to 2160x3840")
    if not 5 * width <= 4 * height <= 10 * width:
        raise Wrong("is not upright", "write one between 4:5 and 2:5, such as 1080x1920")
    return size


def size_of(value: object) -> tuple[int, int]:
    """Return width and height, of `1080x1920` or a pair; raises Wrong."""
    sides = re.split(r"\s*x\s*", value.strip()) if isinstance(value, str) else value
    if not isinstance(sides, tuple | list) or len(sides) != 2 or not all(map(_is_whole, sides)):  # noqa: PLR2004
        raise Wrong(f"{shown(value)} is not a size".lstrip(), "write WIDTHxHEIGHT, such as 1080x1920")
    return _even((int(sides[0]), int(sides[1])))


def _is_whole(value: object) -> bool:
    return isinstance(value, int | str) and re.fullmatch("[0-9]{1,12}", str(value)) is not None


def rate_of(value: object) -> object:
    """Return a number of frames a second that is written as text; any other value as it is."""
    return int(value) if isinstance(value, str) and value in map(str, FRAME_RATES) else value
