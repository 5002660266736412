"""Episodes in several languages: pictures are bought once, words and voices for each."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nursery
import pytest
from studio import Studio
from vendors.server import Vendors

pytestmark = pytest.mark.slow

OWLS = """# what they say is written by a model
title: Owls
topic: owls
cast: [ada, max]
lines: 2
languages: [en, ja, ar]
"""
CHARACTERS = {
    "ada": "name: Ada\nvoice: {elevenlabs: {voice_id: vada, languages: {ja: {voice_id: vadaja}}}}\n",
    "max": "name: Max\nvoice: {elevenlabs: {voice_id: vmax, stability: 0.5, languages: {ja: {voice_id: vmaxja}}}}\n",
    "yui": "name: Yui\nvoice: {elevenlabs: {voice_id: vyui}}\n",
}


@pytest.fixture
def v() -> Iterator[Vendors]:
    with Vendors() as vendors:
        yield vendors
        assert vendors.violations == []


@pytest.fixture
def studio(tmp_path: Path, v: Vendors) -> Studio:
    made = Studio(tmp_path, v)
    for name, text in CHARACTERS.items():
        made.write(f"characters/{name}.yaml", text)
    return made


def bought(v: Vendors) -> Counter[str]:
    """Return how many of each kind were billed."""
    v.settle()
    return Counter(one.kind for one in v.billed)


def told(studio: Studio, name: str) -> Any:
    return json.loads((studio.root / f"build/{name}/video.json").read_text("utf-8"))


def voices(v: Vendors) -> list[tuple[str, str]]:
    """Return the language and the words of what was spoken."""
    return sorted((one.body["language_code"], one.body["text"]) for one in v.billed if one.kind == "voice")


def test_a_script_that_is_given_is_translated_once_and_an_edit_pays_for_itself(studio: Studio, v: Vendors) -> None:
    lines = ["ada: Why is the sky blue | a blue sky", "max: Light is scattered | rays of light"]
    studio.episode("sky", *lines, languages=["en", "ja"])
    studio.run()
    assert bought(v) == {"script": 1, "voice": 4, "image": 2}
    assert [one.path.split("/")[-2] for one in v.hits if one.kind == "voice"].count("vadaja") == 1
    assert voices(v)[2:] == [
        ("ja", "ええと、「Light is scattered」と言いました。"),
        ("ja", "ええと、「Why is the sky blue」と言いました。"),
    ]
    japanese = told(studio, "sky.ja")
    assert (japanese["episode"], japanese["language"]) == ("sky.ja", "ja")
    assert "ええと、\n「Why is" in (studio.root / "build/sky.ja/subtitles.srt").read_text("utf-8")
    pictures = [sorted((studio.root / f"build/{name}/images").glob("*.png")) for name in ("sky", "sky.ja")]
    assert {path.read_bytes() for path in pictures[0]} == {path.read_bytes() for path in pictures[1]}

    assert " made" not in studio.run().stderr
    assert bought(v).total() == 7, "nothing is paid for twice"
    cost = {group["name"]: group["requests"] for group in studio.told("cost", "sky")["groups"]}
    assert cost["sky.ja"] == 3, "a script and two voices"

    kept = studio.root / "episodes/sky.yaml"
    own = kept.read_bytes()
    studio.run("freeze", "sky", program="reelmake")
    assert "ええと、「Why is" in kept.read_text("utf-8")
    assert " made" not in studio.run().stderr
    assert bought(v).total() == 7, "what is frozen is known"
    edit_what_is_frozen(studio, v)
    kept.write_bytes(own)

    lines[1] = "max: Blue light is scattered most | rays of light"
    studio.episode("sky", *lines, languages=["en", "ja"])
    studio.run()
    assert bought(v) == {"script": 3, "voice": 6, "image": 2}
    asked = next(str(one.body) for one in reversed(v.hits) if one.kind == "script")
    assert "1. ada: Why is the sky blue => ええと、「Why is the sky blue」と言いました。" in asked, (
        "what is known stays"
    )
    assert "2. max: Blue light is scattered most\\n" in asked
    assert next(g for g in studio.told("cost")["groups"] if g["name"] == "sky.ja")["requests"] == 6

    studio.episode("sky", lines[1], lines[0], languages=["en", "ja"])
    studio.run()
    assert [line["text"] for line in told(studio, "sky.ja")["lines"]][
        1
    ] == "ええと、「Why is the sky blue」と言いました。"
    shutil.rmtree(studio.root / "build")
    (studio.root / ".reelmake/doit.db").unlink()
    studio.run("video:sky.ja")
    assert bought(v) == {"script": 3, "voice": 6, "image": 2}, "lines that change places cost nothing, nor does a loss"

    studio.write("episodes/sky.yaml", frozen_by_hand())
    studio.run("video:sky.ja")
    assert bought(v) == {"script": 3, "voice": 7, "image": 2}, "what is given is not asked for"
    assert told(studio, "sky.ja")["lines"][0]["text"] == "空はなぜ青いのでしょうか。"


def told_lines(studio: Studio) -> list[str]:
    script = json.loads((studio.root / "build/sky.ja/script.json").read_text("utf-8"))
    return [line["text"] for line in script["lines"]]


def edit_what_is_frozen(studio: Studio, v: Vendors) -> None:
    kept = studio.root / "episodes/sky.yaml"
    spec = json.loads(kept.read_bytes())
    spec["script"][0]["ada"] = "Why is the sea blue"
    kept.write_text(json.dumps(spec), "utf-8")
    warned = studio.run("check", "sky", program="reelmake").stdout
    assert "line 1: its translation into 'ja' was made of other words, 'Why is the sky blue'; edit it" in warned
    spec["script"][0] = {"ada": "Owls hoot"}
    kept.write_text(json.dumps(spec), "utf-8")
    studio.run("script:sky.ja")
    assert bought(v) == {"script": 2, "voice": 4, "image": 2}, "what is given is told, and the rest is asked for"
    assert told_lines(studio) == ["ええと、「Owls hoot」と言いました。", "ええと、「Light is scattered」と言いました。"]


def frozen_by_hand() -> str:
    """Return the episode with translations that the author has written."""
    return """
