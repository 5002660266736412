"""Measuring a finished video: all of it is decoded, once. And taking pictures out of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import examine_args, find_error_args, picture_args, sheet_args, still_args
from reelmake.media.mp4 import read_track
from reelmake.media.voice import SILENT_LUFS

SILENT_DBTP: Final = -120.0
_MOST_ERRORS: Final = 20
_SHEET_COLUMNS: Final = 4
# `t: 3.2  TARGET:-23 LUFS  M: ...  FTPK: -2.1 -2.3 dBFS`: of every 100 ms, the highest peak of each side
_PEAKS: Final = re.compile(r"\] t: (\S+) .*FTPK:([^d]+) dBFS")
_LOUD: Final = re.compile(r"\] t: (\S+) .* M:\s*(\S+) S:")  # and how loud the last 0.4 s were
_MOSTLY: Final = 0.9  # of a background


def measure(video: Path, ffmpeg: Ffmpeg, background: Path | None = None) -> Measured:
    """Return what a video is; `background` is what moves behind it. Raises MediaError when it is no mp4 at all."""
    track = read_track(video)
    counted, log = ffmpeg.attempt(examine_args(str(video)))
    errors = errors_in(log)
    heard = [(float(at), max(map(_number, found.split()))) for at, found in _PEAKS.findall(log)]
    if not heard:
        errors = (*errors, "it has no sound")
    still_seconds, is_dark = _background(background, ffmpeg) if background else (None, False)
    return Measured(
        width=track.width,
        height=track.height,
        listed_frames=track.frames,
        frames=_frames(counted),
        seconds=round(track.seconds, 3),
        sound_seconds=round(heard[-1][0], 3) if heard else 0.0,
        black=_black(log),
        still=_still(log, track.seconds),
        lufs=_last(r"I:\s+(\S+) LUFS", log, SILENT_LUFS),
        peak_dbtp=_last(r"Peak:\s+(\S+) dBFS", log, SILENT_DBTP),
        peak_seconds=round(max(heard, key=lambda one: one[1], default=(0.0, 0.0))[0], 3),
        errors=errors[:_MOST_ERRORS],
        error_seconds=_first_error(video, ffmpeg, track.seconds, track.frames) if errors else 0.0,
        background_still_seconds=still_seconds,
        background_is_dark=is_dark,
        heard_lufs=_by_second(log),
    )


def picture(video: Path, frame: int, out: Path, ffmpeg: Ffmpeg) -> None:
    """Write one frame of a video as a JPEG; raises MediaError."""
    ffmpeg.run(picture_args(str(video), frame, str(out)), doing=f"taking a picture out of {video}")


def sheet(video: Path, frames: Sequence[int], out: Path, ffmpeg: Ffmpeg) -> None:
    """Write some frames of a video, small, as one JPEG; raises MediaError."""
    columns = min(_SHEET_COLUMNS, len(frames))
    ffmpeg.run(sheet_args(str(video), frames, columns, str(out)), doing=f"taking pictures out of {video}")


def _first_error(video: Path, ffmpeg: Ffmpeg, seconds: float, frames: int) -> float:
    """Return near which time the first error is: so far could be decoded."""
    counted, _ = ffmpeg.attempt(find_error_args(str(video)))
    return round(min(_frames(counted) / frames, 1.0) * seconds, 3) if frames else 0.0


def _background(background: Path, ffmpeg: Ffmpeg) -> tuple[float | None, bool]:
    """Return how long a background stands still at most, None when it is a picture; and whether it is black itself."""
    track = read_track(background)
    _, log = ffmpeg.attempt(still_args(str(background)))
    black = _black(log)
    if track.frames <= 1:
        return None, bool(black)
    parts = _still(log, track.seconds)
    still = round(max((part.end_seconds - part.start_seconds for part in parts), default=0.0), 3)
    return still, sum(part.end_seconds - part.start_seconds for part in black) >= _MOSTLY * track.seconds


def _black(log: str) -> tuple[Stretch, ...]:
    found = re.findall(r"black_start:(\S+) black_end:(\S+)", log)
    return tuple(Stretch(float(start), float(end)) for start, end in found)


def _by_second(log: str) -> tuple[float, ...]:
    """Return how loud each second is where it is loudest."""
    seconds: dict[int, float] = {}
    for at, level in _LOUD.findall(log):
        second = int(float(at))
        seconds[second] = max(seconds.get(second, SILENT_LUFS), _number(level))
    return tuple(seconds[second] for second in sorted(seconds))


def _still(log: str, seconds: float) -> tuple[Stretch, ...]:
    """Return where nothing moves; the end of what stands still to the end of the video is left out."""
    starts = [float(at) for at in re.findall(r"freeze_start: (\S+)", log)]
    ends = [float(at) for at in re.findall(r"freeze_end: (\S+)", log)]
    return tuple(Stretch(start, end) for start, end in zip(starts, [*ends, round(seconds, 3)], strict=False))


def errors_in(log: str) -> tuple[str, ...]:
    """Return what ffmpeg complained of, each once: `h264: missing picture in access unit with size 4058`."""
    found = set()
    for line in log.splitlines():
        if match := re.search(r"^((?:\[[^\]]*\] )*)\[(?:error|fatal|panic)\] (.*)", line):
            who = re.findall(r"\[(\w+) @", match[1])
            found.add(f"{who[0]}: {match[2].strip()}" if who else match[2].strip())
    beside = "Error submitting packet"  # follows each of the others
    return tuple(sorted(one for one in found if not one.startswith(beside)))  # sorted: threads complain in any order


def _frames(counted: str) -> int:
    return int(_last(r"frame=\s*(\d+)", counted, 0))


def _last(pattern: str, log: str, default: float) -> float:
    found = re.findall(pattern, log)
    return _number(found[-1]) if found else default


def _number(text: str) -> float:
    """Read a level; silence is reported as -inf, and must be JSON."""
    number = float(text)
    return number if math.isfinite(number) else SILENT_DBTP


LOUDNESS_LUFS: Final = -14.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a video, in seconds from its start."""

    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a video is, as it was decoded from its first frame to its last.

    listed_frames  how many frames its own tables list; `frames` is how many could be decoded
    black, still   where it is black, and where nothing moves
    peak_seconds   where its highest peak is
    errors         what the decoder complained of; the first of them is near `error_seconds`
    background_still_seconds  how long its background stands still at most; None when it has none that moves
    background_is_dark        whether its background is black by itself
    heard_lufs                how loud each second is where it is loudest
    """

    width: int
    height: int
    listed_frames: int
    frames: int
    seconds: float
    sound_seconds: float
    black: tuple[Stretch, ...]
    still: tuple[Stretch, ...]
    lufs: float
    peak_dbtp: float
    peak_seconds: float
    errors: tuple[str, ...]
    error_seconds: float
    background_still_seconds: float | None = None
    background_is_dark: bool = False
    heard_lufs: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Measured:
        """Read what `to_json` wrote."""
        spans = {name: tuple(Stretch(**one) for one in written[name]) for name in ("black", "still")}
        return cls(**{**written, **spans, **{name: tuple(written[name]) for name in ("errors", "heard_lufs")}})
