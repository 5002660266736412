"""Scripts by OpenAI and servers that speak like it: what is sent, what is billed, what goes wrong and what is said."""

from __future__ import annotations

import importlib.resources
from decimal import Decimal
from typing import Any

import pytest
from scripts import ADA, MAX, PROVIDER, TEMPLATE, ask, asked, request_for
from vendors.server import Vendors

from reelmake.core.errors import InputError, ProviderError
from reelmake.core.keys import Action, canonical_json
from reelmake.engine.readers import script_lines
from reelmake.providers import provider
from reelmake.providers.openai import script
from reelmake.providers.openai.script import OpenAIScript
from reelmake.providers.prices import Price, Prices, rounded


@pytest.fixture(autouse=True)
def _forget() -> None:
    """No server was asked before."""
    script._forms.clear()


def test_it_is_registered() -> None:
    assert isinstance(provider("script", "openai"), OpenAIScript)


def test_a_script_is_written_and_read(v: Vendors) -> None:
    request = request_for()
    answer = ask(v, request)
    lines = PROVIDER.read(answer.body, request)
    assert [line.character for line in lines] == ["ada", "max", "ada", "max"]
    assert all("why the sky is blue" in line.text and line.image for line in lines)
    assert answer.usd == rounded(v.spent("openai", "script")) > 0
    assert set(answer.units) == {"input_tokens", "output_tokens", "cached_tokens"}


def test_a_stored_script_is_read_as_a_build_reads_it(v: Vendors) -> None:
    request = request_for()
    lines = script_lines(ask(v, request).body, Action("script", 1, request))
    assert [line.character for line in lines] == ["ada", "max", "ada", "max"]


def test_what_is_sent_is_what_the_request_says(v: Vendors) -> None:
    request = request_for(options={"reasoning_effort": "low"})
    ask(v, request)
    (hit,) = v.hits
    sent = hit.body
    for name in ("model", "messages", "seed", "max_completion_tokens", "reasoning_effort"):
        assert sent[name] == request[name]
    assert sent["response_format"]["json_schema"] == {"name": "script", "strict": True, "schema": request["schema"]}
    assert "temperature" not in sent


def test_the_prompt_says_what_any_server_can_rely_on() -> None:
    text = request_for(lines=8, topic="why the\nsky is blue")["messages"][1]["content"].splitlines()
    assert {"LINES: 8", "CAST: ada, max", "TOPIC: why the sky is blue", "LANGUAGE: en"} <= set(text)
    told = '"ada" is Ada. Personality: curious, quick. Catchphrases: "Wait, really?", "No way!".'
    assert told in text
    assert '"max" is Max Power.' in text
    assert [message["role"] for message in request_for()["messages"]] == ["system", "user"]


def test_several_pictures_are_described_for_each_line(v: Vendors) -> None:
    one, three = request_for(), request_for(shots_per_line=3)
    assert "shots_per_line" not in one
    assert "images" not in str(one["messages"])
    assert "Each line has 3 pictures" in three["messages"][0]["content"]
    assert three["max_completion_tokens"] == one["max_completion_tokens"] + 4 * 2 * script.SHOT_TOKENS
    lines = script_lines(ask(v, three).body, Action("script", 1, three))
    assert [len(line.shots) for line in lines] == [3] * 4
    assert [len(line.seen) for line in lines] == [3] * 4
    assert all(line.image is None for line in lines)


def test_a_translation_has_the_lines_of_the_original_by_the_same_characters(v: Vendors) -> None:
    template = (importlib.resources.files("reelmake") / "templates" / "translation.openai.j2").read_text("utf-8")
    source = [
        {"character": "max", "text": "Hello => there", "given": ""},
        {"character": "max", "text": "And\nwhy?", "given": "そしてなぜ"},
        {"character": "ada", "text": "x" * 300, "given": ""},
        {"character": "ada", "text": "And so on", "given": "など" * 350},  # longer than a model may write
    ]
    told = {name: value for name, value in asked(template=template, language="ja").items() if name != "lines"}
    request = dict(PROVIDER.shape({**told, "from": "en", "source": source}))
    assert request["max_line_characters"] == 700
    assert PROVIDER.shape({**told, "from": "en", "source": source[:3]})["max_line_characters"] == 600
    assert "2. max: And why? => そしてなぜ" in request["messages"][1]["content"]
    answer = ask(v, request)
    lines = PROVIDER.read(answer.body, request)
    assert [line.character for line in lines] == ["max", "max", "ada", "ada"]
    assert [line.text for line in lines][:2] == ["ええと、「Hello → there」と言いました。", "そしてなぜ"]
    assert lines[3].text == source[3]["given"]
    with pytest.raises(ProviderError, match=r"^the translation .* line 1 is max's, and not ada's as in the") as raised:
        PROVIDER.read(answer.body, {**request, "speakers": ["ada", "max", "ada", "ada"]})
    assert "freeze the episode before" in raised.value.fix, "a take alone would ask for another original, too"
    assert answer.usd is not None
    assert answer.usd <= (PROVIDER.price(request, Prices({})) or 0)


def test_an_own_template_may_loop_over_the_cast() -> None:
    template = "{% for one in cast %}{{ one.id }}: {{ one.catchphrases | length }}; {% endfor %}"
    assert request_for(template=template)["messages"][0]["content"] == "ada: 2; max: 0;"


