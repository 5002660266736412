"""What is used of hibari-tts. All of it comes through here, and only here.

The modules of that package import each other: two threads that began with different ones could each wait for the
other, and Python ends such an import with an error. A module of our own is one door, at which the second waits.
"""

from __future__ import annotations

import functools

from hibari.dsp import synth
from hibari.g2p import G2P, numbers
from hibari.g2p.normalize import ABBREV, ROMAN_CARDINAL, ROMAN_ORDINAL, TITLES, UNITS
from hibari.tts import ASSETS
from hibari.voices import voice_path

g2p = functools.cache(G2P)  # its dictionary is slow to load


def is_word(word: str) -> bool:
    """Say whether the dictionary knows a word."""
    lexicon = g2p().lexicon
    return word in lexicon.golds or word in lexicon.silvers


__all__ = [
    "ABBREV",
    "ASSETS",
    "G2P",
    "ROMAN_CARDINAL",
    "ROMAN_ORDINAL",
    "TITLES",
    "UNITS",
    "g2p",
    "is_word",
    "numbers",
    "synth",
    "voice_path",
]
