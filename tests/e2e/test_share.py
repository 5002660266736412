"""A team shares a store: what one machine has paid for, no other pays for, whatever happens on the way."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from footage import hum, small_video
from s3_faults import Door, first
from seaweed import Seaweed, client
from studio import Studio, finish
from vendors.server import Vendors

pytestmark = pytest.mark.slow

LEFT = ("background.mp4", "music.wav", "soundtrack.aac", "segments/")
SECONDS = {"script": 0.1, "voice": 0.2, "queue": 0.1, "image": 0.2}
KILLS = 4


@pytest.fixture
def v() -> Iterator[Vendors]:
    with Vendors() as vendors:
        yield vendors
        assert vendors.violations == []


class Team:
    """Machines that share a bucket behind a door."""

    def __init__(self, root: Path, v: Vendors, door: Door, bucket: str) -> None:
        self.root, self.v, self.door, self.bucket = root, v, door, bucket

    def machine(self, name: str, like: Studio | None = None, **env: str) -> Studio:
        """Return the empty disk of a machine, with the specs of another one."""
        studio = Studio(self.root / name, self.v, timeout_seconds=5)
        small_video(studio.root / "assets/drift.mp4")
        hum(studio.root / "assets/hum.wav")
        keys = {"AWS_ACCESS_KEY_ID": "AKIALOOPBACK00000001", "AWS_SECRET_ACCESS_KEY": "a-secret-of-loopback-alone"}
        shared = {"REELMAKE_STORE_URL": f"s3://{self.bucket}/team", "S3_ENDPOINT_URL": self.door.url}
        studio.env.update({**keys, **shared, **env})
        if like:
            studio.copy_of(like)
        return studio

    def receipts(self) -> list[Any]:
        """Return all receipts in the bucket of what was bought."""
        s3 = client(self.door.url)
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix="team/actions/").get("Contents", ())
        found = [json.loads(s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read()) for one in listed]
        return [told for told in found if told["provider"] in {"openai", "elevenlabs", "fal"}]


@pytest.fixture
def team(tmp_path: Path, v: Vendors, door: Door, seaweed: Seaweed) -> Team:
    return Team(tmp_path, v, door, seaweed.bucket())


def looks(studio: Studio) -> dict[str, str]:
    """Return the outputs, without what may be left in the store."""
    return {path: told for path, told in studio.outputs().items() if not path.split("/", 2)[2].startswith(LEFT)}


def test_what_one_machine_has_paid_for_no_other_pays_for(team: Team, seaweed: Seaweed) -> None:
    """And what is transferred is what people look at: segments come when an edit needs them."""
    v, door = team.v, team.door
    a = team.machine("a")
    more = {"background": "assets/drift.mp4", "music": "assets/hum.wav"}
    lines = ("ada: Hello there | a moon", "max: And a good day to you | a sun", "ada: Goodbye now | a star")
    a.episode("one", *lines, **more)
    a.episode("two", topic="owls", cast=["ada"], lines=1)
    a.run()
    paid = v.count()
    assert len(team.receipts()) == v.distinct()

    door.asked.clear()
    b = team.machine("b", a)
    told = b.run().stderr
    assert v.count() == paid
    assert " made" not in told
    assert looks(b) == looks(a)
    assert {path for path in a.outputs() if path not in b.outputs()} == {
        path for path in a.outputs() if path.split("/", 2)[2].startswith(LEFT)
    }
    left_bytes = sum((a.root / path).stat().st_size for path in a.outputs() if path not in b.outputs())
    assert door.sent_bytes() < sum(path.stat().st_size for path in (a.root / "build").rglob("*.mp4")) + left_bytes
    assert door.count("PUT") == 0

    door.asked.clear()
    told = b.run(PYTHONPROFILEIMPORTTIME="1").stderr
    assert "restored" not in told
    assert "reelmake.store.layered" in told
    assert "boto3" not in told, "with nothing to do, what would ask is not even loaded"
    assert door.asked == [], "with nothing to do the shared store is not asked"

    b.run("segment:two", "build/two/soundtrack.aac")
    assert b.outputs("two") == a.outputs("two"), "what is asked for by name comes"

    b.episode("one", *lines[:2], "ada: Goodbye for now | a star", **more)
    b.run()
    assert v.count(kind="voice") == 5
    assert v.distinct() == paid_requests(v)
    clean = team.machine("clean", b)
    del clean.env["REELMAKE_STORE_URL"]
    shutil.copytree(b.root / ".reelmake/store", clean.root / ".reelmake/store")
    count = v.count()
    clean.run("video:one")
    assert v.count() == count
    assert clean.outputs("one") == b.outputs("one"), "after an edit, all is as in a clean build"

    door.asked.clear()
    keys = {name: value for name, value in seaweed.reader_env.items() if name != "S3_ENDPOINT_URL"}
    d = team.machine("d", b, REELMAKE_STORE_MODE="read", **keys)
    plan = d.told("plan")
    assert (plan["usd"], plan["counts"]["make"]) == ("0", 0)
    assert door.count("GET") == door.count("GET", "/team/"), (
        "receipts are asked for by name, and not all of them listed"
    )
    d.run()
    assert v.count() == count
    assert looks(d) == looks(b)
    assert door.count("PUT") == door.count("POST") == door.count("DELETE") == 0


def paid_requests(v: Vendors) -> int:
    return len({(charge.kind, json.dumps(charge.body, sort_keys=True)) for charge in v.billed})


def test_what_was_left_and_is_gone_from_the_store_is_made(team: Team) -> None:
    """Also a background, without which no segment can be made."""
    a = team.machine("a")
    lines = ("ada: Hello there | a moon", "max: And a good day to you | a sun")
    a.episode("one", *lines, background="assets/drift.mp4")
    a.run()
    b = team.machine("b", a)
    b.run()
    assert not (b.root / "build/one/background.mp4").exists()
    (c := team.machine("c", a)).run()
    c.run("segment:one")
    assert len(list((c.root / "build/one/segments").iterdir())) == len(lines), "what is asked for by name is brought"
    own = '{"file_dep": ["build/one/soundtrack.aac"], "actions": ["cp %(dependencies)s talk"]}'
    c.write("dodo.py", f"{(c.root / 'dodo.py').read_text('utf-8')}\n\ndef task_talk():\n    return {own}\n")
    c.run("talk")
    assert (c.root / "talk").exists(), "and so is what a project's own tasks read"
    s3 = client(team.door.url)
    for one in s3.list_objects_v2(Bucket=team.bucket, Prefix="team/blobs/")["Contents"]:
        s3.delete_object(Bucket=team.bucket, Key=one["Key"])
    count = team.v.count()
    assert "Traceback" not in c.run("inspect", "one", program="reelmake", rc=None).stderr
    assert (c.root / "build/one/background.mp4").exists(), "an inspection reads it, too"
    b.episode("one", lines[0], "max: And a fine day to you | a sun", background="assets/drift.mp4")
    b.run()
    assert team.v.count("elevenlabs", "voice") == 3
    assert team.v.count() == count + 1
    assert b.is_built("one")


def test_without_the_shared_store_a_build_goes_on_and_says_so_once(team: Team) -> None:
    a = team.machine("a")
    a.episode("one", "ada: Hello there | a moon")
    team.door.fault = first(10_000, "503")
    told = a.run().stderr
    assert told.count("THE SHARED STORE IS NOT USED") == 2 - ("may be made and paid for again" in told)
    assert a.is_built("one")
    refused = team.machine("refused", a, REELMAKE_STORE_REQUIRED="true")
    result = refused.run(rc=3)
    assert "the shared store is required (store_required), and not there" in result.stderr
    assert "Traceback" not in result.stderr
    for command in ("plan", "cost"):
        assert "the shared store is required" in refused.run(command, program="reelmake", rc=2).stderr
    planned = refused.run("plan", program="reelmake", REELMAKE_STORE_REQUIRED="false").stdout
    assert "the shared store was not read, so its content counts as not made: s3://" in planned
    team.door.fault = first(0, "")
    count = team.v.count()
    a.run()
    (b := team.machine("b", a)).run()
    assert team.v.count() == count
    before = json.loads((b.root / "build/one/video.json").read_bytes())
    assert any(name.startswith("segment:") for name in before["made_of"])
    team.door.fault = first(10_000, "503")
    b.episode("one", "ada: Hello there | a moon", title="Another title")
    b.run()
    after = json.loads((b.root / "build/one/video.json").read_bytes())
    assert after == {**before, "title": "Another title"}, "what was left in the store is still told of"
    b.episode("owls", topic="owls", cast=["ada"], lines=1)
    team.door.fault = first(5, "503", "GET", "/actions/")
    blind = b.run("prune", "--shared", "--yes", program="reelmake", rc=2)
    assert "nothing was removed, for it is not known what is needed" in blind.stderr, "a script may be in there"


def test_kill_9_of_a_build_repeats_on_no_machine_what_has_gone_up(tmp_path: Path, door: Door, seaweed: Seaweed) -> None:
    dice, killed, acknowledged = random.Random(5), 0, 0
    for number in range(KILLS):
        with Vendors(seconds=SECONDS) as v:
            team = Team(tmp_path / str(number), v, door, seaweed.bucket())
            a = team.machine("a")
            a.episode("one", "ada: Hello there | a moon", "max: And a good day to you | a sun")
            door.asked.clear()
            build = a.start()
            sent = dice.randint(3, 16)
            while door.count("PUT") < sent:
                time.sleep(0.005)
            build.kill()
            killed += finish(build)[0] < 0
            up = team.receipts()
            acknowledged += len(up)
            (b := team.machine("b", a)).run()
            v.settle()
            bought = [json.dumps(charge.body, sort_keys=True) for charge in v.billed]
            again = {body for body in bought if bought.count(body) > 1}
            assert len(again) <= v.distinct() - len(up), "what has gone up is not bought again"
            assert b.is_built("one")
    assert killed == KILLS
    assert acknowledged >= KILLS
