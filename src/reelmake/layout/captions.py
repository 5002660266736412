"""Words on the picture: where each one is and how it looks, as subtitles of one line or of an episode.

`cues` has decided which words are on the screen together; a style turns a cue into events of an ASS subtitle; `ass`,
`srt` and `vtt` write whole documents.

Every word is placed by itself, so that a word that grows while it is spoken moves none of its neighbours. To add a
style, write a function like `plain` and put it into `STYLES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum
from types import MappingProxyType

from reelmake.layout.cues import Cue, cues, lit_frame
from reelmake.layout.timeline import Word
from reelmake.layout.words import RIGHT_MARK, Way, gaps, joined, marks, parts, visual

_OUTLINE = 0.09  # of the letters' size, as all the following ones
_PITCH = 1.24  # from a baseline to the next
_RISE = 0.33  # from the middle of a row down to its baseline
_EXTRA_SPACE = 0.14  # between words, because outlines and growing take some of the space
_POP_PERCENT = 5.0  # how much a word grows while it is spoken ...
_POP_MOST = 0.1  # ... but it never gets wider by more than this, or it would run into the next one
_POP_MS = 90


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one font; `ascent` and `descent` are those by which libass scales it, in ems."""

    family: str
    text: str
    ascent: float
    descent: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line as captions see it: its words, its place on the timeline, and the colour of who speaks (`#RRGGBB`)."""

    words: tuple[Word, ...]
    start_frame: int
    frames: int
    color: str


@dataclass(frozen=True, slots=True)
class Setting:
    """How captions are set.

    width, height        of the video in pixels
    center_x, center_y   the middle of the captions
    max_width            how wide a row may be, in pixels
    font_px              the size of the letters (their em)
    style                a name from `STYLES`
    measure              (text, size in pixels) -> width in pixels
    runs                 text -> the fonts it needs, in the order in which it is read
    from_right           whether the language is written from right to left
    language             its tag, as far as it is known: words that are too wide are broken by its dictionary
    """

    width: int
    height: int
    center_x: int
    center_y: int
    max_width: int
    font_px: int
    fps: int
    style: str
    measure: Callable[[str, float], float]
    runs: Callable[[str], Sequence[Run]]
    from_right: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A word, or a piece of one, with the middle of its place, and the frame (of its line) at which it lights up.

    `marks` are invisible, before and after it: see `direction`.
    """

    runs: tuple[Run, ...]
    x: float
    y: float
    width: float
    px: float
    lit_frame: int
    marks: tuple[str, str]


def _place(cue: Cue, setting: Setting) -> list[list[Placed]]:
    """Return the rows of a cue, centred, with every word at its place, which `direction` says; in the order spoken."""
    px = setting.font_px * cue.scale
    space = _width(" ", px, setting)
    placed = []
    rows = cue.drawn()
    for number, row in enumerate(rows):
        baseline = setting.center_y + (number - (len(rows) - 1) / 2) * _PITCH * px + _RISE * px
        pieces = _pieces(cue, row, space)
        ways = [piece.way for piece in pieces]
        around = marks(ways, from_right=cue.from_right)
        order = visual(ways, from_right=cue.from_right)
        between = gaps(order, ways, [piece.space for piece in pieces])
        widths = [_width(piece.text, px, setting) for piece in pieces]
        x = setting.center_x - fsum([*widths, *between]) / 2
        places: dict[int, Placed] = {}
        for at, gap in zip(order, between, strict=True):
            runs = tuple(setting.runs(pieces[at].text))
            x += gap
            if runs:
                # libass centres the box from the highest ascent to the lowest descent: we mean the baseline
                middle = max(run.ascent for run in runs) - max(run.descent for run in runs)
                y = baseline - middle / 2 * px
                lit = lit_frame(pieces[at].word, setting.fps)
                places[at] = Placed(runs, x + widths[at] / 2, y, widths[at], px, lit, around[at])
            x += widths[at]
        placed.append([places[at] for at in sorted(places)])
    return placed


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is drawn as one: a word, or what is before or after it; `space` is that before it, in pixels."""

    word: Word
    text: str
    way: Way
    space: float


def _pieces(cue: Cue, row: Sequence[tuple[Word, str]], space: float) -> list[_Piece]:
    """Return the pieces of a row, in the order in which they are read."""
    texts = parts([text for _, text in row], [cue.ways[word] for word, _ in row], from_right=cue.from_right)
    return [
        _Piece(word, text, way, 0.0 if at or word.glued else space)
        for (word, _), cut in zip(row, texts, strict=True)
        for at, (text, way) in enumerate(cut)
    ]


def _width(text: str, px: float, setting: Setting) -> float:
    """Return how wide a text is; a space, in a word too, is wider than in the font."""
    return setting.measure(text, px) + text.count(" ") * _EXTRA_SPACE * px


@dataclass(frozen=True, slots=True)
class Event:
    """Text with tags on screen, from one frame of its line up to another; a higher layer is drawn over a lower one.

    `moves_ms` are the times during which it moves: (from, to) in milliseconds after its start.
    """

    start_frame: int
    end_frame: int
    layer: int
    text: str
    moves_ms: tuple[tuple[int, int], ...] = ()


def karaoke(cue: Cue, color: str, setting: Setting) -> Iterator[Event]:
    """Show words in white; each takes the speaker's colour when it is spoken, and is larger until the next one is."""
    words = [word for row in _place(cue, setting) for word in row]
    lights = sorted(word.lit_frame for word in words)
    for word in words:
        at, text = f"\\pos({word.x:.1f},{word.y:.1f})", _tagged(word, setting)
        lit = min(max(word.lit_frame, cue.start_frame), cue.end_frame - 1)
        if lit > cue.start_frame:
            yield Event(cue.start_frame, lit, 0, f"{{{at}}}{text}")
        percent = round(100 + min(_POP_PERCENT, 100 * _POP_MOST * word.px / max(word.width, 1.0)), 2)
        sizes = [(0, percent)]
        if following := [frame for frame in lights if frame > lit]:
            sizes.append((max(_POP_MS, round((following[0] - lit) * 1000 / setting.fps)), 100))
        moves = tuple((start, start + _POP_MS) for start, _ in sizes)
        grown = "".join(
            f"\\t({start},{end},\\fscx{size:g}\\fscy{size:g})"
            for (start, end), (_, size) in zip(moves, sizes, strict=True)
        )
        yield Event(lit, cue.end_frame, 1, f"{{{at}\\1c{_ass_color(color)}{grown}}}{text}", moves)


