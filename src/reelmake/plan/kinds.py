"""Which kinds of tasks there are: one for each kind of step, and to publish."""

from __future__ import annotations

from typing import Final

BUILD: Final = "build"
CPU: Final = "cpu"
PAID: Final = ("script", "voice", "image")  # kinds that providers perform
SPEC: Final = "spec"  # who "provides" a script that the author wrote

# Raised by hand when our code changes what a kind makes: everybody makes these steps again. A test pins the keys.
RECIPES: Final = {
    "script": 1,
    "voice": 1,
    "image": 1,
    "background": 3,
    "music": 2,
    "timeline": 5,
    "subtitles": 4,
    "segment": 2,
    "soundtrack": 9,
    "video": 4,
    "inspection": 2,
    "cover": 1,
    "storyboard": 1,
}
# Raised by hand when our code reads stored answers differently: outputs are written again, nothing is made again.
READINGS: Final = {**dict.fromkeys(RECIPES, 1), "voice": 2, "script": 2}


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
