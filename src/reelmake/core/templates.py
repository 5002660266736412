"""Words for providers, from templates that authors may rewrite.

Templates are Jinja2 in a sandbox: a template sees the values it is given and nothing of the machine. The same values
give the same text on every machine, for ever, since that text is part of a key: what differs from run to run (random
choices, addresses of objects) cannot be written.

A template may come with a pull request, and a short one can ask for any amount of memory and time: `'a' * 9999999999`.
One that only writes its values is rendered here, piece by piece, up to a bound. Everything else that an author wrote
is rendered by a process of its own, which the system ends at bounds of memory and of processor time.
"""

from __future__ import annotations

import atexit
import faulthandler
import importlib.resources
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any, Final, cast

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reelmake.core.errors import InputError, Problem

IMAGE_TEMPLATE: Final = "templates/image.j2"

MAX_CHARACTERS: Final = 100_000  # of a template
MAX_RENDERED_CHARACTERS: Final = 300_000
MAX_MEMORY_BYTES: Final = 512_000_000  # of the process that renders
MAX_SECONDS: Final = 2.0  # of processor time
MORE_SECONDS: Final = 0.02  # for each rendering: many that are slow take no longer than one

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”\u2019)]*\s+")
_NOT_DRAWN = re.compile(r"[^\w\s,%$€£'\u2019.-]|(?<!\w)['\u2019]|['\u2019](?!\w)|[.-](?!\w)")
_EXCLAMATION_WORDS: Final = 2
_LEADING_NOISE = re.compile(r"^(?:(?:well|so|and|but|okay|ok|oh|hey|wow|hmm|look|yes|no)\b[\s,]*)+", re.IGNORECASE)


def image_prompt(template: str, *, subject: str, style: str, title: str, file: str = IMAGE_TEMPLATE) -> str:
    """Return the prompt of a picture, on one line; `file` names the template in errors. Raises InputError."""
    prompt = " ".join(render(template, file=file, subject=subject, style=style, title=title).split())
    if not prompt:
        raise _mistake(file, 1, "the prompt comes out empty", "write {{ subject }} where the picture's subject goes")
    return prompt


def render(template: str, /, *, file: str, **values: object) -> str:
    """Fill in a template: lines without outer or doubled spaces, and without empty lines between them.

    `file` names the template in errors. Raises InputError, with the line, for whatever is wrong with the template:
    its syntax, a name that is not among `values`, an attempt to leave the sandbox.
    """
    text = _rendered(template, file, values)
    return "\n".join(line for raw in text.splitlines() if (line := " ".join(raw.split())))


def subject_of(text: str) -> str:
    """Say what to draw for a line whose author does not: what is spoken, without exclamations, quotes and emoji."""
    sentences = [" ".join(_NOT_DRAWN.sub(" ", sentence).split()) for sentence in _SENTENCE_END.split(text)]
    telling = [sentence for sentence in sentences if len(sentence.split()) > _EXCLAMATION_WORDS]
    drawn = ", ".join(telling or filter(None, sentences)).replace(" ,", ",").strip(" ,.-")
    return _LEADING_NOISE.sub("", drawn) or drawn or " ".join(text.split())


def _rendered(template: str, file: str, values: Mapping[str, object]) -> str:
    if len(template) > MAX_CHARACTERS:
        raise _mistake(file, 1, f"it is longer than {MAX_CHARACTERS} characters", "shorten it")
    return _child.render(template, file, values) if _needs_bounds(template) else _text(template, file, values)


def _text(template: str, file: str, values: Mapping[str, object]) -> str:
    pieces, length = list[str](), 0
    try:
        stream = cast("Generator[str]", _compiled(template).generate(values))
        for piece in stream:
            pieces.append(piece)
            length += len(piece)
            if length > MAX_RENDERED_CHARACTERS:  # raised inside of the template, for the line
                stream.throw(ValueError(f"it comes out as more than {MAX_RENDERED_CHARACTERS} characters"))
    except TemplateSyntaxError as error:
        raise _mistake(file, error.lineno, str(error.message), "correct it, or delete the file") from error
    except MemoryError as error:
        raise _mistake(file, _line_of(error), _TOO_MUCH, _SHORTEN) from error
    except Exception as error:  # whatever a template does wrong is for its author to mend
        what = str(error) or type(error).__name__
        names = ", ".join(sorted(values))
        raise _mistake(file, _line_of(error), what, f"correct it; it may use {names}") from error
    return "".join(pieces)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    """Return what templates run in: nothing of them runs before they are rendered, not even what is constant."""
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=_written, autoescape=False, optimized=False
    )
    del made.globals["lipsum"], made.filters["random"]
    return made


@lru_cache(maxsize=16)
def _compiled(template: str) -> Template:
    return _environment().from_string(template)