def plain(cue: Cue, color: str, setting: Setting) -> Iterator[Event]:
    """Show words in the speaker's colour, all of a cue at once."""
    for row in _place(cue, setting):
        for word in row:
            head = f"{{\\pos({word.x:.1f},{word.y:.1f})\\1c{_ass_color(color)}}}"
            yield Event(cue.start_frame, cue.end_frame, 0, head + _tagged(word, setting))


Style = Callable[[Cue, str, Setting], Iterator[Event]]

STYLES: Mapping[str, Style] = MappingProxyType({"karaoke": karaoke, "plain": plain})


def _ass_color(color: str) -> str:
    """Turn `#RRGGBB` into what ASS wants, which has blue first."""
    return f"&H{color[5:7]}{color[3:5]}{color[1:3]}&".upper()


def _tagged(word: Placed, setting: Setting) -> str:
    """Return the text of a word, with tags where its font is not the usual one in the usual size."""
    usual = setting.runs("x")[0]
    space = f"{{\\fsp{_EXTRA_SPACE * word.px:.1f}}} {{\\fsp0}}"
    texts = [_escaped(run.text).replace(" ", space) for run in word.runs]
    before, after = word.marks
    if word.px == setting.font_px and all(run.family == usual.family for run in word.runs):
        return f"{before}{''.join(texts)}{after}"
    outline = f"\\bord{_OUTLINE * word.px:.2f}" if word.px != setting.font_px else ""
    fonts = (
        f"{{\\fn{run.family}\\fs{_libass_size(run, word.px)}{outline}}}{text}"
        for run, text in zip(word.runs, texts, strict=True)
    )
    return f"{before}{''.join(fonts)}{after}"


def _libass_size(run: Run, px: float) -> float:
    """Return the size to ask libass for: it takes it for ascent and descent together, where we mean the em."""
    return round(px * (run.ascent + run.descent), 2)


def _escaped(text: str) -> str:
    """Return author's text that libass shows as it is: braces escaped, backslashes parted from what follows them."""
    text = re.sub(r"\s+", " ", text).replace("\\", "\\\u2060")
    return text.replace("{", "\\{").replace("}", "\\}")


@lru_cache(maxsize=1024)  # every line is looked up for its segment, and for each format of the subtitles
def _cut(words: tuple[Word, ...], frames: int, setting: Setting) -> list[Cue]:
    """Return the cues of a line in the captions' size, with room for the outline and for a word that grows."""
    room = setting.max_width - (2 * _OUTLINE + _POP_MOST) * setting.font_px
    words = tuple(word for word in words if word.text.strip())

    def measure(text: str) -> float:
        return _width(text, setting.font_px, setting)

    if not words:
        return []
    return cues(
        words,
        measure,
        room,
        frames=frames,
        fps=setting.fps,
        from_right=setting.from_right,
        language=setting.language,
    )


