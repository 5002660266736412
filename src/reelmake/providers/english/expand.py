"""What is said for one written word: abbreviations, money, times, units, addresses. Pure."""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from reelmake.providers.english import numerals
from reelmake.providers.english.context import (
    COUNTED,
    SECONDS_OF,
    Around,
    age,
    is_decade,
    is_minutes,
)
from reelmake.providers.english.numerals import number

NUM = r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)*|\.\d+)"
SIGN = "|".join(sorted(map(re.escape, numerals.MONEY), key=len, reverse=True))
HALF = r"[AaPp]\.?[Mm]\.?"
UNIT = r"(?:[^\W\d_]|°)(?:[^\W_]|\^[23]|[/·*⋅](?=[^\W\d_]))*"
CODE = "|".join(code for code in numerals.CODES if code not in {"zł", "zl", "Kč", "kr"})
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
    "WWI": "World War one", "WWII": "World War two", "Ω": "ohms",
}
ONLY_ALONE = {"/": "slash", "<": "less than", ">": "greater than"}  # and silent in and/or, <3 and ->
# Short forms that are words too ("no.", "the Sun."): only before a number.
BEFORE_A_NUMBER = {
    "no": "number", "nos": "numbers", "fig": "figure", "ch": "chapter", "vol": "volume", "pp": "pages", "p": "page",
    "pg": "page", "sec": "section", "ep": "episode", "ext": "extension",
}
# What is counted with Roman numerals, besides what hibari knows: "part two", and not "Part the second".
COUNTED_IN_ROMAN = frozenset({
    "Auto", "Diablo", "Civilization", "Saturn", "Rambo", "Warcraft", "Doom", "Fighter", "Fantasy", "Souls", "Kart",
    "Falcon", "Titan", "Vatican", "Schedule", "Table", "Figure", "Appendix", "Title", "Annex", "Division", "Group",
    "Category", "Region", "Zone", "Team", "Model", "Series", "Season", "Tier", "Quest", "Persona", "War", "Wars",
    "Bowl", "Olympiad", "Page", "Vol", "Godfather", "Saw", "Kombat", "Cry", "Effect", "Duty", "Empires", "Trial",
    "Plan", "Step", "Lesson", "Unit", "Canto", "Verse", "Factor", "Tome", "Movement", "Symphony", "Sonata", "Sputnik",
    "Trek",
})
ORDERED_IN_ROMAN = frozenset({
    "century", "centuries", "dynasty", "olympiad", "olympic", "olympics", "congress", "corps", "legion", "amendment",
    "edition", "anniversary", "millennium", "parliament", "arrondissement",
})
NO_NAMES = frozenset({
    "The", "A", "An", "This", "That", "These", "Those", "My", "Your", "His", "Her", "Our", "Their", "Its", "In", "On",
    "At", "And", "But", "Or", "If", "When", "So", "With", "No", "Some", "Take", "Get", "Size", "For", "From", "To",
    "By", "Of", "As", "Is", "Was", "Are", "I", "We", "You", "He", "She", "It", "They", "What", "Which", "Why", "How",
    "Give", "Use", "Start", "Need", "Via", "Per", "Not", "Even", "Then", "Now", "Letter", "Vitamin", "Hepatitis",
})
NO_NUMERALS = frozenset({"XL", "LI", "LV", "XX", "XXX", "XXL", "IL", "LL"})
MORE_UNITS = {
    "m": ("meter", "meters"), "g": ("gram", "grams"), "l": ("liter", "liters"), "L": ("liter", "liters"),
    "μm": ("micrometer", "micrometers"), "μg": ("microgram", "micrograms"), "in": ("inch", "inches"),
    "h": ("hour", "hours"), "mo": ("month", "months"), "yr": ("year", "years"),
    "°": ("degree", "degrees"), "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "s": ("second", "seconds"), "t": ("ton", "tons"),
    "N": ("newton", "newtons"), "J": ("joule", "joules"), "W": ("watt", "watts"), "V": ("volt", "volts"),
    "Ω": ("ohm", "ohms"), "dB": ("decibel", "decibels"), "dBA": ("decibel", "decibels"), "bar": ("bar", "bar"),
    "mmHg": ("millimeter of mercury", "millimeters of mercury"),
    "psi": ("pound per square inch", "pounds per square inch"),
    "rpm": ("revolution per minute", "revolutions per minute"), "bpm": ("beat per minute", "beats per minute"),
    "kcal": ("kilocalorie", "kilocalories"), "cal": ("calorie", "calories"), "ha": ("hectare", "hectares"),
    "px": ("pixel", "pixels"), "kB": ("kilobyte", "kilobytes"), "PB": ("petabyte", "petabytes"), "lx": ("lux", "lux"),
    "lm": ("lumen", "lumens"), "mol": ("mole", "moles"), "Hz": ("hertz", "hertz"), "Wh": ("watt hour", "watt hours"),
    "Ah": ("amp hour", "amp hours"), "eV": ("electronvolt", "electronvolts"), "Pa": ("pascal", "pascals"),
    "bit": ("bit", "bits"), "Nm": ("newton meter", "newton meters"), "bps": ("bit per second", "bits per second"),
    "d": ("day", "days"), "wk": ("week", "weeks"), "gal": ("gallon", "gallons"),
    "°K": ("kelvin", "kelvin"), "kn": ("knot", "knots"), "ppm": ("part per million", "parts per million"),
    "IU": ("international unit", "international units"), "mEq": ("milliequivalent", "milliequivalents"),
    **numerals.CODES,
}
PREFIXES = {
    "k": "kilo", "M": "mega", "G": "giga", "T": "tera", "m": "milli", "μ": "micro", "n": "nano", "p": "pico",
    "c": "centi", "d": "deci", "h": "hecto",
}
PREFIXED = frozenset({"m", "g", "l", "L", "s", "N", "J", "W", "V", "Ω", "Pa", "Hz", "mol", "Wh", "Ah", "eV", "bar",
                      "cal", "bps", "t", "A", "bit"})
