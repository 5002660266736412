"""The sound of an episode: voices on their samples, music under them, one loudness."""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from pathlib import Path

from reelmake.errors import MediaError
from reelmake.ffmpeg import LOUDNESS_LUFS, SPEECH_LUFS, limit_args, loudness_args, mix_args, music_args
from reelmake.media.sound import open_wav
from reelmake.media.tool import Ffmpeg
from reelmake.timeline import SAMPLE_RATE

_SILENT_LUFS = -70.0  # what ebur128 says of silence, and of less than 400 ms
_TOLERANCE_LU = 0.15
_ROUNDS = 8
_FIRST_SLOPE = 0.75  # of a decibel more, so much is heard: the limiter takes the rest
_LEAST_SLOPE = 0.2
_MOST_LIMITED_DB = 15.0  # clicks never become as loud as speech: where to stop trying
_CHUNK_SAMPLES = SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Score:
    """What an episode sounds like.

    `voices` are WAV files as `sound.wav` makes them, levelled by `sound.level`; each starts on its sample and
    ends before the next. `music` was made by `prepare_music`; while nobody speaks it is `music_gain_db` louder than
    speech, and it fades out at the end.
    """

    voices: tuple[Path, ...]
    starts_samples: tuple[int, ...]
    total_samples: int
    music: Path | None
    music_gain_db: float


def prepare_music(source: Path, out: Path, ffmpeg: Ffmpeg) -> None:
    """Turn music into 48 kHz stereo FLAC as loud as speech, once for all episodes; raises MediaError."""
    measured, _ = loudness(source, ffmpeg)
    gain_db = SPEECH_LUFS - measured if measured > _SILENT_LUFS else 0.0
    ffmpeg.run(music_args(str(source), gain_db, str(out)), doing=f"preparing the music {source}")


def soundtrack(score: Score, out: Path, *, workdir: Path, ffmpeg: Ffmpeg) -> float:
    """Write an episode's sound as a 48 kHz stereo WAV of exactly `total_samples`; return its loudness in LUFS.

    Two files of `workdir` are written over; memory does not grow with the episode. Raises MediaError.
    """
    bed, mix = workdir / "voices.wav", workdir / "mix.wav"
    _lay(score, bed)
    music = str(score.music) if score.music else None
    made = mix_args(str(bed), music, score.music_gain_db, score.total_samples, str(mix))
    mixed_lufs = _lufs(ffmpeg.report(made, doing=f"mixing {out}"))

    def limited(gain_db: float, target: Path | None) -> float:
        args = limit_args(str(mix), gain_db, score.total_samples, str(target) if target else None)
        return _lufs(ffmpeg.report(args, doing=f"setting the loudness of {out}"))

    if mixed_lufs <= _SILENT_LUFS:
        return limited(LOUDNESS_LUFS - SPEECH_LUFS, out)
    # The limiter takes away some of what is added, so the gain is searched for (secant): first without writing, which
    # costs a third; what is then written is nearly always right.
    gain_db, slope, target = LOUDNESS_LUFS - mixed_lufs, _FIRST_SLOPE, None
    highest_db = gain_db + _MOST_LIMITED_DB
    tried: tuple[float, float] | None = None
    for _ in range(_ROUNDS):
        reached = limited(gain_db, target)
        missing = LOUDNESS_LUFS - reached
        if abs(missing) <= _TOLERANCE_LU or (missing > 0 and gain_db >= highest_db):
            if target:
                return reached
            target = out
            continue
        if tried and tried[0] != gain_db:
            slope = min(1.0, max(_LEAST_SLOPE, (reached - tried[1]) / (gain_db - tried[0])))
        tried = gain_db, reached
        gain_db = min(gain_db + missing / slope, highest_db)
    return limited(gain_db, out)


def loudness(path: Path, ffmpeg: Ffmpeg) -> tuple[float, float]:
    """Measure a file: integrated loudness in LUFS (-70 for silence), and true peak in dBTP; raises MediaError."""
    told = ffmpeg.report(loudness_args(str(path)), doing=f"measuring {path}")
    peak = re.findall(r"Peak:\s+(\S+) dBFS", told)
    return _lufs(told), float(peak[-1]) if peak else float("-inf")


def _lufs(told: str) -> float:
    """Return the integrated loudness from what the filter ebur128 told."""
    found = re.findall(r"I:\s+(\S+) LUFS", told)
    if not found:
        raise MediaError("ffmpeg measured no loudness")
    return float(found[-1])


def _lay(score: Score, bed: Path) -> None:
    """Write voices at their samples into one mono WAV, a second at a time: an episode is never in memory."""
    with wave.open(str(bed), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        written = 0
        for path, start in zip(score.voices, score.starts_samples, strict=True):
            with open_wav(path) as voice:
                if start < written:
                    raise MediaError(f"{path} would start before the voice in front of it has ended")
                _silence(file, start - written)
                while chunk := voice.readframes(_CHUNK_SAMPLES):
                    file.writeframesraw(chunk)
                written = start + voice.getnframes()
        if written > score.total_samples:
            raise MediaError(f"the voices end {written - score.total_samples} samples after the episode")
        _silence(file, score.total_samples - written)


def _silence(file: wave.Wave_write, samples: int) -> None:
    for start in range(0, samples, _CHUNK_SAMPLES):
        file.writeframesraw(bytes(2 * min(_CHUNK_SAMPLES, samples - start)))
