"""What reads text or bytes that others wrote, each with valid examples of what it reads: the one table."""

# ruff: noqa: RUF001  the typography of authors is what this is about

from __future__ import annotations

import atexit
import base64
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from calls import a_call
from fuzz.bounds import Target
from fuzz.mutations import contents, documents, json_texts, texts
from hypothesis import strategies as st
from loopback import Loopback
from PIL import Image
from scripts import request_for
from vendors.sound import alignment_of, in_mp3, in_wav, samples_of, tokens_of
from workspace import ROOT, Workspace

from reelmake.api.jsonl import error_document, parse, received, slug
from reelmake.api.video import _Batch
from reelmake.core.amounts import amount_of, dollars, headline
from reelmake.core.errors import InputError, LostError, ProviderError
from reelmake.core.keys import Action, canonical_json
from reelmake.core.templates import IMAGE_TEMPLATE, image_prompt, render, subject_of
from reelmake.engine.billing_factor import BillingFactors
from reelmake.engine.costs import BY, spending
from reelmake.engine.readers import read_image, read_voice, script_lines
from reelmake.engine.request_note import RequestNote
from reelmake.engine.scripts import equivalent_of, repair_of
from reelmake.media.ffmpeg import Ffmpeg
from reelmake.media.mp4 import read_track
from reelmake.media.probe import problem as media_problem
from reelmake.media.probe import still_problem
from reelmake.media.voice import decode, flaw, level, read_wav, trim
from reelmake.plan.bounds import speech_seconds, unwritten
from reelmake.plan.steps import plan
from reelmake.project.load import survey
from reelmake.project.settings import load_settings
from reelmake.providers import provider
from reelmake.providers.base import MOST_PIXELS, as_png
from reelmake.providers.english.spoken import has_words, say, unspeakable
from reelmake.providers.speech import alignment
from reelmake.providers.speech.alignment import Heard
from reelmake.providers.speech.audio import read_sound
from reelmake.providers.speech.display_words import shown_words
from reelmake.spec import clean_text
from reelmake.spec.documents import Dialogue, DialogueRequest
from reelmake.spec.load import read_character, read_episode
from reelmake.spec.model import line_ids
from reelmake.spec.screenplay import read_script
from reelmake.store.base import Receipt
from reelmake.store.local import LocalStore, place_of

# Texts of authors

