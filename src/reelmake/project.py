"""A project folder, read and checked: settings, characters, episodes; or everything that is wrong with them.

This is the one place where specs meet the disk and the providers. What comes out is ready to be planned.
"""

from __future__ import annotations

import difflib
import importlib.resources
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reelmake.errors import InputError, Problem, SetupError
from reelmake.media import fonts
from reelmake.media.tool import Ffmpeg
from reelmake.plan import Kit, Production
from reelmake.providers import provider
from reelmake.settings import Settings, load_settings
from reelmake.source import Source
from reelmake.spec import NAME, Character, Episode, Line, read_character, read_episode
from reelmake.validation import add_problems

EPISODES = "episodes"
CHARACTERS = "characters"
TEMPLATES = "templates"
STATE = ".reelmake"


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with its settings, and the episodes that were asked for, checked."""

    root: Path
    settings: Settings
    ffmpeg: Ffmpeg
    productions: Mapping[str, Production]


def episode_names(root: Path) -> list[str]:
    """Return the names of all episodes of a project, in order."""
    return sorted(path.stem for path in (root / EPISODES).glob("*.yaml"))


def load_project(root: Path, only: Iterable[str] | None = None) -> Project:
    """Read a project (or only some of its episodes); raises InputError with every mistake in it."""
    settings = load_settings(root)
    ffmpeg = find_ffmpeg(root, settings)
    problems: list[Problem] = []
    characters = dict(_characters(root, settings, problems))
    kit = _kit(root, settings, ffmpeg, {name: options for name, (_, options) in characters.items()}, problems)
    productions: dict[str, Production] = {}
    names = episode_names(root) if only is None else sorted(set(only))
    if not names:
        raise InputError((Problem(f"{EPISODES}/", 1, "there is no episode", "add one: episodes/first.yaml"),))
    for name in names:
        file = f"{EPISODES}/{name}.yaml"
        if (content := _content(root, file, problems)) is None:
            continue
        episode, source = read_episode(content, file)
        if not NAME.fullmatch(name):
            source.add(
                (), f"{name!r} cannot be an episode's name", "rename the file: lower-case letters, digits, - and _"
            )
        if episode:
            _check_episode(episode, source, root, {n: character for n, (character, _) in characters.items()}, kit)
        problems += source.problems
        if episode and not source.problems:
            on_screen = {who: characters[who][0] for who in episode.speakers}
            productions[name] = Production(name, episode, on_screen, settings.reel.overridden(episode.reel), kit)
    if problems:
        raise InputError(tuple(sorted(problems)))
    return Project(root, settings, ffmpeg, productions)


def find_ffmpeg(root: Path, settings: Settings) -> Ffmpeg:
    """Return the ffmpeg that a project uses; what it is and can do is remembered in the project's state folder."""
    return Ffmpeg(Path(settings.ffmpeg) if settings.ffmpeg else None, cache=root / STATE / "ffmpeg.json")


def line_problem(line: Line, show_language: str, voice: str) -> tuple[str, str] | None:
    """Say why a line cannot be spoken or shown (what is wrong, what to do), or return None."""
    if told := provider("voice", voice).problem(line.text, show_language):
        return told, "change the words, or choose another voice provider"
    if missing := fonts.missing_glyphs(line.text):
        listed = ", ".join(f"{char} (U+{ord(char):04X})" for char in missing[:10])
        return f"no font that ships along can show {listed}", "leave these characters out"
    return None


def _characters(
    root: Path, settings: Settings, problems: list[Problem]
) -> Iterator[tuple[str, tuple[Character, Mapping[str, Any]]]]:
    """Read all characters, with the complete options of their voices for the provider in force."""
    for path in sorted((root / CHARACTERS).glob("*.yaml")):
        file = f"{CHARACTERS}/{path.name}"
        if (content := _content(root, file, problems)) is None:
            continue
        character, source = read_character(content, file)
        if not NAME.fullmatch(path.stem):
            source.add(
                (), f"{path.stem!r} cannot be a character's name", "rename it: lower-case letters, digits, - and _"
            )
        options: Mapping[str, Any] = {}
        if character:
            if sprites := character.sprites:
                for kind, sprite in (("telling", sprites.telling), ("hearing", sprites.hearing)):
                    _check_file(root, f"{CHARACTERS}/{sprite}" if sprite else None, source, ("sprites", kind))
            options = _voice_options(character, source, settings.providers.voice)
        problems += source.problems
        if character:
            yield path.stem, (character, options)


