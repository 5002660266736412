"""`reelmake doctor`: what is in force, what is missing, which models end soon. No value of a key is ever shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from seaweed import Seaweed
from vendors.server import Vendors
from workspace import Workspace

SOON = "gpt-4o-mini"  # which ends in January 2027, as its vendor says


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "project")
    providers = f'[tool.reelmake.providers]\nscript = {{provider = "openai", model = "{SOON}"}}\n'
    text = (made.root / "pyproject.toml").read_text("utf-8")
    text = text.replace('[tool.reelmake.providers]\nscript = "standin"\n', providers)
    made.write("pyproject.toml", text.replace('voice = "standin"', 'voice = "elevenlabs"'))
    for name in ("ada", "max"):
        made.write(f"characters/{name}.yaml", f"name: {name}\nvoice: {{elevenlabs: {{voice_id: v{name}}}}}\n")
    made.episode("rain", topic="rain", cast=["ada", "max"], lines=2)
    return made


def doctor(project: Workspace, rc: int, **env: str) -> str:
    told = project.run("doctor", program="reelmake", rc=rc, **env)
    return told.stdout + told.stderr


def test_keys_that_are_needed_and_not_set_are_missing(project: Workspace) -> None:
    told = doctor(project, 2, OPENAI_API_KEY="", ELEVENLABS_API_KEY="")
    assert "missing: OPENAI_API_KEY: openai needs it; write OPENAI_API_KEY=... into .env" in told
    assert "missing: ELEVENLABS_API_KEY" in told
    assert "missing: FAL_KEY" not in told


def test_keys_are_named_and_never_shown(project: Workspace) -> None:
    with Vendors() as v:
        told = doctor(project, 0, **v.env())
    assert "OPENAI_API_KEY:     set" in told
    assert not any(value in told for name, value in v.env().items() if name.endswith("KEY"))


def test_a_model_that_its_vendor_ends_soon_is_a_warning(project: Workspace) -> None:
    """Also without the vendor, when its last day is known."""
    with Vendors() as v:
        asked = doctor(project, 0, **v.env())
        assert v.count("openai", "models") == 1
        assert v.billed == []
    unasked = doctor(project, 2, OPENAI_API_KEY="")
    for told in (asked, unasked):  # it ends, or has ended, on that day
        assert re.search(rf"warning: script: the model {SOON} end(s|ed) on 2027-01-14", told)


def test_a_proxy_that_is_none_is_told_without_its_password(project: Workspace) -> None:
    assert "hush-hush" not in doctor(project, 2, REELMAKE_PROXY="socks6://me:hush-hush@127.0.0.1:9")


def test_the_cap_and_the_proxy_are_told_without_its_password(project: Workspace) -> None:
    told = doctor(project, 2, REELMAKE_CAP_USD="0.5", REELMAKE_PROXY="socks5h://me:hush-hush@127.0.0.1:9")
    assert "$0.50 a build" in told
    assert "127.0.0.1:9" in told
    assert "hush-hush" not in told


@pytest.mark.slow
def test_the_shared_store_is_told_with_whether_it_can_be_reached(project: Workspace, seaweed: Seaweed) -> None:
    """And which of its variables are set, never what they hold."""
    env = {"REELMAKE_STORE_URL": f"s3://{seaweed.bucket()}/team", "OPENAI_API_KEY": "", "REELMAKE_STORE_MODE": "read"}
    told = doctor(project, 2, **env, **seaweed.env)
    assert f"{env['REELMAKE_STORE_URL']} (nothing goes up)" in told
    assert "the shared store: " not in told
    assert "publishing to" not in told
    assert re.search(r"^AWS_SECRET_ACCESS_KEY: +set$", told, re.MULTILINE)
    assert re.search(r"^AWS_SESSION_TOKEN: +not set$", told, re.MULTILINE)
    assert not any(value in told for name, value in seaweed.env.items() if "KEY" in name)
    shared = {"REELMAKE_STORE_MODE": "write", "REELMAKE_PUBLISH__TO": env["REELMAKE_STORE_URL"]}
    reads = doctor(project, 2, **{**env, **shared, **seaweed.reader_env})
    assert "warning: the shared store: it can be listed, and not written to" in reads
    assert f"warning: publishing to {env['REELMAKE_STORE_URL']}: it can be listed, and not written to" in reads
    unset = doctor(project, 2, **env, REELMAKE_STORE_REQUIRED="true")
    assert "missing: the shared store: there are no keys for S3" in unset
    wrong = doctor(project, 2, **env, **{**seaweed.env, "AWS_SECRET_ACCESS_KEY": "wrong-secret"})
    assert re.search("warning: the shared store: s3://.*; check the keys", wrong)
    nothing = doctor(project, 2, REELMAKE_STORE_URL="https://bucket")
    assert "store_url" in nothing
    assert "write s3://bucket, or s3://bucket/prefix" in nothing
