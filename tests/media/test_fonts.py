"""The fonts of the captions: everything that we say can be shown is shown, by a font of ours, as wide as we say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from reelmake.core.errors import SetupError
from reelmake.layout.captions import Line, Setting, ass
from reelmake.layout.timeline import Word
from reelmake.media import fonts
from reelmake.media.fonts import (
    CAPTION_FONT,
    FONTS,
    Font,
    font_digests,
    fonts_dir,
    measure,
    missing_glyphs,
    runs,
    shown,
)

ALL = (*FONTS, *dict.fromkeys(fonts._CJK_FONTS.values()))
NAMES = [font.family for font in ALL]


def sample(font: Font) -> str:
    """Return a few characters that this font shows, because none before it does."""
    known: set[int] = set()
    for before in FONTS[: ALL.index(font)]:
        known |= fonts._characters(before)
    own = sorted(fonts._characters(font) - known)
    printable = [chr(code) for code in own if chr(code).isalpha() or chr(code).isprintable()]
    return "".join(char for char in printable if shown(char) == char)[:3]


def render(text: str, folder: Path, *, px: int = 76) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], str]:
    """Show a text in white on black with the real libass; return the picture (grey) and what libass said."""
    setting = Setting(1080, 270, 540, 135, 1060, px, 30, "plain", measure, runs)
    words = tuple(Word(word, i, i + 1) for i, word in enumerate(text.split()))
    document = ass([Line(words, 0, 30, "#FFFFFF")], setting)
    document = re.sub(r"(Style: .*?,0,0,0,0,100,100,0,0,1,)[\d.]+", r"\g<1>0", document)  # no outline
    (folder / "text.ass").write_text(document, "utf-8")
    (folder / "fonts.conf").write_text("<fontconfig></fontconfig>")
    args = ["-v", "verbose", "-nostdin", "-f", "lavfi", "-i", "color=black:s=1080x270:r=30"]
    args += ["-vf", f"ass=text.ass:fontsdir={fonts_dir(folder, text).name}", "-frames:v", "1"]
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *args, "-pix_fmt", "gray", "-f", "rawvideo", "-"],
        check=True,
        capture_output=True,
        cwd=folder,
        env={**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")},
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(270, 1080), done.stderr.decode()


# -- what is shown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, “world”: é ñ ü £5 €6", "Hello, “world”: é ñ ü £5 €6"),
        ("e\u0301", "é"),
        ("👨\u200d👩\u200d👧", "👨"),
        ("👩\u200d❤\ufe0f\u200d💋\u200d👨", "👩"),
        ("🧑🏿\u200d🚀", "🧑"),
        ("👍🏽", "👍"),
        ("❤\ufe0f", "❤"),
        ("1\ufe0f\u20e3", "1"),
        ("🇫🇷", "🇫🇷"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",) * 2,
        ("a\u00a0b\u2009c\td", "a b c d"),
        ("co\u00adop\u200b\ufeff", "coop"),
        ("non\u2011stop", "non-stop"),
        ("می\u200cخ",) * 2,
    ],
)
def test_what_captions_make_of_a_text(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert missing_glyphs(text) == []


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("plain text, $3.2 billion", ["Poppins ExtraBold"]),
        ("Привет!", ["Fira Sans ExtraBold"]),
        ("tiếng", ["Fira Sans ExtraBold"]),  # Poppins has most of the letters: two fonts in a word look like a mistake
        ("Wow🐙!", ["Poppins ExtraBold", "Noto Emoji", "Poppins ExtraBold"]),
        ("🇫🇷🇩🇪", ["Noto Emoji"]),
        ("A→B", ["Poppins ExtraBold", "Fira Sans ExtraBold", "Poppins ExtraBold"]),
        ("مرحبا!", ["Noto Sans Arabic"]),
        ("", []),
        ("漢字とGoogle、", ["Noto Sans CJK JP", "Poppins ExtraBold", "Noto Sans CJK JP"]),
        ("𓀀", []),
    ],
)
def test_runs_name_the_font_of_each_piece(text: str, families: list[str]) -> None:
    made = runs(text)
    assert [run.family for run in made] == families
    assert "".join(run.text for run in made) == ("" if text == "𓀀" else text)


def test_missing_glyphs_are_named_once_in_order() -> None:
    assert missing_glyphs("𓀀𐤀 and 漢 and 𓀀") == ["𓀀", "𐤀"]


@pytest.mark.parametrize("text", ["What a day: “it\u2019s €5”, señor!", "Çà et là, Äpfel, œuvre"])
def test_ordinary_text_is_asked_about_without_opening_a_font(text: str) -> None:
    code = (
        "import sys; from reelmake.media.fonts import missing_glyphs, runs, font_digests;"
        f"assert missing_glyphs({text!r}) == []; runs({text!r}); font_digests({text!r});"
        "assert not {'fontTools', 'PIL', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- what we say of the fonts -------------------------------------------------------------------------------------


def test_the_caption_font_has_what_we_say_without_looking() -> None:
    plain = {code for code in range(0x10000) if fonts._PLAIN.fullmatch(chr(code))}
    assert len(plain) > 200
    assert plain <= fonts._characters(CAPTION_FONT)


@pytest.mark.parametrize("font", ALL, ids=NAMES)
def test_sizes_are_those_of_the_file(font: Font) -> None:
    with TTFont(fonts._path(font), fontNumber=font.face, lazy=True) as file:
        em = file["head"].unitsPerEm
        assert (font.ascent, font.descent) == (file["OS/2"].usWinAscent / em, file["OS/2"].usWinDescent / em)


@pytest.mark.parametrize("font", [*FONTS, fonts.JAPANESE], ids=NAMES[: len(FONTS) + 1])
def test_libass_shows_every_font_and_no_other(font: Font, tmp_path: Path) -> None:
    picture, said = render(sample(font), tmp_path)
    chosen = re.findall(r"fontselect: \(([^,]*), \d+, \d+\) -> ([^,]*),", said)
    stem = fonts._path(font).stem.split("[")[0].split("-")[0]
    assert dict(chosen)[font.family].replace(" ", "").startswith(stem)
    assert not [name for _, name in chosen if "/" in name]  # a path would be a font of this machine
    assert "not found" not in said
    assert picture.max() > 200


@pytest.mark.parametrize(
    "text",
    [
        *("Sunlight", "AVAToWave", "$3.2", "“mañana”", "Привет", "Ελλάδα", "🐙🇫🇷", "tiếng", "光ります", "السماء"),
        *("ทำไม", "ຄຳ", "କୋ", "කෝ", "កោ"),  # of vowels that are drawn as two, one of which the text does not name
    ],
)
def test_a_text_is_as_wide_as_we_say(text: str, tmp_path: Path) -> None:
    picture, _ = render(text, tmp_path)
    columns = np.flatnonzero((picture > 40).any(axis=0))
    ink = columns[-1] - columns[0] + 1
    assert ink == pytest.approx(measure(text, 76), abs=14)  # letters keep a little room at their sides
    assert abs((columns[-1] + columns[0]) / 2 - 540) < 6


@pytest.mark.parametrize("text", ["HxH", "ПиП", "\u0397Ω\u0397"])
def test_every_font_stands_on_the_same_line(text: str, tmp_path: Path) -> None:
    picture, _ = render(text, tmp_path)
    bottom = np.flatnonzero((picture > 128).any(axis=1))[-1]
    assert abs(int(bottom) - (135 + 0.33 * 76)) <= 2.5


def test_width_grows_with_size() -> None:
    assert measure("Sunlight", 152) == pytest.approx(2 * measure("Sunlight", 76))
    assert measure("", 76) == 0


@pytest.mark.parametrize(
    ("language", "name"),
    [("ja", "JP"), ("zh-CN", "SC"), ("zh-Hant-TW", "TC"), ("zh-HK", "HK"), ("ko", "KR"), ("", "JP")],
)
def test_the_language_says_how_chinese_characters_are_drawn(language: str, name: str) -> None:
    found = font_digests("直す", language)
    assert list(found) == ["Poppins ExtraBold", f"Noto Sans CJK {name}"]
    assert fonts.cjk_among(found) is fonts.cjk_of(language)
    assert [run.family for run in runs("直す", fonts.cjk_among(found))] == [f"Noto Sans CJK {name}"]


def test_the_cjk_fonts_have_what_we_say_without_looking() -> None:
    known = {code for code in range(0x10000) if re.fullmatch(fonts._CJK_KNOWN, chr(code))}
    assert len(known) > 38_000
    for font in fonts._CJK_FONTS.values():
        assert known <= fonts._characters(font)


def test_what_is_cut_out_of_a_font_is_the_same_every_time() -> None:
    assert fonts._cut_out(fonts.JAPANESE, "光") == fonts._cut_out(fonts.JAPANESE, "光")


# -- files --------------------------------------------------------------------------------------------------------


def test_the_folder_holds_the_fonts_of_the_text_and_no_others(tmp_path: Path) -> None:
    assert sorted(path.name for path in fonts_dir(tmp_path, "plain").iterdir()) == ["Poppins-ExtraBold.ttf"]
    with_emoji = fonts_dir(tmp_path, "octopus 🐙")
    assert sorted(path.name for path in with_emoji.iterdir()) == ["Noto Emoji.otf", "Poppins-ExtraBold.ttf"]
    assert fonts_dir(tmp_path, "another 🐙, with plain words") == with_emoji
    assert fonts_dir(tmp_path, "another 👍") != with_emoji  # only what a text needs is cut out


def test_the_folder_is_made_once_by_many_at_the_same_time(tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(fonts_dir(tmp_path, "плюс 🐙"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert list(tmp_path.iterdir()) == [found[0]]
    assert len(list(found[0].iterdir())) == 3


def test_digests_change_with_the_fonts_that_a_text_needs_only() -> None:
    assert list(font_digests("a")) == ["Poppins ExtraBold"]
    assert font_digests("a") == font_digests("other words")
    assert font_digests("a🐙").items() > font_digests("a").items()


def test_a_font_that_is_not_installed_is_an_error_that_says_what_to_type() -> None:
    with pytest.raises(SetupError, match="pip install no-such-fonts"):
        fonts._path(Font("Nothing", "no_such_fonts", "nothing.ttf", 1, 1))


# -- a font that an author chooses --------------------------------------------------------------------------------


def made_font(path: Path, *, rights: int = 0, family: str = "Own Sans", letters: str = "ABCabc ") -> Path:
    """Write a font of a few letters, cut out of one that ships along."""
    options = Options()
    options.name_IDs = [1, 2]
    with TTFont(fonts._path(fonts.shipped("Fira Sans ExtraBold")), recalcTimestamp=False) as file:
        subset = Subsetter(options)
        subset.populate(text=letters)
        subset.subset(file)
        file["OS/2"].fsType = rights
        for record in file["name"].names:
            record.string = family if record.nameID == 1 else "Regular"
        file.save(path)
    return path


def test_a_font_of_the_project_shows_what_it_has(tmp_path: Path) -> None:
    own = fonts.own(made_font(tmp_path / "own.ttf"))
    assert [run.family for run in runs("abc", first=own)] == ["Own Sans"]
    assert [(run.family, run.text) for run in runs("abc xyz", first=own)] == [
        ("Own Sans", "abc "),
        ("Poppins ExtraBold", "xyz"),
    ]
    assert fonts.lacking(own, "a box") == ["o", "x"]
    assert fonts.measure("abc", 76, first=own) == pytest.approx(
        fonts.measure("abc", 76, first=fonts.shipped("fira sans extrabold"))
    )
    folder = fonts_dir(tmp_path / "state", "abc xyz", first=own)
    assert sorted(path.name for path in folder.iterdir()) == ["Poppins-ExtraBold.ttf", "own.ttf"]


def test_a_font_file_that_changes_is_another_font(tmp_path: Path) -> None:
    before = fonts.own(made_font(tmp_path / "own.ttf"))
    after = fonts.own(made_font(tmp_path / "own.ttf", family="Other Sans"))
    assert (before.family, after.family) == ("Own Sans", "Other Sans")


@pytest.mark.parametrize(
    ("rights", "what"),
    [(2, "may not be embedded"), (0x202, "may not be embedded"), (0x200, "as bitmaps only")],
)
def test_a_font_that_may_not_be_embedded_is_refused(tmp_path: Path, rights: int, what: str) -> None:
    with pytest.raises(SetupError, match=what):
        fonts.own(made_font(tmp_path / "own.ttf", rights=rights))


@pytest.mark.parametrize("rights", [0, 4, 8, 0x104])
def test_other_rights_are_enough(tmp_path: Path, rights: int) -> None:
    assert fonts.own(made_font(tmp_path / "own.ttf", rights=rights)).family == "Own Sans"


@pytest.mark.parametrize("content", [b"", b"no font", b"\0\1\0\0" + b"\0" * 40])
def test_what_is_no_font_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.ttf").write_bytes(content)
    with pytest.raises(SetupError, match=r"own.ttf .*font|no characters"):
        fonts.own(tmp_path / "own.ttf")


def test_an_unknown_family_names_those_that_ship() -> None:
    with pytest.raises(
        SetupError, match=r"no font 'Comic' ships along; write one of Poppins ExtraBold, Fira Sans Extra"
    ):
        fonts.shipped("Comic")


def test_capitals_are_measured_as_they_are_drawn() -> None:
    measure, cut = fonts.typeset(fonts.JAPANESE, case="upper")
    assert cut("sky")[0].text == "SKY"
    assert measure("sky", 76) == fonts.measure("SKY", 76)
