"""Stage two: a dialogue becomes a video. Nothing of the machine that wrote it is needed: characters travel along."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from reelmake.api.batch import Report, run_batch
from reelmake.api.jsonl import (
    FAILED,
    WRONG,
    Answers,
    Received,
    checked,
    command,
    error_document,
    free_name,
    refuse,
    serve,
)
from reelmake.core.errors import InputError, Problem
from reelmake.core.files import publish as put_in_place
from reelmake.core.files import unfinished
from reelmake.core.keys import canonical_json, digest_of
from reelmake.plan.kinds import BUILD, PUBLISH
from reelmake.project.load import project_of
from reelmake.spec.documents import Dialogue, Profile, VideoResult
from reelmake.spec.model import Character, Episode
from reelmake.spec.problems import validate
from reelmake.spec.yaml_source import Source
from reelmake.tasks.build import Build

CAST_FOLDER = f"{BUILD}/.cast"  # pictures of characters that came with a dialogue, by their digests
_URI = "data:image/png;base64,"


def video_from_dialogue_api() -> None:
    """Run stage two as a command."""
    command(_command)


def _command(
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish the videos, too: `url` says where each is.")
    ] = False,
) -> None:
    """Make a video: dialogue JSON on stdin becomes result JSON on stdout.

    A dialogue is what dialogue_api answers, edited or not, or JSON Lines: one a line. Videos are in build/ of this
    folder, what was paid for in its store. An error of the stage before is passed through. Ends with 1 when a dialogue
    failed, with 2 when one is wrong: then none was run.
    """
    sys.exit(serve(partial(_of_dialogues, kind=PUBLISH if publish else "video")))


def _of_dialogues(given: Sequence[Received], answers: Answers, kind: str) -> int:
    dialogues = checked(Dialogue, given, answers)
    if dialogues is None:
        return WRONG
    names = _names(dialogues)
    batch = _Batch({}, {}, {})
    wrong = {}
    for at, (name, dialogue) in enumerate(zip(names, dialogues, strict=True)):
        try:
            if dialogue is not None:
                batch.add(name, dialogue)
        except InputError as error:
            wrong[at] = error_document(error, given[at].where or "stdin")
    if wrong:
        refuse(given, answers, wrong)
        return WRONG
    for at, one in enumerate(given):
        if one.is_error:  # it goes through as it is
            answers.give(at, one.data)
    if not batch.specs:
        return FAILED
    project = project_of(Path(), batch.characters, batch.specs, batch.sprites)
    return run_batch(project, kind, batch.specs, names, answers, _result)


def _names(dialogues: Sequence[Dialogue | None]) -> list[str]:
    """Return a name for each dialogue: its own, with a number when another one of the batch has it too.

    The same dialogue twice is one episode.
    """
    taken: dict[str, str] = {}
    names = []
    for dialogue in dialogues:
        if dialogue is None:
            names.append("")
            continue
        content = canonical_json(dialogue.model_dump(mode="json", exclude={"cost"}))
        names.append(free_name(dialogue.name, content, taken))
    return names


@dataclass(frozen=True, slots=True)
class _Batch:
    """The episodes of all dialogues, and everyone in them."""

    characters: dict[str, tuple[Character, Source]]
    sprites: dict[str, tuple[str, ...]]
    specs: dict[str, tuple[Episode | None, Source]]

    def add(self, name: str, dialogue: Dialogue) -> None:
        """Add a dialogue as the episode of this name; raises InputError."""
        called = {who: self._character(who, profile) for who, profile in dialogue.characters.items()}
        self.specs[name] = _episode(dialogue, name, called)

    def _character(self, who: str, profile: Profile) -> str:
        """Add a character, and return what it is called here: two dialogues may know different people by one name."""
        fields = profile.model_dump(mode="json", exclude={"sprites"}, exclude_defaults=True)
        source = Source(f"characters.{who}", fields)
        character = validate(Character, source)
        if character is None:
            raise InputError(tuple(source.problems))
        pictures = {kind: _picture(uri, f"characters.{who}.sprites.{kind}") for kind, uri in profile.sprites.items()}
        shown = tuple(
            pictures.get(kind) or next(iter(pictures.values())) for kind in ("telling", "hearing") if pictures
        )
        free, number = who, 2
        while free in self.characters and (self.characters[free][0], self.sprites.get(free, ())) != (character, shown):
            free, number = f"{who}--{number}", number + 1
        self.characters[free] = (character, source)
        if shown:
            self.sprites[free] = shown
        return free


def _picture(uri: str, where: str) -> str:
    """Write a picture that came with a dialogue to a file that is called after its content; returns its path."""
    content = b""
    if uri.startswith(_URI):
        with suppress(ValueError):
            content = base64.b64decode(uri.removeprefix(_URI), validate=True)
    if not content:
        fix = f"write {_URI}..., or remove it"
        raise InputError((Problem("stdin", 1, f"{where}: is not a picture in the document", fix),))
    path = Path(CAST_FOLDER, f"{digest_of(content)[:16]}.png")
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished(path.parent) as part:
            part.write(content)
        put_in_place(Path(part.name), path)
    return path.as_posix()


def _episode(dialogue: Dialogue, name: str, cast: Mapping[str, str]) -> tuple[Episode | None, Source]:
    """Return a dialogue as the episode that it is."""
    fields = dialogue.model_dump(
        mode="json", exclude_defaults=True, include={"title", "language", "style", "background"}
    )
    fields |= dialogue.model_dump(mode="json", exclude_defaults=True, include={"music", "reel", "pronounce"})
    said = dialogue.model_dump(mode="json", by_alias=True, exclude_defaults=True, include={"lines": {"__all__"}})
    lines = [{name: value for name, value in line.items() if name != "id"} for line in said["lines"]]
    for line in lines:
        line["character"] = cast.get(line["character"], line["character"])
    providers = {kind: performer.model_dump(exclude_none=True) for kind, performer in dialogue.providers.items()}
    fields |= {"script": lines, "cast": list(cast.values()), "providers": providers}
    if dialogue.reel.model_fields_set:
        fields["reel"] = dialogue.reel.model_dump(mode="json", include=dialogue.reel.model_fields_set)
    source = Source(f"dialogue {name}", fields)
    return validate(Episode, source), source


def _result(name: str, build: Build, report: Report) -> VideoResult:
    file = Path(BUILD, name, "video.json")
    if name in report.failed or not file.is_file():
        raise report.failure(name)
    record = json.loads(file.read_bytes())
    video = record["video"]
    made, restored = report.counts(name)
    return VideoResult(
        name=name,
        video=video["file"],
        sha256=video["sha256"],
        duration_seconds=video["duration_seconds"],
        frames=video["frames"],
        url=next((one["url"] for one in record["published"]), None) if report.kind == PUBLISH else None,
        cost=report.cost(name, build.records.recorded_key, build.context.store),
        made=made,
        restored=restored,
        degraded=record["degraded"],
        timings_seconds=report.timings(name),
    )
