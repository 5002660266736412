"""The sound of an episode as AAC, encoded in pieces: an edit encodes those in which it is heard, and no others.

A frame of AAC depends on the samples around it, and on a little of what was encoded before. So each piece is encoded
by itself, with some frames in front of it and behind, which are thrown away: what is left depends on its own samples
alone, and fits to its neighbours as if all had been encoded at once.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reelmake.errors import MediaError
from reelmake.ffmpeg import AAC_FRAME_SAMPLES, aac_args, aac_frames
from reelmake.media.pieces import Pieces
from reelmake.media.tool import Ffmpeg

_FRAMES = 96  # of a piece: 2 s
_LEAD_FRAMES, _TAIL_FRAMES = 8, 3
_AT_ONCE = 16  # pieces in one run of ffmpeg, which has some threads for each
_SAMPLE_BYTES = 4  # 16 bits for each side
_HEADER_BYTES = 7  # of a frame in ADTS; 13 of its bits are the length of all of it


@dataclass(frozen=True, slots=True)
class _Piece:
    """Which samples are encoded, and which of the frames that come out are the piece's."""

    start: int
    stop: int
    skipped_frames: int
    frames: int


def encode(mixed: Path, out: Path, *, pieces: Pieces, workdir: Path, ffmpeg: Ffmpeg) -> None:
    """Encode a 48 kHz stereo WAV of 16 bits as AAC in ADTS, `aac_frames` of them; raises MediaError.

    The first frame is from before the first sample, as always in AAC: `join_args` tells players to leave it out.
    """
    with wave.open(str(mixed), "rb") as file:
        cut = list(_cut(file.getnframes()))
        header_bytes = mixed.stat().st_size - _SAMPLE_BYTES * file.getnframes()
        names = []
        for piece in cut:
            file.setpos(piece.start)
            samples = file.readframes(piece.stop - piece.start)
            names.append(pieces.name(f"aac {piece.skipped_frames} {piece.frames}", samples))
    encoded = {name: content for name in names if (content := pieces.find(name)) is not None}
    missing = {name: piece for name, piece in zip(names, cut, strict=True) if name not in encoded}
    for first in range(0, len(missing), _AT_ONCE):
        some = dict(list(missing.items())[first : first + _AT_ONCE])
        made = _encoded(list(some.values()), mixed, header_bytes, workdir, ffmpeg)
        for name, content in zip(some, made, strict=True):
            pieces.put(name, content)
            encoded[name] = content
    out.write_bytes(b"".join(encoded[name] for name in names))


def _cut(samples: int) -> Iterator[_Piece]:
    """Cut a number of samples into pieces of whole frames."""
    total_frames = aac_frames(samples)
    for first in range(0, total_frames, _FRAMES):
        after, lead = min(first + _FRAMES, total_frames), max(0, first - _LEAD_FRAMES)
        stop = min(samples, (after + _TAIL_FRAMES) * AAC_FRAME_SAMPLES)
        yield _Piece(lead * AAC_FRAME_SAMPLES, stop, first - lead, after - first)


def _encoded(some: Sequence[_Piece], mixed: Path, header_bytes: int, workdir: Path, ffmpeg: Ffmpeg) -> list[bytes]:
    """Encode some pieces of a file in one run of ffmpeg, each with an encoder of its own."""
    places = [(header_bytes + _SAMPLE_BYTES * one.start, header_bytes + _SAMPLE_BYTES * one.stop) for one in some]
    outs = [workdir / f"piece{number}.aac" for number in range(len(some))]
    ffmpeg.run(aac_args(str(mixed), places, [str(out) for out in outs]), doing=f"encoding {mixed}")
    return [_frames(out.read_bytes(), piece) for out, piece in zip(outs, some, strict=True)]


def _frames(content: bytes, piece: _Piece) -> bytes:
    """Return the frames of a piece out of all that were encoded."""
    starts = [0]
    while (header := content[starts[-1] : starts[-1] + _HEADER_BYTES])[:1] == b"\xff":
        starts.append(starts[-1] + (int.from_bytes(header[3:6], "big") >> 5 & 0x1FFF))
    last = piece.skipped_frames + piece.frames
    if len(starts) <= last:
        raise MediaError(f"ffmpeg encoded {len(starts) - 1} frames of sound in place of {last}")
    return content[starts[piece.skipped_frames] : starts[last]]
