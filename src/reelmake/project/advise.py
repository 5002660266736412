"""Estimates for an episode before it is made: length and cost; and quality warnings.

A mistake keeps a build from starting; a warning does not. No provider is called, and nothing is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import fsum
from pathlib import Path

from reelmake.core.errors import Problem
from reelmake.core.files import STATE, read_regular
from reelmake.core.keys import Action, digest_of, key, manifest
from reelmake.layout.frame import layout
from reelmake.layout.timeline import SAMPLE_RATE
from reelmake.layout.words import cased, writes_no_spaces
from reelmake.media import fonts
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.loop_checks import Remark, background_loop, loop_remark, music_loop, sprite_remarks
from reelmake.media.probe import REPLACE, Inspector
from reelmake.plan.bounds import seconds_of, unwritten
from reelmake.plan.episode import Production, is_paid
from reelmake.plan.steps import plan, voice_paths
from reelmake.project.load import Survey
from reelmake.providers import provider
from reelmake.providers.english.doubts import chat_notes, doubts
from reelmake.spec.load import speaker
from reelmake.spec.model import Line, line_ids
from reelmake.spec.speech import said
from reelmake.spec.yaml_source import Loc, Source

PriceOf = Callable[[Action], Decimal | None]


@dataclass(frozen=True, slots=True)
class Checked:
    """Estimates and warnings for one episode.

    seconds   expected length
    prices    key of each paid request -> highest price in US dollars, None when it is unknown
    unpriced  model without a known price -> the step that needs it
    warnings  results that the author most likely does not want
    """

    seconds: float
    prices: Mapping[str, Decimal | None]
    unpriced: Mapping[str, str]
    warnings: tuple[Problem, ...]


def check(show: Production, lines: Sequence[Line], source: Source, price: PriceOf, ffmpeg: Ffmpeg) -> Checked:
    """Look at an episode in one of its languages; `lines` are those of its script, none while it is not written.

    `price` returns what an action costs at most. Raises InputError for mistakes in a template of prompts.
    """
    prices_by_key: dict[str, Decimal | None] = {}
    unpriced: dict[str, str] = {}
    for name, action, count in _paid_requests(show, lines, price):
        usd = price(action)
        if usd is None:
            unpriced.setdefault(str(action.request.get("model") or action.request["provider"]), name)
        if usd != 0:
            key_of_one = key(manifest(action, {}))
            key_of_all = f"{count} of {digest_of(f'{show.name} {key_of_one}'.encode())}"
            prices_by_key[key_of_one if count == 1 else key_of_all] = usd and usd * count
    each = seconds_of(show.episode, lines, show.reel)
    found = (
        *_warnings(show, each, source, ffmpeg),
        *_remarks(show, lines, source),
        *_doubts(show, lines, source),
        *_hasty(show, lines, source),
        *_lacking(show, lines, source),
    )
    return Checked(sum(each), prices_by_key, unpriced, tuple(found))


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """What will be said: where its line stands, who speaks, with which provider's voice, and the words."""

    episode: str
    where: str
    character: str
    provider: str
    words: str


def spoken_lines(show: Production, lines: Sequence[Line]) -> Iterator[SpokenLine]:
    """Yield what will be said for each line, as far as it is known: vendors read numbers by rules of their own."""
    for at, line in enumerate(lines):
        name = show.choice("voice", line).provider
        words = provider("voice", name).says(said(show.pieces(line)))
        yield SpokenLine(show.name, show.where(at), line.character, name, words)


def _doubts(show: Production, lines: Sequence[Line], source: Source) -> Iterator[Problem]:
    """Yield what in an English script is most likely not said as its author wants."""
    language = show.episode.language
    if language.partition("-")[0] != "en":
        return
    written = source.data.get("script")
    for at, line in enumerate(lines):
        text, voice = said(show.pieces(line)), provider("voice", show.choice("voice", line).provider)
        item = written[at] if isinstance(written, list) and not show.original and at < len(written) else None
        raw = speaker(item, show.characters) if line.say is None else None
        found = [*doubts(text), *voice.silent_signs(text)]
        found += [doubt for doubt in chat_notes(raw[1] if raw else "") if doubt not in found]
        place: Loc = ("topic",) if not written else ("script", at, "text")
        if show.original:
            place = ("script", at, "translations", language)
        in_language = f", in {language}" if show.original else ""
        for what, fix in found:
            yield Problem(source.file, source.line(place), f"line {at + 1}{in_language}: {what}", fix)


def _paid_requests(show: Production, lines: Sequence[Line], price: PriceOf) -> Iterator[tuple[str, Action, int]]:
    """Yield the paid requests: the step's name, its action, and how many of them there are at most."""
    yield from ((step.name, step.action, 1) for step in plan(show, lines) if is_paid(step))
    for bound in () if lines else unwritten(show):
        if dearest := bound.dearest(price):
            yield f"{bound.kind}:{show.name}", dearest[0], bound.count


