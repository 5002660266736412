"""The stand-in's voice keeps the contract: what the page about providers shows of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from standin_server import Standin

from reelmake.providers.testing import CHECKS, Check, Subject


@pytest.fixture(scope="module")
def voice() -> Iterator[Subject]:
    with Standin() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STANDIN_URL", server.url)
        yield Subject("voice", "standin", others={"tone": 440}, billed=server.count)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_voice_keeps_the_contract(check: Check, voice: Subject) -> None:
    check(voice)
