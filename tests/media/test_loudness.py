"""Mixing and mastering, measured by ffmpeg's own filters."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sounds import Given

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.inspect import LOUDNESS_LUFS
from reelmake.media.loudness import LIMIT_DBTP, Heard, integrated_lufs, listen, mastered, settle
from reelmake.media.mix import Mix, Music
from reelmake.media.soundtrack import Score, write_soundtrack

Sound = NDArray[np.float32]


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


def bursts(seconds: float, channels: int, seed: int = 1) -> Sound:
    """Noise that comes and goes, with clicks."""
    rng = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    slow = np.repeat(rng.uniform(0, 0.2, count // 4800 + 1) ** 2, 4800)[:count]
    noise = rng.standard_normal((channels, count)) * slow * 4
    noise[:, rng.integers(0, count, 20)] = 0.9
    return noise.astype(np.float32)


def measured(sound: Sound, ffmpeg: Ffmpeg) -> tuple[float, float]:
    """Return loudness and true peak as ffmpeg tells them."""
    raw = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0"]
    both = np.ascontiguousarray(np.broadcast_to(sound, (2, sound.shape[1])).T)
    args = ["-hide_banner", "-nostats", *raw, "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    told = ffmpeg.report(args, doing="measuring", stdin=both.tobytes())
    lufs, peak = re.findall(r"(?:I|Peak):\s+(\S+) (?:LUFS|dBFS)", told)
    return float(lufs), float(peak)


def played(sound: Sound) -> Sound:
    content = b"".join(mastered(Given(sound), settle(listen(Given(sound)))))
    return np.frombuffer(content, "<i2").reshape(-1, 2).T.astype(np.float32) / np.float32(32768)


def all_of(mix: Mix) -> Sound:
    return np.concatenate(list(mix.seconds()), axis=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("seconds", [0.5, 3.0, 7.77])
def test_loudness_is_measured_as_ffmpeg_measures_it(ffmpeg: Ffmpeg, seconds: float, channels: int) -> None:
    sound = bursts(seconds, channels)
    assert integrated_lufs(listen(Given(sound)).powers) == pytest.approx(measured(sound, ffmpeg)[0], abs=0.11)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("seconds", [1.0, 7.77])
def test_the_limiter_holds_every_peak_and_the_loudness_is_reached(
    ffmpeg: Ffmpeg, seconds: float, channels: int
) -> None:
    heard = played(bursts(seconds, channels))
    lufs, peak = measured(heard, ffmpeg)
    assert heard.shape[1] == round(seconds * SAMPLE_RATE)
    assert lufs == pytest.approx(LOUDNESS_LUFS, abs=0.15)
    assert np.abs(heard).max() <= 10 ** (LIMIT_DBTP / 20) + 1e-4
    assert peak <= -1  # of white noise, whose peaks between samples are the highest


def test_the_limiter_touches_nothing_that_is_below_the_limit() -> None:
    calm = Heard(np.full(500, 10**-2.5), np.full(5000, 0.1))
    assert set(settle(calm).limiter) == {1.0}


def test_seconds_leave_no_trace() -> None:
    """A tone stays a tone where one second meets the next."""
    at = np.arange(4 * SAMPLE_RATE)
    tone = (0.1 * np.sin(2 * np.pi * 440 * at / SAMPLE_RATE)).astype(np.float32)[None]
    heard = played(tone)[0]
    gain = np.abs(heard).max() / np.abs(tone).max()
    assert np.abs(heard - tone[0] * gain).max() < 1e-4


def test_music_is_ducked_as_ffmpegs_compressor_does_it(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """With threshold 0.0283 and ratio 10, on a voice with which the level goes up and down."""
    rng = np.random.default_rng(2)
    count = 6 * SAMPLE_RATE
    loud = np.repeat(rng.uniform(0, 0.4, count // 9600) ** 2, 9600)
    noise = np.convolve(rng.standard_normal(count), np.hanning(24), "same") * loud / 3  # as deep as speech
    voice = np.rint(32767 * np.clip(noise, -1, 1)).astype("<i2")
    music = np.full((SAMPLE_RATE, 2), 8000, "<i2")
    with wave.open(str(tmp_path / "bed.wav"), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(voice.tobytes())
    with wave.open(str(tmp_path / "music.wav"), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(music.tobytes())
    with wave.open(str(tmp_path / "bed.wav"), "rb") as bed, wave.open(str(tmp_path / "music.wav"), "rb") as tune:
        ours = all_of(Mix(bed, Music(tune, 0.0)))[0]
    ours -= voice.astype(np.float32) / 32768
    graph = (
        "[1:a]aformat=sample_fmts=dbl:channel_layouts=stereo[key];[0:a]aformat=sample_fmts=dbl,"
        "aloop=-1:48000,apad[music];[music][key]sidechaincompress=threshold=0.0283:ratio=10:attack=15:release=350[a]"
    )
    raw = ["-i", str(tmp_path / "music.wav")]
    key = tmp_path / "key.pcm"
    key.write_bytes(np.repeat(voice, 2).tobytes())
    args = [*raw, "-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", str(key), "-filter_complex", graph]
    told = ffmpeg.run(["-v", "error", *args, "-map", "[a]", "-t", "4", "-f", "f32le", "pipe:1"], doing="ducking")
    theirs = np.frombuffer(told, np.float32).reshape(-1, 2)[:, 0]
    difference = 20 * np.log10(ours[: len(theirs)] / theirs)
    assert difference.min() > -3
    assert np.abs(np.percentile(difference, (5, 95))).max() < 1.5
    assert difference.mean() == pytest.approx(0, abs=0.7)


def test_music_that_is_cut_off_is_told_and_not_waited_for(tmp_path: Path) -> None:
    bed, music = tmp_path / "bed.wav", tmp_path / "music.wav"
    for path, channels, count in ((bed, 1, SAMPLE_RATE), (music, 2, 1000)):
        with wave.open(str(path), "wb") as file:
            file.setparams((channels, 2, SAMPLE_RATE, 0, "NONE", ""))
            file.writeframes(bytes(2 * channels * count))
    music.write_bytes(music.read_bytes()[:-2000])
    asked = Score((bed,), (0,), SAMPLE_RATE, music, 0.0)
    with pytest.raises(MediaError, match="cut off; nothing is wrong: run doit again"):
        write_soundtrack(asked, tmp_path / "o.wav")
