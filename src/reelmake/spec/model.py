"""Episodes and characters, as immutable records; `spec.load` reads them from files."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic import Tag as Label

from reelmake.core.templates import subject_of
from reelmake.layout.shots import Fill, Fit, Motion, Transition, letters, word_starts
from reelmake.layout.timeline import Flow
from reelmake.spec.captions import COLOR, CaptionLook
from reelmake.spec.clean_text import emphasised, spoken
from reelmake.spec.fields import MAX_LINES, InnerPath, LineCount, Name, Seconds, Tag, TakeNumber, Text, rate_of, size_of
from reelmake.spec.problems import Record, Wrong, closest, form, shown

_MOTIONS: Final = (
    "`zoom-in`, `zoom-out`, to the `left`, `right`, `up` or `down` of the picture, slowly; `none`; or `auto`, one of "
    "them for each picture."
)
_BEGINS: Final = (
    "`cut`; `pop`, it springs up; and over the picture before, `slide` pushes it aside, `whip` more quickly and "
    "blurred, `fade` dissolves it."
)


class Reel(Record):
    """The video's format. An episode's `reel:` overrides the project's."""

    size: Annotated[tuple[int, int], BeforeValidator(size_of)] = Field(
        (1080, 1920),
        description="Width x height in pixels: even numbers, from `144x256` to `2160x3840`, from 4:5 to 2:5.",
    )
    fps: Annotated[Literal[24, 25, 30, 50, 60], BeforeValidator(rate_of)] = Field(30, description="Frames a second.")
    captions: CaptionLook = Field(
        CaptionLook(), description="A style (`karaoke`, `box`, `pop`, `lines`, `none`), or `{style: ..., size: ...}`."
    )
    motion: Motion = Field("auto", description=f"How pictures move, unless a line says otherwise: {_MOTIONS}")
    transition: Transition = Field(
        "pop", description=f"How a picture takes the place of the one before, unless a line says otherwise: {_BEGINS}"
    )
    pause_seconds: Seconds = Field(0.3, description="Silence after every line, unless the line says otherwise.")
    music_db: Annotated[float, Field(ge=-60, le=0, allow_inf_nan=False)] = Field(
        -14.0,
        description="How loud the music is while nobody speaks, in dB against speech; it is ducked under speech, "
        "by some 7 dB more.",
    )

    min_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = Field(
        1.0, description="How long a video has to be at least, to be published."
    )
    max_seconds: Annotated[float, Field(gt=0, le=36_000, allow_inf_nan=False)] = Field(
        180.0,
        description="How long a video may be at most, to be published: what most apps take. "
        "`reelmake check` tells before it is made when it will be longer.",
    )

    def overridden(self, other: Reel) -> Reel:
        """Return this format, overridden by the fields that are set in `other`."""
        changed = {name: getattr(other, name) for name in other.model_fields_set}
        if "captions" in changed:
            changed["captions"] = self.captions.overridden(other.captions)
        return self.model_copy(update=changed)

    def problem(self) -> tuple[str, str] | None:
        """Say why no video could be of this format, and what to do; None when one can."""
        if self.min_seconds <= self.max_seconds:
            return None
        what = f"no video is {self.min_seconds:g} s long at least and {self.max_seconds:g} s at most"
        return what, "make min_seconds smaller, or max_seconds larger"


def _target(to: str) -> str:
    bucket = to.removeprefix("s3://")
    if "://" in to and (bucket == to or not re.fullmatch(_BUCKET, bucket)):
        raise Wrong(f"{shown(to)} is neither a folder nor a bucket", _TARGET)
    if re.match(r"[A-Za-z]:|.*\\", to):
        raise Wrong(f"{shown(to)} looks like a path of Windows", f"{_TARGET}, with forward slashes and no drive")
    if bucket == to and re.search(r"[:;]|//|^(?:s3|b2|gs|s?ftp|https?)\.*(?:/|$)|^www\.", to, re.IGNORECASE):
        raise Wrong(f"{shown(to)} looks like an address that is mistyped", _TARGET)
    if re.match(r"~|.*[$%\0-\x1f]", to):
        raise Wrong(f"{shown(to)} is not a plain path, and nothing in it is replaced", "write the folder's whole path")
    return to


