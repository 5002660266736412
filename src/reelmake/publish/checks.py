"""Whether a finished video may be published: its measurements, compared with what the build expects of it.

Nothing here looks at a file: `media.inspect` measures, `judge` decides. Each check is a function in `CHECKS`; its
findings say where in the video they are, and on which line of the script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final
from unicodedata import category, normalize

from reelmake.media.inspect import LOUDNESS_LUFS, Measured, Stretch

SCHEMA: Final = "reelmake/inspection@1"
LOUDNESS_TOLERANCE_LU: Final = 0.5
PEAK_DBTP: Final = -1.0
BLACK_SECONDS: Final = 0.5  # less may be a cut to something dark
STILL_SECONDS: Final = 1.0  # less is a breath
EDGE_SECONDS: Final = 0.3  # a change so close to the end of what stands still may be what ended it
BACKGROUND_STILL_SECONDS: Final = 0.5  # a background that rests for so long may rest in the video, too
_SOUND_SECONDS: Final = 0.25  # by so much sound may differ from the pictures: its end is known to 0.1, and AAC pads


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as the build expects it in the video.

    where      the line of the spec (or of the written script) on which it stands
    text       what its script says
    spoken     the same without a vendor's tags, such as [laughs], which some voices show and others do not
    subtitles  format -> what the subtitles say while it lasts
    drawn      where words are drawn one by one (the ASS file, the picture) -> those that are
    missing    characters of its text, and families of its captions, for which no font is installed
    changes    when what is shown changes: at its start, and where captions come and go
    """

    id: str
    where: str
    text: str
    spoken: str
    start_seconds: float
    end_seconds: float
    subtitles: Mapping[str, str]
    drawn: Mapping[str, str]
    missing: tuple[str, ...]
    changes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """A video as the build expects it. A file that was not built here has no lines, no frames, no size.

    wrong     how the script of the spec differs from the one that the video was made of: (where, what)
    degraded  id of a line -> what is missing, and what is shown instead
    """

    min_seconds: float
    max_seconds: float
    frames: int | None = None
    size: tuple[int, int] | None = None
    lines: Sequence[Shown] = ()
    wrong: Sequence[tuple[str, str]] = ()
    degraded: Mapping[str, str] | None = None

    def at(self, seconds: float) -> Shown | None:
        """Return the line that is on screen at a time."""
        return next((line for line in self.lines if line.start_seconds <= seconds < line.end_seconds), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which check found it, what it is, what to do, where in the video, on which line."""

    check: str
    what: str
    fix: str
    where: str = ""
    start_seconds: float | None = None
    end_seconds: float | None = None

    def __str__(self) -> str:
        """Return it on one line: `episodes/sky.yaml:9: frozen from 0:03.2 to 0:05.0: ...; build it again`."""
        at = "" if self.start_seconds is None else f" at {clock(self.start_seconds)}"
        if self.end_seconds is not None:
            at = f" from {clock(self.start_seconds or 0.0)} to {clock(self.end_seconds)}"
        return f"{f'{self.where}: ' if self.where else ''}{self.check}{at}: {self.what}; {self.fix}"


def clock(seconds: float) -> str:
    """Return a time as `m:ss.s`."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


Check = Callable[[Measured, Expected], Iterator[Finding]]


def _decodes(made: Measured, expected: Expected) -> Iterator[Finding]:
    if made.errors:
        more = f" (and {len(made.errors) - 1} more)" if len(made.errors) > 1 else ""
        fix = "remove the mp4 and build it again"
        yield _at(expected, "decode", f"{made.errors[0]}{more}", fix, made.error_seconds)


def _frames(made: Measured, expected: Expected) -> Iterator[Finding]:
    for count, verb in ((made.listed_frames, "holds"), (made.frames, "shows")):
        wanted = made.listed_frames if expected.frames is None else expected.frames
        if count != wanted:
            where = min(count, wanted) / made.listed_frames * made.seconds if made.listed_frames else 0.0
            yield _at(expected, "frames", f"it {verb} {count} frames, not {wanted}", "build it again", where)
            return
    if expected.size and (made.width, made.height) != expected.size:
        what = f"it is {made.width}x{made.height}, not {expected.size[0]}x{expected.size[1]}"
        yield Finding("frames", what, "build it again")


def _duration(made: Measured, expected: Expected) -> Iterator[Finding]:
    if made.seconds > expected.max_seconds:
        what = f"it lasts {made.seconds:.1f} s, more than {expected.max_seconds:g} (reel.max_seconds)"
        yield _at(expected, "duration", what, "shorten the script, or raise the limit", expected.max_seconds)
    if made.seconds < expected.min_seconds:
        what = f"it lasts {made.seconds:.1f} s, less than {expected.min_seconds:g} (reel.min_seconds)"
        yield Finding("duration", what, "write more, or lower the limit")
    if abs(made.sound_seconds - made.seconds) > _SOUND_SECONDS:
        what = f"its sound lasts {made.sound_seconds:.2f} s, and its pictures {made.seconds:.2f} s"
        yield _at(expected, "duration", what, "build it again", min(made.sound_seconds, made.seconds))


def _black(made: Measured, expected: Expected) -> Iterator[Finding]:
    """Find where nothing is to be seen; before a background that is black itself, only where something has to be."""
    for part in made.black:
        is_long = part.end_seconds - part.start_seconds >= BLACK_SECONDS
        if is_long and (not made.background_is_dark or _missed(part, expected) is not None):
            yield _over(expected, "black", "nothing is to be seen", "look at the picture and the background", part)


def _frozen(made: Measured, expected: Expected) -> Iterator[Finding]:
    """Find where nothing moves although something has to.

    Without a background that moves, an episode rightly stands still until the next words or the next picture appear:
    there, only a stretch in which one of them is due is wrong. In a file that was not built here, any is.
    """
    rests = made.background_still_seconds
    moves = (rests is not None and rests < BACKGROUND_STILL_SECONDS) or not expected.lines
    for part in made.still:
        missed = _missed(part, expected)
        if part.end_seconds - part.start_seconds < STILL_SECONDS or (not moves and missed is None):
            continue
        what = "nothing moves" if missed is None else f"nothing moves, and at {clock(missed)} something has to"
        yield _over(expected, "frozen", what, "remove the segment and build it again", part)


def _missed(part: Stretch, expected: Expected) -> float | None:
    """Return when in a stretch something has to change, and does not; None when nothing has to."""
    first, last = part.start_seconds + EDGE_SECONDS, part.end_seconds - EDGE_SECONDS
    return next((at for line in expected.lines for at in line.changes if first < at < last), None)


def _loudness(made: Measured, expected: Expected) -> Iterator[Finding]:
    off = made.lufs - LOUDNESS_LUFS
    if abs(off) > LOUDNESS_TOLERANCE_LU:
        what = f"{made.lufs:.1f} LUFS is not {LOUDNESS_LUFS:g} +-{LOUDNESS_TOLERANCE_LU:g}"
        what += f", and this is where it is {'loudest' if off > 0 else 'quietest'}"
        fix = "remove the soundtrack and build it again; is a voice all but silent?"
        yield _at(expected, "loudness", what, fix, _extreme(made, expected, is_loud=off > 0))
    if made.peak_dbtp > PEAK_DBTP:
        what = f"a peak of {made.peak_dbtp:.1f} dBTP is above {PEAK_DBTP:g}"
        yield _at(expected, "peak", what, "remove the soundtrack and build it again", made.peak_seconds)


def _captions(made: Measured, expected: Expected) -> Iterator[Finding]:
    del made
    fix = "build the episode again"
    for where, what in expected.wrong:
        yield Finding("captions", what, fix, where)
    for line in expected.lines:
        for form, text in line.subtitles.items():
            if _signs(text) not in (_signs(line.text), _signs(line.spoken)):
                what = f"the {form} says {_short(text)}, and the script {_short(line.text)}"
                yield Finding("captions", what, fix, line.where, line.start_seconds)
        for form, text in line.drawn.items():
            if sorted(_letters(text)) not in (sorted(_letters(line.text)), sorted(_letters(line.spoken))):
                what = f"the {form} shows {_short(text)}, and the script says {_short(line.text)}"
                yield Finding("captions", what, fix, line.where, line.start_seconds)


def _fonts(made: Measured, expected: Expected) -> Iterator[Finding]:
    del made
    for line in expected.lines:
        if line.missing:
            what = f"no font that is installed has {', '.join(line.missing)}"
            fix = "leave these characters out, or install the fonts: `uv sync`"
            yield Finding("fonts", what, fix, line.where, line.start_seconds)


def _degraded(made: Measured, expected: Expected) -> Iterator[Finding]:
    del made
    lines = {line.id: line for line in expected.lines}
    for name, what in (expected.degraded or {}).items():
        line = lines.get(name)
        at = (line.where, line.start_seconds) if line else ("", None)
        yield Finding("degraded", what, "build again, or publish with --allow-degraded", *at)


# Every check by its name; a finding may be of another name in the same check (`peak`).
CHECKS: Final[Mapping[str, Check]] = {
    "decode": _decodes,
    "frames": _frames,
    "duration": _duration,
    "black": _black,
    "frozen": _frozen,
    "loudness": _loudness,
    "captions": _captions,
    "fonts": _fonts,
    "degraded": _degraded,
}


def judge(made: Measured, expected: Expected) -> list[Finding]:
    """Return everything that is wrong with a video, in the order of the checks."""
    return [found for check in CHECKS.values() for found in check(made, expected)]


def _extreme(made: Measured, expected: Expected, *, is_loud: bool) -> float:
    """Return where a video is loudest, or where the line begins that is the quietest."""
    heard = made.heard_lufs
    if is_loud or not expected.lines or not heard:
        return float(max(range(len(heard)), key=heard.__getitem__, default=0))

    def level(line: Shown) -> float:
        return max(heard[int(line.start_seconds) : ceil(line.end_seconds)], default=LOUDNESS_LUFS)

    return min(expected.lines, key=level).start_seconds


def _at(expected: Expected, check: str, what: str, fix: str, seconds: float) -> Finding:
    line = expected.at(seconds)
    return Finding(check, what, fix, line.where if line else "", round(seconds, 3))


def _over(expected: Expected, check: str, what: str, fix: str, part: Stretch) -> Finding:
    line = expected.at(part.start_seconds)
    where = line.where if line else ""
    return Finding(check, what, fix, where, round(part.start_seconds, 3), round(part.end_seconds, 3))


def _signs(text: str) -> str:
    """Return the visible characters of a text: spaces and invisible characters are the captions' own."""
    return "".join(char for char in normalize("NFC", text) if not char.isspace() and category(char) != "Cf")


def _letters(text: str) -> str:
    """Return a text's letters and digits: in the picture, words are broken, and some signs drawn as others.

    Letters may be capitals there, of which Greek ones have no accents, and a Turkish i is another one.
    """
    small = normalize("NFD", text.casefold()).replace("\u0131", "i")
    return "".join(char for char in small if char.isalnum())


def _short(text: str, most: int = 40) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= most else f"{text[:most]}…")
