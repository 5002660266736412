"""What is asked of paid vendors, to the letter.

If a test here fails, everyone is about to pay for these scripts or pictures again.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import fal_jobs
import scripts
from calls import a_call
from vendors.server import Vendors

from reelmake.core.keys import Action, canonical_json, digest_of
from reelmake.engine.readers import script_lines
from reelmake.providers.openai.image import OpenAIImage

PICTURE = {"provider": "", "prompt": "a moth", "subject": "a moth", "style": "", "width": 960, "height": 960, "take": 1}


def test_a_picture_of_openai() -> None:
    assert OpenAIImage().shape({**PICTURE, "provider": "openai"}) == {
        "provider": "openai",
        "model": "gpt-image-2.5-flare",
        "prompt": "a moth",
        "size": "1024x1024",
        "quality": "medium",
        "moderation": "auto",
        "take": 1,
    }


def test_a_picture_of_fal() -> None:
    assert fal_jobs.PROVIDER.shape({**PICTURE, "provider": "fal"}) == {
        "provider": "fal",
        "model": "fal-ai/z-image/turbo",
        "prompt": "a moth",
        "image_size": {"width": 960, "height": 960},
        "num_images": 1,
        "output_format": "png",
        "take": 1,
        "seed": 1_240_948_158,
    }


def test_a_script_of_openai() -> None:
    """The template that ships along is part of it, but for its comments."""
    assert digest_of(canonical_json(scripts.request_for()).encode()) == (
        "cd850d5f0a0d153ade553d566fbf87063d6aed873d851c2832fab421a8c39dd9"
    )


def test_a_stored_script_is_read_as_a_build_reads_it(v: Vendors) -> None:
    request = scripts.request_for()
    lines = script_lines(scripts.ask(v, request).body, Action("script", 1, request))
    assert [line.character for line in lines] == ["ada", "max", "ada", "max"]


def test_requests_at_the_same_time_do_not_mix(v: Vendors) -> None:
    v.seconds = {"image": 0.2}
    image = OpenAIImage()

    def drawn(at: int) -> Any:
        request = image.shape({**PICTURE, "provider": "openai", "prompt": f"moth {at}"})
        return json.loads(image.ask(request, a_call(v.env())).body)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(drawn, range(16)))
    assert v.count() == v.billed_count() == v.distinct() == 16
    assert v.most_running["image"] == 8
    # A stand-in's picture has one colour, which follows from the prompt.
    assert len({told["data"][0]["b64_json"] for told in answers}) == 16
