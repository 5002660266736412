"""Making pictures: the background once, a segment for each line, and the whole episode."""

from __future__ import annotations

import html
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reelmake.core.errors import MediaError
from reelmake.layout.frame import Box
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import Frame, Layer, Shot, join_args, normalise_args, segment_args
from reelmake.media.mp4 import read_track
from reelmake.media.probe import look

_FONTS_CONF = "<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>"


def normalise(source: Path, out: Path, frame: Frame, ffmpeg: Ffmpeg) -> int:
    """Make a background of a video or picture, and return how many frames its loop has (1 for a picture).

    Raises MediaError when the file has no pictures, or they cannot be decoded.
    """
    looks = look(source, ffmpeg).looks
    if looks is None:
        raise MediaError(f"{source} has no pictures", "name a video or a picture under background:")
    ffmpeg.run(normalise_args(str(source), looks, frame, str(out)), doing=f"preparing the background {source}")
    return read_track(out).frames


@dataclass(frozen=True, slots=True)
class Moving:
    """What moves below a plate: where, its pictures (raw yuva420p), and the ground when there is no backdrop."""

    panel: Box
    pictures: Iterable[bytes]
    ground: bytes = b""


def segment(plate: bytes, shot: Shot, out: Path, ffmpeg: Ffmpeg, moving: Moving | None = None) -> None:
    """Encode the pictures of one line; `plate` is raw RGBA, 4 * width * height bytes. Raises MediaError.

    Captions find the fonts of their folder and no others, so that a machine's own fonts change nothing.
    """
    frame = shot.frame
    if len(plate) != 4 * frame.width * frame.height:
        raise MediaError(f"a plate of {len(plate)} bytes is not {frame.width}x{frame.height} RGBA")
    with tempfile.TemporaryDirectory() as scratch:
        fonts, conf = scratch if shot.captions is None else shot.captions.fonts_dir, Path(scratch, "fonts.conf")
        escaped = [html.escape(path) for path in (str(Path(fonts).resolve()), scratch)]
        conf.write_text(_FONTS_CONF.format(fonts=escaped[0], cache=escaped[1]), "utf-8")
        env = {"FONTCONFIG_FILE": str(conf)}
        layer = None
        if moving:
            layer = Layer(moving.panel, str(Path(scratch, "plate")), str(Path(scratch, "ground")))
            Path(layer.plate).write_bytes(plate)
            Path(layer.ground).write_bytes(moving.ground)
        args = segment_args(shot, str(out), layer)
        log = ffmpeg.report(args, doing=f"composing {out}", stdin=moving.pictures if moving else plate, env=env)
    # a combining mark need not have a glyph of its own: it is drawn together with its letter
    missing = {chr(int(code, 16)) for code in re.findall(r"fontselect: failed .* glyph 0x(\w+)", log)}
    if lacking := sorted(f"U+{ord(sign):04X}" for sign in missing if not unicodedata.combining(sign)):
        fix = "add a font that has them"
        raise MediaError(f"composing {out}: no font in {fonts} has the captions' {', '.join(lacking)}", fix)
    if (made := read_track(out).frames) != shot.frames:
        raise MediaError(f"composing {out} made {made} frames of {shot.frames}")


def join(segments: Sequence[Path], soundtrack: Path, out: Path, frame: Frame, ffmpeg: Ffmpeg) -> int:
    """Join segments and the soundtrack to one mp4 and return its number of frames; raises MediaError.

    Pictures and sound are copied as they are, which is only right when all segments were encoded alike.
    """
    tracks = [read_track(path) for path in segments]
    for path, track in zip(segments, tracks, strict=True):
        shape = (track.width, track.height, track.ticks)
        if shape != (frame.width, frame.height, 512 * frame.fps) or track.codec != tracks[0].codec:
            fix = "remove it, and build again"
            raise MediaError(f"{path} was encoded differently from {segments[0]} and cannot be joined to it", fix)
    expected = sum(track.frames for track in tracks)
    content_bytes = sum(path.stat().st_size for path in (*segments, soundtrack))
    names = [str(path.resolve()) for path in segments]
    args, listed = join_args(names, str(soundtrack), frame, expected, str(out), content_bytes=content_bytes)
    ffmpeg.run(args, doing=f"joining {out}", stdin=listed)
    made = read_track(out).frames
    if made != expected:
        raise MediaError(f"joining {out} made {made} frames of {expected}")
    return made
