"""`reelmake freeze`: a script that was written by a provider becomes part of the spec."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standin_server import Standin
from workspace import ROOT, Workspace

from reelmake.core.errors import InputError
from reelmake.spec.edit import frozen, with_translations
from reelmake.spec.load import read_episode
from reelmake.spec.model import Line

SPEC = """\
# What this is about.
title: Rain   # not the whole title
topic: rain


cast: [ada,
       max]
lines: 3
# The end.
"""
words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=1, max_size=80)


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "project")
    made.write("episodes/rain.yaml", SPEC)
    return made


@pytest.mark.slow
def test_what_the_author_wrote_stays_and_the_next_build_pays_nothing(project: Workspace) -> None:
    with Standin() as vendor:
        project.env["STANDIN_URL"] = vendor.url
        project.run()
        paid, before = vendor.count(), project.outputs()
        project.run("freeze", "rain", program="reelmake")
        text = (project.root / "episodes/rain.yaml").read_text("utf-8")
        assert text.startswith(SPEC.replace("[ada,\n       max]", "[ada, max]").rstrip())
        assert "  - ada: rain line 1\n    image: rain number 1\n" in text
        again = project.run()
        assert project.made(again) == []
        assert vendor.count() == paid
        videos = [path for path in before if path.endswith(".mp4")]
        assert {path: project.outputs()[path] for path in videos} == {path: before[path] for path in videos}


def test_a_script_that_is_not_written_yet_cannot_be_frozen(project: Workspace) -> None:
    told = project.run("freeze", "rain", program="reelmake", rc=2)
    assert "the script of rain is not written yet; type `doit script:rain` first" in told.stderr
    assert (project.root / "episodes/rain.yaml").read_text("utf-8") == SPEC


def test_all_leaves_alone_what_is_not_written_or_is_in_the_spec(project: Workspace) -> None:
    project.episode("sun", "ada: The sun is hot.")
    before = (project.root / "episodes/sun.yaml").read_text("utf-8")
    assert project.run("freeze", "--all", program="reelmake").stdout == ""
    assert (project.root / "episodes/sun.yaml").read_text("utf-8") == before


@pytest.mark.parametrize("arguments", [(), ("rain", "--all"), ("snow",)])
def test_what_to_freeze_has_to_be_said(project: Workspace, arguments: tuple[str, ...]) -> None:
    project.run("freeze", *arguments, program="reelmake", rc=2)


@given(st.lists(st.tuples(st.sampled_from(["ada", "max"]), words, st.none() | words), min_size=1, max_size=4))
def test_whatever_is_said_is_read_back_or_refused(said: list[tuple[str, str, str | None]]) -> None:
    lines = []
    for who, text, image in said:
        with suppress(ValidationError):  # it is empty, or no speech
            lines.append(Line(character=who, text=text, image=image if image and image.strip() else None))
    if not lines:
        return
    try:
        whole = frozen(SPEC.encode(), "episodes/rain.yaml", lines, "standin")
    except InputError:  # YAML has no way to write a few invisible characters
        assert any(not char.isprintable() for line in lines for char in line.text + line.subject)
        return
    episode, _ = read_episode(whole, "episodes/rain.yaml")
    assert episode
    assert episode.script == lines


LINES = [
    Line(character="ada", text='Hello: "you", # no', image="a, b"),
    Line(character="max", text="No", translations={"ja": "空は, {なぜ}", "no": "nei # da"}),
]
HEAD = "title: R\nlanguages: [en, ja, ar]\n"
SAMPLES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "episodes").glob("*.yaml"))}
JSON = '{"title": "R", "topic": "r", "cast": ["ada", "max"]}\n'
# Specs with a topic: those whose rows all stay as they are, and those that are laid out anew.
TOPICS_KEPT = {
    "a comment at the end": "# c\ntitle: R   # d\ntopic: r\n\n\ncast: [ada, max]\n# tail\n",
    "no final newline": "title: R\ntopic: r\ncast: [ada, max]",
    "CRLF": "title: R\r\ntopic: r # c\r\ncast: [ada, max]\r\n\r\n",
    "the start of a document": "---\ntitle: R\ntopic: r\ncast: [ada, max]\n",
    "anchors": "title: &t R\ntopic: *t\ncast: [ada, max]\n# tail\n",
    "a text that keeps its end": "title: R\ncast: [ada, max]\ntopic: |+\n  r\n\n\n",
    "BOM": "\ufefftitle: R\ntopic: r\ncast: [ada, max]\n",
    "a list": "title: R\ntopic: r\ncast:\n- ada\n- max   # x\n",
    "an indented list": "title: R\ntopic: r\ncast:\n  - ada   # x\n  - max\n",
    "quotes": "title: 'R'\ntopic: \"r\"\ncast: ['ada', \"max\"]\nlines: 03\n",
}
TOPICS_SET_ANEW = {
    "a list over rows": SPEC,
    "CR": "title: R\rtopic: r\rcast: [ada, max]\r",
    "JSON": JSON,
    "rows between braces": '{\n title: R,\n topic: "r",\n cast: [ada, max],\n}\n',
    "the end of a document": "title: R\ntopic: r\ncast: [ada, max]\n...\n",
    "indented": "  title: R\n  topic: r # c\n  cast: [ada, max]\n",
    "a folded row": "title: R # c\ntopic: r\n  and r\ncast: [ada, max]\n",
    "spaces within a list": "title: R\ntopic: r\ncast: [ ada,max ]\n",
}
SCRIPTS_KEPT = {
    "comments between": (
        "script:\n  - ada: Hi   # c\n    image: x    # d\n    # own\n  # between\n\n  - max: Ho\n"
        "    translations:  # y\n      ja: q  # z\n\n    image: x\n# tail\n"
    ),
    "empty rows": "script:\n\n  - ada: Hi\n\n\n  - max: Ho\n",
    "no final newline": 'script:\n- ada: Hi\n- max: "Ho"',
    "CRLF": "script:\r\n- ada: Hi\r\n\r\n- max: Ho # c\r\n  take: {voice: 2}\r\n",
    "blocks that keep their end": "script:\n  - ada: >+\n      Hi\n\n\n  - max: |+\n      Ho\n\n",
    "an alias ends a line": "script:\n  - ada: &x Hi\n    image: z\n  - max: *x\n",
}
SCRIPTS_SET_ANEW = {
    "blocks": (
        "script:\n  - ada: |\n      Hi\n\n    # c\n\n  - image: y\n    max: >-  # d\n"
        "      Ho\n      # in it\n\n# tail\n"
    ),
    "flow": 'script: [{ada: Hi, translations: {}}, {"max": "Ho", "translations": {"ja": "q",}}]\n',
    "a folded row": "script:\n  - ada: Hi # c\n    image: x\n      more\n  - max: Ho\n",
    "names below names": (
        "script:\n  -\n      ada: Hi\n      translations:\n        ja: q # c\n      image: x\n  -   max: Ho\n"
        "      providers:\n        voice:\n          provider: openai\n"
    ),
    "quotes over rows": "script:\n  - ada: \"Hi\n      there # no\"  # c\n  - max: 'Ho\n\n      it''s' # end",
}
REFUSED = {
    "one text": ("script: |\n  ada: Hi\n  max: Ho\n", ":3: .*is one text"),
    "a comment between braces": (
        "script:\n  - ada: Hi\n  - {max: Ho,\n     # c\n     image: x}\n",
        ":6: .*the comment here would be lost",
    ),
    "a comment after the end": ("script:\n  - ada: Hi\n  - max: Ho\n...\n# c\n", ":7: .*would be lost"),
    "a tab": ("script:\n  - ada: Hi\n  - max: Ho\t# c\n", ":5: .*cannot be written"),
}


def is_kept(author: str, whole: str) -> bool:
    """Say whether all rows that an author wrote are there, in order, and nothing of them is changed."""
    rest = iter(whole.split("\n"))
    return all(row in rest for row in author.split("\n"))


def comments_of(text: str) -> list[str]:
    return sorted(
        comment for row in text.splitlines() for comment in re.findall(r"# (?:c|d|own|between|tail|x|z)$", row)
    )


@pytest.mark.parametrize("name", [*TOPICS_KEPT, *TOPICS_SET_ANEW, *SAMPLES])
def test_a_script_is_put_below_all_that_the_author_wrote(name: str) -> None:
    text = {**TOPICS_KEPT, **TOPICS_SET_ANEW, **SAMPLES}[name]
    if "\nscript:" in text:  # what its author had before
        text = text.partition("script:")[0] + "topic: it\n# tail\n"
    before, _ = read_episode(text.encode(), "episodes/rain.yaml")
    whole = frozen(text.encode(), "episodes/rain.yaml", LINES, "standin")
    after, _ = read_episode(whole, "episodes/rain.yaml")
    assert before
    assert after == before.model_copy(update={"script": LINES})
    assert is_kept(text, whole.decode()) is (name not in TOPICS_SET_ANEW)
    assert comments_of(whole.decode()) == comments_of(text)


def test_a_spec_in_json_stays_json() -> None:
    whole = frozen(JSON.encode(), "episodes/rain.yaml", LINES, "standin")
    assert json.loads(whole)["script"][0] == {"ada": LINES[0].text, "image": "a, b"}


@pytest.mark.parametrize("name", [*SCRIPTS_KEPT, *SCRIPTS_SET_ANEW, *SAMPLES])
def test_translations_are_put_below_the_lines_that_the_author_wrote(name: str) -> None:
    text = {**SCRIPTS_KEPT, **SCRIPTS_SET_ANEW, **SAMPLES}[name]
    if name not in SAMPLES:
        text = HEAD.replace("\n", "\r\n" if "\r" in text else "\n") + text
    before, _ = read_episode(text.encode(), "episodes/rain.yaml")
    assert before
    if before.script is None:  # the sample that is written from its topic
        return
    told = {"ja": "空, }は: #0", "ar": "مرحبا"}
    words = [{tag: said for tag, said in told.items() if tag not in line.translations} for line in before.script]
    whole = with_translations(text.encode(), "episodes/rain.yaml", words)
    after, _ = read_episode(whole, "episodes/rain.yaml")
    assert after
    script = [line.model_copy(update={"translations": told | line.translations}) for line in before.script]
    assert after == before.model_copy(update={"script": script})
    assert is_kept(text, whole.decode()) is (name not in SCRIPTS_SET_ANEW)
    assert comments_of(whole.decode()) == comments_of(text)
    assert whole.count(b"\r\n") in {0, whole.count(b"\n")}


def test_what_stands_between_two_lines_stays_there() -> None:
    text = HEAD + "script:\n  - ada: Hi  # c\n\n  # of max\n  - max: Ho\n"
    whole = with_translations(text.encode(), "episodes/rain.yaml", [{"ar": "a"}, {}]).decode()
    assert whole.endswith("  - ada: Hi  # c\n    translations:\n      ar: a\n\n  # of max\n  - max: Ho\n")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused(name: str) -> None:
    text, told = REFUSED[name]
    with pytest.raises(InputError, match=f"(?s)rain.yaml.*{told}"):
        with_translations((HEAD + text).encode(), "episodes/rain.yaml", [{"ar": "مرحبا"}] * 2)


def test_a_line_that_is_an_alias_cannot_have_words_of_its_own() -> None:
    text = HEAD + "script:\n  - &l\n    ada: Hi\n  - *l\n"
    with pytest.raises(InputError, match="it would say something else"):
        with_translations(text.encode(), "episodes/rain.yaml", [{"ar": "a"}, {"ar": "b"}])


def test_a_spec_with_rights_of_its_own_behind_a_link_stays_so(project: Workspace) -> None:
    with Standin() as vendor:
        project.env["STANDIN_URL"] = vendor.url
        project.run("script:rain")
    spec, elsewhere = project.root / "episodes/rain.yaml", project.root / "kept.yaml"
    spec.rename(elsewhere)
    elsewhere.chmod(0o660)
    spec.symlink_to(elsewhere)
    project.run("freeze", "--all", program="reelmake")
    assert spec.is_symlink()
    assert "script:" in elsewhere.read_text("utf-8")
    assert elsewhere.stat().st_mode & 0o777 == 0o660
    assert "in the spec already" in project.run("freeze", "rain", program="reelmake").stderr


def test_a_project_elsewhere_is_frozen_where_it_is(project: Workspace, tmp_path: Path) -> None:
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.episode("rain", topic="another rain", cast=["ada"])
    with Standin() as vendor:
        project.env["STANDIN_URL"] = elsewhere.env["STANDIN_URL"] = vendor.url
        project.run("script:rain")
        elsewhere.run("freeze", "rain", "--project", str(project.root), program="reelmake")
        assert vendor.count() == 1
    assert "script:" in (project.root / "episodes/rain.yaml").read_text("utf-8")
    assert "script:" not in (elsewhere.root / "episodes/rain.yaml").read_text("utf-8")