@pytest.mark.parametrize(
    "changes",
    [
        {"template": "{# another comment #}" + TEMPLATE},
        {"style": "oil on canvas"},
        {"options": {}},
        {"options": {"model": "gpt-6-luna", "max_line_characters": 220}},
        {"topic": " why  the sky is blue "},
    ],
    ids=["comment", "style", "no options", "the defaults", "spaces"],
)
def test_what_changes_nothing_that_is_sent_keeps_the_request(changes: dict[str, Any]) -> None:
    assert canonical_json(PROVIDER.shape(asked(**changes))) == canonical_json(PROVIDER.shape(asked()))


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "why grass is green"},
        {"title": "Green"},
        {"language": "de"},
        {"lines": 5},
        {"take": 2},
        {"template": TEMPLATE + "\nBe brief."},
        {"cast": [MAX, ADA]},
        {"cast": [{**ADA, "personality": "shy"}, MAX]},
        {"cast": [{**ADA, "catchphrases": []}, MAX]},
        {"options": {"model": "gpt-6.1-sol"}},
        {"options": {"reasoning_effort": "none"}},
        {"options": {"max_line_characters": 100}},
        {"options": {"max_output_tokens": 5000}},
    ],
    ids=lambda changes: f"{changes}"[:40],
)
def test_what_changes_the_answer_is_in_the_request(changes: dict[str, Any]) -> None:
    one, other = PROVIDER.shape(asked()), PROVIDER.shape(asked(**changes))
    assert canonical_json(one) != canonical_json(other)
    assert one["seed"] != other["seed"]


def test_an_own_template_may_have_no_headings() -> None:
    request = request_for(template="Write {{ lines }} lines about {{ topic }}.")
    assert request["messages"] == [{"role": "user", "content": "Write 4 lines about why the sky is blue."}]
    with pytest.raises(InputError, match="prompt comes out empty"):
        request_for(template="{# nothing #}\n== user\n")


@pytest.mark.parametrize("model", ["gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol", "gpt-6-astra"])
def test_the_price_bounds_the_bill(v: Vendors, model: str) -> None:
    for language, topic in (("en", "why the sky is blue"), ("ja", "空はなぜ青いのか" * 20)):
        request = request_for(topic=topic, language=language, options={"model": model})
        most = PROVIDER.price(request, Prices())
        answer = ask(v, request)
        assert most is not None
        assert answer.usd is not None
        assert 0 < answer.usd <= most


def test_a_script_costs_less_than_a_cent_at_most() -> None:
    price = PROVIDER.price(request_for(lines=12), Prices())
    assert price is not None
    assert price < Decimal("0.01")


def test_an_unknown_model_is_unpriced_and_a_project_may_price_it() -> None:
    request = request_for(options={"model": "gpt-oss:20b"})
    assert PROVIDER.price(request_for(options={"model": "nobodys-model"}), Prices()) is None
    assert PROVIDER.price(request, Prices({"gpt-oss:20b": Price()})) == 0


def test_without_usage_the_bill_is_the_bound(v: Vendors) -> None:
    from reelmake.providers.openai import client

    price = Prices().of_text("openai", "gpt-6-luna")
    most = Decimal("0.5")
    assert client.bill({"choices": []}, price, most) == ({}, most)
    assert client.bill({"usage": {"prompt_tokens": None, "completion_tokens": -1}}, price, most) == ({}, most)
    assert client.bill({"usage": {"prompt_tokens": 10**120, "completion_tokens": 10**120}}, price, most) == ({}, most)
    assert client.bill(None, None, None) == ({}, None)
    v.fail("openai/script", "broken_json")
    request = request_for()
    answer = ask(v, request)
    assert answer.usd == PROVIDER.price(request, Prices())
    with pytest.raises(ProviderError, match="bump the episode's take:"):
        PROVIDER.read(answer.body, request)


def test_cached_tokens_are_cheaper_and_written_ones_dearer() -> None:
    from reelmake.providers.openai import client

    price = Price(
        usd_per_million_input_tokens=Decimal(10),
        usd_per_million_cached_tokens=Decimal(1),
        usd_per_million_output_tokens=Decimal(50),
    )

    def usd(**details: int) -> Decimal | None:
        usage = {"prompt_tokens": 10_000, "completion_tokens": 0, "prompt_tokens_details": details}
        return client.bill({"usage": usage}, price, None)[1]

    assert usd() == Decimal("0.1")
    assert usd(cached_tokens=10_000) == Decimal("0.01")
    assert usd(cache_write_tokens=4_000) == Decimal("0.11")


@pytest.mark.parametrize(("mode", "hits", "format"), [("strict", 1, "json_schema"), ("json_object", 2, "json_object")])
def test_a_server_that_knows_less_is_asked_in_its_own_way(v: Vendors, mode: Any, hits: int, format: str) -> None:  # noqa: A002
    v.openai_mode = mode
    request = request_for(options={"model": "llama-4"} if mode != "strict" else {})
    lines = PROVIDER.read(ask(v, request).body, request)
    assert len(lines) == 4
    assert v.count() == hits
    assert v.hits[-1].body["response_format"]["type"] == format
    assert v.billed_count() == 1


def test_a_server_that_knows_no_form_writes_prose_around_it_and_is_remembered(v: Vendors) -> None:
    v.openai_mode = "plain"
    request = request_for(options={"model": "llama-4"})
    assert [line.character for line in PROVIDER.read(ask(v, request).body, request)] == ["ada", "max", "ada", "max"]
    assert v.count() == 3
    assert "response_format" not in v.hits[-1].body
    ask(v, request)
    assert v.count() == 4
    ask(v, request_for(options={"model": "another"}))
    assert v.count() == 7
    assert v.billed_count() == 3


def test_nobody_is_asked_twice_for_what_cannot_be(v: Vendors) -> None:
    with pytest.raises(ProviderError, match=r"does not exist.*; set the model to one that this server has.*gpt-6-luna"):
        ask(v, request_for(options={"model": "gpt-99"}))
    assert v.count() == 1
    assert v.billed == []
