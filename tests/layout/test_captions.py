"""Which words are shown together, and when each one lights up: read back from the subtitles that we write."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pysubs2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reelmake.layout.captions import STYLES, Line, Look, Run, Setting, ass, changes, room_for, srt, vtt
from reelmake.layout.cues import SEEN_SECONDS, SMALLEST, Cue, _syllables, cues
from reelmake.layout.frame import Layout, layout
from reelmake.layout.timeline import FRAME_RATES, SAMPLE_RATE, Word, line_frames
from reelmake.media import fonts
from reelmake.providers.speech.display_words import shown_words

GOLDENS = Path(__file__).parent / "goldens"
WIDTH = 660.0
OUTLINE = 0.09  # of the letters' size, in pixels of the video
ROOM = 696 - (2 * OUTLINE + 0.1) * 76  # for a row in a box 696 wide: outlines and growing take the rest


def measure(text: str, size_px: float) -> float:
    """Every letter is as wide: what is tested here needs no font."""
    return len(text) * 0.6 * size_px


def runs(text: str) -> tuple[Run, ...]:
    """One font for ASCII, another one for the rest."""
    families = {True: ("Usual", 1.1, 0.6), False: ("Fallback", 0.9, 0.2)}
    pieces = re.findall(r"[\x00-\x7f]+|[^\x00-\x7f]+", text)
    return tuple(Run(name, piece, up, down) for piece in pieces for name, up, down in [families[piece.isascii()]])


def setting(fps: int = 30, style: str = "karaoke") -> Setting:
    return Setting(1080, 1920, 540, 1124, 696, 76, fps, style, measure, runs)


def spoken(text: str, *, pace_seconds: float = 0.06) -> tuple[Word, ...]:
    """Give every word a time by its length, and a pause to every full stop."""
    words, now = [], 0.0
    for token in text.split():
        end = now + 0.12 + pace_seconds * len(token)
        words.append(Word(token, int(now * SAMPLE_RATE), int(end * SAMPLE_RATE)))
        now = end + (0.4 if token[-1] in ".!?" else 0.02)
    return tuple(words)


def line(words: tuple[Word, ...], fps: int = 30, *, start_frame: int = 0, color: str = "#4CC9F0") -> Line:
    return Line(words, start_frame, line_frames(words[-1].end_samples, 0, fps), color)


def cut(text: str, language: str = "") -> list[Cue]:
    words = spoken(text)
    frames = line_frames(words[-1].end_samples, 0, 30)
    return cues(words, lambda part: measure(part, 76), WIDTH, frames=frames, fps=30, language=language)


def shown(made: list[Cue]) -> list[str]:
    return [" / ".join(" ".join(word.text for word in row) for row in cue.rows) for cue in made]


@st.composite
def words_of_a_line(draw: st.DrawFn) -> tuple[Word, ...]:
    texts = st.text("abcdefghijklmnopqrstuvwxyzé\u03b1,.!?-", min_size=1, max_size=22)
    parts = draw(
        st.lists(st.tuples(st.integers(0, 30_000), st.integers(4_000, 40_000), texts), min_size=1, max_size=30)
    )
    words, now = [], 0
    for gap, length, text in parts:
        words.append(Word(text, now + gap, now + gap + length))
        now += gap + length
    return tuple(words)


# -- cues ---------------------------------------------------------------------------------------------------------


@given(words_of_a_line(), st.sampled_from(FRAME_RATES))
def test_every_word_is_shown_once_in_order_in_at_most_two_rows_that_fit(words: tuple[Word, ...], fps: int) -> None:
    frames = line_frames(words[-1].end_samples, 0, fps)
    made = cues(words, lambda text: measure(text, 76), WIDTH, frames=frames, fps=fps)
    assert [word for cue in made for row in cue.rows for word in row] == list(words)
    for cue in made:
        assert 1 <= len(cue.rows) <= len(cue.drawn()) <= 2
        for row in cue.drawn():
            assert measure(" ".join(part for _, part in row), 76) * cue.scale <= WIDTH + 1e-6
        has_wide = any(measure(word.text, 76) > WIDTH for row in cue.rows for word in row)
        assert has_wide == (cue.scale < 1 or cue.broken is not None)


@given(words_of_a_line())
def test_a_broken_word_keeps_all_its_letters(words: tuple[Word, ...]) -> None:
    frames = line_frames(words[-1].end_samples, 0, 30)
    for cue in cues(words, lambda text: measure(text, 76), WIDTH, frames=frames, fps=30):
        if cue.broken:
            upper, lower = cue.broken
            assert cue.rows[0][-1].text in (upper + lower, upper.removesuffix("-") + lower)
            assert [part for row in cue.drawn() for _, part in row].count(upper) >= 1


@given(words_of_a_line(), st.sampled_from(FRAME_RATES))
def test_cues_follow_each_other_and_stay_inside_their_line(words: tuple[Word, ...], fps: int) -> None:
    frames = line_frames(words[-1].end_samples, 0, fps)
    made = cues(words, lambda text: measure(text, 76), WIDTH, frames=frames, fps=fps)
    ends = [0]
    for cue in made:
        first, last = cue.rows[0][0], cue.rows[-1][-1]
        assert ends[-1] <= cue.start_frame < cue.end_frame <= frames
        assert cue.start_frame / fps <= first.start_samples / SAMPLE_RATE + 0.5 / fps
        assert cue.end_frame / fps <= last.end_samples / SAMPLE_RATE + 0.8 + 1 / fps
        ends.append(cue.end_frame)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes.", ["Yes."]),
        ("Why is the sky blue, Max?", ["Why is the / sky blue, Max?"]),
        ("It cost $3.2 billion. Nobody knew why.", ["It cost $3.2 / billion.", "Nobody / knew why."]),
        ("Bees can count, and nobody told them how.", ["Bees can / count,", "and nobody / told them how."]),
    ],
)
def test_cuts_are_where_a_reader_pauses(text: str, expected: list[str]) -> None:
    assert shown(cut(text)) == expected


@given(
    st.lists(
        st.sampled_from(["a", "to", "the", "sky", "light", "colour", "because", "wavelength"]), min_size=2, max_size=25
    )
)
def test_a_short_word_is_not_left_alone_on_the_last_cue(words: list[str]) -> None:
    last = cut(" ".join(words))[-1]
    assert sum(map(len, last.rows)) > 1 or len(last.rows[0][0].text) > 6


def test_a_sound_that_is_a_little_longer_changes_nothing_on_screen() -> None:
    """The last cue stays to the end of a line, and a word is current until the next: neither follows the sound."""
    words = spoken("Bees can count, and nobody told them how.")
    longer = (*words[:-1], Word(words[-1].text, words[-1].start_samples, words[-1].end_samples + 480))
    frames = line_frames(longer[-1].end_samples, 14_400, 30)
    documents = {ass([Line(said, 0, frames, "#FFD166")], setting()) for said in (words, longer)}
    assert len(documents) == 1


def test_rows_are_balanced() -> None:
    (cue,) = cut("one two three four five")
    assert [len(row) for row in cue.rows] == [3, 2]


def drawn(made: list[Cue]) -> list[str]:
    return [" / ".join(" ".join(part for _, part in row) for row in cue.drawn()) for cue in made]


def test_a_word_that_is_a_little_too_wide_is_shrunk() -> None:
    (cue,) = cut("internationally.")
    assert shown([cue]) == drawn([cue]) == ["internationally."]
    assert cue.scale == pytest.approx(WIDTH / measure("internationally.", 76))


def test_a_word_that_is_much_too_wide_is_broken_and_shrunk_only_then() -> None:
    (cue,) = cut("supercalifragilistic.")
    assert drawn([cue]) == ["supercali- / fragilistic."]
    assert cue.scale == 1
    (cue,) = cut("supercalifragilisticexpialidocious.")
    assert drawn([cue]) == ["supercalifragilis- / ticexpialidocious."]
    assert cue.scale == pytest.approx(WIDTH / measure("ticexpialidocious.", 76))
    assert shown([cue]) == ["supercalifragilisticexpialidocious."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("On Jan. 5th, at noon, Dr. Smith met J. Doe.", ["On Jan. 5th, / at noon,", "Dr. Smith / met J. Doe."]),
        ("They said no. And then they left.", ["They said no.", "And then / they left."]),
        ("It is cold, approx. five degrees.", ["It is cold,", "approx. five / degrees."]),
    ],
)
def test_a_short_form_stays_with_what_it_belongs_to(text: str, expected: list[str]) -> None:
    """No voice pauses after it: only the full stop looks like the end of a sentence."""
    assert shown(rested(text, 0)) == expected


def test_small_letters_begin_a_sentence_after_a_rest() -> None:
    text = "it is cold. we leave now."
    assert shown(rested(text, 10_000))[0] == "it is cold."
    assert shown(rested(text, 0))[0] != "it is cold."


def rested(text: str, rest_samples: int) -> list[Cue]:
    """Cut a text that is said evenly but for a rest after each full stop."""
    words, now = [], 0
    for word in text.split():
        words.append(Word(word, now, now + 14_000))
        now += 15_000 + rest_samples * word.endswith(".")
    return cues(words, lambda part: measure(part, 76), WIDTH, frames=line_frames(now, 0, 30), fps=30)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("internationalization", "internatio- / nalization"),
        ("antidisestablishmentarianism", "antidisesta- / blishmentarianism"),
        ("Straßenbahnhaltestelle", "Straßenbahn- / haltestelle"),
        ("достопримечательность", "достоприме- / чательность"),
    ],
)
def test_a_hyphen_stands_where_a_syllable_ends(word: str, expected: str) -> None:
    assert drawn(cut(word)) == [expected]


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("antidisestablishmentarianism", "en", "antidisestab- / lishmentarianism"),
        ("sourcecodeknowledgebases", "en-GB", "sourcecode- / knowledgebases"),
        ("Donaudampfschifffahrt!", "de-AT", "Donaudampf- / schifffahrt!"),
        ("Donaudampfschifffahrt!", "tlh", "Donaudampfs- / chifffahrt!"),  # there is no dictionary
        ("достопримечательность", "en", "достоприме- / чательность"),  # the dictionary does not know its letters
        ("longestnameofthemall@x.com", "en", "longestnameof / themall@x.com"),
    ],
)
def test_a_dictionary_says_where_a_hyphen_stands(word: str, language: str, expected: str) -> None:
    assert drawn(cut(word, language)) == [expected]


def test_a_hyphen_that_would_change_the_spelling_is_not_set() -> None:
    """The dictionary parts this as `asz-szo-nyok-kal`."""
    assert _syllables("asszonyokkal", "hu") == {5, 9}


def test_words_beside_one_that_is_hardly_readable_keep_their_size() -> None:
    made = cut("Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft it is.")
    assert [cue.scale < SMALLEST for cue in made] == [True, False]


def test_an_address_is_broken_at_a_seam_without_a_hyphen() -> None:
    assert drawn(cut("https://example.com/a-page")) == ["https://example. / com/a-page"]
    assert drawn(cut("jane.doe@example.com or")) == ["jane.doe@ / example.com or"]
    assert drawn(cut("longestnameofthemall@x.com")) == ["longestnameof / themall@x.com"]


def test_a_letter_keeps_its_marks_when_a_word_is_broken() -> None:
    for word in ("ก็" * 12, "e\u0301" * 20, "क्ष" * 14):
        (cue,) = cut(word)
        assert cue.broken
        assert cue.broken[1][0] in word[:1]


@pytest.mark.parametrize("long_word", ["disproportionately", "a" * 17, "b" * 60])
def test_a_word_that_takes_no_time_is_not_shown_alone(long_word: str) -> None:
    """`A`, spoken in 0.1 s before a word that fills a row, was on screen for three frames."""
    words = (
        Word("A", 0, 4_800),
        Word(long_word, 4_800, 48_000),
        Word("is", 48_000, 52_800),
        Word("so.", 52_800, 57_600),
    )
    made = cues(words, lambda text: measure(text, 76), WIDTH, frames=60, fps=30)
    assert min(cue.end_frame - cue.start_frame for cue in made) >= 12


@given(
    st.lists(st.tuples(st.integers(0, 40_000), st.integers(4_800, 30_000), st.integers(1, 6)), min_size=4),
    st.sampled_from(FRAME_RATES),
)
def test_no_cue_is_shorter_than_it_can_be_read_when_words_can_be_joined(
    parts: list[tuple[int, int, int]], fps: int
) -> None:
    words, now = [], 0
    for gap, length, letters in parts:
        said = max(length, letters * SAMPLE_RATE // 20)  # whoever spoke faster would fill two rows in no time
        words.append(Word("x" * letters, now + gap, now + gap + said))
        now += gap + said
    frames = line_frames(now, 0, fps)
    made = cues(words, lambda text: measure(text, 76), WIDTH, frames=frames, fps=fps)
    for cue in made:
        assert cue.end_frame - cue.start_frame >= 0.4 * fps - 2


def test_a_cue_appears_a_little_before_its_first_word_when_there_is_silence() -> None:
    words = (Word("one.", 0, 24_000), Word("two.", 72_000, 96_000))
    first, second = cues(words, lambda text: measure(text, 200), WIDTH, frames=90, fps=30)
    assert (first.start_frame, first.end_frame) == (0, 24)  # 0.5 s, and 0.3 s more
    assert second.start_frame == 45 - 3


# -- ASS ----------------------------------------------------------------------------------------------------------


def first_frame(event: pysubs2.SSAEvent, fps: int) -> int:
    """Return the first frame on which libass shows an event: ffmpeg gives it whole milliseconds, rounded down."""
    return next(k for k in range(event.start * fps // 1000, 10**6) if k * 1000 // fps >= event.start)


def body(event: pysubs2.SSAEvent) -> str:
    return re.sub(r"{[^}]*}", "", event.text)


@given(words_of_a_line(), st.sampled_from(FRAME_RATES), st.integers(0, 20_000))
def test_words_light_up_within_40_ms_of_their_sound(words: tuple[Word, ...], fps: int, start_frame: int) -> None:
    document = pysubs2.SSAFile.from_string(ass([line(words, fps, start_frame=start_frame)], setting(fps)))
    lit = [event for event in document if event.layer == 1]
    cut_up = cues(
        words,
        lambda text: measure(text, 76) + 0.14 * 76 * text.count(" "),
        ROOM,
        frames=line(words, fps).frames,
        fps=fps,
    )
    parts = [(word, part) for cue in cut_up for row in cue.drawn() for word, part in row]
    assert [body(event) for event in lit] == [part for _, part in parts]
    for event, (word, _) in zip(lit, parts, strict=True):
        sounds = start_frame / fps + word.start_samples / SAMPLE_RATE
        assert abs(first_frame(event, fps) / fps - sounds) <= 0.040
        assert r"\1c&HF0C94C&" in event.text


@given(words_of_a_line())
def test_a_word_is_on_screen_exactly_once_in_every_frame_of_its_cue(words: tuple[Word, ...]) -> None:
    document = pysubs2.SSAFile.from_string(ass([line(words)], setting()))
    places: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for event in document:
        frames = (first_frame(event, 30), first_frame(pysubs2.SSAEvent(start=event.end), 30))
        key = (*re.findall(r"\\pos\(([^)]*)\)", event.text), body(event))
        places.setdefault(key, []).append(frames)
    for spans in places.values():
        for before, after in zip(sorted(spans), sorted(spans)[1:], strict=False):
            assert before[1] <= after[0]
    times = [event for event in document if event.end <= event.start]
    assert times == []


def spans(document: pysubs2.SSAFile, by: Setting) -> list[tuple[float, float, float, int]]:
    """Return how far the outline of each lit word reaches at its largest; its row, and the end of its cue."""
    found: list[tuple[float, float, float, int]] = []
    for event in document:
        if grown := re.search(r"fscx([\d.]+)", event.text):
            (x, y) = map(float, re.findall(r"\\pos\(([\d.]+),([\d.]+)\)", event.text)[0])
            usual = by.runs("x")[0]
            sizes = re.findall(r"\\fs([\d.]+)", event.text)
            px = float(sizes[0]) / (usual.ascent + usual.descent) if sizes else 76.0
            width = by.measure(body(event), px)
            half = width / 2 * float(grown[1]) / 100 + OUTLINE * px
            found.append((x - half, x + half, y, event.end))
    return found


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=40), min_size=1, max_size=12), st.integers(4_800, 40_000))
@pytest.mark.parametrize(
    "by", [setting(), replace(setting(), measure=fonts.measure, runs=fonts.runs)], ids=["even", "font"]
)
def test_grown_words_never_meet_and_stay_inside_the_captions_box(by: Setting, texts: list[str], length: int) -> None:
    words = tuple(Word(text, at * length, (at + 1) * length) for at, text in enumerate(texts))
    document = pysubs2.SSAFile.from_string(ass([line(words)], by))
    found = spans(document, by)
    for left, right, _, _ in found:
        assert left >= 540 - 348 - 0.2
        assert right <= 540 + 348 + 0.2
    by_row: dict[tuple[float, int], list[tuple[float, float]]] = {}
    for left, right, y, cue_end in found:
        by_row.setdefault((y, cue_end), []).append((left, right))
    for row in by_row.values():
        for one, other in pairwise(sorted(row)):
            assert other[0] - one[1] >= 3 * SMALLEST  # words that are set smaller stand closer


@pytest.mark.parametrize("style", STYLES)
def test_every_style_shows_every_word_at_its_place(style: str) -> None:
    words = spoken("Sunlight is every colour at once, even though it looks white.")
    document = pysubs2.SSAFile.from_string(ass([line(words)], setting(style=style)))
    texts = [event for event in document if r"\p1" not in event.text]
    assert list(dict.fromkeys(map(body, texts))) == [word.text for word in words]
    for event in texts:
        (x, y) = map(float, re.findall(r"\\pos\(([\d.]+),([\d.]+)\)", event.text)[0])
        half = measure(body(event), 76) / 2
        assert x - half >= 540 - 348
        assert x + half <= 540 + 348
        assert abs(y - 1124) < 120


def test_captions_change_when_a_word_lights_up_and_while_it_moves() -> None:
    words = (Word("Hi", 4_800, 9_600), Word("there", 24_000, 40_000))
    told = Line(words, 0, 60, "#4CC9F0")
    # "Hi" grows for 90 ms from 80 ms on; "there" does from 480 ms on, while "Hi" shrinks; then both are gone
    assert changes(told, setting()) == [0, *range(2, 7), *range(14, 19), 34]
    assert changes(told, setting(style="plain")) == [0, 34]


def test_plain_shows_all_words_of_a_cue_at_once_in_the_speakers_colour() -> None:
    words = spoken("Why is the sky blue, Max?")
    document = pysubs2.SSAFile.from_string(ass([line(words)], setting(style="plain")))
    assert {event.start for event in document} == {0}
    assert all(r"\1c&HF0C94C&" in event.text for event in document)


def test_the_same_line_later_in_an_episode_is_the_same_but_for_its_times() -> None:
    words = spoken("Why is the sky blue, Max? I have always wondered.")
    early = pysubs2.SSAFile.from_string(ass([line(words, start_frame=30)], setting()))
    late = pysubs2.SSAFile.from_string(ass([line(words, start_frame=300)], setting()))
    assert [event.text for event in early] == [event.text for event in late]
    assert {b.start - a.start for a, b in zip(early, late, strict=True)} == {9000}


def test_text_in_another_font_says_so_and_keeps_the_baseline() -> None:
    words = (Word("usual", 0, 9_600), Word("αβγ", 9_600, 19_200))
    events = [e for e in pysubs2.SSAFile.from_string(ass([line(words)], setting())) if e.layer == 1]
    assert r"\fn" not in events[0].text
    assert r"{\fnFallback\fs83.6}αβγ" in events[1].text  # 76 * (0.9 + 0.2)
    usual, fallback = (float(re.findall(r"\\pos\([\d.]+,([\d.]+)\)", e.text)[0]) for e in events)
    assert usual - fallback == pytest.approx(((0.9 - 0.2) - (1.1 - 0.6)) / 2 * 76, abs=0.11)


def test_what_is_read_from_the_right_starts_at_the_right() -> None:
    words = (Word("שלום", 0, 9_600), Word("לכם", 9_600, 19_200))
    events = [e for e in pysubs2.SSAFile.from_string(ass([line(words)], setting())) if e.layer == 1]
    first, second = (float(re.findall(r"\\pos\(([\d.]+),", e.text)[0]) for e in sorted(events, key=lambda e: e.start))
    assert first > second


def test_words_from_the_right_are_written_in_the_order_in_which_they_are_spoken() -> None:
    words = tuple(Word(text, at * 9_600, at * 9_600 + 9_600) for at, text in enumerate(["هاتف", "iPhone", "15"]))
    events = pysubs2.SSAFile.from_string(ass([line(words)], setting(style="plain")))
    at = [float(re.findall(r"\\pos\(([\d.]+),", event.text)[0]) for event in events]
    assert [body(event).strip("\u200e\u200f") for event in events] == ["هاتف", "iPhone", "15"]
    assert at[1] < at[2] < at[0]


JAPANESE = "空が青いのは、太陽の光が空気の粒にぶつかって散らばるからなんだよ。"


def japanese() -> tuple[Word, ...]:
    words, now = [], 0
    for word in shown_words(JAPANESE, "ja"):
        words.append(Word(word.text, now, now + 4_000 * word.weight, word.glued))
        now += 4_000 * word.weight
    return tuple(words)


def test_japanese_is_broken_between_phrases_and_set_without_spaces() -> None:
    full_width = replace(setting(), measure=lambda text, px: len(text) * px)
    made = cues(japanese(), lambda text: 76.0 * len(text), ROOM, frames=200, fps=30)
    rows = ["".join(word.text for word in row) for cue in made for row in cue.rows]
    assert rows == ["空が青いのは、", "太陽の光が空気の", "粒にぶつかって", "散らばるからなんだよ。"]
    (text,) = [cue for cue in srt([line(japanese())], full_width).split("\n\n") if "粒に" in cue]
    assert "太陽の光が空気の\n粒にぶつかって" in text
    timed = re.findall("空が.*", vtt([line(japanese())], full_width))[0]
    assert re.fullmatch("空が<[0-9:.]+>青いのは、", timed)


def test_glued_words_stand_side_by_side() -> None:
    full_width = replace(setting(), measure=lambda text, px: len(text) * px)
    events = pysubs2.SSAFile.from_string(ass([line(japanese())], full_width))
    at = {}
    for event in events:
        if found := re.findall(r"\\pos\(([\d.]+),.*(空が|青いのは、)", event.text):
            at[found[0][1]] = float(found[0][0])
    assert at["青いのは、"] - at["空が"] == pytest.approx(76 * (2 + 5) / 2, abs=0.2)


def test_a_long_word_without_spaces_is_broken_without_a_hyphen_and_not_before_a_mark() -> None:
    (made,) = cues(
        [Word("ありがとうございましたっっ。", 0, 48_000)], lambda text: 76.0 * len(text), 700, frames=40, fps=30
    )
    assert made.broken is not None
    upper, lower = made.broken
    assert upper + lower == "ありがとうございましたっっ。"
    assert lower[0] not in "っ。"


def test_rows_of_arabic_are_told_to_players_and_keep_their_spaces() -> None:
    words = spoken("Visual Studio, (رائع)")
    arabic = replace(setting(), from_right=True, max_width=2000)
    assert "\n\u200fVisual Studio, (رائع)\n" in srt([line(words)], arabic)
    assert re.search("\n\u200fVisual <.*> ?Studio, ", vtt([line(words)], arabic))
    assert "\u200f" not in srt([line(words)], setting())[:20]
    placed = {}
    for event in pysubs2.SSAFile.from_string(ass([line(words)], replace(arabic, style="plain"))):
        at = float(re.findall(r"pos\(([\d.]+),", event.text)[0])
        text = re.sub("{.*?}|[\u200e\u200f]", "", event.text)
        placed[text] = (at - len(text) * 0.3 * 76, at + len(text) * 0.3 * 76)
    space = (0.6 + 0.14) * 76
    assert list(placed) == ["Visual", "Studio", ",", "(رائع)"], "in the order in which they are spoken"
    ends = [placed[one][1] for one in ("(رائع)", ",", "Visual")]
    starts = [placed[one][0] for one in (",", "Visual", "Studio")]
    between = [start - end for start, end in zip(starts, ends, strict=True)]
    assert between == pytest.approx([space, 0, space], abs=0.3)


def test_a_sentence_ends_in_any_script() -> None:
    for text in ("はい、そうです。でも違います。", "نعم هو كذلك؟ لكن ليس دائما"):
        words = tuple(
            Word(word.text, at * 20_000, at * 20_000 + 19_000, word.glued) for at, word in enumerate(shown_words(text))
        )
        made = cues(words, lambda text: 40.0 * len(text), 640, frames=200, fps=30)
        assert made[0].rows[-1][-1].text[-1] in "。؟"


def visible(text: str) -> tuple[str, int]:
    """Read an event as libass does: return what it shows, and how many blocks of tags it has."""
    out, blocks, at = [], 0, 0
    while at < len(text):
        pair = text[at : at + 2]
        if pair in (r"\{", r"\}"):
            out.append(pair[1])
            at += 2
        elif pair in (r"\N", r"\n", r"\h"):
            out.append("BREAK")
            at += 2
        elif text[at] == "{" and "}" in text[at:]:
            blocks += 1
            at = text.index("}", at) + 1
        else:
            out.append(text[at])
            at += 1
    return "".join(out), blocks


@given(st.lists(st.text("{}\\Nnhb1a<>&-\u03b1", min_size=1, max_size=8), min_size=1, max_size=5))
def test_authors_text_is_shown_as_it_is_and_never_becomes_a_tag(texts: list[str]) -> None:
    words = tuple(Word(text, at * 9_600, at * 9_600 + 9_600) for at, text in enumerate(texts))
    lit = [e for e in pysubs2.SSAFile.from_string(ass([line(words)], setting())) if e.layer == 1]
    for event, text in zip(lit, texts, strict=True):
        seen, blocks = visible(event.text)
        assert seen.replace("\u2060", "") == text
        assert blocks == 1 + event.text.count(r"{\fn")


# -- what an author chooses ---------------------------------------------------------------------------------------


LOOKS = {
    "karaoke": Look(active_scale=1.3, emphasis_scale=1.4),
    "box": Look(emphasis_scale=1.3),
    "box of a word": Look(box_word=True),
    "pop": Look(words=2, outline=0.15),
    "lines": Look(words=4, color="#FFFFFF"),
}


def chosen(name: str, position: float | str, px: int, size: tuple[int, int] = (1080, 1920)) -> tuple[Setting, Layout]:
    where = layout(*size, ["left", "right"])
    px = round(px * min(size[0] / 1080, size[1] / 1920))
    room = room_for(where, position, px)
    style, at = name.removesuffix(" of a word"), (room.x + room.width // 2, room.y + room.height // 2)
    by = Setting(*size, *at, room.width, px, 30, style, measure, runs, max_height=room.height, look=LOOKS[name])
    return by.fitted(), where


def extent(event: pysubs2.SSAEvent, by: Setting) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what an event draws at its largest, letters by their line's ascent."""
    x, y = map(float, re.findall(r"\\pos\(([\d.]+),([\d.]+)\)", event.text)[0])
    if r"\p1" in event.text:
        points = [float(number) for number in re.findall(r"(?<= )\d+", event.text.partition("}")[2])]
        return x, y, x + max(points[::2]), y + max(points[1::2])
    usual = by.runs("x")[0]
    sizes = re.findall(r"\\fs([\d.]+)", event.text)
    px = float(sizes[0]) / (usual.ascent + usual.descent) if sizes else by.font_px
    grown = max([100.0, *map(float, re.findall(r"fscx([\d.]+)", event.text))]) / 100
    half = by.measure(body(event), px) / 2 * grown + by.outline * px
    baseline = y + (usual.ascent - usual.descent) / 2 * px
    return x - half, baseline - 0.95 * px - by.outline * px, x + half, baseline + 0.28 * px + by.outline * px