ONLY_IN_COMPOUNDS = {"A": ("amp", "amps"), "K": ("kelvin", "kelvin"), "C": ("coulomb", "coulombs")}
LENGTHS = ("m", "ft", "in", "mi", "yd")
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
    match = re.fullmatch(r"([-+]?\d[\d,]*)\.(\d\d)", core)  # "3.50 euros": three euros fifty
    if match and around.next in numerals.MONEY_WORDS and not around.closing and int(match[1].replace(",", "")):
        return number(match[1]), number(str(int(match[2]))) if int(match[2]) else ""
    match = re.fullmatch(rf"({NUM})([A-Za-z]+)", core)  # "USD 20 million", as one amount
    if match and match[2] in numerals.CODES and around.next.lower() in numerals.SCALE_WORDS:
        return number(match[1]), numerals.CODES[match[2]][1]
    return _words(core, around), ""


def _words(core: str, around: Around) -> str:
    if core in ONLY_ALONE:
        return ONLY_ALONE[core]
    if core in numerals.MONEY and re.fullmatch(NUM, around.previous) and not around.joined:
        return numerals.MONEY[core][around.previous != "1"]
    if said := age(core, around) or _roman(core, around):
        return said
    for pattern, rule in RULES:
        match = pattern.fullmatch(core)
        words = rule(match, around) if match else ""
        if words:
            return words
    month = _month(core) if around.next[:1].isdigit() or _is_day(around.previous) else ""
    return month or _short(core, around) or _pieces(core, around)


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


