"""The sample music, synthesised: every sound is added on a circle of samples, so that a loop has no seam."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

RATE = 48_000
TARGET_LUFS = -18.0
TAU = 2 * np.pi

Sound = NDArray[np.float64]

# Chords as MIDI notes; the first is the root, an octave or two below for the bass.
CALM = ((48, 55, 59, 62, 64), (45, 52, 55, 60, 64), (41, 53, 57, 60, 64), (43, 55, 57, 62, 64),
        (40, 52, 55, 59, 62), (45, 52, 55, 59, 60), (38, 53, 57, 60, 64), (43, 53, 57, 60, 62))  # fmt: skip
BRIGHT = ((48, 55, 60, 64), (43, 55, 59, 62), (45, 57, 60, 64), (41, 57, 60, 65)) * 2 + (
    (41, 57, 60, 65), (43, 55, 59, 62), (45, 57, 60, 64), (43, 55, 59, 65))  # fmt: skip
HIGHEST_BASS = 43
PENTATONIC = (60, 62, 64, 67, 69, 72, 74, 76, 79)


def main(folder: Path) -> None:
    """Write calm.ogg and bright.ogg."""
    encode(calm(), folder / "calm.ogg")
    encode(bright(), folder / "bright.ogg")


class Loop:
    """A stereo circle of samples to which sounds are added."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.samples = round(seconds * RATE)
        self.dry, self.wet = np.zeros((2, self.samples)), np.zeros((2, self.samples))
        self.dice = np.random.default_rng(seed)

    def add(self, start_seconds: float, sound: Sound, *, pan: float = 0.0, wet: float = 0.3) -> None:
        """Add a mono sound; pan from -1 (left) to 1, wet is how much of it goes into the reverberation."""
        at = (round(start_seconds * RATE) + np.arange(len(sound))) % self.samples
        for side, gain in enumerate((np.cos((pan + 1) * np.pi / 4), np.sin((pan + 1) * np.pi / 4))):
            np.add.at(self.dry[side], at, sound * gain)
            np.add.at(self.wet[side], at, sound * gain * wet)

    def mixed(self, tail_seconds: float) -> Sound:
        """Return the loop with its room, whose echo goes round the circle too."""
        time = np.arange(round(tail_seconds * RATE)) / RATE
        out = np.zeros_like(self.dry)
        for side in range(2):
            room = self.dice.standard_normal(len(time)) * np.exp(-6.9 * time / tail_seconds)
            room = smoothed(room, 9) * np.minimum(1, time / 0.012)
            spectrum = np.fft.rfft(self.wet[side]) * np.fft.rfft(room / np.sqrt(np.sum(room**2)), self.samples)
            out[side] = self.dry[side] + np.fft.irfft(spectrum, self.samples)
        return out


def calm() -> Sound:
    """Return 32 s of pads, plucked notes, a soft bass and brushes: eight bars of four seconds."""
    loop, bar = Loop(32.0, 3), 4.0
    for number, chord in enumerate(CALM):
        start, low = number * bar, chord[0] - 12 if chord[0] > HIGHEST_BASS else chord[0]
        for voice, note in enumerate(chord[1:]):
            loop.add(start - 0.35, pad(note, bar + 1.6) * 0.8, pan=(voice - 1.5) / 2.4, wet=0.6)
            loop.add(start - 0.35, pad(note + 12, bar + 1.6) * 0.4, pan=(1.5 - voice) / 2, wet=0.8)
        loop.add(start, bass(low, 2.6) * 0.5, wet=0.05)
        loop.add(start + 2.5, bass(low, 1.3) * 0.35, wet=0.05)
        tones = [note for note in PENTATONIC if (note - chord[0]) % 12 in {0, 3, 4, 7, 9, 10, 11, 2}]
        here = int(loop.dice.integers(2, 5))
        for beat in (0, 1, 1.5, 2.5, 3, 3.5):
            if loop.dice.random() < 0.78:
                here = int(np.clip(here + loop.dice.integers(-2, 3), 0, len(tones) - 1))
                late = 0.03 * loop.dice.random() + (0.05 if beat % 1 else 0)
                loop.add(
                    start + beat + late,
                    pluck(tones[here], 2.4) * loop.dice.uniform(0.8, 1.25),
                    pan=loop.dice.uniform(-0.5, 0.5),
                    wet=0.75,
                )
        for beat in range(4):
            loop.add(start + beat + 0.5, brush(loop, 0.16) * 0.35, pan=0.3, wet=0.25)
        for beat in (0, 2.5):
            loop.add(start + beat, kick() * 0.3, wet=0.03)
        for beat in (1, 3):
            loop.add(start + beat, brush(loop, 0.3) * 0.8, pan=-0.15, wet=0.35)
    return loop.mixed(2.8) + hiss(loop, 0.004)