@given(
    st.lists(st.tuples(st.text("abcdefghij", min_size=1, max_size=24), st.booleans()), min_size=1, max_size=10),
    st.integers(4_800, 40_000),
    st.one_of(st.sampled_from(["auto", "top", "middle", "bottom"]), st.floats(0.2, 0.6)),
    st.integers(40, 110),
    st.sampled_from([(1080, 1920), (720, 1280), (864, 1080)]),
)
@example(texts=[("a", True)], length=4_800, position=0.2, px=87, size=(1080, 1920))
@pytest.mark.parametrize("name", LOOKS)
def test_captions_stay_in_the_safe_area_and_off_faces(  # noqa: PLR0913, PLR0917 (what an author chooses)
    name: str, texts: list[tuple[str, bool]], length: int, position: str | float, px: int, size: tuple[int, int]
) -> None:
    by, where = chosen(name, position, px, size)
    words = tuple(Word(text, at * length, (at + 1) * length, strong=strong) for at, (text, strong) in enumerate(texts))
    across, down = size[0] / 1080, size[1] / 1920
    for event in pysubs2.SSAFile.from_string(ass([line(words)], by)):
        left, top, right, bottom = extent(event, by)
        assert 120 * across - 1 <= left < right <= 888 * across + 1
        assert 288 * down - 1 <= top < bottom <= 1248 * down + 1
        for box in where.sprites:
            assert bottom <= box.face.y + 1 or right <= box.face.x or box.face.right <= left


