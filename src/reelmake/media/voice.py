"""One voice at a time: samples out of any container, silence cut off, one level for all.

Samples are 48 kHz, mono, signed 16 bit, little endian, as bytes (`pcm`): two bytes a sample.
"""

from __future__ import annotations

import io
import tempfile
import warnings
import wave
from functools import lru_cache
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
BLOCK_HOPS = 40  # BS.1770 measures blocks of 400 ms ...
GATE = 0.1  # ... and leaves out those more than 10 LU below the others
# the two filters of BS.1770 at 48 kHz, (numerator, denominator): the head, and the ear's deafness for deep sound
_K_WEIGHTING = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)


def decode(audio: bytes, ffmpeg: Ffmpeg) -> bytes:
    """Return the samples of sound in any container that ffmpeg reads; raises MediaError."""
    # a file, because some containers keep their index at the end and cannot be read from a pipe
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "sound")
        source.write_bytes(audio)
        pcm = ffmpeg.run(decode_args(str(source)), doing="decoding a voice")
    if not pcm:
        raise MediaError("a voice has no samples")
    return pcm


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
    gain_db = min(SPEECH_LUFS - _lufs(pcm), _HIGHEST_DBFS - voice.max_dBFS)
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


def _lufs(pcm: bytes) -> float:
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
