"""Make for short vertical videos: `doit` turns specs into mp4s, and nothing is paid for twice."""
