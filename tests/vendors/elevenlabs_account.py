"""ElevenLabs' models with their prices, and a subscription."""

from __future__ import annotations

from typing import Any

USUAL_MODEL = "eleven_multilingual_v2"
MODELS = {  # credits of a character, dollars of a thousand
    "eleven_v4": ("1", "0.08"),
    "eleven_v4_turbo": ("0.5", "0.04"),
    "eleven_v3": ("1", "0.08"),
    "eleven_multilingual_v2": ("1", "0.08"),
    "eleven_flash_v2_5": ("0.5", "0.04"),
    "eleven_turbo_v2_5": ("0.5", "0.04"),
}
LIMIT = 121_000


def models() -> list[dict[str, Any]]:
    """Return the list of models."""
    return [
        {
            "model_id": name,
            "name": name.replace("_", " ").title(),
            "can_be_finetuned": False,
            "can_do_text_to_speech": True,
            "can_do_voice_conversion": False,
            "can_use_style": True,
            "can_use_speaker_boost": True,
            "serves_pro_voices": False,
            "token_cost_factor": float(rate),
            "description": "A model of the stand-in.",
            "requires_alpha_access": False,
            "max_characters_request_free_user": 2500,
            "max_characters_request_subscribed_user": 10_000,
            "maximum_text_length_per_request": 10_000,
            "languages": [{"language_id": "en", "name": "English"}, {"language_id": "de", "name": "German"}],
            "model_rates": {"character_cost_multiplier": float(rate), "cost_discount_multiplier": 1.0},
            "concurrency_group": "turbo" if rate == "0.5" else "standard",
        }
        for name, (rate, _) in MODELS.items()
    ]


def subscription(used: int) -> dict[str, Any]:
    """Return the subscription, of which this many credits are used."""
    return {
        "tier": "creator",
        "character_count": used,
        "character_limit": LIMIT,
        "max_character_limit_extension": None,
        "max_credit_limit_extension": 0,
        "can_extend_character_limit": False,
        "allowed_to_extend_character_limit": False,
        "next_character_count_reset_unix": 1_800_000_000,
        "voice_slots_used": 0,
        "professional_voice_slots_used": 0,
        "professional_voice_slots_used_in_workspace": 0,
        "voice_limit": 30,
        "voice_add_edit_counter": 0,
        "professional_voice_limit": 1,
        "can_extend_voice_limit": False,
        "can_use_instant_voice_cloning": True,
        "can_use_professional_voice_cloning": True,
        "currency": "usd",
        "current_overage": {"amount": "0", "currency": "usd"},
        "status": "active",
        "billing_period": "monthly_period",
        "character_refresh_period": "monthly_period",
        "next_invoice": None,
        "open_invoices": [],
        "has_open_invoices": False,
    }
