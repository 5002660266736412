"""A project folder, read and checked: settings, characters, episodes; or everything that is wrong with them.

This is the one place where specs meet the disk and the providers. What comes out is ready to be planned.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from reelmake.core.errors import InputError, Problem, SetupError
from reelmake.core.files import CHARACTERS, EPISODES, STATE, TEMPLATES, episode_names, misnamed, specs
from reelmake.core.logging import write_json
from reelmake.media import fonts
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.probe import Inspector
from reelmake.plan.episode import Choice, Kit, Place, Production
from reelmake.plan.kinds import CPU
from reelmake.project.files import Files, UnseenFiles, read_text, read_text_file
from reelmake.project.resolve_providers import Casting, check_voices
from reelmake.project.settings import HOUSE, Settings, load_settings, mistake, settings_of_pools
from reelmake.project.validate import check_episode, check_translation, font_problem
from reelmake.providers import all_pools, registered
from reelmake.spec.fields import name_problem
from reelmake.spec.load import read_character, read_episode, readable_part, readable_voices
from reelmake.spec.model import LINE_OPTIONS, Character, Episode
from reelmake.spec.yaml_source import Borrowed, Source
from reelmake.store.base import Store
from reelmake.store.local import LocalStore


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with its settings, and the requested episodes, checked."""

    root: Path
    settings: Settings
    ffmpeg: Ffmpeg
    productions: Mapping[str, Production]


@dataclass(frozen=True, slots=True)
class Survey:
    """A project as far as it can be read, and every mistake in it.

    project     with the episodes that have no mistake, as long as there is none in what all of them share
    problems    every mistake
    episodes    the files of episodes, by their names
    characters  the files of characters that can be read, by their names
    sprites     character -> its pictures (telling, hearing), by their paths from the project's folder
    """

    project: Project
    problems: tuple[Problem, ...]
    episodes: Mapping[str, Source]
    characters: Mapping[str, Source]
    sprites: Mapping[str, tuple[str, ...]]

    def sound(self) -> Project:
        """Return the project; raises InputError with every mistake."""
        if self.problems:
            raise InputError(self.problems)
        return self.project


def load_project(root: Path, only: Iterable[str] | None = None, *, read_only: bool = False) -> Project:
    """Read a project (or only some of its episodes); raises InputError with every mistake in it.

    With `read_only`, results of inspecting its files are not cached.
    """
    return survey(root, only, read_only=read_only).sound()


def survey(root: Path, only: Iterable[str] | None = None, *, read_only: bool = False) -> Survey:
    """Read a project as far as it can be read; raises InputError when its settings cannot, or it has no episode."""
    return _surveyed(_Desk(root, read_only=read_only), only)


def survey_specs(root: Path, ffmpeg: Ffmpeg) -> Survey:
    """Read the specs of a project as `survey` does, without the files that they name."""
    desk = _Desk(root, ffmpeg)
    desk.files = UnseenFiles(root, desk.files.inspector)
    return _surveyed(desk)


def _surveyed(desk: _Desk, only: Iterable[str] | None = None) -> Survey:
    root = desk.root
    characters = dict(_characters(desk.files, desk.problems))
    known = {path.stem for path in specs(root, CHARACTERS)}
    names = episode_names(root) if only is None else sorted(set(only))
    if not names and only is None:
        raise InputError((Problem(f"{EPISODES}/", 1, "there is no episode", "add one: episodes/first.yaml"),))
    episodes: dict[str, tuple[Episode | None, Source]] = {}
    for name in names:
        file = f"{EPISODES}/{name}.yaml"
        if (content := _content(root, file, desk.problems)) is None:
            continue
        episode, source = read_episode(content, file, desk.house, known)
        if wrong := name_problem(name, "an episode"):
            source.add((), str(wrong), f"rename the file: {wrong.fix}")
        episodes[name] = (episode, source)
    desk.problems += _misnamed(root)
    return desk.project(characters, known, episodes, _sprites(characters))


def characters_of(root: Path) -> tuple[dict[str, tuple[Character, Source]], dict[str, tuple[str, ...]]]:
    """Return the characters of a project, and their sprites by paths from `root`; raises InputError, SetupError."""
    desk = _Desk(root)
    characters = dict(_characters(desk.files, desk.problems))
    if desk.problems:
        raise InputError(tuple(sorted(set(desk.problems))))
    if not characters:
        raise SetupError(f"there is no character in {CHARACTERS}/", "run it in a project's folder, or add one")
    return characters, _sprites(characters)


def _sprites(characters: Mapping[str, tuple[Character, Source]]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(f"{CHARACTERS}/{path}" for path in (made.telling, made.hearing or made.telling))
        for name, (character, _) in characters.items()
        if (made := character.sprites)
    }


def project_of(
    root: Path,
    characters: Mapping[str, tuple[Character, Source]],
    episodes: Mapping[str, tuple[Episode | None, Source]],
    sprites: Mapping[str, tuple[str, ...]],
) -> Project:
    """Return a project whose specs are not files: settings, templates and everything that is built are those of `root`.

    `sprites` are the pictures of characters (telling, hearing), by their paths from `root`. Raises InputError with
    every mistake.
    """
    desk = _Desk(root)
    for name, paths in sprites.items():
        for path in paths:
            desk.files.check(path, "sprite", characters[name][1], ("sprites",))
    return desk.project(characters, characters.keys(), episodes, sprites).sound()


