"""Running programs as ffmpeg: real small programs, and the real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from reelmake.core.errors import MediaError, SetupError
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import NEEDED_ENCODERS, NEEDED_FILTERS


def program(path: Path, body: str) -> Path:
    """Write a Python program that can be run as an ffmpeg."""
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{textwrap.dedent(body)}")
    path.chmod(0o755)
    return path


def poor_ffmpeg(path: Path, **lists: str) -> Path:
    """Write an ffmpeg that lists what it is told to, and counts its starts in a file beside it."""
    return program(
        path,
        f"""
        open({str(path)!r} + ".starts", "a").write("x")
        lists = {lists!r}
        print({{"-version": "ffmpeg version 7.1-poor Copyright"}}.get(sys.argv[1]) or lists[sys.argv[-1][1:]])
        """,
    )


def test_the_bundled_ffmpeg_has_all_that_we_need(tmp_path: Path) -> None:
    ffmpeg = Ffmpeg(cache=tmp_path / "deep" / "ffmpeg.json")
    ffmpeg.check()
    assert ffmpeg.identity().strip() != ""
    assert ffmpeg.run(["-version"], doing="asking").decode().startswith(f"ffmpeg version {ffmpeg.identity()} ")


def test_finding_ffmpeg_starts_and_imports_nothing(tmp_path: Path) -> None:
    cache = tmp_path / "ffmpeg.json"
    Ffmpeg(cache=cache).check()
    look = f"""
        import subprocess, sys
        subprocess.Popen = None
        from pathlib import Path
        from reelmake.media.ffmpeg import Ffmpeg
        ffmpeg = Ffmpeg(cache=Path({str(cache)!r}))
        ffmpeg.check(); print(ffmpeg.identity())
        assert not {{"imageio_ffmpeg", "numpy", "PIL"}} & sys.modules.keys()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(look)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_program_can_do_is_asked_once_until_the_program_changes(tmp_path: Path) -> None:
    path, cache, starts = tmp_path / "ff", tmp_path / "cache.json", tmp_path / "ff.starts"
    poor_ffmpeg(path, filters="T ass\n", encoders="V libx264\n")
    for _ in range(3):
        assert Ffmpeg(path, cache).identity() == "7.1-poor"
    assert len(starts.read_text()) == 3
    os.utime(path, ns=(1, 1))
    assert Ffmpeg(path, cache).identity() == "7.1-poor"
    assert len(starts.read_text()) == 6


@pytest.mark.parametrize("left", ["", "not json", "[]", '{"a": 1}'])
def test_a_damaged_cache_is_made_again(tmp_path: Path, left: str) -> None:
    cache = tmp_path / "cache.json"
    cache.write_text(left)
    Ffmpeg(cache=cache).check()
    assert any("version" in facts for facts in json.loads(cache.read_text()).values() if isinstance(facts, dict))


def test_all_that_an_ffmpeg_lacks_is_told_with_what_to_set(tmp_path: Path) -> None:
    path = poor_ffmpeg(tmp_path / "ff", filters=" T overlay \n scale ebur128\n", encoders=" A aac\n mjpeg\n")
    with pytest.raises(SetupError, match=r"lacks the filter ass, .*the filter tonemap.* the encoder libx264") as told:
        Ffmpeg(path).check()
    assert "REELMAKE_FFMPEG" in str(told.value)
    assert "ebur128" not in str(told.value)


def test_a_library_that_was_not_built_in_is_told(tmp_path: Path) -> None:
    """No list names soxr, and without it every voice would fail."""
    lists = {"filters": " ".join(NEEDED_FILTERS), "encoders": " ".join(NEEDED_ENCODERS)}
    for built_in, missing in (("--enable-libsoxr", None), ("--disable-libsoxr", "lacks the library libsoxr; set")):
        path = program(
            tmp_path / f"ff{built_in}",
            f"""
            version = "ffmpeg version 7.1-poor Copyright\\nconfiguration: --enable-gpl {built_in} --enable-libx264"
            print({{"-version": version}}.get(sys.argv[1]) or {lists!r}[sys.argv[-1][1:]])
            """,
        )
        if missing is None:
            Ffmpeg(path).check()
        else:
            with pytest.raises(SetupError, match=missing):
                Ffmpeg(path).check()


