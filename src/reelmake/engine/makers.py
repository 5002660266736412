"""One function for each kind of step that is made here: it returns the content to store. `plan.kinds` names them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelmake.core.errors import BuildError
from reelmake.core.keys import Action, canonical_json, digest_of
from reelmake.core.logging import log
from reelmake.engine.engine import Context, Made
from reelmake.engine.readers import place_words
from reelmake.layout import captions
from reelmake.layout.frame import BASE_HEIGHT, BASE_WIDTH, Layout, layout
from reelmake.layout.shots import Start, shot_starts
from reelmake.layout.timeline import SAMPLE_RATE, Pan, Slot, Word, lay_out, line_frames, samples_per_frame
from reelmake.media import fonts, inspect, mp4, soundtrack
from reelmake.media.ffmpeg_args import Backdrop, Captions, Clip, Frame, Shot
from reelmake.media.probe import REPLACE, Inspector, Want, is_picture
from reelmake.media.static_layer import Portrait, Still, backdrop, on_backdrop, plate
from reelmake.media.video import Moving, join, normalise, segment
from reelmake.media.voice import wav_samples
from reelmake.plan import requests
from reelmake.providers.base import SpokenWord
from reelmake.providers.speech.alignment import by_pieces
from reelmake.spec.captions import CaptionLook

if TYPE_CHECKING:
    from reelmake.media.moving_layer import Shown


def make_script(action: Action, context: Context, folder: Path) -> Made:
    """Take the lines that the author wrote."""
    del context, folder
    return requests.WrittenScript.from_json(action.request).body()


def make_background(action: Action, context: Context, folder: Path) -> Made:
    """Bring a video or picture into the video's own size, rate and colours."""
    _warn_of_damage(action, context, "video")
    out = folder / "background.mp4"
    request = requests.Frame.from_json(action.request)
    normalise(context.root / action.inputs["file"], out, Frame(*request.size, request.fps), context.ffmpeg)
    return out


def make_music(action: Action, context: Context, folder: Path) -> Made:
    """Bring music to one format and loudness."""
    _warn_of_damage(action, context, "audio")
    out = folder / "music.wav"
    soundtrack.prepare_music(context.root / action.inputs["file"], out, context.ffmpeg)
    return out


def _warn_of_damage(action: Action, context: Context, want: Want) -> None:
    file = action.inputs["file"]
    if damage := Inspector(context.ffmpeg, context.state / "media.json").damage(context.root / file, want):
        log().warning(f"{action.kind}: {file}: {damage}; {REPLACE}")


def make_timeline(action: Action, context: Context, folder: Path) -> Made:
    """Lay the lines out one after the other, and write down for each what its segment shows."""
    del folder
    request = requests.Timeline.from_json(action.request)
    spoken = [json.loads(path.read_bytes()) for path in context.inputs(action, "words")]
    background = context.input(action, "background")
    loop_frames = mp4.read_track(background).frames if background else 0
    samples, pauses = [voice["samples"] for voice in spoken], [line.pause_samples for line in request.lines]
    lengths = _lengths(samples, pauses, request.fps)
    seeds = [int(digest_of(line.id.encode())[:8], 16) for line in request.lines]
    slots = lay_out(lengths, flow=request.flow, loop_frames=loop_frames, fps=request.fps, seeds=seeds)
    setting, burned = _setting(request, context.input(action, "font")), request.captions != "none"
    lines: list[dict[str, Any]] = []
    frames_before = 0
    parts: dict[str, Any] = {}
    for line, voice, slot in zip(request.lines, spoken, slots, strict=True):
        shown = _shown_words(line, voice, request.language)
        words = tuple(replace(word, strong=at in line.emphasis) for at, word in enumerate(shown))
        alone = captions.Line(words, 0, slot.frames, line.color)
        parts[line.id] = {
            "frames": slot.frames,
            "loop_frames": loop_frames,
            "pan": asdict(slot.pan) if slot.pan else None,
            "captions": captions.ass([alone], setting) if burned else "",
            "changes": captions.changes(alone, setting) if burned else [],
        }
        lasts = _shot_lengths(line.shots, words, slot.frames, request.fps)
        if line.shots:
            parts[line.id]["shots"] = lasts
        if line.shows_clip_before:
            parts[line.id]["frames_before"] = frames_before
        frames_before = lasts[-1]
        place = {"start_frame": slot.start_frame, "frames": slot.frames, "samples": voice["samples"]}
        who = {"id": line.id, "character": line.character, "color": line.color}
        lines.append({**who, **place, "words": [word.to_json() for word in words]})
    timeline = {"fps": request.fps, "frames": sum(lengths), "lines": lines, "parts": parts}
    return canonical_json(timeline).encode()


