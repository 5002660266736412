"""The store of a project, as its settings say: a folder, or a folder in front of a bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reelmake.core.errors import ReelmakeError
from reelmake.project.settings import Settings, load_settings, variables
from reelmake.store.base import Store
from reelmake.store.local import LocalStore

if TYPE_CHECKING:
    from reelmake.store.s3_client import Access


def open_store(
    root: Path, settings: Settings, variable: Callable[[str], str | None], *, read_only: bool = False
) -> Store:
    """Return the store of the project in `root`; raises SetupError when it cannot be kept, or keys are missing.

    The shared one is not asked for anything before something has to be. With `read_only`, nothing changes on the disk.
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


def prepare_store(root: Path) -> None:
    """Have what a shared store takes loaded beside the reading of a project, which waits for ffmpeg to look at files.

    For what is certain to ask it: loading takes half a second. What is wrong with settings, keys or the network is
    told by whoever needs them.
    """
    with suppress(ReelmakeError, OSError):
        settings = load_settings(root)
        if settings.store_url is not None:
            from reelmake.store.s3_client import access  # noqa: PLC0415

            told = access(variables(root), settings.proxy)
            threading.Thread(target=_load, args=(told,), name="shared store").start()


def _load(access: Access) -> None:
    from reelmake.store.s3_client import client_of  # noqa: PLC0415

    with suppress(Exception):
        client_of(access)
