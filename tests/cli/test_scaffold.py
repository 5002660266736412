"""`init`, `new` and `new-character`: what they write is right, what is there stays, what is installed has it all.

That a new project builds is shown by the how-to page, whose commands are run.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from PIL import Image
from typer.testing import CliRunner, Result
from workspace import ROOT

from reelmake import cli
from reelmake.cli import app
from reelmake.cli.app import UsageError, answer
from reelmake.cli.starter import settings_text, shipped
from reelmake.core.keys import digest_of
from reelmake.offline.sprites import PALETTES, palette, sprite
from reelmake.project.load import load_project
from reelmake.project.schemas import schema_of


def run(*args: str) -> Result:
    return CliRunner().invoke(app, args, catch_exceptions=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "My Videos"
    done = run("init", str(folder))
    assert done.exit_code == 0, done.output
    return folder


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and ".reelmake" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.slow
def test_a_new_project_is_the_samples_and_is_right(made: Path) -> None:
    project = load_project(made)
    assert sorted(project.productions) == sorted(path.stem for path in (ROOT / "episodes").glob("*.yaml"))
    written = files(made)
    assert all(digest_of(written[name]) == digest for name, digest in shipped().items())
    for path in (*made.glob("episodes/*.yaml"), *made.glob("characters/*.yaml")):
        named = path.read_text("utf-8").partition("\n")[0].partition("$schema=")[2]
        assert (path.parent / named).is_file(), "editors find it"
    settings = tomllib.loads(written["pyproject.toml"].decode())
    assert settings["project"]["name"] == "my-videos"
    assert settings["tool"]["doit"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["doit"]
    assert {"build/", "published/", ".reelmake/", ".env"} <= set(written[".gitignore"].decode().splitlines())
    listed = subprocess.run(
        [sys.executable, "-m", "doit", "list"], cwd=made, capture_output=True, text=True, check=True
    )
    assert "video" in listed.stdout


def test_a_wheel_holds_all_that_a_new_project_is_made_of() -> None:
    """A checkout has the samples where they are; what is installed has them where the wheel puts them."""
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    places = packed["force-include"]
    assert places == {name: f"reelmake/starter/{name}" for name in places}
    assert all(any(name == place or name.startswith(f"{place}/") for place in places) for name in shipped())


def test_what_was_written_or_edited_in_a_checkout_stays_there(tmp_path: Path) -> None:
    """Only samples that ship come along, as they ship: git has those that were edited."""
    for name in ("src", *shipped()):
        command = ["cp", "-r", "--parents", name, str(tmp_path)]
        subprocess.run(command, cwd=ROOT, check=True)
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@example.org", "-C", str(tmp_path)]

    def init(folder: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from reelmake.cli import main; main()"
        command = [sys.executable, "-c", code, str(tmp_path / "src"), "init", str(tmp_path / folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    (tmp_path / "episodes/mine.yaml").write_text("title: Mine\n", "utf-8")
    sky = tmp_path / "episodes/sky.yaml"
    before = sky.read_bytes()
    sky.write_text("title: Edited\n", "utf-8")
    refused = init("one")
    assert refused.returncode == 2, refused.stderr
    assert "sky.yaml is not the sample that ships; restore it" in refused.stderr
    assert not (tmp_path / "one").exists()
    sky.write_bytes(before)
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", *shipped()], check=True)
    subprocess.run([*git, "commit", "-qm", "start"], check=True)
    sky.unlink()
    made = init("two")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "two/episodes/sky.yaml").read_bytes() == before
    assert not (tmp_path / "two/episodes/mine.yaml").exists()


@pytest.mark.parametrize(
    ("origin", "requirement", "source"),
    [
        (None, "reelmake~=9.8.7", None),
        ({"url": "file:///opt/my%20reel", "dir_info": {"editable": True}}, "reelmake", {"path": "/opt/my reel"}),
        ({"url": "file:///opt/r.whl", "archive_info": {}}, "reelmake", {"path": "/opt/r.whl"}),
        ({"url": "https://example.org/r.whl", "archive_info": {}}, "reelmake", {"url": "https://example.org/r.whl"}),
        (
            {"url": "https://example.org/r", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            "reelmake",
            {"git": "https://example.org/r", "rev": "c0ffee"},
        ),
    ],
)
def test_a_new_project_runs_with_the_reelmake_that_wrote_it(
    origin: dict[str, object] | None,
    requirement: str,
    source: dict[str, str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    info = tmp_path / "site/reelmake-9.8.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: reelmake\nVersion: 9.8.7\n", "utf-8")
    if origin:
        (info / "direct_url.json").write_text(json.dumps(origin), "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")
    project = tomllib.loads(settings_text(tmp_path / "videos"))
    assert project["project"]["dependencies"] == [requirement]
    found = project["tool"]["uv"].get("sources", {}).get("reelmake")
    if source and "path" in source:
        assert (tmp_path / "videos" / found.pop("path")).resolve() == Path(source["path"])
        assert found == ({"editable": True} if "reel" in source["path"] else {})
    else:
        assert found == source


@pytest.mark.slow
def test_a_new_project_works_at_once_in_an_environment_of_its_own(made: Path, tmp_path: Path) -> None:
    """As `uv run` makes it: with this checkout."""
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    env["UV_PROJECT_ENVIRONMENT"] = str(tmp_path / "venv")
    done = subprocess.run(
        ["uv", "run", "--python", sys.executable, "reelmake", "check"],
        cwd=made,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "episodes checked: no mistakes" in done.stderr
    (made / "uv.lock").unlink()


def test_what_is_there_stays(made: Path, tmp_path: Path) -> None:
    before = files(made)
    with pytest.raises(UsageError, match=r"is not empty: there is \.github and \d+ more; name a new folder"):
        run("init", str(made))
    with pytest.raises(UsageError, match="is a file; name a new folder"):
        run("init", str(made / "dodo.py"))
    for wrong, told in (("sky", "there is an episode 'sky' already"), ("../x", "cannot be an episode's name")):
        with pytest.raises(UsageError, match=told):
            run("new", wrong, "--topic", "the sky", "-p", str(made))
    for wrong, told in (("ada", "ada.yaml already"), ("Ada", "cannot be a character's name")):
        with pytest.raises(UsageError, match=told):
            run("new-character", wrong, "-p", str(made))
    known = ", ".join(sorted(path.stem for path in made.glob("characters/*.yaml")))  # other tests may have added some
    assert "ada, " in known
    with pytest.raises(UsageError, match=f"there is no character 'bob'; choose from {known}$"):
        run("new", "bob", "--topic", "x", "--cast", "ada,bob", "-p", str(made))
    with pytest.raises(UsageError, match="--topic is empty"):
        run("new", "nothing", "--topic", " ", "-p", str(made))
    (tmp_path / "bare/episodes").mkdir(parents=True)
    with pytest.raises(UsageError, match="add one: `reelmake new-character NAME`"):
        run("new", "first", "--topic", "x", "-p", str(tmp_path / "bare"))
    assert files(made) == before
    (tmp_path / "begun/.git").mkdir(parents=True)
    assert run("init", str(tmp_path / "begun")).exit_code == 0, (
        "a repository that has just been made is as good as empty"
    )
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")], "nothing is left of how it was made"


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", "first", "--topic", "x"),
        ("new-character", "iris"),
        ("check",),
        ("plan",),
        ("why", "video:sky"),
        ("cost",),
        ("prune", "--yes"),
        ("freeze", "sky"),
        ("watch", "sky"),
    ],
)
def test_in_a_folder_that_is_no_project_nothing_is_written(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Such as `episodes/` of one, in which a shell was left."""
    inside, beside = tmp_path / "a b/episodes", tmp_path / "elsewhere"
    for folder, fix in ((inside, rf"type `cd '{tmp_path}/a b'` first"), (beside, "make one: `reelmake init DIR`")):
        folder.mkdir(parents=True)
        with pytest.raises(UsageError, match=f"{folder.name} is no project.*{fix}"):
            run(*arguments, "-p", str(folder))
        assert not list(folder.iterdir())


