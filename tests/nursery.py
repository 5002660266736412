"""Starts Python programs quickly: a process that has imported everything once, and forks for each of them.

`start(["-m", "doit", ...], cwd, env)` returns a real process that runs the real program: it can be killed,
interrupted, waited for and talked to as any other Popen. What it does not have is an interpreter of its own, to begin
one and to take it apart: one with another hash seed, or anything else that PYTHON... variables set but PYTHONPATH, is
started anew.

`for_shells(folder)` has what a shell starts by name forked as well: `doit`, `reelmake` and the two stages. These find
the offline voices loaded, which takes longer than to speak; no thread belongs to a voice, so a fork has it whole.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
in_use = False  # by tests it is; a bench measures what users wait for, imports and all
# What most programs import sooner or later. The SDKs alone take longer than all else that a small build does.
MODULES = (
    "PIL.BmpImagePlugin PIL.GifImagePlugin PIL.ImageDraw PIL.ImageFilter PIL.ImageFont PIL.ImageOps "
    "PIL.JpegImagePlugin PIL.PngImagePlugin PIL.PpmImagePlugin boto3.session botocore.client botocore.endpoint "
    "doit.doit_cmd doit.cmd_run dotenv.main elevenlabs.client elevenlabs.environment encodings.idna genai_prices httpx "
    "httpx2 jinja2 numpy numpy.random openai openai.resources.chat openai.resources.images rich.console rich.live "
    "rich.table structlog tenacity typer reelmake.project.advise reelmake.cli.app reelmake.engine.makers "
    "reelmake.media.loudness reelmake.media.mix reelmake.providers.elevenlabs.speech reelmake.providers.fal.image "
    "reelmake.providers.openai.image reelmake.providers.openai.script reelmake.engine.readers reelmake.api.dialogue "
    "reelmake.api.video reelmake.tasks.command reelmake.tasks.forecast reelmake.tasks.loader pydub.silence"
)
CODE = f"""
import atexit, contextlib, gc, importlib, json, os, runpy, select, signal, socket, sys, threading, traceback

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # programs are forked from here, and a fork has none of its threads
for name in {MODULES!r}.split():
    importlib.import_module(name)
from genai_prices import Usage, calc_price
calc_price(Usage(input_tokens=1), "gpt-6-luna", provider_id="openai")
gc.collect()
gc.freeze()

orders = socket.socket(fileno=int(sys.argv[1]))
woken, wakes = os.pipe()
os.set_blocking(wakes, False)
signal.signal(signal.SIGCHLD, lambda *_: None)
signal.set_wakeup_fd(wakes)
ends = {{}}
child = None
while child != 0:
    ready, _, _ = select.select([orders, woken], [], [])
    if woken in ready:
        os.read(woken, 1024)
        while ends:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            with open(ends.pop(pid), "w") as end:
                end.write(str(status))
    if orders in ready:
        order, fds, _, _ = socket.recv_fds(orders, 1 << 20, 4)
        if not order:
            os._exit(0)
        order = json.loads(order)
        if order["args"][0] == "":
            from reelmake.offline.speaking import ENGINES, engine

            for voice in ENGINES:
                engine(voice)
        if (child := os.fork()) != 0:
            for fd in fds[:3]:
                os.close(fd)
            ends[child] = fds[3]
            os.write(fds[3], f"{{child}}\\n".encode())

signal.set_wakeup_fd(-1)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
orders.close()
os.close(woken)
os.close(wakes)
for fd in ends.values():
    os.close(fd)
for number, fd in enumerate(fds[:3]):
    os.dup2(fd, number)
for fd in fds:
    os.close(fd)
os.chdir(order["cwd"])
paths = [os.environ.get("PYTHONPATH", "").split(os.pathsep), order["env"].get("PYTHONPATH", "").split(os.pathsep)]
os.environ.clear()
os.environ.update(order["env"])
sys.path[:] = [order["cwd"], *paths[1], *(one for one in sys.path[1:] if one not in paths[0])]
sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
if any(os.path.exists(os.path.join(one, "sitecustomize.py")) for one in paths[1]):
    import sitecustomize
option, program, *sys.argv[1:] = order["args"]
code = 0
try:
    if option == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    elif option == "-c":
        exec(program, {{"__name__": "__main__"}})
    else:
        sys.path[0], sys.argv[0] = os.path.split(program)[0], program
        runpy.run_path(program, run_name="__main__")
except SystemExit as end:
    if not isinstance(end.code, int | None):
        raise
    code = end.code or 0
# What an interpreter does at its end, but for taking everything apart: that would copy most of what was forked.
try:
    threading._shutdown()
except BaseException:
    traceback.print_exc()
