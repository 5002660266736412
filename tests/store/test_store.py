"""Stores: what all of them promise, once; and what a folder promises beyond that, when processes die and disks lie.

A store joins by a class with a `store` fixture, as at the end of the first part.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import power
import pytest
from contract_receipts import receipt_for
from far import bucket_at, layered
from seaweed import Seaweed, client

from reelmake.core.errors import BuildError
from reelmake.core.files import publish, sweep
from reelmake.core.keys import digest_of, key
from reelmake.engine.costs import spending
from reelmake.store.base import Archive, Receipt, Store
from reelmake.store.local import LocalStore
from reelmake.store.memory import MemoryStore
from reelmake.store.s3 import S3Store

SRC = Path(__file__).parents[2] / "src"


class ArchiveContract:
    """What every store promises of what it keeps."""

    def test_what_was_never_put_is_not_there(self, store: Archive, tmp_path: Path) -> None:
        unknown = receipt_for(b"never")
        assert store.find(unknown.key) is None
        assert store.read(unknown.blob) is None
        assert store.fetch(unknown.blob, tmp_path / "out" / "a.wav") is False
        assert not (tmp_path / "out" / "a.wav").exists()
        assert list(store.receipts()) == []

    @pytest.mark.parametrize("content", [b"", b"sound", bytes(range(256)) * 100, "日本 🎈\r\n".encode()])
    def test_what_was_put_is_there(self, store: Archive, tmp_path: Path, content: bytes) -> None:
        receipt = receipt_for(content)
        store.put(receipt, content)
        assert store.find(receipt.key) == receipt
        assert store.read(receipt.blob) == content
        assert store.fetch(receipt.blob, tmp_path / "new" / "folder" / "a.wav") is True
        assert (tmp_path / "new" / "folder" / "a.wav").read_bytes() == content

    def test_what_a_file_holds_is_kept_and_later_changes_to_it_are_not(self, store: Archive, tmp_path: Path) -> None:
        made = tmp_path / "made.wav"
        made.write_bytes(b"sound")
        store.put_file(receipt_for(b"sound"), made)
        assert made.read_bytes() == b"sound"
        with made.open("r+b") as file:
            file.write(b"XX")
        assert store.read(digest_of(b"sound")) == b"sound"

    def test_a_file_whose_content_is_there_already_gets_a_receipt_too(self, store: Archive, tmp_path: Path) -> None:
        store.put(receipt_for(b"sound", "one"), b"sound")
        made = tmp_path / "made.wav"
        made.write_bytes(b"sound")
        store.put_file(receipt_for(b"sound", "two"), made)
        assert made.read_bytes() == b"sound"
        assert len(list(store.receipts())) == 2

    def test_all_receipts_can_be_listed(self, store: Archive) -> None:
        put = [receipt_for(f"{at % 3}".encode(), f"line {at}") for at in range(7)]
        for receipt in put:
            store.put(receipt, receipt_content(receipt, [b"0", b"1", b"2"]))
        assert sorted(store.receipts(), key=lambda r: r.key) == sorted(put, key=lambda r: r.key)

    def test_money_comes_back_to_the_last_digit(self, store: Archive) -> None:
        receipt = receipt_for(b"x", usd=Decimal("0.10000000000000000000000000010"))
        store.put(receipt, b"x")
        found = store.find(receipt.key)
        assert found
        assert str(found.usd) == str(receipt.usd)

    def test_any_text_comes_back(self, store: Archive) -> None:
        receipt = receipt_for(b"x", "ありがとう “José” \n\t\x00 🎈 \u2028")
        store.put(receipt, b"x")
        found = store.find(receipt.key)
        assert found == receipt
        assert found
        assert key(found.manifest) == receipt.key

    def test_half_a_character_in_what_a_vendor_said_loses_nothing(self, store: Archive) -> None:
        store.put(replace(receipt_for(b"x"), vendor_ids=("a\ud83d",), earlier=({"why": "\ud83d"},)), b"x")
        found = store.find(receipt_for(b"x").key)
        assert found
        assert found.vendor_ids == ("a?",)

    @pytest.mark.parametrize("as_file", [True, False])
    def test_content_that_is_not_what_the_receipt_names_is_refused(
        self, store: Archive, tmp_path: Path, as_file: bool
    ) -> None:
        """Nothing is kept of it, and a file is left where it was: it may have cost something."""
        made = tmp_path / "made.wav"
        made.write_bytes(b"other")
        receipt = receipt_for(b"sound")
        with pytest.raises(ValueError, match="not the blob"):
            store.put_file(receipt, made) if as_file else store.put(receipt, b"other")
        assert made.read_bytes() == b"other"
        assert store.find(receipt.key) is None
        assert store.read(receipt.blob) is None
        assert store.read(digest_of(b"other")) is None

    def test_a_receipt_that_could_not_be_read_again_leaves_nothing(self, store: Archive) -> None:
        receipt = receipt_for(b"sound", units={"seconds": 1.5})
        with pytest.raises(ValueError, match="a field of the receipt"):
            store.put(receipt, b"sound")
        assert store.find(receipt.key) is None
        assert store.read(receipt.blob) is None

    def test_the_later_receipt_of_a_key_counts_and_no_blob_is_lost(self, store: Archive) -> None:
        first, second = receipt_for(b"one"), receipt_for(b"two", usd=Decimal(2))
        assert first.key == second.key
        store.put(first, b"one")
        store.put(second, b"two")
        assert store.find(first.key) == second
        assert list(store.receipts()) == [second]
        assert (store.read(first.blob), store.read(second.blob)) == (b"one", b"two")

    def test_what_is_put_cannot_be_changed_from_outside(self, store: Archive) -> None:
        request = {"text": "Hi."}
        receipt = receipt_for(b"x", manifest={"request": request})
        store.put(receipt, b"x")
        request["text"] = "Ho."
        found = store.find(receipt.key)
        assert found
        assert found.manifest == {"request": {"text": "Hi."}}

    def test_fetching_replaces_what_is_there(self, store: Archive, tmp_path: Path) -> None:
        target = tmp_path / "a.wav"
        target.write_bytes(b"something older and longer")
        store.put(receipt_for(b"sound"), b"sound")
        assert store.fetch(digest_of(b"sound"), target)
        assert target.read_bytes() == b"sound"
        assert [path.name for path in target.parent.iterdir() if path.is_file()] == ["a.wav"]

    def test_what_cannot_be_fetched_leaves_what_is_there(self, store: Archive, tmp_path: Path) -> None:
        target = tmp_path / "a.wav"
        target.write_bytes(b"mine")
        assert not store.fetch(digest_of(b"never"), target)
        assert target.read_bytes() == b"mine"

    def test_editing_what_was_fetched_does_not_reach_the_store(self, store: Archive, tmp_path: Path) -> None:
        store.put(receipt_for(b"sound"), b"sound")
        target = tmp_path / "a.wav"
        store.fetch(digest_of(b"sound"), target)
        with target.open("r+b") as file:
            file.write(b"XX")
        assert store.read(digest_of(b"sound")) == b"sound"

    def test_large_content(self, store: Archive, tmp_path: Path) -> None:
        made, block = tmp_path / "made.mp4", random.Random(1).randbytes(1 << 20)
        with made.open("wb") as file:
            for at in range(50):
                file.write(at.to_bytes(4) + block)
        digest = file_digest(made)
        store.put_file(receipt_for(b"", blob=digest), made)
        assert store.fetch(digest, tmp_path / "out.mp4")
        assert file_digest(tmp_path / "out.mp4") == digest

    def test_a_blob_is_there_once_it_was_put(self, store: Archive) -> None:
        assert not store.has(digest_of(b"sound"))
        store.put(receipt_for(b"sound"), b"sound")
        assert store.has(digest_of(b"sound"))
        assert not store.has(digest_of(b"other"))

    def test_threads_that_put_the_same_thing_at_once_all_succeed(self, store: Archive, tmp_path: Path) -> None:
        def put(at: int) -> None:
            made = tmp_path / f"{at}.wav"
            made.write_bytes(b"sound" * 100_000)
            store.put_file(receipt_for(b"sound" * 100_000), made)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put, range(24)))
        (receipt,) = store.receipts()
        assert store.read(receipt.blob) == b"sound" * 100_000


class Contract(ArchiveContract):
    """What every store promises that is a machine's own."""

    def test_a_lock_keeps_other_threads_out(self, store: Store) -> None:
        count = 0

        def add(_: int) -> None:
            nonlocal count
            with store.lock("r1:a"):
                seen = count
                time.sleep(0.002)
                count = seen + 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(24)))
        assert count == 24

    def test_a_lock_keeps_nobody_out_who_makes_something_else(self, store: Store) -> None:
        with store.lock("r1:a"):
            entered = threading.Event()

            def enter() -> None:
                with store.lock("r1:b"):
                    entered.set()

            other = threading.Thread(target=enter, daemon=True)
            other.start()
            assert entered.wait(5)
            other.join()

    def test_a_lock_is_free_again_after_an_error(self, store: Store) -> None:
        with pytest.raises(RuntimeError), store.lock("r1:a"):
            raise RuntimeError
        with store.lock("r1:a"):
            pass

    def test_a_note_is_there_until_it_is_removed(self, store: Store) -> None:
        one, other = receipt_for(b"", "one").key, receipt_for(b"", "other").key
        assert store.note(one) is None
        assert list(store.notes()) == []
        note = {"asked_at": "2026-01-01", "usd": "0.10", "ticket": {"id": "ありがとう 🎈"}, "lost": [{"why": "cut"}]}
        store.write_note(one, note)
        store.write_note(other, {})
        assert store.note(one) == note
        assert store.note(other) == {}
        assert sorted(store.notes(), key=lambda found: found[0]) == sorted([(one, note), (other, {})])
        store.write_note(one, {"asked_at": "later"})
        assert store.note(one) == {"asked_at": "later"}
        for _ in range(2):
            store.write_note(one, None)
            assert store.note(one) is None
        assert list(store.notes()) == [(other, {})]

    def test_notes_and_receipts_of_a_key_do_not_meet(self, store: Store) -> None:
        receipt = receipt_for(b"sound")
        store.write_note(receipt.key, {"asked_at": "now"})
        assert store.find(receipt.key) is None
        store.put(receipt, b"sound")
        assert store.note(receipt.key) == {"asked_at": "now"}
        store.write_note(receipt.key, None)
        assert store.find(receipt.key) == receipt
        assert list(store.receipts()) == [receipt]

    def test_what_is_noted_cannot_be_changed_from_outside(self, store: Store) -> None:
        note: dict[str, Any] = {"lost": []}
        store.write_note("r1:a", note)
        note["lost"].append("x")
        assert store.note("r1:a") == {"lost": []}

    def test_threads_note_all_sorts_of_things_at_once(self, store: Store) -> None:
        def write(at: int) -> None:
            for turn in range(5):
                store.write_note(f"r1:{at % 6:064}", {"at": at, "turn": turn, "long": "x" * 5000})
                store.note(f"r1:{(at + 1) % 6:064}")
                list(store.notes())
            if at % 2:
                store.write_note(f"r1:{at:064}", None)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(24)))
        assert all(note["long"] == "x" * 5000 for _, note in store.notes())


