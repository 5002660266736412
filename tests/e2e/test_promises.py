"""Promises about money, in real builds: caps, cards, kills, other providers, and no secrets."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from standin_server import Standin
from studio import Studio
from vendors.house import ELEVENLABS_KEY, FAL_KEY, OPENAI_KEY
from vendors.server import Vendors
from workspace import Workspace

LINES = [f"{who}: This is line number {n} of it | scene {n}" for n, who in enumerate(["ada", "max"] * 3)]
PRICES = '\n[tool.reelmake.prices."second/plain"]\nusd_per_image = 0.05\n'


def clean_build_of(project: Workspace, vendor: Standin) -> Workspace:
    """Build the same specs from nothing."""
    clean = Workspace(project.root.parent / "clean", vendor.url)
    clean.write("pyproject.toml", (project.root / "pyproject.toml").read_bytes())
    for path in (project.root / "episodes").glob("*.yaml"):
        clean.write(f"episodes/{path.name}", path.read_bytes())
    clean.run()
    return clean


def provenance(project: Workspace, episode: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((project.root / f"build/{episode}/video.json").read_text())
    return told


# -- the cap ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_build_stops_at_its_cap_keeps_what_it_has_and_goes_on_under_a_higher_one(
    project: Workspace, vendor: Standin
) -> None:
    settings = (project.root / "pyproject.toml").read_text()
    limits = "\n[tool.reelmake.limits]\nstandin-voice = 8\nstandin-image = 8\n"
    project.write("pyproject.toml", settings + limits)
    project.episode("one", *LINES, LINES[0])
    project.episode("two", topic="owls", cast=["ada"], lines=2)
    vendor.seconds = {"voice": 0.1, "image": 0.1, "script": 0.5}
    stopped = project.run(rc=1, REELMAKE_CAP_USD="0.05")
    assert vendor.count() == 5, "as much as the cap allows, and never more, however many ask at once"
    assert vendor.most_running["voice"] + vendor.most_running["image"] > 2
    told = stopped.stderr.splitlines()
    assert "spent $0.05 of a cap of $0.05" in told
    assert "a cap is for one build, and starts again with the next: run doit again" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    (missing,) = [line for line in told if line.startswith("missing because of the cap: ")]
    script = 0 if vendor.count("script") else 1
    if script:
        assert f"for ${(12 + script - 5) / 100}, and the lines of what is not written" in missing
    assert not list(project.root.glob(".reelmake/store/notes/*/*")), "what was not sent was not noted"
    assert not (project.root / "build/one/one.mp4").exists()
    assert len(list(project.root.glob("build/*/voice/*.wav")) + list(project.root.glob("build/*/images/*.png"))) >= 4
    project.run(REELMAKE_CAP_USD="1")
    assert vendor.count() == vendor.distinct() == 12 + 1 + 4
    assert project.run(REELMAKE_CAP_USD="0").stderr.splitlines()[-1].endswith("s"), "a free build needs no money"
    assert project.outputs() == clean_build_of(project, vendor).outputs()


# -- cards --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_refused_picture_becomes_a_card_and_is_tried_for_again_by_the_next_build(
    project: Workspace, vendor: Standin
) -> None:
    project.episode("one", *LINES[:2], "ada: The last one | sorrow")
    vendor.refuse.add(("image", "sorrow"))
    degraded = project.run()
    (line,) = [row for row in degraded.stderr.splitlines() if row.startswith("image:one:") and " degraded: " in row]
    assert ": episodes/one.yaml:13: the stand-in said: HTTP Error 503" in line
    assert "1 degraded" in degraded.stderr
    assert (project.root / "build/one/one.mp4").is_file()
    (told,) = provenance(project, "one")["degraded"]
    assert told["step"].startswith("image:one:ada-the-last-one")
    assert "sorrow" in told["prompt"]
    assert provenance(project, "one")["cost"]["usd"] == "0.05"
    card = project.outputs()
    plan = json.loads(project.run("plan", "--json", program="reelmake").stdout)
    assert plan["usd"] == "0.01", "it was never paid for"

    again = project.run()
    assert "1 degraded" in again.stderr
    assert project.made(again) == []
    assert project.outputs() == card

    vendor.refuse.clear()
    repaired = project.run()
    assert {name.partition(":")[0] for name in project.made(repaired)} == {"image", "segment", "video"}
    assert "degraded" not in repaired.stderr
    assert provenance(project, "one")["degraded"] == []
    assert vendor.count() == vendor.distinct() == 6
    assert project.outputs() == clean_build_of(project, vendor).outputs()


def test_what_is_wrong_with_the_account_makes_no_cards(project: Workspace, vendor: Standin) -> None:
    """No picture of the account could be had: a video full of cards would help nobody."""
    project.episode("one", LINES[0])
    failed = project.run(rc=1, REELMAKE_PROXY="socks5h://127.0.0.1:9")
    assert "image:one:ada-this-is-line-number-0-of-it" in failed.stderr
    assert "degraded" not in failed.stderr
    assert not (project.root / "build/one/images").exists()
    assert vendor.count() == 0


# -- other providers ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_another_provider_is_paid_for_once_and_going_back_is_free(project: Workspace, vendor: Standin) -> None:
    project.write("pyproject.toml", (project.root / "pyproject.toml").read_text() + PRICES)
    project.episode("one", *LINES[:2])
    project.run()
    first = project.outputs()
    assert vendor.count() == 4
    second = {"REELMAKE_PROVIDERS__IMAGE": "second"}
    project.run(rc=0, **second)
    assert vendor.count() == 6
    other = project.outputs()
    assert other != first
    assert project.made(project.run()) == []
    assert (vendor.count(), project.outputs()) == (6, first)
    assert project.made(project.run(rc=0, **second)) == []
    assert (vendor.count(), project.outputs()) == (6, other)
    project.run()

    spec = json.loads((project.root / "episodes/one.yaml").read_text())
    spec["script"][0]["providers"] = {"image": {"provider": "second", "steps": "4"}}
    project.write("episodes/one.yaml", json.dumps(spec))
    project.run()
    assert vendor.count() == 6, "the same choice, made on the line"
    spec["script"][0]["providers"] = {"image": {"provider": "second", "steps": "5"}}
    project.write("episodes/one.yaml", json.dumps(spec))
    project.run()
    assert vendor.count() == 7, "one picture, with another option"
    told = json.loads(project.run("cost", "--by", "provider", "--json", program="reelmake").stdout)
    assert {group["name"]: group["usd"] for group in told["groups"]} == {"second": "0.15", "standin": "0.04"}


@pytest.mark.slow
def test_a_model_without_a_price_is_refused_under_a_cap_before_anything_is_spent(
    project: Workspace, vendor: Standin
) -> None:
    project.episode("one", *LINES[:2])
    refused = project.run(rc=3, REELMAKE_PROVIDERS__IMAGE="second", REELMAKE_CAP_USD="1")
    assert "there is a cap of $1.00, and no price for" in refused.stderr
    assert vendor.count() == 0
    built = project.run(rc=0, REELMAKE_PROVIDERS__IMAGE="second")
    assert vendor.count() == 4
    assert "spent $0.02" in built.stderr
    told = json.loads(project.run("cost", "--json", program="reelmake").stdout)
    assert [group["unpriced"] for group in told["groups"]] == [2]
    assert provenance(project, "one")["cost"]["usd"] is None


# -- kills --------------------------------------------------------------------------------------------------------


def settled(vendor: Standin) -> None:
    """Wait for answers to nobody."""
    end = time.monotonic() + 30
    while any(vendor.running.values()) and time.monotonic() < end:
        time.sleep(0.005)


def kill_while_asked(project: Workspace, vendor: Standin, seconds: float) -> None:
    """Start doit, and kill it the hard way so long after its first request has arrived."""
    settled(vendor)
    doit = project.start()
    while doit.poll() is None and not any(vendor.running.values()):
        time.sleep(0.002)
    time.sleep(seconds)
    doit.kill()
    doit.communicate()


def receipts(project: Workspace) -> dict[str, dict[str, Any]]:
    """Return the receipts of what was bought, by what was asked for."""
    found = [json.loads(path.read_text()) for path in project.root.glob(".reelmake/store/actions/*/*")]
    return {asked(told["manifest"]["request"]): told for told in found if told["provider"] == "standin"}


def asked(request: dict[str, Any]) -> str:
    return json.dumps(request, sort_keys=True)


@pytest.mark.slow
def test_what_a_kill_lost_is_written_down_and_nothing_else_is_paid_for_twice(tmp_path: Path, vendor: Standin) -> None:
    project = Workspace(tmp_path / "killed", vendor.url)
    project.episode("one", *LINES)
    project.episode("two", topic="owls", cast=["ada", "max"], lines=3)
    vendor.seconds = {"voice": 0.15, "image": 0.25, "script": 0.2}
    dice = random.Random(3)
    for _ in range(6):
        kill_while_asked(project, vendor, dice.uniform(0, 0.2))
    settled(vendor)
    project.run()
    bills = Counter(asked(request) for _, request in vendor.calls)
    found = receipts(project)
    assert found.keys() == bills.keys()
    lost = {request: len(told["earlier"]) for request, told in found.items()}
    assert all(bills[request] - 1 <= lost[request] for request in bills), "each bill has its line"
    assert sum(lost.values()), "the kills came when nothing was asked for"
    assert not list(project.root.glob(".reelmake/store/notes/*/*"))
    told = json.loads(project.run("cost", "--json", program="reelmake").stdout)
    assert float(told["lost_usd"]) == pytest.approx(0.01 * sum(lost.values()))
    assert float(told["usd"]) == pytest.approx(0.01 * len(bills))
    assert project.outputs() == clean_build_of(project, vendor).outputs()


# -- secrets ------------------------------------------------------------------------------------------------------

IN_DOTENV = "a-value-that-only-dotenv-has-1b2c"


@pytest.mark.slow
def test_secrets_are_nowhere_after_a_failing_and_a_succeeding_build(tmp_path: Path) -> None:
    secrets = [OPENAI_KEY, ELEVENLABS_KEY, FAL_KEY, IN_DOTENV, "hunter2-proxy"]
    with Vendors() as v:
        project = Studio(tmp_path / "project", v)
        project.write(".env", f"FAL_KEY={FAL_KEY}\nSOME_API_TOKEN={IN_DOTENV}\n")
        del project.env["FAL_KEY"]
        project.episode("sky", "ada: Why is it blue? | a blue sky")
        project.episode("moon", topic="the moon", cast=["ada"], lines=1)
        outputs = []
        for fault in ("wrong_key", "lost", None):
            if fault:
                for vendor in ("openai", "elevenlabs", "fal"):
                    v.fail(vendor, fault, times=1)
            result = project.run("run", "--log-json", rc=None)
            outputs += [result.stdout, result.stderr]
        assert result.returncode == 0
        proxied = project.run(
            "run", "-a", "image:sky", rc=None, REELMAKE_PROXY="socks5h://me:hunter2-proxy@127.0.0.1:9"
        )
        outputs += [proxied.stdout, proxied.stderr]
        for command in (["plan"], ["cost"], ["doctor"], ["why", "video:sky"]):
            told = project.run(*command, program="reelmake")
            outputs += [told.stdout, told.stderr]
        assert '"event": "call"' in outputs[1]
    files = [path for path in project.root.rglob("*") if path.is_file() and path.name != ".env"]
    assert len(files) > 20
    for secret in secrets:
        assert not [path for path in files if secret.encode() in path.read_bytes()]
        assert not [text for text in outputs if secret in text]


def test_a_secret_in_a_spec_or_template_is_neither_sent_nor_stored(tmp_path: Path) -> None:
    with Vendors() as v:
        project = Studio(tmp_path / "project", v)
        project.episode("sky", f"ada: My key is {ELEVENLABS_KEY} | a blue sky", "ada: Hello there. | a red sky")
        project.write("templates/image.j2", "{{ subject }}, signed " + OPENAI_KEY)
        failed = project.run(rc=1)
        assert failed.stderr.count("holds the value of a secret variable") >= 3  # a voice, and both pictures
        assert (v.count(kind="voice"), v.count(kind="image")) == (1, 0)  # the other voice is harmless
    stored = [path for path in (project.root / ".reelmake").rglob("*") if path.is_file()]
    for secret in (ELEVENLABS_KEY, OPENAI_KEY):
        assert secret not in failed.stdout + failed.stderr
        assert not [path for path in stored if secret.encode() in path.read_bytes()]
