"""Who performs what, as settings, a character's voice, an episode and a line say: the later ones before the others.

A choice of another provider begins anew: options belong to a provider, and what was said for another one is left out.
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

LANGUAGES: Final = "languages"  # where a voice of a character says what is different in some

Add = Callable[[Loc, str, str], None]  # notes a mistake at a place: (where, what is wrong, what to do)


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says about who performs a kind of request.

    performer  who, and with which options, as it is written there; None when it says nothing
    add        notes a mistake of it: at () in the provider's name, at (option,) in an option
    only_for   options that count for this provider alone, as under a character's voice:
    """

    performer: Performer | None
    add: Add
    only_for: str = ""


def choose(kind: str, layers: Iterable[Layer], missing: Layer | None = None) -> Choice | None:
    """Return who performs, from what every place says; or None, when there is a mistake, which has been noted.

    `missing` is where an option stands that has to be given and is not. Nobody is chosen when no place names anybody:
    that is noted by `Casting.check`.
    """
    told = list(layers)
    name, at = "", told[0]
    for layer in told:
        if layer.performer and layer.performer.provider:
            name, at = layer.performer.provider, layer
    if not name:
        return None
    try:
        performer = provider(kind, name)
    except SetupError as error:
        at.add((), f"providers.{kind}: {error.what}", error.fix)
        return None
    options, owners = _merged(told, name)
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
    """Return who performs, when one place says something and a later one something else."""
    if above is None:
        return below
    begins_anew = above.provider not in {None, below.provider}
    return Performer(
        provider=above.provider or below.provider, **{**({} if begins_anew else below.options), **above.options}
    )


def _merged(layers: Iterable[Layer], name: str) -> tuple[dict[str, Any], dict[str, Layer]]:
    """Return the options that were chosen for a provider, and where each of them was."""
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
    """The providers of one episode: who may write it, who may speak in it, and who speaks each line of its script."""

    script: set[str]
    voices: set[str]
    lines: Mapping[int, str]
    otherwise: str = ""

    def voice(self, at: int) -> str:
        """Return who speaks a line, or nothing when that is not known."""
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
    characters  who can be in it, with the file of each
    """

    project: Mapping[str, Performer]
    add: Add
    characters: Mapping[str, tuple[Character, Source]]

    def check(self) -> None:
        """Note what is wrong with the settings' own choices, whether or not an episode needs them."""
        for kind in PAID:
            layer = self._settings(kind)
            if not self.project[kind].provider:
                layer.add((), f"providers.{kind}: there are options and no provider", 'add `provider = "..."` to them')
            elif kind != "voice" or not _is_known(kind, self.project[kind].provider):
                choose(kind, [layer])  # a voice is not complete before a character says which

    def names(self, episode: Episode | None, choices: Mapping[Place, Choice], source: Source) -> Names:
        """Return who writes and speaks an episode; when it cannot be read, by what it says for all of its lines."""
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
        """Return who performs each request that the episode may make; mistakes are noted where they are.

        `script` are the lines that it is a translation of, as far as they are in the spec.
        """
        wanted: list[tuple[Place, str, LineProviders | None, Loc]] = []
        for kind in PAID:
            if kind == "voice":
                wanted += [((kind, who, ""), who, None, ()) for who in episode.speakers]
            elif kind != "script" or episode.script is None:
                wanted.append(((kind, "", ""), "", None, ()))
        for at, line in enumerate(episode.script or script or []):
            for kind in ("voice", "image"):
                loc: Loc = ("script", at, "providers", kind)
                wanted.append((choice_place(kind, line), line.character, line.providers, loc))
        made: dict[Place, Choice] = {}
        for place, who, own, loc in wanted:  # a mistake that two lines share is noted for both
            if place not in made and (choice := self._choice(place[0], who, own, loc, episode, source)):
                made[place] = choice
        return made

    def _settings(self, kind: str) -> Layer:
        return Layer(self.project[kind], lambda at, what, fix: self.add((kind, *at), what, fix))

    def _choice(  # noqa: PLR0913, PLR0917 (what is asked for, and of which episode)
        self, kind: str, who: str, line: LineProviders | None, loc: Loc, episode: Episode, source: Source
    ) -> Choice | None:
        if kind == "voice" and who not in self.characters:
            return None  # told elsewhere: there is no such character, or it cannot be read
        layers = [self._settings(kind)]
        missing = None
        if kind == "voice":
            character, file = self.characters[who]
            for name, options in character.voice.items():
                layers += _voice(name, file, options, episode.language)
            missing = _no_voice(who, layers, episode.providers, line, file)
        layers.append(Layer(getattr(episode.providers, kind), _adder(source, ("providers", kind))))
        if line:
            layers.append(Layer(getattr(line, kind), _adder(source, loc)))
        return choose(kind, layers, missing)


def _voice(name: str, file: Source, options: Mapping[str, Any], language: str) -> Iterator[Layer]:
    """Yield what a character says of its voice: in general, and then for a language and for its region."""
    for tag, said in sorted(_parts(options), key=lambda part: len(part[0])):
        if not tag or f"{language}-".lower().startswith(f"{tag}-".lower()):
            yield Layer(Performer(**_plain(said)), _adder(file, _place(name, tag)), name)


def _parts(options: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what is said of a voice in general, under no tag, and for languages, under theirs."""
    yield "", options
    own = options.get(LANGUAGES)
    for tag, said in own.items() if isinstance(own, Mapping) else ():
        if isinstance(said, Mapping):
            yield tag, said


def _place(name: str, tag: str) -> Loc:
    return ("voice", name, LANGUAGES, tag) if tag else ("voice", name)


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options alone, without languages and what has no place there."""
    return {option: value for option, value in options.items() if option not in {LANGUAGES, "provider"}}


def _no_voice(
    who: str, layers: Iterable[Layer], episode: EpisodeProviders, line: LineProviders | None, file: Source
) -> Layer:
    """Return where to tell that a character has no voice for the provider that speaks it."""
    told = [*(layer.performer for layer in layers), episode.voice, line.voice if line else None]
    name = next((one.provider for one in reversed(told) if one and one.provider), "")

    def add(_at: Loc, what: str, _fix: str) -> None:
        file.add(("voice", name), f"{who} has no complete voice for {name}: {what}", f"add it below voice: {name}:")

    return Layer(None, add)


def _adder(source: Source, place: Loc) -> Add:
    return lambda at, what, fix: source.add((*place, *at), what, fix)


_MISTYPED: Final = 0.9  # `elevnlabs` is as like `elevenlabs`; `elevenlabs-eu`, which may be another, is not


def _is_installed(name: str, file: Source) -> bool:
    """Say whether a voice provider is; one that is not may be of a package for others, or a name that is mistyped."""
    try:
        provider("voice", name)
    except SetupError as error:
        known = [other for kind, _, other in (each.partition(".") for each in registered()) if kind == "voice"]
        if meant := closest(name, known, _MISTYPED):
            file.add(("voice", name), error.what, f"did you mean {meant!r}?")
        return False
    return True


def check_voices(file: Source, voices: Mapping[str, Mapping[str, Any]]) -> None:
    """Note what is wrong with the voices of a character, also those of providers that are not in force.

    What is missing may be said elsewhere: that is noted where a voice is used.
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
