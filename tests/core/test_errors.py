"""What errors say is safe to print, whatever a name in them holds."""

from __future__ import annotations

import pytest

from reelmake.core.errors import BuildError, Problem


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("gpj\u202e.yaml", "gpj\\u202e.yaml"),
        ("a\rb", "a\\rb"),
        ("a\x9b1mb", "a\\x9b1mb"),
        ("空はなぜ 🦊\u200d🎉 é\u00a0x", "空はなぜ 🦊\u200d🎉 é\u00a0x"),
    ],
)
def test_what_steers_a_terminal_is_shown_by_its_code(name: str, shown: str) -> None:
    assert str(Problem(name, 1, f"no {name}", "")) == f"{shown}:1: no {shown}; "
    assert str(BuildError(f"no {name}")) == f"no {shown}"
