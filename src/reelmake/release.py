"""What may follow a finished video, as steps: it is inspected, and pictures are taken out of it. Asked for by name."""

from __future__ import annotations

from reelmake.action import Action
from reelmake.production import Production, Step


def after(show: Production) -> list[Step]:
    """Return the steps that read the finished video of an episode."""
    return [show.step(make) for make in (inspection(show), cover(show), storyboard(show))]


def inspection(show: Production) -> Action:
    """Measure the video; what is thought of it is decided anew each time (`inspection.judge`)."""
    inputs = {"video": show.path(f"{show.name}.mp4")}
    if show.episode.background:
        inputs["background"] = show.path("background.mp4")
    request = {"ffmpeg": show.kit.ffmpeg}
    return show.action("inspection", request, {"inspection": show.path("inspection.json")}, inputs)


def cover(show: Production) -> Action:
    """Take the picture that stands for the video out of one of its lines."""
    request = {"line": show.publish.cover, "ffmpeg": show.kit.ffmpeg}
    return show.action("cover", request, {"cover": show.path("cover.jpg")}, _seen(show))


def storyboard(show: Production) -> Action:
    """Take a picture out of each line, and lay them out together."""
    return show.action(
        "storyboard", {"ffmpeg": show.kit.ffmpeg}, {"storyboard": show.path("storyboard.jpg")}, _seen(show)
    )


def _seen(show: Production) -> dict[str, str]:
    return {"video": show.path(f"{show.name}.mp4"), "timeline": show.path("timeline.json")}
