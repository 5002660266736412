"""What goes wrong when OpenAI is asked for a script: what is told, and that nothing is sent again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
from calls import a_call
from scripts import PROVIDER, ask, request_for
from vendors.house import OPENAI_KEY
from vendors.server import Vendors

from reelmake.core.errors import AccountError, BusyError, LostError, ProviderError
from reelmake.providers.openai import script

pytestmark = pytest.mark.slow  # many waits and many processes: once is enough, on one Python


@pytest.fixture(autouse=True)
def _forget() -> None:
    """No server was asked before."""
    script._forms.clear()


FAULTS = [
    ("busy", BusyError, "Rate limit"),
    ("wrong_key", AccountError, "check the key"),
    ("quota", AccountError, "add credit"),
    ("server_error", BusyError, "HTTP 500"),
    ("html", LostError, "web page"),
    ("cut", LostError, "did not arrive"),
    ("lost", LostError, "did not arrive"),
    ("hang", LostError, "did not arrive"),
]


@pytest.mark.parametrize(("fault", "error", "told"), FAULTS)
def test_each_fault_is_told_apart_and_nothing_is_sent_again(
    v: Vendors, fault: str, error: type[ProviderError], told: str
) -> None:
    v.fail("openai/script", fault, None)
    with pytest.raises(ProviderError, match=told) as raised:
        ask(v)
    assert type(raised.value) is error
    assert v.count() == 1
    assert OPENAI_KEY not in str(raised.value)


def test_the_server_says_how_long_to_wait(v: Vendors) -> None:
    v.fail("openai/script", "busy", retry_after=7)
    with pytest.raises(BusyError) as raised:
        ask(v)
    assert raised.value.retry_after_seconds == 7


@pytest.mark.parametrize(
    ("fault", "told"),
    [("refusal", "I'm sorry.*change the topic"), ("filtered", "filter stopped it"), ("length", "ran out of tokens")],
)
def test_an_answer_that_cannot_be_used_is_kept_and_says_what_to_do(v: Vendors, fault: str, told: str) -> None:
    v.fail("openai/script", fault)
    request = request_for()
    answer = ask(v, request)
    assert v.count() == 1
    with pytest.raises(ProviderError, match=told) as raised:
        PROVIDER.read(answer.body, request)
    assert raised.value.fix.endswith("bump the episode's take: for another one")


def test_slow_answers_arrive_and_slower_ones_end_at_the_deadline(v: Vendors) -> None:
    v.fail("openai/script", "drip")
    ask(v)
    v.drip_seconds = v.hang_seconds = 20
    for fault in ("drip", "hang"):
        v.fail("openai/script", fault)
        began = time.monotonic()
        with pytest.raises(LostError):
            ask(v, timeout_seconds=0.4)
        assert time.monotonic() - began < 10, "the answer takes 20"


def test_without_a_key_nothing_is_sent(v: Vendors) -> None:
    with pytest.raises(AccountError, match="OPENAI_API_KEY is not set"):
        PROVIDER.ask(request_for(), a_call({"OPENAI_BASE_URL": v.openai_url}))
    assert v.hits == []


@pytest.mark.parametrize("key", ["sk-with\nbreak", "sk-with-\N{BULLET}-bullet"])
def test_a_key_that_cannot_be_sent_is_not_shown(v: Vendors, key: str) -> None:
    with pytest.raises(ProviderError) as raised:
        PROVIDER.ask(request_for(), a_call({"OPENAI_BASE_URL": v.openai_url, "OPENAI_API_KEY": key}))
    assert type(raised.value) is AccountError
    assert "sk-with" not in "".join(traceback.format_exception(raised.value))
    assert v.hits == []


def test_a_server_that_cannot_be_reached_has_done_nothing() -> None:
    with pytest.raises(BusyError, match=r"openai \(at 127\.0\.0\.1:9\): cannot be reached"):
        PROVIDER.ask(request_for(), a_call({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "k"}))


def test_asking_while_another_thread_imports_the_http_library_of_another_vendor_works() -> None:
    """The SDK of OpenAI uses what it finds of httpx, even half of it; scripts and voices are asked for at once."""
    code = """
import importlib.abc, sys, threading, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "httpx._urls":
            begun.set()
            time.sleep(2)

begun = threading.Event()
sys.meta_path.insert(0, Slow())
from calls import a_call
from reelmake.providers.openai import client
import openai
openai.OpenAI(api_key="k")  # now all that it imports is there
assert "httpx" not in sys.modules
thread = threading.Thread(target=__import__, args=("httpx",))
thread.start()
assert begun.wait(60)
client.client(a_call({"OPENAI_API_KEY": "k"}))
"""
    folder = str(Path(__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
