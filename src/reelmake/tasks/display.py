"""The live display: a row for each pool, what runs in it, and the time left. Only a terminal gets one."""

from __future__ import annotations

import math
import sys
import time

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from reelmake.tasks.tally import Tally

BAR_WIDTH = 20
LABELS = 3
REFRESH_PER_SECOND = 4
MINUTE = 60


class Display:
    """Redraws itself from a tally until it is closed, and then leaves nothing on the screen."""

    restore = "\r\x1b[J\x1b[?25h"  # clears what is drawn below the cursor, shows the cursor

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._live = Live(
            get_renderable=self._draw,
            console=Console(stderr=True),
            transient=True,
            refresh_per_second=REFRESH_PER_SECOND,
            # What anyone prints meanwhile goes above the display; a stdout that is a pipe is not on this screen.
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=True,
        )
        self._live.start(refresh=True)

    def say(self, text: str) -> None:
        """Print above the display."""
        self._live.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the display off the screen."""
        self._live.stop()

    def _draw(self) -> Group:
        return drawn(self._tally)


def drawn(tally: Tally) -> Group:
    """Draw a tally: what runs gets the room that the rest leaves."""
    table = Table.grid(padding=(0, 1))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(
        ratio=1
    )  # not `no_wrap`: rich takes room only from columns that may wrap, as long as there are any
    for row in tally.rows():
        labels = ", ".join(row.running[:LABELS])
        more = len(row.running) - LABELS
        table.add_row(
            Text(row.pool),
            ProgressBar(total=row.total, completed=row.done, width=BAR_WIDTH),
            Text(f"{row.done}/{row.total}", justify="right"),
            Text(f"{labels} and {more} more" if more > 0 else labels, "dim", no_wrap=True, overflow="ellipsis"),
        )
    return Group(table, Text(_time(tally)))


def _time(tally: Tally) -> str:
    estimate = tally.estimate()
    told = f"{_duration(time.monotonic() - tally.began)} so far"
    if estimate is None or estimate.seconds == 0:  # what runs takes longer than others of its kind
        return told
    return f"{told}, {'about' if estimate.is_whole else 'at least'} {_duration(estimate.seconds)} left"


def _duration(seconds: float) -> str:
    whole = math.ceil(seconds)
    return f"{whole // MINUTE} min {whole % MINUTE} s" if whole >= MINUTE else f"{whole} s"
