"""doit makes the episodes by itself (see pyproject.toml). This file is for tasks of your own, which stand beside them."""
