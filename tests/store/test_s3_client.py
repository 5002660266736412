"""Objects in a bucket of a real S3 server, and what is made of everything that can go wrong on the way there."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path
from typing import Any

import pytest
from far import bucket_at
from s3_faults import Door, first
from seaweed import KEY_ID, READER_ID, READER_SECRET, SECRET, Seaweed, client, env_of
from socks_proxy import Socks, free_port

from reelmake.core.errors import NoObjectError, ObjectsError, RefusedError, SetupError, UnreachableError
from reelmake.store import s3_client
from reelmake.store.s3_client import Bucket, access, place
from reelmake.store.s3_upload import PART_BYTES, missing_right, upload


@pytest.fixture
def bucket(door: Door, seaweed: Seaweed) -> Bucket:
    """A bucket behind the door."""
    return bucket_at(door.url, seaweed.bucket())


def test_an_object_is_there_as_it_was_put(bucket: Bucket, seaweed: Seaweed, tmp_path: Path) -> None:
    assert bucket.head("a b/ü.json") is None
    assert bucket.read("a b/ü.json") is None
    with (tmp_path / "out").open("wb") as out:
        assert not bucket.fetch("a b/ü.json", out)
    bucket.put("a b/ü.json", b"{}", ContentType="application/json", CacheControl="no-cache")
    assert bucket.read("a b/ü.json") == b"{}"
    with (tmp_path / "out").open("wb") as out:
        assert bucket.fetch("a b/ü.json", out)
    assert (tmp_path / "out").read_bytes() == b"{}"
    found = bucket.head("a b/ü.json")
    assert found
    assert (found["ContentLength"], found["ContentType"], found["CacheControl"]) == (2, "application/json", "no-cache")
    raw = client(seaweed.url).list_objects_v2(Bucket=bucket.name)["Contents"]
    assert [one["Key"] for one in raw] == ["team/a b/ü.json"]
    (tmp_path / "file").write_bytes(b"from a file")
    upload(bucket, "file", tmp_path / "file")
    assert bucket.read("file") == b"from a file"
    assert list(bucket.names()) == ["a b/ü.json", "file"]
    assert list(bucket.names("fi")) == ["file"]
    bucket.remove("file")
    bucket.remove("file")
    assert list(bucket.names()) == ["a b/ü.json"]


def test_all_names_are_listed_a_page_after_the_other(
    bucket: Bucket, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        bucket.put(f"n/{at}", b"x")
    monkeypatch.setattr(s3_client, "PAGE_NAMES", 2)
    assert list(bucket.names("n/")) == [f"n/{at}" for at in range(5)]
    assert door.count("GET") == 3


@pytest.mark.parametrize("fault", ["500", "503", "reset", "cut", "truncate", "corrupt"])
def test_a_passing_fault_is_retried(bucket: Bucket, door: Door, tmp_path: Path, fault: str) -> None:
    """Damage on the way up is refused by the server; on the way down, the digest shows it."""
    if fault != "truncate":  # its answer has no body
        door.fault = first(2, fault, "PUT")
    bucket.put("x", b"content")
    assert len(door.broken) == 2 * (fault != "truncate")
    door.fault = first(0 if fault == "corrupt" else 2, fault, "GET")
    assert bucket.read("x") == b"content"
    door.fault = first(0 if fault == "corrupt" else 2, fault, "GET")
    with (tmp_path / "out").open("wb") as out:
        assert bucket.fetch("x", out)
    assert (tmp_path / "out").read_bytes() == b"content"


@pytest.mark.parametrize("fault", ["503", "reset"])
def test_after_some_attempts_it_counts_as_out_of_reach(bucket: Bucket, door: Door, fault: str) -> None:
    door.fault = first(1000, fault)
    with pytest.raises(UnreachableError, match=f"s3://{bucket.name}"):
        bucket.put("x", b"content")
    assert len(door.broken) == s3_client.MOST_ASKED


def test_an_answer_that_is_cut_each_time_counts_as_out_of_reach(bucket: Bucket, door: Door) -> None:
    bucket.put("x", b"content")
    door.fault = first(1000, "truncate")
    with pytest.raises(UnreachableError, match="the connection was cut"):
        bucket.read("x")
    assert len(door.broken) == s3_client.MOST_READ


def test_a_large_object_is_read_in_parts(bucket: Bucket, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is damaged or missing of a part is read again, and no other part."""
    monkeypatch.setattr(s3_client, "RANGE_BYTES", 1000)
    content = random.Random(2).randbytes(3500)
    bucket.put("x", content)
    door.fault = first(1, "truncate", "GET")
    assert bucket.read("x") == content
    assert door.count("GET") == 5