@given(words_of_a_line(), st.sampled_from([1, 2, 3, 5]))
def test_a_few_words_at_a_time_unless_they_would_be_gone_unseen(words: tuple[Word, ...], most: int) -> None:
    frames = line_frames(words[-1].end_samples, 0, 30)
    made = cues(words, lambda text: measure(text, 40), 2000, frames=frames, fps=30, most_words=most)
    counts = [sum(map(len, cue.rows)) for cue in made]
    assert sum(counts) == len(words)
    for cue, count, following in zip(made, counts, [*counts[1:], 8], strict=True):
        if cue.end_frame - cue.start_frame < SEEN_SECONDS * 30 and len(made) > 1:
            assert count + min(following, *counts) > most  # it takes more than were wanted, with either neighbour
    slow = tuple(
        replace(word, start_samples=at * 48_000, end_samples=at * 48_000 + 40_000) for at, word in enumerate(words)
    )
    frames = line_frames(slow[-1].end_samples, 0, 30)
    made = cues(slow, lambda text: measure(text, 40), 2000, frames=frames, fps=30, most_words=most)
    assert max(sum(map(len, cue.rows)) for cue in made) <= most


def test_quick_words_are_shown_together_for_a_quarter_of_a_second() -> None:
    quick = tuple(Word("so", at * 5_000, at * 5_000 + 5_000) for at in range(8))
    made = cues(quick, lambda text: measure(text, 40), 2000, frames=25, fps=30, most_words=1)
    assert [cue.end_frame - cue.start_frame >= SEEN_SECONDS * 30 for cue in made] == [True] * len(made)
    assert len(made) > 1


