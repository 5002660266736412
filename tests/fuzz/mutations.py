"""Valid examples with mistakes in them: random bytes alone end at the first check that anything makes."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

Draw = st.DrawFn
Content = TypeVar("Content", str, bytes)

MOST_CHANGES: Final = 5
LONGEST_RUN: Final = 20_000

# What readers stumble over: numbers without bound, half characters, controls, signs that begin something, nesting.
TOKENS: Final = (
    *"{}[]()<>\"'`,:;#&*!|%@~_-=+/\\$.? \t\n\r\0",
    *("-1", "0", "1e999", "-1e999", "NaN", "Infinity", "1e-400", "0x10", "1_0", "9" * 5000, "1E+999999", "٣", "²", "½"),
    *(
        "\u2028",
        "\x85",
        "\x1b[0m",
        "\ufeff",
        "\u202e",
        "\u200d",
        "\ufffe",
        "é",
        "e\u0301",
        "日本",
        "👩\u200d🚀",
        "İ",
        "ẞ",
    ),
    *("null", "true", "---", "...", "!!python/object:os.system", "&a", "*a", "<<", "{{", "}}", "{%", "%}", "{#", "../"),
    *("/dev/zero", "https://", "data:", "%s", "%1000000000d", "$5", "1,000,000", "3/4", "12:30", "1999-12-31", "N/A"),
)
WEIRD: Final[Sequence[Any]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**64), 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", " ", "\0", "\ud800", "\u2028", "x" * 5000, "9" * 5000, "1E+999999", "NaN", "-1", "../..", "data:,", "{", "é"),
    *([], {}, [[]], [None], {"": None}, [{}], {"lines": []}, [1e308] * 50, [["a"]] * 50),
)
NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def _changed(draw: Draw, content: Content, others: Sequence[Content], tokens: Sequence[Content]) -> Content:
    """Return a content with one change: a part is left out, doubled, repeated, replaced, or taken from another."""
    begin = draw(st.integers(0, len(content)))
    end = min(len(content), begin + draw(st.sampled_from((0, 1, 1, 2, 4, 8, 40, len(content)))))
    part = content[begin:end]
    kind = draw(st.integers(0, 5))
    if kind == 0:
        part = content[:0]
    elif kind == 1:
        times = draw(st.sampled_from((2, 3, 20, 5000)))
        part *= min(times, LONGEST_RUN // max(1, len(part)) + 1)
    elif kind == 2:
        part = draw(st.sampled_from(tokens)) * draw(st.sampled_from((1, 1, 1, 3, 2000)))
    elif kind == 3:
        other = draw(st.sampled_from(others))
        at = draw(st.integers(0, len(other)))
        part = other[at : at + 80]
    else:
        part = draw(st.sampled_from(tokens))
    return content[:begin] + part + content[end:]


@st.composite
def texts(draw: Draw, examples: Sequence[str], tokens: Sequence[str] = ()) -> str:
    """Return an example, changed in a few places."""
    content = draw(st.sampled_from(examples))
    for _ in range(draw(st.integers(0, MOST_CHANGES))):
        content = _changed(draw, content, examples, (*TOKENS, *tokens))
    return content


@st.composite
def contents(draw: Draw, examples: Sequence[bytes], tokens: Sequence[bytes] = ()) -> bytes:
    """Return a file or an answer, changed in a few places; near its beginning, where headers are, most of all."""
    content = draw(st.sampled_from(examples))
    numbers = [number.to_bytes(size, order) for number in NUMBERS for size in (4,) for order in ("little", "big")]
    for _ in range(draw(st.integers(0, MOST_CHANGES))):
        if draw(st.booleans()):
            at = draw(st.integers(0, min(len(content), 80)))
            number = draw(st.sampled_from(numbers))[: draw(st.sampled_from((1, 2, 4)))]
            content = content[:at] + number + content[at + len(number) :]
        else:
            content = _changed(draw, content, examples, (*(token.encode() for token in TOKENS), *numbers, *tokens))
    return content


@st.composite
def documents(draw: Draw, examples: Sequence[Any]) -> Any:
    """Return JSON with a few values changed: replaced, left out, doubled, nested, or under another name."""
    root = {"": copy.deepcopy(draw(st.sampled_from(examples)))}
    for _ in range(draw(st.integers(1, MOST_CHANGES))):
        holder: Any = root
        place: Any = ""
        while isinstance(holder[place], dict | list) and holder[place] and draw(st.integers(0, 3)):
            holder = holder[place]
            place = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        kind = draw(st.integers(0, 6))
        if kind == 0 and holder is not root:
            del holder[place]
        elif kind == 1 and isinstance(holder, list):
            holder *= draw(st.sampled_from((2, 30)))
        elif kind == 2:
            for _ in range(draw(st.sampled_from((1, 1, 50, 400)))):
                holder[place] = [holder[place]]
        elif kind == 3 and isinstance(holder, dict) and holder is not root:
            holder[draw(st.sampled_from(("schema", "\ud800", "\0", "", "id", "a" * 300)))] = holder[place]
        elif kind == 4 and isinstance(holder[place], str):
            holder[place] = draw(texts([holder[place]]))
        else:
            holder[place] = copy.deepcopy(draw(st.sampled_from(WEIRD)))
    return root[""]


@st.composite
def json_texts(draw: Draw, examples: Sequence[Any]) -> str:
    """Return the text of JSON with mistakes: in its values, and sometimes in how it is written."""
    text = json.dumps(draw(documents(examples)), ensure_ascii=draw(st.booleans()))
    text = text.encode("utf-8", "replace").decode()
    return draw(texts([text])) if draw(st.integers(0, 3)) == 0 else text
