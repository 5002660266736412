"""An edit of a script has that line translated, and no other: what was translated once is said again as it was.

How each line was translated is kept in the store, under a key of what that depends on. A script with lines that were
translated before is asked for with these translations, as with those that an author gives: they are part of what the
translator is told, and stay. What is asked in place of the whole is kept as the answer to it (`repair.stands_for`), so
that all machines that share a store go on from the same translation, and a build from nothing makes the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from reelmake.core.keys import Action, digest_of, key, manifest
from reelmake.engine.context import Context
from reelmake.engine.engine import script_of
from reelmake.engine.scripts import stands_for
from reelmake.plan.episode import REMEMBERED, Production, choice_place
from reelmake.plan.kinds import KINDS, SPEC
from reelmake.plan.steps import script, translation
from reelmake.spec.model import Line
from reelmake.store.base import Store
from reelmake.store.receipt import Receipt

NOTHING: Final = Decimal(0)


def ask_less(show: Production, context: Context) -> None:
    """Ask for a translation with what is known of it, unless it is there, or all of it is new."""
    action = script(show)
    asked = manifest(action, {})
    if action.request["provider"] == SPEC or context.store.find(key(asked)):
        return
    known = [said.decode() if said else "" for said in _known(show, context.store)]
    less = translation(show, known).request
    if less == action.request:  # nothing is known that is not given
        return
    with context.store.lock(key(asked)):
        if context.store.find(key(asked)) is None:
            _put(context.store, asked, stands_for(less), f"script:{show.name}")


def keep(show: Production, context: Context) -> None:
    """Remember how each line of a script was translated that is not given, and of what; both stay as they are."""
    said = script_of(show, context) or ()
    for line, told, entry in zip(show.source, said, entries(show), strict=False):
        if show.episode.language in line.translations:
            continue
        for asked, answer in ((entry, told.text), (_origin(show, line, told.text), line.text)):
            if context.store.find(key(manifest(asked, {}))) is None:
                _put(context.store, manifest(asked, {}), answer.encode(), f"script:{show.name}")


def outdated(show: Production, store: Store) -> Iterator[tuple[int, str]]:
    """Yield which lines (from 0) have a translation in the spec that a translator made of other words, and of which."""
    for at, line in enumerate(show.source):
        words = line.translations.get(show.episode.language, "")
        receipt = store.find(key(manifest(_origin(show, line, words), {}))) if words else None
        origin = store.read(receipt.blob) if receipt else None
        if origin is not None and origin.decode() != line.text:
            yield at, origin.decode()


def needed(show: Production, context: Context) -> Iterator[str]:
    """Yield the keys of all that is remembered of an episode as it is."""
    said = script_of(show, context) or show.source
    for line, told, entry in zip(show.source, said, entries(show), strict=False):
        yield key(manifest(entry, {}))
        yield key(manifest(_origin(show, line, told.text), {}))


def _origin(show: Production, line: Line, words: str) -> Action:
    """Return under what it is remembered of which words others are the translation."""
    request = {"provider": REMEMBERED, "episode": show.spec, "language": show.episode.language}
    return Action("script", KINDS["script"].recipe, {**request, "character": line.character, "words": words}, {}, {})


def entries(show: Production) -> Iterator[Action]:
    """Yield under what the translation of each line is remembered: what it depends on, but for the other lines."""
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


def _put(store: Store, asked: Any, content: bytes, step: str) -> None:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    kept = Receipt("script", key(asked), asked, digest_of(content), NOTHING, {}, REMEMBERED, made_at, step)
    store.put(kept, content)
