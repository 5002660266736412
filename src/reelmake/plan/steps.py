"""What a build consists of: from an episode to its steps, as data. Nothing here acts, and everything is decided here.

Each function below makes the action of one kind; `plan` puts them together. To see what decides whether a step is
made again, read its request and its inputs: there is nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from reelmake.core.errors import BuildError
from reelmake.core.keys import Action
from reelmake.core.templates import image_prompt
from reelmake.layout.frame import frame_of, layout
from reelmake.layout.shots import LEAST_ZOOM, ZOOM, is_clip
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.layout.words import cased, is_of_the_right
from reelmake.plan import requests
from reelmake.plan.episode import Production, Step
from reelmake.plan.kinds import SPEC
from reelmake.plan.shots import PlacedShot, prompts_of, seen_before, shots_of, starts_of
from reelmake.providers.speech.display_words import shown_words
from reelmake.spec.model import Line, Reel, Shot, emphasis_of, line_ids
from reelmake.spec.speech import differs, said


def plan(show: Production, lines: Sequence[Line]) -> list[Step]:
    """Return all steps of an episode, in an order in which they could be made.

    Without the script that is to be translated, nothing is known of the request for its translation.
    While its lines are not known, these are only the steps that do not need them: a video of no lines is never made.
    Raises BuildError when a line is spoken by somebody who is not in the cast.
    """
    where = f"episodes/{show.spec}.yaml:{show.topic_at}" if show.topic_at and show.episode.script is None else ""
    steps = [show.step(script(show), where=where)] if show.source or not show.original else []
    steps += [show.step(make) for make in (background(show), music(show)) if make]
    if not lines:
        return steps
    if strangers := sorted({line.character for line in lines} - show.characters.keys()):
        cast = ", ".join(show.characters)
        raise BuildError(
            f"the script of {show.name} has a line of {strangers[0]!r}, who is not in the cast ({cast})",
            f"add {strangers[0]} under cast:, or bump the episode's take: for another script",
        )
    ids = line_ids(lines)
    numbered = [(line, line_id, show.where(at)) for at, (line, line_id) in enumerate(zip(lines, ids, strict=True))]
    steps += [show.step(voice(show, line, line_id), line_id, line, where) for line, line_id, where in numbered]
    for line, line_id, where in numbered:
        wanted = prompts_of(line, line_id)
        steps += [show.step(image(show, line, name, prompt), name, line, where) for name, prompt in wanted]
    shown = shots_of(show, lines, ids)
    seen = [seen_before(shots, before) for shots, before in zip(shown, [[], *shown], strict=False)]
    steps.append(show.step(timeline(show, lines, ids, seen)))
    for (line, line_id, where), shots, before in zip(numbered, shown, seen, strict=True):
        steps.append(
            show.step(segment(show, line, line_id, shots, before, has_panel=has_panel(lines)), line_id, line, where)
        )
    steps += [show.step(make) for make in (subtitles(show, lines), soundtrack(show, lines, ids), video(show, ids))]
    return steps


def script(show: Production) -> Action:
    """Write the lines, translate them, or take them as the author wrote them."""
    episode = show.episode
    if show.original:
        return translation(show)
    if episode.script is not None:
        return _script(show, _written(episode.script))
    choice = show.choice("script")
    request = requests.Script(
        provider=choice.provider,
        topic=episode.topic,
        title=episode.title,
        language=episode.language,
        style=episode.style,
        lines=episode.lines,
        shots_per_line=episode.shots_per_line,
        take=episode.take,
        template=show.kit.templates.get(f"script.{choice.provider}", ""),
        cast=_cast(show),
        options=choice.options or None,
    )
    return _script(show, choice.shape(request.to_json()))


def _script(show: Production, request: Mapping[str, Any]) -> Action:
    return show.action("script", request, {"script": show.path("script.json")})


def _written(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the request for lines that the author wrote."""
    written = [requests.WrittenLine(character=o.character, text=o.text, image=o.subject) for o in lines]
    return requests.WrittenScript(provider=SPEC, lines=written).to_json()


def _cast(show: Production) -> list[requests.CastMember]:
    """Return the cast, for the request of a script provider."""
    return [
        requests.CastMember(id=name, name=who.name, personality=who.personality or "", catchphrases=who.catchphrases)
        for name, who in show.characters.items()
    ]


