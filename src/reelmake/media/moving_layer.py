"""What moves in the panel of a line: its shots one after the other, framed, as a stream of small pictures.

ffmpeg lays the stream between the background and the plate. A picture is moved by parts of a pixel: it is drawn a
quarter larger than it is shown at most, and Pillow resamples each frame from that, with a filter as wide as a shown
pixel. So fine stripes neither tremble nor shimmer, and bytes are the same on every processor; the ways that ffmpeg
has cost more, or do not. Colour has half the resolution, and needs no more than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageFilter

from reelmake.core.errors import MediaError
from reelmake.layout.frame import Box, frame_of
from reelmake.layout.shots import POP_FROM, ZOOM, Transition, View, eased, transition_frames, views
from reelmake.media.ffmpeg_args import clip_args
from reelmake.media.probe import look
from reelmake.media.static_layer import GROUND, Still, opaque_picture, round_mask, window_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reelmake.layout.shots import Motion
    from reelmake.media.ffmpeg import Ffmpeg
    from reelmake.media.ffmpeg_args import Clip

    Plane = NDArray[np.uint8]
    Planes = tuple[Plane, Plane, Plane]  # brightness, and two of colour in half of its size

_FINER: Final = 1.25  # how much finer than shown a picture is drawn that moves
_WHITE: Final = (235, 128, 128)
# ITU-R BT.709 in studio range, in parts of 65536: whole numbers, which every processor adds up alike
_BT709: Final = ((11966, 40254, 4064), (-6596, -22189, 28784), (28784, -26145, -2639))
_OFFSETS: Final = (16, 128, 128)
_KEPT_FRAMES: Final = 90  # of a clip that is looped: shorter ones are kept in memory, others are read again
_BLUR: Final = 0.35  # how far a picture is blurred that whips past, of the way that it goes in a frame


@dataclass(frozen=True, slots=True)
class Shown:
    """A shot: a picture or a clip (neither: the panel is empty), and how it is shown for how long."""

    picture: Still | Clip | None
    frames: int
    motion: Motion = "none"
    transition: Transition = "cut"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where shots are shown: the panel, how wide its border is, and how round its corners are."""

    panel: Box
    border: int
    radius: int

    @classmethod
    def of(cls, panel: Box, width: int) -> Stage:
        """Return the framed panel of a video of this width."""
        return cls(panel, *frame_of(width))

    @property
    def window(self) -> tuple[int, int]:
        """The size of what is inside of the border."""
        return self.panel.width - 2 * self.border, self.panel.height - 2 * self.border


def standing(shots: Sequence[Shown]) -> Still | None:
    """Return the picture of a line in which nothing else is seen and nothing moves: it needs no stream."""
    shot, *more = shots
    stands = not more and (shot.motion, shot.transition) == ("none", "cut")
    return shot.picture if stands and isinstance(shot.picture, Still) else None


def moves(shots: Sequence[Shown]) -> bool:
    """Say whether the panel of a line has to be drawn frame by frame: it does not stand still, nor is it empty."""
    return standing(shots) is None and any(shot.picture for shot in shots)


def layers(shots: Sequence[Shown], before: Shown | None, stage: Stage, fps: int, ffmpeg: Ffmpeg) -> Iterator[bytes]:
    """Yield the panel, frame by frame: raw yuva420p, of the panel's size, until nothing changes any more.

    `before` is the shot before the first one, as far as it is seen. Raises MediaError, naming the file, for what cannot
    be shown.
    """
    framed, shown = _Framed(stage), _last(before, stage, fps, ffmpeg)
    for number, shot in enumerate(shots):
        changing, left = transition_frames(shot.transition, fps, shot.frames) if shot.picture else 0, shown
        for frame, planes in enumerate(_window(shot, stage, fps, ffmpeg)):
            shown = planes
            if planes is None:
                yield framed.empty
            elif frame >= changing:
                yield framed.bytes_of(planes)
            elif shot.transition == "pop":
                yield framed.shrunk(planes, POP_FROM + (1 - POP_FROM) * eased(frame, changing))
            else:
                share = eased(frame, changing), eased(frame - 1, changing) if frame else 0.0
                yield framed.bytes_of(_between(shot.transition, left or _ground(stage), planes, *share))
            stands = shot.motion == "none" and not _is_clip(shot)
            if stands and number == len(shots) - 1 and frame >= changing:
                return


def _is_clip(shot: Shown) -> bool:
    return shot.picture is not None and not isinstance(shot.picture, Still)


def _last(shot: Shown | None, stage: Stage, fps: int, ffmpeg: Ffmpeg) -> Planes | None:
    """Return the last picture of a shot."""
    if shot is None:
        return None
    if isinstance(shot.picture, Still):
        return next(_still(shot.picture, replace(shot, frames=1), stage.window, at_end=True))
    last = None
    for planes in _window(shot, stage, fps, ffmpeg):
        last = planes
    return last