def test_a_word_pops_up_when_it_is_spoken_and_springs() -> None:
    words = (Word("Hi", 4_800, 9_600), Word("there", 24_000, 40_000))
    told = Line(words, 0, 60, "#4CC9F0")
    by = setting(style="pop")
    first, then, second = pysubs2.SSAFile.from_string(ass([told], by))
    assert [body(one) for one in (first, then, second)] == ["Hi", "Hi", "there"]
    assert [first_frame(one, 30) for one in (first, then, second)] == [3, 15, 15]
    assert r"\fscx60\fscy60\t(0,90," in first.text
    assert r"\t(90,180,\fscx100\fscy100)" in first.text
    assert r"\t(" not in then.text
    assert changes(told, by) == [0, *range(2, 9), *range(14, 21), 34]


def test_an_emphasised_word_looks_otherwise_in_every_style() -> None:
    words = (Word("Hi", 4_800, 9_600), Word("there", 24_000, 40_000))
    loud = (words[0], replace(words[1], strong=True))
    for style in STYLES:
        for box_word in (False, True) if style == "box" else (False,):
            by = replace(setting(style=style), look=Look(box_word=box_word))
            usual, strong = (
                [e.text for e in pysubs2.SSAFile.from_string(ass([line(these)], by)) if body(e) == "there"]
                for these in (words, loud)
            )
            assert all(one != other for one, other in zip(usual, strong, strict=True))
            assert all(r"\fs148.58" in text for text in strong), style  # 76 * 1.15 * (1.1 + 0.6)


