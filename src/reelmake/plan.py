"""What a build consists of: from an episode to its steps, as data. Nothing here acts, and everything is decided here.

Each function below makes the action of one kind; `plan` puts them together. To see what decides whether a step is
made again, read its request and its inputs: there is nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from reelmake.action import Action, canonical_json
from reelmake.direction import is_of_the_right
from reelmake.errors import BuildError
from reelmake.prompts import image_prompt, subject_of
from reelmake.spec import (
    Character,
    Episode,
    Line,
    Publish,
    Reel,
    line_ids,
)
from reelmake.timeline import SAMPLE_RATE

BUILD: Final = "build"
CPU: Final = "cpu"
PAID: Final = ("script", "voice", "image")  # kinds that providers perform
SPEC: Final = "spec"  # who "provides" a script that the author wrote

# Raised by hand when our code changes what a kind makes: everybody makes these steps again. A test pins the keys.
RECIPES: Final = {
    "script": 1,
    "voice": 1,
    "image": 1,
    "background": 2,
    "music": 1,
    "timeline": 2,
    "subtitles": 2,
    "segment": 1,
    "soundtrack": 2,
    "video": 2,
    "inspection": 1,
    "cover": 1,
    "storyboard": 1,
}
# Raised by hand when our code reads stored answers differently: outputs are written again, nothing is made again.
READINGS: Final = {**dict.fromkeys(RECIPES, 1), "voice": 2, "script": 2}


@dataclass(frozen=True, slots=True)
class Kit:
    """What episodes are made with: everything outside of them that changes bytes.

    templates  name -> text of a prompt template
    ffmpeg     which ffmpeg
    fonts      (text, language) -> family and digest of each font that shows it
    """

    templates: Mapping[str, str]
    ffmpeg: str
    fonts: Callable[[str, str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who performs a request: the provider, its pool, its complete options, and what it makes of what is asked."""

    provider: str
    pool: str
    options: Mapping[str, Any]
    shape: Callable[[Mapping[str, Any]], Mapping[str, Any]]


Place = tuple[str, str, str]


def choice_place(kind: str, line: Line | None = None) -> Place:
    """Return under which name a choice is kept: a voice is chosen for each character, and a line may have its own."""
    own = getattr(line.providers, kind) if line and kind != "script" else None
    said = canonical_json(own.model_dump(exclude_none=True)) if own else ""
    return kind, line.character if line and kind == "voice" else "", said


@dataclass(frozen=True, slots=True)
class Step:
    """An action with its place in the build: `name` is what one types after doit, `where` is what asks for it."""

    name: str
    episode: str
    line: str
    pool: str
    action: Action
    where: str = ""

    @property
    def kind(self) -> str:
        """The kind of its action."""
        return self.action.kind


@dataclass(frozen=True, slots=True)
class Production:
    """An episode that is ready to be planned: its spec, the characters on screen, the format, the kit, and who does it.

    choices   who performs the requests of each kind, by `choice_place`
    lines_at  the line of the spec on which each line of its script stands; nothing for a script that is not in it
    topic_at  the line of the spec on which its topic stands; 0 when it is not in a file
    publish   where its video is published
    original  of an episode in another language than the script's: the one that it is a translation of
    source    the lines that are translated, once they are known; none for an original
    sprites   character -> its pictures while it is telling and while it is hearing, by their paths from the project
    """

    name: str
    episode: Episode
    characters: Mapping[str, Character]
    reel: Reel
    kit: Kit
    choices: Mapping[Place, Choice]
    lines_at: Sequence[int] = ()
    sprites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topic_at: int = 0
    publish: Publish = field(default_factory=Publish)
    original: Production | None = None
    source: Sequence[Line] = ()

    @property
    def spec(self) -> str:
        """The name of its spec, which an episode in another language shares with its original."""
        return self.original.name if self.original else self.name

    def where(self, at: int) -> str:
        """Return where a line of the script stands: in the spec, or in what was written for it."""
        if at < len(self.lines_at):
            return f"episodes/{self.spec}.yaml:{self.lines_at[at]}"
        return f"line {at + 1} of the script of {self.name}"

    def asked(self, kind: str, what: Mapping[str, Any], line: Line | None = None) -> Mapping[str, Any]:
        """Return the request that whoever performs it makes of what is asked."""
        choice = self.choices[choice_place(kind, line)]
        chosen = {"voice": choice.options} if kind == "voice" else {"options": choice.options} if choice.options else {}
        return choice.shape({"provider": choice.provider, **what, **chosen})

    def path(self, *parts: str) -> str:
        """Return the path of an output, from the project's folder."""
        return "/".join((BUILD, self.name, *parts))

    def action(
        self,
        kind: str,
        request: Mapping[str, Any],
        outputs: Mapping[str, str],
        inputs: Mapping[str, str] | None = None,
    ) -> Action:
        """Return an action of this episode."""
        return Action(kind, RECIPES[kind], request, inputs or {}, outputs, READINGS[kind])

    def step(self, action: Action, line_id: str = "", line: Line | None = None, where: str = "") -> Step:
        """Return an action with its name, pool and place."""
        name = ":".join(filter(None, (action.kind, self.name, line_id)))
        step = Step(name, self.name, line_id, CPU, action, where)
        return replace(step, pool=self.choices[choice_place(action.kind, line)].pool) if is_paid(step) else step


