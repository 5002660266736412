"""Who asks the providers of a project, and how what they take is loaded while the first of them is waited for."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from reelmake.budget import Budget
from reelmake.calls import Caller
from reelmake.gate import Gates
from reelmake.prices import Prices
from reelmake.production import CPU, Production
from reelmake.project import Project
from reelmake.providers import provider
from reelmake.settings import variables
from reelmake.tasks.kinds import PUBLISH


def caller_of(project: Project) -> Caller:
    """Return what asks the providers of a project, within its limits and its cap."""
    settings = project.settings
    pools = {choice.pool for show in project.productions.values() for choice in show.choices.values()} - {CPU}
    pools |= {PUBLISH}
    limits = {CPU: settings.limits.get(CPU, os.cpu_count() or 1), **{pool: settings.limits.get(pool) for pool in pools}}
    return Caller(
        prices=Prices(settings.prices),
        budget=Budget(settings.cap_usd),
        gates=Gates(limits, settings.per_minute),
        variable=variables(project.root),
        proxy=settings.proxy,
        timeout_seconds=settings.timeout_seconds,
        retry_seconds=settings.retry_seconds,
    )


def prepare_while_waiting(shows: Iterable[Production]) -> None:
    """Have what all vendors take loaded as soon as the first of them is at work: nothing is loaded for nothing."""
    asked = {
        (place[0], choice.provider) for show in shows for place, choice in show.choices.items() if choice.pool != CPU
    }
    if asked:
        from reelmake.providers import wire  # noqa: PLC0415

        wire.while_waiting(partial(_prepare, sorted(asked, reverse=True)))  # voices are there first


def _prepare(choices: Iterable[tuple[str, str]]) -> None:
    """Load what the steps to come take: vendors' SDKs, and what draws and encodes."""
    for kind, name in choices:
        if not threading.main_thread().is_alive():
            return  # the build has ended
        with suppress(Exception):  # who needs it will say what is wrong with it
            provider(kind, name).prepare()
    from reelmake import make, read  # noqa: F401, PLC0415
