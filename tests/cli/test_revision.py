"""What git is asked: which commit is checked out, and what a project was at another one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import reelmake.cli.git as git_revisions
from reelmake.cli.app import UsageError
from reelmake.cli.git import NoFolderError, _packing, head, specs_at
from reelmake.core.errors import InputError
from reelmake.media.ffmpeg import Ffmpeg


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Tess", "-c", "user.email=tess@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits; the folder `new` is there since the second one."""
    root = tmp_path / "history"
    (root / "new").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    for name in ("first", "new/second"):
        (root / name).write_text(name)
        git(root, "add", "-A")
        git(root, "commit", "-qm", name)
    monkeypatch.chdir(root)
    return root


def test_a_revision_that_is_none_or_was_not_fetched_is_told(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"git knows no 'nowhere'; name a branch, a tag or a commit$"):
        _packing("nowhere")
    git(tmp_path, "clone", "-q", "--depth", "1", history.as_uri(), "part")
    monkeypatch.chdir(tmp_path / "part")
    with pytest.raises(UsageError, match="or fetch it: this clone holds but a part of the history"):
        _packing("HEAD~1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="not a git repository"):
        _packing("HEAD")
    assert head() is None


def test_a_folder_that_was_not_there_yet_is_told_apart(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(history / "new")
    with pytest.raises(InputError, match="there is no episode"), specs_at("HEAD", Ffmpeg()):
        pass  # it was read, and is no project
    with pytest.raises(NoFolderError, match="this folder is not there at HEAD~1"), specs_at("HEAD~1", Ffmpeg()):
        pass


def test_a_revision_of_too_many_files_is_not_unpacked(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (history / "first").is_file()
    monkeypatch.setattr(git_revisions, "_MAX_FILES", 1)
    with pytest.raises(UsageError, match="holds more than 1 files"), specs_at("HEAD", Ffmpeg()):
        pass


def test_a_history_has_one_name_whatever_password_a_clone_was_made_with(
    history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And another one for each folder: each may publish to the same target."""
    git(history, "remote", "add", "origin", "https://ci:one@forge.example/team/shorts.git")
    one = head()
    git(history, "remote", "set-url", "origin", "https://ci:two@forge.example/team/shorts.git")
    two = head()
    monkeypatch.chdir(history / "new")
    inner = head()
    assert one
    assert two
    assert inner
    assert (one.of, one.commit, one.at) == (two.of, two.commit, two.at)
    assert inner.of != one.of
    before = subprocess.run(["git", "rev-parse", "HEAD~1"], check=True, capture_output=True, text=True).stdout.strip()
    assert one.has_ancestor(before)
    assert not one.has_ancestor("0" * 40)