class _Desk:
    """Where a project is put together: its settings and tools, and the mistakes found so far."""

    def __init__(self, root: Path, ffmpeg: Ffmpeg | None = None, *, read_only: bool = False) -> None:
        self.root = root
        self.settings = load_settings(root)
        if self.settings.log_json:
            write_json()
        registered()  # raises for two providers of one name, before either is called
        self.ffmpeg = ffmpeg or find_ffmpeg(root, self.settings, read_only=read_only)
        self.ffmpeg.check()
        self.problems: list[Problem] = []
        if wrong := self.settings.reel.problem():
            self.problems.append(mistake(root, ("reel", "min_seconds"), *wrong))
        self.house = house_defaults(root, self.settings)
        self.files = Files(root, Inspector(self.ffmpeg, root / STATE / "media.json", read_only=read_only))
        if wrong := font_problem(self.settings.reel.captions.font, self.files):
            self.problems.append(mistake(root, ("reel", "captions", "font"), f"font: {wrong[0]}", wrong[1]))

    def project(
        self,
        characters: Mapping[str, tuple[Character, Source]],
        known: AbstractSet[str],
        episodes: Mapping[str, tuple[Episode | None, Source]],
        sprites: Mapping[str, tuple[str, ...]],
    ) -> Survey:
        """Return the project, and every mistake in it; `known` are characters that have a file."""
        casting = Casting(
            dict(self.settings.providers),
            lambda at, what, fix: self.problems.append(mistake(self.root, ("providers", *at), what, fix)),
            characters,
        )
        casting.check()
        choices: dict[str, dict[Place, Choice]] = {}
        for name, (episode, source) in episodes.items():
            if episode:
                choices[name] = casting.choices(episode, source)
                length = {"min_seconds", "max_seconds"} & episode.reel.model_fields_set
                if length and (wrong := self.settings.reel.overridden(episode.reel).problem()):
                    source.add(("reel", min(length)), f"reel: {wrong[0]}", wrong[1])
            else:
                casting.choices(readable_part(source), source)  # notes mistakes in the choices
            says = partial(_pronunciations, self.settings, characters, episode)
            check_episode(source, self.files, known, casting.names(episode, choices.get(name, {}), source), says)
            script = (episode and episode.script) or []
            for other, version in versions(name, episode):
                choices[other] = casting.choices(version, source, script)
                check_translation(source, version, script, casting.names(version, choices[other], source))
            self.problems += source.problems
        self.problems += [problem for _, source in characters.values() for problem in source.problems]
        kit = _kit(self.root, self.ffmpeg, self.settings, choices, self.problems)
        settings = _with_pools(self.root, self.settings, choices, self.problems)
        own = {source.file for _, source in episodes.values()}
        shared = any(problem.file not in own for problem in self.problems)
        productions = {
            name: Production(
                name,
                episode,
                {speaker: characters[speaker][0] for speaker in episode.speakers},
                settings.reel.overridden(episode.reel),
                kit,
                choices[name],
                [source.line(("script", at, "text")) for at in range(len(episode.script or []) if source.lines else 0)],
                sprites,
                source.line(("topic",)) if source.lines else 0,
                settings.publish.overridden(episode.publish),
                pronounce=settings.pronounce,
            )
            for name, (episode, source) in episodes.items()
            if episode and not shared and not source.problems
        }
        for name, (episode, source) in episodes.items():
            at = source.line(("languages",)) if source.lines else 0
            for other, version in versions(name, episode) if name in productions else ():
                show = productions[name]
                lines = tuple(show.episode.script or ())
                translation = replace(show, name=other, episode=version, choices=choices[other], topic_at=at)
                productions[other] = replace(translation, original=show, source=lines)
        return Survey(
            Project(self.root, settings, self.ffmpeg, productions),
            tuple(sorted(set(self.problems))),
            {name: source for name, (_, source) in episodes.items()},
            {character: source for character, (_, source) in characters.items()},
            sprites,
        )


def house_defaults(root: Path, settings: Settings) -> dict[str, Borrowed]:
    """Return what the settings give every episode that does not say it itself, as it would be written there."""
    given = settings.model_dump(mode="json", include=set(HOUSE), exclude_none=True)
    places = {name: mistake(root, (name,), "", "") for name in given}
    return {name: Borrowed(value, places[name].file, places[name].line) for name, value in given.items()}


def _pronunciations(
    settings: Settings, characters: Mapping[str, tuple[Character, Source]], episode: Episode | None, name: str
) -> dict[str, str]:
    """Return how words are said by a character, as far as what says so can be read."""
    own = characters[name][0].pronounce if name in characters else {}
    return {**settings.pronounce, **own, **(episode.pronounce if episode else {})}


