"""How a written number is said: amounts, years, times, dates, money. Pure: text in, words out."""

from __future__ import annotations

import re

SCALES = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "b": "billion",
    "bn": "billion",
    "t": "trillion",
    "tn": "trillion",
}
SCALE_WORDS = frozenset({"hundred", "thousand", "million", "billion", "trillion"})
MONTHS = {
    name[:3].lower(): name
    for name in (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    )
}
# sign -> one, many, one hundredth, hundredths
_DOLLARS = {
    **dict.fromkeys(("", "US"), ""),
    **dict.fromkeys(("C", "CA"), "Canadian "),
    **dict.fromkeys(("A", "AU"), "Australian "),
    "NZ": "New Zealand ",
    "HK": "Hong Kong ",
}
MONEY = {
    **{f"{of}$": (f"{name}dollar", f"{name}dollars", "cent", "cents") for of, name in _DOLLARS.items()},
    "R$": ("real", "reais", "centavo", "centavos"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₿": ("bitcoin", "bitcoin", "cent", "cents"),
}
FIRST_YEAR, LAST_YEAR = 1100, 2099
MOST_DIGITS = 15
LAST_DAY = 31  # "1/15" may be a date
FRACTION_PARTS = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    9: "ninth",
    10: "tenth",
}


def plain(words: str) -> str:
    """Return number words the American way, without the commas and "and"s that would be heard as pauses."""
    return words.replace(",", "").replace(" and ", " ")


def digits(text: str) -> str:
    """Say each digit by itself: "007" is "zero zero seven"."""
    from reelmake.providers.english.hibari_parts import numbers  # noqa: PLC0415

    return " ".join(numbers.ONES[int(digit)] for digit in text if digit.isdigit())


def number(text: str, *, year: bool = False) -> str:
    """Say "1,250", "3.14", "-5" or, when it may be a `year`, "1999" as "nineteen ninety-nine"."""
    from reelmake.providers.english.hibari_parts import numbers  # noqa: PLC0415

    minus = "minus " if text[0] == "-" else ""
    whole, *decimals = text.lstrip("+-").replace(",", "").split(".")
    if len(whole) > MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    elif year and not decimals and whole == text and FIRST_YEAR <= int(whole or 0) <= LAST_YEAR:
        said = plain(numbers.year(int(whole)))
    else:
        said = plain(numbers.cardinal(int(whole))) if whole else ""
    if len(decimals) == 1:
        said += " point " + digits(decimals[0])
    elif decimals:  # a version: 3.11.7
        said += "".join(" point " + plain(numbers.cardinal(int(part))) for part in decimals)
    return (minus + said).strip()


def ordinal(text: str) -> str:
    """Say "22" as "twenty-second"."""
    from reelmake.providers.english.hibari_parts import numbers  # noqa: PLC0415

    return plain(numbers.ordinal(int(text.replace(",", ""))))


def plural(words: str) -> str:
    """Say many of a number: "nineteen ninety" is "nineteen nineties", "twenty ten" is "twenty tens"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def clock(hours: str, minutes: str, *, half: bool) -> str:
    """Say a time of day; `half` when a.m. or p.m. follows, so that a full hour needs no "o'clock"."""
    if minutes == "00":
        return number(hours) + ("" if half else " o'clock")
    return number(hours) + (" oh " if minutes[0] == "0" else " ") + number(minutes.lstrip("0"))


def date(year: str, month: str, day: str) -> str:
    """Say a date of numbers, or return an empty string when there is no such month or day."""
    if not (1 <= int(month) <= len(MONTHS) and 1 <= int(day) <= LAST_DAY):
        return ""
    return f"{list(MONTHS.values())[int(month) - 1]} {ordinal(day)} {number(year, year=True)}"


def fraction(above: str, below: str) -> str:
    """Say "3/4" as "three quarters", and "24/7" as "twenty-four seven"."""
    part = FRACTION_PARTS.get(int(below))
    if above == "1" and int(below) > LAST_DAY:
        return f"one {ordinal(below)}"
    if part is None or not 0 < int(above) < int(below):
        return f"{number(above)} {number(below)}"
    if above == "1":
        return f"one {part}"
    return f"{number(above)} {'halves' if part == 'half' else part + 's'}"


def money(sign: str, amount: str) -> str:
    """Say "$5.99" as "five dollars and ninety-nine cents"."""
    one, many, cent, cents = MONEY[sign]
    whole, _, part = amount.partition(".")
    if not re.fullmatch(r"|\d\d", part):
        return f"{number(amount)} {many}"
    parts = []
    if int(whole.replace(",", "").lstrip("-") or 0) or not int(part or 0):
        parts.append(f"{number(whole)} {one if whole == '1' else many}")
    if int(part or 0):
        parts.append(f"{number(str(int(part)))} {cent if part == '01' else cents}")
    return " and ".join(parts)
