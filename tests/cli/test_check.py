"""What is wrong with a project is told before anything is spent: all of it at once, with file, line and a way out."""

from __future__ import annotations

import io
import json
import os
import shutil
import wave
from pathlib import Path
from typing import Any

import pytest
from standin_server import Standin
from workspace import Workspace

from reelmake.media.ffmpeg import Ffmpeg
from reelmake.project.validate import OTHER_VOICE, OTHER_WRITER


def drawn(project: Workspace, path: str, what: str, *options: str) -> None:
    """Make a video, a picture or a sound."""
    project.write(path, "")
    drawing = ["-v", "error", "-y", "-f", "lavfi", "-i", what, *options, str(project.root / path)]
    Ffmpeg().run(drawing, doing="drawing")


def sound(seconds: float) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(bytes(2 * round(seconds * 48_000)))
    return content.getvalue()


def checked(project: Workspace, vendor: Standin, *args: str, **env: str) -> list[str]:
    """Return what `reelmake check` tells of a project that is wrong; `doit` tells the same, and nobody is asked."""
    told = project.run("check", *args, program="reelmake", rc=2, **env)
    built = project.run(rc=3, **env)
    assert built.stderr.splitlines()[1:] == told.stdout.splitlines()
    assert "Traceback" not in told.stderr + built.stderr
    assert vendor.count() == 0
    assert not (project.root / "build").exists()
    return told.stdout.splitlines()