def translation(show: Production, known: Sequence[str] = ()) -> Action:
    """Translate the script's lines, unless the author has translated all of them.

    `known` has a translation to reuse for each line without one of the author's; empty for a new line.
    """
    language, original = show.episode.language, show.original or show
    reused = known or [""] * len(show.source)
    given = [line.translations.get(language, text) for line, text in zip(show.source, reused, strict=True)]
    both = list(zip(show.source, given, strict=True))
    if all(given):
        return _script(show, _written([translated(line, text) for line, text in both]))
    choice = show.choice("script")
    request = requests.Translation(
        provider=choice.provider,
        title=show.episode.title,
        original_language=original.episode.language,
        language=language,
        take=show.episode.take,
        template=show.kit.templates.get(f"translation.{choice.provider}", ""),
        cast=_cast(show),
        source=[requests.SourceLine(character=line.character, text=line.text, given=text) for line, text in both],
        options=choice.options or None,
    )
    return _script(show, choice.shape(request.to_json()))


def translated(line: Line, text: str) -> Line:
    """Return a line in another language; it shows what the original shows, so that they share the pictures."""
    shared: dict[str, Any] = {"text": text, "translations": {}, "say": None}
    if line.shots:
        shared["shots"] = line.seen
    else:
        shared["image"] = line.seen[0] if isinstance(line.image, Shot) else line.subject
    return line.model_copy(update=shared)


def voice(show: Production, line: Line, line_id: str) -> Action:
    """Speak a line."""
    choice = show.choice("voice", line)
    request = requests.Voice(
        provider=choice.provider,
        text=said(show.pieces(line)),
        language=show.episode.language,
        take=line.take.voice,
        voice=choice.options,
    )
    wav, words = voice_paths(show, line_id)
    return show.action("voice", choice.shape(request.to_json()), {"sound": wav, "words": words})


def voice_paths(show: Production, line_id: str) -> tuple[str, str]:
    """Return where a line's sound and its words are."""
    return show.path("voice", f"{line_id}.wav"), show.path("voice", f"{line_id}.words.json")


def image(show: Production, line: Line, name: str, subject: str) -> Action:
    """Draw a shot of a line."""
    style = show.episode.style
    width, height = picture_size(show.reel)
    choice = show.choice("image", line)
    request = requests.Image(
        provider=choice.provider,
        prompt=image_prompt(show.kit.templates["image"], subject=subject, style=style, title=show.episode.title),
        subject=subject,
        style=style,
        width=width,
        height=height,
        take=line.take.image,
        options=choice.options or None,
    )
    return show.action("image", choice.shape(request.to_json()), {"picture": show.path("images", f"{name}.png")})


def picture_size(reel: Reel) -> tuple[int, int]:
    """Return the size of requested pictures: square, in multiples of 16, and larger than the panel by a zoom.

    Of most formats, eight ninths of the width are as much. It is more only where a picture would be blown up: requests
    that were paid for stay what they are.
    """
    panel, border = layout(*reel.size, ["left"]).panel, frame_of(reel.size[0])[0]
    window = max(panel.width, panel.height) - 2 * border if panel else 0
    side = max(64, round(reel.size[0] * 8 / 9 / 16) * 16)
    if side < window * LEAST_ZOOM:
        side = ceil(window * ZOOM / 16) * 16
    return side, side


def background(show: Production) -> Action | None:
    """Bring the background into the video's own format once, so that every segment reads it cheaply."""
    if not show.episode.background:
        return None
    outputs, inputs = {"background": show.path("background.mp4")}, {"file": show.episode.background.file}
    return show.action("background", frame(show).to_json(), outputs, inputs)


def music(show: Production) -> Action | None:
    """Bring the music to one format and loudness once."""
    if not show.episode.music:
        return None
    return show.action("music", _ffmpeg(show), {"music": show.path("music.wav")}, {"file": show.episode.music})


def timeline(show: Production, lines: Sequence[Line], ids: Sequence[str], seen: Sequence[PlacedShot | None]) -> Action:
    """Decide when everything happens, and what each segment shows; `seen` is what each shows of the line before."""
    background = show.episode.background
    request = requests.Timeline(
        **_captions(show, lines),
        flow=background.flow if background else "elastic",
        lines=[
            requests.TimedLine(
                id=line_id,
                character=line.character,
                color=show.characters[line.character].caption.color,
                pause_samples=pause_samples(show, line),
                pieces=_spoken_pieces(show, line),
                shots=starts_of(line, text),
                shows_clip_before=before is not None and is_clip(before.path),
                emphasis=emphasised_words(line, show.episode.language),
            )
            for line, line_id, before, text in zip(lines, ids, seen, _original_texts(show, lines), strict=True)
        ],
    )
    inputs = {f"words.{at:03}": voice_paths(show, line_id)[1] for at, line_id in enumerate(ids)}
    inputs |= _font_file(show)
    if background:
        inputs["background"] = show.path("background.mp4")
    outputs = {line_id: show.path("timeline", f"{line_id}.json") for line_id in ids}
    return show.action("timeline", request.to_json(), {"timeline": show.path("timeline.json"), **outputs}, inputs)