_LINEAR: Final = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.Not)
_LINEAR_FILTERS: Final = ("upper", "lower", "trim", "capitalize")


@lru_cache(maxsize=16)
def _needs_bounds(template: str) -> bool:
    """Say whether a template does more than writing its values: only then it may take more than its length.

    One with a mistake in its syntax is refused before any of it runs; one that ships along is known.
    """
    if template in _shipped():
        return False
    try:
        left: list[nodes.Node] = [_environment().parse(template)]
    except TemplateSyntaxError:
        return False
    except (RecursionError, ValueError):
        return True
    while left:
        node = left.pop()
        is_filter = isinstance(node, nodes.Filter) and node.name in _LINEAR_FILTERS and not node.args
        if not (is_filter or isinstance(node, _LINEAR)):
            return True
        left += node.iter_child_nodes()
    return False


@cache
def _shipped() -> frozenset[str]:
    folder = importlib.resources.files("reelmake") / "templates"
    return frozenset(file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".j2"))


_TOO_MUCH: Final = f"it takes more than {MAX_MEMORY_BYTES // 1_000_000} MB of memory"
_TOO_LONG: Final = f"it takes more than {MAX_SECONDS:.0f} seconds"
_SHORTEN: Final = "make it simpler: a prompt is some lines of text"
# What the process that renders needs of the environment; vendors' keys are there too.
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LC_ALL", "LANG")


class _Child:
    """A process that renders templates, for as long as this one runs; a template that ended it is not tried again."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._ended: dict[str, tuple[int, str]] = {}
        self._lock = threading.Lock()

    def render(self, template: str, file: str, values: Mapping[str, object]) -> str:
        """Fill in a template; raises InputError."""
        with self._lock:
            if template not in self._ended:
                answer = self._answer(json.dumps([template, values]))
                if answer is None:
                    self._ended[template] = self._last_words(template)
                elif isinstance(answer, str):
                    return answer
                else:
                    line, what, fix = answer
                    raise InputError((Problem(file, line, what, fix),))
            raise _mistake(file, *self._ended[template], _SHORTEN)

    def end(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.communicate()
        self._process = None

    def _answer(self, row: str) -> Any:
        """Return a text, or the line, mistake and remedy; None when the process has ended."""
        if self._process is None:
            self._process = subprocess.Popen(
                # -P: what lies in the current folder, such as a jinja2.py, is not for import
                [sys.executable, "-P", "-W", "ignore", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                start_new_session=True,  # Ctrl-C in a terminal is for us
            )
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{row}\n".encode())
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        return json.loads(answer) if answer.endswith(b"\n") else None

    def _last_words(self, template: str) -> tuple[int, str]:
        """Return the line of the template at which the process ended, and why."""
        process, self._process = self._process, None
        assert process
        with suppress(BrokenPipeError):
            traceback = process.communicate()[1].decode("utf-8", "replace")
        what = _TOO_LONG if process.returncode == -signal.SIGPROF else f"it ends Python ({process.returncode})"
        found = re.search(r'File "<template>", line (\d+)', traceback)
        return _compiled(template).get_corresponding_lineno(int(found[1])) if found else 1, what


_child = _Child()
atexit.register(_child.end)


def _serve() -> None:
    """Render a template for each row of stdin, within the bounds. Run by `_Child`."""
    with suppress(ValueError, OSError):  # macOS knows no such bound
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MAX_MEMORY_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable(all_threads=False)
    faulthandler.register(signal.SIGPROF, all_threads=False, chain=True)  # says where it was, and the process ends
    left_seconds = MAX_SECONDS
    for row in sys.stdin.buffer:
        template, values = json.loads(row)
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, left_seconds)
        answer: object
        try:
            answer = _text(template, "", values)
        except InputError as error:
            (mistake,) = error.problems
            answer = mistake.line, mistake.what, mistake.fix
        signal.setitimer(signal.ITIMER_PROF, 0)
        left_seconds = min(MAX_SECONDS, left_seconds + MORE_SECONDS - (time.process_time() - began))
        left_seconds = max(left_seconds, MORE_SECONDS)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


@pass_context  # so that nothing that is constant is written, or computed, when a template is compiled
def _written(_: Context, value: Any) -> Any:
    if isinstance(value, str | int | float | Undefined):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be written, only text and numbers")


def _line_of(error: Exception) -> int:
    """Return the template's line where an error arose; jinja2 maps tracebacks back to it."""
    line, at = 1, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "<template>":
            line = at.tb_lineno
        at = at.tb_next
    return line


def _mistake(file: str, line: int, what: str, fix: str) -> InputError:
    return InputError((Problem(file, line, f"the template cannot be used: {what.rstrip('.')}", fix),))


if __name__ == "__main__":
    _serve()