EPISODES: Final = (
    b"title: Why honey keeps\ntopic: honey\ncast: [ada, max]\nlines: 5\nstyle: golden\nmusic: calm.ogg\n",
    b"title: Blue\nscript:\n  - ada: Why is it blue?\n    image: a sky\n  - max: It scatters.\n    take: {voice: 2}\n",
    (
        b'title: "Two: one"\nlanguage: en\nlanguages: [en, ja]\nreel: {size: 720x1280, fps: 30, pause_seconds: 0.3}\n'
        b"script:\n- ada: Hello *there*, it is $5.\n  translations: {ja: Konnichiwa}\n  pause_seconds: 1.5\n"
    ),
    b"title: Pasted\nscript: |\n  INT. KITCHEN - NIGHT\n\n  ADA\n  (whispering)\n  Who is there?\n\n  Max: Me.\n",
    *((ROOT / "episodes" / f"{name}.yaml").read_bytes() for name in ("sky", "octopus")),
)
CHARACTERS: Final = tuple((ROOT / "characters" / f"{name}.yaml").read_bytes() for name in ("ada", "max"))
NAMES: Final = (b"providers:", b"publish:", b"hook:", b"captions:", b"background: {file: x, flow: elastic}", b"- max: ")
SETTINGS: Final = (
    (
        b'[tool.reelmake]\ncap_usd = 5\nbudget = {usd = 20, per = "month"}\nstore = ".reelmake/store"\n'
        b'[tool.reelmake.providers]\nvoice = {provider = "elevenlabs", voice_id = "x"}\nimage = "offline"\n'
        b'[tool.reelmake.reel]\nsize = "720x1280"\nfps = 30\n[tool.reelmake.limits]\nopenai-text = 3\n'
        b'[tool.reelmake.prices."openai/x"]\nusd_per_image = 0.1\n'
    ),
)
PASTED: Final = (
    "INT. KITCHEN - NIGHT\n\nAda looks up.\n\nADA\n(whispering)\nWho is there?\n\nMax: Me.\n",
    "**Ada:** Hello *there*, [a link](https://example.org) (laughs)\nMax (quietly): `code` ~~no~~ \\* ___yes___\n> #\n",
    "Ada： こんにちは（笑）\n*smiles* Hello. *nods* Yes! [laughs] It is (almost) true. <https://example.org>\n---\n",
)
SPOKEN: Final = (
    "It costs $3.2 billion, or 1,000,000 of 3½ km/h at 12:30 p.m. on 1999-12-31.",
    "Dr. Smith's e-mail is max@example.org; see example.org/a?b=c. No. 7, II, IV, 1st, 2/3, x², CO₂, -40°C, 5%.",
    "She said: “N.A.S.A. isn't 24/7”... the '90s, 10-20 kg, €5, £3m, #1, 1e5, A&B, 0.05, 3:2, Henry VIII 🚀 (what?)",
)
TEMPLATES: Final = (
    "{{ subject }}. {% if style %}Style: {{ style }}.{% endif %}",
    "{% for word in subject.split() %}{{ loop.index }} {{ word|upper|default('x')|replace('a', 'b') }}{% endfor %}",
    "{% set x = [1, 2] %}{{ x|join(', ') ~ ('%s' % style) }}{# #}{% macro m(a) %}{{ a * 3 }}{% endmacro %}{{ m(1) }}",
)


@cache
def project() -> Path:
    """Return the folder of a project, for all inputs of this process."""
    folder = tempfile.TemporaryDirectory(prefix="reelmake-fuzz-")
    atexit.register(folder.cleanup)
    return Workspace(Path(folder.name, "project"), provider="offline").root


def use_episode(content: bytes) -> None:
    """Read it alone, then in a project, and plan what is sound, as `check` and `plan` do."""
    read_episode(content, "episodes/one.yaml")
    file = project() / "episodes" / "one.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    for show in survey(project(), ["one"]).project.productions.values():
        lines = show.episode.script or []
        plan(show, lines)
        line_ids(lines)
        list(unwritten(show))


def use_character(content: bytes) -> None:
    """Read it."""
    read_character(content, "characters/ada.yaml")


def use_settings(content: bytes) -> None:
    """Read it as `pyproject.toml`, and as `.env`."""
    folder = project().parent / "settings"
    folder.mkdir(exist_ok=True)
    for name in ("pyproject.toml", ".env"):
        for other in folder.iterdir():
            other.unlink()
        (folder / name).write_bytes(content)
        load_settings(folder)


def use_pasted(text: str) -> None:
    """Find speeches in it, and what is spoken of it."""
    read_script(text)
    once = clean_text.spoken(text)
    assert clean_text.spoken(once) == once
    subject_of(text)
    slug(text)


def use_spoken(text: str) -> None:
    """Say it in English, and lay it out."""
    unspeakable(text)
    has_words(text)
    assert all(word.said.strip() for word in say(text))
    shown_words(text, "en")
    speech_seconds(text)


def use_template(text: str) -> None:
    """Fill it in."""
    image_prompt(text, subject="a red fox", style="ink", title="Foxes")
    render(text, file=IMAGE_TEMPLATE, subject="a red fox", style="ink", title="Foxes")


# Answers of vendors

SAID: Final = "Why is the sky blue?"
SCRIPT: Final = {
    "lines": [
        {"character": who, "text": text, "image": "a sky"}
        for who, text in (
            ("ada", SAID),
            ("Max Power", "*smiles* It scatters."),
            ("ada", "Oh."),
            ("max", "Yes, [laughs]."),
        )
    ]
}
USAGE: Final = {"prompt_tokens": 90, "completion_tokens": 40, "prompt_tokens_details": {"cached_tokens": 3}}


