"""The offline painter, as an ImageProvider: same request, same picture; other words, another picture."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from calls import CALL
from PIL import Image, ImageChops, ImageStat

from reelmake.core.errors import ProviderError
from reelmake.offline.icons import icons_for, singular
from reelmake.offline.image import OfflineImage
from reelmake.offline.painter import TREATMENTS, treatment_for
from reelmake.providers.base import ImageProvider

PROVIDER: ImageProvider = OfflineImage()
SUBJECTS = (
    "a child pointing at a bright sky",
    "a moth circling a lamp at night",
    "an octopus with three hearts",
    "camels crossing the desert at sunset",
    "a cup of coffee on a wooden table",
)


def request_for(subject: str, style: str = "clean poster", **changes: Any) -> dict[str, Any]:
    size = {"width": 240, "height": 240}
    whole = {"provider": "offline", "prompt": f"{subject}. {style}", "subject": subject, "style": style, "take": 1}
    return {**whole, **size, **changes}


def painted(request: dict[str, Any]) -> Image.Image:
    png = PROVIDER.read(PROVIDER.ask(request, CALL).body, request)
    return Image.open(io.BytesIO(png)).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, of 255."""
    return float(sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3)


def test_an_answer_is_one_free_picture_of_the_size_that_was_asked_for() -> None:
    request = request_for(SUBJECTS[0], width=320, height=200)
    answer = PROVIDER.ask(request, CALL)
    assert answer.units == {"images": 1}
    assert answer.usd == 0
    with Image.open(io.BytesIO(PROVIDER.read(answer.body, request))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (320, 200))


@pytest.mark.slow
def test_the_same_request_gives_the_same_bytes_in_any_order_and_thread() -> None:
    requests = [request_for(subject, style) for subject in SUBJECTS for style in ("watercolour", "neon")]
    forwards = [PROVIDER.ask(request, CALL).body for request in requests]
    with ThreadPoolExecutor(4) as pool:
        backwards = list(pool.map(lambda request: PROVIDER.ask(request, CALL).body, requests[::-1]))
    assert backwards[::-1] == forwards


def test_other_prompts_are_other_pictures() -> None:
    pictures = [painted(request_for(subject)) for subject in SUBJECTS]
    for number, picture in enumerate(pictures):
        for other in pictures[:number]:
            assert difference(picture, other) > 25


@pytest.mark.slow
@pytest.mark.parametrize("name", TREATMENTS)
def test_each_treatment_has_a_look_of_its_own(name: str) -> None:
    word = TREATMENTS[name].words.split()[0]
    picture = painted(request_for(SUBJECTS[2], word))
    others = [
        painted(request_for(SUBJECTS[2], TREATMENTS[other].words.split()[0])) for other in TREATMENTS if other != name
    ]
    assert min(difference(picture, other) for other in others) > 8


def test_no_word_names_two_treatments() -> None:
    words = [word for treatment in TREATMENTS.values() for word in treatment.words.split()]
    assert len(words) == len(set(words))
    assert treatment_for(["warm", "watercolour"]) is TREATMENTS["watercolour"]
    assert treatment_for(["unheard", "of"]) is TREATMENTS["poster"]


def test_another_take_is_another_composition() -> None:
    first, second = painted(request_for(SUBJECTS[1])), painted(request_for(SUBJECTS[1], take=2))
    assert difference(first, second) > 8


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1, 1), (17, 9), (2048, 64), (64, 2048), (1080, 1920)])
def test_any_size_can_be_painted(width: int, height: int) -> None:
    for name in TREATMENTS if width * height < 200_000 else ("poster", "watercolour"):
        picture = painted(request_for("a fox in a snowy forest", name, width=width, height=height))
        assert picture.size == (width, height)
        if width * height > 10_000:
            assert max(ImageStat.Stat(picture).stddev) > 10, "a picture shows something"


@pytest.mark.parametrize(
    "subject", ["", "1234", "ein Kind zeigt auf den Himmel", "為什麼天空是藍色的", '<svg> & "quotes"', "🐙"]
)
def test_any_text_can_be_painted(subject: str) -> None:
    assert max(ImageStat.Stat(painted(request_for(subject, subject))).stddev) > 10


@pytest.mark.parametrize("size", [{"width": 0}, {"height": 2049}, {"width": 4.5}])
def test_a_size_that_cannot_be_painted_is_refused(size: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="cannot paint"):
        PROVIDER.ask(request_for(SUBJECTS[0], **size), CALL)


def test_an_answer_that_is_no_whole_png_is_refused() -> None:
    request = request_for(SUBJECTS[0])
    body = PROVIDER.ask(request, CALL).body
    for broken in (b"", b"not a picture", body[: len(body) // 2], b"GIF89a" + body):
        with pytest.raises(ProviderError, match="not a PNG"):
            PROVIDER.read(broken, request)


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        ("a child pointing at a bright sky", "🧒 ☀️"),
        ("Sunlight is every colour at once", "☀️ 🌈"),
        ("moths circling a lamp", "🦋 💡"),
        ("octopuses have three hearts", "🐙 ❤️"),
        ("the moon behind a castle", "🏰 🌙"),
        ("a neuron firing in the brain", "🧠"),
        ("a hot air balloon", "🎈"),
        ("one of the three: it is on top", ""),
        ("🐙 in the tiger's garden", "🐙 🐅"),
    ],
)
def test_words_find_their_icons_things_before_skies(text: str, chars: str) -> None:
    assert " ".join(icon.char for icon in icons_for(text)) == chars


def test_at_most_three_icons_are_drawn() -> None:
    assert [icon.char for icon in icons_for("a cat, a dog, a fox and a frog")] == ["🐱", "🐶", "🦊"]


@pytest.mark.parametrize(
    ("word", "one"),
    [("moths", "moth"), ("foxes", "fox"), ("cities", "city"), ("glass", "glass"), ("octopus", "octopus")],
)
def test_plural_endings_are_taken_off(word: str, one: str) -> None:
    assert singular(word) == one
