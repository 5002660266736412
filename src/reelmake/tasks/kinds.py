"""Which kinds of tasks there are: one for each kind of step, and to publish."""

from __future__ import annotations

from typing import Final

from reelmake.production import RECIPES

PER_LINE: Final = ("voice", "image", "segment")
PUBLISH: Final = "publish"  # no action: what it does is asked of the target each time
KINDS: Final = (*RECIPES, PUBLISH)
VIDEO: Final = "video"
AFTER: Final = ("inspection", "cover", "storyboard")  # what may be made of a video, when it is asked for
EARLY: Final = ("script", "background", "music")  # what can be made before the lines are known
ABOUT: Final = {
    "script": "the dialogue of an episode",
    "voice": "the sound of each line",
    "image": "the picture of each line",
    "background": "the background in the video's format",
    "music": "the music at one loudness",
    "timeline": "when everything happens",
    "subtitles": "captions as .ass, .srt and .vtt",
    "segment": "the encoded pictures of each line",
    "soundtrack": "voices and music, mixed",
    "video": "the finished video (what plain doit builds)",
    "inspection": "what the finished video is, measured",
    "cover": "the picture that stands for the video",
    "storyboard": "a picture of each line",
    "publish": "the finished video, where others find it",
}