def completion(text: str) -> dict[str, Any]:
    """Return a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, "refusal": None}, "finish_reason": "stop"}
    return {"id": "c1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": USAGE}


SCRIPT_REQUEST: Final = request_for()


def picture(form: str, mode: str = "RGB") -> bytes:
    """Return a small picture."""
    made = io.BytesIO()
    Image.effect_noise((24, 16), 60).convert(mode).save(made, form)
    return made.getvalue()


PICTURES: Final = (
    *map(picture, ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")),
    picture("PNG", "RGBA"),
    picture("PNG", "P"),
)
SOUND: Final = samples_of(tokens_of(SAID), 24_000, 180)
WAV: Final = in_wav(SOUND, 24_000)
SOUNDS: Final = (WAV, WAV[:20] + b"\xfe\xff" + WAV[22:], WAV[:200], in_mp3(SOUND, 24_000))
ALIGNED: Final = alignment_of(tokens_of(SAID), normalized=False).body()
SPEECH: Final = {
    "audio_base64": base64.b64encode(WAV).decode(),
    "alignment": ALIGNED,
    "normalized_alignment": alignment_of(tokens_of(SAID), normalized=True).body(),
}
DRAWN: Final = {"created": 1, "data": [{"b64_json": base64.b64encode(PICTURES[0]).decode()}], "usage": USAGE}
FAL_RESULT: Final = {
    "images": [{"url": "data:image/png;base64,AAAA", "width": 8}],
    "has_nsfw_concepts": [False],
    "seed": 1,
}
FAL: Final = {"result": json.dumps(FAL_RESULT), "units": "1", "image": DRAWN["data"][0]["b64_json"]}  # type: ignore[index]
ITEM: Final = {
    "history_item_id": "h1",
    "request_id": "q1",
    "voice_id": "v",
    "model_id": "m",
    "text": SAID,
    "state": "created",
    "date_unix": datetime.now(UTC).timestamp() + 1,
    "settings": {"speed": 1.1},
    "character_count_change_from": 0,
    "character_count_change_to": 20,
    "alignments": {"alignment": ALIGNED, "normalized_alignment": None},
}
ERRORS: Final = (
    {"error": {"message": "no", "type": "x", "code": "model_not_found", "param": "model"}},
    {"detail": [{"loc": ["body", "seed"], "msg": "no", "type": "x"}], "error_type": "runner_timeout"},
    {"detail": {"status": "quota_exceeded", "message": "no"}},
)
VOICE: Final = {
    "provider": "elevenlabs",
    "text": SAID,
    "voice_id": "v",
    "model": "m",
    "voice_settings": {"speed": 1.1},
    "output_format": "wav_24000",
    "seed": 1,
}
REQUESTS: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("script", "openai"): SCRIPT_REQUEST,
    ("voice", "elevenlabs"): VOICE,
    ("image", "openai"): {
        "provider": "openai", "model": "gpt-image-2", "prompt": "a", "size": "1024x1024", "quality": "low",
        "moderation": "low", "take": 1,
    },
    ("image", "fal"): {
        "provider": "fal", "model": "fal-ai/flux", "prompt": "a", "image_size": {"width": 8, "height": 8}, "take": 1
    },
}  # fmt: skip
VENDOR_DOCUMENTS: Final = (
    completion(json.dumps(SCRIPT)), SPEECH, DRAWN, FAL_RESULT, {"history": [ITEM], "has_more": False}, ITEM,
    {"request_id": "r1", "status": "COMPLETED", "status_url": "", "response_url": "https://example.org"}, *ERRORS,
)  # fmt: skip
HEADERS: Final = {
    "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT",
    "character-cost": "20",
    "x-fal-billable-units": "1",
    "request-id": "q1",
    "content-encoding": "gzip",
    "date": "Fri, 31 Dec 1999 23:59:59 GMT",
}


def use_script(text: str) -> None:
    """Read it as a model's answer, and as what is requested after one that cannot be used."""
    for body in (text.encode(), json.dumps(completion(text)).encode()):
        action = Action("script", 1, SCRIPT_REQUEST, {}, {})
        if (more := repair_of(action, body)) is not None:
            canonical_json(more.request)
        script_lines(body, action)


