"""A near store in front of a shared one: what goes up, what comes down, and what happens when it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from contract_receipts import receipt_for
from far import bucket_at, layered
from s3_faults import Door, first
from seaweed import Seaweed, client

from reelmake.core.errors import BuildError, SetupError
from reelmake.store import layered as layered_module
from reelmake.store.base import Receipt
from reelmake.store.layered import Layered
from reelmake.store.local import LocalStore
from reelmake.store.s3 import S3Store
from reelmake.store.s3_client import Bucket

SRC = Path(__file__).parents[2] / "src"
FREE = Decimal(0)


@pytest.fixture
def bucket(door: Door, seaweed: Seaweed) -> Bucket:
    return bucket_at(door.url, seaweed.bucket())


def held(seaweed: Seaweed, bucket: Bucket) -> list[str]:
    """Return the names of all objects of a bucket."""
    return [entry["Key"] for entry in client(seaweed.url).list_objects_v2(Bucket=bucket.name).get("Contents", ())]


def names_of(receipt: Receipt) -> list[str]:
    key, blob = receipt.key, receipt.blob
    return [f"team/actions/{key[3:5]}/{key}", f"team/blobs/{blob[:2]}/{blob}"]


@pytest.fixture
def one(tmp_path: Path, bucket: Bucket) -> Layered:
    """A machine."""
    return layered(tmp_path / "one", bucket)


@pytest.fixture
def other(tmp_path: Path, bucket: Bucket) -> Layered:
    """Another machine."""
    return layered(tmp_path / "other", bucket)


def test_what_was_paid_for_is_far_before_put_returns(one: Layered, seaweed: Seaweed, bucket: Bucket) -> None:
    """The blob before its receipt; the layout is that of a folder; and nothing is left on the list."""
    receipt = receipt_for(b"sound")
    one.put(receipt, b"sound")
    assert held(seaweed, bucket) == names_of(receipt)
    assert list(one._pending.keys()) == []


def test_what_is_read_and_may_not_be_kept_is_fetched_once_and_leaves_nothing(
    one: Layered, tmp_path: Path, door: Door, bucket: Bucket
) -> None:
    receipt = receipt_for(b"sound")
    one.put(receipt, b"sound")
    folder = tmp_path / "reader"
    reader = Layered(LocalStore(folder, read_only=True), S3Store(bucket, folder), can_write=False, can_keep=False)
    assert reader.find(receipt.key) == receipt
    assert [reader.read(receipt.blob) for _ in range(3)] == [b"sound"] * 3
    assert door.count("GET", "/blobs/") == 1
    assert not folder.exists()


@pytest.mark.parametrize("usd", [None, FREE])
def test_what_has_no_price_is_far_at_once_and_what_is_free_later(
    one: Layered, door: Door, seaweed: Seaweed, bucket: Bucket, usd: Decimal | None
) -> None:
    door.latency_seconds = 0.1
    receipt = receipt_for(b"sound", usd=usd)
    one.put(receipt, b"sound")
    assert held(seaweed, bucket) == ([] if usd == FREE else names_of(receipt))
    one.finish()
    assert held(seaweed, bucket) == names_of(receipt)


def test_what_is_quicker_made_again_than_sent_stays(
    one: Layered, seaweed: Seaweed, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layered_module, "LARGEST_FREE_BYTES", 3)
    paid = receipt_for(b"paid for", "paid")
    one.put(paid, b"paid for")
    one.put(receipt_for(b"made", usd=FREE), b"made")
    one.finish()
    assert held(seaweed, bucket) == names_of(paid)
    assert list(one._pending.keys()) == []


def test_another_machine_finds_it_and_keeps_it(one: Layered, other: Layered, tmp_path: Path, door: Door) -> None:
    receipt = receipt_for(b"sound")
    one.put(receipt, b"sound")
    assert other.find(receipt.key) == receipt
    assert (other.has(receipt.blob), other.is_near(receipt.blob)) == (True, False)
    assert other.fetch(receipt.blob, tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_bytes() == b"sound"
    assert other.is_near(receipt.blob)
    before = len(door.asked)
    assert other.near.find(receipt.key) == receipt
    assert other.read(receipt.blob) == b"sound"
    assert len(door.asked) == before
    assert list(other._pending.keys()) == []
    assert list(other.receipts()) == [receipt]


def test_what_is_far_is_not_waited_for_until_it_is_on_the_disk(
    one: Layered, tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a loss of power leaves of it is fetched once more."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    receipt = receipt_for(b"sound")
    one.put(receipt, b"sound")
    assert len(synced) >= 4  # the blob, the receipt, and the folders of both
    synced.clear()
    machine = layered(tmp_path / "third", bucket)
    machine.bring([receipt.key])
    machine.finish()
    assert machine.is_near(receipt.blob)
    assert len(synced) <= 5  # the store's own folders, once
    monkeypatch.undo()
    for lost in (machine.near.path(receipt.blob), machine.near._action(receipt.key)):
        lost.chmod(0o644)
        lost.write_bytes(b"")
        again = layered(tmp_path / "third", bucket)
        assert again.find(receipt.key) == receipt
        assert again.read(receipt.blob) == b"sound"
        assert again.fetch(receipt.blob, tmp_path / "out.wav")


def test_adding_up_fetches_each_receipt_once(
    one: Layered, other: Layered, tmp_path: Path, bucket: Bucket, door: Door
) -> None:
    """Unless it has changed."""
    receipts = [receipt_for(f"{at}".encode(), f"line {at}") for at in range(5)]
    for at, receipt in enumerate(receipts):
        one.put(receipt, f"{at}".encode())
    for expected in (5, 0):
        door.asked.clear()
        assert sorted(other.receipts(), key=lambda receipt: receipt.key) == sorted(
            receipts, key=lambda receipt: receipt.key
        )
        assert door.count("GET", "/actions/") == expected
    later = datetime.now(UTC) + timedelta(hours=1)
    door.asked.clear()
    third = layered(tmp_path / "third", bucket)
    assert [*third.receipts(later), *third.known()] == [], "older receipts are not fetched"
    third.look_up(receipt.key for receipt in receipts[:2])
    assert {receipt.key for receipt in third.known()} == {receipt.key for receipt in receipts[:2]}
    assert door.count("GET", "/actions/") == 2
    changed = receipt_for(b"other", "line 0", usd=Decimal(7))
    one.put(changed, b"other")
    assert changed in list(other.receipts())


def test_many_are_looked_for_at_once(one: Layered, tmp_path: Path, bucket: Bucket, door: Door) -> None:
    """And looked up again before it is made: another machine may have made it meanwhile."""
    receipts = [receipt_for(f"{at}".encode(), f"line {at}") for at in range(12)]
    for receipt in receipts[:8]:
        one.put(receipt, receipt.manifest["request"]["text"].removeprefix("line ").encode())
    machine = layered(tmp_path / "third", bucket)
    machine.look_up(receipt.key for receipt in receipts)
    before = len(door.asked)
    found = [machine.find(receipt.key) for receipt in receipts]
    assert found == [*receipts[:8], None, None, None, None]
    assert all(machine.has(receipt.blob) for receipt in receipts[:8])
    assert len(door.asked) == before
    one.put(receipts[8], b"8")
    with machine.lock(receipts[8].key):
        assert machine.find(receipts[8].key) == receipts[8]
    another = layered(tmp_path / "fourth", bucket)
    another.bring(receipt.key for receipt in receipts[:8])
    another.finish()
    assert all(another.is_near(receipt.blob) for receipt in receipts[:8])


@pytest.mark.parametrize("fault", ["corrupt", "truncate"])
def test_what_is_damaged_far_is_missing_and_made_whole_by_the_next_build(  # noqa: PLR0913, PLR0917 (fixtures)
    one: Layered, other: Layered, door: Door, tmp_path: Path, bucket: Bucket, fault: str
) -> None:
    receipt = receipt_for(b"sound")
    one.put(receipt, b"sound")
    door.fault = first(1000, fault, "GET", "/blobs/")
    assert other.find(receipt.key) == receipt
    assert other.read(receipt.blob) is None
    assert not other.fetch(receipt.blob, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()
    door.fault = first(0, "")
    damaged = layered(tmp_path / "third", bucket)
    client(door.url).put_object(Bucket=bucket.name, Key=names_of(receipt)[1], Body=b"sXund")
    assert damaged.find(receipt.key)
    assert damaged.read(receipt.blob) is None
    damaged.put(receipt, b"sound")
    assert layered(tmp_path / "fourth", bucket).far.read(receipt.blob) == b"sound"


def test_a_receipt_that_is_damaged_far_is_none(one: Layered, other: Layered, door: Door, bucket: Bucket) -> None:
    receipt = receipt_for(b"sound")
    one.put(receipt, b"sound")
    client(door.url).put_object(Bucket=bucket.name, Key=names_of(receipt)[0], Body=receipt.to_json()[:-1].encode())
    assert other.find(receipt.key) is None


# -- when it cannot be reached ------------------------------------------------------------------------------------


def warnings(log: str) -> list[str]:
    return [line for line in log.splitlines() if "THE SHARED STORE IS NOT USED" in line]


def test_without_it_all_goes_on_and_what_did_not_go_up_goes_up_later(  # noqa: PLR0913, PLR0917 (fixtures)
    one: Layered, door: Door, seaweed: Seaweed, bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paid, free = receipt_for(b"paid"), receipt_for(b"free", "other", usd=FREE)
    door.fault = first(1000, "503")
    one.put(paid, b"paid")
    one.put(free, b"free")
    assert one.find(receipt_for(b"never", "never").key) is None
    assert one.read(paid.blob) == b"paid"
    assert not one.has("0" * 64)
    one.finish()
    (warning,) = warnings(capsys.readouterr().err)
    assert f"s3://{bucket.name}: Service Unavailable (HTTP 503)" in warning
    assert held(seaweed, bucket) == []
    door.fault = first(0, "")
    again = layered(tmp_path / "one", bucket)
    assert sorted(again._pending.keys()) == sorted([paid.key, free.key])
    again.begin()
    again.finish()
    assert held(seaweed, bucket) == sorted(names_of(paid) + names_of(free))
    assert list(again._pending.keys()) == []


def test_what_was_made_before_there_was_a_shared_store_goes_up(
    tmp_path: Path, seaweed: Seaweed, bucket: Bucket, door: Door
) -> None:
    receipt = receipt_for(b"sound")
    layered(tmp_path / "one", bucket).near.put(receipt, b"sound")
    for _ in range(2):
        machine = layered(tmp_path / "one", bucket)
        machine.begin()
        machine.finish()
        assert held(seaweed, bucket) == names_of(receipt)
    assert door.count("PUT") == 2
    elsewhere = bucket_at(door.url, seaweed.bucket())
    machine = layered(tmp_path / "one", elsewhere)
    machine.begin()
    machine.finish()
    assert held(seaweed, elsewhere) == names_of(receipt)


def test_what_cannot_be_listed_is_kept_here_all_the_same(tmp_path: Path, bucket: Bucket) -> None:
    """It may have been paid for."""
    store = layered(tmp_path, bucket)
    (tmp_path / "store/pending").write_bytes(b"in the way")
    receipt = receipt_for(b"sound")
    with pytest.raises(OSError, match="pending"):
        store.put(receipt, b"sound")
    assert store.near.find(receipt.key) == receipt


def test_a_list_with_damaged_things_on_it_does_no_harm(tmp_path: Path, bucket: Bucket) -> None:
    machine = layered(tmp_path / "one", bucket)
    gone, damaged = receipt_for(b"gone", "gone"), receipt_for(b"damaged", "damaged")
    machine._pending.take_over(["r1:never"])
    for receipt, content in ((gone, b"gone"), (damaged, b"damaged")):
        machine.near.put(receipt, content)
        machine._pending.add(receipt.key)
    for listed in machine._pending._folder.iterdir():
        os.utime(listed, (0, 0))
    machine.near.path(gone.blob).unlink()
    machine.near.path(damaged.blob).chmod(0o644)
    machine.near.path(damaged.blob).write_bytes(b"dXmaged")
    machine.begin()
    machine.finish()
    assert list(machine._pending.keys()) == []


def test_what_is_being_put_stays_on_the_list_when_another_build_begins(tmp_path: Path, bucket: Bucket) -> None:
    """It is on the list before it is here; the build that puts it may be killed before it goes up."""
    receipt = receipt_for(b"sound")
    machine = layered(tmp_path / "one", bucket)
    machine._pending.add(receipt.key)
    layered(tmp_path / "one", bucket).begin()
    machine.near.put(receipt, b"sound")
    again = layered(tmp_path / "one", bucket)
    again.begin()
    again.finish()
    assert again.far.find(receipt.key) == receipt


def test_what_has_not_begun_when_a_build_is_to_end_is_left_for_later(
    one: Layered, door: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(layered_module, "PATIENCE_SECONDS", 0.0)
    door.latency_seconds = 0.3
    receipts = [receipt_for(f"{at}".encode(), f"line {at}", usd=FREE) for at in range(20)]
    for at, receipt in enumerate(receipts):
        one.put(receipt, f"{at}".encode())
    one.stop()
    one.finish()
    assert "files are on their way to or from the shared store; Ctrl-C leaves them" in capsys.readouterr().err
    assert len(list(one._pending.keys())) >= len(receipts) - layered_module.TRANSFERS_AT_ONCE
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("store")]


def test_keys_that_may_only_read_still_read(  # noqa: PLR0913, PLR0917 (fixtures)
    one: Layered, tmp_path: Path, door: Door, bucket: Bucket, seaweed: Seaweed, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt, mine = receipt_for(b"sound"), receipt_for(b"mine", "mine")
    one.put(receipt, b"sound")
    env = {name: value for name, value in seaweed.reader_env.items() if name != "S3_ENDPOINT_URL"}
    reader = layered(tmp_path / "reader", bucket_at(door.url, bucket.name, **env))
    reader.put(mine, b"mine")
    assert reader.find(receipt.key) == receipt
    assert reader.read(receipt.blob) == b"sound"
    assert len(warnings(capsys.readouterr().err)) == 1
    assert list(reader._pending.keys()) == [mine.key]


def test_in_read_mode_nothing_goes_up(one: Layered, tmp_path: Path, door: Door, bucket: Bucket) -> None:
    receipt, mine = receipt_for(b"sound"), receipt_for(b"mine", "mine")
    one.put(receipt, b"sound")
    put = door.count("PUT")
    reader = layered(tmp_path / "reader", bucket, can_write=False)
    reader.begin()
    reader.put(mine, b"mine")
    reader.finish()
    assert reader.read(mine.blob) == b"mine"
    assert reader.find(receipt.key) == receipt
    assert door.count("PUT") == put
    assert list(reader._pending.keys()) == []


def test_where_it_is_required_nothing_goes_on_without_it(tmp_path: Path, door: Door, bucket: Bucket) -> None:
    """What was paid for is kept near all the same, and goes up later."""
    machine = layered(tmp_path / "one", bucket, is_required=True)
    machine.begin()
    machine.check_room()
    door.fault = first(1000, "403")
    receipt = receipt_for(b"sound")
    with pytest.raises(BuildError, match=r"required \(store_required\), and not there: .*HTTP 403"):
        machine.put(receipt, b"sound")
    assert machine.near.read(receipt.blob) == b"sound"
    assert list(machine._pending.keys()) == [receipt.key]
    with pytest.raises(BuildError, match="store_required"):
        machine.check_room()
    with pytest.raises(BuildError, match="store_required"):
        machine.find("r1:never")
    with pytest.raises(SetupError, match="store_required"):
        layered(tmp_path / "other", bucket, is_required=True).begin()


def test_the_far_store_gets_no_request_before_it_is_needed(tmp_path: Path, door: Door, bucket: Bucket) -> None:
    machine = layered(tmp_path / "one", bucket)
    machine.begin()
    machine.bring([])
    machine.finish()
    assert door.asked == []


def test_what_is_fetched_in_advance_and_cannot_be_does_not_end_a_build(
    one: Layered, tmp_path: Path, bucket: Bucket, door: Door
) -> None:
    """Also where the shared store is required: the step that wants it fails, and tells why."""
    receipt = receipt_for(b"sound")
    one.put(receipt, b"sound")
    machine = layered(tmp_path / "third", bucket, is_required=True)
    door.fault = first(1000, "403", "GET", "/blobs/")
    machine.bring([receipt.key])
    machine.finish()
    with pytest.raises(BuildError, match="store_required"):
        machine.read(receipt.blob)


def test_boto3_is_not_imported_before_a_request(tmp_path: Path, seaweed: Seaweed) -> None:
    """Neither for a store that stands alone, nor for a shared one while there is nothing to do."""
    code = """
import os, sys
from pathlib import Path
import reelmake.cli, reelmake.tasks.loader
from reelmake.project.settings import Settings
from reelmake.project.load import open_store
for url in (None, "s3://bucket/team"):
    store = open_store(Path(), Settings(store_url=url), os.environ.get)
    store.begin()
    store.bring([])
    store.finish()
print([name for name in ("boto3", "botocore", "urllib3") if name in sys.modules])
"""
    env = {**os.environ, **seaweed.env, "PYTHONPATH": str(SRC)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr


def test_it_asks_for_nothing_that_is_conditional(one: Layered, door: Door, seaweed: Seaweed, bucket: Bucket) -> None:
    """The door answers 501 to that, as Backblaze does."""
    large: Any = bytes(20 << 20)
    one.put(receipt_for(large), large)
    assert held(seaweed, bucket) == names_of(receipt_for(large))
    assert door.broken == []
