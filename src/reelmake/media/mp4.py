"""Reading the tables of an mp4 file: exact counts without starting a process."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reelmake.core.errors import MediaError

_HEADER_BYTES = 8
_SAMPLE_ENTRY_BYTES = 78  # of a picture's sample entry, before its boxes


@dataclass(frozen=True, slots=True)
class Track:
    """A file's pictures: how many, their size, ticks a second, how many ticks they last, and H.264's `avcC` if any."""

    frames: int
    width: int
    height: int
    ticks: int
    duration_ticks: int
    codec: bytes

    @property
    def seconds(self) -> float:
        """How long they last."""
        return self.duration_ticks / self.ticks if self.ticks else 0.0


def read_track(path: Path) -> Track:
    """Read the picture track of an mp4 file that we wrote; raises MediaError."""
    try:
        with path.open("rb") as file:
            moov = _find(file, b"moov")
        for trak in (body for name, body in _boxes(moov) if name == b"trak"):
            mdia = dict(_boxes(trak))[b"mdia"]
            if dict(_boxes(mdia))[b"hdlr"][8:12] == b"vide":
                return _track(mdia)
    except (OSError, KeyError, struct.error) as error:
        raise MediaError(f"{path} is not an mp4 file that can be read") from error
    raise MediaError(f"{path} has no pictures")


def _track(mdia: bytes) -> Track:
    inside = dict(_boxes(mdia))
    tables = dict(_boxes(dict(_boxes(inside[b"minf"]))[b"stbl"]))
    wide = inside[b"mdhd"][0] == 1  # version 1 has 64 bit times
    ticks, duration_ticks = struct.unpack_from(">IQ" if wide else ">II", inside[b"mdhd"], 20 if wide else 12)
    entry = tables[b"stsd"][16:]  # after the table's header and the entry's own
    width, height = struct.unpack_from(">HH", entry, 24)
    # not the whole entry: it also tells the bit rate, which differs in every file
    codec = dict(_boxes(entry[_SAMPLE_ENTRY_BYTES:])).get(b"avcC", b"")
    (frames,) = struct.unpack_from(">I", tables[b"stsz"], 8)
    return Track(frames, width, height, ticks, duration_ticks, codec)


def _find(file: BinaryIO, wanted: bytes) -> bytes:
    """Return the body of a box of the file's top level, without reading the others."""
    while True:
        start = file.tell()
        size, name = struct.unpack(">I4s", file.read(_HEADER_BYTES))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if size < _HEADER_BYTES:
            raise KeyError(wanted)
        if name == wanted:
            return file.read(start + size - file.tell())
        file.seek(start + size)


def _boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _HEADER_BYTES <= len(body):
        size, name = struct.unpack_from(">I4s", body, at)
        if size < _HEADER_BYTES:
            return
        yield name, body[at + _HEADER_BYTES : at + size]
        at += size
