"""A card that stands in for a picture that could not be had: it says so, and what should be seen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reelmake.media import fonts

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw


_MARK: Final = ("reelmake", "placeholder")  # in the PNG, so that the file says what it is
_GROUND, _FRAME, _FAINT, _TEXT = "#20242f", "#5b6378", "#8d96ab", "#eef1f7"
_HEADING: Final = "PICTURE MISSING"
_MOST_LINES: Final = 9


def card(prompt: str, width: int, height: int) -> bytes:
    """Return a PNG of this size with the prompt on it; always the same for the same prompt."""
    from PIL import Image  # noqa: PLC0415
    from PIL.ImageDraw import Draw  # noqa: PLC0415
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415

    picture = Image.new("RGB", (width, height), _GROUND)
    draw = Draw(picture)
    margin = width // 14
    draw.rounded_rectangle(
        (margin // 2, margin // 2, width - margin // 2, height - margin // 2),
        margin // 2,
        None,
        _FRAME,
        width // 240 + 1,
    )
    size = max(8, width // 20)
    step = round(size * 1.4)
    lines = _wrapped(" ".join(fonts.shown(prompt).split()), size, width - 2 * margin)
    top = max(margin + 2 * step, (height - step * len(lines)) // 2)
    _write(draw, (margin, margin), _HEADING, _FAINT, size)
    for number, line in enumerate(lines):
        _write(draw, (margin, top + number * step), line, _TEXT, size)
    about = PngInfo()
    about.add_text(*_MARK)
    png = io.BytesIO()
    picture.save(png, "PNG", pnginfo=about)
    return png.getvalue()


def is_card(path: Path) -> bool:
    """Say whether a picture is such a card."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    try:
        with Image.open(path) as picture:
            return bool(picture.info.get(_MARK[0]) == _MARK[1])
    except (OSError, UnidentifiedImageError):
        return False


def _wrapped(text: str, size: int, width: int) -> list[str]:
    """Break a text into lines, and what is wider than one anywhere; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if fonts.measure(longer, size) <= width:
            lines[-1] = longer
            continue
        lines.append("")
        for char in word:
            if fonts.measure(lines[-1] + char, size) > width:
                lines.append("")
            lines[-1] += char
        if len(lines) > _MOST_LINES + 1:
            break
    lines = [line for line in lines if line]
    if len(lines) > _MOST_LINES:
        last = lines[_MOST_LINES - 1]
        while fonts.measure(f"{last} …", size) > width:
            last = last[:-1]
        lines = [*lines[: _MOST_LINES - 1], f"{last} …"]
    return lines


def _write(draw: ImageDraw, place: tuple[int, int], text: str, color: str, size: int) -> None:
    """Write a line of text, each piece of it in the font that has it."""
    x, y = place
    for run in fonts.runs(text):
        font = fonts.opened(run.family, size)
        draw.text((x, y + size), run.text, color, font, anchor="ls")
        x += round(font.getlength(run.text))