def _roman(core: str, around: Around) -> str:  # noqa: PLR0911 (a case each)
    """Say the Roman numeral of "World War II" and "Henry VIII", or return an empty string."""
    core, mark, owner = core.partition("'s")
    ending = "'s" if mark and not owner else ""
    after_and = around.previous in {"and", "or", "to", "through", "&"} and len(around.before) > 1
    if after_and and numerals.roman(around.before[-2].upper()) and numerals.roman(core):  # Parts I and II
        before = [*around.before[:-2]]
        return _roman(core + ending, around._replace(previous=before[-1] if before else "", before=before))
    if first := re.fullmatch(r"([IVXL]+)[-–—]([IVXL]+)", core):
        parts = [_roman(part, around) for part in first.groups()]
        return " to ".join(parts) if all(parts) else ""
    if re.fullmatch(r"[IVXL]+(?:th|st|nd|rd)", core) and (value := numerals.roman(core[:-2])):
        return numerals.ordinal(str(value))
    if not (value := numerals.roman(core)):
        small = re.fullmatch("[ivx]{2,}", core) and numerals.roman(core.upper())
        return number(str(small)) if small and _is_counted_in_roman(around.previous.lower()) else ""
    if around.next.lower().removesuffix("'s") in ORDERED_IN_ROMAN and not around.closing.strip("."):
        return ("" if around.previous.lower() in _DETERMINERS else "the ") + numerals.ordinal(str(value))
    follows = around.next in {"and", "to", "or", "&"} and len(around.after) > 2 and not around.closing  # noqa: PLR2004
    if follows and around.after[2].lower() in ORDERED_IN_ROMAN and numerals.roman(around.after[1]):
        article = "" if around.previous.lower() in _DETERMINERS else "the "
        return article + numerals.ordinal(str(value))  # XVIII and XIX centuries
    if around.joined.strip("."):
        return ""
    if _is_counted_in_roman(around.previous) and (around.previous.title() == "Bowl" or core not in {*"CDLM"}):
        return number(str(value)) + ending
    if _is_of_a_name(core, around):
        return f"the {numerals.ordinal(str(value))}{ending}"
    return ""


_DETERMINERS = frozenset(
    {"the", "this", "that", "a", "an", "his", "her", "our", "their", "its", "early", "late", "mid"}
)


def _is_counted_in_roman(name: str) -> bool:
    """Say whether a number follows a name as one of several: "Part", "Super Bowl"."""
    from reelmake.providers.english.hibari_parts import ROMAN_CARDINAL  # noqa: PLC0415

    known = {known.split()[-1] for known in ROMAN_CARDINAL} | COUNTED_IN_ROMAN | {"page", "pages", "vol"}
    forms = {name, name.removesuffix("s"), *((name.title(), name.title().removesuffix("s")) if name.isupper() else ())}
    return not forms.isdisjoint(known)


def _is_of_a_name(core: str, around: Around) -> bool:
    """Say whether a Roman numeral of two letters or more follows the name of a person, a ship or the like."""
    from reelmake.providers.english.hibari_parts import ROMAN_ORDINAL  # noqa: PLC0415

    name = around.previous.title() if around.previous.isupper() else around.previous
    known = any(one.split()[-1] == name for one in ROMAN_ORDINAL)
    if core == "I":
        return known and around.next in {"of", "ruled", "reigned", "died"}
    if known:
        return not set(core) & set("CDM")
    is_name = re.fullmatch(r"[^\W\d_]+(?:['-][^\W\d_]+)*", name) is not None and name[0].isupper() and len(name) > 2  # noqa: PLR2004
    if not is_name or name in NO_NAMES or around.previous.isupper() or core in NO_NUMERALS or set(core) & set("CDM"):
        return False
    if core == "IV" and around.next.lower() in {"drip", "fluid", "fluids", "line", "bag", "therapy", "antibiotics"}:
        return False
    return len(core) > 1


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
        yield named or _words(part, Around(before if re.fullmatch(r"\d+s", part) else "", "", dotted=False))


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


def _coded(amount: str, code: str) -> str:
    """Say "5.50 EUR", written as one word."""
    whole, _, part = amount.partition(".")
    names = numerals.CODES[code]
    if len(part) == 2 and int(whole.replace(",", "") or 0):  # noqa: PLR2004
        return f"{number(whole)} {names[whole != '1']} {number(str(int(part))) if int(part) else ''}".strip()
    return f"{number(amount)} {names[amount != '1']}"


