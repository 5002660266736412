"""Shots: how a picture moves in its window, and how it takes the place of the shot before. Pure, in parts of pixels.

A view is the part of a picture that the window shows. It changes by the same amount with every frame: from the view at
the beginning of a shot to the one at its end, however long the shot is. So the last view of a shot can be shown by
what follows it, without knowing anything else of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from reelmake.layout.timeline import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reelmake.layout.timeline import Word


Motion = Literal["auto", "none", "zoom-in", "zoom-out", "left", "right", "up", "down"]
Transition = Literal["cut", "pop", "slide", "fade", "whip"]
Fit = Literal["cover", "contain"]
Fill = Literal["hold", "loop"]
Focus = tuple[float, float]

SHOWS_BEFORE: Final = ("slide", "fade", "whip")  # transitions in which the shot before is seen
ZOOM: Final = 16 / 15  # requested pictures are so much larger than the window: they are never blown up
LEAST_ZOOM: Final = 1.02  # a picture is moved by so much at least, if need be by blowing it up
_SECONDS: Final[dict[str, float]] = {"cut": 0.0, "pop": 0.24, "slide": 0.3, "fade": 0.4, "whip": 0.2}
POP_FROM: Final = 0.86  # how large a shot is when it begins to pop up

_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".jxl", ".heic", ".heif")

# Each speaker has motions of its own, so that lines of two speakers in turn differ, whatever is edited in either.
_GROUPS: Final[tuple[tuple[Motion, ...], ...]] = (("zoom-in", "left", "up"), ("zoom-out", "right", "down"))


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture, in its pixels: upper left corner and size."""

    x: float
    y: float
    width: float
    height: float

    def toward(self, other: View, share: float) -> View:
        """Return the view between this one (0) and another (1): what is seen moves evenly, as the sizes do not."""
        width = 1 / ((1 - share) / self.width + share / other.width)
        if self.width != other.width:
            share = (width - self.width) / (other.width - self.width)
        height = self.height + (other.height - self.height) * share
        return View(self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share, width, height)


def is_clip(path: str) -> bool:
    """Say whether a file is a clip, by its name: it is not called like a picture."""
    return bool(path) and not path.lower().endswith(_PICTURES)


def choose_motion(seed: int, group: int, before: str) -> Motion:
    """Return the motion of a shot that has `auto`: one of its own content, and never that of the shot before.

    Args:
        seed: a number from the shot's content.
        group: the speaker's place in the cast.
        before: the motion of the shot before, or nothing.
    """
    motions = _GROUPS[group % len(_GROUPS)]
    first = motions[seed % len(motions)]
    return motions[(seed % len(motions) + 1 + seed // len(motions) % 2) % len(motions)] if first == before else first


def views(motion: str, picture: tuple[int, int], window: tuple[int, int], focus: Focus) -> tuple[View, View]:
    """Return the first and the last view of a picture that fills a window.

    The focus is a point of the picture in shares of its width and height. It stays at that place of the window while
    the picture is zoomed, and in the middle of the way of one that is moved.
    """
    (wide, high), (width, height) = picture, window
    fill = max(width / wide, height / high)
    zoom = ZOOM if fill * LEAST_ZOOM > 1 else min(ZOOM, 1 / fill)

    def view(scale: float, aside: tuple[float, float] = (0.0, 0.0)) -> View:
        shown = width / scale, height / scale
        room = [max(0.0, side - part) for side, part in zip(picture, shown, strict=True)]
        x, y = (min(max(free * at + way / scale, 0.0), free) for free, at, way in zip(room, focus, aside, strict=True))
        return View(x, y, *shown)

    if motion in ("zoom-in", "zoom-out"):
        near, far = view(fill * zoom), view(fill)
        return (far, near) if motion == "zoom-in" else (near, far)
    if motion in ("left", "right", "up", "down"):
        along = 0 if motion in ("left", "right") else 1
        way = (zoom - 1) * window[along]
        scale = min(fill * zoom, max(fill, (window[along] + way) / picture[along]))
        room = picture[along] * scale - window[along]
        middle = min(max(room * focus[along], way / 2), max(room - way / 2, way / 2))
        ends = [middle - room * focus[along] + part for part in (-way / 2, way / 2)]
        first, last = (view(scale, (end, 0.0) if along == 0 else (0.0, end)) for end in ends)
        return (last, first) if motion in ("left", "up") else (first, last)
    return view(fill), view(fill)


@dataclass(frozen=True, slots=True)
class Start:
    """When a shot begins: seconds after its line, a share of the line's letters, or neither: where there is room."""

    seconds: float | None = None
    share: float | None = None


def letters(text: str) -> str:
    """Return the letters and digits of a text, by which words are found in what is said."""
    return "".join(sign.casefold() for sign in text if sign.isalnum())


def word_starts(said: str, places: Sequence[str | float | None]) -> list[Start]:
    """Return when shots begin: each at words that are said, after those of the shot before, or at seconds.

    Raises ValueError with the words that are not said.
    """
    whole, starts, after = letters(said), list[Start](), 0
    for place in places:
        if isinstance(place, str):
            at = whole.find(letters(place), after)
            if at < 0:
                raise ValueError(place)
            after = at + 1
            starts.append(Start(share=at / len(whole)))
        else:
            starts.append(Start(seconds=place))
    return starts


def shot_starts(starts: Sequence[Start], words: Sequence[Word], frames: int, fps: int) -> list[int]:
    """Return the first frame of each shot of a line; the first shot begins with the line.

    Shots without a place share what lies between the others evenly, and begin with a word as long as there are words
    enough. Each is seen for a frame at least, as long as there are frames enough.
    """
    of_words = [min(frames - 1, word.start_samples * fps // SAMPLE_RATE) for word in words]
    ends = [0]  # letters before each word
    for word in words:
        ends.append(ends[-1] + len(letters(word.text)))
    fixed: dict[int, int] = {0: 0, len(starts): frames}
    for number, start in enumerate(starts[1:], 1):
        if start.seconds is not None:
            fixed[number] = round(start.seconds * fps)
        elif start.share is not None:
            letter = round(start.share * ends[-1])
            fixed[number] = next((of_words[at] for at in range(len(words)) if ends[at + 1] > letter), frames)
    found: list[int] = []
    for number in range(len(starts)):
        earliest = found[-1] + 1 if found else 0
        latest = max(earliest, frames - (len(starts) - number))
        if number in fixed:
            place = fixed[number]
        else:
            first = max(at for at in fixed if at < number)
            last = min(at for at in fixed if at > number)
            begin = found[first]
            even = begin + (max(begin, fixed[last]) - begin) * (number - first) / (last - first)
            free = [at for at in of_words if earliest <= at <= latest and at < fixed[last]]
            place = min(free, key=lambda at: abs(at - even), default=round(even))
        found.append(min(max(place, earliest), latest, frames))
    return found


def transition_frames(transition: str, fps: int, frames: int) -> int:
    """Return how many frames of a shot its transition lasts: none of one that is too short for it."""
    return min(round(_SECONDS[transition] * fps), frames - 1)


def eased(frame: int, frames: int) -> float:
    """Return how far a transition of so many frames is in one of them: quick at first; it is over after the last."""
    return 1 - (1 - (frame + 1) / (frames + 1)) ** 3
