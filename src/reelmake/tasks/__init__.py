"""Steps as the tasks of doit: the four of its parts that are replaced, and what they promise.

doit keeps the task model, the order, delayed creators and its commands. Replaced, by subclassing, are

- its runner (`runner`): every pool has its limit, Ctrl-C drains, a failure stops only what depends on it;
- its memory (`records`): one durable commit per finished task, inputs as they were when the task was selected, and
  what the task made, so that files changed or left behind by something else are noticed;
- its file checker (`outputs`): sha256 behind a cache of file states that lives in the same database;
- its action (`job`): a function of ours, which never touches stdout.

`selection` finds names, patterns and files of the command line and suggests close names; `progress`
tells how far the build is; `command` puts it all together. `reelmake init` writes the lines of
pyproject.toml by which a project asks for it.

The database is an accelerator, not the truth: without it every step is looked up in the store again, which costs
seconds and no money.
"""

from __future__ import annotations
