"""How captions look, as authors choose it: `reel: {captions: ...}`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from reelmake.layout.frame import BASE_HEIGHT, SAFE_BOTTOM, SAFE_TOP
from reelmake.spec.fields import InnerPath
from reelmake.spec.problems import Record, Wrong, closest, form, shown

COLOR = "#[0-9A-Fa-f]{6}"
Style = Literal["karaoke", "box", "pop", "lines", "plain", "none"]
STYLES: tuple[str, ...] = get_args(Style)
Color = Annotated[
    str,
    Field(pattern=f"^({COLOR}|speaker)$"),
    form(f"{COLOR}|speaker", "is not a colour", 'write it as "#FFD166", in quotes, or speaker'),
]
Scale = Annotated[float, Field(ge=1, le=1.4, allow_inf_nan=False)]

_ROW = 1.42  # the height of a row with its outlines, of the letters' size
_DEFAULT_PX = 76


def _position(value: object) -> object:
    """Let a number be written as text; say which words there are."""
    if not isinstance(value, str) or value in ("auto", "top", "middle", "bottom"):
        return value
    try:
        return float(value)
    except ValueError:
        raise Wrong(f"{shown(value)} is not a place", "write top, middle, bottom, auto, or a number") from None


class ActiveWord(Record):
    """The word that is being spoken."""

    color: Color | None = Field(None, description="Its colour; by default the speaker's.")
    scale: Scale | None = Field(
        None, description="How much larger it is, as far as it does not touch its neighbours; by default 1.05 at most."
    )


class Outline(Record):
    """The line around letters. A number is short for its width."""

    px: Annotated[float, Field(ge=0, le=16, allow_inf_nan=False)] | None = Field(
        None, description="Its width in pixels of 1080x1920; by default 0.09 of the letters' size, and none in a box."
    )
    color: Color = Field("#0E0E16", description="Its colour.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return value if isinstance(value, dict | cls) else {"px": value}


class CaptionBox(Record):
    """The box of the style `box`."""

    color: Color | None = Field(
        None, description="Its colour; by default dark behind all words, and the speaker's behind one."
    )
    opacity: Annotated[float, Field(ge=0.2, le=1, allow_inf_nan=False)] = Field(
        0.85, description="How much it hides of what is behind it; a box behind one word hides all."
    )
    behind: Literal["words", "word"] = Field(
        "words", description="`words`: one box for all that are shown; `word`: for the one that is being spoken."
    )


class Emphasis(Record):
    """Words between asterisks: `*word*`."""

    color: Color | None = Field(
        None, description="Their colour; by default the speaker's, and white where all words have that one."
    )
    scale: Scale = Field(1.15, description="How much larger they are.")


class CaptionLook(Record):
    """How captions look. The name of a style is short for `{style: ...}`.

    A project's are overridden name by name.
    """

    style: Style = Field(
        "karaoke",
        description="`karaoke` lights each word as it is spoken; `box` does so on a rounded box; `pop` shows one to "
        "three large words that spring in as they are spoken; `lines` (or `plain`) shows all words at once; `none` "
        "burns none in.",
    )
    words: Annotated[int, Field(ge=1, le=8)] | None = Field(
        None,
        description="How many are shown together at most; by default 3 of `pop`, 5 of `box`, 8 of the others. A few "
        "more are where they would be gone in less than 0.25 seconds.",
    )
    case: Literal["as-written", "upper", "lower"] = Field(
        "as-written", description="`upper` shows capitals only; files of subtitles keep what is written."
    )
    font: InnerPath | None = Field(
        None,
        description="A family that ships along, such as `Fira Sans ExtraBold`, or a font file (.ttf, .otf) by its path "
        "from the project's folder. What it lacks is shown in the usual fonts.",
    )
    size: Annotated[float, Field(ge=40, le=140, allow_inf_nan=False)] | None = Field(
        None, description="The size of letters in pixels of 1080x1920; by default 76, or more where there is room."
    )
    position: Annotated[
        Literal["auto", "top", "middle", "bottom"] | Annotated[float, Field(ge=0, le=1)], BeforeValidator(_position)
    ] = Field(
        "auto",
        description="`top`, `middle` or `bottom` of the safe area, or where the middle of the captions is, from 0 (the "
        "upper edge of the video) to 1; by default where no picture is.",
    )
    color: Color | None = Field(
        None, description="The colour of words; by default white, and the speaker's with `lines`."
    )
    active: ActiveWord = Field(ActiveWord(), description="How the word looks that is being spoken.")
    outline: Outline = Field(Outline(), description="The line around letters: its width, or `{px: 6, color: ...}`.")
    box: CaptionBox = Field(CaptionBox(), description="How the box of that style looks.")
    emphasis: Emphasis = Field(Emphasis(), description="How `*words*` between asterisks look.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value not in STYLES:
            close = closest(value, STYLES)
            fix = f"did you mean {close!r}?" if close else f"write {', '.join(STYLES)}, or `{{style: ...}}`"
            raise Wrong(f"{shown(value)} is not a style of captions", fix)
        return {"style": value}

    @field_validator("position")
    @classmethod
    def _stays_in_the_safe_area(cls, position: str | float, info: ValidationInfo) -> str | float:
        if isinstance(position, float):
            half = _ROW * (info.data.get("size") or _DEFAULT_PX) / 2
            least, most = ((SAFE_TOP + half) / BASE_HEIGHT, (SAFE_BOTTOM - half) / BASE_HEIGHT)
            if not least <= position <= most:
                edge = f"above y {SAFE_TOP}" if position < least else f"below y {SAFE_BOTTOM}"
                what = f"{position:g} puts captions {edge} of {BASE_HEIGHT}, where apps draw over a video"
                raise Wrong(what, f"write a number from {least + 0.005:.2f} to {most - 0.005:.2f}")
        return position

    @model_serializer(mode="wrap")
    def _shortest(self, fields: SerializerFunctionWrapHandler) -> Any:
        """Write what is nothing but a style as its name."""
        return self.style if self.model_fields_set <= {"style"} else fields(self)

    @property
    def is_burned(self) -> bool:
        """Whether there are captions in the picture."""
        return self.style != "none"

    @property
    def font_file(self) -> str | None:
        """The path of a font of the project."""
        return self.font if self.font and "." in self.font else None

    def chosen(self) -> dict[str, Any]:
        """Return all that is chosen besides the style and the font, for a request; nothing of the defaults."""
        fields = type(self).model_fields
        made = {name: getattr(self, name) for name in fields if name not in ("style", "font")}
        return {
            name: value.model_dump(exclude_defaults=True) if isinstance(value, Record) else value
            for name, value in made.items()
            if value != fields[name].default
        }

    def overridden(self, other: CaptionLook) -> CaptionLook:
        """Return this look, overridden by the fields that are set in `other`."""
        changed = {}
        for name in other.model_fields_set:
            own, new = getattr(self, name), getattr(other, name)
            if isinstance(new, Record):
                new = own.model_copy(update={part: getattr(new, part) for part in new.model_fields_set})
            changed[name] = new
        return self.model_copy(update=changed)
