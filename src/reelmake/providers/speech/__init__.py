"""From a vendor's speech to words in time."""