def _shown_words(line: requests.TimedLine, voice: dict[str, Any], language: str) -> tuple[Word, ...]:
    """Return the words that the captions show of a line, at the times at which what is said for them is spoken."""
    if line.pieces is None:
        return tuple(Word(**word) for word in voice["words"])
    spoken = [(word["text"], word["start_samples"], word["end_samples"]) for word in voice["words"]]
    timed = by_pieces([(piece.shown, piece.said) for piece in line.pieces], spoken, language)
    found = (SpokenWord(word.text, a / SAMPLE_RATE, b / SAMPLE_RATE, word.glued) for word, (a, b) in timed)
    return tuple(place_words(tuple(found), 0, voice["samples"]))


def _shot_lengths(shots: Sequence[requests.ShotStart], words: Sequence[Word], frames: int, fps: int) -> list[int]:
    """Return how many frames each shot of a line lasts; a line without any has one."""
    if not shots:
        return [frames]
    starts = shot_starts([Start(one.seconds, one.share) for one in shots], words, frames, fps)
    return [end - start for start, end in zip(starts, [*starts[1:], frames], strict=True)]


def _lengths(samples: Sequence[int], pauses: Sequence[int], fps: int) -> list[int]:
    """Return how many frames each line lasts, by the samples of its sound and of the pause after it."""
    if not samples:
        raise BuildError(
            "there is no line to make a video of", "bump the episode's take:, or write the script: yourself"
        )
    return [line_frames(count, pause, fps) for count, pause in zip(samples, pauses, strict=True)]


def make_segment(action: Action, context: Context, folder: Path) -> Made:
    """Encode the pictures of one line."""
    from reelmake.media.moving_layer import Stage, layers, moves, standing  # noqa: PLC0415 (numpy is slow to import)

    request = requests.Segment.from_json(action.request)
    part = json.loads((context.root / action.inputs["part"]).read_bytes())
    cast = [
        Portrait(context.root / action.inputs[f"sprite.{at}"], one.speaks, at, request.color)
        for at, one in enumerate(request.cast)
    ]
    where = layout(*request.size, [one.side for one in request.cast], picture=request.has_panel)
    if request.place:
        position, size = request.place
        where = replace(where, captions=captions.room_for(where, position, _px(where, size)))
    shots = _shots(request, part, action, context)
    before = request.before
    ended = None if before is None else _shown(before, context.input(action, "before"), part.get("frames_before", 1))
    still, is_moving = standing(shots), moves(shots)
    # a frame that comes and goes throws no shadow: it would be seen where nothing is shown
    is_open = is_moving and all(shot.picture for shot in shots)
    pixels = plate(where, still, cast, shaded=request.text is not None, is_open=is_open)
    background = context.input(action, "background")
    ground = b"" if background else backdrop(*request.size, request.colors or ())
    moving = None
    if is_moving and where.panel:
        stage = Stage.of(where.panel, where.width)
        moving = Moving(where.panel, layers(shots, ended, stage, request.fps, context.ffmpeg), ground)
    elif ground:
        pixels = on_backdrop(pixels, ground, *request.size)
    written = None
    if part["captions"]:
        ass = folder / "captions.ass"
        ass.write_text(part["captions"], "utf-8")
        first = _first_font(request.font, context.input(action, "font"))
        cjk = fonts.cjk_among(request.fonts or {})
        folder_of_fonts = fonts.fonts_dir(context.state, request.text or "", cjk, first)
        written = Captions(str(ass), str(folder_of_fonts), part["changes"])
    behind = Backdrop(str(background), part["loop_frames"], Pan(**part["pan"])) if background else None
    out = folder / "segment.mp4"
    shot = Shot(Frame(*request.size, request.fps), part["frames"], behind, written)
    segment(pixels, shot, out, context.ffmpeg, moving)
    return out


