"""Scripts that were pasted as one text: dialogues, chats and screenplays. Every word is said, or is listed."""

# ruff: noqa: RUF001, ISC004, E501  the typography of authors is what this is about, with the rows of a paste in one text

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.spec.load import read_episode
from reelmake.spec.screenplay import EVENT, read_script

PREFIXES = [
    "",
    "- ",
    "* ",
    "• ",
    "1. ",
    "2) ",
    "(3) ",
    "#4 ",
    "> ",
    "[00:04] ",
    "(00:04) ",
    "00:04 ",
    "🤖 ",
    "- [ ] ",
    "1. 🤖 ",
]
NAMES = ["Ada", "MAX", "**Ada**", "Max (smiling)", "Ada [00:04]", "Old man"]
COLONS = [": ", ":", "： ", "：", ":\n", " : ", ":** "]
WORDS = [
    "Alpha beta.",
    "gamma delta",
    "epsilon, zeta!",
    "Eta",
    "5 thetas",
    "Iota: kappa",
    "(lambda)",
    "*mu nu*",
    "[xi]",
    "OMICRON",
    "<pi>",
]
LOOSE = [
    "INT. KITCHEN - NIGHT",
    "CUT TO:",
    "# Act one",
    "---",
    "",
    "",
    "Rho sigma left.",
    "image omitted",
    "Tau  4:20 PM",
]


def words_of(text: str) -> set[str]:
    """Return the words of a text, without times."""
    return set(re.findall(r"[^\W\d_]{2,}", re.sub(r"\bPM\b", "", text).lower()))


ROWS = st.one_of(
    st.tuples(st.sampled_from(PREFIXES), st.sampled_from(NAMES), st.sampled_from(COLONS), st.sampled_from(WORDS)).map(
        "".join
    ),
    st.sampled_from(WORDS),
    st.sampled_from(LOOSE),
    st.text(alphabet="ab:Z. -*[]()<>0\u3000：", max_size=15),
)


@given(st.lists(ROWS, min_size=1, max_size=9))
def test_no_word_of_a_pasted_script_is_lost_without_being_listed(rows: list[str]) -> None:
    text = "\n".join(rows)
    found, unsaid = read_script(text, ["ada"])
    kept = " ".join([*(f"{one.speaker} {one.text}" for one in found), *(one.words for one in unsaid)])
    assert words_of(text) - words_of(kept) == set()


@given(st.lists(ROWS, min_size=1, max_size=9))
def test_every_word_that_no_line_of_an_episode_says_has_its_row(rows: list[str]) -> None:
    spec = "title: t\nscript: |\n" + "".join(f"  {row}\n" for row in "\n".join(["Ada: One.", *rows]).split("\n"))
    episode, source = read_episode(spec.encode(), "episodes/t.yaml")
    if episode is None:
        return
    said = " ".join(f"{line.character} {line.text}" for line in episode.script or [])
    kept = f"{said} {' '.join(words for _, words, _ in source.unsaid)} title script"
    assert words_of(spec) - words_of(kept) == set()
    rows_of_spec = spec.splitlines()
    assert all(words.split()[0] in rows_of_spec[line - 1] for line, words, why in source.unsaid if why == EVENT)


def said(text: str, *cast: str) -> list[str]:
    return [f"{one.speaker}: {one.text}" for one in read_script(text, cast)[0]]


def listed(text: str, *cast: str) -> list[str]:
    return [one.words for one in read_script(text, cast)[1]]


