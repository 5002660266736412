"""What a scene is made of: layers of flat shapes, painted from back to front.

Coordinates are in units of which the short side of the picture has 1,000, so that a scene does not depend on its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from reelmake.offline.palette import Palette, Rgb


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scene is painted with: the size of the picture in its units, the dice and the colours."""

    width: float
    height: float
    dice: Random
    palette: Palette


@dataclass(frozen=True, slots=True)
class Layer:
    """A shape: an SVG path, its colour, and what it is.

    solid: a thing with edges (a hill, a house) that a treatment may outline, wobble or give a shadow;
    otherwise light or a mark on a thing. front: in front of the subject.
    """

    path: str
    fill: Rgb
    solid: bool = True
    front: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Layers from back to front, and the height at which things stand; none where they float.

    shows: first characters of icons that the layers already draw. open_air: whether there is a sky above.
    """

    layers: Sequence[Layer]
    floor: float | None
    shows: str = ""
    open_air: bool = True
