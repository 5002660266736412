"""Samples of a voice: pitch, formants, silence, loudness, WAV. Everything is float mono; numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.fft import irfft, rfft

from reelmake.media import voice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]


RATE = 24_000
SPEECH_DBFS, PEAK_DBFS = -20.0, -1.0
SILENCE_DB = -45.0  # below the loudness of the speech
WINDOW, HOP = 1024, 256
ENVELOPE_QUEFRENCIES = 36  # 1.5 ms: finer than formants, coarser than the period of the highest voice
FADE_SECONDS = 0.008
LEVEL_HOP = RATE // 100


def resample(samples: Samples, length: int) -> Samples:
    """Return the same sound as `length` samples; what would be above half the new rate is cut off."""
    padding = 512  # so that the two ends, which are neighbours in a Fourier transform, do not meet
    wanted = round(padding * length / len(samples))
    spectrum = rfft(np.pad(samples, padding))
    return irfft(spectrum, length + 2 * wanted)[wanted : wanted + length] * (length / len(samples))


def shift_formants(samples: Samples, factor: float) -> Samples:
    """Move the resonances of a voice up or down by a factor, and leave its pitch and length as they are."""
    window = np.hanning(WINDOW + 1)[:-1]
    padded = np.pad(samples, (WINDOW, WINDOW + HOP))
    starts = range(0, len(padded) - WINDOW, HOP)
    frames = rfft(np.stack([padded[start : start + WINDOW] for start in starts]) * window)
    level = np.log(np.abs(frames) + 1e-5)
    cepstrum = irfft(level)
    lifter = np.zeros(WINDOW)
    lifter[:ENVELOPE_QUEFRENCIES] = lifter[1 - ENVELOPE_QUEFRENCIES :] = 1
    envelope = rfft(cepstrum * lifter).real
    bins = np.arange(envelope.shape[1])
    moved = np.stack([np.interp(bins / factor, bins, frame) for frame in envelope])
    frames *= np.exp(np.clip(moved - envelope, -3, 3))
    shifted = np.zeros(len(padded))
    for start, frame in zip(starts, irfft(frames) * window, strict=True):
        shifted[start : start + WINDOW] += frame
    return shifted[WINDOW : WINDOW + len(samples)] / 1.5  # what four overlapping squared windows add up to


def speech_level(samples: Samples) -> float:
    """Return how loud the speech is, in dB below full scale, whatever silence is around it."""
    levels = _levels(samples)
    loud = levels[levels > levels.max() - 30]
    return float(10 * np.log10(np.mean(10 ** (loud / 10))))


def heard(samples: Samples) -> NDArray[np.bool_]:
    """Say of each LEVEL_HOP samples whether a voice is heard in them."""
    mask: NDArray[np.bool_] = _levels(samples) > speech_level(samples) + SILENCE_DB
    return mask


def leveled(samples: Samples) -> Samples:
    """Return the sound at SPEECH_DBFS, or softer where its peaks would be above PEAK_DBFS."""
    gain = min(SPEECH_DBFS - speech_level(samples), PEAK_DBFS - 20 * float(np.log10(np.abs(samples).max())))
    louder: Samples = samples * 10 ** (gain / 20)
    return louder


def faded(samples: Samples) -> Samples:
    """Return the sound without a click at its ends."""
    length = min(len(samples) // 2, round(FADE_SECONDS * RATE))
    ramp = np.linspace(0, 1, length)
    soft: Samples = samples * np.concatenate([ramp, np.ones(len(samples) - 2 * length), ramp[::-1]])
    return soft


def wav(samples: Samples) -> bytes:
    """Return a mono WAV of 16 bits at RATE."""
    return voice.wav(np.round(samples * 32767).astype("<i2").tobytes(), RATE)


def _levels(samples: Samples) -> Samples:
    """Return the level of each 10 ms in dB below full scale."""
    padded = np.pad(samples, (0, -len(samples) % LEVEL_HOP)).reshape(-1, LEVEL_HOP)
    levels: Samples = 10 * np.log10(np.mean(padded**2, axis=1) + 1e-12)
    return levels
