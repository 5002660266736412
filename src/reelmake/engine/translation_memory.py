"""After an edit of a script only the edited lines are translated: the others keep their translations.

The translation of each line is in the store, under a key of all that it depends on. A script with lines that were
translated before is requested with these translations, as with those that an author gives: they are part of the
request, and stay. This equivalent request is stored under the key of the whole one (`scripts.stands_for`), so that all
machines that share a store continue from the same translation, and a build from nothing makes the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from reelmake.core.keys import Action, digest_of, key, manifest
from reelmake.engine.engine import Context, script_of
from reelmake.engine.scripts import stands_for
from reelmake.plan.episode import REMEMBERED, Production, choice_place
from reelmake.plan.kinds import KINDS, SPEC
from reelmake.plan.steps import script, translation
from reelmake.spec.model import Line
from reelmake.store.base import Receipt, Store

NOTHING: Final = Decimal(0)


def reuse_translations(show: Production, context: Context) -> None:
    """Store an equivalent request that holds the known translations, unless there is an answer or none is known."""
    action = script(show)
    wanted = manifest(action, {})
    if action.request["provider"] == SPEC or context.store.find(key(wanted)):
        return
    known = [said.decode() if said else "" for said in _known(show, context.store)]
    shorter = translation(show, known).request
    if shorter == action.request:  # all known translations are the author's
        return
    with context.store.lock(key(wanted)):
        if context.store.find(key(wanted)) is None:
            _put(context.store, wanted, stands_for(shorter), f"script:{show.name}")


def remember_translations(show: Production, context: Context) -> None:
    """Store the translation of each line that is not the author's, and its origin; stored ones stay."""
    said = script_of(show, context) or ()
    for line, spoken, entry in zip(show.source, said, entries(show), strict=False):
        if show.episode.language in line.translations:
            continue
        for action, content in ((entry, spoken.text), (_origin(show, line, spoken.text), line.text)):
            if context.store.find(key(manifest(action, {}))) is None:
                _put(context.store, manifest(action, {}), content.encode(), f"script:{show.name}")


def outdated(show: Production, store: Store) -> Iterator[tuple[int, str]]:
    """Yield each line (from 0) whose translation in the spec was made of another text, with that text."""
    for at, line in enumerate(show.source):
        words = line.translations.get(show.episode.language, "")
        receipt = store.find(key(manifest(_origin(show, line, words), {}))) if words else None
        origin = store.read(receipt.blob) if receipt else None
        if origin is not None and origin.decode() != line.text:
            yield at, origin.decode()


def needed(show: Production, context: Context) -> Iterator[str]:
    """Yield the keys of the stored translations of an episode and of their origins."""
    said = script_of(show, context) or show.source
    for line, spoken, entry in zip(show.source, said, entries(show), strict=False):
        yield key(manifest(entry, {}))
        yield key(manifest(_origin(show, line, spoken.text), {}))


def _origin(show: Production, line: Line, words: str) -> Action:
    """Return the action under whose key the original text of a translation is stored."""
    request = {"provider": REMEMBERED, "episode": show.spec, "language": show.episode.language}
    return Action("script", KINDS["script"].recipe, {**request, "character": line.character, "words": words}, {}, {})


def entries(show: Production) -> Iterator[Action]:
    """Yield the action of each line under whose key its translation is stored; it has all but the other lines."""
    choice, original = show.choices[choice_place("script")], show.original or show
    template = show.kit.templates.get(f"translation.{choice.provider}", "")
    seen: Counter[tuple[str, str]] = Counter()
    for line in show.source:
        seen[line.character, line.text] += 1
        who = show.characters.get(line.character)
        request: dict[str, Any] = {
            "provider": REMEMBERED,
            "translator": choice.provider,
            "options": dict(choice.options),
            "template": digest_of(template.encode()),
            "episode": show.spec,
            "from": original.episode.language,
            "language": show.episode.language,
            "take": show.episode.take,
            "character": line.character,
            "personality": [who.name, who.personality or "", who.catchphrases] if who else [],
            "text": line.text,
            "time": seen[line.character, line.text],
        }
        yield Action("script", KINDS["script"].recipe, request, {}, {})


def _known(show: Production, store: Store) -> Sequence[bytes | None]:
    found = [store.find(key(manifest(entry, {}))) for entry in entries(show)]
    return [store.read(receipt.blob) if receipt else None for receipt in found]


def _put(store: Store, wanted: Any, content: bytes, step: str) -> None:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    kept = Receipt("script", key(wanted), wanted, digest_of(content), NOTHING, {}, REMEMBERED, made_at, step)
    store.put(kept, content)
