"""What the words around a number say about it: part of a phone number, an age, seconds or a decade. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile
from typing import Final, NamedTuple

from reelmake.providers.english import numerals


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is shown, and its parts: what is said, and the marks before and after it."""

    shown: str
    opening: str
    core: str
    closing: str
    before_blank_line: bool


class Around(NamedTuple):
    """The words beside a word, without their punctuation ("" at the ends), and whether a dot follows the word.

    opening, closing  the marks at the word itself
    joined            the marks after the word before it
    before, after     all words before it, the nearest one last; and all after it
    """

    previous: str
    next: str
    dotted: bool
    opening: str = ""
    closing: str = ""
    joined: str = ""
    before: Sequence[str] = ()
    after: Sequence[str] = ()

    @property
    def is_attribute(self) -> bool:
        """Whether the word stands between "a" and a noun, as in "a 60s ad"."""
        return self.previous.lower() in {"a", "an"} and self.next[:1].isalpha() and not self.closing


def around(tokens: Sequence[Token], at: int) -> Around:
    """Return what stands around a token."""
    cores = [token.core for token in tokens]
    before, after, token = cores[:at], cores[at + 1 :], tokens[at]
    return Around(
        before[-1] if before else "",
        after[0] if after else "",
        token.closing.startswith("."),
        token.opening,
        token.closing,
        tokens[at - 1].closing if at else "",
        before,
        after,
    )


@dataclass(slots=True)
class Settled:
    """The words of a text, in which numbers of several words have become one.

    spelled  word -> what is said for it, digit by digit
    forward  words that are said, and shown, with the next one: the sign of "$ 5"
    """

    tokens: list[Token]
    spelled: dict[int, str] = field(default_factory=dict)
    forward: set[int] = field(default_factory=set)


# fmt: off
COUNTED: Final = frozenset({
    "followers", "subscribers", "subs", "views", "viewers", "users", "people", "likes", "downloads", "streams",
    "plays", "copies", "fans", "members", "players", "customers", "men", "women", "children", "kids", "voters",
    "residents", "dollars", "euros", "pounds", "yen", "rupees", "tons", "years", "times", "units", "sales", "jobs",
    "homes", "trees", "miles", "hits", "listeners", "readers", "visitors", "clicks", "shares", "impressions",
})
PERSONS: Final = frozenset({
    "i", "me", "myself", "he", "him", "she", "her", "they", "them", "we", "us", "op", "husband", "wife", "hubby",
    "spouse", "partner", "so", "bf", "gf", "boyfriend", "girlfriend", "fiance", "fiancé", "fiancee", "fiancée", "ex",
    "friend", "bestie", "bff", "brother", "bro", "sister", "sis", "sibling", "twin", "mom", "mum", "mother", "dad",
    "father", "parent", "son", "daughter", "kid", "child", "baby", "boy", "girl", "man", "woman", "guy", "dude",
    "lady", "teen", "cousin", "aunt", "uncle", "niece", "nephew", "grandma", "grandpa", "grandmother", "grandfather",
    "mil", "fil", "sil", "bil", "stepmom", "stepdad", "stepson", "stepdaughter", "in-law", "boss", "manager",
    "coworker", "co-worker", "colleague", "roommate", "flatmate", "neighbor", "neighbour", "roomie", "ex-wife",
    "ex-husband", "ex-boyfriend", "ex-girlfriend", "mother-in-law", "father-in-law", "sister-in-law",
    "brother-in-law", "student", "teacher", "date", "crush", "bride", "groom", "patient",
})
DECADE_BEFORE: Final = frozenset({
    "the", "his", "her", "their", "my", "your", "our", "its", "early", "mid", "late", "those", "these", "'the",
})
SECONDS_OF: Final = frozenset({
    "ad", "ads", "advert", "clip", "clips", "video", "videos", "timer", "reel", "reels", "delay", "break", "pause",
    "countdown", "spot", "window", "timeout", "loop", "take", "intro", "outro", "teaser", "trailer", "short", "limit",
    "rest", "plank", "hold", "exposure", "run", "sprint", "interval", "intervals", "cooldown", "buffer", "head",
    "penalty", "recording", "segment", "mark", "response", "gap", "sample", "snippet", "commercial", "boost", "rule",
    "warning", "silence", "lap",
})
SECONDS_AFTER: Final = SECONDS_OF | {"after", "later", "ago", "before", "left", "remaining", "each", "per", "long"}
DECADE_AFTER: Final = frozenset({
    "kid", "kids", "music", "movie", "movies", "film", "films", "song", "songs", "style", "fashion", "hair", "band",
    "bands", "rock", "pop", "show", "shows", "vibe", "vibes", "nostalgia", "era", "hit", "hits", "party", "sitcom",
    "sitcoms", "cartoon", "cartoons", "baby", "babies", "aesthetic", "synth", "disco", "hip-hop", "rap", "anime",
    "games", "toys", "nights", "child", "children", "icon", "icons", "star", "stars", "classic", "classics",
})
_CALL: Final = frozenset({
    "call", "calls", "called", "calling", "dial", "dials", "dialed", "dialled", "dialing", "ring", "phone", "phoned",
    "text", "texted", "fax", "tel", "telephone", "hotline", "helpline", "whatsapp", "sms", "ph", "mobile", "cell",
})
_BETWEEN: Final = frozenset({"at", "on", "us", "me", "him", "her", "them", "to", "the", "is", "or", "and", "number",
                            "now", "just", "please", "then", "mom", "mum", "dad"})
