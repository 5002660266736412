"""The offline script writer: what it promises about any script, whatever the topic, the cast and the length."""

from __future__ import annotations

import importlib.resources
import json
import re
from itertools import pairwise
from typing import Any

import pytest
from calls import CALL
from structlog.testing import capture_logs

from reelmake.core.errors import InputError, ProviderError
from reelmake.offline.facts import find_topics, known_topics, unknown_topic
from reelmake.offline.script import MAX_WORDS, MIN_WORDS, OfflineScript, read_phrases
from reelmake.providers.base import ScriptLine, ScriptProvider

TEMPLATE = (importlib.resources.files("reelmake") / "templates" / "script.offline.j2").read_text("utf-8")
CAST = [
    {"id": "ada", "name": "Ada", "personality": "curious, quick, warm", "catchphrases": ["Wait, really?"]},
    {"id": "max", "name": "Max", "personality": "calm and dry", "catchphrases": ["Science, my friend", "Case closed."]},
    {"id": "cy", "name": "Cy", "personality": "witty", "catchphrases": ["Beep boop!"]},
    {"id": "dee", "name": "Doctor Dee", "personality": "", "catchphrases": []},
    {"id": "eve", "name": "Eve", "personality": "grumpy", "catchphrases": ["Oh my stars"]},
    {"id": "fay", "name": "Fay", "personality": "cheerful", "catchphrases": []},
]
PROVIDER: ScriptProvider = OfflineScript()
TOPICS = ("octopuses", "why the sky is blue, told to a ten-year-old", "quantum knitting", "What is love?")


def request(topic: str = "octopuses", lines: int = 8, cast: int = 2, **others: Any) -> dict[str, Any]:
    told = {"provider": "offline", "topic": topic, "title": "A title", "language": "en", "style": "warm", "take": 1}
    return {**told, "lines": lines, "template": TEMPLATE, "cast": CAST[:cast], **others}


def write(**of_request: Any) -> tuple[ScriptLine, ...]:
    asked = request(**of_request)
    return PROVIDER.read(PROVIDER.ask(asked, CALL).body, asked)


def texts(**of_request: Any) -> list[str]:
    return [line.text for line in write(**of_request)]


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("cast", [1, 2, 6])
@pytest.mark.parametrize("lines", [1, 2, 3, 4, 7, 8, 20, 200])
def test_any_script_is_a_dialogue_that_can_be_spoken(topic: str, cast: int, lines: int) -> None:
    script = write(topic=topic, cast=cast, lines=lines)
    said = [line.text for line in script]
    speakers = [line.character for line in script]
    assert len(script) == lines
    assert "?" in said[0]
    assert len(set(said)) == lines
    assert all(MIN_WORDS <= len(text.split()) <= MAX_WORDS for text in said)
    assert not [text for text in said if not re.fullmatch(r"[A-Za-z0-9 ,.!?'-]+", text)]
    assert all(line.image.strip() for line in script)
    assert set(speakers) <= {member["id"] for member in CAST[:cast]}
    assert len(set(speakers)) == min(cast, lines)
    assert cast == 1 or all(before != after for before, after in pairwise(speakers))


@pytest.mark.parametrize("topic", [topic.name for topic in known_topics()])
def test_every_known_topic_is_found_by_its_name_and_answers_its_own_question(topic: str) -> None:
    known = next(o for o in known_topics() if o.name == topic)
    assert find_topics(topic, "")[0] == known
    question, answer, *_ = texts(topic=topic, lines=4)
    assert known.question in question
    assert known.facts[0].say in answer
    assert known.question + " " + known.facts[0].say == texts(topic=topic, lines=1)[0]


