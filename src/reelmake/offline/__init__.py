"""The keyless providers: they write, speak and draw on this machine. The registry names them; nothing imports them."""
