"""What must not change, whatever becomes of the code: keys, requests, plans, receipts, places, documents, outputs.

A project that asks every provider for every kind of step (see `kitchen_sink`) is built by the real commands against the
stand-in vendors, and compared with readable files: the same ones on every machine and every Python. Placeholders stand
for what depends on the machine:

- `<ffmpeg>` and `<font>`: the version of ffmpeg, and digests of fonts.
- The path of a file in place of its digest, where a step reads what another one wrote. Processors round a neural voice
  or a filter of sound differently, and another ffmpeg encodes other bytes; which slot reads which file is the same
  everywhere. A key of such a manifest is left out here; another test checks that it is the digest of the manifest.
- `<sha256>`: other digests of such files. `<id>`: a vendor's name for an answer. `<seconds>`, and zeros for a time.

So there is no digest of a sound, a picture or a video here. Texts follow from the sound of the stand-ins, whose words
begin and end at whole samples. To compare all bytes, build two commits on one machine.

`REELMAKE_ACCEPT=1` writes the files anew. Say in the changelog why, and what is made or paid for again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from subprocess import PIPE
from typing import Any

import nursery
import pytest
import yaml
from accept import changed
from kitchen_sink import EDITED, EPISODES, REQUEST, WRONG_REQUEST, KitchenSink
from vendors.server import Vendors

GOLDENS = Path(__file__).parent / "kitchen_sink"
SHA256 = re.compile("[0-9a-f]{64}")
OF_PROVIDERS = ("script", "voice", "image")  # what is asked of them is the same on every machine
AFTER = ("inspection:bought", "inspection:written", "cover:written", "storyboard:written")  # only by name
# Episodes whose sound is the stand-in's, in a language whose captions are set by a font that does not change.
HEARD = ("bought", "chosen", "written", "written.fr")


@dataclass(frozen=True)
class Seen:
    """The project after its builds, and the answers of the commands on the way."""

    root: Path
    vendors: Vendors
    plan_before: Any
    plan_after: Any
    cost: Any
    dialogue: Any
    result: Any
    error: Any

    def document(self, path: str) -> Any:
        """Return a JSON file of the project."""
        return json.loads((self.root / path).read_text("utf-8"))

    def receipts(self) -> dict[str, Any]:
        """Return all receipts, by their paths in the store."""
        store = self.root / ".reelmake/store"
        return {path.relative_to(store).as_posix(): json.loads(path.read_bytes()) for path in store.glob("actions/*/*")}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Build the project, and look at it."""
    with Vendors() as v:
        project = KitchenSink(tmp_path_factory.mktemp("sink"), v)
        v.fail("openai/script", "miscount", when="TOPIC: owls")  # a script and a translation have a line too few
        v.fail("openai/script", "miscount", when="Pourquoi")
        before = json_of(project, "plan")
        project.run(*(f"{kind}:{name}" for kind in ("video", "subtitles") for name in EPISODES), *AFTER)
        project.run()  # translations come later: the others pay for what they share
        after, cost = json_of(project, "plan"), json_of(project, "cost")
        dialogue = answer_of(project, "dialogue_api", REQUEST)
        result = answer_of(project, "video_from_dialogue_api", dialogue)
        error = answer_of(project, "dialogue_api", WRONG_REQUEST, code=2)
        project.write("episodes/written.yaml", EPISODES["written"].replace(*EDITED))
        project.run("script:written.fr")  # another request stands for this one: with all that is known of it
        yield Seen(project.root, v, before, after, cost, dialogue, result, error)


def json_of(project: KitchenSink, command: str) -> Any:
    """Return the JSON that a command prints."""
    return json.loads(project.run(command, "--json", program="reelmake").stdout)


def answer_of(project: KitchenSink, command: str, document: Any, code: int = 0) -> Any:
    """Return the answer of a stage to a document."""
    (point,) = entry_points(group="console_scripts", name=command)
    script = f"import sys; from {point.module} import {point.attr}; sys.exit({point.attr}())"
    with nursery.start(["-c", script], project.root, project.env, PIPE) as process:
        out, err = process.communicate(json.dumps(document), timeout=300)
    assert process.returncode == code, err
    return json.loads(out)


# -- golden files -------------------------------------------------------------------------------------------------


class Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and lists of numbers in one line; nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (none is worth it)
        return True