def use_stored_script(content: bytes) -> None:
    """Keep it as the answer of a script, and look for what it stands for."""
    store = LocalStore(project() / "store")
    action = Action("script", 1, {**SCRIPT_REQUEST, "take": len(content)}, {}, {})
    equivalent_of(action, _Holding(store.root, content))


class _Holding(LocalStore):
    """A store with one answer, under every key."""

    def __init__(self, root: Path, content: bytes) -> None:
        super().__init__(root)
        self._content = content

    def find(self, key: str) -> Receipt:
        return Receipt("script", key, {}, "0" * 64, Decimal(0), {}, "openai", "2026-01-01T00:00:00+00:00")

    def read(self, blob: str) -> bytes:
        del blob
        return self._content


def use_voice(text: str) -> None:
    """Read it as an answer with speech."""
    read_voice(text.encode(), Action("voice", 1, VOICE, {}, {}), Ffmpeg())


def use_alignment(found: Any) -> None:
    """Find the times of words in it."""
    words, heard = shown_words(SAID, "en"), Heard(len(SOUND) / 48_000, (True,) * (len(SOUND) // 480))
    for way in (partial(alignment.by_characters, words, SAID), partial(alignment.by_spoken_words, words)):
        try:
            times = way(alignment.characters(found), heard)
        except alignment.UnusableError:
            continue
        assert all(begin <= end for begin, end in times)


def use_image(name: str, text: str) -> None:
    """Read it as an answer with a picture."""
    read_image(text.encode(), Action("image", 1, {"provider": name}, {}, {}), Ffmpeg())


@cache
def vendor() -> Loopback:
    """Return the server that all vendors' addresses are."""
    server = Loopback("")
    server.__enter__()
    atexit.register(server.__exit__)
    return server


def use_exchange(given: tuple[str, str, int, Mapping[str, str], bytes]) -> None:
    """Send a request to a vendor that answers so, whatever is requested; and look for it once more."""
    kind, name, status, headers, body = given
    server = vendor()
    server.answer = lambda _: (status, body, dict(headers))
    keys = {f"{vendor}_{what}": "key" for vendor in ("OPENAI", "ELEVENLABS") for what in ("API_KEY",)} | {
        "FAL_KEY": "key"
    }
    urls = {f"{vendor}_BASE_URL": server.url for vendor in ("OPENAI", "ELEVENLABS", "FAL")}
    call = a_call({**keys, **urls}, timeout_seconds=0.15, ticket={"request_id": "r1"})
    performer, request = provider(kind, name), REQUESTS[kind, name]
    for perform in (performer.ask, performer.recover):
        try:
            answer = perform(request, call)
        except ProviderError as error:
            note = RequestNote(LocalStore(project() / "store"), KEY, {"provider": name}, Decimal("0.02"))
            note.lose(LostError(error.what, error.fix))
            continue
        if answer:
            assert answer.usd is None or answer.usd >= 0
            _receipt(answer.usd, answer.units, answer.vendor_ids).to_json()
    performer.ends_on({"model": "m"}, call)


EXCHANGES: Final = st.tuples(
    st.sampled_from(list(REQUESTS)),
    st.sampled_from((200, 200, 200, 201, 302, 400, 401, 404, 410, 422, 429, 500, 504, 524)),
    st.dictionaries(
        st.sampled_from(list(HEADERS)),
        texts(list(HEADERS.values())).map(lambda text: "".join(char for char in text if 32 <= ord(char) < 127)),
        max_size=2,
    ),
    json_texts(VENDOR_DOCUMENTS).map(str.encode)
    | contents(SOUNDS)
    | contents([b"<html>", b"data: {}\n\n", b"\x1f\x8b\x08"]),
).map(lambda given: (*given[0], *given[1:]))

# Headers of media


def use_sound(content: bytes) -> None:
    """Read it as a sound, first its header alone, then all of it."""
    if content[:4] == b"RIFF":
        read_wav(content)
        read_sound(content).heard()
    pcm = decode(content, Ffmpeg())
    flaw(pcm, 0.1, 10)
    kept, _ = trim(pcm)
    level(kept)


def use_picture(content: bytes) -> None:
    """Read it as a picture of a vendor, and as a sprite."""
    file = project() / "sprite"
    file.write_bytes(content)
    still_problem(file)
    as_png(content)


def use_media(content: bytes) -> None:
    """Look at it as an author's file; and as one of ours."""
    file = project() / "media"
    file.write_bytes(content)
    for want in ("video", "picture", "audio"):
        media_problem(file, want, Ffmpeg())
    read_track(file)


@cache
def videos() -> tuple[bytes, ...]:
    """Return a small video."""
    return ((ROOT / "assets" / "drift.mp4").read_bytes()[:60_000], (ROOT / "assets" / "calm.ogg").read_bytes()[:20_000])


# What a store holds

KEY: Final = "r1:" + "a" * 64
LOST: Final = {"asked_at": "2026-11-01T10:00:00+00:00", "usd": "0.02", "why": "the answer did not arrive"}
NOTE: Final = {
    "step": "voice:sky/1", "kind": "voice", "provider": "elevenlabs", "usd": "0.02", "asked_at": LOST["asked_at"],
    "ticket": {"request_id": "r1"}, "lost": [LOST], "oversized": ["it is too large", "bump take:"],
}  # fmt: skip


def _receipt(usd: Decimal | None, units: Mapping[str, Any], ids: Any = ()) -> Receipt:
    return Receipt(
        "voice", KEY, {"kind": "voice", "request": VOICE}, "0" * 64, usd, units, "elevenlabs", LOST["asked_at"],
        "voice:sky/1", Decimal("0.02"), (LOST,), ids,
    )  # fmt: skip


RECEIPT: Final = json.loads(_receipt(Decimal("0.04"), {"characters": 20, "credits": Decimal("1.5")}, ("h1",)).to_json())


def use_receipt(text: str) -> None:
    """Read it from a store, add it up, learn from it, and write it again."""
    store = LocalStore(project() / "store")
    _keep(store, "actions", text)
    receipt = store.find(KEY)
    if receipt is None:
        receipt = Receipt.from_json(text)
    for by in BY:
        spent = spending([receipt, receipt], [], {}, by)
        json.dumps(spent.to_json())
        dollars(spent.usd), headline(spent.usd)
    factors = BillingFactors()
    factors.learn(VOICE, "r1:b", Decimal("0.02"), Decimal("0.03"))
    factors.learn(VOICE, receipt.key, receipt.quoted_usd, receipt.usd)
    factors.expected(provider("voice", "elevenlabs"), VOICE, Decimal("0.02"), store)
    Receipt.from_json(receipt.to_json())


def use_note(text: str) -> None:
    """Continue a request by it, and add it up."""
    store = LocalStore(project() / "store")
    _keep(store, "notes", text)
    note = RequestNote(store, KEY, {"step": "voice:sky/1", "provider": "elevenlabs"}, Decimal("0.02"))
    note.used_ids()
    spent = spending([], [(KEY, found) for _, found in store.notes()], {})
    json.dumps(spent.to_json())
    note.find()
    note.close()


def _keep(store: LocalStore, part: str, text: str) -> None:
    file = store.root / place_of(part, KEY)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))