PASTED = {
    "a second row": (
        "Ada: This is my first sentence.\nThis is my second.\nMax: I list two things:\napples and pears.\n\nAnd more.",
        ["ada: This is my first sentence. This is my second.", "max: I list two things: apples and pears. And more."],
    ),
    "a name above": ("Ada: Hello.\nAda:\nI speak below.\nMAX:\nSo do I.", ["ada: Hello.", "ada: I speak below.", "max: So do I."]),
    "an emoji": ("Ada: Hello.\n🤖 Max: Beep.\n👩‍🚀 Ada: Moon.", ["ada: Hello.", "max: Beep.", "ada: Moon."]),
    "an emoji behind": ("Ada 🎉: Hello.", ["ada: Hello."]),
    "no space": ("Ada:Hello.\nMax:Hi.\nAda:5 of them.", ["ada: Hello.", "max: Hi.", "ada: 5 of them."]),
    "a time in brackets": ("[00:00] Ada: Hello.\n[00:04] Max: Hi.", ["ada: Hello.", "max: Hi."]),
    "a bare time": ("00:00 Ada: Hello.\n0:04:10.5 - Max: Hi.", ["ada: Hello.", "max: Hi."]),
    "a time behind": ("Ada [00:04]: Hello.\nMax (0:09): Hi.\nAda 0:12: Yes.", ["ada: Hello.", "max: Hi.", "ada: Yes."]),
    "dashes": ("- Ada: Hello.\n– Max: Hi.\n• Ada: Yes.\n* Max: No.", ["ada: Hello.", "max: Hi.", "ada: Yes.", "max: No."]),
    "numbers": ("1. Ada: Hello.\n2) Max: Hi.\n(3) Ada: Yes.\n4 Max: No.", ["ada: Hello.", "max: Hi.", "ada: Yes.", "max: No."]),
    "bold names in a list": ("- **Ada:** Hello.\n- **Max**: Hi.", ["ada: Hello.", "max: Hi."]),
    "the colon of Chinese": ("Ada：你好！\nMax：好。", ["ada: 你好！", "max: 好。"]),
    "accents": ("Zoë: Hello.\nRenée: Hi.", ["zoe: Hello.", "renee: Hi."]),
    "no names": ("Ada: Look at https://example.org now.\nhttp://example.org/a\nAt 10:30 it ends.\nGreat :D", [
        "ada: Look at https://example.org now. http://example.org/a At 10:30 it ends. Great :D"]),
    "wrapped": ("Ada: I need\nonly two things: eggs.\nMax: Fine.", ["ada: I need only two things: eggs.", "max: Fine."]),
    "a list in a speech": ("Ada: I need\n- apples\n- pears", ["ada: I need apples pears"]),
    "HTML": ("<p><b>Ada:</b> Salt &amp; pepper</p>\n<p>Max: Hi</p>", ["ada: Salt & pepper", "max: Hi"]),
    "names in the cast": ("Ada\nHello.\n\nStill me.\nMax\nHi.", ["ada: Hello. Still me.", "max: Hi."]),
    "dashes after names in the cast": ("Ada — Hello.\nMax - Hi.", ["ada: Hello.", "max: Hi."]),
    "shouting": ("Ada: Look.\nWOW\nIt is big.", ["ada: Look. WOW It is big."]),
}  # fmt: skip


@pytest.mark.parametrize("name", PASTED)
def test_every_row_is_said_by_whom_it_belongs_to(name: str) -> None:
    text, lines = PASTED[name]
    cast = ["ada", "max"] if "cast" in name else []
    assert (said(text, *cast), listed(text, *cast)) == (lines, [])


