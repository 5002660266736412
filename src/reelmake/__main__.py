"""`python -m reelmake` is `reelmake`."""

from __future__ import annotations

from reelmake.cli import main

main()
