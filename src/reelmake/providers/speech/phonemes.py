"""From what is said to the sounds that a voice is given, each with the word that it belongs to."""

# ruff: noqa: RUF001  the letters of phonetics is what this is about

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from reelmake.providers.english.spoken import Said

if TYPE_CHECKING:
    from reelmake.providers.english.hibari_parts import G2P


NO_WORD = -1
MOST_SOUNDS = 380  # the models were trained on up to 510, and sound worse when they are given that many
VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻɐᵊ")
STRESSES = frozenset("ˈˌ")
PAUSES = frozenset(";:,.!?—…")
SILENT = PAUSES | frozenset('()“”" ')
# Sounds that the two voices write differently; the second one was trained on the alphabet of espeak.
# fmt: off
ESPEAK = {
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "W": "aʊ", "Y": "ɔɪ", "ʤ": "dʒ", "ʧ": "tʃ", "T": "ɾ", "ᵊ": "ə",
    "u": "uː", "ɑ": "ɑː", "ɔ": "ɔː", "—": ",", "…": ".", "“": "", "”": "", '"': "", "(": ",", ")": ",",
}
# fmt: on
# Noises that a dictionary would spell out letter by letter, however often their letters are written.
INTERJECTIONS = {"sh": "ʃʃ", "br": "bəɹ", "gr": "ɡəɹ", "pst": "pst", "pft": "pft", "hm": "hm", "mhm": "mhˈm", "mm": "m"}


class Sound(NamedTuple):
    """A phoneme, a stress, a pause or a space; `word` is the index of its word, or NO_WORD for a pause or a space."""

    symbol: str
    word: int


def sentences(words: Sequence[Said]) -> list[list[Sound]]:
    """Return the sounds of each sentence, in the alphabet of the first voice; a very long one comes in several."""
    found: list[list[Sound]] = []
    first = 0
    for index, word in enumerate(words):
        if word.ends or index + 1 == len(words):
            found += _split(_sounds(words[first : index + 1], first))
            first = index + 1
    return [sentence for sentence in found if any(sound.word != NO_WORD for sound in sentence)]


def in_espeak(sounds: Sequence[Sound]) -> list[Sound]:
    """Return the same sounds in the alphabet of espeak for American English."""
    return [Sound(symbol, word) for text, word in _espeak(sounds) for symbol in text]


def _espeak(sounds: Sequence[Sound]) -> Iterator[tuple[str, int]]:
    vowels_before = {NO_WORD: 0}
    skip = stressed = False
    for this, following in pairwise([*sounds, Sound(" ", NO_WORD), Sound(" ", NO_WORD)]):
        symbol, word = this
        if skip:  # an r that is part of the vowel before it, and sounds by itself only before another vowel
            skip = False
            if following.symbol in VOWELS:
                yield symbol, word
            continue
        before = vowels_before.setdefault(word, 0)
        vowels_before[word] += symbol in VOWELS
        if symbol in "əɜ" and following.symbol == "ɹ":
            skip = True
            yield {"ə": "ɚ", "ɜ": "ɜː"}[symbol], word
        elif symbol == "i":
            weak = before and not stressed and (following.symbol in SILENT or following.symbol in VOWELS)
            yield "i" if weak else "iː", word
        else:
            yield ESPEAK.get(symbol, symbol), word
        stressed = symbol in STRESSES


def _g2p() -> G2P:
    from reelmake.providers.english.hibari_parts import g2p  # noqa: PLC0415

    return g2p()


def _sounds(words: Sequence[Said], first: int) -> list[Sound]:
    said = [re.sub(r"[\[\]]", "", word.said) for word in words]
    owners = [first + index for index, text in enumerate(said) for _ in text.split()]
    text = re.sub(r"[^\W\d_]+", lambda match: _readable(match[0]), " ".join(said))
    g2p = _g2p()
    sounds: list[Sound] = []
    chunk = 0
    for token in g2p.phonemize_tokens(g2p.tokenize(text)):
        owner = owners[chunk]
        sounds += [Sound(symbol, NO_WORD if symbol in SILENT else owner) for symbol in token.phonemes or ""]
        if token.whitespace:  # what is heard between two words is the end of the first, but for a pause
            sounds.append(Sound(" ", sounds[-1].word if sounds else NO_WORD))
            chunk += 1
    return sounds


def _readable(word: str) -> str:
    """Return a word as the dictionary has it: without its accents, or with fewer repeated letters ("cooool")."""
    lexicon = _g2p().lexicon
    if word in lexicon.golds or word.lower() in lexicon.golds:
        return word
    once = re.sub(r"(.)\1+", r"\1", word.lower())
    if once in INTERJECTIONS:
        return f"[{word}](/{INTERJECTIONS[once]}/)"
    bare = "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))
    shorter = [re.sub(r"(.)\1{2,}", kept, bare, flags=re.IGNORECASE) for kept in (r"\1\1", r"\1")]
    known = (form for form in shorter if form.lower() in lexicon.golds or form.lower() in lexicon.silvers)
    return next(known, bare)


def _split(sounds: list[Sound]) -> Iterator[list[Sound]]:
    """Cut a sentence that is too long at its pauses, or between words where it has none."""
    while len(sounds) > MOST_SOUNDS:
        spaces = [at for at in range(MOST_SOUNDS // 4, MOST_SOUNDS) if sounds[at].symbol == " "]
        pauses = [at for at in spaces if sounds[at - 1].symbol in PAUSES]
        cut = (pauses or spaces or [MOST_SOUNDS])[-1]
        yield sounds[:cut]
        sounds = sounds[cut + 1 :] if sounds[cut].symbol == " " else sounds[cut:]
    yield sounds
