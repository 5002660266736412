"""Which small pictures a text asks for: words of a prompt -> icons of the Twemoji set, kept in `icons.zip`.

The names come from the `emoji` package (a few thousand English names, indexed once); the table `SYNONYMS` below
adds everyday words that no icon is called by. A word that means nothing here simply draws nothing.
"""

from __future__ import annotations

import importlib.resources
import io
import re
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

LONGEST_NAME_WORDS = 4

# An icon, then the words it also answers to; an underscore stands for a space. These win over the icons' own names.
SYNONYMS = """
🧒 child kid toddler children ten_year_old   👧 daughter schoolgirl   👦 son schoolboy   👨 man father dad gentleman
👩 woman mother mum mom lady   🧓 grandparent elder   👵 grandmother grandma   👴 grandfather grandpa
🧑 person human someone adult   👪 family parents   🧑‍🤝‍🧑 people friends crowd pair couple audience
🧑‍🔬 scientist researcher chemist physicist   🧑‍🏫 teacher professor lecturer   🧑‍🎓 student pupil graduate
🧑‍⚕️ doctor nurse physician surgeon   🧑‍🚀 astronaut cosmonaut spaceman   🧑‍🍳 cook chef baker
🧑‍💻 programmer coder developer hacker   🧑‍🎨 artist painter   🧑‍🌾 farmer gardener   🕵️ detective spy
🧙 wizard mage sorcerer witch   👑 king queen royal   🏃 runner running run jogging   🚶 walker walking hiker
🏊 swimmer swimming   💃 dancer dancing   🧘 meditation meditating yoga   😴 asleep sleeping sleep sleepy
🤔 thinking wondering puzzled   😄 happy smiling laughing joyful   😢 sad crying
☀️ sunlight sunshine sunny sunbeam daylight sunset sunrise dawn dusk evening bright_sky blue_sky sky sun
🌙 moon moonlight moonlit night midnight crescent   🌕 full_moon lunar   ⭐ starlight stars star
🪐 saturn planet planets   🌍 earth world globe   🌧️ rain rainy raining shower drizzle
⛈️ storm stormy thunderstorm   ⚡ lightning electricity electric thunder bolt
❄️ frost frozen icy snowfall snow snowy   💨 wind windy breeze gust
🌈 prism spectrum colour color colours colors   🌊 ocean sea wave waves tide surf
💧 water drop droplet raindrop dew liquid   🔥 flame flames campfire bonfire burning heat   🕯️ candlelight candle
💡 lamp bulb lightbulb idea lantern light   🏔️ peak mountains summit   ⛰️ hill hills cliff   🌋 lava eruption
🏝️ island   🏖️ beach shore seaside   🌳 tree oak woodland   🌲 forest pine fir woods conifer
🌴 jungle palm rainforest   🌱 sprout seed shoot seedling   🪴 plant houseplant   🌿 leaf_green herb fern
🍃 leaf leaves foliage   🍂 autumn fallen_leaves   🌸 flower flowers bloom petal   🌾 wheat field grain crops
🏠 home cottage cabin   🏛️ museum temple ancient ruins rome greece   🏰 palace fortress   🦋 moth moths butterfly
🐙 octopuses octopi tentacle tentacles   🐝 bee bees   🐞 ladybird ladybug   🐜 ants   🕸️ web cobweb   🦈 sharks
🐳 whales whale   🐺 wolves wolf   🐱 cat kitten kitty   🐶 dog puppy   🐔 hen   🐣 chick hatchling   🐭 mice
🐪 dromedary   🐦 birds bird sparrow robin songbird   🦅 hawk falcon   🦉 owls
🦖 dinosaur dinosaurs tyrannosaurus t_rex   🦕 brontosaurus diplodocus   🐟 fishes salmon trout
🦠 germ bacteria virus bacterium cell cells   🧬 gene genes genetic heredity   🫀 heart_beat cardiac
❤️ love heart hearts   🧠 mind memory neuron neurons thought thoughts brain   👁️ eye sight vision
👂 hearing listening   🦴 skeleton   🩸 blood bleeding   ✋ hand palm   👃 smell scent   👅 taste
💭 dream dreams dreaming   💬 speech conversation talking chat dialogue   🗣️ speaking voice
🎵 music song melody tune   🎧 headphones   🎹 piano   📖 book reading story page   📚 library books
✏️ drawing writing   🎨 painting paint art   🔬 laboratory lab   🔭 telescope astronomy observatory
🧪 chemistry experiment potion   ⚗️ flask alchemy   🧲 magnetic magnetism
⚛️ atom atoms physics particle quantum nuclear   🔢 numbers number mathematics maths counting   📐 geometry
📈 growth rising increase interest invest investment compound compounding economy
💰 money cash wealth profit rich   🪙 coins   🏦 banking   🕰️ clock time   ⏳ hourglass history ages
⏰ alarm morning   🔑 keys secret   🔒 lock security   🗝️ old_key   🧭 direction navigation
🗺️ map maps journey route   🎒 travel trip school_bag   🚗 car cars driving   🚂 steam_train   🚆 trains
✈️ aeroplane plane flight jet   🚀 spaceship spacecraft rocket_ship launch   🛸 ufo   ⛵ boat sailing sail
🚢 ship liner vessel   🚲 bike cycling   ☕ coffee espresso mug   🍵 tea   🥛 milk   🍎 apple fruit
🍽️ dinner meal lunch   🍲 soup stew   🍝 pasta noodles   🍕 pizzas   🍞 loaf toast   🍦 icecream ice_cream   🎂 cake
🍫 chocolate   🧀 cheese   🌶️ chili chilli   🥚 eggs   💻 computer laptop code software   📱 phone smartphone
🤖 machine_learning ai android artificial   ⚙️ machine engine mechanism gears cog   🔧 tool tools
🧩 puzzle problem   📷 photo photograph photography   🎬 film cinema movie   📺 screen   🎈 balloons   🎁 gift present
🎉 party celebration celebrating   🏆 winner victory prize   🎯 goal target   ⚽ football
💎 diamond crystal gem jewel   🪨 stone boulder pebble   🏺 vase pottery   🪞 reflection   🪟 windows
🛏️ bed bedroom   🚪 doorway entrance   🛋️ sofa couch living_room   🌡️ temperature fever   🧊 ice_cube
👻 haunted spooky   ♻️ recycle recycling   ❓ question mystery riddle   ❗ warning
✨ magic magical glitter sparkling
"""

