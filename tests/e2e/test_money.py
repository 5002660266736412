"""Money, in real builds against stand-in vendors: what is planned, spent, capped, shared, and lost by chance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from studio import Studio, finish
from vendors.server import Vendors

from reelmake.core.amounts import dollars

pytestmark = pytest.mark.slow

MICRO_USD = Decimal("0.000001")
BILLED_AND_GONE = ("cut", "lost")


@pytest.fixture
def v() -> Iterator[Vendors]:
    with Vendors() as vendors:
        yield vendors
        assert vendors.violations == []


def batch(studio: Studio) -> None:
    """Write eight episodes; they open and close with the same lines, and two of them have yet to be written."""
    for number in range(6):
        own = (
            f"max: Thing {number} is a wonder | wonder {number}",
            f"ada: And so is thing {number}9 | marvel {number}",
        )
        studio.episode(f"e{number}", "ada: Welcome back | an open door", *own, "max: Goodbye then | a setting sun")
    for name in ("owls", "moths"):
        studio.episode(name, topic=name, cast=["ada", "max"], lines=3)


@pytest.mark.parametrize(
    ("seed", "asked"), [(3, ()), (8, ("script", "voice", "image"))], ids=["videos", "what is paid"]
)
def test_a_batch_is_finished_though_three_of_ten_requests_fail(
    tmp_path: Path, v: Vendors, seed: int, asked: tuple[str, ...]
) -> None:
    studio = Studio(tmp_path, v)
    batch(studio)
    v.random_failures(0.3, seed)
    for _ in range(2):
        done = studio.run(*asked, rc=None)
        assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert " degraded " not in done.stderr
    assert asked or not unfinished(studio)
    v.random_failures(0, seed)
    v.settle()
    gone = [one for one in v.served_faults if one.fault.name in BILLED_AND_GONE and one.hit.kind != "voice"]
    assert len(v.served_faults) > 12
    assert v.distinct() == 2 + (2 + 6 * 2 + 2 * 3) * 2
    assert v.billed_count() == v.distinct() + len(gone), "what was spoken is found in the history"
    check_books(studio, v, Counter(one.hit.kind for one in gone))


def unfinished(studio: Studio) -> bool:
    """Say whether a video is missing or has a card in it."""
    names = [path.stem for path in (studio.root / "episodes").glob("*.yaml")]
    return not all(studio.is_built(name) and not studio.degraded(name) for name in names)


def check_books(studio: Studio, v: Vendors, gone: Counter[str]) -> None:
    """Compare what is told with the vendors' books: lost pictures are told exactly, lost scripts at most."""
    told = studio.cost("--by", "provider")
    for vendor, lost in (("elevenlabs", 0), ("fal", gone["image"])):
        assert told.of(vendor) + told.of(vendor, "lost_usd") == v.spent(vendor)
        assert told.of(vendor, "lost_usd") == lost * v.spent(vendor) / max(1, v.billed_count(vendor))
    first = {bill.asked: bill.usd for bill in v.billed if bill.vendor == "openai"}
    assert 0 <= told.of("openai") - sum(first.values()) <= MICRO_USD * len(first)
    assert told.of("openai", "lost_usd") >= v.spent("openai") - sum(first.values())
    assert abs(told.usd + told.lost_usd - v.spent()) < Decimal("0.01") * max(1, gone["script"])
    assert told.unanswered() == []


def plan(studio: Studio) -> dict[str, Decimal]:
    """Return what is planned to be spent, by kind."""
    return {kind: Decimal(usd) for kind, usd in studio.told("plan")["by_kind"].items()}


def test_what_is_planned_is_what_is_billed(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v)
    lines = ("ada: Hello there | a moon", "max: Grüß Gott, 1.000 mal! 🎉 | a sun", "ada: Hello there | a moon")
    studio.episode("one", *lines)
    studio.episode("two", *lines[:2], "max: Good night | a star")
    planned = plan(studio)
    assert planned == {"script": 0, "voice": planned["voice"], "image": planned["image"]}
    studio.run()
    assert planned["voice"] == v.spent("elevenlabs") > 0
    assert planned["image"] == v.spent("fal") > 0
    spent = studio.cost("--by", "provider")
    assert spent.usd == v.spent() == sum(planned.values())
    assert all(Decimal(group["usd"]) == Decimal(group["quoted_usd"]) for group in spent.groups.values())
    assert sum(plan(studio).values()) == 0
    studio.episode("two", *lines[:2], "max: Good morning | a star")
    planned, before = plan(studio), v.spent()
    studio.run()
    assert sum(planned.values()) == v.spent() - before == Decimal("0.04") * len("Good morning") / 1000