Dumper.add_representer(
    str, lambda to, text: to.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)
Dumper.add_representer(
    list,
    lambda to, items: to.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=all(isinstance(item, int) for item in items)
    ),
)


def compare(name: str, found: Any) -> None:
    """Compare with a golden file; fails with the lines that differ."""
    text = yaml.dump(found, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    lines = changed(GOLDENS / f"{name}.yaml", text)
    if lines:
        pytest.fail("\n".join(["what differs:", *lines]), pytrace=False)


def canonical(value: object) -> str:
    """Return JSON as it is hashed for a key."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def without_digests(value: Any) -> Any:
    """Return JSON with a placeholder for each digest of a file."""
    if isinstance(value, Mapping):
        return {name: without_digests(part) for name, part in value.items()}
    if isinstance(value, list):
        return [without_digests(part) for part in value]
    return "<sha256>" if isinstance(value, str) and SHA256.fullmatch(value) else value


def known_key(key: str, kind: str) -> str:
    """Return a key; a placeholder where a machine decides what it is made of."""
    return key if kind in OF_PROVIDERS else SHA256.sub("<sha256>", key)


def names_of_files(root: Path) -> dict[str, list[str]]:
    """Return digest -> the paths of all files of a project that hold just this."""
    names = defaultdict(list)
    for folder in ("assets", "build", "characters"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                names[hashlib.sha256(path.read_bytes()).hexdigest()].append(path.relative_to(root).as_posix())
    return dict(names)


def written(receipt: Mapping[str, Any], files: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a receipt as it stands in the golden file: the request first, then what came of it."""
    episode = receipt["step"].split(":")[1]
    names = {
        digest: min(paths, key=lambda path: (not path.startswith(f"build/{episode}/"), path.startswith("build/"), path))
        for digest, paths in files.items()
    }
    request = {name: "<ffmpeg>" if name == "ffmpeg" else part for name, part in receipt["manifest"]["request"].items()}
    if "fonts" in request:
        request["fonts"] = dict.fromkeys(request["fonts"], "<font>")
    inputs = {slot: names.get(digest, digest) for slot, digest in receipt["manifest"]["inputs"].items()}
    manifest = {**receipt["manifest"], "request": request, "inputs": inputs}
    entry = {
        **receipt,
        "manifest": manifest,
        "key": receipt["key"] if manifest == receipt["manifest"] else "<sha256 of the manifest>",
        "made_at": re.sub(r"\d", "0", receipt["made_at"]),
        "vendor_ids": ["<id>"] * len(receipt["vendor_ids"]),
    }
    if receipt["provider"] not in {"spec", "store"}:  # those two write the same bytes everywhere
        entry["blob"] = "<sha256>"
    return {"key": entry.pop("key"), "manifest": entry.pop("manifest"), **entry}


# -- requests and receipts ----------------------------------------------------------------------------------------


def test_manifests_keys_and_receipts(seen: Seen) -> None:
    """If this fails, everyone is about to pay again.

    A changed key of a script, a voice or an image is a request that nobody's store holds: each is asked for again, and
    billed. A changed manifest of another kind is made again, which takes time. A changed field of a receipt is one that
    what was written before does not have.
    """
    files, steps = names_of_files(seen.root), defaultdict(list)
    for receipt in sorted(seen.receipts().values(), key=lambda one: (len(canonical(one["manifest"])), canonical(one))):
        steps[receipt["step"]].append(written(receipt, files))
    kinds = {(one["manifest"]["kind"], one["provider"]) for several in steps.values() for one in several}
    assert {provider for kind, provider in kinds if kind == "script"} >= {"openai", "offline", "spec", "store"}
    assert {provider for kind, provider in kinds if kind == "voice"} == {"elevenlabs", "offline"}
    assert {provider for kind, provider in kinds if kind == "image"} == {"fal", "openai", "offline"}
    compare("steps", {name: steps[name] for name in sorted(steps)})


def test_a_key_is_the_digest_of_its_manifest(seen: Seen) -> None:
    """If this fails, everyone is about to pay again, for everything."""
    for receipt in seen.receipts().values():
        assert receipt["key"] == f"r1:{hashlib.sha256(canonical(receipt['manifest']).encode()).hexdigest()}"


def test_requests_to_vendors(seen: Seen) -> None:
    """If this fails, vendors get other requests than the keys say, or at other addresses."""
    ids, found = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), {}
    for hit in seen.vendors.hits:
        entry: dict[str, Any] = {"request": f"{hit.vendor} {hit.method} {ids.sub('<id>', hit.path)}"}
        entry |= {"query": dict(hit.query)} if hit.query else {}
        entry |= {"body": hit.body} if hit.body else {}
        found[entry["request"], canonical(entry)] = entry  # how often a queue is polled depends on the time
    compare("requests", [found[place] for place in sorted(found)])