def _warnings(show: Production, each: Sequence[float], source: Source, ffmpeg: Ffmpeg) -> Iterator[Problem]:
    seconds, episode, most = sum(each), show.episode, show.reel.max_seconds
    in_language = f"in {episode.language}, " if show.original else ""
    for line in () if show.original else source.cut_lines:
        what = "the text ends here: a # after a space begins a comment, with all that follows on the line"
        yield Problem(
            source.file, line, what, 'put the text in quotes: "We are #1"; a comment gets a space after its #'
        )
    for line, words, why in () if show.original else source.unsaid:
        yield Problem(
            source.file, line, f"nobody says {words!r}: {why}", "write a name and a colon before what is said"
        )
    if seconds > most:
        what = f"{in_language}it will be about {seconds:.0f} s long, more than reel.max_seconds ({most:g})"
        place: Loc = ("script",) if episode.script else ("lines",)
        yield _problem(source, place, (what, "make two episodes of it, or raise max_seconds"))
    for name, file, want in show.media:
        if what := Inspector(ffmpeg, Path(STATE, "media.json")).damage(Path(file), want):
            yield _problem(source, (name,), (what, REPLACE))
    if episode.background:
        loop = background_loop(Path(episode.background.file).absolute(), ffmpeg)
        # each line begins at a place of its own, so that any of them may meet the end
        needed = max(each) + (loop.seconds or 0) if episode.background.flow == "per-line" else seconds
        if remark := loop_remark(loop, needed, "video"):
            yield _problem(source, ("background",), remark)
    if episode.music and (remark := loop_remark(music_loop(Path(episode.music).absolute(), ffmpeg), seconds, "piece")):
        yield _problem(source, ("music",), remark)


def _remarks(show: Production, lines: Sequence[Line], source: Source) -> Iterator[Problem]:
    """Yield what providers will not do: of a style once, of pictures where the author has said what to show."""
    places: set[Loc] = set()
    if show.original:
        return
    ids = {line_id: at for at, line_id in enumerate(line_ids(lines))} if show.episode.script else {}
    for step in plan(show, lines):
        if not is_paid(step) or (step.line and step.line not in ids):
            continue
        for name, remark in provider(step.kind, step.action.request["provider"]).remarks(step.action.request).items():
            loc: Loc = ("script", ids[step.line], "image") if name == "subject" else (name,)
            if loc in source.lines and loc not in places:
                places.add(loc)
                yield _problem(source, loc, remark)


_LETTERS_A_SECOND = 25  # what subtitles are held to at most; ordinary speech has about 15
_MAX_WORDS_BYTES = 1_000_000
_MOST_LETTERS = 5  # are named
_OF_A_SIGN = 2.5  # letters that a sign of a script without spaces stands for, about


def _hasty(show: Production, lines: Sequence[Line], source: Source) -> Iterator[Problem]:
    """Yield the lines whose words come faster than they can be read, as far as their voices are there."""
    if not show.reel.captions.is_burned:
        return
    for at, (line, line_id) in enumerate(zip(lines, line_ids(lines), strict=True)):
        try:
            content = read_regular(Path(voice_paths(show, line_id)[1]), _MAX_WORDS_BYTES)
            words = json.loads(content)["words"]
            seconds = (words[-1]["end_samples"] - words[0]["start_samples"]) / SAMPLE_RATE
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
        signs = [char for char in line.text if char.isalnum()]
        speed = fsum(_OF_A_SIGN if writes_no_spaces(char) else 1.0 for char in signs) / max(seconds, 0.25)
        if speed > _LETTERS_A_SECOND:
            what = f"its words come faster than they can be read: {speed:.0f} letters a second"
            fix = "say it in fewer words, or have it spoken more slowly"
            loc: Loc = ("script", at, line.character)
            yield Problem(source.file, source.line(loc), f"line {at + 1}: {what}", fix)


def _lacking(show: Production, lines: Sequence[Line], source: Source) -> Iterator[Problem]:
    """Yield the letters that a font of the project does not have: they are shown in one that ships along."""
    look = show.reel.captions
    if not look.font_file or not look.is_burned:
        return
    text = cased(" ".join(line.text for line in lines), look.case, show.episode.language)
    if missing := [char for char in fonts.lacking(fonts.own(Path(look.font_file)), text) if char.isalnum()]:
        more = f" and {len(missing) - _MOST_LETTERS} more" if len(missing) > _MOST_LETTERS else ""
        what = f"{look.font_file} has no {', '.join(missing[:_MOST_LETTERS])}{more}: another font shows them"
        yield _problem(source, ("reel", "captions", "font"), (what, "name a font that has them"))


def check_sprites(survey: Survey) -> Iterator[Problem]:
    """Yield quality warnings for the sprites of all characters."""
    width, height = survey.project.settings.reel.size
    shown = layout(width, height, ["left"]).sprites[0].height
    for character, paths in survey.sprites.items():
        for kind, path in zip(("telling", "hearing"), paths, strict=True):
            if kind == "hearing" and path == paths[0]:
                continue
            for remark in sprite_remarks(survey.project.root / path, shown):
                yield _problem(survey.characters[character], ("sprites", kind), remark)


def _problem(source: Source, loc: Loc, remark: Remark) -> Problem:
    """Return a remark with the file and line that it is about."""
    return Problem(*source.place(loc), f"{loc[-1]}: {remark[0]}", remark[1])