_TARGET: Final = "write s3://bucket/prefix, or a folder's path"


_BUCKET: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[\w.!*'()-]+)*/?"


class Target(Record):
    """A place for finished videos: a folder or a bucket, and where people find what is there."""

    to: Annotated[Text, AfterValidator(_target)] = Field(
        description="A folder, by its path from the project's, or `s3://bucket/prefix` on any S3 API."
    )
    url: Annotated[Text, form("https?://[^?# ]+", "is not an address", "write one such as https://videos.example")] | (
        None
    ) = Field(None, description="Under which address others read what is there; by default, signed links of 7 days.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"to": value} if isinstance(value, str) else value


class Publish(Record):
    """Where finished videos are published. An episode's `publish:` overrides the project's."""

    to: list[Target] = Field(
        [Target(to="published")],
        max_length=10,
        description="A target, or several: `s3://bucket/prefix`, a folder, or `{to: ..., url: ...}`; `[]` is nowhere.",
    )
    cover: Annotated[int, Field(ge=1, le=MAX_LINES)] = Field(
        1, description="Of which line, from 1, the cover shows the middle; of the last one, when there are fewer."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        if isinstance(value, str):
            value = {"to": value}
        if isinstance(value, dict) and isinstance(value.get("to"), str | dict):
            value = {**value, "to": [value["to"]]}
        return value

    def overridden(self, other: Publish) -> Publish:
        """Return this, overridden by the fields that are set in `other`."""
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})


class Performer(Record):
    """Who performs requests, written as a name, or with options: `{provider: openai, quality: low}`.

    Without a provider's name, the options are for the provider in force.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    provider: Annotated[Text, Field(description="The provider's name.")] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"provider": value} if isinstance(value, str) else value

    @property
    def options(self) -> dict[str, Any]:
        """The options, without the provider."""
        return dict(self.model_extra or {})


MAX_LINE_CHARACTERS: Final = 1000


class Said(str):
    """What is said, with the places of its emphasised letters: marks of emphasis are not spoken, and can be seen."""

    __slots__ = ("emphasis",)
    emphasis: tuple[int, ...]

    def __new__(cls, text: str, emphasis: tuple[int, ...] = ()) -> Self:
        """Return a text with its emphasis."""
        made = super().__new__(cls, text)
        made.emphasis = emphasis
        return made


def emphasis_of(text: str) -> tuple[int, ...]:
    """Return which letters of a line's text are emphasised."""
    return text.emphasis if isinstance(text, Said) else ()


def marked(text: str) -> str:
    """Return a line's text with asterisks around its emphasised words: two, since one may hold a stage direction."""
    places = set(emphasis_of(text))
    if not places:
        return text
    words = re.split(r"(\s+)", text)
    at = 0
    for number, word in enumerate(words):
        if places.intersection(range(at, at + len(word))):
            words[number] = re.sub(r"\w(?:.*\w)?", r"**\g<0>**", word, count=1)
        at += len(word)
    made = "".join(words)
    return made if spoken(made) == text else text


def _said(text: str) -> str:
    said = spoken(text)
    if not any(map(str.isalnum, said)) and said != text:
        raise Wrong(
            f"{shown(text)} is no speech: it is a stage direction, or markup", "write what is said, or remove it"
        )
    emphasis = emphasised(text)
    return Said(said, emphasis) if emphasis else said


Spoken = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE_CHARACTERS), AfterValidator(_said)
]


def _pronounceable(words: dict[str, str]) -> dict[str, str]:
    for word, value in words.items():
        for what, text in (("word", word), ("pronunciation", value)):
            if not any(map(str.isalnum, text)):
                raise Wrong(f"{shown(text)} is no {what}: there is no letter in it", "write such as `nginx: engine x`")
    return words


Pronounce = Annotated[
    dict[Annotated[Text, StringConstraints(max_length=100)], Annotated[Text, StringConstraints(max_length=200)]],
    Field(max_length=500),
    AfterValidator(_pronounceable),
]


