"""Where everything is in the picture, in whole pixels.

The apps draw over a video: tabs at the top, buttons at the right, names and captions at the bottom. The published
safe areas for advertisements are the strictest. On 1080x1920 they leave free

- YouTube Shorts: 288 pixels at the top, 672 at the bottom, 48 at the left, 192 at the right
- Instagram and Facebook Reels: 14 % (269) at the top, 35 % (672) at the bottom, 6 % (65) at each side
- TikTok: template files that change with the length of the caption; 120 at the left is the widest left margin

and what all of them leave free is **x 120 to 888, y 288 to 1248**. Captions stay inside it, and inside x 192 to 888
of it, so that they are centred. Pictures and sprites may reach under the apps' own text, faces hardly do.

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

FACE = 0.6  # the upper part of a sprite, which nothing may cover
LISTENER = 0.9  # how large a character is drawn while another one speaks

_SPRITE_ASPECT = 0.8  # width over height of the drawings that we ship, 720x900
_STAGGER = 0.68  # how much of a back row stands above the front row: the face of a listener, and some air
_MARGIN = 16


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
        """The part of a sprite's box that must stay visible."""
        return Box(self.x, self.y, self.width, round(self.height * FACE))

    def meets(self, other: Box) -> bool:
        """Say whether the two have a pixel in common."""
        across = self.x < other.right and other.x < self.right
        return across and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one episode; they are the same for all of its lines, so that nothing jumps.

    panel          the framed picture, or None when the episode shows none
    captions       the captions are centred in it
    caption_px     the size of the captions' letters (their em)
    sprites        one box for each entry of `sides`, in that order: where the character stands while it speaks
    back_to_front  the order in which sprites are drawn: indices into `sprites`
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


def _even(pixels: float) -> int:
    """Round to an even number: colour has half the resolution, and an edge between two of its pixels bleeds."""
    return 2 * round(pixels / 2)


def _stand(width: int, height: int, top: int, sides: Sequence[Side]) -> tuple[tuple[Box, ...], tuple[int, ...]]:
    """Stand the characters on the lower edge, each at its side, in one row or, where that is larger, in two."""
    if not sides:
        return (), ()
    margin = round(_MARGIN * width / BASE_WIDTH)
    members = {side: [i for i, s in enumerate(sides) if s == side] for side in ("left", "right")}

    def tallest(columns: int, rows: int) -> float:
        return min((height - top) / (1 + _STAGGER * (rows - 1)), (width - 2 * margin) / columns / _SPRITE_ASPECT)

    in_two_rows = sum(-(-len(group) // 2) for group in members.values())
    one, two = tallest(len(sides), 1), tallest(in_two_rows, 2)
    rows = 2 if two > 1.25 * one else 1  # a row of equals looks better than two rows that gain little
    tall = int(max(one, two) if rows == 2 else one)  # noqa: PLR2004
    wide = int(tall * _SPRITE_ASPECT)

    boxes: dict[int, Box] = {}
    back: list[int] = []
    for side, group in members.items():
        columns = -(-len(group) // rows)
        first = margin if side == "left" else width - margin - columns * wide
        front_row, back_row = group[:columns], group[columns:]
        back += back_row
        for row, raised in ((front_row, 0), (back_row, int(tall * _STAGGER) + 1)):
            start = first + (columns - len(row)) * wide // 2
            for column, index in enumerate(row):
                boxes[index] = Box(start + column * wide, height - raised - tall, wide, tall)
    order = (*back, *(i for i in range(len(sides)) if i not in back))
    return tuple(boxes[i] for i in range(len(sides))), order
