"""`doit publish`: to a folder and to a real S3 server, through faults and kills; what is there is whole."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import nursery
import pytest
from s3_faults import FAULTS, Door, first
from seaweed import Seaweed, client, env_of
from standin_server import Standin
from workspace import Workspace

from reelmake.core.files import file_digest
from reelmake.publish.index import FOR_EVER, Item, item
from reelmake.publish.merge_order import Merge, OvertakenError
from reelmake.publish.publish import _make_current
from reelmake.publish.targets import opened
from reelmake.spec.model import Target
from reelmake.store.s3_upload import PART_BYTES

pytestmark = pytest.mark.slow

EPISODES = ("one", "two")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Standin]]:
    """Two episodes, built and measured once."""
    with Standin() as vendor:
        project = Workspace(tmp_path_factory.mktemp("publish") / "project", vendor.url)
        for name in EPISODES:
            project.episode(name, f"ada: This is episode {name}", "max: And it goes on for a while")
        project.run("publish")
        yield project, vendor


@pytest.fixture
def project(built: tuple[Workspace, Standin], tmp_path: Path) -> Workspace:
    """A clone of that project which has published nothing, whose store has everything."""
    source, vendor = built
    clone = Workspace(tmp_path / "project", vendor.url)
    for name in EPISODES:
        clone.write(f"episodes/{name}.yaml", (source.root / f"episodes/{name}.yaml").read_bytes())
    clone.env.update(REELMAKE_RETRY_SECONDS="0.01")
    (clone.root / ".reelmake").mkdir()
    (clone.root / ".reelmake/store").symlink_to(source.root / ".reelmake/store")
    return clone


def to_bucket(project: Workspace, seaweed: Seaweed, door: Door) -> str:
    """Have a project publish to a new bucket, through a door; returns the bucket's name."""
    name = seaweed.bucket()
    project.env.update(env_of(door.url), REELMAKE_PUBLISH__TO=f"s3://{name}/team")
    return name


def objects(seaweed: Seaweed, bucket: str) -> dict[str, bytes]:
    s3 = client(seaweed.url)
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", ())
    return {
        one["Key"].removeprefix("team/"): s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed
    }


def assert_whole(found: Mapping[str, bytes]) -> None:
    """Everything is what its name says, and the index names only what is there."""
    for name, content in found.items():
        if name.startswith("videos/"):
            assert hashlib.sha256(content).hexdigest()[:16] == Path(name).stem
        else:
            json.loads(content)
    for told in json.loads(found.get("index.json", b'{"episodes": {}}'))["episodes"].values():
        for part in ("video", "cover", "srt", "vtt", "provenance"):
            assert len(found[told[part]["key"]]) == told[part]["bytes"]


def provenance(project: Workspace, name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((project.root / f"build/{name}/video.json").read_text("utf-8"))
    return told


def test_a_folder_is_a_target_and_needs_nothing(project: Workspace) -> None:
    """Its links go to stdout; publishing again sends nothing; a plain build afterwards finds nothing to do."""
    out = project.run("publish:one").stdout
    (url,) = out.split()
    found = {
        path.relative_to(project.root / "published").as_posix(): path.read_bytes()
        for path in (project.root / "published").rglob("*")
        if path.is_file()
    }
    assert_whole(found)
    assert list(json.loads(found["index.json"])["episodes"]) == ["one"]
    with urlopen(url) as video:
        content = video.read()
    assert content == (project.root / "build/one/one.mp4").read_bytes()
    (told,) = provenance(project, "one")["published"]
    assert (told["to"], told["url"]) == ("published", url)
    assert "was published" in project.run("publish:one").stderr
    quiet = project.run("video:one").stderr
    assert "made" not in quiet
    assert "restored" not in quiet
    published = json.loads(found[json.loads(found["index/one.json"])["provenance"]["key"]])
    assert published == {**provenance(project, "one"), "published": []}


def test_a_bucket_gets_what_it_lacks_and_the_links_work(project: Workspace, seaweed: Seaweed, door: Door) -> None:
    bucket = to_bucket(project, seaweed, door)
    project.run("publish")
    before = objects(seaweed, bucket)
    assert_whole(before)
    assert len(before) == 2 * 5 + 3
    assert list(json.loads(before["index.json"])["episodes"]) == ["one", "two"]
    (told,) = provenance(project, "one")["published"]
    with urlopen(told["url"]) as video:
        assert video.headers["Content-Type"] == "video/mp4"
        assert "immutable" in video.headers["Cache-Control"]
        assert video.read() == (project.root / "build/one/one.mp4").read_bytes()
    kept = client(seaweed.url).head_object(Bucket=bucket, Key="team/index.json")
    assert (kept["ContentType"], kept["CacheControl"]) == ("application/json", "no-cache")
    last = [path for method, path, _, _ in door.asked if method == "PUT"]
    assert last[-1].endswith("/index.json")

    door.asked.clear()
    project.run("publish")
    assert door.count("PUT") == 0

    project.episode("two", "ada: This is episode two", "max: And it ends in another way")
    project.run("publish")
    after = objects(seaweed, bucket)
    assert_whole(after)
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name for name in changed if "one" in name} == set()
    assert {name for name in changed if not name.startswith("videos/two/")} == {"index.json", "index/two.json"}
    assert door.count("PUT") == len(changed)
    entries = [json.loads(found["index.json"])["episodes"]["one"] for found in (before, after)]
    assert entries[0] == entries[1]


