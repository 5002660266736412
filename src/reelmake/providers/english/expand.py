"""What is said for one written word: abbreviations, money, times, units, addresses. Pure."""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from reelmake.providers.english import numerals
from reelmake.providers.english.numerals import number

NUM = r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)*|\.\d+)"
SIGN = r"(?:US|CA|AU|NZ|HK|[ACR])?\$|[£€¥₹₩₿]"
HALF = r"[AaPp]\.?[Mm]\.?"
CLOCK = rf"\d{{1,2}}(?::[0-5]\d(?:{HALF})?|{HALF})"
# fmt: off
SYMBOLS = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "%": "percent", "×": "times", "÷": "divided by",
    "±": "plus or minus", "°": "degrees", "≈": "about", "≤": "at most",
    "≥": "at least", "≠": "is not", "#": "number", "¢": "cents", "√": "the root of", "∞": "infinity", "§": "section",
    **{sign: names[1] for sign, names in numerals.MONEY.items()},
}
SHORT = {
    "etc": "etc", "e.g": "for example", "i.e": "that is", "vs": "versus", "w/": "with", "w/o": "without",
    "a.k.a": "also known as", "aka": "also known as", "'n": "and", "C#": "C sharp", "F#": "F sharp",
}
ONLY_ALONE = {"/": "slash", "<": "less than", ">": "greater than"}  # and silent in and/or, <3 and ->
# Short forms that are words too ("no.", "the Sun."): only before a number.
BEFORE_A_NUMBER = {
    "no": "number", "nos": "numbers", "fig": "figure", "ch": "chapter", "vol": "volume", "pp": "pages", "p": "page",
    "pg": "page", "sec": "section", "ep": "episode",
}
MORE_UNITS = {
    "m": ("meter", "meters"), "g": ("gram", "grams"), "l": ("liter", "liters"), "L": ("liter", "liters"),
    "μm": ("micrometer", "micrometers"), "μg": ("microgram", "micrograms"), "in": ("inch", "inches"),
    "h": ("hour", "hours"), "mo": ("month", "months"), "yr": ("year", "years"),
    "USD": ("dollar", "dollars"), "EUR": ("euro", "euros"), "GBP": ("pound", "pounds"),
    "m/s": ("meter per second", "meters per second"), "°": ("degree", "degrees"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
}
# fmt: on
DOTLESS_TITLES = frozenset({"Mr", "Mrs", "Ms", "Dr", "Prof", "St"})
NOT_SHORT = frozenset(
    {"Sun", "Sat", "Mon", "Mar", "Ed", "ed", "eds", "est", "Est", "no", "nos", "fig", "ch", "vol", "Vol"}
)
CLOSES_SENTENCES = frozenset({"etc", "Jr", "Sr", "Inc", "Ltd", "Co", "Corp", "a.m", "p.m", "A.M", "P.M"})
SPACED_LETTERS = re.compile(r"(?:[A-Za-z]{1,2}\.)+[A-Za-z]{1,2}")
LETTER_OR_DIGIT_RUNS = re.compile(rf"[^\W\d_]+(?:'[^\W\d_]+)*|{NUM}")
PIECES = re.compile(r"[^\W_]+(?:[.,'-][^\W_]+)*|[^\w\s]")
DIGITS = frozenset("0123456789.")
JOINED_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)")


class Around(NamedTuple):
    """The words beside a word, without their punctuation ("" at the ends), and whether a dot follows the word."""

    previous: str
    next: str
    dotted: bool


def sounds(core: str) -> bool:
    """Say whether a word has a sound of its own, without spelling it out."""
    return core in ONLY_ALONE or any(char.isalnum() or char in SYMBOLS for char in core)


def keeps_its_dot(core: str, around: Around) -> bool:
    """Say whether the dot after a word belongs to it ("Dr.", "U.S."), so that no sentence ends there."""
    if not around.dotted or not around.next:
        return False
    if core in CLOSES_SENTENCES:
        return not around.next[:1].isupper()
    if len(core) == 1 and core.isupper() and core != "I":
        return around.next[:1].isupper()
    return bool(SPACED_LETTERS.fullmatch(core)) or _short(core, around) != ""


def expand(core: str, around: Around) -> tuple[str, str]:
    """Return what is said for a word, and what must be said after the next one ("$3" before "billion": dollars)."""
    match = re.fullmatch(rf"([-+]?)({SIGN})({NUM})(?:[-–—](?:{SIGN})?({NUM}))?", core)
    if match and around.next.lower() in numerals.SCALE_WORDS:
        until = f" to {number(match[4])}" if match[4] else ""
        return number(match[1] + match[3]) + until, numerals.MONEY[match[2]][1]
    return _words(core, around), ""


