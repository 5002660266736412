"""The shots of an episode: what each line shows, how that moves, and how it replaces what was shown before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reelmake.core.keys import digest_of
from reelmake.layout.shots import SHOWS_BEFORE, choose_motion, is_clip, word_starts
from reelmake.plan import requests
from reelmake.plan.episode import Production
from reelmake.spec.model import Line


@dataclass(frozen=True, slots=True)
class PlacedShot:
    """A shot of a line: the path of its picture or clip, from the project's folder, and how it is shown."""

    path: str
    shown: requests.Shown


def shots_of(show: Production, lines: Sequence[Line], ids: Sequence[str]) -> list[list[PlacedShot]]:
    """Return the shots of each line.

    A motion that the author leaves to us depends on what is shown, on who speaks, and on the shot before only where
    both would move in the same way. Clips move by themselves.
    """
    places = list(show.characters)
    motion, every = "", []
    for line, line_id in zip(lines, ids, strict=True):
        found = []
        for at, shot in enumerate(line.seen):
            wanted = shot.motion or line.motion or show.reel.motion
            seed = int(digest_of((shot.file or shot.prompt or "").encode())[:8], 16)
            auto = "none" if is_clip(shot.file or "") else choose_motion(seed, places.index(line.character), motion)
            motion = "none" if shot.is_empty else auto if wanted == "auto" else wanted
            shown = requests.Shown(
                motion=motion,
                transition=shot.transition or line.transition or show.reel.transition,
                fit=shot.fit,
                focus=shot.focus,
                from_seconds=shot.from_seconds,
                fill=shot.fill,
                is_empty=shot.is_empty,
            )
            found.append(PlacedShot("" if shot.is_empty else shot.file or picture_path(show, line_id, at), shown))
        every.append(found)
    return every


def starts_of(line: Line, said: str) -> tuple[requests.ShotStart, ...]:
    """Return when the shots of a line begin, if there are several; `said` is the text that they name words of."""
    places = [shot.at for shot in line.seen]
    if len(places) == 1:
        return ()
    return tuple(requests.ShotStart(seconds=one.seconds, share=one.share) for one in word_starts(said, places))


def prompts_of(line: Line, line_id: str) -> list[tuple[str, str]]:
    """Return a name and a prompt for each shot of a line that is requested."""
    return [
        (shot_id(line_id, at), shot.prompt) for at, shot in enumerate(line.seen) if shot.prompt and not shot.is_empty
    ]


def shot_id(line_id: str, at: int) -> str:
    """Return the name of a shot: the first one has that of its line."""
    return f"{line_id}.{at + 1}" if at else line_id


def seen_before(shots: Sequence[PlacedShot], before: Sequence[PlacedShot]) -> PlacedShot | None:
    """Return the last shot of the line before, where the first one of a line shows it; without its own transition."""
    if not before or shots[0].shown.transition not in SHOWS_BEFORE:
        return None
    last = before[-1]
    return None if last.shown.is_empty else PlacedShot(last.path, last.shown.model_copy(update={"transition": "cut"}))


def picture_path(show: Production, line_id: str, at: int = 0) -> str:
    """Return where a picture of a line is that was requested."""
    return show.path("images", f"{shot_id(line_id, at)}.png")
