"""What composing costs: `.venv/bin/python bench/compose.py [--seconds 45] [--still] [--calm] [--moviepy]`.

One episode over a busy background (hard for the encoder; `--calm` for an easy one) is composed cold through the
project's own functions: plates, pictures that move and pop up, captions, segments, voice, join; with `--still`, of
pictures that stand still. CPU time is user and system time of all processes.
It is compared, in interleaved rounds, with what cannot be avoided. Either side has one processor to itself: where two
are two threads of one core, as in most rented machines, work takes a third more CPU time beside other work, and one
ffmpeg decodes beside its encoder where another has nothing to decode. How long it takes is measured with all of them.

  bare      decoding the normalised background and encoding it with the segments' settings, in one process
  encoding  encoding the composed frames, read raw from a pipe, in one process

and with `--moviepy` with the same pictures composed by MoviePy 2, which is installed beside the project.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from calls import CALL
from moviepy_side import compose_with_moviepy
from PIL import Image, ImageDraw, ImageFont

from reelmake.engine.readers import place_words
from reelmake.layout import captions
from reelmake.layout.frame import layout
from reelmake.layout.shots import choose_motion
from reelmake.layout.timeline import SAMPLE_RATE, Word, lay_out, line_frames, samples_per_frame
from reelmake.media import fonts, video, voice
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.ffmpeg_args import Backdrop, Captions, Frame, Layer, Shot, segment_args
from reelmake.media.moving_layer import Shown, Stage, layers, moves, standing
from reelmake.media.mp4 import read_track
from reelmake.media.soundtrack import Score, encode_soundtrack, loudness, prepare_music, write_soundtrack
from reelmake.media.static_layer import Portrait, Still, plate
from reelmake.offline.voice import OfflineVoice
from reelmake.spec.model import Reel

PROJECT = Path(__file__).parents[1]
FRAME = Frame(1080, 1920, 30)
LAYOUT = layout(FRAME.width, FRAME.height, ["left", "right"])
SAYS = (
    *("Nobody", "tells", "you", "an", "octopus", "has", "three", "hearts,"),
    *("nine", "brains,", "and", "blue", "blood."),
)
COLORS = ("#FFD166", "#6BD6FF")
WORDS_A_SECOND = 2.9
PAUSE_SAMPLES = SAMPLE_RATE // 4
BUSY = "mandelbrot=s=1080x1920:r=30:end_scale=0.3,trim=duration={0}"
CALM = "gradients=s=1080x1920:r=30:d={0}:speed=0.02:c0=0x203060:c1=0x604080:n=2:seed=1"
LIMITS = {False: {"bare": 1.10, "encoding": 1.45}, True: {"encoding": 2.1}}
MOVIEPY_CPU, MOVIEPY_WALL = 1 / 5, 1 / 7


@dataclass(frozen=True)
class Line:
    """One line, ready to be composed."""

    shot: Shot
    seen: Shown
    cast: tuple[Portrait, Portrait]
    words: tuple[Word, ...]
    ass: str


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Episode:
    """All that composing starts from."""

    folder: Path
    lines: tuple[Line, ...]
    score: Score
    ffmpeg: Ffmpeg

    @property
    def track(self) -> Path:
        """Where the soundtrack is written."""
        return self.folder / "soundtrack.aac"

    @property
    def frames(self) -> int:
        """Of the whole episode."""
        return sum(line.shot.frames for line in self.lines)


def measured(work: Callable[[], object]) -> Cost:
    """Return what some work costs, with the processes that it started and that have ended."""

    def spent() -> float:
        return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

    cpu, wall = spent(), time.perf_counter()
    work()
    return Cost(spent() - cpu, time.perf_counter() - wall)


@contextmanager
def one_processor() -> Iterator[None]:
    """Keep this thread, and all that it starts, to one processor, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(usual)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


