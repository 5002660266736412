"""The sound of an episode as AAC, encoded in pieces: an edit encodes those in which it is heard, and no others.

A frame of AAC depends on the samples around it, and on a little of what was encoded before. So each piece is encoded
by itself, with some frames in front of it and behind, which are thrown away: what is left depends on its own samples
alone, and fits to its neighbours as if all had been encoded at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from reelmake.core.errors import MediaError
from reelmake.core.keys import digest_of
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import AAC_FRAME_SAMPLES, aac_args, aac_frames
from reelmake.media.pieces import Pieces

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


class Sound(Protocol):
    """48 kHz stereo sound in seconds that have names before they are made: what has the same name is the same."""

    samples: int

    @property
    def names(self) -> Sequence[str]:
        """Return the name of each second."""

    def pcm(self, second: int) -> bytes:
        """Make a second: signed 16 bit."""


def encode(sound: Sound, out: Path, *, pieces: Pieces, workdir: Path, ffmpeg: Ffmpeg) -> None:
    """Encode sound of 16 bits as AAC in ADTS, `aac_frames` of them; raises MediaError.

    The first frame is from before the first sample, as always in AAC: `join_args` tells players to leave it out.
    A piece goes by its samples, and these go by the names of the seconds that they are in: only those seconds are made
    that sound otherwise, and only those pieces encoded in which that is to be heard.
    """
    cut, made = list(_cut(sound.samples)), workdir / "sound.pcm"
    with made.open("w+b") as file:
        seconds = _Seconds(sound, file)
        names = [_name(piece, seconds, pieces) for piece in cut]
        encoded = {name: content for name in names if (content := pieces.find(name)) is not None}
        missing = {name: piece for name, piece in zip(names, cut, strict=True) if name not in encoded}
        for piece in missing.values():
            seconds.make(piece)
    for first in range(0, len(missing), _AT_ONCE):
        some = dict(list(missing.items())[first : first + _AT_ONCE])
        for name, content in zip(some, _encoded(list(some.values()), made, workdir, ffmpeg), strict=True):
            pieces.put(name, content)
            encoded[name] = content
    out.write_bytes(b"".join(encoded[name] for name in names))


class _Seconds:
    """The seconds of a sound that are needed, in a file, each where it is in the sound."""

    def __init__(self, sound: Sound, file: BinaryIO) -> None:
        self._sound, self._file = sound, file
        self._made: set[int] = set()

    def names(self, piece: _Piece) -> str:
        """Return the names of the seconds in which a piece is."""
        return " ".join(self._sound.names[second] for second in self._around(piece))

    def make(self, piece: _Piece) -> None:
        """Write the seconds in which a piece is."""
        for second in set(self._around(piece)) - self._made:
            self._file.seek(second * SAMPLE_RATE * _SAMPLE_BYTES)
            self._file.write(self._sound.pcm(second))
            self._made.add(second)

    def samples(self, piece: _Piece) -> bytes:
        """Return the samples of a piece."""
        self.make(piece)
        self._file.seek(piece.start * _SAMPLE_BYTES)
        return self._file.read((piece.stop - piece.start) * _SAMPLE_BYTES)

    def _around(self, piece: _Piece) -> range:
        return range(piece.start // SAMPLE_RATE, -(-piece.stop // SAMPLE_RATE))


def _name(piece: _Piece, seconds: _Seconds, pieces: Pieces) -> str:
    """Return the name of a piece: its samples, and what of them is kept."""
    asked = pieces.name(
        f"samples {piece.start % SAMPLE_RATE} {piece.stop - piece.start}", seconds.names(piece).encode()
    )
    digest = pieces.find(asked)
    if digest is None:
        digest = digest_of(seconds.samples(piece)).encode()
        pieces.put(asked, digest)
    return pieces.name(f"aac {piece.skipped_frames} {piece.frames}", digest)


def _cut(samples: int) -> Iterator[_Piece]:
    """Cut a number of samples into pieces of whole frames."""
    total_frames = aac_frames(samples)
    for first in range(0, total_frames, _FRAMES):
        after, lead = min(first + _FRAMES, total_frames), max(0, first - _LEAD_FRAMES)
        stop = min(samples, (after + _TAIL_FRAMES) * AAC_FRAME_SAMPLES)
        yield _Piece(lead * AAC_FRAME_SAMPLES, stop, first - lead, after - first)


def _encoded(some: Sequence[_Piece], made: Path, workdir: Path, ffmpeg: Ffmpeg) -> list[bytes]:
    """Encode some pieces of a file in one run of ffmpeg, each with an encoder of its own."""
    places = [(_SAMPLE_BYTES * one.start, _SAMPLE_BYTES * one.stop) for one in some]
    outs = [workdir / f"piece{number}.aac" for number in range(len(some))]
    ffmpeg.run(aac_args(str(made), places, [str(out) for out in outs]), doing=f"encoding {made}")
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
