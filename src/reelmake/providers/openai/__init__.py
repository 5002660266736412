"""OpenAI: scripts and pictures."""
