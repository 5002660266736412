"""An episode that is ready to be planned, its kit, and the steps that a plan consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from reelmake.core.keys import Action, canonical_json
from reelmake.plan.kinds import BUILD, CPU, KINDS, SPEC
from reelmake.spec.model import Character, Episode, Line, Publish, Reel
from reelmake.spec.speech import Piece, pieces_of

REMEMBERED: Final = "store"  # the "provider" of translations that are reused from the store


@dataclass(frozen=True, slots=True)
class Kit:
    """Everything outside of episodes that changes bytes.

    templates  name -> text of a prompt template
    ffmpeg     which ffmpeg
    fonts      (text, language, families that are chosen...) -> family and digest of each font that shows it
    """

    templates: Mapping[str, str]
    ffmpeg: str
    fonts: Callable[..., Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who performs a request: the provider, its pool, its complete options, and its `shape` of a generic request."""

    provider: str
    pool: str
    options: Mapping[str, Any]
    shape: Callable[[Mapping[str, Any]], Mapping[str, Any]]


Place = tuple[str, str, str]


def choice_place(kind: str, line: Line | None = None) -> Place:
    """Return the key of a choice: a voice is chosen for each character, and a line may have its own."""
    own = getattr(line.providers, kind) if line and KINDS[kind].is_per_line else None
    said = canonical_json(own.model_dump(exclude_none=True)) if own else ""
    return kind, line.character if line and kind == "voice" else "", said


@dataclass(frozen=True, slots=True)
class Step:
    """An action with its place in the build: `name` is typed after doit, `where` is the place in a spec."""

    name: str
    episode: str
    line: str
    pool: str
    action: Action
    where: str = ""

    @property
    def kind(self) -> str:
        """The kind of its action."""
        return self.action.kind


@dataclass(frozen=True, slots=True)
class Production:
    """An episode that is ready to be planned: its spec, the characters on screen, the format, the kit, and who does it.

    choices   who performs the requests of each kind, by `choice_place`
    lines_at  the line of the spec on which each line of its script stands; nothing for a script that is not in it
    topic_at  the line of the spec on which its topic stands; 0 when it is not in a file
    publish   where its video is published
    original  of an episode in another language than the script's: the one that it is a translation of
    source    the lines that are translated, once they are known; none for an original
    pronounce how words are said in the whole project
    sprites   character -> its pictures while it is telling and while it is hearing, by their paths from the project
    """

    name: str
    episode: Episode
    characters: Mapping[str, Character]
    reel: Reel
    kit: Kit
    choices: Mapping[Place, Choice]
    lines_at: Sequence[int] = ()
    sprites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topic_at: int = 0
    publish: Publish = field(default_factory=Publish)
    original: Production | None = None
    source: Sequence[Line] = ()
    pronounce: Mapping[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> str:
        """The name of its spec, which an episode in another language shares with its original."""
        return self.original.name if self.original else self.name

    @property
    def files(self) -> list[str]:
        """The files that its spec names, besides pictures of characters."""
        own = [*(file for _, file, _ in self.media), self.reel.captions.font_file]
        own += [shot.file for line in self.episode.script or () for shot in line.seen]
        return list(dict.fromkeys(path for path in own if path))

    @property
    def media(self) -> list[tuple[Literal["background", "music"], str, Literal["video", "audio"]]]:
        """The films and sounds among them: the field that names each, the file, and what is used of it."""
        background, music = self.episode.background, self.episode.music
        found: list[tuple[Literal["background", "music"], str, Literal["video", "audio"]]] = []
        found += [("background", background.file, "video")] if background else []
        found += [("music", music, "audio")] if music else []
        return found

    def where(self, at: int) -> str:
        """Return where a line of the script stands: in the spec, or in the script that a provider wrote."""
        if at < len(self.lines_at):
            return f"episodes/{self.spec}.yaml:{self.lines_at[at]}"
        return f"line {at + 1} of the script of {self.name}"

    def pieces(self, line: Line) -> tuple[Piece, ...]:
        """Return a line in pieces: what is shown, and what is said for it.

        Pronunciations are written for one language, that of the script: its translations are said as they are written.
        """
        return pieces_of(line.text, line.say, self.pronunciations(line.character))

    def pronunciations(self, character: str) -> Mapping[str, str]:
        """Return how words are said by a character."""
        if self.original and not _are_of_one_language(self.original.episode.language, self.episode.language):
            return {}
        speaker = self.characters.get(character)
        return {**self.pronounce, **(speaker.pronounce if speaker else {}), **self.episode.pronounce}

    def choice(self, kind: str, line: Line | None = None) -> Choice:
        """Return who performs the requests of a kind, for a line."""
        return self.choices[choice_place(kind, line)]

    def path(self, *parts: str) -> str:
        """Return the path of an output, from the project's folder."""
        return "/".join((BUILD, self.name, *parts))

    def action(
        self,
        kind: str,
        request: Mapping[str, Any],
        outputs: Mapping[str, str],
        inputs: Mapping[str, str] | None = None,
    ) -> Action:
        """Return an action of this episode."""
        return Action(kind, KINDS[kind].recipe, request, inputs or {}, outputs, KINDS[kind].reading)

    def step(self, action: Action, line_id: str = "", line: Line | None = None, where: str = "") -> Step:
        """Return an action with its name, pool and place."""
        name = ":".join(filter(None, (action.kind, self.name, line_id)))
        step = Step(name, self.name, line_id, CPU, action, where)
        return replace(step, pool=self.choice(action.kind, line).pool) if is_paid(step) else step


def _are_of_one_language(one: str, other: str) -> bool:
    return one.partition("-")[0] == other.partition("-")[0]


def is_paid(step: Step) -> bool:
    """Say whether a provider performs a step: it may cost money."""
    return asks_provider(step.action)


def asks_provider(action: Action) -> bool:
    """Say whether a provider performs an action."""
    return KINDS[action.kind].is_paid and action.request["provider"] != SPEC
