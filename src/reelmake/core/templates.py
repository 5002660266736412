"""Words for providers, from templates that authors may rewrite.

Templates are Jinja2 in a sandbox: a template sees the values it is given and nothing of the machine. The same values
give the same text on every machine, for ever, since that text is part of a key: what differs from run to run (random
choices, addresses of objects) cannot be written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reelmake.core.errors import InputError, Problem

IMAGE_TEMPLATE: Final = "templates/image.j2"

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
    try:
        return _compiled(template).render(values)
    except TemplateSyntaxError as error:
        raise _mistake(file, error.lineno, str(error.message), "correct it, or delete the file") from error
    except Exception as error:  # whatever a template does wrong is for its author to mend
        what = str(error) or type(error).__name__
        names = ", ".join(sorted(values))
        raise _mistake(file, _line_of(error), what, f"correct it; it may use {names}") from error


@lru_cache(maxsize=16)
def _compiled(template: str) -> Template:
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=_written, autoescape=False)
    del made.globals["lipsum"], made.filters["random"]
    return made.from_string(template)


def _written(value: Any) -> Any:
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