def _content(root: Path, file: str, problems: list[Problem]) -> bytes | None:
    try:
        return (root / file).read_bytes()
    except OSError as error:
        problems.append(Problem(file, 1, f"cannot be read: {error.strerror}", "give yourself the right to read it"))
        return None


def _voice_options(character: Character, source: Source, name: str) -> Mapping[str, Any]:
    try:
        model = provider("voice", name).options
    except SetupError:
        return {}  # reported once, with the settings
    try:
        return dict(model.model_validate(character.voice.get(name, {})).model_dump(mode="json"))
    except ValidationError as error:
        nested = Source(
            source.file, lines={loc[2:]: at for loc, at in source.lines.items() if loc[:2] == ("voice", name)}
        )
        nested.lines.setdefault((), source.line(("voice", name)))
        add_problems(error, model, nested)
        source.problems += nested.problems
        return {}


def _kit(
    root: Path, settings: Settings, ffmpeg: Ffmpeg, voices: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> Kit:
    chosen = settings.providers.model_dump()
    pools = {}
    for kind, name in chosen.items():
        try:
            pools[kind] = provider(kind, name).pool
        except SetupError as error:
            problems.append(Problem("pyproject.toml", 1, f"[tool.reelmake.providers] {kind}: {error.what}", error.fix))
    templates = {"image": template(root, "image.j2"), "script": template(root, f"script.{chosen['script']}.j2")}
    return Kit(chosen, pools, voices, templates, ffmpeg.identity(), fonts.font_digests)


def template(root: Path, name: str) -> str:
    """Return a prompt template's text: the project's own, or the one that ships along, or nothing."""
    own = root / TEMPLATES / name
    if own.is_file():
        return own.read_text("utf-8")
    shipped = importlib.resources.files("reelmake") / TEMPLATES / name
    return shipped.read_text("utf-8") if shipped.is_file() else ""


def _check_episode(episode: Episode, source: Source, root: Path, characters: Mapping[str, Character], kit: Kit) -> None:
    """Add what is wrong with an episode, beyond its own form."""
    known = sorted(characters)
    for at, name in enumerate(episode.cast):
        if name not in characters:
            source.add(
                ("cast", at), f"there is no character {name!r}", _did_you_mean(name, known, "characters/{}.yaml")
            )
    for at, line in enumerate(episode.script or []):
        where = ("script", at)
        if episode.cast and line.character not in episode.cast:
            cast = ", ".join(episode.cast)
            what = f"line {at + 1} is spoken by {line.character!r}, who is not in the cast ({cast})"
            source.add(where, what, f"add {line.character} under cast:, or fix the name")
        elif not episode.cast and line.character not in characters:
            what = f"line {at + 1} is spoken by {line.character!r}, and there is no such character"
            source.add(where, what, _did_you_mean(line.character, known, "characters/{}.yaml"))
        if wrong := line_problem(line, episode.language, kit.providers["voice"]) if "voice" in kit.pools else None:
            source.add((*where, line.character), f"line {at + 1}: {wrong[0]}", wrong[1])
    _check_file(root, episode.background.file if episode.background else None, source, ("background",))
    _check_file(root, episode.music, source, ("music",))


def _did_you_mean(name: str, known: list[str], form: str) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return (
        f"did you mean {close[0]!r}?"
        if close
        else f"add {form.format(name)}, or use one of {', '.join(known) or 'none'}"
    )


def _check_file(root: Path, path: str | None, source: Source, loc: tuple[str, ...]) -> None:
    if path is None:
        return
    file = root / path
    if not file.is_file():
        beside = sorted(other.name for other in file.parent.glob("*")) if file.parent.is_dir() else []
        close = difflib.get_close_matches(file.name, beside, 1)
        what = f"{loc[-1]}: there is no file {path}"
        source.add(loc, what, f"did you mean {close[0]}?" if close else "add the file, or fix the path")
    elif not file.resolve().is_relative_to(root.resolve()):
        source.add(loc, f"{loc[-1]}: {path} leads out of the project", "copy the file into the project")
    elif not os.access(file, os.R_OK):
        source.add(loc, f"{loc[-1]}: {path} cannot be read", "give yourself the right to read it")
