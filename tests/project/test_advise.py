"""What `reelmake check` tells besides mistakes, what it remembers, and that it looks again when anything changes.

All of it runs in this process, but for one command that shows what an unchanged project takes.
"""

from __future__ import annotations

import io
import json
import math
import os
import time
import wave
from pathlib import Path
from typing import Any

import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from PIL import Image
from typer.testing import CliRunner
from workspace import Workspace, doit_tables

from reelmake.cli import app
from reelmake.core.errors import InputError
from reelmake.core.files import TICK_NS
from reelmake.media import fonts
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.project import advise
from reelmake.project.load import load_project
from reelmake.spec.model import line_ids

PAID = '\n[tool.reelmake]\ncap_usd = "0.001"\n\n[tool.reelmake.providers]\nvoice = "elevenlabs"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project whose providers work on this machine."""
    for name in [name for name in os.environ if name.startswith("REELMAKE_")]:
        monkeypatch.delenv(name)
    return Workspace(tmp_path / "project", provider="offline")


def check(project: Workspace, *names: str, rc: int = 0) -> Any:
    """Return what a check answers as JSON; files have been there for a while."""
    time.sleep(2 * TICK_NS / 1e9)
    done = CliRunner().invoke(app, ["check", *names, "--json", "-p", str(project.root)], catch_exceptions=False)
    assert done.exit_code == rc, done.output
    return json.loads(done.stdout)


def messages(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{row['file']}:{row['line']}: {row['what']}" for row in rows]


def music(seconds: float, *, fades: bool) -> bytes:
    """Return a tone that fades out, or does not."""
    content = io.BytesIO()
    count = round(seconds * 8000)
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        loud = (10_000 * (1 - at / count if fades else 1) ** 2 for at in range(count))
        waves = (round(volume * math.sin(at / 4)) for at, volume in enumerate(loud))
        file.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in waves))
    return content.getvalue()


def video(project: Workspace, path: str, what: str) -> None:
    project.write(path, "")
    drawing = ["-v", "error", "-y", "-f", "lavfi", "-i", what, "-t", "2", str(project.root / path)]
    Ffmpeg().run(drawing, doing="drawing")


