"""The spoken part of a written line: no stage directions, no markup."""
# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.providers.speech.display_words import shown_words, untagged
from reelmake.spec.clean_text import emphasised, is_tag, spoken
from reelmake.spec.load import read_episode
from reelmake.spec.model import Line, marked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(whispering) Who is there?", "Who is there?"),
        ("(whispering) who is there?", "who is there?"),
        ("(She looks at him.) Who is there?", "Who is there?"),
        ("Who is there? (beat) Hello?", "Who is there? Hello?"),
        ("Wow! (to Max) Come here.", "Wow! Come here."),
        ("“Yes.” (turns around) “No.”", "“Yes.” “No.”"),
        ("Hello (laughs), you two.", "Hello, you two."),
        ("そうです（笑）", "そうです"),
        ("Goodbye. *waves and leaves*", "Goodbye."),
        ("(She leaves.)", ""),
        ("It is **big** and _blue_ and ***both***.", "It is big and blue and both."),
        ('Read [the page](https://example.org/a_(b) "title") now.', "Read the page now."),
        ("See [this][1] ![a cat](cat.png)", "See this a cat"),
        ("More at <https://example.org>.", "More at."),
        ("Type `doit` ~~twice~~ once.", "Type doit twice once."),
        ("# A title\n\n- one\n* two\n> three\n---\n```sh\nfour\n```", "A title one two three four"),
        ("Well --- no.", "Well — no."),
        (r"5 \* 3 is 15", "5 * 3 is 15"),
        (
            (
                "Tom &amp; Jerry said &quot;hi&quot;, it&#39;s <b>bold</b>, &lt;3 cats.&nbsp;&#x200B; "
                "<emphasis>Really</emphasis>."
            ),
            'Tom & Jerry said "hi", it\'s bold, <3 cats. Really.',
        ),
        ("<p>One</p><p>two<br/>three</p>", "One two three"),
        ('See <a href="https://example.org">the page</a><!-- soon -->.', "See the page."),
        ('<prosody rate="slow">Slow</prosody> <say-as interpret-as="date">May 5</say-as>', "Slow May 5"),
        ("Salt &amp;amp; pepper, caf&eacute;, 5 &gt; 3", "Salt & pepper, café, 5 > 3"),
        ("H<sub>2</sub>O and <I>x</I>", "H2O and x"),
        ("---", ""),
    ],
)
def test_what_nobody_says_is_left_out(text: str, said: str) -> None:
    assert spoken(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "It is (almost) true.",
        "(Almost) everything is blue.",
        "(Honestly?) I do not know.",
        "It has three hearts. (Two are for the gills.) And blue blood.",
        "The octopus (a mollusc) swims.",
        "Two * three * four is 24, 2*3*4 too.",
        "snake_case__name and __init__x",
        "[laughs] It is.",
        'Wait <break time="1s"/> now.',
        "I <3 you, a < b > c, <name> and <5 of AT&T & R&D;",
        "He cast [Fireball] at the wolf [24M], see [1], and x[0] is gone.",
        "Well -- yes; 3 - 2 is 1.",
        "Max: he said so.",
        "🎉",
        "Kept:  as  it\nis",
        "- 5 degrees",
        "#1 of 3",
    ],
)
def test_what_may_be_speech_stays_to_the_letter(text: str) -> None:
    assert spoken(text) == text


@pytest.mark.parametrize(
    "tag",
    [
        *("[laughs]", "[LAUGHS]", "[laughs harder]", "[starts laughing]", "[short pause]", "[strong French accent]"),
        *("[whispers softly]", "[excited]", "[clears throat]", "[sad tone]", '<break time="1s"/>', "[sighs, annoyed]"),
    ],
)
def test_tags_that_voices_know_are_neither_shown_nor_said(tag: str) -> None:
    assert is_tag(tag)
    assert untagged(f"Well {tag}, no {tag}") == "Well, no"
    assert " ".join(word.text for word in shown_words(f"Well {tag}, no {tag}")) == "Well, no"


@pytest.mark.parametrize(
    "words", ["[Fireball]", "[24M]", "[1]", "[the happy few]", "[sic]", "[REDACTED]", "[laughs at]x", "[]"]
)
def test_other_words_in_brackets_are_shown_and_said(words: str) -> None:
    assert not is_tag(words)
    assert untagged(f"Well {words}, no") == f"Well {words}, no"
    assert " ".join(word.text for word in shown_words(f"Well {words}, no")) == f"Well {words}, no"


@given(st.text(alphabet="ab. *_()[]`~#->\\\n（）!", max_size=60))
def test_any_text_is_cleaned_in_one_pass(text: str) -> None:
    """A line that was written into a spec by freeze is read again, and has to say the same."""
    said = spoken(text)
    assert spoken(said) == said
    assert spoken(said.strip()) == said.strip()