def _glued_age(match: re.Match[str], around: Around) -> str:
    """Say "wife(30F)", or return an empty string."""
    said = age(match[2], around._replace(previous=match[1], opening="(", closing=")"))
    return said and f"{match[1]} {said}"


def _money_after_minus(match: re.Match[str]) -> str:
    return _alone(f"-{match[1]}{match[3]}{match[4] or ''}")


def _unit(match: re.Match[str], around: Around) -> str:
    amount, name = match.groups()
    if name in numerals.CODES:
        return _coded(amount, name)
    if name == "m" and (around.next.lower() in COUNTED or is_minutes(around)):
        if not is_minutes(around):
            return f"{number(amount)} million"
        name = "min"
    if name in {"V", "W", "J", "N", "t"} and around.previous.lower() in _PLACES:
        return ""  # Room 12V
    beside = (*around.before, *around.after)
    electric = any(re.fullmatch(r"\d[\d.]*[kmM]?[VW]h?|[kmM]?[VW]", word) for word in beside)
    electric = electric and around.previous.lower() not in _PLACES
    if name == "A" and (electric or around.next in {"fuse", "circuit", "breaker", "charger", "socket", "current"}):
        named = ONLY_IN_COMPOUNDS["A"][amount != "1" and not around.is_attribute]
    else:
        named = unit(name, amount, single=around.is_attribute)
    return f"{number(amount)} {named}" if named else ""


_PLACES = frozenset({
    "room", "flat", "apt", "apartment", "gate", "seat", "platform", "row", "grade", "class", "bus", "unit", "block",
    "building", "section", "chapter", "level", "figure", "table", "route", "line", "terminal", "exhibit", "title",
    "article", "suite", "page", "number", "no", "model", "type", "part", "hall", "door", "studio", "zone",
})  # fmt: skip


def unit(name: str, amount: str, *, single: bool = False) -> str:
    """Return the words for a unit of measure after an amount ("km" after "5": "kilometers"), or an empty string.

    A compound is said by its parts: "N/m^2" is "newtons per square meter".
    """
    many = amount.lstrip("-+") != "1" and not single
    whole = _measure(name)
    if whole:
        return whole[many]
    products = [re.split("[·*⋅]", part) for part in re.sub(r"(\^[23])(?=[^\W\d_])", r"\1·", name).split("/")]
    factors = [[_measure(part, compound=True) for part in product] for product in products]
    known = [[names for names in product if names] for product in factors]
    if known != factors or sum(map(len, known)) < 2:  # noqa: PLR2004
        return ""
    words = [[names[0] for names in product] for product in known]
    words[0][-1] = known[0][-1][many]
    return " per ".join(map(" ".join, words))


def _measure(name: str, *, compound: bool = False) -> Sequence[str] | None:
    """Return one and many of a unit that is no compound, with its power and its prefix; None for none."""
    from reelmake.providers.english.hibari_parts import UNITS  # noqa: PLC0415

    power = re.fullmatch(r"(.*?[^\W\d_])(?:\^([23])|(?<=m|t)([23]))", name)
    if power:
        names = _measure(power[1], compound=True)
        is_length = power[1].endswith(LENGTHS) and power[1] not in {"min", "lm"}
        squared = power[2] or power[3]
        if not names or (power[3] and not is_length):
            return None
        if is_length:
            return tuple(f"{'square' if squared == '2' else 'cubic'} {one}" for one in names)
        return tuple(f"{one} {'squared' if squared == '2' else 'cubed'}" for one in names)
    if names := MORE_UNITS.get(name) or UNITS.get(name) or (ONLY_IN_COMPOUNDS.get(name) if compound else None):
        return names
    prefix, base = PREFIXES.get(name[:1], ""), name[1:]
    names = MORE_UNITS.get(base) or ONLY_IN_COMPOUNDS.get(base)
    return tuple(f"{prefix}{one}" for one in names) if prefix and names and base in PREFIXED else None


def _numbered(name: str, text: str) -> str:
    """Say "No.1" and "vol.2", or return an empty string."""
    named = BEFORE_A_NUMBER.get(name.lower())
    return f"{named} {number(text)}" if named else ""


