"""YAML with lines: any mistake of an author has a place, a sentence and a way out, and never a traceback."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from reelmake.spec.yaml_source import Source, read_source

SRC = Path(__file__).parents[2] / "src"
NESTED = "reference"  # the fix of what is nested too deeply


def read(text: str | bytes) -> Source:
    return read_source(text.encode() if isinstance(text, str) else text, "e.yaml")


def found_in(source: Source) -> list[tuple[int, str]]:
    return [(problem.line, f"{problem.what}; {problem.fix}") for problem in source.problems]


# -- what is read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["No", "yes", "on", "1e3", "null", "~", "2026-01-01", "0x10", "012", "0o7", "1_000", ".5", "3.10", ".inf", "="],
)  # fmt: skip
def test_a_word_stays_what_was_written(word: str) -> None:
    assert read(f"said: {word}\nlist: [{word}]").data == {"said": word, "list": [word]}


def test_a_name_stays_what_was_written() -> None:
    assert read("No: 1\n012: 2\nnull: 3").data == {"No": "1", "012": "2", "null": "3"}


def test_every_part_knows_its_line() -> None:
    source = read(
        "# about\n\ntitle: t\nscript:\n  - ada: Hi.\n    image: x\n"
        "  - max: >\n      long\n      text\n\nreel: {\n fps: 3}\n"
    )
    assert source.problems == []
    assert source.lines == {
        (): 3,
        ("title",): 3,
        ("script",): 4,
        ("script", 0): 5,
        ("script", 0, "ada"): 5,
        ("script", 0, "image"): 6,
        ("script", 1): 7,
        ("script", 1, "max"): 7,
        ("reel",): 11,
        ("reel", "fps"): 12,
    }
    assert source.line(("script", 1, "nothing", 3)) == 7
    assert source.line(("nothing",)) == 3


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_editor_ends_them(ending: str) -> None:
    source = read("a: 1\n# é\nb: |\n  two\n  lines\nc: 3\n".replace("\n", ending))
    assert source.data == {"a": "1", "b": "two\nlines\n", "c": "3"}
    assert source.lines["c",] == 6


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read(b"\xef\xbb\xbftitle: t\n").data == {"title": "t"}


def test_a_used_anchor_repeats_what_it_stands_for() -> None:
    source = read("a: &x [one, two]\nb: *x\n")
    assert source.problems == []
    assert source.data == {"a": ["one", "two"], "b": ["one", "two"]}


def test_any_script_and_emoji_are_text() -> None:
    assert read('a: "日本 🎈 \\u00e9 \\U0001F388"').data == {"a": "日本 🎈 é 🎈"}


# -- what is refused ----------------------------------------------------------------------------------------------

BROKEN: dict[str, tuple[str | bytes, int, str]] = {
    # indentation and tabs
    "tab": ("title: t\nscript:\n\t- ada: Hi\n", 3, "a tab is used to indent; use spaces"),
    "tab in a mapping": ("title: t\nreel:\n\tfps: 30\n", 3, "a tab is used to indent"),
    "less indented": ("title: t\nscript:\n  - ada: Hi.\n image: x\n", 4, "does not belong"),
    "more indented": ("title: t\n  topic: x\n", 2, "mend the indentation"),
    "list more indented": ("script:\n  - ada: Hi.\n    - max: yo\n", 3, "does not belong"),
    "list beside its name": ("cast: - ada\n", 1, "begin the list on the next line"),
    "no colon": ("title: t\ntopic\nstyle: x\n", 2, "has no colon"),
    "no space after the colon": ("title: t\ntopic:x\n", 2, "has no colon and space; write `name: value`"),
    # quotes and brackets
    "a comment in braces": (
        "a: t\nb: {c: #FFD166}\nd: x\n",
        2,
        "begins a comment here, with all that follows on the line",
    ),
    "a comment in braces at the end": ("a: t\nb: {c: #FFD166}", 2, 'put it in quotes: "#FFD166"'),
    "a comment in brackets": ("a: t\nb: [#one, #two]\nd: x\n", 2, 'put it in quotes: "#one"'),
    "a comment after an unclosed bracket": ("a: t\nb: [c # d\ne: f", 2, "the [ that opens here is not closed"),
    "unclosed double quote": ('title: t\ntopic: "x\nstyle: y\n', 2, "the quote that opens here is never closed"),
    "unclosed single quote": ("title: t\ntopic: 'x\nstyle: y\n", 2, "the quote that opens here is never closed"),
    "apostrophe in single quotes": ("a: t\nb: 'It's late.'\n", 2, "quote all of it"),
    "text after a quote": ('a: t\nb: "Hi" she said.\n', 2, "quote all of it"),
    "unclosed bracket": ("a: t\nb: [ada, max\nc: x\n", 2, "the [ that opens here is not closed"),
    "unclosed bracket at the end": ("a: t\nb: [ada, max\n", 2, "the [ that opens here is not closed"),
    "unclosed brace": ("a: t\nb: {c: 30\nd: x\n", 2, "the { that opens here is not closed"),
    "brace for bracket": ("a: t\nb: [ada}\n", 2, "the [ that opens here is not closed"),
    "unknown escape": ('a: t\nb: "C:\\dir"\n', 2, "use single quotes"),
    "escape of a surrogate": ('a: t\nb: "\\ud800"\n', 2, "escape"),
    # signs that YAML keeps for itself
    "colon in text": ("a: t\nb: Note: this\n", 2, "put text that holds ': ' in quotes"),
    "percent": ("a: t\nb: %x\n", 2, "text cannot begin with %; put it in quotes"),
    "percent in front": ("%a: t\n", 1, ""),
    "at": ("a: t\nb: @x\n", 2, "text cannot begin with @; put it in quotes"),
    "backtick": ("a: t\nb: `x`\n", 2, "text cannot begin with `; put it in quotes"),
    "asterisks": ("a: t\nb: *loud*\n", 2, "*"),
    "unknown alias": ("a: t\nb: *loud\n", 2, "text cannot begin with *"),
    "lone ampersand": ("a: t\nb: & you\n", 2, "text cannot begin with * or &"),
    # documents
    "two documents": ("a: t\n---\na: u\n", 2, "a second document begins here"),
    "text after the end": ("a: t\n...\nfoo\n", 3, ""),
    "bom in the middle": ("a: t\n\ufeffb: x\n", 2, ""),
    # not text at all
    "latin-1": (b"a: t\nb: caf\xe9\n", 2, "byte 7 of this line is not UTF-8; save the file as UTF-8"),
    "latin-1 after other text": ("a: é\u2028b: ".encode() + b"\xe9\n", 2, "byte 4 of this line is not UTF-8"),
    "utf-16": ("a: t\n".encode("utf-16"), 1, "byte 1 of this line is not UTF-8"),
    "utf-16 without bom": ("a: t\n".encode("utf-16-le"), 1, "U+0000); save the file as UTF-8"),
    "surrogate": (b"a: t\nb: \xed\xa0\x80\n", 2, "not UTF-8"),
    "nul": ("a: t\nb: x\0y\n", 2, "invisible control character (U+0000)"),
    "bell": ("a: t\n\nb: x\x07y\n", 3, "invisible control character (U+0007); delete it"),
    "picture": (b"\x89PNG\r\n\x1a\n", 1, "byte 1 of this line is not UTF-8"),
    # nothing, or nothing of use
    "empty": ("", 1, "the file is empty"),
    "blank": ("\n\n", 1, "the file is empty"),
    "comments": ("# a\n# b\n", 1, "the file is empty"),
    "dashes": ("---\n", 1, "the file is empty"),
    "list": ("# a\n- a\n- b\n", 2, "not a list of `name: value` pairs; start it with `title: ...`"),
    "one word": ("hello\n", 1, "not a list of `name: value` pairs"),
    "null": ("~\n", 1, "not a list of `name: value` pairs"),
    # too much
    "too large": ("a: " + "x" * 1_000_000, 1, "larger than 1000 kB"),
    "too many": ("a:\n" + "  - x\n" * 20_000, 19_999, "too much in this file"),
    "exponential aliases": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True))
        + "i: *h\n",
        1,
        "an alias (*name) that repeats itself",
    ),
    "alias of itself": ("a: &a [*a, *a]\n", 1, "an alias (*name) that repeats itself"),
    "mapping of itself": ("a: 1\nb: &a {x: *a}\n", 2, "an alias (*name) that repeats itself"),
    "deep brackets": ("a: 1\nb: " + "[" * 13 + "]" * 13, 2, NESTED),
    "deep lines": ("".join(" " * at + "a:\n" for at in range(14)), 13, NESTED),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_makes_no_sense_has_one_problem_and_no_data(name: str) -> None:
    text, line, part = BROKEN[name]
    source = read(text)
    assert source.data == {}
    assert len(source.problems) == 1
    assert source.problems[0].line == line
    assert part in found_in(source)[0][1]
    assert source.problems[0].what
    assert source.problems[0].fix
    assert "\n" not in str(source.problems[0])


SMALL: dict[str, tuple[str, list[tuple[int, str]], object]] = {
    "twice": (
        "a: 1\nb: 2\na: 3\n",
        [(3, "'a' is given twice (first on line 1); keep one of them")],
        {"a": "1", "b": "2"},
    ),
    "twice, quoted": ('a: 1\n"a": 3\n', [(2, "'a' is given twice (first on line 1)")], {"a": "1"}),
    "three times": ("a: 1\na: 2\na: 3\n", [(2, "twice (first on line 1)"), (3, "twice")], {"a": "1"}),
    "twice within": ("l:\n  - a: 1\n    a: 2\n", [(3, "'a' is given twice (first on line 2)")], {"l": [{"a": "1"}]}),
    "list as name": ("a: 1\n? [a, b]\n: c\n", [(2, "a name here is not plain text; write `name: value`")], {"a": "1"}),
    "no name": ('a: 1\n"": c\n', [(2, "a name here is not plain text")], {"a": "1"}),
    "merge": ("a: &x {b: 1}\nc:\n  <<: *x\n", [(3, "'<<' merges nothing here")], {"a": {"b": "1"}, "c": {}}),
    "python tag": (
        "a: !!python/object/apply:os.system [ls]\n",
        [(1, "'!!python/object/apply:os.system' is a YAML tag")],
        {"a": ["ls"]},
    ),
    "binary tag": ("a: 1\nb: !!binary aGk=\n", [(2, "'!!binary' is a YAML tag")], {"a": "1", "b": "aGk="}),
    "shout": (
        "a: 1\nb: !Wow that is it\n",
        [(2, "'!Wow' is a YAML tag, and none means anything here; put text with ! in quotes")],
        {"a": "1", "b": "that is it"},
    ),
    "unused anchor": (
        "a: 1\nb: &you and me\n",
        [(2, "'&you' is a YAML anchor that nothing refers to; put text with & in quotes")],
        {"a": "1", "b": "and me"},
    ),
    "two tags": ("a: !x 1\nb: !y 2\n", [(1, "'!x'"), (2, "'!y'")], {"a": "1", "b": "2"}),
    "escaped nul": ('a: 1\nb: "x\\0y"\n', [(2, "the escape for U+0000")], {"a": "1", "b": "x\0y"}),
    "escaped bell": ('a: 1\nb: ["\\a"]\n', [(2, "the escape for U+0007")], {"a": "1", "b": ["\a"]}),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_smaller_mistake_leaves_the_rest_to_be_checked(name: str) -> None:
    text, expected, data = SMALL[name]
    source = read(text)
    assert [line for line, _ in found_in(source)] == [line for line, _ in expected]
    assert all(part in what for (_, what), (_, part) in zip(found_in(source), expected, strict=True))
    assert source.data == data


@pytest.mark.parametrize(
    ("text", "fix"), [("", "give it at least a name:, or copy"), ("- a", "start it with `name: ...`")]
)
def test_the_least_of_a_file_is_reported_as_that_of_its_kind(text: str, fix: str) -> None:
    (problem,) = read_source(text.encode(), "characters/ada.yaml", ("name",)).problems
    assert fix in problem.fix


@pytest.mark.parametrize("text", ["[" * 400_000, "{a: " * 100_000, "- " * 300_000, "? " * 300_000])
def test_brackets_without_end_do_not_take_the_process_down(text: str) -> None:
    """YAML's own builder recurses without a limit: in a process of its own, since a regression would end this one."""
    script = (
        "import sys; from reelmake.spec.yaml_source import read_source;"
        "print(read_source(sys.stdin.buffer.read(), 'e').problems)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=text.encode(), capture_output=True, check=False, timeout=60, env={"PYTHONPATH": str(SRC)},
    )  # fmt: skip
    assert ran.returncode == 0
    assert NESTED in ran.stdout.decode()