_PERIODS: Final = frozenset({"ago", "later", "break", "timer", "mark", "late", "early", "left", "remaining"})
# fmt: on
_PART: Final = re.compile(r"\+?\d[\d.\-/()]*")
_PHONE: Final = re.compile(
    r"(?:\+?1[-.])?\(?\d{3}\)?[-.]?\d{3}[-.]\d{4}|\d{3}-\d{4}|0\d{1,4}(?:[-./]\d{2,8}){1,4}|\d{2,4}(?:[-.]\d{2,4}){2,4}"
    r"|0\d{8,11}"
)
_EMERGENCY: Final = frozenset(
    {"911", "999", "112", "988", "000", "111", "101", "110", "119", "118", "117", "115", "113", "108", "100"}
)
_FEWEST, _MOST = 7, 15  # digits of a phone number
_SHORTEST_NATIONAL, _LONGEST_NATIONAL = 9, 12
_AGE: Final = re.compile(r"(\d{1,2})(?:/)?([MFmf]|NB|nb|[Yy]/?[Oo])|([MFmf])(\d{1,2})")


def settle(found: Sequence[Token], text: str) -> Settled:
    """Return the words with their numbers written the English way, and those of several words as one."""
    commas = numerals.has_decimal_commas(text)
    settled = Settled([])
    for at, token in enumerate(found):
        following = found[at + 1].core if at + 1 < len(found) else ""
        money = "€" in token.core or following.lower() in {"€", "eur", "euros", "euro"}
        is_list = token.core.count(",") == 1 and at and found[at - 1].core.lower() in _LISTED
        core = token.core if is_list else numerals.english(token.core, commas=commas, money=money)
        settled.tokens.append(replace(token, core=core))
    _spell_phones(settled)
    _join_groups(settled, text)
    _join_signs(settled)
    return settled


_LISTED: Final = frozenset({"pages", "chapters", "steps", "lines", "verses", "rows", "days", "levels", "questions"})


def _spell_phones(settled: Settled) -> None:
    tokens = settled.tokens
    at = 0
    while at < len(tokens):
        count = _phone_words(tokens, at)
        for place in range(at, at + count):
            groups = re.findall(r"\d+", tokens[place].core)
            plus = "plus " if tokens[place].core.startswith("+") else ""
            settled.spelled[place] = plus + ", ".join(map(numerals.digits, groups))
        at += count or 1


def _phone_words(tokens: Sequence[Token], at: int) -> int:
    """Return how many words from this one on are a phone number."""
    run = [at] if _PART.fullmatch(tokens[at].core) else []
    while run and run[-1] + 1 < len(tokens) and set(tokens[run[-1]].closing) <= {")"}:
        following = tokens[run[-1] + 1]
        if not re.fullmatch(r"\d[\d.\-/()]*", following.core) or set(following.opening) - {"("}:
            break
        run.append(run[-1] + 1)
    if not run:
        return 0
    cores = [tokens[place].core for place in run]
    digits = [sum(map(str.isdigit, core)) for core in cores]
    if cores[0].startswith("+"):
        fit = len(list(takewhile(lambda count: sum(digits[: count + 1]) <= _MOST, range(len(digits)))))
        return fit if sum(digits[:fit]) >= _FEWEST else 0
    for pattern in (["3", "3", "4"], ["1", "3", "3", "4"], ["3", "7"], ["1", "3", "7"]):
        if list(map(str, digits[: len(pattern)])) == pattern and _is_grouped(cores[: len(pattern)]):
            return len(pattern)
    if digits[:3] == [4, 3, 3] and re.fullmatch("1[38]00", cores[0]):
        return 3
    national = len(run) > 1 and cores[0][0] == "0" and all(len(core) > 1 for core in cores)
    if national and _SHORTEST_NATIONAL <= sum(digits) <= _LONGEST_NATIONAL:
        return len(run)
    return int(_is_phone(tokens, at, digits[0]))