class Take(Record):
    """Which roll of the dice; another number asks the provider again, on purpose, and pays for it."""

    voice: TakeNumber = Field(1, description="The take of what is heard.")
    image: TakeNumber = Field(1, description="The take of what is seen.")

    @model_validator(mode="before")
    @classmethod
    def _both(cls, value: object) -> object:
        if not isinstance(value, str | int):
            return value
        if not re.fullmatch("[1-9][0-9]{0,3}", str(value)):
            raise Wrong(f"{shown(value)} is not a whole number from 1 to 9999", "write a number such as 2")
        return {"voice": value, "image": value}


class _Unclear:
    """Takes the place of a missing speaker, so that other mistakes in the line are reported as well."""

    def __init__(self, what: str, fix: str) -> None:
        self.wrong = Wrong(what, fix, of_all=True)


def _clear(value: object) -> object:
    if isinstance(value, _Unclear):
        raise value.wrong
    return value


class LineProviders(Record):
    """Who speaks and draws, where that is not as elsewhere."""

    voice: Performer | None = Field(None, description="Who speaks: a name, or `{provider: ..., model: ...}`.")
    image: Performer | None = Field(None, description="Who draws: a name, or `{provider: ..., model: ...}`.")


Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _place(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"\s*[0-9]+([.][0-9]+)?\s*", value):
        if not letters(value):
            raise Wrong(f"{shown(value)} is no word", "write words of the line, or seconds such as 1.5")
        return value
    if isinstance(value, str | int | float) and not isinstance(value, bool) and 0 <= float(value) <= MAX_SECONDS:
        return float(value)
    raise Wrong(
        f"{shown(value)} is neither words nor seconds".lstrip(), "write words of the line, or seconds such as 1.5"
    )


MAX_SECONDS: Final = 600.0
MAX_SHOTS: Final = 20
MAX_SHOTS_PER_LINE: Final = 6
ShotCount = Annotated[int, Field(ge=1, le=MAX_SHOTS_PER_LINE)]
Place = Annotated[float | Text, BeforeValidator(_place)]


class Shot(Record):
    """What is shown: a picture that is requested by its prompt, or a picture or a clip of one's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    prompt: Text | None = Field(None, description="What is drawn; by default, what is said. `none` shows nothing.")
    file: InnerPath | None = Field(
        None, description="In place of a prompt, a picture or a clip, by its path from the project's folder."
    )
    from_seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = Field(
        0.0, alias="from", description="From which second on a clip is shown."
    )
    sound: Annotated[float, Field(ge=-60, le=6, allow_inf_nan=False)] | None = Field(
        None, description="How loud a clip's own sound is, in dB against speech; without it, the clip is silent."
    )
    fill: Fill = Field(
        "hold", description="What follows a clip that ends before its shot: `hold` its last picture, or `loop` it."
    )
    fit: Fit = Field(
        "cover", description="`cover` fills the window, and cuts off what is beyond; `contain` shows all of it."
    )
    focus: tuple[Share, Share] = Field(
        (0.5, 0.5), description="The point that stays in view, in shares of width and height: `[0.5, 0.3]`."
    )
    motion: Motion | None = Field(None, description="How it moves; by default, as the line says. A clip stands still.")
    transition: Transition | None = Field(
        None, description="How it takes the place of the shot before; by default, as the line says."
    )
    at: Place | None = Field(
        None,
        description="From which words of the line on it is shown, or from which second; only under `shots:`. By "
        "default, shots share the line evenly, and begin with a word.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.file and self.prompt:
            raise Wrong("has a prompt: and a file:", "keep one of them")
        if not self.file and (self.from_seconds or self.sound is not None or self.fill != "hold"):
            raise Wrong("has from:, sound: or fill: and no file:", "name a clip under file:, or remove them")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is shown."""
        return self.prompt == NO_PICTURE


NO_PICTURE: Final = "none"
_TEXT_OR_SHOT: Final = Discriminator(lambda value: "[text]" if value is None or isinstance(value, str) else "[shot]")
Image = Annotated[Annotated[Text, Label("[text]")] | Annotated[Shot, Label("[shot]")], _TEXT_OR_SHOT]
IMAGE: Final = (
    "What the picture shows: a prompt, by default what is said; a file of one's own, as `{file: assets/a.jpg}`, or "
    "`{file: assets/b.mp4, from: 2.5}`; or `none`."
)
SHOTS: Final = (
    "In place of `image:`, several, one after the other: each is what `image:` may be, with an `at:` as well."
)