def test_a_box_is_behind_its_words_and_no_higher_than_two_rows() -> None:
    words = spoken("Sunlight is every colour at once.")
    by = setting(style="box")
    document = list(pysubs2.SSAFile.from_string(ass([line(words)], by)))
    boxes = [event for event in document if r"\p1" in event.text]
    assert {event.layer for event in boxes} == {0}
    assert len(boxes) == len({event.start for event in boxes})
    for box in boxes:
        left, top, right, bottom = extent(box, by)
        shown_at_once = [e for e in document if e.layer and e.start < box.end and box.start < e.end]
        for event in shown_at_once:
            inner = extent(event, by)
            assert left < inner[0] < inner[2] < right
            assert top < inner[1] + 0.1 * 76
            assert inner[3] < bottom
    assert r"\bord" not in document[1].text


# -- SRT and WebVTT -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.lists(words_of_a_line(), min_size=1, max_size=4))
def test_srt_and_vtt_hold_the_cues_of_the_whole_episode(spoken_lines: list[tuple[Word, ...]]) -> None:
    lines, at = [], 0
    for words in spoken_lines:
        lines.append(line(words, start_frame=at))
        at += lines[-1].frames
    for written, kind in ((srt(lines, setting()), "srt"), (vtt(lines, setting()), "vtt")):
        # pysubs2 takes a row with the times of two words for the head of a cue
        document = pysubs2.SSAFile.from_string(re.sub(r"<\d\d:[^>]*>", "", written), format_=kind)
        texts = " ".join(event.plaintext.replace("\n", " ") for event in document)
        assert texts.split() == [word.text for words in spoken_lines for word in words]
        for before, after in zip(document, list(document)[1:], strict=False):
            assert before.start < before.end <= after.start
        numbers = [int(n) for n in re.findall(r"^(\d+)\n\d\d:", written, re.MULTILINE)]
        assert numbers == list(range(1, len(document) + 1))