def test_what_takes_too_long_counts_as_out_of_reach(
    bucket: Bucket, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(s3_client, "MOST_ASKED", 2)
    s3_client._made_client.cache_clear()
    door.fault = first(1000, "hang")
    with pytest.raises(UnreachableError, match="its answer takes too long"):
        bucket.read("x")
    s3_client._made_client.cache_clear()


def test_where_nobody_listens_it_is_said_what_to_look_at() -> None:
    far = bucket_at(f"http://127.0.0.1:{free_port()}", "b")
    with pytest.raises(UnreachableError, match=r"no connection can be made; check S3_ENDPOINT_URL, and the network$"):
        far.read("x")


def test_an_invalid_region_is_reported() -> None:
    with pytest.raises(RefusedError, match=r"cannot be reached: .*; check S3_ENDPOINT_URL and AWS_REGION"):
        bucket_at("http://s3.test", "b", AWS_REGION="no region").read("x")


def test_a_lasting_error_is_not_retried(seaweed: Seaweed, door: Door, bucket: Bucket) -> None:
    door.fault = first(1000, "403")
    with pytest.raises(RefusedError, match=r"a test says so \(HTTP 403, AccessDenied\); check the keys"):
        bucket.read("x")
    door.fault = first(1000, "501")
    with pytest.raises(ObjectsError, match="HTTP 501"):
        bucket.put("x", b"content")
    assert len(door.broken) == 2
    with pytest.raises(RefusedError, match="make the bucket, or fix its name"):
        bucket_at(seaweed.url, "no-such-bucket").put("x", b"content")
    with pytest.raises(RefusedError, match="check the keys"):
        bucket_at(seaweed.url, bucket.name, AWS_SECRET_ACCESS_KEY="wrong").put("x", b"content")
    reader = Bucket(f"s3://{bucket.name}", access(seaweed.reader_env.get, None))
    assert reader.read("x") is None
    with pytest.raises(RefusedError, match="check the keys"):
        reader.put("x", b"content")


def test_mistakes_of_ours_are_not_taken_for_the_servers(bucket: Bucket) -> None:
    with pytest.raises(ZeroDivisionError), bucket.client():
        1 // 0  # noqa: B018


# -- parts --------------------------------------------------------------------------------------------------------


def large(path: Path, parts: float = 3.25) -> Path:
    path.write_bytes(random.Random(1).randbytes(int(parts * PART_BYTES)))
    return path


def test_a_large_file_is_sent_in_parts(bucket: Bucket, door: Door, tmp_path: Path) -> None:
    file = large(tmp_path / "large")
    sent: list[int] = []
    door.fault = first(2, "503", "PUT")
    upload(bucket, "large", file, sent=sent.append, ContentType="video/mp4")
    assert bucket.read("large") == file.read_bytes()
    assert (len(sent), sum(sent)) == (4, file.stat().st_size)
    found = bucket.head("large")
    assert found
    assert found["ContentType"] == "video/mp4"
    assert found["ETag"].endswith('-4"')


def test_what_was_sent_before_a_failure_is_not_sent_again(bucket: Bucket, door: Door, tmp_path: Path) -> None:
    """Nothing is there until all is."""
    file = large(tmp_path / "large")
    begun = itertools.count()
    door.fault = lambda method, _: "403" if method == "PUT" and next(begun) >= 2 else ""
    with pytest.raises(RefusedError):
        upload(bucket, "large", file)
    assert door.count("PUT") == 2
    assert bucket.head("large") is None
    door.fault = first(0, "")
    upload(bucket, "large", file)
    assert door.count("PUT") == 4
    assert bucket.read("large") == file.read_bytes()
    door.asked.clear()
    other = tmp_path / "other"
    other.write_bytes(file.read_bytes()[::-1])
    upload(bucket, "large", other)
    assert bucket.read("large") == other.read_bytes()


def test_an_answer_that_is_lost_when_parts_are_joined_does_no_harm(bucket: Bucket, door: Door, tmp_path: Path) -> None:
    file = large(tmp_path / "large")
    lost: list[str] = []

    def once(method: str, _: str) -> str:
        if method == "POST" and door.count("PUT") == 4 and not lost:
            lost.append(method)
            return "cut"
        return ""

    door.fault = once
    upload(bucket, "large", file)
    assert lost
    assert bucket.read("large") == file.read_bytes()
    assert door.count("PUT") == 4


# -- through a proxy ----------------------------------------------------------------------------------------------


def test_rights_are_tried_and_nothing_is_left(bucket: Bucket, door: Door, seaweed: Seaweed) -> None:
    """Not even by keys that may not delete; what only reads is not tried for writing."""
    assert missing_right(bucket, can_write=True) is None
    keys = {"AWS_ACCESS_KEY_ID": READER_ID, "AWS_SECRET_ACCESS_KEY": READER_SECRET}
    reader = bucket_at(door.url, bucket.name, **keys)
    assert missing_right(reader, can_write=False) is None
    assert "it can be listed, and not written to" in str(missing_right(reader, can_write=True))
    door.fault = first(1, "403", "HEAD")
    assert "it can be listed, and not read" in str(missing_right(bucket, can_write=True))
    s3 = client(seaweed.url)
    assert s3.list_objects_v2(Bucket=bucket.name)["KeyCount"] == 0
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket.name)
    door.fault = first(1, "403", "DELETE")
    left = str(missing_right(bucket, can_write=True))
    assert "is left in" in left
    assert s3.list_multipart_uploads(Bucket=bucket.name)["Uploads"][0]["Key"].removeprefix("team/") in left