class Line(Record):
    """Who says what, and what is shown. Written as `- ada: What she says.` with the other names below it."""

    character: Annotated[Name, BeforeValidator(_clear)] = Field(description="Who speaks: the name before the colon.")
    text: Spoken = Field(description="What is said, after the colon; stage directions and markup in it are left out.")
    say: Spoken | None = Field(
        None,
        description="What the voice says, where it differs from the words after the colon, which captions show.",
    )
    image: Image | None = Field(None, description=IMAGE)
    shots: list[Image] = Field([], max_length=MAX_SHOTS, description=SHOTS)
    motion: Motion | None = Field(None, description="How the picture moves; by default, as `reel:` says.")
    transition: Transition | None = Field(
        None, description="How the picture takes the place of the one before; by default, as `reel:` says."
    )
    take: Take = Field(Take(), description="A number for voice and image, or `{voice: 2, image: 3}`.")
    pause_seconds: Seconds | None = Field(None, description="Silence after this line.")
    providers: LineProviders = Field(LineProviders(), description="Who speaks and draws this line.")
    translations: dict[Tag, Spoken] = Field(
        {}, description="What is said in the episode's other languages, by their tags; these are not requested."
    )

    @model_validator(mode="before")
    @classmethod
    def _speaker_first(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, dict):
            raise Wrong("is not a line", "write `- ada: What she says.`")
        rest = {name: value[name] for name in LINE_OPTIONS if name in value}
        speakers = [name for name in value if name not in rest]
        if {"character", "text"} <= set(speakers):
            return value
        if not speakers:
            return {**rest, "character": _Unclear("has no speaker", "write `- ada: What she says.`"), "text": "-"}
        known = (info.context or {}).get(CHARACTERS)
        talkers = [name for name in speakers if _may_speak(name, known)] or speakers[:1]
        rest |= {name: value[name] for name in speakers if name not in talkers}  # unknown names, each in its place
        if len(talkers) > 1:
            named, options = " and ".join(map(shown, talkers)), ", ".join(LINE_OPTIONS)
            fix = f"write one a line, and its other names ({options}) below it"
            unclear = _Unclear(f"names {named}, and only one can speak", fix)
            return {**rest, "character": unclear, "text": "-"}
        speakers = talkers
        return {**rest, "character": speakers[0], "text": value[speakers[0]]}

    @field_validator("image")
    @classmethod
    def _whole_line(cls, image: str | Shot | None) -> str | Shot | None:
        if isinstance(image, Shot) and image.at is not None:
            raise Wrong("has an at:, and is shown all the time", "put it under shots:, after another one")
        return image

    @field_validator("shots")
    @classmethod
    def _in_order(cls, shots: list[str | Shot], info: ValidationInfo) -> list[str | Shot]:
        """Check shots against what is said; a text with a mistake of its own is not in `info.data`, and is skipped."""
        if shots and info.data.get("image") is not None:
            raise Wrong("stand beside an image:", "put it among them, or remove it")
        places = [shot.at if isinstance(shot, Shot) else None for shot in shots]
        if places and places[0]:
            raise Wrong("begin with one that has an at:, and the first is shown from the beginning", "remove its at:")
        seconds = [place for place in places if isinstance(place, float)]
        if seconds != sorted(set(seconds)):
            raise Wrong("are not in the order of their at:", "put the earlier ones first")
        try:
            if (text := info.data.get("text")) is not None:
                word_starts(text, places)
        except ValueError as error:
            what = f"have at: {error.args[0]!r}, which is not said, or not after the words of the shot before"
            raise Wrong(what, "write words of the line as they stand there, or seconds") from None
        return shots

    @property
    def seen(self) -> list[Shot]:
        """What is shown, one after the other, with a prompt for each that has no file."""
        wanted: Sequence[str | Shot | None] = self.shots or [self.image]
        named = [shot if isinstance(shot, Shot) else Shot(prompt=shot) for shot in wanted]
        subject = {"prompt": subject_of(self.text)}
        return [shot if shot.file or shot.prompt else shot.model_copy(update=subject) for shot in named]

    @property
    def subject(self) -> str:
        """What is shown first, in words, or the name of its file."""
        shot = self.seen[0]
        return shot.prompt or shot.file or NO_PICTURE


