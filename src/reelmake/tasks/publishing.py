"""The tasks that publish. They are never up to date: each run asks the target what it holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from doit.task import Task

from reelmake.core.logging import log_for_programs
from reelmake.engine.engine import Context
from reelmake.plan.episode import Production
from reelmake.plan.kinds import PUBLISH
from reelmake.spec.model import Line, Target
from reelmake.tasks.job import Job, Outcome
from reelmake.tasks.records import Records

if TYPE_CHECKING:  # what publishing takes is slow to import
    from reelmake.publish.merge_order import Merge
    from reelmake.publish.targets import Place

ABOUT: Final = "the finished video, where others find it"
_OPTION: Final = {
    "name": "allow_degraded",
    "long": "allow-degraded",
    "type": bool,
    "default": False,
    "help": "publish also what a card stands in for",
}


class Publishing:
    """Publishes the episodes of a build.

    lines  returns the lines that the specs ask for
    merge  the commit that is published, where it gives way to later ones
    """

    def __init__(
        self, context: Context, records: Records, lines: Callable[[Production], Sequence[Line] | None]
    ) -> None:
        self._context, self._records, self._lines = context, records, lines
        self.merge: Merge | None = None
        self._group: Task | None = None
        self._places: dict[Target, Place] = {}
        self._opening = threading.Lock()

    def all(self, members: list[str]) -> Task:
        """Return the task that publishes all episodes; its options hold for each."""
        self._group = Task(PUBLISH, None, task_dep=members, has_subtask=True, doc=ABOUT, params=[_OPTION])
        return self._group

    def task(self, show: Production) -> Task:
        """Return the task that publishes an episode."""
        task = Task(
            f"{PUBLISH}:{show.name}",
            [Job(lambda: self._publish(show, task))],
            task_dep=[f"{kind}:{show.name}" for kind in ("video", "inspection", "cover")],
            subtask_of=PUBLISH,
            doc=f"{ABOUT} ({show.episode.title})",
            params=[_OPTION],
            meta={"pool": PUBLISH, "label": f"{PUBLISH}:{show.name}"},
        )
        return task

    def targets(self, shows: Iterable[Production]) -> list[Place]:
        """Return all targets of episodes; raises SetupError when one cannot be used, before anything is built."""
        return list({target: self._place(target) for show in shows for target in show.publish.to}.values())

    def _place(self, target: Target) -> Place:
        """Return a target: the same one for all episodes."""
        from reelmake.publish.targets import opened  # noqa: PLC0415

        caller = self._context.caller
        with self._opening:
            if target not in self._places:
                self._places[target] = opened(target, self._context.root, caller.variable, caller.proxy)
            return self._places[target]

    def _publish(self, show: Production, task: Task) -> Outcome:
        from reelmake.publish.merge_order import OvertakenError  # noqa: PLC0415
        from reelmake.publish.publish import publish  # noqa: PLC0415

        def progress(sent: int, total: int) -> None:
            task.meta["label"] = f"{task.name} {sent / 1e6:.1f} of {total / 1e6:.1f} MB"
            log_for_programs("sending", step=task.name, bytes=sent, of=total)

        if not show.publish.to:
            return Outcome("left out", "publish: names no target")
        allowed = any(one is not None and (one.options or {}).get("allow_degraded") for one in (task, self._group))
        subject = show, self._context, self._lines(show) or [], self.targets([show])
        try:
            done = publish(*subject, progress, allow_degraded=allowed, merge=self.merge)
        except OvertakenError as error:
            return Outcome("left out", str(error))
        self._records.changed(f"video:{show.name}", show.path("video.json"))
        return Outcome("published" if done.sent_bytes else "was published", answer="\n".join(done.urls))
