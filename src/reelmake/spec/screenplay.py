"""A script that was pasted as one text: a dialogue, a screenplay, or a chat. Every word of it is said, or is listed.

A speech begins with a name and a colon, with or without what lists and chats put before the name (`- `, `1. `,
`[00:04] `, an emoji), or with a name on a row of its own above the words: in capitals as in screenplays, with a colon,
or beside a time as in chats. It goes on to the next name; in a screenplay, to the next empty row. Scene headings,
transitions, action and parentheticals belong to nobody, nor does what an app writes into a chat::

    INT. KITCHEN - NIGHT

    ADA
    (whispering)
    Who is there?

    Max: Me.
"""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from reelmake.spec import chat
from reelmake.spec.clean_text import ROW_MARKS, RULE, is_tag, without_html

_NAME: Final = r"[^\W_][\w'’.&-]*(?: [\w'’.&-]+){0,2}"
_LONG_NAME: Final = r"[^:：]{1,60}?"  # beside a time
_MARKS: Final = re.compile(
    rf"(?:>\s*|[-*+•◦▪‣·–—]\s+|\(?\d{{1,3}}[.)\]](?:\s+|(?=[^\W\d]))|\d{{1,3}}\s+(?=[^\W\d])|#\d+\s+|\[[ xX]?\]\s+"
    rf"|#{{1,6}}\s+|{chat.EMOJI}+\s*)"
)
_COLON: Final = (
    rf"\s*{chat.EMOJI}*(?:\*\*|__|[*_])?\s*(?P<aside>[(（\[][^()（）\[\]]*[)）\]])?(?P<space>\s*)(?:\*\*|__|[*_])?"
    r"(?P<sign>[:：])(?:\*\*|__|[*_](?=\s|$))?(?P<gap>\s*)(?P<words>.*)"
)
_SPEECH: Final = re.compile(rf"(?P<name>{_NAME}){_COLON}")
_MESSAGE: Final = re.compile(rf"(?P<name>{_LONG_NAME}){_COLON}")
_QUOTED_NAME: Final = re.compile(rf"<[@+~&% ]?(?P<name>{_NAME})>\s+(?P<words>\S.*)")
_TABBED: Final = re.compile(rf"(?P<name>{_NAME})(?:\t+|\s+[-–—|]\s+)(?P<words>\S.*)")
_CUE: Final = re.compile(rf"@?(?P<name>{_NAME})\s*(?P<aside>(?:\([^()]*\)\s*)*)\^?")
_EMPHASIS: Final = re.compile(r"(\*\*|__|[*_])(?=\S)")
_SMILEY: Final = re.compile(r"(?:[DPpOo3xX*|$@]|[)(\]\[/\\]+)(?:\W|$)")
_HEADING: Final = re.compile(r"(?:INT|EXT|EST|I/E)\b|\.[A-Z]|FADE |CUT |#|>")
_SCENE: Final = re.compile(
    r"(?:INT|EXT|EST|I/E)(?:\.|/| -)|(?:[A-Z]+ )*(?:CUT|FADE|DISSOLVE|WIPE)(?: BACK)? (?:TO|IN|OUT|UP)\b[A-Z ]*[:.]?$"
)
_END: Final = re.compile(r"(?:the end|fin|(?:act|scene|chapter|part) [\w ]{1,12})[.:]?", re.IGNORECASE)
_NOTE: Final = re.compile(
    r"(?:title|subtitle|setting|scene|act|characters|logline|genre|sfx|visuals?|b-roll|shot|cut to|hashtags"
    r"|text on screen|on-screen text)(?: \w{1,5})?",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(r"[(（][^()（）]*[)）]|\*(?!\*)[^*]+\*|\[[^\[\]]*\]")
_CONTINUED: Final = re.compile(
    r"[(（](?:(?:cont(?:inued|['’]?d)|o\.?[sc]\.?|v\.?o\.?|off|more)\.?[\s,/]*)+[)）]", re.IGNORECASE
)
_VOICE: Final = re.compile(r"^<v(?:\.[\w.]+)? +([^<>]+)>|</v>")  # of WebVTT
_ENDED: Final = re.compile(r"[.!?…:][\"”’)*_]*$")

ACTION: Final = "it is taken for a stage direction"
HEADING: Final = "it is taken for a heading"
EVENT: Final = "it is taken for what an app writes into a chat"
NOBODY: Final = "there is no name before it"
WORDLESS: Final = "there are no words in it"
_MOST_WORDS: Final = 5  # of a name beside a time; more are a sentence


@dataclass(slots=True)
class Speech:
    """One speech: the speaker (as specs name characters), the row (from 0) on which it begins, the words."""

    speaker: str
    row: int
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words on one row."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True, order=True)
class Unsaid:
    """Words of a script that nobody says: the row (from 0), the words, and why."""

    row: int
    words: str
    why: str


@dataclass(frozen=True, slots=True)
class _Head:
    """The beginning of a speech.

    words       what is said on the same row
    aside       what stands beside the name, and is not said
    is_stamped  whether a time stands beside the name
    is_sure     whether it can hardly be anything else; others are names if another row or the cast has them too
    is_cue      whether the name stands alone, in capitals, as in screenplays
    rows        how many rows it takes
    """

    name: str
    words: str = ""
    aside: str = ""
    is_stamped: bool = False
    is_sure: bool = True
    is_cue: bool = False
    rows: int = 1


def read_script(text: str, cast: Collection[str] = ()) -> tuple[list[Speech], list[Unsaid]]:
    """Return the speeches in a text, in order, none when nobody speaks; and the words that belong to nobody.

    `cast` are names of characters that are known to speak.
    """
    rows = [_row(row) for row in text.splitlines()]
    heads = [_head(rows, at) for at in range(len(rows))]
    known, is_screenplay = {name.lower() for name in cast}, any(_SCENE.match(row.strip("*_#> ")) for row in rows)
    accepted = _accepted(heads, known, is_screenplay=is_screenplay)
    reader = _Reader(rows, accepted, known, is_screenplay=is_screenplay)
    reader.read()
    return reader.speeches, sorted(reader.unsaid)


def _row(row: str) -> str:
    """Return a row without what is not to be seen in it."""
    return _VOICE.sub(lambda tag: f"{tag[1]}: " if tag[1] else "", chat.INVISIBLE.sub("", without_html(row)))


def _accepted(heads: Sequence[_Head | None], cast: Collection[str], *, is_screenplay: bool) -> list[_Head | None]:
    """Return the heads that are taken for one."""
    found = [head for head in heads if head]
    sure = [head for head in found if head.is_sure]
    stamped = [head for head in sure if head.is_stamped]
    is_export = len(stamped) > 1 and len(stamped) > sum(not head.is_stamped for head in sure)
    names = Counter(_slug(head.name) for head in found if not head.is_cue)
    known = {*cast, *(_slug(head.name) for head in (stamped if is_export else sure) if not head.is_cue)}
    if not is_export:
        known |= {name for name, times in names.items() if times > 1}
    if not sure and len(found) > 1:
        known |= names.keys()

    def is_one(head: _Head) -> bool:
        if _slug(head.name) in known:
            return True
        if head.is_cue:
            return head.name == head.name.upper() and (is_screenplay or not sure)
        return head.is_sure and (head.is_stamped or not is_export)

    return [head if head and is_one(head) else None for head in heads]


def _head(rows: Sequence[str], at: int) -> _Head | None:  # noqa: PLR0911 (one for each form)
    """Return what a row is as the beginning of a speech, or None when it can be none."""
    row, before = rows[at].strip(), rows[at - 1].strip() if at else ""
    if not row or RULE.fullmatch(row) or chat.ONLY_STAMP.fullmatch(row):
        return None
    if found := chat.NAME_THEN_STAMP.fullmatch(row):
        return _Head(found["name"], found["words"], is_stamped=True)
    rest, stamp, is_heading = _without_marks(row)
    emphasis = found[1] if (found := _EMPHASIS.match(rest)) else ""
    rest = _without_marks(rest[len(emphasis) :])[0] if emphasis else rest
    if found := None if stamp else chat.STAMP_AFTER.fullmatch(rest):
        name, words = re.sub(r"\s+(?:APP|BOT)$", "", found["name"]).strip("*_ "), found["words"] or ""
        is_name = len(name.split()) <= _MOST_WORDS and any(map(str.isalpha, name)) and not name.endswith(tuple(".!?"))
        return _Head(name, words, is_stamped=True, is_sure=found["sign"] != " ") if is_name else None
    if found := (_MESSAGE if stamp else _SPEECH).fullmatch(rest):
        return _spoken_head(found, emphasis, before, is_stamped=bool(stamp), is_heading=is_heading)
    if found := _QUOTED_NAME.fullmatch(rest):
        return _Head(found["name"], found["words"], is_stamped=bool(stamp), is_sure=bool(stamp))
    if found := _TABBED.fullmatch(rest):
        return _Head(found["name"], found["words"], is_stamped=bool(stamp), is_sure=bool(stamp and "\t" in rest))
    return _name_above(rest.rstrip("*_ "), stamp, rows, at)


def _without_marks(row: str) -> tuple[str, str, bool]:
    """Return a row without what lists and chats put before a name, the time there, and whether it is a heading."""
    stamp, is_heading = "", False
    while True:
        if found := chat.STAMP_BEFORE.match(row):
            stamp = found[0]
        elif found := _MARKS.match(row):
            is_heading |= found[0].startswith("# ") or found[0].startswith("##")
        else:
            return row, stamp, is_heading
        row = row[found.end() :]


def _spoken_head(
    found: re.Match[str], emphasis: str, before: str, *, is_stamped: bool, is_heading: bool
) -> _Head | None:
    """Return a head that is a name and a colon."""
    name, words, aside = found["name"].strip("~ "), found["words"].strip(), found["aside"] or ""
    if len(name.split()) > _MOST_WORDS or not name:
        return None
    is_sure = is_stamped or not is_heading
    if found["sign"] == ":" and words and not found["gap"]:  # Max:No space, but 10:30, http://, a::b, Great :D
        if words[0] in "/\\:" or found["space"] or _SMILEY.match(words):
            return None
        is_sure &= not words[0].isdigit() and name[0].isalpha()
    if not is_stamped and " " in name and name == name.lower() and before:
        is_sure &= _ENDED.search(before) is not None  # what stands before it went on: `two things: ...`
    if emphasis and words.count(emphasis) % 2:
        words = emphasis + words  # it ends further on: `*Ada: Hello.*`
    aside = "" if chat.ONLY_STAMP.fullmatch(aside) or _CONTINUED.fullmatch(aside) else aside
    return _Head(name, words, aside, is_stamped=is_stamped, is_sure=is_sure)


def _name_above(rest: str, stamp: str, rows: Sequence[str], at: int) -> _Head | None:
    """Return a head that is a name on a row of its own."""
    below = [row.strip() for row in rows[at + 1 : at + 4]]
    after = below[0] if below else ""
    found = _CUE.fullmatch(rest)
    if stamp:  # [01-Jan-21 04:20 PM] Ada#1234
        is_name = after and chat.DATED.search(stamp) and not chat.STAMP_BEFORE.match(after) and "[" in stamp
        name = re.sub(r"#\d{4}$", "", rest)
        is_name = is_name and _CUE.fullmatch(name) and not _ENDED.search(name)
        return _Head(name, is_stamped=True) if is_name else None
    if not found:
        return None
    dashes = next((place for place, row in enumerate(below) if row.strip("—–·• ")), len(below))
    if (
        after
        and rest[0].isalpha()
        and not chat.EVENT.fullmatch(rows[at].strip())
        and "-->" not in after
        and dashes < len(below)
        and chat.ONLY_STAMP.fullmatch(below[dashes])
        and not _ENDED.search(rest)
    ):
        times = rows[at + 1 + dashes]
        is_sure = not at or not rows[at - 1].strip() or times[:1].isspace() or any(map(str.isalpha, times))
        return _Head(found["name"], is_stamped=True, is_sure=is_sure, rows=dashes + 2)
    if not after or RULE.fullmatch(after):
        return None
    name, aside = found["name"], found["aside"].strip()
    is_capital = name == name.upper() != name.lower() and not _HEADING.match(rest)
    aside = "" if _CONTINUED.fullmatch(aside) else aside
    return _Head(name, "", aside, is_sure=False, is_cue=True) if is_capital or not aside else None


class _Reader:
    """Walks over the rows, and gives each to a speech or to nobody."""

    def __init__(
        self, rows: Sequence[str], heads: Sequence[_Head | None], cast: Collection[str], *, is_screenplay: bool
    ) -> None:
        self.rows, self.heads, self.cast = rows, heads, cast
        self.speeches: list[Speech] = []
        self.unsaid: list[Unsaid] = []
        self._is_screenplay = is_screenplay
        self._is_chat = any(head and head.is_stamped for head in heads)
        self._speech: Speech | None = None
        self._ends_at_empty_row = False
        self._block = False

    def read(self) -> None:
        """Read all rows."""
        at = 0
        while at < len(self.rows):
            head = self.heads[at]
            if head and head.is_cue and self._begins_another(at + 1):
                head = None  # a name without words
            if head:
                self._begin(head, at)
            else:
                self._go_on(at)
            at += head.rows if head else 1
        for speech in list(self.speeches):
            if not any(map(str.isalnum, speech.text)):
                self.speeches.remove(speech)
                if not any((one.row, one.why) == (speech.row, EVENT) for one in self.unsaid):
                    self._leave_out(speech.row, WORDLESS)

    def _begins_another(self, at: int) -> bool:
        head = self.heads[at] if at < len(self.heads) else None
        return head is not None and not head.is_cue

    def _begin(self, head: _Head, at: int) -> None:
        self._block = False
        if _NOTE.fullmatch(head.name) and _slug(head.name) not in self.cast:
            self._leave_out(at, HEADING)
            return
        self._speech = Speech(_slug(head.name), at)
        self._ends_at_empty_row = head.is_cue and head.name == head.name.upper()
        self.speeches.append(self._speech)
        if head.aside:
            self._leave_out(at, ACTION, head.aside)
        self._say(head.words, at)

    def _go_on(self, at: int) -> None:  # noqa: C901 (one for each form)
        """Take a row that begins no speech."""
        raw = self.rows[at]
        row = raw.strip()
        if chat.BLOCK.fullmatch(row) or (self._block and row):
            self._block = True
            self._leave_out(at, EVENT)
        elif not row or RULE.fullmatch(row):
            self._block = False
            if row or self._ends_at_empty_row or self._is_screenplay:
                self._speech = None
        elif _SCENE.match(row.strip("*_# ")) or _END.fullmatch(row.strip("*_# ")) or re.match(r"#{1,6}\s", row):
            self._speech = None
            self._leave_out(at, HEADING)
        elif chat.ONLY_STAMP.fullmatch(row) and (self._is_chat or "-->" in row):
            if any(map(str.isalpha, row)):
                self._leave_out(at, EVENT)
        elif row.isdigit() and at + 1 < len(self.rows) and "-->" in self.rows[at + 1]:
            pass  # the number of a subtitle
        elif self._is_event(row):
            self._leave_out(at, EVENT)
        elif _ASIDE.fullmatch(row.strip("*_") if row.startswith("**") else row) and not is_tag(row):
            self._leave_out(at, ACTION)
            self._speech = self._speech if self._ends_at_empty_row or not self._is_screenplay else None
        elif self._speech and self._is_continued(raw):
            stamp = chat.STAMP_BEFORE.match(row)
            self._say(ROW_MARKS.sub("", row[stamp.end() :] if stamp else row), at)
        else:
            self._speech = None
            self._leave_out(at, ACTION if self._is_screenplay else NOBODY)

    def _is_event(self, row: str) -> bool:
        stamp = chat.STAMP_BEFORE.match(row)
        if stamp and chat.DATED.search(stamp[0]):
            return True  # a message has a name
        return bool((self._is_chat and chat.EVENT.fullmatch(row)) or chat.NO_SPEECH.fullmatch(row))

    def _is_continued(self, raw: str) -> bool:
        """Say whether a row goes on with the speech before it; in a screenplay, what does not is action."""
        words = self._speech.words if self._speech else []
        is_wrapped = raw[:1].isspace() or not words or not _ENDED.search(words[-1])
        return not self._is_screenplay or self._ends_at_empty_row or is_wrapped

    def _say(self, words: str, at: int) -> None:
        if edited := chat.EDITED.search(words):
            self._leave_out(at, EVENT, edited[0].strip())
            words = words[: edited.start()]
        if words and chat.NO_SPEECH.fullmatch(words):
            self._leave_out(at, EVENT)
        elif words and self._speech:
            self._speech.words.append(words)

    def _leave_out(self, at: int, why: str, words: str = "") -> None:
        self.unsaid.append(Unsaid(at, words or self.rows[at].strip(), why))


def _slug(name: str) -> str:
    """Return a name as files of characters are called."""
    plain = unicodedata.normalize("NFKD", name.lower())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-") or name
