"""The JSON documents of the two stages: request, dialogue, result and error; each with its JSON Schema.

The field `schema` names the document and its version. An unknown version is refused with an error.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from reelmake.layout.shots import Motion, Transition
from reelmake.spec.fields import LANGUAGE, MAX_LINES, NAME, LineCount, Name, TakeNumber, Text
from reelmake.spec.model import (
    IMAGE,
    MAX_CAST,
    MAX_SHOTS,
    SHOTS,
    Background,
    Caption,
    Image,
    LineProviders,
    Performer,
    Pronounce,
    Reel,
    ShotCount,
    Side,
    Spoken,
    Take,
    marked,
)
from reelmake.spec.problems import Record, form

REQUEST: Final = "reelmake/request@2"
DIALOGUE: Final = "reelmake/dialogue@2"
VIDEO: Final = "reelmake/video@1"
ERROR: Final = "reelmake/error@1"

Language = Annotated[str, Field(pattern=f"^{LANGUAGE.pattern}$")]
# ... of an episode in another language than its script's: sky.ja
_VERSION: Final = rf"{NAME.pattern}(\.{LANGUAGE.pattern})?"
VersionName = Annotated[
    str,
    Field(pattern=f"^{_VERSION}$"),
    form(_VERSION, "cannot be an episode's name", "write lower-case letters, digits, - and _"),
]
EpisodeName = Annotated[
    str,
    Field(pattern=f"^{NAME.pattern}$"),
    form(NAME.pattern, "cannot be an episode's name", "write lower-case letters, digits, - and _"),
]


class Document(Record):
    """Base of all documents; `schema` stands first in each."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class DialogueRequest(Document):
    """The request to stage one: a dialogue about a topic. The topic alone is enough."""

    schema_: Literal["reelmake/request@2", "reelmake/request@1"] = Field(
        REQUEST, alias="schema", description="The document's version; both are read."
    )
    topic: Text = Field(description="What the dialogue is about.")
    title: Text | None = Field(None, description="The title; by default, the topic.")
    name: EpisodeName | None = Field(None, description="What the episode is called; by default, made of the title.")
    cast: list[Name] = Field(
        [], max_length=MAX_CAST, description="Who speaks, by the names of files in `characters/`; by default, two."
    )
    lines: LineCount = Field(8, description="How many lines to write.")
    shots_per_line: ShotCount = Field(1, description="How many pictures to describe for each line.")
    language: Language = Field("en", description="What is spoken, as a language tag.")
    style: Text | None = Field(None, description="How all pictures look.")
    take: TakeNumber = Field(1, description="Another number asks for another script.")


class Profile(Document):
    """A character as it travels: its file, with its pictures in it."""

    name: Text = Field(description="The name that others call them by.")
    voice: dict[str, dict[str, Any]] = Field({}, description="For each voice provider, the options of this voice.")
    sprites: dict[Literal["telling", "hearing"], str] = Field(
        {}, description="Pictures of the character, as `data:image/png;base64,...`."
    )
    catchphrases: list[Text] = Field([], max_length=20, description="Things that it likes to say.")
    personality: Text | None = Field(None, description="A few words about it.")
    caption: Caption = Field(Caption(), description="How its words look.")
    side: Side = Field("left", description="On which side of the picture it stands.")
    pronounce: Pronounce = Field({}, description="How this character says words that voices say wrong.")


class DialogueLine(Document):
    """Who says what, and what is shown."""

    id: str = Field("", description="Made of the content; a line that is edited gets another one.")
    character: Name = Field(description="Who speaks: a name among `characters`.")
    text: Spoken = Field(description="What is said.")
    say: Spoken | None = Field(None, description="What the voice says, where it differs from what is shown.")
    image: Image | None = Field(None, description=IMAGE)
    shots: list[Image] = Field([], max_length=MAX_SHOTS, description=SHOTS)
    motion: Motion | None = Field(None, description="How the picture moves; by default, as the reel says.")
    transition: Transition | None = Field(
        None, description="How the picture takes the place of the one before; by default, as the reel says."
    )
    take: Take = Field(Take(), description="A number for voice and image, or `{voice: 2, image: 3}`.")
    pause_seconds: Annotated[float, Field(ge=0, le=10)] | None = Field(None, description="Silence after this line.")
    providers: LineProviders = Field(LineProviders(), description="Who speaks and draws this line.")

    @field_serializer("text")
    def _with_its_emphasis(self, text: str) -> str:
        return marked(text)


