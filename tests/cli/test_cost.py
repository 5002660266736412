"""`reelmake cost`: what was spent and for whom, what sharing saved, and what may have been paid for nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
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
        "line": [
            ("(unknown)", 1, Decimal("0.01"), 0),
            ("one:a", 2, Decimal("0.40"), 0),
            ("two:b", 1, Decimal(0), 1),
        ],
    }
    assert spending(receipts, [], {}).usd == Decimal("0.41")
    assert spending(receipts, [], {}, "kind").groups[0].quoted_usd == Decimal("0.40")


BY = ("episode", "kind", "provider", "day", "line")


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


def test_a_sum_that_lacks_a_price_is_null_in_json() -> None:
    lost = {"asked_at": "2026-01-01", "usd": None, "why": "cut off"}
    receipts = [
        receipt("k1", "voice:one:a", "0.10", earlier=(lost,)),
        receipt("k2", "voice:one:b", None),
        receipt("k3", "voice:two:a", "0.10", quoted_usd=None),
    ]
    told = spending(receipts, [], {"k2": [step("voice:one:b"), step("voice:two:b")]}).to_json()
    assert (told["usd"], told["priced_usd"], told["unpriced"]) == (None, "0.20", 1)
    assert (told["saved_usd"], told["lost_usd"]) == (None, None)
    one, two = told["groups"]
    assert (one["usd"], one["priced_usd"], one["quoted_usd"], one["lost_usd"]) == (None, "0.10", None, None)
    assert (two["usd"], two["quoted_usd"], two["lost_usd"]) == ("0.10", None, "0")


@pytest.mark.slow
def test_what_nobody_has_a_price_for_is_never_told_as_nothing(project: Workspace) -> None:
    """In no text and in no JSON of any command."""
    project.episode("one", "ada: Hello there | a harbour")
    project.episode("two", "ada: Hello there | a harbour")
    pyproject = (project.root / "pyproject.toml").read_text("utf-8")
    project.write("pyproject.toml", pyproject.replace('image = "standin"', 'image = "second"'))
    plan = project.run("plan", program="reelmake").stdout
    assert "one: 1 voice, 1 picture, $0.01 and 1 unpriced" in plan
    assert "total: $0.01 and 1 unpriced (voice $0.01, image 1 unpriced)" in plan
    told = json.loads(project.run("plan", "--json", program="reelmake").stdout)
    assert (told["usd"], told["priced_usd"]) == (None, "0.01")
    assert told["by_episode"] == {"one": None, "two": "0"}
    assert (told["by_kind"]["image"], told["by_kind"]["voice"]) == (None, "0.01")
    assert "### What this would cost: $0.01 and 1 unpriced" in project.run("plan", "--md", program="reelmake").stdout
    checked = json.loads(project.run("check", "--json", program="reelmake").stdout)
    assert checked["estimates"]["one"]["usd_at_most"] is None
    assert "spent $0.01 and 1 unpriced" in project.run("video:one").stderr
    text = project.run("cost", "--by", "kind", program="reelmake").stdout.splitlines()
    assert text[:3] == ["image  1 unpriced  1 request", "voice  $0.01  1 request", "total  $0.01 and 1 unpriced"]
    assert cost(project)["usd"] is None
    assert json.loads((project.root / "build/one/video.json").read_text("utf-8"))["cost"]["usd"] is None


@pytest.mark.slow
def test_by_line_says_where_a_line_is(project: Workspace) -> None:
    spec = project.episode("one", "ada: Hello there | a harbour", "max: Good day | a clock")
    project.run("video:one")
    groups = {group["name"]: group for group in cost(project, "--by", "line")["groups"]}
    assert len(groups) == 2
    (name,) = [name for name in groups if name.startswith("one:ada-hello-there")]
    assert (groups[name]["usd"], groups[name]["requests"]) == ("0.02", 2)
    line = next(at for at, row in enumerate(spec.read_text("utf-8").splitlines(), 1) if "Hello there" in row)
    assert groups[name]["where"] == f"episodes/one.yaml:{line}"
    text = project.run("cost", "--by", "line", program="reelmake").stdout
    assert f"{name}  $0.02  2 requests  episodes/one.yaml:{line}\n" in text


@pytest.mark.slow
def test_where_the_time_of_the_last_build_went_is_told(project: Workspace, vendor: Standin) -> None:
    nothing = project.run("cost", "--time", program="reelmake", rc=2)
    assert "no build has been timed here; type `doit` first" in nothing.stderr
    vendor.seconds = {"image": 0.5}
    project.episode("one", "ada: Hello there | a harbour")
    project.run()
    project.run()  # with nothing to do
    told = cost(project, "--time")
    parts = {(part["kind"], part["provider"]): part for part in told["parts"]}
    assert told["schema"] == "reelmake/time@1"
    assert parts["image", "standin"]["steps"] == 1
    assert parts["image", "standin"]["seconds"] >= 0.5
    assert {("voice", "standin"), ("script", "spec"), ("segment", "reelmake"), ("video", "reelmake")} <= parts.keys()
    assert told["seconds"] > 0.5
    text = project.run("cost", "--time", program="reelmake").stdout.splitlines()
    assert any(re.fullmatch(r"image \(standin\) +[\d.]+ s  1 step", row) for row in text)
    assert text[-1].startswith("the last build took ")


def test_prices_lists_models_with_sources_and_what_ends(tmp_path: Path) -> None:
    """Also of a project's own, and what it uses without a price."""
    project = Workspace(tmp_path / "project")
    text = (project.root / "pyproject.toml").read_text("utf-8")
    text = text.replace('script = "standin"', 'script = {provider = "openai", model = "gpt-4o-mini-2024-07-18"}')
    text = text.replace('image = "standin"', 'image = {provider = "openai", model = "gpt-image-9"}')
    own = '\n[tool.reelmake.prices.llama]\nusd_per_million_output_tokens = 3\nsince = "2026-02-01"\n'
    free = "\n[tool.reelmake.prices.mine]\nusd_per_image = 0\n"
    project.write("pyproject.toml", text + own + free)
    project.episode("rain", topic="rain", cast=["ada"], lines=2)
    found = json.loads(project.run("prices", "--json", program="reelmake").stdout)
    assert found["schema"] == "reelmake/prices@1"
    models = {row["model"]: row for row in found["models"]}
    assert models["elevenlabs/eleven_v4"] == {
        "model": "elevenlabs/eleven_v4", "is_used": False, "prices": {"usd_per_thousand_characters": "0.08"},
        "since": "2026-11-01", "source": "elevenlabs.io/pricing/api, as of November 2026", "ends_on": None,
        "is_ending": False,
    }  # fmt: skip
    snapshot = models["openai/gpt-4o-mini-2024-07-18"]
    assert (snapshot["is_used"], snapshot["ends_on"]) == (True, "2027-01-14")
    assert snapshot["source"].startswith("genai-prices ")
    assert (models["openai/gpt-image-9"]["prices"], models["openai/gpt-image-9"]["is_used"]) == (None, True)
    assert models["llama"]["prices"] == {"usd_per_million_output_tokens": "3"}
    assert (models["llama"]["since"], models["llama"]["source"]) == ("2026-02-01", "[tool.reelmake.prices]")
    assert models["mine"]["prices"] == {}
    shown = project.run("prices", program="reelmake").stdout
    assert "openai/gpt-image-9: unpriced\n" in shown
    assert "mine: $0\n" in shown
    assert "elevenlabs/eleven_v4: $0.08 per thousand characters\n    since 2026-11-01; elevenlabs.io" in shown
    assert re.search(
        r"gpt-4o-mini-2024-07-18: .*\n    genai-prices [\d.]+; end(s|ed) on 2027-01-14.*; used here\n", shown
    )


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
    assert list(told) == [
        "schema", "usd", "priced_usd", "unpriced", "saved_usd", "lost_usd", "groups", "shared", "unanswered", "budget"
    ]  # fmt: skip
    assert (told["schema"], told["usd"], told["saved_usd"], told["lost_usd"]) == (
        "reelmake/cost@1",
        "0.04",
        "0.04",
        "0",
    )
    (group,) = told["groups"]
    assert group == {
        "name": "one", "requests": 4, "usd": "0.04", "priced_usd": "0.04", "unpriced": 0, "quoted_usd": "0.04",
        "lost_usd": "0",
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
