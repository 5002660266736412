"""Renaming in the text of specs: each mention, and nothing besides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmake.spec.load import read_episode
from reelmake.spec.rename import with_house_cast, with_pictures, with_speaker

SPEC = """\
# ada: a comment
title: ada
cast: [max, ada]   # both
script:
  - ada: I am ada.
    image: ada: a portrait
  - "ada": 'Yes, ada: that is me.'
  - {character: ada, text: "ada?", image: ada}
  - max: ada
"""


def test_speakers_are_renamed_and_words_are_not() -> None:
    text = SPEC.replace("image: ada: a", "image: ada a")
    after = with_speaker(text.encode(), "ada", "iris-two").decode()
    assert after == (
        text.replace("cast: [max, ada]", "cast: [max, iris-two]")
        .replace("- ada: I", "- iris-two: I")
        .replace('- "ada"', '- "iris-two"')
        .replace("character: ada", "character: iris-two")
    )


def test_a_block_list_a_mark_of_order_and_line_ends_stay() -> None:
    text = "\ufefftitle: t\r\ncast:\r\n- ada\r\n- max\r\nscript:\r\n- max: Hi\r\n"
    assert with_speaker(text.encode(), "ada", "iris").decode() == text.replace("- ada", "- iris")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ADA\n  Hello, ada.\n", "IRIS\n  Hello, ada.\n"),
        ("ada: Hello, ada.\n", "iris: Hello, ada.\n"),
        ("Ada: Hi.\n\n  Max: ada: no.\n", "iris: Hi.\n\n  Max: ada: no.\n"),
        ("**Ada:** Hi.\n", "**iris:** Hi.\n"),
    ],
)
def test_a_script_that_is_one_text(before: str, after: str) -> None:
    def spec(script: str) -> bytes:
        return ("title: t\nscript: |\n" + "".join(f"  {row}\n" for row in script.splitlines())).encode()

    assert with_speaker(spec(before), "ada", "iris") == spec(after)


def test_pictures_and_the_cast_of_the_house() -> None:
    text = (
        'name: ada/x\nsprites: {telling: ada/telling.png, hearing: "ada/hearing.png"}\npersonality: ada/telling.png\n'
    )
    after = text.replace("telling: ada/", "telling: iris/").replace('"ada/', '"iris/')
    assert with_pictures(text.encode(), "ada", "iris").decode() == after
    settings = b'[tool.other]\ncast = ["ada"]\n[tool.reelmake]\ncast = ["max", "ada"] # ada\n'
    assert with_house_cast(settings, "ada", "iris") == settings.replace(b'"max", "ada"', b'"max", "iris"')


def test_what_is_no_yaml_stays() -> None:
    for content in (b"title: [", b"- ada", b"", b"ada: &a [*a]"):
        assert with_speaker(content, "ada", "iris") == content


NAMES = st.sampled_from(["ada", "max", "a", "adam", "title"])


@given(
    st.lists(
        st.tuples(NAMES, st.text(st.sampled_from("ad max.é'"), min_size=1, max_size=12).map(str.strip)), min_size=1
    )
)
def test_only_the_speakers_differ(lines: list[tuple[str, str]]) -> None:
    """And each is who it was."""
    rows = "".join(f'- {name}: "{text or "x"}"\n' for name, text in lines)
    before = f"title: t\nscript:\n{rows}".encode()
    one, _ = read_episode(before, "one")
    two, _ = read_episode(with_speaker(before, "ada", "iris"), "two")
    if one is None or one.script is None:
        return
    assert two
    assert two.script
    assert [line.text for line in one.script] == [line.text for line in two.script]
    assert [line.character.replace("iris", "ada") for line in two.script] == [line.character for line in one.script]
    assert "ada" not in [line.character for line in two.script]
