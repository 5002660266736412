"""A folder of specs, read and checked; its settings."""