def _is_grouped(cores: Sequence[str]) -> bool:
    """Say whether words are the groups of a phone number, and not amounts such as "100 200 3000"."""
    return all(re.fullmatch(r"\d+|\d{3}[-.]\d{4}", core) for core in cores) and not all(
        core.endswith("00") for core in cores
    )


def _is_phone(tokens: Sequence[Token], at: int, digits: int) -> bool:  # noqa: PLR0911 (a case each)
    """Say whether one word is a phone number, or one of emergencies."""
    core = tokens[at].core
    here = around(tokens, at)
    parts = core.split(".")
    is_address = len(parts) == 4 and all(part.isdigit() and int(part) <= 255 for part in parts)  # noqa: PLR2004
    if _PHONE.fullmatch(core) and not is_address:
        return digits in {7, 10, 11} or (digits >= _SHORTEST_NATIONAL and digits <= _LONGEST_NATIONAL)
    if not re.fullmatch(r"\d{3,12}", core):
        return False
    counts = here.next.lower() in COUNTED or re.fullmatch(r"[a-z]{2,}s", here.next) is not None
    if core == "911":
        is_car = here.previous.lower() == "porsche" or here.next in {"Turbo", "Carrera"}
        return not is_car and (not counts or here.next.lower() in {"calls", "operators", "dispatchers"})
    if counts or tokens[at].opening[-1:] in {"$", "€", "£"}:
        return False
    if core in _EMERGENCY and here.previous in {"or", "and"} and len(here.before) > 1 and here.before[-2] in _EMERGENCY:
        return _is_phone(tokens, at - 2, len(here.before[-2]))
    if core in _EMERGENCY and here.next.lower() == "emergency":
        return True
    near = [word.lower() for word in here.before[-4:]]
    if near[-1:] == ["to"] and "text" in near and re.fullmatch(r"\d{4,6}", core):
        return True  # text HELP to 50505
    while near and near[-1] in _BETWEEN:
        near.pop()
    return bool(near) and near[-1] in _CALL and here.next not in {"%", "percent", *numerals.SCALE_WORDS}


def _join_groups(settled: Settled, text: str) -> None:
    """Make one number of "7 000 000": groups of three digits, where they can be nothing else."""
    tokens = settled.tokens
    at = 0
    while at < len(tokens):
        last = at
        if re.fullmatch(r"[1-9]\d{0,2}", tokens[at].core) and at not in settled.spelled:
            while (
                last + 1 < len(tokens)
                and not tokens[last].closing
                and not tokens[last + 1].opening
                and re.fullmatch(r"\d{3}(?:\.\d+)?", tokens[last + 1].core)
                and last + 1 not in settled.spelled
            ):
                last += 1
        groups = [token.core for token in tokens[at : last + 1]]
        narrow = re.search(rf"(?<!\d){groups[0]}[\u00a0\u2009\u202f]{groups[1]}", text) if last > at else None
        if last > at and (narrow or last > at + 1 or re.match(r"0|\d+\.\d\d$", groups[1])):
            tokens[last] = replace(tokens[last], core=",".join(groups))
            for place in range(at, last):
                tokens[place] = replace(tokens[place], core="")
                settled.forward.add(place)
        at = last + 1


