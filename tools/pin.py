"""Pin every package, direct and transitive, to the newest version within the ranges: `uv run python tools/pin.py`.

The pins are `[tool.uv] constraint-dependencies` of pyproject.toml: names and versions, and nothing that depends on
where packages were downloaded from. requirements.txt has the same with hashes, for jobs that
install. Look at the difference, run the tests, commit.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
COMMAND = ("uv", "pip", "compile", "--no-config", "--universal", "--no-header", "--no-annotate", "--quiet", "--upgrade")
EXPORT = (
    *("uv", "export", "--quiet", "--no-header", "--no-annotate", "--no-dev", "--group", "build", "--no-emit-project"),
    *("--format", "requirements.txt", "--output-file", "requirements.txt"),
)
BUILD = "hatchling"
TABLE = re.compile(r"\n\[tool\.uv\]\n(?:.*\n)*?(?=\n\[|\Z)")


def main() -> None:
    """Resolve, and rewrite the table."""
    table = "\n[tool.uv]\n# Written by tools/pin.py.\n"
    table += pins("constraint-dependencies", ["--group", "dev", "--group", "build", PYPROJECT.name])
    table += pins("build-constraint-dependencies", ["-"], stdin=BUILD)
    text = PYPROJECT.read_text("utf-8")
    replaced = TABLE.sub(lambda _: table, text) if TABLE.search(text) else text.rstrip("\n") + "\n" + table
    PYPROJECT.write_text(replaced, "utf-8")
    subprocess.run(EXPORT, cwd=PYPROJECT.parent, check=True, stdout=subprocess.DEVNULL)


def pins(name: str, what: list[str], stdin: str = "") -> str:
    """Return a TOML list of everything that `what` comes down to, resolved now."""
    command = [*COMMAND, *what]
    told = subprocess.run(command, cwd=PYPROJECT.parent, input=stdin, check=True, capture_output=True, text=True).stdout
    found = sorted(line.strip() for line in told.splitlines() if "==" in line)
    print(f"{name}: {len(found)} packages pinned")
    return f"{name} = [\n" + "".join(f"  {pin_text(pin)},\n" for pin in found) + "]\n"


def pin_text(pin: str) -> str:
    """Return a pin as a TOML string; markers hold double or single quotes, never both."""
    return f"'{pin}'" if '"' in pin else f'"{pin}"'


if __name__ == "__main__":
    main()