atexit._run_exitfuncs()
with contextlib.suppress(OSError, ValueError):  # they cannot be written to any more: Python tells it
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os._exit(code & 0xFF)
sys.exit(code)
"""
NAMES = ("doit", "reelmake", "dialogue_api", "video_from_dialogue_api")
# What a shell finds under these names. Signals end it alone, and not what it has started.
DOOR = """#!{python} -ISB
import json, os, socket, sys

env = dict(os.environ)
number = int(env.pop("NURSERY"))
order = {{"args": ["", {program!r}, *sys.argv[1:]], "cwd": os.getcwd(), "env": env}}
ours, theirs = os.pipe()
with socket.socket(fileno=number) as orders:
    socket.send_fds(orders, [json.dumps(order).encode()], [0, 1, 2, theirs])
os.close(theirs)
with open(ours) as end:
    end.readline()
    code = os.waitstatus_to_exitcode(int(end.read()))
sys.exit(code if code >= 0 else 128 - code)
"""


def clean_env() -> dict[str, str]:
    """Return the environment of programs under test: nothing of ours from outside, the stand-ins, warnings are errors.

    With PYTHONDONTWRITEBYTECODE, every build would compile every module.
    """
    ours = ("REELMAKE_", "DOIT_", "S3_", "AWS_", "B2_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = os.pathsep.join(filter(None, (str(HERE / "standin"), os.environ.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, "PYTHONWARNINGS": "error", "CI": "1"}


def of_interpreter(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that set up an interpreter, but for those that the nursery sees to after it has forked."""
    later = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in env.items() if name.startswith("PYTHON") and name not in later}


class Nursery:
    """Where programs are started whose interpreter is set up as `env` says."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = of_interpreter(env)
        self.orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            fd = theirs.fileno()
            command = [sys.executable, "-c", CODE, str(fd)]
            self.process = subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL, pass_fds=[fd])

    def has(self, env: Mapping[str, str]) -> bool:
        """Say whether a program with this environment can be started here."""
        return self.env == of_interpreter(env)

    def end(self) -> None:
        """End it, and wait until it is over; a program that it has started goes on."""
        self.orders.shutdown(socket.SHUT_RDWR)  # children may have this end, too: to close ours would not end it
        self.orders.close()
        self.process.wait()


@functools.cache
def nursery() -> Nursery:
    """Return the nursery of this test process, which ends with it."""
    made = Nursery(clean_env())
    atexit.register(made.end)
    return made


def for_shells(folder: Path) -> tuple[dict[str, str], int]:
    """Put doors to the nursery into a folder for a PATH; returns the variables they need, and the file they inherit."""
    for name in NAMES:
        program = Path(sys.executable).parent / name
        (folder / name).write_text(DOOR.format(python=sys.executable, program=str(program)), "utf-8")
        (folder / name).chmod(0o755)
    orders = nursery().orders.fileno()
    return {"NURSERY": str(orders)}, orders


def start(args: list[str], cwd: Path, env: Mapping[str, str], stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start a Python program, with pipes for what it says; `args` begin with -m and a module, or -c and code."""
    pipe = subprocess.PIPE
    if in_use and nursery().has(env):
        return Fledgling(args, cwd=cwd, env=env, stdin=stdin, stdout=pipe, stderr=pipe, text=True)
    command = [sys.executable, *args]
    return subprocess.Popen(command, cwd=cwd, env=env, stdin=stdin, stdout=pipe, stderr=pipe, text=True)


class Fledgling(subprocess.Popen[str]):
    """A program that was forked instead of started; its parent tells us through a pipe how it ended."""

    _waitpid_lock: AbstractContextManager[bool]
    _handle_exitstatus: Callable[[int], None]
    _close_pipe_fds: Callable[..., None]

    def _execute_child(self, args: Any, *more: Any) -> None:
        _, _, _, _, cwd, env, _, _, _, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *_ = more
        ours, theirs = os.pipe()
        self._end: IO[str] = os.fdopen(ours, encoding="ascii")
        self._status: int | None = None
        order = json.dumps({"args": args, "cwd": str(cwd), "env": dict(env)}).encode()
        streams = [own if fd == -1 else fd for own, fd in enumerate((p2cread, c2pwrite, errwrite))]
        try:
            socket.send_fds(nursery().orders, [order], [*streams, theirs])
        finally:
            os.close(theirs)
        self.pid = int(self._end.readline())
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        with self._waitpid_lock:
            if self.returncode is None and self._try_wait(os.WNOHANG) != (0, 0):
                self._handle_exitstatus(self._status or 0)
        return self.returncode

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._status is None:
            if wait_flags == os.WNOHANG and not select.select([self._end], [], [], 0)[0]:
                return 0, 0
            with self._end:
                self._status = int(self._end.read())
        return self.pid, self._status
