"""The reference is what the code says, of everything that an author may write."""

from __future__ import annotations

import nursery
import pytest
from pages import DOCS, ROOT
from pydantic import BaseModel

from reelmake.offline.voice import OfflineVoiceOptions
from reelmake.plan.kinds import KINDS
from reelmake.project.settings import Providers, Settings
from reelmake.providers.elevenlabs.voice import ElevenLabsOptions
from reelmake.spec.model import Background, Caption, Character, Episode, Line, Reel, Sprites, Take

MODELS: list[type[BaseModel]] = [
    Episode,
    Line,
    Take,
    Background,
    Reel,
    Character,
    Sprites,
    Caption,
    OfflineVoiceOptions,
    ElevenLabsOptions,
    Settings,
    Providers,
]


def test_the_reference_is_not_stale() -> None:
    """When this fails, type: uv run python -m tools.make_reference."""
    with nursery.start(["-m", "tools.make_reference", "--check"], ROOT, nursery.clean_env()) as checked:
        told = checked.communicate()
    assert checked.returncode == 0, told


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_says_what_it_is(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_every_kind_of_step_is_in_the_glossary() -> None:
    glossary = (DOCS / "glossary.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"\n| {kind} | " not in glossary] == []
