"""Where words begin, in languages with and without spaces."""

# ruff: noqa: RUF001  letters of other scripts

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.layout.words import Case, cased, joined, may_break, spans
from reelmake.providers.speech.display_words import shown_words


def cut(text: str, language: str = "") -> str:
    """Return a text with `|` where words that are glued meet."""
    return " ".join(("|" if glued else "") + text[start:end] for start, end, glued in spans(text, language)).replace(
        " |", "|"
    )


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Hello, world of 3.5"),
        ("ja", "空が|青いのは、|太陽の|光が|空気の|粒に|ぶつかって|散らばるからなんだよ。"),
        ("ja", "量子コンピューターは|2026年に|Googleが|発表した|「すごい」|技術です！"),
        ("ja", "もう|一度|言ってください。 Wi-Fi 6Eは|速いですよね"),
        ("zh", "因为|空气|散射|太阳光。"),
        ("zh-TW", "因為|空氣|散射|太|陽光。"),
        ("ja", "か\u3099っこうは|カ\u3099ラス"),  # as some systems spell them: in two characters
        ("th", "ทำไม|ท้องฟ้า|ถึง|เป็น|สีฟ้า"),
        ("ar", "السماء زرقاء، أليس كذلك؟"),
        ("ko", "하늘은 왜 파란가요?"),
    ],
)
def test_words_of_a_language(language: str, expected: str) -> None:
    assert cut(expected.replace("|", ""), language) == expected


def test_an_unknown_language_is_told_by_its_letters() -> None:
    assert cut("光は空気の粒に") == "光は|空気の|粒に"


@given(st.text("日本語はのがabc123 、。「」🎉ーっ \n", max_size=40))
def test_nothing_is_lost_and_no_row_begins_with_a_closing_mark(text: str) -> None:
    made = list(spans(text, "ja"))
    assert "".join(text[start:end] for start, end, _ in made) == "".join(text.split())
    for start, _, glued in made:
        assert glued == (start > 0 and not text[start - 1].isspace())
        assert not glued or may_break(text[start - 1], text[start])


@given(st.text("日本語はのがabc123 、。「」🎉ーっ[]", max_size=40))
def test_the_words_that_are_shown_make_up_the_text(text: str) -> None:
    words = shown_words(text.replace("[", "").replace("]", ""), "ja")
    if words:
        assert joined(words) == " ".join(text.replace("[", "").replace("]", "").split())
        assert not words[0].glued


def test_what_has_no_sound_belongs_to_the_word_beside_it() -> None:
    assert [(word.text, word.glued) for word in shown_words("🎉やった！🎉 本当に？", "ja")] == [
        ("🎉やった！🎉", False),
        ("本当に？", False),
    ]


@pytest.mark.parametrize(
    ("text", "case", "language", "expected"),
    [
        ("Straße, über $3.2 billion", "upper", "de", "STRASSE, ÜBER $3.2 BILLION"),
        ("istanbul ılık", "upper", "tr", "İSTANBUL ILIK"),
        ("DIŞ İZMİR", "lower", "tr-TR", "dış izmir"),
        ("καλή μέρα", "upper", "el", "ΚΑΛΗ ΜΕΡΑ"),
        ("გამარჯობა ok", "upper", "ka", "გამარჯობა OK"),
        ("空 Sky 🐙", "upper", "ja", "空 SKY 🐙"),
        ("As It Is", "as-written", "en", "As It Is"),
    ],
)
def test_letters_in_another_case_are_those_of_the_language(text: str, case: Case, language: str, expected: str) -> None:
    assert cased(text, case, language) == expected
