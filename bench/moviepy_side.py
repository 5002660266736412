"""The same episode composed with MoviePy 2, for `bench/compose.py --moviepy`.

MoviePy wants an older Pillow than we do, so it lives in an environment of its own, made here with uv, and this file
is also the script that runs in it: `python moviepy_side.py JOB.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

MOVIEPY = "moviepy==2.2.1"


def compose_with_moviepy(folder: Path, job: dict[str, Any]) -> tuple[float, float]:
    """Run a job in MoviePy's environment and return its CPU and wall seconds."""
    home, told = folder / "moviepy", folder / "moviepy.json"
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run(["uv", "venv", "-q", "--python", sys.executable, str(home)], check=True)
        subprocess.run(["uv", "pip", "install", "-q", "--python", str(python), MOVIEPY], check=True, cwd=folder)
    told.write_text(json.dumps(job), "utf-8")
    start = time.perf_counter()
    with subprocess.Popen([str(python), __file__, str(told)], cwd=folder) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    # with the children that it has waited for: MoviePy's ffmpeg
    return used.ru_utime + used.ru_stime, time.perf_counter() - start


def main(job: dict[str, Any]) -> None:
    """Compose a job: the background looped, a plate and captions over it, line after line, with the voices."""
    # only here, because the other half of this file runs where there is no MoviePy
    from moviepy import (
        AudioFileClip,
        CompositeAudioClip,
        CompositeVideoClip,
        ImageClip,
        VideoFileClip,
        concatenate_videoclips,
        vfx,
    )

    lines = []
    for line in job["lines"]:
        background = VideoFileClip(job["background"], audio=False)
        seconds = line["frames"] / job["fps"]
        shown = background.with_effects([vfx.Loop(duration=line["from"] + seconds)]).subclipped(line["from"])
        layers = [shown, ImageClip(line["plate"]).with_duration(seconds)]
        for caption in line["captions"]:
            words = ImageClip(caption["picture"]).with_start(caption["start"]).with_end(caption["end"])
            layers.append(words.with_position((caption["x"], caption["y"])))
        lines.append(CompositeVideoClip(layers, size=job["size"]).with_duration(seconds))
    voices = [AudioFileClip(voice["file"]).with_start(voice["start"]) for voice in job["voices"]]
    episode = concatenate_videoclips(lines).with_audio(CompositeAudioClip(voices))
    episode.write_videofile(
        "moviepy.mp4",
        fps=job["fps"],
        codec="libx264",
        preset=job["preset"],
        threads=job["threads"],
        audio_codec="aac",
        ffmpeg_params=job["encoder"],
        logger=None,
    )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
