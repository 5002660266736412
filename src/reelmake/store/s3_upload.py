"""Large files into a bucket: in parts, some at once; parts that arrived before a cut or a kill are not sent again.

boto3's transfer manager begins anew then, and leaves the parts of a process that was killed in the bucket.

An object appears when its last part is there and all of them are joined: it is whole, or as it was. So an upload that
is begun and given up tries the right to write, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from reelmake.core.errors import NoObjectError, ObjectsError, UnreachableError
from reelmake.store.s3_client import Bucket, sum_of

PART_BYTES: Final = 8 << 20  # at least 5 MiB, by the API
MOST_PARTS: Final = 10_000  # so many an API takes
AT_ONCE: Final = 4

Sent = Callable[[int], None]


def upload(bucket: Bucket, name: str, file: Path, *, sent: Sent = lambda _: None, **headers: str) -> None:
    """Write a file as an object, whole or not at all; raises ObjectsError.

    Parts of the same content that an earlier attempt has sent are used. `sent` is called, in any thread, with the
    number of bytes of each part that is there. `headers` are boto3's: ContentType, CacheControl, ...
    """
    size = file.stat().st_size
    if size <= 2 * PART_BYTES:
        bucket.put(name, file.read_bytes(), **headers)
        sent(size)
        return
    try:
        _in_parts(bucket, name, file, size, _begun(bucket, name), sent, headers)
    except NoObjectError:  # it was joined, or given up, by another machine or before an answer that got lost
        found = bucket.head(name)
        if found is None or found["ContentLength"] != size:
            _in_parts(bucket, name, file, size, None, sent, headers)


def missing_right(bucket: Bucket, *, can_write: bool) -> ObjectsError | None:
    """Try to list, to read and, with `can_write`, to write; return the error of the right that is missing, or None.

    Nothing is left in the bucket, and no right to delete is needed.
    """
    name = f"probe/{uuid4().hex}"
    if error := bucket.problem():
        return error
    try:
        bucket.head(name)
    except ObjectsError as error:
        return _cannot("read", error)
    if not can_write:
        return None
    try:
        with bucket.client() as s3:
            begun = s3.create_multipart_upload(**bucket.place(name))["UploadId"]
    except ObjectsError as error:
        return _cannot("written to", error)
    try:
        with bucket.client() as s3:
            s3.abort_multipart_upload(**bucket.place(name), UploadId=begun)
    except ObjectsError as error:
        fix = "give the keys the right to abort uploads, or have the bucket end unfinished ones by a rule"
        return ObjectsError(f"an unfinished upload, {name}, is left in {bucket.url}: {error.what}", fix)
    return None


def _cannot(what: str, error: ObjectsError) -> ObjectsError:
    return ObjectsError(f"it can be listed, and not {what}: {error.what}", error.fix)


def _in_parts(  # noqa: PLR0913, PLR0917 (source, destination, and callback)
    bucket: Bucket, name: str, file: Path, size: int, begun: str | None, sent: Sent, headers: Mapping[str, str]
) -> None:
    """Send the parts that are not there yet, and join all of them."""
    step = max(PART_BYTES, -(-size // MOST_PARTS))
    with bucket.client() as s3:
        upload_id = begun or s3.create_multipart_upload(**bucket.place(name), **headers)["UploadId"]
        place = {**bucket.place(name), "UploadId": upload_id}
        pages = s3.get_paginator("list_parts").paginate(**place) if begun else ()
        there = {int(one["PartNumber"]): str(one["ETag"]) for page in pages for one in page.get("Parts", ())}

    def send(number: int) -> dict[str, Any]:
        with file.open("rb") as opened:
            opened.seek((number - 1) * step)
            part = opened.read(step)
        tag = f'"{md5(part, usedforsecurity=False).hexdigest()}"'
        if there.get(number) != tag:
            with bucket.client() as s3:
                tag = str(s3.upload_part(**place, PartNumber=number, Body=part, ContentMD5=sum_of(part))["ETag"])
        sent(len(part))
        return {"PartNumber": number, "ETag": tag}

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upload") as pool:
        parts = list(pool.map(send, range(1, -(-size // step) + 1)))
    with bucket.client() as s3:
        s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})


def _begun(bucket: Bucket, name: str) -> str | None:
    """Return the last upload of this name that was begun and not ended; None where the keys may not list uploads."""
    key = bucket.place(name)["Key"]
    try:
        with bucket.client() as s3:
            pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket.name, Prefix=key)
            ours = [one for page in pages for one in page.get("Uploads", ()) if one["Key"] == key]
    except UnreachableError:
        raise
    except ObjectsError:
        return None
    return str(max(ours, key=lambda one: str(one.get("Initiated", "")))["UploadId"]) if ours else None
