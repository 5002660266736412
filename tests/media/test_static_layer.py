"""Plates: what is where, in which colours, and what happens to pictures that are unusual or broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelmake.core.errors import MediaError
from reelmake.layout.captions import Line, Setting, ass, changes
from reelmake.layout.frame import Box, Layout, layout
from reelmake.layout.timeline import Word
from reelmake.media import fonts, static_layer
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import Captions, Frame, Shot
from reelmake.media.static_layer import Portrait, Still, backdrop, plate
from reelmake.media.video import segment

WIDTH, HEIGHT = 360, 640
PLACES = layout(WIDTH, HEIGHT, ["left", "right"])
CHARACTERS = Path(__file__).parents[2] / "characters"
ORANGE = (240, 140, 20)

Pixels = NDArray[np.uint8]


def pixels(raw: bytes, of: Layout = PLACES) -> Pixels:
    return np.frombuffer(raw, np.uint8).reshape(of.height, of.width, 4)


def middle(box: Box) -> tuple[int, int]:
    return box.y + box.height // 2, box.x + box.width // 2


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (300, 300), ORANGE).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


@pytest.fixture
def sprite(tmp_path: Path) -> Path:
    """Draw a figure: a disc over a block that stands on the lower edge, on nothing."""
    image = Image.new("RGBA", (720, 900), (0, 255, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((160, 0, 560, 500), fill=(200, 180, 160, 255))
    draw.rectangle((60, 500, 660, 900), fill=(40, 90, 200, 255))
    image.save(tmp_path / "sprite.png")
    return tmp_path / "sprite.png"


def cast(sprite: Path | None) -> list[Portrait]:
    return [Portrait(sprite, True, 0, "#FFD166"), Portrait(sprite, False, 1, "#4CC9F0")]


def test_a_plate_is_raw_rgba_and_always_the_same(picture: Path, sprite: Path) -> None:
    raw = plate(PLACES, Still(picture), cast(sprite))
    assert len(raw) == WIDTH * HEIGHT * 4
    assert raw == plate(PLACES, Still(picture), cast(sprite))


def test_the_picture_fills_its_panel_inside_a_border_with_round_corners_and_a_shadow(picture: Path) -> None:
    assert PLACES.panel
    panel, seen = PLACES.panel, pixels(plate(PLACES, Still(picture), []))
    assert tuple(seen[middle(panel)]) == (*ORANGE, 255)
    assert tuple(seen[panel.y + 6, panel.x + panel.width // 2]) == (*ORANGE, 255)
    assert tuple(seen[panel.y, panel.x + panel.width // 2]) == (255, 255, 255, 255)
    assert seen[panel.y, panel.x, 3] < 128  # nothing of the panel is in its corner
    below = seen[panel.bottom + 2, panel.x + panel.width // 2]
    assert 20 < below[3] < 200
    assert below[:3].max() < 40


def test_a_picture_is_cropped_to_its_middle_and_not_squeezed(tmp_path: Path) -> None:
    wide = Image.new("RGB", (1600, 400), (255, 0, 0))
    wide.paste((0, 0, 255), (600, 0, 1000, 400))
    wide.save(tmp_path / "wide.png")
    assert PLACES.panel
    panel, seen = PLACES.panel, pixels(plate(PLACES, Still(tmp_path / "wide.png"), []))
    row = seen[panel.y + panel.height // 2]
    assert tuple(row[panel.x + panel.width // 2, :3]) == (0, 0, 255)
    blue = int((row[panel.x : panel.right, 2] > 128).sum() - (row[panel.x : panel.right, 0] > 128).sum())
    scaled = 400 * panel.height / 400  # the blue square keeps its shape: as wide as the panel is high
    assert blue <= scaled


def test_without_a_picture_there_is_no_panel() -> None:
    assert PLACES.panel
    seen = pixels(plate(PLACES, None, []))
    assert seen[middle(PLACES.panel)][3] == 0
    assert seen[middle(PLACES.captions)][3] > 30  # the shade behind the captions stays
    assert seen[0, 0, 3] == 0
    assert not pixels(plate(PLACES, None, [], shaded=False))[..., 3].any()  # but no words, no shade


def test_sprites_stand_on_the_lower_edge_and_keep_what_is_transparent(sprite: Path) -> None:
    seen = pixels(plate(PLACES, None, cast(sprite)))
    for index, speaking in ((0, True), (1, False)):
        box = PLACES.figure(index, speaking=speaking)
        assert seen[HEIGHT - 1, box.x + box.width // 2, 3] == 255
        corner = seen[box.y + 1, box.x + 1]
        assert corner[3] < 40
        assert corner[1] < 255 or corner[3] == 0  # the green that hides under transparent pixels stays hidden


def test_who_speaks_is_larger_and_brighter(sprite: Path) -> None:
    seen = pixels(plate(PLACES, None, cast(sprite)))
    speaker, listener = (PLACES.figure(index, speaking=index == 0) for index in (0, 1))
    first, second = seen[HEIGHT - 2, speaker.x + speaker.width // 2], seen[HEIGHT - 2, listener.x + listener.width // 2]
    assert tuple(first[:3]) == (40, 90, 200)
    assert second[2] < 0.85 * first[2]
    columns = [int((seen[HEIGHT - 2, box.x : box.right, 3] == 255).sum()) for box in PLACES.sprites]
    assert columns[1] == pytest.approx(0.9 * columns[0], abs=3)


def test_who_speaks_glows_in_their_colour(sprite: Path) -> None:
    seen = pixels(plate(PLACES, None, cast(sprite)))
    box = PLACES.sprites[0]
    left = box.x + round(box.width * 60 / 720)
    glow = seen[HEIGHT - 20, left - 2]
    assert glow[3] > 40
    assert np.abs(glow[:3].astype(int) - (0xFF, 0xD1, 0x66)).max() < 25


def test_a_speaker_stands_before_the_others(sprite: Path) -> None:
    places = layout(WIDTH, HEIGHT, ["left"] * 4)
    for speaker in range(4):
        everyone = [Portrait(sprite, index == speaker, index, "#FFD166") for index in range(4)]
        alone = pixels(plate(places, None, [everyone[speaker]]))
        opaque = alone[..., 3] == 255
        assert (pixels(plate(places, None, everyone[::-1]))[opaque] == alone[opaque]).all()


@pytest.mark.parametrize("count", range(2, 7))
def test_the_sample_characters_leave_each_other_eyes_and_mouth(count: int) -> None:
    folders = [CHARACTERS / ("ada", "cy", "max", "nova")[index % 4] for index in range(count)]
    places = layout(540, 960, (["left", "right"] * 3)[:count])  # type: ignore[arg-type]  # literals
    for speaker in range(count):
        cast = [
            Portrait(folder / ("telling.png" if at == speaker else "hearing.png"), at == speaker, at, "#FFD166")
            for at, folder in enumerate(folders)
        ]
        together = pixels(plate(places, None, cast), places)
        for at, portrait in enumerate(cast):
            face = places.figure(at, speaking=at == speaker).face
            inner = (
                slice(face.y + face.height // 4, face.bottom - 4),
                slice(face.x + face.width // 5, face.right - face.width // 5),
            )
            alone = pixels(plate(places, None, [portrait]), places)[inner]
            opaque = alone[..., 3] == 255
            tint = np.abs(together[inner][opaque].astype(int) - alone[opaque]).max(axis=1)
            assert (tint < 100).mean() > 0.98  # a glow may lie over it, nothing else


def test_who_has_no_sprite_is_absent() -> None:
    assert plate(PLACES, None, cast(None)) == plate(PLACES, None, [])


def test_a_sprite_that_is_drawn_anew_is_seen(sprite: Path) -> None:
    before = plate(PLACES, None, cast(sprite))
    Image.new("RGBA", (720, 900), (255, 0, 0, 255)).save(sprite)
    assert plate(PLACES, None, cast(sprite)) != before


def test_sprites_of_any_shape_stay_in_their_box(tmp_path: Path) -> None:
    for size in ((1200, 300), (200, 1500), (3, 3)):
        Image.new("RGBA", size, (255, 255, 255, 255)).save(tmp_path / "odd.png")
        seen = pixels(plate(PLACES, None, [Portrait(tmp_path / "odd.png", False, 0, "#FFD166")]))
        box = PLACES.sprites[0]
        outside = seen[:, :, 3] == 255
        outside[box.y : box.bottom, box.x : box.right] = False
        assert not outside.any()


@pytest.mark.parametrize("places", [layout(144, 256, ["left"] * 6), layout(1080, 1920, [], picture=True)])
def test_any_layout_is_painted(places: Layout, picture: Path, sprite: Path) -> None:
    portraits = [Portrait(sprite, index == 1, index, "#FFD166") for index in range(len(places.sprites))]
    assert len(plate(places, Still(picture), portraits)) == places.width * places.height * 4


# -- unusual and broken pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["P", "L", "1", "LA", "RGBA", "CMYK", "YCbCr", "I;16", "F"])
def test_pictures_of_any_kind_are_read(mode: str, tmp_path: Path) -> None:
    assert PLACES.panel
    grey = Image.new("L", (200, 200), 255)
    name = {"CMYK": "p.jpg", "YCbCr": "p.jpg", "F": "p.tiff"}.get(mode, "p.png")
    image = Image.fromarray(np.full((200, 200), 65535, np.uint16)) if mode == "I;16" else grey.convert(mode)
    image.save(tmp_path / name)
    seen = pixels(plate(PLACES, Still(tmp_path / name), []))[middle(PLACES.panel)]
    assert seen[:3].min() > 250


def test_sixteen_bits_of_grey_keep_their_tones(tmp_path: Path) -> None:
    assert PLACES.panel
    Image.fromarray(np.full((200, 200), 32768, np.uint16)).save(tmp_path / "grey.png")
    seen = pixels(plate(PLACES, Still(tmp_path / "grey.png"), []))[middle(PLACES.panel)]
    assert abs(int(seen[0]) - 127) <= 1


def test_a_photo_that_a_camera_turned_is_upright(tmp_path: Path) -> None:
    photo = Image.new("RGB", (400, 400), (255, 0, 0))
    photo.paste((0, 0, 255), (0, 0, 200, 400))  # blue at the left
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise: left becomes the top
    photo.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    assert PLACES.panel
    panel, seen = PLACES.panel, pixels(plate(PLACES, Still(tmp_path / "turned.jpg"), []))
    top, bottom = seen[panel.y + 40, panel.x + panel.width // 2], seen[panel.bottom - 40, panel.x + panel.width // 2]
    assert int(top[2]) - int(top[0]) > 180
    assert int(bottom[0]) - int(bottom[2]) > 180


def test_a_transparent_picture_is_shown_on_a_ground(tmp_path: Path) -> None:
    assert PLACES.panel
    Image.new("RGBA", (200, 200), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    assert pixels(plate(PLACES, Still(tmp_path / "clear.png"), []))[middle(PLACES.panel)][3] == 255


@pytest.mark.parametrize("content", [b"", b"this is text", b"GIF89a"])
def test_what_is_no_picture_is_an_error_that_names_the_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(MediaError, match=r"broken\.png: it cannot be read as a picture"):
        plate(PLACES, Still(tmp_path / "broken.png"), [])
    with pytest.raises(MediaError, match=r"broken\.png: it cannot be read as a picture"):
        plate(PLACES, None, cast(tmp_path / "broken.png"))


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.webp"])
def test_a_picture_that_is_cut_off_is_an_error(name: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for part in (len(whole) // 2, 40):
        (tmp_path / name).write_bytes(whole[:part])
        with pytest.raises(MediaError, match="cut"):
            plate(PLACES, Still(tmp_path / name), [])


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.png"):
        plate(PLACES, Still(tmp_path / "gone.png"), [])
    with pytest.raises(MediaError, match=r"gone\.png"):
        plate(PLACES, None, cast(tmp_path / "gone.png"))


# -- captions, over a plate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lit"),
    [
        ("so remarkable", 0),
        ("so remarkable", 1),
        ("a well-spoken 7", 1),
        ("disproportionately", 0),
        ("disproportionately \U0001f419", 0),
        ("pneumonoultramicroscopicsilicovolcanoconiosis", 0),
        (
            "\u0938\u0902\u0935\u093f\u0927\u093e\u0928\u0935\u093e\u0926\u0940\u0938\u092e\u093e\u091c\u0935\u093e\u0926\u0940\u0932\u094b\u0915",
            0,
        ),
    ],
)
def test_drawn_captions_stay_in_their_box_and_words_apart(text: str, lit: int, tmp_path: Path) -> None:
    """What libass draws, at the frame at which a word is largest; measured where the outline is darker than grey."""
    places = layout(1080, 1920, ["left", "right"])
    box, texts = places.captions, text.split()
    words = tuple(Word(part, at * 24_000, (at + 1) * 24_000) for at, part in enumerate(texts))
    middle_x, middle_y = box.x + box.width // 2, box.y + box.height // 2
    by = Setting(1080, 1920, middle_x, middle_y, box.width, places.caption_px, 30, "karaoke", fonts.measure, fonts.runs)
    document = tmp_path / "captions.ass"
    line = Line(words, 0, 15 * len(texts) + 5, "#FFD166")
    document.write_text(ass([line], by))
    drawn = Captions(str(document), str(fonts.fonts_dir(tmp_path, text)), changes(line, by))
    shot = Shot(Frame(1080, 1920, 30), line.frames, None, drawn)
    segment(b"\xff" * (4 * 1080 * 1920), shot, tmp_path / "a.mp4", Ffmpeg())
    frame = ["-v", "error", "-i", str(tmp_path / "a.mp4"), "-vf", f"select=eq(n\\,{lit * 15 + 8})", "-frames:v", "1"]
    raw = Ffmpeg().run([*frame, "-f", "rawvideo", "-pix_fmt", "gray", "-"], doing="looking")
    dark = np.frombuffer(raw, np.uint8).reshape(1920, 1080) < 128
    (xs,), (ys,) = np.nonzero(dark.any(axis=0)), np.nonzero(dark.any(axis=1))
    assert box.x <= xs[0]
    assert xs[-1] < box.right
    assert box.y <= ys[0]
    assert ys[-1] < box.bottom
    if ys[-1] - ys[0] < 1.3 * places.caption_px:  # in one row
        assert int((np.diff(xs) > 3).sum()) == len(texts) - 1


@pytest.mark.parametrize("fps", [24, 30, 60])
@pytest.mark.parametrize("style", ["karaoke", "plain"])
def test_captions_are_drawn_whenever_they_change(fps: int, style: str, tmp_path: Path) -> None:
    """Drawn when `changes` says so, they look as if they were drawn in every frame."""
    texts = ["One", "or", "two", "words", "that", "are", "spoken", "quickly,", "and", "then", "a", "rest."]
    words = tuple(Word(part, at * 7_001, at * 7_001 + 6_000) for at, part in enumerate(texts))
    by = Setting(288, 512, 144, 300, 240, 24, fps, style, fonts.measure, fonts.runs)
    line = Line(words, 0, 3 * fps, "#FFD166")
    document, folder = tmp_path / "captions.ass", str(fonts.fonts_dir(tmp_path, " ".join(texts)))
    document.write_text(ass([line], by))
    changed, made = changes(line, by), []
    assert len(changed) < line.frames * 0.8
    for frames in (changed, range(line.frames)):
        shot = Shot(Frame(288, 512, fps), line.frames, None, Captions(str(document), folder, frames))
        segment(b"\x80\x80\x80\xff" * (288 * 512), shot, tmp_path / "a.mp4", Ffmpeg())
        made.append((tmp_path / "a.mp4").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("size", [(144, 256), (360, 640), (648, 1536), (768, 1920), (270, 480)])
def test_what_is_softened_in_part_is_as_if_it_were_in_whole(
    size: tuple[int, int], picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit: the same plate has the same key. Pillow rounds otherwise where it finds another order quicker."""
    where = layout(*size, ["left", "right"])
    in_part = plate(where, Still(picture), [])
    static_layer._ground.cache_clear()
    monkeypatch.setattr(static_layer, "ceil", lambda _: max(size))  # how far it reaches
    assert plate(where, Still(picture), []) == in_part
    static_layer._ground.cache_clear()


# -- backdrops ----------------------------------------------------------------------------------------------------


def test_a_backdrop_is_opaque_soft_and_always_the_same() -> None:
    raw = backdrop(WIDTH, HEIGHT, ["#FFD166", "#4CC9F0"])
    assert raw == backdrop(WIDTH, HEIGHT, ["#FFD166", "#4CC9F0"])
    seen = pixels(raw)
    assert (seen[..., 3] == 255).all()
    steps = np.abs(np.diff(seen[..., :3].astype(int), axis=0)).max()
    assert steps <= 4


def test_a_backdrop_takes_its_colours_and_is_dark_enough_for_white_text() -> None:
    warm, cold = (
        pixels(backdrop(WIDTH, HEIGHT, [color]))[..., :3].mean(axis=(0, 1)) for color in ("#FF8040", "#4080FF")
    )
    assert warm[0] > 1.3 * warm[2]
    assert cold[2] > 1.3 * cold[0]
    for tone in (pixels(backdrop(WIDTH, HEIGHT, ["#FFFFFF"]))[..., :3].mean(), warm.mean(), cold.mean()):
        assert 12 < tone < 150
