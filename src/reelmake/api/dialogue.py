"""Stage one: a request becomes a dialogue, with everything that stage two needs in it."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from reelmake.api.batch import Report, run_batch
from reelmake.api.jsonl import WRONG, Answers, Received, checked, command, free_name, serve, slug
from reelmake.core.errors import InputError, Problem, SetupError
from reelmake.core.files import read_regular
from reelmake.core.keys import canonical_json
from reelmake.engine.engine import script_of
from reelmake.layout.shots import word_starts
from reelmake.plan.episode import Production
from reelmake.plan.kinds import PAID
from reelmake.project.files import MAX_TEXT_BYTES
from reelmake.project.load import Project, characters_of, house_defaults, project_of
from reelmake.project.resolve_providers import overlaid
from reelmake.project.settings import load_settings
from reelmake.spec.documents import DIALOGUE, Dialogue, DialogueLine, DialogueRequest, Profile
from reelmake.spec.load import read_episode
from reelmake.spec.model import Character, Episode, Line, line_ids, marked
from reelmake.spec.problems import validate
from reelmake.spec.yaml_source import Borrowed, Source
from reelmake.tasks.build import Build

DEFAULT_CAST = 2  # so many speak when a request does not say who


def dialogue_api() -> None:
    """Run stage one as a command."""
    command(_command)


def _command(
    episode: Annotated[Path | None, typer.Option(help="An episode's YAML, in place of a request on stdin.")] = None,
) -> None:
    """Write a dialogue: a JSON request on stdin becomes dialogue JSON on stdout.

    A request is {"schema": "reelmake/request@2", "topic": ...}, or JSON Lines: one a line. An episode in several
    languages is answered in JSON Lines: a dialogue for each. Characters are those of the project in this folder. Ends
    with 1 when a request failed, with 2 when one is wrong: then none was run.
    """
    given = None if episode is None else [Received(str(episode), None)]
    sys.exit(serve(_of_file if episode else _of_requests, given))


def _of_requests(given: Sequence[Received], answers: Answers) -> int:
    requests = checked(DialogueRequest, given, answers)
    if requests is None:
        return WRONG
    characters, sprites = characters_of(Path())
    house = house_defaults(Path(), load_settings(Path()))
    names: list[str] = []
    taken: dict[str, str] = {}
    specs: dict[str, tuple[Episode | None, Source]] = {}
    for at, request in enumerate(requests):
        if request is None:  # an error goes through as it is
            answers.give(at, given[at].data)
            names.append("")
            continue
        wanted = request.name or slug(request.title or request.topic)
        name = free_name(wanted, canonical_json(request.model_dump(mode="json")), taken)
        names.append(name)
        specs[name] = _episode(request, list(characters), name, house)
    return _write(names, project_of(Path(), characters, specs, sprites), answers)


def _of_file(given: Sequence[Received], answers: Answers) -> int:
    file = Path(given[0].where)
    try:
        content = read_regular(file, MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}", "name an episode's YAML file") from None
    characters, sprites = characters_of(Path())
    episode, source = read_episode(content, str(file), house_defaults(Path(), load_settings(Path())))
    project = project_of(Path(), characters, {file.stem: (episode, source)}, sprites)
    return _write(list(project.productions), project, answers)


def _episode(
    request: DialogueRequest, known: Sequence[str], name: str, house: Mapping[str, Borrowed]
) -> tuple[Episode | None, Source]:
    fields: dict[str, Any] = {"title": request.title or request.topic, "topic": request.topic}
    if cast := request.cast or ([] if "cast" in house else known[:DEFAULT_CAST]):
        fields["cast"] = cast
    fields |= {"lines": request.lines, "shots_per_line": request.shots_per_line}
    fields |= {"language": request.language, "take": request.take}
    source = Source(f"request of {name}", {**fields, **({"style": request.style} if request.style else {})})
    source.borrow(house)
    return validate(Episode, source), source


def _write(names: Sequence[str], project: Project, answers: Answers) -> int:
    """Have the scripts written, and answer each request as soon as its own is."""

    def result(name: str, build: Build, report: Report) -> Dialogue:
        return _dialogue(project.productions[name], project, build, report)

    return run_batch(project, "script", project.productions, names, answers, result)


def _dialogue(show: Production, project: Project, build: Build, report: Report) -> Dialogue:
    """Return the dialogue of an episode whose script is there."""
    lines = script_of(show, build.context)
    if lines is None:
        raise report.failure(show.name)
    cast = {name: _profile(character, show.sprites.get(name, ())) for name, character in show.characters.items()}
    episode = show.episode
    return Dialogue(
        schema_=DIALOGUE,
        name=show.name,
        title=episode.title,
        language=episode.language,
        style=episode.style,
        characters=cast,
        lines=[_line(line, line_id) for line, line_id in zip(lines, line_ids(lines), strict=True)],
        background=episode.background,
        music=episode.music,
        reel=episode.reel,
        providers={
            kind: overlaid(getattr(project.settings.providers, kind), getattr(episode.providers, kind)) for kind in PAID
        },
        pronounce=_pronounce(show),
        cost=report.cost(show.name, build.records.recorded_key, build.context.store),
    )


def _pronounce(show: Production) -> dict[str, str]:
    """Return the pronunciations that hold for an episode, without those that a character has of its own."""
    own = {word for character in show.characters.values() for word in character.pronounce}
    of_project = {word: value for word, value in show.pronounce.items() if word not in own}
    return {**of_project, **show.episode.pronounce}


def _line(line: Line, line_id: str) -> DialogueLine:
    said = {name: getattr(line, name) for name in DialogueLine.model_fields if name != "id"}
    try:
        word_starts(line.text, [shot.at for shot in line.seen])
    except ValueError:  # a translation does not say the words: its shots share the line
        said["shots"] = [shot.model_copy(update={"at": None}) for shot in line.seen]
    return DialogueLine(id=line_id, **said | {"text": marked(line.text)})


def _profile(character: Character, sprites: Sequence[str]) -> Profile:
    """Return a character with its pictures in it."""
    pictures = dict(zip(("telling", "hearing"), sprites, strict=False))
    fields = {name: getattr(character, name) for name in Profile.model_fields if name != "sprites"}
    return Profile(**fields, sprites={kind: data_uri(Path(path)) for kind, path in pictures.items()})


def data_uri(path: Path) -> str:
    """Return a picture as it is written into a document."""
    try:
        return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
    except OSError as error:
        raise InputError((Problem(str(path), 1, f"cannot be read: {error.strerror}", "put it back"),)) from None