def test_facts_are_many_short_different_and_have_a_picture_each() -> None:
    facts = [fact for topic in known_topics() for fact in topic.facts]
    assert len(known_topics()) >= 25
    assert all(6 <= len(topic.facts) <= 8 for topic in known_topics())
    assert len({fact.say for fact in facts}) == len({fact.show for fact in facts}) == len(facts)
    assert all(MIN_WORDS <= len(fact.say.split()) <= 14 and fact.say.endswith(".") for fact in facts)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("How do bees make honey?", "bees"),
        ("a cat's purring", "cats"),
        ("the Deep Sea", "the deep sea"),
        ("stars of the night sky", "the stars"),
        ("a volcano erupting", "volcanoes"),
    ],
)
def test_a_topic_is_recognised_by_its_words(text: str, name: str) -> None:
    assert find_topics(text, "")[0].name == name


def test_a_topic_that_says_nothing_known_is_looked_for_in_the_title() -> None:
    assert find_topics("told to a ten-year-old", "Why whales sing")[0].name == "whales"


@pytest.mark.parametrize(
    ("text", "name", "question"),
    [
        ("a funny talk about submarines, for children", "submarines", ""),
        ("How submarines work!", "how submarines work", ""),
        ("what is love", "this question", "What is love?"),
        ("(?!)", "this", ""),
        ("one two three four five six seven eight nine ten", "one two three four five six seven eight", ""),
    ],
)
def test_an_unknown_topic_is_put_into_words_that_fit_a_sentence(text: str, name: str, question: str) -> None:
    topic = unknown_topic(text)
    assert (topic.name, topic.question, topic.facts) == (name, question, ())


def test_no_facts_are_made_up_about_an_unknown_topic() -> None:
    said = texts(topic="quantum knitting", lines=14)
    assert not [fact.say for topic in known_topics() for fact in topic.facts if any(fact.say in text for text in said)]
    assert sum("quantum knitting" in text for text in said) >= 4
    assert "know" in said[1] or "guess" in said[1]


def test_the_same_request_gives_the_same_bytes() -> None:
    assert PROVIDER.ask(request(lines=40), CALL) == OfflineScript().ask(request(lines=40), CALL)


def test_another_take_is_another_script() -> None:
    assert texts(take=1) != texts(take=2)


def test_another_style_or_title_changes_no_line() -> None:
    assert write() == write(style="pencil", title="Another title")


def test_one_more_line_leaves_the_first_ones_as_they_were() -> None:
    assert write(lines=9)[:6] == write(lines=12)[:6]


def test_a_new_phrase_changes_few_lines() -> None:
    more = TEMPLATE.replace("\n== muse\n", "\nAnd finally, one for the road. {{ fact }}\n\n== muse\n")
    assert more != TEMPLATE
    assert sum(a != b for a, b in zip(write(lines=20), write(lines=20, template=more), strict=True)) <= 1


@pytest.mark.parametrize("lines", [8, 30, 200])
def test_catchphrases_are_used_now_and_then_and_at_most_twice(lines: int) -> None:
    said = texts(lines=lines, cast=3)
    uses = {text: sum(text in line for line in said) for member in CAST[:3] for text in member["catchphrases"]}
    assert all(count <= 2 for count in uses.values())
    assert sum(uses.values()) >= 2
    assert lines < 30 or all(uses.values())


def test_a_catchphrase_that_is_everywhere_does_not_stop_the_writer() -> None:
    cast = [{**CAST[0], "catchphrases": ["the", "\N{OCTOPUS}", "word " * 30]}, {**CAST[1], "catchphrases": ["a"]}]
    asked = {**request(lines=30), "cast": cast}
    assert len(PROVIDER.read(PROVIDER.ask(asked, CALL).body, asked)) == 30


def test_they_call_each_other_by_name() -> None:
    script = write(lines=12)
    names = {"ada": "Max", "max": "Ada"}
    assert sum(names[line.character] in line.text for line in script) >= 3
    own = {"ada": "Ada", "max": "Max"}
    assert not [line for line in script if own[line.character] in line.text]


