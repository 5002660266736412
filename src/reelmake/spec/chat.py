"""Rows of chats as people paste them: who wrote a message and when, and what in it is no speech.

WhatsApp, Telegram, Slack, Discord, Signal, LINE and transcripts write a time before or after a name, on the row of the
words or above it. What a row is, is decided here, a row at a time; `screenplay` puts the rows together.
"""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
from typing import Final

INVISIBLE: Final = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
EMOJI: Final = "[\u00a9\u00ae\u200d\u203c\u2049\u20e3\u2122\u2190-\u2bff\u3030\ufe0e\ufe0f\U0001f000-\U0001faff]"

_MONTH: Final = (
    r"(?:jan|feb|fév|mar|mär|apr|avr|abr|may|mai|maj|mag|jun|juin|giu|jul|juil|lug|aug|aoû|ago|sep|set|oct|okt|out|ott"
    r"|nov|dec|dez|déc|dic)[^\W\d]*\.?"
)
_WEEKDAY: Final = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun)\b"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th|\.)?"
_NEARBY: Final = r"(?:today|yesterday|heute|gestern|hoy|ayer|aujourd[’']hui|hier|oggi|ieri|hoje|ontem)\b"
_DATE: Final = (
    r"(?:\d{1,4}(?:[./-] ?\d{1,2}){2}(?:\d\d)?\.?(?!\d)|\d{4} ?年 ?\d{1,2} ?月 ?\d{1,2} ?日"
    rf"|(?:{_WEEKDAY}\.?,? )?(?:{_DAY}[ -](?:de )?{_MONTH}(?:(?:,? |-)(?:de )?(?:\d{{4}}|\d\d\b))?"
    rf"|{_MONTH} {_DAY}(?:,? \d{{4}})?)|{_NEARBY}|{_WEEKDAY})"
)
_HALF: Final = r"(?:(?:上午|下午|午前|午後|오전|오후)\s?)?"
_ZONE: Final = r"(?:\s?[ap]\.?\s?m\b\.?|z\b|\s(?:utc|gmt)\b|\s?[+-]\d\d:?\d\d\b)*"
_CLOCK: Final = rf"{_HALF}\d{{1,2}}:\d\d(?::\d\d)?(?:[.,]\d+)?(?!\d){_ZONE}"
_DOTTED: Final = r"\d{1,2}\.\d\d(?:\.\d\d)?(?!\d)"  # a time only beside a date
_BETWEEN: Final = r"(?:,|\s*[-·])?(?:\s*(?:at|um|klo|kl\.?|à|a las|às|alle)\b)?\s*t?"
_TIME: Final = rf"(?:{_DATE}{_BETWEEN}(?:{_CLOCK}|{_DOTTED})|{_CLOCK}(?:,?\s+{_DATE})?)"
_STAMP: Final = rf"(?:{_TIME}|{_DATE})"

_WORDS: Final = (
    r"image|photo|picture|video(?: note)?|audio|gif|sticker|document|contact(?: card)?|media|voice message|file|album"
    r"|poll|location|animation|attachment"
)
_NO_SPEECH: Final = (
    rf"<(?!3)[^<>]*>|(?:{_WORDS})s? omitted|(?:bild|video|audio|gif|sticker|dokument) weggelassen"
    r"|(?:imagen|image|vid[eé]o|audio|sticker|documento?) (?:omitid[oa]|absente?|omess[oa])"
    r"|\S.*\.\w{2,4} \((?:file attached|datei angehängt|archivo adjunto|fichier joint|arquivo anexado|file allegato)\)"
    r"|(?:this|you deleted this|a) message (?:was|has been) deleted|you deleted this message|message deleted"
    r"|diese nachricht wurde gelöscht|(?:missed )?(?:group )?(?:voice|video) call\b.{0,40}|missed call.{0,40}|null"
    rf"|\[\s*(?:{_WORDS})s?\b[^\]]*\]|(?:live )?location(?: shared)?: ?https?://\S+|poll:.*"
    r"|waiting for this message\b.*"
    r"|[\[(]?(?:in reply to|forwarded from|forwarded message)\b[^\]]*\]?|.*\bend-to-end encrypted\b.*"
    r"|(?:reacted|liked|loved|laughed at|emphasized|disliked|questioned) .{0,40}[“\"].*[”\"]|\(- .* -\)"
)
_GROUP: Final = r"(?:group|chat|channel|conversation|server|call|meeting|room)"
_EVENT: Final = (
    rf".{{1,60}} (?:(?:has |was |were )?(?:joined|left|added|removed|invited)\b.*(?:\b{_GROUP}\b|#\S|\busing\b).*"
    rf"|(?:created|changed|renamed|deleted|updated) (?:the|this) (?:{_GROUP}|subject|topic|theme|nickname).*"
    r"|set the channel.*|pinned (?:a|this) message.*|(?:is|are) now an? admin.*|turned (?:on|off) disappearing.*"
    rf"|started a (?:voice |video |group )?(?:call|thread).*|reacted .*)|(?:joined|left|set the) (?:#|the {_GROUP}).*"
)
_REACTION: Final = rf"(?:{EMOJI}+|:[\w+-]+:)\s*\d*"
_BESIDE: Final = (
    rf"{_REACTION}(?:\s+{_REACTION})*|(?:\*+|-->|<--|-!-) .*(?:joined|left|quit|parted)\b.*"
    r"|\d+ repl(?:y|ies)\b.*|last reply\b.*|view thread|also sent to the channel"
    r"|see all the pins\.?|\(edited\)|new messages?|exported \d+ message.*|webvtt\b.*|forwarded"
    r"|[\w-]+\.(?:png|jpe?g|gif|mp4|pdf|webp|heic|mov|ogg|opus)"
)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# before a name: `[31/12/23, 23:59:10] `, `12/31/23, 11:59 PM - `, `00:04 `
STAMP_BEFORE: Final = _compiled(rf"(?:[\[(<{{]\s*{_STAMP}\s*[\])>}}]|{_TIME}(?=[\s:–—-]))\s*(?:[-–—|:]\s+)?")
# ... and after it: `Ada, [01.02.2024 16:20]`, `Ada — Today at 4:20 PM`, `Ada  4:20 PM`, `Ada (16:20): words`
STAMP_AFTER: Final = _compiled(
    r"(?P<name>[^:\n]{0,59}?[^:\s,[(—–·•|-])"
    rf"(?P<sign>,?\s*[\[(]|\s*[—–·•|]\s*|,\s+|\t\s*|\s{{2,}}|\s){_TIME}[\])]?(?:[:：]\s*(?P<words>.*))?"
)
NAME_THEN_STAMP: Final = _compiled(rf"\[(?P<name>[^\[\]]{{1,60}})\] ?\[{_STAMP}\] ?(?P<words>\S.*)")
ONLY_STAMP: Final = _compiled(rf"[\s—–·•-]*(?:[\[(]?{_STAMP}[\])]?|\d[\d:.,]+ --> \d[\d:.,]+.*)[\s—–·•-]*")
DATED: Final = _compiled(_DATE)
EDITED: Final = _compiled(r"\s*(?:\((?:edited|bearbeitet|editado|modifié)\)|<[^<>]*\bedited>)$")
BLOCK: Final = _compiled(r"\{(?:attachments?|embeds?|reactions?|stickers?)\}")  # up to an empty row
NO_SPEECH: Final = _compiled(rf"(?:{_NO_SPEECH})\.?")  # all of a message: a picture, a call, a deleted one
EVENT: Final = _compiled(rf"{_EVENT}|{_BESIDE}|{_NO_SPEECH}")  # a row that nobody wrote
