"""Speech that can be measured: each word begins with a click of 5 ms and goes on as a hum; spaces are silent.

A word lasts 200 ms and 10 ms for every letter, a tag such as [laughs] 300 ms (a hum without a click), a space 50 ms,
and 20 ms of silence come first. Times of characters follow from that.
"""

from __future__ import annotations

import io
import re
import wave
from dataclasses import dataclass

import numpy as np

TOKEN = re.compile(r"\[[^\]]*\]|[^\s\[]+|\s|\[")
LEAD, SPACE, TAG, WORD, LETTER, CLICK = 0.02, 0.05, 0.3, 0.2, 0.01, 0.005
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class Token:
    """A word, a tag or a space, and when it sounds."""

    text: str
    start: float
    end: float

    @property
    def is_word(self) -> bool:
        return not self.text.isspace() and not self.text.startswith("[")

    @property
    def spoken(self) -> str:
        """What is said, for a number: `$5` is `five dollars`."""
        if not (found := re.fullmatch(r"(\$?)(\d+)(\W*)", self.text)):
            return self.text
        number = int(found[2])
        said = NUMBERS[number] if number < len(NUMBERS) else " ".join(NUMBERS[int(digit)] for digit in found[2])
        return f"{said}{' dollars' if found[1] else ''}{found[3]}"


def tokens_of(text: str, speed: float = 1.0) -> list[Token]:
    """Lay out a text in time, in whole milliseconds."""
    made, at = [], LEAD
    for found in TOKEN.finditer(text):
        piece = found[0]
        usual = SPACE if piece.isspace() else TAG if piece.startswith("[") else WORD + LETTER * len(piece)
        end = round(at + usual / speed, 3)
        made.append(Token(piece, at, end))
        at = end
    return made


def samples_of(tokens: list[Token], rate: int, tone: float) -> bytes:
    """Return the sound: signed 16 bit, one channel."""
    sound = np.zeros(round((tokens[-1].end if tokens else LEAD) * rate))
    for token in tokens:
        first, last = round(token.start * rate), round(token.end * rate)
        times = np.arange(last - first) / rate
        if not token.text.isspace():
            sound[first:last] = 0.1 * np.sin(2 * np.pi * tone * times)
        if token.is_word:
            click = times[: round(CLICK * rate)]
            sound[first : first + len(click)] = 0.8 * np.sin(2 * np.pi * 1500 * click)
    return np.rint(sound * 32767).astype("<i2").tobytes()


def in_wav(samples: bytes, rate: int) -> bytes:
    """Put samples into a WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples)
    return content.getvalue()


def in_mp3(samples: bytes, rate: int, kbit: int = 128) -> bytes:
    """Put samples into an MP3; as with any, sound begins a little later in it."""
    import av

    content = io.BytesIO()
    frame = av.AudioFrame.from_ndarray(np.frombuffer(samples, "<i2").reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    with av.open(content, "w", format="mp3") as mp3:
        stream = mp3.add_stream("libmp3lame", rate=rate, layout="mono", bit_rate=kbit * 1000)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            mp3.mux(packet)
    return content.getvalue()


@dataclass
class Alignment:
    """Characters and their times."""

    characters: list[str]
    starts: list[float]
    ends: list[float]

    def body(self) -> dict[str, list[str] | list[float]]:
        """Return it under ElevenLabs' names."""
        return {
            "characters": self.characters,
            "character_start_times_seconds": self.starts,
            "character_end_times_seconds": self.ends,
        }


def alignment_of(tokens: list[Token], *, normalized: bool) -> Alignment:
    """Spread each token's time over its characters; the normalized one begins with a space, and spells numbers out."""
    made = Alignment([" "], [0.0], [LEAD]) if normalized else Alignment([], [], [])
    for token in tokens:
        text = token.spoken if normalized else token.text
        step = (token.end - token.start) / len(text)
        made.characters += text
        made.starts += [round(token.start + step * at, 3) for at in range(len(text))]
        made.ends += [round(token.start + step * (at + 1), 3) for at in range(len(text))]
    return made


def spoil(alignment: Alignment, how: str) -> Alignment | None:
    """Return the alignment as a vendor in trouble would give it; see House.elevenlabs_alignment."""
    starts, ends, half = alignment.starts, alignment.ends, len(alignment.starts) // 2
    match how:
        case "missing":
            return None
        case "drift":
            starts, ends = ([round(time * 1.3, 3) for time in times] for times in (starts, ends))
        case "stuck":
            starts = starts[:half] + [starts[half]] * (len(starts) - half)
            ends = ends[:half] + [starts[half]] * (len(ends) - half)
        case "backwards":
            starts, ends = (times[half:] + times[:half] for times in (starts, ends))
    return Alignment(alignment.characters, starts, ends)