def test_with_a_proxy_everything_goes_through_it_and_it_resolves_names(seaweed: Seaweed, tmp_path: Path) -> None:
    port = int(seaweed.url.rpartition(":")[2])
    file = large(tmp_path / "large", 2.25)
    with Socks({"s3.test": "127.0.0.1"}) as proxy:
        for url in (proxy.url, proxy.url.replace("socks5h:", "socks5:")):
            far = bucket_at(f"http://s3.test:{port}", seaweed.bucket(), url)
            upload(far, "large", file)
            assert far.read("large") == file.read_bytes()
        assert proxy.was_asked_for("s3.test", port)
        wrong = bucket_at(f"http://s3.test:{port}", "b", proxy.url.replace("correct", "wrong"))
        with pytest.raises(UnreachableError, match="and the proxy of REELMAKE_PROXY") as error:
            wrong.read("x")
        assert "wrong-horse" not in str(error.value)
    dead = bucket_at(seaweed.url, "b", f"socks5h://127.0.0.1:{free_port()}")
    with pytest.raises(UnreachableError, match="and the proxy of REELMAKE_PROXY"):
        dead.read("x")


def test_proxies_of_the_environment_are_not_looked_at(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, f"http://127.0.0.1:{free_port()}")
    assert bucket_at(seaweed.url, seaweed.bucket(), AWS_REGION="eu-west-3").read("x") is None


