"""When everything happens: whole frames and whole samples, never seconds that drift.

Sound is 48,000 samples a second. Every frame rate that we allow divides it, so that a frame is a whole number
of samples (1,600 at 30 fps) and a sound that starts on a frame stays on it for ever. Rounding happens in one
place, where the length of a line's sound becomes frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


SAMPLE_RATE = 48_000
FRAME_RATES = (24, 25, 30, 50, 60)

Flow = Literal["elastic", "per-line", "continuous"]


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is shown, and the samples (at 48 kHz, from the start of its line) during which it is spoken.

    `glued` says that it follows the word before it without a space, as in Japanese; `strong` that it is emphasised.
    """

    text: str
    start_samples: int
    end_samples: int
    glued: bool = False
    strong: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, from which `Word(**...)` makes it again."""
        fields = {"text": self.text, "start_samples": self.start_samples, "end_samples": self.end_samples}
        return fields | {name: True for name in ("glued", "strong") if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Pan:
    """What a line shows of a looped background: from frame `start_frame`, `advance_frames` of it over the line."""

    start_frame: int
    advance_frames: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A line's place: its first frame in the episode, how long it lasts, and its part of the background."""

    start_frame: int
    frames: int
    pan: Pan | None


def samples_per_frame(fps: int) -> int:
    """Return the whole number of samples that one frame lasts."""
    if fps not in FRAME_RATES:
        msg = f"{fps} frames a second is not one of {FRAME_RATES}"
        raise ValueError(msg)
    return SAMPLE_RATE // fps


def line_frames(samples: int, pause_samples: int, fps: int) -> int:
    """Return how many frames a line lasts: its sound and the pause after it, rounded up. Depends on this line alone."""
    return max(1, -(-(samples + pause_samples) // samples_per_frame(fps)))


def lay_out(frames: Sequence[int], *, flow: Flow, loop_frames: int, fps: int, seeds: Sequence[int]) -> list[Slot]:
    """Place lines of the given lengths one after the other over a background that loops every `loop_frames` frames.

    `loop_frames` 0 means a still background: no slot has a pan. `seeds` holds one number per line, from its
    content, for the flow in which a line chooses its own place in the background.

    - `elastic`: a line moves the background on by whole seconds and shows them over its own length, so that a
      line which becomes a little longer or shorter leaves all later pictures as they were. From two seconds on, the
      speed stays within 0.8 and 1.2 of the background's own.
    - `per-line`: a line starts at a place of its own, at exact speed; the background cuts where the picture cuts.
    - `continuous`: exact speed and no cut; a changed length moves the background of all later lines.
    """
    slots: list[Slot] = []
    start, phase = 0, 0
    for count, seed in zip(frames, seeds, strict=True):
        advance = max(1, round(count / fps)) * fps if flow == "elastic" else count
        first = seed if flow == "per-line" else phase
        pan = Pan(first % loop_frames, advance) if loop_frames else None
        slots.append(Slot(start, count, pan))
        start += count
        phase += advance
    return slots


def shown_frame(pan: Pan, frames: int, index: int) -> int:
    """Return which frame of the background (before looping) is under frame `index` of a line of `frames` frames."""
    return pan.start_frame + index * pan.advance_frames // frames