CHARACTERS: Final = "characters"  # of a validation's context: the names of all that there are


def _may_speak(name: str, known: Collection[str] | None) -> bool:
    """Say whether a name in a line is that of a speaker, and no mistyped or unknown option."""
    return not closest(name, LINE_OPTIONS) if known is None else name in known


LINE_OPTIONS: Final = (
    "say",
    "image",
    "shots",
    "motion",
    "transition",
    "take",
    "pause_seconds",
    "providers",
    "translations",
)


def line_ids(lines: Sequence[Line]) -> list[str]:
    """Return an id for each line, from its content: moving or inserting lines changes no other line's id.

    Lines that are equal in everything get a number, in order; they are equal, so the order does not matter.
    """
    seen: Counter[str] = Counter()
    ids = []
    for line in lines:
        fields = line.model_dump(mode="json", exclude_defaults=True, exclude={"translations"})
        content = json.dumps(fields, sort_keys=True, ensure_ascii=False)
        words = re.findall(r"[a-z0-9]+", f"{line.character} {line.text.lower()}")
        readable = "-".join(words)[:32].rstrip("-")
        line_id = f"{readable}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
        seen[line_id] += 1
        ids.append(line_id if seen[line_id] == 1 else f"{line_id}-{seen[line_id]}")
    return ids


MAX_CAST: Final = 6
MAX_LANGUAGES: Final = 20

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


def _lines(value: object) -> object:
    """Return the lines of a script; raises Wrong for a text in which `spec.load` has found nobody who speaks."""
    if isinstance(value, str) and value.strip():
        raise Wrong("nobody speaks in this text", "write a name and a colon before what is said")
    if isinstance(value, dict) and value:
        raise Wrong("is not a list", "write each line after `- `; or `script: |`, and a name and a colon on each row")
    return value


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
        description="Who is on screen, by the names of files in `characters/`. By default, the speakers of the script.",
    )
    lines: LineCount = Field(8, description="How many lines the script provider writes.")
    shots_per_line: ShotCount = Field(
        1, description="How many pictures the script provider describes for each line. The offline one describes one."
    )
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
        None, description="A file, or `{file: ..., flow: ...}`. Without one, or with `none`, a soft gradient."
    )
    music: InnerPath | None = Field(
        None,
        description="A sound file, by its path from the project's folder, looped under the voices; `none` is none.",
    )
    take: TakeNumber = Field(1, description="Another number asks for another script.")
    script: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES), BeforeValidator(_lines)] | None = Field(
        None,
        description="The lines, in order; or a dialogue, screenplay or chat, as one text. Given here, no script "
        "provider is called.",
        validate_default=True,
    )
    reel: Reel = Field(Reel(), description="Overrides of the project's video format.")
    providers: EpisodeProviders = Field(EpisodeProviders(), description="Overrides of the project's providers.")
    publish: Publish = Field(Publish(), description="Overrides of where the video is published.")
    pronounce: Pronounce = Field(
        {},
        description="How words are said that voices say wrong, such as `nginx: engine x`; before those of a character, "
        "and of the project. A word in small letters is meant in capitals, too.",
    )

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
        """Check fields against each other; a field with a mistake of its own is not in `info.data`, and is skipped."""
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
        """The characters on screen, in order: the cast, or the speakers of the script."""
        return self.cast or list(dict.fromkeys(line.character for line in self.script or []))


class Sprites(Record):
    """Two pictures of a character, with a transparent background."""

    telling: InnerPath = Field(description="Shown while the character speaks: a PNG, by its path from `characters/`.")
    hearing: InnerPath | None = Field(None, description="Shown while it listens; by default the same picture.")


class Caption(Record):
    """How a character's words look."""

    color: Annotated[
        str,
        StringConstraints(pattern=f"^{COLOR}$"),
        form(COLOR, "is not a colour", 'write it as "#FFD166", in quotes: without them, # begins a comment'),
    ] = Field("#FFD166", description="The colour of spoken words, as `#RRGGBB`.")


class Character(Record):
    """A character: `characters/<name>.yaml`."""

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
    pronounce: Pronounce = Field(
        {}, description="How this character says words, such as `nginx: engine x`; before those of the project."
    )
