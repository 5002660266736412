"""Who performs requests: a registry that you can see.

Third parties add theirs through the entry-point group `reelmake.providers`, under the name `<kind>.<provider>`, such as
`voice.acme = "acme_reelmake:AcmeVoice"`. Modules are imported when a provider is first used.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, Final

from reelmake.errors import SetupError

PROVIDERS: Final = {
    "script.offline": "reelmake.providers.offline_script:OfflineScript",
    "voice.offline": "reelmake.providers.offline_voice:OfflineVoice",
    "image.offline": "reelmake.providers.offline_image:OfflineImage",
}
ENTRY_POINTS: Final = "reelmake.providers"


@cache
def provider(kind: str, name: str) -> Any:
    """Return the provider of a kind; raises SetupError when nobody has registered it."""
    where = PROVIDERS.get(f"{kind}.{name}") or _third_party().get(f"{kind}.{name}")
    if where is None:
        names = sorted({*PROVIDERS, *_third_party()})
        known = ", ".join(each.partition(".")[2] for each in names if each.startswith(f"{kind}."))
        fix = f"choose one of {known}, or install the package that brings it"
        raise SetupError(f"there is no {kind} provider named {name!r}", fix)
    module, _, attribute = where.partition(":")
    return getattr(importlib.import_module(module), attribute)()


@cache
def _third_party() -> dict[str, str]:
    from importlib.metadata import entry_points  # noqa: PLC0415 (reads every installed package; seldom needed)

    found: dict[str, str] = {}
    for point in entry_points(group=ENTRY_POINTS):
        if found.setdefault(point.name, point.value) != point.value or point.name in PROVIDERS:
            raise SetupError(f"two packages register the provider {point.name!r}", "uninstall one of them")
    return found
