"""When the words of a recording are spoken, found by listening: forced alignment of English with pocketsphinx."""

# ruff: noqa: RUF001  the letters of phonetics take part

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pocketsphinx import Decoder

from reelmake.providers.english.spoken import Said, say, unspeakable
from reelmake.providers.speech.alignment import Times
from reelmake.providers.speech.display_words import Shown, without_tags
from reelmake.providers.speech.phonemes import in_espeak, sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray


RATE: Final = 16_000
FRAME_SECONDS: Final = 0.01
EARLY_SECONDS: Final = 0.012  # by which it hears words too early: measured against both offline voices
LEAST_KNOWN: Final = 0.8  # of the words have to be English when nobody says that they are
# fmt: off
ARPA: Final = {
    "eɪ": "EY", "aɪ": "AY", "oʊ": "OW", "aʊ": "AW", "ɔɪ": "OY", "dʒ": "JH", "tʃ": "CH", "iː": "IY", "uː": "UW",
    "ɑː": "AA", "ɔː": "AO", "ɜː": "ER", "ɚ": "ER", "ɾ": "T", "ə": "AH", "æ": "AE", "ɑ": "AA", "ɒ": "AA", "ɔ": "AO",
    "ɛ": "EH", "ɪ": "IH", "i": "IY", "ʊ": "UH", "u": "UW", "ʌ": "AH", "ᵻ": "IH", "ɐ": "AH", "e": "EH", "a": "AE",
    "o": "OW", "b": "B", "d": "D", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K", "l": "L", "m": "M",
    "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "θ": "TH", "ð": "DH", "v": "V",
    "w": "W", "x": "K", "z": "Z", "ʒ": "ZH", "ʔ": "T",
}
# fmt: on


def align(words: Sequence[Shown], text: str, samples: NDArray[np.float64], *, sure: bool) -> list[Times] | None:
    """Return when each word of an English text is spoken in samples at RATE, or None when it cannot be heard.

    `sure` says that the text is English; otherwise most of its words have to be.
    """
    decoder = Decoder(samprate=RATE, bestpath=False, lm=None, beam=1e-80, pbeam=1e-80, wbeam=1e-60, loglevel="FATAL")
    pieces = list(_pieces(words, text))
    if {owner for owner, _ in pieces} != set(range(len(words))):
        return None
    if not sure:
        known = sum(decoder.lookup_word(piece) is not None for _, piece in pieces)
        if unspeakable(without_tags(text)) or known < LEAST_KNOWN * len(pieces):
            return None
    for piece in {piece for _, piece in pieces if decoder.lookup_word(piece) is None}:
        phones = _phones(piece)
        if not phones:
            return None
        decoder.add_word(piece, phones, True)
    heard = _listen(decoder, [piece for _, piece in pieces], samples)
    if heard is None:
        return None
    times: dict[int, Times] = {}
    for (owner, _), (start, end) in zip(pieces, heard, strict=True):
        times[owner] = (times.get(owner, (start, end))[0], end)
    return [times[at] for at in range(len(words))]


def _pieces(words: Sequence[Shown], text: str) -> Iterator[tuple[int, str]]:
    """Yield each spoken word of a text, and which shown word it is said for."""
    owners = [at for at, word in enumerate(words) for _ in word.text.split()]
    token = 0
    for said in say(without_tags(text)):
        count = len(said.shown.split())
        mine = list(dict.fromkeys(owners[token : token + count]))  # the "$" and the "5" of "$ 5"
        token += count
        pieces = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", said.said.lower())
        for at, piece in enumerate(pieces):
            yield mine[at * len(mine) // len(pieces)], piece


def _phones(word: str) -> str:
    """Return how a word that is not in the dictionary is said, in ARPA; empty when nobody knows."""
    sounds = [sound for sentence in sentences([Said(word, word, ends=True)]) for sound in in_espeak(sentence)]
    spelled = "".join(sound.symbol for sound in sounds)
    return " ".join(ARPA[found] for found in re.findall("|".join(ARPA), spelled))


def _listen(decoder: Any, pieces: Sequence[str], samples: NDArray[np.float64]) -> list[Times] | None:
    """Return when each piece is heard, or None when they are not all heard."""
    try:
        decoder.set_align_text(" ".join(pieces))
        decoder.start_utt()
        decoder.process_raw(np.round(samples * 32767).clip(-32768, 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
    except RuntimeError:
        return None
    found = [segment for segment in decoder.seg() or () if segment.word[0] not in "<[("]
    if [re.sub(r"\(\d+\)$", "", segment.word) for segment in found] != list(pieces):
        return None
    return [
        (
            max(0.0, segment.start_frame * FRAME_SECONDS + EARLY_SECONDS),
            (segment.end_frame + 1) * FRAME_SECONDS + EARLY_SECONDS,
        )
        for segment in found
    ]
