"""Make for short vertical videos: `doit` turns specs into mp4s, and nothing is paid for twice."""

import os

# Before any model is made: pydantic would look for plugins in every installed package, in each of our processes.
# Whoever has one in tasks of their own sets the variable to nothing.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
