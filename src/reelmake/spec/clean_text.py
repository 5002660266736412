"""Remove stage directions and markup from a written line: the rest is spoken.

Scripts come from chats, wikis and screenplays, and bring along what no voice should say and no caption should show:
`**bold**`, `<b>bold</b>`, `&amp;`, `[a link](https://...)`, `---`, `(whispering)`, `*sighs*`. The words stay; what only
stands around them goes. What may as well be speech, such as `It is (almost) true` or `[1]`, is left alone, and so are a
vendor's audio tags, such as `[laughs]`: they are sent to voices that know them.
"""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterator
from typing import Final

RULE: Final = re.compile(r"\s*(?:([-*_])(?:\s*\1){2,}|={3,}|```.*|~~~.*)\s*")  # a row that only divides

ROW_MARKS: Final = re.compile(r"^\s*(?:>\s*)*(?:#{1,6}\s+(?=\S)|[-*]\s+(?=[^\W\d]|[*_\"“'(\[]))?")
_IMAGE_OR_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
_REFERENCE: Final = re.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]")
_ADDRESS: Final = re.compile(r"<(?:https?://|mailto:)[^<>\s]*>")
_COMMENT: Final = re.compile(r"<!--.*?-->|<!\[CDATA\[|\]\]>|<[?!](?:xml|doctype)\b[^<>]*>", re.IGNORECASE)
_BLOCK: Final = (
    r"br|p|div|li|ul|ol|dl|dt|dd|h[1-6]|hr|table|thead|tbody|tr|td|th|blockquote|section|article|header|footer"
)
_INLINE: Final = (
    r"a|abbr|b|bdi|bdo|big|body|center|cite|code|del|details|dfn|em|figcaption|figure|font|html|i|img|ins|kbd|label|main"
    r"|mark|nav|pre|q|rp|rt|ruby|s|samp|small|span|strike|strong|sub|summary|sup|time|tt|u|var|wbr"
    # ... and of SSML, but for what voices are sent: see VENDOR_TAG
    r"|audio|desc|emphasis|lang|lexicon|metadata|paragraph|prosody|say-as|seq|par|sentence|token|voice|w|[a-z]+:[a-z-]+"
)
_HTML: Final = re.compile(rf"</?(?:({_BLOCK})|{_INLINE})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_NO_WIDTH: Final = re.compile("[\u00ad\u200b\u2060\ufeff]")
_CODE: Final = re.compile(r"(`++)(.+?)(?<!`)\1(?!`)")
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


# What voices are sent, and nobody is shown: `[laughs softly]`, `[strong French accent]`, `<break time="1s"/>`.
_MANNERS: Final = (
    r"accent|alarmed|amazed|amused|angr(?:y|ily)|annoyed|anxious(?:ly)?|appalled|awe|bored|calm(?:ly)?|cautious(?:ly)?"
    r"|cheer(?:ful|fully|s|ing)|confident(?:ly)?|confused|curious(?:ly)?|deadpan|delighted|desperate(?:ly)?|disappointed"
    r"|dramatic(?:ally)?|elated|embarrassed|empathetic|excited(?:ly)?|frustrated|gent(?:le|ly)|happ(?:y|ily)"
    r"|hesitant(?:ly)?|impatient(?:ly)?|in awe|in disbelief|ironic(?:ally)?|jumping in|lighthearted"
    r"|matter[- ]of[- ]fact|mischievous(?:ly)?"
    r"|monotone|nervous(?:ly)?|overlapping|playful(?:ly)?|professional|proud(?:ly)?|questioning|quiet(?:ly)?|loud(?:ly)?"
    r"|reassuring|reflective|regretful|relieved|resigned|robotic|rushed|sad(?:ly)?|sarcas(?:m|tic|tically)|scared|serious"
    r"|shocked|shy(?:ly)?|slow(?:ly)?|slows? down|soft(?:ly)?|speeds? up|surprised|suspicious(?:ly)?|sympathetic"
    r"|thoughtful(?:ly)?|tired|urgent(?:ly)?|warm(?:ly)?|wistful(?:ly)?|deliberate|drawn out|fast(?:er)?|slower|echo"
)
_SOUNDS: Final = (
    r"applau(?:se|ds)|breath(?:e|es|ing|s)?|burps?|chuckl(?:e|es|ing)|clap(?:s|ping)?|clears?|clearing|cough(?:s|ing)?"
    r"|cr(?:y|ies|ying)|crosstalk|exhal(?:e|es|ing)|explosion|farts?|footsteps|gasp(?:s|ing)?|giggl(?:e|es|ing)"
    r"|groan(?:s|ing)?|growl(?:s|ing)?|gulps?|gunshot|hesitat(?:es|ing)|hiccups?|hum(?:s|ming)?|inaudible|inhal(?:e|es|ing)"
    r"|interrupt(?:s|ing)|laugh(?:s|ing|ter)?|moan(?:s|ing)?|music(?: playing)?|mutter(?:s|ing)?|pant(?:s|ing)"
    r"|paus(?:e|es|ing)|beat|rustling|scoff(?:s|ing)?|scream(?:s|ing)?|shout(?:s|ing)?|sigh(?:s|ing)?|silence"
    r"|sing(?:s|ing)|smack(?:s|ing)?|sniff(?:s|ing|les)?|snor(?:e|es|ing|ts?|ting)|sob(?:s|bing)?|stammer(?:s|ing)?"
    r"|stutter(?:s|ing)?|swallows?|tuts?|wheez(?:e|es|ing)|whimper(?:s|ing)?|whisper(?:s|ing|ed)?|whistl(?:es|ing)|woo"
    r"|yawn(?:s|ing)?|yell(?:s|ing)?"
)
_DEGREES: Final = (
    r"a (?:little|bit)|very|more|slight(?:ly)?|strong|thick|heavy|light|deep|long|short|big|small|evil|genuine"
    r"|start(?:s|ing)|with|starts to|leaves"
)
_FURTHER: Final = (
    r"hard(?:er)?|louder|deep(?:ly)?|sharp(?:ly)?|heav(?:y|ily)|hysterical(?:ly)?|throat|tone|voice|out loud|again"
    r"|to (?:him|her|them)sel(?:f|ves)|under (?:his|her|their) breath|uncontrollably|in|out|a (?:little|bit)"
    r"|laugh(?:ter)?"
)
_KNOWN: Final = rf"(?:(?:{_DEGREES}|{_MANNERS}) )*(?:{_MANNERS}|{_SOUNDS})(?:,? (?:{_FURTHER}|{_MANNERS}|{_SOUNDS}))*"
VENDOR_TAG: Final = re.compile(
    rf"\[\s*(?:{_KNOWN}|(?:[^\W\d]+ ){{1,3}}accent)\s*\]|</?(?:break|phoneme|speak)\b[^<>]*>", re.IGNORECASE
)


def is_tag(text: str) -> bool:
    """Say whether all of a text is an audio tag that voices know, such as `[laughs]`."""
    return VENDOR_TAG.fullmatch(text) is not None


def without_html(text: str) -> str:
    """Return a text with its entities decoded, and without tags of HTML and SSML; `<3` and `<name>` stay."""
    if "<" in text:
        text = _HTML.sub(lambda tag: " " if tag[1] else "", _COMMENT.sub("", text))
    return _ENTITY.sub(lambda found: _NO_WIDTH.sub("", html.unescape(found[0])), text) if "&" in text else text


def left_out(text: str) -> Iterator[str]:
    """Yield the parts of a text with words that `spoken` leaves out: `(whispering)`."""
    said = re.findall(r"\w+", spoken(text))
    words = list(re.finditer(r"\w+", text))
    matcher = difflib.SequenceMatcher(None, [word[0] for word in words], said, autojunk=False)
    for what, first, after, _, _ in matcher.get_opcodes():
        if what in {"delete", "replace"}:
            start, end = words[first].start(), words[after - 1].end()
            around = re.compile(r"[(（\[*]*").search(text[:start][::-1])
            start -= len(around[0]) if around else 0
            yield text[start:end] + (found[0] if (found := re.match(r"[)）\]*.]*", text[end:])) else "")


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


def emphasised(text: str) -> tuple[int, ...]:
    """Return which characters of `spoken(text)` are emphasised: letters and digits within `*`, `_` or more of them.

    They are those that change when the letters between such marks are replaced by others: so whatever else is removed
    around them, they are found. None are, when what is removed depends on them.
    """
    marked = {
        at
        for mark, group in ((_BOLD, 2), (_EMPHASIS, 1), (_UNDERLINED, 1))
        for found in mark.finditer(text)
        for at in range(*found.span(group))
    }
    if not marked:
        return ()
    said, other = spoken(text), spoken("".join(_other(char) if at in marked else char for at, char in enumerate(text)))
    if len(said) != len(other):
        return ()
    return tuple(at for at, (one, two) in enumerate(zip(said, other, strict=True)) if one != two)


def _other(char: str) -> str:
    """Return another letter of the same kind, or another digit; any other character as it is."""
    if not char.isalnum():
        return char
    near = (chr(ord(char) + step) for step in (1, -1, 2, -2) if 0 < ord(char) + step < 0x110000)  # noqa: PLR2004 (all)
    alike = (one for one in near if one.isalnum() and one.isascii() == char.isascii())
    return next((one for one in alike if (one.isupper(), one.islower()) == (char.isupper(), char.islower())), char)


def _once(text: str) -> str:
    return _without_directions(_without_markup(" ".join(" ".join(map(_row, text.splitlines())).split())))


def _row(row: str) -> str:
    while not RULE.fullmatch(row):
        if (plain := ROW_MARKS.sub("", row)) == row:
            return row
        row = plain
    return ""


def _without_markup(text: str) -> str:
    text = without_html(text)
    for mark, kept in ((_IMAGE_OR_LINK, r"\1"), (_REFERENCE, r"\1"), (_ADDRESS, ""), (_CODE, r"\2"), (_STRUCK, r"\1")):
        text = mark.sub(kept, text)
    text = _BOLD.sub(r"\2", _ACTION.sub(" ", text).strip())
    text = _EMPHASIS.sub(r"\1", _ACTION_BETWEEN.sub(r"\1", _ACTION_FIRST.sub("", text)))
    return _ESCAPED.sub(r"\1", _LONG_DASH.sub("—", _UNDERLINED.sub(r"\1", text)))


def _without_directions(text: str) -> str:
    text = _BETWEEN.sub(r"\1", _FIRST.sub("", _NAMED.sub(" ", " ".join(text.split())).strip()))
    return re.sub(r"\s+(?=[.,!?;…](?:\s|$))", "", " ".join(text.split())).strip()
