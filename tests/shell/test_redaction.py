"""What is taken for a part of a key, and what is a name that happens to look like one."""

from __future__ import annotations

import pytest

from reelmake.logs import redact


@pytest.mark.parametrize(
    "told",
    [
        "Incorrect API key provided: sk-proj-4f5e****9c2a.",
        'the header "xi_0123456789abcdef" is wrong',
        "api:sk-0123456789",
        "sk-proj-0123456789-abc is wrong",
        "use key-0123456789abcdef",
    ],
)
def test_parts_of_keys_are_not_shown(told: str) -> None:
    assert "[secret]" in redact(told)
    assert "0123456789" not in redact(told)


@pytest.mark.parametrize(
    "told",
    [
        "voice:one:ada-this-is-the-key-to-everything-9ef5c1d0 failed",
        "video:key-features-2024 made",
        "episodes/key-features-2024.yaml:3: unknown name",
        "fal: there is no fal-ai/z-image/turbo",
        "voice:one:louis-xi-the-spider-king-0123abcd restored",
        "episodes/fal-and-winter.yaml:3: unknown name",
    ],
)
def test_names_of_steps_and_files_are_shown(told: str) -> None:
    assert redact(told) == told
