"""Take the pictures of the documentation out of real videos: `uv run python tools/make_pictures.py`.

Some lines of the sample episodes are built by doit in a temporary project, in full size; a picture is the frame at
which a certain word lights up. With `--keep DIR` the project stays there, and the next run builds what has changed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from reelmake.layout.cues import lit_frame
from reelmake.layout.timeline import Word
from reelmake.media.ffmpeg import Ffmpeg

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PROJECT_PARTS = ("dodo.py", "pyproject.toml", "characters", "assets", "templates")
SIZE = (540, 960)
MAX_BYTES = 150_000
FRAMES_AFTER = 4  # the word has grown and taken its colour by then


@dataclass(frozen=True, slots=True)
class Moment:
    """When a word of a line lights up: an episode, the beginning of the line, and the word; in a style of captions."""

    episode: str
    line: str
    word: str
    style: str = ""

    @property
    def name(self) -> str:
        """What the episode is called in the temporary project."""
        return f"{self.episode}-{self.style}" if self.style else self.episode


# What is shown, side by side where it is more than one moment.
SHOWN: Mapping[str, Sequence[Moment]] = {
    "sky.jpg": [Moment("sky", "Because sunlight", "colour")],
    "octopus.jpg": [Moment("octopus", "Now the arms.", "suckers,")],
    "caption-long-line.jpg": [Moment("octopus", "About two-thirds", "neurons")],
    "caption-two-speakers.jpg": [Moment("sky", "Wait, really?", "really?"), Moment("sky", "Exactly.", "inside")],
    "caption-number.jpg": [Moment("octopus", "I'd pay", "billion")],
    "caption-emoji.jpg": [Moment("octopus", "Scanning your uncle.", "octopus. 🐙")],
    "caption-styles.jpg": [Moment("sky", "Because sunlight", "colour", style) for style in ("box", "pop", "lines")],
}


def prepare(project: Path) -> list[str]:
    """Copy the sample project, its episodes cut down to the lines that are shown; returns their names."""
    for part in PROJECT_PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, project / part, dirs_exist_ok=True)
        else:
            shutil.copy(source, project / part)
    moments = [moment for shown in SHOWN.values() for moment in shown]
    episodes = {moment.name: moment for moment in moments}
    (project / "episodes").mkdir(exist_ok=True)
    for name, first in episodes.items():
        spec = yaml.safe_load((ROOT / "episodes" / f"{first.episode}.yaml").read_text("utf-8"))
        beginnings = tuple(moment.line for moment in moments if moment.name == name)
        spec |= {"reel": {"captions": first.style}} if first.style else {}
        spec["script"] = [line for line in spec["script"] if said(line).startswith(beginnings)]
        written = yaml.safe_dump(spec, allow_unicode=True, sort_keys=False)
        (project / "episodes" / f"{name}.yaml").write_text(written, "utf-8")
    return sorted(episodes)


def said(line: Mapping[str, Any]) -> str:
    """Return what is said in a line of a spec: what stands beside the speaker's name."""
    return str(next(iter(line.values())))


def frame_of(moment: Moment, project: Path) -> Image.Image:
    """Return the frame of a moment."""
    folder = project / "build" / moment.name
    timeline, video = (json.loads((folder / name).read_text("utf-8")) for name in ("timeline.json", "video.json"))
    texts = [line["text"] for line in video["lines"]]
    line = timeline["lines"][next(i for i, text in enumerate(texts) if text.startswith(moment.line))]
    word = next(Word(**word) for word in line["words"] if word["text"] == moment.word)
    frame = line["start_frame"] + min(lit_frame(word, timeline["fps"]) + FRAMES_AFTER, line["frames"] - 1)
    return decoded(folder / f"{moment.name}.mp4", frame)


def decoded(video: Path, frame: int) -> Image.Image:
    """Return one frame of a video, counted from 0."""
    args = ["-v", "error", "-i", str(video), "-vf", f"select=eq(n\\,{frame})", "-frames:v", "1"]
    png = Ffmpeg().run([*args, "-f", "image2pipe", "-c:v", "png", "-"], doing=f"taking frame {frame} of {video}")
    return Image.open(io.BytesIO(png)).convert("RGB")


def side_by_side(frames: Sequence[Image.Image]) -> Image.Image:
    """Return frames in the pictures' size, one beside the other."""
    width, height = SIZE
    sheet = Image.new("RGB", (width * len(frames), height))
    for at, frame in enumerate(frames):
        sheet.paste(frame.resize(SIZE, Image.Resampling.LANCZOS), (at * width, 0))
    return sheet


def save(picture: Image.Image, path: Path) -> None:
    """Write a JPEG in the best quality that stays within the size."""
    for quality in range(90, 40, -5):
        picture.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= MAX_BYTES:
            return


def make(project: Path) -> None:
    """Build the episodes and take the pictures."""
    tasks = [f"video:{name}" for name in prepare(project)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("REELMAKE_")}
    subprocess.run([sys.executable, "-m", "doit", *tasks], cwd=project, env=env, check=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, moments in SHOWN.items():
        save(side_by_side([frame_of(moment, project) for moment in moments]), PICTURES / name)
        print(f"docs/pictures/{name}: {(PICTURES / name).stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="the folder of the project, which stays there")
    if keep := parser.parse_args().keep:
        keep.mkdir(parents=True, exist_ok=True)
        make(keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder))


if __name__ == "__main__":
    main()
