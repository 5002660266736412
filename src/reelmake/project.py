"""A project folder, read and checked: settings, characters, episodes; or everything that is wrong with them.

This is the one place where specs meet the disk and the providers. What comes out is ready to be planned.
"""

from __future__ import annotations

import difflib
import importlib.resources
import os
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
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
from reelmake.spec import NAME, Character, Episode, is_inside, read_character, read_episode, speaker
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
    ffmpeg.check()
    problems: list[Problem] = []
    characters = dict(_characters(root, settings, problems))
    kit = _kit(root, settings, ffmpeg, {name: options for name, (_, options) in characters.items()}, problems)
    episodes: dict[str, Episode] = {}
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
        _check_episode(source, root, {path.stem for path in (root / CHARACTERS).glob("*.yaml")}, kit)
        problems += source.problems
        if episode:
            episodes[name] = episode
    if problems := [*problems, *_misnamed(root)]:
        raise InputError(tuple(sorted(problems)))
    productions = {
        name: Production(
            name,
            episode,
            {who: characters[who][0] for who in episode.speakers},
            settings.reel.overridden(episode.reel),
            kit,
        )
        for name, episode in episodes.items()
    }
    return Project(root, settings, ffmpeg, productions)


def _misnamed(root: Path) -> Iterator[Problem]:
    """Find specs that would silently be left out."""
    for folder in (EPISODES, CHARACTERS):
        for path in sorted((root / folder).glob("*.yml")):
            fix = f"rename it to {path.stem}.yaml"
            yield Problem(f"{folder}/{path.name}", 1, "only files that end in .yaml are read", fix)


def find_ffmpeg(root: Path, settings: Settings) -> Ffmpeg:
    """Return the ffmpeg that a project uses; what it is and can do is remembered in the project's state folder."""
    return Ffmpeg(Path(settings.ffmpeg) if settings.ffmpeg else None, cache=root / STATE / "ffmpeg.json")


def line_problem(text: str, language: str, voice: str) -> tuple[str, str] | None:
    """Say why a line cannot be spoken or shown (what is wrong, what to do), or return None."""
    if told := provider("voice", voice).problem(text, language):
        return told, "change the words, or choose another voice provider"
    if missing := fonts.missing_glyphs(text):
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
        sprites = source.data.get("sprites")
        for kind in ("telling", "hearing"):
            if isinstance(sprites, dict) and isinstance(sprites.get(kind), str):
                _check_file(root, f"{CHARACTERS}/{sprites[kind].strip()}", source, ("sprites", kind))
        if character:
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


def _check_episode(source: Source, root: Path, characters: AbstractSet[str], kit: Kit) -> None:
    """Add what is wrong with an episode beyond its own form; as it is written, since its form may be wrong."""
    known = sorted(characters)
    cast = [name for name in _list(source.data.get("cast")) if isinstance(name, str)]
    for at, name in enumerate(cast):
        if name not in characters:
            fix = _did_you_mean(name, known, "characters/{}.yaml")
            source.add(("cast", at), f"there is no character {name!r}", fix)
    language = str(source.data.get("language", Episode.model_fields["language"].default))
    for at, item in enumerate(_list(source.data.get("script"))):
        if (said := speaker(item)) is None:
            continue
        name, text = said
        if cast and name not in cast:
            what = f"line {at + 1} is spoken by {name!r}, who is not in the cast ({', '.join(cast)})"
            source.add(("script", at, name), what, f"add {name} under cast:, or fix the name")
        elif not cast and name not in characters:
            what = f"line {at + 1} is spoken by {name!r}, and there is no such character"
            source.add(("script", at, name), what, _did_you_mean(name, known, "characters/{}.yaml"))
        if text.strip() and "voice" in kit.pools and (wrong := line_problem(text, language, kit.providers["voice"])):
            source.add(("script", at, name), f"line {at + 1}: {wrong[0]}", wrong[1])
    background = source.data.get("background")
    _check_file(root, background.get("file") if isinstance(background, dict) else background, source, ("background",))
    _check_file(root, source.data.get("music"), source, ("music",))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _did_you_mean(name: str, known: list[str], form: str) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return (
        f"did you mean {close[0]!r}?"
        if close
        else f"add {form.format(name)}, or use one of {', '.join(known) or 'none'}"
    )


def _check_file(root: Path, path: object, source: Source, loc: tuple[str, ...]) -> None:
    """Add what is wrong with a file that a spec names; a path that is not one is told by the spec's own form."""
    if not isinstance(path, str) or not is_inside(path.strip()):
        return
    file = root / path.strip()
    if not file.is_file():
        beside = sorted(other.name for other in file.parent.glob("*")) if file.parent.is_dir() else []
        close = difflib.get_close_matches(file.name, beside, 1)
        what = f"{loc[-1]}: there is no file {path}"
        source.add(loc, what, f"did you mean {close[0]}?" if close else "add the file, or fix the path")
    elif not file.resolve().is_relative_to(root.resolve()):
        source.add(loc, f"{loc[-1]}: {path} leads out of the project", "copy the file into the project")
    elif not os.access(file, os.R_OK):
        source.add(loc, f"{loc[-1]}: {path} cannot be read", "give yourself the right to read it")
