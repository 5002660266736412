"""The kinds of steps. Everything common to all steps of a kind is in its entry in KINDS, and only there.

To publish is a task and no step, so it has no entry: the target is read each time, and nothing that publishing makes
is stored. It is in `reelmake.tasks.publishing`; here is only its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BUILD: Final = "build"
CPU: Final = "cpu"
SPEC: Final = "spec"  # the "provider" of a script that the author wrote
VIDEO: Final = "video"
PUBLISH: Final = "publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The properties of all steps of one kind.

    makes       what they make, in a few words
    recipe      raised by hand when our code changes what they make: everybody makes them again. A test pins the keys
    reading     raised by hand when our code reads stored answers differently: outputs are written again, nothing is
                made again
    maker       the function that makes them in the pool `cpu`, as module:name; empty where only providers do
    reader      the function that writes the outputs from the stored content; empty where that is the only output
    is_paid     providers perform them, each in a pool of its own
    is_per_line there is one for each line
    is_early    they can be made before the lines are known
    is_after    they are made of a finished video, when they are named or it is published
    source      the field of a spec that names the file which they read: without it, an episode has no such step
    can_wait    only our own steps read what they make: it may be left in the store until one of them does
    can_degrade a card may stand in for what a provider could not make
    """

    makes: str
    recipe: int = 1
    reading: int = 1
    maker: str = ""
    reader: str = ""
    is_paid: bool = False
    is_per_line: bool = False
    is_early: bool = False
    is_after: bool = False
    source: str = ""
    can_wait: bool = False
    can_degrade: bool = False


KINDS: Final = {
    "script": Kind(
        makes="the dialogue of an episode",
        reading=2,
        is_paid=True,
        is_early=True,
        maker="reelmake.engine.makers:make_script",
        reader="reelmake.engine.readers:read_script",
    ),
    "voice": Kind(
        makes="the sound of each line",
        reading=4,
        is_paid=True,
        is_per_line=True,
        reader="reelmake.engine.readers:read_voice",
    ),
    "image": Kind(
        makes="the picture of each line",
        is_paid=True,
        is_per_line=True,
        can_degrade=True,
        reader="reelmake.engine.readers:read_image",
    ),
    "background": Kind(
        makes="the background in the video's format",
        recipe=3,
        is_early=True,
        source="background",
        can_wait=True,
        maker="reelmake.engine.makers:make_background",
    ),
    "music": Kind(
        makes="the music at one loudness",
        recipe=2,
        is_early=True,
        source="music",
        can_wait=True,
        maker="reelmake.engine.makers:make_music",
    ),
    "timeline": Kind(
        makes="when everything happens",
        recipe=6,
        maker="reelmake.engine.makers:make_timeline",
        reader="reelmake.engine.readers:read_timeline",
    ),
    "subtitles": Kind(
        makes="captions as .ass, .srt and .vtt",
        recipe=5,
        maker="reelmake.engine.makers:make_subtitles",
        reader="reelmake.engine.readers:read_subtitles",
    ),
    "segment": Kind(
        makes="the encoded pictures of each line",
        recipe=3,
        is_per_line=True,
        can_wait=True,
        maker="reelmake.engine.makers:make_segment",
    ),
    "soundtrack": Kind(
        makes="voices and music, mixed",
        recipe=10,
        can_wait=True,
        maker="reelmake.engine.makers:make_soundtrack",
    ),
    VIDEO: Kind(
        makes="the finished video (what plain doit builds)",
        recipe=4,
        maker="reelmake.engine.makers:make_video",
    ),
    "inspection": Kind(
        makes="what the finished video is, measured",
        recipe=2,
        is_after=True,
        maker="reelmake.engine.makers:make_inspection",
    ),
    "cover": Kind(
        makes="the picture that stands for the video",
        is_after=True,
        maker="reelmake.engine.makers:make_cover",
    ),
    "storyboard": Kind(
        makes="a picture of each line",
        is_after=True,
        maker="reelmake.engine.makers:make_storyboard",
    ),
}
PAID: Final = tuple(name for name, kind in KINDS.items() if kind.is_paid)
