"""What authors write: episodes and characters, as immutable records. `spec_file` reads them."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from reelmake.preferences import Performer, Publish, Reel
from reelmake.spec_forms import MAX_LINES, InnerPath, LineCount, Name, Tag, TakeNumber, Text
from reelmake.spec_line import Line, LineProviders
from reelmake.timeline import Flow
from reelmake.validation import Record, Wrong, form

MAX_CAST: Final = 6
MAX_LANGUAGES: Final = 20

_COLOR: Final = "#[0-9A-Fa-f]{6}"


Side = Literal["left", "right"]


class Background(Record):
    """The moving picture behind everything."""

    file: InnerPath = Field(
        description="A video or picture, by its path from the project's folder; it is looped and trimmed."
    )
    flow: Flow = Field(
        "elastic",
        description="How it goes on from line to line. `elastic`: no cut, in whole seconds a line, at almost its own "
        "speed, so that an edit disturbs few other lines; `per-line`: every line starts at a place of its own; "
        "`continuous`: exact speed, and no cut.",
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"file": value} if isinstance(value, str) else value


class EpisodeProviders(LineProviders):
    """Who writes, speaks and draws, where that is not as the project's settings say."""

    script: Performer | None = Field(None, description="Who writes: a name, or `{provider: ..., model: ...}`.")


class Episode(Record):
    """One video: `episodes/<name>.yaml`."""

    title: Text = Field(description="The title: for `video.json`, and for the script provider; not for the picture.")
    topic: Text | None = Field(None, description="What the script provider writes about when there is no `script:`.")
    cast: list[Name] = Field(
        [],
        max_length=MAX_CAST,
        description="Who is on screen, by the names of files in `characters/`. By default, whoever the script names.",
    )
    lines: LineCount = Field(8, description="How many lines the script provider writes.")
    language: Tag = Field(
        "en",
        description="What is spoken, as a language tag such as `en` or `en-GB`. The offline providers speak English.",
    )
    languages: Annotated[list[Tag], Field(max_length=MAX_LANGUAGES)] = Field(
        [],
        description="In place of `language:`, several: a video is made of each. The script is in the first one, and is "
        "translated into the others; pictures are shared.",
    )
    style: Text = Field(
        "warm flat illustration, soft light", description="How all pictures look; goes into every picture's prompt."
    )
    background: Background | None = Field(
        None, description="A file, or `{file: ..., flow: ...}`. Without one, a soft gradient."
    )
    music: InnerPath | None = Field(
        None, description="A sound file, by its path from the project's folder; it is looped under the voices."
    )
    take: TakeNumber = Field(1, description="Another number asks for another script.")
    script: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)] | None = Field(
        None,
        description="The lines, in order; or a screenplay or chat, as one text. Given here, no script provider is "
        "called.",
        validate_default=True,
    )
    reel: Reel = Field(Reel(), description="Overrides of the project's video format.")
    providers: EpisodeProviders = Field(EpisodeProviders(), description="Overrides of who performs what.")
    publish: Publish = Field(Publish(), description="Overrides of where the video is published.")

    @model_validator(mode="before")
    @classmethod
    def _first_language(cls, value: object) -> object:
        """Let the first of several languages be that of the script."""
        several = value.get("languages") if isinstance(value, dict) else None
        first = several[0] if isinstance(several, list) and several else None
        if not isinstance(value, dict) or not isinstance(first, str) or "language" in value:
            return value
        return {**value, "language": first}

    @field_validator("cast", "languages")
    @classmethod
    def _once(cls, names: list[str]) -> list[str]:
        if twice := [name for name, times in Counter(map(str.lower, names)).items() if times > 1]:
            raise Wrong(f"names {' and '.join(map(repr, twice))} more than once", "name each once")
        return names

    @field_validator("languages")
    @classmethod
    def _begins_with_the_scripts(cls, languages: list[str], info: ValidationInfo) -> list[str]:
        if languages and info.data.get("language", languages[0]) != languages[0]:
            what = f"begins with {languages[0]!r}, and language: is {info.data['language']!r}"
            raise Wrong(what, "leave language: out, and name the language of the script first")
        return languages

    @field_validator("script")
    @classmethod
    def _something_to_say(cls, script: list[Line] | None, info: ValidationInfo) -> list[Line] | None:
        """Check what takes several fields; one that is wrong itself is not in `info.data`: nothing is said of it."""
        topic, cast = info.data.get("topic", ""), info.data.get("cast", ["?"])
        if script is None and topic is None:
            raise Wrong("is missing, and so is a topic: to write one from", "add one of them")
        if script is None and topic and not cast:
            raise Wrong("is missing, and there is no cast: to write one for", "add one, such as `cast: [ada, max]`")
        speakers = {line.character for line in script or []}
        if not cast and len(speakers) > MAX_CAST:
            raise Wrong(f"has {len(speakers)} speakers, and there is room for {MAX_CAST}", "give lines to fewer")
        return script

    @property
    def speakers(self) -> list[str]:
        """Who is on screen, in order: the cast, or whoever the script names."""
        return self.cast or list(dict.fromkeys(line.character for line in self.script or []))


class Sprites(Record):
    """Two pictures of a character, with a transparent background."""

    telling: InnerPath = Field(description="Shown while the character speaks: a PNG, by its path from `characters/`.")
    hearing: InnerPath | None = Field(None, description="Shown while it listens; by default the same picture.")


class Caption(Record):
    """How a character's words look."""

    color: Annotated[
        str,
        StringConstraints(pattern=f"^{_COLOR}$"),
        form(_COLOR, "is not a colour", 'write it as "#FFD166", in quotes: without them, # begins a comment'),
    ] = Field("#FFD166", description="The colour of spoken words, as `#RRGGBB`.")


class Character(Record):
    """Someone who speaks: `characters/<name>.yaml`."""

    name: Text = Field(description="The name that others call them by.")
    voice: dict[str, dict[str, Any]] = Field(
        {}, description="For each voice provider, by its name, the options of this voice."
    )
    sprites: Sprites | None = Field(None, description="Pictures of the character; without them it is only heard.")
    catchphrases: list[Text] = Field(
        [], max_length=20, description="Things that it likes to say, for the script provider."
    )
    personality: Text | None = Field(None, description="A few words, for the script provider.")
    caption: Caption = Field(Caption(), description="How its words look.")
    side: Side = Field("left", description="On which side of the picture it stands.")
