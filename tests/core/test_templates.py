"""Prompts come from templates that authors write: what they may say, and what happens to mistakes."""

from __future__ import annotations

import importlib.resources
import resource
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from reelmake.core.errors import InputError
from reelmake.core.templates import MAX_CHARACTERS, MAX_MEMORY_BYTES, _Child, image_prompt, render, subject_of

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
    rendered = render(template, file="", **values, shots_per_line=0)
    assert sha256(rendered.encode()).hexdigest().startswith(digest)


@pytest.mark.parametrize(
    "template", ["{{{ b }}}", "{{#{{ b }}#}", "{{ b", "{# b", "{{ b.c }}", "{{ }}", "{% nothing %}"]
)
def test_what_jinja2_refuses_is_refused(template: str) -> None:
    with pytest.raises(InputError):
        render(template, file="x.j2", b="b")


GROWING = "{% set a = subject %}" + "{% set a = a ~ a %}" * 60 + "\n{{ a }}"
NESTED = "{% for a in range(9999) %}" * 4 + "x" + "{% endfor %}" * 4
CALLS = "{% macro a(n) %}{% if n %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}{% endmacro %}\n{{ a(60) }}"
ALIKE = "".join(f"{{% set {name} = [subject] %}}" + f"{{% set {name} = [{name}, {name}] %}}" * 60 for name in "ab")
BOMBS = {
    "product": (1, "{{ 'a' * 9999999999 }}"),
    "constant": (2, "\n{% set a = ['a'] * 9999999999 %}{{ subject }}"),
    "format": (1, "{{ '%1000000000d' | format(1) }}"),
    "format of the operator": (3, "\n\n{{ '%*d' % (2000000000, 1) }}"),
    "format of the method": (1, "{{ '{:1000000000}'.format(1) }}"),
    "loops": (1, NESTED),
    "loops without output": (2, "\n" + NESTED.replace("x", "")),
    "range": (1, "{% for a in range(10 ** 9) %}x{% endfor %}"),
    "power": (2, "{{ subject }}\n{{ 10 ** (10 ** 9) }}"),
    "power of a power": (1, "{% set a = 9 ** 9 ** 9 ** 9 %}"),
    "growth": (1, GROWING),
    "calls": (1, CALLS),
    "join": (1, "{{ range(99999) | join(subject * 9999) }}"),
    "center": (1, "{{ subject | center(9999999999) }}"),
    "indent": (1, "{{ subject | indent(9999999999, true) }}"),
    "wordwrap": (1, "{{ (subject ~ ' ') * 99999 | wordwrap(1, wrapstring=subject * 99999) }}"),
    "wordwrap of a long text": (1, "{{ ('a ' * 9999999) | wordwrap(1) }}"),
    "replace": (1, "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}"),
    "method": (1, "{{ subject.ljust(9999999999) }}"),
    "tabs": (2, "\n{{ '\\t'.expandtabs(2000000000) }}"),
    "bytes": (1, "{{ (1).to_bytes(9999999999, 'big') | length }}"),
    "lists that are equal": (1, ALIKE + "{{ a == b }}"),
    "list of lists": (1, ALIKE + "{{ a | string }}"),
    "batches": (1, "{{ [1] | batch(9999999999, 'a') | list | length }}"),
    "slices": (1, "{{ [1] | slice(9999999999) | list | length }}"),
    "spaces": (1, "{{ (' ' * 99999 ~ 'a') * 999 | urlize }}"),
    "output": (1, "{{ style }}" * 9000),
    "length": (1, "a" * (MAX_CHARACTERS + 1)),
    "brackets": (1, "{{ " + "(" * 40_000 + "1"),
    "nesting": (1, "{% if subject %}" * 5000),
    "not": (1, "{{ " + "not " * 20_000 + "1 }}"),
    "filters": (1, "{{ subject" + "|title" * 15_000 + " }}"),
    "sum": (1, "{{ 1" + "+1" * 40_000 + " }}"),
    "number": (1, "{{ " + "9" * 90_000 + " }}"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_template_is_bounded_in_memory_output_and_time(name: str) -> None:
    """A pull request may hold any template, and its check has to end: in some seconds, in this much memory."""
    line, template = BOMBS[name]
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(InputError) as caught:
        prompt(template, style="warm watercolour, " * 100)
    (problem,) = caught.value.problems
    assert problem.file == "templates/image.j2"
    assert problem.line == line
    assert problem.fix
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 200_000_000
    assert time.process_time() - began < 5


MEASURED = """
import resource, sys
from reelmake.core import templates
from reelmake.core.errors import InputError
for template in sys.argv[1:]:
    try:
        templates.render(template, file="x.j2", subject="an octopus")
    except InputError:
        pass
templates._child.end()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def test_the_process_that_renders_has_a_bound_of_memory() -> None:
    bombs = [BOMBS[name][1] for name in ("growth", "center", "constant")]
    told = subprocess.run([sys.executable, "-c", MEASURED, *bombs], capture_output=True, check=True, text=True)
    assert 0 < int(told.stdout) < MAX_MEMORY_BYTES * 1.1


def test_a_template_that_is_slow_each_time_is_not_so_for_each_line() -> None:
    """A hundred lines that take half a second each would hold a runner for a minute."""
    slow = "{% for a in range(900) %}{% for a in range(9999) %}{% endfor %}{% endfor %}{{ subject }}"
    began, refused = time.monotonic(), 0
    for number in range(100):
        try:
            render(slow, file="x.j2", subject=number)
        except InputError:
            refused += 1
    assert refused > 50
    assert time.monotonic() - began < 30


def test_templates_are_rendered_by_a_process_that_sees_no_key_and_no_module_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jinja2.py").write_text("raise SystemExit(3)")
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-to-be-seen")
    child = _Child()
    try:
        assert child.render("{% for a in b %}{{ a }}{% endfor %}", "x.j2", {"b": ["1", "2"]}) == "12"
        assert child._process
        environment = Path(f"/proc/{child._process.pid}/environ")
        if environment.exists():  # Linux
            assert b"sk-not-to-be-seen" not in environment.read_bytes()
    finally:
        child.end()


def test_rules_of_the_language_hold_in_that_process_too() -> None:
    looped = (
        "{% for one in cast %}{{ loop.index }}. {{ one.name|title }}{% if not loop.last %}; {% endif %}{% endfor %}"
    )
    assert render(looped, file="x.j2", cast=[{"name": "ada é"}, {"name": "max \ud83d"}]) == "1. Ada É; 2. Max \ud83d"
