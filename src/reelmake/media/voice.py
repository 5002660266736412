"""One voice at a time: samples out of any container, silence cut off, one level for all.

Samples are 48 kHz, mono, signed 16 bit, little endian, as bytes (`pcm`): two bytes a sample.
"""

from __future__ import annotations

import io
import struct
import tempfile
import warnings
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import decode_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydub import AudioSegment


# At import pydub warns of its own escapes, of audioop, and of a missing ffmpeg that we do not let it use.
warnings.filterwarnings("ignore", module=r".*\bpydub\b")

SPEECH_LUFS = -20.0  # of each voice and of the music, before they are mixed
SILENT_LUFS = -70.0  # what is said of silence, and of less than 400 ms
NEAR_LU = 0.3  # from the loudness of an episode: so near is near enough where it cannot be had
FULL_SCALE = 32768
HOP_SAMPLES = SAMPLE_RATE // 100
_SILENCE_DB = -60  # below the highest peak
_BYTES_A_MS = 2 * SAMPLE_RATE // 1000
_LEAD_MS, _TAIL_MS, _FADE_MS = 10, 40, 5
_HIGHEST_DBFS = -0.9
MOST_SECONDS = 300  # of a line: its thousand characters take no longer, whoever says them
LEAST_RATE, MOST_RATE, MOST_CHANNELS = 8_000, 192_000, 8  # of a WAV
_TOO_LONG = f"the sound is longer than {MOST_SECONDS // 60} minutes"
_FORM = struct.Struct("<HHIIHH")
_PLAIN, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_BITS = {_PLAIN: (8, 16, 24, 32), _FLOAT: (32, 64), _A_LAW: (8,), _MU_LAW: (8,)}
_MOST_CHUNKS = 1000
# ID3, Ogg, FLAC, Matroska, AIFF, and frames of MP3 and AAC
_CONTAINERS = (
    b"ID3",
    b"OggS",
    b"fLaC",
    b"\x1aE\xdf\xa3",
    b"FORM",
    *(bytes([255, a]) for a in b"\xfb\xfa\xf3\xf2\xf1\xf9"),
)
_SHOWN_BYTES = 20
SILENT_DBFS = -60.0  # of the loudest 10 ms: what is softer is silence
_HEARD_DB = 50.0  # below the loudest 10 ms
_STEADY_DB, _MOST_UNSTEADY = 3.0, 0.1
_SPEECH_BINS = slice(2, 39)  # 200 to 3,800 Hz, which all rates have
_FLAT = 0.9
BLOCK_HOPS = 40  # BS.1770 measures blocks of 400 ms ...
GATE = 0.1  # ... and leaves out those more than 10 LU below the others
# the two filters of BS.1770 at 48 kHz, (numerator, denominator): the head, and the ear's deafness for deep sound
_K_WEIGHTING = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)


def is_wav(audio: bytes) -> bool:
    """Say whether bytes begin as a WAV does."""
    return audio[:4] == b"RIFF" and audio[8:12] == b"WAVE"


@dataclass(frozen=True, slots=True)
class Wav:
    """What a WAV holds: frames of `frame_bytes` in `data`, so many (`rate`) a second; a sample of each channel is one.

    `is_plain` says that samples are signed numbers of 16 bits.
    """

    channels: int
    rate: int
    frame_bytes: int
    is_plain: bool
    data: bytes