# Names that are also everyday words of prompts, but whose icons would mislead.
UNHEARD = """
a an and at back balance be by can cool copyright down end fly for free from get has help hole in information is
it its key leg left like link match multiply name new no of on one ok or over plus right ring rock seal see sign
soon sparkle stop that the this to top under up walk watch well white wide with you your mark minus
"""

# Pictures with a frame of their own, and clouds: our scenes draw them better.
SCENES = frozenset("🌅🌄🌇🏙🌌🌉🏜🏞🌃🌆🎑🗾🌁🌠☁🌫")
NOT_PICTURES = frozenset(
    {"button", "symbol", "flag", "sign", "arrow", "square", "circle", "keycap", "clock", "tone", "input", "face"}
)

# Scenes more than things: drawn as the subject only when the text names nothing else.
AMBIENT = frozenset("☀🌙🌕⭐🌧⛈❄💨🌈🌊💧✨❓❗⛰🏔🏝🏖🌲🌳🌴🌾🔥🎉🪟🍃🍂")
AIRBORNE = frozenset("☀🌙🌕⭐🌧⛈❄💨🌈⚡✨🪐🌍💡❓❗💭💬🎈🦋🐝🐞🐦🦅🦉🚀🛸✈🚁🪁❤🎵🔥🦇🛰☄🪽🕊")


@dataclass(frozen=True, slots=True)
class Icon:
    """A small picture: the character it stands for, and its SVG (the inside of a 36 x 36 box)."""

    char: str
    svg: str

    @property
    def airborne(self) -> bool:
        """Whether it belongs in the air rather than on the ground."""
        return self.char[0] in AIRBORNE

    @property
    def in_sky(self) -> bool:
        """Whether it is part of the sky itself, like the moon."""
        return self.airborne and self.char[0] in AMBIENT