def _shots(request: requests.Segment, part: Mapping[str, Any], action: Action, context: Context) -> list[Shown]:
    """Return the shots of a line, with their lengths."""
    lengths = part.get("shots", [part["frames"]])
    return [
        _shown(shown, context.input(action, f"shot.{at:03}"), frames)
        for at, (shown, frames) in enumerate(zip(request.shots, lengths, strict=True))
    ]


def _shown(shown: requests.Shown, path: Path | None, frames: int) -> Shown:
    from reelmake.media.moving_layer import Shown  # noqa: PLC0415

    picture: Still | Clip | None = None
    if path and is_picture(path):
        picture = Still(path, shown.fit, shown.focus)
    elif path:
        picture = Clip(path, shown.from_seconds, shown.fill, shown.fit, shown.focus)
    return Shown(picture, frames, shown.motion, shown.transition)


def make_subtitles(action: Action, context: Context, folder: Path) -> Made:
    """Write the captions of the whole episode."""
    del folder
    timeline = json.loads((context.root / action.inputs["timeline"]).read_bytes())
    lines = [
        captions.Line(tuple(Word(**word) for word in line["words"]), line["start_frame"], line["frames"], line["color"])
        for line in timeline["lines"]
    ]
    writers = {"ass": captions.ass, "srt": captions.srt, "vtt": captions.vtt}
    setting = _setting(requests.Captions.from_json(action.request), context.input(action, "font"))
    return canonical_json({extension: write(lines, setting) for extension, write in writers.items()}).encode()


def make_soundtrack(action: Action, context: Context, folder: Path) -> Made:
    """Place the voices, and music under them, at one loudness.

    Where lines start is laid out here once more, by the same function from the same lengths. The timeline could be
    read instead, but it also holds words, colours and captions: a new colour would mix all sound again.
    """
    request = requests.Soundtrack.from_json(action.request)
    fps = request.fps
    voices = context.inputs(action, "voice")
    lengths = _lengths([wav_samples(path) for path in voices], request.pauses_samples, fps)
    slots = lay_out(lengths, flow="elastic", loop_frames=0, fps=fps, seeds=[0] * len(lengths))
    step = samples_per_frame(fps)
    starts = tuple(slot.start_frame * step for slot in slots)
    music, music_db = context.input(action, "music"), request.music_db or 0.0
    heard = [
        soundtrack.Heard(path, clip.from_seconds, clip.sound_db, clip.fill == "loop", *place)
        for clip, path in zip(request.clips, context.inputs(action, "clip"), strict=True)
        if (place := _place(clip, slots[clip.line], fps, context.input(action, f"words.{clip.line:03}")))[1]
    ]
    clips = folder / "clips.wav" if heard else None
    if clips:
        soundtrack.lay_clips(heard, sum(lengths) * step, clips, context.ffmpeg)
    score = soundtrack.Score(tuple(voices), starts, sum(lengths) * step, music, music_db, clips)
    sound, out = folder / "soundtrack.wav", folder / "soundtrack.aac"
    soundtrack.write_soundtrack(score, sound)
    soundtrack.encode_soundtrack(sound, out, context.ffmpeg)
    return out


def _place(clip: requests.ClipSound, slot: Slot, fps: int, spoken: Path | None) -> tuple[int, int]:
    """Return from which sample of the episode on a clip lasts how many."""
    words = [Word(**word) for word in json.loads(spoken.read_bytes())["words"]] if spoken else []
    lasts = _shot_lengths(clip.shots, words, slot.frames, fps)
    step = samples_per_frame(fps)
    return (slot.start_frame + sum(lasts[: clip.shot])) * step, lasts[clip.shot] * step