def _unit_alone(match: re.Match[str], around: Around) -> str:
    name = match[0]
    if "/" in name and around.previous in {"in", "of", "per", "into"} and len(name) > 2:  # noqa: PLR2004
        return unit(name, "5") if all(map(_measure, name.split("/"))) else ""
    is_inch = around.dotted or [*around.before[-2:-1]] in (["ft"], ["foot"], ["feet"])
    if not around.previous[-1:].isdigit() or (name == "in" and not is_inch) or around.joined.strip(")"):
        return ""
    if name in {"N", "J", "W", "V", "d", "t"} and around.next[:1].isupper():  # 100 N Main Street
        return ""
    single = [word.lower() for word in around.before[-2:-1]] in (["a"], ["an"]) and around.next[:1].isalpha()
    if name == "m" and around.next.lower() in COUNTED:
        return "million"
    return unit(name, around.previous, single=single and not around.closing)


def _range(match: re.Match[str], around: Around) -> str:
    first, last = match.groups()
    if re.search(r"\d[-–—]\d", last):  # part by part: a chain of thousands would be as deep as it is long
        return " to ".join(_words(part, around) for part in re.split("[-–—]", match[0]))
    if _month(around.previous) and _is_day(first) and _is_day(last):  # June 3-5
        return f"{numerals.ordinal(first)} to {numerals.ordinal(last)}"
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
    if "'" in around.closing[:1] and around.next in {"tall", "long", "wide", "deep", "high"}:
        return f"{number(text)} {unit('ft', text)}"
    if on_a_day := _on_a_day(text, around):
        return on_a_day
    half = re.fullmatch(HALF, around.next) or around.next.lower() in {"sharp", "tonight", "tomorrow", "today"}
    hour = re.fullmatch(r"([01]?\d|2[0-4])\.([0-5]\d)", text)
    if hour and half:
        return numerals.clock(hour[1], hour[2], half=True)
    counted = unit(around.next, text) != "" or around.next in {"%", "percent", *numerals.SCALE_WORDS}
    return number(text, year=not counted)


def _on_a_day(text: str, around: Around) -> str:
    """Say the date of "on 24.12." and "until 12/24", or return an empty string."""
    parts = re.fullmatch(r"(\d\d?)([./])(\d\d?)", text)
    if not parts or around.previous.lower() not in {"on", "since", "until", "till", "by", "from", "before", "after"}:
        return ""
    is_sure = max(int(parts[1]), int(parts[3])) > 12 or (parts[2] == "." and around.dotted)  # noqa: PLR2004
    is_amount = unit(around.next, "5") or around.next in {"%", "percent", *numerals.SCALE_WORDS, *numerals.MONEY_WORDS}
    return numerals.numeric_date(*parts.groups()) if is_sure and not is_amount else ""


def _fraction(match: re.Match[str], around: Around) -> str:
    if said := _on_a_day(match[0], around):
        return said
    said = numerals.fraction(match[1], match[2])
    return _and(said) if around.previous.isdigit() and int(match[1]) < int(match[2]) else said


def _and(fraction: str) -> str:
    """Say a fraction after a whole number: "3 1/2" is "three and a half"."""
    return f"and {'a half' if fraction == 'one half' else fraction}"


def _is_day(text: str) -> bool:
    return text.isdigit() and 1 <= int(text) <= numerals.LAST_DAY