def prepare(folder: Path, seconds: float, lines: int, source: str, *, is_moving: bool) -> Episode:
    """Make the background, pictures, voices and music of an episode, and say what the background costs."""
    ffmpeg = Ffmpeg()
    clip, background = folder / "clip.mp4", folder / "background.mp4"
    draw(source, min(20, seconds), clip, ffmpeg)
    once = measured(lambda: video.normalise(clip, background, FRAME, ffmpeg))
    loop_frames = read_track(background).frames
    print(f"the background, once: {once.cpu:.1f} CPU-s for {loop_frames / FRAME.fps:.0f} s")

    share = np.random.default_rng(1).uniform(0.7, 1.3, lines)
    voices = tuple(folder / f"voice{number}.wav" for number in range(lines))
    said = [
        speak(path, seconds * part - PAUSE_SAMPLES / SAMPLE_RATE, number, ffmpeg)
        for number, (path, part) in enumerate(zip(voices, share / share.sum(), strict=True))
    ]
    lengths = [line_frames(voice.wav_samples(path), PAUSE_SAMPLES, FRAME.fps) for path in voices]
    slots = lay_out(lengths, flow="elastic", loop_frames=loop_frames, fps=FRAME.fps, seeds=[0] * lines)
    lined = []
    for number, slot in enumerate(slots):
        ass, fonts_dir = folder / f"line{number}.ass", fonts.fonts_dir(folder, " ".join(SAYS))
        pan = slot.pan and replace(slot.pan, start_frame=slot.pan.start_frame % loop_frames)
        backdrop = Backdrop(str(background), loop_frames, pan) if pan else None
        said_here = captions.Line(said[number], 0, slot.frames, COLORS[number % 2])
        drawn = Captions(str(ass), str(fonts_dir), captions.changes(said_here, setting()))
        lined.append(
            Line(
                Shot(FRAME, slot.frames, backdrop, drawn),
                Shown(
                    Still(picture(folder / f"picture{number}.png", number)),
                    slot.frames,
                    choose_motion(number, number % 2, "") if is_moving else "none",
                    "pop" if is_moving else "cut",
                ),
                cast(number % 2),
                said[number],
                captions.ass([said_here], setting()),
            )
        )
    music = folder / "music.wav"
    prepare_music(PROJECT / "assets" / "calm.ogg", music, ffmpeg)
    step = samples_per_frame(FRAME.fps)
    starts = tuple(slot.start_frame * step for slot in slots)
    return Episode(folder, tuple(lined), Score(voices, starts, sum(lengths) * step, music, Reel().music_db), ffmpeg)


def draw(source: str, seconds: float, clip: Path, ffmpeg: Ffmpeg) -> None:
    """Draw a video to be used as a background."""
    made = ["-c:v", "libx264", "-preset", "superfast", "-crf", "14", "-pix_fmt", "yuv420p", str(clip)]
    ffmpeg.run(["-y", "-v", "error", "-f", "lavfi", "-i", source.format(seconds), *made], doing="drawing")


