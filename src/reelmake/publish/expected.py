"""What is expected of a finished video, read from the files beside it; and the verdict on it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

from pysubs2 import SSAFile

from reelmake.core.errors import MediaError, SetupError
from reelmake.engine.engine import Context, perform
from reelmake.media import fonts
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.inspect import Measured, measure
from reelmake.media.probe import REPLACE, Inspector
from reelmake.plan.episode import Production
from reelmake.plan.steps import inspection
from reelmake.providers.speech.display_words import untagged
from reelmake.publish.checks import CHECKS, SCHEMA, Expected, Finding, Shown, judge
from reelmake.spec.model import Line, Reel

PROVENANCE: Final = "video.json"
_SAID_ROWS: Final = re.compile(r"^(?!.* --> ).*$", re.MULTILINE)
_WORD_TIMES: Final = re.compile("<[\\d:.\u2060]+>")
_NOTHING: Final = 1e-6  # of a frame: what is lost when a time is computed; ASS is early by half a frame
_TAGS: Final = re.compile(r"(?<!\\)\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Measurements and findings of a video; `measured` is None when it could not be read at all."""

    video: str
    measured: Measured | None
    findings: Sequence[Finding]
    warnings: Sequence[str] = ()  # what keeps nobody from publishing it

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "schema": SCHEMA,
            "video": self.video,
            "ok": not self.findings,
            "checks": {name: not any(one.check == name for one in self.findings) for name in (*CHECKS, "peak")},
            "findings": [{name: getattr(one, name) for name in Finding.__slots__} for one in self.findings],
            "warnings": list(self.warnings),
            "measured": self.measured.to_json() if self.measured else None,
        }


def of_episode(show: Production, context: Context, lines: Sequence[Line]) -> Verdict:
    """Inspect the finished video of an episode; `lines` are those of the specs as they are now. Raises SetupError."""
    folder = context.root / show.path("")
    video = folder / f"{show.name}.mp4"
    if not video.is_file() or not (folder / PROVENANCE).is_file():
        raise SetupError(f"the video of {show.name} is not built", f"type `doit video:{show.name}` first")
    perform(inspection(show), context, f"inspection:{show.name}")
    measured = Measured.from_json(json.loads((folder / "inspection.json").read_bytes()))
    expected = read_expected(folder, show.reel, show.where, lines)
    inspector = Inspector(context.ffmpeg, context.state / "media.json")
    damaged = ((f"{name}: {file}", inspector.damage(context.root / file, want)) for name, file, want in show.media)
    warnings = [f"{what}: {damage}; {REPLACE}" for what, damage in damaged if damage]
    return Verdict(show.path(video.name), measured, judge(measured, expected), warnings)


def of_file(video: Path, reel: Reel, ffmpeg: Ffmpeg) -> Verdict:
    """Inspect any mp4; one that lies where it was built is compared with the files beside it."""
    folder = video.parent
    try:
        provenance = json.loads((folder / PROVENANCE).read_bytes())
        built = Path(provenance["video"]["file"]).name == video.name
    except (OSError, ValueError, KeyError, TypeError):
        built = False
    background = folder / "background.mp4"
    try:
        measured = measure(video, ffmpeg, background if built and background.is_file() else None)
    except MediaError as error:
        return Verdict(str(video), None, [Finding("decode", error.what, "name an mp4, or build it again")])
    expected = read_expected(folder, reel) if built else Expected(reel.min_seconds, reel.max_seconds)
    return Verdict(str(video), measured, judge(measured, expected))