def _words(core: str, around: Around) -> str:
    if core in ONLY_ALONE:
        return ONLY_ALONE[core]
    for pattern, rule in RULES:
        match = pattern.fullmatch(core)
        words = rule(match, around) if match else ""
        if words:
            return words
    month = _month(core) if around.next[:1].isdigit() or _is_day(around.previous) else ""
    return month or _short(core, around) or _roman(core, around) or _pieces(core, around)


def _alone(core: str) -> str:
    return _words(core, Around("", "", dotted=False))


def _short(core: str, around: Around) -> str:
    """Say an abbreviation, or return an empty string."""
    from reelmake.providers.english.hibari_parts import ABBREV, TITLES  # noqa: PLC0415

    if core.lower() in BEFORE_A_NUMBER and around.dotted and around.next[:1].isdigit():
        return BEFORE_A_NUMBER[core.lower()]
    if core in SHORT:
        return SHORT[core]
    if core == "St" and around.dotted and around.previous[:1].isupper() and around.previous.isalpha():
        return "Street"
    if core in TITLES and around.next[:1].isupper() and (around.dotted or core in DOTLESS_TITLES):
        return str(TITLES[core])
    if around.dotted and core not in NOT_SHORT:
        return str(ABBREV.get(core + ".", ""))
    return ""


def _month(name: str) -> str:
    """Return the month that a name or its first letters stand for ("Feb", "Sept"), or an empty string."""
    month = numerals.MONTHS.get(name[:3].lower(), "") if name[:1].isupper() else ""
    return month if name == month or name in {month[:3], "Sept"} else ""


def _roman(core: str, around: Around) -> str:
    """Say the Roman numeral of "World War II" and "Henry VIII", or return an empty string."""
    from reelmake.providers.english.hibari_parts import ROMAN_CARDINAL, ROMAN_ORDINAL  # noqa: PLC0415

    if not re.fullmatch(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})", core):
        return ""
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in core]
    total = sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
    if any(name.split()[-1] == around.previous for name in ROMAN_CARDINAL):
        return number(str(total))
    if core != "I" and any(name.split()[-1] == around.previous for name in ROMAN_ORDINAL):
        return "the " + numerals.ordinal(str(total))
    return ""


def _pieces(core: str, around: Around) -> str:
    """Say what no rule knows: split it where a speaker would, and say the pieces and the symbols between them."""
    if core in {"-", "–", "—"}:
        return "to" if around.previous[-1:].isdigit() and around.next[:1].isdigit() else ""
    if re.fullmatch(r"[^\W\d_]+(?:['-][^\W\d_]+)*'?|'[^\W\d_]+", core):
        return core
    if "-" in core and re.search(r"\d|\w\.\w", core):  # COVID-19 and U.S.-based are two words, well-known is one
        return " ".join(filter(None, _hyphenated(core.split("-"))))
    return " ".join(filter(None, (_piece(piece, core) for piece in PIECES.findall(core))))


def _hyphenated(parts: list[str]) -> Iterator[str]:
    """Say the words of a compound ("5-km", "3-year-old"), in which one of a unit stands for all of them."""
    for before, part in pairwise(["", *parts]):
        named = unit(part, "1") if re.fullmatch(NUM, before) and part != "in" else ""
        yield named or _alone(part)


def _piece(piece: str, core: str) -> str:
    if not piece[0].isalnum():
        dash = "—" if piece in "—–" and core.strip("—–") else ""
        return dash or SYMBOLS.get(piece, "")
    if "&" in core and piece.isupper() and piece.isalpha():  # AT&T: without the dots AT is a word
        return ".".join(piece) + "." if len(piece) > 1 else piece
    return _runs(piece) if piece == core else _alone(piece)


def _runs(piece: str) -> str:
    """Say "MP3" as "MP three", "word.Another" as two words."""
    runs = LETTER_OR_DIGIT_RUNS.findall(piece)
    return " ".join(number(run, year=True) if run[0] in DIGITS else "A." if run == "A" else run for run in runs)


def _money(match: re.Match[str], _: Around) -> str:
    minus, sign, amount, scale = match.groups()
    said = "minus " if minus == "-" else ""
    if scale:
        return f"{said}{number(amount)} {numerals.SCALES[scale.lower()]} {numerals.MONEY[sign][1]}"
    return said + numerals.money(sign, amount)


