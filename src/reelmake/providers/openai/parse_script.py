"""From what a language model wrote to the lines of a script: whatever form it is in, as long as it can be trusted.

What is mended is how an answer is wrapped (a fence, prose around it, thinking before it), slips of JSON, the spelling
of a name, and what would be read aloud though nobody should hear it. What is not: how many lines there are, and what
they say.
A script that cannot be used stays stored, and paid for; one more request tells the model what is wrong with it (see
`repair`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from reelmake.core.errors import UnusableError
from reelmake.providers.base import Request, ScriptLine
from reelmake.spec import clean_text

ANOTHER: Final = "bump the episode's take: for another one"
TRANSLATED_ANEW: Final = (
    "write translations: below its lines, or bump the episode's take: for another one; freeze the episode before, "
    "if its script was written from a topic, or that is requested again as well"
)
MOST_STARTS: Final = 100  # places where JSON could begin that are looked at
MOST_CHARACTERS: Final = 4_000_000  # of an answer: the longest script, with each of its characters escaped
_SHOWN_CHARACTERS: Final = 200

_THINKING = re.compile(r"^\s*<(think|thinking|thought)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)```", re.DOTALL)
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])', re.DOTALL)
_STARTS = re.compile(r"[{\[]")

_SPEAKER: Final = ("character", "speaker")
_TEXT: Final = ("text", "line")

_QUOTES: Final = {'"': '"', "“": "”", "«": "»", "„": "“"}


def unusable(why: str, fix: str = ANOTHER) -> UnusableError:
    """Return the error of a script that was written, and cannot be used."""
    return UnusableError(f"the script that was written cannot be used: {why}", fix)


def said(body: bytes) -> str:
    """Return what a model said in a chat completion; raises UnusableError when it is cut off, refused or not there."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unusable(f"the answer is not JSON ({error})"[:_SHOWN_CHARACTERS]) from None
    choices = document.get("choices") if isinstance(document, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise unusable("the answer is not a chat completion")
    text, reason = _content(message.get("content")), choice.get("finish_reason")
    if refusal := message.get("refusal"):
        why = f"the model refused: {str(refusal)[:_SHOWN_CHARACTERS]}"
        raise unusable(why, f"change the topic:, or {ANOTHER}")
    if reason == "content_filter":
        raise unusable("a content filter stopped it", f"change the topic:, or {ANOTHER}")
    if reason == "length":
        fix = f"ask for fewer lines:, set max_output_tokens to more or reasoning_effort to less, or {ANOTHER}"
        raise unusable("it ran out of tokens before it was finished", fix)
    if not text.strip():
        raise unusable("it is empty")
    if len(text) > MOST_CHARACTERS:
        raise unusable(f"it has {len(text)} characters")
    return text


def _content(content: Any) -> str:
    """Return a message's text, which some servers give in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def lines_of(text: str, request: Request) -> tuple[ScriptLine, ...]:
    """Return the lines that a model wrote; raises UnusableError when they are not as requested.

    Of the request, `lines`, `max_line_characters` and `cast` (`[{"id", "name"}]`) are looked at; and of one for a
    translation `speakers` and `given`, with who says each line and what the author has translated.
    """
    found = next(filter(None, map(_listed, _values(text))), None)
    if found is None:
        shown = " ".join(text.split())[:_SHOWN_CHARACTERS]
        raise unusable(f"there are no lines in it, it begins with {shown!r}")
    if len(found) != request["lines"]:
        raise unusable(f"it has {len(found)} lines instead of {request['lines']}")
    speakers = _speakers(request["cast"])
    given = request.get("given") or [""] * len(found)
    repeated = ({**line, "text": own} if own else line for line, own in zip(found, given, strict=True))
    lines = tuple(_read(number, line, request, speakers) for number, line in enumerate(repeated, 1))
    for number, (line, who) in enumerate(zip(lines, request.get("speakers", ()), strict=False), 1):
        if line.character != who:
            raise unusable(f"line {number} is {line.character}'s, and not {who}'s as in the original")
    return tuple(replace(line, text=own or line.text) for line, own in zip(lines, given, strict=True))


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON values in a text, the likeliest first."""
    text = _THINKING.sub("", text)
    for part in (text, *_FENCE.findall(text)):
        mended = _STRING_OR_COMMA.sub(lambda found: "" if found[0] == "," else found[0], part)
        for version in (part, mended):
            yield from _decoded(version, (0,))
        starts = (found.start() for found, _ in zip(_STARTS.finditer(mended), range(MOST_STARTS), strict=False))
        yield from _decoded(mended, starts)


def _decoded(text: str, starts: Any) -> Iterator[Any]:
    decoder = json.JSONDecoder(strict=False)  # a line break inside a text is no reason to lose a script
    for start in starts:
        try:
            yield decoder.raw_decode(text[start:].lstrip())[0]
        except (ValueError, RecursionError):
            continue


def _listed(value: Any) -> list[Mapping[str, Any]] | None:
    """Return the lines that a value holds: under `lines`, under a name of the model's own, or as it stands."""
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        value = value.get("lines", lists[0] if len(lists) == 1 else None)
    if not isinstance(value, list) or not value or not all(isinstance(line, dict) for line in value):
        return None
    return value if any(name in line for line in value for name in _TEXT) else None


def _speakers(cast: Any) -> dict[str, str]:
    """Return what each character may be called: by its id, or by a name that nobody shares; in small letters."""
    names = [str(member.get("name") or "").strip().casefold() for member in cast]
    own = {name: str(member["id"]) for name, member in zip(names, cast, strict=True) if names.count(name) == 1}
    return {**own, **{str(member["id"]).casefold(): str(member["id"]) for member in cast}}


def _read(number: int, line: Mapping[str, Any], request: Request, speakers: Mapping[str, str]) -> ScriptLine:
    """Read the line of a number, from 1."""
    called = _field(line, *_SPEAKER)
    character = speakers.get(called.strip("@\"'*").casefold())
    if character is None:
        cast = ", ".join(str(member["id"]) for member in request["cast"])
        raise unusable(f"line {number} is for {called!r}, who is not in the cast ({cast})")
    names = [name for name, whose in speakers.items() if whose == character and name]
    text = spoken(_field(line, *_TEXT), names)
    if not any(letter.isalnum() for letter in text):
        raise unusable(f"line {number} says nothing")
    if len(text) > request["max_line_characters"]:
        raise unusable(f"line {number} has {len(text)} characters, more than {request['max_line_characters']}")
    # A line without a picture's description is no loss: what is said is drawn, as for an author who gives none.
    listed = line.get("images")
    images = [_field({"image": one}, "image") for one in listed] if isinstance(listed, list) else []
    shots = tuple(filter(None, images))[: request.get("shots_per_line", 1)]
    return ScriptLine(character, text, _field(line, "image") or next(iter(shots), ""), shots if len(shots) > 1 else ())


def _field(line: Mapping[str, Any], *names: str) -> str:
    value = next((line[name] for name in names if isinstance(line.get(name), str)), "")
    # Half of a surrogate pair can be written in JSON, and in no file.
    return " ".join(value.encode("utf-8", "replace").decode().replace("\0", " ").split())


def spoken(text: str, names: Any) -> str:
    """Return a text without what only looks like speech: stage directions, the speaker's name, markup, quotes."""
    text = clean_text.spoken(text)
    prefix = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if prefix:
        text = re.sub(rf"^\s*(?:{prefix})\s*:\s*", "", text, flags=re.IGNORECASE)
    text = " ".join(text.split())
    closing = _QUOTES.get(text[:1], "")
    if closing and text.endswith(closing) and not {text[0], closing} & set(text[1:-1]):
        text = text[1:-1].strip()
    return text
