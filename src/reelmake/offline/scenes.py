"""Which scene a text asks for: the places and patterns that there are, and the words that lead to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from reelmake.offline import patterns, places
from reelmake.offline.layers import Scene, Stage

# Words, then the characters of icons, that put a picture into a place; where several are named the upper one wins.
PLACES = {
    "space": "space galaxy planet star astronaut rocket orbit universe cosmo comet meteor saturn 🪐🚀🛸👽🛰☄⭐",
    "snow": "snow snowy winter ice frozen frost penguin arctic polar christmas ⛄🐧❄🎄🛷",
    "deep": "underwater octopus fish shark whale dolphin squid jellyfish coral reef crab 🐙🐟🐠🦈🐬🐳🐋🦑🪼🦀🐡🪸🐢",
    "waves": "ocean sea wave boat ship sail surf tide island beach 🌊⛵🚢🏄🏝🏖🚤🛥⛴",
    "dunes": "desert dune sand camel cactus sahara pyramid 🐪🐫🌵🦂",
    "peaks": "mountain summit peak alp cliff volcano eagle goat 🏔⛰🌋🦅🐐🗻",
    "room": "room table kitchen desk indoor cafe coffee tea food library ☕🍵🫖🍞🍕🍲📚🕯🛋🍽🎂🍯🫙",
    "city": "city skyline town street downtown building car bus taxi traffic office 🚗🚕🚌🚲🏢🚦",
    "forest": "forest wood jungle tree bear owl deer fox wolf 🌲🌳🐻🦉🦌🦊🐺🍄🦝🦔🌴",
    "hills": "field meadow farm garden grass park village cow sheep bee flower butterfly sky 🐝🦋🐄🐑🌻🌸🌈🏡🐎🚜🐇☀",
}  # fmt: skip

PATTERNS = ("rays", "rings", "ribbons", "confetti", "hills")
SCENES: dict[str, Callable[[Stage], Scene]] = {
    "space": places.space,
    "snow": places.snow,
    "deep": places.deep,
    "waves": places.waves,
    "dunes": places.dunes,
    "peaks": places.peaks,
    "room": places.room,
    "city": places.city,
    "forest": places.forest,
    "hills": places.hills,
    "rays": patterns.rays,
    "rings": patterns.rings,
    "ribbons": patterns.ribbons,
    "confetti": patterns.confetti,
}


def place_of(words: Iterable[str], chars: Iterable[str], dice: Random) -> str:
    """Return the name of the scene that words and icons ask for; by dice, a pattern, when none does."""
    named, first = set(words), {char[0] for char in chars}
    for place, text in PLACES.items():
        if named.intersection(text.split()):
            return place
    for place, text in PLACES.items():
        if first.intersection(text.split()[-1]):
            return place
    return dice.choice(PATTERNS)