def make_video(action: Action, context: Context, folder: Path) -> Made:
    """Join the segments and the soundtrack."""
    out = folder / "video.mp4"
    segments, track = context.inputs(action, "segment"), context.root / action.inputs["soundtrack"]
    request = requests.Frame.from_json(action.request)
    join(segments, track, out, Frame(*request.size, request.fps), context.ffmpeg)
    return out


def make_inspection(action: Action, context: Context, folder: Path) -> Made:
    """Measure the video."""
    del folder
    measured = inspect.measure(
        context.root / action.inputs["video"], context.ffmpeg, context.input(action, "background")
    )
    return (json.dumps(measured.to_json(), indent=1) + "\n").encode()


def make_cover(action: Action, context: Context, folder: Path) -> Made:
    """Take the picture that stands for the video: words are on the screen, and the speaker is highlighted."""
    line = requests.Cover.from_json(action.request).line
    out = folder / "cover.jpg"
    inspect.picture(context.root / action.inputs["video"], _middles(action, context)[:line][-1], out, context.ffmpeg)
    return out


def make_storyboard(action: Action, context: Context, folder: Path) -> Made:
    """Lay out a picture of each line."""
    out = folder / "storyboard.jpg"
    inspect.sheet(context.root / action.inputs["video"], _middles(action, context), out, context.ffmpeg)
    return out


def _middles(action: Action, context: Context) -> list[int]:
    """Return the middle frame of the speech of each line."""
    timeline = json.loads((context.root / action.inputs["timeline"]).read_bytes())
    step = samples_per_frame(timeline["fps"])
    return [line["start_frame"] + min(line["samples"] // step, line["frames"]) // 2 for line in timeline["lines"]]


def _px(where: Layout, size: float | None) -> int:
    """Return the size of letters, of one in pixels of 1080x1920."""
    unit = min(where.width / BASE_WIDTH, where.height / BASE_HEIGHT)
    return round(size * unit) if size else where.caption_px


def _first_font(family: str | None, file: Path | None) -> fonts.Font:
    """Return the font in which captions are set as far as it has their characters."""
    return fonts.own(file) if file else fonts.shipped(family) if family else fonts.CAPTION_FONT


_POP_SIZE = 1.25  # of the layout's


def _setting(request: requests.Captions, font: Path | None) -> captions.Setting:
    """Return how the captions of an episode are set; files of subtitles are set as those that are burned in."""
    where = layout(*request.size, [one.side for one in request.cast], picture=request.has_panel)
    chosen = CaptionLook.model_validate(request.look or {})
    px = _px(where, chosen.size)
    if request.captions == "pop" and not chosen.size:
        px = round(_POP_SIZE * px)
    box = captions.room_for(where, chosen.position, px)
    first = _first_font(request.font, font)
    measure, runs = fonts.typeset(fonts.cjk_among(request.fonts), first, chosen.case, request.language)
    unit = min(where.width / BASE_WIDTH, where.height / BASE_HEIGHT)
    outline = chosen.outline
    look = captions.Look(
        words=chosen.words,
        color=chosen.color or "",
        active_color=chosen.active.color or "",
        active_scale=chosen.active.scale,
        outline=None if outline.px is None else outline.px * unit / px,
        outline_color=outline.color,
        box_color=chosen.box.color or "",
        box_opacity=chosen.box.opacity,
        box_word=chosen.box.behind == "word",
        emphasis_color=chosen.emphasis.color or "",
        emphasis_scale=chosen.emphasis.scale,
    )
    return captions.Setting(
        width=where.width,
        height=where.height,
        center_x=box.x + box.width // 2,
        center_y=box.y + box.height // 2,
        max_width=box.width,
        font_px=px,
        fps=request.fps,
        style="karaoke" if request.captions == "none" else request.captions,
        measure=measure,
        runs=runs,
        from_right=request.from_right,
        language=request.language,
        max_height=box.height,
        look=look,
    ).fitted()
