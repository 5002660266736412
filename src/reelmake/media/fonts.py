"""The fonts of the captions: which one shows a character, how wide a text is, where the files are.

Captions are set in Poppins ExtraBold. What it lacks comes from Fira Sans ExtraBold (Greek, Cyrillic, Vietnamese,
arrows), then from the Noto fonts (emoji in one colour, symbols, other scripts). All of them ship in wheels.

Every run of text names its font, since libass searches no folder for a glyph that a font lacks. It finds a font by
the family in its name table, in which one of the Noto fonts is called "Light"; the variable ones show as their
regular weight, so that libass is asked to embolden them.

Emoji: flags are shown as they are; of joined ones (a family, a profession) the first is shown, and skin tones are
left out, because libass parts what the font could join.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from reelmake.action import digest_of
from reelmake.captions import Run
from reelmake.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.ImageFont import FreeTypeFont


@dataclass(frozen=True, slots=True)
class Font:
    """A font file of a wheel; `ascent` and `descent` are its usWinAscent and usWinDescent, in ems."""

    family: str
    package: str
    file: str
    ascent: float
    descent: float

    @property
    def is_variable(self) -> bool:
        """Whether its regular weight is what libass sees of it."""
        return "[" in self.file


def _noto(family: str, file: str, ascent: float, descent: float) -> Font:
    return Font(family, "manimgx_fonts", f"{file}[wght].ttf", ascent, descent)


CAPTION_FONT = Font("Poppins ExtraBold", "fontpkg_poppins", "files/Poppins-ExtraBold.ttf", 1.135, 0.627)

# In this order: the first that has a character shows it.
FONTS = (
    CAPTION_FONT,
    Font("Fira Sans ExtraBold", "fontpkg_fira_sans", "files/FiraSans-ExtraBold.ttf", 0.935, 0.265),
    _noto("Noto Sans", "NotoSans", 1.124, 0.395),
    _noto("Noto Emoji", "NotoEmoji", 0.927734375, 0.244140625),
    _noto("Noto Sans Symbols", "NotoSansSymbols", 1.48, 0.57),
    _noto("Noto Sans Arabic", "NotoSansArabic", 1.431, 0.738),
    _noto("Noto Sans Hebrew Light", "NotoSansHebrew", 1.068, 0.292),
    _noto("Noto Sans Armenian", "NotoSansArmenian", 1.068, 0.292),
    _noto("Noto Sans Georgian", "NotoSansGeorgian", 1.086, 0.292),
    _noto("Noto Sans Ethiopic", "NotoSansEthiopic", 1.069, 0.293),
    _noto("Noto Sans Devanagari", "NotoSansDevanagari", 1.348, 0.558),
    _noto("Noto Sans Bengali", "NotoSansBengali", 0.995, 0.408),
    _noto("Noto Sans Gujarati", "NotoSansGujarati", 1.076, 0.408),
    _noto("Noto Sans Gurmukhi", "NotoSansGurmukhi", 0.896, 0.408),
    _noto("Noto Sans Kannada", "NotoSansKannada", 1.105, 0.54),
    _noto("Noto Sans Malayalam", "NotoSansMalayalam", 0.864, 0.383),
    _noto("Noto Sans Oriya", "NotoSansOriya", 1.069, 0.293),
    _noto("Noto Sans Sinhala", "NotoSansSinhala", 1.011, 0.301),
    _noto("Noto Sans Tamil", "NotoSansTamil", 0.87, 0.37),
    _noto("Noto Sans Telugu", "NotoSansTelugu", 0.995, 0.483),
    _noto("Noto Sans Khmer", "NotoSansKhmer", 1.155, 0.707),
    _noto("Noto Sans Lao", "NotoSansLao", 1.183, 0.462),
    _noto("Noto Sans Myanmar", "NotoSansMyanmar", 1.324, 0.86),
    _noto("Noto Sans Thai", "NotoSansThai", 1.061, 0.45),
)

# What Poppins ExtraBold is known to have: most texts are asked about without opening a file.
_PLAIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u0107\u0152\u0153\u0160\u0161\u017d\u017e"
    "\u2013\u2014\u2018-\u201a\u201c-\u201e\u2022\u2026\u20ac\u2122]*"
)

_EMOJI = "[\u2190-\u2bff\u3030\u303d\U0001f000-\U0001faff]"
_DRESS = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
_LEFT_OUT = re.compile(
    f"(?<={_EMOJI}){_DRESS}(?:\u200d{_EMOJI}{_DRESS})+"  # what is joined to an emoji
    f"|(?<={_EMOJI})[\U0001f3fb-\U0001f3ff]"  # skin tones
    "|[\ufe00-\ufe0f\u20e3]"  # how to show what comes before, and the key around a digit
    "|[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]",  # invisible
)
_SAME = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "\u2013", "\u2015": "\u2014"})
_JOINERS = "\u200c\u200d"
_TAGS = range(0xE0020, 0xE0080)  # letters of the flags of countries within countries
_UNITS = 1000  # text is measured once, this large


def shown(text: str) -> str:
    """Return the text as captions show it: composed letters, plain spaces, no invisible characters, simple emoji."""
    if _PLAIN.fullmatch(text):
        return text
    text = _LEFT_OUT.sub("", normalize("NFC", text)).translate(_SAME)
    spaced = (" " if category(char) in ("Zs", "Zl", "Zp") or char in "\t\r\n" else char for char in text)
    return "".join(char for char in spaced if category(char) not in ("Cc", "Cs", "Co"))


def missing_glyphs(text: str) -> list[str]:
    """Return the characters that none of the fonts has, each once, in the order of the text."""
    if _PLAIN.fullmatch(text):
        return []
    return list(dict.fromkeys(char for char, font in _chosen(shown(text)) if font is None))


def runs(text: str) -> tuple[Run, ...]:
    """Cut a text into pieces of one font each; characters that no font has are left out (see `missing_glyphs`)."""
    if _PLAIN.fullmatch(text):
        return (_run(CAPTION_FONT, text),) if text else ()
    pieces: list[tuple[Font, str]] = []
    for char, font in _chosen(shown(text)):
        if font is None:
            continue
        if pieces and pieces[-1][0] is font:
            pieces[-1] = (font, pieces[-1][1] + char)
        else:
            pieces.append((font, char))
    return tuple(_run(font, piece) for font, piece in pieces)


def measure(text: str, size_px: float) -> float:
    """Return the width of a text in pixels when its em is `size_px`."""
    return sum(_width(run.family, run.text) for run in runs(text)) * size_px / _UNITS


def font_digests(text: str) -> Mapping[str, str]:
    """Return family -> sha256 of the file, for the fonts that this text is shown in: what a key needs to know."""
    return MappingProxyType({font.family: _digest(font) for font in _fonts_of(text)})


def fonts_dir(cache: Path, text: str) -> Path:
    """Return a folder with the fonts that this text is shown in, and nothing else, for libass.

    It is made once, under a name that says what is in it, and appears whole.
    """
    import os  # noqa: PLC0415
    import shutil  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    digests = font_digests(text)
    folder = cache / f"fonts-{digest_of(' '.join(digests.values()).encode())[:16]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(dir=cache, prefix=".fonts-")
        for font in _fonts_of(text):
            with open(os.path.join(made, _path(font).name), "wb") as file:  # noqa: PTH118, PTH123
                file.write(_content(font))
        try:
            os.rename(made, folder)  # noqa: PTH104
        except OSError:  # somebody else was faster
            shutil.rmtree(made)
    return folder


def _run(font: Font, text: str) -> Run:
    return Run(font.family, text, font.ascent, font.descent, bold=font.is_variable)


def _chosen(text: str) -> list[tuple[str, Font | None]]:
    """Return each character with the font that shows it.

    A letter that only a fallback has takes the rest of its word with it, as far as that font has it: two fonts in a
    word look like a mistake. Marks and joiners stay with what they belong to.
    """
    chosen: list[tuple[str, Font | None]] = []
    for word in re.findall(r"\s+|\S+", text):
        fonts = [_font_of(char) for char in word]
        for font in FONTS[1:]:
            if any(f is font and char.isalpha() for char, f in zip(word, fonts, strict=True)):
                fonts = [font if _has(font, char) else f for char, f in zip(word, fonts, strict=True)]
        for i, char in enumerate(word):
            before = fonts[i - 1] if i else None
            belongs = char in _JOINERS or ord(char) in _TAGS or category(char).startswith("M")
            if belongs and before is not None and _has(before, char):
                fonts[i] = before
        chosen += zip(word, fonts, strict=True)
    return chosen


def _font_of(char: str) -> Font | None:
    if _PLAIN.fullmatch(char):
        return CAPTION_FONT
    return next((font for font in FONTS if _has(font, char)), None)


def _has(font: Font, char: str) -> bool:
    if font is CAPTION_FONT and _PLAIN.fullmatch(char):
        return True
    return ord(char) in _characters(font)


def _fonts_of(text: str) -> list[Font]:
    """Return the fonts that a text is shown in, always with the captions' own."""
    families = {CAPTION_FONT.family, *(run.family for run in runs(text))}
    return [font for font in FONTS if font.family in families]


@cache
def _path(font: Font) -> Path:
    """Return where a font's file is; raises SetupError when its wheel is not installed."""
    from importlib.util import find_spec  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    spec = find_spec(font.package)
    path = Path(spec.origin).parent / font.file if spec and spec.origin else None
    if path is None or not path.is_file():
        name = font.package.replace("_", "-")
        raise SetupError(f"the font {font.family} is not installed", f"type `uv sync`, or `pip install {name}`")
    return path


@cache
def _content(font: Font) -> bytes:
    return _path(font).read_bytes()


@cache
def _digest(font: Font) -> str:
    return digest_of(_content(font))


@cache
def _characters(font: Font) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    with TTFont(_path(font), lazy=True) as file:
        return frozenset(file.getBestCmap())


@cache
def opened(family: str) -> FreeTypeFont:
    """Return the font of a family, in the size in which text is measured; `font_variant` gives it in another."""
    from PIL import ImageFont  # noqa: PLC0415

    return ImageFont.truetype(_path(next(font for font in FONTS if font.family == family)), _UNITS)


@lru_cache(maxsize=4096)
def _width(family: str, text: str) -> float:
    return opened(family).getlength(text)