EXPORTS = {
    "WhatsApp of Android": (
        "12/31/23, 11:58 PM - Messages and calls are end-to-end encrypted. Tap to learn more.\n"
        '12/31/23, 11:58 PM - Ada created group "Moths"\n12/31/23, 11:59\u202fPM - Ada: Hello\nsecond row\n'
        "Note: bring cake\n\n12/31/23, 11:59 PM - Max: <Media omitted>\n"
        "1/1/24, 12:00 AM - Max: Cheers! <This message was edited>\n1/1/24, 12:01 AM - Ada: 👍\n"
        "1/1/24, 12:02 AM - Max: This message was deleted\n1/1/24, 12:03 AM - Max left\n",
        ["ada: Hello second row Note: bring cake", "max: Cheers!"],
        ["end-to-end", "created group", "<Media omitted>", "edited>", "👍", "was deleted", "Max left"],
    ),
    "WhatsApp of Germany": (
        "31.12.23, 23:59 - Ada: Hallo\n31.12.23, 23:59 - Max: <Medien ausgeschlossen>\n31.12.23, 23:59 - Max: Hi",
        ["ada: Hallo", "max: Hi"],
        ["<Medien ausgeschlossen>"],
    ),
    "WhatsApp of iOS": (
        "[31/12/2023, 23:59:10] Ada: Hello: you\n\u200e[31/12/2023, 23:59:12] Max: \u200eimage omitted\n"
        "[31/12/2023, 23:59:12] Max: \u200e<attached: 0001.jpg>\n[31/12/2023, 11:59:20 p.m.] Max: Hi\ntwo",
        ["ada: Hello: you", "max: Hi two"],
        ["image omitted", "<attached: 0001.jpg>"],
    ),
    "Telegram": (
        "Ada, [01.02.2024 16:20]\nHello there\n\nMax, [01.02.2024 16:21]\n[ Photo ]\nHi\n"
        "Ada, [2/1/24 4:22 PM]:\n[In reply to Max]\nNice",
        ["ada: Hello there", "max: Hi", "ada: Nice"],
        ["[ Photo ]", "[In reply to Max]"],
    ),
    "Slack": (
        "Ada Lovelace  4:20 PM\nHello there\n4:21\nsecond\n:tada: 3\nMax  4:22 PM\njoined #general.\n"
        "Max  4:23 PM\nhi (edited)\n2 replies\nToday at 4:30 PM",
        ["ada-lovelace: Hello there second", "max: hi"],
        [":tada: 3", "Max  4:22 PM", "joined #general.", "(edited)", "2 replies", "Today at 4:30 PM"],
    ),
    "Slack on three rows": ("Ada\n  4:20 PM\nHello\nMax\n  4:21 PM\nHi", ["ada: Hello", "max: Hi"], []),
    "Discord": (
        "Ada — Today at 4:20 PM\nHello there\nsecond\nMax — 01/02/2024 4:21 PM\nhi: you\nAda — Yesterday at 16:22\n@Max yes",
        ["ada: Hello there second", "max: hi: you", "ada: @Max yes"],
        [],
    ),
    "an exporter of Discord": (
        "======\nGuild: Moths\n======\n\n[01-Jan-21 04:20 PM] Ada#1234\nHello\n\n[01-Jan-21 04:21 PM] max\nHi\n\n"
        "{Attachments}\nhttps://cdn.example/x.png\n\n{Reactions}\n👍 (2)\n\n[01-Jan-21 04:22 PM] Ada#1234\nBye\n\n"
        "======\nExported 3 message(s)\n======\n",
        ["ada: Hello", "max: Hi", "ada: Bye"],
        ["Guild: Moths", "{Attachments}", "https://cdn", "{Reactions}", "👍 (2)", "Exported 3"],
    ),
    "Signal": (
        "[2023-01-01 16:20] Ada: Hello\n[2023-01-01 16:21:05] Max: hi\n(- Ada: 👍 -)\n",
        ["ada: Hello", "max: hi"],
        ["(- Ada: 👍 -)"],
    ),
    "LINE": ("23:58\tAda\tHello\n23:59\tMax\tHi", ["ada: Hello", "max: Hi"], []),
    "KakaoTalk": ("[Ada] [오후 4:20] Hello\n[Max] [오후 4:21] Hi", ["ada: Hello", "max: Hi"], []),
    "IRC": (
        "[16:20] <ada> hello\n[16:21] <@max> hi\n* joe has joined",
        ["ada: hello", "max: hi"],
        ["* joe has joined"],
    ),
    "a transcript": ("Ada  0:04\nHello there.\n\nMax  0:09\nHi.", ["ada: Hello there.", "max: Hi."], []),
    "subtitles": (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.000\nAda: Hello\n\n2\n00:00:04.000 --> 00:00:06.000\n<v Max>Hi</v>",
        ["ada: Hello", "max: Hi"],
        ["WEBVTT"],
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_chats_are_scripts_and_what_is_no_speech_is_listed(name: str) -> None:
    text, lines, no_speech = EXPORTS[name]
    assert said(text) == lines
    found = listed(text)
    assert len(found) == len(no_speech), found
    assert all(part in row for part, row in zip(no_speech, found, strict=True)), found


def test_action_and_headings_are_listed_with_their_lines() -> None:
    script = "INT. KITCHEN - NIGHT\n\nAda looks up.\n\nADA\n(whispering)\nWho is it?\n\nCUT TO:\n\nMax (sad): Me. (softly) Bye.\n"
    spec = "title: t\nscript: |\n" + "".join(f"  {row}".rstrip() + "\n" for row in script.splitlines())
    episode, source = read_episode(spec.encode(), "episodes/t.yaml")
    assert episode
    assert [(line.character, line.text) for line in episode.script or []] == [
        ("ada", "Who is it?"),
        ("max", "Me. Bye."),
    ]
    assert [(line, words) for line, words, _ in source.unsaid] == [
        (3, "INT. KITCHEN - NIGHT"),
        (5, "Ada looks up."),
        (8, "(whispering)"),
        (11, "CUT TO:"),
        (13, "(sad)"),
        (13, "(softly)"),
    ]


def test_what_a_writer_of_scripts_puts_around_speech_is_listed() -> None:
    text = "**Title: Moths**\n\n**[Visual: a moth]**\n\n**Ada:** Hi *there*.\n\n*The door opens.*\n\n**Narrator:** The end of it.\n"
    assert said(text) == ["ada: Hi *there*.", "narrator: The end of it."]
    assert listed(text) == ["**Title: Moths**", "**[Visual: a moth]**", "*The door opens.*"]


def test_rows_that_yaml_folds_are_rows_of_the_script() -> None:
    episode, source = read_episode(b"title: t\nscript: >\n  Ada: One.\n  Max: Two\n  three.\n", "episodes/t.yaml")
    assert episode
    assert [(line.character, line.text) for line in episode.script or []] == [("ada", "One."), ("max", "Two three.")]
    assert source.line(("script", 1, "text")) == 4


def test_a_script_as_text_without_its_bar_says_so() -> None:
    _, source = read_episode(b"title: t\nscript:\n  Ada: One.\n  and more\n", "episodes/t.yaml")
    assert [problem.fix for problem in source.problems] == ["write `script: |` above a script that is one text"]
