"""What we use of the vendors' APIs is in their own descriptions; collected where these lie beside the checkout."""

from __future__ import annotations

import json

from vendors import specs
from vendors.drift import PUBLISHED, differences


def test_all_that_we_use_is_in_what_the_vendors_published() -> None:
    theirs = {vendor: json.loads((PUBLISHED / f"{vendor}.json").read_text("utf-8")) for vendor in specs.VENDORS}
    assert {vendor: differences(specs.document(vendor), theirs[vendor]) for vendor in specs.VENDORS} == {
        "openai": [],
        "elevenlabs": [],
        "fal": [],
    }
