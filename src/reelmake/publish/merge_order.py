"""Which of two merges is current: that of the later commit, and not that of the slower job.

A build that publishes a merge says first, at the target, of which commit it is; and does so again before a video
becomes the current one. A merge that finds a later one there leaves to it what is current. What is left is the time
between that look and the write after it.

A commit is later than its ancestors, and else than what was committed before it: a clone may hold but a part of the
history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reelmake.core.errors import BuildError
from reelmake.core.keys import canonical_json
from reelmake.publish.index import ASK_AGAIN, JSON_TYPE, MERGES
from reelmake.publish.targets import Place


class OvertakenError(BuildError):
    """A later commit is published, or about to be."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A commit that is published.

    of            what the history is called that it is a part of: others may publish to the same target
    commit        its name
    at            when it was committed, an aware time
    has_ancestor  says whether another commit is known to come before it
    """

    of: str
    commit: str
    at: datetime
    has_ancestor: Callable[[str], bool]

    @property
    def name(self) -> str:
        """Return where a target has the last commit of this history."""
        return f"{MERGES}{self.of}.json"

    def announce(self, place: Place) -> None:
        """Say at a target that this commit is about to be published; raises OvertakenError when a later one was."""
        if self.look(place) != self.commit:
            record = {"commit": self.commit, "committed_at": self.at.isoformat()}
            place.write(self.name, f"{canonical_json(record)}\n".encode(), JSON_TYPE, ASK_AGAIN)

    def look(self, place: Place) -> str:
        """Return the last commit that was announced; raises OvertakenError when it is later than this one."""
        try:
            record = json.loads(place.read(self.name) or b"{}")
            commit, at = str(record["commit"]), datetime.fromisoformat(record["committed_at"])
            is_later = at > self.at
        except (ValueError, LookupError, TypeError):  # nothing was, or somebody else has written there
            return ""
        if not re.fullmatch("[0-9a-f]{40,64}", commit):
            return ""
        if is_later and commit != self.commit and not self.has_ancestor(commit):
            what = f"{commit[:10]} of {at.isoformat()} is later than {self.commit[:10]}, and is published to {place.to}"
            raise OvertakenError(what, "to go back, revert it, and publish the commit that does")
        return commit
