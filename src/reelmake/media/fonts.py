"""The fonts of the captions: which one shows a character, how wide a text is, where the files are.

Captions are set in Poppins ExtraBold. What it lacks comes from Fira Sans ExtraBold (Greek, Cyrillic, Vietnamese,
arrows), then from the Noto fonts (emoji in one colour, symbols, other scripts). All of them ship in wheels.

Japanese, Chinese and Korean share one font with a face for each, since they draw some characters differently: the
language of an episode says which (`cjk_of`).

Every run of text names its font, since libass searches no folder for a glyph that a font lacks. It finds a font by
the family in its name table, in which one of the Noto fonts is called "Light". Of a font that can be had in any
weight libass knows the first one only: what a text needs of it is cut out, in the weight of the rest, whenever a
folder of fonts is made.

Emoji: flags are shown as they are; of joined ones (a family, a profession) the first is shown, and skin tones are
left out, because libass parts what the font could join.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from math import fsum
from types import MappingProxyType
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from reelmake.core.errors import SetupError
from reelmake.core.files import read_regular
from reelmake.core.keys import digest_of
from reelmake.layout.captions import Run
from reelmake.layout.words import Case, cased

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.ImageFont import FreeTypeFont


@dataclass(frozen=True, slots=True)
class Font:
    """A font file of a wheel; `ascent` and `descent` are its usWinAscent and usWinDescent, in ems.

    face    which of the faces of a collection
    weight  in which weight it is cut out; 0 for a font that is used as it is
    """

    family: str
    package: str
    file: str
    ascent: float
    descent: float
    face: int = 0
    weight: int = 0

    @property
    def name(self) -> str:
        """What its file is called in a folder of fonts."""
        return f"{self.family}.otf" if self.weight else self.file.rpartition("/")[2]


_OWN = ""  # the package of a font that is a file of the project
_CUT = 2  # raised by hand when fonts are cut out in another way: what is set in them is made again
_WEIGHT = 800  # of Poppins ExtraBold; a font that is not to be had as heavy is taken as heavy as it is


def _noto(family: str, file: str, ascent: float, descent: float) -> Font:
    return Font(family, "manimgx_fonts", f"{file}[wght].ttf", ascent, descent, weight=_WEIGHT)


CAPTION_FONT = Font("Poppins ExtraBold", "fontpkg_poppins", "files/Poppins-ExtraBold.ttf", 1.135, 0.627)


def _cjk(face: int, name: str) -> Font:
    return Font(
        f"Noto Sans CJK {name}", "manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc", 1.16, 0.288, face, weight=_WEIGHT
    )


# By the beginning of a language's tag; the longer one counts. All of them have the same characters.
_CJK_FONTS = {
    "ja": _cjk(0, "JP"),
    "ko": _cjk(1, "KR"),
    "zh": _cjk(2, "SC"),
    "zh-hant": _cjk(3, "TC"),
    "zh-tw": _cjk(3, "TC"),
    "zh-hk": _cjk(4, "HK"),
    "zh-mo": _cjk(4, "HK"),
}
JAPANESE = _CJK_FONTS["ja"]

# In this order: the first that has a character shows it; then one of those above.
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

# What Poppins ExtraBold is known to have: most texts are answered without opening a file.
_PLAIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u0107\u0152\u0153\u0160\u0161\u017d\u017e"
    "\u2013\u2014\u2018-\u201a\u201c-\u201e\u2022\u2026\u20ac\u2122]*"
)

# And what the fonts of _CJK_FONTS are; few builds need it, and it takes long to compile.
_CJK_KNOWN = (
    "[\u3001-\u303f\u3041-\u3096\u3099-\u30ff\u31f0-\u31ff\u3400-\u4db5\u4e00-\u9fef\uac00-\ud7a3"
    "\uf900-\ufa6d\uff01-\uff9f]"
)

_EMOJI = "[\u2190-\u2bff\u3030\u303d\U0001f000-\U0001faff]"
_DRESS = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
_LEFT_OUT = (
    f"(?<={_EMOJI}){_DRESS}(?:\u200d{_EMOJI}{_DRESS})+"  # what is joined to an emoji
    f"|(?<={_EMOJI})[\U0001f3fb-\U0001f3ff]"  # skin tones
    "|[\ufe00-\ufe0f\u20e3]"  # how to show what comes before, and the key around a digit
    "|[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"  # invisible
)
_SAME = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2012": "\u2013", "\u2015": "\u2014"})
_JOINERS = "\u200c\u200d"
_KHMER_AROUND, _KHMER_LEFT = frozenset("\u17be\u17bf\u17c0\u17c4\u17c5"), "\u17c1"  # drawn as it and as themselves
_TAGS = range(0xE0020, 0xE0080)  # letters of the flags of countries within countries
_UNITS = 1000  # text is measured once, this large


def shown(text: str) -> str:
    """Return the text as captions show it: composed letters, plain spaces, no invisible characters, simple emoji."""
    if _PLAIN.fullmatch(text):
        return text
    text = re.sub(_LEFT_OUT, "", normalize("NFC", text)).translate(_SAME)
    spaced = (" " if category(char) in ("Zs", "Zl", "Zp") or char in "\t\r\n" else char for char in text)
    return "".join(char for char in spaced if category(char) not in ("Cc", "Cs", "Co"))


def missing_glyphs(text: str) -> list[str]:
    """Return the characters that none of the fonts has, each once, in the order of the text."""
    if _PLAIN.fullmatch(text):
        return []
    return list(dict.fromkeys(char for char, font in _chosen(shown(text)) if font is None))


def installed() -> list[str]:
    """Return the families of all fonts whose files are there."""
    return [font.family for font in (*FONTS, *_CJK_FONTS.values()) if _is_there(font)]


def cjk_of(language: str) -> Font:
    """Return the font that draws Chinese characters as readers of a language (a tag) know them."""
    tag = language.lower()
    return next((_CJK_FONTS[key] for key in sorted(_CJK_FONTS, key=len, reverse=True) if tag.startswith(key)), JAPANESE)


def cjk_among(families: Collection[str]) -> Font:
    """Return the one that is among the families of a text."""
    return next((font for font in _CJK_FONTS.values() if font.family in families), JAPANESE)


def shipped(family: str) -> Font:
    """Return a font that ships along by its family; raises SetupError, naming those that do."""
    found = next((font for font in FONTS if font.family.lower() == family.lower()), None)
    if found is None:
        known = ", ".join(font.family for font in FONTS if not font.weight)
        raise SetupError(f"no font {family!r} ships along", f"write one of {known}, or the path of a font file")
    return found


def own(path: Path) -> Font:
    """Return a font of the project; raises SetupError, saying why it cannot be used."""
    return _own(str(path), read_regular(path, _MAX_FONT_BYTES))


@lru_cache(maxsize=8)
def _own(path: str, content: bytes) -> Font:
    from io import BytesIO  # noqa: PLC0415

    from fontTools.ttLib import TTFont  # noqa: PLC0415

    fix = "name another font file (.ttf or .otf) whose licence allows that it is embedded"
    try:
        with TTFont(BytesIO(content), lazy=True) as file:
            sizes, units, name = file["OS/2"], file["head"].unitsPerEm, file["name"]
            family = name.getBestFamilyName() if "fvar" in file else name.getDebugName(1)
            characters = file.getBestCmap()
            ascent, descent, rights = sizes.usWinAscent / units, sizes.usWinDescent / units, sizes.fsType
    except Exception as error:  # noqa: BLE001 (a damaged font makes its reader fail in any way)
        raise SetupError(f"{path} cannot be read as a font ({error})", fix) from None
    if not characters or not family:
        raise SetupError(f"{path} has no characters, or no name", fix)
    if rights & _RESTRICTED and not rights & _ALLOWED:
        raise SetupError(f"{path} may not be embedded in a video (OS/2 fsType {rights}: restricted licence)", fix)
    if rights & _BITMAPS_ONLY:
        raise SetupError(f"{path} may be embedded as bitmaps only (OS/2 fsType {rights})", fix)
    return Font(family, _OWN, path, ascent, descent)


def lacking(font: Font, text: str) -> list[str]:
    """Return the characters of a text that a font does not have, each once."""
    return [char for char in dict.fromkeys(shown(text)) if not char.isspace() and not _has(font, char)]


_RESTRICTED, _ALLOWED, _BITMAPS_ONLY = 0x2, 0xC, 0x200
_MAX_FONT_BYTES = 64_000_000  # a font of all Chinese characters has 20 million


def runs(
    text: str, cjk: Font = JAPANESE, first: Font = CAPTION_FONT, case: Case = "as-written", language: str = ""
) -> tuple[Run, ...]:
    """Cut a text into pieces of one font each; characters that no font has are left out (see `missing_glyphs`)."""
    text = cased(text, case, language)
    if first is CAPTION_FONT and _PLAIN.fullmatch(text):
        return (_run(CAPTION_FONT, text),) if text else ()
    pieces: list[tuple[Font, str]] = []
    for char, font in _chosen(shown(text), cjk, first):
        if font is None:
            continue
        if pieces and pieces[-1][0] is font:
            pieces[-1] = (font, pieces[-1][1] + char)
        else:
            pieces.append((font, char))
    return tuple(_run(font, piece) for font, piece in pieces)


def measure(  # noqa: PLR0913, PLR0917 (what is measured, and how it is set)
    text: str,
    size_px: float,
    cjk: Font = JAPANESE,
    first: Font = CAPTION_FONT,
    case: Case = "as-written",
    language: str = "",
) -> float:
    """Return the width of a text in pixels when its em is `size_px`."""
    found = runs(text, cjk, first, case, language)
    return fsum(_width(run.family, run.text, first) for run in found) * size_px / _UNITS


@cache  # the same functions for the same font: captions that are set once are known by them
def typeset(
    cjk: Font, first: Font = CAPTION_FONT, case: Case = "as-written", language: str = ""
) -> tuple[Callable[[str, float], float], Callable[[str], tuple[Run, ...]]]:
    """Return `measure` and `runs` for an episode, by the font that `cjk_among` found for it, and by its own choice."""
    measured = partial(measure, cjk=cjk, first=first, case=case, language=language)
    return measured, partial(runs, cjk=cjk, first=first, case=case, language=language)


def font_digests(text: str, language: str = "", *chosen: str) -> Mapping[str, str]:
    """Return family -> sha256 of the file, for the fonts that this text is shown in: what a key needs to know."""
    needed = [*_fonts_of(text, cjk_of(language)), *map(shipped, chosen)]
    return MappingProxyType({font.family: _digest(font) for font in needed})


def fonts_dir(cache: Path, text: str, cjk: Font = JAPANESE, first: Font = CAPTION_FONT) -> Path:
    """Return a folder with the fonts that this text is shown in, and nothing else, for libass.

    It is made once, under a name that says what is in it, and appears whole.
    """
    import os  # noqa: PLC0415
    import shutil  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    needed = _fonts_of(text, cjk, first)
    cut_out = {font: "".join(sorted(_characters_in(font, text, cjk, first))) for font in needed if font.weight}
    parts = " ".join([*map(_digest, needed), *cut_out.values()])
    folder = cache / f"fonts-{digest_of(parts.encode())[:16]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(dir=cache, prefix=".fonts-")
        for font in needed:
            with open(os.path.join(made, font.name), "wb") as file:  # noqa: PTH118, PTH123
                file.write(_cut_out(font, cut_out[font]) if font.weight else _content(font))
        try:
            os.rename(made, folder)  # noqa: PTH104
        except OSError:  # somebody else was faster
            shutil.rmtree(made)
    return folder


def _run(font: Font, text: str) -> Run:
    return Run(font.family, text, font.ascent, font.descent)


def _characters_in(font: Font, text: str, cjk: Font, first: Font) -> set[str]:
    """Return the characters of a text that are drawn with a font, and those that they are taken apart into for it.

    A Thai or a Sinhala vowel that stands around its letter is drawn as two: with one of them missing in the font, there
    is a hole in the word.
    """
    drawn = {char for run in runs(f"{text}x", cjk, first) if run.family == font.family for char in run.text}
    parts = {part for char in drawn for part in normalize("NFKD", char)}
    return drawn | parts | ({_KHMER_LEFT} if drawn & _KHMER_AROUND else set())


def _cut_out(font: Font, characters: str) -> bytes:
    """Return a font of these characters alone, in one weight; the same bytes for the same characters."""
    from io import BytesIO  # noqa: PLC0415

    from fontTools.subset import Options, Subsetter  # noqa: PLC0415
    from fontTools.ttLib import TTFont  # noqa: PLC0415
    from fontTools.varLib.instancer import instantiateVariableFont  # noqa: PLC0415

    options = Options()
    options.notdef_outline = True
    options.name_IDs = [1, 2]
    options.drop_tables += ["BASE", "MVAR", "STAT", "VORG", "VVAR", "vhea", "vmtx"]  # for other settings than ours
    if font in _CJK_FONTS.values():
        options.drop_tables += ["GDEF", "GPOS", "GSUB", "HVAR"]  # it takes half as long: these characters stand apart,
        # and are as wide in every weight
    with TTFont(_path(font), fontNumber=font.face, lazy=True, recalcTimestamp=False) as file:
        chosen = Subsetter(options)
        chosen.populate(text=characters)
        chosen.subset(file)
        file.save(part := BytesIO())
    part.seek(0)
    with TTFont(part, recalcTimestamp=False) as file:
        weight, *others = file["fvar"].axes
        limits = {axis.axisTag: axis.defaultValue for axis in others}
        instantiateVariableFont(file, {"wght": min(font.weight, weight.maxValue), **limits}, inplace=True)
        file.save(made := BytesIO())
    return made.getvalue()


def _chosen(text: str, cjk: Font = JAPANESE, first: Font = CAPTION_FONT) -> list[tuple[str, Font | None]]:
    """Return each character with the font that shows it.

    A letter that only a fallback has takes the rest of its word with it, as far as that font has it: two fonts in a
    word look like a mistake. Marks and joiners stay with what they belong to.
    """
    chosen: list[tuple[str, Font | None]] = []
    for word in re.findall(r"\s+|\S+", text):
        fonts = [_font_of(char, cjk, first) for char in word]
        for font in FONTS[1:] if first is CAPTION_FONT else FONTS:
            if any(f is font and char.isalpha() for char, f in zip(word, fonts, strict=True)):
                fonts = [font if _has(font, char) else f for char, f in zip(word, fonts, strict=True)]
        for i, char in enumerate(word):
            before = fonts[i - 1] if i else None
            belongs = char in _JOINERS or ord(char) in _TAGS or category(char).startswith("M")
            if belongs and before is not None and _has(before, char):
                fonts[i] = before
        chosen += zip(word, fonts, strict=True)
    return chosen


def _font_of(char: str, cjk: Font, first: Font) -> Font | None:
    if first is not CAPTION_FONT and _has(first, char):
        return first
    if _PLAIN.fullmatch(char):
        return CAPTION_FONT
    if re.fullmatch(_CJK_KNOWN, char):
        return cjk
    return next((font for font in (*FONTS, cjk) if _has(font, char)), None)


def _has(font: Font, char: str) -> bool:
    if font is CAPTION_FONT and _PLAIN.fullmatch(char):
        return True
    return ord(char) in _characters(font)


def _fonts_of(text: str, cjk: Font, first: Font = CAPTION_FONT) -> list[Font]:
    """Return the fonts that a text is shown in, always with the captions' own."""
    families = {first.family, *(run.family for run in runs(text, cjk, first))}
    return [first] * (first not in FONTS) + [
        font for font in (*FONTS, cjk) if font.family in families and (font is first or font.family != first.family)
    ]