title: Sky
languages: [en, ja]
script:
  - ada: Why is the sky blue
    image: a blue sky
    translations: {ja: 空はなぜ青いのでしょうか。}
  - max: Blue light is scattered most
    image: rays of light
    translations: {ja: ええと、「Blue light is scattered most」と言いました。}
"""


def test_a_script_that_is_written_is_translated_as_soon_as_it_is_there(studio: Studio, v: Vendors) -> None:
    studio.write("episodes/owls.yaml", OWLS)
    plan = studio.told("plan")
    assert {row["step"] for row in plan["steps"] if row["kind"] == "script"} == {
        "script:owls",
        "script:owls.ja",
        "script:owls.ar",
    }
    studio.run("video:owls.ja")
    assert bought(v) == {"script": 2, "voice": 2, "image": 2}
    assert studio.is_built("owls.ja")
    assert not studio.is_built("owls")
    studio.run()
    assert bought(v) == {"script": 3, "voice": 6, "image": 2}
    assert all(studio.is_built(name) for name in ("owls", "owls.ja", "owls.ar"))
    code = "import sys; from reelmake.api import dialogue_api; sys.exit(dialogue_api())"
    with nursery.start(["-c", code, "--episode", "episodes/owls.yaml"], studio.root, studio.env) as process:
        dialogues = [json.loads(row) for row in process.communicate(timeout=300)[0].splitlines()]
    assert [one["name"] for one in dialogues] == ["owls", "owls.ja", "owls.ar"]
    assert [one["lines"][0]["text"][:3] for one in dialogues] == ["Lin", "ええと", "ar,"]
    assert len({one["lines"][0]["image"] for one in dialogues}) == 1, "pictures are shared"
    studio.run("freeze", "owls", program="reelmake")
    text = (studio.root / "episodes/owls.yaml").read_text("utf-8")
    assert text.startswith(OWLS)
    assert "translations:\n      ja: ええと、「Line 1 about owls.」と言いました。\n      ar: ar, Line" in text
    assert " made" not in studio.run().stderr
    assert bought(v).total() == 11, "what is frozen is known"


def test_three_speak_japanese(studio: Studio, v: Vendors) -> None:
    lines = ["ada: 空が青いのはなぜ？", "max: 太陽の光が空気の粒に当たって散らばるからだよ。", "yui: なるほど！🎉"]  # noqa: RUF001
    studio.episode("sora", *lines, language="ja")
    studio.run()
    assert bought(v) == {"voice": 3, "image": 3}
    assert {language for language, _ in voices(v)} == {"ja"}
    (path,) = (studio.root / "build/sora/voice").glob("max*.json")
    words = json.loads(path.read_text("utf-8"))["words"]
    assert [word["text"] for word in words] == ["太陽の", "光が", "空気の", "粒に", "当たって", "散らばるからだよ。"]
    assert [word.get("glued", False) for word in words] == [False, *[True] * 5]
