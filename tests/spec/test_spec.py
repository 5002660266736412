"""Episodes and characters: what authors may write, and the messages when it is something else."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from reelmake.spec.fields import MAX_LINES
from reelmake.spec.load import read_character, read_episode
from reelmake.spec.model import MAX_LINE_CHARACTERS, Character, Episode, Line, Reel, Take, Target, line_ids
from reelmake.spec.yaml_source import Source

FULL = """\
# yaml-language-server: $schema=../schemas/episode.json
title: Why the sky is blue
topic: the sky
cast: [ada, max]
lines: 8
language: en-GB
style: warm watercolour
background: {file: assets/drift.mp4, flow: per-line}
music: assets/calm.ogg
take: 2
reel:
  size: 720x1280
  fps: 25
  captions: plain
  pause_seconds: 0.5
  music_db: -20
script:
  - ada: Why is the sky blue, Max?
    image: a child pointing at a bright sky
  - max: Sunlight is every colour at once.
    take: 2
  - ada: No
    take: {voice: 3}
    pause_seconds: 1e0
"""

CHARACTER = """\
name: Ada
voice:
  elevenlabs: {voice_id: abc, stability: 0.5}
  offline: {voice: heart}
sprites: {telling: ada/telling.png, hearing: ada/hearing.png}
catchphrases: ["Wait, really?"]
personality: curious, quick, warm
caption: {color: "#FFD166"}
side: right
"""


def episode(text: str | bytes) -> tuple[Episode | None, list[tuple[int, str]]]:
    record, source = read_episode(text.encode() if isinstance(text, str) else text, "episodes/e.yaml")
    return record, found_in(source)


def character(text: str | bytes) -> tuple[Character | None, list[tuple[int, str]]]:
    record, source = read_character(text.encode() if isinstance(text, str) else text, "characters/c.yaml")
    return record, found_in(source)


def found_in(source: Source) -> list[tuple[int, str]]:
    return [(problem.line, f"{problem.what}; {problem.fix}") for problem in sorted(source.problems)]


def parts(problems: list[tuple[int, str]], expected: list[tuple[int, str]]) -> bool:
    """Say whether just these problems were found: the lines, and a part of each message."""
    return len(problems) == len(expected) and all(
        line == at and part in what for (line, what), (at, part) in zip(problems, expected, strict=True)
    )


# -- what may be written ------------------------------------------------------------------------------------------


def test_a_full_episode() -> None:
    record, problems = episode(FULL)
    assert problems == []
    assert record
    assert record.script
    assert record.background
    assert (record.title, record.language, record.take) == ("Why the sky is blue", "en-GB", 2)
    assert (record.background.file, record.background.flow) == ("assets/drift.mp4", "per-line")
    assert record.reel == Reel(size=(720, 1280), fps=25, captions="plain", pause_seconds=0.5, music_db=-20)
    first, second, third = record.script
    assert (first.character, first.text, first.image) == (
        "ada",
        "Why is the sky blue, Max?",
        "a child pointing at a bright sky",
    )
    assert second.take == Take(voice=2, image=2)
    assert (third.text, third.take, third.pause_seconds) == ("No", Take(voice=3, image=1), 1.0)


def test_a_full_character() -> None:
    record, problems = character(CHARACTER)
    assert problems == []
    assert record
    assert record.voice["elevenlabs"] == {"voice_id": "abc", "stability": "0.5"}
    assert record.sprites
    assert record.sprites.hearing == "ada/hearing.png"
    assert (record.caption.color, record.side) == ("#FFD166", "right")


def test_little_is_enough() -> None:
    record, problems = episode("title: t\nscript:\n- max: Hi.\n- ada: Ho.\n- max: Hi.\n")
    assert problems == []
    assert record
    assert record.speakers == ["max", "ada"]
    assert record.reel == Reel()
    assert character("name: x")[0] == Character(name="x")


def test_a_short_background_is_a_file() -> None:
    record, _ = episode("title: t\ntopic: x\ncast: [a]\nbackground: assets/drift.mp4\n")
    assert record
    assert record.background
    assert (record.background.file, record.background.flow) == ("assets/drift.mp4", "elastic")


def test_a_line_may_be_spelled_out() -> None:
    record, problems = episode("title: t\nscript:\n- character: ada\n  text: Hi.\n  image: x\n")
    assert problems == []
    assert record
    assert record.script == [Line(character="ada", text="Hi.", image="x")]


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "yes",
        "off",
        "1e3",
        "null",
        "~",
        "2026-01-01",
        "0x10",
        "012",
        "1_000",
        "3.10",
        ".inf",
        "12:30",
        "日本",
        "🎈",
    ],
)
def test_words_that_yaml_takes_for_something_else_are_spoken_as_written(text: str) -> None:
    record, problems = episode(f"title: {text}\nscript:\n  - ada: {text}\n    image: {text}\n")
    assert problems == []
    assert record
    assert record.script
    assert (record.title, record.script[0].text, record.script[0].image) == (text, text, text)


@pytest.mark.parametrize("size", ["1080x1920", "1080 x 1920", " 720x1280 ", "2160x3840", "144x256", "864x1080"])
def test_sizes(size: str) -> None:
    assert episode(f"title: t\ntopic: x\ncast: [a]\nreel: {{size: '{size}'}}")[1] == []


def test_a_reel_overrides_only_what_it_names() -> None:
    team = Reel(size=(720, 1280), fps=25)
    assert team.overridden(Reel(fps=60)) == Reel(size=(720, 1280), fps=60)
    assert team.overridden(Reel(fps=30)) == Reel(size=(720, 1280), fps=30)  # named, though it is the default
    assert team.overridden(Reel()) == team


def test_records_cannot_be_changed() -> None:
    record = Character(name="x")
    with pytest.raises(ValidationError, match="frozen"):
        record.name = "y"  # type: ignore[misc]


# -- what is wrong ------------------------------------------------------------------------------------------------

TOP = "title: t\ntopic: x\ncast: [ada]\n"
LINE = "title: t\nscript:\n  - image: x\n    ada: Hi.\n    "
VALUES = {
    # sizes
    **{
        f"size {size[:14]}": (f"{TOP}reel:\n  size: {size}\n", 5, part)
        for size, part in {
            "0x0": "reel.size: is not a size that can be made; write one from 144x256 to 2160x3840",
            "-1080x1920": "reel.size: '-1080x1920' is not a size; write WIDTHxHEIGHT, such as 1080x1920",
            "1081x1920": "reel.size: has an odd side; write two even numbers",
            "1920x1080": "reel.size: is not upright; write one between 4:5 and 2:5, such as 1080x1920",
            "1080x1080": "is not upright",
            "200x3000": "is not upright",
            "99998x99998": "is not a size that can be made",
            "1000000000x1000000000": "is not a size that can be made",
            "9" * 5000 + "x2": "is not a size; write",
            "1e9x1e9": "'1e9x1e9' is not a size",
            "1080*1920": "'1080*1920' is not a size",
            "1080": "'1080' is not a size",
            "\uff11\uff10\uff18\uff10x1920": "is not a size",
            "''": "'' is not a size",
            "{a: b}": "is not a size",
            "[1]": "is not a size",
            "[1, b]": "is not a size",
            "[[1], [2]]": "is not a size",
            "['{x}', 2]": "is not a size",
        }.items()
    },
    # frame rates
    **{
        f"fps {fps[:9]}": (f"{TOP}reel:\n  fps: {fps}\n", 5, "is not allowed there; write 24, 25, 30, 50 or 60")
        for fps in ("29.97", "0", "-30", "abc", "²", "30.0", "\uff16\uff10", "9" * 5000, "[30]", "''", "inf", "030")
    },
    # pauses
    **{
        f"pause {pause}": (f"{LINE}pause_seconds: {pause}\n", 5, f"script.1.pause_seconds: {part}")
        for pause, part in {
            "-1": "'-1' is less than 0",
            "10.1": "'10.1' is more than 10",
            "1e9": "'1e9' is more than 10",
            "inf": "'inf' is not a number; write a number such as 0.5",
            "-inf": "'-inf' is not a number",
            "nan": "'nan' is not a number",
            ".inf": "'.inf' is not a number",
            "1e400": "'1e400' is not a number",
            "0,5": "'0,5' is not a number",
            "a second": "'a second' is not a number",
            "": "'' is not a number",
            "[1]": "is not a number",
        }.items()
    },
    "reel pause": (f"{TOP}reel: {{pause_seconds: nan}}\n", 4, "reel.pause_seconds: 'nan' is not a number"),
    "music too loud": (f"{TOP}reel: {{music_db: 3}}\n", 4, "reel.music_db: '3' is more than 0"),
    "music inf": (f"{TOP}reel: {{music_db: -inf}}\n", 4, "reel.music_db: '-inf' is not a number"),
    "captions": (
        f"{TOP}reel: {{captions: big}}\n",
        4,
        "reel.captions: 'big' is not a style of captions; write karaoke, box, pop, lines, plain, none, or `{style",
    ),
    "captions typo": (f"{TOP}reel: {{captions: karoke}}\n", 4, "did you mean 'karaoke'?"),
    "captions place": (
        f"{TOP}reel:\n  captions:\n    style: pop\n    position: 0.9\n",
        7,
        "0.9 puts captions below y 1248 of 1920, where apps draw over a video; write a number from 0.18 to 0.62",
    ),
    "captions place without a number": (f"{TOP}reel: {{captions: {{position: low}}}}\n", 4, "'low' is not a place"),
    "captions in a large size": (f"{TOP}reel: {{captions: {{size: 300}}}}\n", 4, "'300' is more than 140"),
    "captions color": (f"{TOP}reel: {{captions: {{color: red}}}}\n", 4, "'red' is not a colour"),
    "captions name": (f"{TOP}reel: {{captions: {{colour: red}}}}\n", 4, "unknown name 'colour'; did you mean 'color'?"),
    "captions outline": (f"{TOP}reel: {{captions: {{outline: thick}}}}\n", 4, "outline.px: 'thick' is not a number"),
    "captions font outside": (f"{TOP}reel: {{captions: {{font: ../x.ttf}}}}\n", 4, "'../x.ttf' leaves the project"),
    # takes
    **{
        f"take {take[:9]}": (
            f"{LINE}take: {take}\n",
            5,
            "is not a whole number from 1 to 9999; write a number such as 2",
        )
        for take in ("0", "-1", "1.5", "10000", "9" * 5000, "abc", "", "2.0", "1e3", "²")
    },
    "voice take": (f"{LINE}take: {{voice: 0}}\n", 5, "script.1.take.voice: '0' is less than 1"),
    "image take": (f"{LINE}take:\n      image: 1.5\n", 6, "script.1.take.image: '1.5' is not a whole number"),
    "take list": (f"{LINE}take: [1]\n", 5, "script.1.take: is not a list of `name: value` pairs"),
    "take name": (f"{LINE}take:\n      voce: 2\n", 6, "unknown name 'voce'; did you mean 'voice'?"),
    **{
        f"script take {take[:9]}": (f"{TOP}take: {take}\n", 4, part)
        for take, part in {
            "0": "take: '0' is less than 1",
            "-1": "take: '-1' is less than 1",
            "1.5": "take: '1.5' is not a whole number",
            "99999": "take: '99999' is more than 9999",
            "9" * 5000: "take: '999999999999999999999999999999999999",
            "[]": "take: is not a whole number",
        }.items()
    },
    "no lines": (f"{TOP}lines: 0\n", 4, "lines: '0' is less than 1"),
    "201 lines to write": (f"{TOP}lines: 201\n", 4, "lines: '201' is more than 200"),
    # paths
    **{
        f"path {path}": (f"{TOP}\nmusic: {path}\n", 5, f"music: {part}")
        for path, part in {
            "../a.ogg": "'../a.ogg' leaves the project; copy the file into the project",
            "a/../../b": "'a/../../b' leaves the project",
            "a/..": "'a/..' leaves the project",
            "/etc/passwd": "'/etc/passwd' leaves the project",
            "~/a.ogg": "'~/a.ogg' leaves the project",
            "~ada/a.ogg": "'~ada/a.ogg' leaves the project",
            "' ../a.ogg'": "'../a.ogg' leaves the project",
            "' /etc/passwd'": "'/etc/passwd' leaves the project",
            "'\u3000~/a'": "'~/a' leaves the project",
            "a\\b.ogg": "'a\\\\b.ogg' is not a plain path; write it with forward slashes, such as assets/calm.ogg",
            "C:/a.ogg": "'C:/a.ogg' leaves the project: it is on your disk; copy it into the project",
            "C:a.ogg": "'C:a.ogg' holds a colon; rename it",
            "file:///a": "'file:///a' leaves the project: it is on your disk; copy it into the project",
            "https://example.org/a": "'https://example.org/a' is an address; download it into the project",
            "http:/example.org/a": "'http:/example.org/a' is an address",
            "//example.org/a": "'//example.org/a' is an address",
            "www.example.org/a.mp4": "'www.example.org/a.mp4' is an address",
            "s3://bucket/a.ogg": "'s3://bucket/a.ogg' is an address",
            "data:audio/ogg;base64,T2dn": "'data:audio/ogg;base64,T2dn' is no path; save it as a file",
            "C:\\a.ogg": "'C:\\\\a.ogg' leaves the project: it is on your disk",
            "'media/part 1: a.ogg'": "'media/part 1: a.ogg' holds a colon; rename it",
            "a/12:30.ogg": "'a/12:30.ogg' holds a colon; rename it",
            '"media\\new.ogg"': "'media\\new.ogg' holds a control character: a \\ in double quotes begins an escape",
            "''": "'' is empty",
            "[a]": "is not text",
        }.items()
    },
    "nul in a path": (f'{TOP}music: "a\\0b"\n', 4, "the escape for U+0000 stands for no character"),
    "background path": (f"{TOP}background: ../a.mp4\n", 4, "background.file: '../a.mp4' leaves the project"),
    "background file": (
        f"{TOP}background:\n  flow: elastic\n  file: /a\n",
        6,
        "background.file: '/a' leaves the project",
    ),
    "background without file": (f"{TOP}background:\n  flow: elastic\n", 4, "background.file: is missing; add it"),
    "background flow": (f"{TOP}background:\n  file: a\n  flow: fast\n", 6, "'elastic', 'per-line' or 'continuous'"),
    "background name": (f"{TOP}background:\n  file: a\n  flo: x\n", 6, "unknown name 'flo'; did you mean 'flow'?"),
    # who speaks
    "upper case": (f"{TOP}script:\n  - image: x\n    Ada: Hi.\n", 6, "'Ada' is not a name of a file in characters/"),
    "spaces in a name": (f"{TOP}script:\n  - the moon: Hi.\n", 5, "write lower-case letters, digits, - and _"),
    "two speakers": (f"{TOP}script:\n  - ada: Hi.\n    max: Ho.\n", 5, "names 'ada' and 'max', and only one can speak"),
    "no speaker": (f"{TOP}script:\n  - image: x\n", 5, "script.1: has no speaker; write `- ada: What she says.`"),
    "mistyped option": (
        f"{TOP}script:\n  - ada: Hi.\n    imagee: x\n",
        6,
        "unknown name 'imagee'; did you mean 'image'?",
    ),
    "a line of text": (f"{TOP}script:\n  - Hi.\n", 5, "script.1: is not a line; write `- ada: What she says.`"),
    "an empty line": (f"{TOP}script:\n  - ada: Hi.\n  -\n", 6, "script.2: is not a line"),
    "nothing said": (f"{TOP}script:\n  - image: x\n    ada:\n", 6, "script.1.text: '' is empty; write something there"),
    "spaces said": (f"{TOP}script:\n  - image: x\n    ada: ' \u3000'\n", 6, "is empty; write something there"),
    "a list said": (f"{TOP}script:\n  - image: x\n    ada: [Hi]\n", 6, "script.1.text: is not text"),
    "too much said": (
        f"{TOP}script:\n  - image: x\n    ada: {'x' * (MAX_LINE_CHARACTERS + 1)}\n",
        6,
        "has more than 1000 characters; shorten it, or split it into two lines",
    ),
    "too long a picture": (
        f"{TOP}script:\n  - ada: Hi.\n    image: {'x' * 2001}\n",
        6,
        "has more than 2000 characters",
    ),
    "a line too many": (f"{TOP}script:\n" + "  - ada: Hi.\n" * (MAX_LINES + 1), 4, "has more than 200 items; split"),
    "empty script": (f"{TOP}script: []\n", 4, "script: is empty; write at least one item, or remove it"),
    "no script": (f"{TOP}script:\n", 4, "script: '' is not a list"),
    "script of text": (f"{TOP}script: Hi.\n", 4, "script: nobody speaks in this text; write a name and a colon"),
    "script of pairs": (
        f"{TOP}script:\n  Ada: Hi.\n",
        4,
        "script: is not a list; write each line after `- `; or `script: |`",
    ),
    "neither script nor topic": ("title: t\n", 1, "script: is missing, and so is a topic:"),
    "topic without cast": ("title: t\ntopic: x\n", 1, "there is no cast: to write one for; add one"),
    "topic with an empty cast": ("title: t\ntopic: x\ncast: []\n", 1, "there is no cast: to write one for"),
    "cast of seven": ("title: t\ntopic: x\ncast: [a, b, c, d, e, f, g]\n", 3, "cast: has more than 6 items"),
    "seven speakers": (
        "title: t\nscript:\n" + "".join(f"  - {name}: Hi.\n" for name in "abcdefg"),
        2,
        "script: has 7 speakers, and there is room for 6; give lines to fewer",
    ),
    "twice in the cast": ("title: t\ntopic: x\ncast: [ada, max, ada]\n", 3, "cast: names 'ada' more than once"),
    "cast of text": ("title: t\ntopic: x\ncast: ada\n", 3, "cast: 'ada' is not a list"),
    "cast of lists": ("title: t\ntopic: x\ncast:\n  - ada\n  - [b]\n", 5, "cast.2: is not text"),
    "cast in capitals": ("title: t\ntopic: x\ncast:\n  - ada\n  - MAX\n", 5, "cast.2: 'MAX' is not a name of a file"),
    # the rest
    "no title": ("topic: x\ncast: [ada]\n", 1, "title: is missing; add it"),
    "no title below comments": ("# a\n\ntopic: x\ncast: [ada]\n", 3, "title: is missing; add it"),
    "empty title": ("title:\ntopic: x\ncast: [ada]\n", 1, "title: '' is empty"),
    **{
        f"language {language}": (
            f"{TOP}language: {language}\n",
            4,
            "is not a language tag; write one such as en, en-GB",
        )
        for language in ("English", "EN", "e", "en_GB", "en-", "en-GB-", "''", "'en '", "日本")
    },
    **{
        f"made up {tag}": (f"{TOP}language: {tag}\n", 4, f"'{tag}' is no language that is registered (BCP 47); {meant}")
        for tag, meant in {"jp": "did you mean 'ja'", "zz": "write one", "und-Latn": "write one", "en-Xyzw": ""}.items()
    },
    "translated into none": (
        f"{TOP}languages: [en, ja]\nscript:\n  - ada: Hi\n    translations: {{xx: Ho}}\n",
        7,
        "script.1.translations.xx: 'xx' is no language",
    ),
    "language of a block": (f"{TOP}language: |\n  en\n", 4, "is not a language tag"),
    "reel of text": (f"{TOP}reel: tall\n", 4, "reel: 'tall' is not a list of `name: value` pairs"),
    "format in code": (
        f"{TOP}style: '{{0}} {{x}}'\nreel: {{fps: '{{x}}'}}\n",
        5,
        "reel.fps: '{x}' is not allowed there",
    ),
    "unknown name": (f"{TOP}stlye: x\n", 4, "unknown name 'stlye'; did you mean 'style'?"),
    "a name like two others": (f"{TOP}stile: x\n", 4, "unknown name 'stile'; did you mean 'style'?"),
    "strange name": (f"{TOP}zzz: x\n", 4, "unknown name 'zzz'; remove it; the names here are title, topic, cast"),
    "endless name": (f"{TOP}? {'z' * 5000}\n: x\n", 4, "unknown name 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz…'"),
    "unknown name within": (
        f"{TOP}reel:\n  fps: 30\n  colour: x\n",
        6,
        "unknown name 'colour'; remove it; the names here",
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_mistake_in_an_episode_has_its_line_a_sentence_and_a_fix(name: str) -> None:
    text, line, part = VALUES[name]
    record, problems = episode(text)
    assert record is None
    assert parts(problems, [(line, part)]), problems


def test_all_mistakes_are_reported_at_once() -> None:
    record, problems = episode(
        "titel: t\ntopic: {a: b}\ncast: ada\nlines: x\nlanguage: []\nstyle:\nbackground: []\nmusic: {}\ntake: {}\n"
        "music: a\nreel: 3\nscript:\n  - ada: Hi.\n    take: 0\n  - ada: [x]\n  - Hi.\n"
    )
    assert record is None
    assert [line for line, _ in problems] == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16]


def test_what_is_wrong_with_a_line_is_reported_though_its_speaker_is_not_clear() -> None:
    record, problems = episode(
        "title: t\nscript:\n"
        "  - ada: hi\n    image:\n    take: x\n    pause_seconds: 11\n    foo: bar\n"
        "  - image:\n    take: 0\n"
        "  - {}\n"
    )
    assert record is None
    assert parts(
        problems,
        [
            (3, "script.1: names 'ada' and 'foo', and only one can speak"),
            (4, "script.1.image: '' is empty"),
            (5, "script.1.take: 'x' is not a whole number"),
            (6, "script.1.pause_seconds: '11' is more than 10"),
            (8, "script.2.image: '' is empty"),
            (8, "script.2: has no speaker"),
            (9, "script.2.take: '0' is not a whole number"),
            (10, "script.3: has no speaker"),
        ],
    ), problems


def test_what_is_missing_is_reported_beside_what_is_wrong() -> None:
    assert parts(
        episode("foo: 1\n")[1], [(1, "script: is missing"), (1, "title: is missing"), (1, "unknown name 'foo'")]
    )


CHARACTERS = {
    "empty": ("{}\n", [(1, "name: is missing")]),
    "no text": ("", [(1, "the file is empty; give it at least a name:")]),
    "color that is a comment in braces": (
        "name: a\ncaption: {color: #FFD166}\nside: left\n",
        [(2, 'a # begins a comment here, with all that follows on the line; put it in quotes: "#FFD166"')],
    ),
    "color": ("name: a\ncaption:\n  color: red\n", [(3, "'red' is not a colour; write it as \"#FFD166\", in quotes")]),
    "short color": ("name: a\ncaption: {color: '#FD1'}\n", [(2, "'#FD1' is not a colour")]),
    "color that is a comment": ("name: a\ncaption:\n  color: #FFD166\n", [(3, "without them, # begins a comment")]),
    "color with alpha": ("name: a\ncaption: {color: '#FFD16600'}\n", [(2, "is not a colour")]),
    "color in a block": ("name: a\ncaption:\n  color: |\n    #FFD166\n", [(3, "is not a colour")]),
    "color of fullwidth": ("name: a\ncaption: {color: '#FFD16\uff16'}\n", [(2, "is not a colour")]),
    "side": ("name: a\nside: top\n", [(2, "side: 'top' is not allowed there; write 'left' or 'right'")]),
    "voice of text": ("name: a\nvoice: heart\n", [(2, "voice: 'heart' is not a list of `name: value` pairs")]),
    "voice of a provider of text": (
        "name: a\nvoice:\n  offline: heart\n",
        [(3, "voice.offline: 'heart' is not a list")],
    ),
    "sprites without telling": ("name: a\nsprites: {hearing: a.png}\n", [(2, "sprites.telling: is missing")]),
    "sprite outside": (
        "name: a\nsprites:\n  telling: ../a.png\n",
        [(3, "sprites.telling: '../a.png' leaves the project")],
    ),
    "sprites of text": ("name: a\nsprites: a.png\n", [(2, "sprites: 'a.png' is not a list of `name: value` pairs")]),
    "phrases of text": ("name: a\ncatchphrases: Hi\n", [(2, "catchphrases: 'Hi' is not a list")]),
    "an empty phrase": ("name: a\ncatchphrases:\n  - Hi\n  -\n", [(4, "catchphrases.2: '' is empty")]),
    "phrases": ("name: a\ncatchphrases: [" + "x, " * 21 + "]\n", [(2, "catchphrases: has more than 20 items")]),
    "all": (
        "nane: a\nvoice: x\nside: up\npersonality: []\n",
        [
            (1, "name: is missing"),
            (1, "unknown name 'nane'; did you mean 'name'?"),
            (2, "voice: 'x'"),
            (3, "side: 'up'"),
            (4, "personality: is not text"),
        ],
    ),
    "twice": ("name: a\nname: b\nside: up\n", [(2, "'name' is given twice (first on line 1)"), (3, "side: 'up'")]),
}


@pytest.mark.parametrize("name", CHARACTERS)
def test_a_mistake_in_a_character_has_its_line_a_sentence_and_a_fix(name: str) -> None:
    text, expected = CHARACTERS[name]
    record, problems = character(text)
    assert record is None
    assert parts(problems, expected), problems


def test_a_smaller_mistake_of_yaml_is_reported_beside_the_others() -> None:
    problems = episode("title: t\ntitle: u\nscript:\n  - ada: !Wow it is\n  - max: Hi.\n    take: 0\n")[1]
    assert parts(problems, [(2, "'title' is given twice"), (4, "'!Wow' is a YAML tag"), (6, "script.2.take: '0'")])


# -- anything at all ----------------------------------------------------------------------------------------------


def check(content: bytes) -> None:
    """Whatever a file holds is a record, or problems that each have a line within the file, and never a traceback."""
    lines = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", content.decode("utf-8", "replace")))
    for read in (read_episode, read_character):
        record, source = read(content, "f.yaml")
        assert (record is None) == bool(source.problems)
        for problem in source.problems:
            assert 1 <= problem.line <= lines
            assert problem.what
            assert problem.fix
            assert "\n" not in str(problem)
        if isinstance(record, Episode):
            assert all(re.fullmatch("[a-z0-9-]+", line_id) for line_id in line_ids(record.script or []))


@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"? ")
@example(b"&a")
@example(b"a: \xef\xbb\xbf")
@example(b"\r\n\r\n:")
def test_any_bytes(content: bytes) -> None:
    check(content)


SIGNS = [
    "\n",
    "\n  ",
    "\n- ",
    "- ",
    ": ",
    ":",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    '"',
    "'",
    "#",
    " #",
    "&a ",
    "*a",
    "!x ",
    "!!int ",
]
SIGNS += ["<<: *a", "|\n  ", ">-\n  ", "---\n", "...\n", "%", "@", "`", "\t", "\r", "\x85", "\u2028", "\ufeff", "\\"]
WORDS = ['"\\0"', '"\\uD800"', "~", "1", "-1", "1e9", "inf", "null", "x", "é", "日", "🎈", "{x}", "%s"]
NAMES = ["title", "topic", "cast", "script", "reel", "size", "fps", "take", "image", "voice", "name", "sprites", "ada"]
YAML_BITS = st.sampled_from([*SIGNS, *WORDS, *NAMES])


@settings(max_examples=300)
@given(st.lists(YAML_BITS, max_size=30).map("".join))
def test_anything_like_yaml(text: str) -> None:
    check(text.encode())


@pytest.mark.slow
@settings(max_examples=300)
@given(st.sampled_from([FULL, CHARACTER]), st.data())
def test_good_files_that_were_damaged(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(YAML_BITS | st.just("")) + text[end:]
    check(text.encode())


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["en", "{x}"])
names = st.sampled_from(["size", "file", "ada", "max", "{y}"])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=5
)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*Episode.model_fields, *Character.model_fields]), values, max_size=6))
def test_any_value_anywhere(data: dict[str, Any]) -> None:
    check(yaml.safe_dump(data, allow_unicode=True).encode())


# -- ids of lines -------------------------------------------------------------------------------------------------

said = st.builds(
    Line,
    character=st.sampled_from(["ada", "max", "big_bird"]),
    text=st.sampled_from(["Hi.", "Why is the sky blue?", "日本", "¿Qué?", "hi", "🎈"]),
    image=st.none() | st.just("a door"),
    take=st.builds(Take, voice=st.integers(1, 2)),
    pause_seconds=st.none() | st.just(0.5),
)


@given(st.lists(said, max_size=8))
def test_ids_differ_and_are_safe_as_names_of_files(lines: list[Line]) -> None:
    ids = line_ids(lines)
    assert len(set(ids)) == len(lines)
    assert all(re.fullmatch("[a-z0-9][a-z0-9-]{0,47}", line_id) for line_id in ids)


@given(st.lists(said, max_size=6, unique_by=repr), said, st.data())
def test_inserting_moving_and_removing_lines_changes_no_other_id(
    lines: list[Line], new: Line, data: st.DataObject
) -> None:
    before = dict(zip(map(repr, lines), line_ids(lines), strict=True))
    edited = data.draw(st.permutations(lines))[: data.draw(st.integers(0, len(lines)))]
    edited.insert(data.draw(st.integers(0, len(edited))), new)
    for line, line_id in zip(edited, line_ids(edited), strict=True):
        if line != new:
            assert line_id == before[repr(line)]


def test_lines_that_are_equal_get_numbers_in_order() -> None:
    line, other = Line(character="ada", text="Hi."), Line(character="ada", text="Hi!")
    first, different, second, third = line_ids([line, other, line, line])
    assert [second, third] == [f"{first}-2", f"{first}-3"]
    assert not different.startswith(first)
    assert line_ids([other, line]) == [different, first]


@pytest.mark.parametrize(
    "change",
    [{"character": "max"}, {"text": "Hi?"}, {"image": "x"}, {"take": 2}, {"take": {"image": 2}}, {"pause_seconds": 1}],
)
def test_an_id_depends_on_all_that_a_line_says(change: dict[str, Any]) -> None:
    line = {"character": "ada", "text": "Hi."}
    assert line_ids([Line.model_validate(line | change)]) != line_ids([Line.model_validate(line)])


def test_what_is_said_anyway_does_not_change_an_id() -> None:
    short = Line(character="ada", text="Hi.")
    assert line_ids([Line(character="ada", text=" Hi. ", image=None, take=Take(), pause_seconds=None)]) == line_ids(
        [short]
    )


@pytest.mark.parametrize(
    ("who", "text", "readable"),
    [
        ("ada", "Why is the sky blue, Max?", "ada-why-is-the-sky-blue-max"),
        ("big_bird", "It's 3.5 %!", "big-bird-it-s-3-5"),
        ("ada", "日本語だけ", "ada"),
        ("ada", "../../etc/passwd\\CON", "ada-etc-passwd-con"),
        ("a" * 64, "Hi", "a" * 32),
        ("ada", "a " * 400, "ada-a-a-a-a-a-a-a-a-a-a-a-a-a-a"),
    ],
)
def test_an_id_begins_with_what_a_person_recognises(who: str, text: str, readable: str) -> None:
    (line_id,) = line_ids([Line(character=who, text=text)])
    assert re.fullmatch(f"{readable}-[0-9a-f]{{8}}", line_id)


def test_an_id_is_for_ever() -> None:
    """If this fails, every file of every line gets another name (nothing is paid for again)."""
    assert line_ids([Line(character="ada", text="Why?", image="日本", take=Take(voice=2), pause_seconds=0.5)]) == [
        "ada-why-5ced3f77"
    ]


@pytest.mark.parametrize(
    "to",
    [
        "s3:/videos/shorts",
        "s3//videos/shorts",
        "s3:videos",
        "S3://b",
        "b2://b",
        "s3;//b",
        "s3/videos",
        "//b/x",
        "https:/b",
        r"C:\out",
        "C:/out",
        "C:out",
        r"out\shorts",
        r"\\server\out",
        "www.example.org/x",
        "me@example.org:/x",
        "out//x",
        "S3",
        "~/videos",
        "$HOME/x",
        "%TEMP%/x",
    ],
)
def test_a_target_that_is_mistyped_is_refused(to: str) -> None:
    with pytest.raises(ValidationError, match=r"neither a folder|looks like|not a plain path"):
        Target(to=to)


@pytest.mark.parametrize(
    "to", ["published", "out/s3", "/mnt/videos", "../out", "s3://bucket", "s3://my.bucket/a/b/", "b2-videos", "a b"]
)
def test_folders_and_buckets_are_targets(to: str) -> None:
    assert Target(to=to).to == to