LARGE = {
    "list": "- a\n" * 240_000,
    "brackets": "[" + "a," * 490_000 + "]",
    "aliases": "a: &x [" + "x," * 9_000 + "]\nb: [" + "*x," * 9_000 + "]",
    "quote": '"' + "a" * 990_000,
    "braces": ("{" * 9 + "\n") * 90_000,
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_refused_in_no_time(name: str) -> None:
    start = time.process_time()
    assert len(read(LARGE[name]).problems) == 1
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (r'"Hot \ud83d\udd25 day"', "Hot 🔥 day"),
        (r'"é \uD83D\uDD25\ud83d\ude00"', "é 🔥😀"),
        (r'"\\\ud83d\udd25"', r"\🔥"),
        (r'"\\ud83d\\udd25"', r"\ud83d\udd25"),
        (r"'\ud83d\udd25'", r"\ud83d\udd25"),
        (r'"\U0001F525 \u00e9"', "🔥 é"),
        ('"a \\ud83d\\udd25\n  b"', "a 🔥 b"),
    ],
)
def test_an_emoji_may_be_written_as_json_writes_it(value: str, text: str) -> None:
    source = read_source(f"title: {value}\n".encode(), "a.yaml")
    assert (source.data, source.problems) == ({"title": text}, [])


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        (r'"\ud83d alone"', "write the character itself"),
        (r'"\udd25\ud83d"', "write the character itself"),
        (r'"C:\Users\me\bg.mp4"', "use single quotes, or / in paths"),
        (r'"C:\xylophone.mp4"', "use single quotes, or / in paths"),
        (r'"media\uploads"', "use single quotes, or / in paths"),
        (r'"media\bg \d.mp4"', "use single quotes, or / in paths"),
    ],
)
def test_what_is_no_escape_says_what_to_type(value: str, fix: str) -> None:
    source = read_source(f"title: {value}\n".encode(), "a.yaml")
    assert [(problem.line, problem.fix) for problem in source.problems] == [(1, fix)]