@cache
def _path(font: Font) -> Path:
    """Return where a font's file is; raises SetupError when its wheel is not installed."""
    from importlib.util import find_spec  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    if font.package == _OWN:
        return Path(font.file)
    spec = find_spec(font.package)
    path = Path(spec.origin).parent / font.file if spec and spec.origin else None
    if path is None or not path.is_file():
        name = font.package.replace("_", "-")
        raise SetupError(f"the font {font.family} is not installed", f"type `uv sync`, or `pip install {name}`")
    return path


def _is_there(font: Font) -> bool:
    try:
        return bool(_path(font))
    except SetupError:
        return False


@cache
def _content(font: Font) -> bytes:
    return _path(font).read_bytes()


@cache
def _digest(font: Font) -> str:
    return digest_of(_content(font) + (f" {font.weight} {_CUT}".encode() if font.weight else b""))


@cache
def _characters(font: Font) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    with TTFont(_path(font), fontNumber=font.face, lazy=True) as file:
        return frozenset(file.getBestCmap())


@lru_cache(maxsize=256)
def opened(family: str, size: int = _UNITS, first: Font = CAPTION_FONT) -> FreeTypeFont:
    """Return the font of a family, in the size in which text is measured or in another."""
    from PIL import ImageFont  # noqa: PLC0415

    font = next(font for font in (first, *FONTS, *_CJK_FONTS.values()) if font.family == family)
    found = ImageFont.truetype(_path(font), size, index=font.face)
    if font.weight:
        found.set_variation_by_axes([font.weight])
    return found


@lru_cache(maxsize=4096)
def _width(family: str, text: str, first: Font = CAPTION_FONT) -> float:
    return opened(family, _UNITS, first).getlength(text)
