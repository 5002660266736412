"""Performs a step once: look up, make or buy, keep, deliver."""