def _join_signs(settled: Settled) -> None:
    """Make one amount of "$ 5" and "CHF 20"."""
    tokens = settled.tokens
    for at, (token, following) in enumerate(pairwise(tokens)):
        amount = re.fullmatch(r"\d[\d.,]*(?:[kKmMbBtT]|bn|mn)?", following.core)
        code = numerals.CODES.get(token.core)
        sign = token.core in numerals.MONEY or (code and len(token.core) > 1 and token.core not in {"zł", "zl", "Kč"})
        after_amount = at and re.fullmatch(r"[\d.,]+", tokens[at - 1].core) and not tokens[at - 1].closing
        if not sign or not amount or after_amount or following.opening or at + 1 in settled.spelled:
            continue
        if token.closing.strip(".") or (token.closing and token.core not in {"Rs", "kr", "Rp"}):
            continue
        core = following.core + token.core if code else token.core + following.core
        tokens[at] = replace(token, core="")
        tokens[at + 1] = replace(following, core=core, opening=token.opening)
        settled.forward.add(at)


def age(core: str, here: Around) -> str:  # noqa: PLR0911 (a case each)
    """Say the age and sex in "my husband (30M)", or return an empty string where "30M" is an amount."""
    match = _AGE.fullmatch(core)
    if not match:
        return ""
    years, after, before, years_after = match.groups()
    if after and after[0] in "Yy":
        return f"{numerals.number(years)} year old"
    letter = (after or before).upper()
    said = f"{letter} {numerals.number(years_after)}" if before else f"{numerals.number(years)} {' '.join(letter)}"
    if letter != "M" or before:
        is_marked = (after or before).isupper() or _is_enclosed(here) or _names_a_person(here)
        return said if is_marked else ""
    if here.next.lower() == "here":
        return said
    if here.next.lower() in COUNTED or here.next.lower() in {"dollar", "to", *numerals.SCALE_WORDS}:
        return ""
    others = any(re.fullmatch(r"\d{1,2}[Ff]|[MmFf]\d{1,2}", word) for word in (*here.before, *here.after))
    if _is_enclosed(here) or set(here.opening) & set("(["):
        is_person = others or _names_a_person(here) or here.previous.istitle()
        return said if is_person and (_is_enclosed(here) or not here.next[:1].isalpha() or others) else ""
    is_apart = bool(set(here.closing) & set(",.;)]") or "," in here.joined or not here.next)
    is_self = here.previous in {"I", "I'm", "me", "Me"} or here.before[-1:] == ["am"]
    return said if (others and is_apart) or (_names_a_person(here) and (is_self or "," in here.joined)) else ""


def _is_enclosed(here: Around) -> bool:
    return bool(set(here.opening) & set("([")) and bool(set(here.closing) & set(")]"))


def _names_a_person(here: Around) -> bool:
    return here.previous.lower().removesuffix("'s") in PERSONS or here.previous == "I'm"


def is_decade(core: str, here: Around) -> bool:  # noqa: C901, PLR0911 (a case each)
    """Say whether "90s" is a decade (or the age of a person), and not so many seconds."""
    match = re.fullmatch(r"(\d+)('?)s", core)
    if not match:
        return False
    number, mark = match.groups()
    if mark or "'" in here.opening:
        return True
    if len(number) == 4:  # noqa: PLR2004
        return True
    if number[-1] != "0" or len(number) != 2:  # noqa: PLR2004
        return here.next == "of" or (len(number) > 2 and here.previous.lower() in DECADE_BEFORE)  # noqa: PLR2004
    following, previous = here.next.lower(), here.previous.lower()
    if not here.closing:
        if following in SECONDS_AFTER:
            return False
        if following in DECADE_AFTER:
            return True
    if previous in DECADE_BEFORE:
        return True
    if previous in {"and", "or", "to", "&", "through"} or "," in here.joined:
        others = [word for word in here.before if word not in {"and", "or", "to", "&", "through"}]
        if others and re.fullmatch(r"\d+'?s", others[-1]):
            at = len(here.before) - 1 - list(reversed(here.before)).index(others[-1])
            before, after = here.before[:at], here.before[at + 1 :]
            there = Around(before[-1] if before else "", after[0] if after else "", dotted=False, before=before)
            return is_decade(others[-1], there)
    return int(number) >= 70 and following.isalpha() and not here.closing  # noqa: PLR2004  "80s synths", "a 30s nap"


def is_minutes(here: Around) -> bool:
    """Say whether "5m" is so many minutes, and no length."""
    beside = re.fullmatch(r"\d+\s?(?:h|hr|hrs|d)", here.previous) or re.fullmatch(r"\d+\s?s(?:ec)?", here.next)
    return beside is not None or here.next.lower() in _PERIODS