def _unit(match: re.Match[str], _: Around) -> str:
    amount, name = match.groups()
    return f"{number(amount)} {named}" if (named := unit(name, amount)) else ""


def unit(name: str, amount: str) -> str:
    """Return the words for a unit of measure after an amount ("km" after "5": "kilometers"), or an empty string."""
    from reelmake.providers.english.hibari_parts import UNITS  # noqa: PLC0415

    power = {"^2": "square ", "^3": "cubic "}.get(name[-2:], "")
    names = MORE_UNITS.get(name.removesuffix(name[-2:]) if power else name) or UNITS.get(name[:-2] if power else name)
    return power + names[0 if amount in {"1", "-1"} else 1] if names else ""


def _numbered(name: str, text: str) -> str:
    """Say "No.1" and "vol.2", or return an empty string."""
    named = BEFORE_A_NUMBER.get(name.lower())
    return f"{named} {number(text)}" if named else ""


def _unit_alone(match: re.Match[str], around: Around) -> str:
    if not around.previous[-1:].isdigit() or (match[0] == "in" and not around.dotted):
        return ""
    return unit(match[0], around.previous)


def _range(match: re.Match[str], around: Around) -> str:
    first, last = match.groups()
    if first == last and first[-1:].isdigit() and first[0] in DIGITS:
        return f"{number(first)} {number(last)}"
    sign = re.match(SIGN, first)
    if sign:
        first, last = first[sign.end() :], sign[0] + last.removeprefix(sign[0])
    return f"{number(first, year=True)} to {_words(last, around)}"


def _number(match: re.Match[str], around: Around) -> str:
    text = match[0]
    if _month(around.previous) and _is_day(text):
        return numerals.ordinal(text)
    if _month(around.next) and around.next != "May" and _is_day(text):
        return f"the {numerals.ordinal(text)} of"
    if re.fullmatch(r"\d{3}", text) and re.fullmatch(r"\d{3}-\d{4}", around.next):
        return numerals.digits(text)
    counted = unit(around.next, text) != "" or around.next in {"%", "percent", *numerals.SCALE_WORDS}
    return number(text, year=not counted)


def _fraction(match: re.Match[str], around: Around) -> str:
    said = numerals.fraction(match[1], match[2])
    return _and(said) if around.previous.isdigit() and int(match[1]) < int(match[2]) else said


def _and(fraction: str) -> str:
    """Say a fraction after a whole number: "3 1/2" is "three and a half"."""
    return f"and {'a half' if fraction == 'one half' else fraction}"


def _is_day(text: str) -> bool:
    return text.isdigit() and 1 <= int(text) <= numerals.LAST_DAY


def _clock(match: re.Match[str], around: Around) -> str:
    hours, minutes, seconds, half = match.groups()
    if int(hours) > 24 or int(minutes) > 59:  # noqa: PLR2004  not a time of day
        return ""
    follows = bool(half) or re.fullmatch(HALF, around.next) is not None
    said = numerals.clock(hours, minutes, half=follows or bool(seconds))
    if seconds:
        said += f" and {number(seconds.lstrip('0') or '0')} seconds"
    return f"{said} {_half(half)}".strip()


def _hours(match: re.Match[str], _: Around) -> str:
    hours, minutes, named = match.groups()
    said = f"{number(hours)} {unit('h', hours)} {number(minutes)}"
    return f"{said} {unit('min', minutes)}" if named else said


def _each(match: re.Match[str], _: Around) -> str:
    amount, name = match.groups()
    return f"{_alone(amount)} per {unit(name, '1') or name}"


def _power(match: re.Match[str], _: Around) -> str:
    power = {"2": "squared", "3": "cubed"}.get(match[2]) or f"to the power of {number(match[2])}"
    return f"{_alone(match[1])} {power}"


def _half(half: str | None) -> str:
    return f"{half[0].upper()}.M." if half else ""


def _address(match: re.Match[str], _: Around) -> str:
    address = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0]).rstrip("/")
    named = {".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", "+": "plus"}
    parts = re.findall(r"[^\W_]+|[./@_+-]", address)
    return " ".join(named.get(part) or _joined(part) for part in parts)


def _joined(name: str) -> str:
    """Say the words of "BigNews2024" one by one."""
    return " ".join(_alone(part) for part in JOINED_WORDS.split(name) if part)


