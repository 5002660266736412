"""`python -m reelmake` is `reelmake`."""

from reelmake.cli import main

main()