# JSON of other programs

REQUEST: Final = {"schema": "reelmake/request@1", "topic": "the sky", "cast": ["ada", "max"], "lines": 4, "take": 2}
DIALOGUE: Final = {
    "schema": "reelmake/dialogue@1",
    "name": "sky",
    "title": "Sky",
    "language": "en",
    "characters": {
        "ada": {
            "name": "Ada", "voice": {"offline": {"voice": "heart"}}, "caption": {"color": "#FFD166"}, "side": "left",
            "sprites": {"telling": "data:image/png;base64,iVBORw0KGgo="},
        }
    },
    "lines": [{"id": "1", "character": "ada", "text": "Hello $5.", "take": {"voice": 2}, "pause_seconds": 0.5}],
    "reel": {"size": "720x1280", "fps": 30},
    "providers": {"voice": {"provider": "offline", "options": {}}},
    "cost": {"usd": "0.5", "by_kind": {"voice": None}},
}  # fmt: skip


def use_stdin(text: str) -> None:
    """Read it as both stages do."""
    batch = _Batch({}, {}, {})
    for one in received(text):
        for model in (DialogueRequest, Dialogue):
            try:
                found = parse(model, one)
            except InputError as error:  # its document has to say what is wrong
                error_document(error, "stdin").model_dump_json()
                continue
            canonical_json(found.model_dump(mode="json"))
            if isinstance(found, Dialogue):
                batch.add(found.name, found)


