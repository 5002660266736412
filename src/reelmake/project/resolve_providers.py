"""Choose the provider and options of each request, from settings, a character's voice, an episode and a line.

A later place overrides an earlier one. Another provider drops the options that were given for the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from reelmake.core.errors import SetupError
from reelmake.plan.episode import Choice, Place, choice_place
from reelmake.plan.kinds import PAID
from reelmake.providers import provider, registered
from reelmake.spec.fields import tag_problem
from reelmake.spec.model import Character, Episode, EpisodeProviders, Line, LineProviders, Performer
from reelmake.spec.problems import add_problems, closest
from reelmake.spec.yaml_source import Loc, Source

LANGUAGES: Final = "languages"  # the part of a character's voice that differs by language

Add = Callable[[Loc, str, str], None]  # notes a mistake at a place: (where, what is wrong, what to do)


@dataclass(frozen=True, slots=True)
class Layer:
    """The choice of a provider for a kind of request in one place, such as the settings or a line.

    performer  provider and options, as written there; None when there are none
    add        notes a mistake of it: at () in the provider's name, at (option,) in an option
    only_for   options that count for this provider alone, as under a character's voice:
    """

    performer: Performer | None
    add: Add
    only_for: str = ""


def choose(kind: str, layers: Iterable[Layer], missing: Layer | None = None) -> Choice | None:
    """Return the choice that all places together make; None when there is a mistake, which has been noted.

    `missing` takes the mistake of a required option that is not given. Without a provider in any place, the result is
    None: `Casting.check` notes that.
    """
    layers = list(layers)
    name, at = "", layers[0]
    for layer in layers:
        if layer.performer and layer.performer.provider:
            name, at = layer.performer.provider, layer
    if not name:
        return None
    try:
        performer = provider(kind, name)
    except SetupError as error:
        at.add((), f"providers.{kind}: {error.what}", error.fix)
        return None
    options, owners = _merged(layers, name)
    try:
        complete = performer.options.model_validate(options).model_dump(mode="json")
    except ValidationError as error:
        source = Source("")
        add_problems(error, performer.options, source)
        for item, problem in zip(error.errors(), source.problems, strict=True):
            option = str(item["loc"][0]) if item["loc"] else ""
            owner = owners.get(option) or missing or at
            owner.add(tuple(item["loc"]) if option in owners else (), problem.what, problem.fix)
        return None
    return Choice(name, performer.pool, complete, performer.shape)


def overlaid(below: Performer, above: Performer | None) -> Performer:
    """Return one place's choice, overridden by that of a later place."""
    if above is None:
        return below
    begins_anew = above.provider not in {None, below.provider}
    return Performer(
        provider=above.provider or below.provider, **{**({} if begins_anew else below.options), **above.options}
    )


def _merged(layers: Iterable[Layer], name: str) -> tuple[dict[str, Any], dict[str, Layer]]:
    """Return the options for a provider, and the layer that each comes from."""
    options: dict[str, Any] = {}
    owners: dict[str, Layer] = {}
    current = ""
    for layer in layers:
        if layer.performer is None:
            continue
        current = layer.performer.provider or current
        if (layer.only_for or current) == name:
            options |= layer.performer.options
            owners |= dict.fromkeys(layer.performer.options, layer)
    return options, owners


@dataclass(frozen=True, slots=True)
class Names:
    """The providers of one episode: of its script, of its voices, and of the voice of each line (by its index)."""

    script: set[str]
    voices: set[str]
    lines: Mapping[int, str]
    otherwise: str = ""

    def voice(self, at: int) -> str:
        """Return the voice provider of a line, "" when it is not known."""
        return self.lines.get(at, self.otherwise)


def _has_providers(line: object) -> bool:
    return isinstance(line, Mapping) and "providers" in line


def _is_known(kind: str, name: str | None) -> bool:
    return f"{kind}.{name}" in registered()


