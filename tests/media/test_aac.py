"""Sound that is encoded in pieces: without a seam, and only what is new."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sounds import Given

from reelmake.core.errors import MediaError
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.media import aac
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import AAC_FRAME_SAMPLES, aac_frames
from reelmake.media.pieces import Pieces

SECONDS = 15
PIECES = 8  # of 2 s


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()


def sound() -> NDArray[np.int16]:
    """Make stereo sound with tones, noise, sudden beginnings and silence."""
    rng = np.random.default_rng(5)
    t = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    tones = 0.2 * np.sin(2 * np.pi * 220 * t) + 0.1 * np.sin(2 * np.pi * 1330 * t)
    loud = np.repeat(rng.choice([0.0, 0.1, 1.0], SECONDS * 8), SAMPLE_RATE // 8)
    noise = 0.1 * rng.standard_normal((2, len(t)))
    return np.rint(12000 * loud * (tones + noise)).T.astype("<i2")


def encoded(folder: Path, samples: NDArray[np.int16], ffmpeg: Ffmpeg, pieces: str = "pieces") -> bytes:
    with Pieces(folder / pieces, "test") as made:
        aac.encode(Given(samples.T), folder / "out.aac", pieces=made, workdir=folder, ffmpeg=ffmpeg)
    return (folder / "out.aac").read_bytes()


def decoded(content: bytes, ffmpeg: Ffmpeg) -> NDArray[np.float64]:
    """Return what is heard, but for the first frame, which is from before the beginning."""
    args = ["-v", "error", "-f", "aac", "-i", "pipe:0", "-f", "s16le", "pipe:1"]
    heard = np.frombuffer(ffmpeg.run(args, doing="decoding", stdin=content), "<i2").reshape(-1, 2)
    return heard[AAC_FRAME_SAMPLES:].astype(np.float64)


def names(file: Path) -> set[str]:
    _, sizes, _ = file.read_bytes().split(b"\n", 2)
    return set(json.loads(sizes))


def test_pieces_fit_together_as_if_they_had_been_encoded_at_once(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    samples = sound()
    heard = decoded(encoded(tmp_path, samples, ffmpeg), ffmpeg)
    assert len(heard) == (aac_frames(len(samples)) - 1) * AAC_FRAME_SAMPLES
    error = heard[: len(samples)] - samples
    raw = ["-v", "error", "-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0"]
    whole = [*raw, "-c:a", "aac", "-b:a", "192k", "-aac_coder", "fast", "-aac_pns", "0", "-aac_is", "0"]
    at_once = ffmpeg.run([*whole, "-f", "adts", "pipe:1"], doing="encoding", stdin=samples.tobytes())
    usual = decoded(at_once, ffmpeg)[: len(samples)] - samples
    assert np.square(error).mean() < 1.1 * np.square(usual).mean()
    for seam in range(1, PIECES):
        at = (seam * 96 - 1) * AAC_FRAME_SAMPLES
        around = slice(at - AAC_FRAME_SAMPLES, at + 2 * AAC_FRAME_SAMPLES)
        assert np.square(error[around]).mean() < 1.5 * np.square(usual[around]).mean() + 1


def test_only_pieces_with_other_samples_are_encoded_and_all_is_as_in_a_clean_build(
    tmp_path: Path, ffmpeg: Ffmpeg
) -> None:
    samples = sound()
    encoded(tmp_path, samples, ffmpeg)
    before = names(tmp_path / "pieces")
    assert len(before) == 2 * PIECES  # what samples each is made of, and what becomes of them
    samples[8 * SAMPLE_RATE : 8 * SAMPLE_RATE + 100] += 50  # in a second of two pieces, and in one of these
    again = encoded(tmp_path, samples, ffmpeg)
    assert len(names(tmp_path / "pieces") - before) == 2 + 1
    assert len(names(tmp_path / "pieces")) == 2 * PIECES  # what is not needed any more is not kept
    assert again == encoded(tmp_path, samples, ffmpeg, pieces="clean")


def test_nothing_is_encoded_twice(tmp_path: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    made = encoded(tmp_path, sound(), ffmpeg)
    monkeypatch.setattr(Ffmpeg, "run", lambda *_, **__: pytest.fail("ffmpeg was run"))
    assert encoded(tmp_path, sound(), ffmpeg) == made


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "of another kind"])
def test_pieces_that_are_damaged_are_made_again(tmp_path: Path, ffmpeg: Ffmpeg, damage: str) -> None:
    made = encoded(tmp_path, sound(), ffmpeg)
    file = tmp_path / "pieces"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    content = {"cut": content[:-9000], "changed": content, "emptied": bytearray(), "of another kind": bytearray(99)}[
        damage
    ]
    file.write_bytes(content)
    assert encoded(tmp_path, sound(), ffmpeg) == made
    assert encoded(tmp_path, sound(), ffmpeg) == made


@pytest.mark.parametrize("count", [1, 1023, 1024, 1025, 95 * 1024, 95 * 1024 + 1, 200_000])
def test_sound_of_any_length_has_all_its_frames(tmp_path: Path, ffmpeg: Ffmpeg, count: int) -> None:
    heard = decoded(encoded(tmp_path, sound()[:count], ffmpeg), ffmpeg)
    assert len(heard) == (aac_frames(count) - 1) * AAC_FRAME_SAMPLES


def test_an_encoder_that_gives_too_little_is_an_error_and_nothing_is_kept(
    tmp_path: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aac, "aac_frames", lambda samples: aac_frames(samples) + 5)
    with pytest.raises(MediaError, match=r"ffmpeg encoded \d+ frames of sound in place of"):
        encoded(tmp_path, sound()[:20_000], ffmpeg)
    assert not (tmp_path / "pieces").exists()
