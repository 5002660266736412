"""Remove stage directions and markup from a written line: the rest is spoken.

Scripts come from chats, wikis and screenplays, and bring along what no voice should say and no caption should show:
`**bold**`, `[a link](https://...)`, `---`, `(whispering)`, `*sighs*`. The words stay; what only stands around them
goes. What may as well be speech, such as `It is (almost) true`, is left alone, and so are a vendor's audio tags, such
as `[laughs]`: they are sent to voices that know them.
"""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
from typing import Final

RULE: Final = re.compile(r"\s*(?:([-*_])(?:\s*\1){2,}|={3,}|```.*|~~~.*)\s*")  # a row that only divides

_ROW_MARKS: Final = re.compile(r"^\s*(?:>\s*)*(?:#{1,6}\s+(?=\S)|[-*]\s+(?=[^\W\d]|[*_\"“'(\[]))?")
_IMAGE_OR_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
_REFERENCE: Final = re.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]")
_ADDRESS: Final = re.compile(r"<(?:https?://|mailto:)[^<>\s]*>")
_CODE: Final = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_STRUCK: Final = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_ACTION: Final = re.compile(r"\(\s*\*[^()*]*\*\s*\)|\[\s*\*[^\[\]*]*\*\s*\]|\*\s*\([^()*]*\)\s*\*")  # (*smiles*)
_ACTION_FIRST: Final = re.compile(r"^\*[a-z][^*]*\*\s+(?=[A-ZÀ-Þ\"“¿¡])")  # *smiles* Hello
_ACTION_BETWEEN: Final = re.compile(r"(?<=[.!?…])([\"”]?\s*)\*[a-z][^*]*\*(?=\s+[A-ZÀ-Þ\"“¿¡]|\s*$)")  # Hm. *nods* Yes
_BOLD: Final = re.compile(r"(?<!\w)(\*{2,3}|_{2,3})(?=\S)(.+?)(?<=\S)\1(?!\w)")
_EMPHASIS: Final = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=[^\s*])\*(?![\w*])")
_UNDERLINED: Final = re.compile(r"(?<!\w)_(?=[^\s_])([^_]+?)(?<=[^\s_])_(?!\w)")
_ESCAPED: Final = re.compile(r"\\([\\`*_~\[\]()#>+.!-])")
# A row of underscores loses six at a time, which takes long: a shorter one ends as the same.
_RUN: Final = re.compile(r"(?<!\w)_{48,}(?!\w)")
_LONG_DASH: Final = re.compile(r"(?<=\s)---(?=\s)")

# Parentheses hold a direction: by a word that nobody says aloud, wherever they stand ...
_DIRECTIONS: Final = (
    r"beat|(?:long|short) pause|paus(?:e|es|ing)|laugh(?:s|ing|ter)?|chuckl(?:es|ing)|giggl(?:es|ing)|sigh(?:s|ing)?"
    r"|whisper(?:s|ing)?|smil(?:es|ing)|smirk(?:s|ing)|grin(?:s|ning)|shout(?:s|ing)|yell(?:s|ing)|gasp(?:s|ing)?"
    r"|cough(?:s|ing)?|sob(?:s|bing)|nod(?:s|ding)|shrug(?:s|ging)|wink(?:s|ing)|frown(?:s|ing)|mutter(?:s|ing)"
    r"|sarcastic(?:ally)?|softly|quietly|loudly|angrily|excitedly|nervously|cheerfully|sadly|rolls|clears|looks"
    r"|off[- ]?screen|o\.s\.|v\.o\.|cont'?d|笑|間"
)
_NAMED: Final = re.compile(rf"[(（]\s*(?:{_DIRECTIONS})(?!\w)[^()（）]{{0,60}}[)）]", re.IGNORECASE)
# ... by where they stand: first, before a sentence begins; or after the end of one, beginning small.
_FIRST: Final = re.compile(r"^[(（][^()（）?!]*[)）]\s*(?=[A-ZÀ-Þ0-9\"“'‘¿¡]|$)")
_BETWEEN: Final = re.compile(r"(?<=[.!?…])([\"”’]?\s*)[(（][a-zß-ÿ][^()（）.?!]*[)）](?=\s|$)")


def spoken(text: str) -> str:
    """Return the spoken part of a text; the very same text when all of it is spoken.

    Applying it twice changes nothing more: `spoken(spoken(text)) == spoken(text)`.
    """
    text = _RUN.sub(lambda run: "_" * (42 + len(run[0]) % 6), text)
    plain = " ".join(text.split())
    said = _once(text)
    while said != plain:  # markup may enclose markup; the text gets shorter each time
        text, plain, said = said, said, _once(said)
    return text


def _once(text: str) -> str:
    return _without_directions(_without_markup(" ".join(" ".join(map(_row, text.splitlines())).split())))


def _row(row: str) -> str:
    return "" if RULE.fullmatch(row) else _ROW_MARKS.sub("", row)


def _without_markup(text: str) -> str:
    for mark, kept in ((_IMAGE_OR_LINK, r"\1"), (_REFERENCE, r"\1"), (_ADDRESS, ""), (_CODE, r"\2"), (_STRUCK, r"\1")):
        text = mark.sub(kept, text)
    text = _BOLD.sub(r"\2", _ACTION.sub(" ", text).strip())
    text = _EMPHASIS.sub(r"\1", _ACTION_BETWEEN.sub(r"\1", _ACTION_FIRST.sub("", text)))
    return _ESCAPED.sub(r"\1", _LONG_DASH.sub("—", _UNDERLINED.sub(r"\1", text)))


def _without_directions(text: str) -> str:
    text = _BETWEEN.sub(r"\1", _FIRST.sub("", _NAMED.sub(" ", " ".join(text.split())).strip()))
    return re.sub(r"\s+(?=[.,!?;…](?:\s|$))", "", " ".join(text.split())).strip()