def test_where_a_store_keeps_what(seen: Seen) -> None:
    """If this fails, nobody finds again what they have paid for."""
    receipts, store = seen.receipts(), seen.root / ".reelmake/store"
    assert set(receipts) == {f"actions/{one['key'][3:5]}/{one['key']}" for one in receipts.values()}
    blobs = {path.relative_to(store).as_posix(): path.read_bytes() for path in store.glob("blobs/*/*")}
    assert set(blobs) == {f"blobs/{one['blob'][:2]}/{one['blob']}" for one in receipts.values()}
    assert all(hashlib.sha256(body).hexdigest() == Path(name).name for name, body in blobs.items())
    assert not [path for path in store.glob("notes/*/*") if path.is_file()], "nothing is under way"


# -- answers and outputs ------------------------------------------------------------------------------------------


def planned(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan by its steps, in order of their names."""
    rows = {}
    for row in plan["steps"]:
        rows[row["step"]] = {name: value for name, value in row.items() if name != "step"}
        rows[row["step"]]["key"] = known_key(row["key"], row["kind"])
    return {**plan, "steps": {name: rows[name] for name in sorted(rows)}}


def test_plans(seen: Seen) -> None:
    """Before the first build, and after it."""
    compare("plan", {"before": planned(seen.plan_before), "after": planned(seen.plan_after)})


def test_documents(seen: Seen) -> None:
    """What programs read: those of the stages, `video.json`, and what was spent."""
    provenance = without_digests(seen.document("build/bought/video.json")) | {"ffmpeg": "<ffmpeg>"}
    for step, made in provenance["made_of"].items():
        made["key"] = known_key(made["key"], step.partition(":")[0])
    result = without_digests(seen.result)
    result |= {counted: dict(sorted(result[counted].items())) for counted in ("made", "restored")}  # as they ended
    result["timings_seconds"] = dict.fromkeys(sorted(result["timings_seconds"]), "<seconds>")
    documents = {
        "request": REQUEST,
        "dialogue": seen.dialogue,
        "result": result,
        "wrong request": WRONG_REQUEST,
        "error": seen.error,
        "video.json": provenance,
        "cost": seen.cost,
    }
    compare("documents", documents)


def test_outputs(seen: Seen) -> None:
    """Which files there are, and the words, times and captions of the stand-in's sound."""
    build = seen.root / "build"
    paths = sorted(path for path in build.rglob("*") if path.is_file())
    names = [path.relative_to(build).as_posix() for path in paths]
    texts = {}
    for path, name in zip(paths, names, strict=True):
        episode, _, part = name.partition("/")
        if part == "script.json" or (episode in HEARD and part.startswith(("voice/", "timeline", "subtitles."))):
            text = path.read_text("utf-8") if path.suffix != ".wav" else ""
            texts[name] = json.loads(text) if path.suffix == ".json" else text
    compare("outputs", {"files": names, "texts": {name: text for name, text in texts.items() if text}})


# -- the samples --------------------------------------------------------------------------------------------------


def test_samples(tmp_path: Path) -> None:
    """If this fails, everyone who began with the samples makes all their lines again.

    These are the samples that `reelmake init` writes, with the templates and the voices that come along. Only keys are
    here; `steps.yaml` shows which field of a request has changed.
    """
    env = nursery.clean_env()

    def run(*args: str) -> str:
        with nursery.start(["-m", *args], tmp_path, env) as process:
            out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return out

    run("reelmake", "init", ".")
    run("doit", "script:*")
    plan = planned(json.loads(run("reelmake", "plan", "--json")))
    keys = {name: f"{row['key']} {row['where']}".strip() for name, row in plan["steps"].items()}
    scripts = {
        path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(tmp_path.glob("build/*/script.json"))
    }
    compare("samples", {"script.json": scripts, "keys": keys})
