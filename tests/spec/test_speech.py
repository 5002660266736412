"""What is said for a line, where it differs from what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.spec.speech import Piece, differs, growth, pieces_of, said

LIST = {"AITA": "am I the bad one", "nginx": "engine x", "New York": "the city", "空": "そら", "c++": "see plus plus"}


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("AITA for this?", "am I the bad one for this?"),
        ("“AITA?” she asked (nginx's)", "“am I the bad one?” she asked (engine x's)"),
        ("nginx, Nginx and NGINX-based", "engine x, engine x and engine x-based"),
        ("aita", "aita"),  # a word with capitals is meant as it is written
        ("nginxes or my_nginx", "nginxes or my_nginx"),  # whole words alone
        ("In New  York!", "In the city!"),
        ("青い空だ", "青いそらだ"),
        ("C++ is c++", "see plus plus is see plus plus"),
        ("[AITA] <nginx> AITA", "[AITA] <nginx> am I the bad one"),  # tags of a vendor
    ],
)
def test_words_of_the_list_are_replaced(text: str, spoken: str) -> None:
    pieces = pieces_of(text, None, LIST)
    assert said(pieces) == spoken
    assert "".join(piece.shown for piece in pieces) == text
    assert differs(pieces) == (text != spoken)


def test_a_word_is_a_piece_with_the_marks_at_it() -> None:
    assert pieces_of("Use nginx, now", None, LIST) == (
        Piece("Use ", "Use "),
        Piece("nginx,", "engine x,"),
        Piece(" now", " now"),
    )


def test_the_longest_word_and_the_one_in_its_own_case_come_first() -> None:
    words = {"new": "fresh", "New York": "the city", "US": "the States", "us": "uz"}
    assert said(pieces_of("New York, new, US, us, Us", None, words)) == "the city, fresh, the States, uz, uz"


def test_what_is_said_for_a_word_is_not_looked_up_again() -> None:
    assert said(pieces_of("a b", None, {"a": "b", "b": "a"})) == "b a"


def test_a_line_says_something_else_as_a_whole() -> None:
    assert pieces_of("2 tbsp", "two spoons of nginx", LIST) == (Piece("2 tbsp", "two spoons of engine x"),)
    assert not differs(pieces_of("Hello", "Hello", {}))


@given(
    st.lists(st.sampled_from(["AITA", "nginx", "x", "New", "York", "!", "[a b]", "空", "\n", "NGINX."])).map(" ".join),
    st.dictionaries(st.sampled_from(["AITA", "nginx", "x", "New York", "空", "york"]), st.sampled_from(["y", "a b c"])),
)
def test_what_is_shown_is_what_was_written(text: str, words: dict[str, str]) -> None:
    pieces = pieces_of(text, None, words)
    assert "".join(piece.shown for piece in pieces) == text
    assert len(said(pieces)) <= len(text) * growth(words)
    assert all(
        not piece.shown.strip() or piece.shown == piece.said or piece.shown == piece.shown.strip() for piece in pieces
    )
