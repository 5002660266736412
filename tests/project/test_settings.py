"""Settings: of a team and of a machine, their precedence, and the messages about mistakes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelmake.core.errors import InputError, Problem
from reelmake.core.logging import redact
from reelmake.project.settings import Allowance, Settings, load_settings, settings_of_pools, variables
from reelmake.spec.model import Performer, Reel


@pytest.fixture(autouse=True)
def _only_our_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("REELMAKE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def write(root: Path, toml: str | bytes = "", dotenv: str | bytes = "") -> None:
    for name, content in (("pyproject.toml", toml), (".env", dotenv)):
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)


def problems(root: Path) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load_settings(root)
    return sorted(caught.value.problems)


# -- where values come from ---------------------------------------------------------------------------------------


def test_nothing_has_to_be_set(root: Path) -> None:
    made = load_settings(root)
    assert made.providers.model_dump() == {kind: {"provider": "offline"} for kind in ("script", "voice", "image")}
    assert (made.limits, made.reel, made.store, made.ffmpeg) == ({}, Reel(), ".reelmake/store", None)


def test_a_pyproject_without_our_table_sets_nothing(root: Path) -> None:
    write(root, '[project]\nname = "x"\n[tool.other]\nstore = 3\n')
    assert load_settings(root).store == ".reelmake/store"


INLINE = """\
[tool]
reelmake = {store = "s", limits.cpu = 3, providers = {voice = "lark"}, reel = {size = [720, 1280]}}
"""
DOTTED = """\
tool.reelmake.store = "s"
tool.reelmake.limits.cpu = 3
tool.reelmake.providers.voice = "lark"
tool.reelmake.reel.size = "720x1280"
"""
HEADERS = """\
[ tool . "reelmake" ]
store = "s"
limits = {cpu = 3}
providers.voice = "lark"
[tool.reelmake.reel]
size = "720x1280"
"""


@pytest.mark.parametrize("toml", [INLINE, DOTTED, HEADERS])
def test_toml_may_be_written_in_any_way(root: Path, toml: str) -> None:
    write(root, toml)
    made = load_settings(root)
    assert (made.store, made.limits, made.providers.voice.provider, made.reel) == (
        "s",
        {"cpu": 3},
        "lark",
        Reel(size=(720, 1280)),
    )


def test_a_byte_order_mark_that_doit_cannot_read_is_reported(root: Path) -> None:
    write(root, f"\ufeff{HEADERS}")
    with pytest.raises(InputError, match=r"^pyproject.toml:1: the file begins .*; save it as UTF-8 without BOM$"):
        load_settings(root)


def test_the_environment_wins_over_dotenv_and_dotenv_over_pyproject(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        root,
        '[tool.reelmake]\nstore = "toml"\nffmpeg = "toml"\nproviders.voice = "toml"\nlimits = {cpu=1, a=1, b=1}\n',
        "REELMAKE_STORE=dot\nREELMAKE_FFMPEG=dot\nREELMAKE_LIMITS__A=2\nREELMAKE_LIMITS__B=2\n",
    )
    monkeypatch.setenv("REELMAKE_STORE", "env")
    monkeypatch.setenv("REELMAKE_LIMITS__B", "3")
    monkeypatch.setenv("REELMAKE_LIMITS__C", "3")
    made = load_settings(root)
    assert (made.store, made.ffmpeg, made.providers.voice.provider) == ("env", "dot", "toml")
    assert made.limits == {"cpu": 1, "a": 2, "b": 3, "c": 3}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("REELMAKE_PROVIDERS__VOICE", "elevenlabs", ("providers", "voice", "provider", "elevenlabs")),
        ("REELMAKE_PROVIDERS__VOICE", "123", ("providers", "voice", "provider", "123")),
        ("REELMAKE_CAP_USD", "0.25", ("cap_usd", Decimal("0.25"))),
        ("REELMAKE_BUDGET__USD", "20", ("budget", {"usd": Decimal(20), "per": "month"})),
        ("REELMAKE_BUDGET", "", ("budget", None)),
        ("REELMAKE_PROXY", "socks5h://localhost:1080", ("proxy", "socks5h://localhost:1080")),
        ("REELMAKE_PRICES__LLAMA__USD_PER_IMAGE", "0.1", ("prices", "llama", "usd_per_image", Decimal("0.1"))),
        ("REELMAKE_LIMITS__CPU", "4", ("limits", "cpu", 4)),
        ("REELMAKE_REEL__SIZE", "720x1280", ("reel", "size", (720, 1280))),
        ("REELMAKE_REEL__FPS", "60", ("reel", "fps", 60)),
        ("REELMAKE_REEL__PAUSE_SECONDS", "0.5", ("reel", "pause_seconds", 0.5)),
        ("REELMAKE_FFMPEG", "/usr/bin/ffmpeg", ("ffmpeg", "/usr/bin/ffmpeg")),
        ("reelmake_store", "elsewhere", ("store", "elsewhere")),
    ],
)
def test_any_value_can_be_set_by_a_variable(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: tuple[object, ...]
) -> None:
    """In the environment as in `.env`; what is not named keeps its value from pyproject.toml."""
    write(root, "[tool.reelmake.reel]\nmusic_db = -20\n", f"export {name}='{value}'\n")
    from_file = load_settings(root)
    (root / ".env").unlink()
    monkeypatch.setenv(name, value)
    for made in (from_file, load_settings(root)):
        *where, value_made = expected
        found: Any = made.model_dump()
        for part in where:
            found = found[part]
        assert found == value_made
        assert made.reel.music_db == -20


@pytest.mark.parametrize("shared", ['[tool.reelmake.providers]\nimage = "fal"\n', ""])
def test_options_of_a_provider_add_to_its_name(root: Path, monkeypatch: pytest.MonkeyPatch, shared: str) -> None:
    write(root, shared, "" if shared else "REELMAKE_PROVIDERS__IMAGE=fal\n")
    monkeypatch.setenv("REELMAKE_PROVIDERS__IMAGE__MODEL", "x")
    assert load_settings(root).providers.image == Performer(provider="fal", model="x")
    monkeypatch.setenv("REELMAKE_PROVIDERS__IMAGE", "openai")
    assert load_settings(root).providers.image == Performer(provider="openai", model="x")
    monkeypatch.delenv("REELMAKE_PROVIDERS__IMAGE__MODEL")
    assert load_settings(root).providers.image == Performer(provider="openai")


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_table_does_not_hide_what_is_wrong_with_its_name(
    root: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A limit that is there must not look as if it were in force."""
    write(root, "[tool.reelmake.limits]\nfal = 1\n", "A=1\nreelmake_limits=3\n" if place == "file" else "")
    if place == "environment":
        monkeypatch.setenv("reelmake_limits", "3")
    monkeypatch.setenv("REELMAKE_LIMITS__CPU", "2")
    (problem,) = problems(root)
    assert (problem.file, problem.line) == ((".env", 2) if place == "file" else ("REELMAKE_LIMITS", 1))
    assert "limits: '3' is not a list" in problem.what


