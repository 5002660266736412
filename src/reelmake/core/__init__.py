"""Tools that all packages share: errors, keys, atomic files, logs, processes, templates."""