def _clock(match: re.Match[str], around: Around) -> str:
    hours, minutes, seconds, half = match.groups()
    if int(minutes) > 59:  # noqa: PLR2004  not a time of day
        return ""
    follows = bool(half) or re.fullmatch(HALF, around.next) is not None
    takes = around.previous.lower() in {"a", "an", "in", "for", "took", "takes", "lasted", "lasts", "last"}
    is_time_of_day = follows or around.previous.lower() in {"at", "until", "till", "since", "from", "around", "by"}
    if int(hours) > 24 or (not follows and (seconds if not is_time_of_day else takes and int(hours) == 0)):  # noqa: PLR2004
        if not seconds:
            return "" if int(hours) > 24 else numerals.times("", "0", minutes)  # noqa: PLR2004
        if {hours, minutes, seconds} != {"00"}:
            return numerals.times(hours, minutes, seconds)
    if not follows and takes and int(hours) == 0 and not seconds:
        said = numerals.times("", "0", minutes)
        return said.removesuffix("s") if around.is_attribute else said
    said = numerals.clock(hours, minutes, half=follows or (bool(seconds) and int(hours) not in {0, 24}))
    if seconds and int(seconds):
        said += f" and {number(seconds.lstrip('0') or '0')} seconds"
    return f"{said} {_half(half)}".strip()


def _spans(match: re.Match[str], _: Around) -> str:
    """Say "1h30m", "8h30" and "2m15s"."""
    hours, minutes, named, seconds = match.groups()
    if hours and minutes and not (named or seconds):
        return f"{number(hours)} {unit('h', hours)} {number(minutes)}"
    parts = [(hours, "h"), (minutes, "min"), (seconds, "sec")]
    return " ".join(f"{number(many)} {unit(name, many)}" for many, name in parts if many)


def _plural(match: re.Match[str], around: Around) -> str:
    """Say "the 90s" as a decade, and "a 60s ad" as so many seconds."""
    amount = match[1]
    if is_decade(match[0], around):
        return numerals.plural(number(amount, year=True)).removeprefix("one ")
    single = around.is_attribute or (around.next.lower() in SECONDS_OF and not around.closing)
    return f"{number(amount)} {unit('s', amount, single=single)}"


def _angle(degrees: str, minutes: str, seconds: str | None, side: str | None) -> str:
    named = [(degrees, "degree"), (minutes, "minute"), (seconds, "second")]
    said = [f"{number(many)} {name}{'s' * (many != '1')}" for many, name in named if many]
    return " ".join([*said, *filter(None, [_SIDES.get(side or "")])])


_SIDES = {"N": "north", "S": "south", "E": "east", "W": "west"}


def _length(match: re.Match[str], around: Around) -> str:
    """Say 6'2" as feet and inches, and 4'33" as minutes and seconds."""
    first, second = match.groups()
    if int(second) > 11 or around.previous.lower() in {"in", "took", "lasted"}:  # noqa: PLR2004
        return numerals.times("", first, second)
    feet = "foot" if int(second) or around.is_attribute else unit("ft", first)
    return f"{number(first)} {feet} {number(second) if int(second) else ''}".strip()


def _per_hundred(match: re.Match[str], around: Around) -> str:
    """Say the "l/100km" of "5 l/100km"."""
    named = unit(match[1], around.previous) if around.previous[-1:].isdigit() else ""
    return named and f"{named} per {number(match[2])} {unit(match[3], match[2])}"


