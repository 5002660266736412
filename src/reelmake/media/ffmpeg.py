"""Running ffmpeg: where it is, what it can do, and what it says when it fails."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from reelmake.core.errors import MediaError, SetupError
from reelmake.core.files import read_regular
from reelmake.media.ffmpeg_args import NEEDED_ENCODERS, NEEDED_FILTERS, NEEDED_LIBRARIES

_REMEDY = (
    "set REELMAKE_FFMPEG to an ffmpeg (5.1 or newer) that has it, or unset it to use the one that is installed with us"
)
_TOLD_LINES = 3
_MAX_CACHE_BYTES = 16_000_000

_Stream = int | IO[bytes]

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()


class Ffmpeg:
    """An ffmpeg program: by default the one inside imageio-ffmpeg.

    `cache` names a JSON file that remembers what a program can do, so that a build with nothing to do starts no
    process. It belongs to this machine. With `read_only`, nothing is added to it.
    """

    def __init__(self, path: Path | None = None, cache: Path | None = None, *, read_only: bool = False) -> None:
        self.path = path or _bundled()
        self._cache, self._read_only = cache, read_only
        self._known: dict[str, str] | None = None

    def run(self, args: Sequence[str], *, doing: str, stdin: bytes | None = None) -> bytes:
        """Run ffmpeg and return its stdout. `doing` begins the error: `joining build/a.mp4`.

        Raises MediaError with the last lines that ffmpeg wrote, and SetupError when it cannot be started.
        """
        return self._run(args, doing, stdin, {})[0]

    def report(
        self,
        args: Sequence[str],
        *,
        doing: str,
        stdin: bytes | Iterable[bytes] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Run ffmpeg, with more variables in its environment, and return what it wrote to stderr; raises like `run`."""
        return self._run(args, doing, stdin, env or {})[1]

    def pictures(self, args: Sequence[str], size_bytes: int, *, doing: str) -> Iterator[bytes]:
        """Run ffmpeg, and yield the raw pictures that it writes to stdout, one after the other; raises like `run`."""
        with tempfile.TemporaryFile() as log, self._process(args, {}, None, subprocess.PIPE, log) as process:
            assert process.stdout
            while len(picture := process.stdout.read(size_bytes)) == size_bytes:
                yield picture
            if process.wait():
                raise MediaError(
                    f"{doing} failed: {_last_words(_text(log)) or f'ffmpeg ended with {process.returncode}'}"
                )

    def attempt(self, args: Sequence[str]) -> tuple[str, str]:
        """Run ffmpeg, which may well fail, and return what it wrote to stdout and to stderr; raises SetupError."""
        _, stdout, log = self._start(args, None, {})
        return stdout.decode(errors="replace"), log

    def identity(self) -> str:
        """Return the program's version, which takes part in the keys of what it makes; raises SetupError."""
        return self._facts()["version"]

    def check(self) -> None:
        """Raise SetupError when the program lacks something that we need."""
        if missing := self._facts()["missing"]:
            raise SetupError(f"{self.path} lacks {missing}", _REMEDY)

    def _facts(self) -> dict[str, str]:
        if self._known is None:
            try:
                status = self.path.stat()
            except OSError as error:
                raise SetupError(f"there is no ffmpeg at {self.path}", _REMEDY) from error
            needed = " ".join((*NEEDED_FILTERS, *NEEDED_ENCODERS, *NEEDED_LIBRARIES))  # once we need more, look again
            name = f"{self.path}|{status.st_size}|{status.st_mtime_ns}|{needed}"
            remembered = load_cache(self._cache)
            if name not in remembered:
                remembered[name] = self._examine()
                if not self._read_only:
                    save_cache(self._cache, remembered)
            self._known = dict(remembered[name])
        return self._known

    def _examine(self) -> dict[str, str]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (once on a machine)

        def ask(*args: str) -> str:
            return self.run(args, doing=f"asking for its {args[-1][1:]}").decode()

        try:
            with ThreadPoolExecutor() as pool:
                lists = [pool.submit(ask, "-hide_banner", f"-{kind}") for kind in ("filters", "encoders")]
                version = ask("-version")
                filters, encoders = (listed.result().split() for listed in lists)
        except MediaError as error:
            raise SetupError(f"{self.path} does not run: {error}", _REMEDY) from error
        found = re.match(r"ffmpeg version (\S+)", version)
        if not found:
            raise SetupError(f"{self.path} is not an ffmpeg", _REMEDY)
        missing = [f"the filter {name}" for name in NEEDED_FILTERS if name not in filters]
        missing += [f"the encoder {name}" for name in NEEDED_ENCODERS if name not in encoders]
        missing += [f"the library {name}" for name in NEEDED_LIBRARIES if f"--enable-{name}" not in version.split()]
        return {"version": found[1], "missing": ", ".join(missing)}

    def _run(
        self, args: Sequence[str], doing: str, stdin: bytes | Iterable[bytes] | None, env: Mapping[str, str]
    ) -> tuple[bytes, str]:
        code, stdout, log = self._start(args, stdin, env)
        if code:
            raise MediaError(f"{doing} failed: {_last_words(log) or f'ffmpeg ended with {code}'}")
        return stdout, log

    def _start(
        self, args: Sequence[str], stdin: bytes | Iterable[bytes] | None, env: Mapping[str, str]
    ) -> tuple[int, bytes, str]:
        if stdin is None or isinstance(stdin, bytes):
            given = None if stdin is None else subprocess.PIPE
            with self._process(args, env, given, subprocess.PIPE, subprocess.PIPE) as process:
                stdout, stderr = process.communicate(stdin)
            return process.returncode, stdout, stderr.decode(errors="replace")
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as log,
            self._process(args, env, subprocess.PIPE, out, log) as process,
        ):
            assert process.stdin
            with contextlib.suppress(BrokenPipeError), process.stdin:  # it needs no more, or it has failed
                for piece in stdin:
                    process.stdin.write(piece)
            process.wait()
            return process.returncode, _text(out).encode(), _text(log)

    @contextlib.contextmanager
    def _process(
        self, args: Sequence[str], env: Mapping[str, str], stdin: int | None, stdout: _Stream, stderr: _Stream
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start ffmpeg, and make sure that it is over in the end."""
        try:
            process = subprocess.Popen(
                [str(self.path), *args],
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, **env},
                start_new_session=True,  # Ctrl-C in a terminal is for us: what is being encoded is finished first
            )
        except OSError as error:
            raise SetupError(f"{self.path} does not run: {error.strerror}", _REMEDY) from error
        with _lock:
            _running.add(process)
        try:
            yield process
        finally:
            _end(process)
            if process.stdout:
                process.stdout.close()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _bundled() -> Path:
    """Find imageio-ffmpeg's program without importing it, since it would start the program to try it."""
    spec = importlib.util.find_spec("imageio_ffmpeg")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for program in sorted(Path(folder, "binaries").glob("ffmpeg-*")):
            return program
    raise SetupError("there is no ffmpeg", "install imageio-ffmpeg, or set REELMAKE_FFMPEG to the path of one")


def _last_words(log: str) -> str:
    """Return the end of what ffmpeg said, on one line, without the addresses that differ in every run."""
    lines = [re.sub(r"^\[([^\]@]+) @ 0x[0-9a-f]+\] ", r"\1: ", line).strip() for line in log.splitlines()]
    beside = ("Fontconfig", "Last message repeated", "h264: Codec (h264) not on whitelist")
    lines = [line for line in lines if line and not line.startswith(beside)]
    return " / ".join(dict.fromkeys(lines[-_TOLD_LINES:]))


def load_cache(cache: Path | None) -> dict[str, Any]:
    """Read the cache; whatever cannot be read is found out again."""
    try:
        known = json.loads(read_regular(cache, _MAX_CACHE_BYTES)) if cache else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def save_cache(cache: Path | None, known: Mapping[str, Any]) -> None:
    """Write the cache whole or not at all, and do without where we may not write."""
    if cache is None:
        return
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache.parent, delete=False) as file:
            json.dump(known, file)
        Path(file.name).replace(cache)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that a process is over, with all that it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with _lock:
        _running.discard(process)


def kill_all() -> None:
    """Kill every ffmpeg that runs, waiting for nothing: for a process that leaves at once, from a signal handler.

    Nobody does this for a process that is itself killed (kill -9): what it encodes is then finished, into a folder of
    unfinished things, and swept away later. Linux could kill children with their parent, but only by code that runs
    between fork and exec, which is not safe in a process of many threads.
    """
    for process in _running.copy():  # without the lock: its holder may be the one that was interrupted
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


@atexit.register
def _end_all() -> None:
    with _lock:
        left = list(_running)
    for process in left:
        _end(process)
