"""Shared stores for tests, at an S3 server on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seaweed import env_of

from reelmake.store.layered import Layered
from reelmake.store.local import LocalStore
from reelmake.store.s3 import S3Store
from reelmake.store.s3_client import Bucket, access


def bucket_at(url: str, name: str, proxy: str | None = None, **env: str) -> Bucket:
    """Return a bucket of a server, under a prefix; `env` are variables that differ."""
    return Bucket(f"s3://{name}/team", access({**env_of(url), **env}.get, proxy))


def layered(folder: Path, bucket: Bucket, **how: Any) -> Layered:
    """Return a store in a folder, as a machine has it, before a shared one."""
    return Layered(LocalStore(folder / "store"), S3Store(bucket, folder / "far"), **how)
