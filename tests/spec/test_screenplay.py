"""Scripts that were pasted as one text: dialogues, chats and screenplays. Every word is said, or is listed."""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import re

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
