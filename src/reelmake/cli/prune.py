"""`prune`: removing results that no spec needs any more, from this machine and from a shared store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from reelmake.cli.app import AsJson, ProjectDir, UsageError, answer, app, opened
from reelmake.cli.git import specs_at
from reelmake.core.amounts import as_json, dollars, with_unpriced
from reelmake.store.prune import FREE_DAYS, PAID_DAYS, Rule, Waste, waste

if TYPE_CHECKING:
    from reelmake.project.settings import Settings
    from reelmake.store.base import Prunable, Store


SCHEMA: Final = "reelmake/prune@1"
MOST_SHOWN: Final = 10
REMOVED_AT_ONCE: Final = 12
KILO: Final = 1000


@app.command()
def prune(  # noqa: PLR0913, PLR0917 (options of a command line)
    project: ProjectDir = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Remove them. Without this, they are only listed.")] = False,
    keep_ref: Annotated[
        list[str] | None,
        typer.Option(help="Also keep what the specs of this git revision need; may be repeated."),
    ] = None,
    older_than: Annotated[
        int, typer.Option(min=0, help="Paid results go when they are older than so many days.")
    ] = PAID_DAYS,
    shared: Annotated[bool, typer.Option("--shared", help="Prune the shared store, and not this machine's.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the results that no spec needs any more, with their size and cost; with --yes, remove them.

    Free results go after a week. Receipts of paid ones stay.
    """
    from reelmake.tasks.garbage import left_over, needed_keys, remove_files  # noqa: PLC0415

    with opened(project, None) as build, ExitStack() as revisions:
        ffmpeg = build.project.ffmpeg
        others = [revisions.enter_context(specs_at(revision, ffmpeg)).sound() for revision in keep_ref or ()]
        store = _store(build.context.store, build.project.settings, is_shared=shared)
        rule = Rule(needed_keys(build, others), datetime.now(UTC), older_than)
        _refuse_blind(build.context.store)
        found = waste(store.receipts(), store.blobs(), rule)
        files = {} if shared else left_over(build)
        later = 0 if shared else _count(left_over(build, days=0)) - _count(files)
        if yes:
            remove(store, found)
            remove_files(build, files)
            build.records.backend.commit()
    where = build.project.settings.store_url if shared else build.project.settings.store
    names = sorted(path for made in files.values() for path in made)
    if as_json:
        answer(_json(str(where), found, names, is_removed=yes))
    else:
        print("\n".join(_lines(str(where), found, names, is_removed=yes)))
        if later:
            print(f"{later} file{'s' * (later != 1)} of episodes that are gone: kept until {FREE_DAYS} days old")


def _count(files: Mapping[str, Sequence[str]]) -> int:
    return sum(map(len, files.values()))


def _store(store: Store, settings: Settings, *, is_shared: bool) -> Prunable:
    """Return the store that is meant; raises UsageError when there is none, or nothing may be removed from it."""
    from reelmake.store.local import LocalStore  # noqa: PLC0415

    if isinstance(store, LocalStore):
        if is_shared:
            raise UsageError("there is no shared store", "set store_url, or leave --shared out")
        return store
    from reelmake.store.layered import Layered  # noqa: PLC0415

    assert isinstance(store, Layered)
    if is_shared and settings.store_mode == "read":
        raise UsageError("the shared store is read, and not written to (store_mode)", "prune it where it is written to")
    return store.far if is_shared else store.near


def _refuse_blind(store: Store) -> None:
    """Raise UsageError when the shared store could not be read: scripts, and results of their lines, may be there."""
    if error := store.unread:
        raise UsageError(f"nothing was removed, for it is not known what is needed: {error.what}", error.fix)


def remove(store: Prunable, found: Waste) -> None:
    """Remove receipts first: an interruption leaves unneeded blobs, and no receipt without its blob."""
    with ThreadPoolExecutor(REMOVED_AT_ONCE, thread_name_prefix="prune") as pool:
        list(pool.map(store.remove, found.receipts))
        list(pool.map(store.remove_blob, found.blobs))


def _lines(where: str, found: Waste, files: list[str], *, is_removed: bool) -> list[str]:
    """Return it for a terminal."""
    verb = "removed" if is_removed else "to remove"
    lines = [f"{where}: {len(found.blobs)} blobs {verb}, {_size(found.size_bytes)}"]
    if found.paid:
        usd = with_unpriced(dollars(found.usd), found.unpriced)
        lines.append(f"  {len(found.paid)} of them cost {usd}, and would cost that again:")
        lines += [
            f"    {receipt.made_at[:10]} {receipt.step or receipt.key}: {dollars(receipt.usd)}"
            for receipt in sorted(found.paid, key=lambda one: one.made_at)[:MOST_SHOWN]
        ]
        if (more := len(found.paid) - MOST_SHOWN) > 0:
            lines.append(f"    and {more} more; --json tells all")
    if files:
        lines.append(f"{len(files)} files of episodes that are gone {verb}, such as {files[0]}")
    if not is_removed and (found.blobs or files):
        lines.append("nothing was removed; with --yes it is")
    return lines


def _json(where: str, found: Waste, files: list[str], *, is_removed: bool) -> dict[str, Any]:
    """Return it as JSON; amounts are text."""
    return {
        "schema": SCHEMA,
        "store": where,
        "is_removed": is_removed,
        "blobs": len(found.blobs),
        "size_bytes": found.size_bytes,
        "usd": as_json(None if found.unpriced else found.usd),
        "unpriced": found.unpriced,
        "free_days": FREE_DAYS,
        "paid": [
            {
                "step": receipt.step,
                "key": receipt.key,
                "made_at": receipt.made_at,
                "usd": as_json(receipt.usd),
            }
            for receipt in found.paid
        ],
        "files": files,
    }


def _size(size_bytes: int) -> str:
    size, units = float(size_bytes), ["B", "kB", "MB", "GB"]
    while size >= KILO and len(units) > 1:
        size /= KILO
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"
