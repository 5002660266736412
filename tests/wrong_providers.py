"""Three small providers that keep the contract, and many that break it in one thing each: for tests of the suite.

WRONG maps the name of a check to what fails it: a provider's kind and class, and a part of what the check says.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import wave
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from reelmake.core.errors import AccountError, ProviderError
from reelmake.providers.base import (
    Answer,
    Call,
    ImageProvider,
    Options,
    Provider,
    Request,
    ScriptLine,
    ScriptProvider,
    Speech,
    SpokenWord,
    VoiceProvider,
)
from reelmake.providers.prices import Prices

KEY = "right-key-5150"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
BILLED: list[Request] = []  # the server's books
COUNT = itertools.count()
CENT = Decimal("0.01")


class AcmeOptions(Options):
    """What can be chosen."""

    model: str = Field("acme-1", description="Which model works.")


class Acme(Provider):
    """What the three have in common."""

    pool: ClassVar[str] = "acme"
    options: ClassVar[type[Options]] = AcmeOptions
    secrets: ClassVar[tuple[str, ...]] = ("ACME_KEY",)
    words: ClassVar[tuple[str, ...]] = ()

    def shape(self, asked: Request) -> Request:
        options = AcmeOptions.model_validate(asked.get("voice", asked.get("options", {})))
        words = {name: asked[name] for name in self.words}
        return {"provider": asked["provider"], "model": options.model, "take": asked["take"], **words}

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        del request, prices
        return CENT

    def ask(self, request: Request, call: Call) -> Answer:
        if call.secret("ACME_KEY") != KEY:
            raise AccountError("acme: this is not your key", "check ACME_KEY")
        if call.proxy:
            raise AccountError("acme: the proxy is dead", "check REELMAKE_PROXY")
        BILLED.append(request)
        call.keep_ticket({"job": 1})
        return Answer(self.body(request), {"calls": 1}, CENT)

    def recover(self, request: Request, call: Call) -> Answer | None:
        return Answer(self.body(request), {"calls": 1}, CENT) if call.ticket else None

    def body(self, request: Request) -> bytes:
        raise NotImplementedError


def opened(body: bytes, name: str) -> Any:
    try:
        return json.loads(body)[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ProviderError("acme: this is no answer", "bump the line's take:") from None


class Image(Acme, ImageProvider):
    """Draws a dot."""

    words: ClassVar[tuple[str, ...]] = ("prompt", "width", "height")

    def body(self, request: Request) -> bytes:
        del request
        return json.dumps({"png": base64.b64encode(PNG).decode()}).encode()

    def read(self, body: bytes, request: Request) -> bytes:
        del request
        try:
            png = base64.b64decode(opened(body, "png"), validate=True)
        except (ValueError, TypeError):
            png = b""
        if png != PNG:
            raise ProviderError("acme: there is no picture", "bump the line's take:")
        return png


class Voice(Acme, VoiceProvider):
    """Is silent."""

    words: ClassVar[tuple[str, ...]] = ("text", "language")

    def problem(self, text: str, language: str) -> str:
        del language
        return "" if any(one.isalnum() for one in text) else "there is no word"

    def body(self, request: Request) -> bytes:
        return json.dumps({"said": request["text"].split()}).encode()

    def read(self, body: bytes, request: Request) -> Speech:
        del request
        said = opened(body, "said")
        if not isinstance(said, list) or not said or not all(isinstance(word, str) for word in said):
            raise ProviderError("acme: nothing is said", "bump the line's take:")
        sound = io.BytesIO()
        with wave.open(sound, "wb") as wav:
            wav.setparams((1, 2, 8000, 0, "NONE", ""))
            wav.writeframes(bytes(16_000 * len(said)))
        return Speech(sound.getvalue(), tuple(SpokenWord(word, at, at + 1) for at, word in enumerate(said)))


class Script(Acme, ScriptProvider):
    """Counts."""

    words: ClassVar[tuple[str, ...]] = ("topic", "lines", "cast", "language")

    def body(self, request: Request) -> bytes:
        return json.dumps({"lines": [f"{request['topic']} {at}" for at in range(request["lines"])]}).encode()

    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        lines = opened(body, "lines")
        if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
            raise ProviderError("acme: there are no lines", "bump the episode's take:")
        return tuple(ScriptLine(request["cast"][0]["id"], line, "") for line in lines)


# each of these is wrong in one thing


class PoolImage(Image):
    pool = "Acme Pool"


class TimeImage(Image):
    timeout_seconds = 0


class SecretsImage(Image):
    secrets = ("acme key",)


class NoOptionsImage(Image):
    options = dict  # type: ignore[assignment]


class SilentOptions(AcmeOptions):
    model: str = "acme-1"


class SilentImage(Image):
    options = SilentOptions


class OpenOptions(AcmeOptions):
    model_config = ConfigDict(extra="ignore")


class OpenImage(Image):
    options = OpenOptions


class LooseOptions(AcmeOptions):
    model_config = ConfigDict(frozen=False)


class LooseImage(Image):
    options = LooseOptions


class ExactImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "cost": CENT}


class TupleImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "size": (1, 2)}


class GreedyImage(Image):
    def shape(self, asked: Request) -> Request:
        shape = super().shape(asked)
        asked.pop("subject", None)  # type: ignore[attr-defined]
        return shape


class RestlessImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "seed": next(COUNT)}


class OrderedImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "names": list(asked)}


class HashedImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "seed": hash(asked["prompt"])}


class NamelessImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "provider": "somebody"}


class TakelessVoice(Voice):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "take": 1}


class StubbornImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "model": "acme-1"}


class CuriousImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "subject": asked["subject"]}


class BareImage(Image):
    def shape(self, asked: Request) -> Request:
        return {**super().shape(asked), "model": asked["options"].get("model", "")}


class FloatImage(Image):
    def price(self, request: Request, prices: Prices) -> Decimal | None:
        del request, prices
        return 0.01  # type: ignore[return-value]


class GivingImage(Image):
    def price(self, request: Request, prices: Prices) -> Decimal | None:
        del request, prices
        return Decimal(-1)


class FreshImage(Image):
    def shape(self, asked: Request) -> Request:
        return Priced(super().shape(asked))

    def price(self, request: Request, prices: Prices) -> Decimal | None:
        del prices
        return Decimal(isinstance(request, Priced))


class Priced(dict[str, Any]):
    """A request with something that no JSON holds."""


class BareAnswerImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        return super().ask(request, call).body  # type: ignore[return-value]


class Answering(Image):
    more: ClassVar[Mapping[str, Any]] = {}

    def ask(self, request: Request, call: Call) -> Answer:
        answer = super().ask(request, call)
        told = {"body": answer.body, "units": answer.units, "usd": answer.usd, **self.more}
        return Answer(**told)


class EmptyImage(Answering):
    more: ClassVar[Mapping[str, Any]] = {"body": b""}


class UnitsImage(Answering):
    more: ClassVar[Mapping[str, Any]] = {"units": {"megapixels": 0.5}}


class UsdImage(Answering):
    more: ClassVar[Mapping[str, Any]] = {"usd": 0.01}


class DearImage(Answering):
    more: ClassVar[Mapping[str, Any]] = {"usd": Decimal("0.02")}


class ManyImage(Answering):
    more: ClassVar[Mapping[str, Any]] = {"most_at_once": 0}


class TwiceImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        super().ask(request, call)
        return super().ask(request, call)


class JpegImage(Image):
    def read(self, body: bytes, request: Request) -> bytes:
        return b"\xff\xd8\xff" + super().read(body, request)


class FicklePicture(Image):
    def read(self, body: bytes, request: Request) -> bytes:
        return super().read(body, request) + str(next(COUNT)).encode()


class OtherVoice(Voice):
    def read(self, body: bytes, request: Request) -> Speech:
        speech = super().read(body, request)
        return Speech(speech.audio, speech.words[1:])


class LateVoice(Voice):
    def read(self, body: bytes, request: Request) -> Speech:
        speech = super().read(body, request)
        return Speech(speech.audio, tuple(SpokenWord(word.text, 1.0, 2.0) for word in speech.words))


class QuickVoice(Voice):
    def read(self, body: bytes, request: Request) -> Speech:
        speech = super().read(body, request)
        return Speech(speech.audio, tuple(SpokenWord(word.text, 1.0, 1.0) for word in speech.words))


class ListScript(Script):
    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        return list(super().read(body, request))  # type: ignore[return-value]


class ShortScript(Script):
    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        return super().read(body, request)[1:]


class StrangeScript(Script):
    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        return tuple(ScriptLine("Ada", line.text, "") for line in super().read(body, request))


class MuteScript(Script):
    def read(self, body: bytes, request: Request) -> tuple[ScriptLine, ...]:
        return tuple(ScriptLine(line.character, " ", "") for line in super().read(body, request))


class TrustingImage(Image):
    def read(self, body: bytes, request: Request) -> bytes:
        del body, request
        return PNG


class RawImage(Image):
    def read(self, body: bytes, request: Request) -> bytes:
        del request
        return base64.b64decode(json.loads(body)["png"])


class CurtImage(Image):
    def read(self, body: bytes, request: Request) -> bytes:
        try:
            return super().read(body, request)
        except ProviderError as error:
            raise ProviderError(error.what) from None


class BendingImage(Image):
    """Breaks over answers that are nearly right."""

    def read(self, body: bytes, request: Request) -> bytes:
        del request
        return base64.b64decode(opened(body, "png"))


class HardError(ProviderError):
    """Cannot be made of what `args` holds."""

    def __init__(self, number: int) -> None:
        super().__init__(f"acme: error {number}", "bump the line's take:")


class SoftError(ProviderError):
    """Loses a part of what it says."""

    def __init__(self, what: str, fix: str, hint: str = "") -> None:
        super().__init__(what, fix)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args


class SoftImage(Image):
    def read(self, body: bytes, request: Request) -> bytes:
        try:
            return super().read(body, request)
        except ProviderError as error:
            raise SoftError(error.what, error.fix, "wait a little") from None


class HardImage(Image):
    def read(self, body: bytes, request: Request) -> bytes:
        try:
            return super().read(body, request)
        except ProviderError:
            raise HardError(7) from None


class DatelessImage(Image):
    def ends_on(self, options: Mapping[str, Any], call: Call) -> str | None:
        del options, call
        return "soon"


class LastDayImage(Image):
    def ends_on(self, options: Mapping[str, Any], call: Call) -> str | None:
        del options
        call.secret("ACME_KEY")
        return None


class PaidDayImage(Image):
    def ends_on(self, options: Mapping[str, Any], call: Call) -> str | None:
        del call
        BILLED.append(options)
        return "2030-01-01"


class InventingImage(Image):
    def recover(self, request: Request, call: Call) -> Answer | None:
        del call
        return Answer(self.body(request))


class BuyingImage(Image):
    def recover(self, request: Request, call: Call) -> Answer | None:
        BILLED.append(request)
        return super().recover(request, call)


class TicketImage(Image):
    ticket: ClassVar[Any] = "job 1"

    def ask(self, request: Request, call: Call) -> Answer:
        answer = super().ask(request, call)
        call.keep_ticket(self.ticket)
        return answer


class TupleTicketImage(TicketImage):
    ticket: ClassVar[Any] = {"job": (1, 2)}


class BytesTicketImage(TicketImage):
    ticket: ClassVar[Any] = {"job": b"1"}


class ForgetfulImage(Image):
    def recover(self, request: Request, call: Call) -> Answer | None:
        del request, call
        return None


class OtherAnswerVoice(Voice):
    def recover(self, request: Request, call: Call) -> Answer | None:
        return super().recover({**request, "text": "something else"}, call)


class BuyingAgainImage(Image):
    def recover(self, request: Request, call: Call) -> Answer | None:
        return self.ask(request, call) if call.ticket else None


class LeakingImage(Answering):
    more: ClassVar[Mapping[str, Any]] = {"units": {KEY: 1}}


class EchoingImage(Image):
    def body(self, request: Request) -> bytes:
        return json.dumps({**json.loads(super().body(request)), "authorization": KEY}).encode()


class OwnErrorImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        if call.variable("ACME_KEY") != KEY:
            raise ProviderError("acme: no", "set ACME_KEY")
        return super().ask(request, call)


class TellingImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        if call.secret("ACME_KEY") != KEY:
            raise AccountError(f"acme: {call.secret('ACME_KEY')} is not your key", "check ACME_KEY")
        return super().ask(request, call)


class CarelessImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        del call
        return Answer(self.body(request))


class CrashingImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        if not call.variable("ACME_KEY"):
            raise KeyError("ACME_KEY")
        return super().ask(request, call)


class DirectImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        call.secret("ACME_KEY")
        BILLED.append(request)
        return Answer(self.body(request))


class TellingProxyImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        if call.proxy:
            raise AccountError(f"acme: {call.proxy} is dead", "check REELMAKE_PROXY")
        return super().ask(request, call)


class BilledProxyImage(Image):
    def ask(self, request: Request, call: Call) -> Answer:
        BILLED.append(request)
        return super().ask(request, call)


class SpeechlessVoice(Voice):
    def language_problem(self, language: str) -> str:
        del language
        return None  # type: ignore[return-value]


class PickyScript(Script):
    def language_problem(self, language: str) -> str:
        return f"there is no {language}"


class PickyVoice(Voice):
    def problem(self, text: str, language: str) -> str:
        del language
        return f"{text} cannot be said"


class SilentVoice(Voice):
    def problem(self, text: str, language: str) -> str:
        del text, language
        return None  # type: ignore[return-value]


class BlankVoice(Voice):
    def problem(self, text: str, language: str) -> str:
        del text, language
        return ""


GOOD: Mapping[str, type[Provider]] = {"script": Script, "voice": Voice, "image": Image}
WRONG: Mapping[str, tuple[tuple[str, type[Provider] | None, str], ...]] = {
    "check_it_is_registered": (
        ("image", None, "is not registered"),
        ("image", Voice, "is no ImageProvider"),
        ("sound", Voice, "there is no kind"),
    ),
    "check_its_settings_are_well_formed": (
        ("image", PoolImage, "pool is"),
        ("image", TimeImage, "timeout_seconds is 0"),
        ("image", SecretsImage, "names of variables"),
    ),
    "check_its_options_are_described": (
        ("image", NoOptionsImage, "no subclass"),
        ("image", SilentImage, "have no description: model"),
        ("image", OpenImage, "is taken"),
        ("image", LooseImage, "frozen"),
    ),
    "check_its_shape_is_json": (("image", ExactImage, "is no JSON"), ("image", TupleImage, "JSON changes")),
    "check_its_shape_is_pure": (
        ("image", GreedyImage, "changes what it is given"),
        ("image", RestlessImage, "the second time"),
        ("image", OrderedImage, "order of names"),
        ("image", HashedImage, "in another process"),
    ),
    "check_its_shape_names_the_provider": (("image", NamelessImage, "does not keep"),),
    "check_its_shape_holds_what_matters": (
        ("voice", TakelessVoice, "another take asks for the same"),
        ("image", StubbornImage, "another model asks for the same"),
    ),
    "check_its_shape_holds_nothing_else": (
        ("image", CuriousImage, "another subject"),
        ("image", BareImage, "its default"),
    ),
    "check_its_price_is_an_amount": (
        ("image", FloatImage, "returns 0.01"),
        ("image", GivingImage, "not negative"),
        ("image", FreshImage, "out of a store"),
    ),
    "check_it_answers_and_bills_no_more_than_its_price": (
        ("image", BareAnswerImage, "return an Answer"),
        ("image", EmptyImage, "no bytes"),
        ("image", UnitsImage, "megapixels is 0.5"),
        ("image", UsdImage, "usd is 0.01"),
        ("image", DearImage, "price said"),
        ("image", ManyImage, "most_at_once"),
        ("image", TwiceImage, "billed 2 times"),
    ),
    "check_it_reads_its_answers": (
        ("image", JpegImage, "no PNG"),
        ("image", FicklePicture, "two different things"),
        ("voice", OtherVoice, "not the author's text"),
        ("voice", LateVoice, "not seconds in order"),
        ("voice", QuickVoice, "takes no time"),
        ("script", ListScript, "tuple of ScriptLines"),
        ("script", ShortScript, "3 lines were requested, and 2"),
        ("script", StrangeScript, "not in the cast"),
        ("script", MuteScript, "says nothing"),
    ),
    "check_it_refuses_garbage": (
        ("image", TrustingImage, "is read as if it were an answer"),
        ("image", RawImage, "raises JSONDecodeError"),
        ("image", CurtImage, "what to do"),
        ("image", BendingImage, "raises TypeError"),
    ),
    "check_its_errors_can_be_pickled": (
        ("image", HardImage, "cannot be pickled"),
        ("image", SoftImage, "not the same after pickling"),
    ),
    "check_it_says_when_its_model_ends": (
        ("image", DatelessImage, "returns 'soon'"),
        ("image", LastDayImage, "ends_on raises AccountError"),
        ("image", PaidDayImage, "ends_on is billed"),
    ),
    "check_it_recovers_nothing_when_there_is_nothing": (
        ("image", InventingImage, "never made"),
        ("image", BuyingImage, "only look"),
    ),
    "check_its_tickets_lead_back_to_the_answer": (
        ("image", TicketImage, "give a dict"),
        ("image", TupleTicketImage, "changed"),
        ("image", BytesTicketImage, "no JSON"),
        ("image", ForgetfulImage, "finds nothing"),
        ("voice", OtherAnswerVoice, "another answer"),
        ("image", BuyingAgainImage, "only fetch"),
    ),
    "check_it_keeps_its_secrets": (
        ("image", LeakingImage, "secret is in units"),
        ("image", EchoingImage, "secret is in the answer"),
    ),
    "check_it_asks_nothing_without_its_secrets": (
        ("image", OwnErrorImage, "raise AccountError"),
        ("image", TellingImage, "shows the key"),
        ("image", CarelessImage, "where it cannot have one"),
        ("image", CrashingImage, "raises KeyError"),
    ),
    "check_it_does_not_go_past_the_proxy": (
        ("image", DirectImage, "where it cannot have one"),
        ("image", TellingProxyImage, "proxy's password"),
        ("image", BilledProxyImage, "past the proxy"),
    ),
    "check_it_says_what_it_cannot_do": (
        ("voice", SpeechlessVoice, "language_problem returns None"),
        ("script", PickyScript, "language_problem says"),
        ("voice", PickyVoice, "problem says of the example"),
        ("voice", SilentVoice, "problem returns None"),
        ("voice", BlankVoice, "no word"),
    ),
}
