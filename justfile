# Lint, format, types, dependencies and dead code.
check:
    uv run ruff check .
    uv run ruff format --check .
    uv run mypy
    uv run deptry .
    uv run vulture

# All tests.
test:
    uv run pytest -n auto

# The quick tests of what needs packages, with the oldest release that each range allows.
oldest:
    uv pip compile --no-config --resolution lowest-direct --quiet --group dev pyproject.toml --output-file .venv-oldest.txt
    uv venv --clear .venv-oldest
    uv pip install --no-config --python .venv-oldest -r .venv-oldest.txt
    uv pip install --no-config --python .venv-oldest --no-deps --editable .
    .venv-oldest/bin/python -m pytest -n auto -m "not slow" tests/core tests/layout tests/plan tests/project tests/providers tests/spec tests/store

# Write goldens anew; look at the differences before they are committed.
accept:
    REELMAKE_ACCEPT=1 uv run pytest tests/core tests/layout tests/media tests/golden

# Write the generated reference pages.
docs:
    uv run python -m tools.make_reference

# Take the pictures of the documentation out of real videos.
pictures:
    uv run python tools/make_pictures.py

# Build the sample episodes.
demo:
    uv run doit

# Measure, and print ratios.
bench:
    uv run python bench/noop.py
    uv run python bench/check.py
    uv run python bench/plan.py
    uv run python bench/edit.py
    uv run python bench/parallel.py
    uv run python bench/compose.py
    uv run python bench/long.py
    uv run python bench/restore.py
    uv run python bench/scale.py

# Give damaged and hostile input to all that reads any, for so many minutes: CI does for one, with the same input each time.
fuzz minutes="5":
    REELMAKE_FUZZ_MINUTES={{minutes}} uv run pytest -n auto tests/fuzz
