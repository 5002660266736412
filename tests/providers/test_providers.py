"""The contract testing, on every provider that ships and on stand-ins; and that each of its checks can fail."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from standin_server import Standin
from vendors.server import Vendors
from wrong_providers import BILLED, GOOD, KEY, WRONG

from reelmake import providers
from reelmake.providers import PROVIDERS, testing
from reelmake.providers.testing import Subject

TEMPLATES = importlib.resources.files("reelmake") / "templates"
SUBJECT_AND_STYLE = {"subject": "an owl", "style": "neon"}  # the prompt holds both
CAST_STYLE = {"style": "neon"}


def template(provider: str) -> Mapping[str, Any]:
    return {"template": (TEMPLATES / f"script.{provider}.j2").read_text("utf-8")}


SUBJECTS: Mapping[str, Mapping[str, Any]] = {
    "script.offline": {"asked": template("offline")},
    "voice.offline": {"others": {"voice": "joe", "pitch": 1.1, "formant": 1.05, "speed": 1.2}},
    "image.offline": {},
    "script.openai": {
        "asked": template("openai"),
        "irrelevant": CAST_STYLE,
        "others": {
            "model": "gpt-6.1-terra",
            "reasoning_effort": "low",
            "max_line_characters": 100,
            "max_output_tokens": 5000,
        },
    },
    "image.openai": {
        "irrelevant": SUBJECT_AND_STYLE,
        "others": {"model": "gpt-image-2.5-sunburst", "quality": "low", "moderation": "low"},
    },
    "image.fal": {
        "irrelevant": SUBJECT_AND_STYLE,
        "others": {"model": "fal-ai/flux/schnell", "steps": 4, "guidance": 3.5},
    },
    "voice.elevenlabs": {
        "options": {"voice_id": "voice-ada"},
        "irrelevant": {"language": "en-GB"},
        "timeout_seconds": 4.0,
        "others": {
            "voice_id": "voice-max",
            "model": "eleven_v4",
            "stability": 0.5,
            "similarity_boost": 0.5,
            "style": 0.5,
            "speed": 1.1,
            "use_speaker_boost": True,
            "apply_text_normalization": "off",
        },
    },
    "script.standin": {},
    "image.standin": {},
}


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with Vendors() as v:
        yield v
        assert v.violations == []


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STANDIN_URL", server.url)
        yield server


@pytest.fixture(scope="module", params=SUBJECTS)
def subject(request: pytest.FixtureRequest, vendors: Vendors, standin: Standin) -> Subject:
    """Each provider; the ones that call somebody call the stand-ins, whose books say what was billed."""
    kind, name = request.param.split(".")
    more: dict[str, Any] = dict(SUBJECTS[request.param])
    if name == "standin":
        more["billed"] = lambda: standin.count(kind)
    elif name != "offline":
        more |= {"variables": vendors.env(), "billed": lambda: vendors.billed_count(name, kind)}
    return Subject(kind, name, **more)


@pytest.mark.parametrize("check", testing.CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_every_provider_keeps_the_contract(check: testing.Check, subject: Subject) -> None:
    check(subject)


def test_every_provider_that_ships_is_here() -> None:
    assert set(PROVIDERS) <= set(SUBJECTS)


# the suite itself


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that registers the providers of wrong_providers.py, each under its own name."""
    told = [(kind, made) for cases in WRONG.values() for kind, made, _ in cases if made]
    lines = {
        f"{kind}.{made.__name__.lower()} = wrong_providers:{made.__name__}" for kind, made in [*told, *GOOD.items()]
    }
    info = tmp_path / "wrong-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wrong\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[reelmake.providers]\n" + "\n".join(sorted(lines)) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for cached in (providers.registered, providers.provider):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (providers.registered, providers.provider):
        cached.cache_clear()


def acme(kind: str, name: str) -> Subject:
    return Subject(
        kind,
        name,
        others={"model": "acme-2"},
        irrelevant={"subject": "an owl"} if kind == "image" else {},
        variables={"ACME_KEY": KEY, "acme key": KEY},
        billed=lambda: len(BILLED),
    )


CASES = [(check, *case) for check, cases in WRONG.items() for case in cases]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("check", "kind", "made", "told"),
    CASES,
    ids=[f"{made.__name__ if made else 'nobody'}-{check}" for check, _, made, _ in CASES],
)
def test_each_check_can_fail_and_says_why(check: str, kind: str, made: type | None, told: str) -> None:
    (check_it,) = (one for one in testing.CHECKS if one.__name__ == check)
    with pytest.raises(AssertionError) as raised:
        check_it(acme(kind, made.__name__.lower() if made else "nobody"))
    assert told in str(raised.value)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("kind", GOOD)
def test_what_is_right_passes(kind: str) -> None:
    subject = acme(kind, kind)
    for check in testing.CHECKS:
        check(subject)
    assert len(BILLED) >= 1
    json.dumps(subject.request)


def test_every_check_has_something_that_fails_it() -> None:
    assert set(WRONG) == {check.__name__ for check in testing.CHECKS}


def test_an_option_without_another_value_is_asked_for() -> None:
    with pytest.raises(AssertionError, match="another value for formant, pitch, speed, voice"):
        testing.requests.check_its_shape_holds_what_matters(Subject("voice", "offline"))


def test_secrets_have_to_be_given() -> None:
    with pytest.raises(AssertionError, match="give FAL_KEY"):
        testing.requests.check_its_settings_are_well_formed(Subject("image", "fal"))
