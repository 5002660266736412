"""What pages point at is there: links, pictures, modules, figures; and recipes run what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from pages import DOCS, ROOT
from PIL import Image

from reelmake.layout.frame import SAFE_BOTTOM, SAFE_LEFT, SAFE_RIGHT, SAFE_TOP, layout
from reelmake.layout.timeline import FRAME_RATES, SAMPLE_RATE, samples_per_frame

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
PICTURES = DOCS / "pictures"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link and (not target.exists() or (anchor and anchor not in anchors(target))):
            broken.append(link)
    assert broken == []


def test_every_picture_is_shown_and_every_picture_that_is_shown_is_there() -> None:
    shown = {
        (page.parent / path).resolve()
        for page in PAGES
        for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))
    }
    assert shown == set(PICTURES.iterdir())


def test_pictures_are_small_and_whole() -> None:
    for path in PICTURES.iterdir():
        assert path.stat().st_size <= 150_000
        with Image.open(path) as picture:
            width, height = picture.size
            assert height == 960
            assert width % 540 == 0


def test_the_page_of_the_picture_has_the_figures_of_the_layout() -> None:
    page = (DOCS / "explanation" / "picture.md").read_text("utf-8")
    assert f"**x {SAFE_LEFT} to {SAFE_RIGHT}, y {SAFE_TOP} to {SAFE_BOTTOM}**" in page
    for sides, suffix in ((("left", "right"), ""), ((), ", when nobody has a sprite")):
        where = layout(1080, 1920, sides)  # type: ignore[arg-type]  # a tuple of literals
        for name, box in (("framed picture", where.panel), ("captions", where.captions)):
            assert box
            assert f"| {name}{suffix} | {box.x} to {box.right} | {box.y} to {box.bottom} |" in page


def test_the_page_of_time_has_the_figures_of_the_timeline() -> None:
    page = (DOCS / "explanation" / "time.md").read_text("utf-8")
    assert f"{SAMPLE_RATE:,} samples a second" in page
    assert f"exactly {samples_per_frame(30):,} samples" in page
    others = [str(rate) for rate in FRAME_RATES if rate != 30]
    assert f"({', '.join(others[:-1])} and {others[-1]})" in page


def test_the_page_of_the_shape_has_the_packages_in_their_order() -> None:
    page = (DOCS / "explanation" / "shape.md").read_text("utf-8")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (order,) = (rule["layers"] for rule in settings["tool"]["importlinter"]["contracts"] if rule["type"] == "layers")
    table = page.partition("| package |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == order[::-1]


def recipes() -> dict[str, str]:
    """Return the recipes of the justfile and their commands."""
    found = re.findall(r"^(\w+):\n((?:    .+\n)+)", (ROOT / "justfile").read_text("utf-8"), re.MULTILINE)
    return dict(found)


def test_recipes_run_files_that_exist() -> None:
    assert set(recipes()) == {"check", "test", "oldest", "accept", "docs", "pictures", "demo", "bench"}
    words = [word for commands in recipes().values() for word in commands.split()]
    named = [word for word in words if "/" in word and not word.startswith(".venv-")]
    named += [f"{word.replace('.', '/')}.py" for word in words if word.startswith("tools.")]
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_page_for_contributors_names_the_recipes() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert re.findall(r"^\| `just (\w+)` \|", page, re.MULTILINE) == list(recipes())


def test_hooks_check_what_the_recipe_checks() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    (local,) = config["repos"]
    assert local["repo"] == "local"
    assert [hook["entry"] for hook in local["hooks"] if hook["entry"] not in recipes()["check"]] == []


def test_the_life_of_a_paid_request_names_files_and_tests_that_exist() -> None:
    page = (DOCS / "explanation" / "paid-request.md").read_text("utf-8")
    places = re.findall(r"^\| `([\w/]+\.py)`(?:, `(\w+)`)? \|", page, re.MULTILINE)
    assert len(places) > 10
    for file, part in places:
        text = (ROOT / "src" / "reelmake" / file).read_text("utf-8")
        assert not part or f"\nclass {part}:" in text, f"{part} is not in {file}"
    tests = re.findall(r"\| `(test_\w+)` \|$", page, re.MULTILINE)
    assert len(tests) == 10
    code = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("*/test_*.py"))
    assert [name for name in tests if f"\ndef {name}(" not in code] == []


def test_the_page_of_threats_names_tests_that_exist() -> None:
    page = (DOCS / "explanation" / "threats.md").read_text("utf-8")
    rows = page.partition("|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
    held = [re.search(r"\| \[`(test_\w+)`\]\(../../(tests/[\w/]+\.py)\) \|$", row) for row in rows]
    assert len(held) > 20
    assert None not in held, "each row has its test"
    named = [(match[1], ROOT / match[2]) for match in held if match]
    assert [name for name, file in named if f"\ndef {name}(" not in file.read_text("utf-8")] == []


def test_what_is_to_be_read_first_takes_an_hour() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    files = re.findall(r"^\d\. `(src/[\w/]+\.py)`", page, re.MULTILINE)
    assert len(files) == 7
    assert sum(len((ROOT / file).read_text("utf-8").splitlines()) for file in files) <= 1600