def use_amount(text: str) -> None:
    """Read it as an amount, and show it."""
    if (amount := amount_of(text)) is not None:
        dollars(amount), headline(amount)


# Read receipts may be anything: a store takes one that is none for missing.
_PICTURE_MB: Final = 12 * MOST_PIXELS // 1_000_000 + 150

TARGETS: Final[Mapping[str, Target]] = {
    "episode": Target(contents(EPISODES, NAMES), use_episode),
    "character": Target(contents(CHARACTERS, NAMES), use_character),
    "settings": Target(contents(SETTINGS), use_settings),
    "pasted text": Target(texts(PASTED), use_pasted),
    "spoken text": Target(texts(SPOKEN), use_spoken),
    "template": Target(texts(TEMPLATES, ["{{ ", " }}", "|", "subject", "* 999999999", "range(10**9)"]), use_template),
    "script": Target(json_texts([SCRIPT, SCRIPT["lines"]]) | json_texts([completion(json.dumps(SCRIPT))]), use_script),
    "stored script": Target(
        json_texts([{"schema": "reelmake/stands-for@1", "request": SCRIPT_REQUEST}]).map(str.encode), use_stored_script
    ),
    "voice": Target(json_texts([SPEECH]), use_voice, most_mb=400),
    "alignment": Target(documents([ALIGNED]), use_alignment),
    "picture of openai": Target(json_texts([DRAWN]), partial(use_image, "openai"), most_mb=_PICTURE_MB),
    "picture of fal": Target(json_texts([FAL]), partial(use_image, "fal"), most_mb=_PICTURE_MB),
    "exchange": Target(EXCHANGES, use_exchange),
    "sound": Target(contents(SOUNDS, [b"fmt ", b"data", b"LIST", b"\xfe\xff"]), use_sound, most_mb=400),
    "picture": Target(
        contents(PICTURES, [b"IHDR", b"IDAT", b"iCCP", b"tEXt", b"VP8X"]), use_picture, most_mb=_PICTURE_MB
    ),
    "media": Target(contents(videos(), [b"moov", b"trak", b"stsz", b"mdhd"]), use_media, most_mb=400),
    "receipt": Target(json_texts([RECEIPT]), use_receipt, (ValueError,)),
    "note": Target(json_texts([NOTE]), use_note),
    "stdin": Target(
        json_texts([REQUEST, DIALOGUE]) | texts(["\n".join(map(json.dumps, [REQUEST, DIALOGUE]))]), use_stdin
    ),
    "amount": Target(texts(["0.0548", "12", "1E+3", "-0"]), use_amount),
}
