"""Vendors and their contract, a folder each; the registry is here, in plain sight.

Third parties add theirs through the entry-point group `reelmake.providers`, under the name `<kind>.<provider>`, such as
`voice.acme = "acme_reelmake:AcmeVoice"`. Modules are imported when a provider is first used. A name that is taken is
refused, so that a package that is installed later cannot take another provider's requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pkgutil import resolve_name
from typing import Any, Final

from reelmake.core.errors import SetupError

PROVIDERS: Final = {
    "script.offline": "reelmake.offline.script:OfflineScript",
    "voice.offline": "reelmake.offline.voice:OfflineVoice",
    "voice.elevenlabs": "reelmake.providers.elevenlabs.voice:ElevenLabsVoice",
    "image.offline": "reelmake.offline.image:OfflineImage",
    "script.openai": "reelmake.providers.openai.script:OpenAIScript",
    "image.openai": "reelmake.providers.openai.image:OpenAIImage",
    "image.fal": "reelmake.providers.fal.image:FalImage",
}
ENTRY_POINTS: Final = "reelmake.providers"


@cache
def registered() -> Mapping[str, str]:
    """Return `<kind>.<provider>` -> where its class is, of ours and of third parties; raises SetupError for twins."""
    from importlib.metadata import entry_points  # noqa: PLC0415 (it reads every installed package)

    found, owner = dict(PROVIDERS), dict.fromkeys(PROVIDERS, "reelmake")
    for point in entry_points(group=ENTRY_POINTS):
        package = point.dist.name if point.dist else point.module
        taken = owner.get(point.name, package)
        if taken == "reelmake" or found.get(point.name, point.value) != point.value:
            what = f"the package {package} registers the provider {point.name!r}, and so does {taken}"
            raise SetupError(what, f"uninstall {package}, or have it choose another name")
        found[point.name], owner[point.name] = point.value, package
    return found


@cache
def provider(kind: str, name: str) -> Any:
    """Return the provider of a kind; raises SetupError when nobody has registered it."""
    where = registered().get(f"{kind}.{name}")
    if where is None:
        known = ", ".join(each.partition(".")[2] for each in sorted(registered()) if each.startswith(f"{kind}."))
        fix = f"choose one of {known}, or install the package that brings it"
        raise SetupError(f"there is no {kind} provider named {name!r}", fix)
    return resolve_name(where)()


def all_pools() -> set[str]:
    """Return the pools of all providers that are installed, of those that cannot be imported not. Slow."""
    pools = set()
    for where in registered().values():
        with suppress(Exception):
            pools.add(str(resolve_name(where).pool))
    return pools