@dataclass(frozen=True, slots=True)
class Casting:
    """Chooses for one episode.

    project     the settings' own performer of each kind
    add         notes a mistake in the settings, at a place below `providers`
    characters  all characters that can be in it, with the file of each
    """

    project: Mapping[str, Performer]
    add: Add
    characters: Mapping[str, tuple[Character, Source]]

    def check(self) -> None:
        """Note mistakes in the settings' own choices, whether or not an episode needs them."""
        for kind in PAID:
            layer = self._settings(kind)
            if not self.project[kind].provider:
                layer.add((), f"providers.{kind}: there are options and no provider", 'add `provider = "..."` to them')
            elif kind != "voice" or not _is_known(kind, self.project[kind].provider):
                choose(kind, [layer])  # a voice needs options of a character

    def names(self, episode: Episode | None, choices: Mapping[Place, Choice], source: Source) -> Names:
        """Return the providers of an episode; of one with mistakes, as far as it chooses for all lines."""
        if episode is None:
            return self._names_of_unreadable(source)
        made = {kind: {choice.provider for place, choice in choices.items() if place[0] == kind} for kind in PAID}
        places = {at: choice_place("voice", line) for at, line in enumerate(episode.script or [])}
        lines = {at: choices[place].provider for at, place in places.items() if place in choices}
        return Names(made["script"], made["voice"], lines)

    def _names_of_unreadable(self, source: Source) -> Names:
        try:
            said = EpisodeProviders.model_validate(source.data.get("providers", {}))
        except ValidationError:
            return Names(set(), set(), {})
        found = {}
        for kind in ("script", "voice"):
            own: Performer | None = getattr(said, kind)
            name = (own and own.provider) or self.project[kind].provider
            found[kind] = {name} if name and _is_known(kind, name) else set()
        script = source.data.get("script")
        own_voice = [at for at, line in enumerate(script if isinstance(script, list) else []) if _has_providers(line)]
        return Names(found["script"], found["voice"], dict.fromkeys(own_voice, ""), next(iter(found["voice"]), ""))

    def choices(self, episode: Episode, source: Source, script: Sequence[Line] | None = None) -> dict[Place, Choice]:
        """Return the choice for each request that the episode may make; mistakes are noted where they are.

        `script` is the original of a translation, as far as it is in the spec.
        """
        wanted: list[tuple[Place, str, LineProviders | None, Loc]] = []
        for kind in PAID:
            if kind == "voice":
                wanted += [((kind, speaker, ""), speaker, None, ()) for speaker in episode.speakers]
            elif kind != "script" or episode.script is None:
                wanted.append(((kind, "", ""), "", None, ()))
        for at, line in enumerate(episode.script or script or []):
            for kind in ("voice", "image"):
                loc: Loc = ("script", at, "providers", kind)
                wanted.append((choice_place(kind, line), line.character, line.providers, loc))
        made: dict[Place, Choice] = {}
        for place, speaker, own, loc in wanted:  # a mistake that two lines share is noted for both
            if place not in made and (choice := self._choice(place[0], speaker, own, loc, episode, source)):
                made[place] = choice
        return made

    def _settings(self, kind: str) -> Layer:
        return Layer(self.project[kind], lambda at, what, fix: self.add((kind, *at), what, fix))

    def _choice(  # noqa: PLR0913, PLR0917 (the request's place, and its episode)
        self, kind: str, speaker: str, line: LineProviders | None, loc: Loc, episode: Episode, source: Source
    ) -> Choice | None:
        if kind == "voice" and speaker not in self.characters:
            return None  # reported elsewhere: there is no such character, or it cannot be read
        layers = [self._settings(kind)]
        missing = None
        if kind == "voice":
            character, file = self.characters[speaker]
            for name, options in character.voice.items():
                layers += _voice(name, file, options, episode.language)
            missing = _no_voice(speaker, layers, episode.providers, line, file)
        layers.append(Layer(getattr(episode.providers, kind), _adder(source, ("providers", kind))))
        if line:
            layers.append(Layer(getattr(line, kind), _adder(source, loc)))
        return choose(kind, layers, missing)