def _sign_per(match: re.Match[str], around: Around) -> str:
    """Say the "€/kg" of "20 €/kg"."""
    amount, names = around.previous, numerals.MONEY[match[1]]
    return f"{names[amount != '1']} per {unit(match[2], '1') or match[2]}" if amount[-1:].isdigit() else ""


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
    _rule(rf"({CODE})({NUM})", lambda match, _: _coded(match[2], match[1])),
    _rule(r"([^\W\d_]+)[(\[](\d{1,2}(?:[MFmf]|NB)|[MFmf]\d{1,2})", _glued_age),
    _rule(r"(\d{1,2})([MF])/(\d{1,2})([MF])", lambda match, _: " ".join(map(_alone, match.groups()))),
    _rule(
        r"(\d+)(?:st|nd|rd|th)[-–—](\d+)(?:st|nd|rd|th)",
        lambda match, _: f"{numerals.ordinal(match[1])} to {numerals.ordinal(match[2])}",
    ),
    _rule(r"≈(.+)", lambda match, around: "about " + _words(match[1], around)),
    _rule(
        r"1-(8\d\d|900)-([A-Z]+(?:-[A-Z]+)*)",
        lambda match, _: f"one, {number(match[1])}, {match[2].replace('-', ' ')}",
    ),
    _rule(rf"({SIGN})(-)({NUM})([kKmMbBtT]|bn|mn|tn)?", lambda match, _: _money_after_minus(match)),
    _rule(
        rf"({NUM})(M|bn|mn|tn|(?<=\.\d)B|(?<=\.\d\d)B)",
        lambda match, _: f"{number(match[1])} {numerals.SCALES[match[2].lower()]}",
    ),
    _rule(rf"({NUM})({SIGN})", lambda match, _: numerals.money(match[2], match[1])),
    _rule(rf"({NUM})¢", lambda match, _: number(match[1]) + (" cent" if match[1] == "1" else " cents")),
    _rule(rf"([-+]?{NUM})%", lambda match, _: number(match[1]) + " percent"),
    _rule(rf"(\d{{1,2}}):([0-5]\d)(?::([0-5]\d))?({HALF})?", _clock),
    _rule(rf"(\d{{1,2}})\.([0-5]\d)()({HALF})", _clock),
    _rule(rf"(\d{{1,2}})({HALF})", lambda match, _: f"{number(match[1])} {_half(match[2])}"),
    _rule(HALF, lambda match, around: _half(match[0]) if around.previous[-1:].isdigit() or "." in match[0] else ""),
    _rule(r"(\d+):(\d+)", lambda match, _: f"{number(match[1])} to {number(match[2])}"),
    _rule(r"(\d{4})([-/.])(\d\d?)\2(\d\d?)", lambda match, _: numerals.date(match[1], match[3], match[4])),
    _rule(
        r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|(?<=[/.])\d\d)",
        lambda match, _: numerals.numeric_date(*match.groups()),
    ),
    _rule(r"(\d+)°(\d+)'(?:(\d+(?:\.\d+)?)\")?([NSEW])?", lambda match, _: _angle(*match.groups())),
    _rule(r"(\d+)'(\d{1,2})(?:\"|'')?", _length),
    _rule(
        rf"({NUM}|(?:\d+-)?\d+/\d+)\"",
        lambda match, around: f"{_alone(match[1])} {unit('in', match[1], single=around.next[:1].isalpha())}",
    ),
    _rule(r"(\d{1,3})/(\d{1,4})", _fraction),
    _rule(
        r"(\d+)-(\d{1,2}/\d{1,2})",
        lambda match, _: f"{number(match[1])} {_and(numerals.fraction(*match[2].split('/')))}",
    ),
    _rule(rf"({CLOCK})[-–—](\d\S*)", lambda match, around: f"{_alone(match[1])} to {_words(match[2], around)}"),
    _rule(rf"((?:{SIGN})?{NUM})%?[-–—]((?:{SIGN})?\.?\d\S*)", _range),
    _rule(r"(\d[\d,]*)(?:st|nd|rd|th|ST|ND|RD|TH)", lambda match, _: numerals.ordinal(match[1])),
    _rule(r"(\d+)'?s", _plural),
    _rule(rf"({NUM})[x×](\.?\d\S*)", lambda match, around: f"{number(match[1])} by {_words(match[2], around)}"),
    _rule(r"(?=\d+[hm]\d)(?:(\d+)h)?(?:(\d{1,2})(m|min)?)?(?:(?<=[hmn])(\d{1,2})s)?", _spans),
    _rule(rf"([-+]?{NUM})({UNIT})", _unit),
    _rule(UNIT, _unit_alone),
    _rule(r"([A-Za-z]+)/(100)(km|g|ml|mL)", _per_hundred),
    _rule(rf"({SIGN})/([A-Za-z]+)", _sign_per),
    _rule(rf"((?:{SIGN})?{NUM}[kKmM%]?)/([A-Za-z]+)", _each),
    _rule(rf"[-+]?{NUM}", _number),
    _rule(r"(.*\w)\^(-?\d+)", _power),
    _rule(SPACED_LETTERS.pattern, lambda match, around: _short(match[0], around) or match[0] + "."),
)
