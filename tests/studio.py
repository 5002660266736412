"""A temporary project whose providers are the vendors that studios pay, played by the stand-ins on loopback.

`Studio(folder, v)` is a Workspace: OpenAI writes, ElevenLabs speaks, and fal or OpenAI draws. What it is told and what
it says it spent can be asked as a user would: by `reelmake plan` and `reelmake cost`.
"""

from __future__ import annotations

import json
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

from vendors.server import Vendors
from workspace import SIZE, Workspace, doit_tables

RETRY_SECONDS = 0.05
TIMEOUTS = ("openai-text", "openai-image", "elevenlabs", "fal")


class Studio(Workspace):
    """A project in a folder; `image` is who draws, `timeout_seconds` how long any request may take."""

    def __init__(self, root: Path, v: Vendors, *, image: str = "fal", timeout_seconds: float | None = None) -> None:
        super().__init__(root)
        providers = {"script": "openai", "voice": "elevenlabs", "image": image}
        chosen = "".join(f'{kind} = "{name}"\n' for kind, name in providers.items())
        reel = f'size = "{SIZE}"\nfps = 24\ncaptions = "plain"\n'
        tables = f"\n[tool.reelmake.providers]\n{chosen}\n[tool.reelmake.reel]\n{reel}"
        self.write("pyproject.toml", doit_tables() + tables)
        for name in ("ada", "max"):
            voice = f"voice: {{elevenlabs: {{voice_id: v{name}}}}}"
            self.write(f"characters/{name}.yaml", f"name: {name.title()}\n{voice}\n")
        self.env.update(v.env(), REELMAKE_RETRY_SECONDS=str(RETRY_SECONDS))
        if timeout_seconds is not None:
            names = (f"REELMAKE_TIMEOUT_SECONDS__{pool.upper().replace('-', '_')}" for pool in TIMEOUTS)
            self.env.update(dict.fromkeys(names, str(timeout_seconds)))

    def told(self, *args: str) -> Any:
        """Return what a command of ours answers as JSON."""
        return json.loads(self.run(*args, "--json", program="reelmake").stdout)

    def cost(self, *args: str) -> Spent:
        """Return what was spent, as `reelmake cost` tells it."""
        return Spent(self.told("cost", *args))

    def is_built(self, episode: str) -> bool:
        """Say whether the video of an episode is there."""
        return (self.root / f"build/{episode}/{episode}.mp4").is_file()

    def degraded(self, episode: str) -> list[str]:
        """Return the steps of an episode in whose place there is a card."""
        provenance = json.loads((self.root / f"build/{episode}/video.json").read_text("utf-8"))
        return [one["step"] for one in provenance["degraded"]]

    def receipts(self) -> dict[str, Any]:
        """Return the receipts of what was paid for, by their keys, as they are on the disk."""
        files = (self.root / ".reelmake/store/actions").rglob("r1:*")
        found = {path.name: json.loads(path.read_bytes()) for path in files}
        return {key: told for key, told in found.items() if told["provider"] in {"openai", "elevenlabs", "fal"}}

    def notes(self) -> list[Path]:
        """Return what is noted of requests that are under way, or were lost."""
        return list((self.root / ".reelmake/store/notes").rglob("r1:*"))

    def copy_of(self, other: Workspace) -> None:
        """Take over the episodes of another project."""
        for path in (other.root / "episodes").glob("*.yaml"):
            self.write(f"episodes/{path.name}", path.read_bytes())

    def films(self, *names: str) -> dict[str, Any]:
        """Return all outputs; of `video.json` what does not come from a vendor's clock and counters.

        A vendor answers the same request in other bytes each time (ids, times), so digests of its answers differ.
        """
        found: dict[str, Any] = dict(self.outputs(*names))
        for path in found:
            if path.endswith("/video.json"):
                told = json.loads((self.root / path).read_text("utf-8"))
                for step, made in told["made_of"].items():
                    if step.startswith(("script:", "voice:", "image:")):
                        del made["sha256"]
                found[path] = told
        return found


class Spent:
    """What `reelmake cost --json` tells."""

    def __init__(self, told: Any) -> None:
        self.told = told
        self.groups = {group["name"]: group for group in told["groups"]}

    @property
    def usd(self) -> Decimal:
        """Return what was paid for what there is."""
        return Decimal(self.told["usd"])

    @property
    def lost_usd(self) -> Decimal:
        """Return what was paid at most for what there is not."""
        return Decimal(self.told["lost_usd"])

    def of(self, group: str, what: str = "usd") -> Decimal:
        """Return an amount of a group, 0 when there is none."""
        return Decimal(self.groups.get(group, {}).get(what, 0))

    def unanswered(self, step: str = "") -> list[Decimal]:
        """Return what requests that nobody has asked for again may have cost."""
        return [Decimal(one["usd"]) for one in self.told["unanswered"] if one["step"].startswith(step)]


def lines_about(stderr: str, episode: str) -> list[str]:
    """Return what was said of the steps of an episode."""
    return [line for line in stderr.splitlines() if re.match(rf"\w+:{episode}\b", line)]


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a build; returns its exit code and what it said."""
    _, told = process.communicate(timeout=300)
    return process.returncode, told