class Cost(Document):
    """Amounts paid, in US dollars, as text; None when the price of a part is unknown."""

    usd: str | None = Field(description="The sum.")
    by_kind: dict[str, str | None] = Field({}, description="The sum of each kind.")
    saved_usd: str | None = Field(None, description="What the parts had cost that were there already.")


class Dialogue(Document):
    """The answer of stage one, and the request to stage two. Lines may be edited, added, removed and moved."""

    schema_: Literal["reelmake/dialogue@2", "reelmake/dialogue@1"] = Field(
        alias="schema", description="The document's version: what is written is the first, and both are read."
    )
    name: VersionName = Field(description="What the episode is called: its folder in `build/`.")
    title: Text = Field(description="The title.")
    language: Language = Field("en", description="What is spoken, as a language tag.")
    style: Text | None = Field(None, description="How all pictures look.")
    characters: dict[Name, Profile] = Field(description="Everyone who is on screen, complete.", min_length=1)
    lines: list[DialogueLine] = Field(min_length=1, max_length=MAX_LINES, description="What is said, in order.")
    background: Background | None = Field(
        None, description="What moves behind everything: a file, where stage two runs."
    )
    music: Text | None = Field(None, description="A sound file, where stage two runs.")
    reel: Reel = Field(Reel(), description="Overrides of the video format.")
    providers: dict[Literal["script", "voice", "image"], Performer] = Field(
        {}, description="Who performs what, with which options."
    )
    pronounce: Pronounce = Field({}, description="How words are said that voices say wrong.")
    cost: Cost | None = Field(None, description="What the dialogue has cost.")

    @field_serializer("reel")
    def _only_overrides(self, reel: Reel) -> dict[str, Any]:
        """Write only overrides: the rest comes from the settings where the video is made."""
        return reel.model_dump(mode="json", exclude_unset=True)


class Degraded(Document):
    """A part that could not be made, and has a stand-in."""

    step: str = Field(description="The step that could not be made.")
    line: str = Field(description="The id of its line.")
    prompt: str = Field(description="What the picture should have shown.")


class VideoResult(Document):
    """The answer of stage two."""

    schema_: Literal["reelmake/video@1"] = Field(VIDEO, alias="schema", description="The document's version.")
    name: str = Field(description="What the episode is called.")
    video: str = Field(description="Where the mp4 is.")
    sha256: str = Field(description="The digest of the mp4.")
    duration_seconds: float = Field(description="How long it is.")
    frames: int = Field(description="How long it is, in frames.")
    url: str | None = Field(None, description="Where it was published; null when it was not.")
    cost: Cost = Field(description="What this run has paid, and what it saved.")
    made: dict[str, int] = Field(description="How many steps of each kind were made.")
    restored: dict[str, int] = Field(description="How many were in the store already.")
    degraded: list[Degraded] = Field(description="Parts that could not be had.")
    timings_seconds: dict[str, float] = Field(description="How long it took: in total, and the steps of each kind.")


class ErrorDetails(Document):
    """An error: its type, what is wrong, and where."""

    type: str = Field(description="What sort of error it is, such as `InputError`.")
    message: str = Field(description="What is wrong, and what to do; of several mistakes, each on a line of its own.")
    where: str = Field("", description="Which request, or which part of it.")


class ErrorDocument(Document):
    """The answer of a stage that failed; stage two passes one on unchanged."""

    schema_: Literal["reelmake/error@1"] = Field(ERROR, alias="schema", description="The document's version.")
    error: ErrorDetails = Field(description="What went wrong.")


# By the names under which `reelmake schema` writes them.
DOCUMENTS: Final[dict[str, type[BaseModel]]] = {
    "request": DialogueRequest,
    "dialogue": Dialogue,
    "video": VideoResult,
    "error": ErrorDocument,
}
