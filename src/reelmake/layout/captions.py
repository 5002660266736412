"""Words on the picture: where each one is and how it looks, as subtitles of one line or of an episode.

`cues` has decided which words are on the screen together; a style turns a cue into events of an ASS subtitle; `ass`,
`srt` and `vtt` write whole documents.

Every word is placed by itself, so that a word that grows while it is spoken moves none of its neighbours. To add a
style, write a function like `plain` and put it into `STYLES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, fsum
from types import MappingProxyType

from reelmake.layout.cues import MOST_WORDS, Cue, cues, lit_frame
from reelmake.layout.frame import BASE_HEIGHT, SAFE_BOTTOM, SAFE_TOP, Box, Layout
from reelmake.layout.timeline import Word
from reelmake.layout.words import RIGHT_MARK, Way, gaps, joined, marks, parts, visual

_OUTLINE = 0.09  # of the letters' size, as all the following ones
_PITCH = 1.24  # from a baseline to the next
_RISE = 0.33  # from the middle of a row down to its baseline
_EXTRA_SPACE = 0.14  # between words, because outlines and growing take some of the space
_POP_PERCENT = 5.0  # how much a word grows while it is spoken ...
_POP_MOST = 0.1  # ... but it never gets wider by more than this, or it would run into the next one
_POP_MS = 90
_CAPITAL = 0.95  # from the baseline up to the accent of a capital
_ROW_HEIGHT = 1.24  # of a row alone, without outlines
_SPRING_FROM, _SPRING_TO = 60, 112  # percent: how large a word springs in, and how far beyond its size
_BOX_SIDE, _BOX_TOP = 0.34, 0.14  # from the words to the edges of their box
_BOX_RADIUS = 0.3
_ARC = 0.5523  # how far the handles of a quarter of a circle are, in radii
_WHITE, _DARK = "#FFFFFF", "#101018"


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
class Look:
    """What an author has chosen; what is None or empty is the style's own. Colours are `#RRGGBB`, or `speaker`.

    words           how many are shown together
    outline         the width of outlines, of the letters' size
    active_scale    how much larger the word is that is being spoken
    box_word        whether the box is behind that word only
    emphasis_scale  how much larger words are that are emphasised
    """

    words: int | None = None
    color: str = ""
    active_color: str = ""
    active_scale: float | None = None
    outline: float | None = None
    outline_color: str = "#0E0E16"
    box_color: str = ""
    box_opacity: float = 0.85
    box_word: bool = False
    emphasis_color: str = ""
    emphasis_scale: float = 1.15


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
    max_height           how high they may be, in pixels; 0 when two rows are known to fit
    look                 what the author has chosen
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
    max_height: float = 0.0
    look: Look = Look()

    @property
    def outline(self) -> float:
        """The width of outlines, of the letters' size."""
        own = 0.0 if self.style == "box" and not self.look.box_word else _OUTLINE
        return own if self.look.outline is None else self.look.outline

    @property
    def grown(self) -> float:
        """How much wider a word may get while it is spoken, of the letters' size."""
        return max(_POP_MOST, 2 * ((self.look.active_scale or 1.0) - 1))

    @property
    def extra_space(self) -> float:
        """How much wider a space is than in the font, of the letters' size."""
        boxed = _BOX_SIDE if self.style == "box" and self.look.box_word else 0.0
        return _EXTRA_SPACE + self.grown - _POP_MOST + 2 * max(0.0, self.outline - _OUTLINE) + boxed

    def fitted(self) -> Setting:
        """Return this setting with letters so small that a row of them, also of emphasised ones, fits."""
        if not self.max_height:
            return self
        emphasised = 2 * ((_CAPITAL + self.outline) * self.look.emphasis_scale - _RISE)  # they rise from one baseline
        return replace(self, font_px=int(min(self.font_px * min(1.0, self.scale_of(1)), self.max_height / emphasised)))

    def scale_of(self, rows: int) -> float:
        """Return how many times as large letters may be for so many rows to be as high as there is room for."""
        if not self.max_height:
            return 2.0
        high = (rows - 1) * _PITCH + _ROW_HEIGHT + 2 * max(self.outline, _BOX_TOP if self.style == "box" else 0.0)
        return self.max_height / (high * self.font_px)


