"""ffmpeg, pictures and sound."""