def test_a_meter_bills_at_most_what_is_planned_and_the_difference_is_shown(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v, image="openai")
    studio.episode("one", topic="moths", cast=["ada"], lines=2)
    studio.episode("two", "ada: Hello there | a moon")
    first = plan(studio)
    studio.run("script")
    assert 0 < v.spent("openai", "script") <= first["script"]
    second = plan(studio)
    studio.run()
    assert 0 < v.spent("openai", "image") <= second["image"] <= first["image"]
    assert v.spent("elevenlabs") == second["voice"] <= first["voice"]
    told = studio.cost("--by", "kind")
    for kind, quoted in (("script", first["script"]), ("image", second["image"])):
        assert 0 <= told.of(kind) - v.spent(kind=kind) <= MICRO_USD
        assert quoted >= told.of(kind, "quoted_usd") > told.of(kind), "a script may have to be asked for twice"
    shown = studio.run("cost", "--by", "kind", program="reelmake").stdout
    assert f"quoted {dollars(told.of('image', 'quoted_usd'))}" in shown


def test_parallel_calls_do_not_go_over_the_cap_and_more_money_buys_exactly_the_rest(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v, image="openai")
    studio.episode("one", *(f"ada: This is line {number} | picture {number}" for number in range(10)))
    v.seconds = {"voice": 0.3, "image": 0.8}
    cap = Decimal("0.07")
    stopped = studio.run(rc=1, REELMAKE_CAP_USD=str(cap), REELMAKE_LIMITS__OPENAI_IMAGE="8").stderr
    assert v.most_running["image"] >= 4
    assert 0 < v.spent() <= cap
    assert cap - v.spent() < Decimal("0.03"), "it stops where the next one would go over"
    assert f"the cap of {dollars(cap)} is reached" in stopped
    assert "Traceback" not in stopped
    missing = [line for line in stopped.splitlines() if line.startswith("missing because of the cap: ")]
    assert len(missing) == 1
    planned, before = plan(studio), v.billed_count()
    assert f"for {dollars(sum(planned.values(), Decimal(0)))}: " in missing[0]
    rest = 20 - before
    counts = {kind: 10 - v.billed_count(kind=kind) for kind in ("image", "voice")}
    assert ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) in missing[0]
    assert studio.cost().usd == v.spent()
    again = studio.run(rc=1, REELMAKE_CAP_USD="0.000001").stderr
    assert v.billed_count() == before
    assert missing[0].partition(": ")[2].partition(":")[0] in again
    studio.run(REELMAKE_CAP_USD=str(sum(planned.values())))
    assert v.billed_count() == v.distinct() == before + rest
    assert studio.cost().usd == v.spent()
    assert studio.is_built("one")


def test_what_gets_lost_counts_under_the_cap(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v, image="openai")
    studio.episode("one", *(f"ada: This is line {number} | picture {number}" for number in range(10)))
    v.seconds = {"image": 0.3}
    v.random_failures(0.5, 1, BILLED_AND_GONE)
    studio.run("image", rc=1, REELMAKE_CAP_USD="0.12", REELMAKE_LIMITS__OPENAI_IMAGE="8")
    assert len(v.served_faults) > 2
    assert Decimal("0.08") < v.spent() <= Decimal("0.12")
    told = studio.cost()
    assert told.usd + told.lost_usd >= v.spent()


def test_two_builds_at_once_share_every_answer(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v)
    same = [f"ada: Said by both, {number} | seen by both {number}" for number in range(4)]
    studio.episode("one", *same, "max: Only here | a hare")
    studio.episode("two", *same, "max: Only there | a tear")
    studio.episode("three", *same, "max: Nowhere else | an elk")
    v.seconds = {"voice": 0.3, "image": 0.4}
    started = [studio.start(*names) for names in (("video:one", "video:two"), ("video:three", "video:two"))]
    ended = [finish(process) for process in started]
    assert [code for code, _ in ended] == [0, 0], ended
    assert v.billed_count() == v.distinct() == 14
    assert studio.cost().usd == v.spent()
    assert len(studio.cost().told["shared"]) == 8
    assert all(map(studio.is_built, ("one", "two", "three")))
    before = studio.outputs()
    assert studio.made(studio.run()) == []
    assert studio.outputs() == before


# -- bills that are higher than quotes, and budgets ---------------------------------------------------------------


def test_bills_over_the_cap_stop_the_build_which_fails_and_what_is_there_is_kept(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v)
    studio.episode("one", *(f"ada: This is line {number} | picture {number}" for number in range(6)))
    v.elevenlabs_times = {"vada": 400}
    stopped = studio.run(rc=1, REELMAKE_CAP_USD="0.10").stderr
    assert v.spent() > Decimal("0.10")
    assert v.billed_count("elevenlabs") == 1, "nothing further is sent"
    said = re.search(
        r"OVER THE CAP: the bills are over a cap of \$0\.10: \$([\d.]+) is spent, more than was quoted", stopped
    )
    assert said, stopped
    assert Decimal("0.10") < Decimal(said[1]) <= v.spent()
    assert "a cap is for one build, and starts again with the next" in stopped
    assert "raise cap_usd" not in stopped
    assert studio.cost().usd == v.spent(), "what was under way is kept"
    before = v.billed_count()
    studio.run(REELMAKE_CAP_USD="20")
    assert v.billed_count() == v.distinct() == before + 12 - before


