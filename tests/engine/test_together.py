"""All vendors asked at the same moment, while their SDKs are still being loaded: as a build does after a script."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from vendors.server import Vendors

CODE = """
import os, sys, threading
sys.path[:0] = sys.argv[2:]
from concurrent.futures import ThreadPoolExecutor
from calls import a_call
from reelmake.providers import provider
from reelmake.providers.testing.subject import Subject

ASKED = [("voice", "elevenlabs"), ("image", "openai"), ("image", "fal")] * 4
TEMPLATE = {"template": "Write a script as JSON. TOPIC: moths CAST: ada, max LINES: 3"}
together = threading.Barrier(len(ASKED))

def ask(one):
    at, (kind, name) = one
    options = {"voice_id": "voice-ada"} if kind == "voice" else {}
    generic = Subject(kind, name, options=options).example(take=at + 1, **(TEMPLATE if kind == "script" else {}))
    performer = provider(kind, name)
    request = performer.shape(generic)
    if kind != "script":
        together.wait()
    try:
        return len(performer.ask(request, a_call(os.environ)).body) > 100
    except Exception as error:
        return f"{kind}.{name}: {error}"

first = ask((0, ("script", "openai"))) if sys.argv[1] == "after a script" else True
with ThreadPoolExecutor(len(ASKED)) as pool:
    print({first, *pool.map(ask, enumerate(ASKED))})
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["after a script", "at the start"])
def test_all_get_their_answers(v: Vendors, when: str) -> None:
    command = [sys.executable, "-c", CODE, when, *sys.path]
    done = subprocess.run(command, env={**os.environ, **v.env()}, check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("{True}\n", "")
    assert v.billed_count() == 12 + (when == "after a script")