_ASS = """\
[Script Info]
Title: captions
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: TV.709

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Caption,{family},{size:g},&H00FFFFFF,&H000000FF,&H00160E0E,&H00000000,0,0,0,0,100,100,0,0,1,{outline:g},\
0,5,0,0,0,-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""  # no shadow: it would cost half as much again as all the rest of the text, and the plate has a shade;
# 5 is the middle, and -1 lets the text itself say in which direction it is read


def ass(lines: Sequence[Line], setting: Setting) -> str:
    """Return an ASS document of these lines; for one segment give a single line whose `start_frame` is 0."""
    usual = setting.runs("x")[0]
    size, outline = _libass_size(usual, setting.font_px), round(_OUTLINE * setting.font_px, 2)
    head = _ASS.format(width=setting.width, height=setting.height, family=usual.family, size=size, outline=outline)
    return head + "".join(_dialogue(event, line, setting) for line in lines for event in _events(line, setting))


def _dialogue(event: Event, line: Line, setting: Setting) -> str:
    start, end = (
        _ass_clock(_before(line.start_frame + frame, setting.fps)) for frame in (event.start_frame, event.end_frame)
    )
    return f"Dialogue: {event.layer},{start},{end},Caption,,0,0,0,,{event.text}\n"


def changes(line: Line, setting: Setting) -> list[int]:
    """Return the frames of a line in which its captions look different from the frame before: 0, and some more.

    A frame more may be named than are different, none less: times in ASS are rounded.
    """
    changed = {0}
    for event in _events(line, setting):
        changed |= {event.start_frame, event.end_frame}
        start_ms = _before(event.start_frame, setting.fps)
        for first_ms, last_ms in event.moves_ms:
            first, last = ((start_ms + ms) * setting.fps // 1000 for ms in (first_ms, last_ms))
            changed |= set(range(first, min(last + 1, event.end_frame) + 1))
    return sorted(frame for frame in changed if frame < line.frames)


def _events(line: Line, setting: Setting) -> Sequence[Event]:
    """Return all events of a line, from its start."""
    return _drawn(line.words, line.frames, line.color, setting)


@lru_cache(maxsize=1024)  # a line is looked up for its segment, when it changes, and for the file of the episode
def _drawn(words: tuple[Word, ...], frames: int, color: str, setting: Setting) -> Sequence[Event]:
    return [event for cue in _cut(words, frames, setting) for event in STYLES[setting.style](cue, color, setting)]


def _before(frame: int, fps: int) -> int:
    """Return milliseconds half a frame before a frame: ASS keeps hundredths, and their rounding must decide nothing."""
    return max(0, round((frame - 0.5) / fps * 100) * 10)


def _ass_clock(ms: int) -> str:
    """Return a time as `H:MM:SS.cc`."""
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms // 10 % 100:02}"


def srt(lines: Sequence[Line], setting: Setting) -> str:
    """Return the cues as SubRip text. It has no escapes: what looks like a tag is parted by an invisible character."""
    blocks = []
    for number, (cue, offset) in enumerate(_all_cues(lines, setting), 1):
        rows = (_mark(cue) + joined(row) for row in cue.rows)
        text = "\n".join(re.sub(r"(?<=[<{])(?=[\\/!A-Za-z])", "\u2060", _one_line(row)) for row in rows)
        start, end = (_clock(offset + frame, setting.fps, ",") for frame in (cue.start_frame, cue.end_frame))
        blocks.append(f"{number}\n{start} --> {end}\n{text}\n")
    return "\n".join(blocks)


def vtt(lines: Sequence[Line], setting: Setting) -> str:
    """Return the cues as WebVTT, with the time at which each word is spoken."""
    blocks = ["WEBVTT\n"]
    for number, (cue, offset) in enumerate(_all_cues(lines, setting), 1):
        start, end = (_clock(offset + frame, setting.fps, ".") for frame in (cue.start_frame, cue.end_frame))
        rows = []
        for row in cue.rows:
            words: list[str] = []
            for word in row:
                lit = lit_frame(word, setting.fps)
                mark = f"<{_clock(offset + lit, setting.fps, '.')}>" if cue.start_frame < lit < cue.end_frame else ""
                text = _one_line(word.text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                words.append(f"{'' if word.glued or not words else ' '}{mark}{text}")
            rows.append(_mark(cue) + "".join(words))
        blocks.append(f"{number}\n{start} --> {end}\n" + "\n".join(rows) + "\n")
    return "\n".join(blocks)


def _all_cues(lines: Sequence[Line], setting: Setting) -> Iterator[tuple[Cue, int]]:
    """Return every cue with the frame at which its line starts."""
    for line in lines:
        for cue in _cut(line.words, line.frames, setting):
            yield cue, line.start_frame


def _mark(cue: Cue) -> str:
    """Return what tells a player from where a row is read, also one that begins with a foreign name."""
    return RIGHT_MARK if cue.from_right else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _clock(frame: int, fps: int, point: str) -> str:
    """Return a frame's time as `HH:MM:SS.mmm`, with the given sign before the milliseconds."""
    ms = (frame * 1000 + fps // 2) // fps
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"
