"""Text as YAML has it, for specs that are written for authors."""

from __future__ import annotations

import yaml


def scalar(text: str) -> str:
    """Return a text as YAML writes it on one line, in quotes where it needs them."""
    return yaml.safe_dump(text, allow_unicode=True, width=1_000_000).removesuffix("...\n").strip()