def is_paid(step: Step) -> bool:
    """Say whether a provider performs a step: it may cost money."""
    return step.kind in PAID and step.action.request["provider"] != SPEC


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
    steps += [show.step(image(show, line, line_id), line_id, line, where) for line, line_id, where in numbered]
    steps.append(show.step(timeline(show, lines, ids)))
    steps += [show.step(segment(show, line, line_id), line_id, line, where) for line, line_id, where in numbered]
    steps += [show.step(make) for make in (subtitles(show, lines), soundtrack(show, lines, ids), video(show, ids))]
    return steps


def script(show: Production) -> Action:
    """Ask for the lines, or for their translation; or take them as the author wrote them."""
    episode = show.episode
    request: Mapping[str, Any]
    if show.original:
        return translation(show)
    if episode.script is not None:
        lines = [
            {"character": o.character, "text": o.text, "image": o.image or subject_of(o.text)} for o in episode.script
        ]
        request = {"provider": SPEC, "lines": lines}
    else:
        what = {
            "topic": episode.topic,
            "title": episode.title,
            "language": episode.language,
            "style": episode.style,
            "lines": episode.lines,
            "take": episode.take,
            "template": show.kit.templates.get(f"script.{show.choices[choice_place('script')].provider}", ""),
            "cast": _cast(show),
        }
        request = show.asked("script", what)
    return show.action("script", request, {"script": show.path("script.json")})


def _cast(show: Production) -> list[dict[str, Any]]:
    """Return what a script provider is told of who speaks."""
    return [
        {
            "id": name,
            "name": character.name,
            "personality": character.personality or "",
            "catchphrases": character.catchphrases,
        }
        for name, character in show.characters.items()
    ]


def translation(show: Production) -> Action:
    """Ask for the script's lines in another language, unless the author has written all of them."""
    language, original = show.episode.language, show.original or show
    given = [line.translations.get(language, "") for line in show.source]
    request: Mapping[str, Any]
    if all(given):
        lines = [translated(line, text) for line, text in zip(show.source, given, strict=True)]
        request = {
            "provider": SPEC,
            "lines": [{"character": line.character, "text": line.text, "image": line.image} for line in lines],
        }
    else:
        request = show.asked(
            "script",
            {
                "title": show.episode.title,
                "from": original.episode.language,
                "language": language,
                "take": show.episode.take,
                "template": show.kit.templates.get(f"translation.{show.choices[choice_place('script')].provider}", ""),
                "cast": _cast(show),
                "source": [
                    {"character": line.character, "text": line.text, "given": text}
                    for line, text in zip(show.source, given, strict=True)
                ],
            },
        )
    return show.action("script", request, {"script": show.path("script.json")})


def translated(line: Line, text: str) -> Line:
    """Return a line in another language; it shows what the original shows, so that they share the picture."""
    return line.model_copy(update={"text": text, "image": line.image or subject_of(line.text), "translations": {}})


def voice(show: Production, line: Line, line_id: str) -> Action:
    """Speak a line."""
    what = {"text": line.text, "language": show.episode.language, "take": line.take.voice}
    wav, words = voice_paths(show, line_id)
    return show.action("voice", show.asked("voice", what, line), {"sound": wav, "words": words})


def voice_paths(show: Production, line_id: str) -> tuple[str, str]:
    """Return where a line's sound and its words are."""
    return show.path("voice", f"{line_id}.wav"), show.path("voice", f"{line_id}.words.json")


def image(show: Production, line: Line, line_id: str) -> Action:
    """Draw what a line shows."""
    subject, style = line.image or subject_of(line.text), show.episode.style
    width, height = picture_size(show.reel)
    what = {
        "prompt": image_prompt(show.kit.templates["image"], subject=subject, style=style, title=show.episode.title),
        "subject": subject,
        "style": style,
        "width": width,
        "height": height,
        "take": line.take.image,
    }
    return show.action("image", show.asked("image", what, line), {"picture": show.path("images", f"{line_id}.png")})


def picture_size(reel: Reel) -> tuple[int, int]:
    """Return the size that pictures are asked for: square, as wide as the panel, in multiples of 16."""
    side = max(64, round(reel.size[0] * 8 / 9 / 16) * 16)
    return side, side


def background(show: Production) -> Action | None:
    """Bring the background into the video's own format once, so that every segment reads it cheaply."""
    if not show.episode.background:
        return None
    return show.action(
        "background", frame(show), {"background": show.path("background.mp4")}, {"file": show.episode.background.file}
    )


