"""What is said for what is written."""

# ruff: noqa: RUF001  the typography of authors is what this is about
from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelmake.providers.english.spoken import has_words, say, unspeakable

ALPHABET = "aB1IVXst 09,.-–—$£%°:/@#&'\"()…!?+=<>~^_*²½\n\t🎉→é"


def spoken(text: str) -> str:
    """Return what is said for each word, without its punctuation."""

    def bare(part: str) -> str:
        return re.sub(r"[“”()!?,;:—…]|\.$", "", part).strip()

    return " | ".join(bare(word.said) for word in say(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # numbers
        ("0 7 21 1,250", "zero | seven | twenty-one | one thousand two hundred fifty"),
        ("1000000000 3.14 .5 -5", "one billion | three point one four | point five | minus five"),
        ("1st 22nd 101st", "first | twenty-second | one hundred first"),
        ("in 1999 2026 2004", "in | nineteen ninety-nine | twenty twenty-six | two thousand four"),
        ("1990s ’80s", "nineteen nineties | eighties"),
        ("10-20 1999–2004 10 - 20", "ten to twenty | nineteen ninety-nine to two thousand four | ten | to | twenty"),
        ("007 v3.11.7 16:9", "zero zero seven | v three point eleven point seven | sixteen to nine"),
        ("1/2 3/4 24/7 ½ 1/100", "one half | three quarters | twenty-four seven | one half | one one hundredth"),
        ("3½ 2 1/4 1⅓", "three and a half | two | and one quarter | one and one third"),
        ("call 555-1234", "call | five five five one two three four"),
        ("(555) 123-4567", "five five five | one two three four five six seven"),
        ("$5-$5 Room 12B, 1.5B people", "five to five dollars | Room | twelve B | one point five billion | people"),
        ("50-50 5-foot-10", "fifty fifty | five foot ten"),
        ("2.5M views, 10⁶ 2^10", "two point five million | views | ten to the power of six | two to the power of ten"),
        ("10⁻³", "ten to the power of minus three"),
        # money
        ("$5 $1 £2.50 €10 50¢", "five dollars | one dollar | two pounds and fifty pence | ten euros | fifty cents"),
        ("$3.2 billion, $5m", "three point two | billion dollars | five million dollars"),
        ("$5-$10 $1-2 million", "five to ten dollars | one to two | million dollars"),
        ("-$5 $0.99 10€", "minus five dollars | ninety-nine cents | ten euros"),
        (
            "C$5 A$1 5 EUR €5,50",
            "five Canadian dollars | one Australian dollar | five | euros | five euros and fifty cents",
        ),
        ("$5.99/month 60/min", "five dollars and ninety-nine cents per month | sixty per minute"),
        # percent, times, dates, units
        ("50% 10-20% 5 %", "fifty percent | ten to twenty percent | five | percent"),
        ("3:30 3:05 pm 10am 12:00", "three thirty | three oh five | P.M | ten A.M | twelve o'clock"),
        ("7:30-8:30 5pm–6pm 5-6pm", "seven thirty to eight thirty | five P.M. to six P.M | five to six P.M"),
        (
            "Feb 3, 5 Sept 2020 7 Jun",
            "February | third | the fifth of | September | twenty twenty | the seventh of | June",
        ),
        ("Mark 5 Marching 3", "Mark | five | Marching | three"),
        ("10-km 8h30 1h30m 24h", "ten kilometer | eight hours thirty | one hour thirty minutes | twenty-four hours"),
        ("May 5, 2024 12 March", "May | fifth | twenty twenty-four | the twelfth of | March"),
        ("2024-05-01", "May first twenty twenty-four"),
        (
            "5 km 1 kg 60mph 20°C 5 m²",
            "five | kilometers | one | kilogram | sixty miles per hour | twenty degrees Celsius | five | square meters",
        ),
        # short forms
        ("Dr. Who, Mrs. May, vs. all", "Dr | Who | Mrs | May | versus | all"),
        ("near St. Paul on Main St. now", "near | Saint | Paul | on | Main | Street | now"),
        ("No. 1 says no.", "number | one | says | no"),
        ("No.1 № 2 vol.3 C#", "number one | number | two | volume three | C sharp"),
        ("e.g. this, i.e. that, etc.", "for example | this | that is | that | etc"),
        ("U.S. NASA AT&T Q&A", "U.S | NASA | A.T. and T | Q and A"),
        ("World War II, Henry VIII", "World | War | two | Henry | the eighth"),
        ("COVID-19 MP3 4K GPT-4o", "COVID nineteen | MP three | four K | GPT four o"),
        # words
        ("don’t y'all we're 'cause", "don't | y'all | we're | 'cause"),
        ("well-known twenty-one", "well-known | twenty-one"),
        ("WOW café naïve *really*", "WOW | café | naïve | really"),
        ("and/or he/she", "and or | he she"),
        ("WE LOVE IT SO but IT people", "WE | LOVE | it | SO | but | IT | people"),
        # addresses and symbols
        ("www.example.com/big-news", "example dot com slash big dash news"),
        ("bob@site.org @CoolCat #BigNews #1", "bob at site dot org | at Cool Cat | hashtag Big News | number one"),
        ("2 + 2 = 4 & so", "two | plus | two | equals | four | and | so"),
        ("2+2=4 C++ x²", "two plus two equals four | C plus plus | x squared"),
        ("5 < 6 but <3 ->", "five | less than | six | but | three"),
    ],
)
def test_says_what_an_english_speaker_would(text: str, said: str) -> None:
    assert spoken(text) == said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Wow 🎉 that", ["Wow 🎉", "that"]),
        ("🎉 Wow — no … yes", ["🎉 Wow —", "no …", "yes"]),
        ("“Wait,” she said", ["“Wait,”", "she", "said"]),
        ("It is $3.2 billion.", ["It", "is", "$3.2", "billion."]),
        ("(the 1st)  3:30\n50%", ["(the", "1st)", "3:30", "50%"]),
    ],
)
def test_shows_the_words_as_they_are_written(text: str, shown: list[str]) -> None:
    assert [word.shown for word in say(text)] == shown


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Smith met J. K. Rowling. She left.", 2),
        ("Really?! Yes… maybe. No", 3),
        ("At 7 p.m. we left the U.S. for good.", 1),
        ("Pears, etc. Then more.", 2),
        ("A title\n\nand a text\nof two lines", 2),
        ("“Stop!” He stopped.", 2),
    ],
)
def test_finds_where_sentences_end(text: str, sentences: int) -> None:
    words = say(text)
    assert sum(word.ends for word in words[:-1]) + 1 == sentences


def test_a_dash_is_a_pause() -> None:
    assert [word.said for word in say("wait—what — now--or -- never")] == ["wait — what —", "now — or —", "never"]


def test_names_words_of_other_scripts() -> None:
    assert unspeakable("Say привет, or 你好 or ٣!") == ("привет,", "你好", "٣!")
    assert unspeakable("café Łódź 50 µm ½ ™ 🎉 ﬁne") == ()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(ALPHABET, max_size=14), st.text(max_size=8)))
def test_every_character_is_shown_once_and_everything_said_is_words(text: str) -> None:
    if unspeakable(text):
        return
    words = say(text)
    assert bool(words) == has_words(text)
    if words:
        assert "".join("".join(word.shown.split()) for word in words) == "".join(text.split())
    assert all(re.search(r"\w", word.said) and not re.search(r"[0-9$%]", word.said) for word in words)