@pytest.mark.slow
@given(st.lists(st.text("<>{}\\/&-bi! a", min_size=1, max_size=9).filter(str.strip), min_size=1, max_size=5))
def test_srt_and_vtt_cannot_be_broken_by_what_authors_write(texts: list[str]) -> None:
    words = tuple(Word(text, at * 9_600, at * 9_600 + 9_600) for at, text in enumerate(texts))
    in_vtt, in_srt = vtt([line(words)], setting()), srt([line(words)], setting())
    assert not re.search(r"<(?!\d\d:)|&(?!amp;|lt;|gt;)", in_vtt)
    assert not re.search(r"[<{][\\/!A-Za-z]", in_srt)
    for written in (in_vtt, in_srt):
        blocks = [block for block in written.replace("WEBVTT\n\n", "").split("\n\n") if block.strip()]
        assert len(blocks) == len(re.findall(r"^\d\d:\d\d:\d\d[.,]\d{3} --> ", written, re.MULTILINE))


def test_vtt_says_when_each_word_is_spoken() -> None:
    written = vtt([line(spoken("Why is it blue?"), start_frame=90)], setting())
    assert "00:00:03.000 --> " in written
    assert "Why <00:00:03.333>is <00:00:03.567>it" in written.replace("\n", " ")


# -- goldens ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["karaoke.ass", "plain.ass", "episode.srt", "episode.vtt"])
def test_golden(name: str) -> None:
    """What is written stays as it is; `REELMAKE_ACCEPT=1` writes it anew, for a look at the difference."""
    first = line(spoken("Why is the sky blue, Max? It costs $3.2 billion {a year}."), color="#FFD166")
    second = replace(line(spoken("Because αβγ light bounces <most>.")), start_frame=first.frames)
    stem, kind = name.split(".")
    write = {"ass": ass, "srt": srt, "vtt": vtt}[kind]
    written = write([first, second], setting(style=stem if kind == "ass" else "karaoke"))
    if os.environ.get("REELMAKE_ACCEPT"):
        (GOLDENS / name).write_text(written, "utf-8")
    assert written == (GOLDENS / name).read_text("utf-8")
