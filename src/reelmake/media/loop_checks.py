"""What a build does without a word, and will not look or sound right: sprites and loops that do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import FORMATS, decode_args, thumbnail_args
from reelmake.media.probe import MAX_SOUND_SECONDS, look

Remark = tuple[str, str]  # what is not right, what to do

THUMBNAIL: Final = 32  # pixels a side
PICTURE_JUMP: Final = 10.0  # of 255, on average: more between two pictures is seen as a cut
LEAST_SHARP: Final = 0.6  # of the size at which a sprite is shown
SOUND_WINDOW_SECONDS: Final = 0.25
SOUND_JUMP: Final = 8.0  # times as loud: music that breaks off, or fades out
SILENT: Final = 30.0  # of 32767: below that, both ends are silence


@dataclass(frozen=True, slots=True)
class Loop:
    """A background or music that is repeated: how long it is, and whether one hears or sees where it begins again."""

    seconds: float | None
    has_jump: bool


def sprite_remarks(path: Path, shown_height: int) -> list[Remark]:
    """Say what is not right with a sprite that is shown `shown_height` pixels high."""
    from PIL import Image  # noqa: PLC0415

    with Image.open(path) as picture:
        width, height = picture.size
        alpha = picture.convert("RGBA").getchannel("A").getextrema()
    remarks = []
    if alpha[0] == 255:  # noqa: PLR2004 (opaque)
        remarks.append(("it has no transparent background: its whole rectangle is shown", "cut it out, as a PNG"))
    elif alpha[1] == 0:
        remarks.append(("all of it is transparent: nothing is shown", "draw it again"))
    if height < LEAST_SHARP * shown_height:
        what = f"it has {width}x{height} pixels and is shown {shown_height} pixels high: it will look blurred"
        remarks.append((what, "draw it larger, best 720x900"))
    return remarks


@cache
def background_loop(path: Path, ffmpeg: Ffmpeg) -> Loop:
    """Look where a background begins again; a picture stands still, and has no such place."""
    media = look(path, ffmpeg)
    if media.looks is None or media.looks.still:
        return Loop(None, has_jump=False)
    try:
        first, last = (
            ffmpeg.run(thumbnail_args(str(path), THUMBNAIL, last=last), doing=f"looking at {path}")
            for last in (False, True)
        )
    except MediaError:  # some cannot be read from their end: nothing is known of them
        return Loop(None, has_jump=False)
    pixels = THUMBNAIL * THUMBNAIL
    first, last = first[:pixels], last[-pixels:]
    jump = sum(abs(one - other) for one, other in zip(first, last, strict=False)) / pixels
    return Loop(media.duration_seconds, has_jump=jump > PICTURE_JUMP)


@cache
def music_loop(path: Path, ffmpeg: Ffmpeg) -> Loop:
    """Listen where music begins again: it has to be about as loud there as at its end."""
    import numpy as np  # noqa: PLC0415

    decoded = ffmpeg.run(decode_args(str(path), MAX_SOUND_SECONDS, FORMATS), doing=f"listening to {path}")
    samples = np.frombuffer(decoded, "<i2")
    if not len(samples):
        return Loop(None, has_jump=False)
    window = round(SOUND_WINDOW_SECONDS * SAMPLE_RATE)
    ends = (part.astype(np.float64) for part in (samples[:window], samples[-window:]))
    first, last = (float(np.sqrt(np.mean(part**2))) for part in ends)
    quiet, loud = sorted((first, last))
    return Loop(len(samples) / SAMPLE_RATE, has_jump=loud > SILENT and loud > SOUND_JUMP * max(quiet, 1.0))


def loop_remark(loop: Loop, needed_seconds: float, what: str) -> Remark | None:
    """Say that a loop jumps where it begins again, when it is shorter than what it is needed for."""
    if not loop.has_jump or loop.seconds is None or loop.seconds >= needed_seconds:
        return None
    problem = f"it is {loop.seconds:.1f} s long and is repeated for about {needed_seconds:.0f} s, with a jump each time"
    return problem, f"make it end as it begins, or name a longer {what}"