def read_expected(
    folder: Path,
    reel: Reel,
    where: Callable[[int], str] = lambda at: f"line {at + 1}",
    lines: Sequence[Line] | None = None,
) -> Expected:
    """Return what is expected of the video in a folder; raises MediaError when a file beside it cannot be read.

    `where` returns where a line of its script stands; `lines` are those that it should be made of.
    """
    try:
        provenance = json.loads((folder / PROVENANCE).read_bytes())
        own = reel.captions.font_file
        own_family = fonts.own(Path(own)).family if own and Path(own).is_file() else ""
        shown = list(_shown(folder, provenance, where, own_family))
        video = provenance["video"]
        frames, size = int(video["frames"]), (int(video["width"]), int(video["height"]))
        said = [(one["character"], one["text"]) for one in provenance["lines"]]
        degraded = {one["line"]: "its picture could not be had, and a card is shown" for one in provenance["degraded"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise MediaError(f"what lies beside the video in {folder} cannot be read: {error}", "build it again") from None
    wanted = said if lines is None else [(line.character, line.text) for line in lines]
    wrong = list(_differences(said, wanted, where))
    return Expected(reel.min_seconds, reel.max_seconds, frames, size, shown, wrong, degraded)


def _differences(
    said: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]], where: Callable[[int], str]
) -> Iterator[tuple[str, str]]:
    """Yield where the script that a video was made of differs from the wanted one, and how."""
    for at, (one, other) in enumerate(zip(said, wanted, strict=False)):
        if one != other:
            yield where(at), f"the script says {' '.join(other)!r} here, and the video {' '.join(one)!r}"
    if len(said) != len(wanted):
        yield where(min(len(said), len(wanted))), f"the script has {len(wanted)} lines, and the video {len(said)}"


def _shown(
    folder: Path, provenance: Mapping[str, Any], where: Callable[[int], str], own_family: str
) -> Iterator[Shown]:
    fps = provenance["video"]["fps"]
    files = {form: _cues((folder / f"subtitles.{form}").read_text("utf-8"), form) for form in ("srt", "vtt")}
    drawn = list(_events(_ass((folder / "subtitles.ass").read_text("utf-8"))))
    before = None
    for at, line in enumerate(provenance["lines"]):
        frames = range(line["start_frame"], line["start_frame"] + line["frames"])
        burned = _ass(json.loads((folder / "timeline" / f"{line['id']}.json").read_bytes())["captions"] or "")
        picture = provenance["made_of"].get(f"image:{provenance['episode']}:{line['id']}", {}).get("sha256", line["id"])
        text = str(line["text"])
        inside = {form: [cue for cue in cues if round(cue[0] * fps) in frames] for form, cues in files.items()}
        pieces = {"ass": " ".join(words for seconds, words in drawn if ceil(seconds * fps - _NOTHING) in frames)}
        changes = [frames.start / fps] if at and (burned or picture != before) else []
        if burned:
            pieces["picture"] = " ".join(words for _, words in _events(burned))
            changes += [seconds for cue in inside["vtt"] for seconds in cue[:2]]
        yield Shown(
            id=line["id"],
            where=where(at),
            text=text,
            spoken=untagged(text),
            start_seconds=frames.start / fps,
            end_seconds=frames.stop / fps,
            subtitles={form: " ".join(cue[2] for cue in cues) for form, cues in inside.items()},
            drawn=pieces,
            missing=(*fonts.missing_glyphs(text), *_unknown_families(burned, own_family)) if burned else (),
            changes=tuple(sorted(set(changes))),
        )
        before = picture


def _ass(text: str) -> SSAFile:
    return SSAFile.from_string(text, format_="ass")


def _cues(text: str, form: str) -> list[tuple[float, float, str]]:
    r"""Return when each cue of SubRip or WebVTT comes and goes, in seconds, and what it says.

    pysubs2 takes any two times in a row for those of a cue, writes the end of a row as `\N`, and drops a number at the
    end, which is that of the next cue: an invisible character parts what authors wrote, and a number ends the file.
    """
    shielded = _SAID_ROWS.sub(lambda row: re.sub(r"[:\\]", "\\g<0>\u2060", row[0]), text)
    found = []
    for cue in SSAFile.from_string(f"{shielded}\n0\n", format_=form, keep_html_tags=True):
        said = cue.text.replace("\\N", " ")
        said = html.unescape(_WORD_TIMES.sub("", said)) if form == "vtt" else said
        found.append((cue.start / 1000, cue.end / 1000, said))
    return found


def _events(document: SSAFile) -> Iterator[tuple[float, str]]:
    """Yield when words appear in an ASS document, in seconds, and the words: each once, where they are highlighted."""
    top = max((event.layer for event in document), default=0)
    for event in document:
        if event.layer == top:
            yield event.start / 1000, _TAGS.sub("", event.text)  # its own `plaintext` drops what is in escaped braces


def _unknown_families(document: SSAFile, own_family: str) -> list[str]:
    """Return the families that an ASS document names and that are not installed."""
    named = {family for event in document for family in re.findall(r"\\fn([^\\}]+)", event.text)}
    named |= {style.fontname for style in document.styles.values()}
    return sorted(named - {own_family, *fonts.installed()})
