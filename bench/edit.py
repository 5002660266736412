"""What an edit costs: one line of twelve, in a video of about 55 seconds.

First in full size, over the background of `bench/compose.py`: the CPU of a rebuild for each line, since some segments
are harder to encode than others, against that of cold builds before, between and after, since a machine is not as fast
in each minute. Then, in a small size, how many segments an edit of a line's length encodes, for each flow of the
background, as the mean over 30 random edits.
"""

from __future__ import annotations

import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import imageio_ffmpeg
from compose import BUSY, draw

from reelmake.media.ffmpeg import Ffmpeg

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from standin_server import Standin  # noqa: E402
from workspace import Workspace  # noqa: E402

LINES = 12
COLD_EVERY = 4  # edits
OTHERS = ("Here", "Once", "Then", "Also")  # what the lines of each cold build begin with
EDITS = 30
SPREAD_LETTERS = 20  # 10 ms each: a standard deviation of 0.2 s
GOAL = 0.15
WORDS = "this sentence keeps on talking about the number of a line until it is long enough"


def main() -> int:
    """Measure, print; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder, Standin() as vendor:
        good = full_size(Workspace(Path(folder) / "full", vendor.url, size="1080x1920"), vendor)
        for flow in ("elastic", "per-line", "continuous"):
            mean = random_edits(Workspace(Path(folder) / flow, vendor.url), flow)
            print(f"edit: {flow}: {mean:.1f} segments of {LINES} encoded by an edit, mean of {EDITS} random ones")
    return 0 if good else 1


def full_size(project: Workspace, vendor: Standin) -> bool:
    """Build cold, change the words of each line, with cold builds between, then a length within its frames."""
    project.write("assets/calm.ogg", (HERE.parent / "assets/calm.ogg").read_bytes())
    draw(BUSY, 20, project.root / "assets/busy.mp4", Ffmpeg())
    # What is made once for every episode with this background and music is not part of the comparison.
    project.episode("warm", "ada: Hello", **looks("elastic"))
    project.run("background:warm", "music:warm")
    lines = script(OTHERS[0])
    project.episode("one", *lines, **looks("elastic"))
    colds = [cost(project, vendor)[0]]
    good, edits = True, []
    for at in range(LINES):
        lines[at] = lines[at].replace("sentence keeps", "keeps sentence")  # other sound, of the same length
        project.episode("one", *lines, **looks("elastic"))
        words, made = cost(project, vendor)
        good &= made["voice"] == 1 and made["segment"] == 1 and made["soundtrack"] == 1 and made["calls"] == 1
        edits.append(words)
        print(f"edit: the words of line {at + 1}: {words:.1f} CPU-s, made {dict(made)}")
        if at % COLD_EVERY == COLD_EVERY - 1:
            project.episode("other", *script(OTHERS[len(colds)]), **looks("elastic"))
            colds.append(cost(project, vendor)[0])
            (project.root / "episodes/other.yaml").unlink()
    cold = statistics.mean(colds)
    ratio = statistics.mean(edits) / cold
    good &= ratio <= GOAL
    held = f"{ratio:.3f} (at most {GOAL:.3f}): {'PASS' if good else 'FAIL'}"
    print(f"edit: their mean, of cold builds of {', '.join(f'{one:.1f}' for one in colds)} CPU-s: {held}")
    spec = (project.root / "episodes/one.yaml").read_text()
    project.write(
        "episodes/one.yaml",
        spec.replace('"image": "Here picture 5"', '"image": "Here picture 5", "take": {"voice": 2}'),
    )
    longer, made = cost(project, vendor)
    kept = made["segment"] == 0 and made["voice"] == 1
    print(f"edit: 10 ms longer: made {dict(made)}, {longer / cold:.3f} of cold: {'PASS' if kept else 'FAIL'}")
    return good and kept


def script(first: str) -> list[str]:
    """Return lines that begin with a word of four letters."""
    return [f"ada: {first} {WORDS} {n} | {first} picture {n}" for n in range(LINES)]


def looks(flow: str) -> dict[str, object]:
    """Return the episode's background and music."""
    return {"background": {"file": "assets/busy.mp4", "flow": flow}, "music": "assets/calm.ogg"}


def cost(project: Workspace, vendor: Standin) -> tuple[float, Counter[str]]:
    """Build, and return the CPU-s of all its processes, and what was made by kind; `calls` counts the vendor's."""
    calls = vendor.count()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = project.run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    made = Counter(name.partition(":")[0] for name in project.made(result))
    made["calls"] = vendor.count() - calls
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, made


def random_edits(project: Workspace, flow: str) -> float:
    """Return the mean number of segments that an edit of one line's length encodes."""
    dice = random.Random(3)
    background = project.root / "assets/loop.mp4"
    background.parent.mkdir(parents=True)
    source = "testsrc2=size=144x256:rate=30:duration=20"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, str(background)]
    subprocess.run(command, check=True)
    more = {"background": {"file": "assets/loop.mp4", "flow": flow}}
    lengths = [dice.randrange(1, 99) for _ in range(LINES)]

    def write() -> None:
        lines = [f"ada: Line {n} {WORDS} {'a' * length} | picture {n}" for n, length in enumerate(lengths)]
        project.episode("one", *lines, **more)

    write()
    project.run("segment:one")
    encoded = []
    for _ in range(EDITS):
        at = dice.randrange(LINES)
        lengths[at] = max(1, min(99, lengths[at] + round(dice.gauss(0, SPREAD_LETTERS)) or 1))
        write()
        made = project.made(project.run("segment:one"))
        encoded.append(sum(name.startswith("segment:") for name in made))
    return statistics.mean(encoded)


if __name__ == "__main__":
    sys.exit(main())
