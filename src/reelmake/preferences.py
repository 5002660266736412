"""What a project's settings say, and an episode may override: the format, where videos go, who performs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from reelmake.spec_forms import MAX_LINES, Seconds, Text, rate_of, size_of
from reelmake.validation import Record, Wrong, form, shown


class Reel(Record):
    """The video's format. An episode's `reel:` overrides the project's."""

    size: Annotated[tuple[int, int], BeforeValidator(size_of)] = Field(
        (1080, 1920),
        description="Width x height in pixels: even numbers, from `144x256` to `2160x3840`, from 4:5 to 2:5.",
    )
    fps: Annotated[Literal[24, 25, 30, 50, 60], BeforeValidator(rate_of)] = Field(30, description="Frames a second.")
    captions: Literal["karaoke", "plain", "none"] = Field(
        "karaoke", description="`karaoke` lights each word as it is spoken; `plain` shows them; `none` burns none in."
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
        """Return this format with whatever `other` was explicitly given."""
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})

    def problem(self) -> tuple[str, str] | None:
        """Say why no video could be of this format, and what to do; None when one can."""
        if self.min_seconds <= self.max_seconds:
            return None
        what = f"no video is {self.min_seconds:g} s long at least and {self.max_seconds:g} s at most"
        return what, "make min_seconds smaller, or max_seconds larger"


def _target(to: str) -> str:
    bucket = to.removeprefix("s3://")
    if "://" in to and (bucket == to or not re.fullmatch(_BUCKET, bucket)):
        raise Wrong(f"{shown(to)} is neither a folder nor a bucket", "write s3://bucket/prefix, or a folder's path")
    return to


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
        """Return this with whatever `other` was explicitly given."""
        return self.model_copy(update={name: getattr(other, name) for name in other.model_fields_set})


class Performer(Record):
    """Who performs requests, written as a name, or with options: `{provider: openai, quality: low}`.

    Without a provider's name, the options are for whoever performs them anyway.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    provider: Annotated[Text, Field(description="The provider's name.")] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"provider": value} if isinstance(value, str) else value

    @property
    def options(self) -> dict[str, Any]:
        """What was chosen besides the provider."""
        return dict(self.model_extra or {})
