"""Voices and soundtracks, made by the real program and measured."""

from __future__ import annotations

import subprocess
import sys
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sounds import Given

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media import voice as sound
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import AAC_FRAME_SAMPLES, aac_frames
from reelmake.media.loudness import integrated_lufs, listen
from reelmake.media.soundtrack import Score, encode_soundtrack, loudness, prepare_music, write_soundtrack

Samples = NDArray[np.float64]


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


def pcm_of(samples: Samples) -> bytes:
    return np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def speech(seconds: float, seed: int = 1, peak: float = 0.3) -> Samples:
    """Sound with the ups and downs of speech: harmonics of a wandering pitch in syllables, words and pauses."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.7 * t + seed)) / SAMPLE_RATE
    tone = np.sum([np.sin(k * pitch + rng.uniform(0, 6)) / k for k in range(1, 25)], axis=0)
    syllables = np.clip(np.sin(2 * np.pi * 4 * t + seed), 0, 1) * (np.sin(2 * np.pi * 0.6 * t + seed) > -0.8)
    voice = (tone + 0.1 * rng.standard_normal(len(t))) * syllables
    scaled: Samples = voice * peak / np.abs(voice).max()
    return scaled


def read_stereo(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, SAMPLE_RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def encode(pcm: bytes, to: Path, ffmpeg: Ffmpeg, *options: str) -> bytes:
    to.with_suffix(".source.wav").write_bytes(sound.wav(pcm))
    ffmpeg.run(["-v", "error", "-i", str(to.with_suffix(".source.wav")), *options, str(to)], doing="encoding")
    return to.read_bytes()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", ("-ar", "24000")),
        ("a.wav", ("-ar", "44100", "-ac", "2", "-c:a", "pcm_f32le")),
        ("a.mp3", ()),
        ("a.flac", ()),
        ("a.ogg", ("-c:a", "libopus")),
        ("a.m4a", ()),  # keeps its index at the end
    ],
)
def test_a_voice_is_decoded_from_any_container(
    tmp_path: Path, ffmpeg: Ffmpeg, name: str, options: tuple[str, ...]
) -> None:
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    body = encode(pcm_of(tone), tmp_path / name, ffmpeg, *options)
    decoded = np.frombuffer(sound.decode(body, ffmpeg), "<i2") / 32767
    assert abs(len(decoded) - SAMPLE_RATE) <= 2500  # lossy codecs pad
    assert np.abs(np.fft.rfft(decoded[:SAMPLE_RATE])).argmax() == pytest.approx(440, abs=2)
    assert np.abs(decoded[10_000:30_000]).max() > 0.15


@pytest.mark.parametrize("body", [b"", b"not a sound", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_sound_is_an_error_that_says_so(ffmpeg: Ffmpeg, body: bytes) -> None:
    with pytest.raises(MediaError, match="decoding a voice failed"):
        sound.decode(body, ffmpeg)


def test_silence_is_cut_and_what_was_cut_in_front_is_told() -> None:
    voice = 0.3 * np.sin(np.arange(SAMPLE_RATE // 2) / 7)
    noise = 0.0001 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)
    noise[SAMPLE_RATE : SAMPLE_RATE + len(voice)] += voice
    kept, cut = sound.trim(pcm_of(noise))
    assert cut == SAMPLE_RATE - 480
    assert len(kept) // 2 == 480 + len(voice) + 1920
    samples = np.frombuffer(kept, "<i2")
    assert samples[0] == samples[-1] == 0
    assert np.abs(samples[480 : 480 + len(voice)] - voice * 32767).max() < 30


@pytest.mark.parametrize("samples", [np.zeros(5000), np.zeros(0), np.full(100, 0.5), np.full(1, 0.5)])
def test_sound_without_silence_or_without_sound_survives_trimming(samples: Samples) -> None:
    kept, cut = sound.trim(pcm_of(samples))
    assert (len(kept) // 2, cut) == (len(samples), 0)


def test_nobody_sees_the_warnings_of_pydub(tmp_path: Path) -> None:
    """On a machine where it is imported for the first time, with no ffmpeg on the PATH."""
    code = "from reelmake.media import voice; voice.level(voice.trim(bytes(9600))[0])"
    env = {"PATH": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], env=env, capture_output=True, check=True)
    assert done.stderr == b""


@pytest.mark.slow
@pytest.mark.parametrize("peak", [0.9, 0.3, 0.01])
@pytest.mark.parametrize("seconds", [0.3, 2.0, 10.0])
def test_every_voice_gets_the_same_loudness(tmp_path: Path, ffmpeg: Ffmpeg, peak: float, seconds: float) -> None:
    levelled = sound.level(pcm_of(speech(seconds, peak=peak)))
    both = np.repeat(np.frombuffer(levelled, "<i2"), 2).reshape(-1, 2)
    rounds = int(np.ceil(3 / seconds))
    with wave.open(str(tmp_path / "both.wav"), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(np.tile(both, (rounds, 1)).tobytes())
    assert loudness(tmp_path / "both.wav", ffmpeg)[0] == pytest.approx(-20, abs=0.5)


def test_silence_is_not_made_louder() -> None:
    assert sound.level(bytes(9600)) == bytes(9600)


def test_a_voice_survives_its_file(tmp_path: Path) -> None:
    pcm = pcm_of(speech(0.5))
    (tmp_path / "a.wav").write_bytes(sound.wav(pcm))
    assert sound.wav_samples(tmp_path / "a.wav") == len(pcm) // 2
    with sound.open_wav(tmp_path / "a.wav") as file:
        assert file.readframes(file.getnframes()) == pcm


def score(folder: Path, voices: list[bytes], starts: list[int], total: int, music: Path | None = None) -> Score:
    paths = tuple(folder / f"{number}.wav" for number in range(len(voices)))
    for path, pcm in zip(paths, voices, strict=True):
        path.write_bytes(sound.wav(pcm))
    return Score(paths, tuple(starts), total, music, -6.0)


def test_voices_start_on_their_sample(tmp_path: Path) -> None:
    beep = pcm_of(0.3 * np.sin(2 * np.pi * 1000 * np.arange(4800) / SAMPLE_RATE))
    starts = [0, 1600 * 10, 1600 * 37, 1600 * 38 * 3]
    write_soundtrack(score(tmp_path, [beep] * 4, starts, 1600 * 130), tmp_path / "o.wav")
    heard = read_stereo(tmp_path / "o.wav")
    assert len(heard) == 1600 * 130
    for start in starts:
        before = np.abs(heard[max(0, start - 2000) : start]).max(initial=0)
        assert before < 600  # ringing of the filters between the rates
        assert np.abs(heard[start + 6 : start + 30]).max() > 3000


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Ffmpeg) -> Path:
    """Two seconds of a chord, whose end meets its beginning."""
    folder = tmp_path_factory.mktemp("music")
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    encode(pcm_of(0.1 * np.sin(2 * np.pi * 200 * t) + 0.1 * np.sin(2 * np.pi * 300 * t)), folder / "m.flac", ffmpeg)
    prepare_music(folder / "m.flac", folder / "ready.wav", ffmpeg)
    return folder / "ready.wav"


def test_music_gets_the_loudness_of_speech(music: Path, ffmpeg: Ffmpeg) -> None:
    assert loudness(music, ffmpeg)[0] == pytest.approx(-20, abs=0.1)


def test_music_loops_without_a_gap_fades_out_and_makes_room_for_speech(tmp_path: Path, music: Path) -> None:
    spoken = sound.level(pcm_of(speech(2.0)))
    write_soundtrack(score(tmp_path, [spoken], [7 * SAMPLE_RATE], 15 * SAMPLE_RATE, music), tmp_path / "o.wav")
    left = read_stereo(tmp_path / "o.wav")[:, 0].astype(float)
    alone = left[: 6 * SAMPLE_RATE]
    # a gap or a click would be louder than the chord anywhere but at its two notes
    spectrum = np.abs(np.fft.rfft(alone[SAMPLE_RATE : 5 * SAMPLE_RATE] * np.hanning(4 * SAMPLE_RATE)))
    others = np.delete(spectrum, [k + n for k in (800, 1200) for n in range(-8, 9)])
    assert others.max() < spectrum.max() / 1000

    def chord(start: float, seconds: float) -> float:
        part = left[round(start * SAMPLE_RATE) : round((start + seconds) * SAMPLE_RATE)]
        return float(np.abs(np.fft.rfft(part * np.hanning(len(part))))[round(300 * seconds)] / len(part))

    assert chord(8, 1) < chord(4, 1) / 2.5  # ducked by 8 dB at least
    assert chord(11, 1) > chord(4, 1) / 1.2  # back again
    assert chord(14.8, 0.2) < chord(11, 1) / 6  # faded


def test_music_that_holds_no_sound_is_told(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    (tmp_path / "m.wav").write_bytes(sound.wav(b""))
    with pytest.raises(MediaError, match=r"m\.wav holds no sound; name another file under music:"):
        prepare_music(tmp_path / "m.wav", tmp_path / "ready.wav", ffmpeg)


def test_music_whose_end_does_not_meet_its_beginning_loops_without_a_click(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(round(1.0013 * SAMPLE_RATE)) / SAMPLE_RATE)
    encode(pcm_of(tone), tmp_path / "m.flac", ffmpeg)
    prepare_music(tmp_path / "m.flac", tmp_path / "ready.wav", ffmpeg)
    asked = score(tmp_path, [sound.level(pcm_of(speech(0.5)))], [0], 4 * SAMPLE_RATE, tmp_path / "ready.wav")
    write_soundtrack(asked, tmp_path / "o.wav")
    steps = np.abs(np.diff(read_stereo(tmp_path / "o.wav")[SAMPLE_RATE // 4 * 3 :, 0].astype(float)))
    assert steps.max() < 3 * np.percentile(steps, 99)


@pytest.mark.parametrize(
    ("power", "music_db", "within_db"),
    [
        pytest.param(1, -14, 1, id="an even voice"),
        pytest.param(1.25, -14, 1, id="a voice with peaks"),
        pytest.param(1, -6, 2, id="loud music, which counts for the loudness itself"),
    ],
)
def test_music_is_as_loud_against_speech_as_was_asked(
    tmp_path: Path, music: Path, power: float, music_db: float, within_db: float
) -> None:
    """In what is heard in the end: a limiter that makes peaks of speech quieter must not leave the music louder."""
    voice = speech(3.0) / 0.3
    spoken = sound.level(pcm_of(0.3 * np.sign(voice) * np.abs(voice) ** power))
    asked = score(tmp_path, [spoken, spoken], [0, 7 * SAMPLE_RATE], 13 * SAMPLE_RATE, music)
    asked = replace(asked, music_gain_db=music_db)
    write_soundtrack(asked, tmp_path / "o.wav")
    whole = (read_stereo(tmp_path / "o.wav").T / 32768).astype(np.float32)

    def lufs(start: float, end: float) -> float:
        part = Given(whole[:, round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)])
        return integrated_lufs(listen(part).powers)

    assert lufs(4, 7) - (lufs(0, 3) + lufs(7, 10)) / 2 == pytest.approx(music_db, abs=within_db)


@pytest.mark.parametrize(("spoken_seconds", "seconds"), [(0.2, 1.2), (0.6, 3.1), (0.6, 5.6)])
def test_one_word_and_a_long_rest_with_music_are_as_loud_as_anything_else(
    tmp_path: Path, ffmpeg: Ffmpeg, music: Path, spoken_seconds: float, seconds: float
) -> None:
    """Where music counts as much as speech, no gain does for both: it is louder then, and the loudness is right."""
    asked = score(tmp_path, [sound.level(pcm_of(speech(spoken_seconds, 3)))], [0], round(seconds * SAMPLE_RATE), music)
    assert write_soundtrack(asked, tmp_path / "o.wav") == pytest.approx(-14, abs=0.3)
    assert loudness(tmp_path / "o.wav", ffmpeg)[0] == pytest.approx(-14, abs=0.4)


@pytest.mark.slow
@pytest.mark.parametrize("with_music", [False, True])
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(([speech(0.9)], [0], 1), id="one second"),
        pytest.param(([speech(2.5)], [0], 3), id="three seconds"),
        pytest.param(([speech(2.5, n) for n in range(4)], [0, 3, 6, 9], 12), id="twelve seconds"),
        pytest.param(([speech(0.6, n) for n in range(3)], [1, 10, 19], 20), id="a few words in twenty seconds"),
        pytest.param(([speech(2.5, n, 0.0015) for n in range(2)], [0, 3], 6), id="nearly inaudible"),
    ],
)
def test_the_soundtrack_has_the_loudness_of_the_platforms_even_as_aac(
    tmp_path: Path, ffmpeg: Ffmpeg, music: Path, case: tuple[list[Samples], list[int], int], with_music: bool
) -> None:
    voices, starts, seconds = case
    pcms = [pcm_of(voice) for voice in voices]
    asked = score(
        tmp_path, pcms, [s * SAMPLE_RATE for s in starts], seconds * SAMPLE_RATE, music if with_music else None
    )
    reached = write_soundtrack(asked, tmp_path / "o.wav")
    assert reached == pytest.approx(-14, abs=0.2)
    encode_soundtrack(tmp_path / "o.wav", tmp_path / "o.aac", ffmpeg)
    lufs, peak = loudness(tmp_path / "o.aac", ffmpeg)
    assert lufs == pytest.approx(-14, abs=0.5)
    assert peak <= -1


@pytest.mark.parametrize("count", [1, 1023, 1024, 1025, 95 * 1024, 95 * 1024 + 1, 200_000])
def test_sound_of_any_length_has_all_its_frames_as_aac(tmp_path: Path, ffmpeg: Ffmpeg, count: int) -> None:
    both = np.repeat(np.frombuffer(pcm_of(speech(5)), "<i2")[:count], 2)
    with wave.open(str(tmp_path / "both.wav"), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(both.tobytes())
    encode_soundtrack(tmp_path / "both.wav", tmp_path / "both.aac", ffmpeg)
    decode = ["-v", "error", "-f", "aac", "-i", str(tmp_path / "both.aac"), "-f", "s16le", "pipe:1"]
    assert len(ffmpeg.run(decode, doing="decoding")) == aac_frames(count) * AAC_FRAME_SAMPLES * 4


@pytest.mark.parametrize("samples", [SAMPLE_RATE, SAMPLE_RATE // 10])
def test_silence_and_sound_too_short_to_measure_are_no_error(tmp_path: Path, samples: int) -> None:
    asked = score(tmp_path, [bytes(2 * samples)], [0], samples)
    assert write_soundtrack(asked, tmp_path / "o.wav") == -70
    assert not read_stereo(tmp_path / "o.wav").any()


def test_the_same_sound_gives_the_same_bytes(tmp_path: Path, music: Path) -> None:
    asked = score(tmp_path, [pcm_of(speech(2.5))], [0], 3 * SAMPLE_RATE, music)
    written = set()
    for _ in range(3):
        write_soundtrack(asked, tmp_path / "a.wav")
        written.add((tmp_path / "a.wav").read_bytes())
    assert len(written) == 1


@pytest.mark.parametrize(
    ("starts", "total", "what"),
    [([0, 100], 20_000, "would start before"), ([0, 10_000], 12_000, "end 2800 samples after the episode")],
)
def test_voices_must_fit(tmp_path: Path, starts: list[int], total: int, what: str) -> None:
    asked = score(tmp_path, [bytes(9600)] * 2, starts, total)
    with pytest.raises(MediaError, match=what):
        write_soundtrack(asked, tmp_path / "o.wav")


def test_a_voice_of_another_shape_is_refused(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    encode(bytes(9600), tmp_path / "0.wav", ffmpeg, "-ar", "24000")
    asked = Score((tmp_path / "0.wav",), (0,), 9600, None, 0)
    with pytest.raises(MediaError, match="48 kHz mono 16 bit"):
        write_soundtrack(asked, tmp_path / "o.wav")