def test_the_last_bill_alone_may_pass_the_cap(tmp_path: Path, v: Vendors) -> None:
    """Nothing is missing then, and the build fails all the same; the next one has nothing to buy."""
    studio = Studio(tmp_path, v)
    studio.episode("one", "ada: Hello there | a moon")
    studio.run("image", "script")
    v.elevenlabs_times = {"vada": 400}
    studio.episode("two", "ada: Quite another one | a moon")
    stopped = studio.run("voice:two", rc=1, REELMAKE_CAP_USD="0.10").stderr
    assert "OVER THE CAP" in stopped
    assert "missing because of" not in stopped
    assert len(list(studio.root.glob("build/two/voice/*.wav"))) == 1
    studio.run("voice:two", rc=0, REELMAKE_CAP_USD="0.10")


def test_a_merge_whose_bills_are_over_the_cap_is_published_and_fails(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v)
    studio.episode("one", "ada: Hello there | a moon")
    studio.run("image", "script")
    v.elevenlabs_times = {"vada": 400}
    ended = studio.run("ci", "merge", program="reelmake", rc=1, REELMAKE_CAP_USD="0.10")
    assert "### Rendered for $0." in ended.stdout
    assert "**the bills are over a cap of" in ended.stdout
    assert "OVER THE CAP" in ended.stderr
    assert studio.is_built("one")


BUDGET = {"REELMAKE_BUDGET__USD": "0.04", "REELMAKE_BUDGET__PER": "day"}


def test_a_budget_counts_all_builds_and_says_what_is_left(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v, image="openai")
    lines = [f"ada: This is line {number} | picture {number}" for number in range(6)]
    studio.episode("one", *lines[:1])
    studio.episode("two", *lines[1:])
    studio.run("video:one")
    assert 0 < v.spent() < Decimal("0.04")
    told = studio.told("plan", "two")  # without a budget, there is none in it
    assert told["budget"] is None
    before = v.spent()
    env = studio.env
    studio.env = {**env, **BUDGET}
    budget = studio.told("plan")["budget"]
    assert (budget["usd"], budget["per"]) == ("0.04", "day")
    assert Decimal(budget["spent_usd"]) == studio.cost().usd
    assert Decimal(budget["left_usd"]) == Decimal("0.04") - studio.cost().usd
    text = studio.run("plan", program="reelmake").stdout
    assert f"budget: {dollars(Decimal(budget['left_usd']))} of $0.04 a day is left until " in text
    assert "over what is left of the budget by $" in text
    stopped = studio.run(rc=1).stderr
    assert before < v.spent() <= Decimal("0.04")
    assert "the budget is reached: " in stopped
    assert "missing because of the budget: " in stopped
    assert "run doit again from " in stopped
    for _ in range(3):  # a budget does not start again with the next build, which may buy what still fits
        again = studio.run(rc=1, REELMAKE_CAP_USD="5").stderr
        assert v.spent() <= Decimal("0.04")
        assert "missing because of the budget: " in again
    assert studio.told("cost")["budget"] == studio.told("plan")["budget"]
    assert "budget: $0.0" in studio.run("cost", program="reelmake").stdout
    assert studio.run("plan", "--md", program="reelmake").stdout.count("budget: ") == 1
    studio.env = {**env, **BUDGET, "REELMAKE_BUDGET__USD": "9"}
    studio.run()
    assert v.billed_count() == v.distinct() == 12


def test_two_builds_at_once_do_not_go_over_one_budget(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v, image="openai")
    for name in ("one", "two", "three"):
        studio.episode(name, *(f"ada: {name} has line {number} | {name} {number}" for number in range(8)))
    v.seconds = {"voice": 0.2, "image": 0.5}
    env = {"REELMAKE_BUDGET__USD": "0.12", "REELMAKE_LIMITS__OPENAI_IMAGE": "8"}
    started = [studio.start(f"image:{name}", **env) for name in ("one", "two", "three")]
    ended = [finish(process) for process in started]
    assert {1} <= {code for code, _ in ended} <= {0, 1}, ended
    assert Decimal("0.05") < v.spent() <= Decimal("0.12")
    assert v.billed_count() == v.distinct()


def test_a_model_without_a_price_is_refused_under_a_budget_before_anything_is_spent(tmp_path: Path, v: Vendors) -> None:
    studio = Studio(tmp_path, v, image="openai")
    studio.episode("one", "ada: Hello there | a moon")
    text = (studio.root / "pyproject.toml").read_text("utf-8")
    studio.write(
        "pyproject.toml", text.replace('image = "openai"', 'image = {provider = "openai", model = "gpt-image-9"}')
    )
    refused = studio.run(rc=3, **BUDGET)
    assert "there is a budget of $0.04 a day, and no price for gpt-image-9" in refused.stderr
    assert v.billed_count() == 0
