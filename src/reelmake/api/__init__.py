"""The two stages that other programs call: a topic becomes a dialogue, and a dialogue a video; JSON in, JSON out.

Each reads one document, or JSON Lines: one document a line. All of them are checked before anything runs, answers come
in the order of the requests, and one that fails stops no other. stdout holds nothing but answers.
"""

from __future__ import annotations

from reelmake.api.dialogue import dialogue_api
from reelmake.api.video import video_from_dialogue_api

__all__ = ["dialogue_api", "video_from_dialogue_api"]
