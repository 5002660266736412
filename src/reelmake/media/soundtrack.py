"""The sound of an episode: voices on their samples, music under them, one loudness."""

from __future__ import annotations

import re
import wave
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import aac_args, clip_sound_args, loudness_args, music_args
from reelmake.media.inspect import LOUDNESS_LUFS
from reelmake.media.voice import FULL_SCALE, NEAR_LU, SILENT_LUFS, SPEECH_LUFS, lufs, open_wav, segment

if TYPE_CHECKING:
    from pydub import AudioSegment

    from reelmake.media.loudness import Master
    from reelmake.media.mix import Mix, Music


_CLOSING_SAMPLES = SAMPLE_RATE // 50
_SOFT_SAMPLES = SAMPLE_RATE // 50  # in which a clip's sound comes and goes
_SLACK_DB, _ROUNDS = 0.5, 3  # by how much music may be louder than it is to be, and how often it is mixed
_LOUDER_DB = (4.0, 8.0, 12.0, 16.0)  # what is tried where the loudness is not reached


@dataclass(frozen=True, slots=True)
class Heard:
    """The sound of a clip: how loud against speech it is, and from which sample of the episode it is heard how long."""

    path: Path
    from_seconds: float
    gain_db: float
    is_looped: bool
    start_samples: int
    samples: int


@dataclass(frozen=True, slots=True)
class Score:
    """What an episode sounds like.

    `voices` are WAV files as `sound.wav` makes them, levelled by `sound.level`; each starts on its sample and
    ends before the next. `music` was made by `prepare_music`; while nobody speaks it is heard `music_gain_db` louder
    than speech, and it fades out at the end. `clips` was made by `lay_clips`.
    """

    voices: tuple[Path, ...]
    starts_samples: tuple[int, ...]
    total_samples: int
    music: Path | None
    music_gain_db: float
    clips: Path | None = None


def prepare_music(source: Path, out: Path, ffmpeg: Ffmpeg) -> None:
    """Turn music into a 48 kHz stereo WAV as loud as speech, once for all episodes; raises MediaError."""
    measured, _ = loudness(source, ffmpeg)
    gain_db = SPEECH_LUFS - measured if measured > SILENT_LUFS else 0.0
    ffmpeg.run(music_args(str(source), gain_db, str(out)), doing=f"preparing the music {source}")
    _close(out, source)


def write_soundtrack(score: Score, out: Path) -> float:
    """Write an episode's sound as a WAV file, 48 kHz, stereo, 16 bit, and return its loudness in LUFS.

    A file beside `out` is written over; what is in memory hardly grows with the episode. Raises MediaError.
    """
    # numpy is slow to import: not for a build that only looks
    from reelmake.media.loudness import mastered  # noqa: PLC0415
    from reelmake.media.mix import Mix  # noqa: PLC0415

    bed = out.with_name("voices.wav")
    _lay(score, bed)
    with (
        wave.open(str(bed), "rb") as voices,
        wave.open(str(score.music), "rb") if score.music else nullcontext() as tune,
        wave.open(str(score.clips), "rb") if score.clips else nullcontext() as clips,
    ):
        spoken = Mix(voices, None, clips)
        mix, master = _balanced(spoken, tune, score.music_gain_db) if tune else _mixed(spoken, None)
        with wave.open(str(out), "wb") as file:
            file.setparams((2, 2, SAMPLE_RATE, 0, "NONE", ""))
            for second in mastered(mix, master):
                file.writeframesraw(second)
    return master.lufs


def encode_soundtrack(sound: Path, out: Path, ffmpeg: Ffmpeg) -> None:
    """Encode a WAV file as AAC in ADTS, `aac_frames` of them; raises MediaError.

    The first frame is from before the first sample, as always in AAC: `join_args` tells players to leave it out.
    """
    ffmpeg.run(aac_args(str(sound), str(out)), doing=f"encoding {sound}")


def _balanced(spoken: Mix, tune: wave.Wave_read, music_db: float) -> tuple[Mix, Master]:
    """Mix voices and music so that music is heard `music_db` louder than speech, and the whole as loud as it is to be.

    The limiter makes speech quieter and music hardly, so music is mixed in lower by as much. The voices alone show by
    how much, unless music is so loud that it counts itself: then half of the difference is made up each round. Where
    there are few words between music, no gain may reach the loudness: then music has to be louder.
    """
    from reelmake.media.mix import Music  # noqa: PLC0415

    _, voices = _mixed(spoken, None)
    held_db = voices.held_db
    for _ in range(_ROUNDS):
        mix, master = _mixed(spoken, Music(tune, music_db - held_db))
        if abs(master.held_db - held_db) <= _SLACK_DB:
            break
        held_db = (held_db + master.held_db) / 2
    for louder_db in _LOUDER_DB:
        if abs(master.lufs - LOUDNESS_LUFS) <= NEAR_LU:
            break
        mix, master = _mixed(spoken, Music(tune, music_db + louder_db - voices.held_db))
    return mix, master