_ROOM = 2.9  # the height of two rows with all that is around them, of the letters' size


def room_for(where: Layout, position: str | float, font_px: float) -> Box:
    """Return where captions go that an author has placed: always in the safe area, and so above all faces.

    `position` is the layout's (`auto`), an edge or the middle of the safe area, or where the middle of the captions is
    in the video's height.
    """
    if position == "auto":
        return where.captions
    down = where.height / BASE_HEIGHT
    top, bottom = ceil(SAFE_TOP * down), int(SAFE_BOTTOM * down)
    high = min(bottom - top, round(_ROOM * font_px))
    if isinstance(position, str):
        y = {"top": top, "middle": (top + bottom - high) // 2, "bottom": bottom - high}[position]
    else:
        middle = min(max(round(position * where.height), top + 1), bottom - 1)
        high = min(high, 2 * (middle - top), 2 * (bottom - middle))
        y = middle - high // 2
    return Box(where.captions.x, y, where.captions.width, high)


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
    strong: bool = False


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
        sizes = [px * setting.look.emphasis_scale if piece.word.strong else px for piece in pieces]
        widths = [_width(piece.text, size, setting) for piece, size in zip(pieces, sizes, strict=True)]
        x = setting.center_x - fsum([*widths, *between]) / 2
        places: dict[int, Placed] = {}
        for at, gap in zip(order, between, strict=True):
            runs = tuple(setting.runs(pieces[at].text))
            x += gap
            if runs:
                # libass centres the box from the highest ascent to the lowest descent: we mean the baseline
                middle = max(run.ascent for run in runs) - max(run.descent for run in runs)
                y = baseline - middle / 2 * sizes[at]
                word = pieces[at].word
                lit = lit_frame(word, setting.fps)
                places[at] = Placed(runs, x + widths[at] / 2, y, widths[at], sizes[at], lit, around[at], word.strong)
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
    return setting.measure(text, px) + text.count(" ") * setting.extra_space * px


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
    look = setting.look
    for word, lit, following in _lit(cue, setting):
        at, text = f"\\pos({word.x:.1f},{word.y:.1f})", _tagged(word, setting)
        waiting, spoken = _colors(word, color, look)
        if lit > cue.start_frame:
            before = f"\\1c{_ass_color(waiting)}" if waiting != _WHITE else ""
            yield Event(cue.start_frame, lit, 0, f"{{{at}{before}}}{text}")
        most = 100 * ((look.active_scale or 1.0) - 1) if look.active_scale else _POP_PERCENT
        percent = round(100 + min(most, 100 * setting.grown * word.px / max(word.width, 1.0)), 2)
        sizes = [(0, percent)]
        if following is not None:
            sizes.append((max(_POP_MS, round((following - lit) * 1000 / setting.fps)), 100))
        moves = tuple((start, start + _POP_MS) for start, _ in sizes)
        grown = "".join(
            f"\\t({start},{end},\\fscx{size:g}\\fscy{size:g})"
            for (start, end), (_, size) in zip(moves, sizes, strict=True)
        )
        yield Event(lit, cue.end_frame, 1, f"{{{at}\\1c{_ass_color(spoken)}{grown}}}{text}", moves)


def plain(cue: Cue, color: str, setting: Setting) -> Iterator[Event]:
    """Show words in the speaker's colour, all of a cue at once."""
    look = setting.look
    usual = _of_speaker(look.color, color) or color
    strong = _of_speaker(look.emphasis_color, color) or (_WHITE if usual == color else color)
    for row in _place(cue, setting):
        for word in row:
            head = f"{{\\pos({word.x:.1f},{word.y:.1f})\\1c{_ass_color(strong if word.strong else usual)}}}"
            yield Event(cue.start_frame, cue.end_frame, 0, head + _tagged(word, setting))


def pop(cue: Cue, color: str, setting: Setting) -> Iterator[Event]:
    """Let each word spring in when it is spoken, in the speaker's colour until the next one is."""
    for word, lit, following in _lit(cue, setting):
        at, text = f"\\pos({word.x:.1f},{word.y:.1f})", _tagged(word, setting)
        waiting, spoken = _colors(word, color, setting.look)
        beyond = round(min(_SPRING_TO, 100 + 100 * setting.grown * word.px / max(word.width, 1.0)), 2)
        spring = f"\\fscx{_SPRING_FROM}\\fscy{_SPRING_FROM}\\t(0,{_POP_MS},\\fscx{beyond:g}\\fscy{beyond:g})"
        spring += f"\\t({_POP_MS},{2 * _POP_MS},\\fscx100\\fscy100)"
        until = cue.end_frame if following is None else following
        head = f"{{{at}\\1c{_ass_color(spoken)}{spring}}}"
        yield Event(lit, until, 1, head + text, ((0, 2 * _POP_MS),))
        if until < cue.end_frame:
            yield Event(until, cue.end_frame, 0, f"{{{at}\\1c{_ass_color(waiting)}}}{text}")


def box(cue: Cue, color: str, setting: Setting) -> Iterator[Event]:
    """Show words on a rounded box, or with one behind the word that is being spoken."""
    look = setting.look
    if not look.box_word:
        words = [word for row in _place(cue, setting) for word in row]
        yield _boxed(words, cue, setting, (cue.start_frame, cue.end_frame), _of_speaker(look.box_color, color) or _DARK)
        for event in karaoke(cue, color, setting):
            yield replace(event, layer=event.layer + 1)
        return
    ground = _of_speaker(look.box_color, color) or color
    for word, lit, following in _lit(cue, setting):
        at, text = f"\\pos({word.x:.1f},{word.y:.1f})", _tagged(word, setting)
        waiting, _ = _colors(word, color, look)
        spoken = _of_speaker(look.active_color, color) or (_DARK if _is_light(ground) else _WHITE)
        until = cue.end_frame if following is None else following
        plain = f"{{{at}\\1c{_ass_color(waiting)}}}{text}"
        if lit > cue.start_frame:
            yield Event(cue.start_frame, lit, 1, plain)
        yield _boxed([word], cue, setting, (lit, until), ground)
        yield Event(lit, until, 2, f"{{{at}\\bord0\\1c{_ass_color(spoken)}}}{_tagged(word, setting, is_bare=True)}")
        if until < cue.end_frame:
            yield Event(until, cue.end_frame, 1, plain)


Style = Callable[[Cue, str, Setting], Iterator[Event]]

STYLES: Mapping[str, Style] = MappingProxyType(
    {"karaoke": karaoke, "box": box, "pop": pop, "lines": plain, "plain": plain}
)
_MOST_WORDS: Mapping[str, int] = MappingProxyType({"pop": 3, "box": 5})


def _lit(cue: Cue, setting: Setting) -> Iterator[tuple[Placed, int, int | None]]:
    """Yield the words of a cue, when each lights up, and when the next one does, if there is one."""
    words = [word for row in _place(cue, setting) for word in row]
    lights = sorted(word.lit_frame for word in words)
    for word in words:
        lit = min(max(word.lit_frame, cue.start_frame), cue.end_frame - 1)
        following = next((frame for frame in lights if frame > lit), None)
        yield word, lit, following


def _colors(word: Placed, color: str, look: Look) -> tuple[str, str]:
    """Return the colours of a word while it waits, or has been spoken, and while it is spoken."""
    spoken = _of_speaker(look.active_color, color) or color
    waiting = _of_speaker(look.color, color) or _WHITE
    if word.strong:
        waiting = _of_speaker(look.emphasis_color, color) or (_WHITE if waiting == color else color)
        spoken = waiting if look.emphasis_color else spoken
    return waiting, spoken


def _of_speaker(chosen: str, color: str) -> str:
    return color if chosen == "speaker" else chosen


def _is_light(color: str) -> bool:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return 299 * red + 587 * green + 114 * blue > 128_000  # noqa: PLR2004 (the middle of the eye's weights)


def _boxed(words: Sequence[Placed], cue: Cue, setting: Setting, frames: tuple[int, int], color: str) -> Event:
    """Draw a rounded box behind words that are placed: as high as their rows, as wide as the longest."""
    px = setting.font_px * cue.scale
    rows = [_middle(word) for word in words]
    side = (_BOX_SIDE / 2 if setting.look.box_word else _BOX_SIDE) * px
    left, right = (
        min(word.x - word.width / 2 for word in words) - side,
        max(word.x + word.width / 2 for word in words) + side,
    )
    half = (_ROW_HEIGHT / 2 + (0.0 if setting.look.box_word else _BOX_TOP)) * px
    top, bottom = min(rows) - half, max(rows) + half
    width, height = round(right - left), round(bottom - top)
    radius = round(_BOX_RADIUS * px)
    alpha = 0 if setting.look.box_word else round(255 * (1 - setting.look.box_opacity))
    tags = f"\\an7\\pos({left:.1f},{top:.1f})\\bord0\\1c{_ass_color(color)}\\1a&H{alpha:02X}&\\p1"
    return Event(*frames, 0, f"{{{tags}}}{_rounded(width, height, min(radius, width // 2, height // 2))}")


def _middle(word: Placed) -> float:
    """Return the middle of the row that a word stands in: `_place` says how far it is from its baseline."""
    middle = max(run.ascent for run in word.runs) - max(run.descent for run in word.runs)
    return word.y + middle / 2 * word.px - _RISE * word.px


def _rounded(width: int, height: int, radius: int) -> str:
    """Return the path of a rectangle with round corners."""
    near = round(radius * (1 - _ARC))
    far_x, far_y = width - near, height - near
    return (
        f"m {radius} 0 l {width - radius} 0 b {far_x} 0 {width} {near} {width} {radius} "
        f"l {width} {height - radius} b {width} {far_y} {far_x} {height} {width - radius} {height} "
        f"l {radius} {height} b {near} {height} 0 {far_y} 0 {height - radius} "
        f"l 0 {radius} b 0 {near} {near} 0 {radius} 0"
    )


def _ass_color(color: str) -> str:
    """Turn `#RRGGBB` into what ASS wants, which has blue first."""
    return f"&H{color[5:7]}{color[3:5]}{color[1:3]}&".upper()


def _tagged(word: Placed, setting: Setting, *, is_bare: bool = False) -> str:
    """Return the text of a word, with tags where its font is not the usual one in the usual size.

    A bare one has no outline.
    """
    usual = setting.runs("x")[0]
    space = f"{{\\fsp{setting.extra_space * word.px:.1f}}} {{\\fsp0}}"
    texts = [_escaped(run.text).replace(" ", space) for run in word.runs]
    before, after = word.marks
    if word.px == setting.font_px and all(run.family == usual.family for run in word.runs):
        return f"{before}{''.join(texts)}{after}"
    outline = f"\\bord{setting.outline * word.px:.2f}" if word.px != setting.font_px and not is_bare else ""
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
    sides = 2 * max(setting.outline, _BOX_SIDE if setting.style == "box" else 0.0)
    emphasis = setting.look.emphasis_scale
    larger = emphasis if any(word.strong for word in words) else 1.0
    room = setting.max_width - (sides + setting.grown) * setting.font_px * larger
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
        most_words=setting.look.words or _MOST_WORDS.get(setting.style, MOST_WORDS),
        two_rows=setting.scale_of(2) / larger,
        emphasis=emphasis,
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
Style: Caption,{family},{size:g},&H00FFFFFF,&H000000FF,&H00{edge},&H00000000,0,0,0,0,100,100,0,0,1,{outline:g},\
0,5,0,0,0,-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""  # no shadow: it would cost half as much again as all the rest of the text, and the plate has a shade;
# 5 is the middle, and -1 lets the text itself say in which direction it is read


def ass(lines: Sequence[Line], setting: Setting) -> str:
    """Return an ASS document of these lines; for one segment give a single line whose `start_frame` is 0."""
    usual = setting.runs("x")[0]
    edge = _ass_color(setting.look.outline_color)[2:-1]
    head = _ASS.format(
        width=setting.width,
        height=setting.height,
        family=usual.family,
        size=_libass_size(usual, setting.font_px),
        outline=round(setting.outline * setting.font_px, 2),
        edge=edge,
    )
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
