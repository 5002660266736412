"""The finished mp4, looked at and listened to: format, loudness, and pictures, words and sound that stay together."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from footage import hum
from numpy.typing import NDArray
from standin_server import Standin, word_seconds
from workspace import Workspace

from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.soundtrack import loudness

FPS = 30
RATE = 48_000


def pictures(path: Path) -> NDArray[np.uint8]:
    """Return all frames of a video as RGB: (frames, height, width, 3)."""
    with av.open(str(path)) as file:
        convert = VideoReformatter()  # a frame by itself would have one made for it alone
        return np.stack([convert.reformat(frame, format="rgb24").to_ndarray() for frame in file.decode(video=0)])


def samples(path: Path) -> NDArray[np.float32]:
    """Return the sound of a video, one channel, from the video's own time 0: what a player plays."""
    with av.open(str(path)) as file:
        parts = [(frame.pts, frame.to_ndarray()[0]) for frame in file.decode(audio=0) if frame.pts is not None]
    sound = np.zeros(max(pts + len(part) for pts, part in parts), np.float32)
    for pts, part in parts:
        sound[max(pts, 0) : max(pts, 0) + len(part) - max(-pts, 0)] = part[max(-pts, 0) :]
    return sound


def test_the_format_is_what_every_app_takes(project: Workspace) -> None:
    project.episode("one", "ada: Hello there my friend", "max: Good day to you")
    project.run()
    path = project.root / "build/one/one.mp4"
    with av.open(str(path)) as file:
        video, sound = file.streams.video[0], file.streams.audio[0]
        context: Any = video.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert video.average_rate == video.guessed_rate == Fraction(FPS)
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", RATE, 2)
        steps = [packet.dts for packet in file.demux(video=0) if packet.dts is not None]
        assert len({b - a for a, b in pairwise(steps)}) == 1
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    told = json.loads((project.root / "build/one/video.json").read_text())
    assert told["video"]["frames"] == len(pictures(path)) == sum(line["frames"] for line in told["lines"])
    assert re.fullmatch(r"[0-9a-f]{64}", told["video"]["sha256"])


@pytest.mark.slow
@pytest.mark.parametrize("words", [4, 60])
def test_the_final_mp4_is_as_loud_as_it_has_to_be(project: Workspace, words: int) -> None:
    hum(project.root / "assets/hum.wav", seconds=5)
    project.episode("one", "ada: " + "words " * words, "max: " + "more " * words, music="assets/hum.wav")
    project.run()
    lufs, peak = loudness(project.root / "build/one/one.mp4", Ffmpeg())
    assert abs(lufs + 14) <= 0.5
    assert peak <= -1


@pytest.mark.slow
def test_over_five_minutes_every_line_is_seen_and_heard_at_the_same_moment(project: Workspace) -> None:
    """Each line's picture flashes from black to white or back, and each word clicks."""
    count = 60
    said = [f"ada: Line {n} of many {'that says more ' * (n % 5 + 3)}here" for n in range(count)]
    lines = [f"{words} | {'white' if n % 2 else 'night'} {n}" for n, words in enumerate(said)]
    project.episode("one", *lines, reel={"captions": "none"})
    project.run()
    told = json.loads((project.root / "build/one/video.json").read_text())["lines"]
    path = project.root / "build/one/one.mp4"
    with av.open(str(path)) as file:
        bright = np.array([frame.to_ndarray()[60:100, 40:100].mean() for frame in file.decode(video=0)])  # the luma
    assert len(bright) > 300 * FPS
    seen = np.flatnonzero(np.abs(np.diff(bright)) > 60) + 1
    assert list(seen) == [line["start_frame"] for line in told[1:]]
    clicks = onsets(samples(path))
    for line in told:
        starts = line["start_frame"] / FPS
        assert np.abs(clicks - starts).min() < 1 / FPS
        at = starts
        for word in line["text"].split():
            assert np.abs(clicks - at).min() < 0.02, (line["text"], word)
            at += word_seconds(word)


def onsets(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return when clicks begin, in seconds: where 1.5 kHz rises out of the hum."""
    window = RATE // 1000
    count = len(sound) // window
    wave = np.exp(-2j * np.pi * 1500 * np.arange(window) / RATE)
    level = np.abs((sound[: count * window].reshape(count, window) * wave).mean(axis=1))
    loud = level > level.max() * 0.4
    return (np.flatnonzero(loud[1:] & ~loud[:-1]) + 1) * window / RATE


@pytest.mark.slow
def test_words_light_up_when_they_are_heard(tmp_path: Path, vendor: Standin) -> None:
    """Green caption words on a dark picture: their number changes when a word lights up."""
    project = Workspace(tmp_path / "project", vendor.url, size="360x640")
    project.write("characters/ada.yaml", 'name: Ada\ncaption: {color: "#00FF00"}\n')
    words = "fascinating 🎉 conversations continue, unhurriedly"
    lines = [f"ada: Extraordinarily {n} {words} | night {n}" for n in range(4)]
    project.episode("one", *lines)
    project.run()
    path = project.root / "build/one/one.mp4"
    frames = pictures(path).astype(int)
    green = ((frames[..., 1] > 150) & (frames[..., 0] < 110) & (frames[..., 2] < 110)).sum(axis=(1, 2))
    changes = np.flatnonzero(np.abs(np.diff(green, prepend=0)) > 120) / FPS  # it falls where another cue begins
    heard = 0
    for line in json.loads((project.root / "build/one/video.json").read_text())["lines"]:
        at = line["start_frame"] / FPS
        for word in line["text"].split():
            if len(word) > 5:
                heard += 1
                assert np.abs(changes - at).min() <= 0.040, (word, at)
            at += word_seconds(word)
    assert heard == 4 * 5