def _window(shot: Shown, stage: Stage, fps: int, ffmpeg: Ffmpeg) -> Iterator[Planes | None]:
    """Yield the pictures of a shot in the window, one for each of its frames."""
    if shot.picture is None:
        yield from [None] * shot.frames
    elif isinstance(shot.picture, Still):
        yield from _still(shot.picture, shot, stage.window)
    else:
        yield from _clip(shot.picture, shot, stage.window, fps, ffmpeg)


def _still(still: Still, shot: Shown, window: tuple[int, int], *, at_end: bool = False) -> Iterator[Planes]:
    """Yield the frames of a picture."""
    if shot.motion == "none":
        planes = _planes_of(window_picture(still, *window))
        yield from [planes] * shot.frames
        return
    picture = opaque_picture(still, ceil(window[0] * ZOOM), ceil(window[1] * ZOOM))
    first, last = views(shot.motion, picture.size, window, still.focus)
    whole = _around(first, last)
    scale = max(window[0] / min(first.width, last.width), window[1] / min(first.height, last.height))
    size = [2 * ceil(round(side * scale, 6) / 2) for side in (whole.width, whole.height)]
    crop = (whole.x, whole.y, whole.x + whole.width, whole.y + whole.height)
    drawn = picture.resize((size[0], size[1]), Image.Resampling.BICUBIC, box=crop, reducing_gap=2.0)
    y, u, v = map(Image.fromarray, _planes_of(drawn))
    # what moves along one side only is as large as it is shown across: Pillow then leaves that side alone
    finer = [1.0 if drawn_px == shown_px else _FINER for drawn_px, shown_px in zip(size, window, strict=True)]
    fine = y.resize((round(size[0] * finer[0]), round(size[1] * finer[1])), Image.Resampling.BICUBIC)
    for frame in range(shot.frames):
        share = 1.0 if at_end else frame / max(1, shot.frames - 1)
        yield _seen((fine, u, v), whole, first.toward(last, share), window)


def _clip(clip: Clip, shot: Shown, window: tuple[int, int], fps: int, ffmpeg: Ffmpeg) -> Iterator[Planes]:
    """Yield the frames of a clip; after its end, the last one of them or all once more."""
    moves = shot.motion != "none"
    size = [2 * ceil(side * ZOOM / 2) for side in window] if moves else window
    drawn = size[0], size[1]
    whole = View(0, 0, *drawn)
    first, last = views(shot.motion, drawn, window, (0.5, 0.5))
    for frame, planes in enumerate(_decoded(clip, drawn, shot.frames, fps, ffmpeg)):
        if moves:
            y, u, v = map(Image.fromarray, planes)
            view = first.toward(last, frame / max(1, shot.frames - 1))
            yield _seen((y, u, v), whole, view, window)
        else:
            yield planes


def _decoded(clip: Clip, size: tuple[int, int], frames: int, fps: int, ffmpeg: Ffmpeg) -> Iterator[Planes]:
    """Yield as many frames of a clip as are needed, in this size."""
    looks = look(clip.path, ffmpeg).looks
    count, kept = 0, list[bytes]()
    while looks and count < frames:
        began = count
        args = clip_args(clip, looks, size, fps, frames - count)
        length = size[0] * size[1] * 3 // 2
        for picture in ffmpeg.pictures(args, length, doing=f"reading {clip.path}"):
            count += 1
            kept = [*kept, picture] if clip.fill == "loop" and len(kept) < _KEPT_FRAMES else kept
            last = picture
            yield _cut(picture, size)
        if count == began:
            break
        while count < frames and clip.fill == "hold":
            count += 1
            yield _cut(last, size)
        while count < frames and len(kept) < _KEPT_FRAMES:
            count += 1
            yield _cut(kept[(count - 1) % len(kept)], size)
    if count < frames:
        raise MediaError(f"{clip.path} shows nothing from {clip.from_seconds:g} s on", "name another place, or file")