def test_an_address_of_ones_own_is_told_everywhere(project: Workspace) -> None:
    project.write(
        "pyproject.toml",
        (project.root / "pyproject.toml").read_text()
        + ('\n[tool.reelmake.publish]\nto = [{to = "site", url = "https://videos.example/shorts/"}, "copy"]\n'),
    )
    project.run("publish:one")
    urls = [one["url"] for one in provenance(project, "one")["published"]]
    told = json.loads((project.root / "site/index.json").read_text())["episodes"]["one"]
    assert urls[0] == told["video"]["url"] == f"https://videos.example/shorts/{told['video']['key']}"
    assert urls[1].startswith("file://")
    assert "url" not in json.loads((project.root / "copy/index.json").read_text())["episodes"]["one"]["video"]


def test_what_is_wrong_with_a_video_keeps_it_from_being_published(project: Workspace) -> None:
    project.episode(
        "one",
        "ada: This is episode one",
        "max: And it goes on for a while",
        reel={"min_seconds": 0, "max_seconds": 0.5},
    )
    failed = project.run("publish:one", rc=1)
    told = failed.stderr
    begins = r"is not published: 1 thing is wrong with it:\n  episodes/one\.yaml:\d+: duration at 0:00\.5: "
    assert re.search(begins, told), told
    assert not (project.root / "published/videos").exists()


def test_a_degraded_video_is_published_only_when_that_is_asked_for(
    project: Workspace, built: tuple[Workspace, Standin]
) -> None:
    vendor = built[1]
    vendor.refuse.add(("image", "unpaintable"))
    project.episode("one", "ada: This is episode one", "max: And it goes on for a while | unpaintable")
    refused = project.run("publish:one", rc=1)
    assert "degraded at" in refused.stderr
    assert "--allow-degraded" in refused.stderr
    project.run("publish:one", "--allow-degraded")
    assert json.loads((project.root / "published/index.json").read_text())["episodes"]["one"]["degraded"] == 1
    vendor.refuse.clear()


def test_keys_that_are_missing_are_told_before_anything_is_built(project: Workspace) -> None:
    nothing = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "S3_ENDPOINT_URL"), "")
    failed = project.run("publish", rc=3, REELMAKE_PUBLISH__TO="s3://bucket", **nothing)
    assert "there are no keys for S3" in failed.stderr
    assert not (project.root / "build").exists()


def test_a_server_that_is_out_of_order_now_and_then_gets_everything(
    project: Workspace, seaweed: Seaweed, door: Door
) -> None:
    bucket = to_bucket(project, seaweed, door)
    faults = itertools.cycle(["500", "", "", "503", "", "", "reset", "", "", "cut", "", ""])
    broken: set[tuple[str, str]] = set()

    def now_and_then(method: str, path: str) -> str:
        """Break a request, but not also when it is made again: two episodes take turns in any order."""
        fault, one = next(faults), (method, path)
        if one in broken:
            broken.discard(one)
            return ""
        if fault:
            broken.add(one)
        return fault

    door.fault = now_and_then
    project.run("publish")
    assert {"500", "503", "reset", "cut"} <= set(door.broken) <= set(FAULTS)
    assert_whole(objects(seaweed, bucket))
    assert len(objects(seaweed, bucket)) == 2 * 5 + 3


def test_what_is_refused_is_told_and_nothing_is_current(project: Workspace, seaweed: Seaweed, door: Door) -> None:
    bucket = to_bucket(project, seaweed, door)
    door.fault = first(100, "403", "PUT", "videos/one/")
    failed = project.run("publish", rc=1)
    assert "check the keys, what they are allowed to do" in failed.stderr
    found = objects(seaweed, bucket)
    assert list(json.loads(found["index.json"])["episodes"]) == ["two"]
    assert provenance(project, "one")["published"] == []


