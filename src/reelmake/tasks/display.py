"""The live display: a row for each pool, what runs in it, and the time left. Only a terminal gets one."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator

from rich import progress as bars
from rich.console import Console, RenderableType
from rich.table import Column
from rich.text import Text

from reelmake.core.amounts import duration
from reelmake.tasks.tally import Tally

BAR_WIDTH = 20
LABELS = 3
REFRESH_PER_SECOND = 4


class Running(bars.ProgressColumn):
    """The column of running steps in a pool; it gets the room that the other columns leave."""

    def render(self, task: bars.Task) -> Text:
        """Return the first of the names, and how many more there are."""
        names = task.fields["running"]
        more = len(names) - LABELS
        text = ", ".join(names[:LABELS])
        return Text(f"{text} and {more} more" if more > 0 else text, "dim", no_wrap=True, overflow="ellipsis")


class Display(bars.Progress):
    """A bar for each pool and the time, until it is stopped; then nothing of it is left on the screen."""

    restore = "\r\x1b[J\x1b[?25h"  # clears what is drawn below the cursor, shows the cursor

    def __init__(self, tally: Tally, console: Console | None = None) -> None:
        self._tally = tally
        self._pools: dict[str, bars.TaskID] = {}
        super().__init__(
            bars.TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            bars.BarColumn(BAR_WIDTH, table_column=Column(no_wrap=True)),
            bars.MofNCompleteColumn(table_column=Column(no_wrap=True)),
            # Not `no_wrap`: rich takes room only from columns that may wrap, as long as there are any.
            Running(table_column=Column()),
            console=console or Console(stderr=True),
            transient=True,
            refresh_per_second=REFRESH_PER_SECOND,
            # What anyone prints meanwhile goes above the display; a stdout that is a pipe is not on this screen.
            redirect_stdout=sys.stdout.isatty(),
        )
        self.show()

    def show(self) -> None:
        """Take over from the tally how far each pool is."""
        for row in self._tally.rows():
            if row.pool not in self._pools:
                self._pools[row.pool] = self.add_task(row.pool, running=())
            self.update(self._pools[row.pool], total=row.total, completed=row.done, running=row.running)

    def get_renderables(self) -> Iterator[RenderableType]:
        """Return the renderable: the bars, and the time below them."""
        yield from super().get_renderables()
        yield Text(_time(self._tally))

    def say(self, text: str) -> None:
        """Print above the display."""
        self.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)


def _time(tally: Tally) -> str:
    estimate = tally.estimate()
    elapsed = f"{duration(math.ceil(time.monotonic() - tally.began))} so far"
    if estimate is None or estimate.seconds == 0:  # what runs takes longer than others of its kind
        return elapsed
    return f"{elapsed}, {'about' if estimate.is_whole else 'at least'} {duration(math.ceil(estimate.seconds))} left"
