"""By what a file is known not to have changed: size, times and inode, as git keeps them.

A file that changed an instant ago may change again within the same tick of the file system's clock, and then its state
would not tell; git calls it racily clean. What is remembered by such a state must not be.
"""

from __future__ import annotations

import os

TICK_NS = 20_000_000  # kernels stamp files by a clock that moves every 1 to 10 ms
COARSE_TICK_NS = 2_000_000_000  # some file systems keep whole seconds (FAT: every other)
SECOND_NS = 1_000_000_000


def state_of(stat: os.stat_result) -> str:
    """Return the state of a file in one text."""
    # ctime is there because rsync and cp -p give new content an old mtime.
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def is_settled(stat: os.stat_result, looked_ns: int) -> bool:
    """Say whether a state that was looked at then tells of every later change."""
    changed_ns = max(stat.st_mtime_ns, stat.st_ctime_ns)
    return changed_ns + (TICK_NS if changed_ns % SECOND_NS else COARSE_TICK_NS) < looked_ns
