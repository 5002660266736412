"""The request of each kind of step, apart from its inputs.

`steps` writes these, and the maker of the kind reads them. A provider shapes the one that it is given into its own
request: that is a mapping of the provider's, and no class here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from reelmake.core.keys import canonical_json
from reelmake.layout.shots import Fill, Fit, Focus, Motion, Transition
from reelmake.layout.timeline import Flow
from reelmake.spec.model import Side


class Request(BaseModel):
    """Everything besides inputs that changes the bytes of the outputs.

    A field that holds its default is left out of the JSON and the key.
    So a new field with a default changes no key. A default that is changed needs a new recipe: a key that was made with
    the old one would stand for the new one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, as in the manifest of its key."""
        return self.model_dump(by_alias=True, exclude_defaults=True)

    @classmethod
    def from_json(cls, request: Mapping[str, Any]) -> Self:
        """Return a request from its JSON."""
        return cls.model_validate(request)


# -- requests to providers ------------------------------------------------------------------------------------------


class CastMember(Request):
    """One character of the cast, for the author of the script."""

    id: str
    name: str
    personality: str
    catchphrases: Sequence[str]


class Script(Request):
    """The lines of an episode; `template` is the text of the prompt template."""

    provider: str
    topic: str | None
    title: str
    language: str
    style: str
    lines: int
    take: int
    template: str
    cast: Sequence[CastMember]
    options: Mapping[str, Any] | None = None
    shots_per_line: int = 1


class SourceLine(Request):
    """A line that is to be translated; `given` is the author's translation, or empty."""

    character: str
    text: str
    given: str


class Translation(Request):
    """The lines of a script in another language."""

    provider: str
    title: str
    original_language: str = Field(serialization_alias="from")
    language: str
    take: int
    template: str
    cast: Sequence[CastMember]
    source: Sequence[SourceLine]
    options: Mapping[str, Any] | None = None


class Voice(Request):
    """The sound of a line; `voice` are the provider's options."""

    provider: str
    text: str
    language: str
    take: int
    voice: Mapping[str, Any]


class Image(Request):
    """The picture of a line; `prompt` is made of `subject` and `style`."""

    provider: str
    prompt: str
    subject: str
    style: str
    width: int
    height: int
    take: int
    options: Mapping[str, Any] | None = None


# -- requests without a provider ----------------------------------------------------------------------------------


class WrittenLine(Request):
    """A line as the author wrote it, with the subject of its picture."""

    character: str
    text: str
    image: str


class WrittenScript(Request):
    """A script, or a translation, that the author wrote."""

    provider: Literal["spec"]
    lines: Sequence[WrittenLine]

    def body(self) -> bytes:
        """Return the script as it is stored."""
        return canonical_json({"lines": self.to_json()["lines"]}).encode()


class Ffmpeg(Request):
    """All that music, an inspection and a storyboard depend on besides their inputs: which ffmpeg makes them."""

    ffmpeg: str


class Frame(Ffmpeg):
    """A background, or a video: all that every encoded picture depends on."""

    size: tuple[int, int]
    fps: int


class Sprite(Request):
    """One of those on screen: on which side."""

    side: Side


class SpeakingSprite(Sprite):
    """One of those on screen while a line is spoken, by it or by another."""

    speaks: bool


class Captions(Request):
    """Subtitles: all that decides how a text is set. Those that are not burned in (`none`) are set as karaoke.

    Where no line shows a picture, there is no panel, and captions have its place.

    captions  the name of the style
    look      what is chosen besides: fields of `spec.captions.CaptionLook` that are not their defaults
    font      a family that ships along, in place of the usual one; a font of the project is an input
    """

    size: tuple[int, int]
    fps: int
    captions: str
    cast: Sequence[Sprite]
    fonts: Mapping[str, str]
    language: str
    from_right: bool = False
    has_panel: bool = True
    look: Mapping[str, Any] | None = None
    font: str | None = None


class SpokenPiece(Request):
    """A part of a line as it is shown, and what is said for it."""

    shown: str
    said: str


class ShotStart(Request):
    """When a shot begins: seconds after its line, a share of the line's letters, or neither: where there is room."""

    seconds: float | None = None
    share: float | None = None


class TimedLine(Request):
    """A line of a timeline, and the silence after it.

    emphasis           its emphasised words, counted from 0
    pieces             where other words are said than shown
    shots              when its shots begin, if there are several
    shows_clip_before  whether its segment needs to know how long the clip before is
    """

    id: str
    character: str
    color: str
    pause_samples: int
    pieces: Sequence[SpokenPiece] | None = None
    shots: Sequence[ShotStart] = ()
    shows_clip_before: bool = False
    emphasis: Sequence[int] = ()


class Timeline(Captions):
    """A timeline, with the captions that are burned in; `flow` is how the background goes on from line to line."""

    flow: Flow
    lines: Sequence[TimedLine]


class Shown(Request):
    """A shot of a line: how the picture or clip in its input is shown; `is_empty` when there is neither."""

    motion: Motion = "none"
    transition: Transition = "cut"
    fit: Fit = "cover"
    focus: Focus = (0.5, 0.5)
    from_seconds: float = 0.0
    fill: Fill = "hold"
    is_empty: bool = False


class Segment(Frame):
    """The pictures of a line.

    shots   those of the line
    before  the shot before them, where the first one's transition shows it
    color   the speaker's
    text    what the captions say, with the fonts that show it; neither where there are none (`captions` is `none`)
    colors  those of the whole cast, for the backdrop of an episode that has no background
    font    as of the captions
    place   where the captions are, when an author has chosen it: position, and size of letters, for their shade
    """

    cast: Sequence[SpeakingSprite]
    shots: Sequence[Shown]
    color: str
    before: Shown | None = None
    has_panel: bool = True
    captions: str | None = None
    text: str | None = None
    fonts: Mapping[str, str] | None = None
    colors: Sequence[str] | None = None
    font: str | None = None
    place: tuple[str | float, float | None] | None = None


class ClipSound(Request):
    """The sound of a clip: with which line, and which shot of it, counted from 0, it is heard, and how loud.

    `shots` says when the shots of the line begin, if there are several.
    """

    line: int
    sound_db: float
    shot: int = 0
    shots: Sequence[ShotStart] = ()
    from_seconds: float = 0.0
    fill: Fill = "hold"


class Soundtrack(Ffmpeg):
    """The sound of an episode; `music_db` is how loud the music is, if there is any."""

    fps: int
    pauses_samples: Sequence[int]
    music_db: float | None = None
    clips: Sequence[ClipSound] = ()


class Cover(Ffmpeg):
    """A cover: from which line, counted from 1."""

    line: int