def test_an_episode_that_is_named_twice_is_one_and_a_language_that_it_has_not_is_none(made: Path) -> None:
    told = run("check", "sky", "honey", "sky", "-p", str(made))
    assert told.stderr == "2 episodes checked: no mistakes\n"
    with pytest.raises(UsageError, match=r"there is no episode 'sky\.ja'; choose one of sky$"):
        run("check", "sky.ja", "-p", str(made))


def test_a_terminal_that_knows_no_unicode_is_shown_escapes(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is JSON stays JSON, and a name that is no text is told like any other."""

    def printed(*arguments: str, encoding: str) -> str:
        kept = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, encoding=encoding, write_through=True))
        monkeypatch.setattr(sys, "argv", ["reelmake", *arguments, "-p", str(made)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        return kept.getvalue().decode(encoding)

    wrong = made / "episodes/\udcff.yaml"
    wrong.write_text("title: t\nscript:\n  - zoë: Hi\n", "utf-8")
    try:
        for encoding, shown in (("ascii", "'zo\\xeb'"), ("cp1252", "'zoë'"), ("utf-8", "'zoë'")):
            told = printed("check", encoding=encoding)
            assert f"episodes/\\udcff.yaml:3: script.1.character: {shown} is not a name" in told
            found = json.loads(printed("check", "--json", encoding=encoding))["mistakes"]
            assert "'zoë' is not a name" in str(found)
        monkeypatch.setattr(sys, "stdout", None)  # as with `>&-`
        answer({"who": "zoë"})
    finally:
        wrong.unlink()


def test_with_json_an_error_is_a_document(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that a program reads JSON or nothing on stdout; people read the same on stderr."""
    wrong = made / "episodes/wrong.yaml"
    wrong.write_text("titel: t\nscript:\n  - ada: Hi\n", "utf-8")
    mistake = "episodes/wrong.yaml:1: unknown name 'titel'; did you mean 'title'?"
    try:
        for arguments, kind, where, said in (
            (("plan",), "InputError", "episodes/wrong.yaml", mistake),
            (("cost",), "InputError", "episodes/wrong.yaml", mistake),
            (("plan", "nobody"), "UsageError", "", "there is no episode 'nobody'"),
        ):
            monkeypatch.setattr(sys, "argv", ["reelmake", *arguments, "--json", "-p", str(made)])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            printed = capsys.readouterr()
            document = json.loads(printed.out)
            Draft202012Validator(schema_of("error")).validate(document)
            assert (ended.value.code, document["error"]["type"], document["error"]["where"]) == (2, kind, where)
            assert said in document["error"]["message"]
            assert said in printed.err
    finally:
        wrong.unlink()


@pytest.mark.slow
def test_new_specs_are_right_whatever_is_written(made: Path) -> None:
    topic = 'why 3: 2 isn\'t "half" #1 — *really*'
    assert run("new-character", "iris-2", "-p", str(made)).exit_code == 0
    assert run("new-character", "bo", "-p", str(made)).exit_code == 0
    done = run("new", "odd_1", "--topic", topic, "--cast", "iris-2", "--cast", "max", "--lines", "3", "-p", str(made))
    assert done.stdout == f"{made}/episodes/odd_1.yaml\n"
    show = load_project(made, ["odd_1"]).productions["odd_1"]
    assert (show.episode.topic, show.episode.lines, list(show.characters)) == (topic, 3, ["iris-2", "max"])
    assert {who: made_of.side for who, made_of in show.characters.items()}["iris-2"] == "left"
    for kind, path in (("episode", "episodes/odd_1.yaml"), ("character", "characters/iris-2.yaml")):
        spec = yaml.safe_load((made / path).read_text("utf-8"))
        assert [error.message for error in Draft202012Validator(schema_of(kind)).iter_errors(spec)] == []
    for name in ("iris-2", "bo"):
        telling, hearing = (Image.open(made / f"characters/{name}/{kind}.png") for kind in ("telling", "hearing"))
        for picture in (telling, hearing):
            assert (picture.size, picture.mode) == ((720, 900), "RGBA")
            assert picture.getchannel("A").getextrema() == (0, 255)
        assert telling.tobytes() != hearing.tobytes()
    checked = run("check", "-p", str(made))
    assert checked.stderr.endswith("checked: no mistakes, 1 warning\n"), "its pictures raise no warning"
    assert "odd_1.yaml:3: warning: topic: the offline script writer knows no facts about this" in checked.stdout


def test_a_placeholder_looks_the_same_on_every_machine_and_names_differ() -> None:
    assert sprite("iris", telling=True) == sprite("iris", telling=True)
    assert sprite("iris", telling=True) != sprite("iris", telling=True, mirrored=True)
    assert {palette(name) for name in ("ada", "iris", "bob", "zoe", "kim", "leo", "pia", "max", "bo")} <= set(PALETTES)
    assert len({palette(name) for name in ("ada", "iris", "bob", "zoe", "kim", "leo", "pia", "max", "bo")}) > 3
