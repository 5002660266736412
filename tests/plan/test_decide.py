"""What becomes of a step by what is known of it, and the reasons that are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reelmake.core.keys import Action
from reelmake.plan.decide import GONE, NEVER_MADE, NOT_HERE, OTHERWISE, UNUSABLE, Facts, State, decide

VOICE = Action("voice", 1, {"provider": "standin", "text": "Hi"}, {}, {"sound": "a.wav"})
VIDEO = Action("video", 1, {}, {"part": "a.mp4"}, {"video": "b.mp4"})
SPEC = Action("script", 1, {"provider": "spec", "lines": []}, {}, {"script": "s.json"})
MADE = State("terms", {"in": "1"}, {"out": "2"}, "r1:key")


def manifest(text: str) -> dict[str, Any]:
    return {"kind": "voice", "recipe": 1, "request": {"text": text}, "inputs": {}}


ASKED = Facts(manifest=manifest("Hello"), before=manifest("Hi"))
CHANGED = ('request.text: "Hi" -> "Hello"',)


def test_what_is_as_it_was_made_is_kept_whatever_the_store_has() -> None:
    for more in (Facts(), ASKED, Facts(has_receipt=True, is_lost=True), Facts(follow_up=VOICE)):
        assert decide(VOICE, replace(more, now=replace(MADE, key=""), recorded=MADE)).verdict == "keep"


@pytest.mark.parametrize(
    ("now", "recorded", "reasons"),
    [
        (replace(MADE, outputs={"out": None}), MADE, ["out is missing"]),
        (replace(MADE, outputs={"out": "3"}), MADE, ["out is not as it was made"]),
        (replace(MADE, inputs={"in": "3"}), MADE, ["in changed"]),
        (replace(MADE, inputs={"in": "1", "more": "3"}), MADE, ["more changed"]),
        (replace(MADE, inputs={}), MADE, [OTHERWISE]),
        (replace(MADE, inputs={"in": None}), MADE, [OTHERWISE]),
        (replace(MADE, inputs={"in": None}), replace(MADE, inputs={"in": None}), [OTHERWISE]),
        (replace(MADE, terms="other"), MADE, [OTHERWISE]),
        (replace(MADE, terms="other"), replace(MADE, key=""), [NOT_HERE]),
        (State("terms", {}, {}), None, [NOT_HERE]),
        (MADE, None, ["out is not as it was made", "in changed"]),
        (State("other", {"in": "3"}, {"out": None}), MADE, ["out is missing", "in changed"]),
    ],
)
def test_each_difference_from_the_record_has_the_step_run_and_is_told(
    now: State, recorded: State | None, reasons: list[str]
) -> None:
    decision = decide(VIDEO, Facts(now, recorded))
    assert (decision.verdict, list(decision.reasons)) == ("make", reasons)
    assert [str(difference) for difference in decision.differences] == reasons


def test_what_the_store_has_is_restored_unless_it_is_lost() -> None:
    assert decide(VOICE, Facts(has_receipt=True)).verdict == "restore"
    lost = decide(VOICE, Facts(has_receipt=True, is_lost=True))
    assert (lost.verdict, lost.reasons, lost.request) == ("make", (GONE,), VOICE)
    assert decide(VOICE, Facts()).verdict == "make"


def test_what_is_asked_for_comes_before_what_has_changed_here() -> None:
    here = replace(MADE, outputs={"out": None}), MADE
    for facts in (replace(ASKED, now=here[0], recorded=here[1]), replace(ASKED, now=here[0])):
        assert decide(VOICE, facts).reasons == CHANGED
        assert decide(VOICE, replace(facts, has_receipt=True)).reasons == CHANGED
    assert decide(VOICE, replace(ASKED, before=None)).reasons == (NEVER_MADE,)
    alike = Facts(*here, manifest=manifest("Hi"), before=manifest("Hi"), has_receipt=True)
    assert (decide(VOICE, alike).verdict, decide(VOICE, alike).reasons) == ("restore", ("out is missing",))


def test_only_what_a_provider_makes_and_nobody_else_pays_for_has_a_price() -> None:
    assert decide(VOICE, ASKED).request == VOICE
    assert decide(VIDEO, ASKED).request is decide(SPEC, ASKED).request is None
    shared = decide(VOICE, replace(ASKED, payer="voice:one:a"))
    assert (shared.verdict, shared.request, shared.reasons) == ("make", None, ("shares what voice:one:a pays for",))
    assert decide(VOICE, replace(ASKED, payer="voice:one:a", has_receipt=True)).verdict == "restore"


def test_a_request_whose_answer_was_lost_is_told_and_asked_for() -> None:
    for sent_at, said in (("noon", "noon"), ("", "lost")):
        decision = decide(VOICE, replace(ASKED, sent_at=sent_at))
        assert decision.reasons == (*CHANGED, f"was requested before, and no answer arrived ({said})")
        assert decision.request == VOICE
    assert decide(VIDEO, replace(ASKED, sent_at="noon")).reasons == CHANGED


def test_a_script_that_cannot_be_used_is_asked_for_once_more_though_it_is_stored() -> None:
    again = replace(VOICE, request={"provider": "standin", "text": "again"})
    decision = decide(VOICE, replace(ASKED, follow_up=again, has_receipt=True))
    assert (decision.verdict, decision.reasons, decision.request) == ("make", (UNUSABLE,), again)


def test_what_needs_others_follows_them() -> None:
    kept = Facts(replace(MADE, key=""), MADE)
    made = decide(VIDEO, replace(kept, needs={"voice:a": "make", "voice:b": "restore"}))
    assert (made.verdict, made.reasons) == ("make", ("needs voice:a, which is made",))
    for was_made, verdict in ((True, "restore"), (False, "make")):
        decision = decide(VIDEO, replace(kept, needs={"voice:b": "restore"}, was_made=was_made))
        assert (decision.verdict, decision.reasons) == (verdict, ("needs voice:b, which is restored",))


def test_what_most_likely_does_not_change_is_not_made_because_of_it() -> None:
    needs = Facts(needs={"timeline:a": "make"})
    kept, stored, lost = Facts(MADE, MADE), Facts(has_receipt=True), Facts(has_receipt=True, is_lost=True)
    for unmoved, verdict in ((kept, "keep"), (stored, "restore")):
        decision = decide(VIDEO, replace(needs, unmoved=unmoved))
        assert (decision.verdict, decision.reasons) == (verdict, ())
        assert decision.unless == "timeline:a moves what it shows"
    decision = decide(VIDEO, replace(needs, unmoved=lost))
    assert (decision.verdict, decision.unless) == ("make", "")
    assert decision.reasons == ("needs timeline:a, which is made",)


def test_what_reads_a_file_that_is_gone_is_made() -> None:
    decision = decide(VIDEO, Facts(unreadable="a.mp4 is gone"))
    assert (decision.verdict, decision.reasons) == ("make", ("a.mp4 is gone",))
