"""The kitchen sink: a small project that asks every provider for every kind of step, with every option set.

It is built and looked at by the real commands, as a user's project is. Nothing of the program is imported here: modules
may move and be renamed, and this stays.
"""

from __future__ import annotations

import struct
import wave
import zlib
from pathlib import Path

from vendors.server import Vendors
from workspace import Workspace, doit_tables

SETTINGS = """
[tool.reelmake]
cap_usd = 5

[tool.reelmake.providers]
script = "openai"
voice = "elevenlabs"
image = "fal"

[tool.reelmake.reel]
size = "144x256"
fps = 24
pause_seconds = 0.25

[tool.reelmake.publish]
cover = 2

# What models cost is set here: the lists of prices that are installed along change.
[tool.reelmake.prices]
gpt-6-luna = {usd_per_million_input_tokens = 1.05, usd_per_million_output_tokens = 2}
gpt-image-2 = {usd_per_image = 0.05}
eleven_v4_turbo = {usd_per_thousand_characters = 0.0333}
eleven_v3 = {usd_per_thousand_characters = 0.08}
eleven_multilingual_v2 = {usd_per_thousand_characters = 0.1}
"gpt-6.1-terra" = {usd_per_million_input_tokens = 3, usd_per_million_output_tokens = 9}
"gpt-image-2.5-flare" = {usd_per_million_input_tokens = 5, usd_per_million_output_tokens = 30}
"fal-ai/z-image/turbo" = {usd_per_megapixel = 0.005}
"fal-ai/flux/dev" = {usd_per_image = 0.03}
"""

CHARACTERS = {
    "ada": """
name: Ada
side: left
personality: curious, quick
catchphrases: ["Wait, really?", "No way!"]
caption: {color: "#FFD166"}
sprites: {telling: ada/telling.png, hearing: ada/hearing.png}
voice:
  offline: {voice: joe, pitch: 1.05, formant: 0.97, speed: 1.1}
  elevenlabs:
    voice_id: vada
    model: eleven_v3
    stability: 0.5
    similarity_boost: 0.75
    style: 0.2
    speed: 1.1
    use_speaker_boost: true
    apply_text_normalization: "on"
    languages: {ja: {voice_id: vadaja, stability: 0.25}}
""",
    "max": """
name: Max Power
side: right
caption: {color: "#06D6A0"}
sprites: {telling: max.png}
voice:
  offline: {voice: joe}
  elevenlabs: {voice_id: vmax}
""",
    "yui": "name: Yui\n",
}

EPISODES = {
    # The defaults of all vendors, by a script that is bought and translated.
    "bought": """
title: Why owls turn their heads
topic: owls
cast: [ada, max]
lines: 2
languages: [en, ja]
""",
    # The options of all vendors.
    "chosen": """
title: Moths
topic: moths
cast: [max, ada]
lines: 1
language: de
style: ink on paper
take: 3
providers:
  script: {model: gpt-6.1-terra, reasoning_effort: low, max_line_characters: 120, max_output_tokens: 3000}
  voice: {model: eleven_multilingual_v2}
  image: {model: fal-ai/flux/dev, steps: 12, guidance: 3.5}
reel: {captions: plain}
""",
    # A script that is written, and some of its translation; who speaks and draws is chosen for a line.
    "written": """
title: Tides
languages: [en, fr]
cast: [ada, max]
style: watercolour
background: {file: assets/pattern.png, flow: per-line}
music: assets/tone.wav
reel: {captions: plain, fps: 25, music_db: -20}
providers: {image: openai}
script:
  - ada: Why do tides rise?
    image: a wide beach
    take: {voice: 2, image: 3}
    pause_seconds: 0.5
    translations: {fr: Pourquoi la marée monte-t-elle ?}
  - max: The Moon pulls, [laughs] and 3 seas follow.
    take: 4
    providers:
      voice: {provider: elevenlabs, model: eleven_multilingual_v2}
      image: {provider: openai, model: gpt-image-2, quality: high, moderation: low}
""",
    # Nothing is asked of a vendor: with all options, ...
    "offline": """
title: Why honey keeps
topic: why honey lasts so long
cast: [ada, max]
lines: 2
take: 2
style: golden light, cosy paper cut-out
background: {file: assets/pattern.png, flow: continuous}
providers: {script: offline, voice: offline, image: offline}
reel: {size: 160x256, captions: karaoke}
publish: {cover: 1}
""",
    # ... and with none.
    "plain": """
title: Bees
language: en-GB
providers: {voice: offline, image: offline}
reel: {captions: none}
script:
  - yui: Bees dance.
""",
}
EDITED = ("The Moon pulls, [laughs] and 3 seas follow.", "The Moon pulls, and all seas follow.")
# A request of stage one for the script that `bought` has: nothing of it is bought again.
REQUEST = {
    "schema": "reelmake/request@1",
    "topic": "owls",
    "title": "Why owls turn their heads",
    "name": "staged",
    "cast": ["ada", "max"],
    "lines": 2,
    "language": "en",
    "take": 1,
}
WRONG_REQUEST = {"schema": "reelmake/request@1", "topic": "owls", "lines": 0, "colour": "red"}


def png(*pixels: int) -> bytes:
    """Return a picture of one row of grey pixels, in the same bytes whichever zlib there is: they are not packed."""
    size, rows = struct.pack(">2I5B", len(pixels), 1, 8, 0, 0, 0, 0), zlib.compress(bytes((0, *pixels)), level=0)
    parts = {b"IHDR": size, b"IDAT": rows}
    chunks = ((name + body, len(body)) for name, body in {**parts, b"IEND": b""}.items())
    packed = (struct.pack(">I", size) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk, size in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


class KitchenSink(Workspace):
    """The project in a folder."""

    def __init__(self, root: Path, v: Vendors) -> None:
        super().__init__(root)
        self.write("pyproject.toml", doit_tables() + SETTINGS)
        for folder, specs in (("characters", CHARACTERS), ("episodes", EPISODES)):
            for name, text in specs.items():
                self.write(f"{folder}/{name}.yaml", text)
        self.write("characters/ada/telling.png", png(10))
        self.write("characters/ada/hearing.png", png(20))
        self.write("characters/max.png", png(30))
        self.write("assets/pattern.png", png(*range(0, 256, 16)))
        with wave.open(str(self.root / "assets/tone.wav"), "wb") as tone:
            tone.setparams((1, 2, 48_000, 0, "NONE", ""))
            tone.writeframes((b"\0\x10" * 48 + b"\0\xf0" * 48) * 250)
        self.env.update(v.env(), REELMAKE_RETRY_SECONDS="0.05")