def versions(name: str, episode: Episode | None) -> Iterator[tuple[str, Episode]]:
    """Yield an episode in each other of its languages, under a name that no file can have: `moths.ja`."""
    if episode is None:
        return
    for language in episode.languages[1:]:
        fields = {"language": language, "languages": [], "cast": episode.speakers, "script": None}
        yield f"{name}.{language.lower()}", episode.model_copy(update=fields)


def _misnamed(root: Path) -> Iterator[Problem]:
    """Find specs that would be left out without a message."""
    for folder in (EPISODES, CHARACTERS):
        for path in misnamed(root, folder):
            fix = f"rename it to {path.stem}.yaml"
            yield Problem(f"{folder}/{path.name}", 1, "only files that end in .yaml are read", fix)


def find_ffmpeg(root: Path, settings: Settings, *, read_only: bool = False) -> Ffmpeg:
    """Return the ffmpeg that a project uses; its identity and features are cached in the project's state folder."""
    path = (root / settings.ffmpeg).absolute() if settings.ffmpeg else None
    return Ffmpeg(path, cache=root / STATE / "ffmpeg.json", read_only=read_only)


def _characters(files: Files, problems: list[Problem]) -> Iterator[tuple[str, tuple[Character, Source]]]:
    """Read all characters; mistakes in those that can be read stay in their sources."""
    for path in specs(files.root, CHARACTERS):
        file = f"{CHARACTERS}/{path.name}"
        if (content := _content(files.root, file, problems)) is None:
            continue
        character, source = read_character(content, file)
        if path.stem in LINE_OPTIONS:
            source.add((), f"{path.stem!r} cannot be a character's name: it is what a line says besides", "rename it")
        if wrong := name_problem(path.stem, "a character"):
            source.add((), str(wrong), f"rename it: {wrong.fix}")
        sprites = source.data.get("sprites")
        for kind in ("telling", "hearing"):
            if isinstance(sprites, dict) and isinstance(sprites.get(kind), str) and sprites[kind].strip():
                files.check(f"{CHARACTERS}/{sprites[kind].strip()}", "sprite", source, ("sprites", kind))
        check_voices(source, character.voice if character else readable_voices(source))
        if character:
            yield path.stem, (character, source)
        else:
            problems += source.problems


def _content(root: Path, file: str, problems: list[Problem]) -> bytes | None:
    try:
        return read_text_file(root, file)
    except InputError as error:
        problems += error.problems
        return None


def _with_pools(
    root: Path, settings: Settings, choices: Mapping[str, Mapping[Place, Choice]], problems: list[Problem]
) -> Settings:
    """Return the settings with the limits of the pools that exist."""
    pools = {CPU, "publish", *(choice.pool for made in choices.values() for choice in made.values())}
    found, wrong = settings_of_pools(root, settings, pools)
    if wrong:  # of a provider that is installed, and not in force?
        found, wrong = settings_of_pools(root, settings, pools | all_pools())
    problems += wrong
    return settings.model_copy(update=found)


def _kit(
    root: Path,
    ffmpeg: Ffmpeg,
    settings: Settings,
    choices: Mapping[str, Mapping[Place, Choice]],
    problems: list[Problem],
) -> Kit:
    templates = {}
    writers = {choice.provider for made in choices.values() for place, choice in made.items() if place[0] == "script"}
    writers |= {settings.providers.script.provider or ""}
    texts = (f"{text}.{writer}" for writer in writers for text in ("script", "translation"))
    for name in ("image", *sorted(texts)):
        try:
            templates[name] = template(root, f"{name}.j2")
        except InputError as error:
            problems += error.problems
    return Kit(templates, ffmpeg.identity(), fonts.font_digests)


def template(root: Path, name: str) -> str:
    """Return a prompt template's text: the project's own, or the one that ships along, or nothing.

    Raises InputError when the project's own cannot be read.
    """
    own, file = root / TEMPLATES / name, f"{TEMPLATES}/{name}"
    if own.exists() or own.is_symlink():
        return read_text(root, file, "a template is a text of some lines: shorten it")
    shipped = importlib.resources.files("reelmake") / TEMPLATES / name
    return shipped.read_text("utf-8") if shipped.is_file() else ""


def open_store(
    root: Path, settings: Settings, variable: Callable[[str], str | None], *, read_only: bool = False
) -> Store:
    """Return the store of the project in `root`; raises SetupError when it cannot be kept, or keys are missing.

    The shared one gets no request before the first one that is needed. With `read_only`, nothing changes on the disk.
    """
    near = LocalStore(root / settings.store, read_only=read_only)
    if settings.store_url is None:
        return near
    from reelmake.store.layered import Layered  # noqa: PLC0415
    from reelmake.store.s3 import S3Store  # noqa: PLC0415
    from reelmake.store.s3_client import Bucket, access  # noqa: PLC0415 (a project without a shared store needs none of it)

    bucket = Bucket(settings.store_url, access(variable, settings.proxy))
    return Layered(
        near,
        S3Store(bucket, near.root, can_keep=not read_only),
        can_write=settings.store_mode == "write" and not read_only,
        is_required=settings.store_required,
        can_keep=not read_only,
    )