def _mixed(spoken: Mix, music: Music | None) -> tuple[Mix, Master]:
    """Mix voices and music, and find out how they are brought to one loudness."""
    from reelmake.media.loudness import listen, settle  # noqa: PLC0415

    mix = replace(spoken, music=music)
    return mix, settle(listen(mix))


def _close(music: Path, source: Path) -> None:
    """Let the end of the music lead to its beginning: else each round would start with a click."""
    import numpy as np  # noqa: PLC0415

    with wave.open(str(music), "rb") as file:
        length_bytes = 2 * file.getnchannels() * file.getnframes()
    if not length_bytes:
        raise MediaError(f"{source} holds no sound", "name another file under music:")
    tune = np.memmap(music, "<i2", "r+", music.stat().st_size - length_bytes).reshape(-1, 2)
    length = min(_CLOSING_SAMPLES, len(tune) // 2)
    if length > 1:
        last, before, first = tune[[-1, -2, 0]].astype(np.float64)
        missing = first - (2 * last - before)
        rise = (1 - np.cos(np.pi * np.arange(1, length + 1) / length)) / 2
        closed = np.rint(tune[-length:] + rise[:, None] * missing)
        tune[-length:] = np.clip(closed, -FULL_SCALE, FULL_SCALE - 1).astype("<i2")


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
    """Write voices at their samples into one mono WAV, one after the other: an episode is never in memory."""
    with wave.open(str(bed), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        written = 0
        for path, start in zip(score.voices, score.starts_samples, strict=True):
            with open_wav(path) as voice:
                if start < written:
                    raise MediaError(f"{path} would start before the voice in front of it has ended")
                placed = _silence(start - written).append(segment(voice.readframes(voice.getnframes())), crossfade=0)
            file.writeframesraw(placed.raw_data)
            written += int(placed.frame_count())
        if written > score.total_samples:
            raise MediaError(f"the voices end {written - score.total_samples} samples after the episode")
        file.writeframesraw(_silence(score.total_samples - written).raw_data)


def lay_clips(clips: Sequence[Heard], total_samples: int, out: Path, ffmpeg: Ffmpeg) -> None:
    """Write the sound of clips, in their order and none before another has ended, into one WAV as long as an episode.

    It is 48 kHz, stereo, 16 bit. Raises MediaError.
    """
    with wave.open(str(out), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, 0, "NONE", ""))
        written = 0
        for clip in clips:
            file.writeframesraw(bytes(4 * (clip.start_samples - written)) + _clip_sound(clip, ffmpeg))
            written = clip.start_samples + clip.samples
        file.writeframesraw(bytes(4 * (total_samples - written)))


def _clip_sound(clip: Heard, ffmpeg: Ffmpeg) -> bytes:
    """Return the samples of a clip's sound, as loud as it is to be; they begin and end softly."""
    import numpy as np  # noqa: PLC0415

    args = clip_sound_args(str(clip.path), clip.from_seconds, clip.samples)
    sound = np.frombuffer(ffmpeg.run(args, doing=f"decoding {clip.path}"), "<i2").reshape(-1, 2)
    if clip.is_looped and len(sound):
        sound = np.tile(sound, (-(-clip.samples // len(sound)), 1))
    heard = sound[: clip.samples].astype(np.float64)
    measured = lufs(np.rint(heard.mean(axis=1)).astype("<i2").tobytes()) if len(heard) else SILENT_LUFS
    if measured > SILENT_LUFS:
        heard *= 10 ** (round(SPEECH_LUFS - measured + clip.gain_db, 1) / 20)
    soft = min(_SOFT_SAMPLES, len(heard) // 2)
    rise = (np.arange(soft) / max(1, soft))[:, None]
    heard[:soft] *= rise
    heard[len(heard) - soft :] *= rise[::-1]
    whole = np.zeros((clip.samples, 2))
    whole[: len(heard)] = heard
    return np.clip(np.rint(whole), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()


def _silence(samples: int) -> AudioSegment:
    """Return silence of so many samples, where pydub's own has whole milliseconds."""
    return segment(bytes(2 * samples))