def test_a_publish_that_is_killed_at_any_moment_leaves_nothing_half_and_sends_nothing_twice(
    project: Workspace, seaweed: Seaweed, door: Door
) -> None:
    bucket = to_bucket(project, seaweed, door)
    project.run("video", "inspection", "cover")
    door.latency_seconds = 0.03
    dice = random.Random(11)
    arrived: list[tuple[int, set[str]]] = []
    for number in range(5):
        build = project.start("publish")
        time.sleep(dice.uniform(0.2, 1.0) + 0.4 * number)
        build.kill()
        build.communicate()
        found = objects(seaweed, bucket)
        assert_whole(found)
        time.sleep(0.3)  # what was on its way arrives
        arrived.append((len(door.asked), {name for name in found if name.startswith("videos/")}))
    project.run("publish")
    found = objects(seaweed, bucket)
    assert_whole(found)
    assert list(json.loads(found["index.json"])["episodes"]) == ["one", "two"]
    assert len(arrived[-1][1]) > 0
    for count, there in arrived:
        sent = {path.partition("/team/")[2] for method, path, _, _ in door.asked[count:] if method == "PUT"}
        assert sent & there == set(), "what had arrived is not sent again"


SEND = """
import os, sys
from pathlib import Path
from reelmake.publish.index import FOR_EVER, item
from reelmake.spec.model import Target
from reelmake.store.local import file_digest
from reelmake.publish.targets import opened

file = Path(sys.argv[1])
piece = item("one", "video", file_digest(file), file.stat().st_size)
place = opened(Target(to=sys.argv[2]), Path(), os.environ.get, None)
place.send(piece, file, FOR_EVER, lambda _: None)
"""


