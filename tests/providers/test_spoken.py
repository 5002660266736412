"""What is said for what is written."""

# ruff: noqa: RUF001  the typography of authors is what this is about
from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelmake.providers.english.hibari_parts import numbers
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
    ("text", "said"),
    [
        # ages, and amounts that look like them
        ("my son (30M) and I (27F)", "my | son | thirty M | and | I | twenty-seven F"),
        ("Me (M31), him (24M).", "Me | M thirty-one | him | twenty-four M"),
        (
            "My sister, 19F, and her friend, 30M, left.",
            "My | sister | nineteen F | and | her | friend | thirty M | left",
        ),
        ("Tom (30M) and Ann (28F)", "Tom | thirty M | and | Ann | twenty-eight F"),
        ("her boss (45m) and a 30yo", "her | boss | forty-five M | and | a | thirty year old"),
        ("30M followers, 30M users (30M)", "thirty million | followers | thirty million | users | thirty million"),
        ("paid him 30M dollars", "paid | him | thirty million | dollars"),
        ("my wife(30F), 25M here (30M/27F)", "my | wife thirty F | twenty-five M | here | thirty M twenty-seven F"),
        # the decimals and thousands of others
        ("1 234,56 € EUR 5,50", "one thousand two hundred thirty-four | euros fifty-six | five euros fifty"),
        ("1,5 kg 2,5% 0,75 l", "one point five | kilograms | two point five percent | zero point seven five | liters"),
        ("3,50 euros 3,50 € 3.50 dollars", "three | euros fifty | three | euros fifty | three | dollars fifty"),
        (
            "1.299,00 € €1.299",
            "one thousand two hundred ninety-nine | euros | one thousand two hundred ninety-nine euros",
        ),
        ("7.000.000 people 1'000'000", "seven million | people | one million"),
        ("10 000 people, 7 000 000 fans", "ten thousand | people | seven million | fans"),
        ("1,00,000 rupees", "one hundred thousand | rupees"),
        ("2,5 m and 1.000 km", "two point five | meters | and | one thousand | kilometers"),
        (
            "1,299 people, 3.142, 2.25",
            "one thousand two hundred ninety-nine | people | three point one four two | two point two five",
        ),
        (
            "110.120.130.140",
            "one hundred ten point one hundred twenty point one hundred thirty point one hundred forty",
        ),
        # dates
        (
            "24.12.2024 24/12/2024",
            "December twenty-fourth twenty twenty-four | December twenty-fourth twenty twenty-four",
        ),
        (
            "24-12-2024 2024/12/24",
            "December twenty-fourth twenty twenty-four | December twenty-fourth twenty twenty-four",
        ),
        ("12/24/2024 13.01.2025", "December twenty-fourth twenty twenty-four | January thirteenth twenty twenty-five"),
        ("31.12.99 31/01/24", "December thirty-first nineteen ninety-nine | January thirty-first twenty twenty-four"),
        ("on 24.12. until 12/24", "on | December twenty-fourth | until | December twenty-fourth"),
        ("03/04/2024 3.4.2024", "March fourth twenty twenty-four | April third twenty twenty-four"),
        ("v1.12.3 June 3-5", "v one point twelve point three | June | third to fifth"),
        # phones
        ("+1-555-010-4477", "plus one five five five zero one zero four four seven seven"),
        ("555.010.4477", "five five five zero one zero four four seven seven"),
        ("+44 20 7946 0958 now", "plus four four | two zero | seven nine four six | zero nine five eight | now"),
        ("+1 (555) 010-4477", "plus one | five five five | zero one zero four four seven seven"),
        ("020 7946 0958", "zero two zero | seven nine four six | zero nine five eight"),
        ("06 12 34 56 78", "zero six | one two | three four | five six | seven eight"),
        ("dial 911 or 112", "dial | nine one one | or | one one two"),
        ("Call us at 999, 911.", "Call | us | at | nine nine nine | nine one one"),
        ("text HELP to 50505", "text | HELP | to | five zero five zero five"),
        ("1-800-FLOWERS", "one eight hundred FLOWERS"),
        ("call 300 customers, 999 problems", "call | three hundred | customers | nine hundred ninety-nine | problems"),
        ("911 people, 9/11", "nine hundred eleven | people | nine eleven"),
        # units
        ("9.8 m/s², 5 km/s", "nine point eight | meters per second squared | five | kilometers per second"),
        ("10 N/m² 20 mg/dL", "ten | newtons per square meter | twenty | milligrams per deciliter"),
        ("5 L/min 3 dB 12V", "five | liters per minute | three | decibels | twelve volts"),
        ("7/16 6'2\" 5'11", "seven sixteenths | six foot two | five foot eleven"),
        ("1000 kg/m³ 60 W/m²K", "one thousand | kilograms per cubic meter | sixty | watts per square meter kelvin"),
        ("3 l/100km 20 €/kg", "three | liters per one hundred kilometers | twenty | euros per kilogram"),
        ("5 mmol/L 8 GB/s 5 m3", "five | millimoles per liter | eight | gigabytes per second | five | cubic meters"),
        ("a 10km run, a 5 km walk", "a | ten kilometer | run | a | five | kilometer | walk"),
        ('a 12" pizza, "he is 5" now', "a | twelve inch | pizza | he | is | five | now"),
        ("230V 16A, seat 5A, Room 12V", "two hundred thirty volts | sixteen amps | seat | five A. | Room | twelve V"),
        ("100 N Main, 10 N, 1 m/s", "one hundred | N | Main | ten | newtons | one | meter per second"),
        ("he/she N/A in m/s", "he she | N A | in | meters per second"),
        # currencies
        ("200₽ ₺20 ₱50 ₦900", "two hundred rubles | twenty lira | fifty pesos | nine hundred naira"),
        ("₫5000 R$ 5 $ 5 20zł", "five thousand dong | five reais | five dollars | twenty zlotys"),
        ("CHF 20 20 CHF RM50", "twenty Swiss francs | twenty | Swiss francs | fifty ringgit"),
        ("Rs. 500 ₹50 lakh", "five hundred rupees | fifty | lakh rupees"),
        ("USD 20 million $-5 1 €", "twenty | million dollars | minus five dollars | one | euro"),
        ("19,99 zł ₪10 ₴100", "nineteen | zlotys ninety-nine | ten shekels | one hundred hryvnias"),
        # seconds, decades, clocks and lengths of time
        ("I waited 30s, then 5s.", "I | waited | thirty seconds | then | five seconds"),
        ("A 60s ad. In the 90s.", "A | sixty second | ad | In | the | nineties"),
        ("90s kids, 70s and 80s", "nineties | kids | seventies | and | eighties"),
        ("in her 30s, early 2000s", "in | her | thirties | early | two thousands"),
        ("the last 30s, the 30s timer", "the | last | thirty seconds | the | thirty second | timer"),
        ("100s of people", "hundreds | of | people"),
        ("00:00 24:00 0:30", "midnight | midnight | half past midnight"),
        ("00:05 12:30 am 07:30", "twelve oh five A.M | twelve thirty | A.M | seven thirty"),
        ("9.30pm, 9.30 pm", "nine thirty P.M. | nine thirty | P.M"),
        ("1:02:03 it took 0:45", "one hour two minutes and three seconds | it | took | forty-five seconds"),
        ("at 12:05:09 pm, a 0:30 clip", "at | twelve oh five and nine seconds | P.M. | a | thirty second | clip"),
        (
            "2h30m15s 1h 30m 5m later",
            "two hours thirty minutes fifteen seconds | one hour | thirty minutes | five minutes | later",
        ),
        ("5m deep, 5m views", "five meters | deep | five million | views"),
        # Roman numerals
        ("Thutmose II, Ramesses II", "Thutmose | the second | Ramesses | the second"),
        ("Super Bowl LVIII", "Super | Bowl | fifty-eight"),
        ("the XIX century, in XXI century", "the | nineteenth | century | in | the twenty-first | century"),
        ("XVIII and XIX centuries", "the eighteenth | and | the nineteenth | centuries"),
        (
            "Henry VIII's wives, Louis XIV and XV",
            "Henry | the eighth's | wives | Louis | the fourteenth | and | the fifteenth",
        ),
        ("LOUIS XIV, Elizabeth I of", "LOUIS | the fourteenth | Elizabeth | the first | of"),
        ("Parts I and II, Chapters IV–VI", "Parts | one | and | two | Chapters | four to six"),
        ("chapter iv, page xii, WWII", "chapter | four | page | twelve | World War two"),
        ("Malcolm X, Vitamin C, Size XL", "Malcolm | X | Vitamin | C | Size | XL"),
        ("Give IV fluids, MIX it", "Give | IV | fluids | MIX | it"),
        ("the 19th–20th century, 5 A$", "the | nineteenth to twentieth | century | five | Australian dollars"),
        ("~5 km, ~$5", "about five | kilometers | about five dollars"),
    ],
)
def test_says_a_number_by_its_neighbours(text: str, said: str) -> None:
    assert spoken(text) == said
    assert "".join("".join(word.shown.split()) for word in say(text)) == "".join(text.split())


