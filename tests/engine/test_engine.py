"""One action, performed: asked at most once, kept before it is read, never kept when it may be wrong."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reelmake_standin import StandinVoice
from standin_server import ANSWERS, Standin

from reelmake.core.errors import BuildError, ProviderError
from reelmake.core.keys import Action
from reelmake.engine.engine import Context, perform
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.providers.base import Answer, Call, Request
from reelmake.store.base import Store
from reelmake.store.local import LocalStore
from reelmake.store.memory import MemoryStore


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def context(tmp_path: Path, vendor: Standin, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("STANDIN_URL", vendor.url)
    return make_context(tmp_path, LocalStore(tmp_path / "store"))


def make_context(root: Path, store: Store, digest: Callable[[Path], str] = sha256) -> Context:
    context = Context(root, store, Ffmpeg(), digest)
    context.work.mkdir(parents=True, exist_ok=True)
    return context


def voice(text: str = "Hello there") -> Action:
    request = {"provider": "standin", "text": text, "language": "en", "voice": {"tone": 220}, "take": 1}
    return Action("voice", 1, request, {}, {"sound": "out/a.wav", "words": "out/a.words.json"})


def background(root: Path) -> Action:
    from PIL import Image

    Image.new("RGB", (32, 32), (40, 80, 120)).save(root / "still.png")
    request = {"size": [144, 256], "fps": 30, "ffmpeg": "any"}
    return Action("background", 1, request, {"file": "still.png"}, {"background": "out/background.mp4"})


def test_a_step_is_asked_for_once(context: Context, vendor: Standin) -> None:
    assert perform(voice(), context) == "made"
    (context.root / "out/a.wav").unlink()
    assert perform(voice(), context) == "restored"
    assert (context.root / "out/a.wav").is_file()
    assert vendor.count() == 1
    (receipt,) = context.store.receipts()
    assert (receipt.kind, receipt.provider, receipt.units) == ("voice", "standin", {"characters": 11})


def test_the_words_of_a_voice_are_on_the_samples_of_its_sound(context: Context) -> None:
    perform(voice(), context)
    spoken = json.loads((context.root / "out/a.words.json").read_text())
    assert [word["text"] for word in spoken["words"]] == ["Hello", "there"]
    assert spoken["words"][0]["start_samples"] == 0
    assert abs(spoken["words"][1]["start_samples"] - 12_000) <= 1
    assert spoken["samples"] == pytest.approx(24_000, abs=480)


def test_an_answer_that_cannot_be_read_is_kept_and_not_paid_for_again(
    context: Context, vendor: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ANSWERS, "voice", lambda _: json.dumps({"audio": "", "words": []}).encode())
    for _ in range(3):
        with pytest.raises(BuildError):
            perform(voice(), context)
    assert vendor.count() == 1
    assert len(list(context.store.receipts())) == 1
    assert not (context.root / "out").exists()


@pytest.mark.parametrize(
    ("units", "usd", "kept"),
    [
        ({"seconds": 1.5}, 0.1, ({"seconds": Decimal("1.5")}, Decimal("0.1"))),
        ({"characters": np.int64(5)}, Decimal("0.30"), ({"characters": 5}, Decimal("0.30"))),
        ({"characters": Decimal(7)}, None, ({"characters": 7}, None)),
        ({"characters": "many", "x": None, "y": float("nan"), "z": True}, "free", ({}, None)),
    ],
)
def test_however_a_provider_tells_what_it_counted_it_is_asked_once(
    context: Context, monkeypatch: pytest.MonkeyPatch, units: dict[str, Any], usd: Any, kept: tuple[Any, Any]
) -> None:
    ask, calls = StandinVoice.ask, []

    def answer(self: StandinVoice, request: Request, call: Call) -> Answer:
        calls.append(request)
        return Answer(ask(self, request, call).body, units, usd)

    monkeypatch.setattr(StandinVoice, "ask", answer)
    for _ in range(3):
        perform(voice(), context)
    assert len(calls) == 1
    (receipt,) = LocalStore(context.root / "store").receipts()
    assert (receipt.units, receipt.usd) == kept


def test_what_was_paid_for_and_is_damaged_is_made_again_and_told(
    context: Context, vendor: Standin, capfd: pytest.CaptureFixture[str]
) -> None:
    perform(voice(), context)
    (receipt,) = context.store.receipts()
    blob = context.root / "store" / "blobs" / receipt.blob[:2] / receipt.blob
    blob.chmod(0o600)
    blob.write_bytes(b"rust")
    (context.root / "out/a.wav").unlink()
    assert perform(voice(), context) == "made"
    assert vendor.count() == 2
    assert "is gone or damaged in the store" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "it has 0 lines, not 1 to 3"),
        ([{"character": "narrator", "text": "Hi", "image": ""}], "'narrator' speaks, who is not of its cast: ada, max"),
        ([{"character": "ada", "text": "Hi", "image": ""}] * 201, "it has 201 lines"),
        ([{"character": "ada", "text": " ", "image": ""}], "String should have"),
    ],
)
def test_a_script_that_cannot_be_used_says_why_and_is_not_asked_for_again(
    context: Context, vendor: Standin, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, str]], why: str
) -> None:
    monkeypatch.setitem(ANSWERS, "script", lambda _: json.dumps({"lines": lines}).encode())
    cast = [{"id": "ada"}, {"id": "max"}]
    action = Action("script", 1, {"provider": "standin", "lines": 3, "cast": cast}, {}, {"script": "out/script.json"})
    for _ in range(2):
        with pytest.raises(ProviderError, match=f"cannot be used: .*{why}"):
            perform(action, context)
    assert vendor.count() == 1


def test_a_refused_request_leaves_nothing_behind(context: Context, vendor: Standin) -> None:
    vendor.refuse.add(("voice", "Hello"))
    with pytest.raises(ProviderError, match="stand-in said"):
        perform(voice(), context)
    assert list(context.store.receipts()) == []
    assert list(context.work.iterdir()) == []


def test_many_threads_share_one_answer(context: Context, vendor: Standin) -> None:
    vendor.seconds["voice"] = 0.3
    outcomes: list[str] = []
    threads = [threading.Thread(target=lambda: outcomes.append(perform(voice(), context))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made"] + ["restored"] * 7
    assert vendor.count() == 1


def test_a_damaged_blob_is_made_again_and_healed(context: Context, vendor: Standin) -> None:
    perform(voice(), context)
    (blob,) = (context.root / "store/blobs").glob("*/*")
    blob.chmod(0o644)
    blob.write_bytes(b"broken")
    assert perform(voice(), context) == "made"
    assert vendor.count() == 2
    assert perform(voice(), context) == "restored"


def test_what_cost_nothing_and_is_damaged_has_no_bill_when_it_is_made_again(tmp_path: Path) -> None:
    context = make_context(tmp_path, LocalStore(tmp_path / "store"))
    action = background(tmp_path)
    perform(action, context)
    for path in (*(tmp_path / "store/blobs").glob("*/*"), tmp_path / "out/background.mp4"):
        path.unlink()
    assert perform(action, context) == "made"
    (receipt,) = context.store.receipts()
    assert receipt.earlier == ()
    assert not receipt.may_have_cost


def test_an_input_that_changes_while_it_is_read_is_not_kept_under_its_old_name(tmp_path: Path) -> None:
    action = background(tmp_path)
    versions = itertools.count()

    def changing(path: Path) -> str:
        return f"{next(versions):064}" if path.name == "still.png" else sha256(path)

    context = make_context(tmp_path, MemoryStore(), changing)
    with pytest.raises(BuildError, match="was changed while it was read"):
        perform(action, context)
    assert list(context.store.receipts()) == []
    assert not (tmp_path / "out/background.mp4").exists()


def test_an_input_that_is_gone_is_named(tmp_path: Path) -> None:
    action = background(tmp_path)
    (tmp_path / "still.png").unlink()
    with pytest.raises(BuildError, match=r"still\.png is gone"):
        perform(action, make_context(tmp_path, MemoryStore()))


def test_another_reading_writes_outputs_again_without_asking(context: Context, vendor: Standin) -> None:
    """A better way to read stored answers costs nothing: it takes no part in the key."""
    perform(voice(), context)
    first = voice()
    again = Action(first.kind, first.recipe, first.request, {}, {"sound": "b.wav", "words": "b.json"}, reading=2)
    assert perform(again, context) == "restored"
    assert sha256(context.root / "b.wav") == sha256(context.root / "out/a.wav")
    assert vendor.count() == 1