def icons_for(text: str, limit: int = 3) -> tuple[Icon, ...]:
    """Return up to `limit` icons that a text names, the one that it is about first; none when nothing fits."""
    found = list(dict.fromkeys(_find(text)))
    things = [char for char in found if char[0] not in AMBIENT]
    ordered = things + [char for char in found if char[0] in AMBIENT]
    return tuple(_icon(char) for char in ordered[:limit])


def words_of(text: str) -> list[str]:
    """Return the lower-case words of a text, without possessives; an emoji in it becomes the words of its name."""
    import emoji  # noqa: PLC0415

    return _split(emoji.demojize(text, delimiters=(" ", " ")))


def _split(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub(r"['’]s\b|(?<=s)['’]", "", text.lower()))  # noqa: RUF001


def singular(word: str) -> str:
    """Return a word without its plural ending, roughly: enough to meet the singular treated the same way."""
    for ending, instead, at_least in (("ies", "y", 5), ("sses", "ss", 5), ("xes", "x", 4), ("ches", "ch", 5)):
        if word.endswith(ending) and len(word) >= at_least:
            return word.removesuffix(ending) + instead
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))  # noqa: PLR2004
    return word[:-1] if plural else word


def _find(text: str) -> list[str]:
    """Walk over the words and take the longest name at each place."""
    words, names = words_of(text), _names()
    found, at = [], 0
    while at < len(words):
        for count in range(min(LONGEST_NAME_WORDS, len(words) - at), 0, -1):
            phrase = words[at : at + count]
            char = names.get(" ".join(phrase)) or names.get(" ".join([*phrase[:-1], singular(phrase[-1])]))
            if char and not (count == 1 and phrase[0] in _unheard()):
                found.append(char)
                at += count
                break
        else:
            at += 1
    return found


@cache
def _unheard() -> frozenset[str]:
    return frozenset(UNHEARD.split())


@cache
def _names() -> dict[str, str]:
    """Return every icon that can be drawn, by name."""
    return _names_among(frozenset(name.removesuffix(".svg") for name in _archive().namelist()))


def stems_of(drawable: Collection[str]) -> set[str]:
    """Return which of these drawings, by their file names without ending, some word asks for."""
    return {_file_stem(char) for char in _names_among(drawable).values()}


def _names_among(drawable: Collection[str]) -> dict[str, str]:
    """Index the drawable icons by name, as written and in the singular: synonyms first, then names, then aliases."""
    import emoji  # noqa: PLC0415

    names: dict[str, str] = {}
    char = ""
    for token in SYNONYMS.split():
        if not token[0].isalpha():
            char = token
            continue
        for name in (token, singular(token)):
            names.setdefault(name.replace("_", " "), char)
    known = [
        (char, data)
        for char, data in emoji.EMOJI_DATA.items()
        if data["status"] == emoji.STATUS["fully_qualified"]
        and NOT_PICTURES.isdisjoint(_split(data["en"]))
        and not "\U0001f1e6" <= char[0] <= "\U0001f1ff"  # the flags of countries
        and char[0] not in SCENES
        and _file_stem(char) in drawable
    ]
    for spelling in ("en", "alias"):
        for char, data in known:
            for name in [data["en"]] if spelling == "en" else data.get("alias", []):
                words = _split(name)
                if len(words) <= LONGEST_NAME_WORDS and len(name) > len(":ab:"):
                    names.setdefault(" ".join(words), char)
                    names.setdefault(" ".join([*words[:-1], singular(words[-1])]), char)
    return names


def _file_stem(char: str) -> str:
    """Return the name under which Twemoji keeps a character: code points, variation selectors only where joined."""
    points = [f"{ord(part):x}" for part in char]
    return "-".join(points if "200d" in points else [point for point in points if point != "fe0f"])


@cache
def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(importlib.resources.files(__package__).joinpath("icons.zip").read_bytes()))


@cache
def _icon(char: str) -> Icon:
    """Read an icon's SVG and take off its outer element."""
    text = _archive().read(f"{_file_stem(char)}.svg").decode()
    return Icon(char, text[text.index(">") + 1 : text.rindex("</svg>")])