def test_a_personality_steers_how_things_are_said() -> None:
    def phrases(personality: str) -> set[str]:
        values = dict.fromkeys(
            ("speaker", "listener", "topic", "question", "fact", "catchphrase", "closing", "title"), "x"
        )
        return {phrase.text for phrase in read_phrases(TEMPLATE, "opening", personality, values) if phrase.fits}

    moods = [phrases(word) for word in ("curious", "calm", "witty", "grumpy", "cheerful")]
    assert all(moods)
    assert len(set.union(*moods)) == sum(map(len, moods))
    assert phrases("Calm, but WITTY") == moods[1] | moods[2]
    assert not phrases("")


def test_it_says_in_the_log_that_it_is_a_stand_in() -> None:
    with capture_logs() as logs:
        write(topic="honey")
    (entry,) = logs
    assert (entry["log_level"], entry["topic"]) == ("warning", "honey")
    assert "template" in entry["event"]
    assert "LLM" in entry["event"]


def test_it_is_free_and_says_how_much_it_wrote() -> None:
    answer = PROVIDER.ask(request(lines=5), CALL)
    assert answer.usd == 0
    assert answer.units == {"lines": 5}


@pytest.mark.parametrize("language", ["de", "ja", "eng-x"])
def test_it_writes_english_only_and_says_what_to_do(language: str) -> None:
    with pytest.raises(ProviderError, match=r"English only.*script:"):
        PROVIDER.ask(request(language=language), CALL)


def test_british_english_is_english() -> None:
    assert PROVIDER.ask(request(language="en-GB"), CALL)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"null",
        b"{}",
        b'{"lines": []}',
        b'{"lines": ["hello"]}',
        b'{"lines": [{"character": "ada", "text": " ", "image": ""}]}',
        b'{"lines": [{"character": "ada", "text": 5, "image": ""}]}',
        b'{"lines": [{"character": "ada", "text": "Hi."}]}',
    ],
)
def test_a_malformed_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderError, match=r"^the script cannot be read: .*; "):
        PROVIDER.read(body, request())


def test_a_line_of_somebody_else_is_an_error() -> None:
    body = json.dumps({"lines": [{"character": "bob", "text": "Hello there.", "image": "bob"}]}).encode()
    with pytest.raises(ProviderError, match=r"line 1 .*'bob'.*\(ada, max\)"):
        PROVIDER.read(body, request())


@pytest.mark.parametrize(
    ("template", "line", "told"),
    [
        ("{{ ''.__class__ }}", 1, "unsafe"),
        ("== opening\n{{ nobody }}", 2, "'nobody' is undefined"),
        ("== opening\n{% for %}", 2, "Expected an expression"),
        ("== opening\n{{ question }}\n== opning\nHello", 3, "no part 'opning'"),
        ("{# a comment #}\nHello\n== opening", 2, "'Hello' belongs to no part"),
        ("== tell\n{{ fact }}\n\n== opening\nShort.", 4, "line 1: no phrase under '== opening'"),
        ("", 1, "no phrase under '== opening'"),
    ],
)
def test_a_mistake_in_the_template_is_told_with_its_line(template: str, line: int, told: str) -> None:
    with pytest.raises(InputError) as caught:
        PROVIDER.ask(request(template=template), CALL)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("templates/script.offline.j2", line)
    assert told in problem.what


def test_a_projects_own_template_is_what_is_said() -> None:
    template = """
        == opening: curious
        Ahoy {{ listener }}! {{ question }}
        == tell
        Arr. {{ fact }} | a pirate ship
        == closing
        Fair winds to all of you, mateys!
    """
    first, second, third = write(template=template, lines=3)
    assert first.text == "Ahoy Max! How many hearts does an octopus have?"
    assert second == ScriptLine("max", f"Arr. {find_topics('octopus', '')[0].facts[0].say}", "a pirate ship")
    assert third.text == "Fair winds to all of you, mateys!"
