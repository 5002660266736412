"""Prompts come from templates that authors write: what they may say, and what happens to mistakes."""

from __future__ import annotations

import importlib.resources
from hashlib import sha256

import pytest

from reelmake.core.errors import InputError
from reelmake.core.templates import image_prompt, render, subject_of

SHIPPED = (importlib.resources.files("reelmake") / "templates" / "image.j2").read_text("utf-8")


def prompt(
    template: str, subject: str = "an octopus", style: str = "warm watercolour", title: str = "Octopuses"
) -> str:
    return image_prompt(template, subject=subject, style=style, title=title)


def test_the_shipped_template_says_what_is_drawn_and_how() -> None:
    said = prompt(SHIPPED)
    assert said.startswith("an octopus. Style: warm watercolour. ")
    assert "no text" in said


def test_another_title_does_not_change_the_shipped_prompt_and_so_pays_for_no_picture() -> None:
    assert prompt(SHIPPED, title="One") == prompt(SHIPPED, title="Two")


def test_a_prompt_is_one_line_with_single_spaces() -> None:
    assert prompt("\n  {{ subject }},\t\n\n   {{ style }}  \n", "a  cat", "ink\n") == "a cat, ink"


def test_what_an_author_writes_in_a_spec_is_text_and_not_a_template() -> None:
    assert prompt("{{ subject }}", "{{ ''.__class__ }} {% x %} <b>&") == "{{ ''.__class__ }} {% x %} <b>&"


@pytest.mark.parametrize(
    ("template", "line", "told"),
    [
        ("fine\n{% if %}", 2, "expression"),
        ("fine\n\n{{ subjct }}", 3, "'subjct' is undefined"),
        ("{{ subject.nope }}", 1, "no attribute 'nope'"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("\n{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", 2, "recursion"),
        ("  \n {# nothing #} ", 1, "empty"),
    ],
)
def test_a_mistake_in_a_template_is_told_with_its_file_and_line(template: str, line: int, told: str) -> None:
    with pytest.raises(InputError) as caught:
        prompt(template)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("templates/image.j2", line)
    assert told in problem.what
    assert problem.fix


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ '{0.__class__}'.format(subject) }}",
        "{{ subject.format.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% for c in ''.__class__.__mro__ %}{{ c }}{% endfor %}",
        "{{ self.__init__ }}",
        "{% include 'pyproject.toml' %}",
        "{% import 'os' as os %}{{ os }}",
        "{{ range(10 ** 9)|list|length }}",
    ],
)
def test_a_template_cannot_leave_the_sandbox(template: str) -> None:
    with pytest.raises(InputError, match=r"templates/image\.j2:1: the template cannot be used"):
        prompt(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ['a', 'b']|random }}",
        "{{ lipsum() }}",
        "{{ subject.upper }}",
        "{{ subject|map('upper') }}",
        "{{ cycler('a') }}",
    ],
)
def test_what_differs_from_run_to_run_cannot_be_written(template: str) -> None:
    """If it could, every build would ask for other pictures, and pay for them."""
    with pytest.raises(InputError):
        prompt(template)


def test_lines_are_kept_and_empty_ones_dropped() -> None:
    assert render(" a  {{ b }}\n\n\n{# c #}\n d ", file="x.j2", b=1) == "a 1\nd"


def test_the_file_in_an_error_is_the_one_that_was_given() -> None:
    with pytest.raises(InputError, match=r"^x\.j2:1: .*it may use ada, b"):
        render("{{ c }}", file="x.j2", b=1, ada=2)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Why is the sky blue, Max?", "Why is the sky blue, Max"),
        ("Wait, really? Its blood is blue!", "Its blood is blue"),
        ('Well, so, it costs $3.2 billion. "No way!"', "it costs $3.2 billion"),
        ("\N{OCTOPUS} Arms with 2,000 suckers \N{EM DASH} that's 90% fun.", "Arms with 2,000 suckers that's 90% fun"),
        ("The 'odd' deep-sea fish...", "The odd deep-sea fish"),
        ("Wow!", "Wow"),
        ("空はなぜ青いの？", "空はなぜ青いの"),  # noqa: RUF001 (another script's question mark)
        ("\N{OCTOPUS}", "\N{OCTOPUS}"),
    ],
)
def test_the_subject_of_a_line_is_what_it_says_without_noise(text: str, drawn: str) -> None:
    assert subject_of(text) == drawn


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ b }}{{b}} {# {{ nobody }} {% #}{{\nb\n}}", "{{ c }} {# &{{ c }} {# & {{ c }} {# &"),
        ("{ {{ b }} } % # {b} {{ b }}%}", "{ {{ c }} {# & } % # {b} {{ c }} {# &%}"),
        ("a {#{{ b }}#} {# #}{# #}", "a"),
        ("{{ b }}}", "{{ c }} {# &}"),
        ("a {#- c -#} b {{ b }}", "ab {{ c }} {# &"),
        ("a {#- c #} b {{ b }}", "a b {{ c }} {# &"),
        ("a {# c -#}\n b {{ b }}", "a b {{ c }} {# &"),
        ("a {#+ c +#} b {{ b }}", "a b {{ c }} {# &"),
        ("a {#-#} b {{ b }} {# c-#} d", "a b {{ c }} {# & d"),
        ("{{ b }} }} #} -}}", "{{ c }} {# & }} #} -}}"),
    ],
)
def test_braces_and_comments_are_those_of_jinja2(template: str, expected: str) -> None:
    assert render(template, file="x.j2", b="{{ c }} {# &") == expected


NAMES = [
    "subject",
    "style",
    "title",
    "speaker",
    "listener",
    "topic",
    "question",
    "fact",
    "catchphrase",
    "closing",
    "language",
    "lines",
    "max_line_characters",
    "names",
    "characters",
    "from_language",
    "script",
]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("image.j2", "422821a49512f99f"),
        ("script.offline.j2", "8c2384c57ff3acc9"),
        ("script.openai.j2", "f80b4e9676780b70"),
        ("translation.openai.j2", "d9744f2110043ce5"),
    ],
)
def test_what_a_shipped_template_renders_stays(name: str, digest: str) -> None:
    """It is part of the keys of paid requests."""
    template = (importlib.resources.files("reelmake") / "templates" / name).read_text("utf-8")
    values = {value: "a\r\nb  c\n\n \xe9{{ q }}\n" + value for value in NAMES}
    rendered = render(template, file="", **values)
    assert sha256(rendered.encode()).hexdigest().startswith(digest)


@pytest.mark.parametrize(
    "template", ["{{{ b }}}", "{{#{{ b }}#}", "{{ b", "{# b", "{{ b.c }}", "{{ }}", "{% nothing %}"]
)
def test_what_jinja2_refuses_is_refused(template: str) -> None:
    with pytest.raises(InputError):
        render(template, file="x.j2", b="b")
