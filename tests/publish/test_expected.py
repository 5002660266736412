"""What the release gate reads back from files of subtitles is what was written into them."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysubs2 import SSAFile

from reelmake.layout.captions import Line, Run, Setting, ass, srt, vtt
from reelmake.layout.timeline import Word
from reelmake.publish.expected import _cues, _events

FPS = 30
SETTING = Setting(
    width=1080,
    height=1920,
    center_x=540,
    center_y=1124,
    max_width=696,
    font_px=76,
    fps=FPS,
    style="karaoke",
    measure=lambda text, size_px: len(text) * 0.6 * size_px,
    runs=lambda text: (Run("Usual", text, 1.1, 0.6),),
)
ODD = [
    r"C:\New\nothing \N",
    "{x} {\\b1} {1}",
    "a < b > c <i> < i > <00:00:01.000>",
    "02:15.30 02:16.10 0:00:01,5 0:00:02,5",
    "&amp; &lt;b&gt; R&D",
    "The answer is 42",
    "7",
]
words = st.text(st.sampled_from("ab17 :\\N{}<>&,.-i/"), min_size=1, max_size=30).filter(str.strip)


def line(text: str) -> Line:
    spoken = tuple(Word(word, 10_000 * at, 10_000 * at + 9_000) for at, word in enumerate(text.split()))
    return Line(spoken, 0, 200, "#4CC9F0")


def signs(text: str) -> str:
    return "".join(char for char in text if not char.isspace() and category(char) != "Cf")


@pytest.mark.parametrize("text", ODD)
def test_odd_signs_are_read_back(text: str) -> None:
    read_back(text)


@given(words)
def test_whatever_is_written_is_read_back(text: str) -> None:
    read_back(text)


def read_back(text: str) -> None:
    shown = [line(text)]
    for form, document in (("srt", srt(shown, SETTING)), ("vtt", vtt(shown, SETTING))):
        found = _cues(document, form)
        assert signs(" ".join(cue[2] for cue in found)) == signs(text), form
        assert all(0 <= start < end <= 200 / FPS for start, end, _ in found)
    drawn = " ".join(said for _, said in _events(SSAFile.from_string(ass(shown, SETTING), format_="ass")))
    letters = sorted(char for char in text if char.isalnum())
    assert sorted(char for char in drawn if char.isalnum()) == letters


def test_times_are_those_of_the_cues() -> None:
    document = "WEBVTT\n\n1\n00:00:01.500 --> 01:00:02.000\nOne <00:00:01.700>two <00:00:01.900>three\n"
    assert _cues(document, "vtt") == [(1.5, 3602.0, "One two three")]
    assert _cues("1\n00:00:00,033 --> 00:00:00,967\nOne\n42\n\n", "srt") == [(0.033, 0.967, "One 42")]
