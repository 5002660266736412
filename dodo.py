"""doit builds the episodes by itself (see pyproject.toml); tasks of your own may stand here, beside them."""

from reelmake.tasks.loader import require_project

require_project()