@pytest.mark.slow
def test_files_that_cannot_be_used_are_told_before_anything_is_paid_for(project: Workspace, vendor: Standin) -> None:
    drawn(project, "assets/song.mp3", "sine=d=1")
    drawn(project, "assets/silent.mp4", "color=s=64x64:d=1")
    drawn(project, "assets/blink.mp4", "color=s=64x64:r=1000", "-t", "0.01")
    drawn(project, "characters/max/good.png", "color=s=64x64", "-frames:v", "1")
    project.write("characters/max/cut.png", (project.root / "characters/max/good.png").read_bytes()[:90])
    project.write("characters/max/text.png", "hello")
    project.write("assets/text.mp4", "hello")
    project.write("assets/list.ffconcat", "ffconcat version 1.0\nfile silent.mp4\n")
    project.write("assets/list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsilent.mp4\n#EXT-X-ENDLIST\n")
    project.write("assets/a.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>')
    project.write("assets/click.wav", sound(0.0001))
    project.write("characters/max.yaml", "name: Max\nsprites:\n  telling: max/cut.png\n  hearing: max/text.png\n")
    uses = {
        "a": ("song.mp3", "silent.mp4"),
        "b": ("text.mp4", "click.wav"),
        "c": ("blink.mp4", "text.mp4"),
        "d": ("list.ffconcat", "list.m3u8"),
        "e": ("a.svg", "a.svg"),
    }
    for name, (background, music) in uses.items():
        spec = f"title: t\nbackground: assets/{background}\nmusic: assets/{music}\nscript: [{{ada: Hello}}]\n"
        project.write(f"episodes/{name}.yaml", spec)
    shows, sounds = (
        "name a video or a picture, such as an mp4 or a png",
        "name a file with sound, such as an ogg or an mp3",
    )
    kind = "it is of a kind that is not used here, such as a list of other files or a drawing"
    sprite = "it is damaged, or no picture; name a picture, best a PNG"
    text = "cannot be used: it is damaged, or no"
    assert checked(project, vendor) == [
        f"characters/max.yaml:3: telling: characters/max/cut.png cannot be used: {sprite}",
        f"characters/max.yaml:4: hearing: characters/max/text.png cannot be used: {sprite}",
        f"episodes/a.yaml:2: background: assets/song.mp3 cannot be used: it has no pictures; {shows}",
        f"episodes/a.yaml:3: music: assets/silent.mp4 cannot be used: it has no sound; {sounds}",
        f"episodes/b.yaml:2: background: assets/text.mp4 {text} video or picture; {shows}",
        f"episodes/b.yaml:3: music: assets/click.wav cannot be used: it is shorter than 0.4 seconds; {sounds}",
        f"episodes/c.yaml:2: background: assets/blink.mp4 cannot be used: it is shorter than 0.03 seconds; {shows}",
        f"episodes/c.yaml:3: music: assets/text.mp4 {text} sound; {sounds}",
        f"episodes/d.yaml:2: background: assets/list.ffconcat cannot be used: {kind}; {shows}",
        f"episodes/d.yaml:3: music: assets/list.m3u8 cannot be used: {kind}; {sounds}",
        f"episodes/e.yaml:2: background: assets/a.svg cannot be used: {kind}; {shows}",
        f"episodes/e.yaml:3: music: assets/a.svg cannot be used: {kind}; {sounds}",
    ]


@pytest.mark.slow
def test_the_shortest_files_that_are_accepted_make_a_video(project: Workspace) -> None:
    drawn(project, "assets/frame.mp4", "color=s=64x64:r=30", "-frames:v", "1")
    project.write("assets/beat.wav", sound(0.4))
    project.episode("one", "ada: Hello there", background="assets/frame.mp4", music="assets/beat.wav")
    project.run()
    assert (project.root / "build/one/one.mp4").is_file()


@pytest.mark.slow
def test_where_a_file_is_meant_another_thing_is_told_as_what_it_is(project: Workspace, vendor: Standin) -> None:
    (project.root / "assets").mkdir()
    (project.root / "characters/telling.png").mkdir()
    os.mkfifo(project.root / "assets/pipe.mp4")
    (project.root / "assets/dead.mp4").symlink_to("gone.mp4")
    project.write("characters/max.yaml", "name: Max\nsprites: {telling: telling.png}\n")
    for name, background, music in (
        ("one", "assets", "asets"),
        ("two", "assets/pipe.mp4", "assets/dead.mp4"),
        ("three", "x" * 300, "assets/dad.wav"),
    ):
        project.write(
            f"episodes/{name}.yaml", f"title: t\nbackground: {background}\nmusic: {music}\nscript: [ada: Hi]\n"
        )
    project.write("assets/dead.wav", sound(1))
    long = "x" * 300
    assert checked(project, vendor) == [
        "characters/max.yaml:2: telling: characters/telling.png is a folder; name a file in it",
        "episodes/one.yaml:2: background: assets is a folder; name a file in it",
        "episodes/one.yaml:3: music: there is no file asets; add the file, or fix the path",
        f"episodes/three.yaml:2: background: {long} cannot be read (File name too long); fix the path, or its rights",
        "episodes/three.yaml:3: music: there is no file assets/dad.wav; did you mean dead.wav?",
        "episodes/two.yaml:2: background: assets/pipe.mp4 is not a file; name a file",
        "episodes/two.yaml:3: music: there is no file assets/dead.mp4, only a link to gone.mp4; did you mean dead.wav?",
    ]


def test_what_editors_and_systems_keep_beside_specs_is_left_alone(project: Workspace) -> None:
    project.episode("one", "ada: Hello there")
    (project.root / "episodes/.#one.yaml").symlink_to("me@host.1")  # Emacs, while one.yaml is edited
    for path in ("episodes/._one.yaml", "episodes/._one.yml", "characters/._ada.yaml", "templates/._image.j2"):
        project.write(path, b"\x00\x05\x16\x07\xff")  # macOS, on other systems' disks
    (project.root / "characters/.#ada.yaml").symlink_to("me@host.1")
    told = project.run("check", program="reelmake")
    assert told.stderr == "1 episode checked: no mistakes\n"
    project.run("list")


@pytest.mark.parametrize("file", ["characters/eve.yaml", "episodes/two.yaml", "templates/image.j2"])
def test_nothing_outside_of_the_project_is_read(project: Workspace, vendor: Standin, tmp_path: Path, file: str) -> None:
    """Neither a stranger's file, nor the environment, nor a device without end becomes a prompt or a message."""
    secret = tmp_path / "secret"
    secret.write_text("the-secret: of somebody else\n")
    project.episode("one", "ada: Hello there")
    link = project.root / file
    link.parent.mkdir(exist_ok=True)
    for target in (secret, Path("/dev/zero"), Path("/proc/self/environ")):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        (found,) = checked(project, vendor)
        assert found == f"{file}:1: this leads out of the project, by a link; put the file itself in its place"
    link.unlink()
    link.symlink_to(link.name)
    (found,) = checked(project, vendor)
    assert found.startswith(f"{file}:1: ")
    link.unlink()
    if file == "episodes/two.yaml":  # a link inside of the project is one more name
        link.symlink_to("one.yaml")
        assert project.run("check", program="reelmake").stderr == "2 episodes checked: no mistakes\n"


@pytest.mark.parametrize("file", ["pyproject.toml", ".env"])
def test_settings_outside_of_the_project_are_not_read(project: Workspace, vendor: Standin, file: str) -> None:
    project.episode("one", "ada: Hello there")
    for target in ("/dev/zero", "/proc/self/environ"):
        (project.root / file).unlink(missing_ok=True)
        (project.root / file).symlink_to(target)
        refused = project.run("check", program="reelmake", rc=2)
        message = f"{file}:1: this leads out of the project, by a link; put the file itself in its place"
        assert message in refused.stdout + refused.stderr
    assert vendor.count() == 0


def test_a_spec_that_cannot_be_opened_is_told_as_what_it_is(project: Workspace, vendor: Standin) -> None:
    project.episode("one", "ada: Hello there")
    (project.root / "episodes/two.yaml").symlink_to("gone.yaml")
    (project.root / "episodes/three.yaml").mkdir()
    (project.root / "characters/eve.yaml").mkdir()
    (project.root / "templates/image.j2").mkdir(parents=True)
    assert checked(project, vendor) == [
        "characters/eve.yaml:1: this is a folder, not a file; rename it, or put the file in its place",
        "episodes/three.yaml:1: this is a folder, not a file; rename it, or put the file in its place",
        "episodes/two.yaml:1: this is a link to a file that is not there; mend the link, or remove it",
        "templates/image.j2:1: this is a folder, not a file; rename it, or put the file in its place",
    ]


def test_a_template_that_is_not_utf8_is_told_beside_the_rest(project: Workspace, vendor: Standin) -> None:
    project.write("episodes/one.yaml", "title: t\nscript:\n  - ada: Hello\n    take: 0\n")
    project.write("templates/image.j2", b"{{ subject }}\n\nin a caf\xe9\n")
    project.write("templates/script.standin.j2", b"\xff")
    assert checked(project, vendor) == [
        "episodes/one.yaml:4: script.1.take: '0' is not a whole number from 1 to 9999; write a number such as 2",
        "templates/image.j2:3: this is not UTF-8; save the file as UTF-8",
        "templates/script.standin.j2:1: this is not UTF-8; save the file as UTF-8",
    ]


def test_a_language_is_told_once_where_it_is_written(project: Workspace, vendor: Standin) -> None:
    project.write(
        "episodes/said.yaml", "title: t\nlanguage: tlh\nscript:\n  - ada: nuqneH\n  - max: Qapla'\n  - ada: 🎉\n"
    )
    project.write("episodes/topic.yaml", "title: t\ntopic: x\ncast: [ada]\nlanguage: tlh\n")
    project.write("episodes/form.yaml", "title: t\nlanguage: Klingon\nscript:\n  - ada: 🎉\n")
    voice = f"language: there are no clicks in Klingon; {OTHER_VOICE}"
    script = f"language: there are no numbers in Klingon; {OTHER_WRITER}"
    change = "change the words, or choose another voice provider"
    assert checked(project, vendor) == [
        "episodes/form.yaml:2: language: 'Klingon' is not a language tag; write one such as en, en-GB or ja",
        f"episodes/form.yaml:4: line 1: there is nothing to click for; {change}",
        f"episodes/said.yaml:2: {voice}",
        f"episodes/topic.yaml:4: {voice}",
        f"episodes/topic.yaml:4: {script}",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("topic", [False, True])
def test_the_offline_providers_say_that_they_speak_english(project: Workspace, vendor: Standin, topic: bool) -> None:
    text = "topic: x\ncast: [ada]" if topic else "script:\n  - ada: Hallo"
    project.write("episodes/one.yaml", f"title: t\nlanguage: de\n{text}\n")
    offline: Any = {f"REELMAKE_PROVIDERS__{kind}": "offline" for kind in ("VOICE", "SCRIPT")}
    told = checked(project, vendor, **offline)
    assert told[-1].startswith("episodes/one.yaml:2: language: the offline voices speak English only, not 'de'; choose")
    assert [line for line in told if "script writer" in line] == told[:-1]
    assert len(told) == 1 + topic


def test_names_that_no_file_can_have_are_told_once(project: Workspace, vendor: Standin) -> None:
    project.write("episodes/one.yaml", 'title: t\ncast: ["../x", ""]\nscript:\n  - ../y: Hi\n')
    project.write("characters/eve.yaml", "")
    project.write(f"episodes/{'x' * 65}.yaml", "title: t\nscript:\n  - ada: Hi\n")
    project.write("episodes/b.YAML", "")
    project.write("episodes/c.yml", "")
    most = "rename the file: at most 64 lower-case letters, digits, - and _"
    form = "is not a name of a file in characters/; write lower-case letters, digits, - and _"
    assert checked(project, vendor) == [
        "characters/eve.yaml:1: the file is empty; give it at least a name:, or copy one of the samples",
        "episodes/b.YAML:1: only files that end in .yaml are read; rename it to b.yaml",
        "episodes/c.yml:1: only files that end in .yaml are read; rename it to c.yaml",
        f"episodes/one.yaml:2: cast.1: '../x' {form}",
        f"episodes/one.yaml:2: cast.2: '' {form}",
        f"episodes/one.yaml:4: script.1.character: '../y' {form}",
        f"episodes/{'x' * 65}.yaml:1: '{'x' * 40}…' cannot be an episode's name; {most}",
    ]


def limit(project: Workspace, text: str) -> int:
    """Write limits, and return the line on which the first of them stands."""
    settings = (project.root / "pyproject.toml").read_text()
    project.write("pyproject.toml", f"{settings}\n[tool.reelmake.limits]\n{text}")
    return settings.count("\n") + 3


def test_a_limit_of_a_pool_that_nobody_has_is_told_with_all_the_rest(project: Workspace, vendor: Standin) -> None:
    project.write("episodes/one.yaml", "title: t\nscript:\n  - eve: Hello\n")
    line = limit(project, "standin-voise = 3\ncpu = 2\n")
    told = checked(project, vendor, REELMAKE_LIMITS__CPUS="3", REELMAKE_PROVIDERS__IMAGE="standing")
    assert [text.partition(";")[0] for text in told] == [
        "REELMAKE_LIMITS__CPUS:1: limits: there is no pool 'cpus'",
        "REELMAKE_PROVIDERS__IMAGE:1: providers.image: there is no image provider named 'standing'",
        "episodes/one.yaml:3: line 1 is spoken by 'eve', and there is no such character",
        f"pyproject.toml:{line}: limits: there is no pool 'standin-voise'",
    ]
    assert told[0].endswith("did you mean 'cpu'?")
    assert told[-1].endswith("did you mean 'standin-voice'?")


def test_a_limit_of_a_provider_that_is_installed_and_not_in_force_is_right(project: Workspace) -> None:
    project.episode("one", "ada: Hello there")
    limit(project, "standin-voice = 3\n")
    project.run("check", program="reelmake", REELMAKE_PROVIDERS__VOICE="offline")


def test_a_variable_limits_a_pool_whose_name_has_a_hyphen(project: Workspace, vendor: Standin) -> None:
    limit(project, "standin-voice = 5\n")
    vendor.seconds["voice"] = 0.1
    project.episode("one", *(f"ada: Hello number {number} | a picture" for number in range(4)))
    project.run("voice", REELMAKE_LIMITS__STANDIN_VOICE="1")
    assert (vendor.count("voice"), vendor.most_running["voice"]) == (4, 1)


def test_a_mistyped_variable_is_told(project: Workspace, vendor: Standin) -> None:
    project.episode("one", "ada: Hello there")
    told = checked(project, vendor, REELMAKE_REEL_SIZE="360x640", REELMAKE_SHELF_URL="s3://x", REELMAKE_KEEP="1")
    assert told == ["REELMAKE_REEL_SIZE:1: no setting has this name; did you mean REELMAKE_REEL__SIZE?"]


@pytest.mark.slow
def test_an_ffmpeg_is_found_from_the_projects_folder(project: Workspace, tmp_path: Path) -> None:
    project.episode("one", "ada: Hello there")
    (project.root / "tools").mkdir()
    (project.root / "tools/ff").symlink_to(Ffmpeg().path)
    for where in (project.root, tmp_path):
        workspace = Workspace.__new__(Workspace)
        workspace.root, workspace.env = where, {**project.env, "REELMAKE_FFMPEG": "tools/ff"}
        workspace.run("check", "-p", str(project.root), program="reelmake")
    project.run("list", REELMAKE_FFMPEG="tools/ff")
    shutil.move(project.root / "tools/ff", project.root / "ff")
    project.run("voice", REELMAKE_FFMPEG="ff")
    missing = project.run("check", program="reelmake", rc=2, REELMAKE_FFMPEG="tools/ff")
    assert f"there is no ffmpeg at {project.root}/tools/ff" in missing.stderr


def register(folder: Path, package: str, points: str) -> str:
    """Install a package that registers providers; returns what PYTHONPATH needs."""
    info = folder / f"{package}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[reelmake.providers]\n{points}\n")
    return str(folder)


@pytest.mark.parametrize(("name", "by"), [("voice.offline", "reelmake"), ("voice.standin", "reelmake-standin")])
def test_a_provider_under_a_name_that_is_taken_is_refused(
    project: Workspace, vendor: Standin, tmp_path: Path, name: str, by: str
) -> None:
    project.episode("one", "ada: Hello there")
    more = register(tmp_path / "site", "acme", f"{name} = acme:Voice")
    path = os.pathsep.join((project.env["PYTHONPATH"], more))
    told = project.run("check", program="reelmake", rc=2, PYTHONPATH=path)
    assert f"registers the provider {name!r}, and so does {by}" in told.stderr
    assert "uninstall acme" in told.stderr
    assert "acme" in project.run(rc=3, PYTHONPATH=path).stderr
    assert vendor.count() == 0


def test_a_check_ends_soon_whatever_lies_in_the_folder(project: Workspace, vendor: Standin) -> None:
    """A pull request may hold links, pipes and files without end, in the place of caches and folders too."""
    project.episode("a", "ada: Hello there", background="assets/pipe.mp4", music="assets/endless.ogg")
    project.write("characters/max.yaml", "name: Max\nsprites: {telling: max/endless.png, hearing: max/endless.png}\n")
    for path in ("assets/endless.ogg", "characters/max/endless.png"):
        with project.write(path, b"OggS").open("ab") as file:
            file.truncate(20_000_000_000)
    for path in ("assets/pipe.mp4", "characters/pipe.yaml", ".reelmake/media.json"):
        os.mkfifo(project.write(path, b"").with_suffix(".made"))
        (project.root / path).with_suffix(".made").replace(project.root / path)
    for path, leads_to in (
        (".reelmake/ffmpeg.json", "/dev/zero"),
        (".reelmake/doit.db", "doit.db"),
        ("templates", "/"),
        ("characters/zero.yaml", "/dev/zero"),
    ):
        (project.root / path).symlink_to(leads_to)
    project.write("episodes/deep.yaml", "title: t\nscript: " + "[" * 900_000)
    told = project.run("check", program="reelmake", rc=2)
    assert "Traceback" not in told.stderr
    endless = "characters/max/endless.png cannot be used: it is larger than 64 MB; name a picture, best a PNG"
    music = "it is larger than 1024 MB; name a file with sound, such as an ogg or an mp3"
    assert told.stdout.splitlines() == [
        f"characters/max.yaml:2: hearing: {endless}",
        f"characters/max.yaml:2: telling: {endless}",
        "characters/pipe.yaml:1: this is not a regular file; put a file in its place",
        "characters/zero.yaml:1: this leads out of the project, by a link; put the file itself in its place",
        f"episodes/a.yaml:{line_of(project, 'background')}: background: assets/pipe.mp4 is not a file; name a file",
        f"episodes/a.yaml:{line_of(project, 'music')}: music: assets/endless.ogg cannot be used: {music}",
        "episodes/deep.yaml:2: not valid YAML: the YAML is nested too deeply; write it flat, as in the reference",
    ]
    assert vendor.count() == 0


def line_of(project: Workspace, name: str) -> int:
    rows = (project.root / "episodes/a.yaml").read_text("utf-8").splitlines()
    return next(at for at, row in enumerate(rows, 1) if f'"{name}"' in row)


def test_check_prints_what_will_be_said_and_warns_of_what_may_be_said_wrong(project: Workspace) -> None:
    project.write(
        "episodes/one.yaml",
        "title: t\npronounce: {nginx: engine x}\nscript:\n"
        '  - ada: "My bro (30M) put 1,5 kg of nginx, 7/16 of it."\n'
        '  - max: "On 03/04/2024 see a.com/x for 2 tbsp, 1 qt. of ₠."\n'
        '  - ada: "It was $5 & <Media omitted>"\n'
        "    say: It was five bucks.\n"
        '  - max: "image omitted"\n',
    )
    project.write("episodes/two.yaml", "title: t\ntopic: why the sky is blue\ncast: [ada]\n")
    offline: Any = {f"REELMAKE_PROVIDERS__{kind}": "offline" for kind in ("SCRIPT", "VOICE", "IMAGE")}
    found = project.run("check", "--spoken", program="reelmake", **offline)
    said, warnings = found.stdout.splitlines()[:4], found.stdout.splitlines()[4:]
    assert said == [
        "episodes/one.yaml:4: ada: My bro (thirty M) put one point five kilograms of engine x, seven sixteenths of it.",
        "episodes/one.yaml:5: max: On March fourth twenty twenty-four see a dot com slash x for two tbsp, one qt of",
        "episodes/one.yaml:6: ada: It was five bucks.",
        "episodes/one.yaml:8: max: image omitted",
    ]
    about = [
        "'tbsp' may be",
        "'qt' may be",
        "03/04/2024 may be",
        "the link 'a.com/x'",
        "the sign ₠",
        "'image omitted' is a note",
    ]
    assert len(warnings) == len(about)
    assert all(any(part in warning for warning in warnings) for part in about), warnings
    assert "two: its script is not written yet; type `doit script:two` first" in found.stderr
    plain = project.run("check", program="reelmake", **offline)
    assert plain.stdout.splitlines() == warnings
    as_json = json.loads(project.run("check", "one", "--spoken", "--json", program="reelmake", **offline).stdout)
    assert [line["words"] for line in as_json["spoken"]] == [line.split(": ", 2)[2] for line in said]
    sent = project.run(
        "check", "one", "--spoken", program="reelmake", **{**offline, "REELMAKE_PROVIDERS__VOICE": "standin"}
    )
    assert "ada (standin): My bro (30M) put 1,5 kg of engine x, 7/16 of it." in sent.stdout
    assert "the sign" not in sent.stdout


def test_a_check_makes_no_store(project: Workspace, vendor: Standin) -> None:
    """It reads what is stored of scripts and of what was paid for, which is nothing yet."""
    project.episode("one", "ada: Hello there | a harbour")
    project.episode("two", topic="trees", cast=["ada", "max"], lines=2)
    project.run("check", program="reelmake", REELMAKE_CAP_USD="1")
    assert [path.name for path in project.root.glob(".reelmake/*") if path.is_dir()] == []
    assert vendor.count() == 0
