"""The keyless providers: they write, speak and draw on this machine."""