def speak(path: Path, seconds: float, seed: int, ffmpeg: Ffmpeg) -> tuple[Word, ...]:
    """Say as many words as take about so long, write them as a build does, and return when each is spoken."""
    text = " ".join(SAYS[(seed + at) % len(SAYS)] for at in range(max(2, round(seconds * WORDS_A_SECOND))))
    request = {"provider": "offline", "text": text, "language": "en", "voice": {"voice": "heart"}, "take": 1}
    speech = OfflineVoice().read(OfflineVoice().ask(request, CALL).body, request)
    pcm, cut = voice.trim(voice.decode(speech.audio, ffmpeg))
    path.write_bytes(voice.wav(voice.level(pcm)))
    return tuple(place_words(speech.words, cut, len(pcm) // 2))


def picture(path: Path, seed: int) -> Path:
    """Paint a picture for the panel: soft colours with grain."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(40, 220, (6, 6, 3), np.uint8)).resize((960, 960), Image.Resampling.BICUBIC)
    grain = rng.integers(-9, 9, (960, 960, 1))
    Image.fromarray(np.clip(np.asarray(small, np.int16) + grain, 0, 255).astype(np.uint8)).save(path)
    return path


def cast(speaker: int) -> tuple[Portrait, Portrait]:
    """Return two characters of the project, one of them speaking."""
    folder = PROJECT / "characters"
    one, two = (
        Portrait(folder / name / ("telling.png" if at == speaker else "hearing.png"), at == speaker, at, COLORS[at])
        for at, name in enumerate(("ada", "max"))
    )
    return one, two


def setting() -> captions.Setting:
    """Return how the project sets captions."""
    box = LAYOUT.captions
    return captions.Setting(
        width=FRAME.width,
        height=FRAME.height,
        center_x=box.x + box.width // 2,
        center_y=box.y + box.height // 2,
        max_width=box.width,
        font_px=LAYOUT.caption_px,
        fps=FRAME.fps,
        style="karaoke",
        measure=fonts.measure,
        runs=fonts.runs,
    )


def ours(episode: Episode, jobs: int) -> None:
    """Compose the episode as a build does, but for its bookkeeping."""

    def one(number: int) -> Path:
        line, out = episode.lines[number], episode.folder / f"segment{number}.mp4"
        assert line.shot.captions
        Path(line.shot.captions.ass).write_text(line.ass, "utf-8")
        video.segment(plate_of(line), line.shot, out, episode.ffmpeg, moving(line, episode.ffmpeg))
        return out

    with ThreadPoolExecutor(jobs) as pool:
        segments = pool.map(one, range(len(episode.lines)))
        pool.submit(make_sound, episode).result()
        video.join(list(segments), episode.track, episode.folder / "episode.mp4", FRAME, episode.ffmpeg)


def plate_of(line: Line) -> bytes:
    """Return the plate of a line; its panel is open when its picture moves."""
    return plate(LAYOUT, standing([line.seen]), line.cast, is_open=moves([line.seen]))


def moving(line: Line, ffmpeg: Ffmpeg) -> video.Moving | None:
    """Return what moves in a line."""
    if not moves([line.seen]) or LAYOUT.panel is None:
        return None
    stage = Stage.of(LAYOUT.panel, FRAME.width)
    return video.Moving(LAYOUT.panel, layers([line.seen], None, stage, FRAME.fps, ffmpeg))


def make_sound(episode: Episode) -> None:
    """Mix the voice, and encode it."""
    mixed = episode.folder / "soundtrack.wav"
    write_soundtrack(episode.score, mixed)
    encode_soundtrack(mixed, episode.track, episode.ffmpeg)


def sound_and_join(episode: Episode) -> None:
    """Make the voice, of which nothing was made before, and join it to segments that are there."""
    make_sound(episode)
    segments = [episode.folder / f"segment{number}.mp4" for number in range(len(episode.lines))]
    video.join(segments, episode.track, episode.folder / "again.mp4", FRAME, episode.ffmpeg)


def encoder(shot: Shot, out: str) -> list[str]:
    """Return the segments' encoder settings."""
    args = segment_args(shot, out)
    return args[args.index("-an") :]


def bare(episode: Episode) -> None:
    """Decode and encode the background, for as long as the episode is."""
    shot = episode.lines[0].shot
    assert shot.backdrop
    source = ["-v", "error", "-y", "-threads", "1", "-stream_loop", "-1", "-i", shot.backdrop.path]
    args = [*source, "-frames:v", str(episode.frames), *encoder(shot, str(episode.folder / "bare.mp4"))]
    episode.ffmpeg.run(args, doing="the bare job")


def encoding(episode: Episode) -> Cost:
    """Encode the composed frames, read raw from a pipe; they are made beforehand, which is not counted."""
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{FRAME.width}x{FRAME.height}"]
    raw += ["-framerate", str(FRAME.fps), "-color_range", "tv", "-colorspace", "bt709", "-i", "pipe:0"]
    program, out = str(episode.ffmpeg.path), str(episode.folder / "encoded.mp4")
    start = time.perf_counter()
    command = [program, "-v", "error", "-y", *raw, *encoder(episode.lines[0].shot, out)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin
    for line in episode.lines:
        panel, frames, layer = moving(line, episode.ffmpeg), episode.folder / "frames.yuv", None
        if panel:
            layer = Layer(panel.panel, str(episode.folder / "plate"), "")
            Path(layer.plate).write_bytes(plate_of(line))
        args = segment_args(line.shot, "-", layer)
        composed = [*args[: args.index("-an")], "-f", "rawvideo", str(frames)]
        episode.ffmpeg.report(composed, doing="composing", stdin=panel.pictures if panel else plate_of(line))
        with frames.open("rb") as raw_frames:
            shutil.copyfileobj(raw_frames, process.stdin, 1 << 20)
        frames.unlink()
    process.stdin.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - start)


def moviepy_job(episode: Episode, jobs: int) -> dict[str, object]:
    """Describe the episode to MoviePy; captions become pictures, one for each word that lights up."""
    fonts_dir = next(line.shot.captions.fonts_dir for line in episode.lines if line.shot.captions)
    font = ImageFont.truetype(next(Path(fonts_dir).glob("Poppins*.ttf")), LAYOUT.caption_px)
    box, names, told = LAYOUT.captions, count(), []
    for number, line in enumerate(episode.lines):
        pixels = Image.frombytes(
            "RGBA",
            (FRAME.width, FRAME.height),
            plate(LAYOUT, standing([replace(line.seen, motion="none", transition="cut")]), line.cast),
        )
        pixels.save(episode.folder / f"plate{number}.png")
        shown = []
        for at, word in enumerate(line.words):
            cue = line.words[at // 4 * 4 : at // 4 * 4 + 4]
            sheet, name = Image.new("RGBA", (box.width, box.height)), f"caption{next(names)}.png"
            pen = ImageDraw.Draw(sheet)
            for row in range(0, len(cue), 2):
                text, y = " ".join(each.text for each in cue[row : row + 2]), row * LAYOUT.caption_px * 0.62
                x = (box.width - pen.textlength(text, font)) / 2
                for each in cue[row : row + 2]:
                    color = COLORS[number % 2] if each is word else "white"
                    pen.text((x, y), each.text, color, font, stroke_width=6, stroke_fill="#0E0E16")
                    x += pen.textlength(f"{each.text} ", font)
            sheet.save(episode.folder / name)
            when = {"start": word.start_samples / SAMPLE_RATE, "end": word.end_samples / SAMPLE_RATE}
            shown.append({"picture": name, "x": box.x, "y": box.y, **when})
        assert line.shot.backdrop
        start = line.shot.backdrop.pan.start_frame / FRAME.fps
        told.append({"from": start, "frames": line.shot.frames, "plate": f"plate{number}.png", "captions": shown})
    settings = encoder(episode.lines[0].shot, "out")
    return {
        "background": "background.mp4",
        "size": [FRAME.width, FRAME.height],
        "fps": FRAME.fps,
        "lines": told,
        "voices": [
            {"file": str(path), "start": start / SAMPLE_RATE}
            for path, start in zip(episode.score.voices, episode.score.starts_samples, strict=True)
        ],
        "preset": settings[settings.index("-preset") + 1],
        "encoder": ["-crf", "20", "-pix_fmt", "yuv420p", "-x264-params", settings[settings.index("-x264-params") + 1]],
        "threads": jobs,
    }


def verdict(what: str, ratio: float, limit: float) -> bool:
    """Print a ratio beside its limit."""
    print(f"{what:44s} {ratio:6.3f}  at most {limit:.3f}  {'PASS' if ratio <= limit else 'FAIL'}")
    return ratio <= limit


def main() -> int:
    """Measure, and say whether all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--lines", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--still", action="store_true")
    parser.add_argument("--moviepy", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder in which everything is left for a look")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        source = CALM if options.calm else BUSY
        episode = prepare(folder, options.seconds, options.lines, source, is_moving=not options.still)
        whole: list[Cost] = []
        costs: dict[str, list[Cost]] = {"ours": [], "sound and join": [], "bare": [], "encoding": []}
        for number in range(options.rounds):
            whole.append(measured(lambda: ours(episode, options.jobs)))
            with one_processor():
                costs["ours"].append(measured(lambda: ours(episode, 1)))
                costs["bare"].append(measured(lambda: bare(episode)))
                costs["encoding"].append(encoding(episode))
                costs["sound and join"].append(measured(lambda: sound_and_join(episode)))
            print(f"round {number + 1}:", ", ".join(f"{name} {each[-1].cpu:.1f}" for name, each in costs.items()))
        used = {name: statistics.median(each.cpu for each in spent) for name, spent in costs.items()}
        together = Cost(statistics.median(one.cpu for one in whole), statistics.median(one.wall for one in whole))
        seconds = episode.frames / FRAME.fps
        lufs, peak = loudness(folder / "episode.mp4", episode.ffmpeg)
        print(f"{len(episode.lines)} lines, {seconds:.1f} s, {lufs:.1f} LUFS, {peak:.1f} dBTP; CPU-s: {used}")
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"largest child {largest:.0f} MB, this process {own:.0f} MB")
        print(f"a minute of video: {used['ours'] / seconds * 60:.1f} CPU-s")
        print(f"with {options.jobs} jobs at once: {together.cpu:.1f} CPU-s, {together.wall:.1f} s")
        held = [
            verdict(f"CPU of composing / {name}", used["ours"] / used[name], limit)
            for name, limit in LIMITS[not options.still].items()
        ]
        if options.moviepy:
            theirs = Cost(*compose_with_moviepy(folder, moviepy_job(episode, options.jobs)))
            print(f"MoviePy: {theirs.cpu:.1f} CPU-s, {theirs.wall:.1f} s")
            held.append(verdict("CPU of composing / MoviePy's", together.cpu / theirs.cpu, MOVIEPY_CPU))
            held.append(verdict("wall time of composing / MoviePy's", together.wall / theirs.wall, MOVIEPY_WALL))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
