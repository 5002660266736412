"""Who performs requests: a registry that you can see."""
