"""The card in place of a picture: it says so, holds what should be seen inside itself, and is known again."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from reelmake.media.placeholder_image import _GROUND, card, is_card

PROMPTS = {
    "short": "a harbour",
    "empty": "",
    "long": "a harbour with many boats " * 60,
    "one long word": "x" * 1000,
    "no spaces": "港に停泊している船と灯台の絵。" * 20,
    "mixed": "A 🎈 café in Αθήνα, مرحبا, наше — “déjà vu” \x07 \n \U0010ffff",
    "only what no font has": "\U0010ffff",
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("side", [160, 960])
def test_any_prompt_makes_a_card_with_nothing_outside_its_frame(prompt: str, side: int) -> None:
    picture = Image.open(io.BytesIO(card(prompt, side, side)))
    assert picture.size == (side, side)
    margin = side // 14 // 2 - 4
    for edge in (
        (0, 0, margin, side),
        (side - margin, 0, side, side),
        (0, 0, side, margin),
        (0, side - margin, side, side),
    ):
        strip = picture.crop(edge)
        assert ImageChops.difference(strip, Image.new("RGB", strip.size, _GROUND)).getbbox() is None


def test_a_card_is_always_the_same_and_another_for_another_prompt() -> None:
    assert card("a harbour", 320, 320) == card("a harbour", 320, 320) != card("a lake", 320, 320)


def test_a_card_is_known_from_a_picture(tmp_path: Path) -> None:
    (tmp_path / "card.png").write_bytes(card("a harbour", 320, 320))
    Image.new("RGB", (32, 32)).save(tmp_path / "picture.png")
    (tmp_path / "text.png").write_text("reelmake placeholder")
    (tmp_path / "cut.png").write_bytes(card("a harbour", 320, 320)[:40])
    found = [path.stem for path in sorted(tmp_path.iterdir()) if is_card(path)]
    assert found == ["card"]
    assert not is_card(tmp_path / "gone.png")