def _cut(picture: bytes, size: tuple[int, int]) -> Planes:
    """Return the planes of a raw picture."""
    width, height = size
    y, u, v = np.split(np.frombuffer(picture, np.uint8), [width * height, width * height * 5 // 4])
    half = height // 2, width // 2
    return y.reshape(height, width), u.reshape(half), v.reshape(half)


def _planes_of(picture: Image.Image) -> Planes:
    """Return the planes of a picture whose sides are even."""
    whole = np.asarray(picture, np.int32)
    half = np.asarray(picture.reduce(2), np.int32)
    planes = []
    for pixels, (red, green, blue), offset in zip((whole, half, half), _BT709, _OFFSETS, strict=True):
        mixed = pixels[..., 0] * red + pixels[..., 1] * green + pixels[..., 2] * blue
        planes.append(((mixed + (offset << 16) + (1 << 15)) >> 16).astype(np.uint8))
    return planes[0], planes[1], planes[2]


def _around(one: View, other: View) -> View:
    """Return the part of a picture that two views show together."""
    x, y = min(one.x, other.x), min(one.y, other.y)
    right, bottom = (max(one.x + one.width, other.x + other.width), max(one.y + one.height, other.y + other.height))
    return View(x, y, right - x, bottom - y)


def _seen(drawn: Sequence[Image.Image], whole: View, view: View, window: tuple[int, int]) -> Planes:
    """Return what the window shows of a picture's planes, which show `whole`."""
    seen = []
    for plane, size, filtered in zip(
        drawn,
        (window, (window[0] // 2, window[1] // 2), (window[0] // 2, window[1] // 2)),
        (Image.Resampling.HAMMING, Image.Resampling.BILINEAR, Image.Resampling.BILINEAR),
        strict=True,
    ):
        across, down = plane.width / whole.width, plane.height / whole.height
        left, top = max(0.0, (view.x - whole.x) * across), max(0.0, (view.y - whole.y) * down)
        right, bottom = left + view.width * across, top + view.height * down
        box = (left, top, min(right, plane.width), min(bottom, plane.height))
        seen.append(np.asarray(plane.resize(size, filtered, box=box)))
    return seen[0], seen[1], seen[2]


def _ground(stage: Stage) -> Planes:
    return _planes_of(Image.new("RGB", stage.window, GROUND))


def _between(transition: str, left: Planes, right: Planes, share: float, share_before: float) -> Planes:
    """Return a picture between two shots: this one has replaced the other by a share, and by less a frame before."""
    if transition == "fade":
        y, u, v = (
            np.asarray(Image.blend(Image.fromarray(one), Image.fromarray(other), share))
            for one, other in zip(left, right, strict=True)
        )
        return y, u, v
    width = left[1].shape[1]  # whole pixels of colour
    way, blur = round(width * share), (share - share_before) * width * _BLUR
    moved = []
    for one, other in zip(left, right, strict=True):
        unit = one.shape[1] // width
        plane = np.hstack((one[:, way * unit :], other[:, : way * unit]))
        if transition == "whip":
            plane = np.asarray(Image.fromarray(plane).filter(ImageFilter.BoxBlur((blur * unit, 0))))
        moved.append(plane)
    return moved[0], moved[1], moved[2]


class _Framed:
    """A panel with its frame; only what is inside of it changes from picture to picture."""

    def __init__(self, stage: Stage) -> None:
        width, height = stage.panel.width, stage.panel.height
        self._border = stage.border
        frame = round_mask(width, height, stage.radius)
        inside = round_mask(*stage.window, stage.radius - stage.border)
        self._masks = [np.asarray(mask, np.uint16) for mask in (inside, inside.reduce(2), inside.reduce(2))]
        self._corner = stage.radius + stage.radius % 2  # without a radius there is no corner to be painted
        sizes = (height, width), (height // 2, width // 2), (height // 2, width // 2), (height, width)
        ends = np.cumsum([rows * columns for rows, columns in sizes])
        self._whole = np.zeros(int(ends[-1]), np.uint8)
        self.empty = self._whole.tobytes()
        parts = np.split(self._whole, ends[:-1])
        self._planes = [part.reshape(size) for part, size in zip(parts, sizes, strict=True)]
        for plane, colour in zip(self._planes, _WHITE, strict=False):
            plane[:] = colour
        self._planes[3][:] = np.asarray(frame)

    def bytes_of(self, planes: Planes) -> bytes:
        """Return the panel around a picture."""
        self._fill(planes)
        return self._whole.tobytes()

    def _fill(self, planes: Planes) -> None:
        for number, (plane, framed, mask) in enumerate(zip(planes, self._planes, self._masks, strict=False)):
            scale = 1 if number == 0 else 2
            border, corner = self._border // scale, min(self._corner // scale, *plane.shape)
            inner = framed[border : border + plane.shape[0], border : border + plane.shape[1]]
            inner[:] = plane
            ends = (slice(None, corner), slice(-corner, None)) if corner else ()
            for rows in ends:
                for columns in ends:
                    part = mask[rows, columns]
                    mixed = plane[rows, columns] * part + _WHITE[number] * (255 - part)
                    inner[rows, columns] = (mixed + 127) // 255

    def shrunk(self, planes: Planes, scale: float) -> bytes:
        """Return the panel around a picture, made smaller about its middle."""
        self._fill(planes)
        drawn = []
        for plane, beyond in zip(self._planes, (*_WHITE, 0), strict=True):
            height, width = plane.shape
            matrix = (1 / scale, 0, width / 2 * (1 - 1 / scale), 0, 1 / scale, height / 2 * (1 - 1 / scale))
            smaller = Image.fromarray(plane).transform(
                (width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=beyond
            )
            drawn.append(smaller.tobytes())
        return b"".join(drawn)