def receipt_content(receipt: Receipt, contents: list[bytes]) -> bytes:
    return next(content for content in contents if digest_of(content) == receipt.blob)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class TestMemoryStore(Contract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestLocalStore(Contract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return LocalStore(tmp_path / "store")


class TestS3Store(ArchiveContract):
    @pytest.fixture
    def store(self, tmp_path: Path, seaweed: Seaweed) -> Archive:
        return S3Store(bucket_at(seaweed.url, seaweed.bucket()), tmp_path / "far")


class TestS3StoreOnMoto(ArchiveContract):
    """Another server, which answers some things otherwise."""

    @pytest.fixture
    def store(self, tmp_path: Path, moto: str) -> Archive:
        client(moto).create_bucket(Bucket=(name := f"b{tmp_path.name.lower()[-20:].strip('_-').replace('_', '-')}"))
        return S3Store(bucket_at(moto, name), tmp_path / "far")


class TestLayered(Contract):
    @pytest.fixture
    def store(self, tmp_path: Path, seaweed: Seaweed) -> Store:
        return layered(tmp_path, bucket_at(seaweed.url, seaweed.bucket()))


# -- a folder: what is kept, and where ----------------------------------------------------------------------------


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def blob_path(store: LocalStore, digest: str) -> Path:
    return store.root / "blobs" / digest[:2] / digest


def action_path(store: LocalStore, name: str) -> Path:
    return store.root / "actions" / name.removeprefix("r1:")[:2] / name


def files(store: LocalStore) -> set[Path]:
    return {path.relative_to(store.root) for path in store.root.rglob("*") if path.is_file()}


def test_the_layout_is_what_the_documents_say(local: LocalStore) -> None:
    """Other programs, and stores of another day, read it."""
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    assert files(local) == {
        Path("blobs", receipt.blob[:2], receipt.blob),
        Path("actions", receipt.key[3:5], receipt.key),
    }
    assert blob_path(local, receipt.blob).read_bytes() == b"sound"
    assert action_path(local, receipt.key).read_text("utf-8") == receipt.to_json()


def test_what_is_kept_cannot_be_written_to_by_mistake(local: LocalStore) -> None:
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    for path in (blob_path(local, receipt.blob), action_path(local, receipt.key)):
        assert path.stat().st_mode & 0o777 == 0o444


def test_a_store_opened_again_has_everything(local: LocalStore) -> None:
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    again = LocalStore(local.root)
    assert again.find(receipt.key) == receipt
    assert again.read(receipt.blob) == b"sound"


@pytest.mark.parametrize(
    ("fields", "is_synced"),
    [
        ({"usd": Decimal("0.01")}, True),
        ({"usd": None}, True),
        ({"usd": Decimal(0), "earlier": [{"asked_at": "", "usd": "0.01", "why": "lost"}]}, True),
        ({"usd": Decimal(0), "quoted_usd": Decimal("0.01")}, True),
        ({"usd": Decimal(0), "quoted_usd": Decimal(0)}, False),
    ],
)
def test_what_may_have_cost_something_is_on_the_disk_before_anybody_goes_on(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], is_synced: bool
) -> None:
    """The rest is made again for nothing; to wait for a whole video would take longer than to join it."""
    local.put(receipt_for(b"other", "other"), b"other")  # the store's own folders, once
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda number: synced.add(os.fstat(number).st_ino))
    receipt = receipt_for(b"sound", **fields)
    local.put(receipt, b"sound")
    kept = [blob_path(local, receipt.blob), action_path(local, receipt.key)]
    needed = {path.stat().st_ino for path in [*kept, *(path.parent for path in kept)]}
    assert needed <= synced if is_synced else not synced


