"""The shots of an episode: what each line shows, how that moves, and how it replaces what was shown before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reelmake.core.keys import digest_of
from reelmake.core.templates import subject_of
from reelmake.layout.shots import SHOWS_BEFORE, choose_motion
from reelmake.plan import requests
from reelmake.plan.episode import Production
from reelmake.spec.model import Line


@dataclass(frozen=True, slots=True)
class Shot:
    """A shot of a line: the path of its picture or clip, from the project's folder, and how it is shown."""

    path: str
    shown: requests.Shown


def shots_of(show: Production, lines: Sequence[Line], ids: Sequence[str]) -> list[list[Shot]]:
    """Return the shots of each line.

    A motion that the author leaves to us depends on what is shown, on who speaks, and on the shot before only where
    both would move in the same way.
    """
    places = list(show.characters)
    motion, every = "", []
    for line, line_id in zip(lines, ids, strict=True):
        group = places.index(line.character)
        found = []
        for path, content in [(picture_path(show, line_id), line.image or subject_of(line.text))]:
            wanted = line.motion or show.reel.motion
            seed = int(digest_of(content.encode())[:8], 16)
            motion = choose_motion(seed, group, motion) if wanted == "auto" else wanted
            shown = requests.Shown(motion=motion, transition=line.transition or show.reel.transition)
            found.append(Shot(path, shown))
        every.append(found)
    return every


def seen_before(shots: Sequence[Shot], before: Sequence[Shot]) -> Shot | None:
    """Return the last shot of the line before, where the first one of a line shows it; without its own beginning."""
    if not before or shots[0].shown.transition not in SHOWS_BEFORE:
        return None
    last = before[-1]
    return Shot(last.path, last.shown.model_copy(update={"transition": "cut"}))


def picture_path(show: Production, line_id: str) -> str:
    """Return where a picture of a line is that was requested."""
    return show.path("images", f"{line_id}.png")