NUMBER = st.integers(2, 99)


@settings(max_examples=200, deadline=None)
@given(
    number=NUMBER,
    rule=st.sampled_from(
        [
            ("my wife ({}F) left", "{} F"),
            ("my husband ({}M) left", "{} M"),
            ("with {}M followers now", "{} million"),
            ("I waited {}s, then", "{} seconds"),
            ("at {} km/h now", "{}|kilometers per hour"),
            ("under {} N/m² here", "{}|newtons per square meter"),
            ("pay {}₺ now", "{} lira"),
            ("pay $ {} now", "{} dollars"),
            ("pay CHF {} now", "{} Swiss francs"),
            ("it is {},5 kg", "{} point five"),
            ("it is {}.000.000 people", "{} million"),
            ("Super Bowl {} was", "{}"),
            ("fell {}% today", "{} percent"),
        ]
    ),
    around=st.sampled_from([("", ""), ("Well, ", " — so."), ("(yes) ", "!"), ("In 2024, ", ", 3 of 4.")]),
)
def test_every_number_is_said_by_the_rules_of_its_neighbours(
    number: int, rule: tuple[str, str], around: tuple[str, str]
) -> None:
    written, said = rule
    text = around[0] + written.format(number) + around[1]
    words = say(text)
    assert said.format(cardinal(number)) in "|".join(re.sub(r"[(),!]", "", word.said) for word in words)
    assert "".join("".join(word.shown.split()) for word in words) == "".join(text.split())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=7, max_size=7), st.sampled_from(["Call {}", "{} is mine", "or {}, now"]))
def test_phone_numbers_are_said_digit_by_digit(digits: list[int], sentence: str) -> None:
    written = "".join(map(str, digits))
    said = " ".join(word.said for word in say(sentence.format(f"+1-555-{written[:3]}-{written[3:]}")))
    assert " ".join(cardinal(digit) for digit in digits) in said.replace(",", "")


@pytest.mark.parametrize("value", [*range(2, 89), 1999])
def test_counts_in_roman_numerals(value: int) -> None:
    parts = [
        (1000, "M"),
        (900, "CM"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ]
    left, written = value, ""
    for amount, letters in parts:
        written, left = written + letters * (left // amount), left % amount
    assert say(f"Super Bowl {written}")[-1].said == cardinal(value)


def cardinal(number: int) -> str:
    return re.sub(r",| and\b", "", numbers.cardinal(number))


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


def test_a_chain_of_numbers_is_said_number_by_number_however_long_it_is() -> None:
    assert " ".join(word.said for word in say("a 3–5–7 rhythm")) == "a three to five to seven rhythm"
    assert len(say("on 1999" + "-999" * 5000)[-1].said.split(" to ")) == 5001
