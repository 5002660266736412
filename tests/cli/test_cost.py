"""`reelmake cost`: what was spent and for whom, what sharing saved, and what may have been paid for nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from standin_server import Standin
from workspace import Workspace

from reelmake.core.keys import Action
from reelmake.engine.costs import Spending, spending
from reelmake.plan.episode import Step
from reelmake.store.base import Receipt

TODAY = datetime.now(UTC)


def receipt(key: str, step: str, usd: str | None = "0.10", **more: Any) -> Receipt:
    told: dict[str, Any] = {
        "provider": "acme",
        "made_at": "2026-01-02T03:04:05+00:00",
        "quoted_usd": None if usd is None else Decimal(usd),
        **more,
    }
    kind = step.partition(":")[0] or "voice"
    return Receipt(kind, key, {}, "b", None if usd is None else Decimal(usd), {}, step=step, **told)


def step(name: str) -> Step:
    kind, episode, line = name.split(":")
    return Step(name, episode, line, "acme", Action(kind, 1, {"provider": "acme"}))


def test_spending_is_added_up_by_anything() -> None:
    receipts = [
        receipt("k1", "voice:one:a"),
        receipt("k2", "image:one:a", "0.30", provider="other", quoted_usd=Decimal("0.40")),
        receipt("k3", "voice:two:b", None, made_at="2026-01-03T00:00:00+00:00"),
        receipt("k4", "script:two", "5", provider="spec"),
        receipt("k5", "video:two", "5"),
        receipt("k6", "", "0.01"),
    ]
    groups = {by: [(g.name, g.requests, g.usd, g.unpriced) for g in spent_by(receipts, by)] for by in BY}
    assert groups == {
        "episode": [
            ("(unknown)", 1, Decimal("0.01"), 0),
            ("one", 2, Decimal("0.40"), 0),
            ("two", 1, Decimal(0), 1),
        ],
        "kind": [("image", 1, Decimal("0.30"), 0), ("voice", 3, Decimal("0.11"), 1)],
        "provider": [("acme", 3, Decimal("0.11"), 1), ("other", 1, Decimal("0.30"), 0)],
        "day": [("2026-01-02", 3, Decimal("0.41"), 0), ("2026-01-03", 1, Decimal(0), 1)],
    }
    assert spending(receipts, [], {}).usd == Decimal("0.41")
    assert spending(receipts, [], {}, "kind").groups[0].quoted_usd == Decimal("0.40")


BY = ("episode", "kind", "provider", "day")


def spent_by(receipts: list[Receipt], by: str) -> Any:
    return spending(receipts, [], {}, by).groups


def test_what_is_shared_is_paid_for_by_one_and_saved_by_the_others() -> None:
    receipts = [receipt("k1", "voice:one:a"), receipt("k2", "voice:gone:b", "0.20"), receipt("k3", "voice:two:c")]
    uses = {
        "k1": [step("voice:one:a"), step("voice:two:a"), step("voice:two:d")],
        "k2": [step("voice:one:b"), step("voice:two:b")],
        "k3": [step("voice:two:c")],
        "k9": [step("voice:two:z"), step("voice:one:z")],
    }
    found = spending(receipts, [], uses)
    assert found.saved_usd == Decimal("0.40")
    assert found.shared == {
        "k1": ("voice:one:a", ("voice:two:a", "voice:two:d")),
        "k2": ("voice:one:b", ("voice:two:b",)),
    }
    only = spending(receipts, [], uses, "episode", ["two"])
    assert [(group.name, group.usd) for group in only.groups] == [
        ("gone", Decimal("0.20")),
        ("one", Decimal("0.10")),
        ("two", Decimal("0.10")),
    ]


def test_what_was_lost_counts_besides_and_what_was_answered_since_does_not() -> None:
    lost = {"asked_at": "2026-01-01", "usd": "0.10", "why": "cut off"}
    receipts = [receipt("k1", "voice:one:a", earlier=(lost, {**lost, "usd": None}))]
    notes: list[tuple[str, Any]] = [
        ("k1", {"step": "voice:one:a", "usd": "0.10", "asked_at": "2026-01-01", "lost": [lost]}),
        ("k2", {"step": "voice:one:b", "usd": "0.20", "asked_at": "2026-01-03", "lost": [lost]}),
        ("k3", {"step": "voice:two:c", "usd": None, "asked_at": "", "lost": [lost]}),
        ("k4", {"step": "voice:two:d", "usd": "0.50", "asked_at": "", "ticket": {"id": 1}, "lost": []}),
        ("k5", {}),
        ("k6", {"lost": "?", "asked_at": ""}),
    ]
    found = spending(receipts, notes, {})
    assert (found.usd, found.lost_usd) == (Decimal("0.10"), Decimal("1.00"))
    assert found.unanswered == (
        ("voice:one:b", "2026-01-01", Decimal("0.10")),
        ("voice:one:b", "2026-01-03", Decimal("0.20")),
        ("voice:two:c", "2026-01-01", Decimal("0.10")),
        ("voice:two:d", "", Decimal("0.50")),
        ("", "", None),
    )
    assert [step for step, _, _ in spending(receipts, notes, {}, "episode", ["two"]).unanswered] == [
        "voice:two:c",
        "voice:two:d",
    ]


def test_nothing_spent_is_nothing() -> None:
    assert spending([], [], {}) == Spending((), Decimal(0), {}, ())


def cost(project: Workspace, *args: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(project.run("cost", "--json", *args, program="reelmake").stdout)
    return told


@pytest.mark.slow
def test_the_command_tells_what_builds_have_spent(project: Workspace, vendor: Standin) -> None:
    project.episode("one", "ada: Hello there | a harbour", "max: Good day | a clock")
    project.episode("two", "ada: Hello there | a harbour", "max: Good day | a clock")
    project.run("video:one")
    project.run()
    told = cost(project)
    assert list(told) == ["schema", "usd", "saved_usd", "lost_usd", "groups", "shared", "unanswered"]
    assert (told["schema"], told["usd"], told["saved_usd"], told["lost_usd"]) == (
        "reelmake/cost@1",
        "0.04",
        "0.04",
        "0",
    )
    (group,) = told["groups"]
    assert group == {
        "name": "one", "requests": 4, "usd": "0.04", "unpriced": 0, "quoted_usd": "0.04", "lost_usd": "0"
    }  # fmt: skip
    assert all(":two:" in name for shared in told["shared"] for name in shared["shared_by"])
    assert {group["name"] for group in cost(project, "--by", "kind")["groups"]} == {"voice", "image"}
    days = {(TODAY + timedelta(days=n)).date().isoformat() for n in (0, 1)}
    assert {group["name"] for group in cost(project, "--by", "day")["groups"]} <= days
    text = project.run("cost", "--by", "provider", program="reelmake").stdout.splitlines()
    assert text[:3] == [
        "standin  $0.04  4 requests", "total    $0.04", "4 steps share what others paid for: $0.04 saved"
    ]  # fmt: skip

    # What is damaged is paid for again, and both bills are told; so is what was asked for and never answered.
    (blob,) = [
        project.root / f".reelmake/store/blobs/{sha[:2]}/{sha}"
        for path in project.root.glob(".reelmake/store/actions/*/*")
        if (found := json.loads(path.read_text()))["step"].startswith("voice:one:ada")
        for sha in [found["blob"]]
    ]
    blob.chmod(0o600)
    blob.write_bytes(b"rust")
    for path in project.root.glob("build/*/voice/ada*.wav"):
        path.unlink()
    project.run()
    assert vendor.count() == 5
    note = {"step": "image:one:x", "asked_at": "2026-01-01T00:00:00+00:00", "usd": "0.07", "lost": []}
    project.write(f".reelmake/store/notes/ab/r1:{'ab' * 32}", json.dumps(note))
    told = cost(project)
    assert (told["usd"], told["lost_usd"]) == ("0.04", "0.08")
    assert sum(Decimal(group["lost_usd"]) for group in told["groups"]) == Decimal("0.01")
    assert told["unanswered"] == [{"step": "image:one:x", "asked_at": "2026-01-01T00:00:00+00:00", "usd": "0.07"}]
    text = project.run("cost", "--by", "provider", program="reelmake").stdout.splitlines()
    assert text[0] == "standin  $0.04  4 requests, and at most $0.01 for answers that were lost"
    assert text[-1].startswith("image:one:x was requested at 2026-01-01T00:00:00+00:00 and never answered")
