"""Looking at files that authors hand us: what they hold, and whether it can be used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reelmake.errors import MediaError
from reelmake.ffmpeg import Looks, look_args, try_args
from reelmake.media.tool import Ffmpeg

Want = Literal["video", "picture", "audio"]

_HD_LINES = 720  # from here on, a source that does not say so is taken to be bt709
_HDR_CURVES = ("smpte2084", "arib-std-b67")


@dataclass(frozen=True, slots=True)
class Media:
    """What a file holds. `looks` is None without pictures; covers of sound files are not pictures."""

    looks: Looks | None
    has_sound: bool
    duration_seconds: float | None


def look(path: Path, ffmpeg: Ffmpeg) -> Media:
    """Say what a file holds, decoding nothing; raises MediaError when ffmpeg cannot read it."""
    told = ffmpeg.report(look_args(str(path)), doing=f"reading {path}")
    told = told.split("Output #0")[0]
    demuxers = re.search(r"Input #0, (\S+),", told)
    duration = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    streams = re.findall(r"Stream #0:\d+.*?: (Video|Audio): (.*)", told)
    pictures = [line for kind, line in streams if kind == "Video" and "(attached pic)" not in line]
    still = bool(demuxers and re.search(r"_pipe$|^image2", demuxers[1]))
    return Media(
        looks=_looks(pictures[0], still=still) if pictures else None,
        has_sound=any(kind == "Audio" for kind, _ in streams),
        duration_seconds=sum(float(part) * unit for part, unit in zip(duration.groups(), (3600, 60, 1), strict=True))
        if duration
        else None,
    )


def problem(path: Path, want: Want, ffmpeg: Ffmpeg) -> str:
    """Say why a file cannot be used as what is wanted, or return an empty string: its beginning was decoded.

    A picture serves where a video is wanted: it is a background that stands still.
    """
    try:
        media = look(path, ffmpeg)
        if want == "audio" and not media.has_sound:
            return "it has no sound"
        if want != "audio" and media.looks is None:
            return "it has no pictures"
        if want == "picture" and media.looks and not media.looks.still:
            return "it is a video, not a picture"
        ffmpeg.run(try_args(str(path), "a" if want == "audio" else "V"), doing="decoding it")
    except MediaError as error:
        return error.what
    return ""


def _looks(stream: str, *, still: bool) -> Looks:
    """Read what ffmpeg tells of a stream: `h264 (High), yuv420p(tv, bt709, top first), 1920x1080 [SAR 1:1 ...`."""
    size = re.search(r", \d+x(\d+)", stream)
    pixels = re.search(r", (yuv\w*|nv\w*|p\d\w*)(?:\(([^)]*)\))?", stream)
    said = [part.strip() for part in (pixels[2] or "").split(",")] if pixels else []
    tagged = any(re.match(r"bt|smpte|fcc|ycgco|gbr|ictcp|chroma", part) for part in said)
    return Looks(
        still=still,
        interlaced=any(part.endswith("first") for part in said),
        hdr=any(curve in part for part in said for curve in _HDR_CURVES),
        # a JPEG says nothing and is bt601 whatever its size
        untagged_hd=bool(pixels and not tagged and not still and size and int(size[1]) >= _HD_LINES),
    )
