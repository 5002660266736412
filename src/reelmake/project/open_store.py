"""The store of a project, as its settings say: a folder, or a folder in front of a bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reelmake.project.settings import Settings
from reelmake.store.base import Store
from reelmake.store.local import LocalStore


def open_store(
    root: Path, settings: Settings, variable: Callable[[str], str | None], *, read_only: bool = False
) -> Store:
    """Return the store of the project in `root`; raises SetupError when it cannot be kept, or keys are missing.

    The shared one gets no request before the first one that is needed. With `read_only`, nothing changes on the disk.
    """
    near = LocalStore(root / settings.store, read_only=read_only)
    if settings.store_url is None:
        return near
    from reelmake.store.layered import Layered  # noqa: PLC0415
    from reelmake.store.s3 import S3Store  # noqa: PLC0415
    from reelmake.store.s3_client import Bucket, access  # noqa: PLC0415 (a project without a shared store needs none of it)

    bucket = Bucket(settings.store_url, access(variable, settings.proxy))
    return Layered(
        near,
        S3Store(bucket, near.root),
        can_write=settings.store_mode == "write" and not read_only,
        is_required=settings.store_required,
        can_keep=not read_only,
    )