def read_wav(audio: bytes) -> Wav:
    """Read a WAV's header; raises MediaError for one that no voice has.

    A vendor that begins to send before it knows the length writes zero or the largest number for it: the samples end
    where the file does.
    """
    chunks: dict[bytes, bytes] = {}
    for name, content in islice(_chunks(audio), _MOST_CHUNKS):
        chunks.setdefault(name, content)
    form, data = chunks.get(b"fmt ", b""), chunks.get(b"data", b"")
    if len(form) < _FORM.size:
        raise MediaError("the WAV does not say what is in it")
    tag, channels, rate, _, frame_bytes, bits = _FORM.unpack_from(form)
    if tag == _EXTENSIBLE:
        tag = int.from_bytes(form[24:26], "little") or _PLAIN
    if bits not in _BITS.get(tag, ()):
        raise MediaError(f"the WAV is of a kind that is not used here (format {tag}, {bits} bits)")
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise MediaError(f"the WAV has {rate} samples a second, not {LEAST_RATE} to {MOST_RATE}")
    if not 1 <= channels <= MOST_CHANNELS or frame_bytes != channels * bits // 8:
        raise MediaError(f"the WAV has {channels} channels of {bits} bits in {frame_bytes} bytes")
    if len(data) > MOST_SECONDS * rate * frame_bytes:
        raise MediaError(_TOO_LONG)
    return Wav(channels, rate, frame_bytes, (tag, bits) == (_PLAIN, 16), data[: len(data) // frame_bytes * frame_bytes])


def _chunks(audio: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(audio):
        name, size = audio[at : at + 4], int.from_bytes(audio[at + 4 : at + 8], "little")
        if name == b"data" and size == 0:
            size = len(audio)
        yield name, audio[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def decode(audio: bytes, ffmpeg: Ffmpeg) -> bytes:
    """Return the samples of sound in any container that vendors use; raises MediaError."""
    doing = "decoding a voice"
    if is_wav(audio):
        try:
            read_wav(audio)
        except MediaError as error:
            raise MediaError(f"{doing} failed: {error.what}") from None
    elif not (audio.startswith(_CONTAINERS) or audio[4:8] == b"ftyp"):
        what = f"it is no sound, it begins with {audio[:_SHOWN_BYTES]!r}" if audio else "there is no sound in it"
        raise MediaError(f"{doing} failed: {what}")
    # a file, because some containers keep their index at the end and cannot be read from a pipe
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "sound")
        source.write_bytes(audio)
        pcm = ffmpeg.run(decode_args(str(source), MOST_SECONDS + 1), doing=doing)
    if not pcm:
        raise MediaError("a voice has no samples")
    if len(pcm) > MOST_SECONDS * 2 * SAMPLE_RATE:
        raise MediaError(_TOO_LONG)
    return pcm


def flaw(pcm: bytes, least_seconds: float, most_seconds: float) -> str:
    """Say why a sound cannot be a speech that lasts so long, or return an empty string.

    Whatever anybody says, in a whisper or within a third of a second, is now louder and now softer, and some of its
    pitches are louder than others.
    """
    import numpy as np  # noqa: PLC0415
    from numpy.fft import rfft  # noqa: PLC0415

    sound = np.frombuffer(pcm, "<i2") / FULL_SCALE
    hops = np.pad(sound - sound.mean(), (0, -len(sound) % HOP_SAMPLES)).reshape(-1, HOP_SAMPLES)
    levels = 10 * np.log10(np.square(hops).mean(axis=1) + 1e-12)
    if levels.max() < SILENT_DBFS:
        return "there is nothing but silence in it"
    at = np.flatnonzero(levels > max(levels.max() - _HEARD_DB, SILENT_DBFS))
    heard, heard_seconds, seconds = levels[at], len(at) / 100, (at[-1] + 1 - at[0]) / 100
    if heard_seconds < least_seconds:
        return f"only {heard_seconds:.1f} s of it are heard, and its words take {least_seconds:.1f} s at least"
    if seconds > most_seconds:
        return f"it lasts {seconds:.1f} s, and its words take {most_seconds:.1f} s at most"
    usual = np.median(heard)
    if heard.max() < usual + _STEADY_DB and np.mean(heard < usual - _STEADY_DB) <= _MOST_UNSTEADY:
        return "there is no speech in it, but one steady tone or noise"
    powers = np.square(np.abs(rfft(hops[at], axis=1))).mean(axis=0)[_SPEECH_BINS]
    if np.exp(np.log(powers + 1e-30).mean()) > _FLAT * powers.mean():
        return "there is no speech in it, but noise"
    return ""


def trim(pcm: bytes) -> tuple[bytes, int]:
    """Cut off the silence before and after a voice; return the rest, and how many samples were cut in front.

    Ten milliseconds whose RMS is 60 dB below the highest peak are silence. 10 ms of it stay in front and 40 ms behind,
    faded, so that nothing clicks. Sound that is silent throughout stays as it is.
    """
    from pydub.silence import detect_leading_silence  # noqa: PLC0415

    # pydub counts in milliseconds: samples that make no whole one are filled up, and what was added is cut off again
    voice = segment(pcm + bytes(-len(pcm) % _BYTES_A_MS))
    silence_dbfs = voice.max_dBFS + _SILENCE_DB
    first_ms = max(0, detect_leading_silence(voice, silence_dbfs) - _LEAD_MS)
    after_ms = len(voice) - max(0, detect_leading_silence(voice.reverse(), silence_dbfs) - _TAIL_MS)
    kept = voice[first_ms:after_ms]
    if fade_ms := min(_FADE_MS, len(kept) // 2):
        kept = kept.fade_in(fade_ms).fade_out(fade_ms)
    cut_bytes = first_ms * _BYTES_A_MS
    left: bytes = kept.raw_data[: len(pcm) - cut_bytes]
    return left, cut_bytes // 2


def level(pcm: bytes) -> bytes:
    """Bring a voice to the loudness of all voices, so that nobody shouts and the limiter has little to do.

    Silence stays silence. The gain is a whole number of tenths of a decibel, so that no difference between
    processors shows.
    """
    voice = segment(pcm)
    if not voice.max:
        return pcm
    gain_db = min(SPEECH_LUFS - lufs(pcm), _HIGHEST_DBFS - voice.max_dBFS)
    louder: bytes = voice.apply_gain(round(gain_db, 1)).raw_data
    return louder


def segment(pcm: bytes) -> AudioSegment:
    """Return samples as pydub has them."""
    from pydub import AudioSegment  # noqa: PLC0415

    return AudioSegment(data=pcm, sample_width=2, frame_rate=SAMPLE_RATE, channels=1)


def wav(pcm: bytes, rate: int = SAMPLE_RATE) -> bytes:
    """Return samples, so many a second, as the content of a WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return content.getvalue()


def wav_samples(path: Path) -> int:
    """Return how many samples a WAV file holds; raises MediaError."""
    with open_wav(path) as file:
        return file.getnframes()


def open_wav(path: Path) -> wave.Wave_read:
    """Open a WAV file of 48 kHz mono 16 bit samples; raises MediaError for any other."""
    try:
        file = wave.open(str(path), "rb")  # noqa: SIM115  the caller closes it
    except (OSError, EOFError, wave.Error) as error:
        raise MediaError(f"{path} is not a WAV file") from error
    if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, SAMPLE_RATE):
        file.close()
        raise MediaError(f"{path} is not 48 kHz mono 16 bit sound")
    return file


@lru_cache(maxsize=8)
def k_weighting(samples: int) -> NDArray[np.complex128]:
    """Return how BS.1770 weighs each frequency of the spectrum (`rfft`) of so many samples."""
    import numpy as np  # noqa: PLC0415

    z = np.exp(-2j * np.pi * np.arange(samples // 2 + 1) / samples)
    (head_above, head_below), (ear_above, ear_below) = _K_WEIGHTING
    above, below = np.convolve(head_above, ear_above)[::-1], np.convolve(head_below, ear_below)[::-1]
    return np.asarray(np.polyval(above, z) / np.polyval(below, z), np.complex128)


def lufs(pcm: bytes) -> float:
    """Measure samples after BS.1770, as they will be heard: from both sides."""
    import numpy as np  # noqa: PLC0415
    from numpy.fft import irfft, rfft  # noqa: PLC0415

    sound = np.frombuffer(pcm, "<i2") / FULL_SCALE
    padded = -(-(len(sound) + SAMPLE_RATE // 10) // SAMPLE_RATE) * SAMPLE_RATE  # whole seconds are quick to transform
    weighted = irfft(rfft(sound, padded) * k_weighting(padded))[: len(sound)]
    powers = np.square(np.pad(weighted, (0, -len(sound) % HOP_SAMPLES)).reshape(-1, HOP_SAMPLES)).mean(axis=1)
    block = min(BLOCK_HOPS, len(powers))
    blocks = np.convolve(powers, np.ones(block) / block, "valid")
    loud = blocks[blocks >= blocks.mean() * GATE]
    return -0.691 + 10 * float(np.log10(2 * max(loud.mean(), 1e-12)))