def _spoken_pieces(show: Production, line: Line) -> list[requests.SpokenPiece] | None:
    pieces = show.pieces(line)
    return [requests.SpokenPiece(shown=o.shown, said=o.said) for o in pieces] if differs(pieces) else None


def _original_texts(show: Production, lines: Sequence[Line]) -> list[str]:
    """Return what lines say in the language in which their shots name words."""
    return [line.text for line in show.source or lines]


def frame(show: Production) -> requests.Frame:
    """Return the request fields that every encoded picture depends on."""
    return requests.Frame(size=show.reel.size, fps=show.reel.fps, ffmpeg=show.kit.ffmpeg)


def _ffmpeg(show: Production) -> dict[str, Any]:
    return requests.Ffmpeg(ffmpeg=show.kit.ffmpeg).to_json()


def _captions(show: Production, lines: Sequence[Line]) -> dict[str, Any]:
    """Return the fields of a request that decide how lines are set as captions."""
    language, look = show.episode.language, show.reel.captions
    text = " ".join(line.text for line in lines)
    return {
        "size": show.reel.size,
        "fps": show.reel.fps,
        "captions": look.style,
        "cast": [
            requests.Sprite(side=character.side) for name, character in show.characters.items() if name in show.sprites
        ],
        "fonts": _fonts(show, text),
        "language": language,  # words that are too wide are broken by its dictionary
        "from_right": is_of_the_right(language),
        "look": look.chosen() or None,
        "font": look.font if not look.font_file else None,
        "has_panel": has_panel(lines),
    }


def has_panel(lines: Sequence[Line]) -> bool:
    """Say whether any line of an episode shows a picture: places are the same for all lines."""
    return any(not shot.is_empty for line in lines for shot in line.seen)


def _fonts(show: Production, text: str) -> Mapping[str, str]:
    """Return family and digest of each font that ships along and may show a text."""
    look, language = show.reel.captions, show.episode.language
    shipped = (look.font,) if look.font and not look.font_file else ()
    return show.kit.fonts(cased(text, look.case, language), language, *shipped)


def _font_file(show: Production) -> dict[str, str]:
    """Return the font of the project in which captions are set, as an input."""
    look = show.reel.captions
    return {"font": look.font_file} if look.font_file and look.is_burned else {}


def emphasised_words(line: Line, language: str) -> tuple[int, ...]:
    """Return which words of a line are emphasised, counted from 0 as voices return them."""
    places = set(emphasis_of(line.text))
    if not places:
        return ()
    return tuple(at for at, word in enumerate(shown_words(line.text, language)) if places.intersection(word.places))


def pause_samples(show: Production, line: Line) -> int:
    """Return how many samples of silence follow a line."""
    seconds = show.reel.pause_seconds if line.pause_seconds is None else line.pause_seconds
    return round(seconds * SAMPLE_RATE)


def segment(  # noqa: PLR0913 (what a segment depends on)
    show: Production,
    line: Line,
    line_id: str,
    shots: Sequence[PlacedShot],
    before: PlacedShot | None,
    *,
    has_panel: bool,
) -> Action:
    """Encode the pictures of one line: background, shots in the panel, sprites, captions.

    `before` is the last shot of the line before, where the first transition shows it.
    """
    inputs = {"part": show.path("timeline", f"{line_id}.json")}
    inputs |= {f"shot.{at:03}": shot.path for at, shot in enumerate(shots) if shot.path}
    if before:
        inputs["before"] = before.path
    if show.episode.background:
        inputs["background"] = show.path("background.mp4")
    cast: list[requests.SpeakingSprite] = []
    for name, character in show.characters.items():
        if name in show.sprites:
            speaks = name == line.character
            telling, hearing = show.sprites[name]
            inputs[f"sprite.{len(cast)}"] = telling if speaks else hearing
            cast.append(requests.SpeakingSprite(side=character.side, speaks=speaks))
    look = show.reel.captions
    has_captions = look.is_burned
    inputs |= _font_file(show)
    colors = [character.caption.color for character in show.characters.values()]
    request = requests.Segment(
        size=show.reel.size,
        fps=show.reel.fps,
        ffmpeg=show.kit.ffmpeg,
        cast=cast,
        shots=[shot.shown for shot in shots],
        has_panel=has_panel,
        before=before and before.shown,
        color=show.characters[line.character].caption.color,
        captions=None if has_captions else "none",
        text=cased(line.text, look.case, show.episode.language) if has_captions else None,
        fonts=_fonts(show, line.text) if has_captions else None,
        colors=None if show.episode.background else colors,
        font=look.font if has_captions and not look.font_file else None,
        place=(look.position, look.size) if has_captions and look.position != "auto" else None,
    )
    return show.action("segment", request.to_json(), {"segment": show.path("segments", f"{line_id}.mp4")}, inputs)


