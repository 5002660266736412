"""Validate an episode beyond its own form: its cast, languages, words and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from reelmake.core.errors import SetupError
from reelmake.media import fonts
from reelmake.project.files import Files, UnseenFiles
from reelmake.project.resolve_providers import Names
from reelmake.providers import provider
from reelmake.spec import speech
from reelmake.spec.clean_text import spoken
from reelmake.spec.fields import LANGUAGE, NAME
from reelmake.spec.load import speaker
from reelmake.spec.model import MAX_LINE_CHARACTERS, Episode, Line
from reelmake.spec.problems import closest
from reelmake.spec.yaml_source import Loc, Source

Pronunciations = Callable[[str], Mapping[str, str]]  # how words are said by a character

OTHER_VOICE = "choose another language:, or another voice provider, such as `providers: {voice: elevenlabs}`"
OTHER_WRITER = "write the lines under script:, or choose another script provider: `providers: {script: openai}`"
OTHER_TRANSLATOR = (
    "choose another script provider, such as `providers: {script: openai}`, or write translations: below each line"
)


def line_problem(text: str, language: str, voice: str, said: str = "") -> tuple[str, str] | None:
    """Say why a line cannot be spoken or shown (what is wrong, what to do), or return None.

    `said` is what is spoken, where that differs from the text that is shown.
    """
    if problem := provider("voice", voice).problem(said or text, language):
        return problem, "change the words, or choose another voice provider"
    if missing := fonts.missing_glyphs(text):
        listed = ", ".join(f"{char} (U+{ord(char):04X})" for char in missing[:10])
        return f"no font that ships along can show {listed}", "leave these characters out"
    return None


def check_episode(
    source: Source, files: Files, characters: AbstractSet[str], names: Names, pronounce: Pronunciations
) -> None:
    """Add an episode's mistakes beyond its own form; from the raw data, since the form may be wrong."""
    known = sorted(characters)
    cast = [name for name in _list(source.data.get("cast")) if isinstance(name, str)]
    for at, name in enumerate(cast):
        if NAME.fullmatch(name) and name not in characters:
            fix = _did_you_mean(name, known, "characters/{}.yaml")
            source.add(("cast", at), f"there is no character {name!r}", fix)
    language = _language(source)
    speaking = _check_language(source, language, names)
    for at, item in enumerate(_list(source.data.get("script"))):
        _check_tags(source, at, item)
        _check_shots(source, at, item, files)
        if (said := speaker(item, characters)) is None:
            continue
        name, text = said
        if not NAME.fullmatch(name):
            pass  # the model's own validation reports it
        elif cast and name not in cast:
            what = f"line {at + 1} is spoken by {name!r}, who is not in the cast ({', '.join(cast)})"
            source.add(("script", at, name), what, f"add {name} under cast:, or fix the name")
        elif not cast and name not in characters:
            what = f"line {at + 1} is spoken by {name!r}, and there is no such character"
            source.add(("script", at, name), what, _did_you_mean(name, known, "characters/{}.yaml"))
        voice = names.voice(at)
        if len(text) > MAX_LINE_CHARACTERS:
            continue  # the model's own validation reports it
        text = spoken(text)
        own = item.get("say") if isinstance(item, dict) else None
        words = speech.said(speech.pieces_of(text, spoken(own) if isinstance(own, str) else None, pronounce(name)))
        if text.strip() and voice in speaking and (wrong := line_problem(text, language, voice, words)):
            source.add(("script", at, name), f"line {at + 1}: {wrong[0]}", wrong[1])
    check_font(source, source.data.get("reel"), ("reel", "captions", "font"), files)
    background = source.data.get("background")
    file = background.get("file") if isinstance(background, dict) else background
    files.check(file, "video", source, ("background",))
    files.check(source.data.get("music"), "audio", source, ("music",))