def test_a_large_file_tells_how_far_it_is_and_goes_on_after_kill_9(
    tmp_path: Path, seaweed: Seaweed, door: Door
) -> None:
    """Only the part that had not arrived is sent again, and until all have, nothing has its name."""
    large = tmp_path / "large.mp4"
    large.write_bytes(random.Random(3).randbytes(5 * PART_BYTES // 2))
    size = large.stat().st_size
    piece = item("one", "video", file_digest(large), size)
    to = f"s3://{seaweed.bucket()}/team"
    place = opened(Target(to=to), tmp_path, env_of(door.url).get, None)
    last = iter(range(3))
    door.fault = lambda method, path: "hang" if method == "PUT" and next(last) == 2 else ""  # noqa: ARG005
    sending = nursery.start(["-c", SEND, str(large), to], tmp_path, {**nursery.clean_env(), **env_of(door.url)})
    end = time.monotonic() + 60
    while door.count("PUT") < 2 and time.monotonic() < end:
        time.sleep(0.01)
    sending.kill()
    _, said = sending.communicate()
    there = sum(sent for method, _, sent, _ in door.asked if method == "PUT")
    assert 0 < there < size, said
    assert not place.has(piece)
    door.fault = lambda method, path: ""  # noqa: ARG005
    told: list[int] = []
    place.send(piece, large, FOR_EVER, told.append)
    assert place.has(piece)
    assert (sum(told), len(told)) == (size, 3)
    assert sum(sent for method, _, sent, _ in door.asked if method == "PUT") == size, "no part was sent twice"
    with urlopen(place.link(piece.name)) as video:
        assert video.read() == large.read_bytes()


def test_another_s3_server_is_a_target_too(tmp_path: Path, moto: str) -> None:
    """The same steps as of a publish, for two episodes; the second one knows what the list holds."""
    client(moto).create_bucket(Bucket="videos")
    place = opened(Target(to="s3://videos/team"), tmp_path, env_of(moto).get, None)
    file = tmp_path / "one.vtt"
    file.write_text("WEBVTT\n", "utf-8")
    piece = item("one", "vtt", file_digest(file), file.stat().st_size)
    assert not place.has(piece)
    place.send(piece, file, FOR_EVER, lambda _: None)
    assert place.has(piece)
    with urlopen(place.link(piece.name)) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"WEBVTT\n", "text/vtt; charset=utf-8")
        assert "immutable" in answer.headers["Cache-Control"]
    for name in ("one", "two", "one"):
        _make_current(place, name, entry_of(name))
    _make_current(place, "two", entry_of("two", "changed"))
    told = json.loads(place.read("index.json") or b"{}")["episodes"]
    assert {name: one["title"] for name, one in told.items()} == {"one": "", "two": "changed"}
    merge = Merge("here", "a" * 40, datetime(2026, 1, 1, tzinfo=UTC), lambda _: False)
    merge.announce(place)
    assert merge.look(place) == merge.commit
    assert sorted(place.tags("")) == ["index.json", "index/one.json", "index/two.json", merge.name, piece.name]


class Shelf:
    """A target in memory, that lets somebody else publish in the middle of a write."""

    def __init__(self) -> None:
        self.to = "memory"
        self.links_last = False
        self.listed: set[str] = set()
        self.files: dict[str, bytes] = {}
        self.before_index: list[str] = []

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def write(self, name: str, content: bytes, content_type: str, cache: str) -> None:
        del content_type, cache
        if name == "index.json" and self.before_index:
            other = self.before_index.pop()
            _make_current(self, other, entry_of(other))
        self.files[name] = content

    def tags(self, under: str) -> dict[str, str]:
        return {
            name: hashlib.md5(told).hexdigest() for name, told in sorted(self.files.items()) if name.startswith(under)
        }

    def has(self, item: Item) -> bool:
        return item.name in self.files

    def send(self, item: Item, file: Path, cache: str, sent: object) -> None:
        raise NotImplementedError

    def link(self, name: str) -> str:
        return name


def entry_of(episode: str, title: str = "") -> bytes:
    return json.dumps({"episode": episode, "title": title}).encode()


def test_two_who_publish_at_once_are_both_in_the_index() -> None:
    """The other one's whole publish happens between this one's look at the entries and its write of the index."""
    shelf = Shelf()
    shelf.before_index = ["three", "two"]
    _make_current(shelf, "one", entry_of("one"))
    assert sorted(json.loads(shelf.files["index.json"])["episodes"]) == ["one", "three", "two"]


def test_of_two_merges_the_later_commit_is_current_whichever_job_is_slower() -> None:
    def merge(commit: str, minute: int, *ancestors: str) -> Merge:
        return Merge(
            "here", commit * 40, datetime(2026, 1, 1, 0, minute, tzinfo=UTC), {a * 40 for a in ancestors}.__contains__
        )

    shelf, older, newer = Shelf(), merge("a", 1), merge("b", 2)
    older.announce(shelf)
    newer.announce(shelf)
    shelf.files[newer.name] = shelf.files[newer.name].replace(b"b" * 40, b"a" * 40).replace(b":02:", b":01:")
    _make_current(shelf, "one", entry_of("one", "newer"), newer)
    with pytest.raises(OvertakenError, match=r"b{10} of .* is later than a{10}"):
        _make_current(shelf, "one", entry_of("one", "older"), older)
    assert json.loads(shelf.files["index.json"])["episodes"]["one"]["title"] == "newer"
    with pytest.raises(OvertakenError, match="to go back, revert it"):
        older.announce(shelf)
    _make_current(shelf, "one", entry_of("one", "by hand"))
    merge("c", 0, "b").announce(shelf)  # a clock may be wrong; what comes before what is known all the same
    shelf.files[newer.name] = b"no json"
    older.announce(shelf)
    other = Merge("elsewhere", "d" * 40, newer.at, older.has_ancestor)
    other.announce(shelf)
    assert older.look(shelf) == older.commit


def test_two_machines_publish_at_once(
    project: Workspace, built: tuple[Workspace, Standin], tmp_path: Path, seaweed: Seaweed, door: Door
) -> None:
    bucket = to_bucket(project, seaweed, door)
    other = Workspace(tmp_path / "other", built[1].url)
    other.env.update(project.env)
    (other.root / ".reelmake").mkdir()
    (other.root / ".reelmake/store").symlink_to(built[0].root / ".reelmake/store")
    for name in EPISODES:
        other.write(f"episodes/{name}.yaml", (project.root / f"episodes/{name}.yaml").read_bytes())
    door.latency_seconds = 0.01
    threads = [
        threading.Thread(target=each.run, args=(f"publish:{name}",))
        for each, name in ((project, "one"), (other, "two"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = objects(seaweed, bucket)
    assert_whole(found)
    assert list(json.loads(found["index.json"])["episodes"]) == ["one", "two"]


def test_the_second_stage_publishes_and_says_where(project: Workspace, seaweed: Seaweed, door: Door) -> None:
    to_bucket(project, seaweed, door)
    lines = [{"character": "ada", "text": "This is episode one"}, {"character": "ada", "text": "It is the second line"}]
    told = {"schema": "reelmake/dialogue@1", "name": "piped", "title": "Piped", "characters": {"ada": {"name": "Ada"}}}
    dialogue = json.dumps({**told, "lines": lines})
    (project.root / "in.json").write_text(dialogue)
    code = "import sys; sys.stdin = open('in.json'); sys.argv = ['video_from_dialogue_api', '--publish'];"
    code += "from reelmake.api import video_from_dialogue_api; video_from_dialogue_api()"
    project.write("stage.py", code)
    result = json.loads(project.run(program="stage").stdout)
    with urlopen(result["url"]) as video:
        assert hashlib.sha256(video.read()).hexdigest() == result["sha256"]
