"""What every store from which `prune` removes things has to do, also while others put things there."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from contract_receipts import receipt_for
from far import bucket_at
from seaweed import Seaweed

from reelmake.cli.prune import remove
from reelmake.core.keys import key
from reelmake.store.base import Blob, Prunable
from reelmake.store.local import LocalStore
from reelmake.store.prune import Rule, waste
from reelmake.store.s3 import RENEWED_SECONDS, S3Store

SOUND = receipt_for(b"sound")
OTHER_MANIFEST = {**SOUND.manifest, "recipe": 2}
OTHER = replace(SOUND, manifest=OTHER_MANIFEST, key=key(OTHER_MANIFEST))


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Prunable:
    if request.param == "local":
        return LocalStore(tmp_path / "store")
    seaweed: Seaweed = request.getfixturevalue("seaweed")
    return S3Store(bucket_at(seaweed.url, seaweed.bucket()), tmp_path / "work")


def only(store: Prunable) -> Blob:
    (blob,) = store.blobs()
    return blob


def test_blobs_are_listed_with_their_sizes_and_times(store: Prunable) -> None:
    before = time.time()
    store.put(SOUND, b"sound")
    store.put(OTHER, b"sound")
    blob = only(store)
    assert (blob.sha256, blob.size_bytes) == (SOUND.blob, 5)
    assert before - 2 <= blob.put_at <= time.time() + 2


def test_what_is_removed_is_gone_and_can_be_put_again(store: Prunable) -> None:
    store.put(SOUND, b"sound")
    store.remove(SOUND)
    assert store.find(SOUND.key) is None
    assert store.remove_blob(only(store))
    assert not [*store.blobs(), *store.receipts()]
    assert store.read(SOUND.blob) is None
    store.put(SOUND, b"sound")
    assert store.read(SOUND.blob) == b"sound"


def test_what_is_gone_already_is_no_mistake(store: Prunable) -> None:
    store.put(SOUND, b"sound")
    blob = only(store)
    for _ in range(2):
        store.remove(SOUND)
        assert store.remove_blob(blob)


def test_a_receipt_that_took_its_place_stays(store: Prunable) -> None:
    store.put(SOUND, b"sound")
    again = replace(SOUND, usd=Decimal("0.5"), made_at="2026-02-02T00:00:00Z")
    store.put(again, b"sound")
    store.remove(SOUND)
    assert store.find(SOUND.key) == again


def test_a_blob_that_was_put_there_again_stays(store: Prunable) -> None:
    store.put(SOUND, b"sound")
    listed = replace(only(store), put_at=time.time() - 2 * RENEWED_SECONDS)
    store.put(OTHER, b"sound")
    assert not store.remove_blob(listed)
    assert store.read(SOUND.blob) == b"sound"


def test_what_is_chosen_is_removed_and_the_rest_is_whole(store: Prunable) -> None:
    manifests = [{**SOUND.manifest, "recipe": at} for at in range(6)]
    receipts = [receipt_for(str(at).encode(), manifest=one, usd=Decimal(at % 2)) for at, one in enumerate(manifests)]
    for at, receipt in enumerate(receipts):
        store.put(receipt, str(at).encode())
    needed = {receipt.key for receipt in receipts[:2]}
    remove(store, waste(store.receipts(), store.blobs(), Rule(needed, datetime.now(UTC) + timedelta(days=365))))
    assert {blob.sha256 for blob in store.blobs()} == {receipt.blob for receipt in receipts[:2]}
    assert {one.key for one in store.receipts()} == needed | {receipts[3].key, receipts[5].key}, (
        "proof of what was paid"
    )


def test_what_is_old_in_a_bucket_is_sent_again_for_another_key(
    tmp_path: Path, seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may be about to remove it; what is there for this very key is not sent twice."""
    bucket = bucket_at(seaweed.url, seaweed.bucket())
    sent: list[str] = []
    put = bucket.put

    def put_and_tell(name: str, content: bytes, **more: str) -> None:
        sent.append(name)
        put(name, content, **more)

    monkeypatch.setattr(bucket, "put", put_and_tell)
    store = S3Store(bucket, tmp_path / "work")
    store.put(SOUND, b"sound")
    store.put(OTHER, b"sound")
    monkeypatch.setattr("reelmake.store.s3.RENEWED_SECONDS", -60)
    store.put(SOUND, b"sound")
    assert sum(name.startswith("blobs/") for name in sent) == 1
    store.remove(OTHER)
    store.put(OTHER, b"sound")
    assert sum(name.startswith("blobs/") for name in sent) == 2


def test_what_is_put_in_the_middle_of_its_removal_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path / "store")
    store.put(SOUND, b"sound")
    blob, rename = only(store), Path.rename

    def rename_and_put(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        store.put(OTHER, b"sound")
        return moved

    monkeypatch.setattr(Path, "rename", rename_and_put)
    store.remove_blob(blob)
    assert store.read(SOUND.blob) == b"sound"