SCREENPLAY = """\
title: Who is there
cast: [ada, max]
script: |
  # Act one
  INT. KITCHEN - NIGHT

  Ada looks up. The door opens.

  ADA
  (whispering)
  Who is there?
  (beat)
  Hello?

  MAX (O.S.)
  Me. It has
  always been me.

  CUT TO:

  **Ada:** Now you tell me. *laughs*
  ---
  Max (smiling): I said
  so before.
  She leaves.
  ADA (CONT'D)
  Bye. (softly) Bye.

  THE END
"""


def test_a_pasted_screenplay_is_its_speeches_and_nothing_else() -> None:
    episode, source = read_episode(SCREENPLAY.encode(), "episodes/door.yaml")
    assert source.problems == []
    assert episode
    assert [(line.character, line.text) for line in episode.script or []] == [
        ("ada", "Who is there? Hello?"),
        ("max", "Me. It has always been me."),
        ("ada", "Now you tell me."),
        ("max", "I said so before."),
        ("ada", "Bye. Bye."),
    ]
    assert [source.line(("script", at, "text")) for at in range(5)] == [9, 15, 21, 23, 26]


def test_a_mistake_in_a_screenplay_is_reported_where_it_stands() -> None:
    long = SCREENPLAY.replace("always been me.", "always " * 200)
    _, source = read_episode(long.encode(), "episodes/door.yaml")
    (problem,) = source.problems
    assert (problem.line, problem.fix) == (15, "shorten it, or split it into two lines")


def test_a_line_of_ten_thousand_characters_is_reported_with_what_to_do() -> None:
    spec = f"title: t\nscript:\n  - ada: Hello.\n  - ada: {'word ' * 2000}\n"
    _, source = read_episode(spec.encode(), "episodes/long.yaml")
    (problem,) = source.problems
    assert str(problem).startswith("episodes/long.yaml:4: script.2.text: 'word word")
    assert str(problem).endswith("has more than 1000 characters; shorten it, or split it into two lines")


def test_a_line_that_is_only_a_direction_is_a_mistake() -> None:
    _, source = read_episode(b"title: t\nscript:\n  - ada: (She leaves.)\n", "episodes/one.yaml")
    (problem,) = source.problems
    assert "is no speech: it is a stage direction, or markup; write what is said, or remove it" in str(problem)
    assert problem.line == 3


@pytest.mark.parametrize(
    "marks", ["_", "*", "_ ", "**a", "~~a", "[a](", "(a) ", "a ", "a``b`", "a_", "_*", "*a* ", "`", "```", " #"]
)
def test_the_longest_line_is_read_at_once(marks: str) -> None:
    """A pull request may hold two hundred of them in each episode."""
    for text in ((marks * 1000)[:1000], ("x " + marks * 1000)[:1000]):
        began = time.process_time()
        spoken(text)
        assert time.process_time() - began < 0.25


def test_a_row_of_underscores_ends_as_it_would_by_six_at_a_time() -> None:
    for length in range(42, 48):
        assert spoken("x " + "_" * length) == spoken("x " + "_" * (length + 6 * 90))


def strong(text: str) -> list[str]:
    """Return the words of a text that have an emphasised letter."""
    said, places = spoken(text), set(emphasised(text))
    return [word[0] for word in re.finditer(r"\S+", said) if places.intersection(range(*word.span()))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("This is *very* good.", ["very"]),
        ("**Bold words** and _this_ *too*.", ["Bold", "words", "this", "too."]),
        ("*smiles* Hello *you*", ["you"]),
        ("(softly) *Yes*, I do.", ["Yes,"]),
        ("It is 2*3*4, snake_case_name and * a * b", []),
        ("# *Zebra* zoo [*link*](http://x.y)", ["Zebra", "link"]),
        ("***All*** of **_it_**", ["All", "it"]),
        ('He said *"no way"* loudly', ['"no', 'way"']),
        ("Ünd *über* alles *Straße*", ["über", "Straße"]),
        ("これは *大事* です。", ["大事"]),
        ("It costs *$3.2* and *99* 🐙 *🐙*", ["$3.2", "99"]),
        ("Nothing here.", []),
    ],
)
def test_words_between_marks_are_emphasised(text: str, words: list[str]) -> None:
    assert strong(text) == words


@given(st.text("ab Zz9*_()[].!`é", max_size=40))
def test_emphasis_is_on_letters_of_what_is_spoken(text: str) -> None:
    said = spoken(text)
    assert all(said[at].isalnum() for at in emphasised(text))
    assert emphasised(said) == () or "*" in said or "_" in said


@given(st.lists(st.sampled_from(["*yes*", "**No**", "Max", "(x)y", "_so_", "$3.2", "*$3.2,*", "don't", "*don't!*"])))
def test_what_is_written_with_its_marks_is_read_the_same_again(parts: list[str]) -> None:
    line = Line(character="ada", text=" ".join(["Ada", *parts]))
    again = Line(character="ada", text=marked(line.text))
    assert again.text == line.text
    assert strong(marked(line.text)) == strong(" ".join(["Ada", *parts]))
