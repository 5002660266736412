"""From stored answers to the files of a build. Nothing here is paid for, and it may be done again at any time.

`plan.kinds` names the function of each kind.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pydantic import ValidationError

from reelmake.core.errors import MediaError, ProviderError, UnusableError
from reelmake.core.keys import Action, canonical_json
from reelmake.layout.timeline import SAMPLE_RATE, Word
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.voice import decode, flaw, level, trim, wav
from reelmake.plan.bounds import speech_seconds
from reelmake.plan.kinds import SPEC
from reelmake.providers import provider
from reelmake.providers.base import SpokenWord
from reelmake.providers.speech.display_words import without_tags
from reelmake.spec.clean_text import VENDOR_TAG
from reelmake.spec.fields import MAX_LINES
from reelmake.spec.model import Line
from reelmake.spec.problems import shown

# Of what a text usually lasts: no voice is so quick, and none so slow but for pauses, of which a tag may stand for one.
_SHORTEST: Final = 8
_LONGEST: Final = 4
_NUMBER: Final = re.compile(r"\d[\d.,:]*")
_LONGEST_PAUSE_SECONDS: Final = 6


def read_script(body: bytes, action: Action, ffmpeg: Ffmpeg) -> dict[str, bytes]:
    """Write the dialogue: `{"lines": [{"character", "text", "image"}]}`, each with `shots` where there are several."""
    del ffmpeg
    lines = [
        {"character": o.character, "text": o.text, **({"shots": o.shots} if o.shots else {"image": o.image})}
        for o in script_lines(body, action)
    ]
    return {"script": _pretty({"lines": lines})}


def script_lines(body: bytes, action: Action) -> list[Line]:
    """Return the lines of a stored script; raises UnusableError, or ProviderError, when they cannot be used."""
    name = action.request["provider"]
    if name == SPEC:
        return [Line(**line) for line in json.loads(body)["lines"]]
    written = provider("script", name).read(body, action.request)
    cast = [one["id"] for one in action.request["cast"]]
    most = int(action.request.get("lines", MAX_LINES))  # the quote is for so many: more lines would cost more
    if not 0 < len(written) <= most:
        raise _unusable(name, f"it has {len(written)} lines, not 1 to {most}")
    try:
        lines = [
            Line(character=o.character, text=o.text, image=None if o.shots else o.image or None, shots=list(o.shots))
            for o in written
        ]
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise _unusable(name, f"{shown(problem['input'])}: {problem['msg']}") from None
    if strangers := sorted({line.character for line in lines} - set(cast)):
        raise _unusable(name, f"{', '.join(map(repr, strangers))} speaks, who is not of its cast: {', '.join(cast)}")
    source = [said["character"] for said in action.request.get("source", ())]
    if source and source != [line.character for line in lines]:
        raise _unusable(name, "it is a translation, and has other lines, or other speakers, than the original")
    return lines


def _unusable(name: str, why: str) -> UnusableError:
    """Return the error that a stored script ends in; it stays stored."""
    fix = "bump the episode's take: for another one, or write the script: yourself"
    return UnusableError(f"the script that {name} wrote cannot be used: {why}", fix)


def read_voice(body: bytes, action: Action, ffmpeg: Ffmpeg) -> dict[str, bytes]:
    """Write a line's sound, trimmed and at one loudness (mono, 48 kHz), and when its words are spoken."""
    speech = provider("voice", action.request["provider"]).read(body, action.request)
    text, fix = str(action.request.get("text", "")), "bump the line's take: for another one"
    try:
        sound = decode(speech.audio, ffmpeg)
    except MediaError as error:
        raise ProviderError(f"the answer is stored, and its sound cannot be used ({error})", fix) from error
    said = without_tags(text)
    least_seconds = speech_seconds(_NUMBER.sub("one", said)) / _SHORTEST  # "1,000,000" may be "a million"
    most_seconds = _LONGEST * speech_seconds(said) + _LONGEST_PAUSE_SECONDS * (1 + len(VENDOR_TAG.findall(text)))
    if why := flaw(sound, least_seconds, most_seconds):
        raise ProviderError(f"the answer is stored, and what is heard cannot be {shown(text)}: {why}", fix)
    pcm, cut = trim(sound)
    samples = len(pcm) // 2
    words = place_words(speech.words, cut, samples)
    if not words:
        raise ProviderError(f"no word is heard in {text!r}", "change the words, or bump the line's take:")
    spoken = {"samples": samples, "words": [word.to_json() for word in words]}
    return {"sound": wav(level(pcm)), "words": _pretty(spoken)}


def place_words(words: tuple[SpokenWord, ...], cut_samples: int, samples: int) -> list[Word]:
    """Move words onto the samples of a trimmed sound: inside it, in order, none empty."""
    placed: list[Word] = []
    earliest = 0
    for at, word in enumerate(words):
        latest = samples - (len(words) - at)  # leaves at least one sample for each word that follows
        start = min(max(round(word.start_seconds * SAMPLE_RATE) - cut_samples, earliest), latest)
        end = min(max(round(word.end_seconds * SAMPLE_RATE) - cut_samples, start + 1), latest + 1)
        placed.append(Word(word.text, start, end, word.glued))
        earliest = end
    return placed


def read_image(body: bytes, action: Action, ffmpeg: Ffmpeg) -> dict[str, bytes]:
    """Write the picture of a line."""
    del ffmpeg
    return {"picture": provider("image", action.request["provider"]).read(body, action.request)}


def read_timeline(body: bytes, action: Action, ffmpeg: Ffmpeg) -> dict[str, bytes]:
    """Write the timeline, and for each line a file of its own with just what its segment shows.

    A segment reads only its own part, so that an edit elsewhere leaves it alone unless its pictures change.
    """
    del action, ffmpeg
    timeline = json.loads(body)
    parts = timeline.pop("parts")
    return {"timeline": _pretty(timeline), **{line_id: _pretty(part) for line_id, part in parts.items()}}


def read_subtitles(body: bytes, action: Action, ffmpeg: Ffmpeg) -> dict[str, bytes]:
    """Write the captions of an episode in three formats."""
    del action, ffmpeg
    return {extension: text.encode() for extension, text in json.loads(body).items()}


def _pretty(value: Any) -> bytes:
    """Return JSON for people: one that git and eyes can read, always the same for the same value."""
    return (json.dumps(json.loads(canonical_json(value)), indent=1, ensure_ascii=False) + "\n").encode()
