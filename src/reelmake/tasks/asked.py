"""What the specs of a project ask providers for, by the keys of the requests."""

from __future__ import annotations

from collections.abc import Sequence

from reelmake.action import Action, canonical_json, digest_of, key, manifest
from reelmake.bounds import longest_lines, longest_translation
from reelmake.plan import plan
from reelmake.production import Step, is_paid
from reelmake.project import Project
from reelmake.repair import asked_in_all
from reelmake.run import script_of, with_source
from reelmake.workshop import Workshop


def bundle(actions: Sequence[Action]) -> str:
    """Return a name that changes when one of the requests does."""
    return "lines:" + digest_of(canonical_json([key(manifest(action, {})) for action in actions]).encode())


def asked_keys(project: Project, shop: Workshop) -> set[str]:
    """Return the keys of all that a project may pay for; of lines that are not written yet, as `Row.key` has them."""
    keys = set(paid_steps(project, shop))
    for show in project.productions.values():
        if show.episode.script is None and not script_of(show, shop):
            show = with_source(show, shop)  # noqa: PLW2901 (the same one, and what it is made of)
            keys |= {bundle(actions) for actions in longest_lines(show).values()}
            if show.original and not show.source:
                keys.add(bundle([longest_translation(show)]))
    return keys


def paid_steps(project: Project, shop: Workshop) -> dict[str, list[Step]]:
    """Return the paid steps of a project whose requests are known, by their keys."""
    found: dict[str, list[Step]] = {}
    for show in project.productions.values():
        for step in plan(with_source(show, shop), script_of(show, shop) or []):
            if is_paid(step):
                for name in {key(manifest(action, {})) for action in asked_in_all(step.action, shop.store)}:
                    found.setdefault(name, []).append(step)
    return found
