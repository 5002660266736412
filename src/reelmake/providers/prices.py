"""What vendors charge, as dated rows with their sources.

What has no row here, in genai-prices or in the settings is unpriced, which is not the same as free.

Amounts are US dollars. A bill is recomputed from a receipt's units and a row; a row is never changed: when a price
changes, a new one is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal, localcontext
from importlib.metadata import version
from typing import Annotated, Final

from pydantic import Field

from reelmake.spec.problems import Record

Usd = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]

MILLION: Final = Decimal(1_000_000)
CENT_PARTS: Final = Decimal("0.000001")  # amounts are kept to a millionth of a dollar, rounded up


class Price(Record):
    """What one model costs. Whatever is not set is not charged for; a model that charges for nothing is free."""

    usd_per_million_input_tokens: Usd = Field(Decimal(0), description="For the input.")
    usd_per_million_cached_tokens: Usd | None = Field(None, description="For input that was cached.")
    usd_per_million_output_tokens: Usd = Field(Decimal(0), description="For what is answered, in tokens.")
    usd_per_thousand_characters: Usd = Field(Decimal(0), description="For what is spoken.")
    usd_per_image: Usd = Field(Decimal(0), description="For each picture.")
    usd_per_megapixel: Usd = Field(Decimal(0), description="For each picture, by its size.")
    since: str = Field("", description="From which day on this is the price, as YYYY-MM-DD.")
    source: str = Field("", description="Who says so.")

    def charges(self) -> dict[str, Decimal]:
        """Return what is charged for: the names of fields, with their amounts."""
        found = {name: getattr(self, name) for name in type(self).model_fields if name.startswith("usd_")}
        return {name: usd for name, usd in found.items() if usd}

    def tokens(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal:
        """Return what so many tokens cost; `input_tokens` counts the cached ones too."""
        cached = self.usd_per_million_cached_tokens
        of_cached = self.usd_per_million_input_tokens if cached is None else cached
        input_usd = self.usd_per_million_input_tokens * (input_tokens - cached_tokens) + of_cached * cached_tokens
        return rounded((input_usd + self.usd_per_million_output_tokens * output_tokens) / MILLION)

    def characters(self, count: Decimal | int) -> Decimal:
        """Return what speaking so many characters costs."""
        return rounded(self.usd_per_thousand_characters * count / 1000)

    def images(self, count: int, megapixels: Decimal) -> Decimal:
        """Return what pictures cost: `megapixels` are those of all of them."""
        return rounded(self.usd_per_image * count + self.usd_per_megapixel * megapixels)


def rounded(usd: Decimal) -> Decimal:
    """Return an amount to a millionth of a dollar, never less than it was, without trailing zeros."""
    with localcontext(prec=100):  # whatever a vendor's meter says, an answer must not be lost to arithmetic
        return usd.quantize(CENT_PARTS, ROUND_UP).normalize() + Decimal(0)


_ELEVENLABS = "elevenlabs.io/pricing/api, as of November 2026"
_FULL_VOICE = Price(usd_per_thousand_characters=Decimal("0.08"), since="2026-11-01", source=_ELEVENLABS)
_FAST_VOICE = Price(usd_per_thousand_characters=Decimal("0.04"), since="2026-11-01", source=_ELEVENLABS)
_OPENAI_IMAGE = Price(
    usd_per_million_input_tokens=Decimal(5),
    usd_per_million_output_tokens=Decimal(30),
    since="2026-09-08",
    source="OpenAI's model pages, as of November 2026",
)
_FAL = "fal's model pages, as of November 2026"

# `<vendor>/<model>` -> its rows, the oldest first. The last one is in force.
PRICES: Final[Mapping[str, tuple[Price, ...]]] = {
    "elevenlabs/eleven_v4": (_FULL_VOICE,),
    "elevenlabs/eleven_v3": (_FULL_VOICE,),
    "elevenlabs/eleven_multilingual_v2": (_FULL_VOICE,),
    "elevenlabs/eleven_v4_turbo": (_FAST_VOICE,),
    "elevenlabs/eleven_v3_conversational": (_FAST_VOICE,),
    "elevenlabs/eleven_flash_v2_5": (_FAST_VOICE,),
    "elevenlabs/eleven_turbo_v2_5": (_FAST_VOICE,),
    "openai/gpt-image-2": (_OPENAI_IMAGE,),
    "openai/gpt-image-2.5-flare": (_OPENAI_IMAGE,),
    "openai/gpt-image-2.5-sunburst": (_OPENAI_IMAGE,),
    "openai/gpt-image-2.6-flare": (_OPENAI_IMAGE,),
    "openai/gpt-image-2.6-sunburst": (_OPENAI_IMAGE,),
    "fal/fal-ai/z-image/turbo": (Price(usd_per_megapixel=Decimal("0.005"), since="2026-11-01", source=_FAL),),
    "fal/fal-ai/flux/schnell": (Price(usd_per_megapixel=Decimal("0.003"), since="2026-11-01", source=_FAL),),
    "fal/fal-ai/flux/dev": (Price(usd_per_megapixel=Decimal("0.025"), since="2024-08-01", source=_FAL),),
}

# Models of text that `openai` is known to write scripts with; genai-prices says what they cost.
TEXT_MODELS: Final = ("openai/gpt-6-luna", "openai/gpt-6.1-terra", "openai/gpt-6.1-sol", "openai/gpt-6-astra")
VENDORS: Final = frozenset(name.partition("/")[0] for name in PRICES)

# `<vendor>/<model>`, and its snapshots -> its last day. From OpenAI's page of deprecations, November 2026.
ENDS: Final[Mapping[str, str]] = {
    "openai/gpt-image-1": "2026-10-23",
    "openai/gpt-image-1-mini": "2026-12-01",
    "openai/gpt-image-1.5": "2026-12-01",
    "openai/chatgpt-image-latest": "2026-12-01",
    "openai/gpt-5": "2026-12-11",
    "openai/gpt-5-mini": "2026-12-11",
    "openai/gpt-5-nano": "2026-12-11",
    "openai/gpt-4o": "2027-01-14",
    "openai/gpt-4o-mini": "2027-01-14",
    "openai/gpt-4.1": "2027-01-14",
    "openai/gpt-4.1-mini": "2027-01-14",
    "openai/gpt-4.1-nano": "2027-01-14",
}
_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def announced_end(vendor: str, model: str) -> str | None:
    """Return the last day of a model as YYYY-MM-DD, as far as its vendor has announced it."""
    return ENDS.get(_SNAPSHOT.sub("", f"{vendor}/{model}"))


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices in force: those that a project set (by the model's name, or `<vendor>/<model>`) before ours."""

    own: Mapping[str, Price] = field(default_factory=dict)

    def models(self, used: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield vendor and model of all that have a price or an end here; no vendor for some of a project's own."""
        named = {*used}
        for name in (*PRICES, *TEXT_MODELS, *ENDS, *self.own):
            vendor, _, model = name.partition("/") if name.partition("/")[0] in VENDORS else ("", "", name)
            if vendor or model not in named:
                yield vendor, model

    def of(self, vendor: str, model: str) -> Price | None:
        """Return what a model costs, or None when nobody has said."""
        if price := self.own.get(f"{vendor}/{model}") or self.own.get(model):
            return price
        if rows := PRICES.get(f"{vendor}/{model}"):
            return rows[-1]
        return None

    def of_text(self, vendor: str, model: str) -> Price | None:
        """Return what a model that is paid by tokens of text costs: genai-prices knows more of them than we do."""
        return self.of(vendor, model) or _looked_up(vendor, model)


def _looked_up(vendor: str, model: str) -> Price | None:
    from genai_prices import Usage, calc_price  # noqa: PLC0415 (slow to import)

    few = 10_000  # the input of one request; more tokens cost more each, with some models

    def of_a_million(**tokens: int) -> Decimal:
        return calc_price(Usage(**tokens), model, provider_id=vendor).total_price * (1_000_000 // few)

    try:
        return Price(
            usd_per_million_input_tokens=of_a_million(input_tokens=few),
            usd_per_million_cached_tokens=of_a_million(input_tokens=few, cache_read_tokens=few),
            usd_per_million_output_tokens=of_a_million(output_tokens=few),
            source=f"genai-prices {version('genai-prices')}",
        )
    except (LookupError, ValueError):
        return None