# -- who asks, and where ------------------------------------------------------------------------------------------

AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "as", "AWS_SESSION_TOKEN": "t"}
B2 = {"B2_APPLICATION_KEY_ID": "b", "B2_APPLICATION_KEY": "bs"}
AT_B2 = {"S3_ENDPOINT_URL": "https://s3.us-west-004.backblazeb2.com"}
AT_R2 = {"S3_ENDPOINT_URL": "https://account.r2.cloudflarestorage.com"}


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (AWS, (None, "us-east-1", "a", "as", "t")),
        ({**AWS, "AWS_DEFAULT_REGION": "eu-west-1"}, (None, "eu-west-1", "a", "as", "t")),
        ({**AWS, **B2, **AT_B2}, (AT_B2["S3_ENDPOINT_URL"], "us-west-004", "b", "bs", None)),
        ({**AWS, **AT_B2}, (AT_B2["S3_ENDPOINT_URL"], "us-west-004", "a", "as", "t")),
        ({**AWS, **B2, **AT_R2}, (AT_R2["S3_ENDPOINT_URL"], "auto", "a", "as", "t")),
        ({**B2, "S3_ENDPOINT_URL": "http://s3.test"}, ("http://s3.test", "us-east-1", "b", "bs", None)),
    ],
)
def test_keys_are_those_of_the_place(env: dict[str, str], expected: Any) -> None:
    found = access(env.get, None)
    assert (found.endpoint, found.region, found.key_id, found.secret, found.token) == expected


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({}, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; write AWS_ACCESS_KEY_ID=... into .env"),
        (AT_B2, "B2_APPLICATION_KEY_ID and B2_APPLICATION_KEY are not set"),
        ({"AWS_ACCESS_KEY_ID": "a"}, "AWS_SECRET_ACCESS_KEY is not set; write AWS_SECRET_ACCESS_KEY=... into .env"),
        (B2, "there are keys for Backblaze B2, and no S3_ENDPOINT_URL"),
        ({**AWS, "S3_ENDPOINT_URL": "s3.test"}, "S3_ENDPOINT_URL is no address"),
        ({**AWS, "S3_ENDPOINT_URL": "https://"}, "S3_ENDPOINT_URL is no address"),
        ({**AWS, "S3_ENDPOINT_URL": "http://s3.test:none"}, "S3_ENDPOINT_URL is no address"),
        ({**AWS, "S3_ENDPOINT_URL": "https://me:a-pass-word@s3.test"}, "S3_ENDPOINT_URL is no address"),
    ],
)
def test_what_is_missing_is_reported_with_what_to_write(env: dict[str, str], message: str) -> None:
    with pytest.raises(SetupError) as error:
        access(env.get, None)
    assert message in str(error.value)
    assert "a-pass-word" not in str(error.value)


def test_secrets_are_not_shown() -> None:
    shown = repr(access(env_of("http://s3.test").get, "socks5h://u:pass-word@p:1"))
    assert KEY_ID in shown
    assert SECRET not in shown
    assert "pass-word" not in shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://b", ("b", "")),
        ("s3://b/", ("b", "")),
        ("s3://b/team", ("b", "team/")),
        ("s3://b/team/store/", ("b", "team/store/")),
        ("https://b/team", None),
        ("s3://", None),
        ("s3:///team", None),
        ("s3://b/team//x", None),
        ("s3://b/team?x", None),
        ("s3://key:secret@b/team", None),
    ],
)
def test_a_place_is_a_bucket_and_a_prefix(url: str, expected: tuple[str, str] | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match=r".*"):
            place(url)
    else:
        assert place(url) == expected


def test_a_missing_upload_is_a_missing_object(bucket: Bucket) -> None:
    with pytest.raises(NoObjectError), bucket.client() as s3:
        s3.list_parts(**bucket.place("x"), UploadId="no-such-upload")
