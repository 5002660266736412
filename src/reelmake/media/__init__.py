"""What touches pictures and sound: running ffmpeg, looking at files, painting plates, mixing, joining."""