def sprite(project: Workspace, path: str, height: int, alpha: int) -> None:
    content = io.BytesIO()
    picture = Image.new("RGBA", (height * 4 // 5, height), (200, 0, 0, alpha))
    if 0 < alpha < 255:
        picture.putpixel((0, 0), (0, 0, 0, 0))
    picture.save(content, "PNG")
    project.write(path, content.getvalue())


def test_quality_warnings_are_reported_all_at_once(project: Workspace) -> None:
    video(project, "assets/jump.mp4", "gradients=s=64x64:c0=black:c1=black,geq=lum='100*T':cb=128:cr=128")
    video(project, "assets/still.mp4", "color=gray:s=64x64")
    project.write("assets/fading.wav", music(3, fades=True))
    project.write("assets/even.wav", music(3, fades=False))
    sprite(project, "characters/max/card.png", 900, 255)
    sprite(project, "characters/max/tiny.png", 20, 128)
    project.write("characters/max.yaml", "name: Max\nsprites:\n  telling: max/card.png\n  hearing: max/tiny.png\n")
    lines = "".join(f"  - ada: {'This is a rather long line, and it goes on. ' * 4}{at}\n" for at in range(4))
    head = "title: t\nbackground: assets/{}.mp4\nmusic: assets/{}.wav\nreel: {{max_seconds: {}}}\nscript:\n"
    project.write("episodes/odd.yaml", head.format("jump", "fading", 30) + lines)
    project.write("episodes/good.yaml", head.format("still", "even", 90) + lines)
    project.write("episodes/short.yaml", head.format("jump", "fading", 30) + "  - ada: Hi.\n")
    answer = check(project)
    assert answer["schema"] == "reelmake/check@1"
    assert answer["mistakes"] == []
    seconds = answer["estimates"]["odd"]["seconds"]
    assert 40 < seconds < 80
    shown = f"about {seconds:.0f} s"
    jump = f"it is {{}} s long and is repeated for {shown}, with a jump each time"
    assert messages(answer["warnings"]) == [
        "characters/max.yaml:3: telling: it has no transparent background: its whole rectangle is shown",
        "characters/max.yaml:4: hearing: it has 16x20 pixels and is shown 90 pixels high: it will look blurred",
        f"episodes/odd.yaml:2: background: {jump.format('2.0')}",
        f"episodes/odd.yaml:3: music: {jump.format('3.0')}",
        f"episodes/odd.yaml:5: script: it will be {shown} long, more than reel.max_seconds (30)",
    ]
    assert all(row["fix"] for row in answer["warnings"])
    plain = CliRunner().invoke(app, ["check", "-p", str(project.root)])
    assert plain.exit_code == 0
    assert plain.stdout.splitlines()[-1].startswith("episodes/odd.yaml:5: warning: script: it will be")
    assert plain.stderr == "3 episodes checked: no mistakes, 5 warnings\n"


def test_text_that_a_sign_for_comments_cuts_off_is_reported(project: Workspace) -> None:
    """YAML drops what stands behind it, and nobody would hear that it is missing."""
    said = [
        "We are #1 in this town.",
        '"We are #1 here."',
        "We are no. 1#a here. # shout",
        "so we are,\n      by far #1",
    ]
    rows = "".join(f"  - ada: {text}\n" for text in said)
    project.write("episodes/one.yaml", f"# #1\ntitle: The #1 town\n#2\nscript: #3\n{rows}")
    answer = check(project)
    assert answer["mistakes"] == []
    assert [row.partition(": ")[0] for row in messages(answer["warnings"])] == [
        f"episodes/one.yaml:{at}" for at in (2, 5, 9)
    ]


def test_a_length_that_no_video_has_is_a_mistake_where_it_is_set(project: Workspace) -> None:
    project.episode("one", "ada: Hello.", reel={"min_seconds": 200})
    project.episode("two", "ada: Hello.", reel={"max_seconds": 5, "fps": 25})
    fix = "make min_seconds smaller, or max_seconds larger"
    with pytest.raises(InputError) as raised:
        load_project(project.root)
    (problem,) = raised.value.problems
    assert problem.file == "episodes/one.yaml"
    assert str(problem).endswith(f"reel: no video is 200 s long at least and 180 s at most; {fix}")
    table = "[tool.reelmake.reel]\n"
    settings = (project.root / "pyproject.toml").read_text()
    project.write("pyproject.toml", settings.replace(table, f"{table}max_seconds = 600\nmin_seconds = 601\n"))
    with pytest.raises(InputError) as raised:
        load_project(project.root)
    assert [problem.file for problem in raised.value.problems] == ["episodes/two.yaml", "pyproject.toml"]
    line = (project.root / "pyproject.toml").read_text().splitlines()[raised.value.problems[1].line - 1]
    assert line == "min_seconds = 601"


def test_a_bill_over_the_cap_is_reported_where_the_cap_is(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "x")
    project.write("pyproject.toml", doit_tables() + PAID)
    for name in ("ada", "max"):
        project.write(f"characters/{name}.yaml", f"name: {name}\nvoice: {{elevenlabs: {{voice_id: v}}}}\n")
    project.episode("one", "ada: Hello there, all of you.", "ada: Hello there, all of you.", "ada: Good night.")
    project.episode("topic", topic="moths", cast=["ada"], lines=2)
    settings = (project.root / "pyproject.toml").read_text().splitlines()
    for _ in range(2):  # found, and remembered
        answer = check(project, "one")
        characters = len("Hello there, all of you.") + len("Good night.")
        assert float(answer["estimates"]["one"]["usd_at_most"]) == pytest.approx(characters * 0.04 / 1000)
        (warning,) = messages(answer["warnings"])
        place, _, what = warning.partition(": ")
        assert what.startswith("a build of these episodes may cost $0.0014, more than the cap of $0.001")
        assert settings[int(place.rpartition(":")[2]) - 1] == 'cap_usd = "0.001"'
    assert float(check(project, "topic")["estimates"]["topic"]["usd_at_most"]) > 0
    project.write("characters/ada.yaml", "name: Ada\nvoice: {elevenlabs: {voice_id: v, model: eleven_v9}}\n")
    answer = check(project, "one", rc=2)
    (mistake,) = messages(answer["mistakes"])
    assert mistake.startswith(f"{place}: there is a cap of $0.001, and no price for eleven_v9 (voice:one:ada-hello")


def test_a_wrong_option_is_reported_beside_a_wrong_form(project: Workspace) -> None:
    spec = (
        "title: t\ncolour: red\nproviders:\n  voice: {provider: elevenlabs, speed: fast}\nscript:\n"
        "  - ada: Hello.\n    take: x\n  - max: Hi.\n    providers: {image: {provider: openai, quality: best}}\n"
    )
    project.write("episodes/one.yaml", spec)
    answer = check(project, rc=2)
    rows = messages(answer["mistakes"])
    assert [row.rpartition(":")[0].rpartition(": ")[0] or row for row in rows]
    assert [int(row.split(":")[1]) for row in rows if row.startswith("episodes/")] == [2, 4, 7, 9]
    assert any("quality: 'best' is not allowed there" in row for row in rows)
    assert any("speed: 'fast' is not a number" in row for row in rows)


def test_what_has_not_changed_is_not_looked_at_and_what_has_is(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    look = advise.check

    def noted(show: Any, *rest: Any) -> advise.Checked:
        seen.append(show.name)
        return look(show, *rest)

    monkeypatch.setattr(advise, "check", noted)

    def again(*names: str) -> list[str]:
        seen.clear()
        check(project, *names)
        return sorted(seen)

    project.write("assets/even.wav", music(1, fades=False))
    project.episode("one", "ada: Hello there.", music="assets/even.wav")
    project.episode("two", "max: Hello there.")
    assert again("one") == ["one"]
    assert again() == ["two"]
    assert again() == []
    project.episode("two", "max: Good night.")
    assert again() == ["two"]
    project.write("assets/even.wav", music(2, fades=False))
    assert again() == ["one"]
    (project.root / "episodes/two.yaml").touch()
    assert again() == ["two"]
    for path, text in (
        ("characters/max.yaml", "name: Maximilian\n"),
        ("templates/image.j2", "{{ subject }}, {{ style }}"),
        (".env", "REELMAKE_CAP_USD=1\n"),
    ):
        project.write(path, text)
        assert again() == ["one", "two"], path
        assert again() == [], path
    monkeypatch.setenv("REELMAKE_REEL__FPS", "25")
    assert again() == ["one", "two"]
    project.write("episodes/two.yml", "")
    answer = check(project, rc=2)
    assert messages(answer["mistakes"]) == ["episodes/two.yml:1: only files that end in .yaml are read"]
    assert check(project, rc=2)["mistakes"] == answer["mistakes"], "a mistake is reported each time"


def test_a_damaged_memory_is_no_memory(project: Workspace) -> None:
    project.episode("one", "ada: Hello there.")
    check(project)
    for text in ("", "[1]", '{"state": 1}', "\x00" * 4096):
        project.write(".reelmake/doit.db", text)
        assert check(project)["mistakes"] == []


def test_what_the_offline_providers_cannot_do_is_a_warning(project: Workspace) -> None:
    """No facts, no icon, a style that changes nothing: at its line, and a style once; silence where they can."""
    project.write("episodes/law.yaml", "title: Law\ntopic: obscure tax law\ncast: [ada]\nlines: 2\n")
    spec = """\
title: Justice
style: claymation
script:
- ada: Justice for all.
  image: abstract justice
- max: "Yes."
- ada: The sea.
  image: a lighthouse by the sea
- max: And more.
  image: the essence of fairness
"""
    project.write("episodes/justice.yaml", spec)
    project.write("episodes/sky.yaml", "title: Sky\ntopic: why the sky is blue\ncast: [ada]\nstyle: neon\n")
    found = messages(check(project)["warnings"])
    assert [
        message.partition(":")[0] + message.partition(".yaml")[2].partition(": the offline")[0] for message in found
    ] == [
        "episodes/justice.yaml:2: style",
        "episodes/justice.yaml:5: image",
        "episodes/justice.yaml:10: image",
        "episodes/law.yaml:2: topic",
    ]


def test_keys_that_are_missing_for_providers_in_force_are_warnings(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ELEVENLABS_API_KEY", "FAL_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    voice = "voice: {elevenlabs: {voice_id: abc}}\n"
    project.write("characters/ada.yaml", f"name: Ada\n{voice}")
    project.write("episodes/a.yaml", "title: t\nproviders: {voice: elevenlabs}\nscript: [{ada: Hello.}]\n")
    project.write("episodes/b.yaml", "title: t\nscript: [{max: Hello.}]\n")
    for _ in range(2):  # looked at, and known by its fingerprint
        (warning,) = check(project)["warnings"]
        assert (warning["file"], warning["what"]) == (".env", "ELEVENLABS_API_KEY is not set: elevenlabs needs it")
    assert check(project, "b")["warnings"] == []
    project.write(".env", "ELEVENLABS_API_KEY=x\n")
    assert check(project)["warnings"] == []


def test_a_font_for_captions_is_a_mistake_where_it_is_named(project: Workspace) -> None:
    project.write("assets/own.ttf", b"no font")
    project.episode("one", "ada: Hi.", reel={"captions": {"font": "assets/own.ttf"}})
    project.episode("two", "ada: Hi.", reel={"captions": {"style": "pop", "font": "Comic"}})
    project.episode("three", "ada: Hi.", reel={"captions": {"font": "assets/gone.ttf"}})
    project.episode("four", "ada: Hi.", reel={"captions": {"font": "Fira Sans ExtraBold"}})
    found = messages(check(project, rc=2)["mistakes"])
    assert [one.partition(": ")[2].partition(" (Not")[0] for one in found] == [
        "font: assets/own.ttf cannot be read as a font",
        "font: there is no file assets/gone.ttf",
        "font: no font 'Comic' ships along",
    ]
    assert [one.partition(":")[0] for one in found] == [f"episodes/{name}.yaml" for name in ("one", "three", "two")]


def test_words_that_come_too_fast_are_a_warning_once_they_are_spoken(project: Workspace) -> None:
    project.episode("one", "ada: Incomprehensibilities notwithstanding.", "max: Hi.")
    assert check(project)["warnings"] == []  # and it is noticed when voices are there
    show = load_project(project.root).productions["one"]
    assert show.episode.script
    for line_id, samples in zip(line_ids(show.episode.script), (48_000, 20_000), strict=True):
        words = [{"text": "all", "start_samples": 0, "end_samples": samples}]
        project.write(f"build/one/voice/{line_id}.words.json", json.dumps({"samples": samples, "words": words}))
    (warning,) = check(project)["warnings"]
    assert warning["what"] == "line 1: its words come faster than they can be read: 36 letters a second"
    assert warning["line"] == 5


def test_letters_that_a_font_of_the_project_lacks_are_a_warning(project: Workspace) -> None:
    options = Options()
    options.name_IDs = [1, 2]
    with TTFont(fonts._path(fonts.shipped("Fira Sans ExtraBold")), recalcTimestamp=False) as file:
        subset = Subsetter(options)
        subset.populate(text="Helo wrd")
        subset.subset(file)
        project.write("assets/own.ttf", b"")
        file.save(project.root / "assets/own.ttf")
    project.episode("one", "ada: Hello world!", reel={"captions": {"font": "assets/own.ttf"}})
    assert check(project)["warnings"] == []
    project.episode("one", "ada: Hello, zebra 🦓!", reel={"captions": {"font": "assets/own.ttf"}})
    (warning,) = check(project)["warnings"]
    assert warning["what"] == "font: assets/own.ttf has no z, b, a: another font shows them"