def bright() -> Sound:
    """Return 24 s of plucked chords over a light beat: twelve bars of two seconds."""
    loop, bar = Loop(24.0, 5), 2.0
    for number, chord in enumerate(BRIGHT):
        start, low = number * bar, chord[0] - 12 if chord[0] > HIGHEST_BASS else chord[0]
        for voice, note in enumerate(chord[1:]):
            loop.add(start - 0.1, pad(note, bar + 0.5) * 0.55, pan=voice - 1.0, wet=0.5)
        for step, gain in ((0, 1.0), (0.75, 0.7), (1.0, 0.85), (1.5, 0.7)):
            loop.add(start + step, bass(low, 0.42) * gain, wet=0.03)
        up = [*chord[1:], chord[1] + 12]
        for step, which in enumerate((0, 2, 1, 3, 2, 1, 3, 2)):
            note = up[which % len(up)] + 12
            loop.add(
                start + step * 0.25, pluck(note, 1.2) * (0.62 if step % 2 else 0.85), pan=0.55 * (-1) ** step, wet=0.4
            )
        if number % 2:
            tune = loop.dice.choice(PENTATONIC[3:], 3)
            for note, when in zip(tune, (0.5, 1.0, 1.25), strict=True):
                loop.add(start + when, pluck(int(note) + 12, 1.6) * 0.6, wet=0.6)
        for beat in range(2):
            loop.add(start + beat, kick() * 0.75, wet=0.02)
            loop.add(start + beat + 0.5, brush(loop, 0.2) * 1.1, pan=0.1, wet=0.3)
        for step in range(8):
            loop.add(start + step * 0.25, brush(loop, 0.05) * (0.5 if step % 2 else 0.28), pan=0.4, wet=0.1)
    return loop.mixed(1.4)


def hertz(note: float) -> float:
    """Return the frequency of a MIDI note."""
    return float(440 * 2 ** ((note - 69) / 12))


def pad(note: int, seconds: float) -> Sound:
    """Return a soft chord voice: a few slightly mistuned partials that swell and fade."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros_like(time)
    for cents in (-6, 0, 7):
        base = hertz(note + cents / 100)
        for partial in range(1, 7):
            sound += np.sin(TAU * base * partial * time + partial * cents) / partial**1.8
    swell = np.minimum(1, time / 0.9) * np.minimum(1, (seconds - time) / 1.2)
    voice: Sound = 0.022 * sound * np.sin(np.clip(swell, 0, 1) * np.pi / 2) ** 2
    return voice


def pluck(note: int, seconds: float) -> Sound:
    """Return a plucked note, between a harp and an electric piano."""
    time = np.arange(round(seconds * RATE)) / RATE
    base, sound = hertz(note), np.zeros(round(seconds * RATE))
    for partial, level in enumerate((1, 0.42, 0.2, 0.12, 0.05, 0.03), 1):
        sound += (
            level
            * np.sin(TAU * base * partial * (1 + 0.0003 * partial**2) * time)
            * np.exp(-time * (2.0 + 1.5 * partial))
        )
    return 0.11 * sound * np.minimum(1, time / 0.004) * np.minimum(1, (seconds - time) / 0.1)


def bass(note: int, seconds: float) -> Sound:
    """Return a round bass note."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(TAU * hertz(note) * time) + 0.3 * np.sin(TAU * hertz(note) * 2 * time) * np.exp(-3 * time)
    return 0.16 * tone * np.exp(-0.9 * time) * np.minimum(1, time / 0.015) * np.minimum(1, (seconds - time) / 0.12)


def kick() -> Sound:
    """Return a soft drum."""
    time = np.arange(round(0.32 * RATE)) / RATE
    return (
        0.4
        * np.sin(TAU * (48 * time + 3.2 * (1 - np.exp(-28 * time))))
        * np.exp(-11 * time)
        * np.minimum(1, time / 0.002)
    )


def brush(loop: Loop, seconds: float) -> Sound:
    """Return a brush on a drum: noise without its lows."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = loop.dice.standard_normal(len(time))
    return 0.035 * (noise - smoothed(noise, 7)) * np.exp(-5.5 * time / seconds) * np.minimum(1, time / 0.003)


def hiss(loop: Loop, level: float) -> Sound:
    """Return the quiet noise of a tape, smooth around the circle."""
    noise = loop.dice.standard_normal((2, loop.samples))
    return level * 0.4 * (noise + np.roll(noise, 1, axis=1) + np.roll(noise, 2, axis=1))


def smoothed(sound: Sound, width: int) -> Sound:
    """Return a moving average."""
    return np.convolve(sound, np.ones(width) / width, mode="same")


def encode(sound: Sound, path: Path) -> None:
    """Bring a loop to its loudness and write it as Ogg Vorbis."""
    sound = np.tanh(1.1 * sound / np.max(np.abs(sound))) / 1.1
    gain = 1.0
    for _ in range(3):
        gain *= 10 ** ((TARGET_LUFS - loudness(sound * gain)) / 20)
    assert np.max(np.abs(sound * gain)) < 0.9, "the music would clip"
    run(
        [
            "-c:a",
            "libvorbis",
            "-q:a",
            "4",
            "-fflags",
            "+bitexact",
            "-flags:a",
            "+bitexact",
            "-serial_offset",
            "1",
            str(path),
        ],
        sound * gain,
    )


def loudness(sound: Sound) -> float:
    """Return the integrated loudness in LUFS, by EBU R128."""
    said = run(["-af", "ebur128=framelog=quiet", "-f", "null", "-"], sound)
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])


def run(arguments: Iterable[str], sound: Sound) -> str:
    """Give samples to ffmpeg; return what it says."""
    raw = sound.T.astype("<f4").tobytes()
    start = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-y",
        "-f",
        "f32le",
        "-ar",
        str(RATE),
        "-ac",
        "2",
        "-i",
        "-",
    ]
    done = subprocess.run([*start, *arguments], input=raw, capture_output=True, check=True)
    return done.stderr.decode()
