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
SCALE_WORDS = frozenset({"hundred", "thousand", "million", "billion", "trillion", "lakh", "crore"})
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
    "NT": "Taiwan ",
    "S": "Singapore ",
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
    "MX$": ("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "₺": ("lira", "lira", "kurush", "kurush"),
    "₱": ("peso", "pesos", "centavo", "centavos"),
    "₦": ("naira", "naira", "kobo", "kobo"),
    "₫": ("dong", "dong", "xu", "xu"),
    "₴": ("hryvnia", "hryvnias", "kopiyka", "kopiykas"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "฿": ("baht", "baht", "satang", "satang"),
    "₡": ("colon", "colones", "centimo", "centimos"),
    "₲": ("guarani", "guaranies", "centimo", "centimos"),
    "₵": ("cedi", "cedis", "pesewa", "pesewas"),
    "₸": ("tenge", "tenge", "tiyn", "tiyn"),
    "₮": ("tugrik", "tugriks", "mongo", "mongo"),
    "₭": ("kip", "kip", "att", "att"),
    "₼": ("manat", "manat", "qepik", "qepik"),
    "₾": ("lari", "lari", "tetri", "tetri"),
}
# Currencies that are written in letters, before or after the amount: one, many.
CODES = {
    "USD": ("dollar", "dollars"),
    "EUR": ("euro", "euros"),
    "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"),
    "CNY": ("yuan", "yuan"),
    "RMB": ("yuan", "yuan"),
    "KRW": ("won", "won"),
    "INR": ("rupee", "rupees"),
    "Rs": ("rupee", "rupees"),
    "CHF": ("Swiss franc", "Swiss francs"),
    "CAD": ("Canadian dollar", "Canadian dollars"),
    "AUD": ("Australian dollar", "Australian dollars"),
    "NZD": ("New Zealand dollar", "New Zealand dollars"),
    "SGD": ("Singapore dollar", "Singapore dollars"),
    "HKD": ("Hong Kong dollar", "Hong Kong dollars"),
    "MXN": ("Mexican peso", "Mexican pesos"),
    "PHP": ("peso", "pesos"),
    "BRL": ("real", "reais"),
    "RUB": ("ruble", "rubles"),
    "TRY": ("lira", "lira"),
    "NGN": ("naira", "naira"),
    "VND": ("dong", "dong"),
    "UAH": ("hryvnia", "hryvnias"),
    "ILS": ("shekel", "shekels"),
    "THB": ("baht", "baht"),
    "IDR": ("rupiah", "rupiah"),
    "Rp": ("rupiah", "rupiah"),
    "MYR": ("ringgit", "ringgit"),
    "RM": ("ringgit", "ringgit"),
    "ZAR": ("rand", "rand"),
    "AED": ("dirham", "dirhams"),
    "PLN": ("zloty", "zlotys"),
    "zł": ("zloty", "zlotys"),
    "zl": ("zloty", "zlotys"),
    "CZK": ("koruna", "koruny"),
    "Kč": ("koruna", "koruny"),
    "HUF": ("forint", "forints"),
    "SEK": ("Swedish krona", "Swedish kronor"),
    "NOK": ("Norwegian krone", "Norwegian kroner"),
    "DKK": ("Danish krone", "Danish kroner"),
    "kr": ("krone", "kroner"),
}
MONEY_WORDS = frozenset(
    {
        *(word for names in MONEY.values() for word in (*names[:2], names[1].rpartition(" ")[2])),
        *(word for names in CODES.values() for word in names),
        *MONEY,
        *CODES,
    }
)
FIRST_YEAR, LAST_YEAR = 1100, 2099
MOST_DIGITS = 15
LAST_DAY = 31  # "1/15" may be a date
CENTURY_STARTS = 50  # a year of two digits from here on is of the last century
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
    12: "twelfth",
    16: "sixteenth",
    20: "twentieth",
    32: "thirty-second",
    64: "sixty-fourth",
    100: "hundredth",
    1000: "thousandth",
}
ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN = re.compile(r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_WRITTEN = re.compile(r"(?<![\w.,'])\d[\d.,']*\d(?![\d]|[.,']\d)")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+\.\d|\d\.\d{1,2}(?![\d.,])")
_COMMA_DECIMAL = re.compile(r"\.\d{3},\d|(?<![\d,])\d+,\d{1,2}(?![\d,])")


def has_decimal_commas(text: str) -> bool:
    """Say whether the numbers of a text write decimals after a comma, as far as they leave no doubt."""
    return bool(_COMMA_DECIMAL.search(text)) and not _GROUPED.search(text)


def english(text: str, *, commas: bool, money: bool = False) -> str:
    """Write the numbers in a word the English way: "1.299,00" is "1,299.00", and "1,5" is "1.5".

    What the number itself leaves open is decided by the rest of the text (`commas`: decimals come after a comma), and
    for `money`, which has no thousandths.
    """

    def written(match: re.Match[str]) -> str:
        number, groups = match[0], match[0].split(".")
        is_address = len(groups) == 4 and all(str(int(part)) == part for part in groups if part.isdigit())  # noqa: PLR2004
        if re.fullmatch(r"\d{1,3}(?:'\d{3})+(?:\.\d+)?", number):
            return number.replace("'", ",")
        if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", number) or (
            re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", number) and not is_address
        ):
            return number.translate(_SWAPPED)
        if re.fullmatch(r"\d{1,2}(?:,\d\d)+,\d{3}", number):  # as in India: 1,00,000
            return number.replace(",", "")
        whole, comma, part = number.partition(",")
        if comma and whole.isdigit() and part.isdigit() and (len(part) != 3 or whole[0] == "0" or commas):  # noqa: PLR2004
            return f"{whole}.{part}"
        if (commas or money) and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", number):
            return number.translate(_SWAPPED)
        return number

    return _WRITTEN.sub(written, text)


