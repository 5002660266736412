"""The gate that a finished video passes, the targets it goes to, and the index."""