def test_what_was_remembered_before_we_needed_more_is_found_out_again(tmp_path: Path) -> None:
    path, cache = tmp_path / "ff", tmp_path / "cache.json"
    poor_ffmpeg(path, filters="", encoders="")
    status = path.stat()
    old = f"{path}|{status.st_size}|{status.st_mtime_ns}"
    cache.write_text(json.dumps({old: {"version": "7.1-poor", "missing": ""}}))
    with pytest.raises(SetupError, match="libsoxr"):
        Ffmpeg(path, cache).check()


@pytest.mark.parametrize("kind", ["missing", "folder", "not executable", "no ffmpeg", "fails"])
def test_what_is_no_ffmpeg_is_a_setup_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ff"
    if kind == "folder":
        path.mkdir()
    elif kind == "not executable":
        path.write_text("hello")
    elif kind == "no ffmpeg":
        program(path, "print('hello')")
    elif kind == "fails":
        program(path, "sys.exit(3)")
    with pytest.raises(SetupError, match="REELMAKE_FFMPEG"):
        Ffmpeg(path).check()


def test_an_error_ends_with_what_ffmpeg_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"^reading it failed: .*No such file or directory") as told:
        Ffmpeg().run(["-v", "error", "-i", str(tmp_path / "none.mp4"), "-f", "null", "-"], doing="reading it")
    assert "0x" not in str(told.value)


def test_a_program_that_dies_without_a_word_is_an_error(tmp_path: Path) -> None:
    path = program(tmp_path / "ff", "os.kill(os.getpid(), 9)")
    with pytest.raises(MediaError, match="composing failed: ffmpeg ended with -9"):
        Ffmpeg(path).run([], doing="composing", stdin=bytes(10_000_000))


def test_input_and_output_larger_than_a_pipe_pass_through(tmp_path: Path) -> None:
    path = program(
        tmp_path / "ff", "sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1]); sys.stderr.write('x' * 300000)"
    )
    body = bytes(range(250)) * 10_000
    assert Ffmpeg(path).run([], doing="turning", stdin=body) == body[::-1]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(file: Path) -> str:
    deadline = time.monotonic() + 10
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return file.read_text()


HOST = """
    import sys, threading
    from pathlib import Path
    from reelmake.media.ffmpeg import Ffmpeg
    run = lambda: Ffmpeg(Path(sys.argv[1])).run([], doing="waiting")
    {how}
"""


def test_ctrl_c_in_a_terminal_does_not_reach_what_is_being_encoded(tmp_path: Path) -> None:
    """The terminal signals the whole foreground group; the child finishes its work."""
    path = program(
        tmp_path / "ff",
        f"""
        open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
        time.sleep(0.5)
        open({str(tmp_path / "done")!r}, "w").write("1")
        """,
    )
    host = textwrap.dedent(HOST.format(how="import signal; signal.signal(signal.SIGINT, lambda *_: None); run()"))
    parent = subprocess.Popen([sys.executable, "-c", host, str(path)], start_new_session=True)
    wait_for(tmp_path / "pid")
    os.killpg(parent.pid, signal.SIGINT)
    assert parent.wait(10) == 0
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("run()", id="an exception in the thread that waits"),
        pytest.param("threading.Thread(target=run, daemon=True).start(); time.sleep(9)", id="the end of the program"),
    ],
)
def test_no_child_outlives_us(tmp_path: Path, how: str) -> None:
    path = program(tmp_path / "ff", f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    # whoever runs the tests in the background has told their children to ignore the signal
    heard = "import signal, time; signal.signal(signal.SIGINT, signal.default_int_handler)"
    host = textwrap.dedent(HOST.format(how=f"{heard}; {how}"))
    parent = subprocess.Popen(
        [sys.executable, "-c", host, str(path)], start_new_session=True, stderr=subprocess.DEVNULL
    )
    child = int(wait_for(tmp_path / "pid"))
    parent.send_signal(signal.SIGINT)
    assert parent.wait(10) != 0
    assert not is_alive(child)