def _check_shots(source: Source, at: int, item: object, files: Files) -> None:
    """Add mistakes in the pictures and clips that a line shows; from the raw data, since the form may be wrong."""
    shots = item.get("shots") if isinstance(item, dict) else None
    shown: list[tuple[Loc, Any]] = [(("shots", number), shot) for number, shot in enumerate(_list(shots))]
    shown += [(("image",), item.get("image"))] if isinstance(item, dict) else []
    for place, shot in shown:
        if not isinstance(shot, dict):
            continue
        loc = ("script", at, *place)
        try:
            begin = float(shot.get("from", 0))
        except (TypeError, ValueError):
            begin = 0.0  # the model's own validation reports it
        files.check(shot.get("file"), "shot", source, (*loc, "file"), begin if 0 <= begin < float("inf") else 0.0)
        if shot.get("sound") is not None:
            files.check(shot.get("file"), "audio", source, (*loc, "sound"))


def font_problem(font: object, files: Files) -> tuple[str, str] | None:
    """Say why captions cannot be set in a font (what is wrong, what to do), or return None."""
    if not isinstance(font, str):
        return None
    try:
        if "." not in font:
            fonts.shipped(font)
        elif wrong := files.problem(font):
            return wrong
        elif not isinstance(files, UnseenFiles):
            fonts.own(files.root / font)
    except SetupError as error:
        return error.what.replace(f"{files.root}/", ""), error.fix
    return None


def check_font(source: Source, reel: object, loc: tuple[str, ...], files: Files) -> None:
    """Add the mistakes of a font that is chosen for captions."""
    look = reel.get("captions") if isinstance(reel, dict) else None
    font = look.get("font") if isinstance(look, dict) else None
    if isinstance(font, str) and (wrong := font_problem(font.strip(), files)):
        source.add(loc, f"font: {wrong[0]}", wrong[1])


def _language(source: Source) -> str:
    """Return the language of an episode's script, as it is written."""
    several = [tag for tag in _list(source.data.get("languages")) if isinstance(tag, str)]
    return str(source.data.get("language", (several or [Episode.model_fields["language"].default])[0]))


def _check_tags(source: Source, at: int, item: object) -> None:
    """Add translations of a line into languages that the episode does not have."""
    own = item.get("translations") if isinstance(item, dict) else None
    for tag in own if isinstance(own, dict) else ():
        if LANGUAGE.fullmatch(tag) and tag not in _list(source.data.get("languages"))[1:]:
            what = f"line {at + 1} is translated into {tag!r}, which is not among languages:"
            source.add(("script", at, "translations", tag), what, "add it there, after the script's, or remove it here")


def check_translation(source: Source, version: Episode, script: Sequence[Line], names: Names) -> None:
    """Add the mistakes that keep an episode from being made in another one of its languages."""
    original, language = _language(source), version.language
    at = source.data["languages"].index(language)
    if not script or not all(line.translations.get(language) for line in script):
        for name in sorted(names.script):
            if problem := provider("script", name).translation_problem(original, language):
                source.add(("languages", at), f"languages: {problem}", OTHER_TRANSLATOR)
    for name in sorted(names.voices):
        if problem := provider("voice", name).language_problem(language):
            source.add(("languages", at), f"languages: {problem}", OTHER_VOICE)
    for number, line in enumerate(script):
        text, loc = line.translations.get(language, ""), ("script", number, "translations", language)
        for name in sorted(names.voices):
            speaks = not provider("voice", name).language_problem(language)
            if text and speaks and (wrong := line_problem(text, language, name)):
                source.add(loc, f"line {number + 1}, in {language}: {wrong[0]}", wrong[1])
                break


def _check_language(source: Source, language: str, names: Names) -> set[str]:
    """Add mistakes in an episode's language, once for each provider; returns the voice providers that speak it."""
    speaking = set()
    for kind, of_kind in (("script", names.script if "script" not in source.data else set()), ("voice", names.voices)):
        for name in sorted(of_kind):
            if LANGUAGE.fullmatch(language) and (problem := provider(kind, name).language_problem(language)):
                fix = OTHER_VOICE if kind == "voice" else OTHER_WRITER
                loc = "language" if "language" in source.data else "languages"
                source.add((loc,), f"{loc}: {problem}", fix)
            elif kind == "voice":
                speaking.add(name)
    return speaking


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _did_you_mean(name: str, known: list[str], form: str) -> str:
    if close := closest(name, known):
        return f"did you mean {close!r}?"
    return f"add {form.format(name)}, or use one of {', '.join(known) or 'none'}"