def music(show: Production) -> Action | None:
    """Bring the music to one format and loudness once."""
    if not show.episode.music:
        return None
    return show.action(
        "music", {"ffmpeg": show.kit.ffmpeg}, {"music": show.path("music.flac")}, {"file": show.episode.music}
    )


def timeline(show: Production, lines: Sequence[Line], ids: Sequence[str]) -> Action:
    """Decide when everything happens, and what each segment shows."""
    request = {
        **caption_request(show, " ".join(line.text for line in lines)),
        "flow": show.episode.background.flow if show.episode.background else "elastic",
        "lines": [
            {
                "id": line_id,
                "character": line.character,
                "color": show.characters[line.character].caption.color,
                "pause_samples": pause_samples(show, line),
            }
            for line, line_id in zip(lines, ids, strict=True)
        ],
    }
    inputs = {f"words.{at:03}": voice_paths(show, line_id)[1] for at, line_id in enumerate(ids)}
    if show.episode.background:
        inputs["background"] = show.path("background.mp4")
    outputs = {line_id: show.path("timeline", f"{line_id}.json") for line_id in ids}
    return show.action("timeline", request, {"timeline": show.path("timeline.json"), **outputs}, inputs)


def frame(show: Production) -> dict[str, Any]:
    """Return what every encoded picture depends on."""
    return {"size": list(show.reel.size), "fps": show.reel.fps, "ffmpeg": show.kit.ffmpeg}


def caption_request(show: Production, text: str) -> dict[str, Any]:
    """Return what decides how a text is set as captions."""
    language = show.episode.language
    return {
        "size": list(show.reel.size),
        "fps": show.reel.fps,
        "captions": show.reel.captions,
        "cast": [{"side": character.side} for name, character in show.characters.items() if name in show.sprites],
        "fonts": dict(show.kit.fonts(text, language)),
        **({"from_right": True} if is_of_the_right(language) else {}),
    }


def pause_samples(show: Production, line: Line) -> int:
    """Return how many samples of silence follow a line."""
    seconds = show.reel.pause_seconds if line.pause_seconds is None else line.pause_seconds
    return round(seconds * SAMPLE_RATE)


def segment(show: Production, line: Line, line_id: str) -> Action:
    """Encode the pictures of one line: background, panel, sprites, captions."""
    inputs = {
        "part": show.path("timeline", f"{line_id}.json"),
        "picture": show.path("images", f"{line_id}.png"),
    }
    if show.episode.background:
        inputs["background"] = show.path("background.mp4")
    cast: list[dict[str, Any]] = []
    for name, character in show.characters.items():
        if name in show.sprites:
            speaks = name == line.character
            telling, hearing = show.sprites[name]
            inputs[f"sprite.{len(cast)}"] = telling if speaks else hearing
            cast.append({"side": character.side, "speaks": speaks})
    request = {**frame(show), "cast": cast, "color": show.characters[line.character].caption.color}
    if show.reel.captions != "none":
        request |= {"text": line.text, "fonts": dict(show.kit.fonts(line.text, show.episode.language))}
    if not show.episode.background:
        request["colors"] = [character.caption.color for character in show.characters.values()]
    return show.action("segment", request, {"segment": show.path("segments", f"{line_id}.mp4")}, inputs)


def subtitles(show: Production, lines: Sequence[Line]) -> Action:
    """Write the captions of the whole episode as files of their own."""
    request = caption_request(show, " ".join(line.text for line in lines))
    outputs = {extension: show.path(f"subtitles.{extension}") for extension in ("ass", "srt", "vtt")}
    return show.action("subtitles", request, outputs, {"timeline": show.path("timeline.json")})


def soundtrack(show: Production, lines: Sequence[Line], ids: Sequence[str]) -> Action:
    """Place all voices, put music under them, and bring it all to one loudness."""
    inputs = {f"voice.{at:03}": voice_paths(show, line_id)[0] for at, line_id in enumerate(ids)}
    request: dict[str, Any] = {
        "fps": show.reel.fps,
        "pauses_samples": [pause_samples(show, line) for line in lines],
        "ffmpeg": show.kit.ffmpeg,
    }
    if show.episode.music:
        inputs["music"] = show.path("music.flac")
        request["music_db"] = show.reel.music_db
    return show.action("soundtrack", request, {"soundtrack": show.path("soundtrack.wav")}, inputs)


def video(show: Production, ids: Sequence[str]) -> Action:
    """Join the segments and the soundtrack."""
    inputs = {f"segment.{at:03}": show.path("segments", f"{line_id}.mp4") for at, line_id in enumerate(ids)}
    inputs["soundtrack"] = show.path("soundtrack.wav")
    return show.action("video", frame(show), {"video": show.path(f"{show.name}.mp4")}, inputs)