def _rule(pattern: str, rule: Callable[[re.Match[str], Around], str]) -> tuple[re.Pattern[str], Callable[..., str]]:
    return re.compile(pattern), rule


# The first pattern that matches the whole word, and whose rule has something to say, decides.
RULES = (
    _rule(r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address),
    _rule(r"(?:[\w-]+\.)+(?:com|org|net|edu|gov|io|co|uk|de|fr|info|ca|au|tv|ly|ai|dev|app)(?:/\S*)?", _address),
    _rule(r"@(\w[\w.]*)", lambda match, _: "at " + _joined(match[1])),
    _rule(rf"#({NUM})", lambda match, _: "number " + number(match[1])),
    _rule(r"#(\w+)", lambda match, _: "hashtag " + _joined(match[1])),
    _rule(r"([A-Za-z]+)\.(\d+)", lambda match, _: _numbered(match[1], match[2])),
    _rule(rf"([-+]?)({SIGN})({NUM})([kKmMbBtT]|bn|mn|tn)?", _money),
    _rule(rf"({SIGN})(\d+),(\d\d)", lambda match, _: numerals.money(match[1], f"{match[2]}.{match[3]}")),
    _rule(rf"(\d+),(\d\d)({SIGN})", lambda match, _: numerals.money(match[3], f"{match[1]}.{match[2]}")),
    _rule(
        rf"({NUM})(M|bn|mn|tn|(?<=\.\d)B|(?<=\.\d\d)B)",
        lambda match, _: f"{number(match[1])} {numerals.SCALES[match[2].lower()]}",
    ),
    _rule(rf"({NUM})({SIGN})", lambda match, _: numerals.money(match[2], match[1])),
    _rule(rf"({NUM})¢", lambda match, _: number(match[1]) + (" cent" if match[1] == "1" else " cents")),
    _rule(rf"([-+]?{NUM})%", lambda match, _: number(match[1]) + " percent"),
    _rule(rf"(\d{{1,2}}):([0-5]\d)(?::([0-5]\d))?({HALF})?", _clock),
    _rule(rf"(\d{{1,2}})({HALF})", lambda match, _: f"{number(match[1])} {_half(match[2])}"),
    _rule(HALF, lambda match, around: _half(match[0]) if around.previous[-1:].isdigit() or "." in match[0] else ""),
    _rule(r"(\d+):(\d+)", lambda match, _: f"{number(match[1])} to {number(match[2])}"),
    _rule(r"(\d{4})-(\d\d)-(\d\d)", lambda match, _: numerals.date(*match.groups())),
    _rule(r"(\d{1,2})/(\d{1,2})/(\d{4})", lambda match, _: numerals.date(match[3], match[1], match[2])),
    _rule(r"(?:(?:1-)?\d{3}-)?\d{3}-\d{4}", lambda match, _: ", ".join(map(numerals.digits, match[0].split("-")))),
    _rule(r"(\d{1,3})/(\d{1,3})", _fraction),
    _rule(
        r"(\d+)-(\d{1,2}/\d{1,2})",
        lambda match, _: f"{number(match[1])} {_and(numerals.fraction(*match[2].split('/')))}",
    ),
    _rule(rf"({CLOCK})[-–—](\d\S*)", lambda match, around: f"{_alone(match[1])} to {_words(match[2], around)}"),
    _rule(rf"((?:{SIGN})?{NUM})%?[-–—]((?:{SIGN})?\.?\d\S*)", _range),
    _rule(r"(\d[\d,]*)(?:st|nd|rd|th|ST|ND|RD|TH)", lambda match, _: numerals.ordinal(match[1])),
    _rule(r"(\d+)'?s", lambda match, _: numerals.plural(number(match[1], year=True))),
    _rule(rf"({NUM})[x×]({NUM})", lambda match, _: f"{number(match[1])} by {number(match[2])}"),
    _rule(rf"([-+]?{NUM})((?:[a-zA-Zμ/]+|°[CF]?)(?:\^[23])?)", _unit),
    _rule(r"(?:[a-zA-Zμ/]+|°[CF]?)(?:\^[23])?", _unit_alone),
    _rule(r"(\d+)h(\d{1,2})(m|min)?", _hours),
    _rule(rf"((?:{SIGN})?{NUM}[kKmM%]?)/([A-Za-z]+)", _each),
    _rule(rf"[-+]?{NUM}", _number),
    _rule(r"(.*\w)\^(-?\d+)", _power),
    _rule(SPACED_LETTERS.pattern, lambda match, around: _short(match[0], around) or match[0] + "."),
)