def _voice(name: str, file: Source, options: Mapping[str, Any], language: str) -> Iterator[Layer]:
    """Yield a character's options of a voice: in general, then for the language, then for its region."""
    for tag, said in sorted(_parts(options), key=lambda part: len(part[0])):
        if not tag or f"{language}-".lower().startswith(f"{tag}-".lower()):
            yield Layer(Performer(**_plain(said)), _adder(file, _place(name, tag)), name)


def _parts(options: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the options of a voice by language tag; the tag of the general ones is ""."""
    yield "", options
    own = options.get(LANGUAGES)
    for tag, said in own.items() if isinstance(own, Mapping) else ():
        if isinstance(said, Mapping):
            yield tag, said


def _place(name: str, tag: str) -> Loc:
    return ("voice", name, LANGUAGES, tag) if tag else ("voice", name)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without `languages`, and without a `provider`, which is no option."""
    return {option: value for option, value in options.items() if option not in {LANGUAGES, "provider"}}


def _no_voice(
    character: str, layers: Iterable[Layer], episode: EpisodeProviders, line: LineProviders | None, file: Source
) -> Layer:
    """Return a layer that notes, in the character's file, a missing voice for the provider in force."""
    performers = [*(layer.performer for layer in layers), episode.voice, line.voice if line else None]
    name = next((one.provider for one in reversed(performers) if one and one.provider), "")

    def add(_at: Loc, what: str, _fix: str) -> None:
        file.add(
            ("voice", name), f"{character} has no complete voice for {name}: {what}", f"add it below voice: {name}:"
        )

    return Layer(None, add)


def _adder(source: Source, place: Loc) -> Add:
    return lambda at, what, fix: source.add((*place, *at), what, fix)


_MISTYPED: Final = 0.9  # `elevnlabs` is as like `elevenlabs`; `elevenlabs-eu`, which may be another, is not


def _is_installed(name: str, file: Source) -> bool:
    """Say whether a voice provider is installed; notes a name that looks mistyped."""
    try:
        provider("voice", name)
    except SetupError as error:
        known = [other for kind, _, other in (each.partition(".") for each in registered()) if kind == "voice"]
        if meant := closest(name, known, _MISTYPED):
            file.add(("voice", name), error.what, f"did you mean {meant!r}?")
        return False
    return True


def check_voices(file: Source, voices: Mapping[str, Mapping[str, Any]]) -> None:
    """Note mistakes in the voices of a character, also for providers that are not in force.

    A missing option may be given elsewhere: it is noted where a voice is used.
    """
    nowhere = Layer(None, lambda _at, _what, _fix: None)
    for name, options in voices.items():
        own = options.get(LANGUAGES, {})
        if not isinstance(own, Mapping):
            what = f"voice: {name}: languages: is not a list of `tag: {{...}}`"
            file.add(_place(name, LANGUAGES), what, "write `ja: {...}` below it")
        for tag, said in own.items() if isinstance(own, Mapping) else ():
            if wrong := tag_problem(tag):
                file.add(_place(name, tag), str(wrong), wrong.fix)
            elif not isinstance(said, Mapping):
                file.add(_place(name, tag), f"{tag}: is not a list of options", "write such as `ja: {voice_id: ...}`")
        for tag, said in _parts(options):
            if "provider" in said:
                what = f"provider: has no place below voice: {name}:"
                file.add((*_place(name, tag), "provider"), what, "remove it")
        if not _is_installed(name, file):
            continue
        layer = Layer(Performer(provider=name, **_plain(options)), _adder(file, _place(name, "")))
        for tag, said in _parts(options):
            more = [Layer(Performer(**_plain(said)), _adder(file, _place(name, tag)), name)] if tag else []
            choose("voice", [layer, *more], nowhere)
