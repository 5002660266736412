"""Looking at files that authors hand us: what they hold, and whether it can be used."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from reelmake.core.errors import MediaError
from reelmake.core.files import state_of
from reelmake.media.ffmpeg import Ffmpeg, load_cache, save_cache
from reelmake.media.ffmpeg_args import (
    MAX_PIXELS,
    MOST_DECODED_SECONDS,
    Looks,
    decode_all_args,
    glimpse_args,
    look_args,
    try_args,
)
from reelmake.media.inspect import errors_in

Want = Literal["video", "picture", "audio", "shot", "sprite"]

MAX_SPRITE_PIXELS: Final = 25_000_000  # each is held as four bytes, twice
MAX_BYTES: Final[Mapping[Want, int]] = {
    "video": 8 << 30,
    "picture": 256 << 20,
    "audio": 1 << 30,
    "sprite": 64 << 20,
    "shot": 8 << 30,
}
MAX_SOUND_SECONDS: Final = 3600
_SOON: Final = ("-timelimit", "60")  # seconds of processor time
_MANY: Final = re.compile(r"%\d*d|%[*?]")  # ffmpeg takes such a name of a picture for a series of pictures
_NO_PICTURES: Final = ("svg",)  # drawings, which are known by the end of their name too

_PICTURES: Final = ("PNG", "WEBP", "GIF", "JPEG", "TIFF", "BMP")  # others start programs, or read other files
_LEAST_VIDEO_SECONDS: Final = 0.03  # less may not be one frame
_CUT_OFF_SECONDS: Final = 0.25  # so long before its end, a clip is decoded: nothing is there when it was cut off
_LEAST_AUDIO_SECONDS: Final = 0.4  # the loudness of less cannot be measured

_UNREADABLE: Final = "it is damaged, or no {want}"
_OTHER_KIND: Final = "it is of a kind that is not used here, such as a list of other files or a drawing"
_TOO_LARGE: Final = "it has more than {:,} pixels"
_TOLD_LARGE: Final = re.compile(r"Picture size [1-9]\d*x[1-9]\d* (?:is invalid|exceeds)")  # by ffmpeg
_RULES: Final = 2  # raised by hand when a file that was good may no longer be
REPLACE: Final = "copy it once more from where it came, or name another file"

_LEAST_DECODED: Final = 0.95  # of what a file says that it holds, but for
_SLACK_SECONDS: Final = 0.5
_FEW_ERRORS: Final = 3  # of sound: fewer may be a tag behind it

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
    return _media(_report(path, ffmpeg))


def _report(path: Path, ffmpeg: Ffmpeg) -> str:
    return ffmpeg.report([*_SOON, *look_args(str(path))], doing=f"reading {path}")


def _media(report: str) -> Media:
    """Return what ffmpeg tells of a file, in its first lines."""
    report = report.split("Output #0", maxsplit=1)[0]
    demuxers = re.search(r"Input #0, (\S+),", report)
    duration = re.search(r"Duration: (\d+):(\d+):([\d.]+)", report)
    streams = re.findall(r"Stream #0:\d+.*?: (Video|Audio): (.*)", report)
    pictures = [line for kind, line in streams if kind == "Video" and "(attached pic)" not in line]
    pictures = [line for line in pictures if not line.startswith(_NO_PICTURES)]
    still = bool(demuxers and re.search(r"_pipe$|^image2", demuxers[1]))
    return Media(
        looks=_looks(pictures[0], still=still, has_alpha="alpha_mode" in report) if pictures else None,
        has_sound=any(kind == "Audio" for kind, _ in streams),
        duration_seconds=sum(float(part) * unit for part, unit in zip(duration.groups(), (3600, 60, 1), strict=True))
        if duration
        else None,
    )


def is_picture(path: Path) -> bool:
    """Say whether a file is a picture that Pillow reads and that stands still; raises OSError when it is not there."""
    from PIL import Image  # noqa: PLC0415 (slow to import, and seldom needed)

    path.stat()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(path, formats=_PICTURES)
        with opened as picture:
            # a photograph may hold another one of itself, and a scan several pages: the first is shown
            return picture.format in ("MPO", "TIFF") or not getattr(picture, "is_animated", False)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, MemoryError):
        return False


def problem(path: Path, want: Want, ffmpeg: Ffmpeg, from_seconds: float = 0.0) -> str:
    """Say why a file cannot be used as what is wanted, or return an empty string: its beginning was decoded.

    A picture serves where a video is wanted: it is a background that stands still. Of a clip that is shown, a picture
    at its end and one at `from_seconds` are decoded, too.
    """
    if want == "sprite" or (want == "shot" and is_picture(path)):
        most = MAX_SPRITE_PIXELS if want == "sprite" else MAX_PIXELS
        return still_problem(path, most) or ("it is a picture, and from: is for clips" if from_seconds else "")
    if want == "shot":
        return problem(path, "video", ffmpeg) or _clip_problem(path, ffmpeg, from_seconds)
    if _MANY.search(str(path)):
        return "its name stands for many files: rename it without the %"
    damaged = _UNREADABLE.format(want={"audio": "sound", "video": "video or picture"}.get(want, want))
    with suppress(MediaError):
        report = ffmpeg.report([*_SOON, *try_args(str(path), "a" if want == "audio" else "V")], doing="decoding it")
        return _unfit(_media(report), want)
    try:
        report = _report(path, ffmpeg)
        return _TOO_LARGE.format(MAX_PIXELS) if _TOLD_LARGE.search(report) else _unfit(_media(report), want) or damaged
    except MediaError as error:  # an invalid argument: so ffmpeg calls a format that is not on our list
        return _OTHER_KIND if "Invalid argument" in error.what else damaged


def damage(path: Path, want: Want, ffmpeg: Ffmpeg) -> str:
    """Say what of a usable video or sound is damaged or missing, or return an empty string: all of it is decoded."""
    counted, log = ffmpeg.attempt(decode_all_args(str(path), "a" if want == "audio" else "V"))
    media, errors = _media(log), errors_in(log)
    told = f" ({errors[0]})" if errors else ""
    times = re.findall(r"out_time_us=(\d+)", counted)
    seconds = int(times[-1]) / 1_000_000 if times else 0.0
    whole = min(media.duration_seconds or 0.0, MOST_DECODED_SECONDS)
    if not (media.looks and media.looks.still) and seconds < min(_LEAST_DECODED * whole, whole - _SLACK_SECONDS):
        return (
            f"it is cut off or damaged: it says that it lasts {whole:.1f} s, and {seconds:.1f} s can be decoded{told}"
        )
    if errors and (want != "audio" or log.count("[error]") >= _FEW_ERRORS):
        rate, frames = re.search(r"([\d.]+) fps", log), re.findall(r"frame=\s*(\d+)", counted)
        expected = round(float(rate[1]) * whole) if rate else 0
        some = f"{frames[-1]} of {expected} frames can be decoded" if frames and int(frames[-1]) < expected else ""
        return f"it is damaged: {some or 'parts of it cannot be decoded'}{told}"
    return ""


def _clip_problem(path: Path, ffmpeg: Ffmpeg, from_seconds: float) -> str:
    """Say why nothing is seen at the end of a clip, or from a second on; or return an empty string."""
    seconds = look(path, ffmpeg).duration_seconds
    if seconds is not None and from_seconds >= seconds:
        return f"it is {seconds:.1f} s long, and from: is {from_seconds:g}"
    if from_seconds and not _glimpse(path, ffmpeg, "-ss", f"{from_seconds:g}"):
        return f"nothing is seen from second {from_seconds:g} on"
    end = f"{(seconds or 0) - _CUT_OFF_SECONDS:.3f}"
    at_end = ("-noaccurate_seek", "-ss", end)
    # of some, the sound goes on when the pictures have ended
    if float(end) > 0 and not (_glimpse(path, ffmpeg, *at_end) or _glimpse(path, ffmpeg, "-ss", end, stream="a")):
        return "it is damaged, or cut off before its end"
    return ""


def _glimpse(path: Path, ffmpeg: Ffmpeg, *place: str, stream: str = "V") -> bytes:
    """Decode a picture, or a little sound, at a place; nothing where that cannot be done."""
    with suppress(MediaError):
        return ffmpeg.run([*_SOON, *glimpse_args(str(path), place, stream)], doing="decoding a part")
    return b""


def still_problem(path: Path, most_pixels: int = MAX_SPRITE_PIXELS) -> str:
    """Say why a file cannot be used as a picture that Pillow reads, or return an empty string: all was decoded."""
    from PIL import Image  # noqa: PLC0415 (slow to import, and seldom needed)

    if path.stat().st_size > MAX_BYTES["picture"]:
        return f"it is larger than {MAX_BYTES['picture'] >> 20} MB"

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tags that are damaged, which nobody sees, and of many pixels
            # from memory: a file takes room for as much as a damaged chunk says that it has
            with Image.open(io.BytesIO(path.read_bytes()), formats=_PICTURES) as picture:
                width, height = picture.size
                if width * height > most_pixels:
                    return _TOO_LARGE.format(most_pixels)
                picture.load()
    except Image.DecompressionBombError:
        return _TOO_LARGE.format(most_pixels)
    except (OSError, SyntaxError, ValueError):
        return _UNREADABLE.format(want="picture")
    return ""


class Inspector:
    """Looks at the files that a project names, each once until it changes: a build with nothing to do looks at none.

    `cache` names a JSON file that remembers which files are good, by size, times and inode; what is wrong with a file
    is found out anew each time. It belongs to this machine. With `read_only`, nothing is added to it.
    """

    def __init__(self, ffmpeg: Ffmpeg, cache: Path, *, read_only: bool = False) -> None:
        self._ffmpeg = ffmpeg
        self._cache, self._read_only = cache, read_only
        self._good = load_cache(cache)
        self._problems: dict[str, str] = {}

    def problem(self, path: Path, want: Want, from_seconds: float = 0.0) -> str:
        """Say why a file cannot be used as what is wanted, or return an empty string; raises OSError."""
        stat = path.stat()
        if stat.st_size > MAX_BYTES[want]:
            return f"it is larger than {MAX_BYTES[want] >> 20} MB"
        looker = "Pillow" if want == "sprite" else self._ffmpeg.identity()
        name = f"{want} {path.absolute()}{f' from {from_seconds:g}' if from_seconds else ''}"
        state = f"{_RULES} {looker} {state_of(stat)}"
        if self._good.get(name) == state:
            return ""
        if name not in self._problems:
            self._problems[name] = problem(path, want, self._ffmpeg, from_seconds)
            if not self._problems[name]:
                self._good[name] = state
                if not self._read_only:
                    save_cache(self._cache, self._good)
        return self._problems[name]

    def damage(self, path: Path, want: Want) -> str:
        """Say what of a usable file is damaged or missing, or return an empty string; raises OSError."""
        name = f"damage {want} {path.absolute()}"
        state = f"{_RULES} {self._ffmpeg.identity()} {state_of(path.stat())} "
        if not self._good.get(name, "").startswith(state):
            self._good[name] = state + damage(path, want, self._ffmpeg)
            if not self._read_only:
                save_cache(self._cache, self._good)
        return str(self._good[name]).removeprefix(state)


def _unfit(media: Media, want: Want) -> str:
    """Say why a file that can be read is not what is wanted, or return an empty string."""
    if want == "audio":
        if media.duration_seconds is not None and media.duration_seconds > MAX_SOUND_SECONDS:
            return f"it is longer than {MAX_SOUND_SECONDS // 60} minutes"
        return _too_short(media, _LEAST_AUDIO_SECONDS) if media.has_sound else "it has no sound"
    if media.looks is None:
        return "it has no pictures"
    if media.looks.still:
        return ""
    return _too_short(media, _LEAST_VIDEO_SECONDS) if want == "video" else "it is a video, not a picture"


def _too_short(media: Media, least_seconds: float) -> str:
    is_short = media.duration_seconds is not None and media.duration_seconds < least_seconds
    return f"it is shorter than {least_seconds} seconds" if is_short else ""


def _looks(stream: str, *, still: bool, has_alpha: bool) -> Looks:
    """Read what ffmpeg tells of a stream: `h264 (High), yuv420p(tv, bt709, top first), 1920x1080 [SAR 1:1 ...`."""
    size = re.search(r", \d+x(\d+)", stream)
    pixels = re.search(r", (yuv\w*|nv\w*|p\d\w*)(?:\(([^)]*)\))?", stream)
    said = [part.strip() for part in (pixels[2] or "").split(",")] if pixels else []
    tagged = any(re.match(r"bt|smpte|fcc|ycgco|gbr|ictcp|chroma", part) for part in said)
    codec = re.match(r"vp[89]\b", stream)
    return Looks(
        still=still,
        alpha_decoder={"vp8": "libvpx", "vp9": "libvpx-vp9"}[codec[0]] if codec and has_alpha else "",
        interlaced=any(part.endswith("first") for part in said),
        hdr=any(curve in part for part in said for curve in _HDR_CURVES),
        # a JPEG says nothing and is bt601 whatever its size
        transparent=re.search(r", (?:rgba\w*|bgra\w*|argb|abgr|gbrap\w*|yuva\w*|ya\d+\w*|pal8)\b", stream) is not None,
        untagged_hd=bool(pixels and not tagged and not still and size and int(size[1]) >= _HD_LINES),
    )
