"""Where everything is in the picture, in whole pixels.

The apps draw over a video: tabs at the top, buttons at the right, names and captions at the bottom. The published
safe areas for advertisements are the strictest. On 1080x1920 they leave free

- YouTube Shorts: 288 pixels at the top, 672 at the bottom, 48 at the left, 192 at the right
- Instagram and Facebook Reels: 14 % (269) at the top, 35 % (672) at the bottom, 6 % (65) at each side
- TikTok: template files that change with the length of the caption; 120 at the left is the widest left margin

and what all of them leave free is **x 120 to 888, y 288 to 1248**. Captions stay inside it, and inside x 192 to 888
of it, so that they are centred. Pictures reach above it. The cast stands below it, from y 1250 (1120 without a
picture) down, where an app's own text may lie over it, faces too: nothing there has to be read.

All figures below are for 1080x1920 and are scaled to the size of the video.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


Side = Literal["left", "right"]

BASE_WIDTH, BASE_HEIGHT = 1080, 1920
SAFE_LEFT, SAFE_TOP, SAFE_RIGHT, SAFE_BOTTOM = 120, 288, 888, 1248

FACE_HEIGHT, FACE_WIDTH = 0.6, 0.6  # a face is in the upper part of a sprite, in the middle; no other one meets it
LISTENER = 0.9  # how large a character is drawn while another one speaks

_SPRITE_ASPECT = 0.8  # width over height of the drawings that we ship, 720x900
_PITCH = 0.66  # from one character to the next, in widths, at least: shoulders may overlap, faces do not
_MARGIN = 10


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in whole pixels; `x` and `y` are its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column of pixels that is not in it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row of pixels that is not in it."""
        return self.y + self.height

    @property
    def face(self) -> Box:
        """Where the face is in the box of a sprite."""
        width = round(self.width * FACE_WIDTH)
        return Box(self.x + (self.width - width) // 2, self.y, width, round(self.height * FACE_HEIGHT))


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one episode; they are the same for all of its lines, so that nothing jumps.

    panel          the framed picture, or None when the episode shows none
    captions       the captions are centred in it
    caption_px     the size of the captions' letters (their em)
    sprites        one box for each entry of `sides`, in that order: where the character stands while it speaks
    back_to_front  the order in which listeners are drawn, before the one who speaks: indices into `sprites`
    """

    width: int
    height: int
    panel: Box | None
    captions: Box
    caption_px: int
    sprites: tuple[Box, ...]
    back_to_front: tuple[int, ...]

    def figure(self, index: int, *, speaking: bool) -> Box:
        """Return where sprite `index` is drawn: its whole box while it speaks, a smaller one while it listens."""
        box = self.sprites[index]
        if speaking:
            return box
        width, height = round(box.width * LISTENER), round(box.height * LISTENER)
        return Box(box.x + (box.width - width) // 2, box.bottom - height, width, height)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One arrangement for 1080x1920: top and bottom of what there is, and the size of the letters."""

    panel: tuple[int, int] | None
    captions: tuple[int, int]
    sprites_top: int
    caption_px: int


# (is there a picture, are there sprites) -> arrangement. Without sprites the captions go above the picture: below it
# they would leave the safe area, and the lower third of the frame would stay empty.
_PLANS = {
    (True, True): _Plan((180, 988), (1012, 1238), 1250, 76),
    (True, False): _Plan((568, 1668), (300, 540), BASE_HEIGHT, 84),
    (False, True): _Plan(None, (760, 1060), 1120, 92),
    (False, False): _Plan(None, (620, 980), BASE_HEIGHT, 96),
}
_PANEL_LEFT, _PANEL_RIGHT = 84, 996
_RADIUS, _BORDER = 44, 6


def layout(width: int, height: int, sides: Sequence[Side], *, picture: bool = True) -> Layout:
    """Return the places for a video of this size.

    Args:
        width: of the video in pixels, even.
        height: of the video in pixels, even.
        sides: where each character that has a sprite stands; none, or up to 6.
        picture: whether any line of the episode shows a picture.
    """
    across, down = width / BASE_WIDTH, height / BASE_HEIGHT
    plan = _PLANS[picture, bool(sides)]

    def box(left: int, right: int, top: int, bottom: int) -> Box:
        x, y = _even(left * across), _even(top * down)
        return Box(x, y, _even(right * across) - x, _even(bottom * down) - y)

    columns = (BASE_WIDTH - SAFE_RIGHT, SAFE_RIGHT)
    sprites, back_to_front = _stand(width, height, _even(plan.sprites_top * down), sides)
    return Layout(
        width=width,
        height=height,
        panel=box(_PANEL_LEFT, _PANEL_RIGHT, *plan.panel) if plan.panel else None,
        captions=box(*columns, *plan.captions),
        caption_px=round(plan.caption_px * min(across, down)),
        sprites=sprites,
        back_to_front=back_to_front,
    )


def frame_of(width: int) -> tuple[int, int]:
    """Return how wide the border of the panel is in a video of this width, and the radius of its corners."""
    border = max(2, _even(_BORDER * width / BASE_WIDTH))
    return border, max(border + 1, round(_RADIUS * width / BASE_WIDTH))


def _even(pixels: float) -> int:
    """Round to an even number: colour has half the resolution, and an edge between two of its pixels bleeds."""
    return 2 * round(pixels / 2)


def _stand(width: int, height: int, top: int, sides: Sequence[Side]) -> tuple[tuple[Box, ...], tuple[int, ...]]:
    """Stand the characters on the lower edge in one row, each at its side, the outer ones behind the inner ones.

    A second row would float: a sprite ends below the shoulders, and what stands before it does not hide its edge.
    """
    count = len(sides)
    if not count:
        return (), ()
    margin = round(_MARGIN * width / BASE_WIDTH)
    room = width - 2 * margin
    tall = int(min(height - top, room / (1 + _PITCH * (count - 1)) / _SPRITE_ASPECT))
    wide = int(tall * _SPRITE_ASPECT)
    pitch = min(wide, (room - wide) / max(1, count - 1))
    boxes: dict[int, Box] = {}
    for place, index in enumerate(sorted(range(count), key=lambda at: sides[at] == "right")):
        left, right = margin + place * pitch, width - margin - wide - (count - 1 - place) * pitch
        boxes[index] = Box(int(left if sides[index] == "left" else right), height - tall, wide, tall)
    from_the_middle = {index: abs(2 * place - count + 1) for place, index in enumerate(boxes)}
    return (
        tuple(boxes[index] for index in range(count)),
        tuple(sorted(boxes, key=from_the_middle.__getitem__, reverse=True)),
    )