@pytest.mark.parametrize("part", ["blobs", "actions"])
def test_a_part_of_the_store_may_be_on_another_disk(
    local: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """By a link, say: paid content is not lost because it cannot be moved there."""
    (tmp_path / "disk").mkdir()
    (local.root / part).symlink_to(tmp_path / "disk")
    rename = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if (tmp_path / "disk") in target.resolve().parents and self.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    (tmp_path / "file").write_bytes(b"picture")
    sound, picture = receipt_for(b"sound"), receipt_for(b"picture", "picture")
    local.put(sound, b"sound")
    local.put_file(picture, tmp_path / "file")
    for receipt, content in ((sound, b"sound"), (picture, b"picture")):
        assert local.read(receipt.blob) == content
        assert local.find(receipt.key) == receipt
    assert len(list(local.blobs())) == 2
    assert not list((local.root / "tmp").iterdir())


def test_what_is_paid_for_is_kept_though_somebody_removed_the_store_meanwhile(local: LocalStore) -> None:
    shutil.rmtree(local.root)
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    assert local.read(receipt.blob) == b"sound"
    shutil.rmtree(local.root)
    local.write_note(receipt.key, {"asked_at": ""})
    assert local.note(receipt.key) == {"asked_at": ""}


def test_a_full_disk_is_reported_before_a_request_and_not_while_it_is_under_way(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ticket that is not kept is paid for twice."""
    local.check_room()
    full = shutil.disk_usage(local.root)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(OSError, match="No space left"):
        local.check_room()
    local.write_note("r1:ab", {"asked_at": "now"})
    local.write_note("r1:ab", {"asked_at": "now", "ticket": {"id": "7"}})
    assert local.note("r1:ab") == {"asked_at": "now", "ticket": {"id": "7"}}


@pytest.mark.parametrize("part", ["blobs", "actions", "tmp"])
def test_there_is_no_room_where_nothing_can_be_written(local: LocalStore, part: str) -> None:
    shutil.rmtree(local.root / part, ignore_errors=True)
    (local.root / part).write_bytes(b"a file in the way")
    with pytest.raises(OSError, match=part):
        local.check_room()


def test_a_look_for_room_leaves_nothing(local: LocalStore) -> None:
    local.check_room()
    assert [path for path in local.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_that_cannot_lock_is_reported_before_any_request(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(BuildError, match=r"cannot lock files .*; keep the store on another disk"), local.lock("r1:ab"):
        raise AssertionError("two builds could pay for the same thing")


def test_what_was_fetched_is_no_link(local: LocalStore, tmp_path: Path) -> None:
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    target = tmp_path / "a.wav"
    local.fetch(receipt.blob, target)
    assert not target.samefile(blob_path(local, receipt.blob))
    assert target.stat().st_nlink == 1
    assert os.access(target, os.W_OK)
    assert target.stat().st_mode & 0o200


def test_a_content_that_is_refused_leaves_nothing_behind(local: LocalStore) -> None:
    with pytest.raises(ValueError, match="not the blob"):
        local.put(receipt_for(b"sound"), b"other")
    assert files(local) == set()


# -- a folder: what is damaged ------------------------------------------------------------------------------------

DAMAGES = {
    "truncated": lambda content: content[:-1],
    "flipped": lambda content: content[:3] + bytes([content[3] ^ 1]) + content[4:],
    "emptied": lambda _: b"",
    "longer": lambda content: content + b"\0",
    "gone": lambda _: None,
}


@contextmanager
def writable(path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(0o644)
    yield
    if path.exists():
        path.chmod(mode)


def damage(path: Path, name: str) -> None:
    with writable(path):
        content: bytes | None = DAMAGES[name](path.read_bytes())  # type: ignore[no-untyped-call]
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_blob_is_missing_until_it_is_put_again(local: LocalStore, tmp_path: Path, name: str) -> None:
    receipt, target = receipt_for(b"sound"), tmp_path / "out" / "a.wav"
    local.put(receipt, b"sound")
    damage(blob_path(local, receipt.blob), name)
    assert local.read(receipt.blob) is None
    assert local.fetch(receipt.blob, target) is False
    assert not target.exists()
    assert local.find(receipt.key) == receipt  # it was paid for, and stays
    local.put(receipt, b"sound")
    assert local.read(receipt.blob) == b"sound"
    assert blob_path(local, receipt.blob).stat().st_mode & 0o777 == 0o444
    assert len([path for path in files(local) if path.parts[0] in {"tmp", "blobs"}]) == 1


def test_a_blob_that_is_damaged_is_there_and_one_that_is_gone_is_not(local: LocalStore) -> None:
    """`has` does not read: it is for a look at what would happen, and what happens then reads."""
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    damage(blob_path(local, receipt.blob), "flipped")
    assert local.has(receipt.blob)
    damage(blob_path(local, receipt.blob), "gone")
    assert not local.has(receipt.blob)


@pytest.mark.parametrize("name", ["truncated", "emptied", "longer", "gone"])
def test_a_damaged_receipt_is_none(local: LocalStore, name: str) -> None:
    receipt, other = receipt_for(b"sound"), receipt_for(b"sound", "other")
    local.put(receipt, b"sound")
    local.put(other, b"sound")
    damage(action_path(local, receipt.key), name)
    assert local.find(receipt.key) is None
    assert list(local.receipts()) == [other]
    local.put(receipt, b"sound")
    assert local.find(receipt.key) == receipt


@pytest.mark.parametrize("content", [b"\xff\xfe", b"null", b"[]", b"{}", b'"x"', b"[" * 100_000, b'{"usd": "NaN"}'])
def test_anything_else_in_the_place_of_a_receipt_is_none(local: LocalStore, content: bytes) -> None:
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    with writable(action_path(local, receipt.key)):
        action_path(local, receipt.key).write_bytes(content)
    assert local.find(receipt.key) is None
    assert list(local.receipts()) == []


@pytest.mark.parametrize("usd", ["1E+999999", "-5", "9" * 201, "1E-999999", "1000000000.01"])
def test_a_receipt_with_an_amount_that_nobody_bills_is_used_and_adds_up(local: LocalStore, usd: str) -> None:
    """What it stands for was paid for; only its price is not known."""
    receipt, other = receipt_for(b"sound"), receipt_for(b"else", "Bye.", usd=Decimal(2))
    local.put(receipt, b"sound")
    local.put(other, b"else")
    path = local._action(receipt.key)
    written = json.loads(path.read_bytes())
    written |= {"usd": usd, "quoted_usd": usd, "units": {"characters": 10**120, "seconds": usd, "images": 1}}
    written["earlier"] = [{"asked_at": "", "usd": usd, "why": "cut"}]
    path.unlink()
    path.write_text(json.dumps(written))
    found = local.find(receipt.key)
    assert found
    assert (found.usd, found.quoted_usd, found.units) == (None, None, {"images": 1})
    assert local.read(found.blob) == b"sound"
    spent = spending(local.receipts(), local.notes(), {}, by="kind")
    assert (spent.usd, spent.lost_usd) == (Decimal(2), Decimal(0))


def test_a_receipt_whose_manifest_was_changed_is_none(local: LocalStore) -> None:
    receipt = receipt_for(b"sound")
    local.put(receipt, b"sound")
    path = action_path(local, receipt.key)
    with writable(path):
        path.write_text(path.read_text("utf-8").replace('"Hi."', '"Hey"'), "utf-8")
    assert local.find(receipt.key) is None


def test_a_receipt_for_another_key_is_none(local: LocalStore) -> None:
    receipt, other = receipt_for(b"sound"), receipt_for(b"sound", "other")
    local.put(receipt, b"sound")
    wrong = action_path(local, other.key)
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_bytes(action_path(local, receipt.key).read_bytes())
    assert local.find(other.key) is None
    assert list(local.receipts()) == [receipt]


def test_a_store_that_cannot_be_read_is_not_taken_for_an_empty_one(local: LocalStore, tmp_path: Path) -> None:
    """What might be there would be paid for again; here a folder stands where the file should be."""
    receipt = receipt_for(b"sound")
    action_path(local, receipt.key).mkdir(parents=True)
    blob_path(local, receipt.blob).mkdir(parents=True)
    for ask in (
        lambda: local.find(receipt.key),
        lambda: local.read(receipt.blob),
        lambda: local.fetch(receipt.blob, tmp_path / "a.wav"),
    ):
        with pytest.raises(OSError, match="directory"):
            ask()


# -- a folder: notes ----------------------------------------------------------------------------------------------


def note_path(store: LocalStore, name: str) -> Path:
    return store.root / "notes" / name.removeprefix("r1:")[:2] / name


def test_a_note_is_where_the_documents_say_and_goes_without_a_trace(local: LocalStore) -> None:
    name = receipt_for(b"").key
    local.write_note(name, {"asked_at": "now"})
    assert files(local) == {Path("notes", name[3:5], name)}
    assert note_path(local, name).read_text("utf-8") == '{"asked_at":"now"}'
    local.write_note(name, None)
    assert files(local) == set()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff\xfe", b"null", b"[]", b'"x"', b"[" * 100_000, b'{"asked_at": "n'),
        *(b'{"lost": [{"asked_at": NaN}]}', b'{"lost": [{"usd": 1e999}]}', b'{"ticket": {"a": -Infinity}}'),
        b'{"lost": ' + b"[" * 700 + b"]" * 700 + b"}",
    ],
)
def test_a_damaged_note_still_says_that_there_was_one(local: LocalStore, content: bytes) -> None:
    name = receipt_for(b"").key
    local.write_note(name, {"asked_at": "now"})
    with writable(note_path(local, name)):
        note_path(local, name).write_bytes(content)
    assert local.note(name) == {}
    assert list(local.notes()) == [(name, {})]
    local.write_note(name, {"asked_at": "later"})
    assert local.note(name) == {"asked_at": "later"}
    local.write_note(name, None)
    assert local.note(name) is None


def test_half_a_character_in_the_words_of_a_vendor_is_noted_as_another(local: LocalStore) -> None:
    local.write_note("r1:ab", {"lost": [{"why": "no \ud800"}]})
    assert local.note("r1:ab") == {"lost": [{"why": "no ?"}]}


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
def test_a_receipt_that_could_not_be_written_again_is_none(number: str) -> None:
    text = receipt_for(b"sound").to_json().replace('"manifest":{', f'"manifest":{{"speed":{number},', 1)
    assert json.loads(text)["manifest"]["speed"]
    with pytest.raises(ValueError, match="not a receipt"):
        Receipt.from_json(text)


def test_what_a_system_leaves_in_a_folder_is_no_note(local: LocalStore) -> None:
    local.write_note("r1:ab", {"asked_at": "now"})
    (local.root / "notes" / "ab" / ".DS_Store").write_bytes(b"x")
    assert list(local.notes()) == [("r1:ab", {"asked_at": "now"})]


def test_a_note_that_cannot_be_read_is_not_taken_for_none(local: LocalStore) -> None:
    """What it tells of may be there already, and would be paid for again; here a folder stands where it should be."""
    name = receipt_for(b"").key
    note_path(local, name).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        local.note(name)


# -- a folder: processes that die ---------------------------------------------------------------------------------

CHILD = """
import os, random, shutil, signal, sys
from decimal import Decimal
from pathlib import Path
from reelmake.core.keys import digest_of, key
from reelmake.store.base import Receipt
from reelmake.store.local import LocalStore

class Dying(LocalStore):
    def _keep(self, part, target, **how):
        if "actions" in target.parts:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._keep(part, target, **how)

def receipt(text, content):
    manifest = {"request": {"text": text}}
    return Receipt("voice", key(manifest), manifest, digest_of(content), Decimal(1), {}, "offline", "now")

root, what = Path(sys.argv[1]), sys.argv[2]
if what.startswith("buy"):
    root.parent.mkdir()  # as the first command in a project does
store = (Dying if what == "die" else LocalStore)(root)
if what == "lock":
    with store.lock("r1:a"):
        print("held", flush=True)
        sys.stdin.read()
elif what == "fork":
    try:
        with store.lock("r1:a"):
            if not os.fork():
                raise EOFError
            os.wait()
            print("one has left the block", flush=True)
            sys.stdin.readline()
            if not os.fork():
                sys.stdin.read()
                os._exit(0)
        print("another is still there", flush=True)
    except EOFError:
        os._exit(0)
    os.wait()
elif what == "count":
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(20):
        with store.lock("r1:a"):
            seen = int((root / "count").read_text())
            (root / "count").write_text(str(seen + 1))
elif what == "notes":
    print("ready", flush=True)
    for at in range(10**9):
        store.write_note(f"r1:{at:064}", {"at": at, "long": "x" * 3000})
        print(at, flush=True)
elif what == "notes-same":
    print("ready", flush=True)
    sys.stdin.readline()
    for at in range(60):
        store.write_note(f"r1:{at % 3:064}", {"pid": os.getpid(), "long": "x" * 3000})
        assert all(len(note.get("long", "")) == 3000 for _, note in store.notes())
        if at % 5 == 4:
            store.write_note(f"r1:{at % 3:064}", None)
elif what in ("buy", "buy in a folder that was removed"):
    if what != "buy":
        shutil.rmtree(root)
    bought = receipt("first", b"sound")
    store.write_note(bought.key, {"asked_at": "now"})
    store.put(bought, b"sound")
elif what == "same":
    print("ready", flush=True)
    sys.stdin.readline()
    for at in range(30):
        content = b"sound %d" % at * 10_000
        store.put(receipt(f"{at}", content), content)
else:
    print("ready", flush=True)
    for at in range(10**9):
        content = random.randbytes(random.choice([1, 1000, 300_000]))
        file = root.parent / f"made-{os.getpid()}-{at}"
        file.write_bytes(content)
        if at % 2:
            store.put(receipt(f"{os.getpid()} {at}", content), content)
        else:
            store.put_file(receipt(f"{os.getpid()} {at}", content), file)
"""


@contextmanager
def child(store: LocalStore, what: str) -> Iterator[subprocess.Popen[str]]:
    """Start another process at a store, and end it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(store.root), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def stream(pipe: IO[str] | None) -> IO[str]:
    assert pipe
    return pipe


def test_after_a_kill_at_any_moment_every_receipt_has_its_blob(local: LocalStore) -> None:
    chance, seen = random.Random(7), 0
    for _ in range(8):
        with child(local, "forever") as process:
            assert stream(process.stdout).readline()
            time.sleep(chance.uniform(0.005, 0.12))
            process.kill()
        found = list(LocalStore(local.root).receipts())
        assert all(local.read(receipt.blob) is not None for receipt in found)
        assert all(local.find(path.name) for path in local.root.glob("actions/*/*"))  # whole or not at all
        assert all(local.read(path.name) is not None for path in local.root.glob("blobs/*/*"))
        assert len(found) >= seen
        seen = len(found)
    assert seen


def test_a_blob_is_kept_before_its_receipt(local: LocalStore) -> None:
    with child(local, "die") as process:
        assert stream(process.stdout).readline()
        assert process.wait(20) == -9
    assert list(local.receipts()) == []
    (blob,) = local.root.glob("blobs/*/*")
    assert local.read(blob.name) is not None


def test_a_note_outlives_a_kill_as_soon_as_it_is_written(local: LocalStore) -> None:
    with child(local, "notes") as process:
        written = [stream(process.stdout).readline() for _ in range(20)]
        process.kill()
        written += stream(process.stdout).read().splitlines(keepends=True)
    last = max(int(line) for line in written if line.strip().isdigit() and line.endswith("\n"))
    again = LocalStore(local.root)
    assert all(again.note(f"r1:{at:064}") == {"at": at, "long": "x" * 3000} for at in range(last + 1))
    assert all(note.get("long") for _, note in again.notes()), "whole or not at all"


def test_processes_that_note_the_same_things_at_once_never_see_half_a_note(local: LocalStore) -> None:
    with child(local, "notes-same") as one, child(local, "notes-same") as two:
        for process in (one, two):
            assert stream(process.stdout).readline()
        for process in (one, two):
            stream(process.stdin).write("go\n")
            stream(process.stdin).flush()
        assert (one.wait(30), two.wait(30)) == (0, 0)
    assert {path.parts[0] for path in files(local)} <= {"notes"}


@contextmanager
def another_waits(store: LocalStore) -> Iterator[None]:
    """Have a thread wait for a lock that is held; what is done inside lets it in."""
    entered = threading.Event()

    def enter() -> None:
        with store.lock("r1:a"):
            entered.set()

    waiting = threading.Thread(target=enter, daemon=True)
    waiting.start()
    assert not entered.wait(0.3)
    yield
    assert entered.wait(5)
    waiting.join()


def test_a_lock_keeps_other_processes_out_until_their_end(local: LocalStore) -> None:
    with child(local, "lock") as holder:
        assert stream(holder.stdout).readline() == "held\n"
        with another_waits(local):
            holder.kill()


@pytest.mark.parametrize("what", ["the file", "its folder", "all folders"])
def test_who_waits_for_a_lock_while_it_is_removed_has_the_new_one(local: LocalStore, what: str) -> None:
    there: list[bool] = []

    def enter() -> None:
        with local.lock("r1:a"):
            there.append(path.is_file())

    with local.lock("r1:a"):
        (path,) = local.root.glob("locks/*/*")
        waiting = threading.Thread(target=enter, daemon=True)
        waiting.start()
        time.sleep(0.2)
        if what == "the file":
            path.unlink()
        else:
            shutil.rmtree(path.parent if what == "its folder" else path.parent.parent)
    waiting.join()
    assert there == [True]


def test_what_was_forked_under_a_lock_neither_frees_nor_keeps_it(local: LocalStore) -> None:
    """Such as by a task of an author's own."""
    with child(local, "fork") as holder:
        assert stream(holder.stdout).readline() == "one has left the block\n"
        with another_waits(local):
            stream(holder.stdin).write("go\n")
            stream(holder.stdin).flush()
            assert stream(holder.stdout).readline() == "another is still there\n"


@pytest.mark.parametrize("call", ["close", "unlock"])
def test_a_disk_that_complains_at_the_end_of_a_lock_undoes_nothing(
    local: LocalStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Some, in a network or in containers, report an error when a file is closed or unlocked."""
    close, flock, complained = os.close, fcntl.flock, []

    def complain(file: int) -> None:
        complained.append(file)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def closing(file: int) -> None:
        close(file)
        complain(file)

    def unlocking(file: int, operation: int) -> None:
        if operation == fcntl.LOCK_UN and not complained:
            complain(file)
        flock(file, operation)

    with local.lock("r1:a"):
        if call == "close":
            monkeypatch.setattr(os, "close", closing)
        else:
            monkeypatch.setattr(fcntl, "flock", unlocking)
    assert complained
    monkeypatch.undo()
    with local.lock("r1:a"):
        pass


@pytest.mark.parametrize("what", ["buy", "buy in a folder that was removed"])
def test_a_first_purchase_survives_a_loss_of_power(tmp_path: Path, what: str) -> None:
    """Its files, and each new folder that they are in: a disk forgets names that were not synced into their folder."""
    log, root = tmp_path / "synced", tmp_path / ".reelmake" / "store"
    code = power.WATCH + CHILD
    subprocess.run(
        [sys.executable, "-c", code, str(root), what],
        check=True,
        env={**os.environ, "PYTHONPATH": str(SRC), power.LOG: str(log)},
    )
    kept = [path for path in root.rglob("*") if path.is_file()]
    assert {path.relative_to(root).parts[0] for path in kept} == {"actions", "blobs", "notes"}
    assert power.lost(kept, tmp_path, log) == []


def test_processes_count_together_under_a_lock(local: LocalStore) -> None:
    (local.root / "count").write_text("0")
    with child(local, "count") as one, child(local, "count") as two:
        for process in (one, two):
            assert stream(process.stdout).readline()
        for process in (one, two):
            stream(process.stdin).write("go\n")
            stream(process.stdin).flush()
        assert (one.wait(30), two.wait(30)) == (0, 0)
    assert (local.root / "count").read_text() == "40"


def test_processes_that_put_the_same_things_at_once_all_succeed(local: LocalStore) -> None:
    with child(local, "same") as one, child(local, "same") as two:
        for process in (one, two):
            assert stream(process.stdout).readline()
        for process in (one, two):
            stream(process.stdin).write("go\n")
            stream(process.stdin).flush()
        assert (one.wait(30), two.wait(30)) == (0, 0)
    found = list(local.receipts())
    assert len(found) == 30
    assert all(local.read(receipt.blob) for receipt in found)
    assert {path.parts[0] for path in files(local)} == {"actions", "blobs"}


def test_what_was_left_half_written_is_swept_after_a_day(local: LocalStore) -> None:
    tmp = local.root / "tmp"
    for name, age_hours in (("old", 25), ("young", 23)):
        (tmp / name).write_bytes(b"half")
        (tmp / f"{name}-folder").mkdir()
        (tmp / f"{name}-folder" / "part").write_bytes(b"half")
        for path in (tmp / name, tmp / f"{name}-folder"):
            os.utime(path, (time.time() - age_hours * 3600,) * 2)
    LocalStore(local.root)
    assert sorted(path.name for path in tmp.iterdir()) == ["young", "young-folder"]
    sweep(local.root / "nowhere")


# -- a folder: more than one disk ---------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on another filesystem than the store's."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second filesystem here")
    folder = memory / f"reelmake-test-{os.getpid()}-{random.randrange(10**9)}"
    folder.mkdir()
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_content_from_another_filesystem_is_kept(local: LocalStore, elsewhere: Path) -> None:
    content = b"sound" * 100_000

    def put(at: int) -> None:
        made = elsewhere / f"{at}.wav"
        made.write_bytes(content)
        local.put_file(receipt_for(content, f"{at}"), made)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(24)))
    assert len(list(elsewhere.iterdir())) == 24
    assert local.read(digest_of(content)) == content
    assert len(list(local.receipts())) == 24
    assert {path.parts[0] for path in files(local)} == {"actions", "blobs"}


def test_a_blob_is_fetched_to_another_filesystem(local: LocalStore, elsewhere: Path) -> None:
    local.put(receipt_for(b"sound"), b"sound")
    for _ in range(2):
        assert local.fetch(digest_of(b"sound"), elsewhere / "a.wav")
    assert [path.name for path in elsewhere.iterdir()] == ["a.wav"]
    assert (elsewhere / "a.wav").read_bytes() == b"sound"


def test_a_file_is_published_whole(tmp_path: Path, elsewhere: Path) -> None:
    for folder in (tmp_path, elsewhere):
        part = folder / "part"
        part.write_bytes(b"new")
        target = tmp_path / "build" / folder.name / "a.wav"
        publish(part, target)
        assert target.read_bytes() == b"new"
        assert not part.exists()
        assert [path.name for path in target.parent.iterdir()] == ["a.wav"]