_SWAPPED = str.maketrans(".,", ",.")


def roman(text: str) -> int:
    """Return the value of a Roman numeral in capitals; 0 for anything else."""
    if not _ROMAN.fullmatch(text):
        return 0
    values = [ROMAN[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


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
    if int(hours) in {0, 24} and not half:
        midnight = {"00": "midnight", "15": "quarter past midnight", "30": "half past midnight"}
        return midnight.get(minutes) or f"twelve {clock('12', minutes, half=True).removeprefix('twelve ')} A.M."
    hours = str(int(hours)) if int(hours) else "12"
    if minutes == "00":
        return number(hours) + ("" if half else " o'clock")
    return number(hours) + (" oh " if minutes[0] == "0" else " ") + number(minutes.lstrip("0"))


def date(year: str, month: str, day: str) -> str:
    """Say a date of numbers, or return an empty string when there is no such month or day."""
    if not (1 <= int(month) <= len(MONTHS) and 1 <= int(day) <= LAST_DAY):
        return ""
    if len(year) == 2:  # noqa: PLR2004  '24
        year = ("19" if int(year) >= CENTURY_STARTS else "20") + year
    return f"{list(MONTHS.values())[int(month) - 1]} {ordinal(day)} {number(year, year=True) if year else ''}".strip()


def numeric_date(first: str, sign: str, second: str, year: str = "") -> str:
    """Say "24/12/2024" and "12/24/2024", or return an empty string for no date.

    A number above 12 is the day. Where both may be, the month is first, as in American English; but not before a dot,
    which nobody who writes the month first puts there.
    """
    orders = [(first, second), (second, first)]
    if int(first) <= len(MONTHS) and int(second) <= len(MONTHS) and sign == ".":
        orders.reverse()
    return next(filter(None, (date(year, month, day) for month, day in orders)), "")


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


def times(hours: str, minutes: str, seconds: str = "") -> str:
    """Say how long something takes: "1", "02", "03" is "one hour two minutes and three seconds"."""
    parts = [(hours, "hour"), (minutes, "minute"), (seconds, "second")]
    said = [f"{number(str(int(many)))} {name}{'s' * (int(many) != 1)}" for many, name in parts if many and int(many)]
    if not said:
        return "zero seconds"
    return " and ".join(filter(None, (" ".join(said[:-1]), said[-1])))


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