def subtitles(show: Production, lines: Sequence[Line]) -> Action:
    """Write the captions of the whole episode as files of their own."""
    request = requests.Captions(**_captions(show, lines))
    outputs = {extension: show.path(f"subtitles.{extension}") for extension in ("ass", "srt", "vtt")}
    inputs = {"timeline": show.path("timeline.json"), **_font_file(show)}
    return show.action("subtitles", request.to_json(), outputs, inputs)


def soundtrack(show: Production, lines: Sequence[Line], ids: Sequence[str]) -> Action:
    """Place all voices, put music under them, and bring it all to one loudness."""
    inputs = {f"voice.{at:03}": voice_paths(show, line_id)[0] for at, line_id in enumerate(ids)}
    if show.episode.music:
        inputs["music"] = show.path("music.wav")
    clips: tuple[requests.ClipSound, ...] = ()
    for at, (line, text) in enumerate(zip(lines, _original_texts(show, lines), strict=True)):
        for number, shot in enumerate(line.seen):
            if not shot.file or shot.sound is None:
                continue
            inputs[f"clip.{len(clips):03}"] = shot.file
            if starts := starts_of(line, text):
                inputs[f"words.{at:03}"] = voice_paths(show, ids[at])[1]
            clip = requests.ClipSound(
                line=at,
                sound_db=shot.sound,
                shot=number,
                shots=starts,
                from_seconds=shot.from_seconds,
                fill=shot.fill,
            )
            clips = (*clips, clip)
    request = requests.Soundtrack(
        fps=show.reel.fps,
        pauses_samples=[pause_samples(show, line) for line in lines],
        ffmpeg=show.kit.ffmpeg,
        music_db=show.reel.music_db if show.episode.music else None,
        clips=clips,
    )
    return show.action("soundtrack", request.to_json(), {"soundtrack": show.path("soundtrack.aac")}, inputs)


def video(show: Production, ids: Sequence[str]) -> Action:
    """Join the segments and the soundtrack."""
    inputs = {f"segment.{at:03}": show.path("segments", f"{line_id}.mp4") for at, line_id in enumerate(ids)}
    inputs["soundtrack"] = show.path("soundtrack.aac")
    return show.action("video", frame(show).to_json(), {"video": show.path(f"{show.name}.mp4")}, inputs)


def after(show: Production) -> list[Step]:
    """Return the steps that read the finished video of an episode."""
    return [show.step(make) for make in (inspection(show), cover(show), storyboard(show))]


def inspection(show: Production) -> Action:
    """Measure the video; the measurements are judged each time (`publish.checks.judge`)."""
    inputs = {"video": show.path(f"{show.name}.mp4")}
    if show.episode.background:
        inputs["background"] = show.path("background.mp4")
    return show.action("inspection", _ffmpeg(show), {"inspection": show.path("inspection.json")}, inputs)


def cover(show: Production) -> Action:
    """Take the picture that stands for the video out of one of its lines."""
    request = requests.Cover(line=show.publish.cover, ffmpeg=show.kit.ffmpeg)
    return show.action("cover", request.to_json(), {"cover": show.path("cover.jpg")}, _seen(show))


def storyboard(show: Production) -> Action:
    """Take a picture out of each line, and lay them out together."""
    return show.action("storyboard", _ffmpeg(show), {"storyboard": show.path("storyboard.jpg")}, _seen(show))


def _seen(show: Production) -> dict[str, str]:
    return {"video": show.path(f"{show.name}.mp4"), "timeline": show.path("timeline.json")}