def test_of_two_lines_the_one_in_force_is_reported(root: Path) -> None:
    write(root, dotenv="REELMAKE_CAP_USD=2\n'REELMAKE_CAP_USD'=much\nREELMAKE___CPU=3\n")
    assert [(problem.line, problem.what) for problem in problems(root)] == [
        (2, "cap_usd: 'much' is not a number"),
        (3, "unknown name '__cpu'"),
    ]


def test_a_setting_in_dotenv_may_be_made_of_other_variables(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", "owls")
    write(root, dotenv="PREFIX=videos\nREELMAKE_STORE_URL=s3://${TEAM}/${PREFIX}\n")
    assert load_settings(root).store_url == "s3://owls/videos"


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_variable_that_is_no_table_of_its_own_is_reported_where_it_is(
    root: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "file":
        write(root, dotenv="A=1\nREELMAKE_CAP_USD__TEAM=3\n")
    else:
        monkeypatch.setenv("REELMAKE_CAP_USD__TEAM", "3")
    (problem,) = problems(root)
    assert (problem.file, problem.line) == ((".env", 2) if place == "file" else ("REELMAKE_CAP_USD__TEAM", 1))


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5h://localhost:1080",
        "socks5://user:pa%40ss@10.0.0.1:1080/",
        "https://proxy.example.org:8443",
        "http://u@[::1]:80",
    ],
)
def test_a_proxy_is_an_address_with_a_port(root: Path, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("REELMAKE_PROXY", proxy)
    assert load_settings(root).proxy == proxy


@pytest.mark.parametrize(
    "proxy",
    [
        "u:hidden7@h:1",
        "socks4://u:hidden7@h:1",
        "socks5h://u:hidden7@h",
        "socks5h://u:hid@den7@h:1",
        "http://h:1/hidden7",
    ],
)
def test_what_is_no_proxy_is_reported_without_its_password(
    root: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("REELMAKE_PROXY", proxy)
    with pytest.raises(InputError) as raised:
        load_settings(root)
    assert str(raised.value) == (
        "REELMAKE_PROXY:1: proxy: is not the address of a proxy; write one such as socks5h://user:password@localhost:1080"
    )


def test_the_keys_of_vendors_live_in_dotenv_too(root: Path) -> None:
    write(root, dotenv='# keys\nOPENAI_API_KEY=sk-1\nexport FAL_KEY="x y"\nAWS_REGION=\nstore=3\nREELMAKE_STORE=s\n')
    assert load_settings(root).store == "s"


def test_other_variables_are_none_of_ours(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of our tests and tools, of other versions of ours, and of other programs that build on us."""
    ours = ("REELMAKE_KEEP", "REELMAKE_ACCEPT", "REELMAKE_STORE_PLACE", "REELMAKE_")
    for name in ("STORE", "LIMITS", "OPENAI_API_KEY", "REELMAKE", "MY_REELMAKE_STOER", *ours):
        monkeypatch.setenv(name, "3")
    assert load_settings(root) == Settings()


# -- what is wrong with pyproject.toml ----------------------------------------------------------------------------

TABLES = """\
[tool.ruff]
store = 1
limits = 2

[tool.reelmake]
store = 3
limits = {cpu = 0, "a b" = "x"}
stroe = "x"

"providers" . voice = 3

[tool.reelmake.reel]  # comment
size = "1x1"

[tool.reelmake-other]
ffmpeg = 3

[[tool.other]]
ffmpeg = 3
"""


def test_every_mistake_has_its_line(root: Path) -> None:
    write(root, TABLES)
    found = [(problem.line, problem.what) for problem in problems(root)]
    assert [line for line, _ in found] == [6, 7, 7, 8, 10, 13]
    assert [what.split()[0] for _, what in found] == [
        "store:",
        "limits.a",
        "limits.cpu:",
        "unknown",
        "providers.voice:",
        "reel.size:",
    ]
    assert all(problem.file == "pyproject.toml" for problem in problems(root))


@pytest.mark.parametrize(
    ("toml", "line", "what"),
    [
        ("[tool]\n\nreelmake = {store = 3}\n", 3, "store: '3' is not text"),
        ("a = 1\ntool.reelmake.store = 3\n", 2, "store: '3' is not text"),
        ("[tool.reelmake]\nreel.fps = 29\n", 2, "reel.fps: '29' is not allowed there"),
        ("[tool.reelmake]\n[tool.reelmake.reel]\n'fps' = 29\n", 3, "reel.fps: '29' is not allowed there"),
        ("[tool.reelmake]\nreel.size = [inf, nan]\n", 2, "reel.size: is not a size"),
        ("[tool.reelmake]\nreel.size = ['{x}', 3]\n", 2, "reel.size: is not a size"),
        ("[tool.reelmake]\nreel.pause_seconds = nan\n", 2, "reel.pause_seconds: 'nan' is not a number"),
        ("[tool.reelmake]\nstore = 2020-01-01\n", 2, "store: '2020-01-01' is not text"),
        ("[tool.reelmake]\nstore = '../s'\n", 2, "store: '../s' leaves the project"),
        ("[tool.reelmake]\n\nprovider = 'x'\n", 3, "unknown name 'provider'"),
        ("[tool.reelmake.providers]\nvoise = 'x'\n", 2, "unknown name 'voise'"),
        ("[tool.reelmake]\nself = 1\n", 2, "unknown name 'self'"),
        ("[tool.reelmake]\n_env_file = 'x'\n", 2, "unknown name '_env_file'"),
        ("[tool.reelmake]\nlimits = 3\n", 2, "limits: '3' is not a list of `name: value` pairs"),
        ("[project]\n\n[[tool.reelmake]]\nstore = 1\n", 3, "'reelmake' is not a table"),
        ("[tool]\nreelmake = 1\n", 2, "'reelmake' is not a table"),
        ("tool = 3\n", 1, "'tool' is not a table"),
        ("[tool.reelmake]\nstore = \n", 2, "not valid TOML"),
        ("[tool.reelmake]\nstore = 'a'\nstore = 'b'\n", 3, "not valid TOML"),
        ("[tool.reelmake]\nstore = [1,\n", 2, "not valid TOML"),
        ("a = " + "[" * 5000, 1, "not valid TOML"),
        (b"\n# caf\xe9\n", 2, "not UTF-8"),
    ],
)
def test_a_mistake_in_pyproject_has_its_line(root: Path, toml: str | bytes, line: int, what: str) -> None:
    write(root, toml)
    (problem,) = problems(root)
    assert (problem.file, problem.line) == ("pyproject.toml", line)
    assert what in problem.what
    assert problem.fix


# -- what is wrong with variables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("REELMAKE_STORE", "/srv", "store: '/srv' leaves the project"),
        ("REELMAKE_LIMITS", "4", "limits: '4' is not a list of `name: value` pairs"),
        ("REELMAKE_LIMITS__CPU", "many", "limits.cpu: 'many' is not a whole number"),
        ("REELMAKE_LIMITS__CPU", "{", "limits.cpu: '{' is not a whole number"),
        ("REELMAKE_REEL", "tall", "reel: 'tall' is not a list"),
        ("REELMAKE_REEL__SIZE", "tall", "reel.size: 'tall' is not a size"),
        ("REELMAKE_REEL__SIZE", "[", "reel.size: '[' is not a size"),
        ("REELMAKE_PROVIDERS__VOISE", "x", "unknown name 'voise'"),
        ("REELMAKE_CAP_USD", "much", "cap_usd: 'much' is not a number"),
        ("REELMAKE_BUDGET", "20", "budget: is no table of an amount and a time"),
        ("REELMAKE_BUDGET__USD", "much", "budget.usd: 'much' is not a number"),
        ("REELMAKE_BUDGET__PER", "month", "budget.usd: is missing"),
        ("REELMAKE_PROVIDERS__VOICE", "", "providers.voice.provider: '' is empty"),
        ("REELMAKE_PUBLISH__TO", "s3://", "publish.to.1.to: 's3://' is neither a folder nor a bucket"),
        ("REELMAKE_REEL__MAX_SECONDS", "0", "reel.max_seconds: '0' is not more than 0"),
    ],
)
def test_a_wrong_variable_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str
) -> None:
    """The variable is named where it is in the environment, and the line where it is in `.env`."""
    write(root, "[tool.reelmake]\n", f"OPENAI_API_KEY=x\n\n export  {name} = '{value}'\n")
    (problem,) = problems(root)
    assert (problem.file, problem.line) == (".env", 3)
    assert what in problem.what
    (root / ".env").unlink()
    monkeypatch.setenv(name, value)
    (problem,) = problems(root)
    assert problem.file == name
    assert what in problem.what


def test_mistakes_of_all_three_are_reported_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "[tool.reelmake]\nlimits = {cpu = 0}\nstore = 3\n", "REELMAKE_REEL__FPS=29\nREELMAKE_REEL__SIZE=tall\n")
    monkeypatch.setenv("REELMAKE_REEL__SIZE", "wide")
    assert [(problem.file, problem.line) for problem in problems(root)] == [
        (".env", 1),
        ("REELMAKE_REEL__SIZE", 1),
        ("pyproject.toml", 2),
        ("pyproject.toml", 3),
    ]


@pytest.mark.parametrize(("name", "close"), [("REELMAKE_STOER", "store"), ("REELMAKE_PROVIDER__VOICE", "providers")])
def test_an_unknown_name_of_ours_in_dotenv_is_reported(root: Path, name: str, close: str) -> None:
    write(root, dotenv=f"A=1\n{name}=x\n")
    (problem,) = problems(root)
    assert (problem.file, problem.line, problem.fix) == (".env", 2, f"did you mean {close!r}?")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("REELMAKE_STOER", "REELMAKE_STORE"),
        ("REELMAKE_FFMEG", "REELMAKE_FFMPEG"),
        ("REELMAKE_REEL_SIZE", "REELMAKE_REEL__SIZE"),
        ("REELMAKE_PROVIDER__VOICE", "REELMAKE_PROVIDERS__VOICE"),
        ("REELMAKE_PROVIDERS_VOICE", "REELMAKE_PROVIDERS__VOICE"),
        ("REELMAKE_LIMITS_CPU", "REELMAKE_LIMITS__CPU"),
        ("REELMAKE_LIMIT__CPU", "REELMAKE_LIMITS__CPU"),
        ("reelmake_limit", "REELMAKE_LIMITS"),
    ],
)
def test_a_variable_that_looks_like_one_of_ours_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    """It would do nothing, and say nothing; beside what else is wrong."""
    monkeypatch.setenv(name, "1")
    (problem,) = problems(root)
    assert (problem.file, problem.fix) == (name, f"did you mean {meant}?")
    write(root, "[tool.reelmake]\nstore = 3\n")
    assert len(problems(root)) == 2


POOLS = ("cpu", "acme-voice", "my_pool", "Loud")


def test_limits_are_of_pools(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable can name every pool, though shells take no hyphen, and it wins."""
    write(root, "[tool.reelmake.limits]\nacme-voice = 1\ncpu = 1\n", "REELMAKE_LIMITS__MY_POOL=3\n")
    monkeypatch.setenv("REELMAKE_LIMITS__ACME_VOICE", "2")
    monkeypatch.setenv("REELMAKE_LIMITS__LOUD", "4")
    found, wrong = settings_of_pools(root, load_settings(root), POOLS)
    limits = found["limits"]
    assert wrong == []
    assert limits == {"acme-voice": 2, "cpu": 1, "my_pool": 3, "Loud": 4}


def test_a_limit_of_no_pool_is_reported_where_it_was_set(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "[tool.reelmake.limits]\ncpu = 1\ncpus = 2\nacme_voice = 1\n", "A=1\nREELMAKE_LIMITS__ZZZ=3\n")
    monkeypatch.setenv("REELMAKE_LIMITS__ACME_VOISE", "2")
    found, wrong = settings_of_pools(root, load_settings(root), POOLS)
    limits = found["limits"]
    assert limits == {"cpu": 1}
    assert sorted(map(str, wrong)) == [
        ".env:2: limits: there is no pool 'zzz'; remove it; the pools are Loud, acme-voice, cpu, my_pool",
        "REELMAKE_LIMITS__ACME_VOISE:1: limits: there is no pool 'acme_voise'; did you mean 'acme-voice'?",
        "pyproject.toml:3: limits: there is no pool 'cpus'; did you mean 'cpu'?",
        "pyproject.toml:4: limits: there is no pool 'acme_voice'; did you mean 'acme-voice'?",
    ]


def test_a_dotenv_that_is_not_utf8_is_reported(root: Path) -> None:
    write(root, dotenv=b"A=1\nB=caf\xe9\n")
    assert [(problem.file, problem.line) for problem in problems(root)] == [(".env", 2)]


def test_what_a_dotenv_does_not_set_is_reported(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a cap would look as if it were in force. What stands there is not shown: it may be a key."""
    rows = ["A=1", "", "REELMAKE_CAP_USD: 2", "", "  ", "reelmake_cap_usd", "SOME KEY=secret", "# B", "B='3"]
    write(root, "[tool.reelmake]\nstore = 3\n", "\n".join(rows))
    found = problems(root)
    assert [(problem.file, problem.line) for problem in found] == [
        (".env", 3),
        (".env", 6),
        (".env", 7),
        (".env", 9),
        ("pyproject.toml", 2),
    ]
    assert "secret" not in str(found)
    assert not caplog.records, "it is reported once, and by us"
    write(root, "", "A=1\nexport REELMAKE_CAP_USD='2'  # for one build\nFLAG\n")
    monkeypatch.delenv("REELMAKE_CAP_USD", raising=False)
    assert load_settings(root).cap_usd == 2


# -- files that are not read --------------------------------------------------------------------------------------


LEADS_OUT = "this leads out of the project, by a link"


@pytest.mark.parametrize("name", ["pyproject.toml", ".env"])
def test_settings_outside_of_the_project_are_refused(tmp_path: Path, name: str) -> None:
    """Nothing of such a file is shown, and a device without end ends nothing."""
    root = tmp_path / "project"
    root.mkdir()
    outside = tmp_path / "outside"
    outside.write_text("the-secret of somebody else\n")
    for target in (outside, Path("/dev/zero"), Path("/proc/self/environ")):
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(target)
        expected = Problem(name, 1, LEADS_OUT, "put the file itself in its place")
        assert problems(root) == [expected]
    with pytest.raises(InputError, match="leads out of the project"):  # keys are looked up without the settings, too
        variables(root)("FAL_KEY") if name == ".env" else load_settings(root)


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _dead_link(path: Path) -> None:
    path.symlink_to("gone")


def _large(path: Path) -> None:
    path.write_bytes(b"#" * 1_000_001)


@pytest.mark.parametrize("name", ["pyproject.toml", ".env"])
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (_folder, "this is a folder, not a file"),
        (_pipe, "this is not a regular file"),
        (_dead_link, "this is a link to a file that is not there"),
        (_large, "the file is larger than 1000 kB"),
    ],
)
def test_what_is_no_file_of_settings_is_refused(root: Path, name: str, make: Callable[[Path], None], what: str) -> None:
    make(root / name)
    (problem,) = problems(root)
    assert (problem.file, problem.line, problem.what) == (name, 1, what)
    assert problem.fix


def test_settings_may_be_a_link_inside_of_the_project_and_begin_with_a_byte_order_mark(root: Path) -> None:
    (root / "shared.env").write_bytes(b"\xef\xbb\xbfREELMAKE_CAP_USD=2\nFAL_KEY=fedcba98\n")
    (root / ".env").symlink_to("shared.env")
    assert load_settings(root).cap_usd == 2
    assert variables(root)("FAL_KEY") == "fedcba98"


# -- anything at all ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_settings_or_problems(root: Path, data: st.DataObject) -> None:
    text = TABLES
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 9)))
        bits = [
            "",
            "\n",
            "[",
            "]",
            "]]",
            "{",
            "=",
            ".",
            '"',
            "'",
            "'''",
            "\\",
            "\r",
            "nan",
            "1e9",
            "tool",
            "reelmake",
            "_x",
            "é",
            "{x}",
        ]
        text = text[:start] + data.draw(st.sampled_from(bits)) + text[end:]
    write(root, text)
    found: tuple[Problem, ...] = ()
    try:
        load_settings(root)
    except InputError as error:
        found = error.problems or (Problem("", 0, "", ""),)
    for problem in found:
        assert 1 <= problem.line <= len(text.splitlines())
        assert problem.what
        assert problem.fix
        assert "\n" not in str(problem)


def test_the_password_of_a_proxy_is_never_shown_wherever_it_was_set(root: Path) -> None:
    write(root, '[tool.reelmake]\nproxy = "socks5h://me:hush%40hush@localhost:1080"\n')
    load_settings(root)
    assert redact("hush%40hush and hush@hush") == "[secret] and [secret]"


def test_a_password_that_is_put_together_is_not_shown(root: Path) -> None:
    write(root, dotenv="PART=hunter2\nREELMAKE_PROXY=socks5h://me:${PART}hunter2@localhost:1080\n")
    load_settings(root)
    assert redact("hunter2hunter2") == "[secret]"


@pytest.mark.parametrize("place", ["pyproject.toml", ".env"])
def test_a_password_that_may_be_a_part_of_any_word_hides_no_word(root: Path, place: str) -> None:
    proxy = "http://me:zq@localhost:1080"
    toml = place == "pyproject.toml"
    write(root, f'[tool.reelmake]\nproxy = "{proxy}"\n' if toml else "", "" if toml else f"REELMAKE_PROXY={proxy}\n")
    assert load_settings(root).proxy == proxy
    assert redact("zq") == "zq"


def test_a_key_is_hidden_as_it_is_sent_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_VENDORS_KEY", "0123456789abcdef\n")
    monkeypatch.setenv("FAL_KEY", "fedcba98:76543210aa")
    load_settings(root)
    assert redact("0123456789abcdef or 76543210aa") == "[secret] or [secret]"


@pytest.mark.parametrize(
    ("budget", "line", "what"),
    [
        ("{usd = -1}", 3, "budget.usd: '-1' is less than 0"),
        ("{usd = nan}", 3, "budget.usd: 'nan' is not a number"),
        ('{usd = 20, per = "year"}', 3, "budget.per: 'year' is not allowed there"),
        ('{usd = 20, each = "month"}', 3, "unknown name 'each'"),
        ('{per = "day"}', 3, "budget.usd: is missing"),
        ("20", 3, "budget: is no table of an amount and a time"),
        ("[20]", 3, "budget: is no table of an amount and a time"),
        ("true", 3, "budget: is no table of an amount and a time"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_a_mistake_with_its_line(root: Path, budget: str, line: int, what: str) -> None:
    write(root, f"[tool.reelmake]\ncap_usd = 1\nbudget = {budget}\n")
    (problem,) = problems(root)
    assert (problem.file, problem.line) == ("pyproject.toml", line)
    assert problem.what.startswith(what)
    assert problem.fix


def test_a_variable_adds_to_the_budget_of_a_team_and_an_empty_one_takes_it_away(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, '[tool.reelmake.budget]\nusd = 20\nper = "week"\n')
    monkeypatch.setenv("REELMAKE_BUDGET__USD", "0.5")
    assert load_settings(root).budget == Allowance(usd=Decimal("0.5"), per="week")
    monkeypatch.delenv("REELMAKE_BUDGET__USD")
    monkeypatch.setenv("REELMAKE_BUDGET", "")
    assert load_settings(root).budget is None
    monkeypatch.delenv("REELMAKE_BUDGET")
    monkeypatch.setenv("REELMAKE_BUDGET_USD", "20")
    (problem,) = problems(root)
    assert problem.fix == "did you mean REELMAKE_BUDGET__USD?"


@pytest.mark.parametrize(
    ("file", "text"),
    {
        "a number of 5,000 digits": ("pyproject.toml", "[tool.reelmake]\ncap_usd = " + "9" * 5000),
        "one in hexadecimals": ("pyproject.toml", "[tool.reelmake]\ncap_usd = 0x" + "f" * 9000),
        "a name of many parts": ("pyproject.toml", "[tool.reelmake]\n" + ".".join("a" * 20_000) + " = 1"),
        "a table of many parts": ("pyproject.toml", "[" + " . ".join("a" * 20_000) + "]"),
        "many parts in a table": ("pyproject.toml", "x = {" + ".".join("a" * 20_000) + " = 1}"),
        "nested lists": ("pyproject.toml", "x = " + "[" * 20_000),
        "NUL": ("pyproject.toml", '[tool.reelmake]\nstore = "a\\u0000"'),
        "many mistakes": ("pyproject.toml", "[tool.reelmake]\n" + "".join(f"k{at} = 1\n" for at in range(5000))),
        "a large file": ("pyproject.toml", "#" * 100_001),
        "doubles": (".env", "A=a\n" + "A=${A}${A}\n" * 60),
        "doubles of ours": (".env", "REELMAKE_STORE=a\n" + "REELMAKE_STORE=${REELMAKE_STORE}${REELMAKE_STORE}\n" * 60),
        "defaults in defaults": (".env", "REELMAKE_STORE=" + "${A:-" * 20_000),
        "tables in tables": (".env", "REELMAKE_REEL" + "__A" * 3000 + "=1\n"),
        "a large .env": (".env", "A=1\n" * 30_000),
    }.values(),
)
def test_settings_that_would_take_minutes_or_gigabytes_are_refused_at_once(root: Path, file: str, text: str) -> None:
    """A pull request may hold any of them."""
    (root / file).write_text(text)
    began = time.process_time()
    with pytest.raises(InputError) as raised:
        load_settings(root)
    assert {problem.file for problem in raised.value.problems} == {file}
    assert len(raised.value.problems) <= 100
    assert time.process_time() - began < 5
